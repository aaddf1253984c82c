"""The contract of ports.Ledger for the log and the notes, held by every back end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from docsign.envelope.evidence import log_entry
from docsign.envelope.merkle import HASH_SIZE, Frontier, leaf_hash
from docsign.envelope.signed_note import open_checkpoint
from docsign.errors import StorageError
from relay_server.core.envelopes import Fact
from relay_server.ports import Transaction
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.memory import MemoryLedger
from tests.relay.test_logbook import BOOK, KEY
from tests.relay.values import COMMUNE, envelope, fact

Kept = MemoryLedger | DatabaseLedger
SENT = envelope()


async def begin(ledger: Kept) -> None:
    """Keep a log, and the envelope that every record is about."""
    ledger.keep_log(BOOK)
    await ledger.write(lambda tx: tx.add_envelope(SENT))


def facts(count: int, *, first: int = 0) -> list[Fact]:
    """Return records about one envelope."""
    return [fact(SENT, name=str(number)) for number in range(first, first + count)]


def entry(one: Fact) -> bytes:
    """Return a record as the log has it."""
    return log_entry(one.signed, one.signature)


async def keep(ledger: Kept, *those: Fact) -> None:
    """Keep records in one unit."""

    async def work(tx: Transaction) -> None:
        for one in those:
            await tx.add_fact(one)

    await ledger.write(work)


async def checkpoint_over(ledger: Kept, index: int) -> int:
    """Return the size of the first checkpoint over an entry, 0 for none."""
    note = await ledger.read(lambda tx: tx.checkpoint_over(index))
    return open_checkpoint(note, KEY).size if note else 0


async def test_every_record_is_a_leaf_when_its_unit_is_kept(ledger: Kept) -> None:
    """In the order they were kept, under a checkpoint for each commit, found by their ids."""
    await begin(ledger)
    those = facts(6)
    await keep(ledger, *those[:1])
    await keep(ledger, *those[1:3])
    await keep(ledger)  # nothing to seal: no checkpoint is signed
    await keep(ledger, *those[3:])
    assert (await ledger.read(lambda tx: tx.log_state())).size == 6
    for start, count in ((0, 6), (0, 3), (2, 2), (5, 9), (6, 1), (0, 0)):
        found = await ledger.read(lambda tx, start=start, count=count: tx.entries(start, count))  # type: ignore[misc]
        assert list(found) == [entry(one) for one in those[start : start + count]]
    assert [await checkpoint_over(ledger, index) for index in range(7)] == [1, 3, 3, 6, 6, 6, 0]
    for index, one in enumerate(those):
        assert await ledger.read(lambda tx, one=one: tx.index_of(one.evidence.id)) == index  # type: ignore[misc]
    assert await ledger.read(lambda tx: tx.index_of("không có")) is None


async def test_the_proof_of_a_record_is_the_same_for_ever(ledger: Kept) -> None:
    """Under the checkpoint of its own commit, whatever was kept since; what is not there has none."""
    await begin(ledger)
    first, second = facts(2), facts(3, first=2)
    await keep(ledger, *first)
    proofs = [await ledger.proof(one.evidence.id) for one in first]
    await keep(ledger, *second)
    assert [await ledger.proof(one.evidence.id) for one in first] == proofs
    for index, (one, size) in enumerate(zip(first + second, (2, 2, 5, 5, 5), strict=True)):
        proof = await ledger.proof(one.evidence.id)
        assert proof is not None
        assert (proof.index, proof.require(entry(one), KEY).size) == (index, size)
    assert await ledger.proof("không có") is None


async def test_a_unit_that_fails_leaves_nothing_in_the_log(ledger: Kept) -> None:
    """The next one takes its place, and the tree is that of what was kept."""
    await begin(ledger)
    kept, lost, later = facts(3)
    await keep(ledger, kept)

    async def fails(tx: Transaction) -> None:
        await tx.add_fact(lost)
        await tx.add_envelope(SENT)

    with pytest.raises(StorageError):
        await ledger.write(fails)
    await keep(ledger, later)
    state = await ledger.read(lambda tx: tx.log_state())
    assert state.frontier == Frontier().grown(leaf_hash(entry(one)) for one in (kept, later))
    assert open_checkpoint(state.checkpoint, KEY).root == state.frontier.root
    assert await ledger.read(lambda tx: tx.index_of(lost.evidence.id)) is None


async def test_tiles_grow_to_their_width_and_then_one_above_them(ledger: Kept) -> None:
    """256 hashes in each; a full one never changes; levels and numbers are not mixed up."""
    await begin(ledger)
    those = facts(258)
    leaves = [leaf_hash(entry(one)) for one in those]
    roots = [Frontier().grown(leaves[:256]).root]
    sizes = (200, 256, 258)
    for start, size in zip((0, *sizes), sizes, strict=False):
        await keep(ledger, *those[start:size])
        for number in range(3):
            tile = await ledger.read(lambda tx, number=number: tx.tile(0, number))  # type: ignore[misc]
            assert (tile or b"") == b"".join(leaves[:size][256 * number : 256 * (number + 1)])
        above = await ledger.read(lambda tx: tx.tile(1, 0))
        assert (above or b"") == b"".join(roots[: size // 256])
        assert len(above or b"") == size // 256 * HASH_SIZE
        assert await ledger.read(lambda tx: tx.tile(1, 1)) is None


async def test_notes_are_replaced_and_found_in_their_order(ledger: Kept) -> None:
    """The last word under a name counts; a search takes both its ends in."""
    assert await ledger.read(lambda tx: tx.note("size 2")) == b""
    for name, value in (("size 4", b"4"), ("size 2", b"x"), ("size 2", b"2"), ("other", b"")):
        await ledger.write(lambda tx, name=name, value=value: tx.put_note(name, value))  # type: ignore[misc]
    assert await ledger.read(lambda tx: tx.note("size 2")) == b"2"
    for first, last, found in (
        ("size 0", "size 9", ("size 2", b"2")),
        ("size 2", "size 9", ("size 2", b"2")),
        ("size 3", "size 4", ("size 4", b"4")),
        ("size 3", "size 3", None),
        ("size 5", "size 9", None),
    ):
        assert await ledger.read(lambda tx, first=first, last=last: tx.first_note(first, last)) == found  # type: ignore[misc]


async def test_whoever_reads_changes_nothing(ledger: Kept) -> None:
    """Neither in a read nor in a glance, whatever the work tries."""
    await ledger.write(lambda tx: tx.put_note("lời", b"1"))
    for look in (ledger.read, ledger.glance):
        with contextlib.suppress(StorageError):
            await look(lambda tx: tx.put_note("lời", b"2"))
        assert await ledger.read(lambda tx: tx.note("lời")) == b"1"
    await ledger.write(lambda tx: tx.put_note("lời", b"3"))
    assert await ledger.glance(lambda tx: tx.note("lời")) == b"3"


async def test_a_ledger_that_is_closed_has_written_what_waited_and_lets_the_file_go(tmp_path: Path) -> None:
    """Nothing of SQLite's is left beside it, so that the file can be copied or moved; and it says so."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    waiting = [
        asyncio.create_task(ledger.write(lambda tx, n=n: tx.put_note(f"lời {n}", b"x")))  # type: ignore[misc]
        for n in range(100)
    ]
    await asyncio.sleep(0)
    assert await ledger.glance(lambda tx: tx.agency(COMMUNE)) is None
    await ledger.close()
    await asyncio.gather(*waiting)
    assert os.listdir(tmp_path) == ["relay.sqlite"]  # noqa: PTH208 -- no blocking worth a thread
    with pytest.raises(StorageError, match="stopped"):
        await ledger.write(lambda tx: tx.put_note("muộn", b""))
    again = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    assert await again.read(lambda tx: tx.note("lời 99")) == b"x"
    await again.close()
