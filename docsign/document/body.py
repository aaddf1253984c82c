"""The body of a document from its thin markup: each line a paragraph, ``Điều n.`` an article.

A line is what a word processor ends with Enter. Clauses (``1.``), points (``a)``) and dashes are paragraphs
like any other and keep the numbers they were typed with. ``Chương I`` and its kin stand on a line of their
own, with the title on the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docsign.document.blocks import DIVISIONS, Block, require_count
from docsign.errors import DocumentError
from docsign.sentence import say

ARTICLE = re.compile(r"(?P<lead>Điều (?P<number>[0-9]{1,4})\.)(?:\s+(?P<text>.*))?")
DIVISION = re.compile(
    rf"(?P<lead>(?:{'|'.join(DIVISIONS)}) (?:[IVXLC]{{1,9}}|[0-9]{{1,3}}))(?:[.:]\s+(?P<text>.+))?"
)
_ROMAN_HEADING = re.compile(r"(?P<lead>[IVXLC]{1,7}\.)\s+(?P<text>.+)")
_CLAUSE = re.compile(r"[0-9]{1,3}\.\s+.+")
_DEEPER = re.compile(r"[a-zđ]\)\s|[-+]\s|[0-9]{1,3}\.[0-9]{1,3}\.?\s")
_ENDS = (".", ";", ":", ",", "/")


def blocks_of_letter(lines: Sequence[str]) -> tuple[Block, ...]:
    """Return a letter's paragraphs and the headings between them; ``Điều n.`` in it is a quotation."""
    blocks: list[Block] = []
    for position, line in enumerate(lines):
        blocks.append(_plain(line, _following(lines, position), blocks))
    return tuple(blocks)


def blocks_of_text(lines: Sequence[str], *, where: str = "body") -> tuple[Block, ...]:
    """Return divisions, articles, headings and paragraphs; raises DocumentError where the count breaks."""
    places: list[str] = []
    blocks: list[Block] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        places.append(f"{where}[{position}]")
        following = _following(lines, position)
        position += 1
        if match := DIVISION.fullmatch(line):
            title = match["text"]
            if title is None:
                title, position = following, position + 1
            blocks.append(Block(kind="division", lead=match["lead"], text=title.upper()))
        elif match := ARTICLE.fullmatch(line):
            blocks.append(article(match["lead"], match["text"] or "", following))
        else:
            blocks.append(_plain(line, following, blocks))
    return require_count(list(zip(places, blocks, strict=True)))


def blocks_of_decision(lines: Sequence[str], *, where: str = "body") -> tuple[Block, ...]:
    """Return a decision's articles and what stands under them; raises DocumentError where the count breaks.

    # ND 30/2020 PL III 1.2: a decision says everything in articles, numbered from 1.
    """
    blocks = blocks_of_text(lines, where=where)
    require_articles(blocks, where=where)
    return blocks


def require_articles(blocks: Sequence[Block], *, where: str = "body") -> None:
    """Raise DocumentError unless the text is there and begins with an article, or a division above it."""
    if not blocks:
        raise DocumentError(say("Nothing is written here."), where=where)
    if blocks[0].kind not in ("article", "division"):
        raise DocumentError(say("A decision begins with “Điều 1.”."), where=f"{where}[0]")


def article(lead: str, text: str, following: str) -> Block:
    """Return an article; its text is a title when it has no end mark and something stands under it.

    # ND 30/2020 PL I II.6.đ: the title of an article is bold as its number is.
    """
    titled = bool(text and following) and not text.endswith(_ENDS) and not ARTICLE.fullmatch(following)
    if titled and not DIVISION.fullmatch(following):
        return Block(kind="article", lead=f"{lead} {text}", text="")
    return Block(kind="article", lead=lead, text=text)


def _plain(line: str, following: str, before: Sequence[Block]) -> Block:
    """Return a heading where the line is one, else a paragraph.

    # ND 30/2020 PL I V 6.b: ``I. NHỮNG KẾT QUẢ`` in bold capitals, ``1. Phạm vi`` bold where it is a title.
    """
    title = bool(following) and not line.endswith(_ENDS)
    if title and (match := _ROMAN_HEADING.fullmatch(line)):
        return Block(kind="heading", lead=f"{match['lead']} {match['text'].upper()}")
    if title and _CLAUSE.fullmatch(line) and (_DEEPER.match(following) or _titled_so_far(before)):
        return Block(kind="clause", lead=line)
    return Block(kind="paragraph", text=line)


def _titled_so_far(blocks: Sequence[Block]) -> bool:
    """Tell whether the clauses since the last heading have titles: then the next one has one too."""
    for block in reversed(blocks):
        if block.kind != "paragraph":
            return block.kind == "clause"
    return False


def _following(lines: Sequence[str], position: int) -> str:
    return lines[position + 1] if position + 1 < len(lines) else ""
