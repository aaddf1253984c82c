"""Judge a signature in time (EN 319 102-1 5.3, 5.5, 5.6): one call for every format.

The format has found the signer, checked the mathematics and gathered the time-stamps
(``docsign.ades.stamped``); this decides what certificates and proofs of existence make of it. Pure.

1. The time-stamps, from the newest to the oldest (5.6.3.4 5): each judged now, or with what the newer ones
   prove; one that passes proves that everything it covers existed at its time (5.6.2.3).
2. The earliest proof of the signature value is its best-signature-time (5.6.3.4 6).
3. The path: now, with time, in the past (``docsign.pki.past``).
4. The order among the time-stamps (5.5.4 4) e).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509

from docsign.ades.in_time import time_remarks
from docsign.ades.problems import Problem, doubtful
from docsign.ades.stamped import Existence, Stamped, name_of, names_of
from docsign.ades.timestamps import JudgedToken, inside_token, judge_token, time_of_token
from docsign.pki.certificates import Role
from docsign.pki.existence import Existing
from docsign.pki.past import judge_past
from docsign.pki.paths import path_question
from docsign.pki.strength import AlgorithmUse, key_use
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    Step,
    SubIndication,
    TimestampReport,
    conclude,
)

MOST_STAMPS = 256
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_CLOCK_STEP = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InTime:
    """The answer: ``conclusion`` is that of path and time alone; the format adds form and mathematics.

    ``timestamps`` stand in the order of ``stamps``, ``steps`` in the order in which they were run.
    ``existing`` has everything that is proved, for who judges more of the same file.
    """

    conclusion: Conclusion
    best_signature_time: datetime | None
    existing: Existing
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
    digests: Sequence[str] = (),
    known: Existing | None = None,
) -> InTime:
    """Judge the signer's ``certificate`` (None: not found) in time; never raises for bad input.

    ``signature`` is the name (``name_of``) of the signature value, ``stamps`` are content, signature, archive
    and document time-stamps from the oldest to the newest, ``existence`` what else is proved, ``data``
    everything found in and beside the signature (the tokens' own certificates need not be in it).

    ``digests`` are hashlib's names of the digests that the signature rests on: given them, this judges the
    strength of the algorithms, and of the certificate's key, at the proved time, and the format leaves out
    its own problems of code ``weak-algorithm``. ``known`` is what an earlier call has proved already.
    """
    existing = known or Existing(at)
    for one in existence:
        existing.add(one.covers, one.time)
    judged = prove_by_stamps(stamps, data=data, trust=trust, at=at, existing=existing)
    reports = tuple(one.report for one in judged)
    steps = [step for one in judged for step in one.steps]
    best = existing.since(signature) if existing.is_proved(signature) else None
    answers: list[Conclusion] = []
    findings: list[Finding] = []
    if certificate is not None:
        uses = [AlgorithmUse(digest=name) for name in digests]
        if digests:
            uses.append(key_use(certificate))
        verdict = judge_past(
            path_question(certificate, trust=trust, role=role, data=data),
            at=at,
            signed=best,
            existing=existing,
            not_before=_latest_content(reports, at) if reports else None,
            uses=uses,
        )
        answers.append(verdict.conclusion)
        findings += verdict.findings
        steps += verdict.steps
    disorder = _disorder(stamps, judged, signature) if stamps else None
    if disorder is not None:
        answers.append(disorder.conclusion)
        findings.append(disorder.finding)
        order = say("The time-stamps are in order.")
        steps.append(Step(clause="EN 319 102-1 5.5.4", check=order, conclusion=disorder.conclusion))
    over_it = [one for one, stamp in zip(reports, stamps, strict=False) if signature in stamp.covers]
    findings += time_remarks(over_it, claimed=claimed_time, best=best, certificate=certificate, at=at)
    return InTime(
        conclusion=conclude([*answers, Conclusion.passed()]),
        best_signature_time=best,
        existing=existing,
        timestamps=reports,
        findings=tuple(findings),
        steps=tuple(steps),
    )


def prove_by_stamps(
    stamps: Sequence[Stamped], *, data: ValidationData, trust: Trust, at: datetime, existing: Existing
) -> list[JudgedToken]:
    """Judge the time-stamps, the newest first, and add to ``existing`` what they prove (5.6.2.3, 5.6.3.4 5).

    The answers stand in the order of ``stamps``; of more than ``MOST_STAMPS`` the newest are looked at. What
    lies in a token that a newer one covers is covered with it. Of those that were judged before nothing is
    added again.
    """
    if not stamps:
        return []
    names = [name_of(stamp.token) for stamp in stamps]
    inner = {name: names_of(inside_token(stamp.token)) for name, stamp in zip(names, stamps, strict=True)}
    newest_first = sorted(
        range(len(stamps)),
        key=lambda place: (time_of_token(stamps[place].token) or _LONG_AGO, place),
        reverse=True,
    )
    judged: dict[int, JudgedToken] = {}
    for count, place in enumerate(newest_first):
        stamp = stamps[place]
        if stamp.judged is not None or count >= MOST_STAMPS:
            judged[place] = stamp.judged or _passed_over(stamp)
            continue
        answer = judge_token(
            stamp.token,
            stamp.imprint,
            trust=trust,
            at=at,
            id=stamp.id,
            kind=stamp.kind,
            data=data,
            zero_padding=stamp.zero_padding,
            existing=existing,
        )
        judged[place] = answer
        time = answer.report.time
        if time is not None and answer.report.conclusion.indication is Indication.TOTAL_PASSED:
            covered = stamp.covers.union(*(inner[name] for name in stamp.covers if name in inner))
            existing.add(covered - {names[place]}, time)
    return [judged[place] for place in range(len(stamps))]


def _passed_over(stamp: Stamped) -> JudgedToken:
    problem = doubtful(
        SubIndication.GENERIC,
        "timestamp-count",
        say("The signature has more time-stamps than are judged ({limit}).", limit=MOST_STAMPS),
    )
    report = TimestampReport(
        id=stamp.id, kind=stamp.kind, conclusion=problem.conclusion, findings=(problem.finding,)
    )
    return JudgedToken(report=report)


def _latest_content(reports: Sequence[TimestampReport], at: datetime) -> datetime | None:
    """Return the latest time that a content time-stamp proves: the signature was made after it (5.3.4)."""
    times = [
        one.time
        for one in reports
        if one.kind == "content" and one.time and one.conclusion.indication is Indication.TOTAL_PASSED
    ]
    return max((time for time in times if time <= at), default=None)


def _disorder(stamps: Sequence[Stamped], judged: Sequence[JudgedToken], signature: bytes) -> Problem | None:
    """Return the problem of a time-stamp that is older than what it covers (RFC 3161 2.4.2), or None."""
    passed = [
        (stamp, answer)
        for stamp, answer in zip(stamps, judged, strict=False)
        if answer.info is not None and answer.report.conclusion.indication is Indication.TOTAL_PASSED
    ]
    names = [name_of(stamp.token) for stamp, _ in passed]
    for later, answer in passed:
        for name, (earlier, before) in zip(names, passed, strict=True):
            covered = name in later.covers or (
                earlier.kind == "content" and later.kind != "content" and signature in later.covers
            )
            if earlier is later or not covered or answer.info is None or before.info is None:
                continue
            slack = max(answer.info.accuracy + before.info.accuracy, _CLOCK_STEP)
            if answer.info.time + slack < before.info.time:
                return doubtful(
                    SubIndication.TIMESTAMP_ORDER_FAILURE,
                    "timestamp-order",
                    say("A time-stamp is older than another one that it covers."),
                    later.id,
                )
    return None
