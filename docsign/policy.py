"""What a caller may demand of a Report: small objects for ``require``, such as ``IssuedTo("H99.31")``."""

from __future__ import annotations

from collections.abc import Sequence

from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Finding, Indication, Policy, Report, SignatureReport, SignerRole


def _passed(report: Report) -> list[SignatureReport]:
    return [s for s in report.signatures if s.conclusion.indication is Indication.TOTAL_PASSED]


@dataclass(frozen=True, slots=True)
class IssuedTo:
    """A passing signature whose certificate belongs to this agency."""

    agency: str

    def breach(self, report: Report) -> Sentence | None:
        """Return what is missing, or None."""
        if any(signature.agency == self.agency for signature in _passed(report)):
            return None
        return say("No valid signature of the agency {agency}.", agency=self.agency)


@dataclass(frozen=True, slots=True)
class HasRole:
    """A passing signature by a person, or by an agency (ND 30/2020 Art. 5.1)."""

    role: SignerRole

    def breach(self, report: Report) -> Sentence | None:
        """Return what is missing, or None."""
        if any(signature.role == self.role for signature in _passed(report)):
            return None
        if self.role == "person":
            return say("No valid signature of the competent person.")
        return say("No valid signature of the agency.")


def two_signatures(
    signatures: Sequence[SignatureReport], findings: Sequence[Finding] = ()
) -> Sentence | None:
    """Say which of an official document's two signatures is missing or out of order (ND 30/2020 Art. 5).

    ``findings`` are those of the file: an empty field for the person's signature tells an original from a
    copy or an appendix, which needs the agency's alone. Signatures stand in the order they were made.
    """
    good = [
        (place, signature)
        for place, signature in enumerate(signatures)
        if signature.conclusion.indication is Indication.TOTAL_PASSED
    ]
    persons = [(place, one) for place, one in good if one.role == "person"]
    agencies = [(place, one) for place, one in good if one.role == "agency"]
    if not agencies:
        return say("No valid signature of the agency.")
    awaited = any(
        finding.code == "empty-field" and ("name", "PersonSignature") in finding.sentence.values
        for finding in findings
    )
    if not persons:
        return say("No valid signature of the competent person.") if awaited else None
    issuers = {one.agency for _, one in persons}
    issuing = [place for place, one in agencies if one.agency in issuers]
    if not issuing:
        return say("The person and the agency that signed do not belong together.")
    if max(place for place, _ in persons) > max(issuing):
        return say("The agency signed before the competent person did.")
    return None


class AllOf:
    """Every one of these policies."""

    def __init__(self, *policies: Policy) -> None:
        self.policies = policies

    def breach(self, report: Report) -> Sentence | None:
        """Return the first thing missing, or None."""
        for policy in self.policies:
            missing = policy.breach(report)
            if missing is not None:
                return missing
        return None


class AnyOf:
    """At least one of these policies."""

    def __init__(self, first: Policy, *others: Policy) -> None:
        self.policies = (first, *others)

    def breach(self, report: Report) -> Sentence | None:
        """Return what each policy misses where none is met, or None."""
        missing: Sentence | None = None
        for policy in self.policies:
            breach = policy.breach(report)
            if breach is None:
                return None
            missing = breach if missing is None else say("{one} Or: {other}", one=missing, other=breach)
        return missing
