"""Parses one value from bytes (ISO 32000-2 7.2, 7.3): one regular expression, one loop, no recursion.

Strict: what is no value is PdfError with its offset, nothing is guessed or skipped. Parsing never reaches
past ``end``, so that bytes claimed by several objects are never parsed more than once for each of them.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work, exceeded
from docsign.pdf.reading.values import Array, Dictionary, IndirectObject, Name, Reference, Text, Value
from docsign.sentence import say

Decrypt = Callable[[bytes], bytes]

SPACE = b"\0\t\n\f\r "
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"  # ISO 32000-2 7.2.3
_TOKEN = re.compile(
    rb"[\0\t\n\f\r ]*+(?:"
    rb"/(" + _REGULAR + rb"*+)"
    rb"|(\d{1,10}+)[\0\t\n\f\r ]++(\d{1,5}+)[\0\t\n\f\r ]++R(?!" + _REGULAR + rb")"
    rb"|([+-]?\d{1,19}+)(?!" + _REGULAR + rb")"
    rb"|(<<)|(>>)|(\[)|(\])"
    rb"|\(([^()\\\r]*+)\)"
    rb"|<([0-9A-Fa-f]*+)>"
    rb"|([+-]?(?:\d{1,64}+\.\d{0,64}+|\.\d{1,64}+))(?!" + _REGULAR + rb")"
    rb"|(true|false|null)(?!" + _REGULAR + rb")"
    rb"|\(((?:[^()\\]++|\\.)*+)\)"
    rb"|(\()"
    rb"|<([0-9A-Fa-f\0\t\n\f\r ]*+)>"
    rb"|(%)[^\r\n]*+"
    rb"|\Z"
    rb")",
    re.DOTALL,
)
# the groups of _TOKEN; a reference ends with its third
_NAME, _REFERENCE, _INTEGER, _OPEN_DICT, _CLOSE_DICT, _OPEN_ARRAY, _CLOSE_ARRAY = 1, 3, 4, 5, 6, 7, 8
_PLAIN_STRING, _PLAIN_HEX, _REAL, _WORD, _ESCAPED_STRING, _OPEN_STRING, _SPACED_HEX, _COMMENT = range(9, 17)

_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEX_IN_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")


def parse_value(
    source: bytes,
    position: int,
    end: int,
    *,
    home: IndirectObject,
    work: Work,
    decrypt: Decrypt | None = None,
) -> tuple[Value, int]:
    """Parse the value at ``position``; return it and where it ends.

    Containers get ``home``, comments met inside go to ``home.comments``, strings pass through ``decrypt``.
    Raises PdfError for anything that is no value, PdfBudgetError past the limits of ``work``.
    """
    stack: list[tuple[list[Value], int, bool]] = []  # what was open outside, where this container began, kind
    items: list[Value] = []
    names = work.names
    depth_limit = work.budget.depth
    allowed = work.budget.tokens - work.tokens
    match_token = _TOKEN.match
    value: Value
    for spent in range(allowed):
        match = match_token(source, position, end)
        if match is None:
            raise _unexpected(source, position, end)
        position = match.end()
        kind = match.lastindex
        if kind == _NAME:
            raw = match[1]
            value = names.get(raw)
            if value is None:
                value = names[raw] = make_name(raw)
        elif kind == _REFERENCE:
            value = Reference(int(match[2]), int(match[3]))
        elif kind == _INTEGER:
            value = int(match[4])
        elif kind in (_OPEN_DICT, _OPEN_ARRAY):
            if len(stack) >= depth_limit:
                raise exceeded("depth", depth_limit, home.where)
            stack.append((items, match.start(kind), kind == _OPEN_DICT))
            items = []
            continue
        elif kind in (_CLOSE_DICT, _CLOSE_ARRAY):
            if not stack or stack[-1][2] is not (kind == _CLOSE_DICT):
                raise _unexpected(source, match.start(kind), end)
            inside = items
            items, start, is_dictionary = stack.pop()
            if is_dictionary:
                value = _dictionary(inside, start, position, home, decrypt)
            else:
                value = Array(inside, start, position, home)
        elif kind == _REAL:
            value = float(match[_REAL])
        elif kind == _WORD:
            value = _WORDS[match[_WORD]]
        elif kind == _COMMENT:
            home.comments.append(match.start(_COMMENT))
            continue
        elif kind is None:
            raise PdfError(say("The value is not complete."), where=f"{home.where}, byte {position}")
        else:
            value, position = _string(match, kind, source, end, decrypt, home)
        if not stack:
            work.spend_tokens(spent + 1)
            return value, position
        items.append(value)
    raise exceeded("tokens", work.budget.tokens, home.where)


def make_name(raw: bytes) -> Name:
    """Return the name of the bytes after the slash, ``#xx`` decoded (7.3.5)."""
    if b"#" in raw:
        raw = _HEX_IN_NAME.sub(lambda found: unhexlify(found[1]), raw)
    return Name(raw.decode("latin-1"))


