"""A wrong command line: one sentence in the clerk's language, exit 2, nothing of click's own English."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from docsign.cli import docsign, run
from docsign.cli.usage import explained
from docsign.errors import DiskFullError
from docsign.sentence import say

DOCSIGN = str(Path(sys.executable).parent / "docsign")


@pytest.mark.parametrize(
    ("arguments", "vietnamese"),
    [
        (("verify", "--nonsense", "x.pdf"), "--nonsense"),
        (("verify",), "TỆP|THƯ-MỤC…"),
        (("sign", "x.pdf", "--key", "pkcs12:x.p12", "--as", "nobody"), "--as"),
        (("status", "x"), "MÃ"),
        (("unheard-of",), "unheard-of"),
        (("new", "a.toml", "b.toml"), "b.toml"),
    ],
)
def test_a_wrong_command_line_is_said_in_one_sentence(
    arguments: tuple[str, ...], vietnamese: str, environment: dict[str, str]
) -> None:
    """The offending word is named, --help is pointed to, the exit status is 2."""
    done = subprocess.run(
        [DOCSIGN, *arguments], env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("lỗi [usage]: ")
    assert vietnamese in line
    assert "--help" in line


def test_every_kind_of_error_of_click_becomes_ours() -> None:
    """An error click may yet invent still comes out as a usage error with its words."""
    import click

    error = explained(click.UsageError("Something new."))
    assert error.exit_status == 2
    assert "Something new." in error.text("en")
    assert docsign.name


@pytest.mark.parametrize(("command", "status"), [("new", 1), ("verify", 1), ("send", 75), ("receive", 75)])
def test_only_an_exchange_is_tried_again_later(
    command: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk ends ``send`` with 75, as its timer should run it again, and everything else with 1."""

    def full(*_: object, **__: object) -> NoReturn:
        raise DiskFullError(say("The disk is full: nothing was written."))

    monkeypatch.setattr(docsign, "main", full)
    assert run(docsign, [command, "x"]) == status
