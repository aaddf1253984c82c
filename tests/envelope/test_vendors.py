"""Each difference seen between systems is read to the same values: one row, one difference."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from docsign.envelope import Header, Organization, read_header
from docsign.envelope.edxml import NAMESPACE, write_header
from docsign.envelope.edxml_message import read_message
from tests.envelope.test_edxml_message import HEADER, PDF, attachment, files, written

PLAIN = written(attachment(PDF + b"\n", "a.pdf")).decode()


def moved(text: str, start: str, end: str, before: str) -> str:
    """Move a stretch of the message to stand before another."""
    first = text.index(start)
    last = text.index(end, first) + len(end)
    piece = text[first:last]
    return (text[:first] + text[last:]).replace(before, piece + before, 1)


DIFFERENCES: dict[str, Callable[[str], str]] = {
    "another prefix": lambda text: (
        text.replace("edXML:", "ed:").replace("xmlns:edXML", "xmlns:ed").replace(":edXML=", ":ed=")
    ),
    "no prefix": lambda text: text.replace(f' xmlns:edXML="{NAMESPACE}"', "").replace("edXML:", ""),
    "no namespace": lambda text: (
        text.replace(f' xmlns:edXML="{NAMESPACE}"', "")
        .replace("edXML:", "")
        .replace(f' xmlns="{NAMESPACE}"', "")
    ),
    "another namespace": lambda text: text.replace(NAMESPACE, "http://www.e-doc.vn/Schema/"),
    "no declaration": lambda text: text.partition("?>\r\n")[2],
    "XML 1.1": lambda text: text.replace('version="1.0" enc', 'version="1.1" enc'),
    "Unix lines": lambda text: text.replace("\r\n", "\n"),
    "one line": lambda text: text.replace("\r\n", ""),
    "comments": lambda text: text.replace("<edXML:To>", "<!-- nhận --><edXML:To>"),
    "CDATA": lambda text: text.replace("V/v thử nghiệm", "<![CDATA[V/v thử nghiệm]]>"),
    "spaces around": lambda text: text.replace("V/v thử nghiệm", "\n  V/v thử nghiệm \t"),
    "DocumentId first": lambda text: moved(text, "<edXML:DocumentId>", "</edXML:DocumentId>", "<edXML:From>"),
    "Bussiness last": lambda text: moved(
        text, "<edXML:Bussiness>", "</edXML:Bussiness>", "</edXML:TraceHeaderList>"
    ),
    "trace before message": lambda text: moved(
        text, "<edXML:TraceHeaderList>", "</edXML:TraceHeaderList>", "<edXML:MessageHeader>"
    ),
    "attributes of the trace list": lambda text: text.replace(
        "<edXML:TraceHeaderList>", '<edXML:TraceHeaderList id="1" version="1.0" mustUnderstand="1" actor="x">'
    ),
    "xlink in the reference": lambda text: text.replace(
        "<edXML:Reference>",
        '<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:x" xlink:type="simple">',
    ),
    "no cid": lambda text: text.replace("cid:tep-1", "tep-1"),
    "cid twice": lambda text: text.replace("cid:tep-1", "cid:cid:tep-1"),
    "CID": lambda text: text.replace("cid:tep-1", "CID:tep-1"),
    "day first": lambda text: text.replace(
        "<edXML:PromulgationDate>2026/11/16", "<edXML:PromulgationDate>16/11/2026"
    ),
    "ISO day": lambda text: text.replace(
        "<edXML:PromulgationDate>2026/11/16", "<edXML:PromulgationDate>2026-11-16"
    ),
    "day with time": lambda text: text.replace("Date>2026/11/16<", "Date>2026/11/16 08:00:00<"),
    "empty DueDate": lambda text: text.replace("<edXML:OtherInfo>", "<edXML:DueDate/><edXML:OtherInfo>"),
    "empty SteeringType": lambda text: text.replace(">0</edXML:SteeringType>", "></edXML:SteeringType>"),
    "no SteeringType": lambda text: text.replace("<edXML:SteeringType>0</edXML:SteeringType>", ""),
    "empty Priority": lambda text: text.replace("<edXML:Priority>0<", "<edXML:Priority><"),
    "empty DigitalSignature": lambda text: text.replace(
        "</edXML:edXMLHeader>", "<edXML:DigitalSignature/></edXML:edXMLHeader>"
    ),
    "every type is a ZIP": lambda text: text.replace(
        "<edXML:ContentType>application/pdf", "<edXML:ContentType>application/zip"
    ),
    "attachments in the envelope": lambda text: moved(
        text, "<AttachmentEncoded>", "</AttachmentEncoded>", "</edXML:edXMLEnvelope>"
    ),
    "root is the envelope": lambda text: (
        f'<edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}" xmlns="{NAMESPACE}">'
        + moved(text, "<AttachmentEncoded>", "</AttachmentEncoded>", "</edXML:edXMLEnvelope>")
        .partition(f'<edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">')[2]
        .rpartition("</edXML>")[0]
    ),
    "SOAP": lambda text: (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
        + text.partition("?>")[2]
        + "</s:Body></s:Envelope>"
    ),
    "wrapped base64": lambda text: text.replace("JVBER", "JVB\r\n  ER"),
    "no padding": lambda text: text.replace("==</edXML:Content", "</edXML:Content"),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_difference_changes_no_value(difference: str) -> None:
    """Header, attachment and its bytes are those of the plain message; encodings do not matter either."""
    text = DIFFERENCES[difference](PLAIN)
    assert text != PLAIN
    for data in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("UTF-8", "UTF-16").encode("utf-16"),
    ):
        message = read_message(io.BytesIO(data), io.BytesIO)
        assert message.header is not None
        assert message.header.with_references(()) == HEADER
        assert files(message) == [("a.pdf", "application/pdf", PDF + b"\n")]
        assert [one.content_id for one in message.header.references] == ["tep-1"]


@pytest.mark.parametrize(
    ("kind", "detail", "name"), [(1, 0, "Công văn"), (18, 0, "Công văn"), (2, 18, "Công văn")]
)
def test_the_three_practices_of_the_document_type(kind: int, detail: int, name: str) -> None:
    """The numbers are kept as received, the name counts."""
    header = replace(HEADER, type=kind, type_detail=detail, type_name=name)
    again = read_header(write_header(header))
    assert (again.type, again.type_detail, again.type_name) == (kind, detail, name)


@pytest.mark.parametrize("code", ["000.00.12.H99", "H99.12", "12.H99", "0101234567"])
def test_both_orders_of_agency_codes(code: str) -> None:
    """Written back as received."""
    header = replace(HEADER, receivers=(Organization(code=code),))
    assert read_header(write_header(header)).receivers[0].code == code


def test_a_station_of_the_axis_has_no_code() -> None:
    """Deliveries of 2025: a second TraceHeader with a time and no OrganId."""
    more = "<edXML:TraceHeader><edXML:Timestamp>2026/11/16 10:00:00</edXML:Timestamp></edXML:TraceHeader>"
    header: Header = read_header(
        PLAIN.replace("</edXML:TraceHeaderList>", more + "</edXML:TraceHeaderList>").encode()
    )
    assert [one.organ_id for one in header.traces] == [""]
    assert header.issued == date(2026, 11, 16)
