"""A folder signed by a remote service: many digests in one call, one password for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsign.cli import docsign, run
from docsign.errors import EXIT_FAILED, EXIT_OK, DocsignError
from docsign.pki import Trust
from docsign.signing import SigningSession
from docsign.verdict import Indication
from docsign.verification import verify
from tests.conftest import Holders
from tests.csc_service import OTP, PIN, TOKEN, CscDouble, serving_csc
from tests.signing.conftest import FOREIGN


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five PDFs of others in a folder, and the passwords of the service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name, value in (("CSC_TOKEN", TOKEN), ("PASSPHRASE", PIN), ("OTP", OTP), ("LANG", "en")):
        monkeypatch.setenv(f"DOCSIGN_{name}", value)
    for number in range(5):
        (tmp_path / f"{number}.pdf").write_bytes(FOREIGN[0].read_bytes())
    return tmp_path


def test_a_folder_is_released_by_few_passwords(
    folder: Path, holders: Holders, trust: Trust, tsa_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five files, three at a time: two calls; a broken one among them stops none; each is B-T."""
    (folder / "2.pdf").write_bytes(b"%PDF-1.7 nothing")
    double = CscDouble(credentials={"mau": holders.person}, multisign=3)
    with serving_csc(double) as url:
        command = ["sign", ".", "--key", f"{url}?credential=mau", "--as", "person", "--tsa", tsa_url]
        assert run(docsign, command) == EXIT_FAILED
        assert "2.pdf" in capsys.readouterr().err
        assert [len(call["hashes"]) for call in double.calls("signatures/signHash")] == [2, 2]
        assert len(double.calls("credentials/authorize")) == 2
        for number in (0, 1, 3, 4):
            report = verify((folder / f"{number}.signed.pdf").read_bytes(), trust=trust)
            assert report.conclusion.indication is Indication.TOTAL_PASSED
            assert report.signatures[0].level == "PAdES-B-T"
        (folder / "2.pdf").write_bytes(FOREIGN[0].read_bytes())
        assert run(docsign, command) == EXIT_OK
        assert "done before" in capsys.readouterr().err
        assert len(double.calls("signatures/signHash")) == 3


def test_a_wrong_password_stops_the_batch(
    folder: Path, holders: Holders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not tried a second time, and nothing is written."""
    monkeypatch.setenv("DOCSIGN_OTP", "000000")
    double = CscDouble(credentials={"mau": holders.person}, multisign=3)
    with serving_csc(double) as url:
        assert run(docsign, ["sign", ".", "--key", f"{url}?credential=mau", "--as", "person"]) == EXIT_FAILED
    assert len(double.calls("credentials/authorize")) == 1
    assert not list(folder.glob("*.signed.pdf"))
    assert "0.pdf" in capsys.readouterr().err


def test_a_key_without_the_gift_signs_one_by_one(holders: Holders, trust: Trust) -> None:
    """The same results in the same order, each with what was wrong with it."""
    session = SigningSession(holders.person.signing_key(), role="person")
    made = session.sign_all([FOREIGN[0].read_bytes(), b"nothing", FOREIGN[0].read_bytes()])
    assert isinstance(made[1], DocsignError)
    for one in (made[0], made[2]):
        assert isinstance(one, bytes)
        assert verify(one, trust=trust).conclusion.indication is Indication.TOTAL_PASSED
