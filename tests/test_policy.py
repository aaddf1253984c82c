"""What a caller may demand of a report, and what is said when it is not met."""

from __future__ import annotations

import pytest

from docsign.errors import NotVerifiedError
from docsign.policy import AllOf, AnyOf, HasRole, IssuedTo
from docsign.verdict import Conclusion, FileFormat, Policy, Report, SignatureReport, SignerRole, SubIndication

PASSED = Conclusion.passed()
UNKNOWN = Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def signature(
    role: SignerRole, agency: str = "H99.31", conclusion: Conclusion = PASSED, number: int = 1
) -> SignatureReport:
    """Return the report on one signature."""
    return SignatureReport(
        id=f"S{number}", format="pades", level="PAdES-B-B", conclusion=conclusion, role=role, agency=agency
    )


def report(*signatures: SignatureReport, conclusion: Conclusion = PASSED) -> Report:
    """Return the report on a file with these signatures."""
    return Report(
        file="công-văn.pdf",
        sha256="0" * 64,
        format=FileFormat.PDF,
        conclusion=conclusion,
        signatures=signatures,
    )


PERSON, AGENCY = signature("person"), signature("agency", number=2)


@pytest.mark.parametrize(
    "policy",
    [
        HasRole("person"),
        HasRole("agency"),
        IssuedTo("H99.31"),
        AllOf(HasRole("person"), HasRole("agency"), IssuedTo("H99.31")),
        AllOf(),
        AnyOf(IssuedTo("H99.99"), HasRole("agency")),
    ],
)
def test_a_policy_that_is_met_says_nothing(policy: Policy) -> None:
    """``require`` returns in silence."""
    report(PERSON, AGENCY).require(policy)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (IssuedTo("H99.32"), "H99.32"),
        (HasRole("agency"), "agency"),
        (AllOf(HasRole("person"), HasRole("agency")), "agency"),
        (AnyOf(HasRole("agency"), IssuedTo("H99.32")), "agency"),
    ],
)
def test_a_policy_that_is_not_met_names_what_is_missing(policy: Policy, words: str) -> None:
    """The error has the file and the missing thing, in both languages."""
    with pytest.raises(NotVerifiedError, match=words) as caught:
        report(PERSON).require(policy)
    assert caught.value.where == "công-văn.pdf"
    assert caught.value.text("vi") != caught.value.text("en")


def test_only_signatures_that_passed_count() -> None:
    """An agency's signature that leads to nobody trusted is no agency's signature."""
    doubtful = signature("agency", conclusion=UNKNOWN, number=2)
    assert HasRole("agency").breach(report(PERSON, doubtful)) is not None
    assert IssuedTo("H99.31").breach(report(doubtful)) is not None


def test_a_report_that_did_not_pass_meets_no_policy() -> None:
    """Not even the empty one; the error names indication and reason."""
    with pytest.raises(NotVerifiedError, match="INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND"):
        report(PERSON, AGENCY, conclusion=UNKNOWN).require(AllOf())
    with pytest.raises(NotVerifiedError, match="NO-SIGNATURE"):
        report(conclusion=Conclusion.no_signature()).require()


def test_a_report_has_no_truth_value() -> None:
    """``if report:`` would be true for a forged file."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(report(PERSON))
