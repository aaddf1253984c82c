"""The Merkle tree of an evidence log: hashes, growing, proofs and their checks (RFC 6962, RFC 9162). Pure.

A tree of ``size`` leaves is named by its root. An inclusion proof shows that a leaf is in it; a consistency
proof shows that a larger tree begins with a smaller one. Where the hashes are kept is ``tiles``; who vouches
for a root is ``signed_note``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from docsign.errors import EvidenceError
from docsign.sentence import say
from docsign.values import dataclass

HASH_SIZE = 32
"""The length of every hash here, in bytes: SHA-256."""
LARGEST = 2**62
"""The largest tree that is spoken of, in leaves."""

RangeHash = Callable[[int, int], bytes]
"""Gives MTH(D[start:end]) of RFC 6962 2.1 for a range of leaves that is a subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()  # RFC 6962 2.1


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees as one."""
    return hashlib.sha256(b"\x01" + left + right).digest()  # RFC 6962 2.1


EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962 2.1)."""


def complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Cut a range of leaves that begins a subtree into complete ones, from left to right."""
    found = []
    while start < end:
        width = 1 << ((end - start).bit_length() - 1)
        found.append((start, start + width))
        start += width
    return found


def joined(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over complete subtrees of falling size, from left to right, as one."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """What a tree must remember to grow: the hashes of its complete subtrees, largest first.

    As many as ``size`` has ones in binary. Frozen: ``grown`` returns the next one.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count() or any(len(one) != HASH_SIZE for one in self.hashes):
            raise EvidenceError(say("The state of the log does not fit its size {size}.", size=self.size))

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return joined(self.hashes) if self.hashes else EMPTY_ROOT

    def grown(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after these leaf hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            node, rest = leaf, size
            while rest & 1:
                node = node_hash(hashes.pop(), node)
                rest >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size=size, hashes=tuple(hashes))


# ---- proofs ----------------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return the path from leaf ``index`` to the root of ``size`` leaves (RFC 6962 2.1.1), leaf first.

    Raises EvidenceError for a leaf that is not in the tree.
    """
    if not 0 <= index < size <= LARGEST:
        raise EvidenceError(say("There is no entry {index} in a log of {size}.", index=index, size=size))
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end))
            end = middle
        else:
            path.append(range_hash(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, range_hash: RangeHash) -> list[bytes]:
    """Return the proof that the tree of ``new`` leaves begins with that of ``old`` (RFC 6962 2.1.2).

    Raises EvidenceError unless 0 < old ≤ new.
    """
    if not 0 < old <= new <= LARGEST:
        raise EvidenceError(say("A log of {old} cannot become one of {new}.", old=old, new=new))
    proof = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(range_hash(middle, end))
            end = middle
        else:
            proof.append(range_hash(start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(range_hash(start, end))
    return proof[::-1]


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that this path leads to (RFC 9162 2.1.3.2); raises EvidenceError for no such path."""
    if not 0 <= index < size <= LARGEST or any(len(one) != HASH_SIZE for one in path):
        raise _no_proof()
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise _no_proof()
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise _no_proof()
    return node


def require_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise EvidenceError unless the path shows that ``leaf`` is at ``index`` under ``root``."""
    if root_of_inclusion(leaf, index, size, path) != root:
        raise _no_proof()


def require_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise EvidenceError unless the proof shows that the new tree begins with the old (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new <= LARGEST or any(len(one) != HASH_SIZE for one in proof):
        raise _diverges()
    if old in (0, new):  # everything begins with the empty tree
        if proof or (old == new and old_root != new_root) or (old == 0 and old_root != EMPTY_ROOT):
            raise _diverges()
        return
    rest = list(proof)
    if old & (old - 1) == 0:  # a power of two is its own first node
        rest.insert(0, old_root)
    if not rest:
        raise _diverges()
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise _diverges()
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or first != old_root or second != new_root:
        raise _diverges()


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def _no_proof() -> EvidenceError:
    return EvidenceError(say("The proof does not show that the record is in the log."))


def _diverges() -> EvidenceError:
    return EvidenceError(say("The log was changed: it does not continue what was seen of it before."))
