"""How the conclusion on a signature was reached: block, constraint, result, in the order of EN 319 102-1.

Everything is derived from the report itself (its conclusion, findings and facts), so that judging costs
nothing more for it. It judges nothing and never says better of a signature than its conclusion does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from docsign.report.wording import moment
from docsign.sentence import Sentence, say
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
)

Result = Literal["ok", "not-ok", "warning", "not-checked"]

FORM = "form"
MEANING = "one-meaning"
CERTIFICATE = "certificate-found"
CHAIN = "chain"
VALIDITY = "validity-period"
REVOCATION = "revocation"
USAGE = "usage"
DATA = "signed-data-found"
INTACT = "signed-data-intact"
VALUE = "signature-value"
STRENGTH = "strength"
ATTRIBUTES = "attributes"
UNCHANGED = "unchanged"
TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One constraint that was looked at; ``id`` is stable and made for programs."""

    id: str
    block: Sentence
    clause: str
    constraint: Sentence
    result: Result
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "block": self.block.text("en"),
            "clause": self.clause,
            "vi": self.constraint.text("vi"),
            "en": self.constraint.text("en"),
            "result": self.result,
            "findings": [finding.code for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class _Constraint:
    id: str
    block: Sentence
    clause: str
    text: Sentence


def _constraints() -> tuple[_Constraint, ...]:
    """Return the constraints of a signature, in the order in which the standard looks at them."""
    form = say("Format checking")  # EN 319 102-1 5.2.2
    who = say("Identification of the signing certificate")  # EN 319 102-1 5.2.3
    path = say("X.509 certificate validation")  # EN 319 102-1 5.2.6
    mathematics = say("Cryptographic verification")  # EN 319 102-1 5.2.7
    acceptance = say("Signature acceptance validation")  # EN 319 102-1 5.2.8
    return (
        _Constraint(FORM, form, "5.2.2", say("The signature has the form that its format asks for.")),
        _Constraint(MEANING, form, "5.2.2", say("The file has one meaning, and every byte has its place.")),
        _Constraint(CERTIFICATE, who, "5.2.3", say("The certificate that the signature names is known.")),
        _Constraint(CHAIN, path, "5.2.6", say("Its chain leads to a certificate that is trusted here.")),
        _Constraint(USAGE, path, "5.2.6", say("The certificate is meant for signing.")),
        _Constraint(VALIDITY, path, "5.2.6", say("The certificates were valid at the time that counts.")),
        _Constraint(REVOCATION, path, "5.2.5", say("None of them was revoked at that time.")),
        _Constraint(DATA, mathematics, "5.2.7", say("What was signed is at hand.")),
        _Constraint(INTACT, mathematics, "5.2.7", say("It has the digest that was signed.")),
        _Constraint(VALUE, mathematics, "5.2.7", say("The signature value was made with the signer's key.")),
        _Constraint(STRENGTH, acceptance, "5.2.8", say("Digest, algorithm and key are strong enough.")),
        _Constraint(ATTRIBUTES, acceptance, "5.2.8", say("What the signature says of itself agrees.")),
        _Constraint(UNCHANGED, acceptance, "5.2.8", say("Nothing forbidden was changed after signing.")),
        _Constraint(
            TIME,
            say("Validation process for signatures with time"),  # EN 319 102-1 5.5
            "5.5.4",
            say("The times that are proved and claimed agree."),
        ),
    )


_CODES = {
    "no-signing-certificate": CERTIFICATE,
    "no-signing-certificate-attribute": CERTIFICATE,
    "signing-certificate-attribute": CERTIFICATE,
    "another-certificate": CERTIFICATE,
    "certificate-doubled": CERTIFICATE,
    "certificate-unreadable": CERTIFICATE,
    "no-chain": CHAIN,
    "path-invalid": CHAIN,
    "expired": VALIDITY,
    "not-yet-valid": VALIDITY,
    "proved-in-time": VALIDITY,
    "revoked": REVOCATION,
    "issuer-revoked": REVOCATION,
    "revocation-stale": REVOCATION,
    "revocation-unknown": REVOCATION,
    "wrong-usage": USAGE,
    "signed-data-not-found": DATA,
    "stamped-data-not-found": DATA,
    "content-changed": INTACT,
    "content-damaged": INTACT,
    "timestamp-imprint": INTACT,
    "signature-value": VALUE,
    "key-unsupported": VALUE,
    "algorithm-unsupported": VALUE,
    "weak-algorithm": STRENGTH,
    "plain-ecdsa": STRENGTH,
    "signature-policy": ATTRIBUTES,
    "claimed-time-later": TIME,
    "claimed-time-outside": TIME,
    "timestamp-proves-nothing": TIME,
    "timestamp-later": TIME,
    "signed-before-certificate": TIME,
    "changed-after-signing": UNCHANGED,
    "drawn-before-agency": UNCHANGED,
    "signature-box": UNCHANGED,
    "cms-form": FORM,
    "xml-form": FORM,
    "timestamp-form": FORM,
    "signature-form": FORM,
}
"""The constraint that a finding is about; what stands not here is told by the sub-indication."""

_REASONS = {
    SubIndication.FORMAT_FAILURE: FORM,
    SubIndication.HASH_FAILURE: INTACT,
    SubIndication.SIG_CRYPTO_FAILURE: VALUE,
    SubIndication.SIGNED_DATA_NOT_FOUND: DATA,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: CERTIFICATE,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: CHAIN,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE: CHAIN,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: CHAIN,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: CHAIN,
    SubIndication.REVOKED: REVOCATION,
    SubIndication.REVOKED_NO_POE: REVOCATION,
    SubIndication.REVOKED_CA_NO_POE: REVOCATION,
    SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE: REVOCATION,
    SubIndication.TRY_LATER: REVOCATION,
    SubIndication.EXPIRED: VALIDITY,
    SubIndication.NOT_YET_VALID: VALIDITY,
    SubIndication.OUT_OF_BOUNDS_NO_POE: VALIDITY,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: VALIDITY,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: STRENGTH,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: STRENGTH,
    SubIndication.TIMESTAMP_ORDER_FAILURE: TIME,
    SubIndication.NO_POE: TIME,
}
_IN_A_PDF = frozenset({MEANING, UNCHANGED})
_SAYS_MORE = {FORM: _IN_A_PDF, ATTRIBUTES: frozenset({*_CODES.values()})}
_OF_THE_CHAIN = frozenset({USAGE, VALIDITY, REVOCATION})
_MATHEMATICS = frozenset({DATA, INTACT, VALUE})


def reasoning(signature: SignatureReport) -> tuple[Step, ...]:
    """Return the steps to the conclusion on one signature; the last is the conclusion itself."""
    in_pdf = signature.format == "pades" or bool(signature.field_names)
    steps = [
        step
        for step in _steps(signature.conclusion, signature.findings, signature.intact, in_pdf=in_pdf)
        if in_pdf or step.id not in _IN_A_PDF
    ]
    if signature.certificate is None:
        steps = [
            _unchecked(step) if step.id in _OF_THE_CHAIN | {CHAIN, CERTIFICATE} else step for step in steps
        ]
    steps += [_of_stamp(stamp) for stamp in signature.timestamps]
    steps += _judged(signature)
    if not signature.steps and any(finding.code == "proved-in-time" for finding in signature.findings):
        steps.append(_past(signature))
    steps.append(_whole(signature))
    return tuple(steps)


def stamp_reasoning(stamp: TimestampReport) -> tuple[Step, ...]:
    """Return the steps to the conclusion on one time-stamp; the last is the conclusion itself."""
    steps = [
        step
        for step in _steps(stamp.conclusion, stamp.findings, stamp.intact, in_pdf=stamp.kind == "document")
        if stamp.kind == "document" or step.id not in _IN_A_PDF
    ]
    return (*steps, _of_stamp(stamp))


def _steps(
    conclusion: Conclusion, findings: tuple[Finding, ...], intact: bool | None, *, in_pdf: bool
) -> Iterator[Step]:
    """Yield each constraint with its result; the one that the sub-indication names is never ok."""
    reason = _REASONS.get(conclusion.sub_indication, ATTRIBUTES) if conclusion.sub_indication else None
    placed: dict[str, list[Finding]] = {}
    for finding in findings:
        place = _CODES.get(finding.code)
        if place is None and finding.severity is Severity.ERROR:
            place = MEANING if reason == FORM and in_pdf else reason or ATTRIBUTES
        if place is not None:
            placed.setdefault(place, []).append(finding)
    if reason in (FORM, ATTRIBUTES) and any(
        _is_error(one) for place, listed in placed.items() if place in _SAYS_MORE[reason] for one in listed
    ):
        reason = None  # another constraint says it more precisely
    no_chain = reason == CHAIN or any(_is_error(one) for one in placed.get(CHAIN, ()))
    for constraint in _constraints():
        about = tuple(placed.get(constraint.id, ()))
        result: Result = "ok"
        if constraint.id == reason or any(_is_error(one) for one in about):
            result = "not-ok"
        elif any(one.severity is Severity.WARNING for one in about):
            result = "warning"
        elif (constraint.id in _OF_THE_CHAIN and no_chain) or (
            constraint.id in _MATHEMATICS and intact is None
        ):
            result = "not-checked"
        yield Step(
            id=constraint.id,
            block=constraint.block,
            clause=f"EN 319 102-1 {constraint.clause}",
            constraint=constraint.text,
            result=result,
            findings=about,
        )


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _unchecked(step: Step) -> Step:
    """Return the step as one that could not be taken, unless it is known to fail."""
    if step.result == "not-ok":
        return step
    return Step(
        id=step.id,
        block=step.block,
        clause=step.clause,
        constraint=step.constraint,
        result="not-ok" if step.id == CERTIFICATE else "not-checked",
        findings=step.findings,
    )


def _of_stamp(stamp: TimestampReport) -> Step:
    return Step(
        id=f"timestamp-{stamp.id}",
        block=say("Time-stamp validation"),
        clause="EN 319 102-1 5.4",
        constraint=say("The time-stamp {id} can be believed.", id=stamp.id),
        result=_result_of(stamp.conclusion),
        findings=stamp.findings,
    )


def _judged(signature: SignatureReport) -> Iterator[Step]:
    """Yield how path and time were judged; what did not hold is a remark where something made up for it."""
    passed = signature.conclusion.indication is Indication.TOTAL_PASSED
    for number, step in enumerate(signature.steps, 1):
        holds = step.conclusion.indication is Indication.TOTAL_PASSED
        text = step.check
        if step.moment is not None:
            text = say("{check} (as of {time})", check=step.check, time=moment(step.moment))
        yield Step(
            id=f"judged-{number}",
            block=_block(step.clause),
            clause=step.clause,
            constraint=text,
            result="ok" if holds else "warning" if passed else "not-ok",
        )


def _block(clause: str) -> Sentence:
    """Return the name of the building block or process of a clause of EN 319 102-1."""
    names = {
        "5.2.6": say("X.509 certificate validation"),
        "5.2.8": say("Signature acceptance validation"),
        "5.4": say("Time-stamp validation"),
        "5.5": say("Validation process for signatures with time"),
        "5.6.2.1": say("Past certificate validation"),
        "5.6.2.2": say("Validation time sliding"),
        "5.6.2.4": say("Past signature validation"),
    }
    number = clause.rpartition(" ")[2]
    found = [name for start, name in names.items() if f"{number}.".startswith(f"{start}.")]
    return found[-1] if found else say("Validation process for signatures with long-term material")


def _past(signature: SignatureReport) -> Step:
    return Step(
        id="past-certificate",
        block=say("Past certificate validation"),
        clause="EN 319 102-1 5.6.2.1",
        constraint=say("At the time that is proved the certificate was in order."),
        result="ok" if signature.conclusion.indication is Indication.TOTAL_PASSED else "warning",
    )


def _whole(signature: SignatureReport) -> Step:
    """Return the conclusion as the step that takes the others together."""
    if signature.level.endswith(("LT", "LTA")):
        block, clause = say("Validation process for signatures with long-term material"), "5.6"
    elif signature.timestamps or signature.best_signature_time is not None:
        block, clause = say("Validation process for signatures with time"), "5.5"
    else:
        block, clause = say("Validation process for basic signatures"), "5.3"
    answer = signature.conclusion
    words = "/".join(word for word in (answer.indication, answer.sub_indication) if word)
    return Step(
        id="conclusion",
        block=block,
        clause=f"EN 319 102-1 {clause}",
        constraint=say("The conclusion is {answer}.", answer=words),
        result=_result_of(answer),
    )


def _result_of(conclusion: Conclusion) -> Result:
    return "ok" if conclusion.indication is Indication.TOTAL_PASSED else "not-ok"
