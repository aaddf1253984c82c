"""``docsign verify FOLDER``: every file has its line, whatever one does to the process that reads it."""

from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from docsign import Report, Verifier
from docsign.cli import docsign, run, workers

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="hostile files are played by ending processes"
)
MAIN = "import sys; from docsign.cli import main; main(sys.argv[1:])"


@pytest.fixture
def folder(tmp_path: Path, by_both: bytes, letter: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of twelve letters: every third not signed."""
    (tmp_path / "den").mkdir()
    for number in range(12):
        (tmp_path / "den" / f"{number:02}.pdf").write_bytes(letter if number % 3 == 2 else by_both)
    monkeypatch.chdir(tmp_path)
    for name in ("DOCSIGN_TRUST", "DOCSIGN_LANG", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "den"


def hostile(monkeypatch: pytest.MonkeyPatch, deeds: dict[str, Any]) -> None:
    """Let the verification of a file of this name do this to its process."""
    honest = Verifier.verify

    def verify(self: Verifier, source: Path, **options: Any) -> Report:
        if source.name in deeds:
            deeds[source.name]()
        return honest(self, source, **options)

    monkeypatch.setattr(Verifier, "verify", verify)


def test_a_file_that_takes_its_process_along_costs_its_own_verdict(
    folder: Path, trust_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed or stalled: eleven answers are right, and of the twelfth it is said that nothing is known."""
    monkeypatch.setattr(workers, "PATIENCE", 4.0)
    for deed in (lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: time.sleep(60)):
        hostile(monkeypatch, {"04.pdf": deed})
        assert run(docsign, ["verify", "den", "--trust", str(trust_folder), "--json"]) == 70
        reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [Path(report["file"]).name for report in reports] == [f"{n:02}.pdf" for n in range(12)]
        lost = reports.pop(4)
        assert (lost["indication"], lost["sub_indication"]) == ("INDETERMINATE", "GENERIC")
        assert [finding["code"] for finding in lost["findings"]] == ["check-given-up"]
        assert {report["indication"] for report in reports} == {"TOTAL-PASSED", "NO-SIGNATURE"}


def test_our_bug_on_one_file_is_said_and_the_others_are_answered(
    folder: Path, trust_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 70, the bug on stderr, and the summary counts it."""
    hostile(monkeypatch, {"00.pdf": lambda: 1 / 0})
    assert run(docsign, ["verify", "den", "--trust", str(trust_folder)]) == 70
    out, err = capsys.readouterr()
    assert "ZeroDivisionError" in err
    assert len(out.splitlines()) == 12
    assert out.splitlines()[-1] == (
        "12 tệp: 7 hợp lệ, 0 không hợp lệ, 0 chưa kết luận được, 4 chưa ký số, 1 không kiểm tra được."
    )


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_lines_come_in_the_order_of_names(
    jobs: str, folder: Path, trust_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many work at the same time."""
    assert run(docsign, ["verify", "den", "--trust", str(trust_folder), "--jobs", jobs]) == 4
    lines = capsys.readouterr().out.splitlines()
    assert [f"{number:02}.pdf" in line for number, line in enumerate(lines[:-1])] == [True] * 12


def test_a_table_for_a_spreadsheet(folder: Path, trust_folder: Path) -> None:
    """Written whole into a file, with the mark by which spreadsheets know UTF-8."""
    arguments = ["verify", "den", "--trust", str(trust_folder), "--report", "csv", "-o", "bang.csv"]
    assert run(docsign, arguments) == 4
    assert Path("bang.csv").read_bytes().startswith(b"\xef\xbb\xbffile,")
    with Path("bang.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert rows[0]["signers"].startswith("Nguyễn Văn Mẫu; ")


def test_what_is_verified_of_a_folder(folder: Path, trust_folder: Path, sealed: bytes, capsys: Any) -> None:
    """Signatures, envelopes and messages by their names; XML only where it is signed; nothing below it."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "goi.asice").write_bytes(sealed)
    (folder / "ky.xml").write_bytes(b'<a xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Signature/></a>')
    (folder / "khong.xml").write_bytes(b"<a/>")
    (folder / "ghi-chu.txt").write_bytes(b"x")
    (folder / "duoi.pdf").mkdir()
    run(docsign, ["verify", "den", "--trust", str(trust_folder), "--json"])
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(report["file"]).name for report in reports] == ["goi.asice", "ky.xml"]


def test_an_interrupt_ends_it_cleanly(folder: Path, trust_folder: Path) -> None:
    """Exit 130, one sentence, no traceback, no process left."""
    code = (
        "import signal, sys, time; from docsign.verification import Verifier\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where a shell runs us behind
        "def slow(self, source, **options):\n    open(f'{source}.doing', 'w').close(); time.sleep(60)\n"
        "Verifier.verify = slow\n" + MAIN
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "verify", "den", "--trust", str(trust_folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    limit = time.monotonic() + 60
    while not list(folder.glob("*.doing")) and time.monotonic() < limit:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "Đã dừng theo yêu cầu."
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_terminal_shows_how_far_it_is(folder: Path, trust_folder: Path) -> None:
    """On stderr and only there; what goes into a file is the lines alone."""
    primary, secondary = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-c", MAIN, "verify", "den", "--trust", str(trust_folder)],
        stdout=subprocess.PIPE, stderr=secondary, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(secondary)
    shown = b""
    while True:
        try:
            piece = os.read(primary, 4096)
        except OSError:  # the other side is gone
            break
        if not piece:
            break
        shown += piece
    out = done.communicate(timeout=60)[0]
    os.close(primary)
    assert done.returncode == 4
    assert b"12/12" in shown
    assert len(out.splitlines()) == 13
    assert "\x1b" not in out
