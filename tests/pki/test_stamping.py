"""The trial time-stamping service gives tokens that others accept."""

from __future__ import annotations

import subprocess
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign.pki.authority import KEY_KINDS, KeyKind, TrialAuthority
from docsign.pki.stamping import respond


def _query(folder: Path, *options: str) -> Path:
    (folder / "công văn.txt").write_text("Kính gửi: Ủy ban nhân dân tỉnh thử nghiệm\n", encoding="utf-8")
    query = folder / "query.tsq"
    subprocess.run(
        [
            "openssl",
            "ts",
            "-query",
            "-data",
            folder / "công văn.txt",
            "-sha256",
            "-cert",
            *options,
            "-out",
            query,
        ],
        check=True,
        capture_output=True,
    )
    return query


def _openssl_accepts(folder: Path, query: Path, reply: bytes, trust_folder: Path) -> None:
    (folder / "reply.tsr").write_bytes(reply)
    done = subprocess.run(
        [
            "openssl",
            "ts",
            "-verify",
            "-queryfile",
            query,
            "-in",
            folder / "reply.tsr",
            "-CAfile",
            trust_folder / "root.pem",
            "-untrusted",
            trust_folder / "issuing.pem",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_openssl_accepts_a_token_from_the_live_service(
    tsa_url: str, trust_folder: Path, tmp_path: Path
) -> None:
    """The whole way: openssl's request over HTTP, the token checked with openssl."""
    query = _query(tmp_path)
    request = urllib.request.Request(
        tsa_url, data=query.read_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        assert reply.headers["Content-Type"] == "application/timestamp-reply"
        _openssl_accepts(tmp_path, query, reply.read(), trust_folder)


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_every_kind_of_key_stamps(kind: KeyKind, authority: TrialAuthority, tmp_path: Path) -> None:
    """RSA, P-256 and Ed25519 services are all accepted by openssl."""
    key = authority.issue("tsa", f"Dấu thời gian {kind}", key=kind).signing_key()
    query = _query(tmp_path)
    _openssl_accepts(
        tmp_path, query, respond(query.read_bytes(), key, at=datetime.now(UTC)), authority.trust_folder
    )
