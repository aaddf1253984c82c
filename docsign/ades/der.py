"""Reads DER: one strict reader of tags and lengths, for every signature and time-stamp that is judged.

Refuses what DER forbids and a signature never needs (indefinite and over-long lengths, high tags, bytes left
over), never recurses, and copies nothing until asked. It knows no ASN.1 types beyond the few read here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from docsign.errors import CmsError
from docsign.sentence import say

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET, UTC_TIME, GENERALIZED_TIME = 0x30, 0x31, 0x17, 0x18

MOST_CHILDREN = 20_000
"""More values than this at one level are refused: a budget, not a rule of DER."""


def broken(offset: int) -> CmsError:
    """Return the error for bytes that are not DER."""
    return CmsError(say("The structure is not well-formed DER at byte {offset}.", offset=offset))


class Node(NamedTuple):
    """One value: its identifier byte and where it lies in ``data`` (start, start of the content, end)."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def raw(self) -> bytes:
        """The whole value, tag and length included."""
        return self.data[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The content alone."""
        return self.data[self.body : self.end]

    def children(self) -> Iterator[Node]:
        """Yield the values inside, one after another."""
        data, position, end, count = self.data, self.body, self.end, 0
        while position < end:
            child = read(data, position, end)
            count += 1
            if count > MOST_CHILDREN:
                raise broken(position)
            yield child
            position = child.end

    def members(self) -> list[Node]:
        """Return the values inside, all of them; raises CmsError where one is not well formed."""
        data, position, end = self.data, self.body, self.end
        found: list[Node] = []
        for _ in range(MOST_CHILDREN):
            if position >= end:
                return found
            # the usual case of ``read``: one octet of length
            after = position + 2
            if after <= end and (length := data[position + 1]) < 0x80:
                tag, stop = data[position], after + length
                if stop > end or tag in _REFUSED:
                    raise broken(position)
                child = _new(Node, (data, tag, position, after, stop))
            else:
                child = read(data, position, end)
                stop = child.end
            found.append(child)
            position = stop
        if position < end:
            raise broken(position)
        return found

    def expect(self, *tags: int) -> Node:
        """Return the node itself; raises CmsError where its tag is none of ``tags``."""
        if self.tag not in tags:
            raise broken(self.start)
        return self

    def sequence(self, tag: int = SEQUENCE) -> Fields:
        """Return the values inside a SEQUENCE (or what ``tag`` says), to be taken one by one."""
        if self.tag != tag:
            raise broken(self.start)
        return Fields(self)


_new: Callable[[type[Node], tuple[bytes, int, int, int, int]], Node] = tuple.__new__  # skips Node's own
_REFUSED = frozenset(tag for tag in range(256) if tag == 0 or tag & 0x1F == 0x1F)
"""The tag 0 and those of several bytes."""


class Fields:
    """The members of a SEQUENCE in order: ``take`` what must come, ``optional`` what may, then ``done``."""

    __slots__ = ("_node", "_rest")

    def __init__(self, node: Node) -> None:
        self._node = node
        self._rest = node.members()
        self._rest.reverse()  # the next one is the last

    def take(self, *tags: int) -> Node:
        """Return the next member; raises CmsError where it is missing or has another tag."""
        if not self._rest:
            raise broken(self._node.end)
        node = self._rest.pop()
        if tags and node.tag not in tags:
            raise broken(node.start)
        return node

    def optional(self, *tags: int) -> Node | None:
        """Return the next member where it has one of these tags, else None."""
        return self._rest.pop() if self._rest and self._rest[-1].tag in tags else None

    def done(self) -> None:
        """Raise CmsError where members are left."""
        if self._rest:
            raise broken(self._rest[-1].start)

    def remaining(self) -> list[Node]:
        """Return the members not taken yet."""
        rest, self._rest = self._rest[::-1], []
        return rest


def read(data: bytes, position: int, limit: int) -> Node:
    """Read the value at ``position``; it must end at ``limit`` or before. Raises CmsError."""
    if position + 2 > limit:
        raise broken(position)
    tag, length = data[position], data[position + 1]
    body = position + 2
    if tag in _REFUSED:
        raise broken(position)
    if length & 0x80:
        count = length & 0x7F
        octets = data[body : body + count]
        length = int.from_bytes(octets, "big")
        body += count
        if not 0 < count <= 8 or len(octets) < count or octets[0] == 0 or length < 0x80:
            raise broken(position)
    end = body + length
    if end > limit:
        raise broken(position)
    return _new(Node, (data, tag, position, body, end))


def parse(data: bytes, *, zero_padding: bool = False) -> Node:
    """Read exactly one value; after it nothing may come, or only zero bytes with ``zero_padding``."""
    node = read(data, 0, len(data))
    rest = data[node.end :]
    if rest and not (zero_padding and not rest.strip(b"\0")):
        raise CmsError(say("There are {count} bytes after the end of the structure.", count=len(rest)))
    return node


def encode(tag: int, content: bytes) -> bytes:
    """Write one DER value."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    if 0x100 <= size < 0x10000:  # most of what is written here
        return bytes((tag, 0x82, size >> 8, size & 0xFF)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def encode_oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(group))
    return encode(OID, bytes(octets))


def oid(node: Node) -> str:
    """Return an OBJECT IDENTIFIER in dotted form."""
    content = node.content
    if node.tag != OID or not content or content[-1] & 0x80 or len(content) > 64:
        raise broken(node.start)
    return _dotted(content)


@lru_cache(maxsize=256)
def _dotted(content: bytes) -> str:
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, [top, arcs[0] - 40 * top, *arcs[1:]]))


def integer(node: Node) -> int:
    """Return an INTEGER of at most 4 KB."""
    content = node.expect(INTEGER).content
    if not content or len(content) > 4096:
        raise broken(node.start)
    return int.from_bytes(content, "big", signed=True)


def moment(node: Node) -> datetime:
    """Return a UTCTime or GeneralizedTime as an aware datetime. Raises CmsError."""
    text = node.expect(UTC_TIME, GENERALIZED_TIME).content.decode("ascii", "replace")
    if node.tag == UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    zone = UTC
    digits = text
    if text.endswith("Z"):
        digits = text[:-1]
    elif len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit():  # BER only; seen in old signatures
        offset = timedelta(hours=int(text[-4:-2]), minutes=int(text[-2:]))
        if offset >= timedelta(days=1):
            raise broken(node.start)
        zone = timezone(offset if text[-5] == "+" else -offset)
        digits = text[:-5]
    else:
        raise broken(node.start)
    whole, _, fraction = digits.partition(".")
    if not whole.isdecimal() or not whole.isascii() or (fraction and not fraction.isdecimal()):
        raise broken(node.start)
    if len(whole) == 12:
        whole += "00"
    if len(whole) != 14:
        raise broken(node.start)
    try:
        year, rest = int(whole[:4]), [int(whole[place : place + 2]) for place in range(4, 14, 2)]
        micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
        return datetime(year, rest[0], rest[1], rest[2], rest[3], rest[4], micro, zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise broken(node.start) from error
