"""Reads and writes PDF objects, just enough to forge with: the files it reads are good ones.

Not the reader of docsign, on purpose: the attacks must not share its view of a file. It believes what it
reads and fails with whatever exception comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Value = Any
"""None, bool, int, float, Name, bytes (a string), Hex, Ref, list, dict (keys without slash), Stream, Raw."""


class Name(str):
    """A name, without its slash."""

    __slots__ = ()


class Hex(bytes):
    """A string that is written in hexadecimal."""

    __slots__ = ()


class Raw(bytes):
    """Bytes that are written as they stand."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an object."""

    number: int
    generation: int = 0


@dataclass(slots=True)
class Stream:
    """A stream: its dictionary and its data as they lie in the file."""

    entries: dict[str, Value]
    data: bytes


_SPACE = re.compile(rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*)*")
_TOKEN = re.compile(rb"<<|>>|[\[\]]|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*|[^\x00\t\n\x0c\r ()<>\[\]{}/%]+")
_REF = re.compile(rb"(\d+)[\x00\t\n\x0c\r ]+(\d+)[\x00\t\n\x0c\r ]+R(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_WORDS: dict[bytes, Value] = {b"true": True, b"false": False, b"null": None}
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def skip(data: bytes, place: int) -> int:
    """Return where the next token begins."""
    match = _SPACE.match(data, place)
    assert match
    return match.end()


def read_value(data: bytes, place: int) -> tuple[Value, int]:
    """Read one value; return it and where it ends."""
    place = skip(data, place)
    if data[place : place + 1] == b"(":
        return _read_string(data, place)
    if data[place : place + 1] == b"<" and data[place + 1 : place + 2] != b"<":
        end = data.index(b">", place)
        digits = re.sub(rb"\s", b"", data[place + 1 : end])
        return Hex(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())), end + 1
    reference = _REF.match(data, place)
    if reference:
        return Ref(int(reference[1]), int(reference[2])), reference.end()
    token = _TOKEN.match(data, place)
    assert token, f"nothing at {place}"
    word, end = token[0], token.end()
    if word == b"<<":
        return _read_dictionary(data, end)
    if word == b"[":
        return _read_array(data, end)
    if word.startswith(b"/"):
        return Name(
            re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), word[1:]).decode("latin-1")
        ), end
    if word in _WORDS:
        return _WORDS[word], end
    return (float(word) if b"." in word else int(word)), end


def _read_array(data: bytes, place: int) -> tuple[list[Value], int]:
    found = []
    while data[(place := skip(data, place)) : place + 1] != b"]":
        value, place = read_value(data, place)
        found.append(value)
    return found, place + 1


def _read_dictionary(data: bytes, place: int) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    while data[(place := skip(data, place)) : place + 2] != b">>":
        key, place = read_value(data, place)
        found[str(key)], place = read_value(data, place)
    return found, place + 2


def _read_string(data: bytes, place: int) -> tuple[bytes, int]:
    depth, place, out = 1, place + 1, bytearray()
    while True:
        byte = data[place : place + 1]
        place += 1
        if byte == b"\\":
            octal = re.compile(rb"[0-7]{1,3}").match(data, place)
            if octal:
                out.append(int(octal[0], 8) & 255)
                place = octal.end()
                continue
            byte = data[place : place + 1]
            place += 1
            if byte == b"\r" and data[place : place + 1] == b"\n":
                place += 1
            out += b"" if byte in (b"\r", b"\n") else _ESCAPES.get(byte, byte)
            continue
        depth += (byte == b"(") - (byte == b")")
        if not depth:
            return bytes(out), place
        out += byte


def write_value(value: Value) -> bytes:
    """Write one value."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Name):
        return b"/" + re.sub(
            rb"[^!-~]|[#()<>\[\]{}/%]", lambda m: b"#%02X" % m[0][0], value.encode("latin-1")
        )
    if isinstance(value, Hex):
        return b"<" + value.hex().upper().encode() + b">"
    if isinstance(value, bytes):
        return b"(" + re.sub(rb"[\\()\r]", lambda m: b"\\" + m[0].replace(b"\r", b"r"), value) + b")"
    if isinstance(value, Ref):
        return b"%d %d R" % value
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int | float):
        return str(value).encode()
    if isinstance(value, Stream):
        head = write_value(value.entries | {"Length": len(value.data)})
        return head + b"\nstream\n" + value.data + b"\nendstream"
    if isinstance(value, Mapping):
        return (
            b"<<"
            + b"".join(write_value(Name(key)) + b" " + write_value(one) for key, one in value.items())
            + b">>"
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return b"[" + b" ".join(map(write_value, value)) + b"]"
    raise TypeError(f"{value!r} is no PDF value")
