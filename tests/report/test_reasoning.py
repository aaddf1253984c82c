"""How a conclusion was reached: the steps say neither better nor worse than the conclusion."""

from __future__ import annotations

import pytest

from docsign.report.reasoning import Step, reasoning, stamp_reasoning
from docsign.sentence import say
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
)


def unmet(steps: tuple[Step, ...]) -> set[str]:
    """Return the constraints that are not met, what the judges noted of path and time apart."""
    return {step.id for step in steps if step.result == "not-ok" and not step.id.startswith("judged-")}


def test_a_passing_signature_meets_everything(reports: dict[str, Report]) -> None:
    """And one that does not pass has a constraint that says why, besides the conclusion itself."""
    for name, report in reports.items():
        for signature in report.signatures:
            steps = reasoning(signature)
            if signature.conclusion.indication is Indication.TOTAL_PASSED:
                assert not unmet(steps), name
            else:
                assert unmet(steps) > {"conclusion"}, name


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ("changed", {"signed-data-intact"}),
        ("untrusted", {"chain"}),
        ("alone", {"signed-data-found"}),
        ("appended", {"one-meaning"}),
    ],
)
def test_the_reason_is_the_one_that_is_not_met(
    report: str, reason: set[str], reports: dict[str, Report]
) -> None:
    """A changed byte, an unknown authority, a missing file, bytes after the end."""
    steps = reasoning(reports[report].signatures[0])
    assert unmet(steps) - {"conclusion"} == reason


def test_what_could_not_be_looked_at_is_not_met_with_silence(reports: dict[str, Report]) -> None:
    """Without a chain nothing is said of validity and revocation, without the file nothing of its digest."""
    results = {step.id: step.result for step in reasoning(reports["untrusted"].signatures[0])}
    assert results["revocation"] == results["validity-period"] == "not-checked"
    assert results["signed-data-intact"] == "ok"
    results = {step.id: step.result for step in reasoning(reports["alone"].signatures[0])}
    assert results["signature-value"] == "not-checked"


@pytest.mark.parametrize("sub", SubIndication)
def test_every_sub_indication_names_a_constraint(sub: SubIndication) -> None:
    """Even where no finding explains it, or one that nobody has heard of."""
    strange = Finding(
        code="strange-thing", severity=Severity.ERROR, sentence=say("The time needs a time zone.")
    )
    for findings in ((), (strange,)):
        signature = SignatureReport(
            id="S1",
            format="cades",
            level="CAdES-B-B",
            conclusion=Conclusion.indeterminate(sub),
            findings=findings,
            intact=True,
        )
        steps = reasoning(signature)
        assert unmet(steps) - {"conclusion", "certificate-found"} or "certificate-found" in unmet(steps)
        assert all(finding in [one for step in steps for one in step.findings] for finding in findings)


def test_every_step_has_its_clause_and_both_languages(reports: dict[str, Report]) -> None:
    """EN 319 102-1 with a clause; block and constraint in Vietnamese and English."""
    for report in reports.values():
        steps = [step for signature in report.signatures for step in reasoning(signature)]
        steps += [step for stamp in report.timestamps for step in stamp_reasoning(stamp)]
        for step in steps:
            assert step.clause.startswith("EN 319 102-1 5.")
            assert step.block.text("vi") != step.block.text("en")
            assert step.constraint.text("vi") != step.constraint.text("en")
            assert set(step.to_json()) == {"id", "block", "clause", "vi", "en", "result", "findings"}


def test_the_process_is_named_after_what_there_was(reports: dict[str, Report]) -> None:
    """Basic (5.3) without a proof of time, with time (5.5) where a time-stamp is."""
    assert reasoning(reports["one"].signatures[0])[-1].clause == "EN 319 102-1 5.3"
    assert reasoning(reports["stamped"].signatures[0])[-1].clause == "EN 319 102-1 5.5"
    assert any(step.clause == "EN 319 102-1 5.4" for step in reasoning(reports["stamped"].signatures[0]))


def test_what_the_judges_noted_stands_with_its_time(reports: dict[str, Report]) -> None:
    """Path and time as they were judged: the moment asked for, and never against the conclusion."""
    steps = [step for step in reasoning(reports["stamped"].signatures[0]) if step.id.startswith("judged-")]
    assert steps
    assert all(step.result in ("ok", "warning") for step in steps)
    assert any("+07:00" in step.constraint.text("vi") for step in steps)
    untrusted = [
        step for step in reasoning(reports["untrusted"].signatures[0]) if step.id.startswith("judged-")
    ]
    assert [step.result for step in untrusted] == ["not-ok"]
