"""The algorithms a signature may use: their names, the check of a signature value, and which are too weak.

RSA (PKCS#1 v1.5 and PSS), ECDSA (DER, and plain r‖s), Ed25519 and Ed448 over SHA-2, SHA-3 and, to say that it
is weak, SHA-1 (Circular 15/2025 App. I; RFC 5754, 8702, 8419, 4056).
"""

from __future__ import annotations

import hashlib
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from docsign.ades import der
from docsign.ades.signed_data import Algorithm
from docsign.errors import CmsError
from docsign.sentence import Sentence, say
from docsign.values import dataclass

HASHES: dict[str, str] = {
    # OID: the name hashlib knows it by
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "2.16.840.1.101.3.4.2.12": "shake_256",
    "2.16.840.1.101.3.4.2.18": "shake_256",
}
WEAK_HASHES = frozenset({"md5", "sha1", "sha224"})  # TT 15/2025 PL I: no SHA-1, no SHA-224

_CLASSES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha512_224": hashes.SHA512_224,
    "sha512_256": hashes.SHA512_256,
    "sha3_224": hashes.SHA3_224,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}

Family = Literal["rsa", "pss", "ecdsa", "plain-ecdsa", "ed25519", "ed448"]

_SIGNATURES: dict[str, tuple[Family, str | None]] = {
    # OID: family, and the digest it is bound to (None: the digestAlgorithm says it)
    "1.2.840.113549.1.1.1": ("rsa", None),
    "1.2.840.113549.1.1.4": ("rsa", "md5"),
    "1.2.840.113549.1.1.5": ("rsa", "sha1"),
    "1.2.840.113549.1.1.14": ("rsa", "sha224"),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.113549.1.1.15": ("rsa", "sha512_224"),
    "1.2.840.113549.1.1.16": ("rsa", "sha512_256"),
    "2.16.840.1.101.3.4.3.13": ("rsa", "sha3_224"),
    "2.16.840.1.101.3.4.3.14": ("rsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.15": ("rsa", "sha3_384"),
    "2.16.840.1.101.3.4.3.16": ("rsa", "sha3_512"),
    "1.2.840.113549.1.1.10": ("pss", None),
    "1.2.840.10045.2.1": ("ecdsa", None),
    "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    "2.16.840.1.101.3.4.3.9": ("ecdsa", "sha3_224"),
    "2.16.840.1.101.3.4.3.10": ("ecdsa", "sha3_256"),
    "2.16.840.1.101.3.4.3.11": ("ecdsa", "sha3_384"),
    "2.16.840.1.101.3.4.3.12": ("ecdsa", "sha3_512"),
    "0.4.0.127.0.7.1.1.4.1.1": ("plain-ecdsa", "sha1"),
    "0.4.0.127.0.7.1.1.4.1.2": ("plain-ecdsa", "sha224"),
    "0.4.0.127.0.7.1.1.4.1.3": ("plain-ecdsa", "sha256"),
    "0.4.0.127.0.7.1.1.4.1.4": ("plain-ecdsa", "sha384"),
    "0.4.0.127.0.7.1.1.4.1.5": ("plain-ecdsa", "sha512"),
    "0.4.0.127.0.7.1.1.4.1.8": ("plain-ecdsa", "sha3_224"),
    "0.4.0.127.0.7.1.1.4.1.9": ("plain-ecdsa", "sha3_256"),
    "0.4.0.127.0.7.1.1.4.1.10": ("plain-ecdsa", "sha3_384"),
    "0.4.0.127.0.7.1.1.4.1.11": ("plain-ecdsa", "sha3_512"),
    "1.3.101.112": ("ed25519", None),
    "1.3.101.113": ("ed448", None),
}

MGF1 = "1.2.840.113549.1.1.8"

LEAST_RSA_BITS = 2048
LEAST_CURVE_BITS = 256
MOST_RSA_BITS = 16384
"""A longer RSA key only costs time: refused as unsupported."""


class UnsupportedAlgorithmError(CmsError):
    """An algorithm this library does not know: the signature could not be checked."""

    code = "algorithm-unsupported"


def unsupported(name: object) -> UnsupportedAlgorithmError:
    """Return the error naming the algorithm."""
    return UnsupportedAlgorithmError(say("The algorithm {name} is not supported.", name=name))


def hash_name(algorithm: Algorithm) -> str:
    """Return hashlib's name of a digest algorithm; raises UnsupportedAlgorithmError."""
    name = HASHES.get(algorithm.oid)
    if name is None:
        raise unsupported(algorithm.oid)
    return name


def hash_bytes(name: str, data: bytes) -> bytes:
    """Digest ``data`` (SHAKE256 to 64 bytes, RFC 8702 3.1)."""
    digest = hashlib.new(name, data, usedforsecurity=False)
    return digest.digest(64) if name == "shake_256" else digest.digest()  # type: ignore[call-arg]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """How a signature value was made; ``salt`` is the PSS salt length in bytes."""

    family: Family
    hash: str
    mgf_hash: str = ""
    salt: int = 0

    @property
    def name(self) -> str:
        """A name for people, such as ``RSA-PSS SHA256``."""
        families = {
            "rsa": "RSA",
            "pss": "RSA-PSS",
            "ecdsa": "ECDSA",
            "plain-ecdsa": "ECDSA",
            "ed25519": "Ed25519",
            "ed448": "Ed448",
        }
        return f"{families[self.family]} {self.hash.upper().replace('_', '-')}"


def signature_algorithm(algorithm: Algorithm, digest: str) -> SignatureAlgorithm:
    """Read a signature AlgorithmIdentifier; ``digest`` is the name of the signer's digestAlgorithm.

    Raises UnsupportedAlgorithmError, and CmsError where the two disagree about the digest.
    """
    family, bound = _SIGNATURES.get(algorithm.oid, (None, None))
    if family is None:
        raise unsupported(algorithm.oid)
    made = _pss(algorithm) if family == "pss" else SignatureAlgorithm(family=family, hash=bound or digest)
    if made.hash != digest:
        raise CmsError(
            say(
                "The signature says digest {one} in one place and {other} in another.",
                one=digest,
                other=made.hash,
            )
        )
    return made


def _pss(algorithm: Algorithm) -> SignatureAlgorithm:
    """Read RSASSA-PSS-params (RFC 4055 3.1), whose defaults are SHA-1 and a salt of 20 bytes."""
    digest, mgf, salt, trailer = "sha1", "sha1", 20, 1
    if algorithm.parameters is not None:
        fields = der.parse(algorithm.parameters).sequence()
        while (node := fields.optional(0xA0, 0xA1, 0xA2, 0xA3)) is not None:
            inner = der.Fields(node).take()
            if node.tag == 0xA0:
                digest = hash_name(Algorithm.read(inner))
            elif node.tag == 0xA1:
                function = Algorithm.read(inner)
                if function.oid != MGF1 or function.parameters is None:
                    raise unsupported(function.oid)
                mgf = hash_name(Algorithm.read(der.parse(function.parameters)))
            elif node.tag == 0xA2:
                salt = der.integer(inner)
            else:
                trailer = der.integer(inner)
        fields.done()
    if trailer != 1 or not 0 <= salt <= 1024:
        raise unsupported("RSASSA-PSS")
    return SignatureAlgorithm(family="pss", hash=digest, mgf_hash=mgf, salt=salt)


def _hash_class(name: str) -> hashes.HashAlgorithm:
    made = _CLASSES.get(name)
    if made is None:
        raise unsupported(name)
    return made()


def is_genuine(
    key: CertificatePublicKeyTypes,
    how: SignatureAlgorithm,
    signature: bytes,
    data: bytes,
    *,
    is_digest: bool = False,
) -> bool:
    """Check a signature value over ``data``; False also where key and algorithm do not fit each other.

    With ``is_digest`` the data is what ``how.hash`` made of it; for keys that hash on their own (EdDSA) that
    is not enough. Raises UnsupportedAlgorithmError for a curve, key or digest that cannot be computed here.
    """

    def hashed() -> hashes.HashAlgorithm | Prehashed:
        made = _hash_class(how.hash)
        return Prehashed(made) if is_digest else made

    try:
        if how.family in ("rsa", "pss"):
            if not isinstance(key, rsa.RSAPublicKey):
                return False
            if key.key_size > MOST_RSA_BITS:
                raise unsupported(f"RSA {key.key_size}")
            key.verify(signature, data, _padding(how), hashed())
        elif how.family in ("ecdsa", "plain-ecdsa"):
            if not isinstance(key, ec.EllipticCurvePublicKey):
                return False
            if how.family == "plain-ecdsa":
                half = len(signature) // 2
                if not half or len(signature) % 2 or half > 128:
                    return False
                signature = encode_dss_signature(
                    int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
                )
            key.verify(signature, data, ec.ECDSA(hashed()))
        elif is_digest:
            raise unsupported(how.name)
        elif how.family == "ed25519":
            if not isinstance(key, ed25519.Ed25519PublicKey):
                return False
            key.verify(signature, data)
        else:
            if not isinstance(key, ed448.Ed448PublicKey):
                return False
            key.verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm as error:
        raise unsupported(how.name) from error
    return True


def _padding(how: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if how.family == "rsa":
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(_hash_class(how.mgf_hash)), salt_length=how.salt)


def weakness(key: CertificatePublicKeyTypes | None, how: SignatureAlgorithm) -> Sentence | None:
    """Say what is too weak today in this key or algorithm, or None (Circular 15/2025 App. I)."""
    # the hash inside PSS's mask need not resist collisions: Java writes SHA-1 there unasked
    if how.hash in WEAK_HASHES:
        return say("The digest {name} is too weak and no longer accepted.", name=how.hash.upper())
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        return say("The RSA key has only {bits} bits; {least} are needed.", bits=key.key_size, least=2048)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < LEAST_CURVE_BITS:
        return say("The ECDSA key has only {bits} bits; {least} are needed.", bits=key.key_size, least=256)
    return None
