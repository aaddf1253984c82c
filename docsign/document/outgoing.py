"""An outgoing document as it stands, the stages it goes through, the steps and the people that take them.

Values and their words only; who may take which step when is ``document.issuing``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from docsign.envelope.header import Priority
from docsign.sentence import Sentence, say

Medium = Literal["electronic", "paper"]
Check = Literal["content", "form"]


class Stage(StrEnum):
    """Where an outgoing document stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    SIGNED = "signed"
    NUMBERED = "numbered"
    SEALED = "sealed"
    ISSUED = "issued"
    STORED = "stored"
    REVOKED = "revoked"
    REPLACED = "replaced"
    ABANDONED = "abandoned"

    @property
    def sentence(self) -> Sentence:
        """The stage in words."""
        return {
            Stage.DRAFT: say("a draft"),
            Stage.SUBMITTED: say("submitted for signature"),
            Stage.RETURNED: say("returned to be changed"),
            Stage.SIGNED: say("signed by the competent person"),
            Stage.NUMBERED: say("numbered and dated"),
            Stage.SEALED: say("sealed by the agency"),
            Stage.ISSUED: say("issued"),
            Stage.STORED: say("stored in its file"),
            Stage.REVOKED: say("revoked"),
            Stage.REPLACED: say("replaced by another document"),
            Stage.ABANDONED: say("abandoned"),
        }[self]


class Step(StrEnum):
    """What may be done with an outgoing document."""

    CREATE = "create"
    REGISTER_PAPER = "register-paper"
    REVISE = "revise"
    COMMENT = "comment"
    SUBMIT = "submit"
    CHECK_CONTENT = "check-content"
    CHECK_FORM = "check-form"
    RETURN = "return"
    COSIGN = "cosign"
    SIGN = "sign"
    NUMBER = "number"
    FREE_NUMBER = "free-number"
    SEAL = "seal"
    ISSUE = "issue"
    STORE = "store"
    REVOKE = "revoke"
    REPLACE = "replace"
    CORRECT = "correct"
    ABANDON = "abandon"

    @property
    def sentence(self) -> Sentence:
        """The step in words."""
        return {
            Step.CREATE: say("make a draft"),
            Step.REGISTER_PAPER: say("register a paper document or a copy"),
            Step.REVISE: say("change the draft"),
            Step.COMMENT: say("comment"),
            Step.SUBMIT: say("submit for signature"),
            Step.CHECK_CONTENT: say("check the content"),
            Step.CHECK_FORM: say("check the form"),
            Step.RETURN: say("return"),
            Step.COSIGN: say("sign, others still to follow"),
            Step.SIGN: say("sign"),
            Step.NUMBER: say("number and date"),
            Step.FREE_NUMBER: say("give the number back"),
            Step.SEAL: say("seal"),
            Step.ISSUE: say("issue"),
            Step.STORE: say("store"),
            Step.REVOKE: say("revoke"),
            Step.REPLACE: say("replace"),
            Step.CORRECT: say("correct"),
            Step.ABANDON: say("abandon"),
        }[self]


class Role(StrEnum):
    """What a person is in the agency; one person may be several."""

    DRAFTER = "drafter"
    UNIT_HEAD = "unit-head"
    FORM_CHECKER = "form-checker"
    SIGNATORY = "signatory"
    CLERK = "clerk"

    @property
    def sentence(self) -> Sentence:
        """The role in words."""
        return {
            Role.DRAFTER: say("the drafter"),
            Role.UNIT_HEAD: say("the head of the drafting unit"),
            Role.FORM_CHECKER: say("the one who checks the form"),
            Role.SIGNATORY: say("the competent person"),
            Role.CLERK: say("the records clerk"),
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the agency, with what they may do there."""

    id: str
    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a step brings along. ``file`` is the SHA-256 of the PDF as it is after the step."""

    file: str | None = None
    reason: str | None = None
    series: str | None = None
    number: int | None = None
    serial: int | None = None
    day: date | None = None
    other: Outgoing | None = None
    file_notation: str | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An outgoing document as it stands after its last step.

    ``kind`` is the Vietnamese name; ``body`` is empty for the agency itself, else the council, board or team
    that issues under the agency's seal. ``checks`` are those done since the last submission. ``number`` is
    what the series gave; how it is printed is ``document.number``. ``serial`` counts all documents of the
    agency in the year, for the document identifier. ``signatures_left`` counts the persons
    who have not signed yet. ``steps`` counts the recorded steps.
    """

    id: int
    kind: str
    notation: str
    subject: str
    signer: str
    drafter: str
    medium: Medium = "electronic"
    signer_position: str = ""
    recipients: tuple[str, ...] = ()
    body: str = ""
    normative: bool = False
    urgency: Priority = Priority.NORMAL
    copies: int | None = None
    kept_by: str = ""
    note: str = ""
    stage: Stage = Stage.DRAFT
    version: int = 1
    file: str = ""
    checks: frozenset[Check] = frozenset()
    series: str = ""
    number: int | None = None
    serial: int | None = None
    day: date | None = None
    signed_at: datetime | None = None
    issued_at: datetime | None = None
    stored_at: datetime | None = None
    file_notation: str = ""
    reason: str = ""
    replaced_by: int | None = None
    corrected_by: tuple[int, ...] = ()
    signatures_left: int = 1
    steps: int = 1

    @property
    def code(self) -> str:
        """Number and notation as printed (``05/UBND-VP``); the notation alone while there is no number."""
        return f"{self.number:02d}/{self.notation}" if self.number is not None else self.notation

    def to_json(self) -> dict[str, Any]:
        """Return plain values that ``from_json`` reads back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("day", "signed_at", "issued_at", "stored_at"):
            values[name] = values[name].isoformat() if values[name] is not None else None
        return values | {
            "recipients": list(self.recipients),
            "checks": sorted(self.checks),
            "corrected_by": list(self.corrected_by),
            "urgency": int(self.urgency),
            "stage": self.stage.value,
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Outgoing:
        """Read what ``to_json`` wrote."""
        read = dict(values)
        for name in ("signed_at", "issued_at", "stored_at"):
            read[name] = datetime.fromisoformat(read[name]) if read[name] else None
        read |= {
            "recipients": tuple(read["recipients"]),
            "checks": frozenset(read["checks"]),
            "corrected_by": tuple(read["corrected_by"]),
            "urgency": Priority(read["urgency"]),
            "stage": Stage(read["stage"]),
            "day": date.fromisoformat(read["day"]) if read["day"] else None,
        }
        return Outgoing(**read)
