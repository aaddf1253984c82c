"""The command line is pinned by transcripts a clerk could read: ``tests/cli/transcripts/*.txt``.

A transcript is what a terminal would show. ``$ `` begins a command; the lines below are what it prints on
stdout, ``2> `` before those on stderr, ``exit N`` its exit status where it is not 0. ``…`` stands for any
text within a line, a line ``…`` alone for any number of lines. Lines with ``#`` are remarks. Each transcript
begins with a fresh copy of the same desk (see ``desk`` in conftest). ``http://127.0.0.1:8318`` stands for the
live trial service of the session.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
SERVICE = "http://127.0.0.1:8318"
BIN = Path(sys.executable).parent


@dataclass
class Exchange:
    """One command, with what it must answer."""

    line: int
    command: str
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    status: int = 0


def read_transcript(path: Path) -> list[Exchange]:
    """Parse a transcript."""
    exchanges: list[Exchange] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("$ "):
            exchanges.append(Exchange(number, line[2:]))
        elif line.startswith("#") or not line.strip() or not exchanges:
            continue
        elif line.startswith("2> "):
            exchanges[-1].stderr.append(line[3:])
        elif re.fullmatch(r"exit \d+", line):
            exchanges[-1].status = int(line[5:])
        else:
            exchanges[-1].stdout.append(line)
    return exchanges


def matches(expected: list[str], printed: str) -> bool:
    """Compare, blank lines and trailing spaces apart."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected
    )
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines() if line.strip())
    return re.fullmatch(pattern, text) is not None


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_terminal_shows_what_the_transcript_says(
    transcript: Path, desk: Path, tmp_path: Path, environment: dict[str, str], service_url: str
) -> None:
    """Every command answers with these words and this exit status, and leaves nothing half-written."""
    here = tmp_path / "desk"
    shutil.copytree(desk, here)
    for exchange in read_transcript(transcript):
        program, *arguments = shlex.split(exchange.command.replace(SERVICE, service_url))
        done = subprocess.run(
            [str(BIN / program) if (BIN / program).exists() else program, *arguments],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
        place = f"{transcript.name}:{exchange.line}: $ {exchange.command}\n"
        shown = f"{place}--- stdout\n{done.stdout}--- stderr\n{done.stderr}--- exit {done.returncode}"
        assert done.returncode == exchange.status, shown
        assert matches(exchange.stdout, done.stdout.replace(service_url, SERVICE)), shown
        assert matches(exchange.stderr, done.stderr.replace(service_url, SERVICE)), shown
        leftovers = [path.name for path in here.rglob(".*") if path.is_file()]
        assert leftovers == [], f"{place}left behind: {leftovers}"
