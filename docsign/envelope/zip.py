"""Read a ZIP archive the strict way: every byte accounted for before anything is unpacked.

One file has one meaning: an archive whose central directory and local headers could be read differently by
two programs, or with bytes between, before or behind its parts, is refused. Encryption and several disks are
not supported, ZIP64 is. Nothing is written here.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from functools import partial
from typing import BinaryIO

from docsign.envelope.checksum import crc32
from docsign.envelope.zip_directory import (
    CENTRAL,
    DEFLATED,
    DESCRIBED,
    END,
    LARGE,
    MAX_ENTRIES,
    STORED,
    Row,
    check_rows,
    read_directory,
    read_end,
    zip64_numbers,
)
from docsign.envelope.zip_names import check_names, entry_name, fold, name_breach, unicode_path
from docsign.errors import ContainerError
from docsign.sentence import say
from docsign.values import dataclass

__all__ = [
    "CENTRAL",
    "DEFLATED",
    "END",
    "LOCAL",
    "MAX_ENTRIES",
    "STORED",
    "Archive",
    "Entry",
    "EntryReader",
    "fold",
    "name_breach",
    "read_archive",
]

LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL = struct.Struct("<4s2x8s3I2H")
"""The same, with the eight bytes that the central directory has too in one."""
_DESCRIPTOR = struct.Struct("<3I")
_DESCRIPTOR_64 = struct.Struct("<I2Q")
_EMPTY_DEFLATED = b"\x03\x00"
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


class Archive:
    """The entries of a checked archive, and their bytes; the stream stays open and is shared under a lock."""

    def __init__(self, stream: BinaryIO, entries: tuple[Entry, ...], comment: bytes = b"") -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.entries = entries
        self.comment = comment
        self._by_name = {entry.name: entry for entry in entries}

    def find(self, name: str) -> Entry | None:
        """Return the entry of exactly this name."""
        return self._by_name.get(name)

    def open(self, name: str) -> BinaryIO:
        """Open an entry for one pass; a wrong size or check sum raises ContainerError at its end."""
        return io.BufferedReader(_EntryFile(self.stream(name)), _PIECE)

    def stream(self, name: str) -> EntryReader:
        """Open an entry without a buffer: ``read(n)`` gives at most n bytes, none only at the end."""
        entry = self._by_name.get(name)
        if entry is None:
            raise ContainerError(say("The container has no such entry."), where=name)
        return EntryReader(self, entry)

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry's bytes; raises ContainerError where it is missing, damaged, or past ``limit``."""
        entry = self._by_name.get(name)
        if entry is not None and entry.size > limit:
            raise ContainerError(
                say("The entry is too large: {size} bytes, {limit} at most.", size=entry.size, limit=limit),
                where=name,
            )
        if entry is not None and entry.method != DEFLATED:
            return self._stored(entry)
        return b"".join(iter(partial(self.stream(name).read, _PIECE), b""))

    def _stored(self, entry: Entry) -> bytes:
        """Return the bytes of an entry that is not packed, at once."""
        data = self.packed(entry.offset, entry.size)
        if len(data) != entry.size or crc32(data) != entry.crc:
            raise _damaged(entry)
        return data

    def packed(self, position: int, size: int) -> bytes:
        """Return up to ``size`` bytes of the archive file from ``position``."""
        with self._lock:
            self._stream.seek(position)
            return self._stream.read(size)


class EntryReader:
    """The unpacked bytes of one entry, counted and summed on the way."""

    def __init__(self, archive: Archive, entry: Entry) -> None:
        self._archive, self._entry = archive, entry
        self._position, self._left = entry.offset, entry.packed_size
        self._inflate = zlib.decompressobj(-15) if entry.method == DEFLATED else None
        self._crc, self._given = 0, 0
        self._waiting = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``; none only at the end."""
        while size:
            piece = self._packed(size) if self._inflate is None else self._unpacked(self._inflate, size)
            self._given += len(piece)
            self._crc = crc32(piece, self._crc)
            if self._given > self._entry.size:
                raise _damaged(self._entry)
            if piece:
                return piece
            if not self._waiting and not self._left:
                self._finish()
                break
        return b""

    def _unpacked(self, inflate: zlib._Decompress, size: int) -> bytes:
        """Return the next bytes, at most ``size``; empty also where more input is needed."""
        source = self._waiting or self._packed(_PIECE)
        try:
            piece = inflate.decompress(source, size)
        except zlib.error as error:
            raise _damaged(self._entry) from error
        self._waiting = inflate.unconsumed_tail
        if inflate.eof and (inflate.unused_data or self._left):
            raise _damaged(self._entry)
        return piece

    def _packed(self, size: int) -> bytes:
        if not self._left:
            return b""
        piece = self._archive.packed(self._position, min(size, self._left))
        if not piece:
            raise _damaged(self._entry)
        self._position += len(piece)
        self._left -= len(piece)
        return piece

    def _finish(self) -> None:
        ended = self._inflate is None or self._inflate.eof
        if not ended or self._given != self._entry.size or self._crc != self._entry.crc:
            raise _damaged(self._entry)


class _EntryFile(io.RawIOBase):
    """An entry as Python's own buffers want to read it."""

    def __init__(self, entry: EntryReader) -> None:
        super().__init__()
        self._entry = entry

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        piece = self._entry.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


