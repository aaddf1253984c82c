"""The ASiC container (EN 319 162-1): which entries it has, and how an ASiC-E is written.

Reading is strict (``zip``): open, relay and verdict all come through ``read_container``. Writing is one pass
over each file into a seekable stream; every entry is stored as it is, in a fixed order, with the time the
caller gives, so that the same input gives the same bytes. Signatures are made and judged elsewhere
(``ades.xades``, ``judge``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

from docsign.ades.xml import escaped
from docsign.envelope.asic_names import (
    COMMENT_PREFIX,
    EXTERNAL_DATA,
    MIMETYPE,
    MIMETYPE_NAME,
    MIMETYPE_SIMPLE,
    Kind,
    format_of,
    is_container_type,
    is_open_document,
    kind_of,
    names_in_uri,
)
from docsign.envelope.checksum import crc32
from docsign.envelope.header import VIETNAM_TIME, Header
from docsign.envelope.zip import (
    CENTRAL,
    DEFLATED,
    END,
    LOCAL,
    MAX_ENTRIES,
    STORED,
    Archive,
    Entry,
    EntryReader,
    fold,
    name_breach,
    read_archive,
)
from docsign.errors import ContainerError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import FileFormat, Finding, Severity

__all__ = ["MIMETYPE", "MIMETYPE_NAME", "MIMETYPE_SIMPLE", "Container", "ContainerWriter", "read_container"]

HEADER_NAME = "header.edxml"
HEADER_TYPE = "application/xml"
DOCUMENTS = "documents/"
MANIFEST_NAME = "META-INF/manifest.xml"
SIGNATURES_NAME = "META-INF/signatures.xml"

HEADER_LIMIT = 2 * 1024 * 1024
SIGNATURES_LIMIT = 8 * 1024 * 1024

_MANIFEST_NS = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_PIECE = 256 * 1024


class Container:
    """A checked container: its entries, and their bytes. ``findings`` is what was odd but harmless."""

    def __init__(self, archive: Archive, mimetype: str | None, findings: tuple[Finding, ...]) -> None:
        self._archive = archive
        self.mimetype = mimetype
        self.findings = findings
        self.is_open_document = is_open_document(mimetype)
        self._kinds: dict[str, Kind] = {}
        self._by_kind: dict[Kind, list[str]] = {}
        for entry in archive.entries:
            kind = self._kinds[entry.name] = kind_of(entry.name)
            self._by_kind.setdefault(kind, []).append(entry.name)
        self.format: FileFormat = format_of(mimetype, self._by_kind.keys())
        """What the container is: by its mimetype, without one by what it holds."""
        data = self._by_kind.get("data", [])
        if self.is_open_document:
            data = [name for name in data if not name.startswith(EXTERNAL_DATA)]
        self.data_names = tuple(data)
        """The files a signature must cover: all but mimetype and META-INF (EN 319 162-1 4.4.3).

        In an OpenDocument file what lies under external-data/ need not be (ODF 1.2 part 3 3.16).
        """

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All files of the container, in the order of the archive."""
        return self._archive.entries

    def names_of(self, *kinds: Kind) -> tuple[str, ...]:
        """Return the files of these kinds, in the order of the archive."""
        present = [kind for kind in kinds if kind in self._by_kind]
        if len(present) > 1:
            return tuple(name for name, kind in self._kinds.items() if kind in present)
        return tuple(self._by_kind[present[0]]) if present else ()

    @property
    def signature_names(self) -> tuple[str, ...]:
        """The files that hold XAdES signatures."""
        return self.names_of("xades")

    @property
    def cms_signature_names(self) -> tuple[str, ...]:
        """The files that hold CAdES signatures."""
        return self.names_of("cades")

    def name_of(self, uri: str) -> str | None:
        """Return the entry that a reference means; of what is not here the name it would have."""
        names = names_in_uri(uri)
        return next((name for name in names if name in self._kinds), names[0] if names else None)

    def find(self, name: str) -> Entry | None:
        """Return the entry of exactly this name."""
        return self._archive.find(name)

    def open(self, name: str) -> BinaryIO:
        """Open an entry for one pass; ContainerError where it is missing, or at the end of damaged bytes."""
        return self._archive.open(name)

    def stream(self, name: str) -> EntryReader:
        """Open an entry without a buffer, to be digested; as ``open``."""
        return self._archive.stream(name)

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry's bytes; raises ContainerError where missing, damaged, or past ``limit`` bytes."""
        return self._archive.read(name, limit)


def read_container(stream: BinaryIO) -> Container:
    """Check a container's structure and return it; raises ContainerError. ``stream`` must be seekable."""
    archive = read_archive(stream)
    findings: list[Finding] = []
    mimetype: str | None = None
    entry = archive.find(MIMETYPE_NAME)
    comment = archive.comment.decode("utf-8", "replace")
    said = comment.removeprefix(COMMENT_PREFIX).strip() if comment.startswith(COMMENT_PREFIX) else None
    if said is not None and not is_container_type(said):
        said = None  # EN 319 162-1 4.3.3.1: in an ASiC-S it may be the type of the file that is signed
    if entry is None:
        mimetype = said
        if said is None:
            findings.append(
                _note("mimetype-absent", say("The container does not say its type (no mimetype entry)."))
            )
    else:
        # EN 319 162-1 A.1: first, stored, without extra field; readers of other tools are not that strict
        if entry.offset != 30 + len(MIMETYPE_NAME) or entry.method == DEFLATED:
            findings.append(
                _note("mimetype-place", say("The mimetype entry is not the first one, or packed."))
            )
        mimetype = archive.read(MIMETYPE_NAME, 256).decode("utf-8-sig", "replace").strip()
        if said is not None and said != mimetype:
            sentence = say("The container names two types: {one} and {other}.", one=mimetype, other=said)
            raise ContainerError(sentence, where=MIMETYPE_NAME)
    if mimetype is not None and not is_container_type(mimetype):
        sentence = say("The type of the container is none of a signed container: {name}.", name=mimetype[:80])
        findings.append(_note("mimetype-unknown", sentence))
    return Container(archive, mimetype, tuple(findings))


