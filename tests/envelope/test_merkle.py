"""The Merkle tree of the evidence log against its definition, a second implementation, and lies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from docsign.envelope.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_subtrees,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    require_consistency,
    require_inclusion,
)
from docsign.errors import EvidenceError

SIZES = st.integers(1, 130)


def entry(number: int) -> bytes:
    """Return the entry of this number."""
    return f"bản ghi {number}".encode()


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 2.1 writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def ranges(size: int) -> Callable[[int, int], bytes]:
    """Return the hash of any subtree by the definition."""
    entries = [entry(number) for number in range(size)]
    return lambda start, end: tree_hash(entries[start:end])


def grown(size: int) -> Frontier:
    """Return the frontier of a log of so many entries."""
    return Frontier().grown(leaf_hash(entry(number)) for number in range(size))


def test_published_values() -> None:
    """RFC 6962 2.1: the empty tree, a leaf, a node."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(leaf_hash(b""), leaf_hash(b"\x00")).hex() == (
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )


@pytest.mark.parametrize("size", range(70))
def test_growing_gives_the_root_of_the_definition(size: int) -> None:
    """However the leaves come, one by one or together."""
    whole = grown(size)
    assert whole.root == tree_hash([entry(number) for number in range(size)])
    half = grown(size // 2).grown(leaf_hash(entry(number)) for number in range(size // 2, size))
    assert half == whole


def test_a_frontier_fits_its_size() -> None:
    """As many hashes as the size has ones."""
    with pytest.raises(EvidenceError):
        Frontier(size=3, hashes=(b"\x00" * 32,))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 100])
def test_a_second_implementation_agrees(size: int) -> None:
    """Roots, inclusion and consistency as pymerkle computes them."""
    other = InmemoryTree(algorithm="sha256")
    for number in range(size):
        other.append_entry(entry(number))
    assert other.get_root(size) == grown(size).root
    for index in range(size):
        theirs = other.prove_inclusion(index + 1, size).serialize()["path"]
        ours = [leaf_hash(entry(index)), *inclusion_proof(index, size, ranges(size))]
        assert [bytes.fromhex(one) for one in theirs] == ours
    for old in range(1, size):
        from pymerkle import verify_consistency

        proof = other.prove_consistency(old, size)
        verify_consistency(grown(old).root, grown(size).root, proof)
        require_consistency(
            old, grown(old).root, size, other.get_root(size), consistency_proof(old, size, ranges(size))
        )


@given(SIZES, st.data())
def test_a_leaf_is_shown_to_be_in_the_tree_and_no_other(size: int, data: st.DataObject) -> None:
    """RFC 9162 2.1.3: the path of one leaf holds for it alone, at its place, in that tree."""
    index = data.draw(st.integers(0, size - 1))
    root, path = grown(size).root, inclusion_proof(index, size, ranges(size))
    require_inclusion(leaf_hash(entry(index)), index, size, path, root)
    lies = [
        (leaf_hash(entry(index + 1)), index, size, path, root),
        (leaf_hash(entry(index)), index, size, path, leaf_hash(b"")),
        (leaf_hash(entry(index)), index, size, [*path, root], root),
        (leaf_hash(entry(index)), index, size, [one[:-1] for one in path] or [b""], root),
        (leaf_hash(entry(index)), size, size, path, root),
        (leaf_hash(entry(index)), -1, size, path, root),
    ]
    if path:
        lies.append((leaf_hash(entry(index)), index, size, path[:-1], root))
        place = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
        lies.append((leaf_hash(entry(index)), index, size, changed, root))
    for lie in lies:
        with pytest.raises(EvidenceError):
            require_inclusion(*lie)


@given(SIZES, st.data())
def test_a_log_that_grew_is_told_from_one_that_was_changed(size: int, data: st.DataObject) -> None:
    """RFC 9162 2.1.4: consistent with every earlier state, and with no other."""
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, ranges(size))
    before, after = grown(old).root, grown(size).root
    require_consistency(old, before, size, after, proof)
    forked = Frontier().grown(leaf_hash(entry(number) + b"!") for number in range(old)).root
    lies = [(old, forked, size, after, proof), (old, before, size, forked, proof)]
    lies.append((old, before, size, after, [*proof, after]))
    if proof:
        lies.append((old, before, size, after, proof[:-1]))
        place = data.draw(st.integers(0, len(proof) - 1))
        lies.append((old, before, size, after, [*proof[:place], forked, *proof[place + 1 :]]))
    for lie in lies:
        with pytest.raises(EvidenceError):
            require_consistency(*lie)


def test_every_log_begins_with_the_empty_one() -> None:
    """No proof is needed, and none is taken."""
    require_consistency(0, EMPTY_ROOT, 5, grown(5).root, [])
    for lie in ((0, grown(1).root, 5, grown(5).root, []), (0, EMPTY_ROOT, 5, grown(5).root, [EMPTY_ROOT])):
        with pytest.raises(EvidenceError):
            require_consistency(*lie)
    for old, new in ((0, 5), (6, 5), (-1, 5)):
        with pytest.raises(EvidenceError):
            consistency_proof(old, new, ranges(5))
    with pytest.raises(EvidenceError):
        inclusion_proof(5, 5, ranges(5))


@given(st.integers(0, 5000))
def test_a_range_is_cut_into_complete_subtrees(end: int) -> None:
    """Falling powers of two, without a gap."""
    cut = complete_subtrees(0, end)
    assert sum(stop - start for start, stop in cut) == end
    widths = [stop - start for start, stop in cut]
    assert widths == sorted(set(widths), reverse=True)
    assert all(width.bit_count() == 1 for width in widths)
