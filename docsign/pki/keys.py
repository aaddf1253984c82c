"""Signing keys: opened once from a URI, held, and asked to sign bytes.

``pkcs12:FILE`` is a key in a file, ``pkcs11:…`` one on a token (RFC 7512), ``csc+https://…`` one of a remote
signing service. A key signs whatever it is given; whether it may sign today is asked with ``require_fit``.
Private keys are never written, shown or kept in the text of a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docsign.errors import EncryptionError, SigningKeyError, UsageError
from docsign.pki.schemes import (
    SignatureScheme,
    hash_algorithm,
    pss_padding,
    scheme_for,
    unsupported_key,
)
from docsign.sentence import say

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


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


@runtime_checkable
class ManyAtOnce(Protocol):
    """A key that releases several signatures with one authorization, as remote services do."""

    most_at_once: int

    def sign_all(self, datas: Sequence[bytes]) -> list[bytes]:
        """Return the signature over each of ``datas``, in their order."""
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
        private_key: object,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...] = (),
        *,
        scheme: SignatureScheme | None = None,
    ) -> HeldKey:
        """Hold this key; ``scheme`` unless given is the usual one of its kind.

        Raises SigningKeyError for other kinds of keys, a scheme that does not fit, a foreign certificate.
        """
        if not isinstance(private_key, PrivateKey):
            raise unsupported_key()
        made = scheme_for(private_key.public_key(), scheme)
        if _spki(private_key.public_key()) != _spki(certificate.public_key()):
            raise SigningKeyError(say("The key and the certificate do not belong together."))
        return HeldKey(certificate=certificate, chain=chain, scheme=made, private_key=private_key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``."""
        key = self.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            how = pss_padding(self.scheme) if self.scheme.family == "pss" else padding.PKCS1v15()
            return key.sign(data, how, hash_algorithm(self.scheme))
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(hash_algorithm(self.scheme)))
        return key.sign(data)

    def decrypt(self, encrypted: bytes, scheme: padding.AsymmetricPadding) -> bytes:
        """Return what was encrypted to this RSA key; raises ValueError or EncryptionError."""
        if not isinstance(self.private_key, rsa.RSAPrivateKey):
            raise EncryptionError(say("The key does not open what was encrypted to it."))
        return self.private_key.decrypt(encrypted, scheme)

    def agree(self, other: ec.EllipticCurvePublicKey) -> bytes:
        """Return the secret this EC key shares with ``other``; raises ValueError or EncryptionError."""
        if not isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            raise EncryptionError(say("The key does not open what was encrypted to it."))
        return self.private_key.exchange(ec.ECDH(), other)


KINDS: Final = frozenset({"pkcs12", "pkcs11", "csc+https", "csc+http"})
"""What a key's URI may begin with, in small letters."""


def open_key(
    uri: str,
    passphrase: str | Callable[[], str] | None = None,
    *,
    scheme: SignatureScheme | None = None,
    otp: str | Callable[[], str] | None = None,
) -> SigningKey:
    """Open the key that ``uri`` names, such as ``pkcs12:chu-tich.p12``; loaded once, then held.

    A callable ``passphrase`` is asked only where the key needs one. ``scheme`` is how the key will sign,
    unless given as is usual for its kind; ``otp`` gives the one-time passwords that a remote service may want
    with every authorization. Raises UsageError for an unknown kind of URI, FileUnusableError,
    PassphraseError, SigningKeyError.
    """
    kind, colon, rest = uri.partition(":")
    if colon and rest and kind.lower() == "pkcs12":
        from docsign.pki.pkcs12 import open_pkcs12

        return open_pkcs12(Path(rest), passphrase, scheme=scheme)
    if kind.lower() == "pkcs11":
        from docsign.pki.pkcs11 import open_token_key
        from docsign.pki.token_uri import parse_token_uri

        return open_token_key(parse_token_uri(uri), passphrase, scheme=scheme)
    if kind.lower() in ("csc+https", "csc+http"):
        from docsign.pki.csc import open_csc_key
        from docsign.pki.csc_http import read_service

        return open_csc_key(read_service(uri), passphrase, otp, scheme=scheme)
    hint = say("Write pkcs12:{name}.", name=uri) if Path(uri).suffix.lower() in (".p12", ".pfx") else None
    raise UsageError(
        say("No such kind of key: {uri}. Known are pkcs12:FILE, pkcs11:… and csc+https://…", uri=uri),
        hint=hint,
    )


def open_decryption_key(uri: str, passphrase: str | Callable[[], str] | None = None) -> HeldKey:
    """Open a key that decrypts, ``pkcs12:FILE``; raises as ``open_key``, SigningKeyError for other kinds."""
    key = open_key(uri, passphrase)
    if not isinstance(key, HeldKey):
        raise SigningKeyError(say("Only keys in PKCS#12 files can decrypt here."), where=uri)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """A key that could be opened: its certificate, and the URI that names it alone."""

    uri: str
    certificate: x509.Certificate


def list_keys(uri: str, passphrase: str | Callable[[], str] | None = None) -> list[NamedKey]:
    """Return the keys that ``uri`` reaches; of a token those that show themselves without a PIN.

    Raises what ``open_key`` raises.
    """
    kind = uri.partition(":")[0].lower()
    if kind == "pkcs11":
        from docsign.pki.pkcs11 import list_token
        from docsign.pki.token_uri import parse_token_uri

        listed = list_token(parse_token_uri(uri))
        return [NamedKey(uri=one.uri.text(), certificate=one.certificate) for one in listed]
    if kind in ("csc+https", "csc+http"):
        from docsign.pki.csc import list_credentials
        from docsign.pki.csc_http import read_service, uri_of

        service = read_service(uri)
        return [
            NamedKey(uri=uri_of(service, one.id), certificate=one.certificates[0])
            for one in list_credentials(service)
        ]
    return [NamedKey(uri=uri, certificate=open_key(uri, passphrase).certificate)]


def _spki(key: object) -> bytes:
    """Return the DER of a public key, to compare by."""
    try:
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]
    except (AttributeError, ValueError) as error:
        raise unsupported_key() from error
