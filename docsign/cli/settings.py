"""Settings: ``docsign.toml`` beside the work or in the user's folder, ``DOCSIGN_*``, options last.

A setting has the name of the option it fills: ``trust = "ca"`` in ``docsign.toml`` is ``--trust ca`` wherever
a command knows that option. Paths in the file are relative to the file. Passphrases are never settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, cast

from docsign.errors import DocsignError, UsageError
from docsign.files import read_file
from docsign.sentence import Language, say
from docsign.values import dataclass

FILE_NAME = "docsign.toml"

NAMES: dict[str, bool] = {
    # name: is it a path
    "lang": False,
    "trust": True,
    "tsa": False,
    "key": False,
    "scheme": False,
    "relay": False,
    "relay_trust": True,
    "identity": True,
    "agency": False,
    "acting_for": False,
    "outbox": True,
    "office": True,
    "by": False,
}

GROUPS: dict[str, tuple[str, ...]] = {
    # Commands that have commands of their own. Only these: in any other, the name of a command may be that of
    # an option, whose default it would become.
    "draft": (
        "new", "revise", "submit", "check", "comment", "return", "abandon", "sign", "number", "seal", "issue",
        "envelope", "store", "revoke", "replace", "correct", "list", "show",
    ),
    "register": (
        "init", "outgoing", "incoming", "follow-up", "add-incoming", "follow", "add-outgoing", "begin",
        "check",
    ),
    "edxml": ("import", "export"),
    "outbox": ("list", "run", "drop"),
    "pki": ("init", "issue", "revoke", "serve"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, each with where it comes from."""

    values: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def load() -> Settings:
        """Read the user's file, then the one beside the work, then the environment; later ones win."""
        values: dict[str, str] = {}
        origins: dict[str, str] = {}
        for path in (user_folder() / FILE_NAME, Path.cwd() / FILE_NAME):
            if path.is_file():
                for name, value in _read(path).items():
                    values[name], origins[name] = value, str(path)
        for name in NAMES:
            variable = f"DOCSIGN_{name.upper()}"
            if variable in os.environ:
                values[name], origins[name] = os.environ[variable], variable
        return Settings(values, origins)

    @property
    def language(self) -> Language:
        """The language of the messages."""
        return _language(self.values.get("lang")) or _language(os.environ.get("LANG")) or "vi"

    def default_map(self, commands: Iterable[str]) -> dict[str, Any]:
        """Return click's default map: the same settings for every command and its subcommands."""
        return {
            command: self.values | {inner: dict(self.values) for inner in GROUPS.get(command, ())}
            for command in commands
        }


def user_folder() -> Path:
    """Return the folder of the user's settings and outbox, by the habits of the system."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", str(Path.home()))) / "docsign"
    return Path(os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config"))) / "docsign"


def language_from(arguments: Sequence[str]) -> Language:
    """Find the language before the arguments are parsed, so that even help and errors are translated.

    The last --lang counts, wherever it stands; without one the settings, and what the system is set to.
    """
    said = None
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=False):
        option, equals, value = argument.partition("=")
        if option == "--lang":
            said = value if equals else following
    if said is not None:
        return _language(said) or "vi"
    try:
        return Settings.load().language
    except (DocsignError, OSError):  # said by whoever needs the settings
        return _language(os.environ.get("DOCSIGN_LANG")) or _language(os.environ.get("LANG")) or "vi"


def _language(text: str | None) -> Language | None:
    return cast("Language", text[:2]) if text and text[:2] in ("vi", "en") else None


def _read(path: Path) -> dict[str, str]:
    import tomllib  # loaded where there are settings

    try:
        table = tomllib.loads(read_file(path, limit=1024 * 1024).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            say("This settings file is not TOML: {reason}.", reason=error), where=str(path)
        ) from error
    settings: dict[str, str] = {}
    for name, value in table.items():
        key = name.replace("-", "_")
        if key not in NAMES or not isinstance(value, str):
            raise UsageError(
                say("No such setting: {name}. Known are: {known}.", name=name, known=", ".join(NAMES)),
                where=str(path),
            )
        if NAMES[key]:
            value = str(path.parent / Path(value).expanduser())
        elif key == "key" and value.startswith("pkcs12:"):
            value = "pkcs12:" + str(path.parent / Path(value.removeprefix("pkcs12:")).expanduser())
        settings[key] = value
    return settings
