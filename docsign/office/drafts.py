"""Outgoing documents at the clerk's desk: the table's steps, with real files, keys, numbers and a store.

A step is recorded in the very unit of work that changes the document, and the number is held there too. Keys
are used between two units (a token may ask, a time-stamping service may be slow): the second unit refuses
when the document changed meanwhile, and a crash before it leaves the document where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from docsign.document import CopyKind, OfficialDocument, printed_number, require_notation
from docsign.document.issuing import StepRefusedError, advance, require_maker
from docsign.document.outgoing import Facts, Outgoing, Person, Role, Stage, Step
from docsign.document.wording import one_line
from docsign.document.working_days import Deadline, WorkingDays, issue_deadline
from docsign.envelope.header import VIETNAM_TIME, Business, BusinessKind, Header, Replacement
from docsign.errors import DocumentError, UsageError
from docsign.office.people import Staff
from docsign.office.ports import OfficeRows, OfficeStore
from docsign.office.records import Record, append_record
from docsign.office.searching import words_of
from docsign.office.series import COPY_KINDS, begin, give_back, take_number, take_serial
from docsign.office.versions import (
    any_kind,
    built,
    described,
    kept,
    kind_key,
    read_source,
    require_signed,
    signer_field,
)
from docsign.pki.certificates import display_name
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.signing import SigningSession
from docsign.verdict import SignerRole

WAITING = frozenset((Stage.SIGNED, Stage.NUMBERED, Stage.SEALED))
"""The stages in which the time to issue runs."""


class Drafts:
    """What is done with outgoing documents; each method takes one step of the table, or raises why not."""

    def __init__(
        self, store: OfficeStore, staff: Staff, days: WorkingDays, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._staff = staff
        self._days = days
        self._clock = clock

    # ---- coming to be ------------------------------------------------------------------------------------

    def create(
        self,
        source: str,
        by: str,
        *,
        normative: bool = False,
        kept_by: str = "",
        copies: int | None = None,
        note: str = "",
    ) -> Outgoing:
        """Make a draft of a document in TOML: its PDF with empty fields for number, date and signatures.

        ``kept_by`` is who keeps the file copy. Raises DocumentError, StepRefusedError, UsageError.
        """
        person = self._staff.person(by)
        require_maker(Step.CREATE, person)
        document, pdf = built(source, self._clock())
        with self._store.unit() as rows:
            draft = Outgoing(
                id=rows.new_id(),
                drafter=person.id,
                normative=normative,
                kept_by=one_line(kept_by, "kept_by", limit=100, needed=False),
                copies=document.copies if copies is None else copies,
                note=one_line(note, "note", limit=500, needed=False),
                file=kept(rows, pdf),
                **described(document, self._staff),
            )
            self._record(rows, draft, Step.CREATE, person, source=kept(rows, source.encode()))
        return draft

    def revise(self, number: int, source: str, by: str) -> Outgoing:
        """Put a new version in place of a draft or of what was returned."""
        document, pdf = built(source, self._clock())
        with self._store.unit() as rows:
            person, old = self._staff.person(by), self._outgoing(rows, number)
            changed = advance(old, Step.REVISE, person, self._clock(), Facts(file=kept(rows, pdf)))
            changed = replace(changed, **described(document, self._staff))
            self._record(rows, changed, Step.REVISE, person, source=kept(rows, source.encode()))
        return changed

    def register_paper(
        self,
        by: str,
        *,
        kind: str,
        notation: str,
        subject: str,
        signer: str,
        recipients: Sequence[str],
        day: date | None = None,
        wanted: int | None = None,
        body: str = "",
        normative: bool = False,
        kept_by: str = "",
        copies: int | None = None,
        note: str = "",
        copy: bytes | None = None,
    ) -> Outgoing:
        """Number a document that was signed on paper, in the series it shares with the electronic ones.

        ``wanted`` is the number it bears already, where it does. ``copy`` is the PDF of an electronic copy,
        which nobody but the agency signs (ND 30/2020 PL I, part II): it is kept and sealed here. Raises
        DocumentError, NumberRefusedError, StepRefusedError.
        """
        person = self._staff.person(by)
        require_maker(Step.REGISTER_PAPER, person)
        row = any_kind(kind)
        require_notation(notation, row)
        if copy is not None and not isinstance(row, CopyKind):
            raise DocumentError(say("Only a copy goes without the person's signature."), where="kind")
        with self._store.unit() as rows:
            signed = Outgoing(
                id=rows.new_id(),
                medium="paper" if copy is None else "electronic",
                file="" if copy is None else kept(rows, copy),
                kind=row.vietnamese,
                notation=notation,
                subject=one_line(subject, "subject", limit=500),
                signer=one_line(signer, "signer", limit=50),
                drafter=person.id,
                recipients=tuple(one_line(one, "recipients", limit=200) for one in recipients),
                body=self._staff.require_body(body),
                normative=normative,
                kept_by=one_line(kept_by, "kept_by", limit=100, needed=False),
                copies=copies,
                note=one_line(note, "note", limit=500, needed=False),
                stage=Stage.SIGNED,
            )
            self._record(rows, signed, Step.REGISTER_PAPER, person)
            return self._number(rows, signed, person, day, wanted)

    # ---- the steps ---------------------------------------------------------------------------------------

    def take(
        self, number: int, step: Step, by: str, *, reason: str | None = None, file_notation: str | None = None
    ) -> Outgoing:
        """Take a step that needs neither key nor number, such as submit, check, return, issue, store, revoke.

        ``file_notation`` is the file (hồ sơ) in which it is stored.
        """
        if step in (
            Step.REVISE,
            Step.COSIGN,
            Step.SIGN,
            Step.NUMBER,
            Step.FREE_NUMBER,
            Step.REPLACE,
            Step.CORRECT,
        ) or (step is Step.SEAL and self.get(number).medium == "electronic"):
            raise UsageError(say("This step has a call of its own: {step}.", step=step.value))
        with self._store.unit() as rows:
            facts = Facts(reason=reason, file_notation=file_notation)
            return self._advanced(rows, self._outgoing(rows, number), step, self._staff.person(by), facts)

    def number(self, number: int, by: str, *, day: date | None = None, wanted: int | None = None) -> Outgoing:
        """Give a signed document the next number of its series and its date (today unless ``day`` says)."""
        with self._store.unit() as rows:
            return self._number(rows, self._outgoing(rows, number), self._staff.person(by), day, wanted)

    def free_number(self, number: int, by: str, reason: str) -> Outgoing:
        """Give the number back, before it is sealed; the series goes on without a gap."""
        with self._store.unit() as rows:
            old = self._outgoing(rows, number)
            freed = self._advanced(
                rows, old, Step.FREE_NUMBER, self._staff.person(by), Facts(reason=reason, number=old.number)
            )
            assert old.day is not None
            give_back(rows, old.series, old.day.year, _holder(old))
            return freed

    def supersede(self, number: int, step: Step, other: int, by: str) -> Outgoing:
        """Note that an issued document was replaced or corrected (``step``) by the issued ``other``."""
        if step not in (Step.REPLACE, Step.CORRECT):
            raise UsageError(say("This step has a call of its own: {step}.", step=step.value))
        with self._store.unit() as rows:
            facts = Facts(other=self._outgoing(rows, other))
            return self._advanced(rows, self._outgoing(rows, number), step, self._staff.person(by), facts)

    def sign(
        self,
        number: int,
        by: str,
        key: SigningKey,
        *,
        tsa: str | None = None,
        image: bytes | None = None,
        check: bool = True,
        trust: Trust | None = None,
    ) -> Outgoing:
        """Let the competent person sign, or one of several; raises what ``docsign.sign`` raises.

        Each of several signs in the place of the signer of that name, else in the next empty one; the last
        signature takes the document on.
        """
        session = SigningSession(key, role="person", tsa=tsa, image=image, check=check, trust=trust)
        return self._with_key(number, _signing(self.get(number)), by, session)

    def seal(
        self,
        number: int,
        by: str,
        key: SigningKey,
        *,
        tsa: str | None = None,
        image: bytes | None = None,
        check: bool = True,
        trust: Trust | None = None,
    ) -> Outgoing:
        """Let the clerk sign with the agency's key, which fills number and date (ND 30/2020 Art. 17)."""
        session = SigningSession(key, role="agency", tsa=tsa, image=image, check=check, trust=trust)
        return self._with_key(number, Step.SEAL, by, session)

    def accept(self, number: int, step: Step, by: str, signed: bytes) -> Outgoing:
        """Take a file that was signed (or sealed) elsewhere, with a token at another desk.

        It must be the document's own file with that one signature more, and for a seal with the number and
        date that were given. Raises StepRefusedError.
        """
        old, person = self.get(number), self._staff.person(by)
        step = _signing(old) if step is Step.SIGN else step
        role: SignerRole = "agency" if step is Step.SEAL else "person"
        bearing = replace(old, number=None) if _is_copy(old) else old
        name = require_signed(bearing, self.pdf(number), signed, role)
        return self._keep_signed(old, step, person, signed, name)

    # ---- looking -----------------------------------------------------------------------------------------

    def get(self, number: int) -> Outgoing:
        """Return the document of this id; raises UsageError where there is none."""
        with self._store.unit(for_reading=True) as rows:
            return self._outgoing(rows, number)

    def list(
        self,
        *,
        stages: frozenset[Stage] | None = None,
        search: str = "",
        first: date | None = None,
        last: date | None = None,
    ) -> Sequence[Outgoing]:
        """Return documents by id: those in ``stages`` whose fields have every word of ``search``."""
        with self._store.unit(for_reading=True) as rows:
            return rows.list_outgoing(stages=stages, first=first, last=last, words=words_of(search))

    def history(self, number: int) -> Sequence[Record]:
        """Return every step that was taken."""
        with self._store.unit(for_reading=True) as rows:
            self._outgoing(rows, number)
            return rows.history(_holder_of(number))

    def pdf(self, number: int) -> bytes:
        """Return the file as it stands; raises UsageError for a paper document."""
        with self._store.unit(for_reading=True) as rows:
            found = rows.file(self._outgoing(rows, number).file)
        if found is None:
            raise UsageError(say("A paper document has no file here."), where=str(number))
        return found

    def deadline(self, outgoing: Outgoing) -> Deadline | None:
        """Return by when a signed document is issued, None before the signature and afterwards."""
        if outgoing.signed_at is None or outgoing.stage not in WAITING:
            return None
        return issue_deadline(outgoing.signed_at, outgoing.urgency, self._days)

    # ---- what travels ------------------------------------------------------------------------------------

    def header(self, number: int, *, to: Sequence[str] = (), reason: str = "") -> Header:
        """Return the header under which the document travels: as new, as a revocation, or as a replacement.

        ``to`` are agency codes; without them the addressees that have one. A revoked document gives the
        notice of its revocation. Raises DocumentError, UsageError.
        """
        outgoing = self.get(number)
        if outgoing.stage not in (Stage.ISSUED, Stage.STORED, Stage.REVOKED):
            raise StepRefusedError(
                say("Only what was issued is sent: the document is {stage}.", stage=outgoing.stage.sentence)
            )
        document = self._source(number)
        header = document.header(
            number=None if outgoing.number is None else printed_number(outgoing.number),
            date=outgoing.day,
            to=tuple(to) or None,
        )
        business = Business()
        superseded = self.list(stages=frozenset((Stage.REPLACED,)))
        replaced = [one for one in superseded if one.replaced_by == number]
        if outgoing.stage is Stage.REVOKED:
            business = Business(kind=BusinessKind.REVOKE, reason=reason or outgoing.reason)
        elif replaced:
            codes = tuple(one.code for one in header.receivers)
            old = tuple(
                Replacement(
                    document_id=self._source(one.id)
                    .header(number=one.number, date=one.day, to=tuple(to) or None)
                    .document_id,
                    organ_ids=codes,
                )
                for one in replaced
                if one.medium == "electronic"
            )
            business = Business(kind=BusinessKind.REPLACE, reason=reason, replacements=old)
        return replace(header, business=business)

    def begin_series(self, by: str, series: str, year: int, first: int) -> None:
        """Begin a series at ``first`` (413 after 412 numbers given before this register was used)."""
        person = self._staff.person(by)
        if Role.CLERK not in person.roles:
            raise StepRefusedError(
                say("{person} may not do this: it is for the records clerk.", person=person.name)
            )
        with self._store.unit() as rows:
            begin(rows, series, year, first)
            subject, details = f"series:{series}:{year}", {"first": str(first)}
            append_record(rows, subject, "begin", person, self._clock(), details=details)

    # ---- inside ------------------------------------------------------------------------------------------

    def _outgoing(self, rows: OfficeRows, number: int) -> Outgoing:
        found = rows.outgoing(number)
        if found is None:
            raise UsageError(say("There is no outgoing document {number} here.", number=number))
        return found

    def _source(self, number: int) -> OfficialDocument:
        with self._store.unit(for_reading=True) as rows:
            sources = [
                one.details["source"] for one in rows.history(_holder_of(number)) if "source" in one.details
            ]
            data = rows.file(sources[-1]) if sources else None
            is_copy = _is_copy(self._outgoing(rows, number))
        if is_copy:
            raise UsageError(say("A copy has no header of its own; pack it with: docsign seal"))
        if data is None:
            raise UsageError(say("A paper document has no file here."), where=str(number))
        return read_source(data.decode())

    def _number(
        self, rows: OfficeRows, old: Outgoing, person: Person, day: date | None, wanted: int | None
    ) -> Outgoing:
        day = day or self._clock().astimezone(VIETNAM_TIME).date()
        series = self._staff.plan.series_for(kind_key(old), body=old.body, normative=old.normative)
        # The table is asked first: who may not number is told so, and not what the series thinks of it.
        advance(old, Step.NUMBER, person, self._clock(), Facts(number=0, day=day), checks=self._staff.checks)
        held = take_number(rows, series, day, _holder(old), wanted=wanted)
        serial = take_serial(rows, day, _holder(old))
        facts = Facts(series=series, number=held.number, serial=serial, day=day)
        return self._advanced(rows, old, Step.NUMBER, person, facts)

    def _with_key(self, number: int, step: Step, by: str, session: SigningSession) -> Outgoing:
        old, person = self.get(number), self._staff.person(by)
        name = display_name(session.key.certificate)
        facts = Facts(file="-", certificate=name)
        advance(old, step, person, self._clock(), facts, checks=self._staff.checks)  # before the key is used
        sealing = step is Step.SEAL
        numbering = sealing and not _is_copy(old)  # the corner of a copy has the time, not the number
        pdf = self.pdf(number)
        signed = session.sign(
            pdf,
            field=None if sealing else signer_field(self._source(number), pdf, name),
            number=printed_number(old.number) if numbering and old.number is not None else None,
            date=old.day if numbering else None,
            at=self._clock(),
        )
        return self._keep_signed(old, step, person, signed, name)

    def _keep_signed(self, old: Outgoing, step: Step, person: Person, signed: bytes, name: str) -> Outgoing:
        with self._store.unit() as rows:
            if self._outgoing(rows, old.id) != old:
                raise StepRefusedError(
                    say("The document was changed by somebody else meanwhile; look at it again."),
                    where=step.value,
                )
            facts = Facts(file=kept(rows, signed), certificate=name)
            return self._advanced(rows, old, step, person, facts)

    def _advanced(
        self, rows: OfficeRows, old: Outgoing, step: Step, person: Person, facts: Facts
    ) -> Outgoing:
        now = self._clock()
        changed = advance(old, step, person, now, facts, checks=self._staff.checks)
        details = {
            "reason": facts.reason,
            "file": facts.file,
            "certificate": facts.certificate,
            "series": facts.series,
            "number": facts.number,
            "serial": facts.serial,
            "day": facts.day,
            "other": facts.other.id if facts.other is not None else None,
            "file_notation": facts.file_notation,
        }
        deadline = self.deadline(old) if step is Step.ISSUE else None
        if deadline is not None and deadline.is_missed(now):
            details["late"] = deadline.latest.isoformat()
        given = {name: str(value) for name, value in details.items() if value not in (None, "")}
        self._record(rows, changed, step, person, **given)
        return changed

    def _record(
        self, rows: OfficeRows, outgoing: Outgoing, step: Step, person: Person, **details: str
    ) -> None:
        rows.keep_outgoing(outgoing)
        append_record(
            rows,
            _holder(outgoing),
            step.value,
            person,
            self._clock(),
            stage=outgoing.stage.value,
            details=details,
        )


def _signing(outgoing: Outgoing) -> Step:
    """Return which step the next signature is: the last of the persons', or one before it."""
    return Step.COSIGN if outgoing.signatures_left > 1 else Step.SIGN


def _is_copy(outgoing: Outgoing) -> bool:
    return kind_key(outgoing) in COPY_KINDS


def _holder(outgoing: Outgoing) -> str:
    return _holder_of(outgoing.id)


def _holder_of(number: int) -> str:
    return f"outgoing:{number}"
