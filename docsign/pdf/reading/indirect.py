"""Parses one indirect object, ``N G obj … endobj`` (ISO 32000-2 7.3.10), with its stream (7.3.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.glance import LONGEST, PLAIN
from docsign.pdf.reading.parsing import parse_value
from docsign.pdf.reading.values import Decrypt, Dictionary, IndirectObject, Reference, Stream
from docsign.sentence import say

# Some writers' offsets lead to the white space before an object.
_HEADER = (
    rb"[\0\t\n\f\r ]{0,8}+(\d{1,10}+)[\0\t\n\f\r ]++(\d{1,5}+)[\0\t\n\f\r ]++(obj)"
    rb"(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
HEADER = re.compile(_HEADER)
# Whether the first ">>" ends the object is soon seen; most that are not plain are told by it.
_SOON_OVER = rb"(?=(?:[^>]++|>(?!>)|(?!))*+>>[\0\t\n\f\r ]*+endobj)"
_PERHAPS_PLAIN = re.compile(_HEADER + rb"(?:" + _SOON_OVER + PLAIN + rb"|(?!))?+")
# An object that is not closed ends where the next thing begins.
_AFTER_VALUE = re.compile(rb"[\0\t\n\f\r ]*+(?:(endobj|\Z)|stream(?:\r\n|\n|(\r))|(%)[^\r\n]*+)")
_AFTER_DATA = re.compile(rb"[\0\t\n\f\r ]*+endstream[\0\t\n\f\r ]*+(?:endobj|\Z)")
_ENDSTREAM = re.compile(rb"[\0\t\n\f\r ]*+endstream")

Header: TypeAlias = tuple[int, int, int, int]
"""Number and generation of an object, where its number stands and where its value may begin."""

LengthOf = Callable[[Reference, IndirectObject], int | None]
DecryptFor = Callable[[int, int], Decrypt]


def read_header(data: bytes, offset: int, end: int) -> Header | None:
    """Read ``N G obj`` at an offset, reaching no further than ``end``; None where no object begins."""
    found = HEADER.match(data, offset, end)
    if found is None:
        return None
    number, generation, _ = found.groups()
    return int(number), int(generation), found.start(1), found.end()


def glance_at(data: bytes, offset: int, size: int) -> tuple[Header | None, int]:
    """Read ``N G obj`` at an offset; return too where the object ends if it is a plain dictionary, else 0."""
    found = _PERHAPS_PLAIN.match(data, offset, min(size, offset + LONGEST))
    if found is None:
        return read_header(data, offset, size), 0
    number, generation, _ = found.groups()
    position, end = found.end(3), found.end()
    return (int(number), int(generation), found.start(1), position), end if end > position else 0


def no_length(_: Reference, __: IndirectObject) -> int | None:
    """Resolve no indirect /Length: where the standard wants a direct one."""
    return None


def parse_indirect(
    data: bytes,
    start: int,
    end: int,
    *,
    revision: int,
    work: Work,
    decrypt_for: DecryptFor | None = None,
    length_of: LengthOf = no_length,
    header: Header | None = None,
) -> IndirectObject:
    """Parse the object whose header stands at ``start``, reaching no further than ``end``.

    ``length_of`` resolves an indirect /Length; ``decrypt_for(number, generation)`` gives what decrypts the
    strings; ``header`` is what ``read_header`` found there, where that is known. Raises PdfError naming the
    object and the byte.
    """
    if header is None or header[3] > end:
        header = read_header(data, start, end)
    if header is None:
        raise PdfError(say("No object begins here."), where=f"byte {start}")
    work.spend_objects()
    number, generation, begin, position = header
    home = IndirectObject(number, generation, revision, data, begin, end)
    decrypt = decrypt_for(number, generation) if decrypt_for is not None else None
    home.value, position = parse_value(data, position, end, home=home, work=work, decrypt=decrypt)
    while True:
        after = _AFTER_VALUE.match(data, position, end)
        if after is None:
            raise PdfError(say("The object does not end where it should."), where=_place(home, position))
        position = after.end()
        if after[3] is None:
            break
        home.note_comment(after.start(3))
    if after[1] is None:
        position = _read_stream(home, position, end, length_of)
    home.end = position
    return home


def _read_stream(home: IndirectObject, start: int, end: int, length_of: LengthOf) -> int:
    """Put the stream in place of its dictionary; return the end of the object."""
    dictionary = home.value
    if not isinstance(dictionary, Dictionary):
        raise PdfError(say("A stream has no dictionary."), where=_place(home, start))
    length = dictionary.entries.get("Length")
    if isinstance(length, Reference):
        length = length_of(length, home)
    if type(length) is not int or not 0 <= length <= end - start:
        raise PdfError(say("The length of the stream is missing or wrong."), where=f"{home.where} /Length")
    after = _AFTER_DATA.match(home.source, start + length, end)
    if after is None:
        place = _ENDSTREAM.match(home.source, start + length, end)
        if place is None:
            raise PdfError(
                say("The length of the stream is missing or wrong."), where=f"{home.where} /Length"
            )
        raise PdfError(say("The object does not end where it should."), where=_place(home, place.end()))
    home.value = Stream(dictionary, start, start + length, home)
    return after.end()


def _place(home: IndirectObject, position: int) -> str:
    return f"{home.where}, byte {position}"
