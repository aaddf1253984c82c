"""Says to what every byte of the file belongs, and finds the bytes that belong to nothing.

Every object that a cross-reference names begins at its offset and is bounded by the next offset that
anything claims, so that overlapping objects cost no more than the file is long. What remains between must be
white space; comments are in place on their own line just after the header and before ``xref``, ``startxref``
and ``%%EOF`` (Ghostscript and iText write such), and noticed anywhere else.

Nothing is judged: whether a stray byte matters depends on what a signature covers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from docsign.pdf.reading.indirect import Header, glance_at
from docsign.pdf.reading.parsing import SPACE
from docsign.pdf.reading.remarks import Remarks, leftover
from docsign.pdf.reading.revisions import Revision, Tail
from docsign.pdf.reading.sections import Section
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Severity

SMALL = 4096  # up to here counting "endobj" is cheaper than parsing
_FILE_HEADER = re.compile(rb"%PDF-(\d\.\d)?")
_GAP = re.compile(  # lines of comments, an object, or nothing more
    rb"[\0\t\n\f\r ]*+(?:"
    rb"(%[^\r\n]*+(?:[\0\t\n\f\r ]*+%[^\r\n]*+|(?!))*+)"
    rb"|(\d{1,10}+[\0\t\n\f\r ]++\d{1,5}+[\0\t\n\f\r ]++obj)"
    rb"|(\Z))"
)
_NOT_SPACE = re.compile(rb"[^\0\t\n\f\r ]")


class SpanKind(StrEnum):
    """What bytes are."""

    HEADER = "header"
    OBJECT = "object"
    XREF = "xref"
    TRAILER = "trailer"
    STARTXREF = "startxref"
    EOF = "eof"
    SPACE = "space"
    COMMENT = "comment"
    UNACCOUNTED = "unaccounted"


class Span(NamedTuple):
    """Bytes ``start`` to ``end`` of the file; ``number`` is an object's, ``revision`` an index.

    ``revision`` is None behind the last ``%%EOF``.
    """

    kind: SpanKind
    start: int
    end: int
    number: int | None
    revision: int | None


class Claim(NamedTuple):
    """A cross-reference entry that says an object begins at some offset."""

    number: int
    generation: int
    revision: int


EndOfObject: TypeAlias = Callable[[int, int, Claim | None], int | None]


@dataclass(slots=True)
class Accounting:
    """The parts found, in the order of the file, without the white space between them."""

    marks: list[int] = field(default_factory=list)
    """every offset where a claimed object or a section begins, in order"""
    headers: dict[int, Header] = field(default_factory=dict)
    """the header of the object that really stands at each claimed offset"""
    plain: dict[int, int] = field(default_factory=dict)
    """where each object ends that is one plain dictionary and reaches into nothing, by its offset"""
    bounds: dict[int, int] = field(default_factory=dict)
    """for each of the marks the next one, or the end of the file"""
    parts: list[tuple[SpanKind, int, int, int | None]] = field(default_factory=list)

    def bound(self, offset: int, size: int) -> int:
        """Return the first offset after ``offset`` that anything claims, or the end of the file."""
        known = self.bounds.get(offset)
        if known is not None:
            return known
        place = bisect_right(self.marks, offset)
        return self.marks[place] if place < len(self.marks) else size


@dataclass(slots=True)
class Accountant:
    """Walks once over the file and fills ``result``."""

    data: bytes
    claims: dict[int, Claim]
    clashes: dict[int, list[Claim]]
    revisions: list[Revision]
    remarks: Remarks
    result: Accounting = field(default_factory=Accounting)
    end_of_object: EndOfObject = lambda *_: None

    def mark(self) -> Accounting:
        """Collect every offset where a claimed object or a section begins, before anything is parsed.

        A claim that leads to no object at all marks nothing, so that it cannot cut what it leads into.
        """
        data, size, headers = self.data, len(self.data), self.result.headers
        plain = self.result.plain
        for offset in self.claims:
            header, end = glance_at(data, offset, size)
            if header is not None:
                headers[offset] = header
                if end:
                    plain[offset] = end
        offsets = {section.start for section, _ in self._sections()}
        offsets.update(headers)
        marks = self.result.marks = sorted(offsets)
        bounds = self.result.bounds = dict(zip(marks, [*marks[1:], size], strict=True))
        for offset in [offset for offset, end in plain.items() if end > bounds[offset]]:
            del plain[offset]
        return self.result

    def walk(self, end_of_object: EndOfObject) -> None:
        """Account for every byte.

        ``end_of_object(offset, bound, claim)`` parses one object and returns its end, or None where it cannot
        be parsed.
        """
        self.end_of_object = end_of_object
        data, size = self.data, len(self.data)
        sections = {section.start: (section, tail) for section, tail in self._sections()}
        claims, headers = self.claims, self.result.headers
        parts, marks, bounds = self.result.parts, self.result.marks, self.result.bounds
        plain, is_object = self.result.plain, SpanKind.OBJECT
        if len(headers) < len(claims):
            for offset in claims.keys() - headers.keys():
                self._remark_no_object(offset)
        self._gap(self._header(), marks[0] if marks else size, after_header=True, before_xref=False)
        for start, bound in bounds.items():
            claim, header = claims.get(start), headers.get(start)
            if claim is not None and header is not None and (self.clashes or header[:2] != claim[:2]):
                self._check_header(start)
            found = sections.get(start)
            if found is not None:
                end = self._section(start, bound, *found)
            else:
                number = headers[start][0]
                end = plain.get(start) or data.find(b"endobj", start, min(bound, start + SMALL)) + 6
                if end > 5 and not data[end:bound].strip(SPACE):  # nothing behind the first can be another
                    parts.append((is_object, start, end, number))
                    continue
                end = self._object_end(start, bound, claim if claim and claim.number == number else None)
                parts.append((is_object, start, end, number))
            if end < bound and data[end:bound].strip(SPACE):
                following = sections.get(bound)
                self._gap(
                    end, bound, after_header=False, before_xref=bool(following and not following[0].is_stream)
                )

    def _sections(self) -> list[tuple[Section, Tail | None]]:
        """Every section with what closes it; those of /XRefStm close nothing."""
        found: list[tuple[Section, Tail | None]] = []
        for revision in self.revisions:
            for section, tail in zip(revision.sections, revision.tails, strict=True):
                found.append((section, tail))
                if section.hybrid is not None:
                    found.append((section.hybrid, None))
        return found

    def _header(self) -> int:
        """ISO 32000-2 7.5.2: the file begins with ``%PDF-``; some put a few bytes before it."""
        data = self.data
        found = _FILE_HEADER.search(data, 0, 1032)
        if found is None or found.start() or not found[1]:
            self.remarks.add(
                "header",
                say("The file does not begin with a PDF header."),
                severity=Severity.WARNING if found else Severity.ERROR,
                where="header",
                offset=0,
                revision=0,
            )
        if found is None:
            return 0
        if data[: found.start()].strip(SPACE):
            self.result.parts.append((SpanKind.UNACCOUNTED, 0, found.start(), None))
        ends = (data.find(b"\n", found.start()), data.find(b"\r", found.start()), len(data))
        end = min(place for place in ends if place >= 0)
        self.result.parts.append((SpanKind.HEADER, found.start(), end, None))
        return end

    def _section(self, start: int, bound: int, section: Section, tail: Tail | None) -> int:
        """Account for a section and the ``startxref … %%EOF`` behind it."""
        parts = self.result.parts
        if section.trailer_start is None:
            parts.append((SpanKind.XREF, start, section.end, section.number))
        else:
            parts.append((SpanKind.XREF, start, section.trailer_start, None))
            parts.append((SpanKind.TRAILER, section.trailer_start, section.end, None))
        end = section.end
        if tail is not None and tail.end <= bound:
            self._gap(section.end, tail.startxref, after_header=False, before_xref=True)
            number_end = self.data.rfind(str(tail.value).encode(), tail.startxref, tail.eof)
            number_end = number_end + len(str(tail.value)) if number_end > 0 else tail.eof
            parts.append((SpanKind.STARTXREF, tail.startxref, number_end, None))
            self._gap(number_end, tail.eof, after_header=False, before_xref=True)
            parts.append((SpanKind.EOF, tail.eof, tail.end, None))
            end = tail.end
        if end > bound:
            self.remarks.add(
                "overlap",
                say("Parts of the file overlap."),
                where=f"byte {bound}",
                offset=bound,
                revision=self._revision(bound),
            )
            return bound
        return end

    def _remark_no_object(self, offset: int) -> None:
        for claim in [self.claims[offset], *self.clashes.get(offset, ())]:
            if self.remarks.drops(leftover(claim.revision)):
                continue
            self.remarks.add(
                "xref-no-object",
                say("The cross-reference leads to a place where no object begins."),
                severity=leftover(claim.revision),
                where=f"object {claim.number}",
                offset=offset,
                revision=claim.revision,
            )

    def _check_header(self, offset: int) -> None:
        """Compare the object's header with the entries that lead to it (7.5.4)."""
        number, generation, _, _ = self.result.headers[offset]
        for claim in [self.claims[offset], *self.clashes.get(offset, ())]:
            if claim.number == number and claim.generation == generation:
                continue
            if self.remarks.drops(leftover(claim.revision)):
                continue
            is_other = claim.number != number
            self.remarks.add(
                "xref-wrong-object" if is_other else "xref-generation",
                say("The cross-reference leads to the bytes of another object ({found}).", found=number)
                if is_other
                else say("The generation of an object differs from its cross-reference entry."),
                severity=leftover(claim.revision),
                where=f"object {claim.number}",
                offset=offset,
                revision=claim.revision,
            )

    def _object_end(self, start: int, bound: int, claim: Claim | None) -> int:
        data = self.data
        if bound - start <= SMALL:
            place = data.find(b"endobj", start, bound)
            if place >= 0 and data.find(b"endobj", place + 6, bound) < 0:
                return place + 6
        end = self.end_of_object(start, bound, claim)
        return bound if end is None else end

    def _gap(self, start: int, end: int, *, after_header: bool, before_xref: bool) -> None:
        """Account for what stands between two known parts."""
        data, parts = self.data, self.result.parts
        position = start
        while position < end:
            found = _GAP.match(data, position, end)
            if found is None:
                place = _NOT_SPACE.search(data, position, end)
                self._unaccounted(place.start() if place else position, end)
                return
            if found[1] is not None:
                self._comment(found.start(1), found.end(1), in_place=after_header or before_xref)
                position = found.end(1)
            elif found[2] is not None:
                begin = found.start(2)
                number = int(found[2].replace(b"\0", b" ").split()[0])
                after = self.end_of_object(begin, end, None)
                self.remarks.add(
                    "object-without-xref",
                    say("An object stands in the file that no cross-reference of its revision names."),
                    severity=leftover(self._revision(begin)),
                    where=f"object {number}, byte {begin}",
                    offset=begin,
                    revision=self._revision(begin),
                )
                after = end if after is None else after
                parts.append((SpanKind.OBJECT, begin, after, number))
                position = after
                after_header = False
            else:
                return

    def _comment(self, start: int, end: int, *, in_place: bool) -> None:
        data, revision = self.data, self._revision(start)
        self.result.parts.append((SpanKind.COMMENT, start, end, None))
        header = data.find(b"%PDF-", start, end)
        if header >= 0:
            self.remarks.add(
                "second-header",
                say("The file holds a second PDF header."),
                where=f"byte {header}",
                offset=header,
                revision=revision,
            )
            return
        own_line = start == 0 or data[start - 1] in b"\r\n"
        if own_line and in_place:
            return
        at_start = own_line and bool(revision) and self._starts_a_revision(start)
        self.remarks.add(
            "comment-before-revision" if at_start else "stray-comment",
            say("A comment stands where writers put none."),
            severity=Severity.WARNING if at_start else leftover(revision),
            where=f"byte {start}",
            offset=start,
            revision=revision,
        )

    def _starts_a_revision(self, offset: int) -> bool:
        """Whether nothing but comments stands between the start of a revision and this (MuPDF writes one)."""
        place = self._revision(offset)
        if place is None:
            return False
        start = self.revisions[place].start
        return offset - start < 256 and not any(
            line.strip(SPACE) and not line.startswith(b"%")
            for line in self.data[start:offset].replace(b"\r", b"\n").split(b"\n")
        )

    def _unaccounted(self, start: int, end: int) -> None:
        self.result.parts.append((SpanKind.UNACCOUNTED, start, end, None))
        self.remarks.add(
            "unaccounted-bytes",
            say("Bytes {start} to {end} of the file belong to nothing.", start=start, end=end),
            severity=leftover(self._revision(start)),
            where=f"byte {start}",
            offset=start,
            revision=self._revision(start),
        )

    def _revision(self, offset: int) -> int | None:
        place = bisect_right(self.revisions, offset, key=lambda revision: revision.start) - 1
        return None if offset >= self.revisions[place].end else place


def spans(accounting: Accounting, revisions: list[Revision], size: int) -> list[Span]:
    """Return every byte of the file as spans, white space too, each with its revision."""
    starts = [revision.start for revision in revisions]
    answer: list[Span] = []
    position = 0

    def add(kind: SpanKind, start: int, end: int, number: int | None) -> None:
        place = bisect_right(starts, start) - 1
        answer.append(Span(kind, start, end, number, place if start < revisions[place].end else None))

    for kind, start, end, number in sorted(accounting.parts, key=lambda part: part[1]):
        if start > position:
            add(SpanKind.SPACE, position, start, None)
        if end > position:
            add(kind, max(start, position), end, number)
            position = end
    if position < size:
        add(SpanKind.SPACE, position, size, None)
    return answer
