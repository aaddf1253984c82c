"""Answer OCSP requests (RFC 6960) with a trial authority's key: a revocation service for tests and demos.

Bytes and a time in, bytes out; ``docsign.pki.responder`` puts it on a port. One certificate a request, as all
clients ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docsign.pki.certificates import PARSER_ERRORS
from docsign.pki.keys import HeldKey
from docsign.pki.trial_certificates import digest_for

LIFE = timedelta(hours=1)
"""How long an answer may be used."""


def answer(
    request: bytes,
    key: HeldKey,
    issuer: x509.Certificate,
    statuses: Mapping[int, tuple[datetime, str] | None],
    *,
    at: datetime,
) -> bytes:
    """Return the DER OCSPResponse for a DER OCSPRequest about a certificate of ``issuer``.

    ``statuses`` has every serial number that was issued, with time and reason where it is revoked; what is
    not in it is unknown, another issuer is refused.
    """
    try:
        asked = ocsp.load_der_ocsp_request(request)
        serial, digest = asked.serial_number, asked.hash_algorithm
        names = (asked.issuer_name_hash, asked.issuer_key_hash)
        nonce = next((one.value for one in asked.extensions if isinstance(one.value, x509.OCSPNonce)), None)
    except (*PARSER_ERRORS, NotImplementedError):
        return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    if names != _names(key.certificate, issuer, digest):
        return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    known, revoked = serial in statuses, statuses.get(serial)
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=names[0],
            issuer_key_hash=names[1],
            serial_number=serial,
            algorithm=digest,
            cert_status=status if known else ocsp.OCSPCertStatus.UNKNOWN,
            this_update=at,
            next_update=at + LIFE,
            revocation_time=revoked[0] if revoked else None,
            revocation_reason=x509.ReasonFlags(revoked[1]) if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, key.certificate)
        .certificates([key.certificate])
    )
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    return builder.sign(key.private_key, digest_for(key.private_key)).public_bytes(Encoding.DER)


def _names(
    own: x509.Certificate, issuer: x509.Certificate, digest: hashes.HashAlgorithm
) -> tuple[bytes, bytes]:
    """Return the hashes of the issuer's name and key, as a request about ``own`` has them (4.1.1)."""
    ours = ocsp.OCSPRequestBuilder().add_certificate(own, issuer, digest).build()
    return ours.issuer_name_hash, ours.issuer_key_hash


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
