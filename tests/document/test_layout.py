"""The pages: every box of ND 30/2020 PL I in its place and type, the empty fields, PDF/A, the exact text."""

from __future__ import annotations

import subprocess
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from docsign.document import OfficialDocument
from docsign.document.metadata import read_metadata
from docsign.errors import DocumentError, SecretDocumentError, UnprintableError
from tests.witnesses.verapdf import assert_pdfa

from .samples import CREATED, Page, box_of, decision, form_fields, letter, pages_text, words_of

ALL_TONES = (
    "à á ả ã ạ ằ ắ ẳ ẵ ặ ầ ấ ẩ ẫ ậ è é ẻ ẽ ẹ ề ế ể ễ ệ ì í ỉ ĩ ị ò ó ỏ "
    "õ ọ ồ ố ổ ỗ ộ ờ ớ ở ỡ ợ ù ú ủ ũ ụ ừ ứ ử ữ ự ỳ ý ỷ ỹ ỵ đ ă â ê ô ơ ư"
)
SECOND = "LiberationSerif"
PARAGRAPH = (
    "Ủy ban nhân dân phường Một báo cáo kết quả gửi, nhận văn bản điện tử giữa các cơ quan trên địa bàn. "
)


def built(values: dict[str, Any]) -> bytes:
    """Return the PDF of these values."""
    return OfficialDocument.from_mapping(values).to_pdf(CREATED)


@pytest.mark.parametrize(
    ("words", "face", "size"),
    [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Bold", 12),  # box 1
        ("Độc lập - Tự do - Hạnh phúc", "Bold", 13),  # box 1
        ("ỦY BAN NHÂN DÂN TỈNH MẪU", "", 12),  # box 2
        ("TRUNG TÂM THỬ", "Bold", 12),  # box 2
        ("Số: 05/UBND-VP", "", 13),  # box 3
        ("Phường Một, ngày 03 tháng 02 năm 2026", "Italic", 13),  # box 4
        ("V/v báo cáo", "", 12),  # box 5b
        ("Thực hiện chỉ đạo", "", 14),  # box 6
        ("KT. CHỦ TỊCH", "Bold", 14),  # box 7a
        ("Nguyễn Văn Mẫu", "Bold", 14),  # box 7b
        ("Kính gửi:", "", 14),  # box 9a
        ("Nơi nhận:", "BoldItalic", 12),  # box 9b
        ("- Như trên;", "", 11),  # box 9b
        ("THƯỢNG KHẨN", "Bold", 13),  # box 10b
        ("Địa chỉ:", "", 11),  # box 13
    ],
)
def test_each_box_of_a_letter_has_its_type(words: str, face: str, size: float) -> None:
    """ND 30/2020 PL I: size and style of each component."""
    values = letter(
        number=5, date=date(2026, 2, 3), urgency="thượng khẩn", issuer__superior="Ủy ban nhân dân tỉnh Mẫu",
        issuer__name="Trung tâm Thử",
    )  # fmt: skip
    assert Page(built(values)).type_of(words) == (SECOND + (f"-{face}" if face else ""), size)


@pytest.mark.parametrize(
    ("words", "face", "size"),
    [
        ("Về việc thành lập", "Bold", 14),  # box 5a
        ("CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG MỘT", "Bold", 14),
        ("Căn cứ Luật", "Italic", 14),  # box 6
        ("QUYẾT ĐỊNH:", "Bold", 14),
        ("Điều 1.", "Bold", 14),
        ("Thành lập Tổ hỗ trợ gửi, nhận văn bản điện tử phường Một (sau", "", 14),
        ("Điều 2. Nhiệm vụ của Tổ hỗ trợ", "Bold", 14),
    ],
)
def test_each_box_of_a_decision_has_its_type(words: str, face: str, size: float) -> None:
    """ND 30/2020 PL I: title, legal bases, articles."""
    assert Page(built(decision())).type_of(words) == (SECOND + (f"-{face}" if face else ""), size)


