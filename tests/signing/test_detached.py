"""Detached CAdES signatures of every level, as openssl, asn1crypto and our own judge read them."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from docsign.ades.cms_levels import archive_request, needed, with_archive_timestamp
from docsign.detached import extend_detached, sign_detached
from docsign.errors import CertificateUnfitError, CmsError, TrustError, UsageError
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.proofs import Level
from docsign.verdict import Indication, Report
from docsign.verification import verify

DATA = "Bảng số liệu của xã thử nghiệm".encode()


def _without_lists(trust: Trust) -> Trust:
    """Trust the same anchors, knowing nothing else: what the signature brings must do."""
    return dataclasses.replace(trust, crls=(), intermediates=())


def _judged(signature: bytes, trust: Trust, data: bytes = DATA) -> Report:
    return verify(signature, content=[("bang.csv", data)], trust=trust)


def openssl_accepts(signature: bytes, data: bytes, root: Path, folder: Path) -> None:
    """Fail with openssl's words unless ``cms -verify -cades`` accepts the signature."""
    (folder / "data").write_bytes(data)
    (folder / "data.p7s").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "data.p7s"]
    command += ["-content", "data", "-CAfile", str(root), "-purpose", "any"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_every_level_is_what_it_says(
    level: Level, person_key: SigningKey, trust: Trust, trust_folder: Path, tsa_url: str, tmp_path: Path
) -> None:
    """Ours passes from B-LT on without knowing any list but those inside; openssl accepts all."""
    signature = sign_detached(DATA, person_key, level=level, tsa=tsa_url, trust=trust)
    knows_nothing = _without_lists(trust)
    report = _judged(signature, knows_nothing if level in ("B-LT", "B-LTA") else trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert [one.level for one in report.signatures] == [f"CAdES-{level}"]
    openssl_accepts(signature, DATA, trust_folder / "root.pem", tmp_path)
    assert _judged(signature, trust, b"x").conclusion.indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize("kind", ["p384", "ed25519"])
def test_other_keys_are_archived_too(
    kind: KeyKind, authority: TrialAuthority, trust: Trust, tsa_url: str
) -> None:
    """Whatever the digest of the signature, the archive's is SHA-256."""
    key = authority.issue("agency", "Xã Thử Nghiệm", key=kind).signing_key()
    signature = sign_detached(DATA, key, level="B-LTA", tsa=tsa_url, trust=trust)
    report = _judged(signature, _without_lists(trust))
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert report.signatures[0].level == "CAdES-B-LTA"


def test_the_level_is_raised_and_renewed_later(person_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """B-B → B-T → B-LT → B-LTA → B-LTA again; every step passes, the renewed one has two archives."""
    signature = sign_detached(DATA, person_key)
    signature = extend_detached(signature, DATA, level="B-T", tsa=tsa_url)
    assert extend_detached(signature, DATA, level="B-T") == signature
    signature = extend_detached(signature, DATA, level="B-LT", trust=trust)
    for count in (1, 2):
        signature = extend_detached(signature, DATA, tsa=tsa_url, trust=trust)
        report = _judged(signature, _without_lists(trust))
        assert report.conclusion.indication is Indication.TOTAL_PASSED, report
        kinds = [one.kind for one in report.signatures[0].timestamps]
        assert (kinds.count("signature"), kinds.count("archive")) == (1, count)


def test_an_archive_of_something_else_is_noticed(person_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """The index binds certificates and lists: one exchanged afterwards no longer counts as covered."""
    signature = sign_detached(DATA, person_key, level="B-LT", tsa=tsa_url, trust=trust)
    request = archive_request(signature, lambda _: bytes(32))
    from docsign.pki.fetch import fetch_timestamp

    wrong = with_archive_timestamp(signature, fetch_timestamp(tsa_url, request.imprint), request)
    report = _judged(wrong, trust)
    codes = {one.code for stamp in report.signatures[0].timestamps for one in stamp.findings}
    assert "imprint" in " ".join(codes), codes
    assert len(needed(wrong)) == 2


def test_what_is_missing_for_a_level_is_said(person_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """A service, a trust, a chain that leads to it."""
    with pytest.raises(UsageError, match="name a time-stamping service"):
        sign_detached(DATA, person_key, level="B-T")
    with pytest.raises(UsageError, match="say whom you trust"):
        sign_detached(DATA, person_key, level="B-LT", tsa=tsa_url)
    with pytest.raises(UsageError, match="B-B, B-T, B-LT or B-LTA"):
        sign_detached(DATA, person_key, level="LTV")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="B-T, B-LT or B-LTA"):
        extend_detached(b"", DATA, level="B-B")
    with pytest.raises(TrustError, match="does not lead"):
        sign_detached(DATA, person_key, level="B-LT", tsa=tsa_url, trust=Trust.nothing())
    with pytest.raises(TrustError, match="cannot be proved"):
        sign_detached(DATA, person_key, level="B-LT", tsa=tsa_url, trust=_without_lists(trust))
    for nonsense in (b"", b"0", b"\x30\x00"):
        with pytest.raises(CmsError):
            extend_detached(nonsense, DATA, level="B-T", tsa=tsa_url)


def test_a_revoked_signer_is_not_archived(make_authority: object, tsa_url: str, trust: Trust) -> None:
    """A proof that the certificate was revoked proves no signature."""
    assert callable(make_authority)
    authority: TrialAuthority = make_authority()
    issued = authority.issue("person", "Trần Thị Thử", key="p256")
    authority.revoke(issued.certificate)
    both = dataclasses.replace(
        trust,
        anchors=(*trust.anchors, *authority.trust().anchors),
        crls=(*trust.crls, *authority.trust().crls),
    )
    with pytest.raises(CertificateUnfitError, match="was revoked on"):
        sign_detached(DATA, issued.signing_key(), level="B-LT", tsa=tsa_url, trust=both)
