"""docsign pki, as a person types it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.cli import docsign, run
from docsign.pki import Trust, judge_path, open_key
from docsign.pki.certificates import load_certificates
from docsign.pki.fetch import fetch_timestamp
from docsign.verdict import Indication, SubIndication


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a passphrase in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCSIGN_PASSPHRASE", "mật khẩu")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def _init() -> None:
    assert run(docsign, ["pki", "init", "ca", "--key-type", "p256"]) == 0


def test_init_issue_revoke_play_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chairman's certificate is issued, passes, is revoked, passes no more."""
    _init()
    assert capsys.readouterr().out == "ca/trust\n"
    person = ["--kind", "person", "--name", "Nguyễn Văn Mẫu", "--agency", "H99.31", "--position", "Chủ tịch"]
    assert run(docsign, ["pki", "issue", "ca", *person, "-o", "mau.p12", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["file"], row["kind"], row["agency"]) == ("mau.p12", "person", "H99.31")
    if os.name == "posix":
        assert (place / "mau.p12").stat().st_mode & 0o777 == 0o600
        assert (place / "ca" / "private").stat().st_mode & 0o777 == 0o700
    certificate = open_key("pkcs12:mau.p12", "mật khẩu").certificate
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert (
        judge_path(certificate, trust=Trust.from_path("ca/trust"), at=later).conclusion.indication
        is Indication.TOTAL_PASSED
    )
    assert run(docsign, ["pki", "revoke", "ca", "mau.p12", "--reason", "keyCompromise"]) == 0
    assert "Đã thu hồi" in capsys.readouterr().err
    verdict = judge_path(certificate, trust=Trust.from_path("ca/trust"), at=later)
    assert verdict.conclusion.sub_indication is SubIndication.REVOKED_NO_POE


def test_one_command_gives_everything_to_try_signing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Root, issuing authority, trust folder, a person and an agency whose certificates name the service."""
    url = "http://127.0.0.1:8318"
    command = ["pki", "init", "ca", "--key-type", "p256", "--url", url + "/", "--agency", "H99.31"]
    assert run(docsign, command) == 0
    assert "không có giá trị pháp lý" in capsys.readouterr().err
    trust = Trust.from_path("ca/trust")
    for name in ("person", "agency"):
        key = open_key(f"pkcs12:ca/keys/{name}.p12", "mật khẩu")
        verdict = judge_path(key.certificate, trust=trust, at=datetime.now(UTC))
        assert verdict.conclusion.indication is Indication.TOTAL_PASSED
        assert f"{url}/ocsp".encode() in key.certificate.public_bytes(Encoding.DER)
        assert (place / "ca" / "keys" / f"{name}.pem").is_file()
    assert [entry.role for entry in trust.signers] == ["person", "agency"]


def test_tls_keys_are_written_as_pem(place: Path) -> None:
    """Key, certificate and chain in one file of its owner; the server's names are in it."""
    _init()
    server = ["--kind", "relay-tls", "--name", "Trục thử nghiệm", "--host", "truc.example"]
    assert run(docsign, ["pki", "issue", "ca", *server, "-o", "relay.pem"]) == 0
    text = (place / "relay.pem").read_text()
    assert text.count("BEGIN CERTIFICATE") == 2
    assert text.count("BEGIN PRIVATE KEY") == 1
    shown = subprocess.run(
        ["openssl", "x509", "-in", "relay.pem", "-noout", "-ext", "subjectAltName"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "DNS:truc.example" in shown


def test_a_key_to_encrypt_to_is_issued(place: Path) -> None:
    """For trying ``seal --encrypt-to``: the certificate to give away lies beside the key."""
    _init()
    receiver = ["--kind", "encryption", "--key-type", "p256", "--name", "Khóa mã hóa của tỉnh"]
    assert run(docsign, ["pki", "issue", "ca", *receiver, "-o", "mo.p12"]) == 0
    certificate = x509.load_pem_x509_certificate((place / "mo.pem").read_bytes())
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_agreement, usage.digital_signature) == (True, False)


def test_wrong_calls_end_with_one_sentence(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice init, no authority, an existing output, a wrong suffix, no passphrase, a foreign certificate."""
    _init()
    (place / "có rồi.p12").write_bytes(b"x")
    (place / "rỗng.txt").write_text("\n")
    (place / "văn bản.txt").write_text("Xin chào", encoding="utf-8")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=La",
            "-keyout",
            "la.key",
            "-out",
            "la.pem",
        ],
        check=True,
        capture_output=True,
    )
    issue = ["pki", "issue", "ca", "--kind", "person", "--name", "Mẫu", "-o"]
    cases = [
        (["pki", "init", "ca"], 2, "đã có một CA thử nghiệm"),
        (["pki", "issue", "khác", *issue[3:], "a.p12"], 2, "không có CA thử nghiệm"),
        ([*issue, "có rồi.p12"], 2, "không bị ghi đè"),
        ([*issue, "a.pem"], 2, "phải kết thúc bằng .p12"),
        ([*issue, "không có/a.p12"], 2, "Không có thư mục này"),
        ([*issue, "a.p12", "--passphrase-file", "rỗng.txt"], 1, "không có mật khẩu"),
        ([*issue, "a.p12", "--passphrase-file", "ca"], 2, "Đây là thư mục"),
        ([*issue[:6], "M" * 65, "-o", "a.p12"], 2, "Tên quá dài"),
        ([*issue[:6], " ", "-o", "a.p12"], 2, "cần có tên"),
        (["pki", "revoke", "ca", "la.pem"], 2, "không do CA thử nghiệm này cấp"),
        (["pki", "revoke", "ca", "la.key"], 2, "không có chứng thư"),
        (["pki", "revoke", "ca", "văn bản.txt"], 1, "không phải là chứng thư"),
    ]
    capsys.readouterr()
    for arguments, status, words in cases:
        assert run(docsign, [*arguments, "--lang", "vi"]) == status, arguments
        captured = capsys.readouterr()
        assert words in captured.err
        assert captured.err.count("\n") == 1
        assert captured.out == ""
    assert not (place / "a.p12").exists()


def test_serve_gives_time_and_stops_on_sigterm(place: Path) -> None:
    """One line with the address when ready, tokens, exit status 0 and a closed port after SIGTERM."""
    _init()
    command = [
        sys.executable,
        "-c",
        "import docsign.cli; docsign.cli.main()",
        "pki",
        "serve",
        "ca",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert fetch_timestamp(url, b"\0" * 32)
        base = url.removesuffix("/tsa")
        with urllib.request.urlopen(f"{base}/ca/issuing.crt", timeout=30) as reply:
            issuing = x509.load_der_x509_certificate(reply.read())
        (named,) = load_certificates((place / "ca" / "trust" / "issuing.pem").read_bytes())
        assert issuing == named
        asked = urllib.request.Request(
            f"{base}/ocsp", data=b"0", headers={"Content-Type": "application/ocsp-request"}
        )
        with urllib.request.urlopen(asked, timeout=30) as reply:
            assert reply.read() == bytes.fromhex("30030a0101")  # RFC 6960 4.2.1: malformedRequest
        taken = ["pki", "serve", "ca", "--port", url.split(":")[2].split("/")[0]]
        again = [*command[:3], *taken]
        assert subprocess.run(again, capture_output=True, timeout=60, check=False).returncode == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(taken[4]))) != 0


def test_help_loads_no_cryptography() -> None:
    """--help must feel instant."""
    code = (
        "import sys; from docsign.cli import run, docsign; "
        "run(docsign, ['pki', 'issue', '--help', '--lang', 'vi']); "
        "print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
    assert "Ví dụ: docsign pki issue" in done.stdout
