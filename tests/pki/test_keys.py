"""Keys open with their passphrase, sign, and are refused in one clear sentence otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from docsign.errors import (
    CertificateUnfitError,
    FileUnusableError,
    PassphraseError,
    SigningKeyError,
    UsageError,
)
from docsign.pki import SignatureScheme, SigningKey, Trust, open_key, require_fit
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.pki.keys import HeldKey
from tests.conftest import PASSPHRASE, Holders

NOW = datetime.now(UTC)


def test_a_key_opens_with_its_passphrase_and_has_its_chain(p12: Path, holders: Holders) -> None:
    """The chairman's key from its file: certificate, issuer without the root, scheme."""
    key = open_key(f"pkcs12:{p12 / 'person.p12'}", PASSPHRASE)
    assert key.certificate == holders.person.certificate
    assert key.chain == holders.person.chain
    assert key.scheme is SignatureScheme.RSA_SHA256


def test_the_passphrase_is_asked_once_and_only_where_needed(holders: Holders, tmp_path: Path) -> None:
    """A callable is called for a locked file, not for an open one."""
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PASSPHRASE

    (tmp_path / "khoa.p12").write_bytes(holders.person.pkcs12(PASSPHRASE))
    (tmp_path / "mo.p12").write_bytes(holders.person.pkcs12(""))
    open_key(f"pkcs12:{tmp_path / 'mo.p12'}", ask)
    assert asked == []
    open_key(f"pkcs12:{tmp_path / 'khoa.p12'}", ask)
    assert asked == [1]


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "ed25519"])
def test_each_scheme_signs_what_its_public_key_accepts(kind: KeyKind, authority: TrialAuthority) -> None:
    """RSA PKCS#1 v1.5, ECDSA in DER and Ed25519, each over the data itself."""
    key = authority.issue("agency", "Con dấu thử", key=kind).signing_key()
    data = "Công văn số 12/UBND-VP".encode()
    signature, public = key.sign(data), key.certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(signature, data)


def test_a_held_key_does_not_show_itself(person_key: SigningKey) -> None:
    """The text of the value has no private key in it."""
    assert "private_key" not in repr(person_key)


