"""Read a ZIP archive the strict way: every byte accounted for before anything is unpacked.

One file has one meaning: an archive whose central directory and local headers could be read differently by
two programs, or with bytes between, before or behind its parts, is refused. Encryption, several disks and
ZIP64 are not supported. Nothing is written here.
"""

from __future__ import annotations

import io
import struct
import threading
import unicodedata
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from docsign.errors import ContainerError
from docsign.sentence import Sentence, say

MAX_ENTRIES = 1000
MAX_RATIO = 100
RATIO_FLOOR = 1024 * 1024
"""Up to this many bytes an entry may be compressed by any factor."""
MAX_NAME = 512
"""The longest entry name, in bytes of UTF-8."""

STORED, DEFLATED = 0, 8
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
_DESCRIPTOR = struct.Struct("<3I")
_ENCRYPTED, _DESCRIBED, _UTF8 = 0x1, 0x8, 0x800
_ACCEPTED_FLAGS = 0x6 | _DESCRIBED | _UTF8  # bits 1 and 2 only say how hard the packer tried
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the archive; sizes in bytes, ``offset`` is where its packed bytes begin."""

    name: str
    size: int
    packed_size: int
    crc: int
    method: int
    offset: int
    extra: bytes = b""


@dataclass(frozen=True, slots=True)
class _Central:
    """A row of the central directory as it stands."""

    flags: int
    method: int
    moment: tuple[int, int]
    crc: int
    packed_size: int
    size: int
    raw_name: bytes
    start: int


class Archive:
    """The entries of a checked archive, and their bytes; the stream stays open and is shared under a lock."""

    def __init__(self, stream: BinaryIO, entries: tuple[Entry, ...]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.entries = entries
        self._by_name = {entry.name: entry for entry in entries}

    def find(self, name: str) -> Entry | None:
        """Return the entry of exactly this name."""
        return self._by_name.get(name)

    def open(self, name: str) -> BinaryIO:
        """Open an entry for one pass; a wrong size or check sum raises ContainerError at its end."""
        entry = self._by_name.get(name)
        if entry is None:
            raise ContainerError(say("The container has no such entry."), where=name)
        return io.BufferedReader(_EntryReader(self, entry), _PIECE)

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry's bytes; raises ContainerError where it is missing, damaged, or past ``limit``."""
        entry = self._by_name.get(name)
        if entry is not None and entry.size > limit:
            raise ContainerError(
                say("The entry is too large: {size} bytes, {limit} at most.", size=entry.size, limit=limit),
                where=name,
            )
        with self.open(name) as stream:
            return stream.read()

    def packed(self, position: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the archive file from ``position``."""
        with self._lock:
            self._stream.seek(position)
            return self._stream.read(size)


class _EntryReader(io.RawIOBase):
    """The unpacked bytes of one entry, counted and summed on the way."""

    def __init__(self, archive: Archive, entry: Entry) -> None:
        super().__init__()
        self._archive, self._entry = archive, entry
        self._position, self._left = entry.offset, entry.packed_size
        self._inflate = zlib.decompressobj(-15) if entry.method == DEFLATED else None
        self._crc, self._given = 0, 0
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, size: int) -> bytes:
        if not size:
            return b""
        while True:
            piece = self._unpacked(size)
            self._given += len(piece)
            self._crc = zlib.crc32(piece, self._crc)
            if self._given > self._entry.size:
                raise self._damaged()
            if piece:
                return piece
            if not self._waiting and not self._left:
                self._finish()
                return b""

    def _unpacked(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``; empty also where more input is needed."""
        if self._inflate is None:
            return self._packed(size)
        source = self._waiting or self._packed(_PIECE)
        try:
            piece = self._inflate.decompress(source, size)
        except zlib.error as error:
            raise self._damaged() from error
        self._waiting = self._inflate.unconsumed_tail
        if self._inflate.eof and (self._inflate.unused_data or self._left):
            raise self._damaged()
        return piece

    def _packed(self, size: int) -> bytes:
        piece = self._archive.packed(self._position, min(size, self._left))
        if self._left and not piece:
            raise self._damaged()
        self._position += len(piece)
        self._left -= len(piece)
        return piece

    def _finish(self) -> None:
        ended = self._inflate is None or self._inflate.eof
        if not ended or self._given != self._entry.size or self._crc != self._entry.crc:
            raise self._damaged()

    def _damaged(self) -> ContainerError:
        return ContainerError(say("The entry is damaged."), where=self._entry.name)


def read_archive(stream: BinaryIO) -> Archive:
    """Check the whole structure of an archive and return its entries; raises ContainerError.

    ``stream`` must be seekable. Nothing is unpacked; check sums are compared when an entry is read.
    """
    length = stream.seek(0, io.SEEK_END)
    directory, count, directory_start = _read_end(stream, length)
    rows = _read_directory(directory, count)
    _check_totals(rows)
    names = [_name(row) for row in rows]
    _check_names(names)
    found: dict[int, Entry] = {}
    expected = 0
    in_file_order = sorted(range(len(rows)), key=lambda place: rows[place].start)
    for turn, place in enumerate(in_file_order):
        row = rows[place]
        if row.start != expected:
            raise ContainerError(
                say("There are bytes between the entries, or entries overlap."), where=names[place]
            )
        last = turn + 1 == len(in_file_order)
        following = directory_start if last else rows[in_file_order[turn + 1]].start
        found[place] = _read_local(stream, row, names[place], following)
        expected = following
    if expected != directory_start:
        raise ContainerError(say("There are bytes before the first entry."))
    entries = tuple(found[place] for place in in_file_order if not names[place].endswith("/"))
    return Archive(stream, entries)


def _read_end(stream: BinaryIO, length: int) -> tuple[bytes, int, int]:
    """Find the one end record, and return the directory's bytes, its number of rows and its place."""
    tail_start = max(0, length - END.size - 0xFFFF)
    stream.seek(tail_start)
    tail = stream.read(length - tail_start)
    fitting = []
    place = tail.find(b"PK\x05\x06")
    while place >= 0:
        if place + END.size <= len(tail):
            comment = int.from_bytes(tail[place + 20 : place + 22], "little")
            if place + END.size + comment == len(tail):
                fitting.append(place)
        place = tail.find(b"PK\x05\x06", place + 1)
    if not fitting:
        raise ContainerError(say("This is not a ZIP file, or it is cut off or has bytes behind its end."))
    if len(fitting) > 1:
        raise ContainerError(say("The ZIP file has two endings."))
    _, disk, first_disk, here, count, size, start, _ = END.unpack_from(tail, fitting[0])
    if count == 0xFFFF or size == 0xFFFFFFFF or start == 0xFFFFFFFF:
        raise ContainerError(say("ZIP64 is not supported."))
    if disk or first_disk or here != count:
        raise ContainerError(say("A ZIP file of several disks is not supported."))
    if count > MAX_ENTRIES:
        raise ContainerError(
            say("Too many files in the ZIP: {count}, {limit} at most.", count=count, limit=MAX_ENTRIES)
        )
    if start + size != tail_start + fitting[0]:
        raise ContainerError(say("The directory of the ZIP file is not where its end record says."))
    if size > count * (CENTRAL.size + 3 * 0x1000):
        raise ContainerError(say("The directory of the ZIP file is too large."))
    stream.seek(start)
    return stream.read(size), count, start


def _read_directory(directory: bytes, count: int) -> list[_Central]:
    rows: list[_Central] = []
    place = 0
    for _ in range(count):
        if place + CENTRAL.size > len(directory):
            raise ContainerError(say("The directory of the ZIP file is damaged."))
        (mark, _made, _needed, flags, method, time, day, crc, packed, size,
         name_size, extra_size, comment_size, disk, _internal, _external, start,
         ) = CENTRAL.unpack_from(directory, place)  # fmt: skip
        place += CENTRAL.size
        raw_name = directory[place : place + name_size]
        extra = directory[place + name_size : place + name_size + extra_size]
        place += name_size + extra_size + comment_size
        if mark != b"PK\x01\x02" or disk or place > len(directory):
            raise ContainerError(say("The directory of the ZIP file is damaged."))
        if 0xFFFFFFFF in (packed, size, start):
            raise ContainerError(say("ZIP64 is not supported."))
        _check_extra(extra, raw_name)
        rows.append(_Central(flags, method, (time, day), crc, packed, size, raw_name, start))
    if place != len(directory):
        raise ContainerError(say("The directory of the ZIP file is damaged."))
    return rows


def _check_extra(extra: bytes, raw_name: bytes) -> None:
    """Refuse extra fields that would give an entry a second name (Info-ZIP Unicode path, 0x7075)."""
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, place)
        if kind == 0x7075:
            raise ContainerError(say("The entry has a second name."), where=_shown(raw_name))
        place += 4 + size


