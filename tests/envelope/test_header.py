"""The values of a header and of statuses, and how one names the other's document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from docsign.envelope import Header, Organization, Reference, ResponseFor, Status, StatusCode
from docsign.envelope.header import BusinessKind, Priority
from docsign.envelope.packing import default_name, media_type, require_not_secret
from docsign.errors import SecretDocumentError, UsageError


def test_the_document_identifier_is_built_from_the_document(header: Header) -> None:
    """Sender, day, number and notation, as QCVN 102 has it; a given one stays."""
    assert header.document_id == "H99.31,2026/11/21,12/UBND-VX"
    assert header.code == "12/UBND-VX"
    assert replace(header, document_id="X").document_id == "X"
    assert replace(header, document_id="", issued=None).document_id == ""


def test_a_status_goes_to_the_sender_and_names_the_document(header: Header) -> None:
    """Answering keeps number, identifier and day; the description defaults to the state's name."""
    now = datetime.now(UTC)
    status = Status.answering(header, StatusCode.ACCEPTED, sender=header.receivers[0], time=now)
    assert status.addressee == "H99.31"
    assert status.response_for == ResponseFor(
        organ_id="H99.31", code="12/UBND-VX", document_id=header.document_id, issued=header.issued
    )
    assert status.description == "Đã tiếp nhận"
    assert status.code.label("vi") == "03 Đã tiếp nhận"
    assert status.code.label("en") == "03 Accepted"


def test_a_recall_goes_to_a_receiver(header: Header) -> None:
    """Code 13 is the sender's and must say which receiver it is for."""
    now = datetime.now(UTC)
    with pytest.raises(UsageError, match="names the receiver"):
        Status.answering(header, StatusCode.RECALL, sender=header.sender, time=now)
    recall = Status.answering(header, StatusCode.RECALL, sender=header.sender, time=now, receiver="H99")
    assert recall.addressee == "H99"
    assert recall.code.by_sender


def test_a_reference_names_an_entry() -> None:
    """The identifier is percent-encoded, the entry is not."""
    reference = Reference(content_id="documents/C%C3%B4ng%20v%C4%83n.pdf", name="Công văn.pdf")
    assert reference.entry == "documents/Công văn.pdf"


def test_kinds_and_priorities_have_vietnamese_names() -> None:
    """What is written into the message is Vietnamese."""
    assert [kind.vietnamese for kind in BusinessKind][1] == "Thu hồi văn bản điện tử"
    assert [priority.vietnamese for priority in Priority][3] == "Hỏa tốc"


@pytest.mark.parametrize("mark", ["MẬT", "tối mật", "Tuyệt  Mật", "T U Y Ệ T  M Ậ T"])
def test_a_secrecy_mark_in_any_text_is_refused_with_its_place(header: Header, mark: str) -> None:
    """In a receiver's name, a line of the subject, a place of receipt."""
    named = replace(header.receivers[1], name=mark)
    for marked, place in (
        (replace(header, receivers=(header.receivers[0], named)), "header.receivers[2].name"),
        (replace(header, subject=f"V/v thử\n{mark}"), "header.subject"),
        (replace(header, to_places=("Như trên", mark)), "header.to_places[2]"),
    ):
        with pytest.raises(SecretDocumentError) as caught:
            require_not_secret(marked)
        assert caught.value.where == place


def test_the_word_inside_a_sentence_is_no_mark(header: Header) -> None:
    """Bảo mật, bí mật and their like travel."""
    require_not_secret(replace(header, subject="V/v bảo vệ bí mật nhà nước, tài liệu mật"))


def test_documents_without_a_name_get_their_number(header: Header) -> None:
    """Number and notation, without what a file system dislikes; the second one is counted."""
    assert default_name(header, 1, b"%PDF-1.7") == "12-UBND-VX.pdf"
    assert default_name(header, 2, b"\0") == "12-UBND-VX-2.bin"
    odd = Header(
        sender=Organization(code="H99"),
        receivers=(),
        number="1/2",
        notation="A:B",
        issued=None,
        subject="x",
    )
    assert default_name(odd, 1, b"%PDF-1.7") == "1-2-A-B.pdf"


def test_media_types_are_true() -> None:
    """A PDF is told by its bytes, others by their ending, the rest is octets (never application/zip)."""
    assert media_type("x.bin", b"%PDF-1.7") == "application/pdf"
    assert media_type("Bảng.XLSX", b"PK\3\4").endswith("spreadsheetml.sheet")
    assert media_type("x.asice", b"PK\3\4") == "application/vnd.etsi.asic-e+zip"
    assert media_type("x", b"PK\3\4") == "application/octet-stream"
