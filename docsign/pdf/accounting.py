"""Accounts for every byte that follows a signed range: each belongs to an object, a table, or white space.

pyHanko reads the cross-reference tables; what it would pass over in silence (bytes between objects, an object
no table names, anything after the end, an entry that points into another object) is found here on the raw
bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docsign.errors import PdfError
from docsign.sentence import say

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

_S = rb"[\x00\t\n\x0c\r ]"
_HEADER = re.compile(rb"(\d{1,10})" + _S + rb"{1,16}(\d{1,5})" + _S + rb"{1,16}obj\b")
# comments stand on lines of their own before xref, startxref and %%EOF: iText and Ghostscript write them
_COMMENTS = rb"(?:" + _S + rb"|%(?!%EOF)[^\r\n]{0,256}[\r\n])*"
_END = re.compile(
    rb"endobj" + _COMMENTS + rb"(?:startxref" + _S + rb"+\d{1,12}" + _COMMENTS + rb"%%EOF" + _S + rb"*)?"
)
_TABLE = re.compile(
    rb"xref"
    + _S
    + rb"[^%]{0,4000000}?trailer\b.{2,100000}?startxref"
    + _S
    + rb"+\d{1,12}"
    + _COMMENTS
    + rb"%%EOF"
    + _S
    + rb"*",
    re.DOTALL,
)
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_END_STREAM = re.compile(_S + rb"*endstream" + _S + rb"*")
_REVISION_END = re.compile(rb"startxref" + _S + rb"+(\d{1,12})" + _COMMENTS + rb"%%EOF" + _S + rb"*$")
_BLANK = re.compile(_COMMENTS)


def revision_ending_at(reader: PdfFileReader, data: bytes, end: int) -> int:
    """Return the number (from 0) of the revision that the first ``end`` bytes close.

    Raises PdfError where they do not end as a revision ends, so that something of it is not covered.
    """
    match = _REVISION_END.search(data, max(0, end - 1024), end)
    xrefs: Any = reader.xrefs
    number = -1
    for revision in range(xrefs.total_revisions):
        if xrefs.get_xref_container_info(revision).end_location <= end:
            number = revision
    if match is None or number < 0 or int(match[1]) != xrefs.get_startxref_for_revision(number):
        raise PdfError(say("The signature does not cover the whole of its own revision."))
    return number


def require_accounted(
    reader: PdfFileReader, data: bytes, start: int, revision: int, known: set[tuple[int, int]]
) -> None:
    """Raise PdfError with the offset where bytes after ``start`` belong to nothing.

    ``start`` is where the signed bytes end, ``revision`` the last one they close. ``known`` are the places
    found in order for another signature of the same file, and grows: each object is looked at once.
    """
    objects, tables = _boundaries(reader, revision)
    boundaries = sorted({*objects, *tables})
    if not boundaries or boundaries[0] < start:
        raise PdfError(
            say(
                "The file has bytes after the signature that belong to no revision (byte {offset}).",
                offset=start,
            )
        )
    if not _BLANK.fullmatch(data, start, boundaries[0]):
        raise _stray(start)
    for position, offset in enumerate(boundaries):
        limit = boundaries[position + 1] if position + 1 < len(boundaries) else len(data)
        if (offset, limit) in known:
            continue
        if offset in objects:
            _require_object(reader, data, offset, limit, objects[offset])
        elif not _TABLE.fullmatch(data, offset, limit):
            raise _stray(offset)
        known.add((offset, limit))
    if not data.rstrip(b"\0\t\n\x0c\r ").endswith(b"%%EOF"):
        raise _stray(len(data))


def _boundaries(reader: PdfFileReader, revision: int) -> tuple[dict[int, tuple[int, int, int]], set[int]]:
    """Return the later revisions' objects, offset: (number, generation, revision), and their tables."""
    xrefs: Any = reader.xrefs
    objects: dict[int, tuple[int, int, int]] = {}
    tables: set[int] = set()
    for later in range(revision + 1, xrefs.total_revisions):
        info = xrefs.get_xref_container_info(later)
        if info.stream_ref is None:
            tables.add(info.declared_startxref)
        else:
            objects[info.declared_startxref] = (info.stream_ref.idnum, info.stream_ref.generation, later)
        for reference in xrefs.explicit_refs_in_revision(later):
            offset = xrefs.get_historical_ref(reference, later)
            if isinstance(offset, int):
                known = objects.setdefault(offset, (reference.idnum, reference.generation, later))
                if known[:2] != (reference.idnum, reference.generation):
                    raise _stray(offset)
    return objects, tables


def _require_object(
    reader: PdfFileReader, data: bytes, offset: int, limit: int, name: tuple[int, int, int]
) -> None:
    """Raise PdfError unless data[offset:limit] is this one object, closed, and white space."""
    header = _HEADER.match(data, offset, limit)
    if header is None or (int(header[1]), int(header[2])) != name[:2]:
        raise _stray(offset)
    end = data.find(b"endobj", header.end(), limit)
    length = _stream_length(reader, name) if _STREAM.search(data, header.end(), limit) else None
    if length is not None:
        for match in _STREAM.finditer(data, header.end(), limit):
            closed = _END_STREAM.match(data, match.end() + length, limit)
            if closed is not None:
                end = closed.end() if b"endobj" not in data[header.end() : match.start()] else -1
                break
    elif data.count(b"endobj", header.end(), limit) > 1:  # a string may hold the word
        end = data.find(b"endobj", _value_end(reader, data, header.end(), limit, name), limit)
    if end < 0 or not _END.fullmatch(data, end, limit):
        raise _stray(offset)


def _stream_length(reader: PdfFileReader, name: tuple[int, int, int]) -> int | None:
    """Return how many bytes the object's stream has, or None where it has none."""
    from pyhanko.pdf_utils import generic

    access: Any = reader
    # an xref stream's object is read by its own revision; encryption changes no length on disk
    found = access.get_object(
        generic.Reference(name[0], name[1], reader), revision=name[2], transparent_decrypt=False
    )
    raw = getattr(found, "raw_object", found)
    return len(raw.encoded_data) if isinstance(raw, generic.StreamObject) else None


def _value_end(reader: PdfFileReader, data: bytes, start: int, limit: int, name: tuple[int, int, int]) -> int:
    """Return where the value that begins at ``start`` ends."""
    from io import BytesIO

    from pyhanko.pdf_utils import generic

    read: Any = generic.read_object
    rest = data[start:limit].lstrip(b"\0\t\n\x0c\r ")
    stream = BytesIO(rest)
    try:
        read(stream, generic.Reference(name[0], name[1], reader))
    except Exception as error:
        raise _stray(start) from error
    return limit - len(rest) + stream.tell()


def _stray(offset: int) -> PdfError:
    return PdfError(say("The bytes added at {offset} belong to no object of the file.", offset=offset))
