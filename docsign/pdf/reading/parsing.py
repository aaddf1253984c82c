"""Parses one value from bytes (ISO 32000-2 7.2, 7.3): one regular expression, one loop, no recursion.

Strict: what is no value is PdfError with its offset, nothing is guessed or skipped. Parsing never reaches
past ``end``, so that bytes claimed by several objects are never parsed more than once for each of them.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable
from typing import TypeAlias

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work, exceeded
from docsign.pdf.reading.values import (
    Array,
    Decrypt,
    Dictionary,
    IndirectObject,
    Name,
    Reference,
    Text,
    Value,
)
from docsign.sentence import say

SPACE = b"\0\t\n\f\r "
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"  # ISO 32000-2 7.2.3
_SKIP = rb"[\0\t\n\f\r ]*+"
# ``|(?!)`` ends each possessive group: Python before 3.11.5 keeps what a failing turn has read without it.
# What a value may begin with. Group 1 belongs to the two expressions below.
_VALUES = (
    rb"/(" + _REGULAR + rb"*+)"
    rb"|(\d{1,10}+)[\0\t\n\f\r ]++(\d{1,5}+)[\0\t\n\f\r ]++R(?!" + _REGULAR + rb")"
    rb"|([+-]?\d{1,19}+)(?!" + _REGULAR + rb")"
    rb"|(<<)|\[([-+.\dR\t\n\f\r ]*+)\]|(\[)"
    rb"|\(([^()\\\r]*+)\)"
    rb"|(<)"
    rb"|([+-]?(?:\d{1,64}+\.\d{0,64}+|\.\d{1,64}+))(?!" + _REGULAR + rb")"
    rb"|(true|false|null)(?!" + _REGULAR + rb")"
    rb"|\(((?:[^()\\]++|\\.|(?!))*+)\)"
    rb"|(\()"
    rb"|(%)[^\r\n]*+"
)
# Inside an array, or at the top: a value, or "]" (group 1).
_ITEM = re.compile(_SKIP + rb"(?:(\])|" + _VALUES + rb")", re.DOTALL)
# Inside a dictionary: a key (group 1) with its value, or a comment, or ">>".
_PAIR = re.compile(
    _SKIP + rb"(?:/(" + _REGULAR + rb"*+)" + _SKIP + rb"(?:" + _VALUES + rb")|(%)[^\r\n]*+|(>>))", re.DOTALL
)
_CLOSE_ARRAY = _KEY = 1
_NAME, _REFERENCE, _INTEGER, _OPEN_DICT, _NUMBERS, _OPEN_ARRAY, _PLAIN_STRING, _HEX = 2, *range(4, 11)
_REAL, _WORD, _ESCAPED_STRING, _OPEN_STRING, _COMMENT, _LONE_COMMENT, _CLOSE_DICT = range(11, 18)

_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_SPACES = re.compile(_SKIP)
_REFERENCES = re.compile(
    rb"(?:" + _SKIP + rb"\d{1,10}+[\t\n\f\r ]++\d{1,5}+[\t\n\f\r ]++R(?!" + _REGULAR + rb")|(?!))*+" + _SKIP
)
_NUMBERS_OF = re.compile(rb"(\d++)[\t\n\f\r ]++(\d++)[\t\n\f\r ]++R")


# Where a container began, and what goes on when it closes: entries, items and key outside it. Of the open one
# ``entries`` (a dictionary) or ``items`` is not None; at the top both are None.
_Outside: TypeAlias = tuple[int, dict[str, Value] | None, list[Value] | None, Name]
_NOTHING: _Outside = (0, None, None, Name())


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

    Containers get ``home``, comments met inside go to ``home.comments``, strings get ``decrypt``.
    Raises PdfError for anything that is no value, PdfBudgetError past the limits of ``work``.
    """
    stack: list[_Outside] = []
    _, entries, items, key = _NOTHING
    names, match_item, match_pair = work.names, _ITEM.match, _PAIR.match
    value: Value
    for spent in range(work.budget.tokens - work.tokens):
        match = (match_item if entries is None else match_pair)(source, position, end)
        if match is None:
            raise _unexpected(source, position, end, home)
        position = match.end()
        kind = match.lastindex or 0
        if entries is not None and kind <= _COMMENT:
            key = names[match[_KEY]]
            if kind == _COMMENT:
                match, position = _past_comments(match, source, end, home)
                kind = match.lastindex or 0
        if kind == _NAME:
            value = names[match[_NAME]]
        elif kind == _REFERENCE:
            value = new_tuple(Reference, (int(match[3]), int(match[4])))
        elif kind == _INTEGER:
            value = int(match[_INTEGER])
        elif kind == _PLAIN_STRING:
            value = Text(match[kind], match.start(kind) - 1, position, False, decrypt)
        elif kind == _NUMBERS and (members := _members(match[_NUMBERS], work)) is not None:
            value = Array(members, match.start(kind) - 1, position, home)
        elif kind == _OPEN_DICT or kind == _OPEN_ARRAY or kind == _NUMBERS:  # noqa: SIM109 -- the fastest form
            if len(stack) >= work.budget.depth:
                raise exceeded(say("depth"), work.budget.depth, home.where)
            start = match.start(kind) - (kind == _NUMBERS)
            position = start + 1 if kind == _NUMBERS else position  # something in it is neither: one by one
            stack.append((start, entries, items, key))
            entries, items = ({}, None) if kind == _OPEN_DICT else (None, [])
            continue
        elif kind == _CLOSE_DICT:
            inside, (start, entries, items, key) = entries or {}, stack.pop()
            if decrypt is not None and "ByteRange" in inside:
                _leave_contents(inside)
            value = Dictionary(inside, start, position, home)
        elif kind == _CLOSE_ARRAY:
            array, (start, entries, items, key) = items, stack.pop() if stack else _NOTHING
            if array is None:
                raise _unexpected(source, match.start(kind), end, home)
            value = Array(array, start, position, home)
        elif kind == _COMMENT or kind == _LONE_COMMENT:  # noqa: SIM109
            home.note_comment(match.start(kind))
            continue
        elif kind == _REAL or kind == _WORD:  # noqa: SIM109
            value = float(match[_REAL]) if kind == _REAL else _WORDS[match[_WORD]]
        else:
            value, position = _string(match, kind, source, end, decrypt, home, work)
        if entries is not None:
            if key in entries:
                home.note_duplicate(stack[-1][0], key, entries[key], value)
            entries[key] = value
        elif items is not None:
            items.append(value)
        else:
            work.spend_tokens(spent + 1)
            return value, position
    raise exceeded(say("tokens"), work.budget.tokens, home.where)


