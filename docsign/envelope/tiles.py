"""The hashes and entries of an evidence log in tiles, as they are kept and served (C2SP tlog-tiles). Pure.

A tile of level 0 holds up to 256 leaf hashes, one of level 1 the roots of up to 256 full tiles of level 0,
and so on. Full tiles and full bundles of entries never change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from docsign.envelope.merkle import (
    HASH_SIZE,
    LARGEST,
    Frontier,
    RangeHash,
    complete_subtrees,
    inclusion_proof,
    joined,
)
from docsign.errors import EvidenceError
from docsign.sentence import say
from docsign.values import dataclass

WIDTH = 256
"""Hashes of a full tile, entries of a full bundle."""
ENTRY_LIMIT = 0xFFFF
"""The longest entry, in bytes."""
_PATH = re.compile(
    r"(?P<level>entries|0|[1-9]|[1-5][0-9]|6[0-3])"
    r"/(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """The name of a tile: ``level`` (None for a bundle of entries), ``number`` in it, ``width`` up to 256."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below ``tile/``: ``0/x001/x234/067``, ``entries/000.p/17``."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @staticmethod
    def from_path(path: str) -> Tile:
        """Read a path; raises EvidenceError for one that is none."""
        match = _PATH.fullmatch(path)
        if match is None or match["number"].startswith("x000/"):
            raise EvidenceError(say("This is no part of a log."), where=path[:80])
        level = None if match["level"] == "entries" else int(match["level"])
        number = int(match["number"].replace("x", "").replace("/", ""))
        return Tile(level=level, number=number, width=int(match["width"] or WIDTH))

    def is_within(self, size: int) -> bool:
        """Say whether a log of ``size`` entries has this tile, full or with so many hashes."""
        span: int = WIDTH ** (self.level or 0)
        return size // span >= self.number * WIDTH + self.width


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield every tile of hashes that a log of ``size`` has and one of ``since`` had not, lowest level first.

    The rightmost of each level may be partial; it stands for what it holds and is replaced as it fills.
    """
    level, count, before = 0, size, since
    while count:
        for number in range(before // WIDTH, -(-count // WIDTH)):
            width = min(WIDTH, count - number * WIDTH)
            if number * WIDTH + width > before:
                yield Tile(level=level, number=number, width=width)
        level, count, before = level + 1, count // WIDTH, before // WIDTH


def bundles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield the bundles of entries that a log of ``size`` has and one of ``since`` had not."""
    return (
        Tile(level=None, number=tile.number, width=tile.width)
        for tile in tiles_of(size, since=since)
        if tile.level == 0
    )


def range_hashes(
    size: int, read: Callable[[Tile], bytes], known: Mapping[tuple[int, int], bytes] | None = None
) -> RangeHash:
    """Return how to hash any subtree of a log of ``size`` entries from its tiles.

    ``read`` gives a tile's bytes: 32 for each hash of its width. Raises EvidenceError for other lengths. What
    an untrusted log serves is worth nothing until a root of it is the checkpoint's. ``known`` has the hashes
    of complete subtrees, by start and end, that need not be made again.
    """
    at_hand = known or {}

    @lru_cache(maxsize=256)
    def hashes_of(level: int, number: int) -> bytes:
        width = min(WIDTH, size // WIDTH**level - number * WIDTH)
        tile = Tile(level=level, number=number, width=width)
        data = read(tile)
        if len(data) != width * HASH_SIZE:
            raise EvidenceError(say("A part of the log is damaged."), where=tile.path)
        return data

    @lru_cache(maxsize=4096)
    def complete(start: int, end: int) -> bytes:
        if (start, end) in at_hand:
            return at_hand[start, end]
        height = (end - start).bit_length() - 1
        level = height // 8
        first, count = start // WIDTH**level, 1 << (height - 8 * level)
        data = hashes_of(level, first // WIDTH)
        place = first % WIDTH
        leaves = [data[at * HASH_SIZE : (at + 1) * HASH_SIZE] for at in range(place, place + count)]
        return Frontier().grown(leaves).root

    def range_hash(start: int, end: int) -> bytes:
        if not 0 <= start < end <= size <= LARGEST:
            raise EvidenceError(say("There is no entry {index} in a log of {size}.", index=end, size=size))
        return joined([complete(*one) for one in complete_subtrees(start, end)])

    return range_hash


def tiles_on_the_way(index: int, size: int) -> list[Tile]:
    """Return the tiles from which entry ``index`` of a log of ``size`` is proved; raises EvidenceError."""
    asked: list[Tile] = []

    def read(tile: Tile) -> bytes:
        asked.append(tile)
        return bytes(tile.width * HASH_SIZE)

    inclusion_proof(index, size, range_hashes(size, read))
    return asked


# ---- entries ---------------------------------------------------------------------------------------------


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each after its length, two bytes, big-endian; raises EvidenceError."""
    for position, entry in enumerate(entries):
        if len(entry) > ENTRY_LIMIT:
            raise EvidenceError(
                say(
                    "Too long for the log: {size} bytes, {limit} at most.", size=len(entry), limit=ENTRY_LIMIT
                ),
                where=f"entries[{position}]",
            )
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the ``width`` entries of a bundle; raises EvidenceError for fewer, more or cut ones."""
    entries: list[bytes] = []
    place = 0
    while place < len(data) and len(entries) < width:
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        entries.append(data[place + 2 : end])
        place = end
    if place != len(data) or len(entries) != width:
        raise EvidenceError(say("A part of the log is damaged."), where="entries")
    return entries
