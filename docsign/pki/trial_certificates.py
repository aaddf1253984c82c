"""The certificates and revocation lists of a trial authority: how they are named and what they say.

Keys and values in, certificates out; the folder that keeps them is ``docsign.pki.authority``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from docsign.errors import UsageError
from docsign.pki.keys import PrivateKey
from docsign.sentence import say

Kind = Literal["person", "agency", "tsa", "tls", "relay", "relay-tls", "encryption", "ocsp"]
KeyKind = Literal["rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KEY_KINDS: tuple[KeyKind, ...] = get_args(KeyKind)

TRIAL = "THỬ NGHIỆM – không có giá trị pháp lý"
ROOT_NAME = "CA THỬ NGHIỆM gốc – không có giá trị pháp lý"
ISSUING_NAME = "CA THỬ NGHIỆM – không có giá trị pháp lý"
_DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336


PURPOSES: dict[Kind, list[x509.ObjectIdentifier]] = {
    "person": [ExtendedKeyUsageOID.EMAIL_PROTECTION, _DOCUMENT_SIGNING],
    "agency": [ExtendedKeyUsageOID.EMAIL_PROTECTION, _DOCUMENT_SIGNING],
    "relay": [_DOCUMENT_SIGNING],
    "tsa": [ExtendedKeyUsageOID.TIME_STAMPING],  # RFC 3161 2.3
    "tls": [ExtendedKeyUsageOID.CLIENT_AUTH],
    "relay-tls": [ExtendedKeyUsageOID.SERVER_AUTH],
    "encryption": [ExtendedKeyUsageOID.EMAIL_PROTECTION],
    "ocsp": [ExtendedKeyUsageOID.OCSP_SIGNING],
}


_RSA_BITS: dict[KeyKind, int] = {"rsa2048": 2048, "rsa3072": 3072}
_CURVES: dict[KeyKind, type[ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
}


def new_key(kind: KeyKind) -> PrivateKey:
    """Make a private key."""
    if kind in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[kind])
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    return ed25519.Ed25519PrivateKey.generate()


def digest_for(key: PrivateKey) -> hashes.SHA256 | None:
    """Return the digest that a key signs certificates with; None for Ed25519."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def authority_name(name: str) -> x509.Name:
    """Return the name of an authority of trials."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, TRIAL),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


_DESCRIPTION = x509.ObjectIdentifier("2.5.4.13")


def holder_name(name: str, organization: str | None, agency: str | None, position: str | None) -> x509.Name:
    """Return the name of a holder; raises UsageError where it does not fit into a certificate."""
    wanted = (
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, agency),
        (_DESCRIPTION, TRIAL),
        (NameOID.TITLE, position),
        (NameOID.COMMON_NAME, name.strip()),
    )
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in wanted if value])
    except ValueError as error:
        raise UsageError(say("A name is too long for a certificate (64 characters).")) from error


def key_usage(
    *, signs_documents: bool = False, signs_certificates: bool = False, is_encrypted_to: bool = False
) -> x509.KeyUsage:
    """Return what a key may be used for."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates and not is_encrypted_to,
        content_commitment=signs_documents,
        key_encipherment=is_encrypted_to,
        data_encipherment=False,
        key_agreement=is_encrypted_to,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def authority_certificate(
    name: x509.Name,
    key: PrivateKey,
    issuer_name: x509.Name,
    issuer_key: PrivateKey,
    issuer: x509.Certificate | None,
    begin: datetime,
    end: datetime,
    url: str | None = None,
) -> x509.Certificate:
    """Return the certificate of a root (no ``issuer``) or of an authority under it."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0), critical=True
        )
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        builder = builder.add_extension(authority_key_identifier(issuer), critical=False)
        if url is not None:
            builder = builder.add_extension(_access(f"{url}/ca/root.crt", None), critical=False)
            builder = builder.add_extension(_distribution(f"{url}/crl/root.crl"), critical=False)
    return builder.sign(issuer_key, digest_for(issuer_key))


def authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return what names the issuer's key in a certificate or list."""
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def holder_certificate(
    kind: Kind,
    subject: x509.Name,
    public_key: Any,
    *,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    begin: datetime,
    end: datetime,
    hosts: Sequence[str] = (),
    url: str | None = None,
    crl_url: str | None = None,
) -> x509.Certificate:
    """Return a holder's certificate of ``kind``; ``hosts`` are the names of a ``relay-tls`` server.

    ``url`` is the base address of the trial service that the certificate names for OCSP, the issuer's
    certificate and the revocation list (RFC 5280 4.2.1.13, 4.2.2.1), ``crl_url`` that of the list alone.
    """
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            key_usage(
                signs_documents=kind in ("person", "agency", "relay"), is_encrypted_to=kind == "encryption"
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority_key_identifier(issuer), critical=False)
        .add_extension(x509.ExtendedKeyUsage(PURPOSES[kind]), critical=kind == "tsa")
    )
    if kind == "relay-tls":
        builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(hosts)), critical=False)
    if kind == "ocsp":
        # RFC 6960 4.2.2.2.1: nobody asks whether the answering certificate is revoked
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    elif url is not None:
        builder = builder.add_extension(_access(f"{url}/ca/issuing.crt", f"{url}/ocsp"), critical=False)
    if kind != "ocsp" and (crl_url or url):
        place = crl_url or f"{url}/crl/issuing.crl"
        builder = builder.add_extension(_distribution(place), critical=False)
    return builder.sign(issuer_key, digest_for(issuer_key))


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _distribution(url: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, reasons=None, crl_issuer=None
    )
    return x509.CRLDistributionPoints([point])


def _access(issuer_url: str, ocsp_url: str | None) -> x509.AuthorityInformationAccess:
    places = [(AuthorityInformationAccessOID.CA_ISSUERS, issuer_url)]
    if ocsp_url is not None:
        places.append((AuthorityInformationAccessOID.OCSP, ocsp_url))
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for oid, url in places]
    )


def revocation_list(
    issuer: x509.Certificate,
    key: PrivateKey,
    number: int,
    revoked: list[dict[str, Any]],
    at: datetime,
    until: datetime,
) -> x509.CertificateRevocationList:
    """Return a list of ``revoked``, rows with serial (hex), revoked_at (RFC 3339) and reason."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at)
        .next_update(until)
        .add_extension(authority_key_identifier(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for row in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(int(row["serial"], 16))
            .revocation_date(datetime.fromisoformat(row["revoked_at"]))
            .add_extension(x509.CRLReason(x509.ReasonFlags(row["reason"])), critical=False)
            .build()
        )
    return builder.sign(key, digest_for(key))
