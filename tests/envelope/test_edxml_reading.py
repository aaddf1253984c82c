"""Reading edXML is tolerant of vendors and honest about what it had to overlook."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.envelope import Header, Priority, StatusCode, read_header, read_status
from docsign.envelope.edxml import write_header
from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import EdxmlError

VENDOR = """<?xml version="1.0"?>
<x:edXML xmlns:x="urn:khac"><x:edXMLEnvelope><x:edXMLHeader>
 <x:TraceHeaderList id="1" mustUnderstand="1">
  <x:TraceHeader><x:Timestamp>2026/11/21</x:Timestamp></x:TraceHeader>
  <x:TraceHeader><x:OrganId>H99</x:OrganId><x:Timestamp>2026-11-21T09:15:30+09:00</x:Timestamp></x:TraceHeader>
  <x:Bussiness><x:BussinessDocType>9</x:BussinessDocType></x:Bussiness>
 </x:TraceHeaderList>
 <x:MessageHeader>
  <!-- ghi chú --><x:Unknown>?</x:Unknown>
  <x:ToPlaces><x:Place> Như trên </x:Place><x:Place/></x:ToPlaces>
  <x:DueDate>{due}</x:DueDate>
  <x:OtherInfo><x:Priority> 1 </x:Priority><x:PageAmount>hai</x:PageAmount>
   <x:Direction>true</x:Direction></x:OtherInfo>
  <x:SteeringType/>
  <x:Subject><![CDATA[V/v thử & nghiệm]]></x:Subject>
  <x:Code><x:CodeNotation>UBND</x:CodeNotation><x:CodeNumber>15a</x:CodeNumber></x:Code>
  <x:PromulgationInfo><x:PromulgationDate>21/11/2026</x:PromulgationDate></x:PromulgationInfo>
  <x:To><x:OrganName>Sở Mẫu</x:OrganName><x:OrganId>000.00.12.H99</x:OrganId></x:To>
  <x:From><x:OrganId>H99</x:OrganId></x:From>
 </x:MessageHeader></x:edXMLHeader>
 <x:edXMLBody><x:edXMLManifest><x:Reference><x:AttachmentName>a.pdf</x:AttachmentName>
  <x:ContentId>cid:cid:a-1</x:ContentId></x:Reference></x:edXMLManifest></x:edXMLBody>
</x:edXMLEnvelope></x:edXML>"""


def vendor(due: str = "") -> Header:
    """Read the vendor's message with this due date."""
    return read_header(VENDOR.format(due=due).encode())


def test_a_vendors_message_is_read() -> None:
    """Foreign prefix and namespace, any order, comments, CDATA, spaces, cid:cid:, no DocumentId."""
    header = vendor()
    assert header.subject == "V/v thử & nghiệm"
    assert (header.number, header.notation) == ("15a", "UBND")
    assert header.issued == date(2026, 11, 21)
    assert header.document_id == "H99,2026/11/21,15a/UBND"
    assert header.priority is Priority.URGENT
    assert header.to_places == ("Như trên",)
    assert header.directive is True
    assert header.references[0].content_id == "a-1"
    assert header.traces[0].organ_id == ""
    assert header.traces[1].time == datetime(2026, 11, 21, 0, 15, 30, tzinfo=UTC)


def test_what_was_overlooked_is_said() -> None:
    """A number that is none and a kind nobody defined become findings with their places."""
    places = {finding.where: finding.code for finding in vendor().findings}
    assert places["header.MessageHeader.OtherInfo.PageAmount"] == "edxml-number"
    assert places["header.TraceHeaderList.Bussiness.BussinessDocType"] == "edxml-code"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026/11/30", date(2026, 11, 30)),
        ("2026/1/6", date(2026, 1, 6)),
        ("30/11/2026", date(2026, 11, 30)),
        ("2026-11-30", date(2026, 11, 30)),
        ("2026-11-30T10:00:00Z", date(2026, 11, 30)),
        ("2026/11/30 10:00:00", date(2026, 11, 30)),
        ("", None),
    ],
)
def test_three_forms_of_a_day_are_read(text: str, day: date | None) -> None:
    """Year first with slashes or dashes, day first; a time may follow."""
    header = vendor(text)
    assert header.due == day
    assert not any(finding.where.endswith("DueDate") for finding in header.findings)


