"""A signature stands where it was put and upright, however the page is turned and cut."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from docsign.pdf.fields import AGENCY_SIGNATURE, PERSON_SIGNATURE, Box, SignatureField, TextField, add_fields
from docsign.pdf.picture import page_pictures
from docsign.pki import SigningKey
from docsign.signing import sign
from tests.pdf.reading.making import CATALOG, Writer, stream

PERSON = Box(page=1, left=40, bottom=60, right=220, top=140)
AGENCY = Box(page=1, left=230, bottom=60, right=330, top=140)
NUMBER = Box(page=1, left=40, bottom=20, right=140, top=36)
DPI = 72


def turned(rotation: int) -> bytes:
    """Write a page turned so far, its boxes and turn inherited, with the fields of an official document."""
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(
        2,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate %d "
        b"/MediaBox [0 0 595 842] /CropBox [500 100 50 700] >>" % rotation,
    )
    writer.object(3, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>")
    writer.object(4, stream(b""))
    return add_fields(
        writer.table(),
        [
            SignatureField(name=PERSON_SIGNATURE, box=PERSON),
            SignatureField(name=AGENCY_SIGNATURE, box=AGENCY),
            TextField(name="DocumentNumber", box=NUMBER, size=13),
        ],
    )


def corner(pdf: bytes) -> Image.Image:
    """Return the lower left corner of page 1 as it is shown."""
    picture = Image.open(BytesIO(page_pictures(pdf, dpi=DPI)[0])).convert("L")
    return picture.crop((0, picture.height - 150, 340, picture.height))


@pytest.mark.parametrize("rotation", [90, 180, 270, -90, 450])
def test_what_is_shown_is_the_same_at_every_turn(
    rotation: int, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Name, seal and number: the corner of the page looks as on a page that is not turned."""
    pictures = []
    for pdf in (turned(0), turned(rotation)):
        once = sign(pdf, person_key, role="person")
        pictures.append(corner(sign(once, agency_key, role="agency", number=125)))
    upright, other = pictures
    assert sum(upright.histogram()[:100]) > 100, "nothing was drawn"
    difference = ImageChops.difference(upright, other).histogram()
    assert sum(difference[128:]) < 0.005 * upright.width * upright.height
