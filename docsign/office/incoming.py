"""An incoming document as the register knows it, and what makes two of them the same document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from docsign.document.number import NOTATION_LIMIT, NUMBER_LIMIT
from docsign.document.outgoing import Medium
from docsign.document.wording import one_line
from docsign.envelope.agency_codes import canonical
from docsign.envelope.header import VIETNAM_TIME, Header, Priority
from docsign.errors import DocumentError
from docsign.office.searching import folded
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

# In characters; ND 30/2020 PL VI
_LIMITS = {
    "issuer": 200, "issuer_code": 35, "code_number": NUMBER_LIMIT, "notation": NOTATION_LIMIT, "kind": 100,
    "subject": 500, "signer": 150, "document_id": 200, "handler": 200, "received_by": 100, "progress": 500,
    "reply": 100, "note": 500,
}  # fmt: skip
_NEEDED = ("issuer", "subject")
_DAYS = ("issued", "transferred", "due")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One line of the incoming register.

    ``number`` is the arrival number of ``year`` (0 until it is registered), ``code_number`` and ``notation``
    are those of the document. ``due_computed`` says that ``due`` was counted over days off that are not
    decided yet. Raises DocumentError naming the field that is empty or too long.
    """

    arrived_at: datetime
    issuer: str
    subject: str
    year: int = 0
    number: int = 0
    issuer_code: str = ""
    code_number: str = ""
    notation: str = ""
    issued: date | None = None
    kind: str = ""
    signer: str = ""
    document_id: str = ""
    medium: Medium = "electronic"
    urgency: Priority = Priority.NORMAL
    handler: str = ""
    transferred: date | None = None
    received_by: str = ""
    due: date | None = None
    due_computed: bool = False
    progress: str = ""
    reply: str = ""
    note: str = ""
    steps: int = 0

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            text = getattr(self, name)
            if secrecy_mark(text) is not None:  # QD 28/2018 Art. 1
                raise DocumentError(say("Documents with a secrecy mark are not registered here."), where=name)
            clean = one_line(text, name, limit=limit, needed=name in _NEEDED, longest_word=limit)
            object.__setattr__(self, name, clean)

    @property
    def code(self) -> str:
        """Number and notation of the document as they stand on it."""
        return "/".join(part for part in (self.code_number, self.notation) if part)

    @property
    def day(self) -> date:
        """The day of arrival in Vietnam."""
        return self.arrived_at.astimezone(VIETNAM_TIME).date()

    @property
    def keys(self) -> tuple[str, ...]:
        """What two entries of the same document have in common (ND 30/2020 PL VI, part I, III.1h).

        The same identifier; or the same number, notation and issuer, within a year where it is known.
        """
        found = [f"id|{folded(self.document_id)}"] if self.document_id else []
        if self.code_number:
            number = folded(self.code_number).lstrip("0")
            year = self.issued.year if self.issued is not None else self.year
            about = f"{number}/{folded(self.notation)}|{year}"
            found.append(f"name|{about}|{folded(self.issuer)}")
            if self.issuer_code:
                found.append(f"code|{about}|{canonical(self.issuer_code)}")
        return tuple(found)

    @property
    def subject_of_records(self) -> str:
        """The name under which the steps about this entry are recorded."""
        return f"incoming:{self.year}:{self.number}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values that ``from_json`` reads back."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in _DAYS:
            values[name] = values[name].isoformat() if values[name] is not None else None
        return values | {"arrived_at": self.arrived_at.isoformat(), "urgency": int(self.urgency)}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Incoming:
        """Read what ``to_json`` wrote."""
        read = dict(values)
        for name in _DAYS:
            read[name] = date.fromisoformat(read[name]) if read[name] else None
        read["arrived_at"] = datetime.fromisoformat(read["arrived_at"])
        read["urgency"] = Priority(read["urgency"])
        return Incoming(**read)

    @staticmethod
    def from_header(header: Header, arrived_at: datetime) -> Incoming:
        """Take what the header of an envelope says; what only the clerk knows stays empty."""
        return Incoming(
            arrived_at=arrived_at,
            issuer=header.sender.name or header.sender.code,
            issuer_code=header.sender.code,
            code_number=header.number[:NUMBER_LIMIT],
            notation=header.notation[:NOTATION_LIMIT],
            issued=header.issued,
            kind=header.type_name[:100],
            subject=header.subject[:500],
            signer=", ".join(part for part in (header.signer.position, header.signer.name) if part)[:150],
            document_id=header.document_id[:200],
            urgency=header.priority,
            due=header.due,
        )
