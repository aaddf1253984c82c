"""Write edXML headers and statuses (QCVN 102:2016), in the order and the form the official library writes.

Writing is strict: what the form does not allow is an EdxmlError that names its place, such as
``header.MessageHeader.To[2].OrganId: empty`` (places count from 1). Empty elements are left out, days have
slashes, ``SteeringType`` is always there. Reading is in ``edxml_reading``. Attachments are not inlined here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

from docsign.ades.xml import escaped, writable
from docsign.envelope.agency_codes import require_agency_code
from docsign.envelope.edxml_elements import NAMESPACE
from docsign.envelope.edxml_frame import ATTACHMENTS, BODY, ENVELOPE, ROOT, attachment_parent
from docsign.envelope.edxml_reading import MANIFEST, read_header, read_status
from docsign.envelope.header import (
    VIETNAM_TIME,
    Business,
    BusinessKind,
    Header,
    Organization,
    Reference,
    ResponseFor,
    Staff,
    UnknownElement,
)
from docsign.envelope.status import Status
from docsign.errors import EdxmlError
from docsign.sentence import say

__all__ = ["NAMESPACE", "read_header", "read_status", "write_header", "write_status"]

LENGTHS: dict[str, int] = {
    # the longest text of each element, in characters; where sources differ, the larger number
    "OrganizationInCharge": 500,
    "OrganName": 200,
    "OrganAdd": 500,
    "Email": 100,
    "Telephone": 100,
    "Fax": 100,
    "Website": 100,
    "DocumentId": 500,
    "CodeNumber": 11,
    "CodeNotation": 30,
    "Code": 100,
    "Place": 1000,
    "TypeName": 100,
    "Subject": 500,
    "Content": 500,
    "Competence": 100,
    "Position": 100,
    "FullName": 100,
    "SphereOfPromulgation": 100,
    "TyperNotation": 10,
    "BussinessDocReason": 500,
    "Department": 300,
    "Staff": 300,
    "Mobile": 30,
    "AttachmentName": 500,
    "Description": 1000,
}

_MOST_RECEIVERS = 1000


class _Writer:
    """Lines of XML with the path of the place that is being written."""

    def __init__(self, unknown: Sequence[UnknownElement] = (), *, as_received: bool = False) -> None:
        self.as_received = as_received
        self._unknown: dict[str, list[str]] = {}
        for one in unknown:
            self._unknown.setdefault(one.parent, []).append(one.xml)
        self._path: list[str] = []
        self._lines: list[str] = []
        self._open: list[str] = []

    def frame(self, name: str, *, attributes: str = "", prefix: str = "edXML:") -> None:
        """Open an element that no path names."""
        self._lines.append(f"{self._indent()}<{prefix}{name}{attributes}>")
        self._open.append(f"</{prefix}{name}>")

    def close(self) -> None:
        """Close an element that ``frame`` opened."""
        closing = self._open.pop()
        self._lines.append(f"{self._indent()}{closing}")

    def start(self, root: str) -> None:
        """Let the paths begin with this word."""
        self._path = [root]

    def begin(self, name: str, *, place: int | None = None) -> None:
        """Open an element; ``place`` is its number among its like, from 1."""
        self.frame(name)
        self._path.append(name if place is None else f"{name}[{place}]")

    def end(self) -> None:
        """Close the element that ``begin`` opened, after what was kept for it."""
        self.kept(".".join(self._path[1:]))
        self._path.pop()
        self.close()

    def kept(self, parent: str) -> None:
        """Write what was kept for this parent."""
        for xml in self._unknown.pop(parent, ()):
            self._lines.append(f"{self._indent()}{apart(xml)}")

    def keeps(self, name: str) -> bool:
        """Say whether something was kept for a child of the place that is being written."""
        return self.holds(".".join([*self._path[1:], name]))

    def holds(self, start: str) -> bool:
        """Say whether something was kept for this parent or one below it."""
        return any(path == start or path.startswith(f"{start}.") for path in self._unknown)

    def text(self, name: str, value: str, *, required: bool = False) -> None:
        """Write a text element; empty is left out, or refused where the form needs it."""
        value = unicodedata.normalize("NFC", value).strip()
        if not value:
            if required and not self.as_received:
                raise EdxmlError(say("empty"), where=self.where(name))
            return
        most = LENGTHS.get(name)
        if most is not None and len(value) > most and not self.as_received:
            raise EdxmlError(
                say("too long: {size} characters, {limit} at most", size=len(value), limit=most),
                where=self.where(name),
            )
        if not writable(value):
            raise EdxmlError(say("holds characters that XML cannot carry"), where=self.where(name))
        self._lines.append(f"{self._indent()}<edXML:{name}>{escaped(value)}</edXML:{name}>")

    def number(self, name: str, value: int | None, *, low: int = 0, high: int = 0xFFFF) -> None:
        """Write a number; None is left out."""
        if value is None:
            return
        if not low <= value <= high and not self.as_received:
            raise EdxmlError(
                say("{value} is not between {low} and {high}", value=value, low=low, high=high),
                where=self.where(name),
            )
        self.text(name, str(int(value)))

    def code(self, value: str) -> None:
        """Write an agency code as ``OrganId``."""
        if not self.as_received:
            require_agency_code(value, where=self.where("OrganId"))
        self.text("OrganId", value)

    def flag(self, name: str, value: bool | None) -> None:
        """Write a yes or no as 1 or 0; None is left out."""
        if value is not None:
            self.text(name, "1" if value else "0")

    def day(self, name: str, value: date | None, *, required: bool = False) -> None:
        """Write a day as ``yyyy/MM/dd``."""
        text = "" if value is None else f"{value.year:04d}/{value.month:02d}/{value.day:02d}"
        self.text(name, text, required=required)

    def moment(self, name: str, value: datetime | None) -> None:
        """Write a time as ``yyyy/MM/dd HH:mm:ss``, Vietnamese time; raises EdxmlError without a zone."""
        if value is None:
            return
        if value.tzinfo is None:
            raise EdxmlError(say("the time has no zone"), where=self.where(name))
        local = value.astimezone(VIETNAM_TIME)
        self.text(name, f"{local.year:04d}/{local:%m/%d %H:%M:%S}")

    def lines(self, *lines: str) -> None:
        """Write lines as they are."""
        self._lines += lines

    def empty(self, name: str) -> None:
        """Write an empty element of the default namespace."""
        self._lines.append(f"{self._indent()}<{name}/>")

    def where(self, name: str) -> str:
        """Return the path of a child of the place that is being written."""
        return ".".join([*self._path, name])

    def document(self) -> bytes:
        """Return all of it, lines ended by CR LF as the official library does."""
        return "\r\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *self._lines, ""]).encode()

    def _indent(self) -> str:
        return "  " * len(self._open)


def apart(xml: str) -> str:
    """Keep canonical XML out of the message's default namespace, where it has none of its own."""
    start = re.match(r"<[^\s/>]+", xml)
    if start is None or xml.startswith(' xmlns="', start.end()):
        return xml
    return f'{start[0]} xmlns=""{xml[start.end() :]}'


