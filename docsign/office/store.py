"""The office's rows in one SQLite file: durable at each commit, one writer at a time, many processes.

A write-ahead log with synchronous=FULL, read back when it is opened. A unit of work takes the write lock when
it begins, so that two clerks who ask for a number are served one after the other; a process that dies in its
unit leaves nothing of it. The file must lie on a local disk. The log of steps refuses changes by triggers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from docsign.database import open_database, snapshot, transaction, translated
from docsign.document.outgoing import Outgoing, Stage
from docsign.files import file_error
from docsign.office.incoming import Incoming
from docsign.office.records import Record
from docsign.office.register import incoming_text, outgoing_text
from docsign.office.series import Numbered

FILE_NAME = "office.db"
_VERSION = 1
_TABLES = """
CREATE TABLE last_id (id INTEGER NOT NULL);
INSERT INTO last_id VALUES (0);
CREATE TABLE series (
    series TEXT NOT NULL, year INTEGER NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (series, year)
) WITHOUT ROWID;
CREATE TABLE number (
    series TEXT NOT NULL, year INTEGER NOT NULL, number INTEGER NOT NULL,
    day TEXT NOT NULL, holder TEXT NOT NULL,
    PRIMARY KEY (series, year, number), UNIQUE (series, year, holder)
) WITHOUT ROWID;
CREATE TABLE free_number (
    series TEXT NOT NULL, year INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (series, year, number)
) WITHOUT ROWID;
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY, stage TEXT NOT NULL, day TEXT, text TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX outgoing_stage ON outgoing (stage);
CREATE INDEX outgoing_day ON outgoing (day);
CREATE TABLE incoming (
    year INTEGER NOT NULL, number INTEGER NOT NULL, day TEXT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (year, number)
) WITHOUT ROWID;
CREATE INDEX incoming_day ON incoming (day);
CREATE TABLE incoming_key (
    key TEXT NOT NULL, year INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (key, year, number)
) WITHOUT ROWID;
CREATE TABLE record (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
    digest TEXT NOT NULL, UNIQUE (subject, position)
);
CREATE TRIGGER record_stays BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records stay'); END;
CREATE TRIGGER record_is_kept BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records stay'); END;
CREATE TABLE file (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
"""


class SqliteStore:
    """A folder with the office's file in it; each process opens a store of its own."""

    def __init__(self, folder: Path | str) -> None:
        """Open or make it; raises FileUnusableError, DiskFullError, StorageError, OutboxBusyError."""
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(error, folder) from error
        self._path = folder / FILE_NAME
        self._rows = open_database(self._path, _TABLES, _VERSION, readers_during_writes=True)

    @contextmanager
    def unit(self, *, for_reading: bool = False) -> Iterator[SqliteRows]:
        """Begin a unit of work; see ``ports.OfficeStore``."""
        begin = snapshot if for_reading else transaction
        with translated(self._path), begin(self._rows):
            yield SqliteRows(self._rows)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()


class SqliteRows:
    """The rows of one unit of work; the contract is that of ``ports.OfficeRows``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def new_id(self) -> int:
        """See ``ports.OfficeRows``."""
        self._run("UPDATE last_id SET id = id + 1")
        return int(self._run("SELECT id FROM last_id").fetchone()[0])

    def first_number(self, series: str, year: int) -> int:
        """See ``ports.NumberRows``."""
        row = self._run("SELECT first FROM series WHERE series = ? AND year = ?", (series, year)).fetchone()
        return 1 if row is None else int(row[0])

    def begin_series(self, series: str, year: int, first: int) -> None:
        """See ``ports.NumberRows``."""
        self._run("INSERT OR REPLACE INTO series VALUES (?, ?, ?)", (series, year, first))

    def held_by(self, series: str, year: int, holder: str) -> Numbered | None:
        """See ``ports.NumberRows``."""
        return self._numbered("AND holder = ?", (series, year, holder))

    def below(self, series: str, year: int, number: int | None) -> Numbered | None:
        """See ``ports.NumberRows``."""
        if number is None:
            return self._numbered("ORDER BY number DESC LIMIT 1", (series, year))
        return self._numbered("AND number < ? ORDER BY number DESC LIMIT 1", (series, year, number))

    def above(self, series: str, year: int, number: int) -> Numbered | None:
        """See ``ports.NumberRows``."""
        return self._numbered("AND number > ? ORDER BY number LIMIT 1", (series, year, number))

    def free_numbers(self, series: str, year: int) -> Sequence[int]:
        """See ``ports.NumberRows``."""
        rows = self._run(
            "SELECT number FROM free_number WHERE series = ? AND year = ? ORDER BY number", (series, year)
        )
        return tuple(int(row[0]) for row in rows)

    def hold(self, numbered: Numbered) -> None:
        """See ``ports.NumberRows``."""
        key = (numbered.series, numbered.year, numbered.number)
        self._run(
            "INSERT INTO number VALUES (?, ?, ?, ?, ?)", (*key, numbered.day.isoformat(), numbered.holder)
        )
        self._run("DELETE FROM free_number WHERE series = ? AND year = ? AND number = ?", key)

    def release(self, numbered: Numbered, *, free: bool) -> None:
        """See ``ports.NumberRows``."""
        key = (numbered.series, numbered.year, numbered.number)
        self._run("DELETE FROM number WHERE series = ? AND year = ? AND number = ?", key)
        if free:
            self._run("INSERT INTO free_number VALUES (?, ?, ?)", key)

    def forget_free_from(self, series: str, year: int, number: int) -> None:
        """See ``ports.NumberRows``."""
        self._run(
            "DELETE FROM free_number WHERE series = ? AND year = ? AND number >= ?", (series, year, number)
        )

    def outgoing(self, number: int) -> Outgoing | None:
        """See ``ports.OfficeRows``."""
        row = self._run("SELECT body FROM outgoing WHERE id = ?", (number,)).fetchone()
        return None if row is None else Outgoing.from_json(json.loads(row[0]))

    def list_outgoing(
        self,
        *,
        stages: frozenset[Stage] | None = None,
        first: date | None = None,
        last: date | None = None,
        words: Sequence[str] = (),
    ) -> Sequence[Outgoing]:
        """See ``ports.OfficeRows``."""
        where, values = _where(first, last, words)
        if stages is not None:
            where += " AND stage IN (SELECT value FROM json_each(?))"
            values.append(json.dumps([stage.value for stage in stages]))
        query = f"SELECT body FROM outgoing WHERE 1{where} ORDER BY id"  # noqa: S608 -- texts of ours
        return tuple(Outgoing.from_json(json.loads(row[0])) for row in self._run(query, values))

    def incoming(self, year: int, number: int) -> Incoming | None:
        """See ``ports.OfficeRows``."""
        row = self._run("SELECT body FROM incoming WHERE year = ? AND number = ?", (year, number)).fetchone()
        return None if row is None else Incoming.from_json(json.loads(row[0]))

    def list_incoming(
        self, *, first: date | None = None, last: date | None = None, words: Sequence[str] = ()
    ) -> Sequence[Incoming]:
        """See ``ports.OfficeRows``."""
        where, values = _where(first, last, words)
        query = f"SELECT body FROM incoming WHERE 1{where} ORDER BY year, number"  # noqa: S608 -- likewise
        return tuple(Incoming.from_json(json.loads(row[0])) for row in self._run(query, values))

    def same_incoming(self, keys: Sequence[str]) -> Sequence[Incoming]:
        """See ``ports.OfficeRows``."""
        query = (
            "SELECT DISTINCT incoming.body FROM incoming_key JOIN incoming USING (year, number)"
            " WHERE key IN (SELECT value FROM json_each(?)) ORDER BY year, number"
        )
        return tuple(Incoming.from_json(json.loads(row[0])) for row in self._run(query, (json.dumps(keys),)))

    def keep_outgoing(self, outgoing: Outgoing) -> None:
        """See ``ports.OfficeRows``."""
        self._run(
            "INSERT OR REPLACE INTO outgoing VALUES (?, ?, ?, ?, ?)",
            (
                outgoing.id,
                outgoing.stage.value,
                None if outgoing.day is None else outgoing.day.isoformat(),
                outgoing_text(outgoing),
                json.dumps(outgoing.to_json(), ensure_ascii=False),
            ),
        )

    def keep_incoming(self, incoming: Incoming) -> None:
        """See ``ports.OfficeRows``."""
        place = (incoming.year, incoming.number)
        body = json.dumps(incoming.to_json(), ensure_ascii=False)
        self._run(
            "INSERT OR REPLACE INTO incoming VALUES (?, ?, ?, ?, ?)",
            (*place, incoming.day.isoformat(), incoming_text(incoming), body),
        )
        self._run("DELETE FROM incoming_key WHERE year = ? AND number = ?", place)
        for key in set(incoming.keys):
            self._run("INSERT INTO incoming_key VALUES (?, ?, ?)", (key, *place))

    def append(self, record: Record) -> None:
        """See ``ports.OfficeRows``."""
        self._run(
            "INSERT INTO record (subject, position, body, digest) VALUES (?, ?, ?, ?)",
            (
                record.subject,
                record.position,
                json.dumps(record.to_json(), ensure_ascii=False),
                record.digest,
            ),
        )

    def history(self, subject: str) -> Sequence[Record]:
        """See ``ports.OfficeRows``."""
        rows = self._run("SELECT body FROM record WHERE subject = ? ORDER BY position", (subject,))
        return tuple(Record.from_json(json.loads(row[0])) for row in rows)

    def last_digest(self) -> str:
        """See ``ports.OfficeRows``."""
        row = self._run("SELECT digest FROM record ORDER BY id DESC LIMIT 1").fetchone()
        return "" if row is None else str(row[0])

    def records(self) -> Sequence[Record]:
        """See ``ports.OfficeRows``."""
        rows = self._run("SELECT body FROM record ORDER BY id")
        return tuple(Record.from_json(json.loads(row[0])) for row in rows)

    def keep_file(self, sha256: str, data: bytes) -> None:
        """See ``ports.OfficeRows``."""
        self._run("INSERT OR IGNORE INTO file VALUES (?, ?)", (sha256, data))

    def file(self, sha256: str) -> bytes | None:
        """See ``ports.OfficeRows``."""
        row = self._run("SELECT data FROM file WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else bytes(row[0])

    def _numbered(self, clause: str, values: tuple[object, ...]) -> Numbered | None:
        row = self._run(
            f"SELECT series, year, number, day, holder FROM number WHERE series = ? AND year = ? {clause}",  # noqa: S608
            values,
        ).fetchone()
        if row is None:
            return None
        return Numbered(
            series=row["series"],
            year=row["year"],
            number=row["number"],
            day=date.fromisoformat(row["day"]),
            holder=row["holder"],
        )


def _where(first: date | None, last: date | None, words: Sequence[str]) -> tuple[str, list[object]]:
    """Return the conditions of a list, each beginning with AND, and their values."""
    where, values = "", list[object]()
    for mark, day in ((">=", first), ("<=", last)):
        if day is not None:
            where += f" AND day {mark} ?"
            values.append(day.isoformat())
    for word in words:
        where += " AND instr(text, ?) > 0"
        values.append(word)
    return where, values
