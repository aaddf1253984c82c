"""Parses one indirect object, ``N G obj … endobj`` (ISO 32000-2 7.3.10), with its stream (7.3.8)."""

from __future__ import annotations

import re
from collections.abc import Callable

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.parsing import parse_value
from docsign.pdf.reading.values import Decrypt, Dictionary, IndirectObject, Reference, Stream
from docsign.sentence import say

# Some writers' offsets lead to the white space before an object.
HEADER = re.compile(
    rb"[\0\t\n\f\r ]{0,8}+(\d{1,10}+)[\0\t\n\f\r ]++(\d{1,5}+)[\0\t\n\f\r ]++obj"
    rb"(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
# An object that is not closed ends where the next thing begins.
_AFTER_VALUE = re.compile(rb"[\0\t\n\f\r ]*+(?:(endobj|\Z)|stream(?:\r\n|\n|(\r))|(%)[^\r\n]*+)")
_AFTER_DATA = re.compile(rb"[\0\t\n\f\r ]*+endstream[\0\t\n\f\r ]*+(?:endobj|\Z)")
_ENDSTREAM = re.compile(rb"[\0\t\n\f\r ]*+endstream")

LengthOf = Callable[[Reference, IndirectObject], int | None]
DecryptFor = Callable[[int, int], Decrypt]


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
) -> IndirectObject:
    """Parse the object whose header stands at ``start``, reaching no further than ``end``.

    ``length_of`` resolves an indirect /Length; ``decrypt_for(number, generation)`` gives what decrypts the
    strings. Raises PdfError naming the object and the byte.
    """
    header = HEADER.match(data, start, end)
    if header is None:
        raise PdfError(say("No object begins here."), where=f"byte {start}")
    work.spend_objects()
    number, generation = int(header[1]), int(header[2])
    home = IndirectObject(number, generation, revision, data, header.start(1), end)
    home.value, position = parse_value(
        data,
        header.end(),
        end,
        home=home,
        work=work,
        decrypt=decrypt_for(number, generation) if decrypt_for else None,
    )
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
