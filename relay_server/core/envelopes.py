"""What the relay remembers of an envelope for ever: its name, its sender, its size; never its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from docsign.envelope.evidence import Evidence, log_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnvelope:
    """An accepted envelope; ``sha256`` (lower-case hex) is its name, ``size`` is in bytes.

    ``sender`` is the code as the directory writes it, ``kind`` the BussinessDocType; the receivers are those
    of the deliveries. ``number_key`` is the same for envelopes of one issuer's number and notation in one
    year; ``is_kept`` says that the bytes were not removed by the retention.
    """

    sha256: str
    size: int
    sender: str
    document_id: str
    subject: str
    priority: int
    kind: int
    accepted_at: datetime
    number_key: str = ""
    is_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An evidence record as it is kept: the bytes that were signed, the signature, and what caused it.

    ``cause`` names what brought it about, once for each delivery: the SHA-256 of a status, or a word;
    ``delivery`` is empty where the record is about the whole envelope, else ``state`` is the delivery's
    afterwards.
    """

    evidence: Evidence
    signed: bytes
    signature: bytes
    delivery: str = ""
    cause: str = ""
    state: str = ""

    @property
    def entry(self) -> bytes:
        """The record as an entry of the log."""
        return log_entry(self.signed, self.signature)
