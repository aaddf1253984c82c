"""Reads an object that is one plain dictionary without making its values (ISO 32000-2 7.3.7, 7.3.10).

Most objects of a large file are such, and all that is asked of most of them is whether they are well formed
and to what they refer. Two expressions answer that. Plain is: simple values and arrays of them, no comment,
no stream, no container deeper, no escape in a name or string. Everything else is for ``parsing``; what is
plain here is read there without a remark, to the same keys and references.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

LONGEST = 512
"""How many bytes are looked at to see whether an object is plain, so that overlapping claims stay cheap."""

_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"  # ISO 32000-2 7.2.3
_ENDS = rb"(?!" + _REGULAR + rb")"
_SPACE = rb"[\0\t\n\f\r ]"
_NAME = rb"/[^\0\t\n\f\r ()<>\[\]{}/%#]*+" + _ENDS
_REFERENCE = rb"\d{1,10}+" + _SPACE + rb"++\d{1,5}+" + _SPACE + rb"++R" + _ENDS
_ITEM = (
    _NAME
    + rb"|"
    + _REFERENCE
    + rb"|[+-]?\d{1,19}+"
    + _ENDS
    + rb"|[+-]?(?:\d{1,64}+\.\d{0,64}+|\.\d{1,64}+)"
    + _ENDS
    + rb"|(?:true|false|null)"
    + _ENDS
)
# What follows ``N G obj`` in an object that is one plain dictionary.
PLAIN = (
    rb"%(s)b*+<<(?:%(s)b*+%(name)b%(s)b*+(?:%(item)b|\([^()\\]*+\)|<[0-9A-Fa-f]*+>|"
    rb"\[(?:%(s)b*+(?:%(item)b)|(?!))*+%(s)b*+\])|(?!))*+%(s)b*+>>%(s)b*+endobj"
) % {b"s": _SPACE, b"name": _NAME, b"item": _ITEM}
# Each key of it with the number it refers to or the array it holds.
_ENTRY = re.compile(
    rb"/([^\0\t\n\f\r ()<>\[\]{}/%%]*+)%(s)b*+"
    rb"(?:(\d++)%(s)b++\d++%(s)b++R%(ends)b|\[([^\]]*+)\]|/%(r)b*+|\([^)]*+\)|<[^>]*+>|%(r)b++)"
    % {b"s": _SPACE, b"ends": _ENDS, b"r": _REGULAR}
)
_REFERRED = re.compile(rb"(\d++)%(s)b++\d++%(s)b++R%(ends)b" % {b"s": _SPACE, b"ends": _ENDS})

PlainEntry: TypeAlias = tuple[bytes, bytes, bytes]
"""A key, the number of the object referred to, the inside of an array; the latter two may be empty."""


class Plain(NamedTuple):
    """What a plain dictionary holds; no key stands in it twice."""

    keys: set[bytes]
    entries: list[PlainEntry]


def plain_entries(data: bytes, start: int, end: int) -> Plain | None:
    """Return the entries of an object that matched ``PLAIN``; None where a key stands in it twice."""
    entries: list[PlainEntry] = _ENTRY.findall(data, start, end)
    keys = {entry[0] for entry in entries}
    return Plain(keys, entries) if len(keys) == len(entries) else None


def referred_in(array: bytes) -> list[int]:
    """Return the numbers that a plain array refers to."""
    return [int(number) for number in _REFERRED.findall(array)] if b"R" in array else []
