"""The log in tiles: names, which there are, proofs from them, bundles of entries (C2SP tlog-tiles)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.envelope.merkle import Frontier, inclusion_proof, leaf_hash, require_inclusion
from docsign.envelope.tiles import (
    ENTRY_LIMIT,
    WIDTH,
    Tile,
    bundles_of,
    range_hashes,
    read_bundle,
    tiles_of,
    write_bundle,
)
from docsign.errors import EvidenceError

LEAVES = [leaf_hash(str(number).encode()) for number in range(70_000)]


def kept(size: int) -> dict[str, bytes]:
    """Return every tile of a log of so many entries, each hash by the definition."""
    store: dict[str, bytes] = {}
    for tile in tiles_of(size):
        assert tile.level is not None
        span = WIDTH**tile.level
        first = tile.number * WIDTH
        store[tile.path] = b"".join(
            Frontier().grown(LEAVES[place * span : (place + 1) * span]).root
            for place in range(first, first + tile.width)
        )
    return store


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, number=0), "0/000"),
        (Tile(level=3, number=1_234_067), "3/x001/x234/067"),
        (Tile(level=0, number=1_000, width=17), "0/x001/000.p/17"),
        (Tile(level=None, number=5, width=255), "entries/005.p/255"),
    ],
)
def test_the_names_of_tiles(tile: Tile, path: str) -> None:
    """C2SP tlog-tiles, Merkle Tree: three digits a step, all but the last begin with x."""
    assert tile.path == path
    assert Tile.from_path(path) == tile


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/0", "64/000", "00/000", "0/x000/001", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/../000",
     "-1/000", "0/1000", "entries/x01/000", "0/000/", "0/٠٠٠", "0/" + "x001/" * 9 + "000"],
)  # fmt: skip
def test_other_names_are_refused(path: str) -> None:
    """Each part has one name, and nothing else is one."""
    with pytest.raises(EvidenceError):
        Tile.from_path(path)


def test_the_tiles_of_a_log_of_70000() -> None:
    """The example of C2SP tlog-tiles, Partial Tiles."""
    tiles = list(tiles_of(70_000))
    counts = [sum(tile.level == level for tile in tiles) for level in range(4)]
    assert counts == [274, 2, 1, 0]
    partial = [tile.path for tile in tiles if tile.width < WIDTH]
    assert partial == ["0/273.p/112", "1/001.p/17", "2/000.p/1"]
    assert [tile.path for tile in tiles_of(256)] == ["0/000", "1/000.p/1"]
    assert all(tile.is_within(70_000) for tile in tiles)
    assert not Tile(level=0, number=273).is_within(70_000)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_what_is_new_is_just_what_changed(first: int, second: int) -> None:
    """With what a smaller log has they are all that the larger has."""
    old, new = sorted((first, second))
    before, after = {tile.path for tile in tiles_of(old)}, {tile.path for tile in tiles_of(new)}
    fresh = {tile.path for tile in tiles_of(new, since=old)}
    assert fresh == after - before
    assert len(list(bundles_of(new, since=old))) == sum(one.startswith("0/") for one in fresh)


@settings(max_examples=20)
@given(st.integers(1, 1200), st.data())
def test_proofs_come_from_tiles(size: int, data: st.DataObject) -> None:
    """Each leaf is shown to be there from the tiles of the log alone."""
    store = kept(size)
    index = data.draw(st.integers(0, size - 1))
    read = range_hashes(size, lambda tile: store[tile.path])
    root = Frontier().grown(LEAVES[:size]).root
    assert read(0, size) == root
    require_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, read), root)


def test_proofs_come_from_tiles_of_three_levels() -> None:
    """A log of 70 000 has its root and its last proof from a handful of tiles."""
    store, asked = kept(70_000), list[str]()

    def read(tile: Tile) -> bytes:
        asked.append(tile.path)
        return store[tile.path]

    hashes = range_hashes(70_000, read)
    root = Frontier().grown(LEAVES).root
    require_inclusion(LEAVES[69_999], 69_999, 70_000, inclusion_proof(69_999, 70_000, hashes), root)
    assert len(asked) <= 4
    with pytest.raises(EvidenceError):
        hashes(0, 70_001)
    with pytest.raises(EvidenceError, match="damaged"):
        range_hashes(70_000, lambda tile: store[tile.path][:-1])(0, 70_000)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    """C2SP tlog-tiles, Log entries: lengths of two bytes; fewer, more or cut ones are named."""
    data = write_bundle(entries)
    assert read_bundle(data, len(entries)) == entries
    for lie, width in ((data + b"\x00", len(entries)), (data, len(entries) + 1), (data[:-1], len(entries))):
        if lie != data or width != len(entries):
            with pytest.raises(EvidenceError):
                read_bundle(lie, width)


def test_an_entry_has_its_limit() -> None:
    """Two bytes of length."""
    assert read_bundle(write_bundle([b"x" * ENTRY_LIMIT]), 1) == [b"x" * ENTRY_LIMIT]
    with pytest.raises(EvidenceError, match="65535"):
        write_bundle([b"x" * (ENTRY_LIMIT + 1)])
