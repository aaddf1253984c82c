"""The evidence log as it grows: entries in, tiles and a signed checkpoint out (RFC 6962, C2SP). Pure.

The ledger seals what a group of units added under the very commit that keeps it: every record is a leaf from
the moment it is there. A checkpoint is signed over what is being committed and published only after that; one
that a crash kept from being committed was seen by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docsign.envelope.merkle import (
    HASH_SIZE,
    Frontier,
    RangeHash,
    complete_subtrees,
    inclusion_proof,
    leaf_hash,
)
from docsign.envelope.signed_note import Checkpoint, LogProof, NoteKey, read_note
from docsign.envelope.tiles import WIDTH, Tile, range_hashes
from docsign.errors import EvidenceError
from docsign.sentence import say

STATE = "log state"
"""Under which name a store keeps the state of the log."""
ORIGIN, ABOUT, FOLLOWS = "log origin", "about", "log before"
"""Under which names the ledger keeps the log's origin, the relay's word on it, and the last checkpoint of the
log before this one, where the relay was restored from a backup."""
TileKey = tuple[int, int]
"""Level and number of a tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """A log at one moment; ``checkpoint`` is the signed note over it, empty before the first entry."""

    frontier: Frontier = field(default_factory=Frontier)
    checkpoint: bytes = b""

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.frontier.size

    def edge(self) -> tuple[TileKey, ...]:
        """Return the partial tiles, which the next entry changes: at most one a level."""
        found, level, count = [], 0, self.size
        while count:
            if count % WIDTH:
                found.append((level, count // WIDTH))
            level, count = level + 1, count // WIDTH
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A log after it grew: its state, and the tiles that changed. ``proof`` is for the new entries."""

    state: LogState
    tiles: Mapping[TileKey, bytes]
    ranges: RangeHash = field(repr=False, compare=False)

    def proof(self, index: int) -> LogProof:
        """Return the proof of one of the entries that were appended; raises EvidenceError."""
        path = tuple(inclusion_proof(index, self.state.size, self.ranges))
        return LogProof(index=index, path=path, checkpoint=self.state.checkpoint)


class Logbook:
    """The log's key, held open, and how it seals."""

    def __init__(self, key: NoteKey, sign: Callable[[bytes], bytes]) -> None:
        """``sign`` returns the Ed25519 signature of ``key`` over a text."""
        self.key = key
        self._sign = sign

    def seal(self, state: LogState, edge: Mapping[TileKey, bytes], entries: Sequence[bytes]) -> Sealed:
        """Return the log with ``entries`` appended; ``edge`` has the tiles that ``state.edge`` names.

        Raises EvidenceError where an edge does not fit the state: the tiles were damaged.
        """
        if any(
            len(edge.get(key, b"")) != (state.size // WIDTH ** key[0] % WIDTH) * HASH_SIZE
            for key in state.edge()
        ):
            raise EvidenceError(say("A part of the log is damaged."), where="log")
        leaves = [leaf_hash(entry) for entry in entries]
        frontier = state.frontier.grown(leaves)
        tiles = _grown(state.size, edge, leaves)
        known = {**edge, **tiles}
        # a new entry's neighbours to the left are the subtrees the log had before: no tile is hashed for them
        before = dict(zip(complete_subtrees(0, state.size), state.frontier.hashes, strict=True))
        ranges = range_hashes(
            frontier.size, lambda tile: known[(tile.level or 0, tile.number)][: _bytes(tile)], before
        )
        checkpoint = Checkpoint(origin=self.key.name, size=frontier.size, root=frontier.root)
        note = checkpoint.signed(self.key, self._sign)
        return Sealed(state=LogState(frontier=frontier, checkpoint=note), tiles=tiles, ranges=ranges)


def prove(checkpoint: bytes, index: int, read: Callable[[Tile], bytes]) -> LogProof:
    """Return the proof of an entry under a checkpoint of the log; raises EvidenceError.

    ``read`` gives a tile as it was then: the beginning of what it is now.
    """
    size = Checkpoint.read(read_note(checkpoint)).size
    path = tuple(inclusion_proof(index, size, range_hashes(size, read)))
    return LogProof(index=index, path=path, checkpoint=checkpoint)


def _grown(size: int, edge: Mapping[TileKey, bytes], hashes: Sequence[bytes]) -> dict[TileKey, bytes]:
    """Return the tiles that change when hashes are appended at level 0, and the levels above with them."""
    changed: dict[TileKey, bytes] = {}
    level, count = 0, size
    while hashes:
        above = []
        place = count
        for one in hashes:
            key = (level, place // WIDTH)
            changed[key] = changed.get(key, edge.get(key, b"")) + one
            place += 1
            if place % WIDTH == 0:
                tile = changed[key]
                leaves = [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]
                above.append(Frontier().grown(leaves).root)
        hashes, level, count = above, level + 1, count // WIDTH
    return changed


def _bytes(tile: Tile) -> int:
    return tile.width * HASH_SIZE


def write_log_state(state: LogState) -> bytes:
    """Return size and hashes of the frontier as they are kept: 8 bytes, then 32 for each."""
    return state.size.to_bytes(8, "big") + b"".join(state.frontier.hashes)


def read_log_state(data: bytes, checkpoint: bytes) -> LogState:
    """Read what ``write_log_state`` wrote, empty for the log's beginning; raises EvidenceError."""
    if not data:
        return LogState()
    hashes = tuple(data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE))
    return LogState(
        frontier=Frontier(size=int.from_bytes(data[:8], "big"), hashes=hashes), checkpoint=checkpoint
    )
