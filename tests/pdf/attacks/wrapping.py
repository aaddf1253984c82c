"""Signature wrapping: the signed bytes stay, something else is put where the signature does not look."""

from __future__ import annotations

import re

from tests.pdf.attacks.incremental import FORGED, content_of
from tests.pdf.attacks.revision import Revision, stream
from tests.pdf.attacks.syntax import write_value
from tests.pdf.attacks.table import ATTACKS, BROKEN, FAILED
from tests.pdf.attacks.universal import byte_range, gap, last_signature, overwritten

ROW = "wrapping (SWA)"


def numbers(pdf: bytes) -> list[int]:
    """Return the four numbers of the newest signature's /ByteRange."""
    start, end = byte_range(pdf)
    return [int(one) for one in re.findall(rb"\d+", pdf[start:end])]


@ATTACKS.enter(
    ROW, FAILED, variants={"blanks": (b"",), "entry": (b"/Reason(Da duyet)",), "comment": (b"%an",)}
)
def contents_closed_early(pdf: bytes, rest: bytes) -> bytes:
    """The padding of /Contents makes room for other entries: all of it lies in the unsigned gap."""
    start, end = gap(pdf)
    used = pdf[start:end].rstrip(b">").rstrip(b"0")
    used += b"0" * (len(used) % 2 == 0)
    body = used + b">" + rest
    padding = end - start - len(body)
    if rest.startswith(b"%"):
        return pdf[:start] + body + b" " * (padding - 1) + b"\n" + pdf[end:]
    return pdf[:start] + body + b" " * padding + pdf[end:]


@ATTACKS.enter(ROW, FAILED)
def second_byte_range_in_the_gap(pdf: bytes) -> bytes:
    """A second /ByteRange hides in the padding of /Contents, with the same numbers."""
    return contents_closed_early(pdf, b"/ByteRange[%d %d %d %d]" % tuple(numbers(pdf)))


@ATTACKS.enter(ROW, FAILED)
def moved_second_part(pdf: bytes) -> bytes:
    """The second signed part moves to the end; between stands a forged object, reached by the old startxref.

    The true numbers come from a second /ByteRange in the gap, so that the digest is right.
    """
    start, end = gap(pdf)
    first, second, after, length = numbers(pdf)
    used = pdf[start:end].rstrip(b">").rstrip(b"0")
    used += b"0" * (len(used) % 2 == 0) + b">"
    rest = pdf[after : after + length]
    revision = Revision(pdf)
    content = content_of(revision)
    forged = b"%d 0 obj\n" % content.number + write_value(stream(FORGED)) + b"\nendobj\n"
    middle = b">>\nendobj\n" + forged
    place = start + len(used) + len(b"/ByteRange[          0          0          0          0]") + len(middle)
    entry = b"/ByteRange[%11d%11d%11d%11d]" % (first, second, place, length)
    return pdf[:start] + used + entry + middle + rest


@ATTACKS.enter(ROW, BROKEN)
def byte_range_doubled(pdf: bytes) -> bytes:
    """Two keys /ByteRange in the signed dictionary, the second covering less, written over another entry."""
    start, end = last_signature(pdf)
    other = re.compile(rb"/(?:Reason|Name|Filter)\s*(?:\([^)]*\)|<[^>]*>|/[\w.]+)").search(pdf, start, end)
    assert other
    return overwritten(pdf, other.span(), b"/ByteRange[0 1 2 3]"[: other.end() - other.start()])


@ATTACKS.enter(ROW, BROKEN)
def range_shortened(pdf: bytes) -> bytes:
    """The range ends before the end of its own revision: the table and trailer are unsigned."""
    first, second, after, length = numbers(pdf)
    return overwritten(pdf, byte_range(pdf), b"[%d %d %d %d]" % (first, second, after, length - 40))


@ATTACKS.enter(ROW, BROKEN)
def gap_widened(pdf: bytes) -> bytes:
    """The gap takes in the bytes after /Contents."""
    first, second, after, length = numbers(pdf)
    return overwritten(pdf, byte_range(pdf), b"[%d %d %d %d]" % (first, second, after + 9, length - 9))


@ATTACKS.enter(ROW, BROKEN)
def range_begins_late(pdf: bytes) -> bytes:
    """The range leaves out the first byte."""
    _, second, after, length = numbers(pdf)
    return overwritten(pdf, byte_range(pdf), b"[1 %d %d %d]" % (second - 1, after, length))
