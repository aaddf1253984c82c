"""Gather what a signature needs to stay provable: chains, OCSP answers, revocation lists (EN 319 102-1 5.5).

Asked of the trust at hand first, then of the places that the certificates name. Where the proofs are kept
(a PDF's DSS, a CMS, an XML signature) is not known here.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Final, Literal, get_args

from cryptography import x509

from docsign.errors import CertificateUnfitError, TrustError, UsageError
from docsign.pki.certificates import display_name
from docsign.pki.chains import candidate_chains
from docsign.pki.ocsp import answer_proof
from docsign.pki.revocation import list_proof
from docsign.pki.status import StatusProof
from docsign.pki.trust import Trust
from docsign.pki.validation_data import Needed, ValidationData
from docsign.sentence import say

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
"""The baseline levels of EN 319 142-1, each holding the one before."""

LEVELS: Final[tuple[Level, ...]] = get_args(Level)


def require_means(level: Level, *, tsa: str | None, trust: Trust | None) -> None:
    """Raise UsageError where this level needs something that is not given."""
    if tsa is None:
        raise UsageError(
            say("The level {level} needs a time-stamp: name a time-stamping service.", level=level),
            hint=say("Give --tsa URL."),
        )
    if level in ("B-LT", "B-LTA") and trust is None:
        raise UsageError(
            say("The level {level} keeps proofs of the certificates: say whom you trust.", level=level),
            hint=say("Give --trust PATH."),
        )


def level_of(level: Level | None, tsa: str | None, trust: Trust | None) -> Level:
    """Return the level to sign at; raises UsageError where something is missing for it."""
    if level is None:
        return "B-B" if tsa is None else "B-T"
    if level not in LEVELS:
        raise UsageError(
            say("The level is B-B, B-T, B-LT or B-LTA, not {level}.", level=level), where="level"
        )
    if level != "B-B":
        require_means(level, tsa=tsa, trust=trust)
    return level


def gathered(needed: tuple[Needed, ...], trust: Trust, at: datetime) -> ValidationData:
    """Collect what proves each of these certificates; raises TrustError, CertificateUnfitError."""
    data = ValidationData()
    for one in needed:
        data = data.merged(_proofs(one, trust, at, data))
    return data


def _proofs(needed: Needed, trust: Trust, at: datetime, known: ValidationData) -> ValidationData:
    """Return the chain to a trusted certificate and what says that nothing of it is revoked."""
    from docsign.pki.fetch import fetch_validation_data

    holder = display_name(needed.certificate)
    fetched = fetch_validation_data(
        needed.certificate, others=needed.others, trust=trust, at=at, known=known, role=needed.role
    )
    data = known.merged(fetched.data)
    others = (*needed.others, *data.certificates)
    chain = next(candidate_chains(needed.certificate, trust, needed.role, others), None)
    if chain is None:
        raise TrustError(
            say("The certificate of {holder} does not lead to a certificate that is trusted.", holder=holder)
        )
    found = ValidationData.of(certificates=chain.certificates).merged(fetched.data)
    for certificate, issuer in itertools.pairwise(chain.certificates):
        status = _status(certificate, issuer, trust, data, others)
        if status is None and chain.anchor.revocation == "required":
            raise TrustError(
                say(
                    "Whether the certificate of {holder} is revoked cannot be proved.",
                    holder=display_name(certificate),
                ),
                where=fetched.findings[0].where if fetched.findings else "",
                hint=fetched.findings[0].sentence if fetched.findings else None,
            )
        if status is not None:
            der, proof = status
            _require_good(certificate, proof, needed.made_at or at)
            is_answer = proof.kind == "ocsp"
            found = found.merged(ValidationData(ocsps=(der,)) if is_answer else ValidationData(crls=(der,)))
    return found


def _status(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    trust: Trust,
    data: ValidationData,
    others: tuple[x509.Certificate, ...],
) -> tuple[bytes, StatusProof] | None:
    """Return the newest list or answer that speaks of this certificate."""
    crls = (*trust.crls, *data.crls)
    pool = (*trust.intermediates, *others)
    looked_at = [(der, list_proof(certificate, issuer, der, pool)) for der in crls]
    looked_at += [(der, answer_proof(certificate, issuer, der, pool, crls)) for der in data.ocsps]
    proofs = [
        (der, proof)
        for der, proof in looked_at
        if isinstance(proof, StatusProof) and (proof.complete or proof.revoked_at is not None)
    ]
    return max(proofs, key=lambda one: one[1].this_update, default=None)


def _require_good(certificate: x509.Certificate, proof: StatusProof, moment: datetime) -> None:
    """Raise CertificateUnfitError where the certificate was revoked when it was used."""
    if proof.revoked_at is not None and proof.revoked_at <= moment:
        raise CertificateUnfitError(
            say(
                "The certificate of {holder} was revoked on {date}.",
                holder=display_name(certificate),
                date=proof.revoked_at.date().strftime("%d/%m/%Y"),
            )
        )
