"""What covers text on a page, and what only stands near it."""

from __future__ import annotations

import pytest

from docsign.pdf.overlays import covered_pages
from docsign.pdf.reading import read_pdf
from tests.pdf.honest.make.by_hand import plain, small_document, stream

TEXT = b"BT /F1 16 Tf 72 700 Td (Chi 1.000.000 dong) Tj ET "
WHITE = b"1 1 1 rg 0 0 200 60 re f"
RING = b"1 0 0 RG 2 w 2 2 196 56 re S"


def covered(content: bytes, form: bytes = WHITE, *, note: bytes = b"", mask: bytes = b"") -> list[int]:
    """Say what is covered on a page that draws the form X1 (200 by 60 points) or the image X2."""
    objects = small_document()
    objects[5] = objects[5].replace(b"/Resources<<", b"/Resources<</XObject<</X1 7 0 R/X2 8 0 R>>")
    objects[6] = stream(content)
    objects[7] = stream(form, b"/Type/XObject/Subtype/Form/BBox[0 0 200 60]")
    image = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"
    objects[8] = stream(b"\xff", image + mask)
    if note:
        objects[5] = objects[5].replace(b"/Contents", b"/Annots[9 0 R]/Contents")
        objects[9] = b"<</Type/Annot/Rect[60 680 260 740]/AP<</N 7 0 R>>/Subtype/" + note + b">>"
    return covered_pages(read_pdf(plain(objects)).view())


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        (TEXT + b"q 1 0 0 1 60 680 cm /X1 Do Q", [1]),
        (TEXT + b"q 200 0 0 60 60 680 cm /X2 Do Q", [1]),
        (TEXT + b"q 2 0 0 2 0 0 cm q 1 0 0 1 30 340 cm /X1 Do Q Q", [1]),
        (b"BT 1 0 0 1 72 700 Tm /F1 9 Tf (a) ' ET q 1 0 0 1 60 680 cm /X1 Do Q", [1]),
        (b"BT 14 TL 72 728 Td (a) Tj T* (b) Tj T* (c) Tj ET q 1 0 0 1 60 690 cm /X1 Do Q", [1]),
        (b"q 1 0 0 1 60 680 cm /X1 Do Q " + TEXT, []),
        (TEXT + b"q 1 0 0 1 300 680 cm /X1 Do Q", []),
        (TEXT + b"q 1 0 0 1 60 100 cm /X1 Do Q", []),
        (b"BT 3 Tr 72 700 Td (chu an) Tj ET q 1 0 0 1 60 680 cm /X1 Do Q", []),
        (TEXT + b"/Khong Do", []),
        (TEXT + b"BI /W 1 /H 1 ID \xff EI q 1 0 0 1 60 100 cm /X1 Do Q", []),
        (TEXT + b"( /X1 Do", []),
        (b"", []),
    ],
)
def test_a_picture_over_text_is_found(content: bytes, pages: list[int]) -> None:
    """By where text begins and where the picture is put, in whatever coordinates; hidden text is none."""
    assert covered(content) == pages


def test_what_can_be_seen_through_covers_nothing() -> None:
    """A frame, and an image with a mask."""
    over = TEXT + b"q 1 0 0 1 60 680 cm /X1 Do Q"
    assert covered(over, RING) == []
    assert covered(TEXT + b"q 200 0 0 60 60 680 cm /X2 Do Q", mask=b"/SMask 8 0 R") == []


def test_a_note_over_text_is_found() -> None:
    """An opaque annotation; links and fields are none."""
    assert covered(TEXT, note=b"Square") == [1]
    assert covered(TEXT, RING, note=b"Square") == []
    assert covered(TEXT, note=b"Link") == []
