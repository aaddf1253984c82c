"""The value of an official document: what is kept, what is refused and where."""

from __future__ import annotations

import unicodedata
from dataclasses import FrozenInstanceError, replace
from datetime import date
from typing import Any

import pytest

import docsign
from docsign.document import Addressee, OfficialDocument, Signatory, kind_named
from docsign.document.blocks import Block
from docsign.document.body import blocks_of_decision
from docsign.envelope import Organization, Priority
from docsign.errors import DocumentError, SecretDocumentError

from .samples import decision, letter

read = OfficialDocument.from_mapping
DAY = date(2026, 11, 16)


def small_letter(**changes: Any) -> OfficialDocument:
    """Return a letter made from Python values."""
    values: dict[str, Any] = {
        "kind": kind_named("công văn"),
        "issuer": Organization(code="H99.31", name="Ủy ban nhân dân phường Một"),
        "notation": "UBND-VP",
        "place": "Phường Một",
        "subject": "trả lời đề nghị của ông Lê Văn Ví Dụ",
        "body": "Đoạn một.\n\nĐoạn hai./.",
        "signer": Signatory(position="Chủ tịch", name="Nguyễn Văn Mẫu"),
        "recipients": ("Như trên", "Lưu: VT"),
        "to": (Addressee(name="Sở Nội vụ tỉnh Mẫu", code="H99.12"),),
    }
    return OfficialDocument(**{**values, **changes})


def test_python_values_and_toml_make_the_same_document() -> None:
    """Two doors, one value."""
    assert docsign.OfficialDocument is OfficialDocument
    from_table = read(
        {
            "kind": "công văn",
            "issuer": {"code": "H99.31", "name": "Ủy ban nhân dân phường Một"},
            "notation": "UBND-VP",
            "place": "Phường Một",
            "subject": "V/v trả lời đề nghị của ông Lê Văn Ví Dụ",
            "body": ["Đoạn một.", "Đoạn hai./."],
            "signer": {"position": "Chủ tịch", "name": "Nguyễn Văn Mẫu"},
            "recipients": ["- Như trên;", "- Lưu: VT."],
            "to": [{"name": "Sở Nội vụ tỉnh Mẫu", "code": "H99.12"}],
        }
    )
    assert from_table == small_letter()


def test_texts_are_kept_in_one_form() -> None:
    """NFC, single spaces, nothing unseen, capitals where the decree wants them."""
    document = small_letter(
        subject=unicodedata.normalize("NFD", "  báo cáo\u00a0 kết\u200b quả\n quý III "),
        signer=Signatory(position="Phó Chủ tịch", name=" Nguyễn  Văn Mẫu ", authority=("KT. Chủ tịch",)),
    )
    assert document.subject == "báo cáo kết quả\nquý III"  # a line end says where it breaks
    assert document.subject_line == "báo cáo kết quả quý III"
    assert document.signer == Signatory(
        position="PHÓ CHỦ TỊCH", name="Nguyễn Văn Mẫu", authority=("KT. CHỦ TỊCH",)
    )


def test_a_document_is_a_value() -> None:
    """It cannot change under a signature."""
    with pytest.raises(FrozenInstanceError):
        small_letter().subject = "khác"  # type: ignore[misc]


def test_each_line_of_a_letter_is_a_paragraph() -> None:
    """Empty lines say nothing."""
    assert [block.text for block in small_letter().blocks] == ["Đoạn một.", "Đoạn hai./."]


