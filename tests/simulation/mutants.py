"""Relays with one promise broken each: the checker must catch every one of them.

A mutant is a change in place of one function, or a setting of what lies beneath the relay; it lasts as long
as its context.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select

from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import NOT_FETCHED, Delivery, State
from relay_server.core.envelopes import Fact
from relay_server.proving import prove_record
from relay_server.services import collect, delegation, follow, log
from relay_server.services.collect import not_found
from relay_server.storage import transaction
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.tables import envelopes, facts
from relay_server.storage.transaction import DatabaseTransaction
from relay_server.storage.uploads import DiskUploads
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


def _offset_on_hope() -> contextlib.AbstractContextManager[None]:
    """An upload's offset is told before its bytes are flushed."""

    def sync(self: DiskUploads, stream: Any) -> None:
        """Do nothing."""

    return _put(DiskUploads, "sync", sync)


@contextlib.contextmanager
def _directory_as_it_was() -> Iterator[None]:
    """A certificate that was let in once is let in for as long as the process runs, and asked no more."""
    real = DatabaseLedger.agency_of
    known: dict[tuple[int, str], Any] = {}

    async def agency_of(self: DatabaseLedger, fingerprint: str, use: Any) -> Any:
        key = (id(self), fingerprint)
        known[key] = known.get(key) or await real(self, fingerprint, use)
        return known[key]

    def require_in_force(*_: object) -> None:
        """Ask nothing of who was let in."""

    with (
        _put(DatabaseLedger, "agency_of", agency_of),
        _put(delegation, "require_in_force", require_in_force),
    ):
        yield


def _granted_for_ever() -> contextlib.AbstractContextManager[None]:
    """A grant that was ended still lets act for another agency."""

    def holds_at(self: KeptGrant, moment: datetime) -> bool:
        return self.grant.holds_at(moment)

    return _put(KeptGrant, "holds_at", holds_at)


def _removed_too_early() -> contextlib.AbstractContextManager[None]:
    """Bytes past the retention are removed though a receiver waits for them."""
    early = select(envelopes).where(
        and_(envelopes.c.kept, envelopes.c.accepted_at < bindparam("before"))
    )  # fmt: skip
    return _put(transaction, "_REMOVABLE", early.limit(bindparam("most")))


def _recall_ignored() -> contextlib.AbstractContextManager[None]:
    """What was asked back before anybody fetched it is handed out all the same."""
    real = collect.own_delivery

    async def own_delivery(tx: Any, caller: Any, sha256: str) -> Delivery:
        delivery = await real(tx, caller, sha256)
        taken_back = (
            delivery.state in (State.WITHDRAWN, State.RECALL_ASKED) and delivery.reached in NOT_FETCHED
        )
        return replace(delivery, state=State.DONE, reached=State.DONE) if taken_back else delivery

    return _put(collect, "own_delivery", own_delivery)


def _never_over() -> contextlib.AbstractContextManager[None]:
    """No time to live is ever over."""

    async def overdue(_self: Any, _now: Any, _limit: int) -> tuple[Delivery, ...]:
        return ()

    return _put(DatabaseTransaction, "overdue", overdue)


def _open_to_all() -> contextlib.AbstractContextManager[None]:
    """A receiver sees every receiver's delivery."""

    async def visible(tx: Any, _caller: Any, sha256: str) -> Any:
        envelope = await tx.envelope(sha256)
        if envelope is None:
            raise not_found()
        return envelope, await tx.deliveries(sha256)

    return _put(follow, "_visible", visible)


def _proof_of_another() -> contextlib.AbstractContextManager[None]:
    """A receipt comes with the proof of the newest checkpoint, another one each time."""

    async def proof(self: DatabaseLedger, evidence: str) -> Any:
        sealed, index = self._recent.get(evidence) or (None, 0)
        newest = next(reversed(self._recent.values()), (None, 0))
        if sealed is None or newest[0] is None:
            return await self.read(lambda tx: prove_record(tx, evidence))
        return replace(sealed.proof(index), checkpoint=newest[0].state.checkpoint)

    return _put(DatabaseLedger, "proof", proof)


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
    Mutant(name="sync of the body left out", settings=Settings(lost_syncs=frozenset({"bodies"})), seed=2),
    Mutant(name="sync of the folder left out", settings=Settings(lost_syncs=frozenset({"folder"})), seed=2),
    Mutant(name="acknowledged before the commit is durable", settings=Settings(lazy_commits=True)),
    Mutant(name="dedup key in another transaction", change=_dedup_key_apart, seed=5),
    Mutant(name="lease never over", change=_lease_for_ever, seed=2),
    Mutant(name="receipt for bytes not yet durable", settings=Settings(bodies=LateBodies), seed=2),
    Mutant(name="checkpoint shown before its commit", change=_checkpoint_too_early, seed=5),
    Mutant(name="record without a leaf", change=_leaf_missing),
    Mutant(name="change without a record", change=_record_missing),
    Mutant(name="offset of an upload told on hope", change=_offset_on_hope, seed=3),
    Mutant(name="certificate that was taken out is let in", change=_directory_as_it_was, seed=1),
    Mutant(name="grant that was ended holds on", change=_granted_for_ever),
    Mutant(name="bytes removed while somebody waits", change=_removed_too_early, seed=12),
    Mutant(name="handed out though asked back", change=_recall_ignored, seed=8),
    Mutant(name="time to live never over", change=_never_over),
    Mutant(name="everybody sees everything", change=_open_to_all, seed=3),
    Mutant(name="proof under another checkpoint", change=_proof_of_another),
)
