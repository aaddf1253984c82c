"""Every algorithm that is accepted, with signatures made by another library."""

from __future__ import annotations

from functools import cache

import pytest
from asn1crypto import algos
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from docsign.ades.algorithms import (
    UnsupportedAlgorithmError,
    is_genuine,
    signature_algorithm,
    weakness,
)
from docsign.ades.signed_data import Algorithm
from docsign.errors import CmsError

DATA = "Ủy ban nhân dân xã Thử Nghiệm".encode()
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
    "sha1": hashes.SHA1(),
}
RSA = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha224": "1.2.840.113549.1.1.14",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
    "sha3_256": "2.16.840.1.101.3.4.3.14",
    "sha3_384": "2.16.840.1.101.3.4.3.15",
    "sha3_512": "2.16.840.1.101.3.4.3.16",
}
ECDSA = {
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
    "sha3_256": "2.16.840.1.101.3.4.3.10",
    "sha3_384": "2.16.840.1.101.3.4.3.11",
}
PLAIN = {
    "sha224": 2,
    "sha256": 3,
    "sha384": 4,
    "sha512": 5,
    "sha3_224": 8,
    "sha3_256": 9,
    "sha3_384": 10,
    "sha3_512": 11,
}
CURVES = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1(), ec.BrainpoolP512R1()]


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return a key of 2048 bits."""
    return rsa.generate_private_key(65537, 2048)


def spoiled(value: bytes) -> bytes:
    """Return a signature with one bit changed."""
    return value[:-1] + bytes([value[-1] ^ 1])


@pytest.mark.parametrize("name", RSA)
def test_rsa_with_every_digest(name: str) -> None:
    """PKCS #1 v1.5 (RFC 4055, RFC 8017); the bare OID takes the digest that the signer names."""
    value = rsa_key().sign(DATA, padding.PKCS1v15(), HASHES[name])
    for oid in (RSA[name], "1.2.840.113549.1.1.1"):
        how = signature_algorithm(Algorithm(oid, b"\x05\x00"), name)
        assert is_genuine(rsa_key().public_key(), how, value, DATA)
        assert not is_genuine(rsa_key().public_key(), how, spoiled(value), DATA)
        assert not is_genuine(rsa_key().public_key(), how, value, DATA + b".")


@pytest.mark.parametrize(
    ("digest", "mask", "salt"),
    [
        ("sha256", "sha256", 32),
        ("sha256", "sha1", 20),
        ("sha384", "sha384", 48),
        ("sha512", "sha512", 64),
        ("sha512", "sha256", 0),
        ("sha3_256", "sha3_256", 32),
        ("sha256", "sha256", 222),
        ("sha1", "sha1", 20),
    ],
)
def test_pss_with_every_shape_of_parameters(digest: str, mask: str, salt: int) -> None:
    """RSASSA-PSS-params (RFC 4055 3.1): digest, mask and salt each as it is said."""
    made = padding.PSS(padding.MGF1(HASHES[mask]), salt)
    value = rsa_key().sign(DATA, made, HASHES[digest])
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
            "salt_length": salt,
        }
    ).dump()
    how = signature_algorithm(Algorithm("1.2.840.113549.1.1.10", parameters), digest)
    assert is_genuine(rsa_key().public_key(), how, value, DATA)
    assert not is_genuine(rsa_key().public_key(), how, spoiled(value), DATA)
    other = padding.PSS(padding.MGF1(HASHES[mask]), salt + 1 if salt < 222 else salt - 1)
    assert not is_genuine(rsa_key().public_key(), how, rsa_key().sign(DATA, other, HASHES[digest]), DATA)
    assert (weakness(rsa_key().public_key(), how) is None) is (digest != "sha1")


def test_pss_defaults() -> None:
    """Nothing said is SHA-1 with a salt of 20 bytes; the digest of the signer must be that one too."""
    value = rsa_key().sign(DATA, padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())
    for parameters in (b"\x30\x00", None):
        how = signature_algorithm(Algorithm("1.2.840.113549.1.1.10", parameters), "sha1")
        assert is_genuine(rsa_key().public_key(), how, value, DATA)
        with pytest.raises(CmsError):
            signature_algorithm(Algorithm("1.2.840.113549.1.1.10", parameters), "sha256")


