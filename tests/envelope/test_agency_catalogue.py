"""The codes of level 1: validity, names, successors (QD 20/2020, QD 09/2025)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.envelope.agency_catalogue import entry_of, family, level_one, old_form, standing
from docsign.envelope.agency_codes import canonical, same_agency

BEFORE, AFTER = date(2024, 6, 1), date(2026, 11, 16)
PROVINCES = [f"H{number:02d}" for number in range(1, 64)]


def test_there_are_the_63_provinces_and_34_of_them_are_left() -> None:
    """A merged province keeps the code of the part whose name it keeps."""
    entries = [entry_of(code) for code in PROVINCES]
    assert all(entry is not None and entry.in_force(BEFORE) for entry in entries)
    assert sum(entry is not None and entry.in_force(AFTER) for entry in entries) == 34


@pytest.mark.parametrize("code", PROVINCES)
def test_a_closed_province_leads_to_one_that_is_in_force(code: str) -> None:
    """No chains, no dead ends; the same for its People's Council."""
    for letter in "HK":
        found = standing(letter + code[1:], AFTER)
        if found.closed:
            (successor,) = found.moved_to
            entry = entry_of(successor)
            assert entry is not None
            assert entry.in_force(AFTER)
            assert successor[0] == letter
        assert not standing(letter + code[1:], BEFORE).closed


def test_ministries_were_merged_renamed_and_closed() -> None:
    """QD 09/2025: G14 went into G06; G10 and G21 have new names; G07 is closed without one successor."""
    assert standing("G14", AFTER).moved_to == ("G06",)
    assert standing("G07", AFTER).closed
    ministry = entry_of("G10")
    assert ministry is not None
    assert ministry.name_on(BEFORE) == "Bộ Nông nghiệp và Phát triển nông thôn"
    assert ministry.name_on(AFTER) == "Bộ Nông nghiệp và Môi trường"


def test_a_unit_of_a_closed_province_moves_with_it_but_not_exactly() -> None:
    """Numbers below level 1 were given anew."""
    found = standing("000.00.15.H40", AFTER)
    assert (found.closed, found.moved_to, found.exact) == (True, ("H42",), False)
    assert standing("H40", AFTER).exact


def test_aliases_of_the_caller_are_followed() -> None:
    """Local tables know more than the national one."""
    assert standing("VAN-PHONG", AFTER, aliases={"VAN-PHONG": "G22.01"}).entry == entry_of("G22")
    assert standing("VAN-PHONG", AFTER).entry is None


@pytest.mark.parametrize(
    ("code", "top", "kind"),
    [
        ("H37.DN.001", "H37", "Ủy ban nhân dân cấp tỉnh"),
        ("000.00.13.H53", "H53", "Ủy ban nhân dân cấp tỉnh"),
        ("28.22.H17", "H17", "Ủy ban nhân dân cấp tỉnh"),
        ("K01", "K01", "Hội đồng nhân dân cấp tỉnh"),
        ("A05", "A05", "Cơ quan Đảng"),
        ("H99.31", "H99", ""),
        ("0123456789", "", ""),
        ("xã Mẫu", "", ""),
    ],
)
def test_level_one_is_found_in_every_form(code: str, top: str, kind: str) -> None:
    """H99 is allocated to nobody."""
    assert (level_one(code), family(code)) == (top, kind)


@pytest.mark.parametrize(
    ("code", "old"),
    [
        ("H99", "000.00.00.H99"), ("H99.31", "000.00.31.H99"), ("H99.36.28", "000.28.36.H99"),
        ("000.00.31.H99", "000.00.31.H99"), ("H37.DN.001", None), ("H99.1.2.3.4", None), ("0123456789", None),
        ("H99.123", None),
    ],
)  # fmt: skip
def test_the_old_form_is_written_where_it_fits(code: str, old: str | None) -> None:
    """Letters and long numbers have no place in 13 characters."""
    assert old_form(code) == old


GROUP = st.integers(1, 99).map(lambda number: f"{number:02d}")


@given(st.sampled_from("ABGHK"), st.integers(1, 99), st.lists(GROUP, max_size=2), st.integers(0, 999))
def test_old_and_new_form_are_one_agency(letter: str, number: int, lower: list[str], last: int) -> None:
    """There and back; the canonical form of a canonical form is itself."""
    code = ".".join([f"{letter}{number:02d}", *lower, *([f"{last:03d}"] if last and len(lower) == 2 else [])])
    old = old_form(code)
    assert old is not None
    assert len(old) == 13
    assert same_agency(old, code) or last
    assert canonical(canonical(old)) == canonical(old)
    assert level_one(old) == level_one(code)
