"""One file judged and the policy applied: the Report of a file, or of a file inside another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import BinaryIO

from docsign.policy import two_signatures
from docsign.sentence import Sentence
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Report,
    Severity,
    SubIndication,
    TimestampReport,
    conclude,
)
from docsign.verification.kinds import judge
from docsign.verification.question import Answer, Question, bytes_of

_PIECE = 1024 * 1024


def report_on(stream: BinaryIO, name: str, question: Question) -> Report:
    """Judge one file and apply the policy."""
    digest = _digest(stream)
    records = _judge_evidence(stream, name, question) if question.evidence else ()
    times = [record.time for record in records if record.conclusion.indication is Indication.TOTAL_PASSED]
    proved = min((time for time in times if time is not None), default=None)
    question = replace(question, proved_time=proved)
    answer = judge(stream, name, question, inside=report_on)
    findings = [*answer.findings]
    conclusion = answer.conclusion
    breach = _breach(answer, question)
    if breach is not None and conclusion.indication is Indication.TOTAL_PASSED:
        findings.append(Finding(code="two-signatures", severity=Severity.WARNING, sentence=breach))
    passed = conclusion.indication is Indication.TOTAL_PASSED
    report = Report(
        file=name,
        sha256=digest,
        format=answer.format,
        conclusion=conclusion,
        signatures=answer.signatures,
        timestamps=(*answer.timestamps, *records),
        contents=answer.contents,
        findings=tuple(findings),
        at=question.at,
    )
    carries = answer.format is FileFormat.EDXML and answer.contents  # a message's signatures lie in its files
    if question.policy == "any" or not (answer.signatures or carries):
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


def _breach(answer: Answer, question: Question) -> Sentence | None:
    """Say what an official document lacks: a PDF is always asked, other files where the policy says so.

    Outside a PDF nothing awaits the person's signature: the agency's alone is asked for, as of a copy, an
    appendix or an envelope, and signatures stand in no order.
    """
    if answer.format is FileFormat.PDF:
        return two_signatures(answer.signatures, answer.findings)
    if question.policy != "official" or answer.format is FileFormat.RECEIPT or not answer.signatures:
        return None
    return two_signatures(sorted(answer.signatures, key=lambda one: one.role == "agency"))


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(_PIECE):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()


def _judge_evidence(stream: BinaryIO, name: str, question: Question) -> tuple[TimestampReport, ...]:
    """Judge the evidence records that were given beside a file: each must cover the whole of it."""
    from docsign.ades.algorithms import hash_bytes
    from docsign.ades.evidence_record_judge import judge_evidence_record
    from docsign.ades.xml import LIMIT as XML_LIMIT

    def digest(algorithm: str) -> bytes:
        stream.seek(0)
        return hash_bytes(algorithm, stream.read())

    def contents(_: str) -> bytes:
        stream.seek(0)
        return stream.read(XML_LIMIT + 1)

    reports = tuple(
        judge_evidence_record(
            bytes_of(record),
            {name or "file": digest},
            trust=question.trust,
            at=question.at,
            id=f"ER{number}",
            beside=question.beside,
            contents=contents,
        ).report
        for number, record in enumerate(question.evidence, 1)
    )
    stream.seek(0)
    return reports
