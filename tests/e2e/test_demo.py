"""``make demo`` keeps its promises: the story is told, its files verify, nothing stays running."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DOCSIGN = str(Path(sys.executable).parent / "docsign")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Play the demo once; return its folder and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "demo-out"
    told = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py"), str(folder)],
        env={**os.environ, "LANG": "vi_VN.UTF-8", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr
    return folder, told.stdout


def verify(folder: Path, *names: str) -> tuple[int, list[dict[str, object]]]:
    """Run ``docsign verify`` with the demo's trust folder."""
    done = subprocess.run(
        [DOCSIGN, "verify", *names, "--trust", str(folder / "trust"), "--offline", "--json"],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_every_signed_file_left_behind_passes(story: tuple[Path, str]) -> None:
    """Whatever lies directly in the folder as .pdf or .asice is TOTAL-PASSED with the trial's trust."""
    folder, _ = story
    files = sorted(str(path) for path in folder.iterdir() if path.suffix in (".pdf", ".asice"))
    assert len(files) == 2
    status, reports = verify(folder, *files)
    assert status == 0
    assert [report["indication"] for report in reports] == ["TOTAL-PASSED"] * 2


def test_unsigned_and_altered_files_lie_apart(story: tuple[Path, str]) -> None:
    """In ``other`` lie the draft nobody signed and the letter somebody altered, and both are told apart."""
    folder, _ = story
    assert verify(folder, str(folder / "other" / "letter.pdf"))[1][0]["indication"] == "NO-SIGNATURE"
    status, (report,) = verify(folder, str(folder / "other" / "altered.pdf"))
    assert (status, report["indication"], report["sub_indication"]) == (1, "TOTAL-FAILED", "HASH_FAILURE")


def test_the_province_holds_the_very_bytes_the_commune_sent(story: tuple[Path, str]) -> None:
    """Neither relay nor inbox changes a byte of an envelope."""
    folder, _ = story
    (received,) = (folder / "province").glob("*.asice")
    assert received.read_bytes() == (folder / "12-UBND-VP.asice").read_bytes()


def test_the_answers_come_back_to_the_commune(story: tuple[Path, str]) -> None:
    """The trace shows acceptance, handover, 01, 03 and 06, in this order."""
    _, told = story
    trace = told[told.index("docsign trace") :]
    moments = ["đã tiếp nhận", "xác nhận mã băm", "01 Đã đến", "03 Đã tiếp nhận", "06 Hoàn thành"]
    places = [trace.index(moment) for moment in moments]
    assert places == sorted(places)


def test_the_story_is_told_in_vietnamese_and_says_what_is_left(story: tuple[Path, str]) -> None:
    """Thirteen steps, and a line on every file and folder that stays."""
    folder, told = story
    assert len(re.findall(r"(?m)^\d+\. \S", told)) == 13
    assert "Traceback" not in told
    closing = told[told.index("Xong sau") :]
    for path in folder.iterdir():
        if path.name != "docsign.toml":
            assert path.name in closing, path.name


def test_nothing_stays_running(story: tuple[Path, str]) -> None:
    """The ports of relay and time-stamping service are closed when the demo ends."""
    _, told = story
    ports = {int(port) for port in re.findall(r"https?://(?:127\.0\.0\.1|localhost):(\d+)", told)}
    assert len(ports) == 2
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, port
