"""Whole edXML messages: what real systems send is read, what is written all can read, all has its bounds."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from docsign.envelope import Business, Header, Organization, Reference
from docsign.envelope.edxml import NAMESPACE
from docsign.envelope.edxml_message import Attachment, Message, read_message, write_message
from docsign.errors import EdxmlError

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nnot more\n%%EOF\n"
HEADER = Header(
    sender=Organization(code="000.00.00.H99", name="UBND tỉnh Mẫu"),
    receivers=(Organization(code="000.00.12.H99", name="Sở Thử nghiệm"),),
    number="125",
    notation="UBND-VX",
    issued=date(2026, 11, 16),
    subject="V/v thử nghiệm",
    content="V/v thử nghiệm",
    business=Business(reason="Văn bản điện tử mới"),
)


def attachment(data: bytes, name: str, content_type: str = "application/pdf", **more: str) -> Attachment:
    """Return an attachment to write."""
    return Attachment(
        content_id=more.get("content_id", "tep-1"),
        name=name,
        content_type=content_type,
        description=more.get("description", ""),
        content=io.BytesIO(data),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def written(*attachments: Attachment) -> bytes:
    """Return a message with these."""
    target = io.BytesIO()
    write_message(target, HEADER, attachments)
    return target.getvalue()


def read(data: bytes) -> Message:
    """Read a message into memory."""
    return read_message(io.BytesIO(data), io.BytesIO)


def files(message: Message) -> list[tuple[str, str, bytes]]:
    """Return name, type and bytes of each attachment, whose digests must be right."""
    found = []
    for one in message.attachments:
        data = one.content.read()
        assert (one.size, one.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        found.append((one.name, one.content_type, data))
    return found


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP of these."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream.getvalue()


def vendors(
    content: str, *, name: str = "a.pdf", label: str = "application/pdf", inside: bool = False
) -> bytes:
    """Return a message as another vendor writes it, with one attachment of this base64."""
    attached = (
        f"<AttachmentEncoded><Attachment><ContentTransferEncoded>{content}</ContentTransferEncoded>"
        f"<ContentType>{label}</ContentType><AttachmentName>{name}</AttachmentName>"
        "<ContentId>x-1</ContentId></Attachment></AttachmentEncoded>"
    )
    within, beside = (attached, "") if inside else ("", attached)
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><edXML xmlns="{NAMESPACE}">'
        "<edXMLEnvelope><edXMLBody><edXMLManifest><Reference><ContentId>cid:cid:x-1</ContentId>"
        "</Reference></edXMLManifest></edXMLBody><edXMLHeader><MessageHeader>"
        "<To><OrganId>H99.12</OrganId></To><From><OrganId>H99</OrganId></From>"
        "<Code><CodeNumber>1</CodeNumber></Code></MessageHeader></edXMLHeader>"
        f"{within}</edXMLEnvelope>{beside}</edXML></s:Body></s:Envelope>"
    ).encode()


def base64_of(data: bytes, *, wrap: bool = False) -> str:
    """Return base64, in lines or on one."""
    return (base64.encodebytes(data) if wrap else base64.b64encode(data)).decode()


# ---- written and read again --------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=5000), max_size=4))
def test_what_is_written_is_read_again(contents: list[bytes]) -> None:
    """Bytes, names, types, descriptions; References are those of the attachments."""
    sent = [
        attachment(
            data, f"tệp {n}.bin", "application/octet-stream", content_id=f"tep-{n}", description="Mô tả"
        )
        for n, data in enumerate(contents, 1)
        if not data.startswith(b"PK\x03\x04")
    ]
    message = read(written(*sent))
    assert [data for _, _, data in files(message)] == [one.content.getvalue() for one in sent]  # type: ignore[attr-defined]
    assert [one.description for one in message.attachments] == ["Mô tả"] * len(sent)
    assert message.header is not None
    assert message.header.with_references(()) == HEADER
    assert [one.name for one in message.header.references] == [one.name for one in sent]


def test_the_form_is_the_official_librarys() -> None:
    """AttachmentEncoded beside the envelope, without prefix; raw base64 on one line; CR LF; the true type."""
    data = written(attachment(PDF * 40_000, "12.pdf"))
    root = etree.fromstring(data)
    assert [etree.QName(child).localname for child in root] == ["edXMLEnvelope", "AttachmentEncoded"]
    (one,) = root[1]
    assert [etree.QName(child).localname for child in one] == [
        "ContentId", "AttachmentName", "ContentType", "ContentTransferEncoded",
    ]  # fmt: skip
    assert one[3].prefix == "edXML"
    assert one[3].text == base64_of(PDF * 40_000)
    assert one[2].text == "application/pdf"
    assert data.count(b"\n") == data.count(b"\r\n")
    assert b"cid:tep-1" in data
    assert b"cid:cid:" not in data


# ---- what real systems send --------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("wrap", [True, False])
def test_attachments_are_found_wherever_they_stand(inside: bool, wrap: bool) -> None:
    """Inside the envelope or beside it, under SOAP, content before its name, wrapped base64."""
    message = read(vendors(base64_of(PDF, wrap=wrap), inside=inside))
    assert files(message) == [("a.pdf", "application/pdf", PDF)]
    assert message.attachments[0].content_id == "x-1"


def test_another_vendors_attachment_is_read() -> None:
    """FileName, FileType and Content in place of the standard's names."""
    data = vendors(base64_of(PDF)).replace(b"ContentTransferEncoded>", b"Content>")
    data = data.replace(b"AttachmentName>", b"FileName>").replace(b"ContentType>", b"FileType>")
    assert files(read(data)) == [("a.pdf", "application/pdf", PDF)]


