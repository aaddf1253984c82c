"""The back ends for tests and simulations: everything in memory, nothing durable."""

from __future__ import annotations

import asyncio
import io
from collections import ChainMap
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, TypeVar

from docsign.envelope.agency_codes import canonical
from docsign.envelope.signed_note import LogProof
from docsign.errors import StorageError
from docsign.sentence import say
from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import Delivery
from relay_server.core.directory import Agency, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.logbook import (
    STATE,
    Logbook,
    LogState,
    TileKey,
    read_log_state,
    write_log_state,
)
from relay_server.proving import prove_record

Answer = TypeVar("Answer")
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class _Tables:
    agencies: MutableMapping[str, Agency] = field(default_factory=dict)
    envelopes: MutableMapping[str, StoredEnvelope] = field(default_factory=dict)
    deliveries: MutableMapping[str, Delivery] = field(default_factory=dict)
    facts: MutableMapping[int, Fact] = field(default_factory=dict)
    counters: MutableMapping[str, int] = field(default_factory=dict)
    leaves: MutableMapping[str, int] = field(default_factory=dict)
    tiles: MutableMapping[TileKey, bytes] = field(default_factory=dict)
    checkpoints: MutableMapping[int, bytes] = field(default_factory=dict)
    notes: MutableMapping[str, bytes] = field(default_factory=dict)
    grants: MutableMapping[str, KeptGrant] = field(default_factory=dict)

    def over(self) -> _Tables:
        """Return tables whose changes are apart until they are merged."""
        return _Tables(
            ChainMap({}, self.agencies),
            ChainMap({}, self.envelopes),
            ChainMap({}, self.deliveries),
            ChainMap({}, self.facts),
            ChainMap({}, self.counters),
            ChainMap({}, self.leaves),
            ChainMap({}, self.tiles),
            ChainMap({}, self.checkpoints),
            ChainMap({}, self.notes),
            ChainMap({}, self.grants),
        )

    def merge(self, changed: _Tables) -> None:
        """Take over the changes."""
        for name in self.__slots__:
            getattr(self, name).update(getattr(changed, name).maps[0])


def _add(table: MutableMapping[Key, Value], key: Key, value: Value) -> None:
    if key in table:
        raise StorageError(say("This entry is already in the ledger: {key}.", key=key))
    table[key] = value


