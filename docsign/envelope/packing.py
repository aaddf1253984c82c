"""Pack an envelope: which files it has under which names, and the bytes around them.

Pure: the files' bytes and the signature come from the caller. The entries stand in this order: mimetype,
header.edxml, the documents, META-INF/manifest.xml, the signature.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, BinaryIO

from docsign.ades.xades import SignedFile, uri_of
from docsign.envelope.container import (
    DOCUMENTS,
    HEADER_NAME,
    HEADER_TYPE,
    MANIFEST_NAME,
    SIGNATURES_NAME,
    ContainerWriter,
    manifest,
)
from docsign.envelope.edxml import write_header
from docsign.envelope.header import VIETNAM_TIME, Header, Reference, Trace
from docsign.envelope.zip import fold, name_breach
from docsign.errors import ContainerError, SecretDocumentError
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

_MEDIA_TYPES = {
    "asice": "application/vnd.etsi.asic-e+zip",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "edxml": "application/xml",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "p7s": "application/pkcs7-signature",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}


def looks_like_pdf(start: bytes) -> bool:
    """Tell a PDF by its first kilobyte."""
    return b"%PDF-" in start[:1024]


def media_type(name: str, start: bytes) -> str:
    """Return the true media type of a file, by its first bytes or its ending."""
    if looks_like_pdf(start):
        return "application/pdf"
    return _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def default_name(header: Header, place: int, start: bytes) -> str:
    """Return a name for a document that came without one: ``12-UBND-VX.pdf``, then ``12-UBND-VX-2.pdf``."""
    stem = "-".join(part for part in (header.number, header.notation) if part) or "van-ban"
    safe = "".join("-" if character in '\\/:*?"<>|' or character < " " else character for character in stem)
    suffix = "" if place == 1 else f"-{place}"
    return f"{safe}{suffix}{'.pdf' if looks_like_pdf(start) else '.bin'}"


def require_not_secret(header: Header) -> None:
    """Raise SecretDocumentError where a text of the header, or a line of one, is a secrecy mark."""
    # QD 28/2018 Art. 1
    if secrecy_mark("\n".join(_written((header,)))) is None:  # a mark is a line: all lines are asked at once
        return
    for place, text in _texts(header, "header"):
        mark = secrecy_mark(text)
        if mark is not None:
            raise SecretDocumentError(
                say(
                    "The document is marked {mark}; secret documents are not made or sent this way.",
                    mark=mark,
                ),
                where=place,
            )


def _written(values: Iterable[object]) -> list[str]:
    """Return every text of values and of what they hold, as ``_texts`` does, without the places."""
    found: list[str] = []
    for one in values:
        if not one:
            continue
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, tuple):
            found += _written(one)
        else:
            kind: Any = type(one)
            held = _held(kind)
            found += () if held is None else _written(held(one))
    return found


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a value with its place; an empty one is none."""
    if isinstance(value, str):
        if value:
            yield place, value
    elif isinstance(value, tuple):
        for number, one in enumerate(value, 1):
            yield from _texts(one, f"{place}[{number}]")
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _names(type(value)):
            yield from _texts(getattr(value, name), f"{place}.{name}")


def _names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a value that hold its texts."""
    return tuple(field.name for field in fields(kind) if field.name != "findings")


@functools.cache
def _held(kind: Any) -> Callable[[object], Iterable[object]] | None:
    """Return what gives the fields of such a value that hold its texts; None where it has none."""
    if not is_dataclass(kind):
        return None
    names = _names(kind)
    return attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]


class Packing:
    """An envelope on its way into a seekable stream: header and documents first, the signature last."""

    def __init__(
        self,
        stream: BinaryIO,
        header: Header,
        documents: Sequence[tuple[str, str]],
        *,
        at: datetime,
        as_received: bool = False,
    ) -> None:
        """Write the header over ``documents`` (name, media type); raises EdxmlError or ContainerError.

        ``as_received`` is for a header that is taken over from elsewhere, whatever its form.
        """
        names = _entry_names([name for name, _ in documents])
        self.header = _complete(header, list(zip(names, documents, strict=True)), at)
        self.header_bytes = data = write_header(self.header, as_received=as_received)
        self._types = [media for _, media in documents]
        self._names = names
        self._writer = ContainerWriter(stream, at=at)
        self._signed = [self._signed_file(HEADER_NAME, HEADER_TYPE, [data])]

    def add(self, place: int, pieces: Iterable[bytes]) -> None:
        """Write the bytes of document number ``place`` (from 0), in order."""
        self._signed.append(self._signed_file(self._names[place], self._types[place], pieces))

    def files(self) -> tuple[SignedFile, ...]:
        """Return what the signature covers."""
        return tuple(self._signed)

    def close(self, signature: bytes) -> None:
        """Write manifest, signature and directory."""
        rows = [(file.name, file.media_type) for file in self._signed]
        self._writer.add(MANIFEST_NAME, [manifest(rows)])
        self._writer.add(SIGNATURES_NAME, [signature])
        self._writer.close()

    def _signed_file(self, name: str, media: str, pieces: Iterable[bytes]) -> SignedFile:
        written = self._writer.add(name, pieces)
        return SignedFile(name=name, media_type=media, digest=written.digest)


def _entry_names(names: Sequence[str]) -> list[str]:
    entries: list[str] = []
    seen: set[str] = set()
    for name in names:
        name = unicodedata.normalize("NFC", name)
        breach = name_breach(DOCUMENTS + name)
        if breach is not None or "/" in name or name.endswith("/"):
            raise ContainerError(
                breach or say("The entry's name is not a plain relative name."), where=name[:120]
            )
        if fold(name) in seen:
            raise ContainerError(say("Two files have the name {name}.", name=name), where=name)
        seen.add(fold(name))
        entries.append(DOCUMENTS + name)
    return entries


def _complete(header: Header, rows: Sequence[tuple[str, tuple[str, str]]], at: datetime) -> Header:
    """Return the header with References for these files and, where it has none, its first trace."""
    described = {reference.name: reference.description for reference in header.references}
    references = tuple(
        Reference(
            content_id=uri_of(entry),
            content_type=media,
            description=described.get(name, ""),
            name=entry.removeprefix(DOCUMENTS),
        )
        for entry, (name, media) in rows
    )
    moment = at.astimezone(VIETNAM_TIME).replace(microsecond=0)
    traces = header.traces or (Trace(organ_id=header.sender.code, time=moment),)
    return replace(header, references=references, traces=traces)
