"""The outbox: what is to be sent is durable first, sent when there is a network, and delivered once.

An entry is on the disk before ``add`` returns. It counts as sent only after the relay's checked receipt is in
the same file; a crash between the two repeats the sending, and the relay, which knows envelopes and statuses
by their digests, answers the repetition as it answered the first time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from docsign.database import open_database, sole_user, transaction, translated
from docsign.envelope import require_not_secret, write_status
from docsign.envelope.evidence import Receipt
from docsign.envelope.status import Status
from docsign.errors import (
    DocsignError,
    FileUnusableError,
    RelayBusyError,
    RelayIdentityError,
    RelayRefusedError,
    RelayUnreachableError,
    StorageError,
    UsageError,
)
from docsign.exchange import wire
from docsign.exchange.bodies import digest_of, discard, keep_copy, make_folder
from docsign.exchange.entries import Entry, EntryKind, EntryState, LastError, header_of
from docsign.files import file_error
from docsign.sentence import say

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_ASKED = timedelta(days=12)
"""Longer than any relay may ask us to wait (Retry-After of six digits)."""
ORPHAN_AGE = timedelta(days=1)
"""A copy without an entry that is older than this is what a crash left behind."""

STAMPED_AFTER = timedelta(minutes=2)
"""How long after an envelope was sent its receipt is asked for again: relays stamp their log in batches."""
_ASKED_AT_ONCE = 100

_VERSION = 2
_TABLES = """
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('envelope', 'status')),
    sha256 TEXT NOT NULL,
    envelope TEXT NOT NULL,
    document_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    receivers TEXT NOT NULL,
    code TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'refused')),
    attempts INTEGER NOT NULL DEFAULT 0,
    added_at INTEGER NOT NULL,
    next_try INTEGER,
    finished_at INTEGER,
    time_to_live INTEGER,
    error TEXT,
    status BLOB,
    answer BLOB,
    stamped INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, sha256)
);
CREATE INDEX entry_waiting ON entry (id) WHERE state = 'waiting';
CREATE INDEX entry_envelope ON entry (envelope, kind, code);
CREATE INDEX entry_document ON entry (document_id);
CREATE INDEX entry_unstamped ON entry (finished_at) WHERE kind = 'envelope' AND state = 'sent' AND stamped = 0
"""
_UPGRADES = {
    1: """
ALTER TABLE entry ADD COLUMN stamped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entry_unstamped ON entry (finished_at) WHERE kind = 'envelope' AND state = 'sent' AND stamped = 0
"""
}


class Sender(Protocol):
    """What the outbox needs of a relay's client; both calls are safe to repeat with the same bytes."""

    async def send(self, envelope: bytes | Path, *, time_to_live: timedelta | None = None) -> Receipt:
        """Submit an envelope and return its checked receipt."""
        ...

    async def send_status(self, sha256: str, status: bytes) -> wire.StatusAccepted:
        """Send an edXML status about an envelope."""
        ...


class Receipts(Protocol):
    """What gives receipts again: a relay's client."""

    async def receipt(self, sha256: str) -> Receipt:
        """Return the checked receipt of an envelope, time-stamped where it is by now."""
        ...


