"""Changes an object by splicing its own bytes: an entry set, an item appended, everything else untouched.

The object is one that the strict reader has parsed. What may be changed is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from docsign.errors import PdfError
from docsign.pdf import syntax
from docsign.pdf.reading.values import KEPT, Array, Dictionary, IndirectObject, Text
from docsign.sentence import say
from docsign.values import dataclass

_SKIP = rb"(?:[\0\t\n\f\r ]++|%[^\r\n]*+|(?!))*+"
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
_KEY = re.compile(_SKIP + rb"/(" + _REGULAR + rb"*+)" + _SKIP)
_SIMPLE = re.compile(rb"\d++[\0\t\n\f\r ]++\d++[\0\t\n\f\r ]++R(?!" + _REGULAR + rb")|/?" + _REGULAR + rb"*+")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_COMMENT = re.compile(rb"%[^\r\n]*+")


def entry_spans(dictionary: Dictionary) -> Iterator[tuple[str, int, int]]:
    """Yield each key with the place of its value in ``dictionary.home.source``."""
    source, position = dictionary.home.source, dictionary.start + 2
    while found := _KEY.match(source, position, dictionary.end - 2):
        key = _HEX.sub(lambda digits: bytes.fromhex(digits[1].decode()), found[1]).decode("latin-1")
        value, start = dictionary.get(key), found.end()
        if isinstance(value, Array | Dictionary | Text):
            position = value.end
        else:
            simple = _SIMPLE.match(source, start)
            assert simple is not None
            position = simple.end()
        yield key, start, position


@dataclass(slots=True)
class Splices:
    """What is to be changed in one object; ``bytes_now`` makes the new bytes."""

    home: IndirectObject
    entries: dict[int, tuple[Dictionary, dict[str, bytes]]] = field(default_factory=dict)
    items: dict[int, tuple[Array, list[bytes]]] = field(default_factory=dict)

    def set(self, dictionary: Dictionary, key: str, value: bytes) -> None:
        """Set an entry of a dictionary that stands in this object."""
        self.entries.setdefault(id(dictionary), (dictionary, {}))[1][key] = value

    def append(self, array: Array, item: bytes) -> None:
        """Append an item to an array that stands in this object."""
        self.items.setdefault(id(array), (array, []))[1].append(item)

    def changes_of(self, holder: Array | Dictionary) -> tuple[dict[str, bytes], list[bytes]] | None:
        """Return the entries set and items appended in one container, None where there are none."""
        if isinstance(holder, Dictionary):
            known = self.entries.get(id(holder))
            return None if known is None else (known[1], [])
        listed = self.items.get(id(holder))
        return None if listed is None else ({}, listed[1])

    def bytes_now(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end`` of the source with all changes, without comments.

        Raises PdfError for an object that cannot be changed without doubt: a key written twice.
        """
        if self.home.duplicates:
            key = self.home.duplicates[0][1]
            raise PdfError(say("A dictionary holds the key {key} twice.", key=key), where=self.home.where)
        if len(self.home.comments) >= KEPT:
            raise PdfError(say("A comment stands where writers put none."), where=self.home.where)
        source = self.home.source
        places: list[tuple[int, int, bytes]] = []
        for dictionary, entries in self.entries.values():
            is_there = not entries.keys().isdisjoint(dictionary.entries)
            spans = {key: (first, last) for key, first, last in entry_spans(dictionary)} if is_there else {}
            added = []
            for key, value in entries.items():
                if key in spans:
                    places.append((*spans[key], b" " + value + b" "))
                else:
                    added.append(b"\n" + syntax.name(key) + b" " + value)
            places.append((dictionary.end - 2, dictionary.end - 2, b"".join(added)))
        for array, items in self.items.values():
            places.append((array.end - 1, array.end - 1, b"".join(b" " + item for item in items)))
        for offset in self.home.comments:
            comment = _COMMENT.match(source, offset)
            assert comment is not None
            if not any(first <= offset < last for first, last, _ in places):
                places.append((*comment.span(), b" "))
        pieces = []
        for first, last, replacement in sorted(places, key=lambda place: place[:2]):
            pieces += [source[start:first], replacement]
            start = last
        pieces.append(source[start:end])
        return b"".join(pieces)
