"""docsign keys, and --key for tokens and remote services, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docsign.cli import docsign, run
from docsign.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import fingerprint
from tests.conftest import Holders
from tests.csc_service import OTP, TOKEN, CscDouble, serving_csc
from tests.csc_service import PIN as REMOTE_PIN
from tests.softhsm import PIN, SoftToken


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, p12: Path) -> Path:
    """A working folder with a text to sign beside itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCSIGN_LANG", "en")
    (tmp_path / "bang.csv").write_text("bảng số liệu", encoding="utf-8")
    (tmp_path / "person.p12").write_bytes((p12 / "person.p12").read_bytes())
    (tmp_path / "passphrase.txt").write_bytes((p12 / "passphrase.txt").read_bytes())
    return tmp_path


def test_a_file_is_listed_with_its_passphrase(
    place: Path, holders: Holders, capsys: pytest.CaptureFixture[str]
) -> None:
    """The holder and until when, or JSON."""
    command = ["keys", "pkcs12:person.p12", "--passphrase-file", "passphrase.txt"]
    assert run(docsign, command) == EXIT_OK
    assert "Nguyễn Văn Mẫu, valid until" in capsys.readouterr().out
    assert run(docsign, [*command, "--json"]) == EXIT_OK
    row = json.loads(capsys.readouterr().out)
    assert row["sha256"] == fingerprint(holders.person.certificate)
    assert run(docsign, ["keys", "vault:x"]) == EXIT_USAGE


def test_a_token_is_listed_and_signs_with_one_pin(
    place: Path,
    soft_token: SoftToken,
    authority: TrialAuthority,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line that is printed is the --key; the scheme is an option."""
    issued = authority.issue("person", "Nguyễn Văn Mẫu")
    soft_token.store("dong-lenh", issued, id=b"\x01", chain=(authority.issuing,))
    assert run(docsign, ["keys", f"pkcs11:token=dong-lenh?module-path={soft_token.module}"]) == EXIT_OK
    uri = capsys.readouterr().out.splitlines()[0]
    assert uri.startswith("pkcs11:token=dong-lenh;serial=")
    monkeypatch.setenv("DOCSIGN_PASSPHRASE", PIN)
    signs = ["sign", "bang.csv", "--detached", "--as", "person", "--key", uri]
    assert run(docsign, [*signs, "--scheme", "pss-sha256"]) == EXIT_OK
    assert b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" in (place / "bang.csv.p7s").read_bytes()  # id-RSASSA-PSS
    assert run(docsign, [*signs, "--scheme", "ed25519"]) == EXIT_FAILED
    assert "This key cannot sign as ed25519." in capsys.readouterr().err
    (place / "docsign.toml").write_text('scheme = "rsa-sha512"\n')
    assert run(docsign, [*signs, "-o", "512.p7s"]) == EXIT_OK
    assert b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d" in (place / "512.p7s").read_bytes()  # sha512WithRSA
    assert (
        run(docsign, ["keys", f"pkcs11:token=dong-lenh;id=%07?module-path={soft_token.module}"])
        == EXIT_FAILED
    )
    assert "There is no key" in capsys.readouterr().err


def test_a_remote_service_is_listed_and_signs(
    place: Path, holders: Holders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PIN and one-time password come from the environment, or from a terminal alone."""
    monkeypatch.setenv("DOCSIGN_CSC_TOKEN", TOKEN)
    with serving_csc(CscDouble(credentials={"chu-tich": holders.person})) as url:
        assert run(docsign, ["keys", f"{url}?user=mau"]) == EXIT_OK
        uri = capsys.readouterr().out.splitlines()[0]
        assert uri == f"{url}?credential=chu-tich&user=mau"
        monkeypatch.setenv("DOCSIGN_PASSPHRASE", REMOTE_PIN)
        signs = ["sign", "bang.csv", "--detached", "--as", "person", "--key", uri]
        assert run(docsign, signs) == EXIT_FAILED
        assert "needs a one-time password" in capsys.readouterr().err
        monkeypatch.setenv("DOCSIGN_OTP", OTP)
        assert run(docsign, signs) == EXIT_OK
        assert (place / "bang.csv.p7s").is_file()
