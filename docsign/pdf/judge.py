"""Judges a PDF: every signature and document time-stamp in it, what each covers, and what came after.

The checks of one signature, in their order:

1. its bytes: ByteRange, gap, CMS in its place, nothing of its own revision left out (``ranges``, ``placing``)
2. its dictionary lies in the signed bytes and was not changed later (``placing``)
3. the file's structure has one meaning, and every byte belongs to something (``reading``, ``structure``)
4. the CMS: signer, mathematics, path, time-stamps (``docsign.ades.cades``, ``forms``)
5. every later revision changed only what is allowed (``changes``)

A file that claims to be signed and cannot be understood is TOTAL-FAILED / FORMAT_FAILURE, never "no
signature".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from docsign.ades.long_term import prove_by_stamps
from docsign.ades.problems import Problem, doubtful, failed, note, warning
from docsign.ades.stamped import Stamped, names_of
from docsign.errors import PdfError
from docsign.pdf.changes.allowance import Aftermath, Allowance, Lock, aftermath, is_forgiven
from docsign.pdf.changes.graph import Graph
from docsign.pdf.changes.steps import Steps
from docsign.pdf.form import acro_form, form_fields, loose_fields
from docsign.pdf.forms import judge_form, signature_format
from docsign.pdf.hidden import judge_cut, judge_hidden, judge_unreadable
from docsign.pdf.judgement import PdfJudgement
from docsign.pdf.placing import Case, Placed, place, share_prefixes
from docsign.pdf.ranges import is_cut
from docsign.pdf.reading import Array, Dictionary, Pdf, View, read_pdf
from docsign.pdf.reading.collector import uncollected
from docsign.pdf.shadows import shadow_warnings
from docsign.pdf.signatures import (
    closable,
    find_signatures,
    lock_level,
    locks,
    permission,
    usage_rights,
)
from docsign.pdf.structure import structure_problems, structure_warnings
from docsign.pdf.validation_store import document_stamps, held_names, is_covered, validation_data
from docsign.pki.existence import Existing
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass, replace
from docsign.verdict import (
    Finding,
    Indication,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)


def judge_pdf(
    data: bytes,
    *,
    trust: Trust,
    at: datetime,
    password: str | None = None,
    beside: ValidationData | None = None,
    proved_time: datetime | None = None,
) -> PdfJudgement:
    """Judge a PDF; never raises for what its bytes hold.

    ``beside`` is validation data that does not lie in the file, ``proved_time`` the earliest time at which
    something else (an evidence record) proves that the whole file existed.
    """
    try:
        with uncollected():
            pdf = read_pdf(data, password=password)
            try:
                return _judge(pdf, trust, at, beside or ValidationData(), proved_time)
            finally:
                pdf.release()
    except PdfError as error:
        return judge_unreadable(data, trust, at, error)


def _judge(
    pdf: Pdf, trust: Trust, at: datetime, beside: ValidationData, proved_time: datetime | None
) -> PdfJudgement:
    """Judge a PDF; raises PdfError where its structure cannot be understood or costs too much."""
    view = pdf.view()
    if view.catalog is None:
        raise PdfError(say("The PDF has no catalogue."), where="trailer /Root")
    fields = form_fields(view)
    found = find_signatures(view, fields)
    graph = Graph.of(pdf)
    listed = len(fields)
    if {number for number, _ in graph.signed} - {one.home for one in found} - usage_rights(view):
        fields = [*fields, *loose_fields(view, fields)]
        found = find_signatures(view, fields)
    case = Case(
        pdf=pdf,
        view=view,
        trust=trust,
        at=at,
        beside=validation_data(view).merged(beside),
        proved_time=proved_time,
        fields=fields,
        steps=Steps(pdf, graph),
    )
    placed = sorted((place(case, one) for one in found), key=lambda one: one.range.end if one.range else 0)
    share_prefixes(placed)
    for number, one in enumerate(placed):
        one.number = number
    judge = _Judge(case, placed)
    judge.run()
    hidden = judge_hidden(case, placed, len(judge.signatures))
    findings = _file_remarks(case, placed, hidden)
    findings += [
        warning(
            "signature-unlisted", say("The form does not list the signature field {name}.", name=one.name)
        )
        for one in fields[listed:]
    ]
    reports = [judge.signatures[one.number] for one in placed if not one.is_timestamp] or hidden
    stamps = [judge.stamps[one.number] for one in placed if one.is_timestamp]
    if not reports and not stamps and is_cut(pdf.data):
        return judge_cut()
    if reports or stamps:
        findings += structure_warnings(pdf)
        findings += shadow_warnings(case, graph, placed)
    broken = [one.conclusion for one in stamps if one.conclusion.indication is Indication.TOTAL_FAILED]
    return PdfJudgement(
        signatures=tuple(reports),
        timestamps=tuple(stamps),
        findings=tuple(findings),
        conclusion=conclude([*(one.conclusion for one in reports), *broken] if reports else []),
    )


@dataclass(slots=True)
class _Judge:
    """The signatures of one file, judged from the last to the first: the later ones bear on the earlier."""

    case: Case
    placed: list[Placed]
    signatures: dict[int, SignatureReport] = field(default_factory=dict)
    stamps: dict[int, TimestampReport] = field(default_factory=dict)
    failed_fields: set[str] = field(default_factory=set)
    closed_by_agency: set[int] = field(default_factory=set)
    stamped: list[tuple[Placed, Stamped]] = field(default_factory=list)
    existing: Existing | None = None
    closable: tuple[Lock, ...] = ()
    levels: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Judge the time-stamps, then the signatures; what the reader remarks on the way counts for all."""
        _ = self.case.view.pages
        self.case.steps.after(min((one.revision for one in self.placed if one.revision >= 0), default=0))
        self.closable = closable(self.case.view, self.case.fields)
        for one in self.placed:
            level = permission(self.case.view, one.found.dictionary)
            if level is not None:
                self.levels[one.number] = level
        signed = [one for one in self.placed if not one.is_timestamp]
        self._judge_stamps([one for one in self.placed if one.is_timestamp], signed)
        for count, one in reversed(list(enumerate(signed, 1))):
            report = self._signature(one, f"S{count}")
            self.signatures[one.number] = report
            if report.conclusion.indication is Indication.TOTAL_FAILED:
                self.failed_fields |= one.found.fields.keys()
            elif report.role == "agency" and report.conclusion.indication is Indication.TOTAL_PASSED:
                self.closed_by_agency.add(one.revision)

    # --- one signature ------------------------------------------------------------------------------------

    def _signature(self, placed: Placed, id: str) -> SignatureReport:
        case = self.case
        problems = [*placed.problems, *self._structure(placed)]
        names = tuple(sorted(placed.found.fields))
        format = signature_format(placed.subfilter)
        later = [stamp for one, stamp in self.stamped if is_covered(placed, one)]
        if placed.range is None:
            return SignatureReport(
                id=id,
                format=format,
                level="PAdES-B-B" if format == "pades" else "PKCS7",
                field_names=names,
                conclusion=conclude(problem.conclusion for problem in problems),
                coverage=placed.coverage,
                findings=tuple(problem.finding for problem in problems),
            )
        judged = judge_form(case, placed, id=id, format=format, later=later, known=self._existing())
        after = Aftermath()
        first = [problem.conclusion for problem in problems]
        if placed.revision >= 0:
            after = self._aftermath(placed)
            late = self._late(after)
            problems += late
            first += [problem.conclusion for problem in late]
        changed = judged.intact is False and not placed.problems
        order = [judged.conclusion, *first] if changed else [*first, judged.conclusion]
        return replace(
            judged,
            field_names=names,
            level=_level(
                judged,
                has_store=bool(case.beside.crls or case.beside.ocsps),
                stamped=bool(later),
                archived=any(
                    _has_store(case.pdf.view(one.revision))
                    for one, _ in self.stamped
                    if one.revision >= 0 and is_covered(placed, one)
                ),
            ),
            conclusion=conclude(order),
            coverage=placed.coverage,
            changes=tuple(after.changes),
            findings=(
                *judged.findings,
                *(problem.finding for problem in problems),
                *(
                    warning("signature-box", sentence, f"page {page}" if page else "")
                    for sentence, page in after.warnings
                ),
            ),
        )

    def _structure(self, placed: Placed) -> list[Problem]:
        """Check 3."""
        return structure_problems(self.case.steps, max(placed.revision, 0))

    def _aftermath(self, placed: Placed) -> Aftermath:
        """Check 5."""
        steps = self.case.steps.after(placed.revision)
        return aftermath(steps, self._allowance(placed)) if steps else Aftermath()

    def _late(self, after: Aftermath) -> list[Problem]:
        """Say what the later changes make of a signature, with the one exception for numbering by drawing."""
        if is_forgiven(after.refused, frozenset(self.closed_by_agency)):
            return [
                doubtful(
                    SubIndication.SIG_CONSTRAINTS_FAILURE,
                    "drawn-before-agency",
                    say(
                        "Before the agency signed, something was drawn on the signed pages: "
                        "compare it with the original."
                    ),
                )
            ]
        problems = [
            failed(
                SubIndication.FORMAT_FAILURE,
                "changed-after-signing",
                change.what,
                "" if change.page is None else f"page {change.page}",
            )
            for _, _, change in after.refused
        ]
        problems += [
            doubtful(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                "signature-box",
                sentence,
                f"page {page}" if page else "",
            )
            for sentence, page in after.doubtful
        ]
        return problems

    def _allowance(self, placed: Placed) -> Allowance:
        return Allowance(
            permission=self._permission(placed),
            locks=locks(self.case.view, placed.found),
            closable=self.closable,
            present=_FieldsOf(self.case, placed.revision),
            failed=frozenset(self.failed_fields),
        )

    def _permission(self, placed: Placed) -> int | None:
        """Return the strictest level set by this signature or, before it, by one that certifies."""
        own = lock_level(self.case.view, placed.found)
        before = [level for number, level in self.levels.items() if number <= placed.number]
        return min([*before, *([] if own is None else [own])], default=None)

    # --- document time-stamps -------------------------------------------------------------------------------

    def _existing(self) -> Existing:
        """Return what is proved to have existed, for all signatures of the file."""
        if self.existing is None:
            self.existing = Existing(self.case.at)
            if self.case.proved_time is not None:  # an evidence record over the whole file
                names = names_of(self.case.beside).union(*map(held_names, self.placed))
                self.existing.add(names, self.case.proved_time)
        return self.existing

    def _judge_stamps(self, placed: list[Placed], signed: list[Placed]) -> None:
        """Judge the document time-stamps (EN 319 142-1 5.4.3), each with what the newer ones prove."""
        case = self.case
        unsound = {f"T{count}" for count, one in enumerate(placed, 1) if self._structure(one)}
        given = [
            replace(one, covers=frozenset()) if one.id in unsound else one
            for one in document_stamps(case, placed, signed)
        ]
        judged = prove_by_stamps(
            given, data=case.beside, trust=case.trust, at=case.at, existing=self._existing()
        )
        reports = {one.report.id: one.report for one in judged}
        stamped = {one.id: replace(one, judged=answer) for one, answer in zip(given, judged, strict=True)}
        for count, one in reversed(list(enumerate(placed, 1))):
            name = f"T{count}"
            report = self.stamps[one.number] = self._timestamp(one, name, reports.get(name))
            if name in stamped and report.conclusion.indication is not Indication.TOTAL_FAILED:
                self.stamped.append((one, stamped[name]))
        self.stamped.reverse()

    def _timestamp(self, placed: Placed, name: str, report: TimestampReport | None) -> TimestampReport:
        """Add to the answer on a token what its bytes, its place and the later changes say."""
        problems = [*placed.problems, *self._structure(placed)]
        if report is None:
            return TimestampReport(
                id=name,
                kind="document",
                conclusion=conclude(problem.conclusion for problem in problems),
                findings=tuple(problem.finding for problem in problems),
            )
        if placed.revision >= 0:
            problems += self._late(self._aftermath(placed))
        return replace(
            report,
            conclusion=conclude([report.conclusion, *(problem.conclusion for problem in problems)]),
            findings=(*report.findings, *(problem.finding for problem in problems)),
        )


