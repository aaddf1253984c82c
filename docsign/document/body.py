"""The body of a document from its thin markup: each line a paragraph, ``Điều n.`` an article.

A line is what a word processor ends with Enter. Clauses (``1.``), points (``a)``) and dashes are paragraphs
like any other and keep the numbers they were typed with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from docsign.errors import DocumentError
from docsign.sentence import say

_ARTICLE = re.compile(r"(?P<lead>Điều (?P<number>[0-9]{1,4})\.)(?:\s+(?P<text>.*))?")
_ENDS = (".", ";", ":", ",", "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph; ``lead`` is what stands bold before ``text``.

    An article with a title of its own has it in ``lead``: ``Điều 2. Hiệu lực thi hành``, and no text.
    """

    kind: Literal["paragraph", "article"]
    text: str
    lead: str = ""


def blocks_of_letter(lines: Sequence[str]) -> tuple[Block, ...]:
    """Return a letter's paragraphs."""
    return tuple(Block(kind="paragraph", text=line) for line in lines)


def blocks_of_decision(lines: Sequence[str]) -> tuple[Block, ...]:
    """Return a decision's articles and what stands under them; raises DocumentError where the count breaks.

    # ND 30/2020 PL III 1.2: a decision says everything in articles, numbered from 1.
    """
    blocks: list[Block] = []
    expected = 1
    for position, line in enumerate(lines):
        match = _ARTICLE.fullmatch(line)
        if match is None:
            if not blocks:
                raise DocumentError(say("A decision begins with “Điều 1.”."), where=f"body[{position}]")
            blocks.append(Block(kind="paragraph", text=line))
            continue
        if int(match["number"]) != expected:
            raise DocumentError(
                say(
                    "Điều {number} stands where Điều {expected} is due.",
                    number=match["number"],
                    expected=expected,
                ),
                where=f"body[{position}]",
            )
        expected += 1
        following = lines[position + 1] if position + 1 < len(lines) else ""
        text = match["text"] or ""
        titled = bool(text and following) and not text.endswith(_ENDS) and not _ARTICLE.fullmatch(following)
        blocks.append(
            Block(kind="article", lead=line, text="")
            if titled  # ND 30/2020 PL I: the title of an article is bold as its number is
            else Block(kind="article", lead=match["lead"], text=text)
        )
    if not blocks:
        raise DocumentError(say("Nothing is written here."), where="body")
    return tuple(blocks)
