"""What stands in a message around its header and manifest and is not known: kept for the next hop.

That are children of the root, the envelope, the body and the list of attachments, and of each attachment.
An attachment has the number of its file; in the header of an envelope, which holds no contents, that is its
Reference's. Nothing is kept that holds a part of the message itself, for it is read where it stands.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from lxml import etree

from docsign.ades.xml import local_name
from docsign.envelope.edxml_elements import NAMESPACE, by_name, kept
from docsign.envelope.header import Reference, UnknownElement
from docsign.verdict import Finding

ROOT, ENVELOPE, BODY, ATTACHMENTS = "edXML", "edXMLEnvelope", "edXMLBody", "AttachmentEncoded"
"""The parents of what is kept: elements of these names."""
_ATTACHMENT = "Attachment"
_PARTS = frozenset(
    {
        *(ROOT, ENVELOPE, BODY, ATTACHMENTS, _ATTACHMENT),
        *("edXMLHeader", "edXMLManifest", "MessageHeader", "Status", "TraceHeaderList"),
    }
)
_USUAL = frozenset(f"{{{NAMESPACE}}}{name}" for name in _PARTS)
_CONTENTS = frozenset({"Content", "ContentTransferEncoded"})
_OF_ATTACHMENT = frozenset(
    {"ContentId", "AttachmentName", "FileName", "Description", "ContentType", "FileType", *_CONTENTS}
)
_TAGS = tuple(f"{{*}}{name}" for name in (ROOT, ENVELOPE, BODY, ATTACHMENTS, _ATTACHMENT))


def attachment_parent(place: int) -> str:
    """Return the parent's path of what is kept of an attachment, by its number from 1."""
    return f"{ATTACHMENTS}.{_ATTACHMENT}[{place}]"


def unknown_around(
    root: etree._Element, references: Sequence[Reference], findings: list[Finding]
) -> Iterator[UnknownElement]:
    """Yield what is kept of a parsed message; ``references`` are those of its manifest, as they were read."""
    return kept(_around(root, references), findings)


def _around(
    root: etree._Element, references: Sequence[Reference]
) -> Iterator[tuple[etree._Element, Container[str], str, str]]:
    """Yield the rows that are asked of ``kept``: what holds more than parts of the message."""
    frames: set[str] = set()
    attachments = 0
    places: dict[str, int] = {}
    for place, reference in enumerate(references, 1):
        places.setdefault(f"cid:{reference.content_id}", place)
    for element in root.iter(*_TAGS):
        if _USUAL.issuperset([child.tag for child in element[:]]):  # type: ignore[index] # as lxml documents it
            continue  # nearly every message: nothing here but its parts
        children = by_name(element)
        if _PARTS.issuperset(children):
            continue
        name = local_name(element)
        if name == _ATTACHMENT:
            has_content = not _CONTENTS.isdisjoint(children)
            attachments += has_content
            place = attachments if has_content else places.get(_identifier(children), 0)
            if place:
                parent = attachment_parent(place)
                yield element, _OF_ATTACHMENT.union(_with_parts(children)), parent, parent
        elif name not in frames and _is_frame(element, name):
            frames.add(name)
            yield element, _with_parts(children), name, name


def _is_frame(element: etree._Element, name: str) -> bool:
    """Tell whether this is a part of the message, and no vendor's element of the same name."""
    above = element.getparent()
    return name == ROOT or above is None or local_name(above) in (*_PARTS, "Body")


def _with_parts(children: Mapping[str, Sequence[etree._Element]]) -> set[str]:
    """Return the names of the children that are parts of the message, or hold one."""
    return {
        name
        for name, found in children.items()
        if name in _PARTS
        or any(local_name(one) in _PARTS for child in found for one in child.iter(etree.Element))
    }


def _identifier(children: Mapping[str, Sequence[etree._Element]]) -> str:
    """Return the identifier of an attachment without content, as it is written."""
    found = children.get("ContentId")
    return (found[0].text or "").strip() if found else ""
