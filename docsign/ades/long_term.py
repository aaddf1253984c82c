"""Judge a signature in time (EN 319 102-1 5.3, 5.5, 5.6): one call for every format.

The format has found the signer, checked the mathematics and gathered the time-stamps
(``docsign.ades.stamped``); this decides what certificates and proofs of existence make of it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from docsign.ades.in_time import best_time, judge_path_in_time, time_remarks
from docsign.ades.stamped import Existence, Stamped
from docsign.ades.timestamps import judge_timestamp
from docsign.pki.certificates import Role
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Step, TimestampReport


@dataclass(frozen=True, slots=True, kw_only=True)
class InTime:
    """The answer: ``conclusion`` is that of path and time alone; the format adds form and mathematics.

    ``timestamps`` stand in the order of ``stamps``, ``steps`` in the order in which they were run.
    """

    conclusion: Conclusion
    best_signature_time: datetime | None
    timestamps: tuple[TimestampReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()


def judge_in_time(
    certificate: x509.Certificate | None,
    *,
    signature: bytes,
    stamps: Sequence[Stamped] = (),
    existence: Sequence[Existence] = (),
    data: ValidationData,
    trust: Trust,
    at: datetime,
    role: Role = "sign",
    claimed_time: datetime | None = None,
) -> InTime:
    """Judge the signer's ``certificate`` (None: not found) in time; never raises for bad input.

    ``signature`` is the name (``name_of``) of the signature value, ``stamps`` are content, signature, archive
    and document time-stamps from the oldest to the newest, ``existence`` what else is proved, ``data``
    everything found in and beside the signature (the tokens' own certificates need not be in it).
    """
    reports = tuple(
        judge_timestamp(
            stamp.token,
            stamp.imprint,
            trust=trust,
            at=at,
            id=stamp.id,
            kind=stamp.kind,
            others=data.certificates,
            crls=data.crls,
            ocsps=data.ocsps,
            zero_padding=stamp.zero_padding,
        )
        for stamp in stamps
    )
    proofs = [report for report, stamp in zip(reports, stamps, strict=True) if signature in stamp.covers]
    best = min(
        (
            time
            for time in (best_time(proofs), *(one.time for one in existence if signature in one.covers))
            if time
        ),
        default=None,
    )
    conclusion, findings = Conclusion.passed(), tuple[Finding, ...]()
    if certificate is not None:
        conclusion, findings = judge_path_in_time(
            certificate,
            others=data.certificates,
            trust=trust,
            at=at,
            best=best,
            role=role,
            crls=data.crls,
            ocsps=data.ocsps,
        )
    remarks = time_remarks(proofs, claimed=claimed_time, best=best, certificate=certificate, at=at)
    return InTime(
        conclusion=conclusion,
        best_signature_time=best,
        timestamps=reports,
        findings=(*findings, *remarks),
    )
