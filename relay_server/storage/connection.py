"""One connection to the ledger's SQLite file, and statements that are compiled once.

The statements are written in SQLAlchemy Core, one text for every database; each is compiled the first time it
is used and then handed to the driver as text, since SQLAlchemy's own way of running one takes ten times what
SQLite needs to answer it. Transactions are ours, not the driver's.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.expression import ClauseElement

from docsign.errors import DiskFullError, EvidenceError, StorageError
from docsign.sentence import say

BUSY_SECONDS: Final = 15
"""How long a writer waits for another process (the directory's command line) to finish its commit."""

_SQLITE: Final = dialect(paramstyle="named")


@lru_cache(maxsize=256)
def _compiled(statement: ClauseElement) -> tuple[str, dict[str, Any]]:
    """Return a statement's text and the values that stand in it already."""
    found = statement.compile(dialect=_SQLITE)
    return str(found), {name: value for name, value in found.params.items() if value is not None}


@lru_cache(maxsize=64)
def _making(table: Table) -> tuple[str, ...]:
    """Return the statements that make a table and its indexes where they are missing."""
    made: list[ClauseElement] = [CreateTable(table, if_not_exists=True)]
    made += [CreateIndex(index, if_not_exists=True) for index in table.indexes]
    return tuple(str(one.compile(dialect=_SQLITE)) for one in made)


class Connection:
    """A connection that commits durably; one thread at a time uses it, errors are the driver's."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        """Open the file; a writer makes it where it is missing."""
        self._driver = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._driver.row_factory = sqlite3.Row
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        if writes:
            self.pragma("journal_mode=WAL")
        self.pragma("synchronous=FULL")
        self.pragma("foreign_keys=ON")
        if not writes:
            self.pragma("query_only=ON")  # whoever reads changes nothing, whatever it tries

    def pragma(self, text: str) -> Any:
        """Run a PRAGMA and return its answer, None where it gives none."""
        row = self._driver.execute(f"PRAGMA {text}").fetchone()
        return None if row is None else row[0]

    def rows(self, statement: ClauseElement, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the rows a statement gives, their columns by name."""
        text, fixed = _compiled(statement)
        return self._driver.execute(text, {**fixed, **(values or {})}).fetchall()

    def run(self, statement: ClauseElement, *rows: Mapping[str, Any]) -> int:
        """Run a statement for each of ``rows``; return how many rows of the tables it touched."""
        text, fixed = _compiled(statement)
        if len(rows) == 1:
            return self._driver.execute(text, {**fixed, **rows[0]}).rowcount
        return self._driver.executemany(text, [{**fixed, **row} for row in rows]).rowcount

    def make_tables(self, tables: Iterable[Table]) -> None:
        """Make the tables and indexes that are missing."""
        for table in tables:
            for text in _making(table):
                self._driver.execute(text)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction; a writer's takes the lock at its beginning."""
        self._driver.execute(self._begin)
        try:
            yield
            self.commit()
        except BaseException:
            if self.is_in_transaction:
                self._driver.execute("ROLLBACK")
            raise

    def commit(self) -> None:
        """Make the transaction's changes durable."""
        self._driver.execute("COMMIT")

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open: SQLite ends it itself on some errors of the disk or the memory."""
        return self._driver.in_transaction

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a block whose error undoes its own changes alone."""
        self._driver.execute("SAVEPOINT unit")
        try:
            yield
        except BaseException:
            self._driver.execute("ROLLBACK TO unit")
            self._driver.execute("RELEASE unit")
            raise
        self._driver.execute("RELEASE unit")

    def close(self) -> None:
        """Let the file go."""
        self._driver.close()


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the database's errors into the library's."""
    try:
        yield
    except EvidenceError as error:
        raise StorageError(error.sentence, where=f"{path}: {error.where}") from error
    except sqlite3.IntegrityError as error:
        raise StorageError(
            say("This entry is already in the ledger: {key}.", key=error), where=str(path)
        ) from error
    except (sqlite3.Error, OSError, OverflowError) as error:
        if "disk is full" in str(error):
            raise DiskFullError(say("The disk is full: nothing was written."), where=str(path)) from error
        raise StorageError(
            say("The database reports an error: {reason}.", reason=error), where=str(path)
        ) from error
