"""Finds the revisions of a file: from the last ``startxref`` back along /Prev (ISO 32000-2 7.5.5, 7.5.6).

A revision is what one writer appended: objects, a cross-reference section, ``startxref``, ``%%EOF`` and the
white space behind. Two sections make one revision in a linearised file (annex F: the section at the front and
the main one) and in Word's hybrid form (a second, empty table whose /XRefStm points back into the first).
Which object each revision defines is the business of ``docsign.pdf.reading.history``.
"""

from __future__ import annotations

import re
from dataclasses import field

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.parsing import skip_space
from docsign.pdf.reading.remarks import Remarks
from docsign.pdf.reading.sections import Section, read_section
from docsign.pdf.reading.values import Dictionary
from docsign.sentence import say
from docsign.values import dataclass

_STARTXREF = re.compile(rb"startxref[\0\t\n\f\r ]++(\d{1,19}+)(?:[\0\t\n\f\r ]++|(?=%%EOF))")
_EOF = re.compile(rb"%%EOF(?:[\0\t\n\f\r ]++%%EOF(?![^\0\t\n\f\r ])|(?!))*+")  # some write it twice
_COMMENTS = re.compile(rb"(?:[\0\t\n\f\r ]++|%(?!%EOF)[^\r\n]*+(?=[\r\n])|(?!))*+")
_LINEARIZED = re.compile(rb"\d{1,10}+[\0\t\n\f\r ]++\d{1,5}+[\0\t\n\f\r ]++obj[^>]{0,1024}?/Linearized")


@dataclass(frozen=True, slots=True)
class Tail:
    """What closes a section: ``startxref``, its number, ``%%EOF``; ``end`` is the byte after."""

    startxref: int
    value: int
    eof: int
    end: int


@dataclass(slots=True, eq=False)
class Revision:
    """What one writer wrote; ``index`` counts from 0 in the order of the file.

    ``start`` and ``end`` bound its bytes; the revisions of a file follow each other without a gap. ``eof`` is
    the byte after its ``%%EOF``, and ``end`` lies after the white space behind that. ``sections`` are newest
    first, ``trailer`` is the newest one's. ``changed`` are the objects it defines, anew or for the first
    time, ``freed`` those it frees; entries repeated unchanged are neither.
    """

    index: int
    start: int
    end: int
    eof: int
    sections: tuple[Section, ...]
    tails: tuple[Tail | None, ...]
    trailer: Dictionary
    changed: tuple[int, ...] = field(default=(), repr=False)
    freed: tuple[int, ...] = field(default=(), repr=False)

    @property
    def where(self) -> str:
        """How a finding names it; people count from 1."""
        return f"revision {self.index + 1}"


def read_revisions(data: bytes, *, work: Work, remarks: Remarks) -> list[Revision]:
    """Read every revision, the oldest first. Raises PdfError where the chain cannot be followed."""
    sections = _read_chain(data, work, remarks)
    sections.reverse()
    groups = _group(data, sections)
    revisions: list[Revision] = []
    start = 0
    for group in groups:
        revision = _close(data, group, start, len(revisions), remarks)
        start = revision.end
        revisions.append(revision)
    return revisions


def last_startxref(data: bytes) -> int:
    """Return the offset that the last complete ``startxref … %%EOF`` names."""
    position = len(data)
    while (position := data.rfind(b"startxref", 0, position)) >= 0:
        tail = read_tail(data, position)
        if tail is not None:
            return tail.value
    raise PdfError(say("The file has no complete startxref with %%EOF: it is cut off or damaged."))


def read_tail(data: bytes, position: int) -> Tail | None:
    """Read ``startxref N %%EOF`` behind a section; comments on their own lines may stand between."""
    found = _COMMENTS.match(data, position)
    assert found is not None
    keyword = _STARTXREF.match(data, found.end())
    if keyword is None:
        return None
    between = _COMMENTS.match(data, keyword.end())
    assert between is not None
    eof = _EOF.match(data, between.end())
    if eof is None:
        return None
    return Tail(found.end(), int(keyword[1]), between.end(), eof.end())


