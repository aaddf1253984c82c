"""Rows and values are the same thing, to the microsecond; the bell only hints."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.sql.expression import ClauseElement

from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.storage import connection, transaction
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


@pytest.mark.parametrize(
    ("statement", "table", "index"),
    [
        pytest.param(transaction._INBOX, "deliveries", "inbox", id="inbox"),
        pytest.param(transaction._OVERDUE, "deliveries", "overdue", id="overdue"),
        pytest.param(transaction._REMOVABLE, "envelopes", "kept_envelopes", id="removable"),
    ],
)
async def test_what_waits_is_answered_from_its_index(
    tmp_path: Path, statement: ClauseElement, table: str, index: str
) -> None:
    """A backlog of a million must not be walked through: the very statement that is run finds its index."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    await ledger.close()
    text, fixed = connection._compiled(statement)
    values = {"wanted": "H99", "after": 5, "most": 10, "now": 5, "before": 5, **fixed}
    with contextlib.closing(sqlite3.connect(tmp_path / "relay.sqlite")) as other:
        words = " ".join(str(row) for row in other.execute(f"EXPLAIN QUERY PLAN {text}", values))
    assert f"SEARCH {table} USING INDEX {index} " in words, words
    assert "TEMP B-TREE" not in words


async def test_rows_come_back_as_they_went(tmp_path: Path) -> None:
    """An envelope and its evidence."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
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
