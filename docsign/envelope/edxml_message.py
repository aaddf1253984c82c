"""A whole edXML message, attachments inlined as base64: read and written piece by piece (QCVN 102:2016).

Reading takes what real systems send: attachments inside the envelope or beside it, elements in any order,
files wrapped in a ZIP and given the type of a ZIP or their own, misspelt types. Each attachment goes into a
stream that the caller opens (``spool``); only the header is held. Writing gives what the official library
reads without loss: the true type, raw base64 on one line. Pure.
"""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from lxml import etree

from docsign.ades.xml import elements, escaped, feed, local_name, namespace, writable
from docsign.envelope.edxml import NAMESPACE, apart, write_header
from docsign.envelope.edxml_frame import ATTACHMENTS, attachment_parent
from docsign.envelope.edxml_reading import header_from, is_status, status_from, without_cid
from docsign.envelope.header import Header, Reference
from docsign.envelope.packing import media_type
from docsign.envelope.status import Status
from docsign.envelope.zip import read_archive
from docsign.errors import ContainerError, EdxmlError, XmlError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Finding, Severity

ATTACHMENTS_LIMIT = 1000
TEXT_LIMIT = 2 * 1024 * 1024
"""The longest message without its attachments, in characters."""
_ELEMENTS_LIMIT = 50_000
_DEPTH_LIMIT = 60
_PIECE = 240 * 1024  # a multiple of 3: base64 of one piece needs no padding
_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_WHITE = b" \t\r\n"
_ZIP_START = b"PK\x03\x04"
_RATIO = 100  # of an unwrapped file to its ZIP, past one megabyte

