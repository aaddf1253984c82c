"""A sentence a person reads: written once in English, shown in Vietnamese or English.

Every message of the library is a :class:`Sentence` until the moment it is shown, so that one finding can
be printed in Vietnamese and stored in both languages. The Vietnamese texts stand in ``locale/vi/*.po``, a
file a room, compiled into ``locale/vi/docsign.mo`` (``make locale``).
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib import resources
from typing import Literal, LiteralString

from docsign.values import dataclass

Language = Literal["vi", "en"]
"""The languages a sentence exists in; Vietnamese is the default everywhere."""


@cache
def _vietnamese() -> gettext.NullTranslations:
    catalogue = resources.files("docsign.locale") / "vi" / "docsign.mo"
    with catalogue.open("rb") as stream:
        return gettext.GNUTranslations(stream)


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English template with named places, and what fills them."""

    template: str
    values: tuple[tuple[str, object], ...] = ()

    def text(self, language: Language = "vi") -> str:
        """Return the sentence in ``language``; a value that is itself a sentence is translated too."""
        template = self.template if language == "en" else _vietnamese().gettext(self.template)
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
