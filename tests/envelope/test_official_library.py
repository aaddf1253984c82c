"""The official edXML library and ours: it reads what we write without loss, we read what it sends on.

``official_library`` is the library as it was recorded; each test names the sentence of the record it holds.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from docsign.envelope import Header, Organization, ResponseFor, Status, StatusCode, read_status, write_status
from docsign.envelope.edxml import write_header
from docsign.envelope.edxml_message import Attachment, write_message
from docsign.envelope.header import VIETNAM_TIME, Staff
from docsign.envelope.packing import media_type
from docsign.errors import EdxmlError
from tests.envelope import official_library as official
from tests.envelope.test_edxml_message import HEADER, PDF, attachment, files, read, written, zipped
from tests.envelope.test_edxml_values import headers

CONTAINER = zipped(("mimetype", b"application/vnd.etsi.asic-e+zip"))
OFFICE = zipped(("[Content_Types].xml", b"<x/>"), ("word/a.xml", b"<x/>"))
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20, deadline=None)


def through(*attachments: Attachment, header: Header = HEADER) -> official.Taken:
    """Return what the official library takes from a message of ours."""
    target = io.BytesIO()
    write_message(target, header, attachments)
    return official.read(target.getvalue())


def values_of(header: Header) -> dict[str, object]:
    """Return our values under the library's names, with its defaults for numbers that are not there."""
    return {
        "from": header.sender.code,
        "to": [one.code for one in header.receivers],
        "document_id": header.document_id,
        "number": header.number,
        "notation": header.notation,
        "place": header.place,
        "issued": header.issued,
        "type": header.type,
        "type_detail": header.type_detail,
        "type_name": header.type_name,
        "subject": header.subject,
        "content": header.content,
        "signer": header.signer.name,
        "due": header.due,
        "priority": int(header.priority),
        "copies": 1 if header.copies is None else header.copies,
        "pages": 1 if header.pages is None else header.pages,
        "directive": bool(header.directive),
        "appendixes": list(header.appendixes),
        "responses": [(one.organ_id, one.code, one.document_id, one.issued) for one in header.responses],
        "steering": int(header.steering),
        "places": list(header.to_places),
        "kind": int(header.business.kind),
        "reason": header.business.reason,
        "changes": header.business.document_id,
        "paper": int(header.business.paper),
        "staff": (header.business.staff or Staff()).name,
        "replaced": [one.document_id for one in header.business.replacements],
        "traces": [
            (one.organ_id, one.time and one.time.astimezone(VIETNAM_TIME).replace(tzinfo=None))
            for one in header.traces
        ],
    }


# ---- what we write, it reads without loss ------------------------------------------------------------------


@SLOW
@given(headers())
def test_it_takes_every_header_of_ours_without_loss(header: Header) -> None:
    """New, revoked, updated, replaced, every field filled or empty: the same values on its side."""
    taken = official.read(write_header(replace(header, unknown=())))
    assert taken.values == values_of(header)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("cong-van.pdf", PDF, "application/pdf"),
        ("chu-ky.p7s", b"\x30\x82\x01\x00", ""),
        ("goi-tin.asice", CONTAINER, ""),
        ("bang.xlsx", OFFICE, ""),
        (
            "van-ban.docx",
            zipped(("[Content_Types].xml", b"<x/>"), ("word/a.xml", b"<x/>")),
            "application/zip",
        ),
        ("ho-so.zip", zipped(("a.txt", b"mot"), ("b/c.txt", b"hai")), "application/zip"),
        ("HO-SO.ZIP", zipped(("a.txt", b"mot"), ("b/c.txt", b"hai")), "application/zip"),
        ("không-đuôi", zipped(("a.txt", b"mot"), ("b.txt", b"hai")), "application/zip"),
        ("ghi-chu.txt", "Kính gửi".encode(), ""),
        ("rong.txt", b"", ""),
    ],
)
def test_it_hands_over_every_file_as_it_is(name: str, data: bytes, kind: str) -> None:
    """True types and raw base64: nothing is unpacked, nothing but the first entry lost, nothing breaks it."""
    sent = attachment(data, name, kind or media_type(name, data), description="Tệp")
    ((content_id, got, label, content),) = through(sent).attachments
    assert (content_id, got, content) == ("cid:tep-1", name, data)
    assert label != "application/zip" or name.endswith(".zip")
    ((_, _, ours),) = files(read(written(sent)))
    assert ours == data


