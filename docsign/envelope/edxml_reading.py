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
from docsign.envelope.edxml_elements import ElementReader, Part
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

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


def read_header(data: bytes) -> Header:
    """Read a document's header; raises EdxmlError where sender, receivers or the document cannot be told."""
    return header_from(_parsed(data))


def header_from(root: etree._Element) -> Header:
    """Read the header of a parsed message, as ``read_header`` does."""
    findings: list[Finding] = []
    top = _find(root, "edXMLHeader", Part(findings), "header")
    message = top.child("MessageHeader")
    if not message.present:
        raise EdxmlError(say("missing"), where=message.path)
    sender = _organization(message.child("From"))
    receivers = tuple(_organization(one) for one in message.children("To"))
    if not receivers:
        raise EdxmlError(say("no receiver"), where=f"{message.path}.To")
    number, notation = message.child("Code").texts("CodeNumber", "CodeNotation")
    document_id, subject, content, application = message.texts(
        "DocumentId", "Subject", "Content", "ApplicationType"
    )
    if not number and not document_id:
        raise EdxmlError(say("empty"), where=f"{message.path}.Code.CodeNumber")
    competence, position, signer = message.child("SignerInfo").texts("Competence", "Position", "FullName")
    other, issued, kind = map(message.child, ("OtherInfo", "PromulgationInfo", "DocumentType"))
    sphere, typist, reply_fors, codes = other.texts(
        "SphereOfPromulgation", "TyperNotation", "ReplyFors", "ReferenceCodes"
    )
    references, unknown = _references(root, findings)
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
        subject=subject,
        content=content,
        signer=Signer(competence=competence, position=position, name=signer),
        due=message.day("DueDate"),
        priority=other.listed("Priority", Priority, Priority.NORMAL),
        sphere=sphere,
        typist=typist,
        copies=other.number("PromulgationAmount"),
        pages=other.number("PageAmount"),
        reply_fors=reply_fors,
        directive=other.flag("Direction"),
        reference_codes=codes,
        appendixes=other.texts_within("Appendixes", "Appendix"),
        responses=tuple(_response(one) for one in message.children("ResponseFor")),
        steering=message.listed("SteeringType", Steering, Steering.NONE),
        task_codes=message.texts_within("ResponseForTask", "TaskCode"),
        application_type=application,
        to_places=message.texts_within("ToPlaces", "Place"),
        business=_business((traces := top.child("TraceHeaderList")).child("Bussiness")),
        traces=tuple(
            Trace(organ_id=one.text("OrganId"), time=one.moment("Timestamp"))
            for one in traces.children("TraceHeader")
        ),
        references=references,
        unknown=(*top.unknown(), *unknown, *unknown_around(root, references, findings)),
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
    top = _find(root, "edXMLHeader", Part(findings), "status")
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
    description, staff = message.text("Description"), _staff(message.child("StaffInfo"))
    unknown = tuple(
        replace(one, parent=re.sub(r"^Status\b", "MessageHeader", one.parent)) for one in top.unknown()
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


def _find(root: etree._Element, name: str, part: Part, path: str) -> ElementReader:
    """Return the first element of this name, wherever vendors put it."""
    for element in root.iter("{*}" + name):
        return ElementReader(element, path, part)
    raise EdxmlError(say("This is not edXML: there is no {name}.", name=name), where=path)


def _parsed(data: bytes) -> etree._Element:
    try:
        return parse(data)
    except XmlError as error:
        raise EdxmlError(error.sentence, where=error.where, hint=error.hint) from error


def _organization(party: ElementReader) -> Organization:
    code, superior, name, address, email, telephone, fax, website = party.texts(
        "OrganId", "OrganizationInCharge", "OrganName", "OrganAdd", "Email", "Telephone", "Fax", "Website"
    )
    if not code:
        raise EdxmlError(say("empty"), where=f"{party.path}.OrganId")
    return Organization(
        code=code,
        superior=superior,
        name=name,
        address=address,
        email=email,
        telephone=telephone,
        fax=fax,
        website=website,
    )


def _response(answered: ElementReader) -> ResponseFor:
    organ_id, code, document_id = answered.texts("OrganId", "Code", "DocumentId")
    return ResponseFor(
        organ_id=organ_id, code=code, document_id=document_id, issued=answered.day("PromulgationDate")
    )


def _staff(staff: ElementReader) -> Staff | None:
    texts = staff.texts("Department", "DepartmentId", "Staff", "StaffId", "Email", "Mobile")
    if not any(texts):
        return None
    department, department_id, name, staff_id, email, mobile = texts
    return Staff(
        department=department,
        department_id=department_id,
        name=name,
        staff_id=staff_id,
        email=email,
        mobile=mobile,
    )


def _business(business: ElementReader) -> Business:
    info = business.child("BussinessDocumentInfo")
    reason, document_id = business.texts("BussinessDocReason", "DocumentId")
    return Business(
        kind=business.listed("BussinessDocType", BusinessKind, BusinessKind.NEW),
        reason=reason,
        document_id=document_id,
        paper=bool(business.flag("Paper")),
        document_changed=info.flag("DocumentInfo"),
        receivers_changed=info.flag("DocumentReceiver"),
        receiver_changes=tuple(
            ReceiverChange(organ_id=one.text("OrganId"), receiver_type=one.number("ReceiverType") or 0)
            for one in info.within("ReceiverList", "Receiver")
        ),
        replacements=tuple(
            Replacement(
                document_id=one.text("DocumentId"), organ_ids=one.texts_within("OrganIdList", "OrganId")
            )
            for one in business.within("ReplacementInfoList", "ReplacementInfo")
        ),
        staff=_staff(business.child("StaffInfo")),
    )


def _references(
    root: etree._Element, findings: list[Finding]
) -> tuple[tuple[Reference, ...], tuple[UnknownElement, ...]]:
    """Return the files that the manifest names, and what else stands in it."""
    for element in root.iter("{*}edXMLManifest"):
        manifest = ElementReader(element, "body", Part(findings))
        references = tuple(_reference(one) for one in manifest.children("Reference"))
        unknown = (replace(one, parent=one.parent or MANIFEST) for one in manifest.unknown())
        return references, tuple(unknown)
    return (), ()


def _reference(reference: ElementReader) -> Reference:
    content_id, content_type, description, name = reference.texts(
        "ContentId", "ContentType", "Description", "AttachmentName"
    )
    return Reference(
        content_id=without_cid(content_id), content_type=content_type, description=description, name=name
    )


def without_cid(identifier: str) -> str:
    """Drop every leading ``cid:``; the official library adds one at each round."""
    while identifier.lower().startswith("cid:"):
        identifier = identifier[4:]
    return identifier
