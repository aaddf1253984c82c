"""One file judged and the policy applied: the Report of a file, or of a file inside another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import BinaryIO

from docsign.policy import two_signatures
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Report,
    Severity,
    SubIndication,
    conclude,
)
from docsign.verification.kinds import judge
from docsign.verification.question import Question

_PIECE = 1024 * 1024


def report_on(stream: BinaryIO, name: str, question: Question) -> Report:
    """Judge one file and apply the policy."""
    digest = _digest(stream)
    answer = judge(stream, name, question, inside=report_on)
    findings = [*answer.findings]
    conclusion = answer.conclusion
    breach = two_signatures(answer.signatures, answer.findings) if answer.format is FileFormat.PDF else None
    if breach is not None and conclusion.indication is Indication.TOTAL_PASSED:
        findings.append(Finding(code="two-signatures", severity=Severity.WARNING, sentence=breach))
    passed = conclusion.indication is Indication.TOTAL_PASSED
    report = Report(
        file=name,
        sha256=digest,
        format=answer.format,
        conclusion=conclusion,
        signatures=answer.signatures,
        timestamps=answer.timestamps,
        contents=answer.contents,
        findings=tuple(findings),
        at=question.at,
    )
    if question.policy == "any" or not answer.signatures:
        return report
    constraint = Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
    if question.policy == "official":
        inner = [content.conclusion for _, content in answer.contents]
        return replace(report, conclusion=conclude([conclusion, *inner, *([constraint] if breach else [])]))
    missing = question.policy.breach(report) if passed else None
    if missing is None:
        return report
    finding = Finding(code="policy", severity=Severity.ERROR, sentence=missing)
    return replace(report, conclusion=constraint, findings=(*report.findings, finding))


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(_PIECE):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()