def _damaged(entry: Entry) -> ContainerError:
    return ContainerError(say("The entry is damaged."), where=entry.name)


def read_archive(stream: BinaryIO) -> Archive:
    """Check the whole structure of an archive and return its entries; raises ContainerError.

    ``stream`` must be seekable. Nothing is unpacked; check sums are compared when an entry is read.
    """
    length = stream.seek(0, io.SEEK_END)
    end = read_end(stream, length)
    stream.seek(end.start)
    rows = read_directory(stream.read(end.size), end)
    check_rows(rows)
    names = [entry_name(row.raw_name, row.flags, row.extra) for row in rows]
    check_names(names)
    in_file_order = sorted([(row.start, place) for place, row in enumerate(rows)])
    starts = [*[start for start, _ in in_file_order], end.start]
    if starts[0]:
        raise _between(names[in_file_order[0][1]]) if rows else _before()
    entries = [
        _read_local(stream, rows[place], names[place], following)
        for (_, place), following in zip(in_file_order, starts[1:], strict=True)
    ]
    return Archive(stream, tuple([one for one in entries if not one.name.endswith("/")]), end.comment)


def _read_local(stream: BinaryIO, row: Row, name: str, following: int) -> Entry:
    """Compare the local header with its row; the entry must end where the next part begins."""
    stream.seek(row.start)
    head = stream.read(LOCAL.size + len(row.raw_name))
    if len(head) < LOCAL.size:
        raise ContainerError(say("The ZIP file is cut off."), where=name)
    mark, repeated, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(head)
    raw_name = head[LOCAL.size :]
    if mark != b"PK\x03\x04" or raw_name != row.raw_name or name_size != len(raw_name):
        raise _contradiction(name)
    extra = stream.read(extra_size) if extra_size else b""
    if len(extra) != extra_size or repeated != row.repeated:
        raise _contradiction(name)
    if extra or LARGE in (size, packed):
        size, packed = zip64_numbers(extra, raw_name, (size, packed))
    described = row.flags & DESCRIBED
    right = (row.crc, row.packed_size, row.size)
    if (crc, packed, size) != right and not (described and (crc, packed, size) == (0, 0, 0)):
        raise _contradiction(name)
    if extra and unicode_path(raw_name, extra) not in (None, name):
        raise ContainerError(say("The entry has a second name."), where=name)
    offset = row.start + LOCAL.size + name_size + extra_size
    end = offset + row.packed_size
    if name.endswith("/"):
        _check_folder(stream, row, name, offset)
    if described:
        stream.seek(end)
        gap = stream.read(min(following - end, 25)) if following > end else b""
        numbers = (_DESCRIPTOR_64.pack(*right), *([_DESCRIPTOR.pack(*right)] if max(right) < 1 << 32 else []))
        if gap.removeprefix(b"PK\x07\x08") not in numbers and gap not in numbers:
            raise _contradiction(name)
        end += len(gap)
    if end != following:
        raise _between(name)
    return Entry(
        name=name,
        size=row.size,
        packed_size=row.packed_size,
        crc=row.crc,
        method=row.method,
        offset=offset,
        extra=extra,
    )


def _before() -> ContainerError:
    return ContainerError(say("There are bytes before the first entry."))


def _between(name: str) -> ContainerError:
    return ContainerError(say("There are bytes between the entries, or entries overlap."), where=name)


def _contradiction(name: str) -> ContainerError:
    return ContainerError(say("Directory and entry of the ZIP file contradict each other."), where=name)


def _check_folder(stream: BinaryIO, row: Row, name: str, offset: int) -> None:
    """A folder's entry holds nothing; some writers deflate that nothing to two bytes."""
    stream.seek(offset)
    if row.size or (row.packed_size and stream.read(min(row.packed_size, 3)) != _EMPTY_DEFLATED):
        raise ContainerError(say("A folder's entry holds bytes."), where=name)