def test_the_boxes_of_the_heading_stand_where_the_decree_draws_them() -> None:
    """The agency on the left, the motto on the right, number under the one, date under the other."""
    page = Page(built(letter(number=5, date=date(2026, 2, 3), urgency="khẩn")))
    agency, number, subject = (
        page.centre("PHƯỜNG MỘT"),
        page.centre("Số: 05/UBND-VP"),
        page.centre("V/v báo cáo"),
    )
    motto, day = page.centre("Độc lập - Tự do - Hạnh phúc"), page.centre("ngày 03 tháng 02")
    assert agency == pytest.approx(number, abs=1)
    assert agency == pytest.approx(page.centre("KHẨN"), abs=1)
    assert subject < 105 < motto
    assert page.centre("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") == pytest.approx(motto, abs=1)
    assert day > 105
    assert page.place("Số: 05")[1] == pytest.approx(page.place("Phường Một, ngày")[1], abs=2)
    assert page.place("V/v")[3] < page.place("Số: 05")[1] < page.place("PHƯỜNG MỘT")[1]


def test_the_margins_are_those_of_the_decree() -> None:
    """Left 30 to 35 mm, right 15 to 20, top and bottom 20 to 25."""
    page = Page(built(letter(body=PARAGRAPH * 20)))
    assert page.place("điện tử giữa")[0] >= 30
    left, _, right, top = page.place("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    assert right <= 195
    assert top <= 277.5
    assert page.place("Địa chỉ:")[1] >= 20
    assert left > 100


def test_the_empty_fields_stand_in_their_boxes() -> None:
    """Number and date where they will be read, the person's signature between title and name."""
    pdf = built(letter())
    fields, page = form_fields(pdf), Page(pdf)
    assert list(fields) == ["DocumentNumber", "DocumentDate", "PersonSignature", "AgencySignature"]
    assert fields["DocumentNumber"]["/FT"] == fields["DocumentDate"]["/FT"] == "/Tx"
    left, bottom, right, top = box_of(fields["DocumentNumber"])
    assert page.place("Số:")[2] < left < right <= page.place("/UBND-VP")[0] + 0.2
    assert bottom < page.place("Số:")[1] < top
    left, bottom, right, top = box_of(fields["DocumentDate"])
    assert page.place("Phường Một,")[2] < left
    assert right - left > 50
    left, bottom, right, top = box_of(fields["PersonSignature"])
    assert page.place("Nguyễn Văn Mẫu")[3] < bottom
    assert top < page.place("PHÓ CHỦ TỊCH")[1]
    assert (left + right) / 2 == pytest.approx(page.centre("Nguyễn Văn Mẫu"), abs=0.5)


def test_the_seal_covers_the_left_third_of_the_signature() -> None:
    """ND 30/2020 PL I, box 8; in the actual size of a seal."""
    fields = form_fields(built(letter()))
    person, agency = box_of(fields["PersonSignature"]), box_of(fields["AgencySignature"])
    assert agency[2] - person[0] == pytest.approx((person[2] - person[0]) / 3, abs=0.1)
    assert agency[2] - agency[0] == pytest.approx(36, abs=0.1)
    assert (agency[1] + agency[3]) / 2 == pytest.approx((person[1] + person[3]) / 2, abs=0.1)


def test_the_agencys_signature_will_close_number_and_date() -> None:
    """FieldMDP Include: a second filling shows as a breach."""
    lock = form_fields(built(letter()))["AgencySignature"]["/Lock"]
    assert lock["/Action"] == "/Include"
    assert [str(name) for name in lock["/Fields"]] == ["DocumentNumber", "DocumentDate"]


def test_a_number_fixed_beforehand_needs_no_field() -> None:
    """What is printed is not filled in again."""
    values = letter(number=5, date=date(2026, 2, 3))
    fields = form_fields(built(values))
    assert list(fields) == ["PersonSignature", "AgencySignature"]
    assert "/Lock" not in fields["AgencySignature"]
    assert "DocumentNumber" in form_fields(built(letter(date=date(2026, 2, 3))))


def test_the_text_comes_back_letter_for_letter() -> None:
    """Search, copying and screen readers get NFC with every tone, from our reader and from poppler."""
    body = f"Các thanh: {ALL_TONES}; {ALL_TONES.upper()}./."
    pdf = built(letter(body=body))
    assert words_of(body) in words_of(pages_text(pdf)[0])
    poppler = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60
    ).stdout.decode()
    assert words_of(body) in words_of(poppler)
    assert unicodedata.is_normalized("NFC", pages_text(pdf)[0])


