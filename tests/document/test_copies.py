"""Copies (ND 30/2020 Art. 25 to 27, PL I part II): which there are, on paper and electronically."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from docsign.document.copies import CertifiedCopy
from docsign.document.copy_layout import printable
from docsign.document.gallery import finished, finished_copies, samples
from docsign.document.kinds import COPIES, copy_named
from docsign.document.page_reading import read_pages
from docsign.document.parts import Signatory
from docsign.document.scan_reading import scanned_pages
from docsign.envelope import Organization
from docsign.errors import DocumentError
from tests.document.samples import CREATED, Page, box_of, pages_text

NOTICE = next(finished(next(sample for sample in samples() if sample.name == "06-thong-cao")))[1]


def copy(name: str = "sao y", **changes: Any) -> CertifiedCopy:
    """Return a copy on paper of an electronic original."""
    kind = copy_named(name)
    values: dict[str, Any] = {
        "kind": kind, "source": "electronic", "target": "paper", "notation": f"{kind.abbreviation}-UBND",
        "issuer": Organization(code="H99.32", name="Ủy ban nhân dân\nphường Hai"), "place": "Phường Hai",
        "signer": Signatory(position="Chánh Văn phòng", name="Vũ Thị Thí Dụ", authority=("TL. Chủ tịch",)),
        "recipients": ("Các phòng", "Lưu: VT"), "number": "1", "date": date(2026, 2, 3),
    }  # fmt: skip
    return CertifiedCopy(**{**values, **changes})


def scan(dpi: int = 200, mode: str = "RGB", size: tuple[float, float] = (8.27, 11.69)) -> bytes:
    """Return a PDF of one scanned page."""
    image = Image.new(mode, (round(size[0] * dpi), round(size[1] * dpi)), "white")
    output = io.BytesIO()
    image.save(output, "PDF", resolution=dpi)
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "source", "target", "allowed"),
    [
        ("sao y", "paper", "paper", True), ("sao y", "electronic", "paper", True),
        ("sao y", "paper", "electronic", True), ("sao y", "electronic", "electronic", False),
        ("sao lục", "paper", "electronic", True), ("sao lục", "electronic", "electronic", False),
        ("trích sao", "electronic", "electronic", True), ("trích sao", "paper", "paper", True),
    ],
)  # fmt: skip
def test_each_copy_is_made_the_ways_the_decree_knows(
    name: str, source: str, target: str, allowed: bool
) -> None:
    """ND 30/2020 Art. 25."""
    if allowed:
        assert copy(name, source=source, target=target).kind in COPIES
    else:
        with pytest.raises(DocumentError, match="send the electronic original"):
            copy(name, source=source, target=target)


@pytest.mark.parametrize(
    ("changes", "where"),
    [({"notation": "UBND-VP"}, "notation"), ({"number": "x"}, "number"), ({"place": " "}, "place")],
)
def test_a_slip_is_named_with_its_place(changes: dict[str, Any], where: str) -> None:
    """As in a document."""
    with pytest.raises(DocumentError, match=f"^{where}: "):
        copy(**changes)


def test_a_paper_copy_stands_below_the_last_words_under_a_rule() -> None:
    """ND 30/2020 PL I part II, II.2; the note says what is done by hand."""
    ready = copy().to_print(NOTICE)
    assert ready.on_last_page
    assert "in" in ready.note.text("vi")
    assert read_pages(ready.pdf).page_count == read_pages(NOTICE).page_count == 1
    page = Page(ready.pdf)
    assert page.type_of("SAO Y") == ("LiberationSerif-Bold", 14)
    assert page.type_of("Số: 01/SY-UBND") == ("LiberationSerif", 13)
    assert page.type_of("Phường Hai, ngày 03 tháng 02 năm 2026") == ("LiberationSerif-Italic", 13)
    assert page.place("SAO Y")[3] < page.place("Nguyễn Văn Mẫu")[1]
    assert page.centre("PHƯỜNG HAI") < 105 < page.centre("SAO Y")
    assert "Vũ Thị Thí Dụ" in pages_text(ready.pdf)[0]


def test_where_there_is_no_room_it_stands_on_the_back() -> None:
    """The same sheet."""
    long = next(finished(next(sample for sample in samples() if sample.name == "08-huong-dan")))[1]
    ready = copy("sao lục").to_print(long)
    assert not ready.on_last_page
    assert "SAO LỤC" in pages_text(ready.pdf)[-1]
    assert "HƯỚNG DẪN" in pages_text(ready.pdf)[0]


def test_the_same_copy_and_time_give_pages_of_the_same_words() -> None:
    """It can be made again."""
    first, second = (printable(copy(), NOTICE, CREATED)[0] for _ in range(2))
    assert pages_text(first) == pages_text(second)


def test_a_printed_copy_has_no_fields_left() -> None:
    """It is not signed in the file; who checks it later finds no half signature."""
    assert "/AcroForm" not in PdfFileReader(io.BytesIO(copy().to_print(NOTICE).pdf)).root


def test_an_electronic_copy_waits_for_the_agency_in_its_corner() -> None:
    """ND 30/2020 PL I, box 14: the upper right of the first page."""
    made = copy(source="paper", target="electronic").to_electronic(scan())
    fields = PdfFileReader(io.BytesIO(made), strict=False).root["/AcroForm"]["/Fields"]
    (field,) = (entry.get_object() for entry in fields)
    assert field["/T"] == "AgencySignature"
    _, bottom, right, top = box_of(field)
    assert right == pytest.approx(195, abs=1)
    assert 275 < bottom < top < 297


def test_the_words_of_the_corner_name_form_agency_and_time() -> None:
    """In Vietnamese time, ISO 8601's zone behind it."""
    at = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
    assert copy().corner_lines(at) == ("SAO Y; Ủy ban nhân dân phường Hai", "16/11/2026 09:15:30 +07:00")


@pytest.mark.parametrize(
    ("pdf", "sentence"),
    [
        (scan(dpi=150), r"Page 1 of the scan has 150 dpi; 200 at least"),
        (scan(mode="L"), r"Page 1 of the scan is not in colour"),
    ],
)
def test_a_scan_below_the_standard_is_refused(pdf: bytes, sentence: str) -> None:
    """ND 30/2020 PL I part II, I.2."""
    with pytest.raises(DocumentError, match=sentence):
        copy(source="paper", target="electronic").to_electronic(pdf)


def test_the_pictures_of_a_scan_are_measured_on_the_paper() -> None:
    """Dots per inch at the size they are shown."""
    (page,) = scanned_pages(scan(dpi=200))
    assert page.dpi == pytest.approx(200, abs=1)
    assert page.in_colour
    assert scanned_pages(NOTICE) == ()


@pytest.mark.parametrize("target", ["paper", "electronic"])
def test_each_way_has_its_own_call(target: str) -> None:
    """No paper copy is signed as a file, no electronic one printed."""
    made = copy(source="paper", target=target)
    with pytest.raises(DocumentError, match="target: This copy is made"):
        made.to_electronic(scan()) if target == "paper" else made.to_print(NOTICE)


def test_the_gallery_has_each_copy() -> None:
    """In the order of the table."""
    assert [name for name, _ in finished_copies()] == ["31-sao-y", "32-trich-sao", "33-sao-luc"]
