"""Writing edXML is strict: the official library's order and form, and errors that name their place."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from docsign.envelope import (
    Business,
    BusinessKind,
    Header,
    Organization,
    Priority,
    Reference,
    ResponseFor,
    Staff,
    Status,
    StatusCode,
    Steering,
    Trace,
    read_header,
    read_status,
    write_header,
    write_status,
)
from docsign.envelope.header import VIETNAM_TIME, ReceiverChange, Replacement
from docsign.errors import EdxmlError

NS = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
STAFF = Staff(department="Văn phòng", name="Trần Thị Thử", email="vanthu@mau.example", mobile="84900000000")


def full(header: Header) -> Header:
    """Return a header with every field filled."""
    answered = ResponseFor(
        organ_id="000.00.12.H99",
        code="77/STN-VP",
        document_id="000.00.12.H99,2026/11/02,77/STN-VP",
        issued=date(2026, 11, 2),
    )
    return replace(
        header,
        due=date(2026, 11, 30),
        priority=Priority.URGENT,
        sphere="Lưu hành nội bộ",
        typist="NVM",
        copies=1,
        pages=2,
        directive=True,
        reply_fors="1",
        reference_codes="2",
        appendixes=("Phụ lục I. Danh sách đơn vị", "Phụ lục II"),
        responses=(answered, answered),
        steering=Steering.DIRECTIVE,
        task_codes=("NV01",),
        application_type="1",
        business=Business(
            kind=BusinessKind.REPLACE,
            reason="Văn bản thay thế",
            document_id="H99.31,2026/11/10,11/UBND-VX",
            paper=True,
            document_changed=True,
            receivers_changed=False,
            receiver_changes=(ReceiverChange(organ_id="H99.32", receiver_type=1),),
            replacements=(Replacement(document_id="H99.31,2026/11/10,11/UBND-VX", organ_ids=("H99",)),),
            staff=STAFF,
        ),
        traces=(Trace(organ_id="H99.31", time=datetime(2026, 11, 21, 9, 15, 30, tzinfo=VIETNAM_TIME)),),
        references=(
            Reference(content_id="documents/12.pdf", name="12.pdf", description="Văn bản chính"),
            Reference(content_id="documents/b%20.xlsx", name="b .xlsx", content_type="application/x"),
        ),
    )


def children(element: etree._Element) -> list[str]:
    """Return the local names of the children, repeated ones once."""
    names = [str(child.tag).rpartition("}")[2] for child in element]
    return list(dict.fromkeys(names))


def test_what_is_written_is_read_again(header: Header) -> None:
    """No value is lost on the way through XML."""
    assert read_header(write_header(full(header))) == full(header)


def test_the_order_is_the_official_librarys(header: Header) -> None:
    """MessageHeader, OtherInfo, Bussiness and the rest in the recorded order; empty things left out."""
    root = etree.fromstring(write_header(full(header)))
    (message,) = root.iter(f"{NS}MessageHeader")
    assert children(message) == [
        "From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content",
        "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ResponseForTask",
        "ApplicationType", "ToPlaces",
    ]  # fmt: skip
    (other,) = root.iter(f"{NS}OtherInfo")
    assert children(other) == [
        "Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount",
        "ReplyFors", "Direction", "ReferenceCodes", "Appendixes",
    ]  # fmt: skip
    (traces,) = root.iter(f"{NS}TraceHeaderList")
    assert children(traces) == ["Bussiness", "TraceHeader"]
    assert children(traces[0]) == [
        "DocumentId", "BussinessDocType", "BussinessDocReason", "Paper", "BussinessDocumentInfo",
        "ReplacementInfoList", "StaffInfo",
    ]  # fmt: skip
    assert children(next(root.iter(f"{NS}ResponseFor"))) == [
        "OrganId", "Code", "DocumentId", "PromulgationDate",
    ]  # fmt: skip
    assert children(root) == ["edXMLEnvelope", "AttachmentEncoded"]
    assert children(root[0]) == ["edXMLHeader", "edXMLBody"]


def test_the_form_is_the_official_librarys(header: Header) -> None:
    """Declaration, prefixes, two spaces, CR LF, slash dates, SteeringType always, no empty element."""
    data = write_header(replace(header, due=date(2026, 11, 3)))
    text = data.decode()
    lines = text.split("\r\n")
    assert lines[0] == '<?xml version="1.0" encoding="UTF-8"?>'
    assert lines[1] == '<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">'
    assert lines[2] == '  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">'
    assert lines[-3:] == ["  <AttachmentEncoded/>", "</edXML>", ""]
    assert text.count("\n") == text.count("\r\n")
    assert "<edXML:DueDate>2026/11/03</edXML:DueDate>" in text
    assert "<edXML:SteeringType>0</edXML:SteeringType>" in text
    assert not re.search(r"<edXML:(\w+)></edXML:\1>|<edXML:\w+/>", text)


def test_revoking_needs_no_more_than_its_kind(header: Header) -> None:
    """A revocation writes its kind and a Vietnamese reason."""
    text = write_header(replace(header, business=Business(kind=BusinessKind.REVOKE))).decode()
    assert "<edXML:BussinessDocType>1</edXML:BussinessDocType>" in text
    assert "<edXML:BussinessDocReason>Thu hồi văn bản điện tử</edXML:BussinessDocReason>" in text


def test_a_status_has_the_official_form(header: Header) -> None:
    """From, ResponseFor, StaffInfo, StatusCode, Description, Timestamp; no To, no trace, no body."""
    moment = datetime(2026, 11, 21, 3, 2, 11, tzinfo=UTC)
    status = Status.answering(
        header,
        StatusCode.REFUSED,
        sender=header.receivers[0],
        time=moment,
        description="Sai nơi nhận",
        staff=STAFF,
    )
    root = etree.fromstring(write_status(status))
    (message,) = root.iter(f"{NS}MessageHeader")
    assert children(message) == [
        "From", "ResponseFor", "StaffInfo", "StatusCode", "Description", "Timestamp",
    ]  # fmt: skip
    assert message[-1].text == "2026/11/21 10:02:11"
    assert children(root) == ["edXMLEnvelope"]
    assert read_status(write_status(status)) == status


def broken(header: Header) -> list[tuple[Header, str]]:
    """Return headers the form does not allow, with the place that must be named."""
    first, second = header.receivers
    reference = Reference(content_id="a", name="a.pdf")
    return [
        (replace(header, sender=Organization(code="")), "header.MessageHeader.From.OrganId"),
        (replace(header, receivers=()), "header.MessageHeader.To"),
        (replace(header, receivers=(first, Organization(code=""))), "header.MessageHeader.To[2].OrganId"),
        (replace(header, receivers=(first, Organization(code="xã"))), "header.MessageHeader.To[2].OrganId"),
        (replace(header, receivers=(first, second, first)), "header.MessageHeader.To[3].OrganId"),
        (replace(header, number=""), "header.MessageHeader.Code.CodeNumber"),
        (replace(header, number="1" * 12), "header.MessageHeader.Code.CodeNumber"),
        (replace(header, notation=" "), "header.MessageHeader.Code.CodeNotation"),
        (replace(header, issued=None), "header.MessageHeader.PromulgationInfo.PromulgationDate"),
        (replace(header, subject=""), "header.MessageHeader.Subject"),
        (replace(header, subject="x" * 501), "header.MessageHeader.Subject"),
        (replace(header, subject="x\x00y"), "header.MessageHeader.Subject"),
        (replace(header, pages=70000), "header.MessageHeader.OtherInfo.PageAmount"),
        (
            replace(header, responses=(ResponseFor(organ_id=""),)),
            "header.MessageHeader.ResponseFor[1].OrganId",
        ),
        (
            replace(header, business=Business(kind=BusinessKind.UPDATE)),
            "header.TraceHeaderList.Bussiness.DocumentId",
        ),
        (
            replace(header, business=Business(kind=BusinessKind.REPLACE)),
            "header.TraceHeaderList.Bussiness.ReplacementInfoList",
        ),
        (
            replace(header, traces=(Trace(time=datetime(2026, 11, 21)),)),  # noqa: DTZ001 -- the point
            "header.TraceHeaderList.TraceHeader[1].Timestamp",
        ),
        (replace(header, references=(Reference(content_id="a b", name="x"),)), "body.Reference[1].ContentId"),
        (replace(header, references=(reference, reference)), "body.Reference[2].ContentId"),
    ]


def test_errors_name_their_place(header: Header) -> None:
    """Every breach of the form is one error with its path, places counted from 1."""
    for wrong, place in broken(header):
        with pytest.raises(EdxmlError) as caught:
            write_header(wrong)
        assert caught.value.where == place


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=200).filter(str.strip),
)
def test_any_text_survives(text: str) -> None:
    """Whatever XML can carry comes back in NFC, without white space around it."""
    made = Header(
        sender=Organization(code="H99.31"),
        receivers=(Organization(code="H99"),),
        number="1",
        notation="A",
        issued=date(2026, 11, 21),
        subject=text,
    )
    try:
        once = read_header(write_header(made)).subject
    except EdxmlError:
        return
    again = read_header(write_header(replace(made, subject=once))).subject
    assert once == again


def test_what_is_not_known_survives(header: Header) -> None:
    """Elements of other vendors and of later versions come out where they came in, again and again."""
    new = '<x:Mức xmlns:x="urn:moi" a="1">rất <x:b>cao</x:b> &amp; gấp</x:Mức>'
    places = {
        "</edXML:MessageHeader>": "MessageHeader",
        "</edXML:From>": "MessageHeader.From",
        "</edXML:OtherInfo>": "MessageHeader.OtherInfo",
        "</edXML:TraceHeaderList>": "TraceHeaderList",
        "</edXML:Bussiness>": "TraceHeaderList.Bussiness",
        "</edXML:edXMLHeader>": "",
        "</edXML:Reference>": "Reference[1]",
        "</edXML:edXMLManifest>": "edXMLManifest",
        "</edXML:edXMLBody>": "edXMLBody",
        "</edXML:edXMLEnvelope>": "edXMLEnvelope",
        "</Attachment>": "AttachmentEncoded.Attachment[1]",
        "</AttachmentEncoded>": "AttachmentEncoded",
        "</edXML>": "edXML",
    }
    header = header.with_references((Reference(content_id="tep-1", name="a.pdf"),))
    attachments = (
        "<AttachmentEncoded><Attachment><ContentId>cid:tep-1</ContentId></Attachment></AttachmentEncoded>"
    )
    text = write_header(header).decode().replace("<AttachmentEncoded/>", attachments)
    for place in places:
        text = text.replace(place, new + place)
    read = read_header(text.encode())
    assert {one.parent for one in read.unknown} == set(places.values())
    assert all("<x:b" in one.xml for one in read.unknown)
    again = read_header(write_header(read))
    assert again == read
    assert sorted(one.parent for one in again.unknown) == sorted(places.values())


def test_what_is_not_known_has_its_bounds(header: Header) -> None:
    """A vendor's extension may be long; a message full of it is cut, and says so."""
    text = write_header(header).decode()
    more = "".join(f"<n{n}>{'x' * 1000}</n{n}>" for n in range(500))
    read = read_header(text.replace("</edXML:MessageHeader>", more + "</edXML:MessageHeader>").encode())
    assert 200 < len(read.unknown) < 300
    assert "edxml-unknown" in [one.code for one in read.findings]


@pytest.mark.parametrize("new", ['<x xmlns="abc"/>', '<x:y xmlns:x="a/b">1</x:y>'])
def test_what_cannot_be_written_again_is_left_out_with_a_word(header: Header, new: str) -> None:
    """A namespace that is no absolute name has no canonical form; the message is read all the same."""
    end = "</edXML:MessageHeader>"
    read = read_header(write_header(header).decode().replace(end, new + end).encode())
    assert read == header
    assert [(one.code, one.where) for one in read.findings] == [("edxml-unknown", "header")]
