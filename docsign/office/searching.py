"""Search as a clerk types it: without tones and capitals, several words, in all fields (ND 30/2020 PL VI)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime

from docsign.envelope.header import VIETNAM_TIME

WORD_LIMIT = 20
"""The most words that are searched for."""


def folded(text: str) -> str:
    """Return ``text`` as it is compared: no tones, no capitals, single spaces; ``Ủy ban`` is ``uy ban``."""
    spread = unicodedata.normalize("NFD", text)
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(plain.replace("đ", "d").replace("Đ", "D").casefold().split())


def searchable(values: Iterable[object]) -> str:
    """Return the text that stands for all these values; days are found as 16/11/2026 and as 2026-11-16."""
    return "\n".join(folded(_text(value)) for value in values if value not in (None, "", ()))


def words_of(query: str) -> tuple[str, ...]:
    """Return the words of a query, each of which must occur, in any order."""
    return tuple(folded(query).split())[:WORD_LIMIT]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM_TIME).date()
    if isinstance(value, date):
        return f"{value:%d/%m/%Y} {value.isoformat()}"
    if isinstance(value, tuple | list | frozenset):
        return " ; ".join(str(one) for one in value)
    return str(value)