@dataclass(slots=True)
class _FieldsOf:
    """The names of the fields that a revision held; read when first asked for."""

    case: Case
    revision: int
    names: frozenset[str] | None = None

    def __contains__(self, name: object) -> bool:
        if self.names is None:
            self.names = frozenset(one.name for one in form_fields(self.case.pdf.view(self.revision)))
        return name in self.names


def _has_store(view: View) -> bool:
    """Say whether a revision holds revocation data (EN 319 142-1 5.4.2)."""
    store = view.get(view.catalog, "DSS")
    listed = [view.get(store, key) for key in ("CRLs", "OCSPs")] if isinstance(store, Dictionary) else []
    return any(isinstance(one, Array) and one.items for one in listed)


def _level(report: SignatureReport, *, has_store: bool, stamped: bool, archived: bool) -> str:
    """Name the level found (EN 319 142-1 6): a form, not yet a judgement of what it holds.

    A document time-stamp archives only the validation data that came before it.
    """
    if report.format != "pades":
        return report.level
    if not report.timestamps and not stamped:
        return "PAdES-B-B"
    if not has_store:
        return "PAdES-B-T"
    return "PAdES-B-LTA" if archived else "PAdES-B-LT"


def _file_remarks(case: Case, placed: Sequence[Placed], hidden: Sequence[SignatureReport]) -> list[Finding]:
    """Return what concerns the file and no single signature."""
    findings: list[Finding] = []
    if hidden and placed:
        findings.append(
            warning("signature-hidden", say("The file holds a signature that its form no longer shows."))
        )
    shared = [", ".join(sorted(one.found.fields)) for one in placed if len(one.found.fields) > 1]
    findings += [
        warning("signature-shared", say("One signature stands in several fields: {names}.", names=names))
        for names in shared
    ]
    if usage_rights(case.view):
        findings.append(
            note(
                "usage-rights",
                say("The file holds a usage-rights signature of its software: it signs no document."),
            )
        )
    if case.view.get(acro_form(case.view), "XFA") is not None:
        dynamic = case.view.get(case.view.catalog, "NeedsRendering") is True
        findings.append(
            (warning if dynamic else note)(
                "xfa-form",
                say("The file is an XFA form: some readers build its pages anew from data inside it.")
                if dynamic
                else say(
                    "The file holds the data of an XFA form beside its pages; most readers show the pages."
                ),
            )
        )
    findings += _empty_fields(case.view, case)
    return findings


def _empty_fields(view: View, case: Case) -> list[Finding]:
    return [
        note("empty-field", say("The signature field {name} is still empty.", name=one.name))
        for one in case.fields
        if one.kind(view) == "Sig" and one.inherited(view, "V") is None
    ]
