"""Read edXML headers and statuses the tolerant way: any order, any prefix, missing and empty elements.

What cannot be used (an impossible day, a number that is none, an unknown code) becomes a finding on the value
that is returned, and the field keeps its default. EdxmlError is kept for messages whose sender, receiver or
document cannot be told at all. Elements that the standard does not know are kept for the next hop.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from docsign.ades.xml import local_name, parse
from docsign.envelope.edxml_elements import ElementReader, Form, Part, by_name, list_of
from docsign.envelope.edxml_frame import unknown_around
from docsign.envelope.header import (
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
from docsign.sentence import say
from docsign.verdict import Finding

MANIFEST = "edXMLManifest"
"""The parent of what stands in the manifest beside the References; in the header itself it is empty."""

_PARTY = Form(
    OrganId="code",
    OrganizationInCharge="superior",
    OrganName="name",
    OrganAdd="address",
    Email="email",
    Telephone="telephone",
    Fax="fax",
    Website="website",
)
_RESPONSE = Form("OrganId", "Code", "DocumentId", "PromulgationDate")
_STAFF = Form(
    Department="department",
    DepartmentId="department_id",
    Staff="name",
    StaffId="staff_id",
    Email="email",
    Mobile="mobile",
)
_OTHER = Form(
    *("Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount", "ReplyFors"),
    *("Direction", "ReferenceCodes"),
    parts={"Appendixes": list_of("Appendix")},
)
_MESSAGE = Form(
    *("DocumentId", "Subject", "Content", "DueDate", "SteeringType", "ApplicationType"),
    parts={
        "From": _PARTY,
        "To": _PARTY,
        "Code": Form("CodeNumber", "CodeNotation"),
        "PromulgationInfo": Form("Place", "PromulgationDate"),
        "DocumentType": Form("Type", "TypeDetail", "TypeName"),
        "SignerInfo": Form(Competence="competence", Position="position", FullName="name"),
        "OtherInfo": _OTHER,
        "ResponseFor": _RESPONSE,
        "ResponseForTask": list_of("TaskCode"),
        "ToPlaces": list_of("Place"),
    },
)
_CHANGED = Form(
    *("DocumentInfo", "DocumentReceiver"),
    parts={"ReceiverList": list_of("Receiver", Form("OrganId", "ReceiverType"))},
)
_REPLACED = Form("DocumentId", parts={"OrganIdList": list_of("OrganId")})
_BUSINESS = Form(
    *("BussinessDocType", "BussinessDocReason", "DocumentId", "Paper"),
    parts={
        "BussinessDocumentInfo": _CHANGED,
        "ReplacementInfoList": list_of("ReplacementInfo", _REPLACED),
        "StaffInfo": _STAFF,
    },
)
_TRACES = Form(parts={"Bussiness": _BUSINESS, "TraceHeader": Form("OrganId", "Timestamp")})
_HEADER = Form(parts={"MessageHeader": _MESSAGE, "TraceHeaderList": _TRACES})
_MANIFEST = list_of("Reference", Form("ContentId", "ContentType", "Description", "AttachmentName"))
_STATUS = Form(
    *("StatusCode", "Timestamp", "Description"),
    parts={"From": _PARTY, "ResponseFor": _RESPONSE, "StaffInfo": _STAFF},
)


def read_header(data: bytes) -> Header:
    """Read a document's header; raises EdxmlError where sender, receivers or the document cannot be told."""
    return header_from(_parsed(data))


