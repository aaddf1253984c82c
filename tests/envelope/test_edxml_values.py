"""Values → XML → values is the identity, for every header and status; what is unknown goes along."""

from __future__ import annotations

import io
import string
import unicodedata
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
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
    Signer,
    Staff,
    Status,
    StatusCode,
    Steering,
    Trace,
    packing,
    read_header,
    read_status,
    write_header,
    write_status,
)
from docsign.envelope.conversion import form_findings
from docsign.envelope.edxml_message import read_message, write_message
from docsign.envelope.header import VIETNAM_TIME, ReceiverChange, Replacement, UnknownElement
from docsign.errors import EdxmlError
from tests.envelope.test_edxml_message import HEADER, attachment

LETTERS = (
    string.ascii_letters
    + string.digits
    + "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĐƯƠ <>&\"'.,;:/-–\u00a0\t\n🏛"
)


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Texts as a value holds them: composed, without white space around them."""

    def clean(text: str) -> str:
        return unicodedata.normalize("NFC", text).strip()

    return st.text(LETTERS, max_size=most).map(clean).filter(lambda text: len(text) >= least)


CODES = st.sampled_from(["H99", "H99.31", "000.00.12.H99", "H99.31.05.A01", "28.22.H99", "0101234567"])
DAYS = st.none() | st.dates(date(1, 1, 1))
TIMES = st.integers(-60_000_000_000, 250_000_000_000).map(
    lambda second: datetime.fromtimestamp(0, VIETNAM_TIME) + timedelta(seconds=second)
)
COUNTS = st.none() | st.integers(0, 0xFFFF)
FLAGS = st.none() | st.booleans()


def some(of: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    """Tuples of a few."""
    return st.lists(of, max_size=most).map(tuple)


def organizations() -> st.SearchStrategy[Organization]:
    """Agencies with any of their particulars."""
    words = texts(20)
    return st.builds(
        Organization, code=CODES, name=words, superior=words, address=words, email=words, telephone=words,
        fax=words, website=words,
    )  # fmt: skip


DOCUMENT_IDS = texts(60, 1)
RESPONSES = st.builds(ResponseFor, organ_id=CODES, code=texts(20), document_id=texts(60), issued=DAYS)
STAFF = st.builds(
    Staff, department=texts(30), department_id=texts(9), name=texts(30), staff_id=texts(9), email=texts(20),
    mobile=texts(20),
)  # fmt: skip
ANYBODY = st.none() | STAFF.filter(lambda one: one != Staff())
UNKNOWN = st.sampled_from(
    [
        "<a>1</a>",
        '<x:Mức xmlns:x="urn:moi" a="1">rất <x:b>cao</x:b> &amp; gấp</x:Mức>',
        '<b xmlns="urn:b"></b>',
    ]
)


@st.composite
def businesses(draw: st.DrawFn) -> Business:
    """Each of the four kinds with what it may say."""
    kind = draw(st.sampled_from(BusinessKind))
    replacements = some(st.builds(Replacement, document_id=DOCUMENT_IDS, organ_ids=some(CODES)))
    return Business(
        kind=kind,
        reason=draw(texts(60)),
        document_id=draw(DOCUMENT_IDS if kind is BusinessKind.UPDATE else texts(60)),
        paper=draw(st.booleans()),
        document_changed=draw(FLAGS),
        receivers_changed=draw(FLAGS),
        receiver_changes=draw(
            some(st.builds(ReceiverChange, organ_id=CODES, receiver_type=st.integers(0, 9)))
        ),
        replacements=draw(replacements.filter(bool) if kind is BusinessKind.REPLACE else replacements),
        staff=draw(ANYBODY),
    )


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Whole headers, of every kind, every field filled or empty."""
    receivers = st.lists(organizations(), min_size=1, max_size=3, unique_by=lambda one: one.code)
    parents = [
        *("", "MessageHeader", "MessageHeader.From", "MessageHeader.OtherInfo", "TraceHeaderList.Bussiness"),
        *("edXMLManifest", "edXML", "edXMLEnvelope", "edXMLBody", "AttachmentEncoded"),
    ]
    unknown = some(st.builds(UnknownElement, parent=st.sampled_from(parents), xml=UNKNOWN))
    references = st.lists(
        st.builds(
            Reference, content_id=st.uuids().map(str), name=texts(30, 1), description=texts(30),
            content_type=st.sampled_from(["application/pdf", "application/zip", "text/plain"]),
        ), max_size=3, unique_by=lambda one: one.content_id,
    )  # fmt: skip
    return Header(
        sender=draw(organizations()),
        receivers=tuple(draw(receivers)),
        number=draw(texts(11, 1)),
        notation=draw(texts(30, 1)),
        issued=draw(st.dates(date(1, 1, 1))),
        subject=draw(texts(80, 1)),
        type_name=draw(texts(40, 1)),
        type=draw(st.integers(0, 99)),
        type_detail=draw(st.integers(0, 99)),
        document_id=draw(texts(60)),
        place=draw(texts(40)),
        content=draw(texts(80)),
        signer=draw(st.builds(Signer, competence=texts(20), position=texts(20), name=texts(20))),
        due=draw(DAYS),
        priority=draw(st.sampled_from(Priority)),
        sphere=draw(texts(40)),
        typist=draw(texts(10)),
        copies=draw(COUNTS),
        pages=draw(COUNTS),
        directive=draw(FLAGS),
        reply_fors=draw(texts(20)),
        reference_codes=draw(texts(20)),
        appendixes=draw(some(texts(40, 1))),
        responses=draw(some(RESPONSES)),
        steering=draw(st.sampled_from(Steering)),
        task_codes=draw(some(texts(20, 1))),
        application_type=draw(texts(20)),
        to_places=draw(some(texts(40, 1))),
        business=draw(businesses()),
        traces=draw(some(st.builds(Trace, organ_id=CODES | st.just(""), time=st.none() | TIMES))),
        references=tuple(draw(references)),
        unknown=tuple(sorted(draw(unknown), key=lambda one: parents.index(one.parent))),
    )


