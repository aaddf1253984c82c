"""The log of the office: every step a record, appended and never changed, each tied to the one before it.

A record holds the SHA-256 of the record appended before it, over all documents, so that a row that is changed
or taken out shows (``require_unbroken``). It does not keep a person with the whole store in hand from writing
it anew: for that, keep the last digest elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docsign.document.outgoing import Person
from docsign.errors import StorageError
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.office.ports import OfficeRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One step about one subject (``outgoing:7``, ``incoming:2026:12``), and who took it when.

    ``details`` are texts by name, such as reason, file, number. ``digest`` is over all else.
    """

    subject: str
    position: int
    step: str
    person: str
    name: str
    at: datetime
    stage: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    previous: str = ""
    digest: str = ""

    def sealed(self, previous: str) -> Record:
        """Return the record tied to the one whose digest is ``previous``."""
        values = {**self._values(), "previous": previous}
        canonical = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return Record.from_json({**values, "digest": hashlib.sha256(canonical.encode()).hexdigest()})

    def to_json(self) -> dict[str, Any]:
        """Return plain values that ``from_json`` reads back."""
        return {**self._values(), "previous": self.previous, "digest": self.digest}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Record:
        """Read what ``to_json`` wrote."""
        return Record(**{**values, "at": datetime.fromisoformat(values["at"])})

    def _values(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "position": self.position,
            "step": self.step,
            "person": self.person,
            "name": self.name,
            "at": self.at.isoformat(),
            "stage": self.stage,
            "details": dict(self.details),
        }


def append_record(
    rows: OfficeRows,
    subject: str,
    step: str,
    person: Person,
    at: datetime,
    *,
    stage: str = "",
    details: Mapping[str, str] | None = None,
) -> None:
    """Append a step about ``subject``, tied to the record before it."""
    record = Record(
        subject=subject,
        position=len(rows.history(subject)) + 1,
        step=step,
        person=person.id,
        name=person.name,
        at=at,
        stage=stage,
        details=dict(details or {}),
    )
    rows.append(record.sealed(rows.last_digest()))


def require_unbroken(records: Iterable[Record]) -> int:
    """Count the records; raises StorageError at the first that does not follow the one before it.

    Records come in the order they were appended.
    """
    previous, count, positions = "", 0, dict[str, int]()
    for record in records:
        expected = positions.get(record.subject, 0) + 1
        if record.position != expected or record.sealed(previous) != record:
            raise StorageError(
                say("The log of the office was changed at this record."),
                where=f"{record.subject}[{record.position}]",
            )
        previous, count = record.digest, count + 1
        positions[record.subject] = record.position
    return count
