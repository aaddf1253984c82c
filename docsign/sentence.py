"""A sentence a person reads: written once in English, shown in Vietnamese or English.

Every message of the library is a :class:`Sentence` until the moment it is shown, so that one finding can
be printed in Vietnamese and stored in both languages. The Vietnamese texts stand in ``locale/vi/*.po``, a
file a room, compiled into ``locale/vi/docsign.mo`` (``make locale``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from struct import unpack_from
from typing import Literal, LiteralString

from docsign.values import dataclass

Language = Literal["vi", "en"]
"""The languages a sentence exists in; Vietnamese is the default everywhere."""


class _Catalogue:
    """A compiled catalogue (GNU .mo): sorted by template, so that a few sentences are found without all."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count, self._templates, self._texts = unpack_from("<3I", data, 8)

    def text(self, template: str) -> str:
        """Return the text for a template; the template itself where there is none."""
        wanted, low, high = template.encode(), 0, self._count
        while low < high:
            middle = (low + high) // 2
            found = self._entry(self._templates, middle)
            if found == wanted:
                return self._entry(self._texts, middle).decode()
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return template

    def _entry(self, table: int, place: int) -> bytes:
        length, offset = unpack_from("<2I", self._data, table + 8 * place)
        return self._data[offset : offset + length]


@cache
def _vietnamese() -> _Catalogue:
    return _Catalogue(Path(__file__).with_name("locale").joinpath("vi", "docsign.mo").read_bytes())


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English template with named places, and what fills them."""

    template: str
    values: tuple[tuple[str, object], ...] = ()

    def text(self, language: Language = "vi") -> str:
        """Return the sentence in ``language``; a value that is itself a sentence is translated too."""
        template = self.template if language == "en" else _vietnamese().text(self.template)
        filled = {
            name: value.text(language) if isinstance(value, Sentence) else value
            for name, value in self.values
        }
        return template.format_map(filled)

    def __str__(self) -> str:
        return self.text("en")


def say(template: LiteralString, /, **values: object) -> Sentence:
    """Make a sentence; the tests find every call of ``say`` and demand its Vietnamese text."""
    return Sentence(template, tuple(values.items()))


def phrase(text: str, language: Language = "vi") -> str:
    """Return a text of the command line's help, which has no places, in ``language``."""
    return text if language == "en" else _vietnamese().text(text)


def shown(text: str) -> str:
    """Return a text that may hold foreign words on one line, without what steers a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
