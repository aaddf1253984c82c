"""Rewrites BER as DER: indefinite and long-winded lengths, octet strings in parts (X.690 8.1.3, 8.7).

CMS outside PDF may be BER but for its signed attributes (RFC 5652 2). One pass, no recursion, memory in
proportion to the input; values are neither sorted nor understood.
"""

from __future__ import annotations

from docsign.ades import der
from docsign.values import dataclass

MOST_VALUES = 400_000
"""More values than this are not rewritten."""
MOST_LEVELS = 64

_CONSTRUCTED = 0x20
_PARTED = der.OCTET_STRING | _CONSTRUCTED


@dataclass(slots=True)
class _Open:
    """A constructed value that is being rewritten; ``header`` is where its own header goes in the pieces."""

    tag: int
    end: int | None
    limit: int
    header: int
    size: int = 0


def definite(data: bytes) -> bytes:
    """Return the one BER value of ``data`` with DER's lengths and whole octet strings, and what follows it.

    Raises CmsError for what is not BER.
    """
    view = memoryview(data)
    pieces: list[bytes | memoryview] = []
    stack: list[_Open] = []
    position = count = 0
    while True:
        while stack and stack[-1].end == position:
            _close(stack, pieces)
        if not stack and count:
            break
        if stack and stack[-1].end is None and data[position : min(position + 2, stack[-1].limit)] == b"\0\0":
            position += 2
            _close(stack, pieces)
            continue
        limit = stack[-1].limit if stack else len(data)
        tag, body, end = _header(data, position, limit)
        count += 1
        if count > MOST_VALUES or len(stack) > MOST_LEVELS:
            raise der.broken(position)
        in_parts = bool(stack) and stack[-1].tag == _PARTED
        if in_parts and tag not in (der.OCTET_STRING, _PARTED):
            raise der.broken(position)
        if tag & _CONSTRUCTED:
            stack.append(_Open(tag, end, limit if end is None else end, len(pieces)))
            pieces.append(b"")
            position = body
            continue
        if end is None:
            raise der.broken(position)
        header = b"" if in_parts else _encoded(tag, end - body)
        pieces += (header, view[body:end])
        size = len(header) + end - body
        if stack:
            stack[-1].size += size
        position = end
    return b"".join((*pieces, view[position:]))


def _close(stack: list[_Open], pieces: list[bytes | memoryview]) -> None:
    """Write the header of the innermost open value, now that its size is known."""
    done = stack.pop()
    inside_parts = bool(stack) and stack[-1].tag == _PARTED
    header = b""
    if not (done.tag == _PARTED and inside_parts):
        tag = der.OCTET_STRING if done.tag == _PARTED else done.tag
        header = _encoded(tag, done.size)
    pieces[done.header] = header
    if stack:
        stack[-1].size += len(header) + done.size


def _encoded(tag: int, size: int) -> bytes:
    if size < 0x80:
        return bytes((tag, size))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def _header(data: bytes, position: int, limit: int) -> tuple[int, int, int | None]:
    """Return tag, where the content begins and where it ends (None: at the end-of-contents octets)."""
    if position + 2 > limit:
        raise der.broken(position)
    tag, first = data[position], data[position + 1]
    body = position + 2
    if tag & 0x1F == 0x1F or tag == 0 or first == 0xFF:
        raise der.broken(position)
    if first == 0x80:
        if not tag & _CONSTRUCTED:
            raise der.broken(position)
        return tag, body, None
    size = first
    if first & 0x80:
        octets = data[body : body + (first & 0x7F)]
        body += first & 0x7F
        if body > limit or len(octets) > 126:
            raise der.broken(position)
        size = int.from_bytes(octets, "big")
    if body + size > limit:
        raise der.broken(position)
    return tag, body, body + size
