"""What waits in the outbox, as values: entries, their states, and what is known of an envelope's content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from docsign.envelope import envelope_header, read_container
from docsign.envelope.header import Header
from docsign.exchange.bodies import open_body
from docsign.exchange.problems import RelayWords
from docsign.sentence import Sentence
from docsign.verdict import rfc3339

EntryKind = Literal["envelope", "status"]


class EntryState(StrEnum):
    """Where an entry stands."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """Why the last attempt failed, in both languages; ``code`` is the error's or the problem's."""

    code: str
    vi: str
    en: str

    @property
    def sentence(self) -> Sentence:
        """The reason as a sentence."""
        return RelayWords(self.en, (), self.vi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to be sent: an envelope, or a status about one.

    ``sha256`` names the bytes to be sent, ``envelope`` the envelope they are or are about. ``receivers`` are
    the agencies they go to, ``code`` is a status's. ``receipt`` is the relay's, as it came (envelopes sent).
    """

    id: int
    kind: EntryKind
    sha256: str
    envelope: str
    document_id: str
    subject: str
    receivers: tuple[str, ...]
    code: str
    size: int
    state: EntryState
    attempts: int
    added_at: datetime
    next_try: datetime | None
    finished_at: datetime | None
    time_to_live: int | None
    last_error: LastError | None
    receipt: bytes | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, for programs."""
        return {
            "id": self.id,
            "kind": self.kind,
            "sha256": self.sha256,
            "envelope": self.envelope,
            "document_id": self.document_id,
            "subject": self.subject,
            "receivers": list(self.receivers),
            "code": self.code or None,
            "size": self.size,
            "state": self.state.value,
            "attempts": self.attempts,
            "added_at": rfc3339(self.added_at),
            "next_try": rfc3339(self.next_try),
            "finished_at": rfc3339(self.finished_at),
            "error": None
            if self.last_error is None
            else {"code": self.last_error.code, "vi": self.last_error.vi, "en": self.last_error.en},
        }


def header_of(envelope: bytes | Path) -> Header:
    """Read the edXML header of an envelope; raises FileUnusableError, ContainerError, EdxmlError."""
    with open_body(envelope) as stream:
        return envelope_header(read_container(stream))
