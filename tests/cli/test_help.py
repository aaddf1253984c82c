"""Help is shown in the language of whoever asks, within the width of the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from docsign.cli import docsign, run
from docsign.cli.help import Command, Group, paragraphs, spoken
from docsign.sentence import phrase
from relay_server.cli import relay
from tests.locale_catalogue import every_command

VIETNAMESE, ENGLISH = "Cách dùng:", "Usage:"


@pytest.fixture(autouse=True)
def _nobody_has_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A desk without settings, and a system that says nothing of its language."""
    for name in [name for name in os.environ if name.startswith("DOCSIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("LANG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def shown(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> str:
    """Return what ``docsign`` prints."""
    root = relay if arguments[0] == "docsign-relay" else docsign
    assert run(root, list(arguments[1:])) == 0, arguments
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("--help", VIETNAMESE),
        ("-h", VIETNAMESE),
        ("verify --help", VIETNAMESE),
        ("--lang en --help", ENGLISH),
        ("--help --lang=en", ENGLISH),
        ("--lang en verify --help", ENGLISH),
        ("verify --lang en --help", ENGLISH),
        ("verify --help --lang en", ENGLISH),
        ("register --lang en outgoing -h", ENGLISH),
        ("--lang en register outgoing --lang vi -h", VIETNAMESE),
    ],
)
def test_the_language_may_be_said_anywhere(
    typed: str, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """--lang counts before the command and after it, before --help and after it; of two, the last."""
    assert shown(capsys, ["docsign", *typed.split()]).startswith(wanted)


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("DOCSIGN_LANG", "en", "Usage:"),
        ("LANG", "en_US.UTF-8", "Usage:"),
        ("LANG", "vi_VN.UTF-8", "Cách dùng:"),
        ("LANG", "C.UTF-8", "Cách dùng:"),
        ("LANG", "de_DE.UTF-8", "Cách dùng:"),
    ],
)
def test_the_environment_says_the_language(
    variable: str,
    value: str,
    wanted: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """DOCSIGN_LANG, then what the system is set to; Vietnamese where neither says English."""
    monkeypatch.setenv(variable, value)
    assert shown(capsys, ["docsign", "verify", "--help"]).startswith(wanted)
    assert shown(capsys, ["docsign", "verify", "--help", "--lang", "vi"]).startswith("Cách dùng:")


def test_the_settings_say_the_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``lang`` of docsign.toml counts for help and for what is wrong with a command line, too."""
    (tmp_path / "docsign.toml").write_text('lang = "en"\n', encoding="utf-8")
    assert shown(capsys, ["docsign", "--help"]).startswith("Usage:")
    assert run(docsign, ["verify"]) == 2
    assert capsys.readouterr().err.startswith("error [usage]: FILE|DIR… is missing.")


def test_settings_that_cannot_be_read_hide_no_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has spoilt docsign.toml is told so by the commands, and may still ask for help."""
    (tmp_path / "docsign.toml").write_text("lang = \n", encoding="utf-8")
    assert shown(capsys, ["docsign", "--help"]).startswith("Cách dùng:")


def helps(capsys: pytest.CaptureFixture[str], language: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what its --help says."""
    for words, _ in every_command():
        yield " ".join(words), shown(capsys, [*words, "--lang", language, "--help"])


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_line_is_wider_than_the_terminal(
    language: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every letter is one cell (composed letters, no combining ones), and no line has too many of them."""
    monkeypatch.setenv("COLUMNS", str(columns))
    wide = [
        f"{command}: {line}"
        for command, text in helps(capsys, language)
        for line in text.splitlines()
        if len(line) > min(columns, 100)
    ]
    assert not wide, "\n".join(wide)


def test_help_in_vietnamese_has_no_english_words_of_click(capsys: pytest.CaptureFixture[str]) -> None:
    """Headings, placeholders and notes are in the one language or in the other."""
    words = ("Usage:", "Options:", "Commands:", "Example:", "[OPTIONS]", "ARGS", "required", "default", "<=x")
    for command, text in helps(capsys, "vi"):
        found = [word for word in (*words, "exit.") if word in text]
        assert not found, f"{command}: {found}"
    for command, text in helps(capsys, "en"):
        assert "Usage:" in text, command
        assert "Show this message and exit." in text, command


def test_an_example_is_cut_between_words_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--tls commune-tls.pem`` is not broken at its hyphens, so that what is copied is what was meant."""
    monkeypatch.setenv("COLUMNS", "60")
    for (words, command), (_, text) in zip(every_command(), helps(capsys, "vi"), strict=True):
        for example in [one for one in paragraphs(command.help) if one.startswith("Example: ")]:
            assert example.removeprefix("Example: ") in " ".join(text.split()), words


def test_a_command_can_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that no group of ours called still shows its help; what has no Vietnamese stays as it is."""

    @click.command(cls=Command)
    @click.option("--many", type=click.IntRange(min=2), required=True, help="Chưa có trong danh mục.")
    def lone(many: int) -> None:
        """Chưa dịch."""

    assert lone.main(["--help"], standalone_mode=False) == 0
    text = capsys.readouterr().out
    assert "Chưa dịch." in text
    assert "[x>=2; bắt buộc]" in text
    assert spoken(click.Context(lone)) == "vi"


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """``docsign`` alone is a wrong command line that is answered with help, on stderr, in the language."""
    for arguments, wanted in (([], "Cách dùng:"), (["--lang", "en", "draft"], "Usage:")):
        assert run(docsign, arguments) == 2
        answer = capsys.readouterr()
        assert answer.out == ""
        assert answer.err.startswith(wanted)
    assert isinstance(docsign, Group)


def test_what_has_no_vietnamese_is_shown_as_it_is() -> None:
    """A phrase outside the catalogue is itself; English is never looked up."""
    assert phrase("Không có trong danh mục {này}") == "Không có trong danh mục {này}"
    assert phrase("Commands", "en") == "Commands"
    assert phrase("Commands") == "Lệnh"
