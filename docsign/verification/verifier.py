"""The public verb ``verify`` and its long-lived form, the Verifier: any file in, one Report out.

Files are opened here, and what is missing is fetched here, unless forbidden: issuers, revocation lists, OCSP
answers, within limits of number, time and size. What stays missing is INDETERMINATE / TRY_LATER, and said.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from docsign.pki.trust import Trust
from docsign.pki.wanting import noting
from docsign.values import dataclass
from docsign.verdict import Report
from docsign.verification.question import Content, PolicyChoice, Question, opened, question_of
from docsign.verification.reporting import report_on

DETACHED = frozenset({".p7s", ".tst", ".tsr", ".ers"})
"""The names of files that are about the file named before their suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Verifies many files with the same trust and policy; may be kept for years and shared by threads.

    ``trust`` (default: nobody is trusted), ``policy`` and ``offline`` are those of ``verify``. It holds no
    file and no connection; chains that were validated once, and what was fetched for them, are remembered
    and shared by all of a process.
    """

    trust: Trust = field(default_factory=Trust.nothing)
    policy: PolicyChoice = "any"
    offline: bool = False

    def verify(
        self,
        source: bytes | Path | str,
        *,
        at: datetime | None = None,
        content: Sequence[Content] = (),
        evidence: Sequence[Content] = (),
        password: str | None = None,
        name: str | None = None,
    ) -> Report:
        """Verify one file; arguments, answer and errors are those of ``docsign.verify``."""
        question = replace(
            question_of(self.trust, at),
            password=password,
            policy=self.policy,
            content=tuple(content),
            evidence=tuple(evidence),
        )
        if isinstance(source, bytes):
            return self._judged(io.BytesIO(source), name or "", question)
        path = Path(source)
        if not question.content:
            question = replace(question, content=_beside(path))
        with opened(path) as stream:
            return self._judged(stream, name or str(path), question)

    def _judged(self, stream: BinaryIO, name: str, question: Question) -> Report:
        """Judge with what is at hand; where that leaves a question open, fetch and judge again."""
        if self.offline or not self.trust.anchors:
            return report_on(stream, name, question)
        with noting() as open_questions:
            report = report_on(stream, name, question)
        if not open_questions:
            return report
        from docsign.pki.online import judge_online

        report, findings = judge_online(
            lambda trust: report_on(stream, name, replace(question, trust=trust)),
            trust=self.trust,
            at=question.at,
        )
        return replace(report, findings=(*report.findings, *findings))


def verify(
    source: bytes | Path | str,
    *,
    trust: Trust | None = None,
    at: datetime | None = None,
    offline: bool = False,
    content: Sequence[Content] = (),
    evidence: Sequence[Content] = (),
    password: str | None = None,
    policy: PolicyChoice = "any",
    name: str | None = None,
) -> Report:
    """Verify a file: PDF, envelope (ASiC), signature or time-stamp with its ``content``, or receipt.

    ``source`` is the bytes, or the path of the file. Without ``trust`` nobody is trusted and the best answer
    is INDETERMINATE. ``at`` (aware, default now) is the moment for which the answer holds. ``policy``
    "official" asks for the two signatures of an official document (ND 30/2020 Art. 5), and lets the worst of
    an envelope's signed files decide. ``evidence`` are evidence records (RFC 4998, RFC 6283) over the whole
    file; one that passes proves when it existed. ``offline`` forbids every fetch; without ``trust`` there is
    none anyway, as nothing could be decided by it. ``name`` is how the report calls the file.

    Never raises for what the file holds. Raises FileUnusableError for a path that cannot be read, UsageError
    for arguments that make no sense.
    """
    verifier = Verifier(trust=Trust.nothing() if trust is None else trust, policy=policy, offline=offline)
    return verifier.verify(source, at=at, content=content, evidence=evidence, password=password, name=name)


def _beside(path: Path) -> tuple[Content, ...]:
    """Return the file beside ``NAME.p7s``, ``NAME.tsr``, … that is signed or stamped, where it is there."""
    if path.suffix.lower() in DETACHED:
        content = path.with_suffix("")
        if content.is_file():
            return (content,)
    return ()
