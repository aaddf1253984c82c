"""A stamp stands where it is wanted on any PDF, upright, in its size, and hides nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from docsign.errors import DocsignError, DocumentError, UsageError
from docsign.pdf.fields import Box, SignatureField, add_fields
from docsign.pdf.picture import page_pictures
from docsign.pdf.spots import POINTS, Spot
from docsign.pdf.typeset import typeset
from docsign.pdf.writer import SignablePdf
from docsign.pki import SigningKey, Trust
from docsign.signing import IncomingNote, sign
from docsign.verdict import Indication
from docsign.verification import verify
from tests.pdf.reading.making import CATALOG, Writer, stream
from tests.signing.second_opinions import pdfsig, qpdf_accepts
from tests.witnesses.verapdf import assert_pdfa

NOTE = IncomingNote(number="1250", day=date(2026, 11, 20), transfer="Phòng Chuyển đổi số", file_code="01-KH")


@cache
def minutes() -> bytes:
    """Minutes of a meeting, made by no program of ours: no field at all."""
    source = """#set page("a4", margin: 2cm)
#set text(font: "Liberation Serif", size: 14pt)
BIÊN BẢN LÀM VIỆC

Hai bên thống nhất các nội dung sau đây.

#align(right)[*KT. CHỦ TỊCH* #v(3.5cm) *Nguyễn Văn Mẫu*#h(1cm)]
#v(2cm) #h(3cm) (dấu)
"""
    return typeset(source, {}, timestamp=datetime(2026, 11, 16, tzinfo=UTC)).pdf


def boxes(pdf: bytes) -> dict[str, tuple[int, tuple[float, ...]]]:
    """Return page and box of each field that has a place, in whole points."""
    return {
        name: (page, tuple(round(one) for one in box))
        for name, _, page, box in SignablePdf(pdf).drawn_fields()
    }


def test_millimetres_count_from_the_upper_left_corner(
    person_key: SigningKey, signature_png: bytes, trust: Trust, tmp_path: Path
) -> None:
    """The picture keeps its shape, others accept the file, it stays PDF/A, and the verdict is silent."""
    signed = sign(minutes(), person_key, role="person", image=signature_png, place="page=1,x=120,y=180,w=40")
    high = 297 * POINTS
    wanted = (120 * POINTS, high - 200 * POINTS, 160 * POINTS, high - 180 * POINTS)
    assert boxes(signed) == {"Signature1": (1, tuple(round(one) for one in wanted))}
    report = verify(signed, trust=trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED
    assert not report.signatures[0].findings
    qpdf_accepts(signed, tmp_path)
    assert all(one.valid for one in pdfsig(signed, tmp_path))
    assert_pdfa(signed)


def test_person_below_the_title_and_seal_a_third_over_it(
    person_key: SigningKey, agency_key: SigningKey, signature_png: bytes, seal_png: bytes, trust: Trust
) -> None:
    """As the decree wants it, on a PDF that is not ours; the seal is listed for the person's signature."""
    once = sign(minutes(), person_key, role="person", image=signature_png, place="w=45,below:KT. CHỦ TỊCH")
    twice = sign(once, agency_key, role="agency", image=seal_png, place="w=26,third:Signature1")
    placed = boxes(twice)
    person, seal = placed["Signature1"][1], placed["Signature2"][1]
    assert seal[0] < person[0] < seal[2]
    assert seal[2] - person[0] == pytest.approx((person[2] - person[0]) / 3, abs=2)
    report = verify(twice, trust=trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert [finding.code for finding in report.signatures[0].findings] == ["signature-box"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("w=45,marker:KT.", "CHỦ TỊ"),
        ("page=1,x=190,y=10,w=40", "wholly"),
        ("w=30,below:Không có dòng này", "does not show"),
        ("page=2,x=10,y=10", "no page 2"),
        ("marker:n", "stands"),
        ("third:Signature1", "Signature1"),
        ("field:Signature1", "no signature field"),
        ("page=0,x=1,y=1", "not a place"),
        ("x=1", "not a place"),
        ("x=1,y=1,marker:KT", "not a place"),
        ("x=nan,y=1", "not a place"),
        ("x=1,y=1,w=0", "not a place"),
        ("chỗ nào cũng được", "not a place"),
    ],
)
def test_what_cannot_stand_there_is_refused(place: str, words: str, person_key: SigningKey) -> None:
    """The sentence names what would be hidden or what was not understood."""
    with pytest.raises(DocsignError, match=words):
        sign(minutes(), person_key, role="person", place=place)


def test_no_signature_hides_another(
    person_key: SigningKey, agency_key: SigningKey, signature_png: bytes, seal_png: bytes
) -> None:
    """A second person stands nowhere on the first; a seal on no more than a third."""
    once = sign(minutes(), person_key, role="person", image=signature_png, place="page=1,x=120,y=180,w=40")
    with pytest.raises(DocumentError, match="Signature1"):
        sign(once, person_key, role="person", image=signature_png, place="page=1,x=155,y=195,w=40")
    with pytest.raises(DocumentError, match="Signature1"):
        sign(once, agency_key, role="agency", image=seal_png, place="page=1,x=110,y=170,w=36")


