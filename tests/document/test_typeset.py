"""Typst behind one function: our fonts, data and never markup, places, clear refusals."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta, timezone

import pypdfium2 as pdfium
import pytest
from PIL import Image

from docsign.errors import DocumentError, UnprintableError, UsageError
from docsign.pdf.typeset import IMAGE_LIMIT, typeset

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=timezone(timedelta(hours=7)))
PAGE = '#set page("a4", margin: 0pt); #set text(font: "Liberation Serif", size: 14pt);\n'
EVERY_LETTER = "ẮẰẲẴẶĂ ấầẩẫậâ ẾỀỂỄỆÊ ốồổỗộô ỚỜỞỠỢƠ ứừửữựư ỲÝỶỸỴ Đđ"


def text_of(pdf: bytes) -> str:
    """Return the text of the first page."""
    document = pdfium.PdfDocument(pdf)
    return str(document[0].get_textpage().get_text_bounded()).replace("\r\n", "\n")


def test_all_vietnamese_letters_come_back_as_typed() -> None:
    """Every tone on every vowel is printed, and extracted in NFC."""
    pdf = typeset(PAGE + "#data.text", {"text": EVERY_LETTER}, timestamp=NOON).pdf
    assert text_of(pdf).strip() == EVERY_LETTER


def test_data_is_never_markup() -> None:
    """What looks like Typst's own language is printed as it stands."""
    nasty = '#read("/etc/passwd") *đậm* $x$ @nhãn // không phải chú thích'
    assert text_of(typeset(PAGE + "#data.text", {"text": nasty}, timestamp=NOON).pdf).strip() == nasty


def test_the_file_ends_with_a_line_end_so_that_a_revision_can_follow() -> None:
    """PDF/A wants the next revision to begin on a line of its own."""
    assert typeset(PAGE + "a", {}, timestamp=NOON).pdf.endswith(b"%%EOF\n")


def test_the_same_input_gives_the_same_bytes() -> None:
    """The time is the caller's, and nothing else changes."""
    one, two = (typeset(PAGE + "#data.t", {"t": "Số: 05"}, timestamp=NOON).pdf for _ in range(2))
    assert one == two
    assert one != typeset(PAGE + "#data.t", {"t": "Số: 05"}, timestamp=NOON + timedelta(seconds=1)).pdf


def test_marked_places_are_in_pdf_coordinates() -> None:
    """The corner is the lower left one, the unit the point, the page counts from 1."""
    source = PAGE + '#pagebreak()\n#place(top + left, dx: 100pt, dy: 50pt, marked("chữ ký", 30pt, 20pt))'
    (place,) = typeset(source, {}, timestamp=NOON).places
    assert (place["name"], place["page"]) == ("chữ ký", 2)
    height = 297 / 25.4 * 72
    corners = (place["left"], place["bottom"], place["right"], place["top"])
    assert corners == pytest.approx((100, height - 70, 130, height - 50))


def test_a_picture_is_drawn_from_its_bytes() -> None:
    """A stamp's picture comes from the caller and never from a path."""
    stream = io.BytesIO()
    Image.new("RGBA", (20, 10), (200, 0, 0, 120)).save(stream, "PNG")
    pdf = typeset(
        PAGE + '#picture("seal", width: 100pt)', {}, timestamp=NOON, images={"seal": stream.getvalue()}
    ).pdf
    assert b"/Image" in pdf


@pytest.mark.parametrize(("text", "name"), [("Số 5 😀", "U+1F600"), ("漢", "U+6F22"), ("\x00", "U+0000")])
def test_a_character_without_a_glyph_is_named(text: str, name: str) -> None:
    """No empty boxes in an official document."""
    with pytest.raises(UnprintableError, match=name.replace("+", r"\+")):
        typeset(PAGE + "#data.text", {"text": text}, timestamp=NOON)


def test_what_typst_refuses_is_one_sentence() -> None:
    """A broken picture or source is a DocumentError, not an exception of another's."""
    with pytest.raises(DocumentError, match="cannot be laid out"):
        typeset(PAGE + '#picture("seal")', {}, timestamp=NOON, images={"seal": b"not a picture"})
    with pytest.raises(DocumentError, match="cannot be laid out"):
        typeset("#unknown", {}, timestamp=NOON)


def test_a_huge_picture_and_a_time_without_zone_are_refused() -> None:
    """Bounds are checked before Typst sees anything."""
    with pytest.raises(DocumentError, match="too large"):
        typeset("a", {}, timestamp=NOON, images={"seal": bytes(IMAGE_LIMIT + 1)})
    with pytest.raises(UsageError, match="time zone"):
        typeset("a", {}, timestamp=datetime(2026, 1, 1))  # noqa: DTZ001 -- what is tested


def test_without_typst_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install has no layout engine."""
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match="docsign\\[layout\\]"):
        typeset("a", {}, timestamp=datetime(2026, 1, 1, tzinfo=UTC))
