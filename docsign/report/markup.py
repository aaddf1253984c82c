"""Markup that cannot forget escaping: text is escaped and freed of invisible characters, unless it is Markup.

Only ``element`` and ``stylesheet`` make Markup; joining it with plain text gives plain text, which is escaped
when it is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from docsign.report.wording import clean

_VOID: Final = frozenset({"meta", "br"})


class Markup(str):
    """A piece of a page that is already escaped."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def element(name: str, /, *children: Child, **attributes: str | None) -> Markup:
    """Return one element; ``class_`` stands for ``class`` and ``_`` for ``-``; None is left out."""
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(clean(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{opening}>")
    return Markup(f"<{name}{opening}>{''.join(_pieces(children))}</{name}>")


def stylesheet(text: str) -> Markup:
    """Return a style element; ``text`` is ours and may hold no end tag."""
    if "</" in text:
        raise ValueError("a style sheet may not hold a tag")
    return Markup(f"<style>{text}</style>")


def _pieces(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            yield str(child)
        elif isinstance(child, str):
            yield escape(clean(child))
        else:
            yield from _pieces(child)
