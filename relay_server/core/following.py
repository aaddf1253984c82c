"""What an auditor has seen of a relay's log, and whether what it shows now continues it. Pure.

A tree that is grown leaf by leaf from what was seen, and whose root is the new checkpoint's, begins with what
was seen: no other proof is needed. Checkpoints that must lie on the way (those of a log before a restore,
those that others were shown) are compared as their size is passed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from docsign.envelope.evidence import canonical_json, parse_json
from docsign.envelope.merkle import HASH_SIZE, Frontier
from docsign.envelope.signed_note import Checkpoint, NoteKey, open_checkpoint
from docsign.errors import EvidenceError, WireError
from docsign.sentence import say

SEEN_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A log as it was last seen and found in order; ``checkpoint`` is the signed note over ``frontier``."""

    log_key: str
    frontier: Frontier = field(default_factory=Frontier)
    checkpoint: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the JSON form."""
        hashes = [base64.b64encode(one).decode() for one in self.frontier.hashes]
        value = {
            "schema": 1,
            "log_key": self.log_key,
            "size": self.frontier.size,
            "hashes": hashes,
            "checkpoint": self.checkpoint.decode(),
        }
        return canonical_json(value) + b"\n"

    @staticmethod
    def from_bytes(data: bytes, *, where: str) -> Seen:
        """Read the JSON form, and that it fits its own checkpoint; raises EvidenceError."""
        try:
            value = parse_json(data, limit=SEEN_LIMIT, where=where)
            if not isinstance(value, dict) or value.get("schema") != 1:
                raise ValueError
            size, hashes = value["size"], value["hashes"]
            if not isinstance(size, int) or not isinstance(hashes, list) or size < 0:
                raise ValueError
            frontier = Frontier(
                size=size, hashes=tuple(base64.b64decode(one, validate=True) for one in hashes)
            )
            seen = Seen(
                log_key=str(value["log_key"]), frontier=frontier, checkpoint=str(value["checkpoint"]).encode()
            )
            if size:
                own = open_checkpoint(seen.checkpoint, NoteKey.parse(seen.log_key))
                if (own.size, own.root) != (size, frontier.root):
                    raise ValueError
        except (ValueError, KeyError, TypeError, binascii.Error, WireError, EvidenceError) as error:
            raise EvidenceError(say("This is not what an audit has written."), where=where) from error
        return seen


class Continuation:
    """Grows what was seen up to a checkpoint; ``contradicted`` are the checkpoints that do not lie on it."""

    def __init__(self, begin: Frontier, goal: Checkpoint, on_the_way: Iterable[Checkpoint]) -> None:
        self._frontier = begin
        self._goal = goal
        self._due = sorted(
            (one for one in on_the_way if begin.size <= one.size <= goal.size), key=lambda one: one.size
        )
        self.contradicted: list[Checkpoint] = []
        self._compare()

    @property
    def frontier(self) -> Frontier:
        """The tree so far."""
        return self._frontier

    def grow(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes, 32 bytes each."""
        for leaf in leaves:
            self._frontier = self._frontier.grown([leaf])
            self._compare()

    def _compare(self) -> None:
        while self._due and self._due[0].size == self._frontier.size:
            checkpoint = self._due.pop(0)
            if checkpoint.root != self._frontier.root:
                self.contradicted.append(checkpoint)

    @property
    def reaches_its_goal(self) -> bool:
        """Whether the tree is the one that the log's checkpoint was signed over."""
        return (self._frontier.size, self._frontier.root) == (self._goal.size, self._goal.root)


def split_hashes(data: bytes, *, width: int, where: str) -> list[bytes]:
    """Return the hashes of a tile; raises EvidenceError where it has another width."""
    if len(data) != width * HASH_SIZE:
        raise EvidenceError(say("A part of the log is damaged."), where=where)
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def checkpoint_in(data: bytes) -> bytes:
    """Return the checkpoint's note in what others were shown: a receipt, an audit's file, or a bare note."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    if isinstance(value, dict):
        if isinstance(value.get("checkpoint"), str):
            return str(value["checkpoint"]).encode()
        if isinstance(value.get("proof"), str):
            return str(value["proof"]).partition("\n\n")[2].encode()
    return data
