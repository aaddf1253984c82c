"""Find the text and the close of a document on the pages of a PDF, and check their form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from docsign.document.blocks import ROMAN_DIVISIONS
from docsign.document.page_reading import Line, ReadPdf
from docsign.document.parts import PREFIXES
from docsign.document.rules import Checked, answer
from docsign.sentence import say

_BASE = re.compile(r"(Căn cứ|Theo đề nghị|Xét)\b")
_ARTICLE = re.compile(r"Điều (\d+)\.")
_DIVISION = re.compile(r"(Phần|Chương|Mục|Tiểu mục) (\S+)\.?")
_TITLES = re.compile(r"(GS|PGS|TS|ThS|Th\.S|BS|KS|CN|NGND|NGƯT|GS\.TS|PGS\.TS)\.?\s", re.IGNORECASE)


def text_parts(pdf: ReadPdf, *, title: Line | None) -> Iterator[Checked]:
    """Yield what was found of box 6: sizes, bases, articles, divisions."""
    lines = _text_of(pdf)
    if lines:
        size = median([line.size for line in lines for _ in range(len(line.text))])
        yield answer("body-size", 13 <= size <= 14, found=f"{size:g} pt")
    yield from _bases(pdf.pages[0].lines, title)
    articles = [
        line for line in pdf.lines if _ARTICLE.match(line.text) and line.size > 12.5 and line.begins_bold
    ]
    yield from _articles(articles)
    divisions = [(line, match) for line in lines if (match := _DIVISION.fullmatch(line.text))]
    wrong = next(
        (
            line
            for line, match in divisions
            if match[2].isdecimal() is (match[1] in ROMAN_DIVISIONS) or not line.bold
        ),
        None,
    )
    if divisions:
        found = "" if wrong is None else wrong.text
        yield answer("divisions", wrong is None, where=_page(wrong), found=found)


def _text_of(pdf: ReadPdf) -> list[Line]:
    """Return the lines that reach over the middle of the page or begin at its margin, below the head."""
    found = []
    for page in pdf.pages:
        top = page.height - (90 if page.number == 1 else 18)
        found += [line for line in page.lines if line.top < top and line.bottom > 20 and line.size > 12.5]
    return found


def _bases(lines: Sequence[Line], title: Line | None) -> Iterator[Checked]:
    bases = [line for line in lines if _BASE.match(line.text) and line.italic]
    upright = [line for line in lines if line.text.startswith("Căn cứ ") and not line.italic]
    if title is None or not (bases or upright):
        return
    if not bases:
        # a sentence of the text may begin so; a basis is one that ends with a semicolon
        listed = [line for line in upright if line.text.endswith(";")]
        if listed:
            yield answer("bases", False, where=_page(listed[0]), found=listed[0].text[:60])
        return
    italic = [line for line in lines if line.italic and line.top < title.bottom and line.size > 12.5]
    ends = [first.text[-1] for first, second in pairwise(italic) if _BASE.match(second.text)]
    kept = all(end == ";" for end in ends) and italic[-1].text.endswith((".", ";", ")"))
    yield answer("bases", kept, where=_page(bases[0]), found=italic[-1].text[-60:])


def _articles(articles: Sequence[Line]) -> Iterator[Checked]:
    if not articles:
        return
    expected = 1
    for line in articles:
        match = _ARTICLE.match(line.text)
        assert match is not None
        number = int(match[1])
        if number == 1:
            expected = 1  # an issued text counts anew
        if number != expected:
            yield answer("articles", False, where=_page(line), found=f"Điều {number}")
            return
        expected += 1
    yield answer("articles", True)


def closing_parts(pdf: ReadPdf) -> Iterator[Checked]:
    """Yield what was found of boxes 7 and 9b: who signs, who receives."""
    start = next((line for line in pdf.lines if line.text.startswith("Nơi nhận")), None)
    if start is None:
        return
    margin = 35.6
    kept = start.bold and start.italic and abs(start.size - 12) < 0.3 and start.left <= margin
    found = f"{start.text} ({start.size:g} pt)"
    yield answer("recipients", kept and start.text == "Nơi nhận:", where=_page(start), found=found)
    page = pdf.pages[start.page - 1]
    middle = page.width / 2
    listed = [
        line
        for line in page.lines
        if line.baseline < start.baseline and line.left < middle - 5 and line.size < 12.5 and line.bottom > 20
    ]
    yield from _recipients(_until_filed(listed))
    signing = [line for line in page.lines if line.left > 80 and line.bold and line.bottom > 20]
    yield from _signers([line for line in signing if line.baseline <= start.baseline + 3], start)


def _until_filed(listed: Sequence[Line]) -> list[Line]:
    """Return the lines up to the end of the last entry: what stands below it is another part."""
    kept: list[Line] = []
    filed = False
    for line in listed:
        filed = filed or line.text.startswith("- Lưu")
        kept.append(line)
        if filed and line.text.endswith("."):
            break
    return kept


def _recipients(listed: Sequence[Line]) -> Iterator[Checked]:
    entries = [line for line in listed if line.text.startswith("-")]
    if not entries:
        return
    wrong = next((line for line in entries if abs(line.size - 11) > 0.3), None)
    words = " ".join(line.text for line in listed)
    parts = [part.strip() for part in re.split(r"(?:^|\s)- ", words) if part.strip()]
    ended = all(part.endswith(";") for part in parts[:-1])
    found = (
        f"{wrong.size:g} pt"
        if wrong is not None
        else next((p for p in parts[:-1] if not p.endswith(";")), "")
    )
    yield answer("recipients-list", wrong is None and ended, where=_page(entries[0]), found=found)
    filed = next((part for part in parts if part.startswith("Lưu:")), "")
    yield answer(
        "recipients-filed",
        bool(re.match(r"Lưu: VT\b.*\.", filed)),
        where=_page(entries[-1]),
        found=filed or say("no such line"),
    )


def _signers(lines: Sequence[Line], start: Line) -> Iterator[Checked]:
    beside = [line for line in lines if abs(line.baseline - start.baseline) < 3]
    if not beside:
        return
    capitals = [line for line in lines if line.is_upper]
    wrong = next((line for line in capitals if not 13 <= line.size <= 14), None)
    yield answer(
        "authority",
        wrong is None and beside[0].is_upper,
        where=_page(beside[0]),
        found=f"{(wrong or beside[0]).text} ({(wrong or beside[0]).size:g} pt)",
    )
    names = [line for line in lines if not line.is_upper and not line.text.startswith(PREFIXES)]
    if names:
        name = names[-1]
        yield answer("signer-name", 13 <= name.size <= 14, where=_page(name), found=f"{name.size:g} pt")
        titled = _TITLES.match(name.text)
        yield answer("signer-titles", titled is None, where=_page(name), found=name.text)


def _page(line: Line | None) -> str:
    return "" if line is None else f"page {line.page}"
