"""The growing log: tiles, checkpoints and proofs are those of the whole, however it came to be."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.envelope.merkle import Frontier, consistency_proof, leaf_hash, require_consistency
from docsign.envelope.signed_note import NoteKey, open_checkpoint
from docsign.envelope.tiles import Tile, range_hashes, tiles_of
from docsign.errors import EvidenceError
from relay_server.core.logbook import Logbook, LogState, TileKey, prove

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(name="relay.example/log", public=PRIVATE.public_key().public_bytes_raw())
BOOK = Logbook(KEY, PRIVATE.sign)


def entry(number: int) -> bytes:
    """Return the entry of this number."""
    return f"bản ghi {number}".encode()


def grown(groups: list[int]) -> tuple[LogState, dict[TileKey, bytes]]:
    """Return a log that was sealed in groups of these sizes; each new proof holds."""
    state, tiles, number = LogState(), dict[TileKey, bytes](), 0
    for count in groups:
        entries = [entry(one) for one in range(number, number + count)]
        sealed = BOOK.seal(state, {key: tiles[key] for key in state.edge()}, entries)
        for place in {0, count // 2, count - 1}:
            assert sealed.proof(number + place).require(entries[place], KEY).size == number + count
        state, number = sealed.state, number + count
        tiles |= sealed.tiles
    return state, tiles


def reader(tiles: dict[TileKey, bytes], tile: Tile) -> bytes:
    """Return what a log serves for a tile."""
    return tiles[(tile.level or 0, tile.number)][: 32 * tile.width]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_however_it_grew_the_log_is_the_same(groups: list[int]) -> None:
    """Root, tiles and checkpoint of the groups are those of one tree."""
    state, tiles = grown(groups)
    size = sum(groups)
    whole = Frontier().grown(leaf_hash(entry(number)) for number in range(size))
    assert state.frontier == whole
    checkpoint = open_checkpoint(state.checkpoint, KEY)
    assert (checkpoint.size, checkpoint.root) == (size, whole.root)
    assert set(tiles) == {(tile.level, tile.number) for tile in tiles_of(size)}
    assert range_hashes(size, lambda tile: reader(tiles, tile))(0, size) == whole.root


def test_old_entries_are_proved_under_the_newest_checkpoint() -> None:
    """From the tiles alone, in a log of three levels."""
    state, tiles = grown([200, 56, 1, 300, 65_400, 3])
    chance = random.Random(7)
    for index in (0, 255, 256, 65_535, 65_536, *(chance.randrange(state.size) for _ in range(20))):
        proof = prove(state.checkpoint, index, lambda tile: reader(tiles, tile))
        assert proof.require(entry(index), KEY).size == state.size


def test_each_checkpoint_continues_the_one_before() -> None:
    """RFC 9162 2.1.4, over states that were really signed."""
    states = [grown([*range(1, count)])[0] for count in range(2, 12)]
    _, tiles = grown([*range(1, 11)])
    ranges = range_hashes(states[-1].size, lambda tile: reader(tiles, tile))
    last = states[-1]
    for old in states:
        proof = consistency_proof(old.size, last.size, ranges)
        require_consistency(old.size, old.frontier.root, last.size, last.frontier.root, proof)


def test_a_damaged_edge_is_noticed_before_anything_is_signed() -> None:
    """A tile of another length than the state says."""
    state, tiles = grown([10])
    for wrong in (b"", tiles[0, 0][:-1], tiles[0, 0] + bytes(32)):
        with pytest.raises(EvidenceError, match="damaged"):
            BOOK.seal(state, {(0, 0): wrong}, [b"x"])


def test_the_proof_of_a_record_stays_the_same() -> None:
    """Under the checkpoint of its own commit, from the tiles of today."""
    first, _ = grown([5, 300])
    later, tiles = grown([5, 300, 700])
    proof = prove(first.checkpoint, 100, lambda tile: reader(tiles, tile))
    assert proof.require(entry(100), KEY).size == first.size < later.size
