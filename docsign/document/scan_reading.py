"""What the pictures on the pages of a scan are: resolution and colour, as PDFium tells them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docsign.errors import PdfError
from docsign.pdf.revision import require_whole
from docsign.pdf.text import PDFIUM
from docsign.sentence import say

if TYPE_CHECKING:
    import pypdfium2

_GRAY_SPACES = (1, 4)  # FPDF_COLORSPACE_DEVICEGRAY, FPDF_COLORSPACE_CALGRAY
MOST_PAGES = 1000
"""Pages that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPage:
    """A page that is a picture: dots per inch on the paper in the coarser direction; whether in colour."""

    number: int
    dpi: float
    in_colour: bool


def scanned_pages(pdf: bytes) -> tuple[ScannedPage, ...]:
    """Return the pages of which a picture covers the greater part; raises PdfError where none can be read."""
    import pypdfium2

    require_whole(pdf)
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf)
            try:
                return tuple(_scanned(document))
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The page cannot be drawn: {reason}.", reason=str(error).rstrip("."))
            ) from error


def _scanned(document: pypdfium2.PdfDocument) -> Iterator[ScannedPage]:
    import pypdfium2.raw as raw

    for number in range(1, min(len(document), MOST_PAGES) + 1):
        page = document[number - 1]
        width, height = page.get_size()
        for entry in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
            left, bottom, right, top = entry.get_bounds()
            if (right - left) * (top - bottom) < 0.5 * width * height:
                continue
            metadata = raw.FPDF_IMAGEOBJ_METADATA()
            raw.FPDFImageObj_GetImageMetadata(entry.raw, page.raw, ctypes.byref(metadata))
            yield ScannedPage(
                number=number,
                dpi=min(metadata.width / (right - left), metadata.height / (top - bottom)) * 72,
                in_colour=metadata.colorspace not in _GRAY_SPACES and metadata.bits_per_pixel > 8,
            )
        page.close()
