"""The body of a document from structured values: tables of TOML or JSON, counted here and not by the author.

Each entry is one of ``part``, ``chapter``, ``section``, ``subsection`` (its title), ``article`` (its title,
which may be empty), ``heading`` (I., II., …), ``table`` (its columns), or none of them; below it may stand
``text``, ``clauses`` (1., 2., …), ``points`` (a), b), …) and ``list`` (dashes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from docsign.document.blocks import VIETNAMESE_LETTERS, Align, Block, Table, require_count, roman
from docsign.document.fields import Fields
from docsign.document.markdown import require_size
from docsign.document.wording import LONGEST_WORD, one_line
from docsign.errors import DocumentError
from docsign.sentence import say

TEXT_LIMIT = 20_000
"""The longest paragraph, in characters."""
_DIVISIONS = {"part": "Phần", "chapter": "Chương", "section": "Mục", "subsection": "Tiểu mục"}
_ENTRIES = (*_DIVISIONS, "article", "heading", "table", "text", "clauses", "points", "list")


def blocks_of_structure(entries: Sequence[Any], where: str) -> tuple[Block, ...]:
    """Return the blocks of the entries; raises DocumentError naming the place of a slip."""
    return require_count(list(_Counter(where).blocks(entries)))


class _Counter:
    """Counts articles through the whole text, divisions within the one above, headings by themselves."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._article = self._heading = 0
        self._divisions = dict.fromkeys(_DIVISIONS, 0)

    def blocks(self, entries: Sequence[Any]) -> Iterator[tuple[str, Block]]:
        for position, values in enumerate(entries):
            place = f"{self._where}[{position}]"
            entry = Fields(values, place)
            blocks = list(self._entry(entry))
            entry.refuse_unknown()
            if not blocks:
                raise DocumentError(say("Nothing is written here."), where=place)
            yield from ((place, block) for block in blocks)

    def _entry(self, entry: Fields) -> Iterator[Block]:
        for name in _DIVISIONS:
            if entry.has(name):
                yield self._division(name, _line(entry, name))
        if entry.has("heading"):
            self._heading += 1
            yield Block(kind="heading", lead=f"{roman(self._heading)}. {_line(entry, 'heading').upper()}")
        text = _line(entry, "text", needed=False)
        if entry.has("article"):
            self._article += 1
            title = _line(entry, "article", needed=False)
            lead = f"Điều {self._article}." + (f" {title}" if title else "")
            yield Block(kind="article", lead=lead, text="" if title else text)
            text = text if title else ""
        if text:
            yield Block(kind="paragraph", text=text)
        yield from _clauses(entry)
        yield from _points(entry)
        yield from _dashes(entry)
        if entry.has("table"):
            yield Block(kind="table", table=_table(entry.table("table")))

    def _division(self, name: str, title: str) -> Block:
        names = list(_DIVISIONS)
        self._divisions[name] += 1
        for lower in names[names.index(name) + 1 :]:
            self._divisions[lower] = 0
        count = self._divisions[name]
        number = roman(count) if name in names[:2] else str(count)
        return Block(kind="division", lead=f"{_DIVISIONS[name]} {number}", text=title.upper())


def _clauses(entry: Fields) -> Iterator[Block]:
    for position, value in enumerate(entry.entries("clauses")):
        place = f"{entry.place('clauses')}[{position}]"
        number = f"{position + 1}."
        if isinstance(value, str):
            yield Block(kind="paragraph", text=f"{number} {_clean(value, place)}")
            continue
        clause = Fields(value, place)
        title, text = _line(clause, "title", needed=False), _line(clause, "text", needed=False)
        if not title and not text:
            raise DocumentError(say("Nothing is written here."), where=place)
        if title:
            yield Block(kind="clause", lead=f"{number} {title}")
        if text:
            yield Block(kind="paragraph", text=text if title else f"{number} {text}")
        yield from _points(clause)
        yield from _dashes(clause)
        clause.refuse_unknown()


def _points(entry: Fields) -> Iterator[Block]:
    points = entry.texts("points")
    if len(points) > len(VIETNAMESE_LETTERS):
        raise DocumentError(
            say(
                "Too many entries: {count}, {limit} at most.",
                count=len(points),
                limit=len(VIETNAMESE_LETTERS),
            ),
            where=entry.place("points"),
        )
    for position, (letter, text) in enumerate(zip(VIETNAMESE_LETTERS, points, strict=False)):
        words = _clean(text, f"{entry.place('points')}[{position}]")
        yield Block(kind="paragraph", text=f"{letter}) {words}")


def _dashes(entry: Fields) -> Iterator[Block]:
    for position, text in enumerate(entry.texts("list")):
        words = _clean(text, f"{entry.place('list')}[{position}]")
        yield Block(kind="paragraph", text=f"- {words}")


def _table(entry: Fields) -> Table:
    columns = [_clean(text, entry.place("columns")) for text in entry.texts("columns", needed=True)]
    rows: list[list[str]] = []
    for position, row in enumerate(entry.entries("rows")):
        place = f"{entry.place('rows')}[{position}]"
        if not isinstance(row, list) or len(row) != len(columns):
            raise DocumentError(
                say("A row of this table has {count} cells.", count=len(columns)), where=place
            )
        rows.append([_cell(cell, f"{place}[{number}]") for number, cell in enumerate(row)])
    require_size(columns, rows, entry.place("rows"))
    widths = tuple(
        float(width)
        for width in entry.entries("widths")
        if isinstance(width, int | float) and not isinstance(width, bool) and 0 < width <= 1000
    )
    aligns = tuple(align for align in entry.texts("aligns") if align in get_args(Align))
    for name, given in (("widths", widths), ("aligns", aligns)):
        if entry.has(name) and len(given) != len(columns):
            raise DocumentError(
                say("A row of this table has {count} cells.", count=len(columns)), where=entry.place(name)
            )
    entry.refuse_unknown()
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
        widths=widths,
        aligns=aligns,  # type: ignore[arg-type]  # compared with the literal's own words above
    )


def _cell(cell: Any, place: str) -> str:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise DocumentError(say("A number or a text is needed."), where=place)
    return one_line(str(cell), place, limit=TEXT_LIMIT, needed=False, longest_word=LONGEST_WORD)


def _clean(text: str, place: str) -> str:
    return one_line(text, place, limit=TEXT_LIMIT)


def _line(entry: Fields, name: str, needed: bool = True) -> str:
    return one_line(entry.text(name, needed), entry.place(name), limit=TEXT_LIMIT, needed=needed)
