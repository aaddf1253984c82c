"""A small SQLite file that survives: every commit is on the disk, errors are the library's own.

The outbox, the register of received envelopes and the office keep their rows in such a file. SQLite also
gives the lock that lets one process at a time do the sending and that ends with its process, on every system.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from docsign.errors import OutboxBusyError, StorageError
from docsign.files import file_error
from docsign.sentence import say

BUSY_SECONDS = 10.0
_FULL, _EXTRA = 2, 3


def open_database(
    path: Path,
    tables: str,
    version: int,
    *,
    readers_during_writes: bool = False,
    upgrades: Mapping[int, str] = MappingProxyType({}),
) -> sqlite3.Connection:
    """Open or make the database at ``path``; ``tables`` is run on a new one, ``version`` is its layout.

    ``upgrades`` has, for an older layout, the statements that make it the next one.

    Commits are synced before they return (read back). With ``readers_during_writes`` a write-ahead log lets
    others read while one writes; it needs a local disk. Statements of ``tables`` end with a semicolon at the
    end of a line. Raises DiskFullError, StorageError.
    """
    journal, synced = ("wal", _FULL) if readers_during_writes else ("delete", _EXTRA)
    with translated(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            found_mode = connection.execute(f"PRAGMA journal_mode = {journal}").fetchone()[0]
            connection.execute(f"PRAGMA synchronous = {synced:d}")
            if found_mode != journal or connection.execute("PRAGMA synchronous").fetchone()[0] != synced:
                raise StorageError(say("The database does not sync its commits."), where=str(path))
            with transaction(connection):
                found = connection.execute("PRAGMA user_version").fetchone()[0]
                while found != version:
                    statements = tables if found == 0 else upgrades.get(found)
                    if statements is None:
                        raise StorageError(
                            say("This database was made by another version of docsign."), where=str(path)
                        )
                    for statement in statements.split(";\n"):
                        connection.execute(statement)
                    found = version if found == 0 else found + 1
                    connection.execute(f"PRAGMA user_version = {found:d}")
        except BaseException:
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as one transaction that takes the write lock at its beginning."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block that only reads: all of it sees one state of the file, and no writer waits for it."""
    connection.execute("BEGIN")
    try:
        connection.execute("PRAGMA query_only = ON")
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA query_only = OFF")


@contextlib.contextmanager
def sole_user(path: Path, *, patience: float = 5.0) -> Iterator[None]:
    """Hold the lock file at ``path`` for the block; raises OutboxBusyError where another process keeps it.

    The lock ends with the process that holds it, however that ends.
    """
    with translated(path):
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        with translated(path):
            connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about ``path`` into the library's."""
    try:
        yield
    except sqlite3.Error as error:
        primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            raise file_error(OSError(errno.ENOSPC, "full"), path) from error
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OutboxBusyError(
                say("Another docsign is at work in this folder now."), where=str(path.parent)
            ) from error
        if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StorageError(say("This database is damaged."), where=str(path)) from error
        if primary == sqlite3.SQLITE_IOERR and _disk_is_full(path):
            raise file_error(OSError(errno.ENOSPC, "full"), path) from error
        raise StorageError(
            say("The disk reports an error: {reason}.", reason=error), where=str(path)
        ) from error
    except OSError as error:
        raise file_error(error, path) from error


def _disk_is_full(path: Path) -> bool:
    """Ask the disk itself: SQLite reports a journal that found no room as an I/O error."""
    import shutil

    try:
        return shutil.disk_usage(path.parent).free < 64 * 1024
    except OSError:
        return False
