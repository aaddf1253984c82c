"""Ask whether a certificate may sign now, before it does (Circular 15/2025 Art. 5.1a)."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from docsign.errors import CertificateUnfitError, MalformedError
from docsign.pki.certificates import Role, display_name, key_weakness, signature_weakness, usage_breach
from docsign.pki.trust import Trust
from docsign.sentence import say


def require_fit(
    certificate: x509.Certificate, *, at: datetime, trust: Trust | None = None, role: Role = "sign"
) -> None:
    """Raise CertificateUnfitError unless the certificate may make signatures of this role at this time.

    Checked: validity, usage, key and signature strength, revocation by the CRLs of ``trust`` (where given).
    Serves TT 15/2025 Art. 5.1a. No path is built: that is the judge's work.
    """
    holder = display_name(certificate)
    if at > certificate.not_valid_after_utc:
        raise CertificateUnfitError(
            say(
                "The certificate of {holder} expired on {date}.",
                holder=holder,
                date=certificate.not_valid_after_utc.date().strftime("%d/%m/%Y"),
            )
        )
    if at < certificate.not_valid_before_utc:
        raise CertificateUnfitError(
            say(
                "The certificate of {holder} is valid only from {date}.",
                holder=holder,
                date=certificate.not_valid_before_utc.date().strftime("%d/%m/%Y"),
            )
        )
    try:
        usage = usage_breach(certificate, role)
    except MalformedError as error:
        raise CertificateUnfitError(error.sentence) from error
    for breach in (
        usage,
        key_weakness(certificate),
        signature_weakness(certificate),
    ):
        if breach is not None:
            raise CertificateUnfitError(breach)
    revoked = trust.revocation(certificate) if trust is not None else None
    if revoked is not None and revoked.at <= at:
        raise CertificateUnfitError(
            say(
                "The certificate of {holder} was revoked on {date}.",
                holder=holder,
                date=revoked.at.date().strftime("%d/%m/%Y"),
            )
        )
