"""A register as a workbook, as CSV, as pages to print and bind (ND 30/2020 Art. 16, 22; PL VI)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

from docsign.errors import UsageError
from docsign.files import write_file
from docsign.office.register import Register
from docsign.sentence import say

# What a spreadsheet would take for a formula, from whoever wrote the subject.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHARACTERS_PER_MM = 0.62  # of Times New Roman 12 in a spreadsheet's column


def export(register: Register, path: Path, *, created: datetime, volume: int | None = None) -> None:
    """Write the register as ``path`` ends: .xlsx, .csv or .pdf; raises UsageError for another.

    ``volume`` puts the cover of that volume before the pages of a PDF.
    """
    makers = {
        ".xlsx": lambda: to_xlsx(register, created),
        ".csv": lambda: to_csv(register),
        ".pdf": lambda: to_pdf(register, created, volume=volume),
    }
    if volume is not None and path.suffix.lower() != ".pdf":
        raise UsageError(say("Only a register that is printed has a cover: .pdf."), where=str(path))
    make = makers.get(path.suffix.lower())
    if make is None:
        raise UsageError(
            say("A register is written as {endings}.", endings=", ".join(makers)), where=str(path)
        )
    write_file(path, make())


def to_csv(register: Register) -> bytes:
    """Return CSV as spreadsheets read it: UTF-8 with a byte order mark, CRLF, one row of titles.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([column.title for column in register.columns])
    for row in register.rows:
        writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return stream.getvalue().encode("utf-8-sig")


def to_xlsx(register: Register, created: datetime) -> bytes:
    """Return a workbook: title, period, the titles of the columns, every text as text, ready to print across.

    Raises UsageError where XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            say("Writing workbooks needs XlsxWriter, which is not installed."),
            hint=say("Install it with: pip install docsign[office]"),
        ) from error
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties(
        {"title": register.title, "author": register.agency, "created": created.replace(tzinfo=None)}
    )
    face = {"font_name": "Times New Roman", "font_size": 12}
    plain = book.add_format({**face, "text_wrap": True, "valign": "top", "border": 1})
    centred = book.add_format({**face, "text_wrap": True, "valign": "top", "border": 1, "align": "center"})
    head = book.add_format(
        {**face, "bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "align": "center"}
    )
    title = book.add_format({**face, "font_size": 14, "bold": True, "align": "center"})
    period = book.add_format({**face, "italic": True, "align": "center"})
    sheet = book.add_worksheet("Sổ")
    last = len(register.columns) - 1
    sheet.write_string(0, 0, register.agency.upper(), book.add_format(face))
    sheet.merge_range(1, 0, 1, last, register.title, title)
    sheet.merge_range(2, 0, 2, last, register.period, period)
    for place, column in enumerate(register.columns):
        sheet.set_column(place, place, column.width * _CHARACTERS_PER_MM)
        sheet.write_string(3, place, column.title, head)
        sheet.write_string(4, place, f"({place + 1})", head)
    for line, row in enumerate(register.rows, 5):
        for place, (column, text) in enumerate(zip(register.columns, row, strict=True)):
            sheet.write_string(line, place, text, centred if column.centred else plain)
    sheet.freeze_panes(5, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(3, 4)
    sheet.set_footer("&CTrang &P/&N")
    book.close()
    return stream.getvalue()


def to_pdf(register: Register, created: datetime, *, volume: int | None = None) -> bytes:
    """Return the register as PDF/A on A4 across; raises DocumentError, UsageError without Typst.

    With ``volume`` a cover to bind it in stands before: agency, title, period, numbers, number of the volume.
    """
    from docsign.pdf.typeset import typeset

    data = {
        "title": register.title,
        "agency": register.agency,
        "period": register.period,
        "columns": [
            {"title": column.title, "width": column.width, "centred": column.centred}
            for column in register.columns
        ],
        "rows": [list(row) for row in register.rows],
        "cover": None if volume is None else {"lines": _cover(register), "volume": str(volume)},
    }
    return typeset(_template(), data, timestamp=created).pdf


def _cover(register: Register) -> list[str]:
    """Return what a cover says of its pages: the days and the numbers they begin and end with.

    # ND 30/2020 Art. 16, 22: printed in full and bound.
    """
    if not register.rows:
        return []
    keys = [column.key for column in register.columns]
    lines = []
    days = sorted(
        {datetime.strptime(row[keys.index(key)], "%d/%m/%Y").date()  # noqa: DTZ007 -- a day has no zone
         for key in ("day", "arrived") if key in keys
         for row in register.rows if row[keys.index(key)]}
    )  # fmt: skip
    if days:
        lines.append(f"Từ ngày {days[0]:%d/%m/%Y} đến ngày {days[-1]:%d/%m/%Y}")
    place = keys.index("number" if "number" in keys else "code")
    lines.append(f"Từ số {register.rows[0][place]} đến số {register.rows[-1][place]}")
    return lines


@cache
def _template() -> str:
    return (resources.files("docsign.office") / "register.typ").read_text(encoding="utf-8")
