"""Judge the chain from a certificate to a trusted anchor at a time (RFC 5280 6, EN 319 102-1 5.2.6).

Pure: what it needs is handed in, nothing is fetched. What is true of a chain at all times is gathered once
(``docsign.pki.path_facts``); this asks it about one time. It never raises for what a certificate holds.

1. The certificate itself: readable, meant for this role.
2. Candidate chains to an anchor of this role, each link proved by its signature (``docsign.pki.chains``).
3. Each chain, until one passes: its rules, revocations (also where none are expected), validity, whether what
   is known of revocations is fresh, algorithms.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from docsign.errors import MalformedError
from docsign.pki import problems
from docsign.pki.certificates import Role, is_readable, key_weakness, usage_breach
from docsign.pki.path_facts import ChainFacts, Link, facts_of
from docsign.pki.problems import Problem
from docsign.pki.recent import of_object, recent
from docsign.pki.strength import AlgorithmUse, weakest
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class PathVerdict:
    """The answer on one chain: ``chain`` is the signer first and the anchor last, empty where there is none.

    ``revoked_at`` is when the certificate itself was revoked, whatever the conclusion: later than ``at`` the
    chain may have passed; before a proved ``at`` the caller may turn REVOKED_NO_POE into REVOKED.
    """

    conclusion: Conclusion
    chain: tuple[x509.Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathQuestion:
    """Whose chain is asked about, for what, and with what at hand; everything but the time."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    trust: Trust
    role: Role
    data: ValidationData


def path_question(
    certificate: x509.Certificate,
    *,
    others: Iterable[x509.Certificate] = (),
    trust: Trust,
    role: Role = "sign",
    data: ValidationData | None = None,
) -> PathQuestion:
    """Gather a question; what cannot be read is left out, the trust folder's lists are added."""
    return _question(certificate, tuple(others), trust, role, data or ValidationData())


@recent
def _question(
    certificate: x509.Certificate,
    others: tuple[x509.Certificate, ...],
    trust: Trust,
    role: Role,
    data: ValidationData,
) -> PathQuestion:
    beside = data.merged(trust.fetched)
    brought = (one for one in (*others, *beside.certificates) if is_readable(one))
    return PathQuestion(
        certificate=certificate,
        others=tuple(dict.fromkeys(brought)),
        trust=trust,
        role=role,
        data=ValidationData.of(crls=(*trust.crls, *beside.crls), ocsps=beside.ocsps),
    )


def judge_path(
    certificate: x509.Certificate,
    *,
    others: Iterable[x509.Certificate] = (),
    trust: Trust,
    at: datetime,
    role: Role = "sign",
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
) -> PathVerdict:
    """Judge the chain of ``certificate`` for ``role`` as of ``at`` (an aware time: now, or a proved one).

    ``others``, ``crls`` (DER) and ``ocsps`` (DER) come with the signature and are trusted for nothing by
    themselves. Never raises for bad input; works inside a running event loop.
    """
    data = ValidationData.of(crls=crls, ocsps=ocsps)
    return answer_path(path_question(certificate, others=others, trust=trust, role=role, data=data), at)


def answer_path(question: PathQuestion, at: datetime) -> PathVerdict:
    """Judge a question as of ``at``: the first chain that passes, else the first.

    Between two turns every answer is the same, so one moment stands for all.
    """
    turns = _turns(question)
    place = bisect_left(turns, at)
    if place and (place == len(turns) or turns[place] != at):
        at = turns[place - 1] + datetime.resolution
    return _answer(question, at)


@recent
def _turns(question: PathQuestion) -> tuple[datetime, ...]:
    """Return the moments at which an answer can change, in order: all that ``problem_at`` compares with."""
    turns: set[datetime | None] = set()
    for facts in chains_of(question) if is_readable(question.certificate) else ():
        uses = [facts.anchor_use]
        for one in facts.chain.certificates:
            turns |= {one.not_valid_before_utc, one.not_valid_after_utc}
        for link in facts.links:
            uses += link.uses
            for proof in link.proofs:
                turns |= {proof.this_update, proof.fresh_until, proof.revoked_at}
                uses += _rests_on(proof.digest)
        turns |= {use.end for use in uses}
    return tuple(sorted(turn for turn in turns if turn is not None))


@recent
def _answer(question: PathQuestion, at: datetime) -> PathVerdict:
    """Judge a question as of exactly ``at``."""
    certificate = question.certificate
    own = judge_itself(certificate, question.role)
    if own is not None and not is_readable(certificate):
        return PathVerdict(conclusion=own.conclusion, findings=(own.finding,))
    verdicts: list[PathVerdict] = []
    for facts in chains_of(question):
        verdict = _verdict(facts, at, own)
        if verdict.conclusion == Conclusion.passed():
            return verdict
        verdicts.append(verdict)
    if verdicts:
        return verdicts[0]
    missing = problems.no_chain(certificate, question.trust, question.role)
    weakness = key_weakness(certificate)
    found = (own, problems.weak(weakness) if weakness else None, missing)
    first = next(one for one in found if one is not None)
    return PathVerdict(
        conclusion=first.conclusion, findings=tuple(one.finding for one in found if one is not None)
    )


