"""Rules of form: samples keep them all; each breach of one is found, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docsign.cli import docsign, run
from docsign.cli.check import check
from docsign.document import OfficialDocument
from docsign.document.check_parts import closing_parts, text_parts
from docsign.document.check_pdf import check_pdf
from docsign.document.check_values import check_values
from docsign.document.gallery import finished, samples
from docsign.document.page_reading import Line, ReadPdf, read_pages
from docsign.document.rules import RULES, State, answer

from .samples import EXAMPLES, letter

FOREIGN = Path(__file__).resolve().parents[1] / "pdf" / "foreign"
SAMPLES = {sample.name: sample for sample in samples()}


@cache
def sample(name: str) -> ReadPdf:
    """Return the pages of a sample as they are read."""
    return read_pages(next(finished(SAMPLES[name]))[1])


def changed(pdf: ReadPdf, beginning: str, **values: Any) -> ReadPdf:
    """Return the pages with the first line that begins so changed."""
    number, old = next(
        (page.number, line)
        for page in pdf.pages
        for line in page.lines
        if line.text == beginning or (len(beginning) > 1 and line.text.startswith(beginning))
    )
    new: Line = replace(old, **values)
    pages = tuple(
        replace(page, lines=tuple(new if line is old else line for line in page.lines))
        if page.number == number
        else page
        for page in pdf.pages
    )
    return replace(pdf, pages=pages)


def broken(pdf: ReadPdf) -> set[str]:
    """Return the names of the rules that these pages break."""
    return {result.rule.name for result in check_pdf(pdf, name="x").broken}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_keeps_every_rule(name: str) -> None:
    """Read back from the PDF, and as values."""
    assert broken(sample(name)) == set()
    assert [result for result in check_values(SAMPLES[name].document) if result.state is State.BROKEN] == []


LETTER, DECISION, RULES_TEXT, LONG = "18-cong-van", "02-quyet-dinh", "05-quy-dinh", "12-de-an"


@pytest.mark.parametrize(
    ("name", "line", "values", "rule"),
    [
        (LETTER, "CỘNG HÒA", {"size": 14.0}, "country"),
        (LETTER, "CỘNG HÒA", {"bold": False}, "country"),
        (LETTER, "CỘNG HÒA", {"left": 30.0, "right": 90.0}, "country"),
        (LETTER, "Độc lập", {"text": "Độc lập – Tự do – Hạnh phúc"}, "motto"),
        (LETTER, "Độc lập", {"size": 12.0}, "motto"),
        (LETTER, "PHƯỜNG MỘT", {"bold": False}, "issuer"),
        (LETTER, "Số: 18", {"size": 14.0}, "number"),
        (LETTER, "Số: 18", {"italic": True}, "number"),
        (LETTER, "Số: 18", {"text": "Số: 8/UBND-VP"}, "number-form"),
        (LETTER, "Số: 18", {"text": "Số: 18 / UBND-VP"}, "number-form"),
        (LETTER, "Số: 18", {"text": "Số: 18/QĐ-UBND"}, "notation"),
        (DECISION, "Số: 02", {"text": "Số: 02/QD-UBND"}, "notation"),
        (LETTER, "Phường Một, ngày", {"italic": False}, "date"),
        (LETTER, "Phường Một, ngày", {"text": "Phường Một, ngày 6 tháng 11 năm 2026"}, "date-form"),
        (LETTER, "Phường Một, ngày", {"text": "Phường Một, ngày 16 tháng 2 năm 2026"}, "date-form"),
        (LETTER, "Phường Một, ngày", {"text": "Phường Một, ngày 31 tháng 11 năm 2026"}, "date-form"),
        (LETTER, "V/v", {"size": 14.0}, "subject-of-letter"),
        (LETTER, "Kính gửi", {"bold": True}, "addressees"),
        (LETTER, "KHẨN", {"bold": False}, "urgency"),
        (LETTER, "LƯU HÀNH", {"size": 12.0}, "circulation"),
        (LETTER, "Nơi nhận", {"italic": False}, "recipients"),
        (LETTER, "Nơi nhận", {"text": "Nơi nhận"}, "recipients"),
        (LETTER, "- Như trên", {"size": 12.0}, "recipients-list"),
        (LETTER, "- Như trên", {"text": "- Như trên,"}, "recipients-list"),
        (LETTER, "- Lưu: VT", {"text": "- Lưu: VP."}, "recipients-filed"),
        (LETTER, "TM. ỦY BAN", {"size": 12.0}, "authority"),
        (LETTER, "Nguyễn Văn Mẫu", {"text": "ThS. Nguyễn Văn Mẫu"}, "signer-titles"),
        (LETTER, "Nguyễn Văn Mẫu", {"size": 12.0}, "signer-name"),
        (LETTER, "1. Rà soát", {"left": 24.0}, "margin-left"),
        (LETTER, "1. Rà soát", {"right": 199.0}, "margin-right"),
        (LETTER, "Địa chỉ", {"bottom": 12.0}, "margin-bottom"),
        (LETTER, "1. Rà soát", {"text": "MẬT"}, "secrecy"),
        (DECISION, "QUYẾT ĐỊNH", {"size": 16.0}, "title"),
        (DECISION, "Căn cứ Luật", {"text": "Căn cứ Luật Tổ chức"}, "bases"),
        (DECISION, "Điều 2.", {"text": "Điều 4. Có hiệu lực."}, "articles"),
        (RULES_TEXT, "Chương II", {"text": "Chương 2"}, "divisions"),
        (RULES_TEXT, "Mục 1", {"bold": False}, "divisions"),
        (LONG, "2", {"size": 11.0}, "page-numbers"),
        (LONG, "2", {"left": 180.0, "right": 183.0}, "page-numbers"),
        (LONG, "2", {"bottom": 5.0, "top": 9.0}, "page-numbers"),
    ],
)
def test_each_breach_is_found(name: str, line: str, values: dict[str, Any], rule: str) -> None:
    """With its clause and the page."""
    report = check_pdf(changed(sample(name), line, **values), name="x")
    results = {result.rule.name: result for result in report.broken}
    assert rule in results
    assert results[rule].rule.clause
    assert results[rule].text("vi") != results[rule].text("en")


def test_sheet_and_fonts_are_judged() -> None:
    """Letter paper, an old version, another typeface, one that is not embedded, legacy Vietnamese fonts."""
    pdf = sample(LETTER)
    (page,) = pdf.pages
    assert "paper" in broken(replace(pdf, pages=(replace(page, width=215.9, height=279.4),)))
    assert broken(replace(pdf, version="1.3")) == {"pdf-version"}
    assert broken(replace(pdf, fonts={"Arial": True})) == {"typeface"}
    assert broken(replace(pdf, fonts={".VnTime": True})) == {"typeface"}
    assert broken(replace(pdf, fonts={"TimesNewRomanPSMT": False})) == {"fonts-embedded"}


def test_what_is_known_from_memory_only_advises() -> None:
    """The place of the marks was never read in the decree's text."""
    moved = changed(sample(LETTER), "KHẨN", left=150.0, right=160.0)
    report = check_pdf(moved, name="x")
    assert report.broken == ()
    assert [result.rule.name for result in report.results if result.state is State.ADVICE] == ["marks-place"]
    assert [rule.name for rule in RULES.values() if not rule.read] == ["marks-place", "edxml-type"]
    assert answer("edxml-type", False).state is State.ADVICE


