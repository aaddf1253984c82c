"""The text of a PDF's pages as a person sees it, for rules about words; never for a verdict.

PDFium reads it, which forgives much: what it cannot read is an error here, what it reads proves nothing.
"""

from __future__ import annotations

import threading
import unicodedata
from typing import TYPE_CHECKING

from docsign.errors import PdfError, SecretDocumentError
from docsign.pdf.revision import require_whole
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

if TYPE_CHECKING:
    import pypdfium2

MOST_CHARACTERS = 200_000
"""A page with more characters is read so far and no further."""
MOST_PIECES = 5_000

PDFIUM = threading.Lock()
"""PDFium is not thread-safe: whoever uses it holds this."""


def first_page_lines(pdf: bytes, *, password: str | None = None) -> tuple[str, ...]:
    """Return the lines of the first page, NFC, without outer spaces, empty ones left out.

    Every run of text that stands alone (a mark in a box beside other text) is a line of its own too, so a
    line may appear twice. A scan without text gives none. Raises PdfError where the page cannot be read.
    """
    import pypdfium2

    require_whole(pdf)
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf, password=password)
            try:
                found = _lines(document)
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The text of the first page cannot be read: {reason}.", reason=str(error).rstrip("."))
            ) from error
    return tuple(line for text in found if (line := unicodedata.normalize("NFC", text).strip()))


def _lines(document: pypdfium2.PdfDocument) -> list[str]:
    if len(document) == 0:
        raise PdfError(say("The PDF has no page."))
    page = document[0]
    text = page.get_textpage()
    try:
        count = min(text.count_chars(), MOST_CHARACTERS)
        lines: list[str] = str(text.get_text_range(0, count)).splitlines() if count else []
        pieces = min(text.count_rects(0, count), MOST_PIECES) if count else 0
        lines.extend(str(text.get_text_bounded(*text.get_rect(index))) for index in range(pieces))
        return lines
    finally:
        text.close()
        page.close()


def refuse_secret(pdf: bytes, *, password: str | None = None) -> None:
    """Raise SecretDocumentError where a line of the first page is a secrecy mark (QD 28/2018 Art. 1)."""
    for line in first_page_lines(pdf, password=password):
        mark = secrecy_mark(line)
        if mark is not None:
            raise SecretDocumentError(
                say(
                    "The document is marked {mark}; secret documents are not made or sent this way.",
                    mark=mark,
                )
            )
