"""Compile ``docsign/locale/vi/*.po`` (a file a room) into the one catalogue that is shipped."""

from __future__ import annotations

import ast
import importlib
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from docsign.cli import docsign
from docsign.cli.help import paragraphs

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docsign" / "locale" / "vi"
CATALOGUE = FOLDER / "docsign.mo"

SAME_IN_BOTH = frozenset(
    {
        "ID", "JSON", "N", "PDF", "PNG", "SHA256", "TOML", "URI", "URL", "X.asice", "X.asice…", "X.edxml",
        "Y.asice", "[ID…]", "[X.asice]",
    }
)  # fmt: skip
"""The placeholders of the help that are no words of a language."""


def translations() -> dict[str, str]:
    """Return every English template with its Vietnamese text; two texts for one template are an error."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale="vi"):
                if not message.id or not message.string:
                    continue
                template, text = str(message.id), str(message.string)
                if found.setdefault(template, text) != text:
                    raise ValueError(f"{path.name}: two Vietnamese texts for {template!r}")
    return found


def templates() -> Iterator[tuple[str, str]]:
    """Yield (place, template) for every ``say("…")`` in the packages."""
    for package in ("docsign", "relay_server"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the commands of ``docsign`` and of ``docsign-relay``, each with the words that call it."""
    yield from _walk(docsign, ("docsign",))
    yield from _walk(vars(importlib.import_module("relay_server.cli"))["relay"], ("docsign-relay",))


def _walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _walk(inner, (*words, name))


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield (place, text) for all that the help of the commands says in words."""
    for words, command in every_command():
        place = f"{' '.join(words)} --help"
        # click keeps the --help option of the first context that asks for it: it is the one that people get
        context = click.Context(command, help_option_names=["-h", "--help"])
        for text in paragraphs(command.help):
            if not text.startswith("Example: "):
                yield place, text
        for piece in command.collect_usage_pieces(context):
            if _is_words(piece):
                yield place, piece
        for option in command.get_params(context):
            if isinstance(option, click.Option) and not option.hidden:
                where = f"{place}, {option.opts[-1]}"
                if option.help:
                    yield where, option.help
                if not option.is_flag and _is_words(option.make_metavar(context)):
                    yield where, option.make_metavar(context)


def _is_words(placeholder: str) -> bool:
    """Tell a placeholder from a list of values and from what is called the same in both languages."""
    return placeholder not in SAME_IN_BOTH and not re.fullmatch(r"[\[{][a-z0-9].*[\]}]", placeholder)


def compiled() -> bytes:
    """Return the bytes of the catalogue."""
    # a fixed date: the same sentences are the same bytes
    catalogue = Catalog(locale="vi", fuzzy=False, creation_date=datetime(2026, 11, 1, tzinfo=UTC))
    for template, text in sorted(translations().items()):
        catalogue.add(template, text)
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def main() -> int:
    """Write the catalogue and name what has no Vietnamese text yet."""
    CATALOGUE.write_bytes(compiled())
    known = translations()
    said = (*templates(), *help_texts())
    missing = [(place, template) for place, template in said if template not in known]
    for place, template in missing:
        print(f"{place}: no Vietnamese text for {template!r}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
