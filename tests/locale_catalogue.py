"""Compile ``docsign/locale/vi/*.po`` (a file a room) into the one catalogue that is shipped."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docsign" / "locale" / "vi"
CATALOGUE = FOLDER / "docsign.mo"


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
    missing = [(place, template) for place, template in templates() if template not in known]
    for place, template in missing:
        print(f"{place}: no Vietnamese text for {template!r}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
