"""The way of an outgoing document from draft to file: one table of who may do what, when (pure).

``TABLE`` is the whole of the rules: a step that has no row for the stage a document is in is refused, so that
nothing is skipped. ``advance`` applies a row; keeping the result, the files and the numbers is the work of
``docsign.office``, or of whatever store another system brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

from docsign.document.outgoing import Check, Facts, Medium, Outgoing, Person, Role, Stage, Step
from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import DocumentError
from docsign.sentence import Sentence, say

REASON_LIMIT = 1000
"""The longest reason or comment, in characters."""


class StepRefusedError(DocumentError):
    """A step the table does not allow: out of turn, by somebody else, or without what it needs."""

    code: ClassVar[str] = "step-refused"


Need = Literal["file", "reason", "number", "other", "checks", "certificate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: in which stages, by whom, to which stage, with what, after which clause.

    ``to`` is None where the stage stays. ``needs`` holds for electronic documents; of paper there are no
    files.
    """

    step: Step
    stages: frozenset[Stage]
    by: frozenset[Role]
    to: Stage | None = None
    needs: tuple[Need, ...] = ()
    medium: Medium | None = None


def _row(
    step: Step, stages: Iterable[Stage], by: Iterable[Role], to: Stage | None = None, *needs: Need,
    medium: Medium | None = None,
) -> Row:  # fmt: skip
    return Row(
        step=step, stages=frozenset(stages), by=frozenset(by), to=to, needs=tuple(needs), medium=medium
    )


_WRITERS = (Role.DRAFTER, Role.UNIT_HEAD)
_READERS = tuple(Role)
_ALIVE = (Stage.ISSUED, Stage.STORED)

TABLE: tuple[Row, ...] = (
    # ND 30/2020 Art. 10: the unit charged with it drafts, and changes what was returned
    _row(Step.REVISE, (Stage.DRAFT, Stage.RETURNED), _WRITERS, None, "file", medium="electronic"),
    _row(Step.COMMENT, (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED), _READERS, None, "reason"),
    _row(Step.ABANDON, (Stage.DRAFT, Stage.RETURNED), _WRITERS, Stage.ABANDONED, "reason"),
    # ND 30/2020 Art. 11, 12: submitted; content and form are checked before it is signed
    _row(Step.SUBMIT, (Stage.DRAFT, Stage.RETURNED), _WRITERS, Stage.SUBMITTED),
    _row(Step.CHECK_CONTENT, (Stage.SUBMITTED,), (Role.UNIT_HEAD,)),
    _row(Step.CHECK_FORM, (Stage.SUBMITTED,), (Role.FORM_CHECKER,)),
    _row(
        Step.RETURN,
        (Stage.SUBMITTED,),
        (Role.UNIT_HEAD, Role.FORM_CHECKER, Role.SIGNATORY),
        Stage.RETURNED,
        "reason",
    ),
    # ND 30/2020 Art. 13: the competent person signs; where several do, the last signature completes it
    _row(
        Step.COSIGN, (Stage.SUBMITTED,), (Role.SIGNATORY,), None, "checks", "file", "certificate",
        medium="electronic",
    ),
    _row(
        Step.SIGN, (Stage.SUBMITTED,), (Role.SIGNATORY,), Stage.SIGNED, "checks", "file", "certificate",
        medium="electronic",
    ),
    # ND 30/2020 Art. 14, 15: number and date after the signature; given back only before it is sealed
    _row(Step.NUMBER, (Stage.SIGNED,), (Role.CLERK,), Stage.NUMBERED, "number"),
    _row(
        Step.FREE_NUMBER, (Stage.NUMBERED,), (Role.CLERK,), Stage.SIGNED, "reason", medium="electronic"
    ),
    _row(Step.ABANDON, (Stage.SIGNED,), (Role.SIGNATORY, Role.CLERK), Stage.ABANDONED, "reason"),
    # ND 30/2020 Art. 17: the clerk signs with the agency's signature, or stamps the paper
    _row(Step.SEAL, (Stage.NUMBERED,), (Role.CLERK,), Stage.SEALED, "file", "certificate"),
    # ND 30/2020 Art. 18, 19: issued, then kept in the agency's records
    _row(Step.ISSUE, (Stage.SEALED,), (Role.CLERK,), Stage.ISSUED),
    _row(Step.STORE, (Stage.ISSUED,), (Role.CLERK,), Stage.STORED),
    # ND 30/2020 Art. 18: what was issued is replaced, corrected or revoked, never changed
    _row(Step.REVOKE, _ALIVE, (Role.CLERK,), Stage.REVOKED, "reason"),
    _row(Step.REPLACE, _ALIVE, (Role.CLERK,), Stage.REPLACED, "other"),
    _row(Step.CORRECT, _ALIVE, (Role.CLERK,), None, "other"),
)  # fmt: skip
"""Every step that is allowed once a document is there; it comes to be by CREATE or REGISTER_PAPER."""

