"""Judge the chain from a certificate to a trusted anchor at a time (RFC 5280 6, EN 319 102-1 5.2.6).

Pure: what it needs is handed in, nothing is fetched. pyhanko-certvalidator does the path validation proper;
this module asks it about each candidate chain and turns its every answer into a conclusion with findings. It
never raises for what a certificate holds.

1. The certificate itself: readable, meant for this role, key strong enough.
2. Candidate chains to an anchor of this role, each link proved by its signature (``docsign.pki.chains``).
3. Each chain: signatures, validity, constraints, policies, algorithms, revocation, until one passes.
4. A revocation that nobody asked for is not overlooked (anchors with revocation "not-expected").
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docsign.errors import MalformedError
from docsign.pki import problems
from docsign.pki.certificates import (
    PARSER_ERRORS,
    Role,
    display_name,
    is_readable,
    key_weakness,
    signature_weakness,
    usage_breach,
)
from docsign.pki.chains import Chain, candidate_chains
from docsign.pki.problems import Problem
from docsign.pki.revocation import find_revocation, keeps_expired, load_crl, signed_by
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Indication


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


@dataclass(frozen=True, slots=True)
class _Material:
    """The revocation data at hand; what cannot be read was dropped."""

    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]


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
    if not is_readable(certificate):
        broken = problems.unreadable(say("This is not a certificate that can be read."))
        return PathVerdict(conclusion=broken.conclusion, findings=(broken.finding,))
    material = _Material(
        crls=tuple(dict.fromkeys(crl for crl in (*trust.crls, *crls) if load_crl(crl) is not None)),
        ocsps=tuple(dict.fromkeys(der for der in ocsps if _is_ocsp(der))),
    )
    brought = tuple(one for one in others if is_readable(one))
    question = (certificate, brought, trust.for_role(role), trust.intermediates, role, material)
    known = None if material.ocsps else _remembered.find(question, at)
    if known is not None:
        return known
    own = _judge_itself(certificate, role)
    verdicts: list[PathVerdict] = []
    for chain in candidate_chains(certificate, trust, role, brought):
        verdict = _judge_chain(chain, trust, material, at)
        if own is not None:
            verdict = replace(verdict, conclusion=own.conclusion, findings=(own.finding, *verdict.findings))
        if verdict.conclusion.indication is Indication.TOTAL_PASSED:
            if not material.ocsps:
                _remembered.keep(question, verdict, material)
            return verdict
        verdicts.append(verdict)
    if verdicts:
        return verdicts[0]
    missing = problems.no_chain(certificate, trust, role)
    findings = (own.finding, missing.finding) if own else (missing.finding,)
    return PathVerdict(conclusion=missing.conclusion, findings=findings)


def _judge_itself(certificate: x509.Certificate, role: Role) -> Problem | None:
    """Step 1: return what already the certificate alone breaks, or None."""
    try:
        breach = usage_breach(certificate, role)
    except MalformedError as error:
        return problems.unreadable(error.sentence)
    if breach is not None:
        return problems.wrong_usage(breach)
    weakness = key_weakness(certificate)
    return problems.weak(weakness) if weakness is not None else None


def _judge_chain(chain: Chain, trust: Trust, material: _Material, at: datetime) -> PathVerdict:
    """Steps 3 and 4 for one candidate."""
    revocation = find_revocation(chain.leaf, chain.certificates[1:], material.crls)
    revoked_at = revocation.at if revocation else None
    if len(chain.certificates) == 1:
        problem = problems.out_of_bounds(chain.leaf, at)
    else:
        problem = _validated(chain, trust, material, at) or _overlooked(chain, material, at)
    if problem is None:
        return PathVerdict(conclusion=Conclusion.passed(), chain=chain.certificates, revoked_at=revoked_at)
    if problem.finding.code in ("expired", "revocation-stale", "revocation-unknown"):
        # What is known of the signer's own certificate says more than the first thing met on the way.
        if revoked_at is not None and revoked_at <= at:
            problem = problems.revoked(chain.leaf, revoked_at)
        else:
            problem = problems.out_of_bounds(chain.leaf, at) or problem
    return PathVerdict(
        conclusion=problem.conclusion,
        chain=chain.certificates,
        findings=(problem.finding,),
        revoked_at=revoked_at or problem.revoked_at,
    )


def _validated(chain: Chain, trust: Trust, material: _Material, at: datetime) -> Problem | None:
    """Ask certvalidator; return what it objects to, or None. Its every exception is an answer."""
    from pyhanko_certvalidator import ValidationContext, errors
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.registry import SimpleTrustManager
    from pyhanko_certvalidator.validate import async_validate_path

    between = chain.certificates[1:-1]
    try:
        anchor = CertTrustAnchor(_converted(chain.certificates[-1]), derive_default_quals_from_cert=True)
        context = ValidationContext(
            trust_manager=SimpleTrustManager.build(trust_roots=[anchor]),
            other_certs=[_converted(one) for one in dict.fromkeys((*between, *trust.intermediates))],
            moment=at,
            allow_fetching=False,
            crls=[_converted_crl(der) for der in _relevant(material.crls, chain)],
            ocsps=material.ocsps,
            revocation_mode="require" if chain.anchor.revocation == "required" else "none",
            retroactive_revinfo=True,  # a list issued after ``at`` still tells what was revoked before it
            time_tolerance=timedelta(0),
            weak_hash_algos=("md2", "md5", "sha1", "sha224"),  # TT 15/2025 PL I
        )
        path = ValidationPath(anchor, [_converted(one) for one in reversed(between)], _converted(chain.leaf))
        _drive(async_validate_path(context, path))
    except errors.ValidationError as error:
        return _problem_of(error, chain, material, at)
    except Exception as error:  # noqa: BLE001 -- bare exceptions of others on odd input become findings
        return problems.not_understood(chain.leaf, type(error).__name__)
    return None


def _problem_of(error: Exception, chain: Chain, material: _Material, at: datetime) -> Problem:
    """Translate certvalidator's objection into a problem that names the certificate it is about."""
    from pyhanko_certvalidator import errors

    about_leaf = bool(getattr(error, "is_ee_cert", True)) and not getattr(error, "is_side_validation", False)
    if isinstance(error, errors.RevokedError):
        if about_leaf:
            return problems.revoked(chain.leaf, error.revocation_dt)
        return problems.issuer_revoked(chain.leaf, error.revocation_dt)
    if isinstance(error, errors.ExpiredError | errors.NotYetValidError):
        for certificate in chain.certificates if about_leaf else chain.certificates[:0:-1]:
            outside = problems.out_of_bounds(certificate, at)
            if outside is not None:
                return outside
    if isinstance(error, errors.StaleRevinfoError):
        return problems.revocation_stale(_unlisted(chain, material, about_leaf), error.time_cutoff)
    if isinstance(error, errors.InsufficientRevinfoError):
        return problems.revocation_unknown(_unlisted(chain, material, about_leaf))
    if isinstance(error, errors.DisallowedAlgorithmError):
        listed = [
            signature_weakness(one) or key_weakness(issuer)
            for one, issuer in zip(chain.certificates, chain.certificates[1:], strict=False)
        ]
        unnamed = say(
            "The chain of {holder} uses an algorithm that is too weak.", holder=display_name(chain.leaf)
        )
        return problems.weak(next(filter(None, listed), unnamed))
    return problems.rules_broken(chain.leaf, error)


