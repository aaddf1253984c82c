"""Reads one cross-reference section: a table with its trailer (ISO 32000-2 7.5.4, 7.5.5) or a stream (7.5.8).

An entry is a tuple of three integers: ``(FREE, next, generation)``, ``(IN_USE, offset, generation)`` or
``(PACKED, object stream, index)``. In-use entries with offset 0, which some producers write for objects they
never wrote, are free ones.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TypeAlias

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.filters import Filter, decode
from docsign.pdf.reading.indirect import HEADER, parse_indirect
from docsign.pdf.reading.parsing import parse_value, skip_space
from docsign.pdf.reading.values import Array, Dictionary, IndirectObject, Name, Stream, Value
from docsign.sentence import say
from docsign.values import dataclass

FREE, IN_USE, PACKED = 0, 1, 2
Entry: TypeAlias = tuple[int, int, int]

_XREF = re.compile(rb"xref[\0\t\n\f\r ]++")
_SUBSECTION = re.compile(rb"(\d{1,10}+)[ ]++(\d{1,10}+)[\t ]*+(?:\r\n|\n|\r)[\n\r ]*+")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: ?\r\n| ?\n| ?\r)")
# Many of them at once, each of 20 bytes as the standard has it.
AT_ONCE = 4096
_ENTRIES = re.compile(rb"(?:\d{10} \d{5} [nf](?: \n|\r\n)|(?!))*+")
_TRAILER = re.compile(rb"[\0\t\n\f\r ]*+trailer(?![^\0\t\n\f\r ()<>\[\]{}/%])")


@dataclass(slots=True, eq=False)
class Section:
    """One cross-reference section. ``trailer`` is the trailer dictionary or the stream's own.

    ``start`` is the keyword ``xref`` or the header of the stream's object, ``end`` lies after the trailer
    dictionary or after ``endobj``; ``trailer_start`` is the keyword ``trailer``. ``number`` is the stream's
    object. ``repeated`` are numbers with two entries here. ``hybrid`` is what /XRefStm leads to (7.5.8.4).
    """

    start: int
    end: int
    trailer: Dictionary
    entries: dict[int, Entry]
    repeated: tuple[int, ...] = ()
    trailer_start: int | None = None
    number: int | None = None
    hybrid: Section | None = None
    stream: IndirectObject | None = field(default=None, repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether it is a cross-reference stream."""
        return self.number is not None


def read_section(data: bytes, offset: int, *, work: Work) -> Section:
    """Read the section at ``offset`` exactly. Raises PdfError naming ``cross-reference at byte N``."""
    where = f"cross-reference at byte {offset}"
    if not 0 < offset < len(data):
        raise PdfError(say("There is no cross-reference section here."), where=where)
    work.spend_section()
    position = skip_space(data, offset, min(offset + 16, len(data)))
    try:
        if data.startswith(b"xref", position):
            section = _read_table(data, position, work)
        elif HEADER.match(data, position):
            section = _read_stream(data, position, work)
        else:
            raise PdfError(say("There is no cross-reference section here."))
    except PdfError as error:
        inner = f", {error.where}" if error.where else ""
        raise type(error)(error.sentence, where=where + inner) from error
    work.spend_scanned(section.end - offset, len(data))
    return section


# --- tables -------------------------------------------------------------------------------------------------


def _read_table(data: bytes, start: int, work: Work) -> Section:
    """ISO 32000-2 7.5.4."""
    opening = _XREF.match(data, start)
    if opening is None:
        raise PdfError(say("The cross-reference table is malformed."))
    position = opening.end()
    entries: dict[int, Entry] = {}
    repeated: list[int] = []
    while subsection := _SUBSECTION.match(data, position):
        first, count = int(subsection[1]), int(subsection[2])
        work.spend_entries(count + 1)
        position = subsection.end()
        if first + count > 1 << 31 or count * 18 > len(data) - position:
            raise PdfError(say("The cross-reference table is malformed."), where=f"byte {position}")
        if first == 1 and not entries and _means_zero(data, position):
            first = 0
        position = _read_entries(data, position, first, count, entries, repeated)
    keyword = _TRAILER.match(data, position)
    if keyword is None:
        raise PdfError(say("The cross-reference table is malformed."), where=f"byte {position}")
    home = IndirectObject(0, 0, 0, data, keyword.start(), len(data))
    trailer, end = parse_value(data, keyword.end(), len(data), home=home, work=work)
    if not isinstance(trailer, Dictionary):
        raise PdfError(say("The trailer is no dictionary."), where=f"byte {keyword.end()}")
    home.value, home.end = trailer, end
    return Section(
        start, end, trailer, entries, tuple(repeated), trailer_start=skip_space(data, keyword.start(), end)
    )


def _means_zero(data: bytes, position: int) -> bool:
    """Say whether a table beginning at 1 lists object 0 first, as careless writers have it.

    The head of the free list comes first, and the second entry leads to object 1.
    """
    head = _ENTRY.match(data, position)
    if head is None or head[0][:18] != b"0000000000 65535 f":
        return False
    second = _ENTRY.match(data, head.end())
    found = HEADER.match(data, int(second[1])) if second is not None and second[3] == b"n" else None
    return found is not None and int(found[1]) == 1


