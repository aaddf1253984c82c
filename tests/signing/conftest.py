"""A letter of the invented commune, its pictures, and the letter signed once and twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from docsign.document import OfficialDocument
from docsign.pki import SigningKey
from docsign.signing import sign

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = sorted((ROOT / "tests" / "pdf" / "foreign").glob("*.pdf"))
CREATED = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def letter() -> bytes:
    """An official letter, laid out and not signed; number and date are not given yet."""
    return OfficialDocument.from_path(ROOT / "examples" / "letter.toml").to_pdf(CREATED)


@pytest.fixture(scope="session")
def signature_png() -> bytes:
    """A blue scribble on a transparent ground."""
    image = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    points = [(10, 180), (60, 40), (110, 170), (150, 60), (200, 150), (260, 30), (330, 140), (390, 90)]
    ImageDraw.Draw(image).line(points, fill=(20, 40, 170, 255), width=9, joint="curve")
    return png(image)


@pytest.fixture(scope="session")
def seal_png() -> bytes:
    """Two red rings on a transparent ground."""
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((6, 6, 394, 394), outline=(210, 20, 30, 255), width=9)
    draw.ellipse((60, 60, 340, 340), outline=(210, 20, 30, 255), width=4)
    return png(image)


@pytest.fixture(scope="session")
def by_person(letter: bytes, person_key: SigningKey, signature_png: bytes) -> bytes:
    """The letter, signed by the competent person."""
    return sign(letter, person_key, role="person", image=signature_png)


@pytest.fixture(scope="session")
def by_both(by_person: bytes, agency_key: SigningKey, seal_png: bytes) -> bytes:
    """The letter with number and date, signed by person and agency."""
    return sign(by_person, agency_key, role="agency", number=5, date=date(2026, 11, 16), image=seal_png)


def png(image: Image.Image) -> bytes:
    """Return the picture as PNG."""
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