def test_every_file_has_a_name_and_a_type() -> None:
    """Without a name, or with none of a type, the whole message fails over there."""
    header = replace(HEADER, references=())
    target = io.BytesIO()
    write_message(target, header, [attachment(PDF, "", "")], as_received=True)
    assert official.read(target.getvalue()).attachments == [("cid:tep-1", "tep-1", "application/pdf", PDF)]


def test_its_spelling_of_ours_in_a_status() -> None:
    """A status is read by another parser: MessageHeader, and the order it writes itself."""
    answered = ResponseFor(organ_id="H99", code="1/UBND", document_id="H99,2026/11/16,1/UBND")
    status = Status(
        sender=Organization(code="H99.31"),
        response_for=replace(answered, issued=date(2026, 11, 16)),
        code=StatusCode.DONE,
        time=datetime(2026, 11, 16, 3, 0, tzinfo=UTC),
        description="Hoàn thành",
        staff=Staff(
            department="VP", department_id="1", name="Lê Thị Thử", staff_id="2", email="e", mobile="9"
        ),
    )
    root = etree.fromstring(write_status(status))
    (message,) = root.iter("{*}MessageHeader")
    response, staff = official.child(message, "ResponseFor"), official.child(message, "StaffInfo")
    assert response is not None
    assert staff is not None
    assert [official.local(one) for one in response] == ["OrganId", "Code", "DocumentId", "PromulgationDate"]
    assert [official.local(one) for one in staff] == [
        "Department", "DepartmentId", "Staff", "StaffId", "Email", "Mobile",
    ]  # fmt: skip
    assert [official.local(one) for one in root] == ["edXMLEnvelope"]
    assert read_status(write_status(status)) == status


# ---- what it sends on, we read without loss ----------------------------------------------------------------


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_over_the_axis_the_document_and_its_files_are_the_same(hops: int) -> None:
    """Rebuilt on each hop: packed files, one more ``cid:``, References all ZIPs, a nameless station."""
    sent = [
        attachment(PDF, "cong-van.pdf", content_id="a"),
        attachment("Kính gửi".encode(), "ghi-chu.txt", "text/plain", content_id="b"),
        attachment(
            zipped(("mimetype", b"application/vnd.etsi.asic-e+zip")), "goi.asice", "x/y", content_id="c"
        ),
        attachment(OFFICE, "bang.xlsx", "x/y", content_id="d"),
    ]
    data = written(*sent)
    for _ in range(hops):
        data = official.passed_on(data)
    message = read(data)
    assert message.header is not None
    assert message.header.document_id == HEADER.document_id
    plain = message.header.with_references(())
    assert replace(plain, traces=()) == HEADER
    assert [one.organ_id for one in plain.traces] == [""] * hops
    assert [one.sha256 for one in message.attachments] == [one.sha256 for one in sent]
    assert [one.content_id for one in message.attachments] == ["a", "b", "c", "d"]
    assert [one.content_id for one in message.header.references] == ["a", "b", "c", "d"]
    assert "edxml-missing" not in [one.code for one in message.findings]


@SLOW
@given(headers())
def test_a_hop_takes_no_value_away(header: Header) -> None:
    """Whatever the header says: the same values after it, but for the station that was added."""
    header = replace(header, unknown=(), references=())
    message = read(official.passed_on(write_header(header)))
    assert message.header is not None
    assert message.header == replace(header, traces=message.header.traces)
    assert message.header.traces[:-1] == header.traces


def test_a_signature_that_lost_its_namespace_is_named() -> None:
    """A hop leaves no signature over the envelope: what is left is said to be none."""
    signature = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    data = written(attachment(PDF, "a.pdf")).replace(
        b"</edXML:edXMLHeader>", signature + b"</edXML:edXMLHeader>"
    )
    words = {}
    for stage, one in (("sent", data), ("passed on", official.passed_on(data))):
        (finding,) = [one for one in read(one).findings if one.code.endswith("signature")]
        words[stage] = finding.sentence.text("en")
    assert "carries" in words["sent"]
    assert "is none" in words["passed on"]


# ---- where it breaks or errs, ours does not ----------------------------------------------------------------