@recent
def chains_of(question: PathQuestion) -> tuple[ChainFacts, ...]:
    """Return the facts of the candidate chains."""
    return facts_of(
        question.certificate,
        others=question.others,
        trust=question.trust,
        role=question.role,
        data=question.data,
    )


@of_object
def judge_itself(certificate: x509.Certificate, role: Role) -> Problem | None:
    """Step 1: return what already the certificate alone breaks, or None."""
    if not is_readable(certificate):
        return problems.unreadable(say("This is not a certificate that can be read."))
    try:
        breach = usage_breach(certificate, role)
    except MalformedError as error:
        return problems.unreadable(error.sentence)
    return problems.wrong_usage(breach) if breach is not None else None


def _verdict(facts: ChainFacts, at: datetime, own: Problem | None) -> PathVerdict:
    problem = problem_at(facts, at)
    found = [one for one in (own, problem) if one is not None]
    remarks = [
        problems.unusable(remark, link.certificate)
        for link in facts.links
        if problem is not None and problem.finding.code in ("revocation-unknown", "revocation-stale")
        for remark in link.remarks
    ]
    revocation = facts.links[0].revocation() if facts.links else None
    return PathVerdict(
        conclusion=found[0].conclusion if found else Conclusion.passed(),
        chain=facts.chain.certificates,
        findings=(*(one.finding for one in found), *remarks),
        revoked_at=revocation.revoked_at if revocation and not revocation.is_hold else None,
    )


def problem_at(facts: ChainFacts, at: datetime) -> Problem | None:
    """Step 3 for one chain (EN 319 102-1 5.2.6.4): what it breaks at ``at``, or None."""
    leaf = facts.leaf
    if not facts.links:
        return problems.out_of_bounds(leaf, at) or weak_at((facts.anchor_use,), at)
    own = facts.links[0]
    return (
        facts.broken
        or _revoked(own, at)
        or out_of_bounds(own, at)
        or next(filter(None, (_issuer_problem(facts, link, at) for link in reversed(facts.links[1:]))), None)
        or (unclear(facts, at) if facts.needs_status else None)
        or weak_at(uses_at(facts, at), at)
    )


def _revoked(link: Link, at: datetime) -> Problem | None:
    found = link.revocation()
    if found is None or found.revoked_at is None or found.revoked_at > at:
        return None
    if found.is_hold:
        return problems.suspended(link.certificate, found.revoked_at)
    return problems.revoked(link.certificate, found.revoked_at)


def out_of_bounds(link: Link, at: datetime) -> Problem | None:
    """Return the problem of a certificate that has ended, or not begun, at ``at``."""
    end = link.certificate.not_valid_after_utc
    if link.certificate.not_valid_before_utc <= at <= end:
        return None
    known_good = link.revocation() is None and any(one.this_update >= end for one in link.clearings())
    return problems.out_of_bounds(link.certificate, at, known_good=known_good)


def _issuer_problem(facts: ChainFacts, link: Link, at: datetime) -> Problem | None:
    found = link.revocation()
    if found is not None and found.revoked_at is not None and found.revoked_at <= at:
        if found.is_hold:
            return problems.suspended(link.certificate, found.revoked_at)
        return problems.issuer_revoked(facts.leaf, found.revoked_at)
    return problems.out_of_bounds(link.certificate, at)


def unclear(facts: ChainFacts, at: datetime, *, stamped: bool = False) -> Problem | None:
    """Return whose status is not known at ``at``, from the anchor down (EN 319 102-1 5.2.5), or None."""
    for link in reversed(facts.links):
        if link.is_cleared(at, stamped=stamped):
            continue
        ends = [one.fresh_until for one in link.clearings() if one.fresh_until < at]
        if ends:
            return problems.revocation_stale(link.certificate, max(ends))
        if link.clearings() and stamped:
            return problems.revocation_before_stamp(link.certificate, at)
        return problems.revocation_unknown(link.certificate)
    return None


def uses_at(facts: ChainFacts, at: datetime) -> tuple[AlgorithmUse, ...]:
    """Return the algorithms that the chain rests on, those of the freshest word on each certificate too."""
    uses = [use for link in facts.links for use in link.uses]
    uses.append(facts.anchor_use)
    for link in facts.links if facts.needs_status else ():
        fresh = [one for one in link.clearings() if one.is_fresh(at)]
        ended = [weakest(_rests_on(one.digest), at) for one in fresh]
        if ended and all(ended):
            uses += _rests_on(fresh[0].digest)
    return tuple(uses)


def _rests_on(digest: str) -> tuple[AlgorithmUse, ...]:
    return (AlgorithmUse(digest=digest),) if digest else ()


def weak_at(uses: Iterable[AlgorithmUse], at: datetime) -> Problem | None:
    """Return the problem of the first algorithm that was not reliable at ``at`` (EN 319 102-1 5.2.6.4 5)."""
    found = weakest(uses, at)
    return None if found is None else problems.weak(found.sentence)
