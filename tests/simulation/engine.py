"""What lies beneath the ledger: statements that fail, commits that fail or had happened, a log that is torn.

SQLite's own engine runs as it is. Met here are its answers (an error of the disk in the middle of a unit, a
full disk, after which SQLite may have ended the transaction by itself) and the moment of the commit: what the
log held at the last commit that was answered survives a power cut, what came later may be torn.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay_server.storage.connection import Connection
from relay_server.storage.database import DatabaseLedger
from tests.simulation.disk import Weather
from tests.simulation.virtual_time import MACHINE, PowerCutError


@dataclass(slots=True, kw_only=True)
class Engine:
    """The database file of one life, and every ledger that is open over it."""

    path: Path
    weather: Weather
    dice: random.Random
    lazy_commits: bool = False
    """For a mutant: most commits are answered before they are durable."""
    _ledgers: list[DatabaseLedger] = field(default_factory=list)
    _durable: int = 0
    _torn: bool = False

    def watch(self, ledger: DatabaseLedger) -> None:
        """Lie in wait at what this ledger asks of the database."""
        self._ledgers.append(ledger)
        writer, watcher = ledger._writer, ledger._watcher
        assert writer is not None
        assert watcher is not None
        writer.pragma("wal_autocheckpoint=0")
        self._durable = max(self._durable, self._log_size())
        writer.commit = self._committing(writer.commit)  # type: ignore[method-assign]
        for connection in (writer, watcher, *ledger._readers.queue):
            what = "statement" if connection is writer else "query"
            connection.rows = self._running(connection, what, connection.rows)  # type: ignore[method-assign]
            connection.run = self._running(connection, what, connection.run)  # type: ignore[method-assign]

    def forget(self, ledger: DatabaseLedger) -> None:
        """Say that this ledger was closed."""
        if ledger in self._ledgers:
            self._ledgers.remove(ledger)

    def _running(self, connection: Connection, what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            weather = self.weather
            if MACHINE.get() is None:
                return real(*args)
            struck = weather.strikes(what)
            full = what == "statement" and weather.storm and weather.full and self.dice.random() < 0.1
            if not struck and not full:
                return real(*args)
            if struck.endswith("late"):
                real(*args)
            if struck.startswith("cut"):
                raise PowerCutError
            if connection.is_in_transaction and self.dice.random() < 0.5:
                weather.met["transaction ended by the database"] += 1
                connection._driver.execute("ROLLBACK")
            if full:
                weather.met["statement: disk full"] += 1
            raise _error(full)

        return call

    def _committing(self, commit: Callable[[], None]) -> Callable[[], None]:
        def committing() -> None:
            weather = self.weather
            if weather.storm and weather.full and self.dice.random() < 0.5:
                weather.met["commit: disk full"] += 1
                raise _error(True)
            struck = weather.strikes("commit")
            if struck == "cut":
                raise PowerCutError
            if struck == "failed":
                raise _error(False)
            before = self._log_size()
            commit()
            if struck == "cut late":
                self._torn = True
                self._durable = min(self._log_size(), before)
                raise PowerCutError
            if not self.lazy_commits or self.dice.random() < 0.1:
                self._durable = self._log_size()
            if struck:
                raise _error(False)

        return committing

    def _log_size(self) -> int:
        path = Path(f"{self.path}-wal")
        return path.stat().st_size if path.exists() else 0

    def survive(self, fresh: Path, how: str) -> None:
        """Leave at ``fresh`` what this death ("kill" or "power") leaves of the database."""
        dice = self.dice
        shutil.copyfile(self.path, fresh)
        log = Path(f"{self.path}-wal")
        if log.exists():
            data = log.read_bytes()
            rest = data[self._durable :]
            data = data[: self._durable]
            if rest and (how == "power" or self._torn):
                self.weather.met["commit torn"] += 1
                kept = rest[: dice.randrange(len(rest) + 1)]
                data += kept + (dice.randbytes(dice.randrange(64)) if dice.random() < 0.5 else b"")
            else:
                data += rest
            Path(f"{fresh}-wal").write_bytes(data)
        for ledger in self._ledgers:
            ledger._let_go()
        self._ledgers.clear()
        for name in ("", "-wal", "-shm"):
            Path(f"{self.path}{name}").unlink(missing_ok=True)
        self.path, self._torn, self._durable = fresh, False, 0


def _error(full: bool) -> sqlite3.OperationalError:
    return sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
