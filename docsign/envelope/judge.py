"""Judge a container: its signatures, and that every file is covered by one (EN 319 162-1, EN 319 102-1).

The one piece of code for ``open``, the relay and the verdict. The files themselves (signed PDFs) are judged
elsewhere. Whether the right agency sealed it is the caller's question: ``ContainerJudgement.sealed_by``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from cryptography import x509

from docsign.ades.xades import XadesJudgement, judge_xades_file
from docsign.envelope.container import (
    HEADER_LIMIT,
    HEADER_NAME,
    SIGNATURES_LIMIT,
    Container,
    require_references,
)
from docsign.envelope.edxml_reading import read_header
from docsign.envelope.header import Header
from docsign.errors import ContainerError
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Severity,
    SignatureReport,
    SubIndication,
    conclude,
)

MOST_SIGNATURE_FILES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerJudgement:
    """The answer on a container; ``certificates`` goes with ``signatures``, signature by signature.

    ``findings`` and ``conclusion`` are the container's: the signatures' answers and its own (a file that no
    signature covers) taken together.
    """

    format: FileFormat
    signatures: tuple[SignatureReport, ...]
    certificates: tuple[x509.Certificate | None, ...]
    findings: tuple[Finding, ...]
    conclusion: Conclusion

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


def judge_container(container: Container, *, trust: Trust, at: datetime) -> ContainerJudgement:
    """Judge every signature of a checked container, and what they cover; never raises on bad bytes."""
    judgements, problems = _judge_signatures(container, trust, at)
    findings = [*container.findings]
    data = frozenset(container.data_names)
    reports = tuple(_with_coverage(judgement, data) for judgement in judgements)
    answers = [report.conclusion for report in reports]
    if container.cms_signature_names:
        sentence = say("The container holds CAdES signatures, which are not judged yet.")
        problems.append(
            (Conclusion.indeterminate(SubIndication.GENERIC), _error("cades-in-container", sentence))
        )
    if answers or problems:
        problems += list(_uncovered(data, judgements))
    findings += [finding for _, finding in problems]
    return ContainerJudgement(
        format=container.format,
        signatures=reports,
        certificates=tuple(judgement.certificate for judgement in judgements),
        findings=tuple(findings),
        conclusion=conclude([*answers, *(conclusion for conclusion, _ in problems)]),
    )


_Problem = tuple[Conclusion, Finding]


def _judge_signatures(
    container: Container, trust: Trust, at: datetime
) -> tuple[list[XadesJudgement], list[_Problem]]:
    def resolve(name: str) -> BinaryIO | None:
        return container.open(name) if container.find(name) is not None else None

    judgements: list[XadesJudgement] = []
    problems: list[_Problem] = []
    digests: dict[tuple[str, str], bytes | None] = {}
    names = container.signature_names
    if len(names) > MOST_SIGNATURE_FILES:
        problems.append(_failure(say("Too many signature files: {count}.", count=len(names)), "META-INF/"))
        names = ()
    for name in names:
        try:
            xml = container.read(name, SIGNATURES_LIMIT)
        except ContainerError as error:
            problems.append(_failure(error.sentence, error.where))
            continue
        found = judge_xades_file(
            xml,
            resolve=resolve,
            trust=trust,
            at=at,
            id=f"S{len(judgements) + 1}",
            most_references=len(container.entries) + 8,
            digests=digests,
        )
        if not found:
            problems.append(_failure(say("The signature file holds no signature."), name))
        judgements += found
    return judgements, problems


def _with_coverage(judgement: XadesJudgement, data: frozenset[str]) -> SignatureReport:
    return replace(judgement.report, coverage="whole" if data and data <= judgement.covered else "partial")


def _uncovered(data: frozenset[str], judgements: list[XadesJudgement]) -> Iterator[_Problem]:
    """Yield a problem for each file that no signature refers to; a changed one has its own problem."""
    referred = frozenset[str]().union(*(judgement.referred for judgement in judgements))
    for name in sorted(data - referred):
        yield _failure(say("No signature covers this file."), name, "file-not-covered")


def _failure(sentence: Sentence, where: str, code: str = "container-form") -> _Problem:
    return Conclusion.failed(SubIndication.FORMAT_FAILURE), _error(code, sentence, where)


def _error(code: str, sentence: Sentence, where: str = "") -> Finding:
    return Finding(code=code, severity=Severity.ERROR, sentence=sentence, where=where)
