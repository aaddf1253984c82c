"""Look certificates up in revocation lists (RFC 5280 5), without any network.

Pure. Says only what a list of the certificate's own issuer says; whether lists are fresh enough and complete
is the business of ``docsign.pki.paths``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from docsign.pki.certificates import PARSER_ERRORS, issued_by
from docsign.values import dataclass

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Since when a certificate is revoked, and why where the list says it (``keyCompromise`` …)."""

    at: datetime
    reason: str | None = None


@lru_cache(maxsize=64)
def load_crl(der: bytes) -> x509.CertificateRevocationList | None:
    """Load a DER list, or return None for bytes that are none; kept, for a list is looked at many times."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            crl = x509.load_der_x509_crl(der)
            _ = crl.issuer, crl.last_update_utc, crl.next_update_utc  # parsed only when asked for
            return crl
    except PARSER_ERRORS:
        return None


def find_revocation(
    certificate: x509.Certificate, issuers: Iterable[x509.Certificate], crls: Iterable[bytes]
) -> Revocation | None:
    """Return what the lists signed by one of ``issuers`` say of the certificate, or None.

    Issuers that did not issue the certificate are passed over. The earliest revocation counts.
    """
    own = [issuer for issuer in issuers if issuer.subject == certificate.issuer]
    found: Revocation | None = None
    for der in crls:
        crl = load_crl(der)
        if crl is None or not own or crl.issuer != certificate.issuer:
            continue
        try:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        except PARSER_ERRORS:
            continue
        if entry is None or not any(
            signed_by(der, issuer) and issued_by(certificate, issuer) for issuer in own
        ):
            continue
        reason = _reason(entry)
        if reason != "removeFromCRL" and (found is None or entry.revocation_date_utc < found.at):
            found = Revocation(at=entry.revocation_date_utc, reason=reason)
    return found


@lru_cache(maxsize=256)
def signed_by(der: bytes, issuer: x509.Certificate) -> bool:
    """Say whether the list names ``issuer`` and bears a signature of its key."""
    crl = load_crl(der)
    if crl is None:
        return False
    try:
        return crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type] # odd kinds raise TypeError
    except Exception:  # noqa: BLE001 -- whatever an odd key or algorithm raises
        return False


def keeps_expired(crl: x509.CertificateRevocationList) -> bool:
    """Say whether the list goes on naming certificates after their end (expiredCertsOnCRL)."""
    try:
        return any(extension.oid == _EXPIRED_CERTS_ON_CRL for extension in crl.extensions)
    except PARSER_ERRORS:
        return False


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *PARSER_ERRORS):
        return None