@pytest.mark.parametrize("parameters", [b"\x30\x05\xa3\x03\x02\x01\x02", b"\x30\x05\xa2\x03\x02\x01\xff"])
def test_pss_with_impossible_parameters(parameters: bytes) -> None:
    """Another trailer, a negative salt: not supported, said so."""
    with pytest.raises(UnsupportedAlgorithmError):
        signature_algorithm(Algorithm("1.2.840.113549.1.1.10", parameters), "sha1")


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: str(curve.name))
@pytest.mark.parametrize("name", ECDSA)
def test_ecdsa_in_der_and_plain(curve: ec.EllipticCurve, name: str) -> None:
    """Both numbers in a SEQUENCE (RFC 5753), and one behind the other (BSI TR-03111 5.2.1)."""
    key = ec.generate_private_key(curve)
    value = key.sign(DATA, ec.ECDSA(HASHES[name]))
    how = signature_algorithm(Algorithm(ECDSA[name]), name)
    assert is_genuine(key.public_key(), how, value, DATA)
    assert not is_genuine(key.public_key(), how, value, DATA + b".")
    size = (curve.key_size + 7) // 8
    r, s = decode_dss_signature(value)
    plain = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    how = signature_algorithm(Algorithm(f"0.4.0.127.0.7.1.1.4.1.{PLAIN[name]}"), name)
    assert is_genuine(key.public_key(), how, plain, DATA)
    for wrong in (spoiled(plain), plain[:-1], b"", value, bytes(2 * size)):
        assert not is_genuine(key.public_key(), how, wrong, DATA)


def test_edwards_curves() -> None:
    """Ed25519 and Ed448 (RFC 8419) sign the attributes themselves."""
    for oid, key in (
        ("1.3.101.112", ed25519.Ed25519PrivateKey.generate()),
        ("1.3.101.113", ed448.Ed448PrivateKey.generate()),
    ):
        how = signature_algorithm(Algorithm(oid), "sha512")
        value = key.sign(DATA)
        assert is_genuine(key.public_key(), how, value, DATA)
        assert not is_genuine(key.public_key(), how, spoiled(value), DATA)
        assert not is_genuine(rsa_key().public_key(), how, value, DATA)
        assert weakness(key.public_key(), how) is None


def test_key_and_algorithm_must_fit() -> None:
    """An RSA signature under an ECDSA name, and the other way round, is no signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    rsa_value = rsa_key().sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    assert not is_genuine(
        key.public_key(), signature_algorithm(Algorithm(RSA["sha256"]), "sha256"), rsa_value, DATA
    )
    how = signature_algorithm(Algorithm(ECDSA["sha256"]), "sha256")
    assert not is_genuine(rsa_key().public_key(), how, rsa_value, DATA)


def test_digests_must_agree() -> None:
    """The signature algorithm may not name another digest than the signer (RFC 5652 5.3)."""
    with pytest.raises(CmsError):
        signature_algorithm(Algorithm(RSA["sha256"]), "sha512")


def test_what_is_not_known_is_named() -> None:
    """DSA and whatever comes: not supported, with its OID."""
    with pytest.raises(UnsupportedAlgorithmError) as caught:
        signature_algorithm(Algorithm("1.2.840.10040.4.3"), "sha1")
    assert "1.2.840.10040.4.3" in str(caught.value)


def test_short_keys_and_old_digests_are_weak() -> None:
    """Circular 15/2025 App. I: RSA from 2048 bits, curves from 256, no SHA-1 and no SHA-224."""
    small = rsa.generate_private_key(65537, 1024).public_key()
    assert weakness(small, signature_algorithm(Algorithm(RSA["sha256"]), "sha256"))
    curve = ec.generate_private_key(ec.SECP224R1()).public_key()
    assert weakness(curve, signature_algorithm(Algorithm(ECDSA["sha256"]), "sha256"))
    for name in ("sha1", "sha224"):
        assert weakness(rsa_key().public_key(), signature_algorithm(Algorithm(RSA[name]), name))
