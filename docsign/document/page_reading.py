"""What stands on the pages of any PDF, as lines with their places and type: for rules about form alone.

PDFium reads it, which forgives much; nothing here proves anything about a file. Millimetres from the lower
left corner of the page; type in points.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from docsign.errors import PdfError
from docsign.pdf.revision import require_whole
from docsign.pdf.text import PDFIUM
from docsign.sentence import say

if TYPE_CHECKING:
    import pypdfium2

MOST_PAGES = 100
"""Pages that are read; what comes later is not looked at."""
MOST_CHARACTERS = 20_000
"""Characters of a page that are read."""

_MM = 25.4 / 72
_BOLD_WEIGHT = 600
_ITALIC_FLAG, _FORCE_BOLD_FLAG = 1 << 6, 1 << 18  # ISO 32000-1 table 123


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some words on one baseline, without a wide gap between them; the type is that of most of them.

    ``begins_bold`` is about the first letter: ``Điều 1.`` stands bold before a sentence that is not.
    """

    page: int
    text: str
    left: float
    bottom: float
    right: float
    top: float
    baseline: float
    size: float
    bold: bool
    italic: bool
    font: str
    begins_bold: bool = False

    @property
    def centre(self) -> float:
        """Millimetres from the left edge of the page to the middle of the words."""
        return (self.left + self.right) / 2

    @property
    def is_upper(self) -> bool:
        """Whether every letter is a capital."""
        return self.text.upper() == self.text and any(letter.isalpha() for letter in self.text)


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """One page: its number from 1, its size in millimetres, its lines from top to bottom."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class ReadPdf:
    """A PDF as far as its form can be told: version, fonts (name, whether embedded), pages."""

    version: str
    fonts: dict[str, bool]
    page_count: int
    pages: tuple[ReadPage, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every line of every page that was read."""
        return tuple(line for page in self.pages for line in page.lines)


def read_pages(pdf: bytes, *, password: str | None = None) -> ReadPdf:
    """Read the pages of ``pdf``; raises PdfError where they cannot be read."""
    import pypdfium2

    require_whole(pdf)
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf, password=password)
            try:
                return _read(document)
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The text of the first page cannot be read: {reason}.", reason=str(error).rstrip("."))
            ) from error


def _read(document: pypdfium2.PdfDocument) -> ReadPdf:
    count = len(document)
    fonts: dict[str, bool] = {}
    pages: list[ReadPage] = []
    for number in range(1, min(count, MOST_PAGES) + 1):
        page = document[number - 1]
        try:
            width, height = page.get_size()
            fonts.update(_fonts(page))
            pages.append(
                ReadPage(
                    number=number,
                    width=width * _MM,
                    height=height * _MM,
                    lines=tuple(sorted(_lines(page, number), key=lambda line: (-line.baseline, line.left))),
                )
            )
        finally:
            page.close()
    version = document.get_version() or 0
    return ReadPdf(
        version=f"{version // 10}.{version % 10}", fonts=fonts, page_count=count, pages=tuple(pages)
    )


def _fonts(page: pypdfium2.PdfPage) -> Iterator[tuple[str, bool]]:
    """Yield the fonts of the page's texts, and whether each is embedded."""
    import pypdfium2.raw as raw

    seen: set[int] = set()
    for entry in page.get_objects(filter=(raw.FPDF_PAGEOBJ_TEXT,), max_depth=4):
        font = raw.FPDFTextObj_GetFont(entry.raw)
        address = ctypes.cast(font, ctypes.c_void_p).value or 0
        if address in seen:
            continue
        seen.add(address)
        buffer = ctypes.create_string_buffer(200)
        raw.FPDFFont_GetBaseFontName(font, buffer, 200)
        name = buffer.value.decode("utf-8", "replace")
        yield name.partition("+")[2] or name, raw.FPDFFont_GetIsEmbedded(font) == 1


@dataclass(slots=True)
class _Character:
    text: str
    left: float
    bottom: float
    right: float
    top: float
    baseline: float
    size: float
    font: str
    bold: bool
    italic: bool


def _lines(page: pypdfium2.PdfPage, number: int) -> Iterator[Line]:
    text = page.get_textpage()
    try:
        line: list[_Character] = []
        last: _Character | None = None  # the last one that is no space
        for character in _characters(text):
            if last is not None and not _continues(last, character):
                yield from _line(line, number)
                line, last = [], None
            line.append(character)
            if character.text.strip():
                last = character
        yield from _line(line, number)
    finally:
        text.close()


def _continues(last: _Character, following: _Character) -> bool:
    """Tell whether a character stands on the line of the one before it, without a gap of two letters."""
    if following.text in "\r\n":
        return False
    if not following.text.strip():
        return True
    height = max(last.size, following.size) * _MM
    near = -0.5 * height < following.left - last.right < 2 * height
    return near and abs(last.baseline - following.baseline) < 0.5 * height


def _line(characters: list[_Character], number: int) -> Iterator[Line]:
    words = unicodedata.normalize("NFC", "".join(character.text for character in characters)).strip()
    seen = [character for character in characters if character.text.strip()]
    if not words or not seen:
        return
    styles = Counter((character.font, character.size, character.bold, character.italic) for character in seen)
    (font, size, bold, italic), _ = styles.most_common(1)[0]
    yield Line(
        page=number,
        text=" ".join(words.split()),
        left=min(character.left for character in seen),
        bottom=min(character.bottom for character in seen),
        right=max(character.right for character in seen),
        top=max(character.top for character in seen),
        baseline=seen[0].baseline,
        size=size,
        bold=bold,
        italic=italic,
        font=font,
        begins_bold=seen[0].bold,
    )


def _characters(text: Any) -> Iterator[_Character]:
    """Yield the characters of a page in the order of their reading."""
    import pypdfium2.raw as raw

    buffer, flags = ctypes.create_string_buffer(200), ctypes.c_int()
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    x, y = ctypes.c_double(), ctypes.c_double()
    matrix = raw.FS_MATRIX()
    for index in range(min(raw.FPDFText_CountChars(text), MOST_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(text, index)
        if 0xD800 <= code <= 0xDFFF or code == 0:
            continue
        raw.FPDFText_GetCharBox(text, index, left, right, bottom, top)
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        raw.FPDFText_GetFontInfo(text, index, buffer, 200, flags)
        name = buffer.value.decode("utf-8", "replace")
        size = raw.FPDFText_GetFontSize(text, index)
        if raw.FPDFText_GetMatrix(text, index, matrix):
            size *= math.hypot(matrix.c, matrix.d) or 1.0
        lowered = name.lower()
        bold = "bold" in lowered or raw.FPDFText_GetFontWeight(text, index) >= _BOLD_WEIGHT
        yield _Character(
            text=chr(code),
            left=left.value * _MM,
            bottom=bottom.value * _MM,
            right=right.value * _MM,
            top=top.value * _MM,
            baseline=y.value * _MM,
            size=round(size, 1),
            font=name.partition("+")[2] or name,
            bold=bold or bool(flags.value & _FORCE_BOLD_FLAG),
            italic="italic" in lowered or "oblique" in lowered or bool(flags.value & _ITALIC_FLAG),
        )