STATUSES = st.builds(
    Status,
    sender=organizations(),
    response_for=RESPONSES,
    code=st.sampled_from(StatusCode),
    time=TIMES,
    description=texts(200),
    staff=ANYBODY,
    unknown=some(
        st.builds(
            UnknownElement,
            parent=st.sampled_from(["", "MessageHeader", "edXML", "edXMLEnvelope"]),
            xml=UNKNOWN,
        )
    ).map(
        lambda all_of_it: tuple(
            sorted(
                all_of_it, key=lambda one: ["", "MessageHeader", "edXML", "edXMLEnvelope"].index(one.parent)
            )
        )
    ),
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(headers())
def test_a_header_comes_back_as_it_was(header: Header) -> None:
    """New, revoke, update, replace; every field, and unknown elements at their places."""
    again = read_header(write_header(header))
    assert again == header
    assert again.findings == ()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(STATUSES)
def test_a_status_comes_back_as_it_was(status: Status) -> None:
    """01 to 06, 13, 15 and 16, and unknown elements."""
    again = read_status(write_status(status))
    assert again == status
    assert again.findings == ()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20, deadline=None)
@given(headers())
def test_no_empty_element_is_written(header: Header) -> None:
    """The official library breaks on an empty number; stations without anything and the frames excepted."""
    header = replace(header, unknown=(), traces=())
    root = etree.fromstring(write_header(header))
    frames = {"edXMLManifest", "AttachmentEncoded", "TraceHeaderList"}
    empty = [one.tag for one in root.iter() if not len(one) and not (one.text or "").strip()]
    assert {etree.QName(tag).localname for tag in empty} <= frames


def test_an_unknown_element_of_another_vendors_status_is_kept() -> None:
    """``Status`` in place of ``MessageHeader`` becomes the standard's form, with all that was in it."""
    status = Status(
        sender=Organization(code="H99"), response_for=ResponseFor(organ_id="H99.31"),
        code=StatusCode.ACCEPTED, time=datetime(2026, 11, 21, tzinfo=VIETNAM_TIME),
        unknown=(UnknownElement(parent="MessageHeader", xml="<a>1</a>"),),
    )  # fmt: skip
    vendors = write_status(status).replace(b"MessageHeader>", b"Status>")
    assert read_status(vendors) == status


def test_a_document_with_a_vendors_status_code_stays_a_document() -> None:
    """An unknown element of that name somewhere inside does not make it a status."""
    data = io.BytesIO()
    write_message(data, HEADER, [])
    more = b"<y:v xmlns:y='urn:y'><y:StatusCode>7</y:StatusCode></y:v></edXML:MessageHeader>"
    message = read_message(io.BytesIO(data.getvalue().replace(b"</edXML:MessageHeader>", more)), io.BytesIO)
    assert message.status is None
    assert message.header is not None
    assert [one.parent for one in message.header.unknown] == ["MessageHeader"]


ODD: dict[str, Header] = {
    "header.MessageHeader.Subject": replace(HEADER, subject="dài " * 200 + "."),
    "header.MessageHeader.Code.CodeNotation": replace(HEADER, notation="", document_id="1"),
    "header.MessageHeader.PromulgationInfo.PromulgationDate": replace(HEADER, issued=None),
    "header.MessageHeader.ResponseFor[1].OrganId": replace(HEADER, responses=(ResponseFor(organ_id=""),)),
    "header.MessageHeader.To[1].OrganId": replace(HEADER, receivers=(Organization(code="lớp 1a"),)),
    "header.MessageHeader.To[2].OrganId": replace(HEADER, receivers=HEADER.receivers * 2),
    "header.MessageHeader.DocumentType.TypeDetail": replace(HEADER, type_detail=-1),
    "header.TraceHeaderList.Bussiness.ReplacementInfoList": replace(
        HEADER, business=Business(kind=BusinessKind.REPLACE)
    ),
}


@pytest.mark.parametrize("where", ODD)
def test_anothers_header_is_handed_on_as_it_is(where: str) -> None:
    """What we would not write ourselves is refused with its place; taken over it loses nothing."""
    header = ODD[where]
    with pytest.raises(EdxmlError) as caught:
        write_header(header)
    assert caught.value.where == where
    assert read_header(write_header(header, as_received=True)) == header
    assert {one.where for one in form_findings(header)} == {where}
    assert form_findings(HEADER) == ()
    target = io.BytesIO()
    write_message(target, header, [attachment(b"x", "a.txt")], as_received=True)
    again = read_message(io.BytesIO(target.getvalue()), io.BytesIO).header
    assert again is not None
    assert again.with_references(()) == header


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(headers())
def test_no_text_of_a_header_is_passed_over_when_secrecy_is_asked(header: Header) -> None:
    """The texts that are asked all at once are those that have a place (QD 28/2018 Art. 1)."""
    assert packing._written((header,)) == [text for _, text in packing._texts(header, "header")]
