"""Receiving: fetch, check the digest, make durable, confirm, answer 01; each step known to a register.

Whatever stops in between is taken up by the next run: a file that is there is not fetched again, a
confirmation is repeated, the 01 is queued once. What an envelope is worth is not judged here: that is for
``verify``.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from docsign.database import open_database, sole_user, transaction, translated
from docsign.envelope.header import VIETNAM_TIME, Organization, ResponseFor
from docsign.envelope.status import Status, StatusCode
from docsign.errors import (
    DocsignError,
    EdxmlError,
    FileUnusableError,
    MalformedError,
    RelayIdentityError,
    RelayRefusedError,
    RelayUnreachableError,
    StorageError,
)
from docsign.exchange import wire
from docsign.exchange.bodies import LARGEST, already_there, make_folder
from docsign.exchange.entries import header_of
from docsign.exchange.outbox import Outbox
from docsign.verdict import rfc3339

_VERSION = 1
_TABLES = """
CREATE TABLE received (
    delivery TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    sender TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    document_id TEXT NOT NULL,
    code TEXT NOT NULL,
    issued TEXT,
    subject TEXT NOT NULL,
    size INTEGER NOT NULL,
    path TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    handed_over_at INTEGER,
    closed_at INTEGER
);
CREATE INDEX received_sha256 ON received (sha256);
CREATE INDEX received_document ON received (document_id);
CREATE INDEX received_open ON received (stored_at) WHERE closed_at IS NULL
"""
MOST_WAITING = 50_000
"""Deliveries that are listed at once."""
MOST_TEXT = 16 * 1024 * 1024
"""Letters in what is listed at once."""
_FETCHABLE = frozenset({wire.DeliveryState.QUEUED.value, wire.DeliveryState.LEASED.value})
_NOT_IN_A_NAME = re.compile(r"[^\w.]+|_+")


class Fetcher(Protocol):
    """What receiving needs of a relay's client; every call is safe to repeat."""

    async def inbox(
        self, wait: float = 0, after: str | None = None, limit: int = wire.DEFAULT_LIMIT
    ) -> wire.InboxPage:
        """Return a page of what waits."""
        ...

    async def fetch(self, sha256: str, to: Path, *, limit: int = 0) -> Path:
        """Bring an envelope into a file, durable and with the right digest."""
        ...

    async def handover(
        self, delivery: str, sha256: str, signature: str | None = None
    ) -> wire.HandoverAccepted:
        """Confirm that the bytes are stored here."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An envelope that was fetched: where its file is, and how far its confirmation got."""

    delivery: str
    sha256: str
    sender: str
    sender_name: str
    document_id: str
    code: str
    issued: date | None
    subject: str
    size: int
    path: Path
    stored_at: datetime
    handed_over_at: datetime | None
    state: str = ""
    """Where the relay says the delivery stands after our confirmation; empty where it was not just asked."""

    @property
    def is_withdrawn(self) -> bool:
        """Whether the sender took it back before it was confirmed: it is to be destroyed, and that told."""
        return self.state == wire.DeliveryState.WITHDRAWN

    def as_answered(self) -> ResponseFor:
        """Return how a status names this document."""
        return ResponseFor(
            organ_id=self.sender, code=self.code, document_id=self.document_id, issued=self.issued
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, for programs."""
        return {
            "delivery": self.delivery,
            "sha256": self.sha256,
            "sender": self.sender,
            "sender_name": self.sender_name,
            "document_id": self.document_id,
            "code": self.code,
            "issued": self.issued.isoformat() if self.issued else None,
            "subject": self.subject,
            "size": self.size,
            "file": str(self.path),
            "stored_at": rfc3339(self.stored_at),
            "handed_over_at": rfc3339(self.handed_over_at),
            **({"state": self.state} if self.state else {}),
        }


class Inbox:
    """Where envelopes are received into, with the register of what came; one process receives at a time."""

    def __init__(
        self,
        register: Path | str,
        *,
        outbox: Outbox | None = None,
        agency: Organization | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Open or make the register, a folder (the outbox's may serve).

        With ``outbox`` and ``agency`` (us) each envelope is answered with 01 once it is confirmed. Raises
        FileUnusableError, DiskFullError, StorageError.
        """
        self.register = Path(register)
        self._outbox = outbox
        self._agency = agency
        self._clock = clock
        make_folder(self.register)
        self._path = self.register / "received.db"
        self._rows = open_database(self._path, _TABLES, _VERSION)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the register."""
        self._rows.close()

    async def resume(
        self, client: Fetcher, *, failed: Callable[[DocsignError], object] | None = None
    ) -> tuple[Received, ...]:
        """Confirm and answer what an earlier run fetched and could not finish; return those envelopes.

        What was not confirmed and is not on the disk any more is forgotten: it will be fetched again. What
        the relay will not have confirmed any more (withdrawn, expired) is closed and returned unconfirmed.
        With ``failed`` what goes wrong with one envelope is told there, and the others are gone on with; but
        not without a line, or without a disk.
        """
        finished: list[Received] = []
        with self._alone():
            with translated(self._path):
                rows = self._rows.execute(
                    "SELECT * FROM received WHERE closed_at IS NULL ORDER BY stored_at"
                ).fetchall()
            for received in (_received(row) for row in rows):
                if received.handed_over_at is None and not _is_there(received):
                    with translated(self._path), transaction(self._rows):
                        self._rows.execute("DELETE FROM received WHERE delivery = ?", (received.delivery,))
                    continue
                try:
                    finished.append(await self._confirm(client, received))
                except RelayRefusedError:
                    finished.append(received)
                except (RelayUnreachableError, RelayIdentityError, StorageError):
                    raise
                except DocsignError as error:
                    if failed is None:
                        raise
                    failed(error)
        return tuple(finished)

    async def receive(self, client: Fetcher, item: wire.InboxItem, folder: Path | str) -> Received:
        """Fetch one delivery into ``folder``, confirm it, queue its 01, and return it; safe to repeat.

        What its sender took back meanwhile (``is_withdrawn``) is not answered with 01. Raises
        FileUnusableError for the folder, DiskFullError, StorageError, WireError, the relay's errors.
        """
        with self._alone():
            known = self._known(item.delivery)
            path = known.path if known is not None else _place_for(item, Path(folder))
            await client.fetch(item.sha256, path, limit=min(item.size, LARGEST))
            if known is None:
                known = self._store(item, path)
            return await self._confirm(client, known)

    def find(self, text: str) -> tuple[Received, ...]:
        """Return what is named by a SHA-256 (or 8 digits or more of it), a DocumentId, or a delivery."""
        low = text.lower()
        with translated(self._path):
            if 8 <= len(low) <= 64 and not set(low) - set("0123456789abcdef"):
                rows = self._rows.execute(
                    "SELECT * FROM received WHERE sha256 >= ? AND sha256 <= ? ORDER BY stored_at",
                    (low, low + "g"),
                ).fetchall()
                if rows:
                    return tuple(_received(row) for row in rows)
            rows = self._rows.execute(
                "SELECT * FROM received WHERE document_id = ? OR delivery = ? ORDER BY stored_at",
                (text, text),
            ).fetchall()
        return tuple(_received(row) for row in rows)

    def _alone(self) -> AbstractContextManager[None]:
        return sole_user(self.register / "received.lock")

    def _known(self, delivery: str) -> Received | None:
        with translated(self._path):
            row = self._rows.execute("SELECT * FROM received WHERE delivery = ?", (delivery,)).fetchone()
        return None if row is None else _received(row)

    def _store(self, item: wire.InboxItem, path: Path) -> Received:
        named = _named_in(item, path)
        with translated(self._path), transaction(self._rows):
            self._rows.execute(
                "INSERT INTO received (delivery, sha256, sender, sender_name, document_id, code, issued,"
                " subject, size, path, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (item.delivery, item.sha256, *named, item.size, str(path), self._now()),
            )
        stored = self._known(item.delivery)
        assert stored is not None
        return stored

    async def _confirm(self, client: Fetcher, received: Received) -> Received:
        try:
            accepted = await client.handover(received.delivery, received.sha256)
        except RelayRefusedError:
            self._set("closed_at", received)
            raise
        self._set("handed_over_at", received)
        taken_back = accepted.state == wire.DeliveryState.WITHDRAWN
        if self._outbox is not None and self._agency is not None and not taken_back:
            status = Status(
                sender=self._agency,
                response_for=received.as_answered(),
                code=StatusCode.ARRIVED,
                time=self._clock(),
                description=StatusCode.ARRIVED.vietnamese,
            )
            try:
                self._outbox.add_status(received.sha256, status, once=True)
            except EdxmlError:
                self._set("closed_at", received)  # no answer can name this document: that is told once
                raise
        self._set("closed_at", received)
        confirmed = self._known(received.delivery)
        assert confirmed is not None
        return replace(confirmed, state=accepted.state)

    def _set(self, column: str, received: Received) -> None:
        with translated(self._path), transaction(self._rows):
            self._rows.execute(
                f"UPDATE received SET {column} = coalesce({column}, ?) WHERE delivery = ?",  # noqa: S608 -- two fixed names
                (self._now(), received.delivery),
            )

    def _now(self) -> int:
        return int(self._clock().timestamp())


async def waiting(client: Fetcher, *, wait: float = 0) -> tuple[wire.InboxItem, ...]:
    """Return everything that waits at the relay, over all pages; ``wait`` seconds for something to come.

    Each delivery comes once. Pages that bring nothing new end the list, and so do MOST_WAITING deliveries or
    MOST_TEXT letters about them: what waits beyond is there when these have been fetched.
    """
    found: dict[str, wire.InboxItem] = {}
    room = MOST_TEXT
    page = await client.inbox(wait)
    while True:
        known = len(found)
        found |= {item.delivery: item for item in page.items}
        room -= sum(len(f"{one.sender}{one.sender_name}{one.document_id}{one.subject}") for one in page.items)
        if page.next is None or len(found) == known or len(found) >= MOST_WAITING or room < 0:
            return tuple(found.values())
        page = await client.inbox(0, page.next)


def is_fetchable(item: wire.InboxItem) -> bool:
    """Say whether a delivery waits to be fetched, rather than asking something about what was fetched."""
    return item.state in _FETCHABLE


def file_name(item: wire.InboxItem) -> str:
    """Return a name that sorts by day and says the document's number; nothing in it can lead elsewhere."""
    number = unicodedata.normalize("NFC", item.document_id.rpartition(",")[2])
    readable = _NOT_IN_A_NAME.sub("-", number).strip("-.")[:40].rstrip("-.")
    day = item.accepted_at.astimezone(VIETNAM_TIME).strftime("%Y%m%d")
    return "-".join(part for part in (day, readable, item.sha256[:16]) if part) + ".asice"


def _named_in(item: wire.InboxItem, path: Path) -> tuple[str, str, str, str, str | None, str]:
    """Return sender, its name, DocumentId, number, day and subject: the envelope's own header has the word.

    Where it cannot be read they are what the relay announced.
    """
    try:
        header = header_of(path)
    except MalformedError:
        code, issued = _code_and_day(item.document_id)
        return item.sender, item.sender_name, item.document_id, code, issued, item.subject
    return (
        header.sender.code,
        header.sender.name,
        header.document_id,
        header.code,
        header.issued.isoformat() if header.issued else None,
        header.subject,
    )


def _code_and_day(document_id: str) -> tuple[str, str | None]:
    parts = document_id.split(",", 2)  # <OrganId>,<yyyy/MM/dd>,<number>/<notation>
    try:
        day = datetime.strptime(parts[1], "%Y/%m/%d").replace(tzinfo=VIETNAM_TIME).date()
        return parts[2], day.isoformat()
    except (IndexError, ValueError):
        return "", None


def _place_for(item: wire.InboxItem, folder: Path) -> Path:
    make_folder(folder)
    return folder.absolute() / file_name(item)


def _is_there(received: Received) -> bool:
    try:
        return already_there(received.path, received.sha256)
    except FileUnusableError:
        return False


def _received(row: sqlite3.Row) -> Received:
    handed_over = row["handed_over_at"]
    return Received(
        delivery=row["delivery"],
        sha256=row["sha256"],
        sender=row["sender"],
        sender_name=row["sender_name"],
        document_id=row["document_id"],
        code=row["code"],
        issued=date.fromisoformat(row["issued"]) if row["issued"] else None,
        subject=row["subject"],
        size=row["size"],
        path=Path(row["path"]),
        stored_at=datetime.fromtimestamp(row["stored_at"], UTC),
        handed_over_at=None if handed_over is None else datetime.fromtimestamp(handed_over, UTC),
    )
