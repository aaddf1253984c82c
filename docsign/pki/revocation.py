"""Look certificates up in revocation lists (RFC 5280 5, 6.3.3), without any network.

Pure. Says only what a list says that was signed for the certificate's own issuer; whether that is fresh
enough for a time is asked of the ``StatusProof`` it gives, by ``docsign.pki.paths`` and ``docsign.pki.past``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from docsign.errors import MalformedError
from docsign.pki.certificates import PARSER_ERRORS, extension, issued_by, same_name
from docsign.pki.status import Remark, StatusProof, generalized_time, name_of_der, verdicts
from docsign.values import dataclass

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_UNDERSTOOD = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR})


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
    own = [issuer for issuer in issuers if same_name(issuer.subject, certificate.issuer)]
    found: Revocation | None = None
    for der in crls:
        crl = load_crl(der)
        if crl is None or not own or not same_name(crl.issuer, certificate.issuer):
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


def signed_by(der: bytes, issuer: x509.Certificate) -> bool:
    """Say whether the list names ``issuer`` and bears a signature of its key."""
    crl = load_crl(der)
    if crl is None or not same_name(crl.issuer, issuer.subject):
        return False

    def verified() -> bool:
        try:
            return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type] # odd kinds raise TypeError
        except Exception:  # noqa: BLE001 -- whatever an odd key or algorithm raises
            return False

    return verdicts.remember(der, issuer, verified)


def list_proof(
    certificate: x509.Certificate, issuer: x509.Certificate, der: bytes, pool: Iterable[x509.Certificate] = ()
) -> StatusProof | Remark | None:
    """Return what the list says of the certificate, why it says nothing, or None where it is another's.

    ``pool`` is searched for the signer of an indirect list, whom ``issuer`` must have certified.
    """
    crl = load_crl(der)
    if crl is None:
        return None
    try:
        point = _point(crl)
        named = {one.oid for one in crl.extensions if one.critical}
        is_delta = any(one.oid == ExtensionOID.DELTA_CRL_INDICATOR for one in crl.extensions)
    except PARSER_ERRORS:
        return None
    signer = _signer(certificate, issuer, der, point, pool)
    if signer is None:
        return "crl-indirect" if point and point.indirect_crl and _points_to(certificate, crl) else None
    understood = named <= _UNDERSTOOD
    if point is not None and not _in_scope(certificate, crl, point):
        return "crl-scope"
    try:
        entry = _entry(crl, certificate, indirect=point is not None and point.indirect_crl)
        algorithm = crl.signature_hash_algorithm
    except PARSER_ERRORS:
        return "crl-critical"
    proof = StatusProof(
        name=name_of_der(der),
        kind="crl",
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        signer=signer,
        digest="" if algorithm is None else algorithm.name.lower().replace("-", "_"),
        keeps_since=_keeps_since(crl),
        complete=understood and not is_delta and (point is None or point.only_some_reasons is None),
    )
    reason = None if entry is None else _reason(entry)
    if entry is not None and reason != "removeFromCRL":
        return replace(proof, revoked_at=entry.revocation_date_utc, reason=reason)
    if proof.complete:
        return proof
    return "crl-delta" if is_delta else "crl-scope" if understood else "crl-critical"


def _point(crl: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    try:
        return crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None


def _signer(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    der: bytes,
    point: x509.IssuingDistributionPoint | None,
    pool: Iterable[x509.Certificate],
) -> x509.Certificate | None:
    """Return who signed the list: the issuer, for an indirect list one whom the issuer certified.

    Or the issuer itself with another of its keys, where one of the two keys certified the other (RFC 5280
    3.2, self-issued certificates; 6.3.3 (f)).
    """
    if _may_sign_lists(issuer) and signed_by(der, issuer):
        return issuer
    crl = load_crl(der)
    if crl is None:
        return None
    itself = same_name(crl.issuer, issuer.subject)
    indirect = point is not None and point.indirect_crl and _points_to(certificate, crl)
    if not itself and not indirect:
        return None
    for one in pool:
        named = same_name(one.subject, crl.issuer) and _may_sign_lists(one, named=True)
        if named and signed_by(der, one) and (issued_by(one, issuer) or (itself and issued_by(issuer, one))):
            return one
    return None


def _may_sign_lists(certificate: x509.Certificate, *, named: bool = False) -> bool:
    """RFC 5280 6.3.3 (f): where there is a key usage, it says cRLSign."""
    try:
        usage = extension(certificate, x509.KeyUsage)
    except MalformedError:
        return False
    return usage.value.crl_sign if usage else not named


def _distribution(certificate: x509.Certificate) -> list[x509.DistributionPoint]:
    try:
        found = extension(certificate, x509.CRLDistributionPoints)
    except MalformedError:
        return []
    return list(found.value) if found else []


def _points_to(certificate: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether the certificate names the list's issuer as the one to ask (RFC 5280 6.3.3 (b)(1))."""
    return any(_is_named(crl, point.crl_issuer or []) for point in _distribution(certificate))


