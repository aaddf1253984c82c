"""Judge a container: its signatures, and that every file is covered by one (EN 319 162-1, EN 319 102-1).

The one piece of code for ``open``, the relay and the verdict. The files themselves (signed PDFs) are judged
elsewhere. Whether the right agency sealed it is the caller's question: ``ContainerJudgement.sealed_by``.

1. an ASiC-S holds one file (EN 319 162-1 4.3.3.1); every manifest can be read and names one signing file
2. time-stamps and evidence records are judged first: they prove what is older (``container_proofs``)
3. every XAdES signature over the files it refers to, every CAdES signature over its manifest or the one file
4. every file that must be is covered by a signature: all but mimetype and META-INF
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from docsign.ades.cades import CmsJudgement, judge_signers
from docsign.ades.problems import Problem
from docsign.ades.stamped import Existence, Stamped
from docsign.ades.xades import XadesJudgement, judge_xades_file
from docsign.envelope.asic_names import CONTAINER_SUFFIXES, kind_of
from docsign.envelope.container import (
    HEADER_LIMIT,
    HEADER_NAME,
    SIGNATURES_LIMIT,
    Container,
    require_references,
)
from docsign.envelope.container_proofs import Proofs, contents_of, prove
from docsign.envelope.coverage import Coverage, Covering, form_problem
from docsign.envelope.edxml_reading import read_header
from docsign.envelope.header import Header
from docsign.envelope.open_document import required_names
from docsign.errors import ContainerError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Severity,
    SignatureReport,
    TimestampReport,
    conclude,
)

MOST_SIGNATURE_FILES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerJudgement:
    """The answer on a container; ``certificates`` goes with ``signatures``, signature by signature.

    ``timestamps`` are those of the container itself, time-stamps and evidence records. ``findings`` and
    ``conclusion`` are the container's: the signatures' answers and its own (a file that no signature covers)
    taken together.
    """

    format: FileFormat
    signatures: tuple[SignatureReport, ...]
    certificates: tuple[x509.Certificate | None, ...]
    findings: tuple[Finding, ...]
    conclusion: Conclusion
    timestamps: tuple[TimestampReport, ...] = ()

    @property
    def every_finding(self) -> tuple[Finding, ...]:
        """The container's own findings, then those of its signatures."""
        return (*self.findings, *(one for report in self.signatures for one in report.findings))

    def sealed_by(self) -> tuple[tuple[SignatureReport, x509.Certificate], ...]:
        """Return the signatures that pass and cover every file: whose container it is stands there."""
        return tuple(
            (report, certificate)
            for report, certificate in zip(self.signatures, self.certificates, strict=True)
            if certificate is not None
            and report.coverage == "whole"
            and report.conclusion.indication is Indication.TOTAL_PASSED
        )


def envelope_header(container: Container) -> Header:
    """Return the header of an envelope; raises ContainerError or EdxmlError.

    A container without ``header.edxml``, or whose documents are not the ones the header names, is no
    envelope.
    """
    if container.find(HEADER_NAME) is None:
        raise ContainerError(say("This container is not an envelope: it has no {name}.", name=HEADER_NAME))
    header = read_header(container.read(HEADER_NAME, HEADER_LIMIT))
    require_references(header, container)
    return header


