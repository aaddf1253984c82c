"""Where a text stands on the pages of a PDF, and what text lies in a place, for stamps; never for a verdict.

PDFium reads it. Boxes are left, bottom, right, top in points of the page's own coordinates.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from docsign.errors import PdfError
from docsign.pdf.page_space import Rectangle
from docsign.pdf.text import MOST_CHARACTERS, PDFIUM
from docsign.sentence import say
from docsign.values import dataclass

if TYPE_CHECKING:
    import pypdfium2

MOST_PAGES = 2000
MOST_FOUND = 20
_SLACK = 1.0
"""Points by which a stamp may touch a letter: the white around a line of type."""
_LONGEST = 60

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A text on a page: its characters from ``start`` on, and the box around them."""

    page: int
    start: int
    count: int
    box: Rectangle


def find_text(pdf: bytes, text: str, *, page: int | None = None, password: str | None = None) -> list[Found]:
    """Return where ``text`` stands, upper and lower case told apart, on one ``page`` (from 1) or on all.

    Raises PdfError where the PDF cannot be read.
    """

    def look(document: pypdfium2.PdfDocument) -> list[Found]:
        numbers = range(min(len(document), MOST_PAGES)) if page is None else [page - 1]
        found: list[Found] = []
        for number in numbers:
            if 0 <= number < len(document) and len(found) < MOST_FOUND:
                found += _on_page(document[number], number + 1, text)
        return found

    return _asked(pdf, password, look)


def covered_text(
    pdf: bytes, page: int, place: Rectangle, *, but: Found | None = None, password: str | None = None
) -> str:
    """Return the letters that lie in a place, those of ``but`` left out, shortened; "" where it is free."""
    left, bottom, right, top = place[0] + _SLACK, place[1] + _SLACK, place[2] - _SLACK, place[3] - _SLACK

    def look(document: pypdfium2.PdfDocument) -> str:
        sheet = document[page - 1]
        text = sheet.get_textpage()
        letters: list[str] = []
        try:
            for index in range(min(text.count_chars(), MOST_CHARACTERS)):
                if but is not None and but.page == page and but.start <= index < but.start + but.count:
                    continue
                x1, y1, x2, y2 = text.get_charbox(index)
                if x1 < right and x2 > left and y1 < top and y2 > bottom and len(letters) < _LONGEST:
                    letters.append(text.get_text_range(index, 1))
        finally:
            text.close()
            sheet.close()
        return " ".join("".join(letters).split())

    return _asked(pdf, password, look)


def ink_of(pdf: bytes, page: int, *, password: str | None = None) -> Ink:
    """Return what is drawn on a page as it is shown, a square for each millimetre."""

    def look(document: pypdfium2.PdfDocument) -> Ink:
        document.init_forms()
        sheet = document[page - 1]
        wide, high = sheet.get_size()
        if wide * high > (MOST_MILLIMETRES * 72 / 25.4) ** 2:
            raise PdfError(say("The page cannot be drawn: {reason}.", reason=f"{wide:.0f} × {high:.0f} pt"))
        bitmap = sheet.render(scale=25.4 / 72, grayscale=True)
        try:
            pixels = bytes(ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height))
            rows = [pixels[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height)]
        finally:
            bitmap.close()
            sheet.close()
        return Ink.of(rows)

    return _asked(pdf, password, look)


MOST_MILLIMETRES = 1500
_WHITE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """What is drawn on a page: ``sums[y][x]`` counts the dark millimetres left of x and above y."""

    width: int
    height: int
    sums: list[list[int]]

    @staticmethod
    def of(rows: list[bytes]) -> Ink:
        """Count rows of grey dots, from the top."""
        width = len(rows[0]) if rows else 0
        sums = [[0] * (width + 1)]
        dark = bytes(1 if value < _WHITE else 0 for value in range(256))
        for row in rows:
            so_far, line, above = 0, [0], sums[-1]
            for place, dot in enumerate(row.translate(dark), 1):
                so_far += dot
                line.append(above[place] + so_far)
            sums.append(line)
        return Ink(width=width, height=len(rows), sums=sums)

    def is_free(self, left: int, top: int, right: int, bottom: int) -> bool:
        """Say whether nothing is drawn in a place, in millimetres from the upper left corner."""
        above, below = self.sums[top], self.sums[bottom]
        return below[right] - below[left] - above[right] + above[left] == 0


def _asked(pdf: bytes, password: str | None, look: Callable[[pypdfium2.PdfDocument], Answer]) -> Answer:
    import pypdfium2

    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf, password=password)
            try:
                return look(document)
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The text of the page cannot be read: {reason}.", reason=str(error).rstrip("."))
            ) from error


def _on_page(sheet: pypdfium2.PdfPage, number: int, wanted: str) -> list[Found]:
    text = sheet.get_textpage()
    found: list[Found] = []
    try:
        for form in dict.fromkeys((wanted, unicodedata.normalize("NFD", wanted))):
            searcher = text.search(form, match_case=True)
            while len(found) < MOST_FOUND and (hit := searcher.get_next()) is not None:
                start, count = hit
                boxes = [text.get_charbox(index) for index in range(start, start + count)]
                boxes = [one for one in boxes if one[2] > one[0] and one[3] > one[1]]
                if boxes:
                    box = (
                        min(one[0] for one in boxes),
                        min(one[1] for one in boxes),
                        max(one[2] for one in boxes),
                        max(one[3] for one in boxes),
                    )
                    found.append(Found(page=number, start=start, count=count, box=box))
            searcher.close()
    finally:
        text.close()
        sheet.close()
    return found