def skip_space(source: bytes, position: int, end: int) -> int:
    """Return the first byte at or after ``position`` that is no white space."""
    found = _SPACES.match(source, position, end)
    return found.end() if found else position


_SPACES = re.compile(rb"[\0\t\n\f\r ]*+")


def _dictionary(
    inside: list[Value], start: int, end: int, home: IndirectObject, decrypt: Decrypt | None
) -> Dictionary:
    """Pair keys and values (7.3.7)."""
    keys = inside[::2]
    entries: dict[str, Value] = dict(zip(keys, inside[1::2]))  # type: ignore[arg-type] # noqa: B905 -- checked below
    if len(inside) % 2 or not all(type(key) is Name for key in keys):
        raise PdfError(
            say("A dictionary does not consist of names and values in pairs."),
            where=f"{home.where}, byte {start}",
        )
    duplicates: tuple[str, ...] = ()
    if len(entries) != len(keys):
        seen: set[str] = set()
        duplicates = tuple(str(key) for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value, arg-type]
        home.duplicates += ((start, key) for key in duplicates)
    if decrypt is not None and "ByteRange" in entries:
        contents = entries.get("Contents")
        if isinstance(contents, Text):
            contents.value = contents.raw  # ISO 32000-2 7.6.2: never encrypted
    return Dictionary(entries, start, end, home, duplicates)


def _string(
    match: re.Match[bytes],
    kind: int,
    source: bytes,
    end: int,
    decrypt: Decrypt | None,
    home: IndirectObject,
) -> tuple[Text, int]:
    """Make the string of a token (7.3.4)."""
    position = match.end()
    if kind == _PLAIN_STRING:
        start, raw = match.start(kind) - 1, match[kind]
    elif kind == _PLAIN_HEX:
        start, raw = match.start(kind) - 1, _unhex(match[kind])
    elif kind == _SPACED_HEX:
        start, raw = match.start(kind) - 1, _unhex(match[kind].translate(None, SPACE))
    elif kind == _ESCAPED_STRING:
        start, raw = match.start(kind) - 1, _unescape(match[kind])
    else:
        start = match.start(kind)
        position = _closing(source, start, end, home)
        raw = _unescape(source[start + 1 : position - 1])
    value = raw if decrypt is None else decrypt(raw)
    is_hex = kind in (_PLAIN_HEX, _SPACED_HEX)
    return Text(value, start, position, is_hex, raw), position


def _closing(source: bytes, start: int, end: int, home: IndirectObject) -> int:
    """Return the end of a literal string with parentheses inside (7.3.4.2)."""
    open_ones = 0
    for found in _PARENTHESIS.finditer(source, start, end):
        sign = found[0]
        if sign == b"(":
            open_ones += 1
        elif sign == b")":
            open_ones -= 1
            if not open_ones:
                return found.end()
    raise PdfError(say("A string does not end."), where=f"{home.where}, byte {start}")


def _unhex(digits: bytes) -> bytes:
    """Decode hex digits; a missing last one is 0 (7.3.4.3)."""
    return unhexlify(digits if len(digits) % 2 == 0 else digits + b"0")


def _unescape(raw: bytes) -> bytes:
    """Decode escapes and line ends of a literal string (7.3.4.2)."""
    if b"\\" not in raw and b"\r" not in raw:
        return raw
    return _ESCAPE.sub(_unescaped, raw)


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped: bytes | None = found[1]
    if escaped is None:
        return b"\n"
    if escaped[0] in b"01234567":
        return bytes((int(escaped, 8) & 0xFF,))
    if escaped in (b"\n", b"\r", b"\r\n"):
        return b""
    return _ESCAPED.get(escaped, escaped)


def _unexpected(source: bytes, position: int, end: int) -> PdfError:
    position = skip_space(source, position, end)
    seen = source[position : min(end, position + 20)].decode("latin-1")
    return PdfError(say("A value was expected here, not {seen}.", seen=repr(seen)), where=f"byte {position}")
