"""The public verb ``verify``: any file in, one Report out.

It tells what a file is by its content, hands it to the judge of its kind, and takes the answers together.
The judges are pure; files are opened here, and whatever would be fetched would be fetched here (nothing is,
yet: a chain whose revocation is not at hand is INDETERMINATE / TRY_LATER).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from docsign import formats
from docsign.errors import ContainerError, UsageError
from docsign.files import READ_LIMIT, file_error, read_file
from docsign.pki.trust import Trust
from docsign.policy import two_signatures
from docsign.sentence import say
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Policy,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

if TYPE_CHECKING:
    from docsign.envelope import Container, Header

Content = Path | tuple[str, bytes]
"""A file that a detached signature signs: where it is, or its name and bytes."""

MOST_CONTENTS = 1000
SIGNED_SUFFIXES = frozenset({".pdf", ".p7s", ".p7m"})
"""The names of the files inside an envelope that are looked into."""
CONTENT_LIMIT = 256 * 1024 * 1024
"""The largest signed file inside an envelope that is judged, in bytes."""

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked of every file of one verification."""

    trust: Trust
    at: datetime
    password: str | None = None
    policy: Literal["any", "official"] | Policy = "any"
    content: tuple[Content, ...] = ()

    def inner(self) -> _Question:
        """Return the question for a file inside this one."""
        return replace(self, content=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a judge said, before it is a Report."""

    format: FileFormat
    conclusion: Conclusion
    signatures: tuple[SignatureReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    contents: tuple[tuple[str, Report], ...] = ()
    findings: tuple[Finding, ...] = ()


def verify(
    source: bytes | Path | str,
    *,
    trust: Trust | None = None,
    at: datetime | None = None,
    offline: bool = False,
    content: Sequence[Content] = (),
    password: str | None = None,
    policy: Literal["any", "official"] | Policy = "any",
    name: str | None = None,
) -> Report:
    """Verify a file: PDF, envelope (ASiC), detached signature with its ``content``, or receipt.

    ``source`` is the bytes, or the path of the file. Without ``trust`` nobody is trusted and the best answer
    is INDETERMINATE. ``at`` (aware, default now) is the moment for which the answer holds. ``policy``
    "official" asks for the two signatures of an official document (ND 30/2020 Art. 5), and lets the worst of
    an envelope's signed files decide. ``offline`` forbids every fetch. ``name`` is how the report calls the
    file.

    Never raises for what the file holds. Raises FileUnusableError for a path that cannot be read, UsageError
    for arguments that make no sense.
    """
    del offline  # nothing is fetched yet: every verification is offline
    question = replace(_question(trust, at), password=password, policy=policy, content=tuple(content))
    if isinstance(source, bytes):
        return _report(io.BytesIO(source), name or "", question)
    path = Path(source)
    if not question.content:
        question = replace(question, content=_beside(path))
    with _opened(path) as stream:
        return _report(stream, name or str(path), question)


def _question(trust: Trust | None, at: datetime | None) -> _Question:
    at = datetime.now(UTC) if at is None else at
    if at.utcoffset() is None:
        raise UsageError(say("The time needs a time zone."), where="at")
    return _Question(trust=Trust.nothing() if trust is None else trust, at=at)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise file_error(error, path) from error


def _beside(path: Path) -> tuple[Content, ...]:
    """Return the signed file beside ``NAME.p7s``, where it is there."""
    if path.suffix.lower() == ".p7s":
        content = path.with_suffix("")
        if content.is_file():
            return (content,)
    return ()


def _report(stream: BinaryIO, name: str, question: _Question) -> Report:
    """Judge one file and apply the policy."""
    digest = _digest(stream)
    answer = _judge(stream, name, question)
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


# --- what it is ---------------------------------------------------------------------------------------------


def _judge(stream: BinaryIO, name: str, question: _Question) -> _Answer:
    """Tell the format by the content (the name helps only where the content says nothing), and judge it."""
    head = stream.read(4096)
    suffix = Path(name).suffix.lower()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if formats.is_container(head, suffix):
        return _judge_container(stream, suffix, question)
    if size > READ_LIMIT:
        return _nothing(FileFormat.OTHER, "too-large", size)
    return _judge_bytes(stream.read(), suffix, name, question)


def _judge_bytes(data: bytes, suffix: str, name: str, question: _Question) -> _Answer:
    data = formats.unarmoured(data)
    match formats.tell(data, suffix):
        case FileFormat.PDF:
            return _judge_pdf(data, question)
        case FileFormat.CADES:
            return _judge_cms(data, name, question)
        case FileFormat.TIMESTAMP:
            return _judge_timestamp(data, name, question)
        case FileFormat.RECEIPT:
            return _judge_receipt(data, question)
        case FileFormat.XADES | FileFormat.EDXML as format:
            return _judge_xml(data, format, question)
        case _:
            return _nothing(FileFormat.OTHER, "not-pdf" if suffix == ".pdf" else "unknown-format")


def _nothing(format: FileFormat, code: str, size: int = 0) -> _Answer:
    sentence = {
        "not-pdf": say("This is not a PDF file."),
        "unknown-format": say("This is no kind of file that carries a signature known here."),
        "too-large": say(
            "The file is too large: {size} bytes, {limit} at most.", size=size, limit=READ_LIMIT
        ),
    }[code]
    finding = Finding(code=code, severity=Severity.INFO, sentence=sentence)
    return _Answer(format=format, conclusion=Conclusion.no_signature(), findings=(finding,))


# --- each kind ----------------------------------------------------------------------------------------------


def _judge_pdf(data: bytes, question: _Question) -> _Answer:
    from docsign.pdf.judge import judge_pdf

    judgement = judge_pdf(data, trust=question.trust, at=question.at, password=question.password)
    return _Answer(
        format=FileFormat.PDF,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        timestamps=judgement.timestamps,
        findings=judgement.findings,
    )


def _judge_container(stream: BinaryIO, suffix: str, question: _Question) -> _Answer:
    from docsign.envelope.container import read_container
    from docsign.envelope.judge import judge_container

    try:
        container = read_container(stream)
    except ContainerError as error:
        if not formats.claims_container(stream, suffix):
            return _nothing(FileFormat.OTHER, "unknown-format")
        finding = Finding(
            code="container-form", severity=Severity.ERROR, sentence=error.sentence, where=error.where
        )
        return _Answer(
            format=FileFormat.ASICE,
            conclusion=Conclusion.failed(SubIndication.FORMAT_FAILURE),
            findings=(finding,),
        )
    if container.format is FileFormat.OTHER:
        return _nothing(FileFormat.OTHER, "unknown-format")
    judgement = judge_container(container, trust=question.trust, at=question.at)
    contents, remarks = _judge_contents(container, question)
    return _Answer(
        format=judgement.format,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        contents=contents,
        findings=(*judgement.findings, *remarks),
    )


def _judge_contents(
    container: Container, question: _Question
) -> tuple[tuple[tuple[str, Report], ...], list[Finding]]:
    """Judge the signed files inside; an unsigned PDF and a failed file are findings of the envelope."""
    contents: list[tuple[str, Report]] = []
    findings: list[Finding] = []
    for name in container.data_names[:MOST_CONTENTS]:
        suffix = Path(name).suffix.lower()
        if suffix not in SIGNED_SUFFIXES:
            continue
        try:
            data = container.read(name, CONTENT_LIMIT)
        except ContainerError:
            continue  # a damaged or missing file is already a problem of the container
        inner = question.inner()
        if suffix == ".p7s" and container.find(name[:-4]) is not None:
            with contextlib.suppress(ContainerError):
                inner = replace(inner, content=((name[:-4], container.read(name[:-4], CONTENT_LIMIT)),))
        report = _report_inside(data, name, inner)
        if report.signatures or report.conclusion.indication is not Indication.NO_SIGNATURE:
            contents.append((name, report))
            findings += _inner_remark(name, report)
        elif report.format is FileFormat.PDF:
            sentence = say("This document inside the envelope carries no signature of its own.")
            findings.append(
                Finding(code="content-unsigned", severity=Severity.INFO, sentence=sentence, where=name)
            )
    return tuple(contents), findings


def _report_inside(data: bytes, name: str, question: _Question) -> Report:
    """Judge a file inside; a container inside a container is not opened any further."""
    if formats.is_container(data[:4096], ""):
        return Report(
            file=name,
            sha256=hashlib.sha256(data).hexdigest(),
            format=FileFormat.OTHER,
            conclusion=Conclusion.no_signature(),
        )
    return _report(io.BytesIO(data), name, question)


def _inner_remark(name: str, report: Report) -> Iterator[Finding]:
    severity = {
        Indication.TOTAL_FAILED: Severity.ERROR,
        Indication.INDETERMINATE: Severity.WARNING,
    }.get(report.conclusion.indication)
    if severity is not None:
        word = "/".join(
            str(part) for part in (report.conclusion.indication, report.conclusion.sub_indication) if part
        )
        yield Finding(
            code="content-not-passed",
            severity=severity,
            sentence=say("The signed document inside the envelope is {answer}.", answer=word),
            where=name,
        )


def _judge_cms(data: bytes, name: str, question: _Question) -> _Answer:
    from docsign.ades.cades import judge_signers

    content, remark = _content_for(name, question)
    judgements = judge_signers(data, content=content, trust=question.trust, at=question.at)
    reports = tuple(judgement.report for judgement in judgements)
    if not reports:  # a CMS of certificates alone is no signature
        return _nothing(FileFormat.CADES, "unknown-format")
    return _Answer(
        format=FileFormat.CADES,
        conclusion=conclude(report.conclusion for report in reports),
        signatures=reports,
        findings=remark,
    )


def _content_for(name: str, question: _Question) -> tuple[bytes | None, tuple[Finding, ...]]:
    """Choose the signed file: the one given, among several the one that the signature is named after."""
    offered = question.content
    if not offered:
        return None, ()
    wanted = Path(name).stem
    chosen = next((one for one in offered if _name_of(one) == wanted), offered[0])
    sentence = say("Judged together with the file {name}.", name=_name_of(chosen))
    return _bytes_of(chosen), (Finding(code="content-used", severity=Severity.INFO, sentence=sentence),)


def _name_of(content: Content) -> str:
    return content.name if isinstance(content, Path) else content[0]


def _bytes_of(content: Content) -> bytes:
    return read_file(content) if isinstance(content, Path) else content[1]


def _judge_timestamp(data: bytes, name: str, question: _Question) -> _Answer:
    """Judge a time-stamp token by itself: it proves a time, it signs nothing."""
    from docsign.ades.algorithms import hash_bytes
    from docsign.ades.timestamps import judge_timestamp

    content, remark = _content_for(name, question)
    stamp = judge_timestamp(
        data,
        (lambda name: hash_bytes(name, content)) if content is not None else None,
        trust=question.trust,
        at=question.at,
        id="T1",
        kind="content",
    )
    return _Answer(
        format=FileFormat.TIMESTAMP,
        conclusion=Conclusion.no_signature(),
        timestamps=(stamp,),
        findings=remark,
    )


def _judge_receipt(data: bytes, question: _Question) -> _Answer:
    from docsign.envelope.evidence_judge import judge_receipt

    judgement = judge_receipt(data, trust=question.trust, at=question.at)
    return _Answer(
        format=FileFormat.RECEIPT,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        findings=judgement.findings,
    )


def _judge_xml(data: bytes, format: FileFormat, question: _Question) -> _Answer:
    if not formats.claims_xml_signature(data):
        return _nothing(format if format is FileFormat.EDXML else FileFormat.OTHER, "unknown-format")
    from docsign.ades.xades import judge_xades_file

    offered = {_name_of(one): one for one in question.content}

    def meant(wanted: str) -> str:
        return wanted if wanted in offered else wanted.rpartition("/")[2]

    def resolve(wanted: str) -> bytes | None:
        one = offered.get(meant(wanted))
        return None if one is None else _bytes_of(one)

    judgements = tuple(judge_xades_file(data, resolve=resolve, trust=question.trust, at=question.at))
    if not judgements:
        return _nothing(format if format is FileFormat.EDXML else FileFormat.OTHER, "unknown-format")
    reports = tuple(
        replace(one.report, coverage="whole")
        if offered and offered.keys() <= {meant(name) for name in one.covered}
        else one.report
        for one in judgements
    )
    referred = {meant(name) for one in judgements for name in one.referred}
    uncovered = tuple(
        Finding(
            code="file-not-covered",
            severity=Severity.WARNING,
            sentence=say("No signature covers this file."),
            where=name,
        )
        for name in offered
        if name not in referred
    )
    return _Answer(
        format=format,
        conclusion=conclude(report.conclusion for report in reports),
        signatures=reports,
        findings=uncovered,
    )


# --- opening an envelope ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEnvelope:
    """An envelope that was judged: who sends what to whom, the documents' names, and the report.

    ``report`` says whether it may be believed; nothing is held back when it may not. ``read`` gives one
    document at a time, from the file that was judged. Close it, or use it in ``with``, when it came from a
    path.
    """

    header: Header
    report: Report
    documents: tuple[str, ...]
    container: Container
    stream: BinaryIO

    def read(self, name: str) -> bytes:
        """Return the bytes of one document; raises ContainerError where it is missing or damaged."""
        return self.container.read(name, READ_LIMIT)

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_envelope(
    source: bytes | Path | str, *, trust: Trust | None = None, at: datetime | None = None
) -> OpenedEnvelope:
    """Open an envelope (ASiC-E with a header) and judge it.

    Raises ContainerError or EdxmlError for what is no envelope, FileUnusableError for a path that cannot be
    read. What the check of the signatures says stands in ``report``.
    """
    from docsign.envelope.container import read_container
    from docsign.envelope.judge import envelope_header

    question = _question(trust, at)
    stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else _opened(Path(source))
    try:
        container = read_container(stream)
        header = envelope_header(container)
        report = _report(stream, "" if isinstance(source, bytes) else str(source), question)
    except BaseException:
        stream.close()
        raise
    return OpenedEnvelope(
        header=header,
        report=report,
        documents=tuple(name for name in container.data_names if name.startswith("documents/")),
        container=container,
        stream=stream,
    )
