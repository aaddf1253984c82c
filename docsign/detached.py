"""Signatures that stand beside what they sign: detached CAdES (``.p7s``), and the CMS that a PDF takes in.

The network is used only where a time-stamping service is named. What a CMS signature is stands in ``ades``.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from docsign.ades import cms, cms_levels
from docsign.errors import UsageError
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.proofs import LEVELS, Level, gathered, level_of, require_means
from docsign.sentence import say


def sign_detached(
    data: bytes,
    key: SigningKey,
    *,
    at: datetime | None = None,
    level: Level | None = None,
    tsa: str | None = None,
    trust: Trust | None = None,
) -> bytes:
    """Return a detached CAdES signature over ``data`` (DER, a ``.p7s``) of ``level``.

    Without ``level`` it is B-T where a ``tsa`` is named, else B-B; ``extend_detached`` says what is needed.
    ``at`` (aware, default now) becomes the signing-time attribute. Raises UsageError, TimestampError,
    TrustError and whatever the key raises. The certificate is not checked here: ``require_fit`` does that.
    """
    wanted = level_of(level, tsa, trust)
    digest = hashlib.new(cms.hash_name(key.scheme), data).digest()
    stamping = None if wanted == "B-B" else tsa
    signature = cms_signature(digest, key, signing_time=aware_moment(at), tsa=stamping)
    if wanted in ("B-B", "B-T"):
        return signature
    return extend_detached(signature, data, level=wanted, tsa=tsa, trust=trust)


def extend_detached(
    signature: bytes,
    data: bytes,
    *,
    level: Level = "B-LTA",
    tsa: str | None = None,
    trust: Trust | None = None,
    at: datetime | None = None,
) -> bytes:
    """Return a detached CMS signature (DER) over ``data`` at a higher level, or renewed (EN 319 122-1 6.1).

    B-T adds a time-stamp where there is none; B-LT certificates, revocation lists and OCSP answers of signer
    and time-stamping services; B-LTA one more archive time-stamp (version 3) over everything. What is needed,
    and what is raised, is as for the ``extend`` of PDFs; CmsError for what is no such signature.
    """
    if level not in LEVELS[1:]:
        raise UsageError(
            say("A file is extended to B-T, B-LT or B-LTA, not {level}.", level=level), where="level"
        )
    stamped = cms_levels.is_stamped(signature)
    require_means(level, tsa="-" if stamped and level != "B-LTA" else tsa, trust=trust)
    if not stamped and tsa is not None:
        token = stamped_token(cms_levels.signature_value(signature), tsa)
        signature = cms_levels.with_signature_timestamp(signature, token)
    if level == "B-T" or trust is None:
        return signature
    proofs = gathered(cms_levels.needed(signature), trust, aware_moment(at))
    signature = cms_levels.with_validation_data(signature, proofs)
    if level == "B-LTA" and tsa is not None:
        from docsign.pki.fetch import fetch_timestamp

        request = cms_levels.archive_request(signature, lambda name: hashlib.new(name, data).digest())
        token = fetch_timestamp(tsa, request.imprint)
        signature = cms_levels.with_archive_timestamp(signature, token, request)
    return signature


def cms_signature(digest: bytes, key: SigningKey, *, signing_time: datetime | None, tsa: str | None) -> bytes:
    """Return the CMS signature (DER) over content known by its ``digest``; B-T where a ``tsa`` is named."""
    attributes = cms.signed_attributes(digest, key.certificate, signing_time=signing_time)
    signature = key.sign(attributes)
    return cms.signed_data(
        signed_attributes=attributes,
        signature=signature,
        certificate=key.certificate,
        chain=key.chain,
        scheme=key.scheme,
        timestamp_token=None if tsa is None else stamped_token(signature, tsa),
    )


def stamped_token(signature: bytes, tsa: str) -> bytes:
    """Return a time-stamp token over a signature value (EN 319 122-1 5.3); raises TimestampError."""
    from docsign.pki.fetch import fetch_timestamp

    return fetch_timestamp(tsa, hashlib.sha256(signature).digest())


def aware_moment(at: datetime | None) -> datetime:
    """Return ``at``, or now; raises UsageError for a time without a zone."""
    if at is None:
        return datetime.now(UTC)
    if at.utcoffset() is None:
        raise UsageError(say("The time needs a time zone."), where="at")
    return at
