"""A table as TOML or JSON gives it, read key by key; a wrong type or unknown key is named with its place."""

from __future__ import annotations

import datetime
from typing import Any

from docsign.document.number import NUMBER_LIMIT
from docsign.errors import DocumentError
from docsign.sentence import Sentence, say


class Fields:
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

    def has(self, name: str) -> bool:
        """Tell whether this key is there."""
        self._asked.append(name)
        return name in self._values

    def entries(self, name: str) -> list[Any]:
        """Return a list of whatever is in it; empty where it is missing."""
        found = self.take(name, (list,), say("A list is needed."), None)
        return [] if found is None else list(found)

    def boolean(self, name: str) -> bool:
        """Return true or false; false where it is missing."""
        self._asked.append(name)
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise DocumentError(say("Here stands true or false, without quotes."), where=self.place(name))
        return value

    def table(self, name: str) -> Fields:
        """Return a table inside this one."""
        self._asked.append(name)
        if name not in self._values:
            raise self._missing(name)
        return Fields(self._values[name], self.place(name))

    def refuse_unknown(self) -> None:
        """Raise DocumentError for the first key nobody asked for: a slip of the pen is not passed over."""
        for name in self._values:
            if name not in self._asked:
                known = ", ".join(dict.fromkeys(self._asked))
                raise DocumentError(
                    say("There is no such field. Known are: {known}.", known=known), where=self.place(name)
                )

    def place(self, name: str) -> str:
        """Return the path of a key."""
        return f"{self._where}.{name}" if self._where else str(name)

    def _missing(self, name: str) -> DocumentError:
        return DocumentError(say("This field is missing."), where=self.place(name))
