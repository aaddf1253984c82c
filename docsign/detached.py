"""Signatures that stand beside what they sign: detached CAdES (``.p7s``), and the CMS that a PDF takes in.

The network is used only where a time-stamping service is named. What a CMS signature is stands in ``ades``.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from docsign.ades import cms
from docsign.errors import UsageError
from docsign.pki.keys import SigningKey
from docsign.sentence import say


def sign_detached(
    data: bytes, key: SigningKey, *, at: datetime | None = None, tsa: str | None = None
) -> bytes:
    """Return a detached CAdES signature over ``data`` (DER, a ``.p7s``): B-T with a ``tsa``, else B-B.

    ``at`` (aware, default now) becomes the signing-time attribute. Raises TimestampError and whatever the key
    raises. The certificate is not checked here: ``require_fit`` does that.
    """
    digest = hashlib.new(cms.hash_name(key.scheme), data).digest()
    return cms_signature(digest, key, signing_time=aware_moment(at), tsa=tsa)


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