def _members(text: bytes, work: Work) -> list[Value] | None:
    """Return what an array of references or of numbers alone holds; None where it holds something else."""
    if b"R" not in text:
        return _numbers(text, work)
    if _REFERENCES.fullmatch(text) is None:
        return None
    work.spend_tokens(text.count(b"R") + 1)
    return [new_tuple(Reference, (int(one), int(other))) for one, other in _NUMBERS_OF.findall(text)]


def _numbers(text: bytes, work: Work) -> list[Value] | None:
    """Return the numbers of an array that holds nothing else (7.3.3); None where one of them is none."""
    parts = text.split()
    work.spend_tokens(len(parts) + 1)
    try:
        if b"." not in text:
            return list(map(int, parts)) if len(text) < 20 or max(map(len, parts)) < 20 else None
        if max(map(len, parts)) > 19:
            return None
        return [float(part) if b"." in part else int(part) for part in parts]
    except ValueError:
        return None


new_tuple: Callable[[type[Reference], tuple[int, int]], Reference] = tuple.__new__  # skips NamedTuple's own


def _past_comments(
    match: re.Match[bytes], source: bytes, end: int, home: IndirectObject
) -> tuple[re.Match[bytes], int]:
    """Find the value that follows comments after a key."""
    found: re.Match[bytes] | None = match
    while found is not None and found.lastindex == _COMMENT:
        home.note_comment(found.start(_COMMENT))
        match = found
        found = _ITEM.match(source, found.end(), end)
    if found is None or found.lastindex == _KEY:
        raise _unexpected(source, match.end(), end, home)
    return found, found.end()


def _leave_contents(entries: dict[str, Value]) -> None:
    """ISO 32000-2 7.6.2: the /Contents of a signature is never encrypted."""
    contents = entries.get("Contents")
    if isinstance(contents, Text):
        contents.decrypt = None


def skip_space(source: bytes, position: int, end: int) -> int:
    """Return the first byte at or after ``position`` that is no white space."""
    found = _SPACES.match(source, position, end)
    return found.end() if found else position


def _string(
    match: re.Match[bytes],
    kind: int,
    source: bytes,
    end: int,
    decrypt: Decrypt | None,
    home: IndirectObject,
    work: Work,
) -> tuple[Text, int]:
    """Make the string of a token (7.3.4)."""
    position = match.end()
    if kind == _HEX:
        start, position = match.start(kind), source.find(b">", position, end) + 1  # much may stand between
        if not position:
            raise _unexpected(source, start, end, home)
        digits = source[start + 1 : position - 1]
        try:
            raw = _unhex(digits)
        except ValueError:
            try:
                raw = _unhex(digits.translate(None, SPACE))
            except ValueError:
                raise _unexpected(source, start, end, home) from None
    elif kind == _ESCAPED_STRING:
        start, raw = match.start(kind) - 1, _unescape(match[kind], work)
    else:
        start = match.start(_OPEN_STRING)
        position = _closing(source, start, end, home, work)
        raw = _unescape(source[start + 1 : position - 1], work)
    return Text(raw, start, position, kind == _HEX, decrypt), position


def _closing(source: bytes, start: int, end: int, home: IndirectObject, work: Work) -> int:
    """Return the end of a literal string with parentheses inside (7.3.4.2); each of them costs a token."""
    open_ones = spent = 0
    for found in _PARENTHESIS.finditer(source, start, end):
        spent += 1
        if spent & 0xFFF == 0:
            work.spend_tokens(0x1000)
        sign = found[0]
        if sign == b"(":
            open_ones += 1
        elif sign == b")":
            open_ones -= 1
            if not open_ones:
                work.spend_tokens(spent & 0xFFF)
                return found.end()
    work.spend_tokens(spent & 0xFFF)
    raise PdfError(say("A string does not end."), where=f"{home.where}, byte {start}")


def _unhex(digits: bytes) -> bytes:
    """Decode hex digits; a missing last one is 0 (7.3.4.3)."""
    return unhexlify(digits if len(digits) % 2 == 0 else digits + b"0")


def _unescape(raw: bytes, work: Work) -> bytes:
    """Decode escapes and line ends of a literal string (7.3.4.2); each of them costs a token."""
    count = raw.count(b"\\") + raw.count(b"\r")
    if not count:
        return raw
    work.spend_tokens(count)
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


def _unexpected(source: bytes, position: int, end: int, home: IndirectObject) -> PdfError:
    position = skip_space(source, position, end)
    where = f"{home.where}, byte {position}"
    if position >= end:
        return PdfError(say("The value is not complete."), where=where)
    seen = source[position : min(end, position + 20)].decode("latin-1")
    return PdfError(say("A value was expected here, not {seen}.", seen=repr(seen)), where=where)
