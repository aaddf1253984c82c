"""The time-stamps and evidence records of a container: what they prove of the files they cover.

A time-stamp in META-INF stamps a manifest or the one file of an ASiC-S; those over an ASiCArchiveManifest
renew what is older (EN 319 162-1 A.6, A.7). An evidence record is judged by ``ades.evidence_record_judge``.
What passes proves that everything in the files it covers existed at its time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from docsign.ades import signed_data as sd
from docsign.ades import xades_form as xf
from docsign.ades import xades_properties as xp
from docsign.ades.evidence_record_judge import judge_evidence_record
from docsign.ades.long_term import judge_in_time
from docsign.ades.problems import Problem
from docsign.ades.stamped import Existence, Stamped, name_of, names_of
from docsign.ades.timestamps import read_timestamp_info
from docsign.ades.xml import parse
from docsign.envelope.container import Container
from docsign.envelope.coverage import Coverage, Covering, form_problem
from docsign.errors import CmsError, ContainerError, XmlError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Indication, TimestampKind, TimestampReport, conclude

TOKEN_LIMIT = 4 * 1024 * 1024
SIGNATURES_LIMIT = 8 * 1024 * 1024
MOST_PROOFS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The answers on the time-stamps and records of a container, and what is proved to exist.

    ``covered`` holds the files that one of them covers, whatever its answer; ``stamps`` are the time-stamps,
    each with the files it covers where all it names are unchanged.
    """

    timestamps: tuple[TimestampReport, ...] = ()
    existence: tuple[Existence, ...] = ()
    covered: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    stamps: tuple[tuple[Stamped, frozenset[str]], ...] = ()


def prove(coverage: Coverage, *, trust: Trust, at: datetime, beside: ValidationData) -> Proofs:
    """Judge every time-stamp and evidence record of a container; never raises on bad bytes."""
    container = coverage.container
    names = container.names_of("timestamp", "evidence")
    if not names:
        return Proofs()
    if len(names) > MOST_PROOFS:
        sentence = say("Too many signature files: {count}.", count=len(names))
        return Proofs(problems=(form_problem(sentence, "META-INF/"),))
    problems: list[Problem] = []
    tokens: list[tuple[str, bytes]] = []
    records: list[tuple[str, bytes]] = []
    for name in names:
        try:
            data = container.read(name, TOKEN_LIMIT)
        except ContainerError as error:
            problems.append(form_problem(error.sentence, error.where or name))
            continue
        (tokens if name in container.names_of("timestamp") else records).append((name, data))
    stamps = _stamps(coverage, tokens, trust, at, beside)
    evidence = _records(coverage, records, trust, at, beside)
    return Proofs(
        timestamps=(*stamps.timestamps, *evidence.timestamps),
        existence=(*stamps.existence, *evidence.existence),
        covered=stamps.covered | evidence.covered,
        problems=(*problems, *stamps.problems, *evidence.problems),
        stamps=stamps.stamps,
    )


def _stamps(
    coverage: Coverage, tokens: list[tuple[str, bytes]], trust: Trust, at: datetime, beside: ValidationData
) -> Proofs:
    """Judge the time-stamps together, oldest first: a newer one may prove what an older one needs."""
    tokens = sorted(tokens, key=lambda one: _time(one[1]))
    coverings = [coverage.of(name) for name, _ in tokens]
    stamps = [
        Stamped(
            id=f"T{place}",
            token=token,
            kind=_kind(coverage, name),
            imprint=covering.content,
            covers=frozenset[bytes]().union(*(contents_of(coverage, one) for one in covering.covered)),
        )
        for place, ((name, token), covering) in enumerate(zip(tokens, coverings, strict=True), 1)
    ]
    judged = judge_in_time(None, signature=b"", stamps=stamps, data=beside, trust=trust, at=at)
    reports = tuple(
        _with_files(report, covering) for report, covering in zip(judged.timestamps, coverings, strict=True)
    )
    existence = tuple(
        Existence(time=report.time, covers=stamp.covers)
        for report, stamp in zip(reports, stamps, strict=True)
        if report.time is not None and report.conclusion.indication is Indication.TOTAL_PASSED
    )
    covered = frozenset[str]().union(*(one.covered for one in coverings))
    around = tuple(
        (stamp, frozenset() if one.problems else one.covered)
        for stamp, one in zip(stamps, coverings, strict=True)
    )
    return Proofs(timestamps=reports, existence=existence, covered=covered, stamps=around)