def test_one_addressee_stands_on_the_line_and_several_below_it() -> None:
    """ND 30/2020 PL I, box 9a."""
    one = pages_text(built(letter(to="Sở Nội vụ tỉnh Mẫu")))[0]
    assert "Kính gửi: Sở Nội vụ tỉnh Mẫu\n" in one
    several = pages_text(built(letter()))[0]
    assert "Kính gửi:\n- Ủy ban nhân dân tỉnh Mẫu;\n- Sở Khoa học và Công nghệ tỉnh Mẫu.\n" in several


def test_lists_end_as_the_decree_writes_them() -> None:
    """Semicolons, then a full stop: recipients and legal bases."""
    assert "- Như trên;\n" in (text := pages_text(built(letter()))[0])
    assert "- Lưu: VT, VP.\n" in text
    bases = words_of(pages_text(built(decision()))[0])
    assert "ngày 16 tháng 6 năm 2025; Căn cứ" in bases
    assert "Ủy ban nhân dân phường Một. QUYẾT ĐỊNH:" in bases


def test_pages_are_numbered_from_the_second_in_the_middle_of_the_top_margin() -> None:
    """ND 30/2020 PL I 1.7: none on the first page."""
    pdf = built(decision())
    first, second = pages_text(pdf)
    assert not first.strip().startswith("1")
    assert "\n2\n" in f"\n{second}\n"
    page = Page(pdf, 2)
    _, bottom, _, top = page.place("2")
    assert 277 < bottom < top < 297
    assert page.centre("2") == pytest.approx(30 + 165 / 2, abs=1)
    assert page.type_of("2") == (SECOND, 13)


@pytest.mark.parametrize("paragraphs", range(5, 13))
def test_nobody_signs_an_empty_page(paragraphs: int) -> None:
    """Wherever the page ends, words, signature and recipients stay together."""
    pdf = built(letter(body="\n".join([PARAGRAPH * 2] * paragraphs)))
    last = pages_text(pdf)[-1]
    for words in ("báo cáo kết quả", "Nơi nhận:", "PHÓ CHỦ TỊCH", "Nguyễn Văn Mẫu"):
        assert words in last
    signatures = [field for name, field in form_fields(pdf).items() if name.endswith("Signature")]
    assert len({field.raw_get("/P").idnum for field in signatures}) == 1


def test_the_agencys_address_stands_at_the_foot_of_the_first_page_alone() -> None:
    """ND 30/2020 PL I, box 13; a decision has none."""
    first, *others = pages_text(built(letter(body="\n".join([PARAGRAPH * 2] * 12))))
    assert "Địa chỉ: Số 1 đường Thử Nghiệm" in first
    assert others
    assert not any("Địa chỉ:" in text for text in others)
    assert "Địa chỉ" not in pages_text(built(decision(issuer__address="Số 1 đường Thử Nghiệm")))[0]


def test_long_lists_run_on_and_lose_nothing() -> None:
    """A hundred recipients are printed, a hundred addressees too."""
    names = [f"Ủy ban nhân dân xã số {count}" for count in range(1, 121)]
    text = words_of(" ".join(pages_text(built(letter(to=names, recipients=[*names, "Lưu: VT"])))))
    for name in names:
        assert text.count(f"- {name};") + text.count(f"- {name}.") == 2, name


def test_no_broken_line_looks_like_a_secrecy_mark() -> None:
    """A line that says nothing but “mật” would be refused when the document is sealed."""
    for width in range(1, 40):
        subject = f"{'kế ' * width}hoạch bảo vệ bí mật"
        lines = [line.strip() for line in pages_text(built(letter(subject=subject)))[0].split("\n")]
        assert "mật" not in lines


@pytest.mark.parametrize("values", [letter(), letter(number=5, date=date(2026, 2, 3)), decision()])
def test_verapdf_accepts_what_is_built(values: dict[str, Any]) -> None:
    """PDF/A-2b, with the empty fields."""
    assert_pdfa(built(values), "2b")


