"""The text that an appearance draws, and whether it is drawn plainly."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.boxes import pictures
from docsign.pdf.changes.drawn import Drawn, drawn_text
from tests.pdf.changes.test_boxes import widget

HELVETICA = b"/Type/Font/Subtype/Type1/BaseFont/Helvetica"
FONTS = (
    b"/Font<</He<<" + HELVETICA + b">>"
    b"/Di<<" + HELVETICA + b"/Encoding<</Differences[49/nine]>>>>"
    b"/Le<<" + HELVETICA + b"/Encoding<</Differences[49/one 65/A]>>>>"
    b"/Un<</Type/Font/Subtype/Type0/BaseFont/Mau>>/T3<</Type/Font/Subtype/Type3>>>>"
)


def read(content: bytes) -> Drawn | None:
    """Read the text of an appearance of 90 by 30 points."""
    view, holder = widget(content, FONTS)
    return drawn_text(view, pictures(view, holder)[0], None)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"/Tx BMC q BT /He 9 Tf 0 g 2 5 Td (12/BC) Tj ET Q EMC", "12/BC"),
        (b"BT /He 9 Tf 2 5 Td [(1) -50 (2)] TJ (3) ' ET", "123"),
        (b"BT /He 9 Tf 2 5 Td <3132> Tj ET", "12"),
        (rb"BT /He 9 Tf 2 5 Td (a\(b\)\061) Tj ET", "a(b)1"),
        (b"BT /Le 9 Tf 2 5 Td (1A) Tj ET", "1A"),
        (b"% (an) \nBT /He 9 Tf (1) Tj ET", "1"),
    ],
)
def test_text_is_read(content: bytes, text: str) -> None:
    """Strings in every form, in fonts whose letters are known."""
    drawn = read(content)
    assert drawn is not None
    assert drawn.text == text


@pytest.mark.parametrize(
    "content",
    [
        b"/Im1 Do",
        b"BT /Di 9 Tf (1) Tj ET",
        b"BT /Un 9 Tf (1) Tj ET",
        b"BT /T3 9 Tf (1) Tj ET",
        b"BT /Khong 9 Tf (1) Tj ET",
        b"BT /He 9 Tf 3 Tr (1) Tj ET",
        b"0 0 m 9 9 l S",
        b"BT /He 9 Tf (1",
        b"BT /He 9 Tf (\x01) Tj ET",
        b"(1) Tj" + b" " * 70_000,
    ],
)
def test_what_cannot_be_read_is_not_guessed(content: bytes) -> None:
    """Pictures, unknown letters, lines, modes of showing, broken and long content."""
    assert read(content) is None


@pytest.mark.parametrize(
    ("content", "is_plain"),
    [
        (b"1 g 0 0 90 30 re f 0 g BT /He 9 Tf 2 5 Td (12) Tj ET", True),
        (b"q 1 1 88 28 re W n BT /He 9 Tf 0 0 0 rg 2 5 Td (12) Tj ET Q", True),
        (b"1 5 2 9 re f BT /He 9 Tf 4 5 Td (12) Tj ET", False),
        (b"BT /He 9 Tf 1 g 2 5 Td (12) Tj ET", False),
        (b"BT /He 9 Tf 0 0 0 0 k 2 5 Td (12) Tj ET", False),
        (b"BT /He 9 Tf -9 5 Td (12) Tj ET", False),
        (b"BT /He 9 Tf 0 Tz 2 5 Td (12) Tj ET", False),
        (b"BT /Le 9 Tf 2 5 Td (12) Tj ET", False),
        (b"BT /He 9 Tf 2 5 Td (" + b"1" * 60 + b") Tj ET", False),
    ],
)
def test_plain_is_what_shows_its_text_and_nothing_else(content: bytes, is_plain: bool) -> None:
    """A ground and a frame are borne; bars, white, turned, wide or shifted text are not."""
    drawn = read(content)
    assert drawn is not None
    assert drawn.is_plain is is_plain
