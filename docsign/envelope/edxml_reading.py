"""Read edXML headers and statuses the tolerant way: any order, any prefix, missing and empty elements.

What cannot be used (an impossible day, a number that is none, an unknown code) becomes a finding on the value
that is returned, and the field keeps its default. EdxmlError is kept for messages whose sender, receiver or
document cannot be told at all. Elements that the standard does not know are kept for the next hop.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from typing import TypeVar

from lxml import etree

from docsign.ades.xml import EXC_C14N, canonicalize, elements, local_name, parse
from docsign.envelope.header import (
    VIETNAM_TIME,
    Business,
    BusinessKind,
    Header,
    Organization,
    Priority,
    ReceiverChange,
    Reference,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Steering,
    Trace,
    UnknownElement,
)
from docsign.envelope.status import Status, StatusCode
from docsign.errors import EdxmlError, XmlError
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Severity

UNKNOWN_LIMIT = 256 * 1024
"""How much of what is not known is kept, in characters."""
NUMBERED = ("To", "ResponseFor", "TraceHeader", "Receiver", "ReplacementInfo", "Reference")
"""The elements whose place among their like is in a path, even where there is one."""
_NOT_KEPT = ("Signature", "DigitalSignature")  # they hold for the bytes they came with

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"

Number = TypeVar("Number", bound=IntEnum)

# yyyy/MM/dd is the standard's; ISO and dd/MM/yyyy occur. A time may follow.
_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")
_TIME = re.compile(r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d{2}:?\d{2})?\s*$")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_TIME_START = re.compile(r"(?:[ T]\d{1,2}:.*)?\s*$", re.DOTALL)


class _Children:
    """The children of an element by their names, whatever their namespace, and the names asked for."""

    __slots__ = ("asked", "by_name", "path")

    def __init__(self, element: etree._Element, path: str) -> None:
        self.path = path
        self.asked: set[str] = set()
        self.by_name: dict[str, list[etree._Element]] = {}
        for child in elements(element):
            self.by_name.setdefault(child.tag.rpartition("}")[2], []).append(child)


class _Part:
    """What is gathered while a part of a message is read: findings, and what was asked of each element."""

    __slots__ = ("children", "findings")

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.children: dict[etree._Element, _Children] = {}


class _Reader:
    """An element, how it was reached from the one above it, and the part of the message it is in."""

    __slots__ = ("_above", "_children", "_element", "_part", "_step")

    def __init__(
        self, element: etree._Element | None, step: str, part: _Part, above: _Reader | None = None
    ) -> None:
        self._element, self._step, self._part, self._above = element, step, part, above
        self._children: _Children | None = None

    @property
    def present(self) -> bool:
        """Whether the element is there."""
        return self._element is not None

    @property
    def path(self) -> str:
        """Where the element stands, or would."""
        return self._step if self._above is None else f"{self._above.path}.{self._step}"

    def _named(self, name: str) -> Sequence[etree._Element]:
        """Return the children of this name."""
        element, children = self._element, self._children
        if element is None:
            return ()
        if children is None:
            known = self._part.children
            children = known.get(element)
            if children is None:
                children = known[element] = _Children(element, self.path)
            self._children = children
        children.asked.add(name)
        return children.by_name.get(name, ())

    def child(self, name: str) -> _Reader:
        """Return the first child of this name; an absent one reads as empty."""
        found = self._named(name)
        step = f"{name}[1]" if found and (len(found) > 1 or name in NUMBERED) else name
        return _Reader(found[0] if found else None, step, self._part, self)

    def children(self, name: str) -> Iterator[_Reader]:
        """Yield every child of this name, whatever its namespace."""
        found = self._named(name)
        for place, child in enumerate(found, 1):
            step = f"{name}[{place}]" if len(found) > 1 or name in NUMBERED else name
            yield _Reader(child, step, self._part, self)

    def own_text(self) -> str:
        """Return the element's text in NFC, without white space around it."""
        return "" if self._element is None else _text(self._element)

    def text(self, name: str) -> str:
        """Return a child's text, empty where it is missing."""
        found = self._named(name)
        return _text(found[0]) if found else ""

    def number(self, name: str) -> int | None:
        """Return a child's number; what is none becomes a finding."""
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self.child(name).note("edxml-number", say("not a number: {text}", text=text[:40]))
            return None
        return int(text)

    def listed(self, name: str, kind: type[Number], default: Number) -> Number:
        """Return a number of a closed list; others become a finding."""
        value = self.number(name)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            self.child(name).note("edxml-code", say("not a known code: {text}", text=value))
            return default

    def flag(self, name: str) -> bool | None:
        """Return a yes or no written as 1, 0, true or false."""
        text = self.text(name).lower()
        return None if not text else text in ("1", "true")

    def day(self, name: str) -> date | None:
        """Return a day in one of its three forms; an impossible one becomes a finding."""
        moment = self.moment(name)
        return None if moment is None else moment.date()

    def moment(self, name: str) -> datetime | None:
        """Return a time, Vietnamese where no zone is written; an impossible one becomes a finding."""
        moment = _moment(self.text(name))
        if isinstance(moment, Sentence):
            self.child(name).note("edxml-date", moment)
            return None
        return moment

    def unknown(self) -> Iterator[UnknownElement]:
        """Yield the elements of all that was read that nothing asked for, in their order."""
        size = 0
        for element, children in self._part.children.items():
            if children.by_name.keys() <= children.asked:
                continue
            for child in elements(element):
                if local_name(child) in children.asked or local_name(child) in _NOT_KEPT:
                    continue
                xml = canonicalize(child, EXC_C14N).decode()
                size += len(xml)
                if size > UNKNOWN_LIMIT:
                    self.note("edxml-unknown", say("Too much that is not known; the rest is not kept."))
                    return
                yield UnknownElement(parent=children.path.partition(".")[2], xml=xml)

    def note(self, code: str, sentence: Sentence) -> None:
        """Keep a finding about this place."""
        self._part.findings.append(
            Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=self.path)
        )


