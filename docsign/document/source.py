"""Official documents from TOML and from plain tables: which keys there are, of which type, where a slip is.

The one module of this room that opens a file. What the values must be like is checked in ``model``.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from docsign.document.kinds import kind_named
from docsign.document.model import Addressee, OfficialDocument, Signatory, refuse_secrecy
from docsign.document.number import NUMBER_LIMIT
from docsign.envelope.header import Organization, Priority
from docsign.errors import DocumentError
from docsign.files import read_file
from docsign.sentence import Sentence, say

FILE_LIMIT = 4 * 1024 * 1024
"""The largest TOML file read, in bytes."""
_DEPTH = 20

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
    data = read_file(path, limit=FILE_LIMIT)
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # an endless number is a bare ValueError
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=str(path)) from error
    try:
        return read_mapping(values)
    except DocumentError as error:
        error.where = f"{path}: {error.where}" if error.where else str(path)
        raise


def read_mapping(values: dict[str, Any]) -> OfficialDocument:
    """Read a table; raises DocumentError for a missing, unknown or mistyped field, naming it."""
    # A mark is refused under whatever key it stands, known or not.
    for where, text in _texts(values, "", 0):
        refuse_secrecy(text, where)
    table = _Table(values, "")
    issuer = table.table("issuer")
    signer = table.table("signer")
    document_values: dict[str, Any] = {
        "kind": kind_named(table.text("kind")),
        "issuer": Organization(
            **{f.name: issuer.text(f.name, f.name == "name") for f in fields(Organization)}
        ),
        "notation": table.text("notation"),
        "place": table.text("place"),
        "subject": table.text("subject"),
        "body": "\n".join(table.texts("body", needed=True)),
        "signer": Signatory(
            position=signer.text("position"),
            name=signer.text("name"),
            authority=signer.texts("authority"),
        ),
        "recipients": table.texts("recipients", needed=True),
        "to": _addressees(table),
        "bases": table.texts("bases"),
        "decided_by": table.text("decided_by", False),
        "urgency": _urgency(table.text("urgency", False)),
        "number": table.number("number"),
        "date": table.date("date"),
    }
    for known in (table, issuer, signer):
        known.refuse_unknown()
    return OfficialDocument(**document_values)


def _addressees(table: _Table) -> tuple[Addressee, ...]:
    entries = table.take("to", (str, list), say("A text or a list of texts is needed."), [])
    found: list[Addressee] = []
    for position, entry in enumerate([entries] if isinstance(entries, str) else entries):
        if isinstance(entry, str):
            found.append(Addressee(name=entry))
            continue
        inner = _Table(entry, f"to[{position}]")
        found.append(Addressee(name=inner.text("name"), code=inner.text("code", False)))
        inner.refuse_unknown()
    return tuple(found)


def _urgency(text: str) -> Priority:
    priority = _URGENCIES.get(" ".join(text.casefold().split()))
    if priority is None:
        raise DocumentError(say("A document is marked Khẩn, Thượng khẩn or Hỏa tốc."), where="urgency")
    return priority


class _Table:
    """One table of the file, read key by key; what was not asked for in the end is unknown."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, dict):
            raise DocumentError(say("A table is needed."), where=where)
        self._values = values
        self._where = where
        self._asked: list[str] = []

    def take(self, name: str, types: tuple[type, ...], wanted: Sentence, default: Any) -> Any:
        """Return a value of one of these types; raises DocumentError saying what is wanted."""
        self._asked.append(name)
        value = self._values.get(name, default)
        if value is default:
            return default
        if not isinstance(value, types) or isinstance(value, bool):
            raise DocumentError(wanted, where=self.place(name))
        return value

    def text(self, name: str, needed: bool = True) -> str:
        """Return a text; empty where it is missing and not needed."""
        value = self.take(name, (str,), say("A text is needed."), None)
        if value is None and needed:
            raise self._missing(name)
        return str(value or "")

    def texts(self, name: str, needed: bool = False) -> tuple[str, ...]:
        """Return a text or a list of texts as a list."""
        value = self.take(name, (str, list), say("A text or a list of texts is needed."), None)
        if value is None:
            if needed:
                raise self._missing(name)
            return ()
        entries = [value] if isinstance(value, str) else value
        for position, entry in enumerate(entries):
            if not isinstance(entry, str):
                raise DocumentError(say("A text is needed."), where=f"{self.place(name)}[{position}]")
        return tuple(entries)

    def number(self, name: str) -> str | None:
        """Return a number written as a number or as a text."""
        wanted = say("A number or a text is needed.")
        value = self.take(name, (str, int), wanted, None)
        if isinstance(value, int) and not 0 <= value < 10**NUMBER_LIMIT:
            raise DocumentError(wanted, where=self.place(name))
        return None if value is None else str(value)

    def date(self, name: str) -> datetime.date | None:
        """Return a date without a time of day."""
        wanted = say("A date is needed, such as 2026-11-16 without quotes.")
        value = self.take(name, (datetime.date,), wanted, None)
        if isinstance(value, datetime.datetime):
            raise DocumentError(wanted, where=self.place(name))
        assert value is None or isinstance(value, datetime.date)
        return value

    def table(self, name: str) -> _Table:
        """Return a table inside this one."""
        self._asked.append(name)
        if name not in self._values:
            raise self._missing(name)
        return _Table(self._values[name], self.place(name))

    def refuse_unknown(self) -> None:
        """Raise DocumentError for the first key nobody asked for: a slip of the pen is not passed over."""
        for name in self._values:
            if name not in self._asked:
                known = ", ".join(self._asked)
                raise DocumentError(
                    say("There is no such field. Known are: {known}.", known=known), where=self.place(name)
                )

    def place(self, name: str) -> str:
        """Return the path of a key."""
        return f"{self._where}.{name}" if self._where else str(name)

    def _missing(self, name: str) -> DocumentError:
        return DocumentError(say("This field is missing."), where=self.place(name))


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
