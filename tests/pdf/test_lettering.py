"""Lines set from a face that was prepared once: the right letters, the right widths, in their place."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from docsign.errors import DocumentError
from docsign.pdf import syntax
from docsign.pdf.fields import (
    AGENCY_SIGNATURE,
    ALIGNMENTS,
    Box,
    SignatureField,
    add_fields,
    register,
    signature_widget,
)
from docsign.pdf.lettering import corner_text, field_text, lettering
from docsign.pdf.picture import page_pictures
from docsign.pdf.revision import Revision
from docsign.pdf.stamp import PreparedAppearance, draw, text_appearance
from docsign.pdf.typeset import typeset
from docsign.pki import SigningKey
from docsign.signing import sign
from tests.pdf.reading.making import one_page

AT = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
TIME = "16/11/2026 09:15:30 +07:00"
TEXT = "Ủy ban nhân dân xã Thử Nghiệm; ố ữ ẵ Đ"


def test_widths_are_those_of_typst() -> None:
    """To a tenth of a point, kerning apart."""
    source = (
        "#set page(width: 400pt, height: 60pt, margin: 4pt)\n"
        '#set text(font: "Liberation Serif", size: 10pt, kerning: false)\n'
        '#data.text #context place(marked("line", measure(data.text).width, 1pt))'
    )
    place = typeset(source, {"text": TEXT}, timestamp=AT).places[0]
    assert lettering(TEXT).width(TEXT, 10) == pytest.approx(place["right"] - place["left"], abs=0.1)


def test_a_long_line_is_broken_and_a_high_text_drawn_smaller() -> None:
    """The form grows with the text; drawn into its box it shrinks as a whole."""
    set_ = lettering("abc ").lines(["aaa bbb ccc"], width=20, height=12, size=10, align="left")
    assert set_.content is not None
    assert set_.content.count(b"Tj") == 3
    assert (set_.width, set_.height) == (20, 36)
    assert lettering("abc ").lines(["a"], width=20, height=40, size=10, align="left").height == 40


def test_a_character_that_was_not_prepared_is_an_error_of_the_program() -> None:
    """Whoever sets a line prepares its characters."""
    with pytest.raises(KeyError):
        lettering("abc").width("d", 10)


def _shown(appearance: PreparedAppearance) -> Image.Image:
    """Draw an appearance alone on a page."""
    revision = Revision.of(one_page().table())
    number, widget = signature_widget(
        revision,
        "Text",
        revision.page(1),
        (20, 20, 20 + appearance.width, 20 + appearance.height),
        picture=draw(revision, appearance, width=appearance.width, height=appearance.height),
    )
    revision.add(syntax.dictionary(widget), number)
    revision.annotate(revision.page(1), number)
    register(revision, [number])
    return Image.open(BytesIO(page_pictures(revision.whole(), dpi=144)[0])).convert("L")


@pytest.mark.parametrize(("text", "italic"), [("0125", False), ("ngày 16 tháng 11 năm 2026", True)])
def test_number_and_date_look_as_typst_sets_them(text: str, italic: bool) -> None:
    """Upright or italic, left or centred; Typst is asked once for all numbers and dates."""
    for align in ALIGNMENTS:
        ours, theirs = (
            _shown(made(text, width=180, height=18, size=13, italic=italic, align=align))
            for made in (field_text, text_appearance)
        )
        dark = [sum(one.histogram()[:128]) for one in (ours, theirs)]
        assert dark[1] > 100
        assert dark[0] == pytest.approx(dark[1], rel=0.05), align
        edges = [one.point(lambda value: 255 * (value < 128)).getbbox() for one in (ours, theirs)]
        assert edges[0] == pytest.approx(edges[1], abs=5), align  # kerning: two points in a whole date
    before = text_appearance.cache_info().misses
    made = {
        field_text(f"{number:02}", width=40, height=18, size=13, italic=False, align="left").pdf
        for number in range(300, 330)
    }
    assert len(made) == 1
    assert text_appearance.cache_info().misses == before
    with pytest.raises(DocumentError, match="does not fit"):
        field_text("1234567", width=20, height=18, size=13, italic=False, align="left")


def test_a_face_is_prepared_once() -> None:
    """Only number and time vary from signature to signature."""
    before = lettering.cache_info().misses
    made = {corner_text(f"{number}/UBND-VX", AT, (212, 28)).pdf for number in range(1, 40)}
    assert len(made) == 1
    assert lettering.cache_info().misses <= before + 1


@pytest.mark.parametrize(
    ("label", "number", "words"),
    [
        ("SAO Y; Ủy ban nhân dân xã Thử", None, ["SAO Y; Ủy ban nhân dân xã Thử", TIME]),
        ("/UBND-VX", "125", [f"125/UBND-VX; {TIME}"]),
        ("", None, [TIME]),
    ],
)
def test_the_corner_says_what_the_decree_wants(
    label: str, number: str | None, words: list[str], agency_key: SigningKey, tmp_path: Path
) -> None:
    """ND 30/2020 PL I: number and notation, or form and agency, and the time with Vietnam's zone."""
    box = Box(page=1, left=340, bottom=780, right=552, top=808)
    pdf = add_fields(one_page(b"").table(), [SignatureField(name=AGENCY_SIGNATURE, box=box, label=label)])
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(sign(pdf, agency_key, role="agency", number=number, at=AT, check=False))
    said = subprocess.run(["pdftotext", "-layout", signed, "-"], capture_output=True, text=True, check=True)
    assert [line.strip() for line in said.stdout.splitlines() if line.strip()] == words
