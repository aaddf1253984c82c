"""What is true of a candidate chain at all times: its links, its rules, and what is said of each certificate.

Pure. pyhanko-certvalidator applies the rules of RFC 5280 6.1 (who may certify, names, policies), at a time
when every certificate of the chain was valid; validity, revocation and algorithms are ours, for they are
asked for several times. Nothing here knows what time it is, so what was gathered once is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509

from docsign.pki import problems
from docsign.pki.certificates import Role, der_of, display_name
from docsign.pki.chains import Chain, candidate_chains
from docsign.pki.problems import Problem
from docsign.pki.revocation import list_proof
from docsign.pki.status import Remark, StatusProof
from docsign.pki.strength import AlgorithmUse, key_use, uses_of
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A certificate of the chain below its issuer, with everything that is said of its status."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    proofs: tuple[StatusProof, ...] = ()
    remarks: tuple[Remark, ...] = ()
    uses: tuple[AlgorithmUse, ...] = ()
    revoked_by: StatusProof | None = None
    cleared_by: tuple[StatusProof, ...] = ()

    @staticmethod
    def of(
        certificate: x509.Certificate, issuer: x509.Certificate, said: Iterable[StatusProof | Remark | None]
    ) -> Link:
        """Sort out what is said of a certificate."""
        words = tuple(said)
        proofs = tuple(one for one in words if isinstance(one, StatusProof))
        good = [one for one in proofs if one.revoked_at is None and one.speaks_of(certificate)]
        return Link(
            certificate=certificate,
            issuer=issuer,
            proofs=proofs,
            remarks=tuple(dict.fromkeys(one for one in words if isinstance(one, str))),
            uses=uses_of(certificate),
            revoked_by=_revocation(proofs),
            cleared_by=tuple(sorted(good, key=lambda one: one.this_update, reverse=True)),
        )

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` lies within its validity."""
        return self.certificate.not_valid_before_utc <= at <= self.certificate.not_valid_after_utc

    def revocation(self) -> StatusProof | None:
        """Return the earliest revocation; a suspension only where nothing later lifts it."""
        return self.revoked_by

    def clearings(self) -> tuple[StatusProof, ...]:
        """Return what says that it was good, the latest first."""
        return self.cleared_by

    def is_cleared(self, at: datetime, *, stamped: bool = False) -> bool:
        """Whether something says that it was good at ``at`` (EN 319 102-1 5.2.5).

        A list that revokes it later says so, too.
        """
        if any(one.is_fresh(at, stamped=stamped) for one in self.cleared_by):
            return True
        if self.revoked_by is None:
            return False
        later = (one for one in self.proofs if one.revoked_at is not None and one.revoked_at > at)
        return any(one.is_fresh(at, stamped=stamped) for one in later)


def _revocation(proofs: tuple[StatusProof, ...]) -> StatusProof | None:
    revoked = [one for one in proofs if one.revoked_at is not None and not one.is_hold]
    if revoked:
        return min(revoked, key=lambda one: one.revoked_at or one.this_update)
    latest = max(proofs, key=lambda one: one.this_update, default=None)
    return latest if latest is not None and latest.revoked_at is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """One chain: ``links`` from the signer up to below the anchor; none where the signer is the anchor."""

    chain: Chain
    links: tuple[Link, ...] = ()
    broken: Problem | None = None
    anchor_use: AlgorithmUse = AlgorithmUse()

    @property
    def leaf(self) -> x509.Certificate:
        """The signer's certificate."""
        return self.chain.leaf

    @property
    def needs_status(self) -> bool:
        """Whether the anchor's authority publishes revocations that must be known."""
        return self.chain.anchor.revocation == "required"


def facts_of(
    certificate: x509.Certificate,
    *,
    others: tuple[x509.Certificate, ...],
    trust: Trust,
    role: Role,
    data: ValidationData,
) -> tuple[ChainFacts, ...]:
    """Return the facts of every candidate chain, likelier ones first; none where no way leads up."""
    chains = _candidates(certificate, trust, role, others)
    return tuple(_gathered(chain, trust.intermediates, others, data) for chain in chains)


@lru_cache(maxsize=256)
def _candidates(
    certificate: x509.Certificate, trust: Trust, role: Role, others: tuple[x509.Certificate, ...]
) -> tuple[Chain, ...]:
    return tuple(candidate_chains(certificate, trust, role, others))