@pytest.mark.parametrize(
    "text", ["2026/02/30", "31/11/2026", "mai", "2026/13/01", "0000/00/00", "2026/11/301"]
)
def test_impossible_days_become_findings(text: str) -> None:
    """Never another day in silence, as the official library gives."""
    header = vendor(text)
    assert header.due is None
    assert [f.code for f in header.findings if f.where == "header.MessageHeader.DueDate"] == ["edxml-date"]


def test_utf_16_and_a_mark_at_the_start_are_read(header: Header) -> None:
    """A byte order mark and UTF-16 do not matter."""
    text = write_header(header).decode()
    assert read_header(b"\xef\xbb\xbf" + text.encode()) == read_header(text.encode())
    assert read_header(text.replace("UTF-8", "UTF-16").encode("utf-16")) == read_header(text.encode())


@pytest.mark.parametrize(
    ("found", "replaced", "place"),
    [
        ("<x:From><x:OrganId>H99</x:OrganId></x:From>", "", "header.MessageHeader.From.OrganId"),
        ("<x:OrganId>000.00.12.H99</x:OrganId>", "<x:OrganId/>", "header.MessageHeader.To[1].OrganId"),
        ("<x:CodeNumber>15a</x:CodeNumber>", "", "header.MessageHeader.Code.CodeNumber"),
        ("MessageHeader", "Khac", "header.MessageHeader"),
        ("edXMLHeader", "Khac", "header"),
    ],
)
def test_a_message_that_cannot_be_told_is_an_error_with_its_place(
    found: str, replaced: str, place: str
) -> None:
    """Without sender, receiver, document or header there is nothing to go on."""
    assert found in VENDOR
    with pytest.raises(EdxmlError) as caught:
        read_header(VENDOR.format(due="").replace(found, replaced).encode())
    assert caught.value.where == place


def test_a_message_without_receivers_is_an_error() -> None:
    """A document goes to somebody."""
    with pytest.raises(EdxmlError, match="no receiver"):
        read_header(VENDOR.format(due="").replace("x:To>", "x:Gui>").encode())


STATUS = """<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXMLEnvelope><edXMLHeader><{name}>
 <From><OrganId>H99</OrganId></From><StaffInfo><Staff>Lê Thị Thử</Staff></StaffInfo>
 <ResponseFor><OrganId>H99.31</OrganId><Code>12/UBND</Code><PromulgationDate>2026/11/21</PromulgationDate></ResponseFor>
 <StatusCode>{code}</StatusCode><Timestamp>{time}</Timestamp></{name}></edXMLHeader></edXMLEnvelope></edXML>"""


def status(name: str = "MessageHeader", code: str = "03", time: str = "2026/11/21 10:02:11") -> bytes:
    """Return a vendor's status."""
    return STATUS.format(name=name, code=code, time=time).encode()


@pytest.mark.parametrize("name", ["MessageHeader", "Status"])
def test_a_status_is_read_in_both_forms(name: str) -> None:
    """MessageHeader, and Status as another vendor writes; a code without its zero too."""
    read = read_status(status(name, code="3"))
    assert read.code is StatusCode.ACCEPTED
    assert read.addressee == "H99.31"
    assert read.time == datetime(2026, 11, 21, 10, 2, 11, tzinfo=VIETNAM_TIME)
    assert read.time.utcoffset() == timedelta(hours=7)
    assert read.staff is not None
    assert read.staff.name == "Lê Thị Thử"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (status(code="07"), "status.MessageHeader.StatusCode"),
        (status(code=""), "status.MessageHeader.StatusCode"),
        (status(time="hôm nay"), "status.MessageHeader.Timestamp"),
        (status().replace(b"<OrganId>H99.31</OrganId>", b""), "status.MessageHeader.ResponseFor.OrganId"),
        (status().replace(b"<OrganId>H99</OrganId>", b""), "status.MessageHeader.From.OrganId"),
        (status("Khac"), "status.MessageHeader"),
    ],
)
def test_a_status_that_cannot_be_told_is_an_error(data: bytes, place: str) -> None:
    """Code, time, sender and document are needed."""
    with pytest.raises(EdxmlError) as caught:
        read_status(data)
    assert caught.value.where == place


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_an_error(data: bytes) -> None:
    """Nothing but the library's own error leaves the readers."""
    for read in (read_header, read_status):
        with pytest.raises(EdxmlError):
            read(data)


def test_an_external_entity_is_refused() -> None:
    """The hole of the official library: a DTD is refused before anything is read."""
    attack = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + status()
    with pytest.raises(EdxmlError, match="DTD"):
        read_status(attack)
