"""What a body is made of, and how it is counted (ND 30/2020 PL I II.6)."""

from __future__ import annotations

import pytest

from docsign.document.blocks import Block, require_count, roman
from docsign.errors import DocumentError


@pytest.mark.parametrize(
    ("number", "numeral"), [(1, "I"), (4, "IV"), (9, "IX"), (14, "XIV"), (48, "XLVIII"), (399, "CCCXCIX")]
)
def test_parts_and_chapters_have_roman_numerals(number: int, numeral: str) -> None:
    """I to CCCXCIX is more than any text needs."""
    assert roman(number) == numeral


@pytest.mark.parametrize("number", [0, -1, 400])
def test_what_has_no_numeral_is_refused(number: int) -> None:
    """No empty numeral is printed."""
    with pytest.raises(DocumentError):
        roman(number)


def division(lead: str, title: str = "TIÊU ĐỀ") -> tuple[str, Block]:
    """Return a division with its place."""
    return f"tại {lead}", Block(kind="division", lead=lead, text=title)


def test_lower_divisions_are_counted_anew_in_each_higher_one() -> None:
    """Chapter I, sections 1 and 2, chapter II, section 1; articles run through."""
    listed = [
        division("Chương I"), division("Mục 1"), ("", Block(kind="article", lead="Điều 1.")),
        division("Mục 2"), division("Chương II"), division("Mục 1"),
        ("", Block(kind="article", lead="Điều 2.")),
    ]  # fmt: skip
    assert len(require_count(listed)) == 7


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ([division("Chương II")], "tại Chương II: Chương II stands where Chương I is due"),
        ([division("Chương 1")], "Chương 1 stands where Chương I is due"),
        ([division("Mục I")], "Mục I stands where Mục 1 is due"),
        ([division("Tiểu mục 2")], "Tiểu mục 2 stands where Tiểu mục 1 is due"),
        ([division("Phần I", "")], "Phần I needs a title"),
    ],
)
def test_a_wrong_count_is_named_with_its_place(listed: list[tuple[str, Block]], sentence: str) -> None:
    """Roman for parts and chapters, Arabic below, none left out, none without a title."""
    with pytest.raises(DocumentError, match=sentence):
        require_count(listed)


def test_titles_stick_to_what_follows() -> None:
    """They never stand alone at the foot of a page."""
    assert Block(kind="division", lead="Mục 1", text="A").sticks
    assert Block(kind="article", lead="Điều 1. Phạm vi").sticks
    assert not Block(kind="article", lead="Điều 1.", text="Ban hành.").sticks