def judge_container(
    container: Container, *, trust: Trust, at: datetime, beside: ValidationData | None = None
) -> ContainerJudgement:
    """Judge every signature of a checked container, and what they cover; never raises on bad bytes.

    ``beside`` is validation data that does not lie in the container.
    """
    case = _Case(
        container=container,
        whole=frozenset(container.data_names),
        coverage=Coverage(container),
        trust=trust,
        at=at,
        beside=beside or ValidationData(),
    )
    proofs = prove(case.coverage, trust=trust, at=at, beside=case.beside)
    problems = [*_form_problems(case), *case.coverage.problems, *proofs.problems]
    judged = _judge_signatures(case, proofs, problems)
    if judged or problems:
        problems += _uncovered(container, judged)
    if judged and not case.whole and all(container.find(name) for one in judged for name in one.referred):
        # EN 319 162-1 4.4.3.1: it holds a file at least; one that is signed and missing has its own problem
        problems.append(form_problem(say("The container holds no file that could be signed."), ""))
    reports = tuple([one.report for one in judged])
    answers = [report.conclusion for report in reports]
    findings = [*container.findings, *_remarks(case, proofs, judged)]
    return ContainerJudgement(
        format=container.format,
        signatures=reports,
        certificates=tuple(one.certificate for one in judged),
        findings=(*findings, *(problem.finding for problem in problems)),
        conclusion=conclude([*answers, *(problem.conclusion for problem in problems)]),
        timestamps=proofs.timestamps,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same for every signature of one container."""

    container: Container
    whole: frozenset[str]
    coverage: Coverage
    trust: Trust
    at: datetime
    beside: ValidationData


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """The answer on one signature, whatever its form."""

    report: SignatureReport
    certificate: x509.Certificate | None
    referred: frozenset[str]
    covered: frozenset[str]


def _form_problems(case: _Case) -> Iterator[Problem]:
    """Check 1: an ASiC-S is about one file."""
    container = case.container
    if container.format is FileFormat.ASICS and len(container.data_names) != 1:
        count = len(container.data_names)
        yield form_problem(say("An ASiC-S container holds exactly one file; this one has {n}.", n=count), "")
    elif container.format is FileFormat.ASICS and "/" in container.data_names[0]:  # EN 319 162-1 4.3.3.1
        sentence = say("The file of an ASiC-S container stands at its root, in no folder.")
        yield form_problem(sentence, container.data_names[0])


def _judge_signatures(case: _Case, proofs: Proofs, problems: list[Problem]) -> list[_Judged]:
    """Check 3, file by file; what is wrong with a file as a whole is added to ``problems``."""
    judged: list[_Judged] = []
    names = case.container.names_of("xades", "cades")
    if len(names) > MOST_SIGNATURE_FILES:
        sentence = say("Too many signature files: {count}.", count=len(names))
        problems.append(form_problem(sentence, "META-INF/"))
        names = ()
    count = 0
    for name in names:
        try:
            data = case.container.read(name, SIGNATURES_LIMIT)
        except ContainerError as error:
            problems.append(form_problem(error.sentence, error.where))
            continue
        known = contents_of(case.coverage, name) if proofs.existence else frozenset()
        existence = tuple(one for one in proofs.existence if one.covers & known)
        id = f"S{count + 1}"
        if kind_of(name) == "xades":
            found, own = _judge_xades(case, data, existence, id)
        else:
            later = tuple(stamp for stamp, covered in proofs.stamps if name in covered)
            found, own = _judge_cades(case, name, data, existence, later, id)
        if not found:
            problems.append(form_problem(say("The signature file holds no signature."), name))
        judged += found
        count += own
    return judged


def _judge_xades(
    case: _Case, data: bytes, existence: tuple[Existence, ...], id: str
) -> tuple[list[_Judged], int]:
    """Judge a file of XAdES signatures; the number is that without counter-signatures."""
    judgements: tuple[XadesJudgement, ...] = judge_xades_file(
        data,
        resolve=case.coverage.resolve,
        trust=case.trust,
        at=case.at,
        id=id,
        most_references=len(case.container.entries) + 8,
        digests=case.coverage.digests,
        name_of_uri=case.container.name_of,
        beside=case.beside,
        existence=existence,
        whole=case.whole,
    )
    found = [
        _Judged(report=one.report, certificate=one.certificate, referred=one.referred, covered=one.covered)
        for one in judgements
    ]
    return found, sum(not one.counter_of for one in judgements)


def _judge_cades(
    case: _Case,
    name: str,
    data: bytes,
    existence: tuple[Existence, ...],
    later: tuple[Stamped, ...],
    id: str,
) -> tuple[list[_Judged], int]:
    """Judge a CAdES signature over its manifest, or over the one file of an ASiC-S."""
    covering = case.coverage.of(name)
    judgements = judge_signers(
        data,
        content_digest=covering.content,
        trust=case.trust,
        at=case.at,
        id=id,
        beside=case.beside,
        proved_time=min((one.time for one in existence), default=None),
        later=later,
    )
    archived = any(stamp.kind == "archive" for stamp in later)
    found = [_with_files(one, covering, case.whole, archived=archived) for one in judgements]
    return found, len(found)


def _with_files(
    judgement: CmsJudgement, covering: Covering, whole: frozenset[str], *, archived: bool
) -> _Judged:
    """Take a signature's answer together with what became of the files its manifest names.

    ``archived`` says that an archive manifest's time-stamp is over it: the container then is what makes it
    B-LTA (EN 319 162-1 4.4.4). ``whole`` are the files of the container.
    """
    report = judgement.report
    is_file = not covering.problems and report.intact is False  # of an ASiC-S: the digest is the signature's
    covered = frozenset() if is_file else covering.covered
    report = replace(report, coverage="whole" if whole and whole <= covered else "partial")
    if archived and report.level == "CAdES-B-LT":
        report = replace(report, level="CAdES-B-LTA")
    if covering.problems:
        intact = report.intact if covering.is_unchanged else covering.is_unchanged
        report = replace(
            report,
            conclusion=conclude([report.conclusion, *(one.conclusion for one in covering.problems)]),
            intact=False if report.intact is False else intact,
            findings=(*report.findings, *(one.finding for one in covering.problems)),
        )
    return _Judged(
        report=report,
        certificate=judgement.certificate,
        referred=covering.referred,
        covered=covered,
    )


def _uncovered(container: Container, judged: list[_Judged]) -> Iterator[Problem]:
    """Check 4: yield a problem for each file that no signature refers to; a changed one has its own."""
    for name in sorted(set(required_names(container)).difference(*[one.referred for one in judged])):
        yield form_problem(say("No signature covers this file."), name, "file-not-covered")


def _remarks(case: _Case, proofs: Proofs, judged: list[_Judged]) -> Iterator[Finding]:
    """Yield what decides nothing: files that are containers, manifests nobody signs, unstamped files."""
    for name in case.container.data_names:
        if name.lower().endswith(CONTAINER_SUFFIXES):
            sentence = say(
                "This file is a container of its own; the signatures in it are no part of this one."
            )
            yield Finding(code="nested-container", severity=Severity.INFO, sentence=sentence, where=name)
    for name in case.coverage.unsigned_manifests():
        sentence = say("The file that signs this manifest is not in the container.")
        yield Finding(code="manifest-unsigned", severity=Severity.WARNING, sentence=sentence, where=name)
    if proofs.timestamps and not judged:
        for name in sorted(set(case.container.data_names) - proofs.covered):
            sentence = say("No time-stamp or evidence record covers this file.")
            yield Finding(code="file-not-covered", severity=Severity.ERROR, sentence=sentence, where=name)
