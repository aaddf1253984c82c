"""The end and the directory of a ZIP archive, ZIP64 included: one reading or none (APPNOTE 4.3.12 to 4.3.16).

Only numbers and raw names are read here; the local headers and the bytes are ``zip``'s.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO

from docsign.envelope.zip_names import extra_fields, shown
from docsign.errors import ContainerError
from docsign.sentence import Sentence, say
from docsign.values import dataclass

MAX_ENTRIES = 1000
MAX_RATIO = 100
RATIO_FLOOR = 1024 * 1024
"""Up to this many bytes an entry may be compressed by any factor."""

STORED, DEFLATED = 0, 8
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
ZIP64_END = struct.Struct("<4sQ2H2I4Q")
ZIP64_LOCATOR = struct.Struct("<4sIQI")
ENCRYPTED, DESCRIBED = 0x1, 0x8
_ACCEPTED_FLAGS = 0x6 | DESCRIBED | 0x800  # bits 1 and 2 only say how hard the packer tried
_ZIP64_EXTRA = 0x0001
_SMALL, LARGE = 0xFFFF, 0xFFFFFFFF
_DIRECTORY_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class End:
    """Where the directory lies and what the archive says of itself; ``is_zip64`` by its records."""

    count: int
    size: int
    start: int
    comment: bytes
    is_zip64: bool


@dataclass(slots=True)
class Row:
    """A row of the central directory as it stands, sizes and place already those of ZIP64 where given.

    ``repeated`` are the bytes that the local header repeats: flags, method, time and day.
    """

    flags: int
    method: int
    repeated: bytes
    crc: int
    packed_size: int
    size: int
    raw_name: bytes
    start: int
    extra: bytes


def read_end(stream: BinaryIO, length: int) -> End:
    """Find the one end record, and the ZIP64 records before it; raises ContainerError."""
    tail_start = max(0, length - END.size - 0xFFFF)
    stream.seek(tail_start)
    tail = stream.read(length - tail_start)
    fitting = []
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if place + END.size <= len(tail):
            comment = int.from_bytes(tail[place + 20 : place + 22], "little")
            if place + END.size + comment == len(tail):
                fitting.append(place)
        place = tail.rfind(b"PK\x05\x06", 0, place)
    if not fitting:
        raise ContainerError(say("This is not a ZIP file, or it is cut off or has bytes behind its end."))
    if len(fitting) > 1:
        raise ContainerError(say("The ZIP file has two endings."))
    place = tail_start + fitting[0]
    _, disk, first_disk, here, count, size, start, _ = END.unpack_from(tail, fitting[0])
    end = End(count, size, start, tail[fitting[0] + END.size :], is_zip64=False)
    large = _read_zip64_end(stream, end, place)
    if large is not None:
        end, place = large
    elif disk or first_disk or here != count:
        raise ContainerError(say("A ZIP file of several disks is not supported."))
    if end.count > MAX_ENTRIES:
        raise ContainerError(
            say("Too many files in the ZIP: {count}, {limit} at most.", count=end.count, limit=MAX_ENTRIES)
        )
    if end.start + end.size != place:
        raise ContainerError(say("The directory of the ZIP file is not where its end record says."))
    if end.size > min(_DIRECTORY_LIMIT, end.count * (CENTRAL.size + 3 * 0x1000)):
        raise ContainerError(say("The directory of the ZIP file is too large."))
    return end


def _read_zip64_end(stream: BinaryIO, end: End, place: int) -> tuple[End, int] | None:
    """Return what the ZIP64 records say and where they begin; None where there are none.

    The locator stands right before the end record, the record right before the locator (no extensible data
    between), and every number that the small record gives is the same.
    """
    asked = end.count == _SMALL or LARGE in (end.size, end.start)
    locator_place = place - ZIP64_LOCATOR.size
    stream.seek(max(0, locator_place))
    raw = stream.read(ZIP64_LOCATOR.size)
    if locator_place < ZIP64_END.size or len(raw) < ZIP64_LOCATOR.size or raw[:4] != b"PK\x06\x07":
        if asked:
            raise ContainerError(say("The ZIP64 records of the ZIP file are missing or damaged."))
        return None
    _, disk, record_place, disks = ZIP64_LOCATOR.unpack(raw)
    if record_place != locator_place - ZIP64_END.size or disk or disks != 1:
        raise ContainerError(say("The ZIP64 records of the ZIP file are missing or damaged."))
    stream.seek(record_place)
    mark, length, _made, _needed, disk, first_disk, here, count, size, start = ZIP64_END.unpack(
        stream.read(ZIP64_END.size)
    )
    if mark != b"PK\x06\x06" or length != ZIP64_END.size - 12:
        raise ContainerError(say("The ZIP64 records of the ZIP file are missing or damaged."))
    if disk or first_disk or here != count:
        raise ContainerError(say("A ZIP file of several disks is not supported."))
    for small, large, most in (
        (end.count, count, _SMALL),
        (end.size, size, LARGE),
        (end.start, start, LARGE),
    ):
        if small not in (most, large):
            raise ContainerError(say("Directory and entry of the ZIP file contradict each other."))
    return End(count, size, start, end.comment, is_zip64=True), record_place


def read_directory(directory: bytes, end: End) -> list[Row]:
    """Read every row of the directory; raises ContainerError."""
    rows: list[Row] = []
    place, behind = 0, len(directory)
    for _ in range(end.count):
        if place + CENTRAL.size > behind:
            raise ContainerError(say("The directory of the ZIP file is damaged."))
        (mark, _made, _needed, flags, method, _time, _day, crc, packed, size,
         name_size, extra_size, comment_size, disk, _internal, _external, start,
         ) = CENTRAL.unpack_from(directory, place)  # fmt: skip
        repeated = directory[place + 8 : place + 16]
        name_end = place + CENTRAL.size + name_size
        raw_name = directory[place + CENTRAL.size : name_end]
        extra = directory[name_end : name_end + extra_size] if extra_size else b""
        place = name_end + extra_size + comment_size
        if mark != b"PK\x01\x02" or disk not in (0, _SMALL) or place > behind:
            raise ContainerError(say("The directory of the ZIP file is damaged."))
        if extra or disk or LARGE in (size, packed, start):
            size, packed, start = zip64_numbers(extra, raw_name, (size, packed, start), disk=disk == _SMALL)
        rows.append(Row(flags, method, repeated, crc, packed, size, raw_name, start, extra))
    if place != behind:
        raise ContainerError(say("The directory of the ZIP file is damaged."))
    return rows


def zip64_numbers(
    extra: bytes, raw_name: bytes, numbers: tuple[int, ...], *, disk: bool = False
) -> tuple[int, ...]:
    """Return the numbers of a header with those that ZIP64's extra field gives (APPNOTE 4.5.3).

    The field holds exactly the numbers that are all ones in the header, in their order, or, as some writers
    have it, more of them that agree with the header. Raises ContainerError for anything else.
    """
    fields = [value for kind, value in extra_fields(extra) if kind == _ZIP64_EXTRA]
    wanted = [place for place, number in enumerate(numbers) if number == LARGE]
    if not fields and not wanted and not disk:
        return numbers
    damaged = ContainerError(
        say("The ZIP64 records of the ZIP file are missing or damaged."), where=shown(raw_name)
    )
    if len(fields) != 1:
        raise damaged
    value = fields[0]
    tail = b"\0\0\0\0" if disk else b""
    if len(value) == 8 * len(wanted) + len(tail) and value.endswith(tail):
        given = dict(zip(wanted, struct.unpack_from(f"<{len(wanted)}Q", value), strict=True))
    elif len(value) in range(0, 8 * len(numbers) + 1, 8):
        given = dict(enumerate(struct.unpack(f"<{len(value) // 8}Q", value)))
        if not given.keys() >= set(wanted):
            raise damaged
    else:
        raise damaged
    if any(numbers[place] not in (LARGE, number) for place, number in given.items()):
        raise damaged
    return tuple(given.get(place, number) for place, number in enumerate(numbers))


def check_rows(rows: Sequence[Row]) -> None:
    """Refuse what is encrypted, packed in another way, or would unpack to far more than it should."""
    total = packed = 0
    for row in rows:
        breach = _breach(row)
        if breach is not None:
            raise ContainerError(breach, where=shown(row.raw_name))
        total += row.size
        packed += row.packed_size
    if total > 16 * RATIO_FLOOR and total > MAX_RATIO * packed:
        raise ContainerError(say("The entries unpack to far more than they should."))


def _breach(row: Row) -> Sentence | None:
    """Say why this entry is not unpacked, or return None."""
    if row.flags & ENCRYPTED:
        return say("The entry is encrypted.")
    if row.flags & ~_ACCEPTED_FLAGS or row.method not in (STORED, DEFLATED):
        return say("The entry is packed in a way that is not supported.")
    if row.method == STORED and row.size != row.packed_size:
        return say("The entry's sizes contradict each other.")
    if row.size > RATIO_FLOOR and row.size > MAX_RATIO * row.packed_size:
        return say("The entry unpacks to far more than it should.")
    return None
