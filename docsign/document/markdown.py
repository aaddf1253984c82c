"""The body of a document from a small part of Markdown: headings, emphasis, lists and pipe tables.

markdown-it reads it with every other rule switched off, so that links, images, HTML and code are printed as
they were typed. ``# Chương I. Quy định chung`` and ``## Điều 1. Phạm vi`` are what they say; any other
heading is counted by its author (``# I. Kết quả``). Lists are counted anew: ``1.``, below it ``a)``, below
that ``-``; a list of dashes stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from docsign.document.blocks import (
    TABLE_COLUMNS,
    TABLE_ROWS,
    VIETNAMESE_LETTERS,
    Align,
    Block,
    Run,
    Table,
    require_count,
)
from docsign.document.body import ARTICLE, DIVISION, article
from docsign.errors import DocumentError
from docsign.sentence import say

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_RULES = ("heading", "list", "table", "emphasis", "escape", "newline")
_LIST_DEPTH = 3
_ALIGN = re.compile(r"text-align:(left|center|right)")


def blocks_of_markdown(text: str, *, where: str = "body") -> tuple[Block, ...]:
    """Return the blocks of ``text``; raises DocumentError naming the line (from 1) of what cannot stay."""
    tokens = _parser().parse(text)
    return require_count(list(_Reader(tokens, where).blocks()))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero", {"maxNesting": 20}).enable(list(_RULES))


class _Reader:
    """Walks the tokens once, from the first to the last."""

    def __init__(self, tokens: list[Token], where: str) -> None:
        self._tokens = tokens
        self._where = where
        self._at = 0

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield every block with its place."""
        while self._at < len(self._tokens):
            token = self._next()
            if token.type == "heading_open":
                yield self._heading(token)
            elif token.type == "paragraph_open":
                yield self._place(token), _paragraph("", self._runs())
            elif token.type == "table_open":
                yield self._table(token)
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                yield from self._list(token, 1)

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _place(self, token: Token) -> str:
        return f"{self._where}: {token.map[0] + 1}" if token.map else self._where

    def _runs(self) -> tuple[Run, ...]:
        """Return what the inline token at hand says, and pass over its closing one."""
        inline = self._next()
        self._next()
        return _styled(inline)

    def _heading(self, token: Token) -> tuple[str, Block]:
        words, place = _plain(self._runs()), self._place(token)
        if match := DIVISION.fullmatch(words):
            return place, Block(kind="division", lead=match["lead"], text=(match["text"] or "").upper())
        if match := ARTICLE.fullmatch(words):
            return place, article(match["lead"], match["text"] or "", "?")
        if token.tag == "h1":  # ND 30/2020 PL I V 6.b: the sections of a report, in capitals
            return place, Block(kind="heading", lead=words.upper())
        return place, Block(kind="clause", lead=words)

    def _list(self, opening: Token, depth: int) -> Iterator[tuple[str, Block]]:
        if depth > _LIST_DEPTH:
            raise DocumentError(say("The lists are nested too deeply."), where=self._place(opening))
        ordered, count = opening.type == "ordered_list_open", int(opening.attrGet("start") or 1) - 1
        while (token := self._next()).type != opening.type.replace("open", "close"):
            if token.type == "list_item_open":
                count, first = count + 1, True
            elif token.type == "paragraph_open":
                mark = _mark(count, ordered, depth, self._place(token)) if first else ""
                yield self._place(token), _paragraph(mark, self._runs())
                first = False
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                yield from self._list(token, depth + 1)
            elif token.type == "table_open":
                yield self._table(token)
            elif token.type == "heading_open":
                raise DocumentError(say("A title cannot stand in a list."), where=self._place(token))

    def _table(self, opening: Token) -> tuple[str, Block]:
        place, rows, aligns = self._place(opening), list[list[str]](), list[Align]()
        while (token := self._next()).type != "table_close":
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(_plain(self._runs()))
                if token.type == "th_open":
                    aligns.append(_align(str(token.attrGet("style") or "")))
        require_size(rows[0], rows[1:], place)
        table = Table(
            columns=tuple(rows[0]), rows=tuple(tuple(row) for row in rows[1:]), aligns=tuple(aligns)
        )
        return place, Block(kind="table", table=table)


def require_size(columns: list[str], rows: list[list[str]], where: str) -> None:
    """Raise DocumentError for a table that is too large."""
    for count, limit in ((len(columns), TABLE_COLUMNS), (len(rows), TABLE_ROWS)):
        if count > limit:
            raise DocumentError(
                say("Too many entries: {count}, {limit} at most.", count=count, limit=limit), where=where
            )


def _mark(count: int, ordered: bool, depth: int, place: str) -> str:
    """Return what stands before an entry: clauses, points, dashes (ND 30/2020 PL I II.6.đ)."""
    if not ordered:
        return "+" if depth == _LIST_DEPTH else "-"
    if depth == 1:
        return f"{count}."
    if count > len(VIETNAMESE_LETTERS):
        limit = len(VIETNAMESE_LETTERS)
        raise DocumentError(
            say("Too many entries: {count}, {limit} at most.", count=count, limit=limit), where=place
        )
    return f"{VIETNAMESE_LETTERS[count - 1]})"


def _align(style: str) -> Align:
    match = _ALIGN.search(style)
    return match[1] if match else "left"  # type: ignore[return-value]


def _styled(inline: Token) -> tuple[Run, ...]:
    runs: list[Run] = []
    bold = italic = 0
    for token in inline.children or ():
        if token.type in ("strong_open", "strong_close"):
            bold += token.nesting
        elif token.type in ("em_open", "em_close"):
            italic += token.nesting
        else:
            text = " " if token.type in ("softbreak", "hardbreak") else token.content
            text = re.sub(r"\s+", " ", text)
            if runs and (runs[-1].bold, runs[-1].italic) == (bold > 0, italic > 0):
                runs[-1] = Run(text=runs[-1].text + text, bold=bold > 0, italic=italic > 0)
            elif text:
                runs.append(Run(text=text, bold=bold > 0, italic=italic > 0))
    return tuple(runs)


def _plain(runs: tuple[Run, ...]) -> str:
    return " ".join("".join(run.text for run in runs).split())


def _paragraph(mark: str, runs: tuple[Run, ...]) -> Block:
    text = " ".join(part for part in (mark, _plain(runs)) if part)
    if all(not run.bold and not run.italic for run in runs):
        return Block(kind="paragraph", text=text)
    lead = (Run(text=f"{mark} "),) if mark else ()
    return Block(kind="paragraph", text=text, runs=lead + runs)