def _text(element: etree._Element) -> str:
    text = element.text or ""
    if len(element):
        text += "".join(child.tail or "" for child in element)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def read_header(data: bytes) -> Header:
    """Read a document's header; raises EdxmlError where sender, receivers or the document cannot be told."""
    return header_from(_parsed(data))


def header_from(root: etree._Element) -> Header:
    """Read the header of a parsed message, as ``read_header`` does."""
    findings: list[Finding] = []
    top = _find(root, "edXMLHeader", _Part(findings), "header")
    message = top.child("MessageHeader")
    if not message.present:
        raise EdxmlError(say("missing"), where=message.path)
    sender = _organization(message.child("From"))
    receivers = tuple(_organization(one) for one in message.children("To"))
    if not receivers:
        raise EdxmlError(say("no receiver"), where=f"{message.path}.To")
    code = message.child("Code")
    number, notation = code.text("CodeNumber"), code.text("CodeNotation")
    document_id = message.text("DocumentId")
    if not number and not document_id:
        raise EdxmlError(say("empty"), where=f"{message.path}.Code.CodeNumber")
    issued = message.child("PromulgationInfo")
    kind, other, signer = (message.child(name) for name in ("DocumentType", "OtherInfo", "SignerInfo"))
    traces = top.child("TraceHeaderList")
    return Header(
        sender=sender,
        receivers=receivers,
        document_id=document_id,
        number=number,
        notation=notation,
        place=issued.text("Place"),
        issued=issued.day("PromulgationDate"),
        type=kind.number("Type") or 0,
        type_detail=kind.number("TypeDetail") or 0,
        type_name=kind.text("TypeName"),
        subject=message.text("Subject"),
        content=message.text("Content"),
        signer=Signer(
            competence=signer.text("Competence"),
            position=signer.text("Position"),
            name=signer.text("FullName"),
        ),
        due=message.day("DueDate"),
        priority=other.listed("Priority", Priority, Priority.NORMAL),
        sphere=other.text("SphereOfPromulgation"),
        typist=other.text("TyperNotation"),
        copies=other.number("PromulgationAmount"),
        pages=other.number("PageAmount"),
        reply_fors=other.text("ReplyFors"),
        directive=other.flag("Direction"),
        reference_codes=other.text("ReferenceCodes"),
        appendixes=_texts(other.child("Appendixes"), "Appendix"),
        responses=tuple(_response(one) for one in message.children("ResponseFor")),
        steering=message.listed("SteeringType", Steering, Steering.NONE),
        task_codes=_texts(message.child("ResponseForTask"), "TaskCode"),
        application_type=message.text("ApplicationType"),
        to_places=_texts(message.child("ToPlaces"), "Place"),
        business=_business(traces.child("Bussiness")),
        traces=tuple(
            Trace(organ_id=one.text("OrganId"), time=one.moment("Timestamp"))
            for one in traces.children("TraceHeader")
        ),
        references=_references(root, findings),
        unknown=tuple(top.unknown()),
        findings=tuple(findings),
    )


def read_status(data: bytes) -> Status:
    """Read a status; raises EdxmlError where sender, document, code or time cannot be told.

    ``MessageHeader`` and, as another vendor writes, ``Status`` are both read.
    """
    return status_from(_parsed(data))


def is_status(root: etree._Element) -> bool:
    """Say whether a parsed message is a status and no document."""
    parents = (one.getparent() for one in root.iter("{*}StatusCode"))
    return any(one is not None and local_name(one) in ("MessageHeader", "Status") for one in parents)


def status_from(root: etree._Element) -> Status:
    """Read the status of a parsed message, as ``read_status`` does."""
    findings: list[Finding] = []
    top = _find(root, "edXMLHeader", _Part(findings), "status")
    message = top.child("MessageHeader")
    if not message.present:
        message = top.child("Status")
    if not message.present:
        raise EdxmlError(say("missing"), where=f"{top.path}.MessageHeader")
    text = message.text("StatusCode")
    try:
        code = StatusCode(text.zfill(2))
    except ValueError as error:
        raise EdxmlError(
            say("not a known status code: {text}", text=text[:20]), where=f"{message.path}.StatusCode"
        ) from error
    sender = _organization(message.child("From"))
    response = _response(message.child("ResponseFor"))
    if not response.organ_id:
        raise EdxmlError(say("empty"), where=f"{message.path}.ResponseFor.OrganId")
    time = message.moment("Timestamp")
    if time is None:
        raise EdxmlError(say("missing"), where=f"{message.path}.Timestamp")
    return Status(
        sender=sender,
        response_for=response,
        code=code,
        time=time,
        description=message.text("Description"),
        staff=_staff(message.child("StaffInfo")),
        unknown=tuple(
            replace(one, parent=re.sub(r"^Status\b", "MessageHeader", one.parent)) for one in top.unknown()
        ),
        findings=tuple(findings),
    )


