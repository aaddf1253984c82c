"""Which parts each kind of document must and cannot have (ND 30/2020 Art. 8, PL I, PL III)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from docsign.document import OfficialDocument
from docsign.errors import DocumentError, SecretDocumentError

from .samples import decision, letter

read = OfficialDocument.from_mapping
SECRETARY = {"position": "Thư ký", "name": "Lê Văn Ví Dụ"}


def titled(kind: str, notation: str, **changes: Any) -> dict[str, Any]:
    """Return the letter as a document of another kind, without addressees unless given."""
    return letter(kind=kind, notation=notation, **{"to": None, **changes})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (titled("Tờ trình", "TTr-UBND"), "to: This kind of document names its addressees"),
        (titled("Công điện", "CĐ-UBND"), "to: This kind of document names its addressees"),
        (titled("Kế hoạch", "KH-UBND", to="Sở Nội vụ"), "to: This kind of document has no addressees"),
        (titled("Biên bản", "BB-UBND"), "co_signers: Minutes are signed by the chair and the secretary"),
        (
            titled("Giấy mời", "GM-UBND", bases=["Căn cứ Luật"]),
            "bases: This kind of document has no such part",
        ),
        (titled("Kế hoạch", "KH-UBND", decided_by="Chủ tịch"), "decided_by: This kind of document has no"),
        (titled("Nghị quyết", "NQ-HĐND"), r"body\[0\]: A decision begins|bases: A decision names"),
        (letter(circulation="đọc xong đốt"), "circulation: Circulation is restricted with one of"),
        (letter(copies=0), "copies: Too many entries"),
        (letter(co_signers=[SECRETARY] * 9), "co_signers: Too many entries: 9"),
        (letter(co_issuers=[{"name": "Hội Thử"}], notation="UBND-HT"), "co_signers: Each agency that issues"),
        (letter(type_name="Giấy mời họp"), "type_name: The title of this kind of document begins"),
        (letter(markup="html"), "markup: The body is written as one of: text, markdown"),
        (
            letter(appendices=[{"title": "Danh sách", "body": " "}]),
            r"appendices\[0\].body: Nothing is written",
        ),
        (letter(appendices=[{"body": "x"}]), r"appendices\[0\].title: This field is missing"),
        (letter(council=True), "issuer.superior: A council"),
        (letter(council=True, issuer__superior="UBND"), "signer.second_position: Who signs for a council"),
        (letter(council="có"), "council: Here stands true or false"),
    ],
)
def test_a_part_that_is_missing_or_out_of_place_is_named(values: dict[str, Any], sentence: str) -> None:
    """One clear sentence each."""
    with pytest.raises(DocumentError, match=sentence):
        read(values)


def test_a_council_counts_in_a_series_of_its_own() -> None:
    """ND 30/2020 PL I II.3.a."""
    values = decision(
        council=True, notation="QĐ-HĐTĐKT", issuer__superior="Ủy ban nhân dân phường Một",
        issuer__name="Hội đồng Thi đua - Khen thưởng", signer__position="Chủ tịch Hội đồng",
        signer__second_position="Chủ tịch Ủy ban nhân dân",
    )  # fmt: skip
    assert read(values).series == "HĐTĐKT"
    assert read(decision()).series == "UBND"
    assert read(letter()).series == "UBND"


def test_a_joint_document_has_two_issuers_and_two_signers() -> None:
    """The one that numbers it first."""
    values = titled(
        "Chương trình", "CTr-UBND-MTTQ", co_issuers=[{"name": "Ủy ban MTTQ Việt Nam\nphường Một"}],
        co_signers=[{"position": "Chủ tịch", "name": "Lê Văn Ví Dụ"}],
    )  # fmt: skip
    document = read(values)
    assert [issuer.name.split("\n")[0] for issuer in document.issuers] == [
        "Ủy ban nhân dân",
        "Ủy ban MTTQ Việt Nam",
    ]
    assert [signer.name for signer in document.signers] == ["Lê Văn Ví Dụ", "Nguyễn Văn Mẫu"]


def test_what_a_header_can_carry_travels_in_it() -> None:
    """Circulation, drafter, copies, appendices."""
    values = letter(
        circulation="Lưu hành nội bộ", drafter="nvm", copies=12, number=1,
        appendices=[{"title": "Danh sách", "body": "Một dòng."}],
    )  # fmt: skip
    header = read(values).header(date=date(2026, 11, 16))
    assert (header.sphere, header.typist, header.copies) == ("LƯU HÀNH NỘI BỘ", "NVM", 12)
    assert header.appendixes == ("Danh sách",)


@pytest.mark.parametrize(
    "changes",
    [
        {"markup": "markdown", "body": "Lời.\n\n**Mật**"},
        {"markup": "markdown", "body": "| a | b |\n|---|---|\n| Tối mật | c |"},
        {"body": [{"text": "MẬT"}]},
        {"appendices": [{"title": "Danh sách", "body": "Tuyệt mật"}]},
        {"co_signers": [{"position": "Chủ tịch", "name": "Mật"}]},
    ],
)
def test_a_secrecy_mark_is_found_under_emphasis_and_in_tables(changes: dict[str, Any]) -> None:
    """QD 28/2018 Art. 1: what would be printed alone is a mark."""
    with pytest.raises(SecretDocumentError):
        read(letter(**changes))
