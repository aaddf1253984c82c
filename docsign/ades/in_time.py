"""Judge a certificate's path in time: now, and where it ended meanwhile, at the time that is proved.

Shared by the CMS and the XML judgement; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography import x509

from docsign.ades.problems import warning
from docsign.ades.timestamps import CLOCK_TOLERANCE
from docsign.pki.certificates import Role
from docsign.pki.past import judge_past
from docsign.pki.paths import path_question
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.verdict import Conclusion, Finding, Indication, TimestampReport


def best_time(stamps: Iterable[TimestampReport]) -> datetime | None:
    """Return the earliest time that a passing time-stamp proves, or None."""
    proved = [
        stamp.time
        for stamp in stamps
        if stamp.time and stamp.conclusion.indication is Indication.TOTAL_PASSED
    ]
    return min(proved, default=None)


def judge_path_in_time(
    certificate: x509.Certificate,
    *,
    others: Iterable[x509.Certificate],
    trust: Trust,
    at: datetime,
    best: datetime | None,
    role: Role = "sign",
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
) -> tuple[Conclusion, tuple[Finding, ...]]:
    """Judge the path at ``at``; where it ended before, at the proved time ``best`` (EN 319 102-1 5.5.4)."""
    data = ValidationData.of(crls=crls, ocsps=ocsps)
    question = path_question(certificate, others=others, trust=trust, role=role, data=data)
    verdict = judge_past(question, at=at, signed=best)
    return verdict.conclusion, verdict.findings


def time_remarks(
    stamps: Sequence[TimestampReport],
    *,
    claimed: datetime | None,
    best: datetime | None,
    certificate: x509.Certificate | None,
    at: datetime,
) -> Iterator[Finding]:
    """Yield what the reader should know about times though it decides nothing."""
    if stamps and best is None:
        yield warning(
            "timestamp-proves-nothing",
            say("The time-stamp could not be confirmed, so it does not prove when the signature was made."),
        )
    if claimed is not None and claimed > (best or at) + CLOCK_TOLERANCE:
        yield warning(
            "claimed-time-later",
            say("The signer's clock claims a time later than is possible."),
        )
    if claimed is not None and certificate is not None and best is None:
        outside = not certificate.not_valid_before_utc <= claimed <= certificate.not_valid_after_utc
        if outside:  # TT 15/2025 PL II 1.1
            yield warning(
                "claimed-time-outside",
                say("The claimed signing time lies outside the validity of the certificate."),
            )
