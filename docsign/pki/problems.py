"""What can be wrong with a chain, each with its sub-indication (EN 319 102-1 5.2.6) and its sentence.

Pure. The words of ``docsign.pki.paths``; nothing here decides.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from docsign.pki.certificates import Role, display_name, issuer_name
from docsign.pki.status import Remark
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Severity, SubIndication


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a chain does not pass; ``revoked_at`` where a certificate of it is revoked."""

    sub_indication: SubIndication
    finding: Finding
    revoked_at: datetime | None = None

    @property
    def conclusion(self) -> Conclusion:
        """INDETERMINATE with the reason: a chain by itself never makes a signature fail."""
        return Conclusion.indeterminate(self.sub_indication)


def problem(sub: SubIndication, code: str, sentence: Sentence) -> Problem:
    """Make a problem whose finding is an error."""
    return Problem(sub, Finding(code=code, severity=Severity.ERROR, sentence=sentence))


def no_chain(certificate: x509.Certificate, trust: Trust, role: Role) -> Problem:
    """No way leads to an anchor; say whether there is none at all, or whose certificate is missing."""
    holder = display_name(certificate)
    if not trust.for_role(role):
        sentence = say(
            "Nothing says whom to trust, so the certificate of {holder} cannot be judged.", holder=holder
        )
    elif certificate.issuer == certificate.subject:
        sentence = say("{holder} issued the certificate to itself and is not trusted.", holder=holder)
    else:
        sentence = say(
            "The certificate of {holder} comes from {issuer}; no way leads from there to anyone trusted.",
            holder=holder,
            issuer=issuer_name(certificate) or "?",
        )
    return problem(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "no-chain", sentence)


def wrong_usage(sentence: Sentence) -> Problem:
    """The certificate is meant for something else."""
    return problem(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "wrong-usage", sentence)


def unreadable(sentence: Sentence) -> Problem:
    """The certificate holds something that cannot be read."""
    return problem(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "certificate-unreadable", sentence)


