"""An authority for tests that can do everything wrong: certificates, lists, answers of any time and form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from docsign.ades import cms as writing
from docsign.pki.keys import HeldKey
from docsign.pki.stamping import respond

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2040, 1, 1, tzinfo=UTC)
TSA_PURPOSE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
OCSP_PURPOSE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])

PrivateKey = ec.EllipticCurvePrivateKey
Digest = hashes.SHA224 | hashes.SHA256


def name(text: str) -> x509.Name:
    """Return a name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def year(number: int, month: int = 1, day: int = 1) -> datetime:
    """Return a day in UTC."""
    return datetime(number, month, day, tzinfo=UTC)


@dataclass
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    def held(self) -> HeldKey:
        """Return the key as the library signs with it."""
        return HeldKey.of(self.key, self.certificate, self.chain)

    def issue(
        self,
        text: str,
        *,
        begin: datetime = BEGIN,
        end: datetime = END,
        ca: bool = False,
        purpose: x509.ExtendedKeyUsage | None = None,
        critical: bool = False,
        issuers_at: str = "",
        ocsp_at: str = "",
        list_at: str = "",
        nocheck: bool = False,
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        digest: Digest | None = None,
    ) -> Holder:
        """Issue a certificate; the addresses are those of AIA and of the distribution point."""
        key = ec.generate_private_key(ec.SECP256R1())
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
            for method, url in (
                (AuthorityInformationAccessOID.CA_ISSUERS, issuers_at),
                (AuthorityInformationAccessOID.OCSP, ocsp_at),
            )
            if url
        ]
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=ca, path_length=None), True),
            (usage(ca=ca), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
            *extra,
        ]
        if purpose is not None:
            extensions.append((purpose, critical))
        if access:
            extensions.append((x509.AuthorityInformationAccess(access), False))
        if list_at:
            extensions.append((points(list_at), False))
        if nocheck:
            extensions.append((x509.OCSPNoCheck(), False))
        certificate = build(
            name(text), self.certificate.subject, key, self.key, begin, end, extensions, digest
        )
        return Holder(certificate, key, (self.certificate, *self.chain))

    def tsa(self, text: str = "Dấu thời gian mẫu", **options: object) -> Holder:
        """Issue the certificate of a time-stamping service."""
        return self.issue(text, purpose=TSA_PURPOSE, critical=True, **options)  # type: ignore[arg-type] # handed on

    def crl(
        self,
        made: datetime,
        until: datetime | None = None,
        *,
        revoked: Mapping[x509.Certificate, tuple[datetime, str]] | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        issuer: x509.Name | None = None,
        digest: Digest | None = None,
    ) -> bytes:
        """Sign a revocation list; by default it holds for thirty days."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer or self.certificate.subject)
            .last_update(made)
            .next_update(until or made + timedelta(days=30))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for certificate, (moment, reason) in (revoked or {}).items():
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(moment)
                .add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False)
            )
            if certificate.issuer != self.certificate.subject:
                entry = entry.add_extension(
                    x509.CertificateIssuer([x509.DirectoryName(certificate.issuer)]), critical=True
                )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(
        self,
        certificate: x509.Certificate,
        made: datetime,
        until: datetime | None = None,
        *,
        issuer: x509.Certificate | None = None,
        revoked_at: datetime | None = None,
        reason: str = "keyCompromise",
        unknown: bool = False,
        nonce: bytes | None = None,
        with_certificate: bool = True,
    ) -> bytes:
        """Sign an OCSP answer; ``issuer`` is given where this is a delegated responder."""
        status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=issuer or self.certificate,
                algorithm=hashes.SHA1(),
                cert_status=ocsp.OCSPCertStatus.UNKNOWN if unknown else status,
                this_update=made,
                next_update=until,
                revocation_time=revoked_at,
                revocation_reason=x509.ReasonFlags(reason) if revoked_at else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        )
        if with_certificate and issuer is not None:
            builder = builder.certificates([self.certificate])
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def stamp(self, data: bytes, at: datetime, *, digest: str = "sha256") -> bytes:
        """Make a time-stamp token over ``data``."""
        return self.stamp_digest(hashlib.new(digest, data).digest(), at, digest=digest)

    def stamp_digest(self, imprint: bytes, at: datetime, *, digest: str = "sha256") -> bytes:
        """Make a time-stamp token over a digest."""
        asked = {"hash_algorithm": {"algorithm": digest}, "hashed_message": imprint}
        request = tsp.TimeStampReq({"version": "v1", "message_imprint": asked, "cert_req": True})
        answer = respond(request.dump(), self.held(), at=at)
        der: bytes = tsp.TimeStampResp.load(answer)["time_stamp_token"].dump()
        return der

    def sign_cms(
        self, content: bytes, at: datetime, *, stamp: Holder | None = None, stamped: datetime | None = None
    ) -> bytes:
        """Sign ``content`` detached (CAdES), with a signature time-stamp where a service is given."""
        key = self.held()
        attributes = writing.signed_attributes(
            hashlib.sha256(content).digest(), self.certificate, signing_time=at
        )
        value = key.sign(attributes)
        return writing.signed_data(
            signed_attributes=attributes,
            signature=value,
            certificate=self.certificate,
            chain=self.chain,
            scheme=key.scheme,
            timestamp_token=None if stamp is None else stamp.stamp(value, stamped or at),
        )


def root(text: str = "CA gốc mẫu", *, begin: datetime = BEGIN, end: datetime = END) -> Holder:
    """Make a root of one's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage(ca=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return Holder(build(name(text), name(text), key, key, begin, end, extensions, None), key)


def usage(*, ca: bool) -> x509.KeyUsage:
    """Return the key usage of a CA or of one who signs."""
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def points(url: str, *, issuer: x509.Name | None = None) -> x509.CRLDistributionPoints:
    """Return one distribution point; ``issuer`` for a list that another signs."""
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                full_name=[x509.UniformResourceIdentifier(url)],
                relative_name=None,
                reasons=None,
                crl_issuer=None if issuer is None else [x509.DirectoryName(issuer)],
            )
        ]
    )


def build(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    issuer_key: PrivateKey,
    begin: datetime,
    end: datetime,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    digest: Digest | None,
) -> x509.Certificate:
    """Sign a certificate."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, digest or hashes.SHA256())
