"""The text a clerk reads: the answer first, then the seven items of Circular 15/2025 Art. 6.4b."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from docsign.pki import Trust
from docsign.report.text import headline, to_text
from docsign.report.wording import clean, place
from docsign.verdict import Conclusion, FileFormat, Report, SubIndication
from docsign.verification import verify

SOON = timedelta(minutes=1)
SEVEN = {
    "vi": [
        "Tổ chức cấp chứng thư chữ ký số:",
        "Người ký:",
        "Đơn vị quản lý chứng thư:",
        "Thời điểm ký:",
        "Tính toàn vẹn:",
        "Hiệu lực chữ ký tại thời điểm ký:",
        "Thời hạn của chứng thư:",
    ],
    "en": [
        "Issuer of the certificate:",
        "Signer:",
        "Unit managing the certificate:",
        "Signing time:",
        "Integrity:",
        "Validity at signing time:",
        "Validity period of the certificate:",
    ],
}


@pytest.fixture(scope="session")
def passed(by_both: bytes, trust: Trust) -> Report:
    """The report on the letter with both signatures."""
    return verify(by_both, trust=trust, at=datetime.now(UTC) + SOON, name="12-UBND.pdf")


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        ("passed", "✔ HỢP LỆ 12-UBND.pdf: có thể sử dụng"),
        ("changed", "✘ KHÔNG HỢP LỆ 12-UBND.pdf: nội dung đã bị thay đổi sau khi ký; không sử dụng"),
        ("untrusted", "? CHƯA KẾT LUẬN ĐƯỢC 12-UBND.pdf: chưa tin cậy tổ chức cấp"),
        ("unsigned", "– CHƯA KÝ SỐ 12-UBND.pdf: tệp không có chữ ký số"),
    ],
)
def test_the_first_line_is_the_answer_and_what_to_do(
    answer: str, first: str, passed: Report, by_both: bytes, letter: bytes, trust: Trust
) -> None:
    """A symbol, the answer in Vietnamese, the file, and what to do with it."""
    changed = by_both[:900] + bytes([by_both[900] ^ 1]) + by_both[901:]
    at = datetime.now(UTC) + SOON
    report = {
        "passed": passed,
        "changed": verify(changed, trust=trust, at=at, name="12-UBND.pdf"),
        "untrusted": verify(by_both, at=at, name="12-UBND.pdf"),
        "unsigned": verify(letter, trust=trust, at=at, name="12-UBND.pdf"),
    }[answer]
    lines = to_text(report).split("\n")
    assert lines[0].startswith(first)
    assert lines[0] == headline(report)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_seven_items_are_shown_for_each_signature(language: str, passed: Report) -> None:
    """Issuer, signer, managing unit, time, integrity, validity at signing, validity period."""
    text = to_text(passed, "vi" if language == "vi" else "en")
    for label in SEVEN[language]:
        assert text.count(label) == 2, label
    assert "Nguyễn Văn Mẫu" in text
    assert "H99.31" in text


def test_the_changes_are_told_in_words(passed: Report) -> None:
    """Number and date as they were filled, with the page."""
    text = to_text(passed)
    assert "✔ Đã điền số văn bản: 05. (trang 1)" in text
    assert "Đã thêm chữ ký số tại ô AgencySignature" in text


def test_a_page_is_named_in_the_readers_language() -> None:
    """Where a finding is: pages in words, the file's own places as they stand and harmless."""
    assert (place("page 2", "vi"), place("page 2", "en")) == ("trang 2", "page 2")
    assert place("object 7 (object 7 /Length)\x1b", "vi") == clean("object 7 (object 7 /Length)\x1b")


def test_one_signature_is_not_an_issued_document(by_person: bytes, trust: Trust) -> None:
    """Valid as far as it goes, and the first line says that the agency has not signed."""
    report = verify(by_person, trust=trust, at=datetime.now(UTC) + SOON)
    assert "chưa phải là văn bản đã phát hành" in headline(report)
    assert "Không có chữ ký hợp lệ của cơ quan, tổ chức." in to_text(report)


def test_colour_is_only_added_when_asked(passed: Report) -> None:
    """Without it no escape stands in the text."""
    assert "\x1b" not in to_text(passed)
    assert "\x1b[" in to_text(passed, colour=True)


def test_a_name_cannot_drive_the_terminal(passed: Report) -> None:
    """Control and direction characters from a file are replaced before they are shown."""
    evil = "Nguyễn\x1b[2J Văn\r\n✔ HỢP LỆ \u202egnad"
    signature = replace(passed.signatures[0], signer=evil, agency=evil, issuer=evil)
    text = to_text(replace(passed, file=evil, signatures=(signature,)))
    assert not set(text) & set("\x1b\r\u202e")
    assert "\n✔ HỢP LỆ" not in text
    assert clean("Số: 12/UBND-VX") == "Số: 12/UBND-VX"


def test_what_to_do_about_a_missing_file_depends_on_where_it_belongs(passed: Report) -> None:
    """A container lacks it for good; what signs a file beside it can be given that file."""
    missing = Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
    for format, words in ((FileFormat.ASICE, "gửi lại đầy đủ"), (FileFormat.CADES, "--content")):
        assert words in headline(replace(passed, conclusion=missing, format=format))
