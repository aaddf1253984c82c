"""Make a header from a plain table, as a TOML file gives it: which keys there are, of which type.

Pure; places in errors count from 0, as in every TOML file of the project. What the values must be like is
checked when the header is written (``edxml``).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import IntEnum
from typing import Any, TypeVar

from docsign.envelope.header import (
    Business,
    BusinessKind,
    Header,
    Organization,
    Priority,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Steering,
)
from docsign.errors import DocumentError
from docsign.sentence import Sentence, say

Listed = TypeVar("Listed", bound=IntEnum)


def header_from_table(values: Mapping[str, Any]) -> Header:
    """Read a table; raises DocumentError naming the field that is missing, unknown or of the wrong type.

    Codes of a list are written as their English name (``"urgent"``, ``"revoke"``), their Vietnamese one, or
    their number.
    """
    table = _Table(values, "")
    signer, business = table.table("signer"), table.table("business")
    header = Header(
        sender=_organization(table.table("sender")),
        receivers=tuple(_receiver(entry, f"to[{place}]") for place, entry in enumerate(table.entries("to"))),
        number=table.text("number", needed=True),
        notation=table.text("notation", needed=True),
        issued=table.day("date", needed=True),
        document_id=table.text("document_id"),
        place=table.text("place"),
        type_name=table.text("type") or "Công văn",
        type=table.number("type_number", 18),
        subject=table.text("subject", needed=True),
        content=table.text("content"),
        signer=Signer(**{name: signer.text(name) for name in ("competence", "position", "name")}),
        due=table.day("due"),
        priority=table.listed("priority", Priority, Priority.NORMAL),
        sphere=table.text("sphere"),
        typist=table.text("typist"),
        copies=table.number("copies", None),
        pages=table.number("pages", None),
        directive=table.flag("directive"),
        appendixes=table.texts("appendixes"),
        responses=tuple(
            _response(entry, f"response_for[{place}]")
            for place, entry in enumerate(table.entries("response_for"))
        ),
        steering=table.listed("steering", Steering, Steering.NONE),
        to_places=table.texts("to_places"),
        business=_business(business),
    )
    for one in (table, signer):
        one.refuse_unknown()
    return header


def _organization(table: _Table) -> Organization:
    made = Organization(
        **{field.name: table.text(field.name, needed=field.name == "code") for field in fields(Organization)}
    )
    table.refuse_unknown()
    return made


def _receiver(entry: Any, where: str) -> Organization:
    return Organization(code=entry) if isinstance(entry, str) else _organization(_Table(entry, where))


def _response(entry: Any, where: str) -> ResponseFor:
    table = _Table(entry, where)
    made = ResponseFor(
        organ_id=table.text("agency", needed=True),
        code=table.text("code"),
        document_id=table.text("document_id"),
        issued=table.day("date"),
    )
    table.refuse_unknown()
    return made


def _business(table: _Table) -> Business:
    staff = table.table("staff")
    named = {field.name: staff.text(field.name) for field in fields(Staff)}
    replacements = []
    for place, entry in enumerate(table.entries("replaces")):
        one = _Table(entry, f"business.replaces[{place}]")
        replacements.append(
            Replacement(document_id=one.text("document_id", needed=True), organ_ids=one.texts("agencies"))
        )
        one.refuse_unknown()
    made = Business(
        kind=table.listed("kind", BusinessKind, BusinessKind.NEW),
        reason=table.text("reason"),
        document_id=table.text("document_id"),
        paper=bool(table.flag("paper")),
        document_changed=table.flag("document_changed"),
        receivers_changed=table.flag("receivers_changed"),
        replacements=tuple(replacements),
        staff=Staff(**named) if any(named.values()) else None,
    )
    for one in (table, staff):
        one.refuse_unknown()
    return made


class _Table:
    """One table, read key by key; what was not asked for in the end is unknown."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, Mapping):
            raise DocumentError(say("A table is needed."), where=where)
        self._values = values
        self._where = where
        self._asked: list[str] = []

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return a text; numbers are taken as written without quotes."""
        value = self._take(name, (str, int), say("A number or a text is needed."), needed=needed)
        return "" if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        entries = self.entries(name)
        for place, entry in enumerate(entries):
            if not isinstance(entry, str):
                raise DocumentError(say("A text is needed."), where=f"{self._place(name)}[{place}]")
        return tuple(entries)

    def entries(self, name: str) -> Sequence[Any]:
        """Return a list, or one thing as a list."""
        value = self._take(name, (str, list, Mapping), say("A text or a list of texts is needed."))
        if value is None:
            return ()
        return value if isinstance(value, list) else [value]

    def table(self, name: str) -> _Table:
        """Return an inner table, empty where it is missing."""
        self._asked.append(name)
        return _Table(self._values.get(name, {}), self._place(name))

    def day(self, name: str, *, needed: bool = False) -> datetime.date | None:
        """Return a day."""
        wanted = say("A date is needed, such as 2026-11-16 without quotes.")
        value = self._take(name, (datetime.date,), wanted, needed=needed)
        if value is None:
            return None
        if isinstance(value, datetime.datetime):
            raise DocumentError(wanted, where=self._place(name))
        assert isinstance(value, datetime.date)
        return value

    def number(self, name: str, default: Any) -> Any:
        """Return a whole number."""
        value = self._take(name, (int,), say("A whole number is needed."))
        return default if value is None else value

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        self._asked.append(name)
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise DocumentError(say("Here true or false is needed."), where=self._place(name))
        return value

    def listed(self, name: str, kind: type[Listed], default: Listed) -> Listed:
        """Return a code of a list by its name or number."""
        value = self._take(name, (str, int), say("A number or a text is needed."))
        if value is None:
            return default
        wanted = str(value).strip().casefold().replace(" ", "_")
        for one in kind:
            vietnamese = str(getattr(one, "vietnamese", "")).casefold().replace(" ", "_")
            if wanted in (one.name.casefold(), vietnamese, str(int(one))):
                return one
        known = ", ".join(one.name.lower() for one in kind)
        raise DocumentError(
            say("{value} is not known here. Known are: {known}.", value=value, known=known),
            where=self._place(name),
        )

    def refuse_unknown(self) -> None:
        """Raise DocumentError for the first key that nobody asked for."""
        for name in self._values:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise DocumentError(
                    say("There is no such field. Known are: {known}.", known=known), where=self._place(name)
                )

    def _take(self, name: str, types: tuple[Any, ...], wanted: Sentence, *, needed: bool = False) -> Any:
        self._asked.append(name)
        value = self._values.get(name)
        if value is None or (needed and value == ""):
            if needed:
                raise DocumentError(say("This field is missing."), where=self._place(name))
            return None
        if not isinstance(value, types) or isinstance(value, bool):
            raise DocumentError(wanted, where=self._place(name))
        return value

    def _place(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name
