"""The national axis' own edXML library, as it was recorded: what it reads, breaks on, and makes of a message.

A model for tests, not the library: it follows the recorded behaviour of the official jar (0.0.3) sentence by
sentence, its faults too. ``read`` is its parser, ``passed_on`` its parse-and-build, as on a hop of the axis.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import uuid
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from lxml import etree

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
RAW = ("pdf", "doc", "docx", "xsl", "xslx", "zip")
"""The endings that the library does not pack; two of them it spells like this."""


class BrokenError(Exception):
    """The library throws, and nothing of the message is read."""


@dataclass
class Taken:
    """What the library hands to its caller."""

    values: dict[str, Any] = field(default_factory=dict)
    attachments: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    """ContentId, name, type, bytes."""


def local(element: etree._Element) -> str:
    """Return the name below the envelope, where namespaces do not count."""
    return etree.QName(element).localname


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """Return the first child of this local name."""
    if element is None:
        return None
    return next((one for one in element.iterchildren(tag=etree.Element) if local(one) == name), None)


def children(element: etree._Element | None) -> list[etree._Element]:
    """Return the children, none of what is missing."""
    return [] if element is None else list(element.iterchildren(tag=etree.Element))


def text_of(element: etree._Element | None, name: str) -> str:
    """Return a child's text, trimmed; nothing where it is missing."""
    found = child(element, name)
    return "" if found is None else "".join(map(str, found.itertext())).strip()


def number(element: etree._Element | None, name: str, default: int) -> int:
    """Return a number; in silence the default for what is none."""
    found = child(element, name)
    raw = "" if found is None else found.text or ""
    return int(raw) if re.fullmatch(r"[+-]?\d+", raw) else default


def day(text: str) -> date | None:
    """Read yyyy/MM/dd as a lenient parser does: it rolls over, and takes a day for a year."""
    found = re.match(r"(\d+)/(\d+)/(\d+)", text)
    if found is None:
        return None
    year, month, rest = map(int, found.groups())
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, 1) + timedelta(days=rest - 1)