@pytest.mark.parametrize("label", ["application/zip", "application/pdf", ""])
def test_a_wrapped_file_is_unwrapped_whatever_its_label(label: str) -> None:
    """A ZIP under the name of a PDF holds the PDF; the finding says so."""
    message = read(vendors(base64_of(zipped(("0f1e.pdf", PDF))), label=label))
    assert files(message) == [("a.pdf", "application/pdf", PDF)]
    assert "edxml-wrapped" in [one.code for one in message.findings]


def test_files_that_are_zips_themselves_are_left_alone() -> None:
    """An archive, a workbook, an envelope: not unpacked, typed by what they are."""
    folder = zipped(("a/b.pdf", PDF))
    assert files(read(vendors(base64_of(folder), label="application/zip")))[0][2] == folder
    archive = zipped(("a.txt", b"x"))
    assert files(read(vendors(base64_of(archive), name="a.zip", label="application/zip")))[0][2] == archive
    workbook = zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))
    _, kind, data = files(read(vendors(base64_of(workbook), name="b.xlsx", label="application/xslx")))[0]
    assert data == workbook
    assert kind.endswith("spreadsheetml.sheet")
    envelope = zipped(("mimetype", b"application/vnd.etsi.asic-e+zip"), method=zipfile.ZIP_STORED)
    assert files(read(vendors(base64_of(envelope), name="c.asice")))[0][2] == envelope


def test_a_misspelt_type_is_said_and_mended() -> None:
    """The type is what the bytes are."""
    message = read(vendors(base64_of(PDF), label="application/xsl"))
    assert message.attachments[0].content_type == "application/pdf"
    assert [one.code for one in message.findings] == ["edxml-type"]


def test_a_signature_that_is_none_is_named() -> None:
    """In the namespace of edXML it is no signature; in its own it is not judged here."""
    for spaced, words in (("", "is none"), (' xmlns="http://www.w3.org/2000/09/xmldsig#"', "carries")):
        signature = f"<Signature{spaced}><SignedInfo/></Signature></edXMLHeader>".encode()
        message = read(vendors("").replace(b"</edXMLHeader>", signature))
        (finding,) = [one for one in message.findings if one.code.endswith("signature")]
        assert words in finding.sentence.text("en")


def test_what_the_manifest_and_the_files_disagree_on_is_said() -> None:
    """A file that is named and missing, and one that is there and not named."""
    data = vendors(base64_of(PDF)).replace(
        b"</edXMLManifest>", b"<Reference><ContentId>y</ContentId></Reference></edXMLManifest>"
    )
    codes = [one.code for one in read(data.replace(b"<ContentId>x-1<", b"<ContentId>z<")).findings]
    assert codes.count("edxml-missing") == 2
    assert "edxml-unnamed" in codes


def test_a_status_has_no_attachments() -> None:
    """A report comes as a status, not as a document."""
    data = (
        f'<edXML xmlns="{NAMESPACE}"><edXMLEnvelope><edXMLHeader><MessageHeader>'
        "<From><OrganId>H99.12</OrganId></From><ResponseFor><OrganId>H99</OrganId></ResponseFor><StatusCode>03</StatusCode>"
        "<Timestamp>2026/11/16 10:02:11</Timestamp></MessageHeader></edXMLHeader></edXMLEnvelope></edXML>"
    )
    message = read(data.encode())
    assert message.status is not None
    assert (message.header, message.attachments) == (None, ())


# ---- what must not pass ------------------------------------------------------------------------------------


def document_type() -> bytes:
    """A DTD with an entity."""
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + vendors("")


def document_type_behind_comments() -> bytes:
    """The same after more comments than one piece."""
    return b"<!--" + b"x" * 100_000 + b"--><!DOCTYPE x [<!ENTITY e 'x'>]>" + vendors("")


def text_that_is_not_base64() -> bytes:
    """Letters outside the alphabet."""
    return vendors("JVBERi0xLjcK*AAA")


def padding_in_the_middle() -> bytes:
    """Two encodings after one another: readers differ in what they take."""
    return vendors("QUE=QUE=")


def a_data_url() -> bytes:
    """As some front ends send it."""
    return vendors("data:application/pdf;base64," + base64_of(PDF))


def elements_in_the_content() -> bytes:
    """Markup where base64 belongs."""
    return vendors("QUFB<b/>QUFB")


def deep_nesting() -> bytes:
    """Thousands of elements in one another."""
    return vendors("").replace(b"<edXMLHeader>", b"<a>" * 5000 + b"</a>" * 5000 + b"<edXMLHeader>")