def write_header(header: Header, *, as_received: bool = False) -> bytes:
    """Write a document's header; raises EdxmlError with the path of what the form does not allow.

    ``as_received`` is for another's header that is handed on: what is missing stays missing, what is too long
    stays long.
    """
    out = _begin("header", header.unknown, as_received=as_received)
    out.begin("MessageHeader")
    _write_parties(out, header)
    _write_document(out, header)
    out.end()
    _write_traces(out, header)
    out.kept("")
    out.close()  # edXMLHeader
    out.start("body")
    out.frame("edXMLBody")
    out.frame("edXMLManifest", attributes=' version="1.0"')
    _write_references(out, header.references)
    out.kept(MANIFEST)
    out.close()
    for name in (BODY, ENVELOPE):
        out.kept(name)
        out.close()
    _write_attachments(out, header.references)
    out.kept(ROOT)
    out.close()
    return out.document()


def write_status(status: Status) -> bytes:
    """Write a status; raises EdxmlError with the path of what the form does not allow."""
    out = _begin("status", status.unknown)
    out.begin("MessageHeader")
    _write_organization(out, "From", status.sender)
    _write_response(out, status.response_for)
    _write_staff(out, status.staff)
    out.text("StatusCode", status.code.value)
    out.text("Description", status.description)
    out.moment("Timestamp", status.time)
    out.end()
    out.kept("")
    out.close()  # edXMLHeader
    for name in (ENVELOPE, ROOT):
        out.kept(name)
        out.close()
    return out.document()


