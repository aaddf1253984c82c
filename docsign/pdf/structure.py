"""What the reader remarked, for the verdict: which remarks break a signed file and which only deserve a word.

A structure that two readers may understand differently is no structure to sign on (facts: parser
differentials). What only shows a careless writer stays a warning.
"""

from __future__ import annotations

from docsign.ades.problems import Problem, failed, warning
from docsign.pdf.changes.marks import Needs
from docsign.pdf.changes.steps import Steps
from docsign.pdf.reading import Pdf, Remark, Revision
from docsign.sentence import say
from docsign.verdict import Finding, Severity, SubIndication

BREAKING = frozenset(
    {
        "duplicate-key",
        "encryption-changed",
        "entry-into-older-revision",
        "entry-past-revision",
        "entry-twice",
        "hybrid-conflict",
        "hybrid-older",
        "more-findings",
        "object-stream-replaced",
        "overlap",
        "packed-twice",
        "page-loop",
        "page-tree",
        "reference-loop",
        "revision-only-frees",
        "revision-order",
        "second-header",
        "startxref-mismatch",
        "trailers-disagree",
        "xref-generation",
        "xref-no-object",
        "xref-wrong-object",
    }
)
BREAKING_LATER = frozenset(
    {"object-malformed", "object-without-xref", "prev-loop", "stray-comment", "unaccounted-bytes"}
)
"""Remarks that break a file only where they are about bytes that came after the signature: what lies about in
the signed bytes was there when they were signed, and a later use of it is a change."""
UNFINISHED = "revision-unfinished"
"""Breaks the signed revision and what came later: what lies before has its end where the next one begins."""
SILENT = frozenset({"wrong-type", "trailer-size", "reference-generation"})
MOST_REPORTED = 8


def breaks(remark: Remark, signed: Revision) -> bool:
    """Say whether a remark breaks a signature over everything up to the revision ``signed``."""
    if remark.severity is not Severity.ERROR:
        return False
    if remark.code == UNFINISHED and remark.revision is not None:
        return remark.revision >= signed.index
    if remark.code in BREAKING_LATER:
        if remark.revision is not None:
            return remark.revision > signed.index
        return remark.offset is None or remark.offset >= signed.end
    return remark.code in BREAKING or remark.code == UNFINISHED


def structure_problems(steps: Steps, revision: int) -> list[Problem]:
    """Return the problems of the file's structure for a signature over everything up to ``revision``.

    What came after the signature may hold no comment but where writers put one.
    """
    graph, pdf = steps.graph, steps.pdf
    signed = pdf.revisions[revision]
    found = [remark for remark in pdf.remarks if breaks(remark, signed)]
    found = [remark for remark in found if not _lacks_only_filling(remark, steps)]
    problems = [
        failed(SubIndication.FORMAT_FAILURE, remark.code, remark.sentence, remark.where) for remark in found
    ]
    problems += [
        failed(
            SubIndication.FORMAT_FAILURE,
            "stray-comment",
            say("A comment stands where writers put none."),
            f"object {number}",
        )
        for number, index in graph.commented
        if index > revision
    ]
    return problems[:MOST_REPORTED]


def _lacks_only_filling(remark: Remark, steps: Steps) -> bool:
    """Say whether old readers miss no more than filling and signing, all that was ever done to the file.

    IText 7 adds to Word's hybrid files in their own form, and changes what it needs in /XRefStm alone.
    """
    if remark.code != "hybrid-older" or not remark.revision:
        return False
    return all(
        mark.needs <= Needs.FILLING for step in steps.after(0)[: remark.revision] for mark in step.marks
    )


def structure_warnings(pdf: Pdf) -> list[Finding]:
    """Return what deserves a word and decides nothing."""
    found = [
        remark
        for remark in pdf.remarks
        if remark.code not in SILENT and not (remark.severity is Severity.ERROR and remark.code in BREAKING)
    ]
    return [warning(remark.code, remark.sentence, remark.where) for remark in found[:MOST_REPORTED]]
