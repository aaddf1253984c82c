"""Agency codes: which forms there are, and when two of them mean one agency."""

from __future__ import annotations

import pytest

from docsign.envelope.agency_codes import (
    canonical,
    document_identifier,
    is_agency_code,
    require_agency_code,
    same_agency,
)
from docsign.errors import EdxmlError


@pytest.mark.parametrize(
    "code", ["000.00.31.H99", "000.28.36.H99", "H99", "H99.31", "G99.01.DN.001", "28.22.H99", "0123456789"]
)
def test_forms_in_use_are_codes(code: str) -> None:
    """Old, new, reversed and tax numbers are agency codes."""
    assert is_agency_code(code)
    assert require_agency_code(code, where="x") == code


@pytest.mark.parametrize(
    "code", ["", "H9", "UBND xã", "h99.31", "H99..31", "H99.31 ", "H99/31", "H99." + "31." * 12 + "31", "H٩٩"]
)
def test_anything_else_is_none(code: str) -> None:
    """Lower case, spaces, slashes, foreign digits and overlong codes are refused with their place."""
    assert not is_agency_code(code)
    with pytest.raises(EdxmlError) as caught:
        require_agency_code(code, where="header.From.OrganId")
    assert caught.value.where == "header.From.OrganId"


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("000.00.31.H99", "H99.31"),
        ("000.28.36.H99", "H99.36.28"),
        ("000.00.00.H99", "H99"),
        ("28.22.H99", "H99.22.28"),
        ("H99.31", "H99.31"),
        ("0123456789", "0123456789"),
        ("không phải mã", "không phải mã"),
    ],
)
def test_canonical_form_has_the_highest_level_first(code: str, form: str) -> None:
    """Both written forms come to one, trailing levels of zeros dropped."""
    assert canonical(code) == form


def test_two_forms_of_one_agency_are_the_same_agency() -> None:
    """The old and the new form of a commune's code compare equal, its province's does not."""
    assert same_agency("000.00.31.H99", "H99.31")
    assert not same_agency("H99.31", "H99")


@pytest.mark.parametrize(
    ("code", "identifier"),
    [
        ("H99", "000.00.00.H99.2026.000012"),
        ("H99.31", "000.00.31.H99.2026.000012"),
        ("H99.31.05", "000.05.31.H99.2026.000012"),
        ("000.28.36.H99", "000.28.36.H99.2026.000012"),
        ("H99.31.123", "H99.31.123.2026.000012"),
    ],
)
def test_the_identifier_of_a_document(code: str, identifier: str) -> None:
    """Agency, year of issue, serial number in the year (QD 28/2018 Art. 10); a long code stays as it is."""
    assert document_identifier(code, 2026, 12) == identifier
