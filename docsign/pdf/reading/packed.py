"""Object streams (ISO 32000-2 7.5.7): several objects packed in one stream."""

from __future__ import annotations

from bisect import bisect_right

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.filters import Decoded
from docsign.pdf.reading.parsing import parse_value, skip_space
from docsign.pdf.reading.remarks import Remarks
from docsign.pdf.reading.values import IndirectObject, Reference, Stream
from docsign.sentence import say
from docsign.values import dataclass


@dataclass(slots=True, eq=False)
class ObjectStream:
    """A decoded object stream: ``numbers[i]`` begins at ``offsets[i]`` of ``data``."""

    number: int
    data: bytes
    numbers: list[int]
    offsets: list[int]
    in_order: list[int]
    extends: Reference | None


def parse_header(stream: Stream, decoded: Decoded, *, remarks: Remarks, work: Work) -> ObjectStream:
    """Read the pairs of number and offset at the head of the stream."""
    home = stream.home
    count, first = stream.get("N"), stream.get("First")
    if (
        decoded.left
        or type(count) is not int
        or type(first) is not int
        or not 0 <= first <= len(decoded.data)
    ):
        raise PdfError(say("The object stream cannot be read."), where=home.where)
    head = decoded.data[:first].split()
    work.spend_tokens(len(head))
    if (
        count < 0
        or len(head) < 2 * count
        or not all(len(word) <= 10 and word.isdigit() for word in head[: 2 * count])
    ):
        raise PdfError(say("The object stream cannot be read."), where=f"{home.where} /N")
    numbers = [int(word) for word in head[: 2 * count : 2]]
    offsets = [first + int(word) for word in head[1 : 2 * count : 2]]
    if len(set(numbers)) != len(numbers):
        remarks.add(
            "packed-twice",
            say("An object stream holds one object twice."),
            where=home.where,
            offset=home.start,
            revision=home.revision,
        )
    in_order = sorted(set(offsets))
    if len(in_order) != len(offsets):
        raise PdfError(say("The object stream cannot be read."), where=f"{home.where} /First")
    extends = stream.get("Extends")
    return ObjectStream(
        home.number,
        decoded.data,
        numbers,
        offsets,
        in_order,
        extends if isinstance(extends, Reference) else None,
    )


def parse_packed(
    stream: ObjectStream, number: int, index: int, *, revision: int, work: Work
) -> IndirectObject:
    """Parse the object ``number`` at ``index`` of the stream. Raises PdfError where another stands there."""
    if not index < len(stream.numbers) or stream.numbers[index] != number:
        raise PdfError(
            say("The cross-reference leads to the bytes of another object ({found}).", found=stream.number),
            where=f"object stream {stream.number}[{index}]",
        )
    start = stream.offsets[index]
    place = bisect_right(stream.in_order, start)
    bound = stream.in_order[place] if place < len(stream.in_order) else len(stream.data)
    work.spend_objects()
    home = IndirectObject(number, 0, revision, stream.data, start, bound, packed_in=stream.number)
    home.value, home.end = parse_value(stream.data, start, bound, home=home, work=work)
    rest = skip_space(stream.data, home.end, bound)
    if rest < bound:
        raise PdfError(
            say("The object does not end where it should."), where=f"object stream {stream.number}[{index}]"
        )
    return home