def _find(root: etree._Element, name: str, part: _Part, path: str) -> _Reader:
    """Return the first element of this name, wherever vendors put it."""
    for element in root.iter("{*}" + name):
        return _Reader(element, path, part)
    raise EdxmlError(say("This is not edXML: there is no {name}.", name=name), where=path)


def _parsed(data: bytes) -> etree._Element:
    try:
        return parse(data)
    except XmlError as error:
        raise EdxmlError(error.sentence, where=error.where, hint=error.hint) from error


def _organization(party: _Reader) -> Organization:
    code = party.text("OrganId")
    if not code:
        raise EdxmlError(say("empty"), where=f"{party.path}.OrganId")
    return Organization(
        code=code,
        superior=party.text("OrganizationInCharge"),
        name=party.text("OrganName"),
        address=party.text("OrganAdd"),
        email=party.text("Email"),
        telephone=party.text("Telephone"),
        fax=party.text("Fax"),
        website=party.text("Website"),
    )


def _response(answered: _Reader) -> ResponseFor:
    return ResponseFor(
        organ_id=answered.text("OrganId"),
        code=answered.text("Code"),
        document_id=answered.text("DocumentId"),
        issued=answered.day("PromulgationDate"),
    )


def _staff(staff: _Reader) -> Staff | None:
    if not staff.present:
        return None
    found = Staff(
        department=staff.text("Department"),
        department_id=staff.text("DepartmentId"),
        name=staff.text("Staff"),
        staff_id=staff.text("StaffId"),
        email=staff.text("Email"),
        mobile=staff.text("Mobile"),
    )
    return None if found == Staff() else found


def _business(business: _Reader) -> Business:
    info = business.child("BussinessDocumentInfo")
    return Business(
        kind=business.listed("BussinessDocType", BusinessKind, BusinessKind.NEW),
        reason=business.text("BussinessDocReason"),
        document_id=business.text("DocumentId"),
        paper=bool(business.flag("Paper")),
        document_changed=info.flag("DocumentInfo"),
        receivers_changed=info.flag("DocumentReceiver"),
        receiver_changes=tuple(
            ReceiverChange(organ_id=one.text("OrganId"), receiver_type=one.number("ReceiverType") or 0)
            for one in info.child("ReceiverList").children("Receiver")
        ),
        replacements=tuple(
            Replacement(
                document_id=one.text("DocumentId"), organ_ids=_texts(one.child("OrganIdList"), "OrganId")
            )
            for one in business.child("ReplacementInfoList").children("ReplacementInfo")
        ),
        staff=_staff(business.child("StaffInfo")),
    )


def _references(root: etree._Element, findings: list[Finding]) -> tuple[Reference, ...]:
    for element in root.iter("{*}edXMLManifest"):
        manifest = _Reader(element, "body", _Part(findings))
        return tuple(
            Reference(
                content_id=without_cid(one.text("ContentId")),
                content_type=one.text("ContentType"),
                description=one.text("Description"),
                name=one.text("AttachmentName"),
            )
            for one in manifest.children("Reference")
        )
    return ()


def without_cid(identifier: str) -> str:
    """Drop every leading ``cid:``; the official library adds one at each round."""
    while identifier.lower().startswith("cid:"):
        identifier = identifier[4:]
    return identifier


def _texts(parent: _Reader, name: str) -> tuple[str, ...]:
    return tuple(text for one in parent.children(name) if (text := one.own_text()))


def _moment(text: str) -> datetime | Sentence | None:
    """Read a day with or without a time; a sentence says why it cannot be one."""
    if not text:
        return None
    match = _YEAR_FIRST.match(text)
    numbers = match.groups() if match else None
    if match is None:
        match = _DAY_FIRST.match(text)
        numbers = match.groups()[::-1] if match else None
    if match is None or numbers is None or not _TIME_START.match(text, match.end()):
        return say("not a day in the form yyyy/MM/dd: {text}", text=text[:40])
    time = _TIME.match(text, match.end())
    hour, minute, second = (int(part or 0) for part in time.groups()[:3]) if time else (0, 0, 0)
    try:
        year, month, day = (int(number) for number in numbers)
        return datetime(year, month, day, hour, minute, second, tzinfo=_zone(time[4] if time else None))
    except ValueError:
        return say("there is no such day or time: {text}", text=text[:40])


def _zone(text: str | None) -> timezone:
    """Return the zone that is written, or the Vietnamese one; raises ValueError for an impossible one."""
    if not text:
        return VIETNAM_TIME
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
