"""Ask whether a certificate may sign now, before it does (Circular 15/2025 Art. 5.1a)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from docsign.errors import CertificateUnfitError, MalformedError
from docsign.pki.certificates import Role, display_name, key_weakness, signature_weakness, usage_breach
from docsign.pki.paths import judge_path
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import Indication, Severity, SubIndication


def require_fit(
    certificate: x509.Certificate,
    *,
    at: datetime,
    trust: Trust | None = None,
    role: Role = "sign",
    others: Iterable[x509.Certificate] = (),
) -> None:
    """Raise CertificateUnfitError unless the certificate may make signatures of this role at this time.

    Checked: validity, usage, key and signature strength; with ``trust`` also that its chain (``others`` are
    the issuers beside it) leads to an anchor and that nothing of it is revoked, as far as the trust knows it:
    what nobody can say here is no reason to refuse. Serves TT 15/2025 Art. 5.1a.
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
    if trust is not None and trust.anchors:
        _require_chain(certificate, at, trust, role, others)


def _require_chain(
    certificate: x509.Certificate,
    at: datetime,
    trust: Trust,
    role: Role,
    others: Iterable[x509.Certificate],
) -> None:
    verdict = judge_path(certificate, others=others, trust=trust, at=at, role=role)
    if verdict.conclusion.indication is Indication.TOTAL_PASSED:
        return
    if verdict.conclusion.sub_indication is SubIndication.TRY_LATER:
        return  # the chain holds; whether something of it is revoked cannot be known here
    reasons = [one.sentence for one in verdict.findings if one.severity is Severity.ERROR]
    reasons += [one.sentence for one in verdict.findings]
    raise CertificateUnfitError(
        reasons[0]
        if reasons
        else say(
            "The certificate of {holder} does not lead to a certificate that is trusted.",
            holder=display_name(certificate),
        )
    )
