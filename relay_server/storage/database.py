"""The ledger in a database (SQLite): one writer that commits groups, any number of readers.

SQLite runs with WAL and ``synchronous=FULL``, so that every commit is on the disk before it is answered; both
are read back at the start and the ledger refuses to open without them. A group of units runs in the writer's
thread from its first statement to its commit: one hand-over between threads a group, not one a statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from sqlalchemy import insert, select

from docsign.envelope.signed_note import LogProof
from docsign.errors import DiskFullError, StorageError
from docsign.sentence import say
from relay_server.core.directory import Agency, Use
from relay_server.core.logbook import Logbook, Sealed
from relay_server.log import LOGGER
from relay_server.proving import prove_record
from relay_server.storage import tables
from relay_server.storage.connection import Connection, translated
from relay_server.storage.transaction import DatabaseTransaction, KnownAgencies, directory_edition
from relay_server.storage.wal import is_whole
from relay_server.troubles import LOST, RESTORE

Answer = TypeVar("Answer")
Work = Callable[[DatabaseTransaction], Awaitable[Any]]

GROUP: Final = 64
"""The most units of work under one commit."""

READERS: Final = 4
RECENT: Final = 2048
"""Of how many records the proof is at hand without a look into the store."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    answer: Any = None
    error: Exception | None = None


