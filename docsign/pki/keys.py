"""Signing keys: opened once from a URI, held, and asked to sign bytes.

``pkcs12:FILE`` is the kind of key there is now. A key signs whatever it is given; whether its certificate may
sign today is asked with ``require_fit``. Private keys are never written, shown or kept in a value's text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

from docsign.errors import CertificateUnfitError, MalformedError, PassphraseError, SigningKeyError, UsageError
from docsign.files import read_file
from docsign.pki.certificates import (
    Role,
    display_name,
    key_weakness,
    order_chain,
    signature_weakness,
    usage_breach,
)
from docsign.pki.trust import Trust, looks_like_pkcs12
from docsign.sentence import say

FILE_LIMIT = 4 * 1024 * 1024
"""The largest PKCS#12 file, in bytes."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class SignatureScheme(StrEnum):
    """How a key signs: the algorithm with its digest."""

    RSA_SHA256 = "rsa-sha256"  # PKCS#1 v1.5
    ECDSA_SHA256 = "ecdsa-sha256"  # P-256
    ED25519 = "ed25519"


class SigningKey(Protocol):
    """Something that signs bytes, with the certificate that goes with it."""

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The issuers' certificates, nearest first, without the signer's own."""
        ...

    @property
    def scheme(self) -> SignatureScheme:
        """How this key signs."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``, which is hashed here; ECDSA as a DER SEQUENCE of r and s."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A private key in this process's memory."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    scheme: SignatureScheme
    private_key: PrivateKey = field(repr=False)

    @staticmethod
    def of(
        private_key: object, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...] = ()
    ) -> HeldKey:
        """Hold this key; raises SigningKeyError for kinds we do not sign with, or a foreign certificate."""
        if isinstance(private_key, rsa.RSAPrivateKey):
            scheme = SignatureScheme.RSA_SHA256
        elif isinstance(private_key, ec.EllipticCurvePrivateKey) and private_key.curve.name == "secp256r1":
            scheme = SignatureScheme.ECDSA_SHA256
        elif isinstance(private_key, ed25519.Ed25519PrivateKey):
            scheme = SignatureScheme.ED25519
        else:
            raise SigningKeyError(say("This kind of key is not supported; RSA, P-256 and Ed25519 are."))
        if _spki(private_key.public_key()) != _spki(certificate.public_key()):
            raise SigningKeyError(say("The key and the certificate do not belong together."))
        return HeldKey(certificate=certificate, chain=chain, scheme=scheme, private_key=private_key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``."""
        key = self.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(hashes.SHA256()))
        return key.sign(data)


def open_key(uri: str, passphrase: str | Callable[[], str] | None = None) -> SigningKey:
    """Open the key that ``uri`` names, such as ``pkcs12:chu-tich.p12``; loaded once, then held.

    A callable ``passphrase`` is asked only where the file needs one. Raises UsageError for an unknown kind of
    URI, FileUnusableError, PassphraseError, SigningKeyError.
    """
    kind, colon, rest = uri.partition(":")
    if not colon or kind.lower() != "pkcs12" or not rest:
        hint = say("Write pkcs12:{name}.", name=uri) if Path(uri).suffix.lower() in (".p12", ".pfx") else None
        raise UsageError(say("No such kind of key: {uri}. Known is pkcs12:FILE.", uri=uri), hint=hint)
    return _open_pkcs12(Path(rest), passphrase)


def _open_pkcs12(path: Path, passphrase: str | Callable[[], str] | None) -> HeldKey:
    data = read_file(path, limit=FILE_LIMIT)
    try:
        return read_pkcs12(data, passphrase)
    except SigningKeyError as error:
        raise type(error)(error.sentence, where=str(path), hint=error.hint) from error


def read_pkcs12(data: bytes, passphrase: str | Callable[[], str] | None = None) -> HeldKey:
    """Open the bytes of a PKCS#12 file; raises PassphraseError or SigningKeyError."""
    if not looks_like_pkcs12(data):
        raise SigningKeyError(say("This is not a PKCS#12 file (.p12, .pfx)."))
    store = _unlock(data, None) if not isinstance(passphrase, str) else None
    if store is None:
        if passphrase is None:
            raise PassphraseError(say("This key needs its passphrase."))
        store = _unlock(data, passphrase if isinstance(passphrase, str) else passphrase())
    if store is None:
        raise PassphraseError(say("The passphrase is wrong, or the file is damaged."))
    if store.key is None:
        raise SigningKeyError(say("There is no private key in this PKCS#12 file."))
    if store.cert is None:
        raise SigningKeyError(say("There is no certificate for the key in this PKCS#12 file."))
    certificate = store.cert.certificate
    others = [entry.certificate for entry in store.additional_certs]
    return HeldKey.of(store.key, certificate, order_chain(certificate, others))


def _unlock(data: bytes, passphrase: str | None) -> pkcs12.PKCS12KeyAndCertificates | None:
    """Open the file, or return None where this passphrase does not."""
    try:
        return pkcs12.load_pkcs12(data, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError):
        return None
    except UnsupportedAlgorithm as error:
        raise SigningKeyError(say("This PKCS#12 file is locked in a way that is not supported.")) from error


def _spki(key: object) -> bytes:
    """Return the DER of a public key, to compare by."""
    try:
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]
    except (AttributeError, ValueError) as error:
        raise SigningKeyError(
            say("This kind of key is not supported; RSA, P-256 and Ed25519 are.")
        ) from error


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
