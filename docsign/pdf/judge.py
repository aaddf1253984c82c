"""Judges a PDF: every signature and document time-stamp in it, what each covers, and what came after.

The checks of one signature, in their order:

1. its bytes: ByteRange, gap, CMS in its place, nothing of its own revision left out (``ranges``)
2. its dictionary lies in the signed bytes and was not changed later
3. the CMS: signer, mathematics, path, time-stamps (``docsign.ades.cades``)
4. every byte after it belongs to a revision (``accounting``)
5. every later revision changed only what is allowed (``changes``)

pyHanko reads the structure; each of its exceptions becomes a finding here. A file that claims to be signed
and cannot be understood is TOTAL-FAILED / FORMAT_FAILURE, never "no signature".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from docsign.ades.cades import judge_cms
from docsign.ades.signer import Problem, doubtful, failed, note, warning
from docsign.ades.timestamps import judge_timestamp
from docsign.errors import PdfError
from docsign.pdf.accounting import require_accounted
from docsign.pdf.changes import allowed_after
from docsign.pdf.hidden import PdfJudgement, judge_cut, judge_hidden, judge_unreadable
from docsign.pdf.objects import value
from docsign.pdf.placing import Case, Placed, place
from docsign.pdf.ranges import is_cut
from docsign.pdf.revision import damaged
from docsign.pdf.signatures import (
    claimed_time,
    closable_fields,
    closed_fields,
    find_signatures,
    form_fields,
    open_pdf,
    permission,
    validation_data,
)
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import (
    Change,
    Finding,
    Indication,
    SignatureFormat,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

PADES, PKCS7 = "/ETSI.CAdES.detached", "/adbe.pkcs7.detached"
OLD_FORMS = frozenset({"/adbe.pkcs7.sha1", "/adbe.x509.rsa_sha1"})


def judge_pdf(data: bytes, *, trust: Trust, at: datetime, password: str | None = None) -> PdfJudgement:
    """Judge a PDF; never raises for what its bytes hold."""
    try:
        reader, is_strict = open_pdf(data, password)
        fields = form_fields(reader)
        found = find_signatures(fields)
    except PdfError as error:
        return judge_unreadable(data, trust, at, error)
    except Exception as error:  # noqa: BLE001 -- pyHanko raises anything on odd files
        return judge_unreadable(data, trust, at, damaged(error))
    case = Case(data=data, reader=reader, trust=trust, at=at, beside=validation_data(reader), fields=fields)
    placed = sorted(
        (place(case, signature) for signature in found), key=lambda one: one.range.end if one.range else 0
    )
    for number, one in enumerate(placed):
        one.number = number
    stamps = {
        one.number: _judge_document_timestamp(case, one, f"T{count}")
        for count, one in enumerate((one for one in placed if one.is_timestamp), 1)
    }
    reports = [
        _judge_signature(case, one, f"S{number}", placed, stamps)
        for number, one in enumerate((one for one in placed if not one.is_timestamp), 1)
    ]
    reports = _forgive_drawing(case, placed, reports)
    hidden = judge_hidden(case, placed, len(reports))
    findings = _file_remarks(case, placed, is_strict, hidden)
    reports = reports or hidden
    if not reports and not stamps and is_cut(data):
        return judge_cut()
    return PdfJudgement(
        signatures=tuple(reports),
        timestamps=tuple(stamps.values()),
        findings=tuple(findings),
        conclusion=conclude(
            [
                *(report.conclusion for report in reports),
                *(
                    stamp.conclusion
                    for stamp in stamps.values()
                    if stamp.conclusion.indication is Indication.TOTAL_FAILED
                ),
            ]
            if reports
            else []
        ),
    )


# --- checks 3, 4 and 5 --------------------------------------------------------------------------------------


def _judge_signature(
    case: Case,
    placed: Placed,
    id: str,
    all_placed: Sequence[Placed],
    stamps: dict[int, TimestampReport],
) -> SignatureReport:
    found = placed.found
    is_pades = found.subfilter == PADES
    format: SignatureFormat = "pades" if is_pades else "pkcs7"
    names = tuple(sorted(found.fields))
    problems = list(placed.problems)
    if found.subfilter in OLD_FORMS:
        problems.append(
            doubtful(
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                "weak-algorithm",
                say("The signature has an old form that rests on SHA-1, which is no longer accepted."),
            )
        )
    elif found.subfilter not in (PADES, PKCS7):
        problems.append(
            failed(
                SubIndication.FORMAT_FAILURE,
                "subfilter",
                say("The signature is of an unknown kind ({name}).", name=found.subfilter or "–"),
            )
        )
    if placed.range is None or found.subfilter not in (PADES, PKCS7):
        return SignatureReport(
            id=id,
            format=format,
            level="PAdES-B-B" if is_pades else "PKCS7",
            field_names=names,
            conclusion=conclude(problem.conclusion for problem in problems),
            coverage=placed.coverage,
            findings=tuple(problem.finding for problem in problems),
        )
    later = [one for one in all_placed if one.number in stamps and _covers(one, placed)]
    proofs = [
        stamp.time
        for stamp in (stamps[one.number] for one in later)
        if stamp.time is not None and stamp.conclusion.indication is Indication.TOTAL_PASSED
    ]
    judged = judge_cms(
        placed.range.cms,
        content_digest=placed.range.digest,
        trust=case.trust,
        at=case.at,
        id=id,
        format=format,
        embedded=True,
        beside=case.beside,
        claimed_time=claimed_time(found.dictionary),
        proved_time=min(proofs, default=None),
    ).report
    changes: tuple[Change, ...] = ()
    if not problems and judged.intact is not False:
        changes, late = _judge_changes(case, placed)
        problems += late
        first, second = [judged.conclusion], [problem.conclusion for problem in problems]
    else:
        first, second = [problem.conclusion for problem in problems], [judged.conclusion]
    return replace(
        judged,
        field_names=names,
        level=_level(judged, has_store=bool(case.beside.crls or case.beside.ocsps), stamped=bool(later)),
        conclusion=conclude([*first, *second]),
        coverage=placed.coverage,
        changes=changes,
        findings=(*judged.findings, *(problem.finding for problem in problems)),
    )


def _covers(later: Placed, earlier: Placed) -> bool:
    return (
        later.range is not None
        and earlier.range is not None
        and not later.problems
        and later.range.gap_start >= earlier.range.end
    )


def _level(report: SignatureReport, *, has_store: bool, stamped: bool) -> str:
    """Name the level found (EN 319 142-1 6): a form, not yet a judgement of what it holds."""
    if report.format != "pades":
        return report.level
    if not report.timestamps and not stamped:
        return "PAdES-B-B"
    if not has_store:
        return "PAdES-B-T"
    return "PAdES-B-LTA" if stamped else "PAdES-B-LT"


def _judge_changes(case: Case, placed: Placed) -> tuple[tuple[Change, ...], list[Problem]]:
    """Checks 4 and 5 for one signature whose own bytes are in order."""
    assert placed.range is not None
    if placed.range.covers_the_file:
        return (), []
    try:
        require_accounted(case.reader, case.data, placed.range.end, placed.revision, case.accounted)
        steps = case.later_steps(placed.revision)
        changes = allowed_after(
            steps,
            locked=closed_fields(placed.found, frozenset(case.fields)),
            closable=closable_fields(case.fields),
            permission=permission(placed.found.dictionary),
        )
    except PdfError as error:
        return (), [failed(SubIndication.FORMAT_FAILURE, "unaccounted-bytes", error.sentence)]
    except Exception as error:  # noqa: BLE001 -- pyHanko raises anything on odd revisions
        return (), [failed(SubIndication.FORMAT_FAILURE, "unaccounted-bytes", damaged(error).sentence)]
    refused = [change for change in changes if not change.allowed]
    problems = [
        failed(
            SubIndication.FORMAT_FAILURE,
            "changed-after-signing",
            change.what,
            "" if change.page is None else f"page {change.page}",
        )
        for change in refused
    ]
    return changes, problems


def _forgive_drawing(
    case: Case, placed: Sequence[Placed], reports: list[SignatureReport]
) -> list[SignatureReport]:
    """Turn TOTAL-FAILED into INDETERMINATE where a tool numbered by drawing and the agency closed it.

    Only where the drawing is all there is, in the very revision that a later, passing agency signature
    closes.
    """
    closed_by_agency = {
        one.revision
        for one, report in zip((one for one in placed if not one.is_timestamp), reports, strict=True)
        if report.role == "agency" and report.conclusion.indication is Indication.TOTAL_PASSED
    }
    answers = []
    for one, report in zip((one for one in placed if not one.is_timestamp), reports, strict=True):
        refused = [change for change in report.changes if not change.allowed]
        if not refused or report.conclusion.sub_indication is not SubIndication.FORMAT_FAILURE:
            answers.append(report)
            continue
        steps = [step for step in case.later_steps(one.revision) if step.level is None]
        drawn = [change for step in steps for change in step.changes if not change.allowed]
        forgiven = all(step.only_drawing and step.revision in closed_by_agency for step in steps)
        answers.append(_only_drawn(report) if forgiven and len(drawn) == len(refused) else report)
    return answers


def _only_drawn(report: SignatureReport) -> SignatureReport:
    problem = doubtful(
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "drawn-before-agency",
        say(
            "Before the agency signed, something was drawn on the signed pages: compare it with the original."
        ),
    )
    kept = tuple(finding for finding in report.findings if finding.code != "changed-after-signing")
    return replace(report, conclusion=problem.conclusion, findings=(*kept, problem.finding))


# --- document time-stamps -----------------------------------------------------------------------------------


def _judge_document_timestamp(case: Case, placed: Placed, name: str) -> TimestampReport:
    """Judge a document time-stamp (EN 319 142-1 5.4.3): its own bytes, its token, and what came after."""
    problems = list(placed.problems)
    if placed.range is None:
        return TimestampReport(
            id=name,
            kind="document",
            conclusion=conclude(problem.conclusion for problem in problems),
            findings=tuple(problem.finding for problem in problems),
        )
    report = judge_timestamp(
        placed.range.cms,
        placed.range.digest,
        trust=case.trust,
        at=case.at,
        id=name,
        kind="document",
        others=case.beside.certificates,
        crls=case.beside.crls,
        ocsps=case.beside.ocsps,
        zero_padding=True,
    )
    if not problems and report.intact is not False:
        problems += _judge_changes(case, placed)[1]
    return replace(
        report,
        conclusion=conclude([report.conclusion, *(problem.conclusion for problem in problems)]),
        findings=(*report.findings, *(problem.finding for problem in problems)),
    )


def _file_remarks(
    case: Case, placed: Sequence[Placed], is_strict: bool, hidden: Sequence[SignatureReport]
) -> list[Finding]:
    """Return what concerns the file and no single signature."""
    findings: list[Finding] = []
    if placed and not is_strict:
        findings.append(
            warning(
                "loose-structure", say("The file's structure breaks rules of PDF; it could still be read.")
            )
        )
    if hidden and placed:
        findings.append(
            warning("signature-hidden", say("The file holds a signature that its form no longer shows."))
        )
    shared = [", ".join(sorted(one.found.fields)) for one in placed if len(one.found.fields) > 1]
    findings += [
        warning("signature-shared", say("One signature stands in several fields: {names}.", names=names))
        for names in shared
    ]
    for name, entry in case.fields.items():
        if str(value(entry, "/FT")) == "/Sig" and value(entry, "/V") is None:
            findings.append(note("empty-field", say("The signature field {name} is still empty.", name=name)))
    return findings