Spool = Callable[[], BinaryIO]
"""Opens an empty stream to write an attachment to and read it back from; the caller closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of a message. ``content`` is at its beginning; ``size`` in bytes, ``sha256`` lower-case hex.

    ``name`` is as written, perhaps no plain file name; ``content_type`` is what the file is.
    """

    content_id: str
    name: str
    content_type: str
    description: str
    content: BinaryIO
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What was read: a document's header or a status, and the attachments in their order.

    The header's References are those of the message; ``findings`` is what had to be overlooked.
    """

    header: Header | None
    status: Status | None
    attachments: tuple[Attachment, ...]
    findings: tuple[Finding, ...] = ()


def read_message(stream: BinaryIO, spool: Spool) -> Message:
    """Read a message; raises EdxmlError with the place of what cannot be understood."""
    target = _Target(spool)
    try:
        root = feed(stream, target)
        if root is None:
            raise XmlError(say("The XML does not begin with its root element."))
    except XmlError as error:
        if isinstance(error, EdxmlError):
            raise
        raise EdxmlError(error.sentence, where=error.where, hint=error.hint) from error
    findings = list(_signature_findings(root))
    header, status = (None, status_from(root)) if is_status(root) else (header_from(root), None)
    attachments = tuple(_attachments(root, header, target.contents, spool, findings))
    if header is not None:
        findings += _unmatched(header.references, attachments)
    about = header.findings if header is not None else status.findings if status is not None else ()
    return Message(header=header, status=status, attachments=attachments, findings=(*about, *findings))


def write_message(
    target: BinaryIO, header: Header, attachments: Sequence[Attachment], *, as_received: bool = False
) -> None:
    """Write a message with its attachments inlined; raises EdxmlError with the place.

    The header's References are made anew for the attachments, which are read from their beginning; every one
    has a name and its true type; what the header keeps of the attachments stands in them. ``as_received``
    hands on another's header, whatever its form.
    """
    references = tuple(
        Reference(
            content_id=one.content_id or f"tep-{place}",
            content_type=_type_to_write(one),
            description=one.description,
            name=one.name or f"tep-{place}",
        )
        for place, one in enumerate(attachments, 1)
    )
    inlined = [one for one in header.unknown if one.parent.startswith(ATTACHMENTS)]
    kept: dict[str, list[str]] = {}
    for one in inlined:
        kept.setdefault(one.parent, []).append(apart(one.xml))
    others = tuple(one for one in header.unknown if one not in inlined)
    frame = write_header(replace(header, references=references, unknown=others), as_received=as_received)
    before, empty, after = frame.partition(b"  <AttachmentEncoded/>\r\n")
    assert empty
    if not attachments and ATTACHMENTS not in kept:
        target.write(frame)
        return
    target.write(before + b"  <AttachmentEncoded>\r\n")
    for place, (reference, attachment) in enumerate(zip(references, attachments, strict=True), 1):
        target.write(_before_content(reference, place, kept.get(attachment_parent(place), ())))
        attachment.content.seek(0)
        while piece := _exactly(attachment.content, _PIECE):
            target.write(binascii.b2a_base64(piece, newline=False))
        target.write(b"</edXML:ContentTransferEncoded>\r\n    </Attachment>\r\n")
    target.write("".join(f"    {xml}\r\n" for xml in kept.get(ATTACHMENTS, ())).encode())
    target.write(b"  </AttachmentEncoded>\r\n" + after)


# ---- reading ---------------------------------------------------------------------------------------------


class _Content:
    """The base64 of one attachment, decoded as it comes into a stream."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self.stream = stream
        self.size = 0
        self._where = where
        self._rest = b""
        self._ended = False
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def add(self, text: str) -> None:
        """Take more of the text; raises EdxmlError where it is not base64."""
        try:
            piece = self._rest + text.encode("ascii").translate(None, _WHITE)
        except UnicodeEncodeError as error:
            raise self._broken() from error
        cut = len(piece) // 4 * 4
        self._rest = piece[cut:]
        self._write(piece[:cut])

    def close(self) -> None:
        """Take the end; missing padding is borne."""
        if self._rest:
            self._write(self._rest.ljust(4, b"="))
        self.stream.seek(0)

    def _write(self, piece: bytes) -> None:
        if not piece:
            return
        if self._ended:
            raise self._broken()
        try:
            data = binascii.a2b_base64(piece, strict_mode=True)
        except binascii.Error as error:
            raise self._broken() from error
        self._ended = piece.endswith(b"=")
        self._digest.update(data)
        self.size += len(data)
        self.stream.write(data)

    def _broken(self) -> EdxmlError:
        return EdxmlError(say("not base64"), where=self._where)


class _Target:
    """A parser target: builds the tree of all but the attachments' content, which goes to streams."""

    def __init__(self, spool: Spool) -> None:
        self.contents: list[_Content] = []
        self._spool = spool
        self._builder = etree.TreeBuilder()
        self._path: list[str] = []
        self._elements = self._text = 0
        self._current: _Content | None = None

    def start(self, tag: str, attributes: Any, names: Any = None) -> None:
        self._elements += 1
        name = tag.rpartition("}")[2]
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if self._current is not None:
            raise EdxmlError(say("elements stand where base64 is needed"), where=self._where())
        if self._elements > _ELEMENTS_LIMIT or len(self._path) > _DEPTH_LIMIT:
            raise EdxmlError(say("too many or too deep elements"), where=self._where())
        self._count(sum(len(key) + len(value) for key, value in attributes.items()))
        if name == "ContentTransferEncoded" or (name == "Content" and parent == "Attachment"):
            if len(self.contents) >= ATTACHMENTS_LIMIT:
                raise EdxmlError(say("too many attachments: {limit} at most", limit=ATTACHMENTS_LIMIT))
            where = f"Attachment[{len(self.contents) + 1}].{name}"
            self._current = _Content(self._spool(), where)
            attributes = {"content": str(len(self.contents))}
            self.contents.append(self._current)
        prefixes = {prefix or None: uri for prefix, uri in (names or {}).items()}
        self._builder.start(tag, dict(attributes), prefixes)  # type: ignore[call-arg] # lxml takes them

    def data(self, text: str) -> None:
        if self._current is not None:
            self._current.add(text)
        else:
            self._count(len(text))
            self._builder.data(text)

    def end(self, tag: str) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None
        self._path.pop()
        self._builder.end(tag)

    def comment(self, text: str) -> None:
        """Comments say nothing."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Neither do instructions."""

    def doctype(self, *_: object) -> None:
        raise EdxmlError(say("The XML declares a document type (DTD), which is not allowed."))

    def close(self) -> Any:
        with contextlib.suppress(etree.XMLSyntaxError):  # called after an error too, which must come through
            return self._builder.close()
        return None

    def _count(self, more: int) -> None:
        self._text += more
        if self._text > TEXT_LIMIT:
            raise EdxmlError(
                say(
                    "The message without its attachments is too long: {limit} characters at most.",
                    limit=TEXT_LIMIT,
                ),
                where=self._where(),
            )

    def _where(self) -> str:
        return ".".join(self._path[-4:])


