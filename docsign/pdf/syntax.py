"""Writes PDF values as bytes (ISO 32000-2 7.3): the other direction of ``docsign.pdf.reading.parsing``.

A value to be written is plain ``bytes``; what leads to other objects is written as a reference by its number.
Nothing is known here of files or revisions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

from docsign.pdf.reading.values import Array, Dictionary, Name, Reference, Stream, Text, Value

EncryptText = Callable[[bytes], bytes]
"""Encrypts the bytes of one string for the object it will stand in."""

_ODD_IN_NAME = re.compile(rb"[^!-~]|[#()<>\[\]{}/%]")
_PLAIN = re.compile(r"[ -~]*")
_ESCAPED = re.compile(rb"[\\()]")


@lru_cache(maxsize=4096)
def name(text: str) -> bytes:
    """Write a name; each character of ``text`` stands for a byte (Latin-1), as in ``Name``."""
    return b"/" + _ODD_IN_NAME.sub(lambda found: b"#%02X" % found[0][0], text.encode("latin-1"))


def reference(number: int, generation: int = 0) -> bytes:
    """Write an indirect reference."""
    return b"%d %d R" % (number, generation)


def number(value: float) -> bytes:
    """Write a number, to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".").encode() if value % 1 else b"%d" % value


def array(*items: bytes) -> bytes:
    """Write an array."""
    return b"[" + b" ".join(items) + b"]"


def numbers(*values: float) -> bytes:
    """Write an array of numbers, such as a rectangle."""
    return array(*map(number, values))


def dictionary(entries: Mapping[str, bytes]) -> bytes:
    """Write a dictionary."""
    return b"<<" + b"".join(b"%s %s\n" % (name(key), value) for key, value in entries.items()) + b">>"


def string(data: bytes, encrypt: EncryptText | None = None) -> bytes:
    """Write bytes as a string: literal where they are plain, else hexadecimal."""
    if encrypt is not None:
        data = encrypt(data)
    elif data.isascii() and _PLAIN.fullmatch(data.decode()):
        return b"(" + _ESCAPED.sub(rb"\\\g<0>", data) + b")"
    return b"<" + data.hex().encode() + b">"


def text(value: str, encrypt: EncryptText | None = None) -> bytes:
    """Write a text string (7.9.2.2): as it is where it is plain ASCII, else UTF-16 with its mark."""
    plain = _PLAIN.fullmatch(value)
    return string(value.encode() if plain else b"\xfe\xff" + value.encode("utf-16-be"), encrypt)


def date(moment: datetime) -> bytes:
    """Return the characters of a date (7.9.4) in the zone of ``moment``, which is aware."""
    zone = moment.strftime("%z")
    return moment.strftime("D:%Y%m%d%H%M%S").encode() + f"{zone[:3]}'{zone[3:5]}'".encode()


def written(
    value: Value,
    *,
    number_of: Callable[[Reference], bytes] | None = None,
    encrypt: EncryptText | None = None,
    changed: Callable[[Array | Dictionary], tuple[Mapping[str, bytes], list[bytes]] | None] | None = None,
) -> bytes:
    """Write a value that was read, without its own bytes: for what moves into another object or file.

    ``number_of`` writes its references, ``encrypt`` its strings. ``changed`` answers for a container the
    entries to set, or the items to append. Containers nest no deeper than the reader allows.
    """

    def one(value: Value) -> bytes:
        match value:
            case bool():
                return b"true" if value else b"false"
            case None:
                return b"null"
            case Name():
                return name(value)
            case Reference():
                return number_of(value) if number_of else reference(*value)
            case Text():
                return string(value.value, encrypt)
            case Stream():
                return one(value.dictionary)
            case Dictionary():
                edits = changed(value) if changed else None
                entries = {key: one(inner) for key, inner in value.items() if not (edits and key in edits[0])}
                return dictionary({**entries, **(edits[0] if edits else {})})
            case Array():
                edits = changed(value) if changed else None
                return array(*map(one, value.items), *(edits[1] if edits else ()))
            case int():
                return b"%d" % value
            case _:
                return f"{value:.10f}".rstrip("0").encode() + (b"0" if not value % 1 else b"")

    return one(value)
