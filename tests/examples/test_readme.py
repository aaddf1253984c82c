"""The README is true: its commands are run as they stand, and both languages show the same ones."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docsign.errors import (
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
    EXIT_OUR_BUG,
    EXIT_TRY_LATER,
    EXIT_USAGE,
)
from tests.examples.relay_process import free_port
from tests.house.tree import ROOT, repository_files

READMES = ("README.md", "README.vi.md")
PORT = "8443"


def readme(name: str) -> str:
    """Return the text of a README."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Return the code blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme(name), flags=re.DOTALL | re.MULTILINE)


def test_both_languages_show_the_same_commands() -> None:
    """The Vietnamese README and the English one differ in words, not in what they tell to type."""
    for language in ("sh", "python"):
        assert blocks("README.md", language) == blocks("README.vi.md", language)
        assert blocks("README.md", language)


def walk(folder: Path) -> subprocess.CompletedProcess[str]:
    """Type the commands of the README one after the other in ``folder``; stop at the first that fails."""
    port = str(free_port())
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"
    for block in blocks("README.md", "sh"):
        script += block.replace(PORT, port)
        if "serve" in block:  # a person takes longer to type the next line than a relay to start
            script += f"until (: < /dev/tcp/localhost/{port}) 2>/dev/null; do sleep 0.1; done\n"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCSIGN_")}
    typed = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env={**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "DOCSIGN_LANG": "vi"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        said, complained = typed.communicate(timeout=300)
    finally:
        if typed.poll() is None:
            os.killpg(typed.pid, signal.SIGKILL)
            typed.wait()
    return subprocess.CompletedProcess(typed.args, typed.returncode, said, complained)


def test_the_walk_of_the_readme_goes_the_whole_way(tmp_path: Path) -> None:
    """Certificates, relay, build, sign twice, seal, send, receive, verify, open, answer, trace."""
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "letter.toml", tmp_path / "examples")
    done = walk(tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("TOTAL-PASSED") >= 2, done.stdout
    desks = tmp_path / "thu-nghiem"
    (opened,) = (desks / "province" / "den").glob("12-UBND-VP/**/12-UBND-VP.pdf")
    assert opened.read_bytes() == (desks / "commune" / "12-UBND-VP.pdf").read_bytes()
    assert (desks / "01-UBND-VP.pdf").read_bytes().startswith(b"%PDF-")
    assert (desks / "so-van-ban-di.xlsx").stat().st_size > 0
    trace = done.stdout[done.stdout.rindex("12/UBND-VP") :] if "12/UBND-VP" in done.stdout else done.stdout
    assert "03" in trace
    assert "412" in trace


@pytest.mark.parametrize("name", READMES)
def test_the_table_of_exit_statuses_is_whole(name: str) -> None:
    """The README lists the endings that there are, no more and no fewer."""
    listed = [int(number) for number in re.findall(r"^\| (\d+) \|", readme(name), flags=re.MULTILINE)]
    assert listed == sorted(
        {
            EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INDETERMINATE, EXIT_NO_SIGNATURE, EXIT_OUR_BUG,
            EXIT_TRY_LATER,
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", [*READMES, "docs/architecture.md", "docs/adr/README.md"])
def test_what_a_document_names_is_there(name: str) -> None:
    """Every link and every path in a table leads to something in the repository."""
    text, folder = readme(name), (ROOT / name).parent
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert not [target for target in links if not (folder / target).exists()]
    named = re.findall(r"`((?:docsign|relay_server|examples|tests|docs|requirements)/[\w./-]*)`", text)
    known = {path.relative_to(ROOT).as_posix() for path in repository_files()}
    assert not [
        path for path in named if path not in known and not any(have.startswith(path) for have in known)
    ]


@pytest.mark.parametrize("name", READMES)
def test_every_folder_has_its_line(name: str) -> None:
    """The layout names every folder of the repository and every room of the library."""
    text = readme(name)
    tops = {path.relative_to(ROOT).parts[0] for path in repository_files() if path.parent != ROOT}
    rooms = {path.parent.name for path in (ROOT / "docsign").glob("*/__init__.py")}
    missing = [f"`{top}/" for top in sorted(tops - {".ci"}) if f"`{top}/" not in text]
    missing += [f"docsign/{room}/" for room in sorted(rooms) if f"`docsign/{room}/`" not in text]
    assert not missing
