"""The values a PDF is made of (ISO 32000-2 7.3), as they stand in the file.

null, booleans, integers and reals are Python's own ``None``, ``bool``, ``int`` and ``float``. Every other
value knows its place: ``start`` and ``end`` count bytes in ``home.source``, which is the file itself or, for
an object packed in an object stream, that stream decoded. Nothing here resolves a reference: that is the
business of ``docsign.pdf.reading.view``.

Equality of containers and strings is identity; ``same_value`` compares what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator
from dataclasses import field
from typing import NamedTuple, TypeAlias

from docsign.pdf.reading.pdfdoc import decode_text
from docsign.values import dataclass

Decrypt: TypeAlias = Callable[[bytes], bytes | None]
"""Decrypts one string; None where the bytes are damaged."""


KEPT = 16
"""How many comments and how many doubled keys of one object are remembered."""


class Name(str):
    """A name without its slash, ``#xx`` already decoded; a character stands for a byte (Latin-1)."""

    __slots__ = ()


class Reference(NamedTuple):
    """An indirect reference: ``12 0 R``."""

    number: int
    generation: int


@dataclass(slots=True, eq=False)
class Text:
    """A string, literal or hexadecimal; ``raw`` are its bytes, unescaped but perhaps encrypted.

    ``start`` and ``end`` include the delimiters. ``decrypt`` is None where nothing is encrypted, as in the
    /Contents of a signature (ISO 32000-2 7.6.2).
    """

    raw: bytes
    start: int
    end: int
    is_hex: bool
    decrypt: Decrypt | None = field(default=None, repr=False)

    @property
    def value(self) -> bytes:
        """The bytes, decrypted; those of a string that cannot be decrypted are returned as they are."""
        if self.decrypt is None:
            return self.raw
        plain = self.decrypt(self.raw)
        return self.raw if plain is None else plain

    @property
    def text(self) -> str:
        """The text of a text string: UTF-16, UTF-8 or PDFDocEncoding (7.9.2.2); never raises."""
        return decode_text(self.value)


@dataclass(slots=True, eq=False)
class Array:
    """An array; its items may be references."""

    items: list[Value]
    start: int
    end: int
    home: IndirectObject = field(repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Value:
        return self.items[index]


@dataclass(slots=True, eq=False)
class Dictionary:
    """A dictionary; its values may be references. Keys have no slash.

    Of a key written more than once the last value is in ``entries``; ``home.duplicates`` knows of it, and so
    do the remarks of the file, for two readers may then see two documents.
    """

    entries: dict[str, Value]
    start: int
    end: int
    home: IndirectObject = field(repr=False)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __getitem__(self, key: str) -> Value:
        return self.entries[key]

    def get(self, key: str) -> Value:
        """Return the value as it stands, unresolved; None where the key is absent or null (7.3.7)."""
        return self.entries.get(key)

    def items(self) -> ItemsView[str, Value]:
        """Return keys and unresolved values in the order of the file."""
        return self.entries.items()


@dataclass(slots=True, eq=False)
class Stream:
    """A stream: its dictionary and the place of its bytes, encoded and perhaps encrypted as they stand.

    ``data_start`` and ``data_end`` bound the bytes between the keywords ``stream`` and ``endstream``.
    """

    dictionary: Dictionary
    data_start: int
    data_end: int
    home: IndirectObject = field(repr=False)

    @property
    def start(self) -> int:
        """Where its dictionary begins."""
        return self.dictionary.start

    @property
    def size(self) -> int:
        """How many bytes stand in the file."""
        return self.data_end - self.data_start

    @property
    def raw(self) -> bytes:
        """The bytes as they stand in the file."""
        return self.home.source[self.data_start : self.data_end]

    def get(self, key: str) -> Value:
        """Return a value of the stream's dictionary, unresolved."""
        return self.dictionary.entries.get(key)


@dataclass(slots=True, eq=False)
class IndirectObject:
    """One version of an indirect object (7.3.10), or a trailer dictionary (``number`` 0).

    ``start`` and ``end`` bound ``N G obj … endobj`` in ``source``; of a packed object (7.5.7) they bound the
    value in the decoded object stream ``packed_in``. ``revision`` is the index of the revision whose
    cross-reference names it. ``comments`` are the offsets of comments inside, ``duplicates`` the offsets of
    dictionaries with a key written twice and that key; of both the first ``KEPT``. ``is_ambiguous``
    where such a key has two values.
    """

    number: int
    generation: int
    revision: int
    source: bytes = field(repr=False)
    start: int
    end: int
    packed_in: int | None = None
    value: Value = field(default=None, repr=False)
    comments: tuple[int, ...] = ()
    duplicates: tuple[tuple[int, str], ...] = ()
    is_ambiguous: bool = False

    def note_comment(self, offset: int) -> None:
        """Keep the offset of a comment, of the first few."""
        if len(self.comments) < KEPT:
            self.comments = (*self.comments, offset)

    def note_duplicate(self, offset: int, key: str, one: Value, other: Value) -> None:
        """Keep that the dictionary at ``offset`` has this key twice, of the first few, and its two values."""
        self.is_ambiguous = self.is_ambiguous or not same_value(one, other)
        if len(self.duplicates) < KEPT:
            self.duplicates = (*self.duplicates, (offset, str(key)))

    @property
    def reference(self) -> Reference:
        """The reference that leads here."""
        return Reference(self.number, self.generation)

    @property
    def raw(self) -> bytes:
        """The bytes as they stand, without what surrounds the object."""
        return self.source[self.start : self.end]

    @property
    def where(self) -> str:
        """How a finding names it."""
        return f"object {self.number}" if self.number else "trailer"


Value: TypeAlias = bool | int | float | Name | Text | Reference | Array | Dictionary | Stream | None
Holder: TypeAlias = Array | Dictionary | Stream


def children(value: Value) -> list[Value]:
    """Return what stands directly inside a value, unresolved; nothing for a simple one."""
    if isinstance(value, Dictionary):
        return list(value.entries.values())
    if isinstance(value, Array):
        return value.items
    if isinstance(value, Stream):
        return list(value.dictionary.entries.values())
    return []


def references(value: Value) -> Iterator[Reference]:
    """Yield every reference inside a value, in no particular order, following none."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Reference):
            yield one
        else:
            waiting += children(one)


def same_value(one: Value, other: Value) -> bool:
    """Tell whether two values say the same, wherever they stand; references are compared, not followed.

    Of streams the encoded bytes are compared. ``1`` and ``1.0`` are different, and so is the order of an
    array but not that of a dictionary.
    """
    waiting: list[tuple[Value, Value]] = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if left is right:
            continue
        if type(left) is not type(right):
            return False
        if isinstance(left, Dictionary) and isinstance(right, Dictionary):
            if left.entries.keys() != right.entries.keys():
                return False
            waiting += ((value, right.entries[key]) for key, value in left.entries.items())
        elif isinstance(left, Array) and isinstance(right, Array):
            if len(left.items) != len(right.items):
                return False
            waiting += zip(left.items, right.items, strict=True)
        elif isinstance(left, Stream) and isinstance(right, Stream):
            if left.raw != right.raw:
                return False
            waiting.append((left.dictionary, right.dictionary))
        elif isinstance(left, Text) and isinstance(right, Text):
            if left.value != right.value:
                return False
        elif left != right:
            return False
    return True