def test_articles_carry_their_number_or_their_title_in_bold() -> None:
    """A title has no end mark and something below it; a sentence has not."""
    lines = ["Điều 1. Quy định chung", "1. Khoản một.", "Điều 2. Có hiệu lực từ ngày ký.", "Điều 3. Kết thúc"]
    assert blocks_of_decision(lines) == (
        Block(kind="article", lead="Điều 1. Quy định chung", text=""),
        Block(kind="paragraph", text="1. Khoản một."),
        Block(kind="article", lead="Điều 2.", text="Có hiệu lực từ ngày ký."),
        Block(kind="article", lead="Điều 3.", text="Kết thúc"),
    )


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("Mở đầu\nĐiều 1. Một.", r"body\[0\]: A decision begins"),
        ("Điều 1. Một.\nĐiều 3. Ba.", r"body\[1\]: Điều 3 stands where Điều 2 is due"),
        ("Điều 2. Hai.", r"body\[0\]: Điều 2 stands where Điều 1 is due"),
        ("  \n ", "body: Nothing is written here"),
    ],
)
def test_articles_that_do_not_count_from_one_are_refused(body: str, where: str) -> None:
    """The place of the slip is named."""
    with pytest.raises(DocumentError, match=where):
        read(decision(body=body))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subject": " "}, "subject: Nothing is written here"),
        ({"subject": "dài " * 200}, "subject: Too long: 799 characters, 500 at most"),
        ({"subject": "ngoằn" * 9}, "subject: This word is too long"),
        ({"body": "w" * 61}, "body: This word is too long"),
        ({"place": "Phường\x07Một"}, r"place: A control character .* U\+0007"),
        ({"body": "đảo \u202e chiều"}, r"body: A control character .* U\+202E"),
        ({"body": "\ud800"}, r"body: A control character .* U\+D800"),
        ({"recipients": ["Như trên", " ;", "Lưu: VT"]}, r"recipients\[1\]: Nothing is written here"),
        ({"recipients": ["Như trên"]}, "recipients: The last line"),
        ({"recipients": ["x"] * 501}, "recipients: Too many entries: 501"),
        ({"to": None}, "to: A letter names its addressees"),
        ({"to": []}, "to: A letter names its addressees"),
        ({"to": [{"code": "H99"}]}, r"to\[0\].name: This field is missing"),
        ({"to": [{"name": "Sở Nội vụ", "mã": "H99"}]}, r"to\[0\].mã: There is no such field"),
        ({"to": [5]}, r"to\[0\]: A table is needed"),
        ({"bases": ["Căn cứ Luật"]}, "bases: A letter has no legal bases"),
        ({"decided_by": "Chủ tịch"}, "decided_by: A letter has no legal bases"),
        ({"kind": "Thư tay"}, "kind: No such kind"),
        ({"kind": None}, "kind: This field is missing"),
        ({"number": "không"}, "number: This is not a document number"),
        ({"number": 16**9000}, "number: A number or a text is needed"),
        ({"number": True}, "number: A number or a text is needed"),
        ({"date": "2026-11-16"}, "date: A date is needed"),
        ({"urgency": "gấp"}, "urgency: A document is marked"),
        ({"chủ_đề": "x"}, "chủ_đề: There is no such field"),
        ({"issuer": None}, "issuer: This field is missing"),
        ({"issuer": "UBND"}, "issuer: A table is needed"),
        ({"issuer__name": 5}, "issuer.name: A text is needed"),
        ({"issuer__name": "\n"}, "issuer.name: Nothing is written here"),
        ({"issuer__email": "a" * 50 + "@" + "b" * 50}, "issuer.email: "),
        ({"signer__authority": ["Thay mặt Ủy ban nhân dân"]}, r"signer.authority\[0\]: A line of authority"),
        ({"signer__authority": [3]}, r"signer.authority\[0\]: A text is needed"),
        ({"signer__name": None}, "signer.name: This field is missing"),
        ({"notation": "UBND VP"}, "notation: "),
    ],
)
def test_a_slip_is_named_with_its_place(changes: dict[str, Any], sentence: str) -> None:
    """One clear sentence each."""
    with pytest.raises(DocumentError, match=sentence):
        read(letter(**changes))


def test_a_decision_needs_its_bases_and_has_no_addressees() -> None:
    """Its form is not a letter's."""
    with pytest.raises(DocumentError, match="bases: A decision names"):
        read(decision(bases=None))
    with pytest.raises(DocumentError, match="to: This kind of document has no addressees"):
        read(decision(to="Sở Nội vụ"))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"subject": "Mật"}, "subject"),
        ({"body": "Đoạn một.\nTỐI  MẬT\nĐoạn hai."}, "body"),
        ({"urgency": "TUYỆT MẬT"}, "urgency"),
        ({"secrecy": "mật"}, "secrecy"),
        ({"recipients": ["Như trên", "Mật", "Lưu: VT"]}, r"recipients\[1\]"),
        ({"to": [{"name": "MẬT", "code": "H99"}]}, r"to\[0\].name"),
        ({"issuer__website": "mật"}, "issuer.website"),
        ({"dấu": [{"mức": ["M Ậ T"]}]}, r"dấu\[0\].mức\[0\]"),
    ],
)
def test_a_secrecy_mark_is_refused_wherever_it_stands(changes: dict[str, Any], where: str) -> None:
    """QD 28/2018 Art. 1: under an unknown key too."""
    with pytest.raises(SecretDocumentError, match=f"^{where}: "):
        read(letter(**changes))