def _attachments(
    root: etree._Element,
    header: Header | None,
    contents: Sequence[_Content],
    spool: Spool,
    findings: list[Finding],
) -> Iterable[Attachment]:
    """Yield the attachments with what the manifest says of each: by id, else by place."""
    references = header.references if header is not None else ()
    by_id = {reference.content_id: reference for reference in references if reference.content_id}
    found = [one for one in root.iter("{*}Attachment") if _content_of(one) is not None]
    for place, element in enumerate(found, 1):
        said = {local_name(child): " ".join((child.text or "").split()) for child in elements(element)}
        identifier = without_cid(said.get("ContentId", ""))
        reference = by_id.get(identifier)
        if reference is None and len(references) == len(found):
            reference = references[place - 1]
        name = said.get("AttachmentName") or said.get("FileName") or (reference.name if reference else "")
        if not name:
            name = f"tep-{place}"
            findings.append(_warning("edxml-name", say("The attachment has no name."), place))
        content = contents[int(_content_of(element) or 0)]
        label = (said.get("ContentType") or said.get("FileType") or "").lower()
        stream, size, sha256 = content.stream, content.size, content.sha256
        unwrapped = _unwrapped(stream, name, label, place, spool)
        if unwrapped is not None:
            stream, size, sha256 = unwrapped
            findings.append(_note("edxml-wrapped", say("The file was wrapped in a ZIP."), place))
        start = stream.read(1024)
        stream.seek(0)
        kind = media_type(name, start)
        if label and label not in (kind, "application/zip", "application/octet-stream"):
            findings.append(
                _note(
                    "edxml-type",
                    say("The file is called {label} and is {kind}.", label=label[:80], kind=kind),
                    place,
                )
            )
        yield Attachment(
            content_id=identifier or (reference.content_id if reference else ""),
            name=name,
            content_type=kind,
            description=said.get("Description") or (reference.description if reference else ""),
            content=stream,
            size=size,
            sha256=sha256,
        )


def _content_of(attachment: etree._Element) -> str | None:
    for child in attachment:
        if child.get("content") is not None and local_name(child) in ("ContentTransferEncoded", "Content"):
            return child.get("content")
    return None


def _unwrapped(
    stream: BinaryIO, name: str, label: str, place: int, spool: Spool
) -> tuple[BinaryIO, int, str] | None:
    """Return the one file inside a ZIP that wraps it, or None for a file that is what it is.

    A ZIP under a name that is none, with one plain entry, wraps it whatever its label says; a file that is
    itself of a packed format (workbook, ASiC) is left alone. Raises EdxmlError for one that is no safe ZIP.
    """
    start = stream.read(len(_ZIP_START))
    stream.seek(0)
    if start != _ZIP_START or name.lower().endswith(".zip"):
        return None
    where = f"Attachment[{place}]"
    try:
        archive = read_archive(stream)
    except ContainerError as error:
        stream.seek(0)
        if label == "application/zip":
            raise EdxmlError(error.sentence, where=where) from error
        return None
    names = [entry.name for entry in archive.entries]
    if len(names) != 1 or "/" in names[0] or names[0] in ("mimetype", "[Content_Types].xml"):
        stream.seek(0)
        return None
    target, digest, size = spool(), hashlib.sha256(), 0
    packed = stream.seek(0, io.SEEK_END)
    try:
        with archive.open(names[0]) as inside:
            while piece := inside.read(_PIECE):
                size += len(piece)
                if size > max(packed * _RATIO, 1024 * 1024):
                    raise EdxmlError(say("The ZIP unpacks to far more than it holds."), where=where)
                digest.update(piece)
                target.write(piece)
    except ContainerError as error:
        raise EdxmlError(error.sentence, where=where) from error
    target.seek(0)
    return target, size, digest.hexdigest()


