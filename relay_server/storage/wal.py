"""Look whether SQLite's write-ahead log still holds every commit that was written into it.

SQLite takes a log up to its first frame that does not fit and drops the rest in silence, as it must after a
crash: what was being written then is not whole. But a commit is on the disk before the next one begins. Two
commits behind a frame that does not fit, the second summed on from the first, were acknowledged, and the
frame was damaged since. (Commits that failed one after the other lie there too, but each begins at the same
place.) So was a header that does not fit while it has a salt in common with the frames behind it.

Damage to the very last commit looks like a crash and is not found. Format: sqlite.org/fileformat2.html, 4.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from docsign.files import is_file, opening

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682  # the last bit says whether the sums are of big-endian words
_TRIES: Final = 5

Sums = tuple[int, int]


def is_whole(database: Path) -> bool:
    """Tell whether no commit in the log of a database was damaged; one that is being written is whole.

    Raises FileUnusableError, StorageError where it cannot be read.
    """
    path = database.with_name(f"{database.name}-wal")
    if not is_file(path):
        return True
    is_begun_anew = False
    for _ in range(_TRIES):  # a frame that is being written looks torn, and is whole when it is read again
        with opening(path) as stream:
            header = stream.read(_HEADER.size)
            if _is_whole(header, stream):
                return True
            stream.seek(0)
            is_begun_anew = header != stream.read(_HEADER.size)
    return is_begun_anew


def _is_whole(header: bytes, stream: BinaryIO) -> bool:
    if len(header) < _HEADER.size:
        return True
    magic, _, size, _, salt1, salt2, *sums = _HEADER.unpack(header)
    frames = _frames(stream, size if 512 <= size <= 65536 else 4096)
    big_endian = bool(magic & 1)
    running = _sums(header[:24], (0, 0), big_endian=big_endian)
    if magic & ~1 != _MAGIC or running != tuple(sums):
        first = next(frames, None)
        return first is None or not {salt1, salt2} & set(_FRAME.unpack(first[: _FRAME.size])[2:4])
    fits, lost, most = True, 0, 0
    for frame in frames:
        _, commits, *salts, sum1, sum2 = _FRAME.unpack(frame[: _FRAME.size])
        running = _sums(frame[:8], running, big_endian=big_endian)
        running = _sums(frame[_FRAME.size :], running, big_endian=big_endian)
        follows = salts == [salt1, salt2] and running == (sum1, sum2)
        fits = fits and follows
        if not fits:
            lost = (lost if follows else 0) + (1 if commits and salts == [salt1, salt2] else 0)
            most = max(most, lost)
        running = sum1, sum2  # the next frame was summed from here, whatever became of this one
    return most < 2


def _frames(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while len(frame := stream.read(_FRAME.size + size)) == _FRAME.size + size:
        yield frame


def _sums(data: bytes, before: Sums, *, big_endian: bool) -> Sums:
    """Return the running sums of the log over further bytes, a multiple of 8 of them."""
    words = memoryview(data).cast("I").tolist()
    if big_endian is (sys.byteorder == "little"):
        words = list(struct.unpack(f"{'>' if big_endian else '<'}{len(words)}I", data))
    one, two = before
    for at in range(0, len(words), 2):
        one = (one + words[at] + two) & 0xFFFFFFFF
        two = (two + words[at + 1] + one) & 0xFFFFFFFF
    return one, two
