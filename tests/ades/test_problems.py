"""Problems decide, findings tell: what each makes of a signature (EN 319 102-1 5.1)."""

from __future__ import annotations

import pytest

from docsign.ades.problems import doubtful, failed, note, warning
from docsign.sentence import say
from docsign.verdict import Indication, Severity, SubIndication

SENTENCE = say("missing")


@pytest.mark.parametrize(
    ("make", "sub", "indication"),
    [
        (failed, SubIndication.HASH_FAILURE, Indication.TOTAL_FAILED),
        (doubtful, SubIndication.NO_POE, Indication.INDETERMINATE),
    ],
)
def test_a_problem_decides_and_tells(make: object, sub: SubIndication, indication: Indication) -> None:
    """Its conclusion has the sub-indication, its finding is an error that names the place."""
    assert callable(make)
    problem = make(sub, "a-code", SENTENCE, "SignedInfo")
    assert (problem.conclusion.indication, problem.conclusion.sub_indication) == (indication, sub)
    assert (problem.finding.code, problem.finding.sentence) == ("a-code", SENTENCE)
    assert (problem.finding.severity, problem.finding.where) == (Severity.ERROR, "SignedInfo")


def test_a_finding_alone_decides_nothing() -> None:
    """Warnings and remarks are no errors, and need no place."""
    assert [warning("w", SENTENCE).severity, note("n", SENTENCE).severity] == [
        Severity.WARNING,
        Severity.INFO,
    ]
    assert (warning("w", SENTENCE).where, note("n", SENTENCE, "here").where) == ("", "here")