def test_what_is_not_found_is_not_judged() -> None:
    """A scan, and a page of another kind."""
    scan = check_pdf(read_pages((FOREIGN / "scan.pdf").read_bytes()), name="scan")
    assert {result.rule.name for result in scan.results if result.state is State.KEPT} <= {
        "paper",
        "orientation",
    }
    assert sum(result.state is State.UNSEEN for result in scan.results) > 30


def test_a_page_without_the_parts_says_nothing_of_them() -> None:
    """The text and the close are looked for each by itself."""
    foreign = read_pages((FOREIGN / "libreoffice-writer.pdf").read_bytes())
    assert list(closing_parts(foreign)) == []
    assert [result.rule.name for result in text_parts(foreign, title=None)] in ([], ["body-size"])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"body": "Lời không có dấu kết."}, "closing-mark"),
        ({"appendices": [{"title": "Danh sách", "body": "x"}], "body": "Lời./."}, "appendix-named"),
    ],
)
def test_values_are_checked_before_there_are_pages(changes: dict[str, Any], rule: str) -> None:
    """What the pages do not show."""
    results = check_values(OfficialDocument.from_mapping(letter(**changes)))
    assert rule in {result.rule.name for result in results if result.state is State.BROKEN}


def test_the_command_names_clause_place_and_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1 where a rule is broken, 0 where none is."""
    assert run(docsign, ["check", str(EXAMPLES / "letter.toml"), str(EXAMPLES / "decision.toml")]) == 0
    assert "sai 0 quy tắc" in capsys.readouterr().out
    wrong = tmp_path / "cv.toml"
    wrong.write_text((EXAMPLES / "letter.toml").read_text("utf-8").replace("notation", "ghi_chu"), "utf-8")
    assert run(docsign, ["check", str(wrong)]) == 1
    assert "✘ Văn bản có đủ các thành phần" in (text := capsys.readouterr().out)
    assert "(notation) [ND 30/2020 Art. 8]" in text
    assert run(docsign, ["check", str(FOREIGN / "libreoffice-writer.pdf"), "--all", "--lang", "en"]) == 1
    assert "✘ The left margin is 30 to 35 mm. Found: 20.1 mm [ND 30/2020 PL I I.3]" in capsys.readouterr().out


def test_programs_get_every_rule_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of JSON a file."""
    assert run(docsign, ["check", str(FOREIGN / "libreoffice-writer.pdf"), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == 1
    assert report["broken"] == sum(row["state"] == "broken" for row in report["results"])
    assert {"rule", "clause", "state", "where", "vi", "en"} == set(report["results"][0])


def test_the_help_of_check_says_when_it_fails() -> None:
    """A clerk reads it once."""
    assert "exit status is 1 where a rule is broken" in " ".join((check.help or "").split())


def test_what_is_neither_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No crash."""
    (tmp_path / "x.pdf").write_bytes(b"kh\xc3\xb4ng")
    assert run(docsign, ["check", str(tmp_path / "x.pdf")]) == 1
    assert run(docsign, ["check", str(tmp_path / "y.pdf")]) == 2
    assert "Traceback" not in capsys.readouterr().err