def _is_named(crl: x509.CertificateRevocationList, names: Iterable[x509.GeneralName]) -> bool:
    return any(isinstance(name, x509.DirectoryName) and same_name(name.value, crl.issuer) for name in names)


def _in_scope(
    certificate: x509.Certificate, crl: x509.CertificateRevocationList, point: x509.IssuingDistributionPoint
) -> bool:
    """RFC 5280 6.3.3 (b)(2): the list is about this kind of certificate and this distribution point."""
    try:
        constraints = extension(certificate, x509.BasicConstraints)
    except MalformedError:
        return False
    is_authority = constraints is not None and constraints.value.ca
    if point.only_contains_attribute_certs or (point.only_contains_user_certs and is_authority):
        return False
    if point.only_contains_ca_certs and not is_authority:
        return False
    if point.full_name is None and point.relative_name is None:
        return True
    # 6.3.3 (b)(1): a point that names another authority's lists is met by no list of the issuer's
    wanted = [
        one for one in _distribution(certificate) if one.crl_issuer is None or _is_named(crl, one.crl_issuer)
    ]
    offered = _full_names(point.full_name, point.relative_name, crl.issuer)
    names = {name for one in wanted for name in _full_names(one.full_name, one.relative_name, crl.issuer)}
    names |= {name for one in wanted for name in one.crl_issuer or ()}
    return not names.isdisjoint(offered)


def _full_names(
    full: Iterable[x509.GeneralName] | None, relative: x509.RelativeDistinguishedName | None, above: x509.Name
) -> list[x509.GeneralName]:
    """Return the names of a distribution point, one relative to ``above`` made whole (RFC 5280 4.2.1.13)."""
    if relative is not None:
        return [x509.DirectoryName(x509.Name([*above.rdns, relative]))]
    return list(full or ())


def _entry(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, *, indirect: bool
) -> x509.RevokedCertificate | None:
    if not indirect:
        return crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    current = crl.issuer  # RFC 5280 5.3.3: an entry without the extension has the issuer of the one before
    for entry in crl:
        try:
            for name in entry.extensions.get_extension_for_class(x509.CertificateIssuer).value:
                if isinstance(name, x509.DirectoryName):
                    current = name.value
        except x509.ExtensionNotFound:
            pass
        if entry.serial_number == certificate.serial_number and current == certificate.issuer:
            return entry
    return None


def _keeps_since(crl: x509.CertificateRevocationList) -> datetime | None:
    """Return since when ended certificates stay on the list (ITU-T X.509 9.5.2.8), None where they do not."""
    try:
        found = next((one.value for one in crl.extensions if one.oid == _EXPIRED_CERTS_ON_CRL), None)
    except PARSER_ERRORS:
        return None
    if not isinstance(found, x509.UnrecognizedExtension):
        return None
    return generalized_time(found.value)


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *PARSER_ERRORS):
        return None
