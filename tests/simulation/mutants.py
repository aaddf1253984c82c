"""Relays with one promise broken each: the checker must catch every one of them.

A mutant is a change in place of one function, or a setting of what lies beneath the relay; it lasts as long
as its context.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from relay_server.core.deliveries import Delivery
from relay_server.core.envelopes import Fact
from relay_server.services import log
from relay_server.storage import transaction
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.tables import facts
from relay_server.storage.transaction import DatabaseTransaction
from tests.simulation.host import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A broken relay: its name, what it breaks, and a seed that is known to show it."""

    name: str
    change: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
    settings: Settings = field(default_factory=Settings)
    seed: int = 0


@contextlib.contextmanager
def _put(place: Any, name: str, value: Any) -> Iterator[None]:
    kept = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, kept)


class _UndoneError(Exception):
    """Ends a unit whose changes are not wanted."""


def _dedup_key_apart() -> contextlib.AbstractContextManager[None]:
    """The envelope's row is committed first, its deliveries and evidence after it."""
    real = DatabaseLedger.write

    async def write(self: DatabaseLedger, work: Callable[[Any], Awaitable[Any]]) -> Any:
        kept: list[Any] = []

        async def only_look(tx: DatabaseTransaction) -> None:
            with _put(DatabaseTransaction, "add_envelope", _noting(kept, DatabaseTransaction.add_envelope)):
                await work(tx)
            raise _UndoneError

        with contextlib.suppress(_UndoneError):
            await real(self, only_look)
        if not kept:
            return await real(self, work)
        add = DatabaseTransaction.add_envelope
        await real(self, lambda tx: add(tx, kept[0]))

        async def rest(tx: DatabaseTransaction) -> Any:
            async def unknown(_self: Any, _sha256: str) -> None:
                return None

            with _put(DatabaseTransaction, "add_envelope", _noting([])), _put(
                DatabaseTransaction, "envelope", unknown
            ):  # fmt: skip
                return await work(tx)

        return await real(self, rest)

    return _put(DatabaseLedger, "write", write)


def _noting(
    kept: list[Any], real: Callable[[Any, Any], Awaitable[None]] | None = None
) -> Callable[[Any, Any], Awaitable[None]]:
    async def add_envelope(self: Any, envelope: Any) -> None:
        kept.append(envelope)
        if real is not None:
            await real(self, envelope)

    return add_envelope


def _lease_for_ever() -> contextlib.AbstractContextManager[None]:
    """A lease never runs out."""

    def seen_at(self: Delivery, *_args: Any, **_options: Any) -> Delivery:
        return self

    return _put(Delivery, "seen_at", seen_at)


@contextlib.contextmanager
def _checkpoint_too_early() -> Iterator[None]:
    """A checkpoint is shown as soon as it is signed, before the commit it is part of."""
    newest: dict[str, bytes] = {}
    real_seal, real_checkpoint = DatabaseTransaction.seal, log.checkpoint

    def seal(self: DatabaseTransaction, logbook: Any) -> Any:
        grown = real_seal(self, logbook)
        if grown is not None:
            newest["note"] = grown[0].state.checkpoint
        return grown

    async def checkpoint(relay: Any) -> bytes:
        return newest.get("note") or await real_checkpoint(relay)

    with _put(DatabaseTransaction, "seal", seal), _put(log, "checkpoint", checkpoint):
        yield


def _leaf_missing() -> contextlib.AbstractContextManager[None]:
    """Every fifth record gets no place in the log."""
    return _put(transaction, "_UNSEALED", transaction._UNSEALED.where(facts.c.number % 5 != 0))


def _record_missing() -> contextlib.AbstractContextManager[None]:
    """A handover changes the delivery and leaves no record."""
    real = DatabaseTransaction.add_fact

    async def add_fact(self: DatabaseTransaction, fact: Fact) -> None:
        if fact.evidence.event.short != "ContentHandover":
            await real(self, fact)

    return _put(DatabaseTransaction, "add_fact", add_fact)


class LateBodies:
    """A body store that answers first and makes the bytes durable afterwards."""

    def __init__(self, real: Any) -> None:
        self._real = real

    async def begin(self) -> Any:
        """See ports.Bodies."""
        return _LateIncoming(await self._real.begin())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _LateIncoming:
    def __init__(self, real: Any) -> None:
        self._real = real
        self._later: asyncio.Task[None] | None = None

    async def commit(self, sha256: str) -> None:
        async def later() -> None:
            await asyncio.sleep(30)
            with contextlib.suppress(Exception):
                await self._real.commit(sha256)
            await self._real.abort()

        self._later = asyncio.create_task(later())

    async def abort(self) -> None:
        if self._later is None:
            await self._real.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


MUTANTS = (
    Mutant(name="sync of the body left out", settings=Settings(lost_syncs=frozenset({"file"}))),
    Mutant(name="sync of the folder left out", settings=Settings(lost_syncs=frozenset({"folder"}))),
    Mutant(name="acknowledged before the commit is durable", settings=Settings(lazy_commits=True), seed=4),
    Mutant(name="dedup key in another transaction", change=_dedup_key_apart, seed=5),
    Mutant(name="lease never over", change=_lease_for_ever),
    Mutant(name="receipt for bytes not yet durable", settings=Settings(bodies=LateBodies)),
    Mutant(name="checkpoint shown before its commit", change=_checkpoint_too_early),
    Mutant(name="record without a leaf", change=_leaf_missing),
    Mutant(name="change without a record", change=_record_missing),
)