def test_every_font_is_embedded_and_ours(tmp_path: Path) -> None:
    """Poppler lists the faces of Liberation Serif, embedded, with a map to Unicode."""
    path = tmp_path / "quyet-dinh.pdf"
    path.write_bytes(built(decision()))
    listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True, timeout=60).stdout
    rows = listed.splitlines()[2:]
    assert rows
    for row in rows:
        name, embedded, subset, unicode_map = row.split()[0], *row.split()[-5:-2]
        assert "LiberationSerif" in name
        assert (embedded, subset, unicode_map) == ("yes", "yes", "yes")


def test_qpdf_finds_nothing_wrong(tmp_path: Path) -> None:
    """The structure is sound after the fields were added."""
    path = tmp_path / "cong-van.pdf"
    path.write_bytes(built(letter()))
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True, timeout=60)


def test_the_same_values_and_time_give_the_same_bytes() -> None:
    """A file can be made again and compared."""
    assert built(decision()) == built(decision())


def test_a_character_that_cannot_be_printed_is_named_with_its_place() -> None:
    """No empty boxes on paper."""
    with pytest.raises(UnprintableError, match=r"recipients\[1\]: .*U\+1F600"):
        built(letter(recipients=["Như trên", "Bạn 😀", "Lưu: VT"]))
    with pytest.raises(DocumentError, match=r"body\[2\]: .*U\+6F22"):
        built(letter(body="một\nhai\nba 漢"))


def test_what_looks_like_markup_is_printed_as_it_stands() -> None:
    """Texts are data."""
    body = '#read("/etc/passwd") *đậm* $x$ @a <b> //chú /* thích */ \\ `mã`'
    assert words_of(body) in words_of(pages_text(built(letter(body=body)))[0])


def test_without_a_time_it_is_made_now() -> None:
    """The README's first program gives none."""
    assert OfficialDocument.from_mapping(letter()).to_pdf().startswith(b"%PDF-1.7")


def test_the_author_says_where_a_subject_breaks() -> None:
    """Line ends of a subject and of an appendix's title stand on the page, and not in what travels."""
    values = decision(
        subject="  Ban hành Quy chế gửi, nhận và xử lý\nvăn bản điện tử của phường Một\n",
        appendices=[{"title": "Danh mục văn bản\nđiện tử", "body": ["Một dòng."]}],
    )
    document = OfficialDocument.from_mapping(values)
    pdf = document.to_pdf(CREATED)
    pages = pages_text(pdf)
    assert "nhận và xử lý\nvăn bản điện tử của phường Một\n" in pages[0]
    assert "DANH MỤC VĂN BẢN\nĐIỆN TỬ\n" in pages[-1]
    page = Page(pdf)
    first, second = (
        page.centre("Ban hành Quy chế gửi, nhận và xử lý"),
        page.centre("văn bản điện tử của phường"),
    )
    assert first == pytest.approx(second, abs=6)  # both lines in the middle; the second is searched in part
    line = "Ban hành Quy chế gửi, nhận và xử lý văn bản điện tử của phường Một"
    header = document.header(number=5, date=date(2026, 11, 16), to=["H99.32"])
    assert (document.subject_line, header.subject, header.content) == (line, line, line)
    assert header.appendixes == ("Danh mục văn bản điện tử",)
    assert read_metadata(pdf).subject == line
    assert (
        f"Quyết định: {line}"
        in subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    )


def test_breaks_do_not_excuse_a_subject_from_its_rules() -> None:
    """Its length is counted on one line, a mark alone on a line is refused, a slip is named by its field."""
    with pytest.raises(DocumentError, match="Too long"):
        OfficialDocument.from_mapping(letter(subject="\n".join(["việc " * 20] * 6)))
    with pytest.raises(SecretDocumentError):
        OfficialDocument.from_mapping(letter(subject="Việc chung\nTối mật"))
    with pytest.raises(DocumentError, match="Nothing"):
        OfficialDocument.from_mapping(letter(subject=" \n\n"))
    with pytest.raises(UnprintableError) as caught:
        built(letter(subject="rà soát\n漢 văn bản"))
    assert caught.value.where == "subject"