class Outbox:
    """A folder of what is to be sent; several processes may use it, one of them sends at a time."""

    def __init__(
        self, folder: Path | str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open or make the outbox; raises FileUnusableError, DiskFullError, StorageError."""
        self.folder = Path(folder)
        self._bodies = self.folder / "bodies"
        self._clock = clock
        make_folder(self._bodies)
        self._path = self.folder / "outbox.db"
        self._rows = open_database(self._path, _TABLES, _VERSION, upgrades=_UPGRADES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    # ---- putting in --------------------------------------------------------------------------------------

    def add(self, envelope: bytes | Path, *, time_to_live: timedelta | None = None) -> Entry:
        """Keep an envelope to be sent; it is on the disk when this returns.

        The same bytes again are the same entry: what was sent stays sent, what was refused waits again.
        Raises FileUnusableError, ContainerError or EdxmlError for what is no envelope, SecretDocumentError,
        DiskFullError (nothing was kept then), StorageError.
        """
        header = header_of(envelope)
        require_not_secret(header)
        sha256, size = digest_of(envelope)
        known = self._find("envelope", sha256)
        if known is not None and known.state is EntryState.SENT:
            return known
        copied, size = keep_copy(envelope, self._bodies)
        if copied != sha256:
            discard(self._bodies / copied)
            raise FileUnusableError(say("This file changes while it is read."), where=str(envelope)[:200])
        life = None if time_to_live is None else int(time_to_live.total_seconds())
        receivers = json.dumps([receiver.code for receiver in header.receivers])
        try:
            with translated(self._path), transaction(self._rows):
                self._rows.execute(
                    "INSERT INTO entry (kind, sha256, envelope, document_id, subject, receivers, size,"
                    " added_at, time_to_live) VALUES ('envelope', ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (kind, sha256) DO UPDATE SET state = 'waiting', next_try = NULL,"
                    " finished_at = NULL, error = NULL, time_to_live = excluded.time_to_live"
                    " WHERE state = 'refused'",
                    (sha256, sha256, header.document_id, header.subject, receivers, size, self._now(), life),
                )
        except StorageError:
            if known is None:
                discard(self._bodies / sha256)
            raise
        return self._the("envelope", sha256)

    def add_status(self, sha256: str, status: Status, *, once: bool = False) -> Entry:
        """Keep a status about the envelope ``sha256`` to be sent; durable when this returns.

        A status with the same code for the same agency that still waits is the same entry; with ``once`` also
        one that was sent. Raises DiskFullError, StorageError.
        """
        body = write_status(status)
        # the same words within one second about two envelopes of one document are two statuses
        name = hashlib.sha256(sha256.encode("ascii") + body).hexdigest()
        states = ("waiting", "sent") if once else ("waiting", "waiting")
        receivers = json.dumps([status.addressee])
        with translated(self._path), transaction(self._rows):
            known = self._rows.execute(
                "SELECT sha256 FROM entry WHERE kind = 'status' AND envelope = ? AND code = ?"
                " AND receivers = ? AND state IN (?, ?) LIMIT 1",
                (sha256, status.code.value, receivers, *states),
            ).fetchone()
            if known is not None:
                name = known["sha256"]
            else:
                self._rows.execute(
                    "INSERT INTO entry (kind, sha256, envelope, document_id, subject, receivers, code, size,"
                    " added_at, status) VALUES ('status', ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (kind, sha256) DO UPDATE SET state = 'waiting', next_try = NULL,"
                    " finished_at = NULL, error = NULL WHERE state = 'refused'",
                    (
                        name,
                        sha256,
                        status.response_for.document_id,
                        status.description,
                        receivers,
                        status.code.value,
                        len(body),
                        self._now(),
                        body,
                    ),
                )
        return self._the("status", name)

    def drop(self, number: int) -> Entry:
        """Take back the entry of this number, which was not sent, and return it.

        Raises UsageError where there is none or it was sent (a recall is the way then), OutboxBusyError while
        another process is sending, StorageError.
        """
        with sole_user(self.folder / "outbox.lock"):
            found = self._query("SELECT * FROM entry WHERE id = ? AND state <> 'sent'", (number,))
            if not found:
                raise UsageError(say("Nothing of this number waits in the outbox."), where=str(number))
            with translated(self._path), transaction(self._rows):
                self._rows.execute("DELETE FROM entry WHERE id = ?", (number,))
            if found[0].kind == "envelope":
                discard(self._bodies / found[0].sha256)
        return found[0]

    # ---- looking -----------------------------------------------------------------------------------------

    def entries(self, *, finished: bool = False) -> tuple[Entry, ...]:
        """Return what waits or was refused, oldest first; with ``finished`` also what was sent."""
        where = "" if finished else " WHERE state <> 'sent'"
        return self._query(f"SELECT * FROM entry{where} ORDER BY id", ())  # noqa: S608 -- two fixed texts

    def these(self, numbers: Iterable[int]) -> tuple[Entry, ...]:
        """Return the entries of these numbers, whatever became of them."""
        return tuple(self._entry(number) for number in numbers)

    def find(self, text: str) -> tuple[Entry, ...]:
        """Return the envelopes named by a SHA-256 (or its first 8 digits or more) or by a DocumentId."""
        low = text.lower()
        if 8 <= len(low) <= 64 and not set(low) - set("0123456789abcdef"):
            found = self._query(
                "SELECT * FROM entry WHERE kind = 'envelope' AND envelope >= ? AND envelope <= ? ORDER BY id",
                (low, low + "g"),
            )
            if found:
                return found
        return self._query(
            "SELECT * FROM entry WHERE kind = 'envelope' AND document_id = ? ORDER BY id", (text,)
        )

    # ---- receipts ----------------------------------------------------------------------------------------

    def unstamped(self) -> tuple[Entry, ...]:
        """Return envelopes sent a while ago whose receipts have no time-stamp yet, oldest first."""
        return self._query(
            "SELECT * FROM entry WHERE kind = 'envelope' AND state = 'sent' AND stamped = 0"
            " AND finished_at <= ? ORDER BY finished_at LIMIT ?",
            (int((self._clock() - STAMPED_AFTER).timestamp()), _ASKED_AT_ONCE),
        )

    def keep_receipt(self, receipt: Receipt) -> bool:
        """Keep the time-stamped form of a receipt in place of the plain one; False where it is not that.

        Raises DiskFullError, StorageError.
        """
        entry = self._find("envelope", receipt.evidence.sha256)
        if entry is None or entry.receipt is None or not receipt.stamp:
            return False
        before = Receipt.from_json(entry.receipt)
        if (before.signed, before.signature) != (receipt.signed, receipt.signature):
            return False
        with translated(self._path), transaction(self._rows):
            self._rows.execute(
                "UPDATE entry SET answer = ?, stamped = 1 WHERE id = ?", (receipt.to_json(), entry.id)
            )
        return True

    async def refresh(self, client: Receipts) -> int:
        """Fetch the time-stamped form of receipts that have none yet; return of how many.

        The oldest is asked for first; where it is not stamped yet, none is. Raises the relay's errors but its
        refusals, StorageError.
        """
        count = 0
        for entry in self.unstamped():
            try:
                receipt = await client.receipt(entry.sha256)
            except RelayRefusedError:
                continue  # forgotten there: what is kept here stays as it is
            if not self.keep_receipt(receipt):
                break
            count += 1
        return count

    # ---- sending -----------------------------------------------------------------------------------------

    async def run(
        self, client: Sender, *, only: Collection[int] | None = None, due_only: bool = False
    ) -> tuple[Entry, ...]:
        """Try to send what waits, oldest first, and return the entries that were tried, as they stand now.

        ``only`` narrows to these entries; ``due_only`` leaves out those whose next try has not come. Statuses
        about one envelope keep their order. An unreachable relay, or one we cannot trust, ends the run: the
        rest waits for the next one. Raises OutboxBusyError where another process is sending, StorageError.
        """
        tried: list[int] = []
        with sole_user(self.folder / "outbox.lock"):
            self._clear_away()
            wanted = self._wanted(only)
            held_up: set[str] = set()
            last = 0
            while batch := self._query(
                "SELECT * FROM entry WHERE state = 'waiting' AND id > ? ORDER BY id", (last,)
            ):
                last = batch[-1].id
                for entry in batch:
                    due = not due_only or self._is_due(entry)
                    if not due or not wanted(entry) or entry.envelope in held_up:
                        held_up.add(entry.envelope)
                        continue
                    tried.append(entry.id)
                    error = await self._attempt(client, entry)
                    if isinstance(error, RelayUnreachableError | RelayIdentityError):
                        return tuple(self._entry(number) for number in tried)
                    if error is not None and self._entry(entry.id).state is EntryState.WAITING:
                        held_up.add(entry.envelope)
        return tuple(self._entry(number) for number in tried)

    def _is_due(self, entry: Entry) -> bool:
        """Say whether the next try has come; one that is days away was reckoned by a clock that was wrong."""
        now = self._clock()
        return entry.next_try is None or not now < entry.next_try <= now + LONGEST_ASKED

    def _wanted(self, only: Collection[int] | None) -> Callable[[Entry], bool]:
        """Return the choice of ``only``, with what must go before: earlier entries about its envelope."""
        if only is None:
            return lambda _entry: True
        latest: dict[str, int] = {}
        for entry in (self._entry(number) for number in only):
            latest[entry.envelope] = max(entry.id, latest.get(entry.envelope, 0))
        return lambda entry: entry.id <= latest.get(entry.envelope, 0)

    async def _attempt(self, client: Sender, entry: Entry) -> DocsignError | None:
        try:
            answer = await self._send(client, entry)
        except DocsignError as error:
            if isinstance(error, StorageError):
                raise
            self._record_failure(entry, error)
            return error
        with translated(self._path), transaction(self._rows):
            self._rows.execute(
                "UPDATE entry SET state = 'sent', attempts = attempts + 1, finished_at = ?, next_try = NULL,"
                " error = NULL, answer = ? WHERE id = ?",
                (self._now(), answer, entry.id),
            )
        if entry.kind == "envelope":
            discard(self._bodies / entry.sha256)
        return None

    async def _send(self, client: Sender, entry: Entry) -> bytes:
        if entry.kind == "envelope":
            life = None if entry.time_to_live is None else timedelta(seconds=entry.time_to_live)
            receipt = await client.send(self._bodies / entry.sha256, time_to_live=life)
            return receipt.to_json()
        row = self._rows.execute("SELECT status FROM entry WHERE id = ?", (entry.id,)).fetchone()
        return (await client.send_status(entry.envelope, row["status"])).to_json()

    def _record_failure(self, entry: Entry, error: DocsignError) -> None:
        for_good = isinstance(error, RelayRefusedError | FileUnusableError)
        code = error.problem if isinstance(error, RelayRefusedError) and error.problem else error.code
        words = {"code": code, "vi": error.text("vi"), "en": error.text("en")}
        now = self._now()
        later = None if for_good else now + int(pause(entry, error).total_seconds())
        with translated(self._path), transaction(self._rows):
            self._rows.execute(
                "UPDATE entry SET state = ?, attempts = attempts + 1, next_try = ?, finished_at = ?,"
                " error = ? WHERE id = ?",
                (
                    (EntryState.REFUSED if for_good else EntryState.WAITING).value,
                    later,
                    now if for_good else None,
                    json.dumps(words, ensure_ascii=False),
                    entry.id,
                ),
            )

    def _clear_away(self) -> None:
        """Remove copies nobody needs: of what was sent, and what a crash left before its entry was made."""
        now = self._clock().timestamp()
        try:
            for path in self._bodies.iterdir():
                entry = self._find("envelope", path.name)
                with suppress(FileNotFoundError):  # another process has just given it its name
                    orphan = entry is None and now - path.stat().st_mtime > ORPHAN_AGE.total_seconds()
                    if orphan or (entry is not None and entry.state is EntryState.SENT):
                        discard(path)
        except OSError as error:
            raise file_error(error, self._bodies) from error

    # ---- rows --------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _query(self, query: str, values: tuple[object, ...]) -> tuple[Entry, ...]:
        with translated(self._path):
            return tuple(_entry(row) for row in self._rows.execute(query, values))

    def _find(self, kind: EntryKind, sha256: str) -> Entry | None:
        found = self._query("SELECT * FROM entry WHERE kind = ? AND sha256 = ?", (kind, sha256))
        return found[0] if found else None

    def _the(self, kind: EntryKind, sha256: str) -> Entry:
        entry = self._find(kind, sha256)
        assert entry is not None
        return entry

    def _entry(self, number: int) -> Entry:
        return self._query("SELECT * FROM entry WHERE id = ?", (number,))[0]


def pause(entry: Entry, error: DocsignError) -> timedelta:
    """Return how long to wait before the next try: doubling up to an hour, and what a busy relay asks.

    The digest spreads the tries of many agencies, so that a relay that comes back is not met by all at once.
    """
    doubled = FIRST_PAUSE * (1 << min(entry.attempts, 10))
    spread = 1 + int(entry.sha256[:4], 16) / 0xFFFF / 2
    wait = min(doubled, LONGEST_PAUSE) * spread
    asked = error.retry_after if isinstance(error, RelayBusyError) else None
    return max(wait, timedelta(seconds=asked or 0))


def _entry(row: sqlite3.Row) -> Entry:
    error = json.loads(row["error"]) if row["error"] else None
    envelope = row["kind"] == "envelope"
    return Entry(
        id=row["id"],
        kind=row["kind"],
        sha256=row["sha256"],
        envelope=row["envelope"],
        document_id=row["document_id"],
        subject=row["subject"],
        receivers=tuple(json.loads(row["receivers"])),
        code=row["code"],
        size=row["size"],
        state=EntryState(row["state"]),
        attempts=row["attempts"],
        added_at=datetime.fromtimestamp(row["added_at"], UTC),
        next_try=_moment(row["next_try"]),
        finished_at=_moment(row["finished_at"]),
        time_to_live=row["time_to_live"],
        last_error=LastError(code=error["code"], vi=error["vi"], en=error["en"]) if error else None,
        receipt=bytes(row["answer"]) if envelope and row["answer"] is not None else None,
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
