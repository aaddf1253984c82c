"""Official documents from TOML and from plain tables: which keys there are, of which type, where a slip is.

The one module of this room that opens a file. What the values must be like is checked in ``model``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args

from docsign.document.copies import CertifiedCopy, Medium
from docsign.document.fields import Fields
from docsign.document.kinds import copy_named, kind_named
from docsign.document.model import OfficialDocument, refuse_secrecy
from docsign.document.parts import Addressee, Appendix, Markup, Signatory
from docsign.document.structure import blocks_of_structure
from docsign.envelope.header import Organization, Priority
from docsign.errors import DocumentError
from docsign.files import read_file
from docsign.sentence import say

FILE_LIMIT = 4 * 1024 * 1024
"""The largest TOML file read, in bytes."""
_DEPTH = 20
Value = TypeVar("Value")

_URGENCIES = {
    "": Priority.NORMAL,
    "thường": Priority.NORMAL,
    "khẩn": Priority.URGENT,
    "thượng khẩn": Priority.VERY_URGENT,
    "hỏa tốc": Priority.EXPRESS,
    "hoả tốc": Priority.EXPRESS,
}


def read_path(path: Path | str) -> OfficialDocument:
    """Read a TOML file; raises FileUnusableError, or DocumentError whose place begins with the path."""
    return parse_text(_text_of(path), where=str(path))


def read_copy(path: Path | str) -> CertifiedCopy:
    """Read what a TOML file says of a copy; raises as ``read_path`` does."""
    return _parsed(_text_of(path), read_copy_mapping, where=str(path))


def parse_text(text: str, *, where: str) -> OfficialDocument:
    """Read TOML; raises DocumentError whose place begins with ``where``."""
    return _parsed(text, read_mapping, where=where)


def _text_of(path: Path | str) -> str:
    try:
        return read_file(path, limit=FILE_LIMIT).decode("utf-8-sig")
    except ValueError as error:
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=str(path)) from error


def _parsed(text: str, read: Callable[[dict[str, Any]], Value], *, where: str) -> Value:
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an endless number is a bare ValueError
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=where) from error
    try:
        return read(values)
    except DocumentError as error:
        error.where = f"{where}: {error.where}" if error.where else where
        raise


def read_mapping(values: dict[str, Any]) -> OfficialDocument:
    """Read a table; raises DocumentError for a missing, unknown or mistyped field, naming it."""
    # A mark is refused under whatever key it stands, known or not.
    for where, text in _texts(values, "", 0):
        refuse_secrecy(text, where)
    table = Fields(values, "")
    issuer = table.table("issuer")
    signer = table.table("signer")
    document_values: dict[str, Any] = {
        "kind": kind_named(table.text("kind")),
        "issuer": _organization(issuer),
        "co_issuers": tuple(_each(table, "co_issuers", _organization)),
        "notation": table.text("notation"),
        "place": table.text("place"),
        "subject": table.text("subject"),
        **_body(table),
        "signer": _signatory(signer),
        "co_signers": tuple(_each(table, "co_signers", _signatory)),
        "recipients": table.texts("recipients", needed=True),
        "to": _addressees(table),
        "bases": table.texts("bases"),
        "decided_by": table.text("decided_by", False),
        "urgency": _urgency(table.text("urgency", False)),
        "number": table.number("number"),
        "date": table.date("date"),
        "council": table.boolean("council"),
        "type_name": table.text("type_name", False),
        "circulation": table.text("circulation", False),
        "drafter": table.text("drafter", False),
        "copies": _copies(table),
        "due": table.date("due"),
        "appendices": tuple(_each(table, "appendices", _appendix)),
    }
    for known in (table, issuer, signer):
        known.refuse_unknown()
    return OfficialDocument(**document_values)


def read_copy_mapping(values: dict[str, Any]) -> CertifiedCopy:
    """Read the table of a copy; raises DocumentError for a missing, unknown or mistyped field, naming it."""
    for where, text in _texts(values, "", 0):
        refuse_secrecy(text, where)
    table = Fields(values, "")
    issuer, signer = table.table("issuer"), table.table("signer")
    copy_values: dict[str, Any] = {
        "kind": copy_named(table.text("kind")),
        "source": _medium(table, "source"),
        "target": _medium(table, "target"),
        "issuer": _organization(issuer),
        "notation": table.text("notation"),
        "place": table.text("place"),
        "signer": _signatory(signer),
        "recipients": table.texts("recipients"),
        "number": table.number("number"),
        "date": table.date("date"),
    }
    for known in (table, issuer, signer):
        known.refuse_unknown()
    return CertifiedCopy(**copy_values)


def _medium(table: Fields, name: str) -> str:
    medium = table.text(name)
    if medium not in get_args(Medium):
        raise DocumentError(
            say("This is one of: {known}.", known=", ".join(get_args(Medium))), where=table.place(name)
        )
    return medium


def _organization(table: Fields) -> Organization:
    return Organization(**{f.name: table.text(f.name, f.name == "name") for f in fields(Organization)})


def _signatory(table: Fields) -> Signatory:
    return Signatory(
        position=table.text("position"),
        name=table.text("name"),
        authority=table.texts("authority"),
        second_position=table.text("second_position", False),
    )


def _appendix(table: Fields) -> Appendix:
    kind = table.text("kind", False)
    return Appendix(
        title=table.text("title"),
        kind=kind_named(kind) if kind else None,
        separate=table.boolean("separate"),
        landscape=table.boolean("landscape"),
        **_body(table),
    )


def _body(table: Fields) -> dict[str, Any]:
    """Read a body: lines, Markdown, or the tables of a structured one."""
    entries = table.take("body", (str, list), say("A text or a list of texts is needed."), None)
    markup = table.text("markup", False) or "text"
    if markup not in get_args(Markup):
        raise DocumentError(
            say("The body is written as one of: {known}.", known=", ".join(get_args(Markup))),
            where=table.place("markup"),
        )
    if isinstance(entries, list) and any(isinstance(entry, dict) for entry in entries):
        return {"structure": blocks_of_structure(entries, table.place("body"))}
    return {"body": "\n".join(table.texts("body", needed=True)), "markup": markup}


def _each(table: Fields, name: str, read: Callable[[Fields], Value]) -> Iterator[Value]:
    """Read every table of a list."""
    for position, entry in enumerate(table.entries(name)):
        inner = Fields(entry, f"{table.place(name)}[{position}]")
        yield read(inner)
        inner.refuse_unknown()


def _copies(table: Fields) -> int | None:
    value = table.take("copies", (int,), say("A number or a text is needed."), None)
    assert value is None or isinstance(value, int)
    return value


def _addressees(table: Fields) -> tuple[Addressee, ...]:
    entries = table.take("to", (str, list), say("A text or a list of texts is needed."), [])
    found: list[Addressee] = []
    for position, entry in enumerate([entries] if isinstance(entries, str) else entries):
        if isinstance(entry, str):
            found.append(Addressee(name=entry))
            continue
        inner = Fields(entry, f"to[{position}]")
        found.append(Addressee(name=inner.text("name"), code=inner.text("code", False)))
        inner.refuse_unknown()
    return tuple(found)


def _urgency(text: str) -> Priority:
    priority = _URGENCIES.get(" ".join(text.casefold().split()))
    if priority is None:
        raise DocumentError(say("A document is marked Khẩn, Thượng khẩn or Hỏa tốc."), where="urgency")
    return priority


def _texts(value: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield every text of a nested table with its path."""
    if depth > _DEPTH:
        raise DocumentError(say("The tables are nested too deeply."), where=where)
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{where}.{name}" if where else str(name), depth + 1)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _texts(inner, f"{where}[{position}]", depth + 1)
