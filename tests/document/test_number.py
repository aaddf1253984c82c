"""The form of numbers, notations and dates (ND 30/2020 PL I, PL III)."""

from __future__ import annotations

from datetime import date

import pytest

from docsign.document.kinds import kind_named
from docsign.document.number import printed_date, printed_number, require_notation
from docsign.errors import DocumentError

LETTER, DECISION = kind_named("cong-van"), kind_named("quyet-dinh")


@pytest.mark.parametrize(
    ("number", "printed"), [("5", "05"), (5, "05"), ("05", "05"), ("12", "12"), ("125", "125"), ("7a", "07a")]
)
def test_numbers_below_ten_begin_with_a_zero(number: str | int, printed: str) -> None:
    """As the decree prints them."""
    assert printed_number(number) == printed


@pytest.mark.parametrize("number", ["", "0", "00", "-3", "1/2", "12 34", "mười", "1" * 12, "１２"])
def test_what_is_no_number_is_refused(number: str) -> None:
    """A slash or a word would spoil number and notation together."""
    with pytest.raises(DocumentError, match=r"^number: "):
        printed_number(number)


@pytest.mark.parametrize(
    ("day", "printed"),
    [
        (date(2020, 1, 5), "ngày 05 tháng 01 năm 2020"),
        (date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
        (date(2026, 3, 9), "ngày 09 tháng 3 năm 2026"),
        (date(2026, 11, 16), "ngày 16 tháng 11 năm 2026"),
    ],
)
def test_days_below_ten_and_the_first_two_months_begin_with_a_zero(day: date, printed: str) -> None:
    """Month 3 stands without one."""
    assert printed_date(day) == printed


@pytest.mark.parametrize("notation", ["UBND-VX", "BNV-VP", "SGD&ĐT-GDTrH", "UBND-KT1", "UBND-VP-TH"])
def test_a_letter_names_agency_and_unit(notation: str) -> None:
    """Letters have no type abbreviation in their notation."""
    require_notation(notation, LETTER)


@pytest.mark.parametrize(
    "notation", ["UBND", "UBND VX", "UBND/VX", "-VX", "UBND-", "UBND--VX", "UBND_VX", "<b>-VX", "UBND–VX"]
)
def test_a_notation_out_of_form_is_refused(notation: str) -> None:
    """Groups joined by single hyphens, no spaces, no slash."""
    with pytest.raises(DocumentError, match=r"^notation: "):
        require_notation(notation, LETTER)


def test_a_decision_begins_with_its_abbreviation() -> None:
    """QĐ and nothing else."""
    require_notation("QĐ-UBND", DECISION)
    for wrong in ("UBND-QĐ", "QD-UBND", "QĐ", "QĐUBND-VX"):
        with pytest.raises(DocumentError, match="begins with QĐ-"):
            require_notation(wrong, DECISION)
