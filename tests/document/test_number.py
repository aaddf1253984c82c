"""The form of numbers, notations and dates (ND 30/2020 PL I, PL III)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document.kinds import KINDS, Kind, copy_named, kind_named
from docsign.document.number import agency_groups, printed_date, printed_number, require_notation
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


@pytest.mark.parametrize("notation", ["UBND", "UBND-VP"])
def test_a_courtesy_letter_may_name_the_agency_alone(notation: str) -> None:
    """Thư công has no abbreviation and need not come from a unit."""
    require_notation(notation, kind_named("thư công"))


def test_a_joint_document_names_each_of_its_issuers() -> None:
    """A group an agency, and further ones for unit or field."""
    programme = kind_named("chương trình")
    require_notation("CTr-UBND-MTTQ", programme, issuers=2)
    assert agency_groups("CTr-UBND-MTTQ", programme) == ("UBND", "MTTQ")
    with pytest.raises(DocumentError, match="names each of its 2 issuers"):
        require_notation("CTr-UBND", programme, issuers=2)


def test_a_copy_has_its_own_abbreviation() -> None:
    """ND 30/2020 PL III I: SY, TrS, SL."""
    require_notation("SY-UBND", copy_named("sao y"))
    with pytest.raises(DocumentError, match="begins with TrS-"):
        require_notation("SY-UBND", copy_named("trích sao"))


GROUPS = st.text(alphabet="ABCDĐEGHIKLMNOPQRSTUVXY", min_size=1, max_size=5)


@given(st.sampled_from(KINDS), GROUPS, GROUPS, st.integers(1, 9_999_999))
def test_number_and_notation_of_every_kind_can_be_told_apart_again(
    kind: Kind, agency: str, unit: str, number: int
) -> None:
    """One slash between them, the abbreviation first, no number below 10 without its zero."""
    notation = "-".join(part for part in (kind.abbreviation, agency, unit) if part)
    require_notation(notation, kind)
    assert agency_groups(notation, kind) == (agency, unit)
    printed = printed_number(number)
    assert printed_number(printed) == printed
    assert (int(printed), len(printed) >= 2) == (number, True)
    assert f"{printed}/{notation}".split("/") == [printed, notation]