def many_elements() -> bytes:
    """More elements than any message has."""
    return vendors("").replace(b"<edXMLHeader>", b"<a/>" * 60_000 + b"<edXMLHeader>")


def an_oversized_field() -> bytes:
    """A subject of three megabytes."""
    return vendors("").replace(b"<Code>", b"<Subject>" + b"x" * 3_000_000 + b"</Subject><Code>")


def too_many_attachments() -> bytes:
    """More than a thousand."""
    one = b"<Attachment><ContentTransferEncoded>QUFB</ContentTransferEncoded></Attachment>"
    return vendors("").replace(b"</AttachmentEncoded>", one * 1001 + b"</AttachmentEncoded>")


def a_bomb_in_the_wrapping() -> bytes:
    """A ZIP that unpacks to a thousand times its size."""
    return vendors(base64_of(zipped(("a.pdf", bytes(30_000_000)))), label="application/zip")


def a_damaged_wrapping() -> bytes:
    """It says ZIP and is cut."""
    return vendors(base64_of(zipped(("a.pdf", PDF))[:-10]), label="application/zip")


def another_encoding() -> bytes:
    """An alphabet in which markup hides."""
    return b'<?xml version="1.0" encoding="utf-7"?>' + vendors("")


ATTACKS = [
    document_type, document_type_behind_comments, text_that_is_not_base64, padding_in_the_middle, a_data_url,
    elements_in_the_content, deep_nesting, many_elements, an_oversized_field, too_many_attachments,
    a_bomb_in_the_wrapping, a_damaged_wrapping, another_encoding,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
def test_hostile_messages_are_refused(attack: object) -> None:
    """With one sentence, and never by another's error."""
    assert callable(attack)
    with pytest.raises(EdxmlError):
        read(attack())


@pytest.mark.parametrize("name", ["../../x.pdf", "/etc/x.pdf", "C:\\x.pdf"])
def test_an_entry_that_climbs_is_refused(name: str) -> None:
    """Zip-slip: no name inside it is a path of ours."""
    data = zipped((name, PDF))
    with pytest.raises(EdxmlError, match=r"Attachment\[1\]"):
        read(vendors(base64_of(data), label="application/zip"))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """Nothing but our own error comes out."""
    with pytest.raises(EdxmlError):
        read(data)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
def test_any_change_is_read_or_refused(place: int, bytes_: bytes) -> None:
    """A changed message is a message, or refused."""
    data = bytearray(vendors(base64_of(zipped(("a.pdf", PDF)))))
    place %= len(data)
    data[place : place + len(bytes_)] = bytes_
    with contextlib.suppress(EdxmlError):
        read(bytes(data))


# ---- sizes -------------------------------------------------------------------------------------------------

STREAMING = """
import sys
from pathlib import Path
from docsign.envelope.edxml_message import read_message, write_message
from docsign.verification import verify
from tests.envelope.test_edxml_message import HEADER, attachment
from tests.peak_memory import peak_memory
import dataclasses, tempfile
folder = Path(sys.argv[1])
with open(folder / "plain", "rb") as source, open(folder / "x.edxml", "wb") as target:
    one = dataclasses.replace(attachment(b"", "lon.bin", "application/octet-stream"), content=source)
    write_message(target, HEADER, [one])
with open(folder / "x.edxml", "rb") as source:
    message = read_message(source, tempfile.TemporaryFile)
report = verify(folder / "x.edxml")
assert report.format.value == "edxml", report
print(peak_memory(), message.attachments[0].size)
"""


def peak(folder: Path, size: int) -> int:
    """Return the peak of a process that writes and reads a message with a file of so many bytes, in KiB."""
    with (folder / "plain").open("wb") as file:
        file.truncate(size)
    done = subprocess.run([sys.executable, "-c", STREAMING, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    memory, read_size = done.stdout.split()
    assert int(read_size) == size
    return int(memory)


def test_a_large_message_is_streamed(tmp_path: Path) -> None:
    """Writing, reading and verifying a hundred megabytes raise the peak by at most 32."""
    small, large = peak(tmp_path, 1000), peak(tmp_path, 75 * 1024 * 1024)
    assert (tmp_path / "x.edxml").stat().st_size > 100 * 1024 * 1024
    assert large - small < 32 * 1024


def test_references_are_made_for_files_without_ids() -> None:
    """What was imported from elsewhere may have none."""
    without: Sequence[Attachment] = [attachment(PDF, "a.pdf", content_id="")]
    message = read(written(*without))
    assert message.header is not None
    assert message.header.references == (Reference(content_id="tep-1", name="a.pdf"),)


def test_streams_are_left_at_their_beginning() -> None:
    """So that each can be read at once."""
    opened: list[BinaryIO] = []

    def spool() -> BinaryIO:
        opened.append(io.BytesIO())
        return opened[-1]

    read_message(io.BytesIO(written(attachment(PDF, "a.pdf"))), spool)
    assert [one.tell() for one in opened] == [0]