PLAIN = written(attachment(PDF, "a.pdf")).decode()
STEERING = "</edXML:SteeringType>"
NULL, NUMBER = "NullPointerException", "NumberFormatException"
BREAKING: dict[str, tuple[str, Callable[[str], str]]] = {
    "the envelope in another namespace": (NULL, lambda text: text.replace(official.NAMESPACE, "urn:khac")),
    "the envelope in no namespace": (
        NULL,
        lambda text: text.replace(f' xmlns:edXML="{official.NAMESPACE}"', "")
        .replace("edXML:", "")
        .replace(f' xmlns="{official.NAMESPACE}"', ""),
    ),
    "SOAP around it": (
        NULL,
        lambda text: (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            + text.partition("?>")[2]
            + "</s:Body></s:Envelope>"
        ),
    ),
    "SteeringType empty": (NUMBER, lambda text: text.replace(f">0{STEERING}", f">{STEERING}")),
    "SteeringType in words": (NUMBER, lambda text: text.replace(f">0{STEERING}", f">có{STEERING}")),
    "the type of a file missing": (
        "not a ZIP",
        lambda text: text.replace("      <ContentType>application/pdf</ContentType>\r\n", ""),
    ),
    "a PDF called a ZIP": (
        "not a ZIP",
        lambda text: text.replace("  <ContentType>application/pdf", "  <ContentType>application/zip"),
    ),
    "the name of a file missing": (
        "AttachmentName",
        lambda text: text.replace("      <AttachmentName>a.pdf</AttachmentName>\r\n", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKING)
def test_what_breaks_it_is_read_here(case: str) -> None:
    """It throws and reads nothing; the document and its file are taken here all the same."""
    reason, change = BREAKING[case]
    text = change(PLAIN)
    assert text != PLAIN
    with pytest.raises(official.BrokenError, match=reason):
        official.read(text.encode())
    message = read(text.encode())
    assert message.header is not None
    assert message.header.with_references(()) == HEADER
    ((_, _, data),) = files(message)
    assert data == PDF


ERRING: dict[str, tuple[str, int | None, date | None]] = {
    "a day first": ("16/11/2026", 22, date(2026, 11, 16)),
    "a day in ISO form": ("2026-11-16", None, date(2026, 11, 16)),
    "a day that is none": ("2026/02/30", 2026, None),
    "a day in words": ("hôm nay", None, None),
}


@pytest.mark.parametrize("case", ERRING)
def test_where_it_errs_in_silence_it_is_right_here_or_said(case: str) -> None:
    """16/11/2026 is the year 22 over there, 30 February the 2nd of March; here a day, or a finding."""
    written_so, theirs, ours = ERRING[case]
    text = PLAIN.replace("Date>2026/11/16", f"Date>{written_so}")
    issued = official.read(text.encode()).values["issued"]
    assert (issued and issued.year) == theirs
    header = read(text.encode()).header
    assert header is not None
    assert header.issued == ours
    if ours is None:
        assert "edxml-date" in [one.code for one in header.findings]


def test_files_it_overlooks_are_found_here() -> None:
    """AttachmentEncoded inside the envelope: it reads the document without its files, and says nothing."""
    start, end = "  <AttachmentEncoded>", "</AttachmentEncoded>\r\n"
    piece = PLAIN[PLAIN.index(start) : PLAIN.index(end) + len(end)]
    text = PLAIN.replace(piece, "").replace("  </edXML:edXMLEnvelope>", piece + "  </edXML:edXMLEnvelope>")
    assert official.read(text.encode()).attachments == []
    assert files(read(text.encode())) == [("a.pdf", "application/pdf", PDF)]


def test_files_it_cuts_are_whole_here() -> None:
    """An archive of two under a name that does not end in ``zip``: it keeps the first entry alone."""
    archive = zipped(("a.txt", b"mot"), ("b.txt", b"hai"))
    text = written(attachment(archive, "ho-so.bin", "application/octet-stream")).replace(
        b"<ContentType>application/octet-stream", b"<ContentType>application/zip"
    )
    assert official.read(text).attachments[0][3] == b"mot"
    ((_, _, data),) = files(read(text))
    assert data == archive


def test_what_it_writes_outside_or_leaves_packed_is_not_ours() -> None:
    """A climbing entry is refused with its place; content packed under its own type is unpacked."""
    climbing = written(attachment(zipped(("../../x.pdf", PDF)), "a.pdf")).replace(
        b"  <ContentType>application/pdf", b"  <ContentType>application/zip"
    )
    with pytest.raises(EdxmlError, match=r"Attachment\[1\]"):
        read(climbing)
    packed = written(attachment(zipped(("0f1e.pdf", PDF)), "a.pdf"))
    assert official.read(packed).attachments[0][3] != PDF
    assert files(read(packed)) == [("a.pdf", "application/pdf", PDF)]


def test_a_document_type_is_refused_here() -> None:
    """It resolves external entities and reads local files; here nothing is read before the refusal."""
    text = PLAIN.replace("?>", '?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1)
    with pytest.raises(EdxmlError):
        read(text.encode())
