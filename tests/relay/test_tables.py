"""Rows and values are the same thing, to the microsecond; the bell only hints."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.storage.bell import LocalBell
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.tables import from_micros, metadata, to_micros
from relay_server.storage.transaction import DatabaseTransaction
from tests.relay.values import envelope, fact


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_survive_as_whole_microseconds(moment: datetime) -> None:
    """No floating number in between."""
    assert from_micros(to_micros(moment)) == moment


def test_the_indexes_of_what_waits_are_partial() -> None:
    """Their size is that of the backlog, not of the history."""
    indexes = {str(index.name): index for table in metadata.tables.values() for index in table.indexes}
    for name in ("inbox", "overdue", "unsealed"):
        assert indexes[name].dialect_options["sqlite"]["where"] is not None
        assert indexes[name].dialect_options["postgresql"]["where"] is not None


async def test_the_inbox_is_answered_from_its_index(tmp_path: Path) -> None:
    """A backlog of a million must not be walked through."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
        with contextlib.closing(sqlite3.connect(tmp_path / "relay.sqlite")) as other:
            plan = other.execute(
                "EXPLAIN QUERY PLAN SELECT * FROM deliveries"
                " WHERE receiver = 'H99' AND number > 5 AND waiting ORDER BY number LIMIT 10"
            )
            words = " ".join(str(row) for row in plan)
            assert "USING INDEX inbox" in words
            assert "SCAN" not in words
            assert "TEMP B-TREE" not in words
        kept = await ledger.write(_keep)
        assert kept == (envelope(), fact(envelope()))
    finally:
        await ledger.close()


async def _keep(tx: DatabaseTransaction) -> tuple[StoredEnvelope | None, Fact]:
    await tx.add_envelope(envelope())
    await tx.add_fact(fact(envelope()))
    return await tx.envelope(envelope().sha256), (await tx.facts(envelope().sha256))[0]


async def test_a_ring_wakes_the_listeners_of_one_agency() -> None:
    """A ring between listening and hearing is heard; others sleep on; the end wakes all, for good."""
    bell = LocalBell()
    one, two, other = bell.listen("H99"), bell.listen("H99"), bell.listen("H99.31")
    bell.ring("H99")
    assert await one.heard(0.01)
    assert await two.heard(0.01)
    assert not await other.heard(0.01)
    assert not await one.heard(0.01)
    bell.ring("H99.32")
    for listening in (one, two, two):
        listening.close()
    assert set(bell._waiting) == {"H99.31"}
    waiting = asyncio.create_task(other.heard(30))
    await asyncio.sleep(0)
    bell.end()
    assert not await asyncio.wait_for(waiting, 1)
    assert not await other.heard(30)
