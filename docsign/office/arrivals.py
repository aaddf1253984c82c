"""Incoming documents at the clerk's desk: registered once, warned of when they come twice, followed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar, Literal

from docsign.document.issuing import StepRefusedError
from docsign.document.outgoing import Person, Role
from docsign.document.working_days import (
    Deadline,
    WorkingDays,
    receipt_deadline,
    reply_deadline,
    submit_deadline,
)
from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import DocumentError, UsageError
from docsign.office.incoming import Incoming
from docsign.office.people import Staff
from docsign.office.ports import OfficeRows, OfficeStore
from docsign.office.records import Record, append_record
from docsign.office.searching import words_of
from docsign.office.series import INCOMING, begin, take_number
from docsign.sentence import say

Follow = Literal["assign", "progress", "reply"]
FOLLOWING: dict[Follow, frozenset[Role]] = {
    # ND 30/2020 Art. 23, 24: who passes it on, who says how far it is, who says it is answered
    "assign": frozenset((Role.CLERK, Role.SIGNATORY)),
    "progress": frozenset((Role.CLERK, Role.UNIT_HEAD, Role.DRAFTER)),
    "reply": frozenset((Role.CLERK, Role.UNIT_HEAD, Role.DRAFTER)),
}
"""Who may note what about a document that was registered."""


class DuplicateError(DocumentError):
    """A document that is in the incoming register already; ``known`` are the entries (ND 30/2020 PL VI)."""

    code: ClassVar[str] = "duplicate"

    def __init__(self, incoming: Incoming, known: Sequence[Incoming]) -> None:
        """Name the first entry of the same document."""
        first = known[0]
        super().__init__(
            say(
                "{code} of {issuer} is in the register already: arrival number {number} of {day}.",
                code=incoming.code or incoming.document_id,
                issuer=incoming.issuer,
                number=f"{first.number:02d}",
                day=f"{first.day:%d/%m/%Y}",
            )
        )
        self.known = tuple(known)


class Arrivals:
    """What is done with incoming documents."""

    def __init__(
        self, store: OfficeStore, staff: Staff, days: WorkingDays, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._staff = staff
        self._days = days
        self._clock = clock

    def add(
        self,
        incoming: Incoming,
        by: str,
        *,
        within: int | None = None,
        despite_duplicates: bool = False,
    ) -> Incoming:
        """Register a document under the next arrival number of the year, paper and electronic together.

        ``within`` counts working days to its due day. Raises DuplicateError where the same document is there,
        unless the clerk says so; StepRefusedError for another than the clerk; NumberRefusedError.
        """
        person = self._person(by, frozenset((Role.CLERK,)))
        now = self._clock()
        day = now.astimezone(VIETNAM_TIME).date()
        if incoming.arrived_at > now:
            raise DocumentError(say("It cannot arrive in the future."), where="arrived_at")
        entry = self._due(replace(incoming, year=day.year, steps=1), within, incoming.due)
        with self._store.unit() as rows:
            known = rows.same_incoming(entry.keys)
            if known and not despite_duplicates:
                raise DuplicateError(entry, known)
            # The holder is new each time: a repetition is found as a duplicate, not by its number.
            numbered = take_number(rows, INCOMING, day, f"incoming:{rows.new_id()}")
            entry = replace(entry, number=numbered.number)
            rows.keep_incoming(entry)
            again = ", ".join(f"{one.year}:{one.number}" for one in known)
            details = {"arrived_at": entry.arrived_at.isoformat(), "code": entry.code, "again": again}
            self._record(rows, entry, "register", person, details)
        return entry

    def follow(
        self,
        year: int,
        number: int,
        what: Follow,
        by: str,
        *,
        handler: str | None = None,
        received_by: str | None = None,
        transferred: date | None = None,
        within: int | None = None,
        due: date | None = None,
        progress: str | None = None,
        reply: str | None = None,
        note: str | None = None,
    ) -> Incoming:
        """Note who deals with it and until when (assign), how far it is (progress), what answered it (reply).

        Only what is given changes; each change is recorded with what it was before.
        """
        person = self._person(by, FOLLOWING[what])
        given = {
            "handler": handler,
            "received_by": received_by,
            "transferred": transferred,
            "progress": progress,
            "reply": reply,
            "note": note,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if what == "assign" and handler is not None and transferred is None:
            changes["transferred"] = self._clock().astimezone(VIETNAM_TIME).date()
        with self._store.unit() as rows:
            old = self._entry(rows, year, number)
            changed = replace(old, steps=old.steps + 1, **changes)  # type: ignore[arg-type]
            if within is not None or due is not None:
                changed = self._due(changed, within, due)
            if replace(changed, steps=old.steps) == old:
                raise UsageError(say("Nothing is changed by this."), where=f"{year}:{number}")
            rows.keep_incoming(changed)
            details = {
                name: f"{getattr(old, name) or ''} → {getattr(changed, name)}"
                for name in ("handler", "received_by", "transferred", "due", "progress", "reply", "note")
                if getattr(old, name) != getattr(changed, name)
            }
            self._record(rows, changed, what, person, details)
        return changed

    def get(self, year: int, number: int) -> Incoming:
        """Return the entry of this arrival number; raises UsageError where there is none."""
        with self._store.unit(for_reading=True) as rows:
            return self._entry(rows, year, number)

    def list(
        self, *, search: str = "", first: date | None = None, last: date | None = None
    ) -> Sequence[Incoming]:
        """Return the entries whose fields have every word of ``search``, in the order of arrival."""
        with self._store.unit(for_reading=True) as rows:
            return rows.list_incoming(first=first, last=last, words=words_of(search))

    def history(self, year: int, number: int) -> Sequence[Record]:
        """Return every step about this entry."""
        with self._store.unit(for_reading=True) as rows:
            return rows.history(self._entry(rows, year, number).subject_of_records)

    def deadlines(self, incoming: Incoming) -> tuple[Deadline, ...]:
        """Return what is to be done in time: tell the sender, submit, reply where a day is due."""
        found = [
            receipt_deadline(incoming.arrived_at),
            submit_deadline(incoming.arrived_at, incoming.urgency, self._days),
        ]
        if incoming.due is not None:
            due = reply_deadline(incoming.day, self._days, on=incoming.due)
            found.append(replace(due, computed=incoming.due_computed))
        return tuple(found)

    def begin_series(self, by: str, year: int, first: int) -> None:
        """Begin the arrival numbers of a year at ``first``, after those given elsewhere."""
        person = self._person(by, frozenset((Role.CLERK,)))
        with self._store.unit() as rows:
            begin(rows, INCOMING, year, first)
            subject, details = f"series:{INCOMING}:{year}", {"first": str(first)}
            append_record(rows, subject, "begin", person, self._clock(), details=details)

    def _person(self, by: str, roles: frozenset[Role]) -> Person:
        person = self._staff.person(by)
        if not person.roles & roles:
            raise StepRefusedError(
                say("{person} may not do this: it is for the records clerk.", person=person.name)
            )
        return person

    def _due(self, incoming: Incoming, within: int | None, on: date | None) -> Incoming:
        if within is None:
            return replace(incoming, due=on, due_computed=False)
        deadline = reply_deadline(incoming.day, self._days, within=within)
        return replace(incoming, due=deadline.latest.date(), due_computed=deadline.computed)

    def _entry(self, rows: OfficeRows, year: int, number: int) -> Incoming:
        found = rows.incoming(year, number)
        if found is None:
            raise UsageError(
                say("There is no arrival number {number} of {year} here.", number=number, year=year)
            )
        return found

    def _record(
        self, rows: OfficeRows, incoming: Incoming, step: str, person: Person, details: dict[str, str]
    ) -> None:
        given = {name: value for name, value in details.items() if value}
        append_record(rows, incoming.subject_of_records, step, person, self._clock(), details=given)
