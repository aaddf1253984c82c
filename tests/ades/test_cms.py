"""CMS as it is written: the forms of RFC 5652 and CAdES, read back by openssl and by pyHanko."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from docsign.ades import cms
from docsign.detached import sign_detached
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority

DATA = "Biên bản họp ngày 16 tháng 11 năm 2026.".encode()
AT = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)


def signer_of(signature: bytes) -> asn1_cms.SignerInfo:
    """Return the one SignerInfo."""
    content = asn1_cms.ContentInfo.load(signature, strict=True)["content"]
    (signer,) = content["signer_infos"]
    return signer


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_openssl_accepts_it(kind: str, authority: TrialAuthority, trust_folder: Path, tmp_path: Path) -> None:
    """As CAdES, path included."""
    key = authority.issue("person", "Nguyễn Văn Mẫu", key=kind).signing_key()  # type: ignore[arg-type]
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "data.p7s").write_bytes(sign_detached(DATA, key))
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "data.p7s"]
    command += ["-content", "data", "-CAfile", str(trust_folder / "root.pem"), "-purpose", "any"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "ed25519"])
async def test_pyhanko_accepts_it(kind: str, authority: TrialAuthority) -> None:
    """Every kind of key."""
    key = authority.issue("person", "Trần Thị Thử", key=kind).signing_key()  # type: ignore[arg-type]
    roots = [
        x509.Certificate.load(cert.public_bytes(Encoding.DER))
        for cert in (anchor.certificate for anchor in authority.trust().anchors)
    ]
    status = await async_validate_detached_cms(
        DATA,
        asn1_cms.ContentInfo.load(sign_detached(DATA, key))["content"],
        signer_validation_context=ValidationContext(trust_roots=roots),
    )
    assert status.bottom_line


def test_it_is_der(person_key: SigningKey) -> None:
    """Written anew from its values by asn1crypto it is the same bytes: sets sorted, lengths shortest."""
    signature = sign_detached(DATA, person_key, at=AT)
    loaded = asn1_cms.ContentInfo.load(signature)
    assert loaded.dump(force=True) == signature


def test_the_signed_attributes_are_those_of_the_baseline(person_key: SigningKey) -> None:
    """EN 319 122-1: content type, digest, the certificate's digest, the time; nothing twice."""
    signer = signer_of(sign_detached(DATA, person_key, at=AT))
    attributes = {entry["type"].native: entry["values"] for entry in signer["signed_attrs"]}
    assert len(attributes) == len(signer["signed_attrs"]) == 4
    assert attributes["content_type"].native == ["data"]
    assert attributes["message_digest"].native == [hashlib.sha256(DATA).digest()]
    assert attributes["signing_time"].native == [AT]
    (identifier,) = attributes["signing_certificate_v2"][0]["certs"]
    certificate = person_key.certificate.public_bytes(Encoding.DER)
    assert identifier["cert_hash"].native == hashlib.sha256(certificate).digest()


def test_the_chain_goes_with_it_without_the_root(person_key: SigningKey) -> None:
    """Whoever trusts the root has it."""
    content = asn1_cms.ContentInfo.load(sign_detached(DATA, person_key))["content"]
    found = {entry.chosen.subject.native["common_name"] for entry in content["certificates"]}
    assert len(found) == 2
    assert all(
        entry.chosen.self_signed != "yes" and entry.chosen.subject != entry.chosen.issuer
        for entry in content["certificates"]
    )


def test_ed25519_goes_with_sha512() -> None:
    """RFC 8419 3.1."""
    assert cms.hash_name("ed25519") == "sha512"
    assert cms.hash_name("rsa-sha256") == cms.hash_name("ecdsa-sha256") == "sha256"


def test_a_time_stamp_makes_it_b_t(person_key: SigningKey, tsa_url: str) -> None:
    """An unsigned attribute over the signature value."""
    signer = signer_of(sign_detached(DATA, person_key, tsa=tsa_url))
    (attribute,) = signer["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
    imprint = token["message_imprint"]["hashed_message"].native
    assert imprint == hashlib.sha256(signer["signature"].native).digest()


def test_times_are_written_as_their_century_wants(person_key: SigningKey) -> None:
    """RFC 5652 11.3: UTCTime through 2049, GeneralizedTime after."""
    for year, kind in ((2049, "utc_time"), (2050, "generalized_time")):
        attributes = cms.signed_attributes(
            bytes(32), person_key.certificate, signing_time=AT.replace(year=year)
        )
        parsed = asn1_cms.CMSAttributes.load(attributes)
        (time,) = [entry["values"][0] for entry in parsed if entry["type"].native == "signing_time"]
        assert time.name == kind
        assert time.native.year == year