def weak(sentence: Sentence) -> Problem:
    """A key or an algorithm of the chain is too weak."""
    return problem(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", sentence)


def out_of_bounds(certificate: x509.Certificate, at: datetime, *, known_good: bool = False) -> Problem | None:
    """Return the problem of a certificate outside its validity at ``at``, or None.

    ``known_good``: it is known not to have been revoked before its end (EN 319 102-1 table 6).
    """
    if certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return None
    holder = display_name(certificate)
    reason = SubIndication.OUT_OF_BOUNDS_NOT_REVOKED if known_good else SubIndication.OUT_OF_BOUNDS_NO_POE
    if at > certificate.not_valid_after_utc:
        date = day(certificate.not_valid_after_utc)
        return problem(
            reason,
            "expired",
            say("The certificate of {holder} expired on {date}.", holder=holder, date=date),
        )
    date = day(certificate.not_valid_before_utc)
    return problem(
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        "not-yet-valid",
        say("The certificate of {holder} is valid only from {date}.", holder=holder, date=date),
    )


def suspended(certificate: x509.Certificate, moment: datetime) -> Problem:
    """The certificate is on hold: it may be taken back or revoked (EN 319 102-1 5.2.6.4 3)."""
    sentence = say(
        "The certificate of {holder} is suspended since {date}.",
        holder=display_name(certificate),
        date=day(moment),
    )
    return problem(SubIndication.TRY_LATER, "suspended", sentence)


def revoked(certificate: x509.Certificate, moment: datetime) -> Problem:
    """The signer's certificate was revoked, and nothing proves that the signature is older."""
    sentence = say(
        "The certificate of {holder} was revoked on {date}.",
        holder=display_name(certificate),
        date=day(moment),
    )
    made = problem(SubIndication.REVOKED_NO_POE, "revoked", sentence)
    return Problem(made.sub_indication, made.finding, moment)


def issuer_revoked(leaf: x509.Certificate, moment: datetime) -> Problem:
    """The certificate of an issuer was revoked."""
    sentence = say(
        "An issuer of the certificate of {holder} was revoked on {date}.",
        holder=display_name(leaf),
        date=day(moment),
    )
    made = problem(SubIndication.REVOKED_CA_NO_POE, "issuer-revoked", sentence)
    return Problem(made.sub_indication, made.finding, moment)


def revocation_unknown(certificate: x509.Certificate) -> Problem:
    """No list says whether the certificate was revoked."""
    sentence = say(
        "It is not known whether the certificate of {holder} was revoked: the list (CRL) of {issuer} is "
        "missing.",
        holder=display_name(certificate),
        issuer=issuer_name(certificate) or "?",
    )
    return problem(SubIndication.TRY_LATER, "revocation-unknown", sentence)


def revocation_stale(certificate: x509.Certificate, ended: datetime) -> Problem:
    """The list at hand is out of date."""
    sentence = say(
        "It is not known whether the certificate of {holder} was revoked: the list (CRL) of {issuer} ended "
        "on {date}; a newer one is needed.",
        holder=display_name(certificate),
        issuer=issuer_name(certificate) or "?",
        date=day(ended),
    )
    return problem(SubIndication.TRY_LATER, "revocation-stale", sentence)


def revocation_before_stamp(certificate: x509.Certificate, moment: datetime) -> Problem:
    """What is known is older than the proved time."""
    sentence = say(
        "It is not known whether the certificate of {holder} was revoked: what is known of it is older than "
        "the time-stamp of {date}.",
        holder=display_name(certificate),
        date=day(moment),
    )
    return problem(SubIndication.TRY_LATER, "revocation-before-stamp", sentence)


def not_proved(leaf: x509.Certificate) -> Problem:
    """What would prove that the chain held does not itself exist early enough."""
    sentence = say(
        "Nothing proves that the certificates and revocation lists of {holder} existed before they ended.",
        holder=display_name(leaf),
    )
    return problem(SubIndication.NO_POE, "no-proof-of-existence", sentence)


def revocation_unproved(leaf: x509.Certificate) -> Problem:
    """The word on the signer's certificate may have been made after its issuer had ended."""
    sentence = say(
        "Nothing proves that what is known of revocations of {holder} existed while its issuer's certificate "
        "was valid.",
        holder=display_name(leaf),
    )
    return problem(SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE, "revocation-out-of-bounds", sentence)


_REMARKS: dict[Remark, Sentence] = {
    "crl-critical": say("A revocation list (CRL) has a critical extension that is not understood."),
    "crl-delta": say("A revocation list (CRL) holds only changes (delta) and clears nothing by itself."),
    "crl-scope": say("A revocation list (CRL) is about other certificates."),
    "crl-indirect": say("A revocation list (CRL) of another authority is not signed by anyone entitled to."),
    "ocsp-unknown": say("The OCSP service answers that it does not know the certificate."),
    "ocsp-signer": say("An OCSP answer is not signed by anyone entitled to."),
    "ocsp-signer-unproved": say("It is not known whether the signer of an OCSP answer was revoked."),
}


def unusable(remark: Remark, certificate: x509.Certificate) -> Finding:
    """Say why something at hand says nothing of the certificate."""
    return Finding(
        code=f"revocation-{remark}",
        severity=Severity.WARNING,
        sentence=_REMARKS[remark],
        where=display_name(certificate),
    )


def rules_broken(leaf: x509.Certificate, reason: object) -> Problem:
    """The chain breaks a rule of RFC 5280; ``reason`` is in the words of the one who found it."""
    sentence = say(
        "The certificate chain of {holder} breaks the rules: {reason}",
        holder=display_name(leaf),
        reason=reason,
    )
    return problem(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "path-invalid", sentence)


def not_understood(leaf: x509.Certificate, name: str) -> Problem:
    """The chain holds something that the path validation stumbles over."""
    sentence = say(
        "The certificate chain of {holder} cannot be understood ({name}).",
        holder=display_name(leaf),
        name=name,
    )
    return problem(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "path-invalid", sentence)


def day(moment: datetime) -> str:
    """Write a date as it is written in Vietnam."""
    return moment.strftime("%d/%m/%Y")