def _begin(root: str, unknown: Sequence[UnknownElement], *, as_received: bool = False) -> _Writer:
    out = _Writer(unknown, as_received=as_received)
    out.start(root)
    out.frame("edXML", attributes=f' xmlns="{NAMESPACE}"', prefix="")
    out.frame("edXMLEnvelope", attributes=f' xmlns:edXML="{NAMESPACE}"')
    out.frame("edXMLHeader")
    return out


def _write_parties(out: _Writer, header: Header) -> None:
    _write_organization(out, "From", header.sender)
    if not header.receivers:
        raise EdxmlError(say("no receiver"), where=out.where("To"))
    if len(header.receivers) > _MOST_RECEIVERS:
        raise EdxmlError(
            say(
                "too many receivers: {count}, {limit} at most",
                count=len(header.receivers),
                limit=_MOST_RECEIVERS,
            ),
            where=out.where("To"),
        )
    seen: set[str] = set()
    for place, receiver in enumerate(header.receivers, 1):
        if receiver.code in seen and not out.as_received:
            raise EdxmlError(say("this receiver occurs twice"), where=out.where(f"To[{place}].OrganId"))
        seen.add(receiver.code)
        _write_organization(out, "To", receiver, place=place)


def _write_organization(out: _Writer, name: str, party: Organization, *, place: int | None = None) -> None:
    out.begin(name, place=place)
    out.code(party.code)
    out.text("OrganizationInCharge", party.superior)
    out.text("OrganName", party.name)
    out.text("OrganAdd", party.address)
    out.text("Email", party.email)
    out.text("Telephone", party.telephone)
    out.text("Fax", party.fax)
    out.text("Website", party.website)
    out.end()


def _write_document(out: _Writer, header: Header) -> None:
    out.text("DocumentId", header.document_id, required=True)
    out.begin("Code")
    out.text("CodeNumber", header.number, required=True)
    out.text("CodeNotation", header.notation, required=True)
    out.end()
    out.begin("PromulgationInfo")
    out.text("Place", header.place)
    out.day("PromulgationDate", header.issued, required=True)
    out.end()
    out.begin("DocumentType")
    out.number("Type", header.type)
    out.number("TypeDetail", header.type_detail)
    out.text("TypeName", header.type_name, required=True)
    out.end()
    out.text("Subject", header.subject, required=True)
    out.text("Content", header.content)
    signer = header.signer
    if signer.competence or signer.position or signer.name or out.keeps("SignerInfo"):
        out.begin("SignerInfo")
        out.text("Competence", signer.competence)
        out.text("Position", signer.position)
        out.text("FullName", signer.name)
        out.end()
    out.day("DueDate", header.due)
    _write_other_info(out, header)
    for place, response in enumerate(header.responses, 1):
        _write_response(out, response, place=place)
    out.number("SteeringType", header.steering, high=2)
    if header.task_codes or out.keeps("ResponseForTask"):
        out.begin("ResponseForTask")
        for code in header.task_codes:
            out.text("TaskCode", code)
        out.end()
    out.text("ApplicationType", header.application_type)
    if header.to_places or out.keeps("ToPlaces"):
        out.begin("ToPlaces")
        for line in header.to_places:
            out.text("Place", line)
        out.end()


def _write_other_info(out: _Writer, header: Header) -> None:
    out.begin("OtherInfo")
    out.number("Priority", header.priority, high=4)
    out.text("SphereOfPromulgation", header.sphere)
    out.text("TyperNotation", header.typist)
    out.number("PromulgationAmount", header.copies)
    out.number("PageAmount", header.pages)
    out.text("ReplyFors", header.reply_fors)
    if header.directive is not None:
        out.text("Direction", "true" if header.directive else "false")
    out.text("ReferenceCodes", header.reference_codes)
    if header.appendixes or out.keeps("Appendixes"):
        out.begin("Appendixes")
        for appendix in header.appendixes:
            out.text("Appendix", appendix)
        out.end()
    out.end()