def test_a_secrecy_mark_in_python_values_is_refused_too() -> None:
    """The value itself refuses, not only its reader."""
    with pytest.raises(SecretDocumentError, match=r"^signer.position: "):
        small_letter(signer=Signatory(position="Mật", name="Nguyễn Văn Mẫu"))
    with pytest.raises(SecretDocumentError, match=r"^to\[0\]: "):
        replace(small_letter(), to=(Addressee(name="Tuyệt mật"),))


def test_a_document_about_secrets_is_no_secret() -> None:
    """The word may be spoken of."""
    document = read(letter(subject="tập huấn bảo vệ bí mật nhà nước", body="Tài liệu mật, tối mật.\nHết./."))
    assert document.blocks[0].text == "Tài liệu mật, tối mật."


def test_the_header_repeats_what_the_document_says() -> None:
    """Number and date come from the clerk, everything else from the document."""
    header = read(letter(urgency="Hoả tốc")).header(number="5", date=DAY)
    assert header.document_id == "H99.31,2026/11/16,05/UBND-VP"
    assert (header.number, header.notation, header.issued) == ("05", "UBND-VP", DAY)
    assert header.sender.name == "Ủy ban nhân dân phường Một"
    assert header.sender.email == "vanthu@phuongmot.example"
    assert [(receiver.code, receiver.name) for receiver in header.receivers] == [
        ("H99", "Ủy ban nhân dân tỉnh Mẫu"),
        ("H99.12", "Sở Khoa học và Công nghệ tỉnh Mẫu"),
    ]
    assert (header.type_name, header.type) == ("Công văn", 18)
    assert header.signer.competence == "TM. ỦY BAN NHÂN DÂN, KT. CHỦ TỊCH"
    assert (header.signer.position, header.signer.name) == ("PHÓ CHỦ TỊCH", "Nguyễn Văn Mẫu")
    assert header.priority is Priority.EXPRESS
    assert header.to_places[-1] == "Lưu: VT, VP"
    assert header.subject == "báo cáo kết quả triển khai gửi, nhận văn bản điện tử quý III năm 2026"


def test_receivers_may_be_codes_or_organizations() -> None:
    """A code that stands among the addressees brings its name along."""
    named = Organization(code="H98", name="Ủy ban nhân dân tỉnh Thử")
    header = read(letter()).header(number=12, date=DAY, to=["H99", "H97", named])
    assert header.receivers == (
        Organization(code="H99", name="Ủy ban nhân dân tỉnh Mẫu"),
        Organization(code="H97"),
        named,
    )


def test_a_number_fixed_beforehand_is_kept_to() -> None:
    """Two numbers for one document are refused."""
    fixed = read(letter(number=7, date=DAY))
    assert fixed.header().code == fixed.header(number="07", date=DAY).code == "07/UBND-VP"
    with pytest.raises(DocumentError, match="number: The document says 07, the call says 08"):
        fixed.header(number="8")
    with pytest.raises(DocumentError, match="date: The document says"):
        fixed.header(date=date(2026, 11, 17))


def test_a_header_without_number_receiver_or_sender_is_refused() -> None:
    """Nothing half-filled travels."""
    with pytest.raises(DocumentError, match="number: The document has no number"):
        read(letter()).header(date=DAY)
    with pytest.raises(DocumentError, match="to: No receiver"):
        read(letter(to="Sở Nội vụ tỉnh Mẫu")).header(number="1", date=DAY)
    with pytest.raises(DocumentError, match=r"issuer\.code: Nothing"):
        read(letter(issuer__code=None)).header(number="1", date=DAY)
