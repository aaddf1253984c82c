"""The command line as a whole: help is instant, every command shows an example that it accepts."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from docsign.cli import COMMANDS, SUMMARIES, docsign
from docsign.cli.help import Command
from tests.locale_catalogue import every_command

SLOW = (
    "pyhanko",
    "typst",
    "aiohttp",
    "cryptography",
    "lxml",
    "rich",
    "asn1crypto",
    "sqlalchemy",
    "pypdfium2",
)


def every_example() -> Iterator[tuple[tuple[str, ...], click.Command, str]]:
    """Yield the commands that do something, with the example of their help."""
    for words, command in every_command():
        if not isinstance(command, click.Group):
            _, _, example = (command.help or "").partition("Example:")
            yield words, command, " ".join(example.replace("\\\n", " ").replace("\b", "").split())


def test_the_table_of_commands_is_whole() -> None:
    """Each command has its one-line summary, and the first line of its help says the same."""
    assert list(COMMANDS) == list(SUMMARIES)
    wrong = []
    for name, summary in SUMMARIES.items():
        command = docsign.get_command(click.Context(docsign), name)
        assert command is not None
        first = " ".join((command.help or "").strip().split("\n\n")[0].split())
        if first != summary:
            wrong.append(f"{name}: {first!r} is not {summary!r}")
    assert not wrong, "\n".join(wrong)


def test_help_is_instant() -> None:
    """``docsign --help`` loads none of the heavy libraries and only the frame of our own."""
    script = (
        "import sys, json; from docsign.cli import run, docsign; status = run(docsign, ['--help']);"
        "print(json.dumps([status, sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    status, loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == 0
    assert not [name for name in loaded if name.partition(".")[0] in SLOW]
    rooms = {name.split(".")[1] for name in loaded if name.startswith("docsign.")}
    assert rooms <= {"cli", "errors", "sentence", "locale", "files", "values"}


def test_every_command_shows_an_example() -> None:
    """The help of a command ends with a line that can be copied, beginning with the command itself."""
    wrong = [
        " ".join(words)
        for words, _, example in every_example()
        if not example.startswith(" ".join(words) + " ") and example != " ".join(words)
    ]
    assert not wrong, f"no Example line: {wrong}"


def test_every_example_is_accepted() -> None:
    """The options and arguments of the example are ones the command knows."""
    wrong = []
    for words, command, example in every_example():
        given = shlex.split(re.split(r"\s(?:&&|\||;|#|>)\s", example)[0])[len(words) :]
        context = click.Context(
            command, info_name=" ".join(words), resilient_parsing=True, help_option_names=["-h", "--help"]
        )
        try:
            command.parse_args(context, given)
        except click.ClickException as error:
            wrong.append(f"{example}: {error.format_message()}")
        wrong += [f"{example}: {extra} is nowhere" for extra in context.args]
    assert not wrong, "\n".join(wrong)


def test_every_option_says_what_it_does() -> None:
    """No option without a word of help."""
    silent = [
        f"{' '.join(words)} {option.opts[-1]}"
        for words, command in every_command()
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]
    assert not silent, "\n".join(silent)


def test_every_command_is_asked_for_help_in_either_language() -> None:
    """Every command shows its help by the classes of docsign.cli.help and takes --lang."""
    wrong = [
        " ".join(words)
        for words, command in every_command()
        if not isinstance(command, Command) or not any(param.name == "lang" for param in command.params)
    ]
    assert not wrong, f"give them cls=Command or cls=Group: {wrong}"


def test_no_secret_is_an_argument() -> None:
    """Passphrases and PINs come from a prompt, a file or the environment, never from the command line."""
    named = [
        f"{' '.join(words)} {option.name}"
        for words, command in every_command()
        for option in command.params
        if re.search(r"pass(phrase|word)|\bpin\b|secret", option.name or "")
        and not (option.name or "").endswith("_file")
    ]
    assert not named, "\n".join(named)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--help"], 0), (["khong-co"], 2), (["verify"], 2), (["verify", "khong-co.pdf"], 2), (["config"], 0)],
)
def test_the_process_ends_with_its_status(arguments: list[str], status: int) -> None:
    """The ending is the process's exit status; words about it go to stderr."""
    script = "from docsign.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert bool(done.stderr) == (status != 0)
    assert "Traceback" not in done.stderr
