"""Judge with what is at hand, fetch what was missing, and judge again: how a verdict may use the net.

A shell. It serves every format alike: the caller gives what judges, with a trust as its only argument, and
gets its last answer. Offline, call the judge oneself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from docsign.pki.asking import FetchLimits
from docsign.pki.collecting import Fetched, fetch_validation_data
from docsign.pki.paths import PathQuestion
from docsign.pki.trust import Trust
from docsign.pki.wanting import noting
from docsign.verdict import Finding

ROUNDS = 3
"""How often is judged at most: a stamp must hold before what it proves can be asked for."""
MOST_CERTIFICATES = 12
"""The most certificates, signers and time-stamping services together, that are asked about for one file."""

Answer = TypeVar("Answer")
Fetch = Callable[..., Fetched]
"""``fetch_validation_data``, or what stands in for it."""


def judge_online(
    judge: Callable[[Trust], Answer],
    *,
    trust: Trust,
    at: datetime,
    limits: FetchLimits | None = None,
    fetch: Fetch = fetch_validation_data,
) -> tuple[Answer, tuple[Finding, ...]]:
    """Return what ``judge`` answers once everything missing was fetched, and what could not be.

    ``judge`` is called with ``trust``, then with the same trust that knows more (``Trust.fetched``: believed
    no more than what a signature brings). Where the first answer rests on nothing missing, nothing is asked.
    The seconds of ``limits``, and its requests to untrusted
    addresses, hold for all certificates together. What ``judge`` raises goes through.
    """
    limits = limits or FetchLimits()
    deadline = time.monotonic() + limits.total_seconds
    findings: list[Finding] = []
    asked: set[object] = set()
    knowing = trust
    untrusted_left = limits.untrusted_requests
    for turn in range(ROUNDS):
        with noting() as open_questions:
            answer = judge(knowing)
        fresh = [one for one in open_questions if _named(one) not in asked]
        fresh = fresh[: MOST_CERTIFICATES - len(asked)]
        if not fresh or turn == ROUNDS - 1:
            break
        asked.update(_named(one) for one in fresh)
        learned = knowing
        for question in fresh:
            left = max(deadline - time.monotonic(), 0.0)
            fetched = fetch(
                question.certificate,
                others=question.others,
                trust=trust,
                at=at,
                known=question.data.merged(learned.fetched),
                role=question.role,
                limits=replace(limits, total_seconds=left, untrusted_requests=untrusted_left),
            )
            untrusted_left -= fetched.untrusted_asked
            findings += fetched.findings
            learned = replace(learned, fetched=learned.fetched.merged(fetched.data))
        if learned == knowing:
            break
        knowing = learned
    return answer, tuple(dict.fromkeys(findings))


def _named(question: PathQuestion) -> object:
    return question.certificate, question.role
