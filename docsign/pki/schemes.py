"""How keys sign: the schemes there are, which one fits a key, and the check of a value that came back.

Pure. A scheme is an algorithm with its digest; CMS and XML names of it are in ``docsign.ades``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from docsign.errors import SigningKeyError, UsageError
from docsign.pki.certificates import PARSER_ERRORS
from docsign.sentence import say

Family = Literal["rsa", "pss", "ecdsa", "ed25519"]


class SignatureScheme(StrEnum):
    """How a key signs: the algorithm with its digest (Circular 15/2025 App. I asks PSS of RSA keys)."""

    RSA_SHA256 = "rsa-sha256"  # PKCS#1 v1.5
    RSA_SHA384 = "rsa-sha384"
    RSA_SHA512 = "rsa-sha512"
    PSS_SHA256 = "pss-sha256"  # RSASSA-PSS, MGF1 with the same digest, salt as long as the digest
    PSS_SHA384 = "pss-sha384"
    PSS_SHA512 = "pss-sha512"
    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"
    ED25519 = "ed25519"

    @property
    def family(self) -> Family:
        """The algorithm without its digest."""
        return _FAMILIES[self.value.partition("-")[0]]

    @property
    def hash_name(self) -> str:
        """The digest of the content that goes with it, by its hashlib name; SHA-512 for Ed25519."""
        return self.value.partition("-")[2] or "sha512"  # RFC 8419 3.1


_FAMILIES: dict[str, Family] = {"rsa": "rsa", "pss": "pss", "ecdsa": "ecdsa", "ed25519": "ed25519"}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_CURVES = {
    # the digest as strong as the curve, unless another is asked for
    "secp256r1": SignatureScheme.ECDSA_SHA256,
    "secp384r1": SignatureScheme.ECDSA_SHA384,
    "secp521r1": SignatureScheme.ECDSA_SHA512,
}


def hash_algorithm(scheme: SignatureScheme) -> hashes.HashAlgorithm:
    """Return the scheme's digest for cryptography."""
    return _HASHES[scheme.hash_name]()


def pss_padding(scheme: SignatureScheme) -> padding.PSS:
    """Return RSASSA-PSS with MGF1 of the same digest and a salt as long as the digest (RFC 8017 9.1)."""
    digest = hash_algorithm(scheme)
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)


def scheme_named(name: str) -> SignatureScheme:
    """Return the scheme of this name; raises UsageError with those there are."""
    try:
        return SignatureScheme(name.strip().lower())
    except ValueError as error:
        known = ", ".join(SignatureScheme)
        raise UsageError(
            say("No such signature scheme: {name}. Known are {known}.", name=name, known=known)
        ) from error


def scheme_for(public_key: object, wanted: SignatureScheme | None = None) -> SignatureScheme:
    """Return how a key signs: as ``wanted``, else RSA PKCS#1 v1.5 with SHA-256 or what its curve suggests.

    Raises SigningKeyError for kinds of keys we do not sign with, or that cannot sign as wanted.
    """
    natural: SignatureScheme | None = None
    families: tuple[Family, ...] = ()
    if isinstance(public_key, rsa.RSAPublicKey):
        natural, families = SignatureScheme.RSA_SHA256, ("rsa", "pss")
    elif isinstance(public_key, ec.EllipticCurvePublicKey):
        natural, families = _CURVES.get(public_key.curve.name), ("ecdsa",)
    elif isinstance(public_key, ed25519.Ed25519PublicKey):
        natural, families = SignatureScheme.ED25519, ("ed25519",)
    if natural is None:
        raise unsupported_key()
    if wanted is not None and wanted.family not in families:
        raise SigningKeyError(say("This key cannot sign as {scheme}.", scheme=wanted.value))
    return wanted or natural


def unsupported_key() -> SigningKeyError:
    """Return the error for a kind of key that is not signed with."""
    return SigningKeyError(
        say("This kind of key is not supported; RSA, P-256, P-384, P-521 and Ed25519 are.")
    )


def require_genuine(
    certificate: x509.Certificate, scheme: SignatureScheme, data: bytes, signature: bytes
) -> None:
    """Raise SigningKeyError unless ``signature`` over ``data`` is by the certificate's own key.

    ECDSA values are DER. Asked of every value that was made outside this process.
    """
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and scheme.family in ("rsa", "pss"):
            how = pss_padding(scheme) if scheme.family == "pss" else padding.PKCS1v15()
            key.verify(signature, data, how, hash_algorithm(scheme))
            return
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme.family == "ecdsa":
            key.verify(signature, data, ec.ECDSA(hash_algorithm(scheme)))
            return
        if isinstance(key, ed25519.Ed25519PublicKey) and scheme.family == "ed25519":
            key.verify(signature, data)
            return
    except (InvalidSignature, UnsupportedAlgorithm, *PARSER_ERRORS):
        pass
    raise SigningKeyError(
        say("The signature that came back was not made with the certificate's key; it is not used.")
    )