def _wrong(p12: Path, tmp_path: Path) -> dict[str, tuple[str, str | None, type[Exception], str]]:
    person = (p12 / "person.p12").read_bytes()
    (tmp_path / "văn bản.p12").write_text("Đây là văn bản", encoding="utf-8")
    (tmp_path / "cụt.p12").write_bytes(person[: len(person) // 2])
    (tmp_path / "khóa.pem").write_bytes((p12 / "person.pem").read_bytes())
    (tmp_path / "rỗng.p12").write_bytes(b"")
    locked = f"pkcs12:{p12 / 'person.p12'}"
    return {
        "wrong passphrase": (locked, "sai mật khẩu", PassphraseError, "passphrase is wrong"),
        "no passphrase": (locked, None, PassphraseError, "needs its passphrase"),
        "a folder": (f"pkcs12:{tmp_path}", "x", FileUnusableError, "folder"),
        "no such file": (f"pkcs12:{tmp_path / 'không có.p12'}", "x", FileUnusableError, "no such file"),
        "a text": (f"pkcs12:{tmp_path / 'văn bản.p12'}", "x", SigningKeyError, "not a PKCS#12"),
        "a PEM key": (f"pkcs12:{tmp_path / 'khóa.pem'}", "x", SigningKeyError, "not a PKCS#12"),
        "an empty file": (f"pkcs12:{tmp_path / 'rỗng.p12'}", "x", SigningKeyError, "not a PKCS#12"),
        "a truncated file": (f"pkcs12:{tmp_path / 'cụt.p12'}", PASSPHRASE, PassphraseError, "damaged"),
        "an unknown kind": ("vault:con-dau", "x", UsageError, "No such kind of key"),
        "a bare path": (str(p12 / "person.p12"), "x", UsageError, "Write pkcs12:"),
    }


CASES = [
    "wrong passphrase",
    "no passphrase",
    "a folder",
    "no such file",
    "a text",
    "a PEM key",
    "an empty file",
    "a truncated file",
    "an unknown kind",
    "a bare path",
]


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_opened_is_one_sentence(case: str, p12: Path, tmp_path: Path) -> None:
    """Each wrong input has its own error and its own words, in both languages."""
    uri, passphrase, kind, words = _wrong(p12, tmp_path)[case]
    with pytest.raises(kind, match=words) as caught:
        open_key(uri, passphrase)
    assert type(caught.value) is kind


def test_a_pkcs12_without_key_is_refused(holders: Holders, tmp_path: Path) -> None:
    """A file with certificates alone signs nothing, and says so."""
    data = pkcs12.serialize_key_and_certificates(
        None, None, holders.person.certificate, holders.person.chain, BestAvailableEncryption(b"x")
    )
    (tmp_path / "chỉ chứng thư.p12").write_bytes(data)
    with pytest.raises(SigningKeyError, match="no private key"):
        open_key(f"pkcs12:{tmp_path / 'chỉ chứng thư.p12'}", "x")


def test_a_pkcs12_without_certificate_is_refused(holders: Holders, tmp_path: Path) -> None:
    """A key alone signs nothing either."""
    data = pkcs12.serialize_key_and_certificates(
        None, holders.person.private_key, None, None, BestAvailableEncryption(b"x")
    )
    (tmp_path / "chỉ khóa.p12").write_bytes(data)
    with pytest.raises(SigningKeyError, match="no certificate"):
        open_key(f"pkcs12:{tmp_path / 'chỉ khóa.p12'}", "x")


def test_a_key_does_not_take_the_certificate_of_another(holders: Holders) -> None:
    """Key and certificate must belong together."""
    with pytest.raises(SigningKeyError, match="do not belong together"):
        HeldKey.of(holders.person.private_key, holders.agency.certificate)


def test_curves_we_do_not_sign_with_are_refused(holders: Holders) -> None:
    """A curve of Bitcoin is none that signs documents."""
    with pytest.raises(SigningKeyError, match="not supported"):
        HeldKey.of(ec.generate_private_key(ec.SECP256K1()), holders.person.certificate)


def test_a_fit_certificate_may_sign(holders: Holders, trust: Trust) -> None:
    """Person, agency, relay and time-stamps, each in its role."""
    require_fit(holders.person.certificate, at=NOW, trust=trust)
    require_fit(holders.agency.certificate, at=NOW, trust=trust)
    require_fit(holders.relay.certificate, at=NOW, trust=trust, role="relay")
    require_fit(holders.tsa.certificate, at=NOW, trust=trust, role="tsa")


@pytest.mark.parametrize(
    ("holder", "days", "words"),
    [
        ("person", 800, "expired on"),
        ("person", -800, "valid only from"),
        ("commune_tls", 0, "not meant for signing"),
        ("tsa", 0, "not meant for signing"),
    ],
)
def test_an_unfit_certificate_may_not(holder: str, days: int, words: str, holders: Holders) -> None:
    """Expired, not yet valid, meant for something else: refused with the reason."""
    with pytest.raises(CertificateUnfitError, match=words):
        require_fit(getattr(holders, holder).certificate, at=NOW + timedelta(days=days))


def test_a_revoked_certificate_may_not_sign(make_authority: Callable[[], TrialAuthority]) -> None:
    """The CRL of the trust folder is asked; before the revocation the certificate was fit."""
    authority = make_authority()
    issued = authority.issue("person", "Trần Thị Thử", key="p256", not_before=NOW - timedelta(hours=1))
    authority.revoke(issued.certificate, at=NOW, reason="keyCompromise")
    with pytest.raises(CertificateUnfitError, match="was revoked on"):
        require_fit(issued.certificate, at=NOW + timedelta(seconds=1), trust=authority.trust())
    require_fit(issued.certificate, at=NOW - timedelta(minutes=1), trust=authority.trust())


def test_a_chain_must_lead_to_the_trust(
    make_authority: Callable[[], TrialAuthority], holders: Holders, trust: Trust
) -> None:
    """A stranger's certificate signs nothing here; without a trust nobody asks."""
    stranger = make_authority().issue("person", "Trần Thị Thử", key="p256")
    require_fit(stranger.certificate, at=NOW, others=stranger.chain)
    require_fit(stranger.certificate, at=NOW, trust=Trust.nothing(), others=stranger.chain)
    with pytest.raises(CertificateUnfitError) as caught:
        require_fit(stranger.certificate, at=NOW, trust=trust, others=stranger.chain)
    assert "Trần Thị Thử" in str(caught.value)
    require_fit(holders.person.certificate, at=NOW, trust=trust, others=holders.person.chain)


def test_what_nobody_knows_is_no_reason_to_refuse(make_authority: Callable[[], TrialAuthority]) -> None:
    """Without lists the chain alone is asked; with them the revocation is found."""
    authority = make_authority()
    issued = authority.issue("person", "Trần Thị Thử", key="p256")
    unknowing = dataclasses.replace(authority.trust(), crls=())
    later = datetime.now(UTC)
    require_fit(issued.certificate, at=later, trust=unknowing, others=issued.chain)
    authority.revoke(issued.certificate)
    with pytest.raises(CertificateUnfitError, match="was revoked on"):
        require_fit(
            issued.certificate, at=later + timedelta(seconds=1), trust=authority.trust(), others=issued.chain
        )