def _write_response(out: _Writer, response: ResponseFor, *, place: int | None = None) -> None:
    out.begin("ResponseFor", place=place)
    out.code(response.organ_id)
    out.text("Code", response.code)
    out.text("DocumentId", response.document_id)
    out.day("PromulgationDate", response.issued)
    out.end()


def _write_staff(out: _Writer, staff: Staff | None) -> None:
    if staff in (None, Staff()) and not out.keeps("StaffInfo"):
        return
    staff = staff or Staff()
    out.begin("StaffInfo")
    out.text("Department", staff.department)
    out.text("DepartmentId", staff.department_id)
    out.text("Staff", staff.name)
    out.text("StaffId", staff.staff_id)
    out.text("Email", staff.email)
    out.text("Mobile", staff.mobile)
    out.end()


def _write_traces(out: _Writer, header: Header) -> None:
    out.begin("TraceHeaderList")
    _write_business(out, header.business)
    for place, trace in enumerate(header.traces, 1):
        out.begin("TraceHeader", place=place)
        out.text("OrganId", trace.organ_id)
        out.moment("Timestamp", trace.time)
        out.end()
    out.end()


def _write_business(out: _Writer, business: Business) -> None:
    out.begin("Bussiness")
    out.text("DocumentId", business.document_id, required=business.kind is BusinessKind.UPDATE)
    out.number("BussinessDocType", business.kind, high=3)
    out.text("BussinessDocReason", business.reason)
    out.flag("Paper", business.paper)
    changed = (business.document_changed, business.receivers_changed, *business.receiver_changes)
    if any(one is not None for one in changed) or out.keeps("BussinessDocumentInfo"):
        out.begin("BussinessDocumentInfo")
        out.flag("DocumentInfo", business.document_changed)
        out.flag("DocumentReceiver", business.receivers_changed)
        if business.receiver_changes or out.keeps("ReceiverList"):
            out.begin("ReceiverList")
            for place, change in enumerate(business.receiver_changes, 1):
                out.begin("Receiver", place=place)
                out.code(change.organ_id)
                out.number("ReceiverType", change.receiver_type)
                out.end()
            out.end()
        out.end()
    if business.kind is BusinessKind.REPLACE and not (business.replacements or out.as_received):
        raise EdxmlError(say("empty"), where=out.where("ReplacementInfoList"))
    if business.replacements or out.keeps("ReplacementInfoList"):
        out.begin("ReplacementInfoList")
        for place, replacement in enumerate(business.replacements, 1):
            out.begin("ReplacementInfo", place=place)
            out.text("DocumentId", replacement.document_id, required=True)
            if replacement.organ_ids or out.keeps("OrganIdList"):
                out.begin("OrganIdList")
                for code in replacement.organ_ids:
                    out.code(code)
                out.end()
            out.end()
        out.end()
    _write_staff(out, business.staff)
    out.end()


def _write_references(out: _Writer, references: Sequence[Reference]) -> None:
    seen: set[str] = set()
    for place, reference in enumerate(references, 1):
        out.begin("Reference", place=place)
        identifier = reference.content_id
        if not identifier or ":" in identifier or any(character.isspace() for character in identifier):
            raise EdxmlError(say("empty, or holds a colon or a space"), where=out.where("ContentId"))
        if identifier in seen:
            raise EdxmlError(say("this identifier occurs twice"), where=out.where("ContentId"))
        seen.add(identifier)
        out.text("ContentId", f"cid:{identifier}")
        out.text("ContentType", reference.content_type, required=True)
        out.text("Description", reference.description)
        out.text("AttachmentName", reference.name, required=True)
        out.end()


def _write_attachments(out: _Writer, references: Sequence[Reference]) -> None:
    """Write an empty list of attachments; what was kept of one stands in it, with its identifier alone."""
    if not out.holds(ATTACHMENTS):
        out.empty(ATTACHMENTS)
        return
    out.frame(ATTACHMENTS, prefix="")
    for place, reference in enumerate(references, 1):
        parent = attachment_parent(place)
        if out.holds(parent):
            out.frame("Attachment", prefix="")
            out.lines(f"<ContentId>cid:{escaped(reference.content_id)}</ContentId>")
            out.kept(parent)
            out.close()
    out.kept(ATTACHMENTS)
    out.close()