def _note(code: str, sentence: Sentence) -> Finding:
    return Finding(code=code, severity=Severity.INFO, sentence=sentence, where=MIMETYPE_NAME)


def require_references(header: Header, container: Container) -> None:
    """Raise ContainerError unless the header's References and the documents are the same files."""
    documents = set(container.data_names) - {HEADER_NAME}
    named: set[str] = set()
    for turn, reference in enumerate(header.references, 1):
        name = reference.entry
        if name in named:
            sentence = say("The file {name} is named twice.", name=name)
        elif name not in documents:
            sentence = say("The file {name} is not in the container.", name=name)
        else:
            named.add(name)
            continue
        raise ContainerError(sentence, where=f"{HEADER_NAME}: Reference[{turn}]")
    for name in sorted(documents - named):
        raise ContainerError(say("The header does not name this file."), where=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEntry:
    """What was written of one file; ``digest`` is its SHA-256."""

    name: str
    size: int
    digest: bytes


class ContainerWriter:
    """Writes a container entry by entry; ``close`` adds the directory.

    ``at`` is the time every entry carries (Vietnamese time, two seconds fine). The stream must be seekable
    (sizes are filled in behind the bytes) and begin empty.
    """

    def __init__(self, stream: BinaryIO, *, at: datetime, mimetype: str = MIMETYPE) -> None:
        self._stream = stream
        self._place = 0
        self._rows: list[bytes] = []
        self._names: set[str] = set()
        local = at.astimezone(VIETNAM_TIME)
        year = min(max(local.year, 1980), 2107)
        self._day = (year - 1980) << 9 | local.month << 5 | local.day
        self._time = local.hour << 11 | local.minute << 5 | local.second // 2
        self.add(MIMETYPE_NAME, [mimetype.encode("ascii")])

    def add(self, name: str, pieces: Iterable[bytes]) -> WrittenEntry:
        """Write one file as it comes; raises ContainerError for a name that cannot be, or is taken."""
        breach = name_breach(name)
        if breach is not None:
            raise ContainerError(breach, where=name)
        if fold(name) in self._names:
            raise ContainerError(say("The name occurs twice."), where=name)
        if len(self._names) >= MAX_ENTRIES:
            raise ContainerError(
                say(
                    "Too many files in the ZIP: {count}, {limit} at most.",
                    count=MAX_ENTRIES + 1,
                    limit=MAX_ENTRIES,
                )
            )
        self._names.add(fold(name))
        start, raw_name = self._place, name.encode()
        self._write(self._local(raw_name, 0, 0))
        digest, crc, size = hashlib.sha256(), 0, 0
        for piece in pieces:
            digest.update(piece)
            crc = crc32(piece, crc)
            size += len(piece)
            if start + size > 0xFFFF0000:
                raise ContainerError(say("The container would pass 4 GB."), where=name)
            self._write(piece)
        self._stream.seek(start)
        self._stream.write(self._local(raw_name, crc, size))
        self._stream.seek(self._place)
        head = CENTRAL.pack(
            b"PK\x01\x02", 20, 20, self._flags(raw_name), STORED, self._time, self._day, crc, size, size,
            len(raw_name), 0, 0, 0, 0, 0, start,
        )  # fmt: skip
        self._rows.append(head + raw_name)
        return WrittenEntry(name=name, size=size, digest=digest.digest())

    def close(self) -> None:
        """Write the directory; the stream stays open."""
        directory = b"".join(self._rows)
        count = len(self._rows)
        end = END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), self._place, 0)
        self._write(directory + end)

    def _local(self, raw_name: bytes, crc: int, size: int) -> bytes:
        flags = self._flags(raw_name)
        head = LOCAL.pack(
            b"PK\x03\x04", 20, flags, STORED, self._time, self._day, crc, size, size, len(raw_name), 0
        )
        return head + raw_name

    @staticmethod
    def _flags(raw_name: bytes) -> int:
        return 0 if raw_name.isascii() else 0x800

    def _write(self, piece: bytes) -> None:
        self._stream.write(piece)
        self._place += len(piece)


def pieces_of(stream: BinaryIO) -> Iterable[bytes]:
    """Yield a stream's bytes in bounded pieces."""
    while piece := stream.read(_PIECE):
        yield piece


def manifest(entries: Iterable[tuple[str, str]], *, mimetype: str = MIMETYPE) -> bytes:
    """Return META-INF/manifest.xml over (name, media type) rows (EN 319 162-1 4.4.3.2, ODF 1.2 part 3)."""
    rows = [("/", mimetype), *entries]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<manifest:manifest xmlns:manifest="{_MANIFEST_NS}" manifest:version="1.2">',
        *(
            f'  <manifest:file-entry manifest:full-path="{escaped(name)}"'
            f' manifest:media-type="{escaped(media)}"/>'
            for name, media in rows
        ),
        "</manifest:manifest>",
        "",
    ]
    return "\n".join(lines).encode()