MAKERS: Mapping[Step, frozenset[Role]] = {
    Step.CREATE: frozenset(_WRITERS),
    Step.REGISTER_PAPER: frozenset((Role.CLERK,)),
}
"""Who may make a document be there, as a draft or as signed paper that waits for its number."""

_LETTER = "Công văn"
ALL_CHECKS: frozenset[Check] = frozenset(("content", "form"))


def row_for(outgoing: Outgoing, step: Step) -> Row | None:
    """Return the row that allows ``step`` where the document stands, whoever takes it."""
    for row in TABLE:
        if row.step is step and _is_allowed(row, outgoing):
            return row
    return None


def possible(outgoing: Outgoing, person: Person | None = None) -> tuple[Step, ...]:
    """Return the steps that may follow, for this person or for anybody."""
    return tuple(
        row.step for row in TABLE if _is_allowed(row, outgoing) and (person is None or person.roles & row.by)
    )


def require_maker(step: Step, person: Person) -> None:
    """Raise StepRefusedError unless this person may make a document be there by ``step``."""
    if not person.roles & MAKERS[step]:
        raise _not_theirs(step, person, MAKERS[step])


def advance(
    outgoing: Outgoing,
    step: Step,
    person: Person,
    at: datetime,
    facts: Facts | None = None,
    *,
    checks: frozenset[Check] = ALL_CHECKS,
) -> Outgoing:
    """Return the document after ``step``; raises StepRefusedError saying why not and what may be done.

    ``checks`` are those the agency demands before a signature.
    """
    facts = facts or Facts()
    row = row_for(outgoing, step)
    if row is None:
        now = possible(outgoing)
        listed = ", ".join(one.value for one in dict.fromkeys(now)) or "-"
        raise StepRefusedError(
            say(
                "Not now: the document is {stage}. What may be done: {steps}.",
                stage=outgoing.stage.sentence,
                steps=listed,
            ),
            where=step.value,
        )
    if not person.roles & row.by:
        raise _not_theirs(step, person, row.by)
    _require(outgoing, row, facts, checks)
    _require_days(outgoing, step, at, facts)
    return replace(
        outgoing,
        stage=row.to or outgoing.stage,
        steps=outgoing.steps + 1,
        **_changes(outgoing, step, at, facts),
    )


def _not_theirs(step: Step, person: Person, roles: frozenset[Role]) -> StepRefusedError:
    names = [role.sentence for role in Role if role in roles]
    joined: Sentence = names[0]
    for name in names[1:]:
        joined = say("{one} or {other}", one=joined, other=name)
    return StepRefusedError(
        say(
            "{person} may not do this: “{step}” is for {roles}.",
            person=person.name,
            step=step.sentence,
            roles=joined,
        ),
        where=step.value,
    )


def _is_allowed(row: Row, outgoing: Outgoing) -> bool:
    return (
        outgoing.stage in row.stages
        and row.medium in (None, outgoing.medium)
        and _is_turn(outgoing, row.step)
    )


def _is_turn(outgoing: Outgoing, step: Step) -> bool:
    """Say whether the step fits how many have still to sign: the last signature alone completes it."""
    return step not in (Step.SIGN, Step.COSIGN) or (step is Step.SIGN) == (outgoing.signatures_left <= 1)