def is_linearised(data: bytes) -> bool:
    """Whether the first object says /Linearized (annex F.3.3)."""
    position = _COMMENTS.match(data, 0)
    assert position is not None
    return bool(_LINEARIZED.match(data, position.end()))


def _read_chain(data: bytes, work: Work, remarks: Remarks) -> list[Section]:
    """Follow /Prev from the newest section (7.5.5)."""
    offset: int | None = last_startxref(data)
    sections: list[Section] = []
    seen: set[int] = set()
    while offset is not None:
        if offset in seen:
            remarks.add(
                "prev-loop",
                say("The cross-reference sections lead back to one another."),
                where=f"{_name(sections[-1])} /Prev",
                offset=sections[-1].start,
            )
            break
        seen.add(offset)
        section = read_section(data, offset, work=work)
        sections.append(section)
        if not section.is_stream:
            beside = _offset(section, "XRefStm")
            if beside is not None:  # 7.5.8.4
                section.hybrid = read_section(data, beside, work=work)
                if not section.hybrid.is_stream:
                    raise PdfError(
                        say("There is no cross-reference section here."), where=f"{_name(section)} /XRefStm"
                    )
        offset = _offset(section, "Prev")
    return sections


def _offset(section: Section, key: str) -> int | None:
    value = section.trailer.get(key)
    if value is None or (value == 0 and type(value) is int):  # some write /Prev 0 for none
        return None
    if type(value) is not int:
        raise PdfError(say("An integer was expected here."), where=f"{_name(section)} /{key}")
    return value


def _name(section: Section) -> str:
    return f"cross-reference at byte {section.start}"


def _group(data: bytes, sections: list[Section]) -> list[list[Section]]:
    """Put together the sections one writer wrote at once; oldest group first, in each the newest first."""
    first, rest = [sections[0]], sections[1:]
    if rest:
        is_front = rest[0].start < first[0].start and is_linearised(data)
        if is_front or _is_word_form(first[0], rest[0]):
            first.insert(0, rest.pop(0))
    return [first, *([section] for section in rest)]


def _is_word_form(older: Section, newer: Section) -> bool:
    """Whether ``newer`` only adds the /XRefStm that the first writing already held."""
    return (
        not newer.entries
        and not older.is_stream
        and older.hybrid is None
        and newer.hybrid is not None
        and newer.hybrid.end <= older.start < newer.start
    )


def _close(data: bytes, group: list[Section], start: int, index: int, remarks: Remarks) -> Revision:
    """Find where a revision ends and check what closes it."""
    tails = [read_tail(data, section.end) for section in group]
    last = max(range(len(group)), key=lambda place: group[place].start)
    section, tail = group[last], tails[last]
    where = f"revision {index + 1}"
    if section.start < start:
        remarks.add(
            "revision-order",
            say("The revisions of the file do not follow one another."),
            where=where,
            offset=section.start,
            revision=index,
        )
    if tail is None:
        remarks.add(
            "revision-unfinished",
            say("A revision does not end with startxref and %%EOF."),
            where=where,
            offset=section.end,
            revision=index,
        )
    eof = tail.end if tail else section.end
    for place, one in enumerate(tails):
        is_front = len(group) > 1 and place != last  # annex F.3.4: any number there, usually 0
        if one is None or is_front:
            continue
        named = group[0].start if len(group) > 1 and group[0].start < section.start else section.start
        if not named - 16 <= one.value <= named or skip_space(data, one.value, named) != named:
            remarks.add(
                "startxref-mismatch",
                say("The startxref behind a cross-reference section names another place."),
                where=where,
                offset=one.startxref,
                revision=index,
            )
    end = max(start, skip_space(data, eof, len(data)))
    return Revision(index, start, end, max(start, eof), tuple(group), tuple(tails), group[0].trailer)
