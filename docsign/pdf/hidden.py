"""Judges the signatures that a PDF's raw bytes claim and its structure does not show, or cannot any more.

A file that claims to be signed and cannot be understood is TOTAL-FAILED / FORMAT_FAILURE, never "no
signature".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from docsign.ades.cades import judge_cms
from docsign.ades.problems import Problem, doubtful, failed, warning
from docsign.errors import PdfError, PdfPasswordError
from docsign.pdf.judgement import PdfJudgement
from docsign.pdf.placing import Case, Placed
from docsign.pdf.ranges import claimed_ranges, claims, is_cut, read_range
from docsign.pdf.reading import Text
from docsign.pdf.signatures import usage_rights_dictionaries
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import Conclusion, SignatureReport, SubIndication, conclude


def judge_unreadable(data: bytes, trust: Trust, at: datetime, error: PdfError) -> PdfJudgement:
    """Judge a PDF whose structure cannot be read: by the raw bytes, if it claims to be signed."""
    if not claims(data):
        if is_cut(data):
            return judge_cut()
        return PdfJudgement(
            findings=(warning(error.code, error.sentence),), conclusion=Conclusion.no_signature()
        )
    if isinstance(error, PdfPasswordError) and encrypted_later(data):
        problem = failed(
            SubIndication.FORMAT_FAILURE,
            "encryption-changed",
            say("A later revision changes how the file is encrypted."),
            "trailer /Encrypt",
        )
    elif isinstance(error, PdfPasswordError):
        problem = doubtful(SubIndication.GENERIC, error.code, error.sentence)
    else:
        problem = failed(SubIndication.FORMAT_FAILURE, error.code, error.sentence)
    reports = judge_raw(data, trust, at, range(1, 1000), problem)
    return PdfJudgement(
        signatures=tuple(reports),
        findings=(problem.finding,),
        conclusion=conclude([*(report.conclusion for report in reports), problem.conclusion]),
    )


def encrypted_later(data: bytes) -> bool:
    """Say whether some signed bytes know of no encryption: then it came after them."""
    for _, claimed in claimed_ranges(data):
        try:
            signed = read_range(claimed, data)
        except PdfError:
            continue
        if data.find(b"/Encrypt", 0, signed.end) < 0:
            return True
    return False


def judge_cut() -> PdfJudgement:
    """Answer for a PDF whose end is missing, with it perhaps a signature: it must not count as unsigned."""
    problem = failed(
        SubIndication.FORMAT_FAILURE,
        "truncated-pdf",
        say("The PDF was cut: its end is missing, and whether it was signed can no longer be told."),
    )
    return PdfJudgement(findings=(problem.finding,), conclusion=problem.conclusion)


def judge_hidden(case: Case, placed: Sequence[Placed], count: int) -> list[SignatureReport]:
    """Judge signatures whose bytes are in the file but to which the form does not lead."""
    ranges = [one.range for one in placed if one.range is not None]
    judged = {(0, one.gap_start, one.gap_end, one.end - one.gap_end) for one in ranges}
    if all(claimed in judged for _, claimed in claimed_ranges(case.pdf.data)):
        return []
    known = {one.contents[0] for one in ranges} | usage_rights_gaps(case)
    problem = failed(
        SubIndication.FORMAT_FAILURE,
        "signature-hidden",
        say("The file holds a signature that its form no longer shows."),
    )
    return [
        report
        for report in judge_raw(
            case.pdf.data, case.trust, case.at, range(count + 1, count + 1000), problem, known, judged
        )
        if report.coverage != "partial"
    ]


def usage_rights_gaps(case: Case) -> set[int]:
    """Return where the usage-rights signatures (12.8.2.3) keep their CMS: they sign no document.

    Such a one is called so by the very revision that brought it: a later revision makes none out of a
    signature that was there.
    """
    pdf, found = case.pdf, set[int]()
    for index in {index for _, index in case.steps.graph.signed} | set(range(min(3, len(pdf.revisions)))):
        revision, view = pdf.revisions[index], pdf.view(index)
        for signature in usage_rights_dictionaries(view):
            contents = view.get(signature, "Contents")
            if isinstance(contents, Text) and revision.start <= contents.start < revision.end:
                found.add(contents.start)
    return found


def judge_raw(
    data: bytes,
    trust: Trust,
    at: datetime,
    numbers: range,
    problem: Problem,
    known: set[int] | None = None,
    judged: Collection[tuple[int, int, int, int]] = (),
) -> list[SignatureReport]:
    """Judge the signatures that the raw bytes claim: who signed, and whether the bytes are intact.

    A changed byte often breaks the structure too: the broken digest is then the better reason. Passed over
    are those whose /Contents stand where ``known`` says, and whose /ByteRange is among ``judged``.
    """
    reports: list[SignatureReport] = []
    for position, claimed in claimed_ranges(data):
        if claimed in judged:
            continue
        id = f"S{numbers[min(len(reports), len(numbers) - 1)]}"
        try:
            signed = read_range(claimed, data)
        except PdfError as error:
            form = failed(SubIndication.FORMAT_FAILURE, "signature-form", error.sentence)
            reports.append(_broken(id, form))
            continue
        if not abs(position - signed.gap_start) < 65536 + 2 * len(signed.cms):
            continue
        if known is not None and signed.contents[0] in known:
            continue
        answer = judge_cms(
            signed.cms, content_digest=signed.digest, trust=trust, at=at, id=id, format="pades"
        ).report
        order = [answer.conclusion, problem.conclusion]
        reports.append(
            replace(
                answer,
                conclusion=conclude(order),
                coverage="whole" if signed.covers_the_file else "revision",
                findings=(*answer.findings, problem.finding),
            )
        )
    return reports


def _broken(id: str, problem: Problem) -> SignatureReport:
    return SignatureReport(
        id=id,
        format="pades",
        level="PAdES-B-B",
        conclusion=problem.conclusion,
        findings=(problem.finding,),
    )