class DatabaseLedger:
    """A Ledger over SQLAlchemy; open it with ``DatabaseLedger.open``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Connection | None = None
        self._readers: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._watcher: Connection | None = None
        self._agencies = KnownAgencies()
        self._writing = ThreadPoolExecutor(1, "ledger-writer")
        self._reading = ThreadPoolExecutor(READERS, "ledger-reader")
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._logbook: Logbook | None = None
        self._recent: OrderedDict[str, tuple[Sealed, int]] = OrderedDict()

    @staticmethod
    async def open(path: Path) -> DatabaseLedger:
        """Open or create the SQLite file; raises StorageError where durability cannot be had."""
        ledger = DatabaseLedger(path)
        try:
            await asyncio.get_running_loop().run_in_executor(ledger._writing, ledger._prepare)
        except StorageError:
            await ledger.close()
            raise
        ledger._task = asyncio.create_task(ledger._write_groups(), name="ledger writer")
        return ledger

    def keep_log(self, logbook: Logbook) -> None:
        """Seal every record from now on into this log, under the commit that keeps it."""
        self._logbook = logbook

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """See ports.Ledger."""
        await self.check()
        with translated(self._path):
            assert self._watcher is not None
            # here and now: one row of a page that is at hand costs less than a hand-over to a thread
            edition = directory_edition(self._watcher)
        known = self._agencies.in_edition(edition)
        if (fingerprint, use) not in known:
            edition, agency = await self.read(lambda tx: tx.agency_in_edition(fingerprint, use))
            known = self._agencies.in_edition(edition)
            known[fingerprint, use] = agency
        return known[fingerprint, use]

    async def proof(self, evidence: str) -> LogProof | None:
        """See ports.Ledger."""
        recent = self._recent.get(evidence)
        if recent is not None:
            sealed, index = recent
            return sealed.proof(index)
        return await self.read(lambda tx: prove_record(tx, evidence))

    async def write(self, work: Callable[[DatabaseTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        await self.check()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Job(work, answer))
        return await answer

    async def read(self, work: Callable[[DatabaseTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        await self.check()
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._read, work)

    async def glance(self, work: Callable[[DatabaseTransaction], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        await self.check()
        assert self._watcher is not None
        # a few rows of pages that are at hand cost less than a hand-over to a thread
        with translated(self._path), self._watcher.transaction():
            return _driven(work(DatabaseTransaction(self._watcher, self._agencies)))

    def _read(self, work: Callable[[DatabaseTransaction], Awaitable[Answer]]) -> Answer:
        with translated(self._path):
            connection = self._readers.get()  # as many as threads that read
            try:
                with connection.transaction():
                    return _driven(work(DatabaseTransaction(connection)))
            finally:
                self._readers.put(connection)

    async def check(self) -> None:
        """See ports.Ledger."""
        if self._task is None or self._task.done():
            raise StorageError(say("The ledger's writer has stopped."), where=str(self._path))

    async def close(self) -> None:
        """Finish what waits to be written, then let the file go."""
        if self._task is not None:
            self._jobs.put_nowait(None)
            await self._task
            self._task = None
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._reading.shutdown()
        self._writing.shutdown()
        with contextlib.suppress(queue.Empty):
            while True:
                self._readers.get_nowait().close()
        for connection in (self._writer, self._watcher):
            if connection is not None:
                connection.close()
        self._writer = self._watcher = None

    def _prepare(self) -> None:
        if not is_whole(self._path):  # SQLite would go on from before: another history under the same log
            raise StorageError(LOST, where=f"{self._path}-wal", hint=RESTORE)
        with translated(self._path):
            self._writer = writer = Connection(self._path, writes=True)
            # read back: a file system without shared memory silently refuses WAL
            mode, synchronous = writer.pragma("journal_mode"), writer.pragma("synchronous")
            if mode != "wal" or synchronous != 2:
                raise StorageError(
                    say(
                        "The database cannot keep commits safe here "
                        "(journal {mode}, synchronous {synchronous}).",
                        mode=mode,
                        synchronous=synchronous,
                    ),
                    where=str(self._path),
                )
            with writer.transaction():
                writer.make_tables([tables.meta])
                _require_form(writer, self._path)  # before anything is made in another version's file
                writer.make_tables(tables.metadata.sorted_tables)
            for _ in range(READERS):
                self._readers.put(Connection(self._path, writes=False))
            self._watcher = Connection(self._path, writes=False)

    async def _write_groups(self) -> None:
        """Take what waits, run it under one commit, answer; until ``close`` puts None behind the last job."""
        loop = asyncio.get_running_loop()
        closing = False
        while not closing:
            group: list[_Job] = []
            while not closing and len(group) < GROUP and not (group and self._jobs.empty()):
                job = await self._jobs.get()
                if job is None:
                    closing = True
                else:
                    group.append(job)
                    await asyncio.sleep(0)  # those whose turn it is already come along
            if not group:
                continue
            try:
                outcomes = await loop.run_in_executor(self._writing, self._commit, group)
            except StorageError as error:
                outcomes = [_Outcome(error=error)] * len(group)
            except Exception as error:  # noqa: BLE001 -- a bug of ours: who waits is told all the same, for else he waits for ever
                LOGGER.error("bug", exc_info=error)
                unknown = say("The database reports an error: {reason}.", reason=type(error).__name__)
                outcomes = [_Outcome(error=StorageError(unknown, where=str(self._path)))] * len(group)
            for job, outcome in zip(group, outcomes, strict=True):
                if job.answer.done():  # nobody waits any more
                    continue
                if outcome.error is None:
                    job.answer.set_result(outcome.answer)
                else:
                    job.answer.set_exception(outcome.error)

    def _commit(self, group: list[_Job]) -> list[_Outcome]:
        """Run a group under one commit; raises StorageError where nothing, or nobody knows what, was kept."""
        assert self._writer is not None
        transaction = DatabaseTransaction(self._writer)
        with translated(self._path), self._writer.transaction():
            outcomes = [self._run(job, self._writer, transaction) for job in group]
            grown = None if self._logbook is None else transaction.seal(self._logbook)
        if grown is not None:  # committed: now it may be shown
            sealed, placed = grown
            self._recent.update((evidence, (sealed, index)) for evidence, index in placed.items())
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return outcomes

    def _run(self, job: _Job, connection: Connection, transaction: DatabaseTransaction) -> _Outcome:
        """Run one unit in a savepoint; its own error is its outcome, a failing disk is the whole group's."""
        failure: Exception | None = None
        try:
            with connection.savepoint():
                try:
                    with translated(self._path):
                        return _Outcome(answer=_driven(job.work(transaction)))
                except Exception as error:
                    failure = error
                    raise
        except Exception as error:  # noqa: BLE001 -- the unit's own error goes to its caller, whatever it is
            # a full or failing disk makes SQLite end the whole transaction: undoing the savepoint fails on
            # top, what the units before did is gone, and what came now would be committed by itself
            if failure is None or isinstance(failure, DiskFullError) or not connection.is_in_transaction:
                raise (failure or error) from None
            return _Outcome(error=failure)


def _driven(work: Awaitable[Answer]) -> Answer:
    """Run a unit to its end here: it awaits nothing but its transaction, which never suspends."""
    coroutine = cast("Coroutine[Any, Any, Answer]", work)
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return cast("Answer", ended.value)
    coroutine.close()
    raise AssertionError("a unit of work awaits nothing but its transaction")


def _require_form(connection: Connection, path: Path) -> None:
    """Write the version of the tables into a new database; raise StorageError for another one's."""
    rows = connection.rows(select(tables.meta.c.value).where(tables.meta.c.name == "schema"))
    version = rows[0]["value"] if rows else None
    if version is None:
        connection.run(insert(tables.meta), *tables.BEGINNING)
    elif version != tables.SCHEMA_VERSION:
        raise StorageError(
            say(
                "The database has form {found}; this version knows {known}.",
                found=version,
                known=tables.SCHEMA_VERSION,
            ),
            where=str(path),
            hint=say("docsign-relay migrate brings an older database to the form of this version."),
        )