class MemoryTransaction:
    """A Transaction over dictionaries; searching is a walk through everything."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def agency(self, code: str) -> Agency | None:
        """See ports.Transaction."""
        return self._tables.agencies.get(canonical(code))

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """See ports.Transaction."""
        for agency in self._tables.agencies.values():
            if any(b.sha256 == fingerprint and b.use is use for b in agency.bindings):
                return agency
        return None

    async def agencies(self, query: str, after: str, limit: int) -> tuple[Agency, ...]:
        """See ports.Transaction."""
        wanted = query.casefold()
        found = sorted(
            (
                agency
                for agency in self._tables.agencies.values()
                if agency.code > after
                and (wanted in agency.code.casefold() or wanted in agency.name.casefold())
            ),
            key=lambda agency: agency.code,
        )
        return tuple(found[:limit])

    async def put_agency(self, agency: Agency) -> None:
        """See ports.Transaction."""
        for binding in agency.bindings:
            for other in self._tables.agencies.values():
                if other.key != agency.key and any(b.sha256 == binding.sha256 for b in other.bindings):
                    raise StorageError(
                        say("This certificate belongs to the agency {code} already.", code=other.code)
                    )
        self._tables.agencies[agency.key] = agency

    async def add_grant(self, kept: KeptGrant) -> None:
        """See ports.Transaction."""
        _add(self._tables.grants, kept.grant.id, kept)

    async def end_grant(self, name: str, at: datetime) -> None:
        """See ports.Transaction."""
        kept = self._tables.grants.get(name)
        if kept is not None:
            self._tables.grants[name] = replace(kept, ended_at=kept.ended_at or at)

    async def grant(self, name: str) -> KeptGrant | None:
        """See ports.Transaction."""
        return self._tables.grants.get(name)

    async def grants_by(self, grantor: str) -> tuple[KeptGrant, ...]:
        """See ports.Transaction."""
        wanted = canonical(grantor)
        return tuple(k for k in self._tables.grants.values() if canonical(k.grant.grantor) == wanted)

    async def envelope(self, sha256: str) -> StoredEnvelope | None:
        """See ports.Transaction."""
        return self._tables.envelopes.get(sha256)

    async def senders_of(self, document_id: str) -> frozenset[str]:
        """See ports.Transaction."""
        return frozenset(
            one.sender
            for one in self._tables.envelopes.values()
            if document_id and one.document_id == document_id
        )

    async def is_number_known(self, number_key: str) -> bool:
        """See ports.Transaction."""
        return bool(number_key) and any(
            one.number_key == number_key for one in self._tables.envelopes.values()
        )

    async def removable(self, before: datetime, limit: int) -> tuple[StoredEnvelope, ...]:
        """See ports.Transaction."""
        waiting = {d.sha256 for d in self._tables.deliveries.values() if d.is_waiting}
        found = [
            one
            for one in self._tables.envelopes.values()
            if one.is_kept and one.accepted_at < before and one.sha256 not in waiting
        ]
        return tuple(sorted(found, key=lambda one: one.accepted_at)[:limit])

    async def mark_removed(self, sha256: str) -> None:
        """See ports.Transaction."""
        self._tables.envelopes[sha256] = replace(self._tables.envelopes[sha256], is_kept=False)

    async def add_envelope(self, envelope: StoredEnvelope) -> None:
        """See ports.Transaction."""
        _add(self._tables.envelopes, envelope.sha256, envelope)

    async def deliveries(self, sha256: str) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        return tuple(d for d in self._tables.deliveries.values() if d.sha256 == sha256)

    async def delivery(self, name: str) -> Delivery | None:
        """See ports.Transaction."""
        return self._tables.deliveries.get(name)

    async def add_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        _add(self._tables.deliveries, delivery.id, delivery)

    async def put_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        self._tables.deliveries[delivery.id] = delivery

    async def next_number(self) -> int:
        """See ports.Transaction."""
        number = self._tables.counters.get("inbox", 0) + 1
        self._tables.counters["inbox"] = number
        return number

    async def inbox(
        self, receiver: str, after: int, limit: int
    ) -> tuple[tuple[Delivery, StoredEnvelope], ...]:
        """See ports.Transaction."""
        waiting = sorted(
            (
                d
                for d in self._tables.deliveries.values()
                if d.receiver == receiver and d.number > after and d.is_waiting
            ),
            key=lambda d: d.number,
        )
        return tuple((d, self._tables.envelopes[d.sha256]) for d in waiting[:limit])

    async def overdue(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        late = [d for d in self._tables.deliveries.values() if d.is_unfetched and d.due_at <= now]
        return tuple(late[:limit])

    async def add_fact(self, fact: Fact) -> None:
        """See ports.Transaction."""
        if fact.cause and await self.fact_of(fact.delivery, fact.cause) is not None:
            raise StorageError(say("This entry is already in the ledger: {key}.", key=fact.cause))
        self._tables.facts[len(self._tables.facts)] = fact

    async def facts(self, sha256: str) -> tuple[Fact, ...]:
        """See ports.Transaction."""
        return tuple(fact for _, fact in sorted(self._tables.facts.items()) if fact.evidence.sha256 == sha256)

    async def fact_of(self, delivery: str, cause: str) -> Fact | None:
        """See ports.Transaction."""
        for fact in self._tables.facts.values():
            if fact.delivery == delivery and fact.cause == cause:
                return fact
        return None

    # ---- the log

    async def log_state(self) -> LogState:
        """See ports.Transaction."""
        sizes = sorted(self._tables.checkpoints)
        newest = self._tables.checkpoints[sizes[-1]] if sizes else b""
        return read_log_state(await self.note(STATE), newest)

    async def tile(self, level: int, number: int) -> bytes | None:
        """See ports.Transaction."""
        return self._tables.tiles.get((level, number))

    async def entries(self, start: int, count: int) -> tuple[bytes, ...]:
        """See ports.Transaction."""
        placed = {self._tables.leaves[fact.evidence.id]: fact for fact in self._sealed()}
        return tuple(placed[index].entry for index in sorted(placed) if start <= index < start + count)

    async def index_of(self, evidence: str) -> int | None:
        """See ports.Transaction."""
        return self._tables.leaves.get(evidence)

    async def checkpoint_over(self, index: int) -> bytes:
        """See ports.Transaction."""
        over = sorted(size for size in self._tables.checkpoints if size > index)
        return self._tables.checkpoints[over[0]] if over else b""

    async def note(self, name: str) -> bytes:
        """See ports.Transaction."""
        return self._tables.notes.get(name, b"")

    async def first_note(self, first: str, last: str) -> tuple[str, bytes] | None:
        """See ports.Transaction."""
        name = min((one for one in self._tables.notes if first <= one <= last), default=None)
        return None if name is None else (name, self._tables.notes[name])

    async def put_note(self, name: str, value: bytes) -> None:
        """See ports.Transaction."""
        self._tables.notes[name] = value

    async def seal(self, logbook: Logbook) -> None:
        """Append what was kept and is not in the log yet."""
        new = [fact for _, fact in sorted(self._tables.facts.items()) if fact not in self._sealed()]
        if new:
            state = await self.log_state()
            edge = {key: self._tables.tiles.get(key, b"") for key in state.edge()}
            sealed = logbook.seal(state, edge, [fact.entry for fact in new])
            for index, fact in enumerate(new, state.size):
                self._tables.leaves[fact.evidence.id] = index
            self._tables.tiles.update(sealed.tiles)
            await self.put_note(STATE, write_log_state(sealed.state))
            self._tables.checkpoints[sealed.state.size] = sealed.state.checkpoint

    def _sealed(self) -> list[Fact]:
        return [fact for fact in self._tables.facts.values() if fact.evidence.id in self._tables.leaves]


class MemoryLedger:
    """A Ledger in memory; survives as long as the object."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._writing = asyncio.Lock()
        self._logbook: Logbook | None = None

    def keep_log(self, logbook: Logbook) -> None:
        """Seal every record from now on into this log, under the commit that keeps it."""
        self._logbook = logbook

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """See ports.Ledger."""
        return await self.read(lambda tx: tx.agency_of(fingerprint, use))

    async def proof(self, evidence: str) -> LogProof | None:
        """See ports.Ledger."""
        return await self.read(lambda tx: prove_record(tx, evidence))

    async def write(self, work: Callable[[MemoryTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        async with self._writing:
            changed = self._tables.over()
            answer = await work(MemoryTransaction(changed))
            if self._logbook is not None:
                await MemoryTransaction(changed).seal(self._logbook)
            self._tables.merge(changed)
            return answer

    async def read(self, work: Callable[[MemoryTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        return await work(MemoryTransaction(self._tables.over()))

    async def glance(self, work: Callable[[MemoryTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        return await self.read(work)

    async def check(self) -> None:
        """See ports.Ledger."""

    async def close(self) -> None:
        """Do nothing: there is nothing to let go."""


class MemoryIncoming:
    """An Incoming in memory."""

    def __init__(self, committed: dict[str, bytes]) -> None:
        self._committed = committed
        self._data = bytearray()

    async def write(self, chunk: bytes) -> None:
        """See ports.Incoming."""
        self._data += chunk

    async def reading(self) -> BinaryIO:
        """See ports.Incoming."""
        return io.BytesIO(bytes(self._data))

    async def commit(self, sha256: str) -> None:
        """See ports.Incoming."""
        self._committed.setdefault(sha256, bytes(self._data))

    async def abort(self) -> None:
        """See ports.Incoming."""


class MemoryBodies:
    """Bodies in memory."""

    def __init__(self, *, space: int = 1 << 40) -> None:
        self.committed: dict[str, bytes] = {}
        self.space = space

    async def begin(self) -> MemoryIncoming:
        """See ports.Bodies."""
        return MemoryIncoming(self.committed)

    async def size(self, sha256: str) -> int | None:
        """See ports.Bodies."""
        body = self.committed.get(sha256)
        return None if body is None else len(body)

    async def read(self, sha256: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """See ports.Bodies."""
        body = self.committed.get(sha256, b"")
        if len(body) < end:
            raise StorageError(say("The bytes of this envelope are not where they should be."), where=sha256)
        yield body[start:end]

    async def remove(self, sha256: str) -> None:
        """See ports.Bodies."""
        self.committed.pop(sha256, None)

    async def free_space(self) -> int:
        """See ports.Bodies."""
        return self.space - sum(map(len, self.committed.values()))

    async def check(self) -> None:
        """See ports.Bodies."""
