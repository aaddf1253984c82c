"""What a body is made of: divisions, articles, headings, paragraphs and tables, as values.

How they are written down is for ``body`` (plain text), ``markdown`` and ``structure``; how they look is for
``layout``. The one rule kept here is that what is counted is counted without a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from docsign.errors import DocumentError
from docsign.sentence import say

TABLE_COLUMNS = 20
"""The most columns of a table."""
TABLE_ROWS = 2000
"""The most rows of a table."""

VIETNAMESE_LETTERS = "abcdđeghiklmnopqrstuvxy"
"""What points are counted with (ND 30/2020 PL I: the Vietnamese alphabet, without its marked vowels)."""

DIVISIONS = ("Phần", "Chương", "Mục", "Tiểu mục")
"""The divisions of a long text, the greatest first."""
ROMAN_DIVISIONS = DIVISIONS[:2]

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Some words in one style."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a heading; ``widths`` are shares of the line, empty for columns as wide as they need."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    aligns: tuple[Align, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of the body; ``lead`` is what stands bold before ``text``.

    An article with a title of its own has it in ``lead``: ``Điều 2. Hiệu lực thi hành``, and no text. A
    division has its number in ``lead`` (``Chương I``) and its title in ``text``. ``runs`` say the same as
    ``text`` where its words have more than one style.
    """

    kind: Literal["paragraph", "article", "division", "heading", "clause", "table"]
    text: str = ""
    lead: str = ""
    runs: tuple[Run, ...] = ()
    table: Table | None = None

    @property
    def sticks(self) -> bool:
        """Whether it is a title, which must not stand alone at the foot of a page."""
        return self.kind in ("division", "heading") or bool(self.lead and not self.text)


def roman(number: int) -> str:
    """Return 1 to 399 as a Roman numeral."""
    if not 0 < number < 400:
        raise DocumentError(say("Too many entries: {count}, {limit} at most.", count=number, limit=399))
    text = ""
    for value, sign in (
        (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        text += sign * (number // value)
        number %= value
    return text


def require_count(blocks: Sequence[tuple[str, Block]]) -> tuple[Block, ...]:
    """Return the blocks; raises DocumentError naming the place of the first one that is counted wrongly.

    Each comes with its place. Articles are counted through the whole text, divisions within the one above
    them; parts and chapters in Roman numerals, sections and subsections in Arabic ones (ND 30/2020 PL I
    II.6.đ).
    """
    article = 0
    counts = dict.fromkeys(DIVISIONS, 0)
    for place, block in blocks:
        if block.kind == "article":
            article += 1
            _require(block.lead.removeprefix("Điều ").partition(".")[0], str(article), "Điều", place)
        elif block.kind == "division":
            name = next(name for name in DIVISIONS if block.lead.startswith(name + " "))
            counts[name] += 1
            for lower in DIVISIONS[DIVISIONS.index(name) + 1 :]:
                counts[lower] = 0
            expected = roman(counts[name]) if name in ROMAN_DIVISIONS else str(counts[name])
            _require(block.lead.removeprefix(name + " "), expected, name, place)
            if not block.text:
                raise DocumentError(say("{name} needs a title.", name=block.lead), where=place)
    return tuple(block for _, block in blocks)


def _require(number: str, expected: str, name: str, place: str) -> None:
    if number != expected:
        raise DocumentError(
            say(
                "{name} {number} stands where {name} {expected} is due.",
                name=name,
                number=number,
                expected=expected,
            ),
            where=place,
        )
