"""A relay's database read as it lies there: read-only, one view, each value's kind looked at.

For checking and copying; the ledger proper is ``database``. A damaged database is told, never raised as
another library's error.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from docsign.errors import DiskFullError, FileUnusableError, StorageError
from docsign.files import is_file
from docsign.sentence import say

Row = dict[str, Any]

BUSY_SECONDS: Final = 15

LEAST_ROOM: Final = 64 * 1024
"""Bytes free that SQLite needs to read a database whose write-ahead log was left by a crash."""

_NULLABLE = {"ended_at", "leased_until", "warn_at", "cause", "leaf"}
FORM: Final[dict[str, dict[str, type]]] = {
    "meta": {"name": str, "value": int},
    "agencies": {"key": str, "code": str, "name": str, "folded": str},
    "bindings": {"sha256": str, "use": str, "agency": str, "not_before": int, "not_after": int},
    "envelopes": {
        "sha256": str,
        "size": int,
        "sender": str,
        "document_id": str,
        "subject": str,
        "priority": int,
        "kind": int,
        "accepted_at": int,
        "number_key": str,
        "kept": int,
    },
    "deliveries": {
        "id": str,
        "sha256": str,
        "sender": str,
        "receiver": str,
        "number": int,
        "state": str,
        "reached": str,
        "waiting": int,
        "unfetched": int,
        "changed_at": int,
        "expires_at": int,
        "leased_by": str,
        "leased_until": int,
        "warn_at": int,
        "due_at": int,
    },
    "facts": {
        "number": int,
        "id": str,
        "sha256": str,
        "delivery": str,
        "cause": str,
        "state": str,
        "record": bytes,
        "signature": bytes,
        "leaf": int,
    },
    "tiles": {"level": int, "number": int, "hashes": bytes},
    "checkpoints": {"size": int, "note": bytes},
    "notes": {"name": str, "value": bytes},
    "grants": {"id": str, "grantor": str, "ended_at": int, "record": bytes, "signature": bytes},
}
"""The columns of each table and the kind of their values."""


DAMAGED: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What values that were never written raise where they are used."""


class DamagedRowError(ValueError):
    """A row whose values are not of the kind they were written as; ``table`` and ``column`` say where."""

    def __init__(self, table: str, column: str) -> None:
        super().__init__(f"{table}.{column}")


class RawDatabase:
    """One read-only view of a relay's database."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @staticmethod
    @contextlib.contextmanager
    def open(path: Path) -> Iterator[RawDatabase]:
        """Open one consistent view beside whoever writes; raises FileUnusableError, StorageError."""
        if not is_file(path):
            raise FileUnusableError(say("There is no such file."), where=str(path))
        with translated(path):
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_SECONDS
            )
            try:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                connection.row_factory = sqlite3.Row
                connection.execute("BEGIN")
                yield RawDatabase(connection, path)
            finally:
                connection.close()

    def rows(self, table: str, rest: str = "", *values: object) -> Iterator[Row | DamagedRowError]:
        """Yield the rows of a table, or for a damaged one what is wrong; raises StorageError."""
        form = FORM[table]
        with translated(self.path):
            query = f"SELECT {', '.join(form)} FROM {table} {rest}"  # noqa: S608 -- names of our own tables
            for row in self.connection.execute(query, values):
                yield _formed(dict(row), table, form)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query of ours; raises StorageError."""
        with translated(self.path):
            return [tuple(row) for row in self.connection.execute(query, values)]

    def ask_named(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query of ours whose values have names; raises StorageError."""
        with translated(self.path):
            return [tuple(row) for row in self.connection.execute(query, values)]

    def note(self, name: str) -> bytes:
        """Return what the ledger keeps under this name, empty where nothing is or it is damaged."""
        for row in self.rows("notes", "WHERE name = ?", name):
            if isinstance(row, dict):
                return bytes(row["value"])
        return b""


def _has_no_room(path: Path) -> bool:
    """Tell whether a file beside the database could not be made: SQLite calls that an error of the disk."""
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM
    except OSError:
        return False


def _formed(row: Row, table: str, form: dict[str, type]) -> Row | DamagedRowError:
    for column, kind in form.items():
        value = row[column]
        if type(value) is not kind and not (value is None and column in _NULLABLE):
            return DamagedRowError(table, column)
    return row


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the library's."""
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        if "disk is full" in str(error) or ("disk I/O" in str(error) and _has_no_room(path)):
            raise DiskFullError(say("The disk is full: nothing was written."), where=str(path)) from error
        raise StorageError(
            say("The database reports an error: {reason}.", reason=error), where=str(path)
        ) from error