def _unlisted(chain: Chain, material: _Material, about_leaf: bool) -> x509.Certificate:
    """Return the certificate whose issuer's list is missing, from the anchor down; else the nearest CA."""
    if about_leaf or len(chain.certificates) == 2:
        return chain.leaf
    for place in range(len(chain.certificates) - 2, 0, -1):
        if not any(signed_by(der, chain.certificates[place + 1]) for der in material.crls):
            return chain.certificates[place]
    return chain.certificates[1]


def _overlooked(chain: Chain, material: _Material, at: datetime) -> Problem | None:
    """Step 4: a list at hand that revokes counts, even where none was expected."""
    for place, certificate in enumerate(chain.certificates[:-1]):
        found = find_revocation(certificate, chain.certificates[place + 1 : place + 2], material.crls)
        if found is not None and found.at <= at:
            if place == 0:
                return problems.revoked(certificate, found.at)
            return problems.issuer_revoked(chain.leaf, found.at)
    return None


def _drive(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that never waits, without an event loop of its own (one may be running already)."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    finally:
        coroutine.close()
    raise RuntimeError("path validation wanted to wait, though nothing is fetched")


@lru_cache(maxsize=512)
def _converted(certificate: x509.Certificate) -> Any:
    from asn1crypto import x509 as asn1_x509

    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


@lru_cache(maxsize=64)
def _converted_crl(der: bytes) -> Any:
    from asn1crypto import crl

    return crl.CertificateList.load(der)


def _relevant(crls: tuple[bytes, ...], chain: Chain) -> list[bytes]:
    """Return the lists that an issuer of this chain signed: a forged one must not disturb the judgement.

    A list made after a certificate's end need not name it any more (RFC 5280 3.3) and so proves nothing about
    it, unless it says that it keeps expired certificates (ITU-T X.509 9.5.2.8).
    """
    kept = []
    for certificate, issuer in zip(chain.certificates, chain.certificates[1:], strict=False):
        for der in crls:
            crl = load_crl(der)
            if crl is None or not signed_by(der, issuer):
                continue
            if crl.last_update_utc <= certificate.not_valid_after_utc or keeps_expired(crl):
                kept.append(der)
    return list(dict.fromkeys(kept))


class _Remembered:
    """Chains that passed, each with the time within which the same question has the same answer.

    Validating a chain costs milliseconds and a relay asks about the same few signers all day. Only passing is
    remembered, only without OCSP answers, and never past the next event: an end of validity, the end of a
    list, a revocation.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[object, tuple[datetime, datetime, PathVerdict]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, question: object, at: datetime) -> PathVerdict | None:
        with self._lock:
            kept = self._kept.get(question)
            if kept is None or not kept[0] <= at < kept[1]:
                return None
            self._kept.move_to_end(question)
            return kept[2]

    def keep(self, question: object, verdict: PathVerdict, material: _Material) -> None:
        begin, end = _window(verdict, material)
        with self._lock:
            self._kept[question] = (begin, end, verdict)
            self._kept.move_to_end(question)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


_remembered = _Remembered(256)


def _window(verdict: PathVerdict, material: _Material) -> tuple[datetime, datetime]:
    """Return from when until when (exclusive) nothing that the verdict rests on changes."""
    begin = max(certificate.not_valid_before_utc for certificate in verdict.chain)
    ends = [certificate.not_valid_after_utc for certificate in verdict.chain]
    for certificate, issuer in zip(verdict.chain, verdict.chain[1:], strict=False):
        revocation = find_revocation(certificate, [issuer], material.crls)
        if revocation is not None:
            ends.append(revocation.at)
        lists = [load_crl(der) for der in material.crls if signed_by(der, issuer)]
        ends += [crl.next_update_utc or begin for crl in lists if crl is not None]
    return begin, min(ends)


def _is_ocsp(der: bytes) -> bool:
    try:
        return ocsp.load_der_ocsp_response(der).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    except PARSER_ERRORS:
        return False