def _check_totals(rows: list[_Central]) -> None:
    for row in rows:
        where = _shown(row.raw_name)
        if row.flags & _ENCRYPTED:
            raise ContainerError(say("The entry is encrypted."), where=where)
        if row.flags & ~_ACCEPTED_FLAGS:
            raise ContainerError(say("The entry is packed in a way that is not supported."), where=where)
        if row.method not in (STORED, DEFLATED):
            raise ContainerError(say("The entry is packed in a way that is not supported."), where=where)
        if row.method == STORED and row.size != row.packed_size:
            raise ContainerError(say("The entry's sizes contradict each other."), where=where)
        if row.size > RATIO_FLOOR and row.size > MAX_RATIO * row.packed_size:
            raise ContainerError(say("The entry unpacks to far more than it should."), where=where)
    total, packed = sum(row.size for row in rows), sum(row.packed_size for row in rows)
    if total > 16 * RATIO_FLOOR and total > MAX_RATIO * packed:
        raise ContainerError(say("The entries unpack to far more than they should."))


def _name(row: _Central) -> str:
    """Decode and check a name: relative, forward slashes, nothing with a meaning to a file system."""
    raw = row.raw_name
    try:
        name = raw.decode("utf-8" if row.flags & _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise ContainerError(say("The entry's name is not marked as UTF-8."), where=_shown(raw)) from error
    breach = name_breach(name)
    if breach is not None:
        raise ContainerError(breach, where=_shown(raw))
    if name.endswith("/") and (row.size or row.packed_size):
        raise ContainerError(say("A folder's entry holds bytes."), where=_shown(raw))
    return name


def name_breach(name: str) -> Sentence | None:
    """Say why this cannot be an entry's name, or return None."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME:
        return say("The entry's name is empty or too long.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name) or any(
        character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
        for character in name
    ):
        return say("The entry's name holds control characters.")
    if "\\" in name or ":" in name or name.startswith("/"):
        return say("The entry's name is not a plain relative name.")
    segments = name.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") or segment != segment.rstrip(". ") for segment in segments):
        return say("The entry's name is not a plain relative name.")
    return None


def _check_names(names: list[str]) -> None:
    """Refuse names that are one name on some file system, and a file that is also a folder."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        folded = fold(name.removesuffix("/"))
        if folded in seen:
            raise ContainerError(say("The name occurs twice."), where=name)
        seen.add(folded)
        parts = folded.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    for name in names:
        if not name.endswith("/") and fold(name) in folders:
            raise ContainerError(say("The name is a file's and a folder's."), where=name)


def fold(name: str) -> str:
    """Return what two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _read_local(stream: BinaryIO, row: _Central, name: str, following: int) -> Entry:
    """Compare the local header with its row; the entry must end where the next part begins."""
    stream.seek(row.start)
    head = stream.read(LOCAL.size)
    if len(head) != LOCAL.size:
        raise ContainerError(say("The ZIP file is cut off."), where=name)
    mark, _needed, flags, method, time, day, crc, packed, size, name_size, extra_size = LOCAL.unpack(head)
    raw_name, extra = stream.read(name_size), stream.read(extra_size)
    described = bool(flags & _DESCRIBED)
    numbers = (crc, packed, size)
    right = (row.crc, row.packed_size, row.size)
    if (
        mark != b"PK\x03\x04"
        or (flags, method, (time, day), raw_name) != (row.flags, row.method, row.moment, row.raw_name)
        or (numbers != right and not (described and numbers == (0, 0, 0)))
        or len(extra) != extra_size
    ):
        raise ContainerError(say("Directory and entry of the ZIP file contradict each other."), where=name)
    _check_extra(extra, raw_name)
    offset = row.start + LOCAL.size + name_size + extra_size
    end = offset + row.packed_size
    if described:
        stream.seek(end)
        gap = stream.read(min(following - end, 17)) if following > end else b""
        if gap not in (_DESCRIPTOR.pack(*right), b"PK\x07\x08" + _DESCRIPTOR.pack(*right)):
            raise ContainerError(
                say("Directory and entry of the ZIP file contradict each other."), where=name
            )
        end += len(gap)
    if end != following:
        raise ContainerError(say("There are bytes between the entries, or entries overlap."), where=name)
    return Entry(
        name=name,
        size=row.size,
        packed_size=row.packed_size,
        crc=row.crc,
        method=row.method,
        offset=offset,
        extra=extra,
    )


def _shown(raw_name: bytes) -> str:
    """Return a name for a message, whatever its bytes."""
    return (
        raw_name[:120].decode("utf-8", "backslashreplace").encode("unicode_escape").decode()
        if any(byte < 0x20 for byte in raw_name[:120])
        else raw_name[:120].decode("utf-8", "backslashreplace")
    )
