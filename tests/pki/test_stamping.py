"""The trial time-stamping service gives tokens that others accept."""

from __future__ import annotations

import hashlib
import subprocess
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.pki import SigningKey
from docsign.pki.authority import KEY_KINDS, KeyKind, TrialAuthority
from docsign.pki.rfc3161 import TimeStampResp
from docsign.pki.stamping import respond

NOW = datetime.now(UTC)
IMPRINT = hashlib.sha256("Quyết định số 05/QĐ-UBND".encode()).digest()


def _query(folder: Path) -> Path:
    (folder / "công văn.txt").write_text("Kính gửi: Ủy ban nhân dân tỉnh thử nghiệm\n", encoding="utf-8")
    query = folder / "query.tsq"
    command = ["openssl", "ts", "-query", "-data", str(folder / "công văn.txt"), "-sha256", "-cert"]
    subprocess.run([*command, "-out", str(query)], check=True, capture_output=True)
    return query


def _openssl_accepts(folder: Path, query: Path, reply: bytes, trust_folder: Path) -> None:
    (folder / "reply.tsr").write_bytes(reply)
    command = ["openssl", "ts", "-verify", "-queryfile", str(query), "-in", str(folder / "reply.tsr")]
    anchors = ["-CAfile", str(trust_folder / "root.pem"), "-untrusted", str(trust_folder / "issuing.pem")]
    done = subprocess.run([*command, *anchors], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _request(**values: object) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": IMPRINT}
    der: bytes = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": imprint, "cert_req": True, **values}
    ).dump()
    return der


def test_openssl_accepts_a_token_from_the_live_service(
    tsa_url: str, trust_folder: Path, tmp_path: Path
) -> None:
    """The whole way: openssl's request over HTTP, the token checked by openssl."""
    query = _query(tmp_path)
    headers = {"Content-Type": "application/timestamp-query"}
    request = urllib.request.Request(tsa_url, data=query.read_bytes(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        assert reply.headers["Content-Type"] == "application/timestamp-reply"
        _openssl_accepts(tmp_path, query, reply.read(), trust_folder)


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_openssl_accepts_rsa_and_p256(kind: KeyKind, authority: TrialAuthority, tmp_path: Path) -> None:
    """The kinds of key that openssl's ts command knows."""
    key = authority.issue("tsa", f"Dấu thời gian {kind}", key=kind).signing_key()
    query = _query(tmp_path)
    _openssl_accepts(tmp_path, query, respond(query.read_bytes(), key, at=NOW), authority.trust_folder)


@pytest.mark.parametrize("kind", KEY_KINDS)
async def test_pyhanko_accepts_every_kind_of_key(kind: KeyKind, authority: TrialAuthority) -> None:
    """RSA, P-256 and Ed25519 tokens are intact and valid for pyHanko."""
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext

    key = authority.issue("tsa", f"Dấu thời gian {kind}", key=kind).signing_key()
    answer = TimeStampResp.load(respond(_request(nonce=7), key, at=NOW))
    ders = [one.public_bytes(Encoding.DER) for one in (authority.root, authority.issuing)]
    root, issuing = map(asn1_x509.Certificate.load, ders)
    context = ValidationContext(trust_roots=[root], other_certs=[issuing])
    status = await validate_tst_signed_data(answer["time_stamp_token"]["content"], context, lambda _: IMPRINT)
    assert status["intact"]
    assert status["valid"]
    assert status["validation_path"] is not None
    assert status["timestamp"] == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("request_der", "failure"),
    [
        (b"xin chao", "bad_data_format"),
        (_request()[:-4], "bad_data_format"),
        (_request(req_policy="1.2.3.4"), "unaccepted_policy"),
        (
            _request(message_imprint={"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"\0" * 20}),
            "bad_alg",
        ),
        (
            _request(
                message_imprint={"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\0" * 20}
            ),
            "bad_data_format",
        ),
    ],
)
def test_a_bad_request_is_rejected_with_the_standard_code(
    request_der: bytes, failure: str, tsa_key: SigningKey
) -> None:
    """No token for rubbish, SHA-1, a digest of the wrong length or a foreign policy."""
    answer = TimeStampResp.load(respond(request_der, tsa_key, at=NOW))
    assert answer["status"]["status"].native == "rejection"
    assert answer["status"]["fail_info"].native == {failure}


def test_certificates_come_only_when_asked_for(tsa_key: SigningKey) -> None:
    """With certReq false: no certificates in the token (RFC 3161 2.4.1)."""
    answer = TimeStampResp.load(respond(_request(cert_req=False), tsa_key, at=NOW))
    assert not answer["time_stamp_token"]["content"]["certificates"].native


def test_the_service_answers_other_questions_with_http_errors(service_url: str) -> None:
    """Another content type, an unknown list."""
    for url, data in ((f"{service_url}/tsa", b"x"), (f"{service_url}/crl/khac.crl", None)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, data=data, timeout=20)
        caught.value.close()


def test_the_service_gives_the_revocation_lists(service_url: str, trust_folder: Path) -> None:
    """What it serves is what lies in the trust folder."""
    with urllib.request.urlopen(f"{service_url}/crl/issuing.crl", timeout=20) as reply:
        assert reply.read() == (trust_folder / "issuing.crl").read_bytes()