def header_from(root: etree._Element) -> Header:
    """Read the header of a parsed message, as ``read_header`` does."""
    findings: list[Finding] = []
    part = Part(findings)
    top = ElementReader(_find(root, "edXMLHeader", "header"), _HEADER, "header", part)
    if not top.has("MessageHeader"):
        raise EdxmlError(say("missing"), where="header.MessageHeader")
    message = top.child("MessageHeader")
    sender = _sender(message)
    receivers = tuple(map(_organization, message.children("To")))
    if not receivers:
        raise EdxmlError(say("no receiver"), where=f"{message.path}.To")
    code = message.child("Code")
    number, document_id = code.text("CodeNumber"), message.text("DocumentId")
    if not number and not document_id:
        raise EdxmlError(say("empty"), where=f"{message.path}.Code.CodeNumber")
    signer = Signer(**message.child("SignerInfo").texts)
    other = message.child("OtherInfo")
    issued, kind = message.child("PromulgationInfo"), message.child("DocumentType")
    traces = top.child("TraceHeaderList")
    references, unknown = _references(root, findings)
    return Header(
        sender=sender,
        receivers=receivers,
        document_id=document_id,
        number=number,
        notation=code.text("CodeNotation"),
        place=issued.text("Place"),
        issued=issued.day("PromulgationDate"),
        type=kind.number("Type") or 0,
        type_detail=kind.number("TypeDetail") or 0,
        type_name=kind.text("TypeName"),
        subject=message.text("Subject"),
        content=message.text("Content"),
        signer=signer,
        due=message.day("DueDate"),
        priority=other.listed("Priority", Priority, Priority.NORMAL),
        sphere=other.text("SphereOfPromulgation"),
        typist=other.text("TyperNotation"),
        copies=other.number("PromulgationAmount"),
        pages=other.number("PageAmount"),
        reply_fors=other.text("ReplyFors"),
        directive=other.flag("Direction"),
        reference_codes=other.text("ReferenceCodes"),
        appendixes=other.child("Appendixes").every_text("Appendix"),
        responses=tuple(map(_response, message.children("ResponseFor"))),
        steering=message.listed("SteeringType", Steering, Steering.NONE),
        task_codes=message.child("ResponseForTask").every_text("TaskCode"),
        application_type=message.text("ApplicationType"),
        to_places=message.child("ToPlaces").every_text("Place"),
        business=_business(traces.child("Bussiness")),
        traces=tuple(
            Trace(organ_id=one.text("OrganId"), time=one.moment("Timestamp"))
            for one in traces.children("TraceHeader")
        ),
        references=references,
        unknown=(*part.unknown("header"), *unknown, *unknown_around(root, references, findings)),
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
    part = Part(findings)
    header = _find(root, "edXMLHeader", "status")
    name = next((name for name in ("MessageHeader", "Status") if name in by_name(header)), None)
    if name is None:
        raise EdxmlError(say("missing"), where="status.MessageHeader")
    message = ElementReader(header, list_of(name, _STATUS), "status", part).child(name)
    text = message.text("StatusCode")
    try:
        code = StatusCode(text.zfill(2))
    except ValueError as error:
        raise EdxmlError(
            say("not a known status code: {text}", text=text[:20]), where=f"{message.path}.StatusCode"
        ) from error
    sender = _sender(message)
    response = _response(message.child("ResponseFor"))
    if not response.organ_id:
        raise EdxmlError(say("empty"), where=f"{message.path}.ResponseFor.OrganId")
    time = message.moment("Timestamp")
    if time is None:
        raise EdxmlError(say("missing"), where=f"{message.path}.Timestamp")
    description, staff = message.text("Description"), _staff(message.child("StaffInfo"))
    unknown = tuple(
        replace(one, parent=re.sub(r"^Status\b", "MessageHeader", one.parent))
        for one in part.unknown("status")
    )
    return Status(
        sender=sender,
        response_for=response,
        code=code,
        time=time,
        description=description,
        staff=staff,
        unknown=(*unknown, *unknown_around(root, (), findings)),
        findings=tuple(findings),
    )


def _find(root: etree._Element, name: str, path: str) -> etree._Element:
    """Return the first element of this name, wherever vendors put it."""
    for element in root.iter("{*}" + name):
        return element
    raise EdxmlError(say("This is not edXML: there is no {name}.", name=name), where=path)


def _parsed(data: bytes) -> etree._Element:
    try:
        return parse(data)
    except XmlError as error:
        raise EdxmlError(error.sentence, where=error.where, hint=error.hint) from error


def _sender(message: ElementReader) -> Organization:
    if not message.has("From"):
        raise EdxmlError(say("empty"), where=f"{message.path}.From.OrganId")
    return _organization(message.child("From"))


def _organization(party: ElementReader) -> Organization:
    if not party.text("code"):
        raise EdxmlError(say("empty"), where=f"{party.path}.OrganId")
    return Organization(**party.texts)


def _response(answered: ElementReader) -> ResponseFor:
    return ResponseFor(
        organ_id=answered.text("OrganId"),
        code=answered.text("Code"),
        document_id=answered.text("DocumentId"),
        issued=answered.day("PromulgationDate"),
    )


def _staff(staff: ElementReader) -> Staff | None:
    return Staff(**staff.texts) if any(staff.texts.values()) else None


def _business(business: ElementReader) -> Business:
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
                document_id=one.text("DocumentId"),
                organ_ids=one.child("OrganIdList").every_text("OrganId"),
            )
            for one in business.child("ReplacementInfoList").children("ReplacementInfo")
        ),
        staff=_staff(business.child("StaffInfo")),
    )


def _references(
    root: etree._Element, findings: list[Finding]
) -> tuple[tuple[Reference, ...], tuple[UnknownElement, ...]]:
    """Return the files that the manifest names, and what else stands in it."""
    for element in root.iter("{*}edXMLManifest"):
        part = Part(findings)
        manifest = ElementReader(element, _MANIFEST, "body", part)
        references = tuple(map(_reference, manifest.children("Reference")))
        unknown = (replace(one, parent=one.parent or MANIFEST) for one in part.unknown("body"))
        return references, tuple(unknown)
    return (), ()


def _reference(reference: ElementReader) -> Reference:
    return Reference(
        content_id=without_cid(reference.text("ContentId")),
        content_type=reference.text("ContentType"),
        description=reference.text("Description"),
        name=reference.text("AttachmentName"),
    )


def without_cid(identifier: str) -> str:
    """Drop every leading ``cid:``; the official library adds one at each round."""
    while identifier.lower().startswith("cid:"):
        identifier = identifier[4:]
    return identifier
