"""Registers as files: read back by another program, by a spreadsheet's rules, and from the printed page."""

from __future__ import annotations

import csv
import io
import sys
from datetime import datetime
from pathlib import Path

import openpyxl
import pypdfium2 as pdfium
import pytest

from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import FileUnusableError, UsageError
from docsign.office.export import export, to_csv, to_pdf, to_xlsx
from docsign.office.register import INCOMING_COLUMNS, Register

CREATED = datetime(2026, 11, 16, 9, 0, tzinfo=VIETNAM_TIME)
SUBJECT = "Công văn hướng dẫn quản lý, sử dụng chữ ký số"


def register(count: int) -> Register:
    """Return an incoming register of so many lines."""
    return Register(
        title="SỔ ĐĂNG KÝ VĂN BẢN ĐẾN",
        agency="Ủy ban nhân dân phường Một",
        period="Năm 2026",
        columns=INCOMING_COLUMNS,
        rows=tuple(
            (
                "16/11/2026",
                f"{n:02d}",
                "Ủy ban nhân dân tỉnh Mẫu",
                f"{40 + n}/UBND-TH",
                "14/11/2026",
                SUBJECT,
                "Văn phòng",
                "16/11/2026",
                "",
                '=HYPERLINK("http://x.example")' if n == 2 else "",
            )
            for n in range(1, count + 1)
        ),
    )


def test_csv_shows_vietnamese_in_a_spreadsheet() -> None:
    """UTF-8 with its mark, CRLF, titles, every row; nothing a spreadsheet would compute."""
    data = to_csv(register(3))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 4
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0] == [column.title for column in INCOMING_COLUMNS]
    assert rows[1][5] == SUBJECT
    assert rows[2][-1] == '\'=HYPERLINK("http://x.example")'


def test_a_workbook_is_read_by_another_program() -> None:
    """Ten columns, texts as texts (01 stays 01, a formula stays its letters), ready to print across on A4."""
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(register(3), CREATED)))
    sheet = book.active
    rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0] == [column.title for column in INCOMING_COLUMNS]
    assert rows[1] == [f"({n})" for n in range(1, 11)]
    assert rows[2:] == [list(row) for row in register(3).rows]
    assert {cell.data_type for cell in sheet[7] if cell.value} == {"s"}
    assert sheet["A2"].value == "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$4:$5"


def test_the_printed_register_has_its_columns_on_every_page() -> None:
    """A4 across, the head repeated, the exact Vietnamese text, the pages counted."""
    pdf = to_pdf(register(40), CREATED)
    document = pdfium.PdfDocument(pdf)
    assert len(document) > 1
    for number, page in enumerate(document, 1):
        width, height = page.get_size()
        assert (round(width), round(height)) == (842, 595)
        text = " ".join(page.get_textpage().get_text_bounded().split())
        assert "Tên loại và trích yếu nội dung văn bản" in text
        assert f"Trang {number}/{len(document)}" in text
    assert "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN" in document[0].get_textpage().get_text_bounded()
    document.close()
    assert to_pdf(register(40), CREATED) == pdf


def test_an_empty_register_says_so() -> None:
    """A page with the head and a word."""
    document = pdfium.PdfDocument(to_pdf(register(0), CREATED))
    assert "Không có văn bản." in document[0].get_textpage().get_text_bounded()
    document.close()


@pytest.mark.parametrize(
    ("ending", "start"), [(".csv", b"\xef\xbb\xbf"), (".XLSX", b"PK"), (".pdf", b"%PDF")]
)
def test_the_ending_says_the_form(tmp_path: Path, ending: str, start: bytes) -> None:
    """Whole or not at all, as every file."""
    path = tmp_path / f"so{ending}"
    export(register(1), path, created=CREATED)
    assert path.read_bytes().startswith(start)


def test_other_endings_and_places_are_refused(tmp_path: Path) -> None:
    """Said in a sentence, before anything is written."""
    with pytest.raises(UsageError, match=r"\.xlsx, \.csv, \.pdf"):
        export(register(1), tmp_path / "so.doc", created=CREATED)
    with pytest.raises(FileUnusableError):
        export(register(1), tmp_path / "khong-co" / "so.csv", created=CREATED)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV needs nothing, a workbook names what to install."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert to_csv(register(1))
    with pytest.raises(UsageError, match="office"):
        to_xlsx(register(1), CREATED)


def test_a_bound_register_has_a_cover(tmp_path: Path) -> None:
    """The cover says whose register it is, of when, from which number to which, and the volume."""
    pdf = pdfium.PdfDocument(to_pdf(register(30), CREATED, volume=2))
    cover = pdf[0].get_textpage().get_text_range()
    for words in (
        "ỦY BAN NHÂN DÂN PHƯỜNG MỘT",
        "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN",
        "Năm 2026",
        "Từ ngày 16/11/2026 đến ngày 16/11/2026",
        "Từ số 01 đến số 30",
        "Quyển số: 2",
    ):
        assert words in cover
    assert "Trang" not in cover
    assert f"Trang 1/{len(pdf) - 1}" in pdf[1].get_textpage().get_text_range()
    with pytest.raises(UsageError, match="cover"):
        export(register(1), tmp_path / "so.csv", created=CREATED, volume=2)
