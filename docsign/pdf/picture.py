"""A page of a PDF as a PNG picture, for eyes; never for a verdict. PDFium draws it."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from docsign.errors import PdfError
from docsign.pdf.revision import require_whole
from docsign.pdf.text import PDFIUM
from docsign.sentence import say

if TYPE_CHECKING:
    import pypdfium2

DPI_LIMIT = 300
"""The finest resolution drawn, in dots per inch."""
MOST_DOTS = 40_000_000
"""The largest picture drawn, in dots: A3 at 300 dpi is 17 million."""


def page_pictures(pdf: bytes, *, dpi: int = 96) -> tuple[bytes, ...]:
    """Return each page as PNG, form fields drawn; raises PdfError where it cannot be drawn."""
    import pypdfium2

    require_whole(pdf)
    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf)
            try:
                document.init_forms()
                return tuple(
                    _picture(document[number], min(dpi, DPI_LIMIT)) for number in range(len(document))
                )
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The page cannot be drawn: {reason}.", reason=str(error).rstrip("."))
            ) from error


def _picture(page: pypdfium2.PdfPage, dpi: int) -> bytes:
    scale = dpi / 72
    width, height = page.get_size()
    if width * height * scale * scale > MOST_DOTS:
        raise PdfError(say("The page cannot be drawn: {reason}.", reason=f"{width:.0f} × {height:.0f} pt"))
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    try:
        pixels, stride = bytes(bitmap.buffer), bitmap.stride
        return _png(pixels, stride, bitmap.width, bitmap.height)
    finally:
        bitmap.close()
        page.close()


def _png(pixels: bytes, stride: int, width: int, height: int) -> bytes:
    """Write rows of RGB as PNG."""
    rows = b"".join(b"\0" + pixels[row * stride : row * stride + 3 * width] for row in range(height))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 6))
        + chunk(b"IEND", b"")
    )
