"""What stands on the pages of any PDF."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from docsign.document import OfficialDocument
from docsign.document.page_reading import read_pages
from docsign.errors import PdfError

from .samples import CREATED, letter

FOREIGN = Path(__file__).resolve().parents[1] / "pdf" / "foreign"


def test_columns_are_lines_of_their_own() -> None:
    """The number on the left, the date on the right, on one baseline."""
    values = letter(number=5, date=date(2026, 2, 3))
    pdf = read_pages(OfficialDocument.from_mapping(values).to_pdf(CREATED))
    lines = {line.text: line for line in pdf.lines}
    number, day = lines["Số: 05/UBND-VP"], lines["Phường Một, ngày 03 tháng 02 năm 2026"]
    assert number.baseline == pytest.approx(day.baseline, abs=0.5)
    assert (number.size, number.bold, number.italic) == (13, False, False)
    assert (day.size, day.bold, day.italic) == (13, False, True)
    assert lines["Nơi nhận:"].bold
    assert lines["Nơi nhận:"].italic
    assert (pdf.version, pdf.page_count) == ("1.7", 1)
    assert all(pdf.fonts.values())
    assert pdf.pages[0].width == pytest.approx(210, abs=0.5)
    assert pdf.pages[0].height == pytest.approx(297, abs=0.5)


@pytest.mark.parametrize(
    ("name", "words", "size"),
    [
        ("chromium-print.pdf", "Thông báo lịch họp", 24),
        ("libreoffice-writer.pdf", "Người lập báo cáo: Trần Thị Thử.", 14),
    ],
)
def test_other_producers_are_read_too(name: str, words: str, size: float) -> None:
    """Sizes are those on the paper, whatever the producer scales."""
    (line,) = (line for line in read_pages((FOREIGN / name).read_bytes()).lines if line.text == words)
    assert line.size == pytest.approx(size, abs=0.2)


def test_a_scan_has_no_lines() -> None:
    """Its paper can be told."""
    pdf = read_pages((FOREIGN / "scan.pdf").read_bytes())
    assert pdf.lines == ()
    assert pdf.pages[0].width > 100


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nkhong\n%%EOF", b"PK\x03\x04"])
def test_what_is_no_pdf_is_told(data: bytes) -> None:
    """One sentence, no crash."""
    with pytest.raises(PdfError):
        read_pages(data)