@lru_cache(maxsize=128)
def _gathered(
    chain: Chain,
    intermediates: tuple[x509.Certificate, ...],
    others: tuple[x509.Certificate, ...],
    data: ValidationData,
) -> ChainFacts:
    pool = (*intermediates, *others)
    links = []
    for certificate, issuer in zip(chain.certificates, chain.certificates[1:], strict=False):
        said: list[StatusProof | Remark | None] = [
            list_proof(certificate, issuer, der, pool) for der in data.crls
        ]
        if data.ocsps:
            from docsign.pki.ocsp import answer_proof  # loaded on need

            said += [answer_proof(certificate, issuer, der, pool, data.crls) for der in data.ocsps]
        links.append(Link.of(certificate, issuer, said))
    return ChainFacts(
        chain=chain,
        links=tuple(links),
        broken=_broken(chain, intermediates),
        anchor_use=key_use(chain.certificates[-1]),
    )


def _broken(chain: Chain, intermediates: tuple[x509.Certificate, ...]) -> Problem | None:
    """Return the rule of RFC 5280 6.1 that the chain breaks whatever the time, or None."""
    below = chain.certificates[:-1]
    if not below:
        return None
    begin = max(one.not_valid_before_utc for one in below)
    end = min(one.not_valid_after_utc for one in below)
    if begin > end:  # EN 319 102-1 5.6.2.1.4 2): the validity intervals do not meet
        never = say(
            "The certificates of the chain of {holder} were never valid at the same time.",
            holder=display_name(chain.leaf),
        )
        return problems.unreadable(never)
    return _rules(chain, intermediates, end)


_ASKED_ALONE = threading.Lock()
"""asn1crypto fills its classes' tables on first use: a second thread would meet them half filled."""


def _rules(chain: Chain, intermediates: tuple[x509.Certificate, ...], at: datetime) -> Problem | None:
    """Ask certvalidator, one thread at a time; its every exception is an answer."""
    with _ASKED_ALONE:
        return _rules_alone(chain, intermediates, at)


def _rules_alone(chain: Chain, intermediates: tuple[x509.Certificate, ...], at: datetime) -> Problem | None:
    from pyhanko_certvalidator import ValidationContext, errors
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.policy_decl import AcceptAllAlgorithms
    from pyhanko_certvalidator.registry import SimpleTrustManager
    from pyhanko_certvalidator.validate import async_validate_path

    between = chain.certificates[1:-1]
    try:
        anchor = CertTrustAnchor(top := _converted(chain.certificates[-1]), _asked_of(top))
        context = ValidationContext(
            trust_manager=SimpleTrustManager.build(trust_roots=[anchor]),
            other_certs=[_converted(one) for one in dict.fromkeys((*between, *intermediates))],
            moment=at,
            allow_fetching=False,
            revocation_mode="none",
            time_tolerance=timedelta(0),
            algorithm_usage_policy=AcceptAllAlgorithms(),
        )
        path = ValidationPath(anchor, [_converted(one) for one in reversed(between)], _converted(chain.leaf))
        _drive(async_validate_path(context, path))
    except errors.ValidationError as error:
        return problems.rules_broken(chain.leaf, error)
    except Exception as error:  # noqa: BLE001 -- bare exceptions of others on odd input become findings
        return problems.not_understood(chain.leaf, type(error).__name__)
    return None


def _asked_of(anchor: Any) -> Any:
    """Return what an anchor's own certificate asks of the paths below it: their length and their names.

    It is trusted for its name and key (RFC 5280 6.1.1 d): its validity is no part of the path, and policies
    that it names do not make them required (RFC 5937 3).
    """
    from pyhanko_certvalidator.authority import derive_quals_from_cert

    asked = derive_quals_from_cert(anchor)
    parameters = asked.standard_parameters
    if parameters is not None:
        anything = frozenset({"any_policy"})
        parameters = replace(parameters, user_initial_policy_set=anything, initial_explicit_policy=False)
    return replace(
        asked,
        standard_parameters=parameters,
        max_aa_path_length=asked.max_path_length,
        valid_from=None,
        valid_until=None,
    )


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

    return asn1_x509.Certificate.load(der_of(certificate))