def _kind(coverage: Coverage, name: str) -> TimestampKind:
    archive = coverage.container.names_of("archive-manifest")
    return "archive" if any(one in archive for one in coverage.manifests_of(name)) else "container"


def _with_files(report: TimestampReport, covering: Covering) -> TimestampReport:
    """Add to a time-stamp's answer what became of the files its manifest names."""
    if not covering.problems:
        return report
    answers = [report.conclusion, *(problem.conclusion for problem in covering.problems)]
    intact = report.intact and covering.is_unchanged
    return replace(
        report,
        conclusion=conclude(answers),
        intact=False if covering.is_unchanged is False else intact,
        findings=(*report.findings, *(problem.finding for problem in covering.problems)),
    )


def _time(token: bytes) -> datetime:
    """Return the time a token claims, to put tokens in order; the latest where it cannot be read."""
    try:
        content = sd.read_signed_data(token).content
        return read_timestamp_info(content or b"").time
    except CmsError:
        return datetime.max.replace(tzinfo=UTC)


def _records(
    coverage: Coverage, records: list[tuple[str, bytes]], trust: Trust, at: datetime, beside: ValidationData
) -> Proofs:
    """Judge the evidence records, each over the files its manifest names, or the one file of an ASiC-S."""
    reports: list[TimestampReport] = []
    existence: list[Existence] = []
    covered: set[str] = set()
    for place, (name, data) in enumerate(records, 1):
        covering = coverage.of(name)
        objects = coverage.digesters(covering.referred)
        judged = judge_evidence_record(
            data, objects, trust=trust, at=at, id=f"ER{place}", beside=beside, contents=coverage.xml
        )
        report = _with_files(judged.report, covering)
        reports.append(report)
        covered |= covering.covered
        if judged.time is not None and report.conclusion.indication is Indication.TOTAL_PASSED:
            names = (contents_of(coverage, one) for one in covering.covered)
            existence.append(Existence(time=judged.time, covers=frozenset[bytes]().union(*names)))
    return Proofs(timestamps=tuple(reports), existence=tuple(existence), covered=frozenset(covered))


# --- what lies in a file ------------------------------------------------------------------------------------


def contents_of(coverage: Coverage, name: str) -> frozenset[bytes]:
    """Return the names (``name_of``) of what a signing file holds: values, certificates, lists, tokens."""
    if name not in coverage.held:
        coverage.held[name] = _contents(coverage.container, name)
    return coverage.held[name]


def _contents(container: Container, name: str) -> frozenset[bytes]:
    kinds = {kind for kind in ("xades", "cades", "timestamp", "evidence") if name in container.names_of(kind)}
    if not kinds:
        return frozenset()
    try:
        data = container.read(name, SIGNATURES_LIMIT)
        found = (
            _in_xml(data) if "xades" in kinds else _in_cms(data) if "evidence" not in kinds else frozenset()
        )
    except (ContainerError, XmlError, CmsError):
        return frozenset()
    return found | {name_of(data)}


def _in_cms(data: bytes) -> frozenset[bytes]:
    signed = sd.read_signed_data(data)
    found = set(names_of((*signed.certificates, *signed.crls)))
    for signer in signed.signers:
        found.add(name_of(signer.signature))
        for token in signer.unsigned_values(sd.SIGNATURE_TIMESTAMP):
            found.add(name_of(token.raw))
    return frozenset(found)


def _in_xml(data: bytes) -> frozenset[bytes]:
    document = xf.read_document(parse(data))
    found: set[bytes] = set()
    for element in document.signatures:
        form = xf.read_form(element)
        found.add(name_of(form.value))
        found |= names_of(form.certificates)
        for one in form.unsigned:
            found |= names_of(xp.values_in(one))
            found.update(name_of(token) for token in xp.encapsulated(one, "EncapsulatedTimeStamp"))
    return frozenset(found)
