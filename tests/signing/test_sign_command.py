"""``docsign sign`` as a clerk uses it: where results go, what is asked, what is said, how it ends."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from docsign.cli import docsign, run
from docsign.cli.sign_options import day_of
from docsign.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from docsign.pki.authority import TrialAuthority
from docsign.signing import SigningSession
from tests.conftest import PASSPHRASE, served
from tests.signing.conftest import FOREIGN
from tests.signing.second_opinions import pdfsig


@pytest.fixture
def desk(tmp_path: Path, p12: Path, letter: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an unsigned letter, both keys and their passphrase, where the clerk stands."""
    for name in ("person.p12", "agency.p12", "passphrase.txt"):
        shutil.copy(p12 / name, tmp_path / name)
    (tmp_path / "letter.pdf").write_bytes(letter)
    monkeypatch.chdir(tmp_path)
    for name in ("DOCSIGN_PASSPHRASE", "DOCSIGN_TRUST", "DOCSIGN_TSA", "DOCSIGN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


PERSON = (
    "--key",
    "pkcs12:person.p12",
    "--passphrase-file",
    "passphrase.txt",
    "--as",
    "person",
    "--lang",
    "en",
)
AGENCY = (
    "--key",
    "pkcs12:agency.p12",
    "--passphrase-file",
    "passphrase.txt",
    "--as",
    "agency",
    "--lang",
    "en",
)


def sign(*arguments: str) -> int:
    """Run ``docsign sign``."""
    return run(docsign, ["sign", *arguments])


def files(folder: Path) -> set[str]:
    """Return what lies in a folder."""
    return {path.name for path in folder.iterdir()}


def test_person_then_agency(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results lie beside the input; stdout names them and nothing else."""
    assert sign("letter.pdf", *PERSON) == EXIT_OK
    assert capsys.readouterr().out == "letter.signed.pdf\n"
    ending = ("--number", "12", "--date", "16/11/2026", "-o", "issued.pdf")
    assert sign("letter.signed.pdf", *AGENCY, *ending) == EXIT_OK
    out, err = capsys.readouterr()
    assert (out, err) == ("issued.pdf\n", "")
    opinions = pdfsig((desk / "issued.pdf").read_bytes(), desk)
    assert [opinion.valid for opinion in opinions] == [True, True]


def test_a_folder_is_signed_with_one_key(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every PDF of the folder but those that are results; the passphrase is asked once."""
    inbox = desk / "den"
    inbox.mkdir()
    for path in FOREIGN:
        shutil.copy(path, inbox / path.name)
    (inbox / "cu.signed.pdf").write_bytes(b"")
    (inbox / "ghi-chu.txt").write_text("không phải PDF", encoding="utf-8")
    out = desk / "di"
    out.mkdir()
    assert sign("den", *PERSON, "-o", "di") == EXIT_OK
    assert files(out) == {f"{path.stem}.signed.pdf" for path in FOREIGN}
    assert "Signed 3 of 3 files." in capsys.readouterr().err


def test_one_bad_file_does_not_stop_the_batch(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its sentence names it; the rest is signed; the exit status says that something failed."""
    (desk / "hong.pdf").write_bytes(b"%PDF-1.7 cut")
    assert sign("hong.pdf", "letter.pdf", *PERSON) == EXIT_FAILED
    out, err = capsys.readouterr()
    assert out == "letter.signed.pdf\n"
    assert "error [malformed-pdf]: hong.pdf: The PDF is truncated" in err
    assert "Signed 1 of 2 files." in err
    assert "hong.signed.pdf" not in files(desk)


def test_programs_read_json_lines(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a file."""
    assert sign("letter.pdf", *PERSON, "--json") == EXIT_OK
    row = json.loads(capsys.readouterr().out)
    size = (desk / "letter.signed.pdf").stat().st_size
    assert row == {"schema": 1, "file": "letter.pdf", "output": "letter.signed.pdf", "bytes": size}


def test_any_file_gets_a_detached_signature(
    desk: Path, trust_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CAdES beside the file; openssl accepts it."""
    (desk / "bang.xlsx").write_bytes("bảng số liệu".encode())
    assert sign("bang.xlsx", *PERSON, "--detached") == EXIT_OK
    assert capsys.readouterr().out == "bang.xlsx.p7s\n"
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "bang.xlsx.p7s"]
    command += ["-content", "bang.xlsx", "-CAfile", str(trust_folder / "root.pem"), "-purpose", "any"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sign("bang.xlsx", *PERSON, "--detached", "--number", "5") == EXIT_USAGE


def test_the_passphrase_comes_from_the_environment(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is named."""
    monkeypatch.setenv("DOCSIGN_PASSPHRASE", PASSPHRASE)
    assert sign("letter.pdf", "--key", "pkcs12:person.p12", "--as", "person") == EXIT_OK


def test_without_a_terminal_the_passphrase_is_not_waited_for(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script does not hang on a prompt nobody sees."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert sign("letter.pdf", "--key", "pkcs12:person.p12", "--as", "person", "--lang", "en") == EXIT_FAILED
    assert "no terminal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["khong-co.pdf", *PERSON], EXIT_USAGE, "khong-co.pdf: There is no such file."),
        (["letter.pdf", *PERSON, "--image", "."], EXIT_USAGE, "This is a folder; a file is needed."),
        (["letter.pdf", *PERSON, "--trust", "khong-co"], EXIT_USAGE, "no such file"),
        (["trong", *PERSON], EXIT_USAGE, "There is no PDF in this folder."),
        (["letter.pdf", "letter.pdf", *PERSON], EXIT_USAGE, "this is none|same place"),
        (["letter.pdf", "trong", *PERSON, "-o", "x.pdf"], EXIT_USAGE, "no PDF in this folder"),
        (["letter.pdf", *AGENCY, "--number", "5", "--date", "30/02/2026"], EXIT_USAGE, "not a date"),
        (["letter.pdf", *AGENCY, "--number", "5", "--date", "16/11/2026"], EXIT_FAILED, "has not signed yet"),
        (["letter.pdf", *PERSON, "--number", "5"], EXIT_USAGE, "given by the agency"),
        (["passphrase.txt", *PERSON], EXIT_FAILED, "not a PDF"),
        (
            ["letter.pdf", "--key", "pkcs12:letter.pdf", "--as", "person", "--lang", "en"],
            EXIT_FAILED,
            "PKCS#12",
        ),
        (["letter.pdf", "--key", "pkcs12:.", "--as", "person", "--lang", "en"], EXIT_USAGE, "folder"),
        (["letter.pdf", *PERSON, "--tsa", "http://127.0.0.1:9/"], EXIT_FAILED, "timestamp"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    desk: Path, arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear sentence, the documented exit status, nothing half-written."""
    (desk / "trong").mkdir()
    before = files(desk)
    assert sign(*arguments) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert any(word in err for word in words.split("|")), err
    assert "Traceback" not in err
    assert files(desk) == before


def test_on_a_terminal_the_passphrase_is_asked_once_and_not_shown(desk: Path) -> None:
    """A prompt for the whole batch; what is typed does not appear."""
    shutil.copy(FOREIGN[0], desk / "khac.pdf")
    master, slave = pty.openpty()
    arguments = ["sign", "letter.pdf", "khac.pdf", "--key", "pkcs12:person.p12", "--as", "person"]
    with subprocess.Popen(
        [Path(sys.executable).parent / "docsign", *arguments, "--lang", "en"],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown = b""
        while b"Passphrase" not in shown:
            shown += os.read(master, 1024)
        os.write(master, PASSPHRASE.encode() + b"\n")
        assert process.stdout is not None
        out = process.stdout.read()
        while chunk := _rest(master):
            shown += chunk
    os.close(master)
    assert process.returncode == EXIT_OK, shown
    assert out == b"letter.signed.pdf\nkhac.signed.pdf\n"
    assert shown.count(b"Passphrase") == 1
    assert PASSPHRASE.encode() not in shown


def _rest(master: int) -> bytes:
    """Read on; a terminal whose other end is closed reports an error instead of an end."""
    try:
        return os.read(master, 1024)
    except OSError:
        return b""


@pytest.mark.parametrize("text", ["2026-11-16", "16/11/2026", " 16/11/2026 "])
def test_a_date_is_written_either_way(text: str) -> None:
    """As programs write it and as clerks do."""
    assert day_of(text) == date(2026, 11, 16)


def test_a_wrong_passphrase_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In Vietnamese, unless asked otherwise."""
    (desk / "passphrase.txt").write_text("sai\n", encoding="utf-8")
    arguments = ["letter.pdf", "--key", "pkcs12:person.p12", "--passphrase-file", "passphrase.txt"]
    assert sign(*arguments, "--as", "person", "--lang", "en") == EXIT_FAILED
    assert "error [passphrase]: pkcs12" in capsys.readouterr().err.replace("person.p12", "pkcs12")
    assert "letter.signed.pdf" not in files(desk)


def test_an_expired_certificate_signs_only_when_told(
    desk: Path, authority: TrialAuthority, capsys: pytest.CaptureFixture[str]
) -> None:
    """--no-check skips the checks of the certificate."""
    now = datetime.now(UTC)
    issued = authority.issue(
        "person", "Trần Thị Thử", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
    )
    (desk / "person.p12").write_bytes(issued.pkcs12(PASSPHRASE))
    assert sign("letter.pdf", *PERSON) == EXIT_FAILED
    assert "expired" in capsys.readouterr().err
    assert "letter.signed.pdf" not in files(desk)
    assert sign("letter.pdf", *PERSON, "--no-check") == EXIT_OK


def test_results_do_not_overwrite_each_other(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of one name into one folder."""
    for folder in ("a", "b", "di"):
        (desk / folder).mkdir()
    for folder in ("a", "b"):
        shutil.copy(FOREIGN[0], desk / folder / "x.pdf")
    assert sign("a/x.pdf", "b/x.pdf", *PERSON, "-o", "di") == EXIT_USAGE
    assert "same place" in capsys.readouterr().err
    assert not files(desk / "di")


def _batch(desk: Path, count: int) -> list[str]:
    """Put so many PDFs into the folder den; return the names of their results."""
    (desk / "den").mkdir()
    for number in range(count):
        shutil.copy(FOREIGN[number % len(FOREIGN)], desk / "den" / f"{number:02}.pdf")
    return [f"{number:02}.signed.pdf" for number in range(count)]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_batch_goes_on_where_it_stood(
    desk: Path, jobs: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped in the middle it says so; the same command signs the rest, and nothing twice."""
    results = _batch(desk, 5)
    honest, calls = SigningSession.sign, []

    def stopped(self: SigningSession, pdf: bytes, **options: Any) -> bytes:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(self, pdf, **options)

    with monkeypatch.context() as patch:
        patch.setattr(SigningSession, "sign", stopped)
        assert sign("den", *PERSON, "--jobs", "1") == 130
    err = capsys.readouterr().err
    assert "Signed 2 of 5 files." in err
    assert "goes on where it stood" in err
    before = {name: (desk / "den" / name).stat().st_mtime_ns for name in results[:2]}
    assert sign("den", *PERSON, "--jobs", jobs) == EXIT_OK
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"den/{name}" for name in results]
    assert "Of these 2 were done before" in err
    assert {name: (desk / "den" / name).stat().st_mtime_ns for name in before} == before
    for name in results:
        assert (desk / "den" / name).read_bytes().count(b"/ByteRange") == 1


def test_what_another_signed_is_not_taken_for_ours(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The agency signs whatever the person left there; a file that changed is signed again."""
    _batch(desk, 2)
    agency = ["--key", "pkcs12:agency.p12", "--passphrase-file", "passphrase.txt", "--as", "agency"]
    assert sign("den", *PERSON) == EXIT_OK
    assert sign("den", *agency, "--lang", "en") == EXIT_OK
    assert "done before" not in capsys.readouterr().err
    assert sign("den", *agency, "--lang", "en") == EXIT_OK
    assert "Of these 2 were done before" in capsys.readouterr().err
    (desk / "den" / "00.pdf").write_bytes(FOREIGN[1].read_bytes())
    assert sign("den", *agency, "--lang", "en") == EXIT_OK
    assert "Of these 1 were done before" in capsys.readouterr().err


def test_detached_signatures_are_not_made_twice(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By certificate and digest."""
    (desk / "a.csv").write_bytes(b"1;2")
    (desk / "b.csv").write_bytes(b"3;4")
    assert sign("a.csv", "b.csv", *PERSON, "--detached") == EXIT_OK
    (desk / "b.csv").write_bytes(b"5;6")
    assert sign("a.csv", "b.csv", *PERSON, "--detached") == EXIT_OK
    assert "Of these 1 were done before" in capsys.readouterr().err


def test_all_cores_sign_and_one_bad_file_stops_none(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the names, each error with its file."""
    results = _batch(desk, 8)
    (desk / "den" / "03.pdf").write_bytes(b"%PDF-1.7 cut")
    assert sign("den", *PERSON, "--jobs", "2", "--json") == EXIT_FAILED
    out, err = capsys.readouterr()
    rows = [json.loads(line)["output"] for line in out.splitlines()]
    assert rows == [f"den/{name}" for name in results if name != "03.signed.pdf"]
    assert "error [malformed-pdf]: den/03.pdf: The PDF is truncated" in err
    assert "Signed 7 of 8 files." in err


def test_the_revocation_is_asked_online_unless_offline(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate that names a service of ours: OCSP says revoked, the lists at hand do not know."""
    authority = TrialAuthority.create(tmp_path / "ca", key="p256")
    tsa, own = authority.service_key(), authority.ocsp_key()
    assert tsa.certificate != own.certificate
    with served(tsa, authority.trust_folder, authority.answer_status) as url:
        authority._state["url"] = url
        issued = authority.issue("person", "Nguyễn Văn Mẫu", key="p256")
        (desk / "person.p12").write_bytes(issued.pkcs12(PASSPHRASE))
        shutil.copytree(authority.trust_folder, desk / "tin")
        (desk / "tin" / "issuing.crl").unlink()
        authority.revoke(issued.certificate)
        assert sign("letter.pdf", *PERSON, "--trust", "tin", "-o", "b.pdf") == EXIT_FAILED
        assert "was revoked on" in capsys.readouterr().err
        assert sign("letter.pdf", *PERSON, "--trust", "tin", "--offline", "-o", "c.pdf") == EXIT_OK
        assert sign("letter.pdf", *PERSON, "--trust", "tin", "--no-check", "-o", "d.pdf") == EXIT_OK
    other = authority.issue("person", "Trần Thị Thử", key="p256")
    (desk / "person.p12").write_bytes(other.pkcs12(PASSPHRASE))
    assert sign("letter.pdf", *PERSON, "--trust", "tin", "-o", "e.pdf") == EXIT_OK
    assert "warning: " in capsys.readouterr().err  # the service is away: said, and no reason to refuse


def test_a_status_that_the_service_does_not_know_is_said(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OCSP answers “unknown” (RFC 6960 2.2): a warning, and the clerk may sign."""
    authority = TrialAuthority.create(tmp_path / "ca", key="p256")
    monkeypatch.setattr(authority, "statuses", dict)
    with served(authority.service_key(), authority.trust_folder, authority.answer_status) as url:
        authority._state["url"] = url
        issued = authority.issue("person", "Nguyễn Văn Mẫu", key="p256")
        (desk / "person.p12").write_bytes(issued.pkcs12(PASSPHRASE))
        shutil.copytree(authority.trust_folder, desk / "tin")
        (desk / "tin" / "issuing.crl").unlink()
        assert sign("letter.pdf", *PERSON, "--trust", "tin", "-o", "a.pdf") == EXIT_OK
        assert (
            "warning: Nguyễn Văn Mẫu: The OCSP service answers that it does not know"
            in capsys.readouterr().err
        )