def _read_entries(
    data: bytes, position: int, first: int, count: int, entries: dict[int, Entry], repeated: list[int]
) -> int:
    """Read one subsection into ``entries``; return where it ends."""
    for begin in range(first, first + count, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, first + count))
        words, position = _entry_words(data, position, len(numbers))
        offsets, generations = map(int, words[::3]), map(int, words[1::3])
        for number, offset, generation, kind in zip(numbers, offsets, generations, words[2::3], strict=True):
            entry = (IN_USE if kind == b"n" and offset else FREE, offset, generation)
            if entries.setdefault(number, entry) != entry:
                repeated.append(number)
                entries[number] = entry
    return position


def _entry_words(data: bytes, position: int, count: int) -> tuple[list[bytes], int]:
    """Return the words of so many entries, three for each, and where they end."""
    regular = _ENTRIES.match(data, position, position + 20 * count)
    end = regular.end() if regular else position
    words = data[position:end].split()
    while len(words) < 3 * count:  # from here on with other line ends
        found = _ENTRY.match(data, end)
        if found is None:
            raise PdfError(say("The cross-reference table is malformed."), where=f"byte {end}")
        words += found.groups()
        end = found.end()
    return words, end


# --- streams ------------------------------------------------------------------------------------------------


def _read_stream(data: bytes, start: int, work: Work) -> Section:
    """ISO 32000-2 7.5.8; its own strings and bytes are never encrypted (7.5.8.2)."""
    home = parse_indirect(data, start, len(data), revision=0, work=work)
    stream = home.value
    if not isinstance(stream, Stream) or stream.get("Type") != "XRef":
        raise PdfError(say("There is no cross-reference section here."), where=home.where)
    widths = _integers(stream.get("W"))
    size = stream.get("Size")
    if len(widths) != 3 or not all(0 <= width <= 8 for width in widths) or not sum(widths):
        raise PdfError(say("The cross-reference stream is malformed."), where=f"{home.where} /W")
    if type(size) is not int or size < 0:
        raise PdfError(say("The cross-reference stream is malformed."), where=f"{home.where} /Size")
    index = [0, size] if stream.get("Index") is None else _integers(stream.get("Index"))
    if not index or len(index) % 2 or min(index) < 0:
        raise PdfError(say("The cross-reference stream is malformed."), where=f"{home.where} /Index")
    decoded = decode(stream.raw, xref_filters(stream.dictionary), work)
    if decoded.left:
        raise PdfError(say("The cross-reference stream is malformed."), where=f"{home.where} /Filter")
    entries, repeated = _unpack(decoded.data, widths, index, work, home)
    return Section(
        start, home.end, stream.dictionary, entries, tuple(repeated), number=home.number, stream=home
    )


def _unpack(
    packed: bytes, widths: list[int], index: list[int], work: Work, home: IndirectObject
) -> tuple[dict[int, Entry], list[int]]:
    """Unpack the entries (7.5.8.3)."""
    first_width, second_width, _ = widths
    middle = first_width + second_width
    row = sum(widths)
    entries: dict[int, Entry] = {}
    repeated: list[int] = []
    position = 0
    number_of = int.from_bytes
    for first, count in zip(index[::2], index[1::2], strict=True):
        work.spend_entries(count + 1)
        if first + count > 1 << 31 or position + count * row > len(packed):
            raise PdfError(say("The cross-reference stream is malformed."), where=f"{home.where} /Index")
        for number in range(first, first + count):
            kind = number_of(packed[position : position + first_width], "big") if first_width else IN_USE
            second = number_of(packed[position + first_width : position + middle], "big")
            third = number_of(packed[position + middle : position + row], "big")
            position += row
            if kind > PACKED:  # 7.5.8.3: any other type is a reference to null
                kind = FREE
            if kind == IN_USE and not second:
                kind = FREE
            if number in entries and entries[number] != (kind, second, third):
                repeated.append(number)
            entries[number] = (kind, second, third)
    return entries, repeated


def xref_filters(dictionary: Dictionary) -> list[Filter]:
    """Return the filters of a stream all of whose values are direct, as a cross-reference stream's are."""
    names = dictionary.get("Filter")
    parameters = dictionary.get("DecodeParms")
    listed = [] if names is None else names.items if isinstance(names, Array) else [names]
    if len(listed) > MAX_FILTERS:
        raise PdfError(say("The stream's filter is malformed."), where=f"{dictionary.home.where} /Filter")
    beside = parameters.items if isinstance(parameters, Array) else [parameters]
    return [
        make_filter(name, beside[place] if place < len(beside) else None, dictionary.home)
        for place, name in enumerate(listed)
    ]


MAX_FILTERS = 8


def make_filter(name: Value, parameters: Value, home: IndirectObject) -> Filter:
    """Make one stage from the values of the dictionary, already resolved."""
    if not isinstance(name, Name):
        raise PdfError(say("The stream's filter is malformed."), where=f"{home.where} /Filter")
    entries = parameters.entries.items() if isinstance(parameters, Dictionary) else ()
    return Filter(str(name), {key: value for key, value in entries if type(value) is int})


def _integers(value: Value) -> list[int]:
    """Return the items of an array of integers; nothing where it is none."""
    if not isinstance(value, Array) or len(value) > 1 << 20:
        return []
    return [item for item in value.items if type(item) is int]
