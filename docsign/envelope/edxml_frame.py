"""What stands in a message around its header and manifest and is not known: kept for the next hop.

That are children of the root, the envelope, the body and the list of attachments, and of each attachment.
An attachment has the number of its file; in the header of an envelope, which holds no contents, that is its
Reference's. Nothing is kept that holds a part of the message itself, for it is read where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from docsign.ades.xml import elements, local_name
from docsign.envelope.edxml_elements import Keeper
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
_CONTENTS = ("Content", "ContentTransferEncoded")
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
    keeper, frames, attachments = Keeper(findings), set[str](), 0
    places: dict[str, int] = {}
    for place, reference in enumerate(references, 1):
        places.setdefault(f"cid:{reference.content_id}", place)
    for element in root.iter(*_TAGS):
        name = local_name(element)
        if all(local_name(child) in _PARTS for child in elements(element)):
            continue  # nearly every message: nothing here but its parts
        if name == _ATTACHMENT:
            has_content = any(local_name(one) in _CONTENTS for one in element)
            attachments += has_content
            place = attachments if has_content else places.get(_identifier(element), 0)
            parent = attachment_parent(place)
            if place:
                known = _OF_ATTACHMENT.union(_with_parts(element))
                yield from keeper.kept(element, parent, known=known, where=parent)
        elif name not in frames and _is_frame(element, name):
            frames.add(name)
            yield from keeper.kept(element, name, known=_with_parts(element), where=name)


def _is_frame(element: etree._Element, name: str) -> bool:
    """Tell whether this is a part of the message, and no vendor's element of the same name."""
    above = element.getparent()
    return name == ROOT or above is None or local_name(above) in (*_PARTS, "Body")


def _with_parts(element: etree._Element) -> set[str]:
    """Return the names of the children that are parts of the message, or hold one."""
    return {
        name
        for child in elements(element)
        if (name := local_name(child)) in _PARTS
        or (len(child) and any(local_name(one) in _PARTS for one in child.iter(etree.Element)))
    }


def _identifier(element: etree._Element) -> str:
    """Return the identifier of an attachment without content, as it is written."""
    said = (one.text for one in elements(element) if local_name(one) == "ContentId")
    return (next(said, "") or "").strip()
