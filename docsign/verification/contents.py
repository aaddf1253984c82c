"""Judges a container, and the signed files inside it, each as a file of its own."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from docsign import formats
from docsign.errors import CmsError, ContainerError
from docsign.sentence import say
from docsign.verdict import Conclusion, FileFormat, Finding, Indication, Report, Severity, SubIndication
from docsign.verification.kinds import Inside
from docsign.verification.question import Answer, Question, nothing

if TYPE_CHECKING:
    from docsign.envelope import Container

MOST_CONTENTS = 1000
MOST_DEPTH = 3
"""How deep files that lie inside others are judged."""
_ENCLOSED = frozenset({FileFormat.PDF, FileFormat.CADES})
CONTAINERS = frozenset({".asice", ".asics", ".sce", ".scs", ".bdoc", ".edoc", ".adoc"})
CONTAINERS_LIMIT = 16 * 1024 * 1024
"""How many bytes of containers inside a container are judged: they may unpack to a hundred times as much."""
SIGNED_SUFFIXES = frozenset({".pdf", ".p7s", ".p7m"}) | CONTAINERS
"""The names of the files inside an envelope that are looked into."""
CONTENT_LIMIT = 256 * 1024 * 1024
"""The largest signed file inside an envelope that is judged, in bytes."""


def judge_container_file(stream: BinaryIO, suffix: str, question: Question, inside: Inside) -> Answer:
    """Judge a ZIP: an ASiC container with what lies in it, or a ZIP that claims to be one and is not."""
    from docsign.envelope.container import read_container
    from docsign.envelope.judge import judge_container

    try:
        container = read_container(stream)
    except ContainerError as error:
        if not formats.claims_container(stream, suffix):
            return nothing(FileFormat.OTHER, "unknown-format")
        finding = Finding(
            code="container-form", severity=Severity.ERROR, sentence=error.sentence, where=error.where
        )
        return Answer(
            format=FileFormat.ASICE,
            conclusion=Conclusion.failed(SubIndication.FORMAT_FAILURE),
            findings=(finding,),
        )
    if container.format is FileFormat.OTHER:
        return nothing(FileFormat.OTHER, "unknown-format")
    judgement = judge_container(container, trust=question.trust, at=question.at, beside=question.beside)
    contents, remarks = _judge_contents(container, question, inside)
    return Answer(
        format=judgement.format,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        timestamps=judgement.timestamps,
        contents=contents,
        findings=(*judgement.findings, *remarks),
    )


def _judge_contents(
    container: Container, question: Question, inside: Inside
) -> tuple[tuple[tuple[str, Report], ...], list[Finding]]:
    """Judge the signed files inside; an unsigned PDF and a failed file are findings of the envelope."""
    contents: list[tuple[str, Report]] = []
    findings: list[Finding] = []
    left = CONTAINERS_LIMIT if question.depth < 1 else 0
    for name in container.data_names[:MOST_CONTENTS]:
        suffix = Path(name).suffix.lower()
        if suffix not in SIGNED_SUFFIXES:
            continue
        entry = container.find(name)
        if suffix in CONTAINERS and entry is not None:
            left -= entry.size
            if left < 0:
                continue  # named by the judge of the container around it
        try:
            data = container.read(name, CONTENT_LIMIT)
        except ContainerError:
            continue  # a damaged or missing file is already a problem of the container
        inner = question.inner()
        if suffix == ".p7s" and container.find(name[:-4]) is not None:
            with contextlib.suppress(ContainerError):
                inner = replace(inner, content=((name[:-4], container.read(name[:-4], CONTENT_LIMIT)),))
        report, remarks = judge_one(data, name, inner, inside)
        if report is not None:
            contents.append((name, report))
        findings += remarks
    return tuple(contents), findings


def judge_enclosed(
    data: bytes, name: str, question: Question, inside: Inside
) -> tuple[tuple[tuple[str, Report], ...], tuple[Finding, ...]]:
    """Judge the signed file that a CMS signature (``.p7m``) holds as its content, if it is one."""
    from docsign.ades.signed_data import read_signed_data

    if question.depth >= MOST_DEPTH:
        return (), ()
    try:
        content = read_signed_data(data).content
    except CmsError:
        return (), ()
    name = Path(name).name
    name = name[: -len(".p7m")] if name.lower().endswith(".p7m") else name
    if content is None or formats.tell(formats.unarmoured(content)) not in _ENCLOSED:
        return (), ()
    report, remarks = judge_one(content, name, question.inner(), inside)
    return ((), ()) if report is None else (((name, report),), remarks)


def judge_one(
    data: bytes, name: str, question: Question, inside: Inside
) -> tuple[Report | None, tuple[Finding, ...]]:
    """Judge one file of an envelope or a message; None for one that is not signed. Remarks name the file."""
    if formats.is_encrypted(data):
        sentence = say("This file is encrypted: what is inside is judged when it is opened.")
        return None, (
            Finding(code="encrypted-content", severity=Severity.WARNING, sentence=sentence, where=name),
        )
    report = _report_inside(data, name, question, inside)
    if report.signatures or report.conclusion.indication is not Indication.NO_SIGNATURE:
        return report, tuple(_inner_remark(name, report))
    if report.format is not FileFormat.PDF:
        return None, ()
    sentence = say("This document inside the envelope carries no signature of its own.")
    return None, (Finding(code="content-unsigned", severity=Severity.INFO, sentence=sentence, where=name),)


def _report_inside(data: bytes, name: str, question: Question, inside: Inside) -> Report:
    """Judge a file inside; a container inside one that lies inside another is not opened any further."""
    suffix = Path(name).suffix.lower()
    if formats.is_container(data[:4096]) and (suffix not in CONTAINERS or question.depth > 1):
        return Report(
            file=name,
            sha256=hashlib.sha256(data).hexdigest(),
            format=FileFormat.OTHER,
            conclusion=Conclusion.no_signature(),
        )
    return inside(io.BytesIO(data), name, question)


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
