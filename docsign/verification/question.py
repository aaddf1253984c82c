"""What is asked of one file, and what a judge answered before it is a Report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from docsign.errors import UsageError
from docsign.files import READ_LIMIT, file_error, read_file
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Policy,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

Content = Path | tuple[str, bytes]
"""A file that a detached signature signs: where it is, or its name and bytes."""

PolicyChoice = Literal["any", "official"] | Policy
"""What is demanded beyond valid signatures: nothing, an official document's two, or a policy object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of every file of one verification; ``depth`` says how deep inside others it lies."""

    trust: Trust
    at: datetime
    password: str | None = None
    policy: PolicyChoice = "any"
    content: tuple[Content, ...] = ()
    evidence: tuple[Content, ...] = ()
    proved_time: datetime | None = None
    beside: ValidationData = ValidationData()
    depth: int = 0

    def inner(self) -> Question:
        """Return the question for a file inside this one."""
        return replace(self, content=(), evidence=(), proved_time=None, depth=self.depth + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a judge said, before it is a Report."""

    format: FileFormat
    conclusion: Conclusion
    signatures: tuple[SignatureReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    contents: tuple[tuple[str, Report], ...] = ()
    findings: tuple[Finding, ...] = ()


def nothing(format: FileFormat, code: str, size: int = 0) -> Answer:
    """Answer NO-SIGNATURE and say why nothing was judged."""
    sentence = {
        "empty": say("The file is empty."),
        "not-pdf": say("This is not a PDF file."),
        "unknown-format": say("This is no kind of file that carries a signature known here."),
        "too-large": say(
            "The file is too large: {size} bytes, {limit} at most.", size=size, limit=READ_LIMIT
        ),
    }[code]
    finding = Finding(code=code, severity=Severity.INFO, sentence=sentence)
    return Answer(format=format, conclusion=Conclusion.no_signature(), findings=(finding,))


def question_of(trust: Trust | None, at: datetime | None) -> Question:
    """Return the plain question; raises UsageError for a time without a zone."""
    at = datetime.now(UTC) if at is None else at
    if at.utcoffset() is None:
        raise UsageError(say("The time needs a time zone."), where="at")
    return Question(trust=Trust.nothing() if trust is None else trust, at=at)


def opened(path: Path) -> BinaryIO:
    """Open a file to be judged; raises FileUnusableError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise file_error(error, path) from error


def content_for(name: str, question: Question) -> tuple[bytes | None, tuple[Finding, ...]]:
    """Choose the signed file: the one given, among several the one that the signature is named after.

    The others are signed by nobody, and said to be.
    """
    offered = question.content
    if not offered:
        return None, ()
    wanted = Path(name).stem
    chosen = next((one for one in offered if name_of(one) == wanted), offered[0])
    others = [name_of(one) for one in offered if one is not chosen]
    return bytes_of(chosen), (used(chosen), *not_covered(others))


def used(content: Content) -> Finding:
    """Say which file given beside a signature was taken for what it signs."""
    sentence = say("Judged together with the file {name}.", name=name_of(content))
    return Finding(code="content-used", severity=Severity.INFO, sentence=sentence)


def not_covered(names: Iterable[str]) -> tuple[Finding, ...]:
    """Say of each file that was given beside a signature that nobody signed it; a container's type may be."""
    return tuple(
        Finding(
            code="file-not-covered",
            severity=Severity.WARNING if name == "mimetype" else Severity.ERROR,
            sentence=say("No signature covers this file."),
            where=name,
        )
        for name in names
    )


def conclude_with(findings: Iterable[Finding], conclusions: Iterable[Conclusion]) -> Conclusion:
    """Form one answer from many: as in a container, a file that nobody signed is a failure of the whole."""
    uncovered = any(one.code == "file-not-covered" and one.severity is Severity.ERROR for one in findings)
    return conclude((*conclusions, *([Conclusion.failed(SubIndication.FORMAT_FAILURE)] if uncovered else ())))


def name_of(content: Content) -> str:
    """Return the name of a file given beside the signature."""
    return content.name if isinstance(content, Path) else content[0]


def bytes_of(content: Content) -> bytes:
    """Return its bytes; raises FileUnusableError."""
    return read_file(content) if isinstance(content, Path) else content[1]


def digester_of(content: Content) -> Callable[[str], bytes]:
    """Return what digests a file, for a name of hashlib; the file is read when it is asked."""
    from docsign.ades.algorithms import hash_bytes

    return lambda name: hash_bytes(name, bytes_of(content))
