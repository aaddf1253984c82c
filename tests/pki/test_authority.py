"""The trial authority issues what every judge takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docsign.pki import SigningKey, Trust, open_key
from tests.conftest import PASSPHRASE, Holders


def test_a_pkcs12_key_opens_with_its_passphrase(p12: Path, holders: Holders) -> None:
    """The chairman's key is opened from its file and has its chain."""
    key = open_key(f"pkcs12:{p12 / 'person.p12'}", PASSPHRASE)
    assert key.certificate == holders.person.certificate
    assert key.chain == (holders.person.chain[0],)


def test_the_trust_folder_knows_who_is_behind_a_certificate(trust: Trust, agency_key: SigningKey) -> None:
    """trust.toml names the agency and the role of the seal."""
    entry = trust.signer(agency_key.certificate)
    assert entry is not None
    assert (entry.role, entry.agency) == ("agency", "H99.31")


@pytest.mark.parametrize("name", ["person", "agency", "tsa", "relay", "relay-tls", "commune-tls"])
def test_openssl_accepts_the_chain_with_its_lists(
    name: str, trust_folder: Path, p12: Path, tmp_path: Path
) -> None:
    """Openssl verifies every kind with revocation checked on the whole chain."""
    crls = tmp_path / "crls.pem"
    text = b""
    for crl in sorted(trust_folder.glob("*.crl")):
        text += subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", crl], check=True, capture_output=True
        ).stdout
    crls.write_bytes(text)
    done = subprocess.run(
        [
            "openssl",
            "verify",
            "-x509_strict",
            "-crl_check_all",
            "-CAfile",
            trust_folder / "root.pem",
            "-untrusted",
            trust_folder / "issuing.pem",
            "-CRLfile",
            crls,
            p12 / f"{name}.pem",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
