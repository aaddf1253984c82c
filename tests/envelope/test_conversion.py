"""Between edXML and envelopes: the same values, the same digests, names that are safe."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from docsign.envelope import (
    Organization,
    ResponseFor,
    Status,
    StatusCode,
    envelope_header,
    judge_container,
    read_container,
    write_status,
)
from docsign.envelope.conversion import attachments_of, envelope_header_of, is_signed, said_by
from docsign.envelope.edxml_message import Message, read_message, write_message
from docsign.errors import EdxmlError
from docsign.pki import SigningKey, Trust
from docsign.sealing import seal, seal_to
from docsign.verdict import Indication
from docsign.verification import verify
from tests.envelope.test_edxml_message import HEADER, PDF, attachment, base64_of, read, vendors, written


def test_there_and_back_nothing_is_lost(province_key: SigningKey, trust: Trust) -> None:
    """Message → sealed envelope → message → the same header, names, types and digests."""
    sent = [
        attachment(b"a,b\r\n", "125-UBND-VX.csv", "text/csv", description="Văn bản chính", content_id="a"),
        attachment("đây".encode(), "phụ lục.txt", "text/plain", content_id="b"),
    ]
    first = read(written(*sent))
    header, names, renamed = envelope_header_of(first)
    assert (names, renamed) == (("125-UBND-VX.csv", "phụ lục.txt"), ())
    files = [(name, one.content.read()) for name, one in zip(names, first.attachments, strict=True)]
    envelope = seal(header, files, province_key, gateway=True)
    container = read_container(io.BytesIO(envelope))
    judged = judge_container(container, trust=trust, at=datetime.now(UTC))
    assert judged.conclusion.indication is Indication.TOTAL_PASSED
    within = envelope_header(container)
    target = io.BytesIO()
    write_message(target, within, tuple(attachments_of(container, within, io.BytesIO)))
    second = read(target.getvalue())
    assert second.header is not None
    assert second.header.with_references(()) == replace(HEADER, traces=second.header.traces)
    assert [(one.name, one.content_type, one.description, one.sha256) for one in second.attachments] == [
        (one.name, one.content_type, one.description, one.sha256) for one in sent
    ]


def test_names_become_plain_and_different() -> None:
    """Paths, reserved signs and equal names; each change is said."""
    names = ["../../etc/passwd", "a/b.pdf", "A-B.PDF", "con:1?.txt", "...", "a.pdf", "a.pdf"]
    message = read(written(*(attachment(b"x", name, content_id=f"t{n}") for n, name in enumerate(names))))
    _, plain, renamed = envelope_header_of(message)
    assert plain == (
        "-..-etc-passwd", "a-b.pdf", "A-B-2.PDF", "con-1-.txt", "tep-5", "a.pdf", "a-2.pdf",
    )  # fmt: skip
    assert len(renamed) == 6
    assert all(one.code == "edxml-renamed" for one in renamed)


def test_a_status_has_no_envelope() -> None:
    """It travels by itself; what it says is said, in the reader's language."""
    message = replace(read(vendors("")), header=None)
    with pytest.raises(EdxmlError, match="status"):
        envelope_header_of(message)
    answered = ResponseFor(organ_id="H99.31", code="12/UBND-VX", document_id="H99.31,2026/11/20,12/UBND-VX")
    for code, words, vietnamese in (
        (StatusCode.REFUSED, "Sai nơi nhận.", "02 Từ chối tiếp nhận (Sai nơi nhận)"),
        (StatusCode.DONE, "Hoàn thành", "06 Hoàn thành"),
    ):
        status = Status(
            sender=Organization(code="H99", name="UBND tỉnh Mẫu"),
            response_for=answered,
            code=code,
            time=datetime(2026, 11, 22, tzinfo=UTC),
            description=words,
        )
        with pytest.raises(EdxmlError) as caught:
            envelope_header_of(read(write_status(status)))
        said = f"UBND tỉnh Mẫu (H99) báo về văn bản 12/UBND-VX: {vietnamese}."
        assert caught.value.text("vi").endswith(said)
        report = verify(write_status(status))
        assert report.findings[0].sentence.text("vi") == said


def test_a_message_says_who_sends_what_to_whom() -> None:
    """The first of what ``verify`` finds in it."""
    header = replace(HEADER, receivers=HEADER.receivers * 12)
    said = said_by(Message(header=header, status=None, attachments=()))
    assert said is not None
    assert said.text("vi").startswith(
        "UBND tỉnh Mẫu (000.00.00.H99) gửi văn bản 125/UBND-VX đến Sở Thử nghiệm"
    )
    assert said.text("vi").endswith("(000.00.12.H99), …: V/v thử nghiệm.")
    report = verify(written())
    assert report.findings[0].code == "edxml-says"


def test_a_signed_message_is_told_from_one_with_a_dummy() -> None:
    """Only a true XML signature needs the very bytes of the message."""
    for spaced, signed in (("", False), (' xmlns="http://www.w3.org/2000/09/xmldsig#"', True)):
        data = vendors(base64_of(PDF)).replace(
            b"</edXMLHeader>", f"<Signature{spaced}/></edXMLHeader>".encode()
        )
        assert is_signed(read_message(io.BytesIO(data), io.BytesIO)) is signed


def test_what_is_not_known_of_a_file_goes_through_an_envelope(
    province_key: SigningKey,
) -> None:
    """From the message into the header of the envelope and back into the same attachment."""
    text = "đây là phụ lục".encode()
    data = vendors(base64_of(text), name="phụ lục.txt", label="text/plain").replace(
        b"</Attachment>", b'<Trang xmlns="urn:v">hai</Trang></Attachment>'
    )
    message = read(data)
    taken, names, _ = envelope_header_of(message)
    files = [(name, one.content) for name, one in zip(names, message.attachments, strict=True)]
    stream = io.BytesIO()
    seal_to(stream, taken, files, province_key, gateway=True)
    container = read_container(stream)
    inside = envelope_header(container)
    (kept,) = [one for one in inside.unknown if one.parent == "AttachmentEncoded.Attachment[1]"]
    assert kept.xml == '<Trang xmlns="urn:v">hai</Trang>'
    back = io.BytesIO()
    write_message(back, inside, tuple(attachments_of(container, inside, io.BytesIO)), as_received=True)
    again = read(back.getvalue())
    assert again.header is not None
    assert again.header.unknown == inside.unknown
    assert [one.content.read() for one in again.attachments] == [text]
