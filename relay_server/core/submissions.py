"""What a relay asks of an envelope's signed header: little, for it goes from process to process. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from docsign.envelope.agency_codes import canonical
from docsign.envelope.header import BusinessKind, Header
from docsign.envelope.packing import require_not_secret
from docsign.errors import SecretDocumentError
from docsign.sentence import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An envelope as its header has it: codes and texts as they are written there.

    ``changes`` are the DocumentIds that the message revokes, updates or replaces (BussinessDocType 1-3),
    ``number`` its year, number and notation, empty where it has no number; ``secret`` says which secrecy mark
    stands in a field, and where (QD 28/2018 Art. 1).
    """

    sender: str
    receivers: tuple[str, ...]
    document_id: str
    subject: str
    priority: int
    kind: int
    changes: tuple[str, ...]
    number: str
    secret: tuple[Sentence, str] | None

    @staticmethod
    def of(header: Header) -> Submission:
        """Take from a header what a relay asks of it."""
        return Submission(
            sender=header.sender.code,
            receivers=tuple(receiver.code for receiver in header.receivers),
            document_id=header.document_id,
            subject=header.subject,
            priority=int(header.priority),
            kind=int(header.business.kind),
            changes=_changes(header),
            number=_number(header),
            secret=_secret(header),
        )

    @property
    def is_new(self) -> bool:
        """Whether it changes nothing that was sent before."""
        return self.kind == BusinessKind.NEW

    @property
    def looked_up(self) -> int:
        """How many receivers and documents must be looked up for it."""
        return len(self.receivers) + len(self.changes)

    def number_key(self, sender: str) -> str:
        """Return what envelopes of one number and notation in one year share; empty without a number."""
        return f"{canonical(sender)}|{self.number}".casefold() if self.number else ""


def _changes(header: Header) -> tuple[str, ...]:
    business = header.business
    if business.kind is BusinessKind.REVOKE:
        return (header.document_id,)
    if business.kind is BusinessKind.UPDATE:
        return (business.document_id or header.document_id,)
    if business.kind is BusinessKind.REPLACE:
        return tuple(replaced.document_id for replaced in business.replacements)
    return ()


def _number(header: Header) -> str:
    """Return number and notation with their year: numbers begin anew every year (ND 30/2020 Art. 15)."""
    year = header.issued.year if header.issued else 0
    return f"{year}|{header.number}/{header.notation}" if header.number else ""


def _secret(header: Header) -> tuple[Sentence, str] | None:
    try:
        require_not_secret(header)
    except SecretDocumentError as error:
        return error.sentence, error.where
    return None
