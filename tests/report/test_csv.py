"""Reports as CSV: one line a file, whatever its name, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from docsign.report.csv import COLUMNS, header, to_row
from docsign.verdict import Report


def read(*lines: str) -> list[dict[str, str]]:
    """Read the lines as another program would."""
    return list(csv.DictReader(io.StringIO("\r\n".join(lines), newline="")))


def test_every_report_is_one_line(reports: dict[str, Report]) -> None:
    """With the columns of the header, and a reason in words wherever it did not pass."""
    rows = read(header(), *(to_row(report) for report in reports.values()))
    assert [tuple(row) for row in rows] == [COLUMNS] * len(reports)
    for row, report in zip(rows, reports.values(), strict=True):
        assert row["sha256"] == report.sha256
        assert row["indication"] == report.conclusion.indication
        assert row["reasons"]
    both = rows[list(reports).index("two")]
    assert both["signers"] == "Nguyễn Văn Mẫu; ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"
    assert both["agencies"] == "H99.31; H99.31"


@pytest.mark.parametrize("name", ["=1+1.pdf", "+x", "-x", "@SUM(A1)", "\t=x"])
def test_no_name_is_a_formula(name: str, reports: dict[str, Report]) -> None:
    """A spreadsheet computes nothing that a file's name says."""
    row = read(header(), to_row(replace(reports["one"], file=name)))[0]
    assert row["file"][0] not in "=+-@\t"


@pytest.mark.parametrize("name", ['a,"b".pdf', "a\nb.pdf", "a\r\nb", "a;b", "\x00", ""])
def test_no_name_breaks_the_line(name: str, reports: dict[str, Report]) -> None:
    """Commas and quotes are quoted, line ends and control characters are made visible."""
    line = to_row(replace(reports["one"], file=name))
    assert "\n" not in line
    assert "\r" not in line
    assert len(read(header(), line)) == 1
