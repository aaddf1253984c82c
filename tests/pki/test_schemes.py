"""Every scheme signs as its name says, and a value of another key is never taken."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from docsign.errors import SigningKeyError, UsageError
from docsign.pki import SignatureScheme
from docsign.pki.authority import Issued, KeyKind, TrialAuthority
from docsign.pki.keys import HeldKey
from docsign.pki.schemes import require_genuine, scheme_for, scheme_named

DATA = "Quyết định số 5/QĐ-UBND".encode()
KIND_OF: dict[str, KeyKind] = {"rsa": "rsa2048", "pss": "rsa2048", "ecdsa": "p384", "ed25519": "ed25519"}
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


@pytest.fixture(scope="module")
def issued(authority: TrialAuthority) -> dict[str, Issued]:
    """One certificate for each kind of key."""
    return {kind: authority.issue("person", "Nguyễn Văn Mẫu", key=kind) for kind in set(KIND_OF.values())}


@pytest.mark.parametrize("scheme", list(SignatureScheme))
def test_each_scheme_signs_what_its_name_says(scheme: SignatureScheme, issued: dict[str, Issued]) -> None:
    """Checked by cryptography with the parameters of the standard, and by ourselves."""
    one = issued[KIND_OF[scheme.family]]
    key = HeldKey.of(one.private_key, one.certificate, one.chain, scheme=scheme)
    value, public, digest = key.sign(DATA), one.certificate.public_key(), _HASHES[scheme.hash_name]
    if isinstance(public, rsa.RSAPublicKey):
        # RFC 8017 9.1, RFC 4055 3.1: the salt is as long as the digest
        pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
        public.verify(value, DATA, pss if scheme.family == "pss" else padding.PKCS1v15(), digest)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(value, DATA, ec.ECDSA(digest))
    else:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(value, DATA)
    require_genuine(one.certificate, scheme, DATA, value)
    for wrong in (value[:-1] + bytes([value[-1] ^ 1]), b"", value + b"\0"):
        with pytest.raises(SigningKeyError, match="it is not used"):
            require_genuine(one.certificate, scheme, DATA, wrong)
    with pytest.raises(SigningKeyError, match="it is not used"):
        require_genuine(one.certificate, scheme, DATA + b".", value)


def test_the_usual_scheme_follows_the_key() -> None:
    """PKCS#1 v1.5 with SHA-256 as in the field; a curve takes the digest of its strength."""
    assert scheme_for(rsa.generate_private_key(65537, 2048).public_key()) is SignatureScheme.RSA_SHA256
    for curve, scheme in (
        (ec.SECP256R1(), SignatureScheme.ECDSA_SHA256),
        (ec.SECP384R1(), SignatureScheme.ECDSA_SHA384),
        (ec.SECP521R1(), SignatureScheme.ECDSA_SHA512),
    ):
        assert scheme_for(ec.generate_private_key(curve).public_key()) is scheme


def test_a_key_signs_only_in_its_own_way(issued: dict[str, Issued]) -> None:
    """PSS is not for curves, and what came from another family is not genuine."""
    with pytest.raises(SigningKeyError, match="cannot sign as pss-sha256"):
        scheme_for(issued["p384"].certificate.public_key(), SignatureScheme.PSS_SHA256)
    with pytest.raises(SigningKeyError, match="it is not used"):
        require_genuine(issued["p384"].certificate, SignatureScheme.RSA_SHA256, DATA, b"x")


def test_schemes_are_named_as_people_write_them() -> None:
    """Without regard to case; an unknown name is answered with those there are."""
    assert scheme_named("PSS-SHA256") is SignatureScheme.PSS_SHA256
    with pytest.raises(UsageError, match=r"Known are rsa-sha256, .*ed25519"):
        scheme_named("md5")
