"""The log's tree a second time (RFC 6962), for the checker alone: none of the relay's code is used."""

from __future__ import annotations

import base64
import hashlib


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry (RFC 6962 2.1)."""
    return hashlib.sha256(b"\0" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


class Tree:
    """The tree over some leaves; what was computed is remembered."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from ``start`` up to and without ``end`` (RFC 6962 2.1)."""
        if end - start <= 1:
            return self._leaves[start] if end > start else hashlib.sha256(b"").digest()
        if (start, end) not in self._known:
            half = start + _split(end - start)
            self._known[start, end] = _node(self.root(start, half), self.root(half, end))
        return self._known[start, end]


def climb(node: bytes, place: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root over a leaf by the recursion of RFC 6962 2.1.1, None where the path does not fit."""
    if size <= 1:
        return node if not path and size == 1 else None
    if not path:
        return None
    half = _split(size)
    *below, beside = path
    if place < half:
        left = climb(node, place, half, below)
        return None if left is None else _node(left, beside)
    right = climb(node, place - half, size - half, below)
    return None if right is None else _node(beside, right)


def read_checkpoint(note: str) -> tuple[int, bytes]:
    """Return size and root that a checkpoint states."""
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])