def _unmatched(references: Sequence[Reference], attachments: Sequence[Attachment]) -> Iterable[Finding]:
    """Yield what is named and not there, or there and not named."""
    named = {one.content_id for one in references}
    there = {one.content_id for one in attachments}
    for place, reference in enumerate(references, 1):
        if reference.content_id not in there and len(references) != len(attachments):
            sentence = say("The manifest names a file that is not there: {name}.", name=reference.name[:120])
            yield _warning("edxml-missing", sentence, place)
    for place, attachment in enumerate(attachments, 1):
        if attachment.content_id not in named and len(references) != len(attachments):
            sentence = say("The manifest does not name this file: {name}.", name=attachment.name[:120])
            yield _warning("edxml-unnamed", sentence, place)


def _signature_findings(root: etree._Element) -> Iterable[Finding]:
    """Yield what the signature of the message is worth: on its way a message is built anew."""
    for element in root.iter("{*}Signature"):
        if namespace(element) == _XMLDSIG:
            sentence = say("The message carries an XML signature; it is judged by verify, not here.")
            yield Finding(code="edxml-signature", severity=Severity.INFO, sentence=sentence)
        else:
            sentence = say("What looks like a signature is none (not in the namespace of XML-DSig).")
            yield Finding(code="edxml-dummy-signature", severity=Severity.WARNING, sentence=sentence)


def _warning(code: str, sentence: Sentence, place: int) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=f"Attachment[{place}]")


def _note(code: str, sentence: Sentence, place: int) -> Finding:
    return Finding(code=code, severity=Severity.INFO, sentence=sentence, where=f"Attachment[{place}]")


# ---- writing ---------------------------------------------------------------------------------------------


def _type_to_write(attachment: Attachment) -> str:
    """Return the type by which the official library hands the bytes over as they are.

    It takes ``application/zip``, and nothing at all, for a file it packed itself, unless the name ends in a
    lower-case ``zip``: of any other it keeps the first entry, or breaks.
    """
    zip_type, octets = "application/zip", "application/octet-stream"
    if attachment.content_type and (attachment.content_type != zip_type or attachment.name.endswith(".zip")):
        return attachment.content_type
    attachment.content.seek(0)
    true = media_type(attachment.name, attachment.content.read(1024))
    return octets if true == zip_type and not attachment.name.endswith(".zip") else true


def _before_content(reference: Reference, place: int, kept: Sequence[str]) -> bytes:
    lines = ["    <Attachment>"]
    for name, value in (
        ("ContentId", f"cid:{reference.content_id}"),
        ("AttachmentName", reference.name),
        ("Description", reference.description),
        ("ContentType", reference.content_type),
    ):
        if not writable(value):
            raise EdxmlError(
                say("holds characters that XML cannot carry"), where=f"Attachment[{place}].{name}"
            )
        if value:
            lines.append(f"      <{name}>{escaped(value)}</{name}>")
    lines += [f"      {xml}" for xml in kept]
    opening = f'      <edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">'
    return "\r\n".join([*lines, opening]).encode()


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Return ``size`` bytes, fewer at the end alone: base64 is cut at threes."""
    data = stream.read(size)
    while 0 < len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data