def test_an_empty_field_of_theirs_is_drawn_in(
    person_key: SigningKey, signature_png: bytes, trust: Trust
) -> None:
    """Where it has a place; and a document of ours has places of its own."""
    box = Box(page=1, left=300, bottom=200, right=400, top=250)
    pdf = add_fields(minutes(), [SignatureField(name="BenA", box=box)])
    signed = sign(pdf, person_key, role="person", image=signature_png, place="field:BenA")
    assert verify(signed, trust=trust).conclusion.indication is Indication.TOTAL_PASSED
    before, after = (Image.open(BytesIO(page_pictures(one)[0])) for one in (pdf, signed))
    assert ImageChops.difference(before, after).getbbox() is not None


def test_a_document_of_ours_keeps_its_own_places(
    letter: bytes, by_both: bytes, person_key: SigningKey
) -> None:
    """Nobody signs beside the place that waits for him, and no person after the agency."""
    for pdf in (letter, by_both):
        with pytest.raises(DocumentError):
            sign(pdf, person_key, role="person", place="page=1,x=20,y=250,w=20")


def _turned(rotation: int) -> bytes:
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(
        2,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate %d "
        b"/MediaBox [0 0 595 842] /CropBox [550 100 50 600] >>" % rotation,
    )
    writer.object(3, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>")
    writer.object(4, stream(b""))
    return writer.table()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_and_cut_page_shows_the_same(
    rotation: int, person_key: SigningKey, agency_key: SigningKey, signature_png: bytes
) -> None:
    """Turn and cut are inherited; the page is square, so both pictures can be laid over each other."""
    shown = []
    for pdf in (_turned(0), _turned(rotation)):
        once = sign(pdf, person_key, role="person", image=signature_png, place="x=5,y=5,w=40")
        shown.append(
            Image.open(BytesIO(page_pictures(sign(once, agency_key, role="agency", incoming=NOTE))[0]))
        )
    assert min(shown[0].convert("L").tobytes()) < 100
    difference = ImageChops.difference(shown[0].convert("L"), shown[1].convert("L")).histogram()
    assert sum(difference[128:]) < 0.005 * shown[0].width * shown[0].height


def test_the_note_of_arrival_stands_on_white(
    by_both: bytes, province_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """The receiver signs it; the issuer's two signatures still pass, and the file is still PDF/A."""
    noted = sign(by_both, province_key, role="agency", incoming=NOTE)
    report = verify(noted, trust=trust, policy="official")
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert [one.role for one in report.signatures] == ["person", "agency", "agency"]
    assert all(change.allowed for one in report.signatures for change in one.changes)
    before, after = (
        Image.open(BytesIO(page_pictures(one, dpi=72)[0])).convert("L") for one in (by_both, noted)
    )
    where = boxes(noted)["Signature1"][1]
    high = before.height
    ground = before.crop((where[0], high - where[3], where[2], high - where[1]))
    assert min(ground.tobytes()) > 250, "something lies under the note"
    assert ImageChops.difference(before, after).getbbox() is not None
    assert where[2] - where[0] >= 0.6 * 50 * POINTS - 1
    assert (where[2] - where[0]) * 35 == pytest.approx((where[3] - where[1]) * 50, rel=0.03)
    assert_pdfa(noted)
    assert all(one.valid for one in pdfsig(noted, tmp_path))


def test_the_note_comes_after_the_issuer(
    by_person: bytes, by_both: bytes, province_key: SigningKey, person_key: SigningKey
) -> None:
    """It is an agency's, never the person's, and never before the issuing agency has signed."""
    with pytest.raises(DocumentError, match="place of its own"):
        sign(by_person, province_key, role="agency", incoming=NOTE)
    with pytest.raises(UsageError, match="receiving agency"):
        sign(by_both, person_key, role="person", incoming=NOTE)
    with pytest.raises(UsageError, match="no meaning"):
        sign(by_both, province_key, role="agency", incoming=NOTE, number=1)
    with pytest.raises(UsageError, match="cannot hold"):
        IncomingNote(number="", day=date(2026, 11, 20))


def test_a_full_page_has_no_white_place(province_key: SigningKey) -> None:
    """Then the clerk says where, and nothing is drawn over the text."""
    text = (
        '#set page("a4", margin: 5mm)\n#set text(font: "Liberation Serif", size: 14pt)\n' + "Kính gửi " * 900
    )
    pdf = typeset(text, {}, timestamp=datetime(2026, 11, 16, tzinfo=UTC)).pdf
    with pytest.raises(DocumentError, match="no white place"):
        sign(pdf, province_key, role="agency", incoming=NOTE)


def test_words_become_a_place() -> None:
    """Every form that is described, with its page and sizes."""
    assert Spot.of("page=2, x=10, y=20.5, w=30, h=15") == Spot(page=2, left=10, top=20.5, width=30, height=15)
    assert Spot.of("page=3,w=40,above:Người ký, đóng dấu") == Spot(
        page=3, width=40, relation="above", text="Người ký, đóng dấu"
    )
    assert Spot.of("field:Bên A") == Spot(field="Bên A")


@given(st.text() | st.from_regex(r"((page|x|y|w|h)=[-0-9.einfa]{0,6},?){0,5}(marker:|field:|third:)?.{0,5}"))
def test_odd_words_are_a_place_or_a_sentence(words: str) -> None:
    """Nothing else is raised, and a place that is understood has numbers that can be drawn."""
    try:
        spot = Spot.of(words)
    except UsageError:
        return
    numbers = [one for one in (spot.left, spot.top, spot.width, spot.height) if one is not None]
    assert all(0 <= one <= 5000 for one in numbers)
    assert bool(spot.text) + bool(spot.field) + (spot.left is not None) == 1