def _require(outgoing: Outgoing, row: Row, facts: Facts, checks: frozenset[Check]) -> None:
    """Raise StepRefusedError unless all is there that the row needs."""
    for need in row.needs:
        if need == "checks":
            missing = sorted(checks - outgoing.checks)
            if missing:
                raise StepRefusedError(
                    say("Not checked yet since it was submitted: {checks}.", checks=", ".join(missing)),
                    where=row.step.value,
                )
        elif need == "reason":
            if not (facts.reason or "").strip():
                raise StepRefusedError(say("A reason or comment is needed."), where=row.step.value)
        elif need in ("file", "certificate") and outgoing.medium == "paper":
            continue
        elif getattr(facts, need) is None:
            raise StepRefusedError(say("This step needs: {need}.", need=need), where=row.step.value)
    if len(facts.reason or "") > REASON_LIMIT:
        raise StepRefusedError(
            say(
                "Too long: {length} characters, {limit} at most.",
                length=len(facts.reason or ""),
                limit=REASON_LIMIT,
            ),
            where=row.step.value,
        )
    if facts.other is not None:
        _require_other(outgoing, row.step, facts.other)


def _require_other(outgoing: Outgoing, step: Step, other: Outgoing) -> None:
    """Raise StepRefusedError unless the other document may replace or correct this one."""
    if other.id == outgoing.id or other.stage not in _ALIVE:
        raise StepRefusedError(
            say("The document {other} must be another one, and issued.", other=other.code), where=step.value
        )
    # ND 30/2020 Art. 18: an error of content by a document of equal form, one of form by an official letter
    if step is Step.REPLACE and (other.kind, other.normative) != (outgoing.kind, outgoing.normative):
        raise StepRefusedError(
            say(
                "A {kind} is replaced by a document of equal form, not by a {other}.",
                kind=outgoing.kind,
                other=other.kind,
            ),
            where=step.value,
        )
    if step is Step.CORRECT and other.kind != _LETTER:
        raise StepRefusedError(
            say("An error of form is corrected by an official letter, not by a {other}.", other=other.kind),
            where=step.value,
        )


def _require_days(outgoing: Outgoing, step: Step, at: datetime, facts: Facts) -> None:
    """Raise StepRefusedError for a date before the signature or after today."""
    if step is not Step.NUMBER or facts.day is None:
        return
    today = at.astimezone(VIETNAM_TIME).date()
    signed = outgoing.signed_at.astimezone(VIETNAM_TIME).date() if outgoing.signed_at else facts.day
    if not signed <= facts.day <= today:
        raise StepRefusedError(
            say(
                "The date {day} does not lie between the signature ({signed}) and today ({today}).",
                day=facts.day.strftime("%d/%m/%Y"),
                signed=signed.strftime("%d/%m/%Y"),
                today=today.strftime("%d/%m/%Y"),
            ),
            where=step.value,
        )


def _changes(outgoing: Outgoing, step: Step, at: datetime, facts: Facts) -> dict[str, Any]:
    """Return what a step changes besides the stage."""
    changes: dict[str, Any] = {}
    if step in (Step.REVISE, Step.COSIGN, Step.SIGN, Step.SEAL) and facts.file is not None:
        changes["file"] = facts.file
    match step:
        case Step.REVISE:
            changes["version"] = outgoing.version + 1
        case Step.SUBMIT:
            changes["checks"] = frozenset[Check]()
        case Step.CHECK_CONTENT:
            changes["checks"] = outgoing.checks | {"content"}
        case Step.CHECK_FORM:
            changes["checks"] = outgoing.checks | {"form"}
        case Step.COSIGN:
            changes["signatures_left"] = outgoing.signatures_left - 1
        case Step.SIGN:
            changes |= {"signed_at": at, "signatures_left": 0}
        case Step.NUMBER:
            day = facts.day or at.astimezone(VIETNAM_TIME).date()
            changes |= {
                "series": facts.series or "",
                "number": facts.number,
                "serial": facts.serial,
                "day": day,
            }
        case Step.FREE_NUMBER:
            changes |= {"number": None, "serial": None, "day": None}
        case Step.ISSUE:
            changes["issued_at"] = at
        case Step.STORE:
            changes |= {"stored_at": at, "file_notation": facts.file_notation or ""}
        case Step.REPLACE:
            changes["replaced_by"] = facts.other.id if facts.other else None
        case Step.CORRECT if facts.other is not None:
            changes["corrected_by"] = (*outgoing.corrected_by, facts.other.id)
        case _:
            pass
    if step in (Step.RETURN, Step.REVOKE, Step.ABANDON):
        changes["reason"] = facts.reason
    return changes