def moment(text: str) -> datetime | None:
    """Read yyyy/MM/dd HH:mm:ss in the machine's own zone; without a time nothing."""
    found = re.match(r"(\d{4})/(\d{2})/(\d{2}) (\d{2}):(\d{2}):(\d{2})", text)
    return None if found is None else datetime(*map(int, found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001


def read(data: bytes) -> Taken:
    """Parse a document as the library does; raises BrokenError where it throws."""
    root = etree.fromstring(data)
    envelope = root.find(f"{{{NAMESPACE}}}edXMLEnvelope")  # a child of the root, in this namespace
    header = child(envelope, "edXMLHeader")
    message = child(header, "MessageHeader")
    if message is None:
        raise BrokenError("NullPointerException")
    taken = Taken()
    _values(taken.values, header, message)
    encoded = child(root, "AttachmentEncoded")  # inside the envelope it is not looked for
    taken.attachments = [_attachment(one) for one in children(encoded)]
    return taken


def _values(values: dict[str, Any], header: etree._Element | None, message: etree._Element) -> None:
    steering = child(message, "SteeringType")
    if steering is not None and not re.fullmatch(r"[+-]?\d+", steering.text or ""):
        raise BrokenError("NumberFormatException")
    other, kind = child(message, "OtherInfo"), child(message, "DocumentType")
    promulgation, code = child(message, "PromulgationInfo"), child(message, "Code")
    business = child(child(header, "TraceHeaderList"), "Bussiness")
    traces = [one for one in children(child(header, "TraceHeaderList")) if local(one) == "TraceHeader"]
    values |= {
        "from": text_of(child(message, "From"), "OrganId"),
        "to": [text_of(one, "OrganId") for one in children(message) if local(one) == "To"],
        "document_id": text_of(message, "DocumentId"),
        "number": text_of(code, "CodeNumber"),
        "notation": text_of(code, "CodeNotation"),
        "place": text_of(promulgation, "Place"),
        "issued": day(text_of(promulgation, "PromulgationDate")),
        "type": number(kind, "Type", 2),
        "type_detail": number(kind, "TypeDetail", -1),
        "type_name": text_of(kind, "TypeName"),
        "subject": text_of(message, "Subject"),
        "content": text_of(message, "Content"),
        "signer": text_of(child(message, "SignerInfo"), "FullName"),
        "due": day(text_of(message, "DueDate")),
        "priority": number(other, "Priority", 0),
        "copies": number(other, "PromulgationAmount", 1),
        "pages": number(other, "PageAmount", 1),
        "directive": text_of(other, "Direction") == "true",
        "appendixes": [(one.text or "").strip() for one in children(child(other, "Appendixes"))],
        "responses": [
            (
                text_of(one, "OrganId"), text_of(one, "Code"), text_of(one, "DocumentId"),
                day(text_of(one, "PromulgationDate")),
            ) for one in children(message) if local(one) == "ResponseFor"
        ],
        "steering": int(steering.text or "0") if steering is not None else 0,
        "places": [(one.text or "").strip() for one in children(child(message, "ToPlaces"))],
        "kind": number(business, "BussinessDocType", 0),
        "reason": text_of(business, "BussinessDocReason"),
        "changes": text_of(business, "DocumentId"),
        "paper": number(business, "Paper", 0),
        "staff": text_of(child(business, "StaffInfo"), "Staff"),
        "replaced": [
            text_of(one, "DocumentId") for one in children(child(business, "ReplacementInfoList"))
        ],
        "traces": [(text_of(one, "OrganId"), moment(text_of(one, "Timestamp"))) for one in traces],
    }  # fmt: skip


def _attachment(element: etree._Element) -> tuple[str, str, str, bytes]:
    name = text_of(element, "AttachmentName")
    if not name:
        raise BrokenError("AttachmentName")
    kind = text_of(element, "ContentType") or "application/zip"
    try:
        data = base64.b64decode(text_of(element, "ContentTransferEncoded"))
    except (binascii.Error, ValueError):
        data = b""  # garbage, in silence
    if kind == "application/zip" and not name.endswith("zip"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                first = archive.infolist()[0]
                if first.is_dir() or "/" in first.filename:
                    raise BrokenError("an entry in a folder")
                data = archive.read(first)  # only the first
        except (zipfile.BadZipFile, IndexError) as error:
            raise BrokenError("not a ZIP") from error
    return text_of(element, "ContentId"), name, kind, data


def passed_on(data: bytes) -> bytes:
    """Return the message as a hop with this library sends it on: parsed and built anew."""
    taken = read(data)
    root = etree.fromstring(data)
    for element in list(root.iter(f"{{{NAMESPACE}}}DocumentId")):
        if not (element.text or "").strip():
            element.text = str(uuid.uuid4())
    for element in root.iter("{*}Reference"):  # every attachment is called a ZIP here
        for kind in element.iter("{*}ContentType"):
            kind.text = "application/zip"
    for element in root.iter("{*}ContentId"):
        element.text = f"cid:{element.text}"
    for signature in list(root.iter("{http://www.w3.org/2000/09/xmldsig#}*")):
        signature.tag = f"{{{NAMESPACE}}}{local(signature)}"
    traces = next(iter(root.iter(f"{{{NAMESPACE}}}TraceHeaderList")), None)
    if traces is not None:  # another station, with the time of delivery and without a name
        added = etree.SubElement(traces, f"{{{NAMESPACE}}}TraceHeader")
        etree.SubElement(added, f"{{{NAMESPACE}}}Timestamp").text = "2026/11/16 10:02:11"
    for element, (_, name, _, content) in zip(root.iter("{*}Attachment"), taken.attachments, strict=True):
        ending = name.rpartition(".")[2]
        raw = ending.lower() in RAW
        packed = content if raw else _packed(f"{uuid.uuid4()}.{ending}", content)
        _set(element, "ContentType", f"application/{ending}" if raw else "application/zip")
        _set(element, "ContentTransferEncoded", base64.b64encode(packed).decode())
    etree.cleanup_namespaces(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _set(element: etree._Element, name: str, text: str) -> None:
    found = child(element, name)
    if found is not None:
        found.text = text


def _packed(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()
