"""Settings come from the user's file, the one beside the work, the environment; options come last."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from docsign.cli import COMMANDS, docsign, run
from docsign.cli.settings import GROUPS, NAMES, Settings, language_from, user_folder
from docsign.errors import UsageError


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a user's folder beside it and an empty environment."""
    for name in NAMES:
        monkeypatch.delenv(f"DOCSIGN_{name.upper()}", raising=False)
    monkeypatch.delenv("LANG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    user_folder().mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_without_anything_nothing_is_set(work: Path) -> None:
    """No file, no variable: no setting, and Vietnamese."""
    settings = Settings.load()
    assert settings.values == {}
    assert settings.language == "vi"


def test_the_nearest_wins(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file beside the work over the user's, the environment over both; each says where it comes from."""
    user = user_folder() / "docsign.toml"
    user.write_text('relay = "https://a.example"\nagency = "H99"\ntsa = "http://a.example"\n')
    (work / "docsign.toml").write_text('relay = "https://b.example"\nagency = "H99.31"\n')
    monkeypatch.setenv("DOCSIGN_AGENCY", "H99.32")
    settings = Settings.load()
    assert settings.values == {"relay": "https://b.example", "agency": "H99.32", "tsa": "http://a.example"}
    assert settings.origins == {
        "relay": str(work / "docsign.toml"),
        "agency": "DOCSIGN_AGENCY",
        "tsa": str(user),
    }


def test_paths_are_relative_to_the_file_they_stand_in(work: Path) -> None:
    """A setting means the same wherever the command is typed; so does the path within a key's name."""
    user = user_folder()
    (user / "docsign.toml").write_text('trust = "ca"\nkey = "pkcs12:chu-tich.p12"\nrelay-trust = "/ca"\n')
    values = Settings.load().values
    assert values["trust"] == str(user / "ca")
    assert values["key"] == f"pkcs12:{user / 'chu-tich.p12'}"
    assert values["relay_trust"] == str(Path("/ca"))


@pytest.mark.parametrize(
    "text", ["trust = ", 'passphrase = "x"', "trust = 1", 'khong_co = "x"', "trust = ['a']", "\xff"]
)
def test_a_bad_file_is_named(work: Path, text: str) -> None:
    """Not TOML, an unknown name, a secret, a number: the file is named, exit status 2."""
    (work / "docsign.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert str(work / "docsign.toml") in caught.value.text("vi")


@pytest.mark.parametrize(
    ("arguments", "variables", "language"),
    [
        ([], {}, "vi"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "vi_VN.UTF-8"}, "vi"),
        ([], {"LANG": "C.UTF-8"}, "vi"),
        ([], {"LANG": "en_US.UTF-8", "DOCSIGN_LANG": "vi"}, "vi"),
        (["verify", "--lang", "en"], {}, "en"),
        (["--lang=en"], {"DOCSIGN_LANG": "vi"}, "en"),
        (["--lang"], {}, "vi"),
        (["--lang", "fr"], {"LANG": "en"}, "vi"),
    ],
)
def test_the_language_is_known_before_the_arguments_are(
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variables: dict[str, str],
    language: str,
) -> None:
    """Even the error about a wrong argument is in the reader's language."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_from(arguments) == language


def test_config_shows_what_is_in_force(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each setting with its value and where it comes from; the rest as not set; all of it as JSON."""
    from docsign.cli import docsign

    (work / "docsign.toml").write_text('trust = "ca"\n')
    assert run(docsign, ["config"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert f"trust = {work / 'ca'}    ({work / 'docsign.toml'})" in shown
    assert "tsa    (chưa đặt)" in shown
    assert run(docsign, ["config", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["trust"] == {"value": str(work / "ca"), "from": str(work / "docsign.toml")}
    assert table["tsa"] == {"value": None, "from": None}
    assert set(table) == set(NAMES)


def test_an_option_wins_over_every_setting(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed is what is meant."""
    from docsign.cli import docsign

    (work / "docsign.toml").write_text('lang = "en"\n')
    run(docsign, ["config"])
    assert "(not set)" in capsys.readouterr().out
    run(docsign, ["config", "--lang", "vi"])
    assert "(chưa đặt)" in capsys.readouterr().out


def test_every_command_of_a_group_gets_the_settings(work: Path) -> None:
    """The table of groups is the groups there are; a command that is none has options alone in its map."""
    groups = {}
    for name in COMMANDS:
        command = docsign.get_command(click.Context(docsign), name)
        if isinstance(command, click.Group):
            groups[name] = set(command.commands)
    assert {name: set(inner) for name, inner in GROUPS.items()} == groups
    (work / "docsign.toml").write_text('office = "van-thu"\nby = "vt"\n', encoding="utf-8")
    defaults = Settings.load().default_map(COMMANDS)
    assert defaults["draft"]["number"] == {"office": str(work / "van-thu"), "by": "vt"}
    assert defaults["sign"] == defaults["draft"]["number"]
