"""Pages as pictures."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from docsign.document import OfficialDocument
from docsign.errors import PdfError
from docsign.pdf.picture import page_pictures
from tests.document.samples import CREATED, decision


def test_every_page_is_a_png_of_its_size() -> None:
    """A4 at 72 dots per inch is 595 by 842, white with black on it."""
    pictures = page_pictures(OfficialDocument.from_mapping(decision()).to_pdf(CREATED), dpi=72)
    assert len(pictures) == 2
    image = Image.open(io.BytesIO(pictures[0]))
    assert (image.format, image.mode) == ("PNG", "RGB")
    assert image.width == pytest.approx(595, abs=1)
    assert image.height == pytest.approx(842, abs=1)
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert 0 in image.convert("L").tobytes()


def test_colours_stand_in_their_order() -> None:
    """The mark of urgency is red, not blue."""
    from tests.document.samples import letter

    pdf = OfficialDocument.from_mapping(letter(urgency="khẩn")).to_pdf(CREATED)
    image = Image.open(io.BytesIO(page_pictures(pdf)[0]))
    colours = {colour for _, colour in image.getcolors(maxcolors=1 << 20) or []}
    assert (220, 0, 0) in colours


def test_what_cannot_be_drawn_is_told() -> None:
    """No crash, one sentence."""
    with pytest.raises(PdfError):
        page_pictures(b"%PDF-1.7\nrubbish\n%%EOF")
