"""Universal signature forgery: the dictionary is spoiled so that a verifier has nothing to check."""

from __future__ import annotations

import re

from tests.pdf.attacks.revision import Pdf, Revision
from tests.pdf.attacks.syntax import Hex, Name, Raw, Value
from tests.pdf.attacks.table import ATTACKS, FAILED

ROW = "universal forgery (USF)"


def last_signature(pdf: bytes) -> tuple[int, int]:
    """Return where the signature dictionary of the newest signature begins and ends in the file."""
    opened = Pdf(pdf)
    starts = []
    for field in opened.signatures().values():
        place = opened.places[opened.get(field)["V"].number]
        assert place
        starts.append(place[0])
    start = max(starts)
    return start, pdf.index(b"endobj", start)


def gap(pdf: bytes) -> tuple[int, int]:
    """Return where the /Contents of the newest signature begins (at <) and ends (after >)."""
    start, end = last_signature(pdf)
    found = re.compile(rb"/Contents\s*(<[0-9A-Fa-f]*>)").search(pdf, start, end)
    assert found
    return found.span(1)


def byte_range(pdf: bytes) -> tuple[int, int]:
    """Return where the value of its /ByteRange begins and ends, padding included."""
    start, end = last_signature(pdf)
    found = re.compile(rb"/ByteRange\s*(\[[^]]*\]\s*)").search(pdf, start, end)
    assert found
    return found.span(1)


def overwritten(pdf: bytes, place: tuple[int, int], new: bytes) -> bytes:
    """Return the file with other bytes at a place, padded with blanks to the old length."""
    start, end = place
    assert len(new) <= end - start
    return pdf[:start] + new.ljust(end - start) + pdf[end:]


CONTENTS: dict[str, tuple[object, ...]] = {
    "null": (b"null",),
    "zero-byte": (b"<00>",),
    "empty": (b"<>",),
    "name": (b"/None",),
    "number": (b"0",),
    "array": (b"[<00>]",),
    "dictionary": (b"<<>>",),
    "to-nothing": (b"9999 0 R",),
}
RANGES: dict[str, tuple[object, ...]] = {
    "null": (b"null",),
    "empty": (b"[]",),
    "zero": (b"[0 0 0 0]",),
    "negative": (b"[0 -1 9 -9]",),
    "one-number": (b"[0]",),
    "name": (b"/All",),
    "strings": (b"[(0) (9) (9) (9)]",),
    "past-the-end": (b"[0 9 9 999999999]",),
    "enormous": (b"[0 9 99999999999999999999 9]",),
    "reals": (b"[.0 9.5 9.5 9]",),
}


@ATTACKS.enter(ROW, FAILED, variants=CONTENTS)
def contents_replaced(pdf: bytes, value: bytes) -> bytes:
    """/Contents holds no signature any more, in its place."""
    return overwritten(pdf, gap(pdf), value)


@ATTACKS.enter(ROW, FAILED)
def contents_missing(pdf: bytes) -> bytes:
    """The key /Contents has another name."""
    start, _ = gap(pdf)
    key = pdf.rindex(b"/Contents", 0, start)
    return overwritten(pdf, (key, key + 9), b"/Kontents")


@ATTACKS.enter(ROW, FAILED, variants=RANGES)
def byte_range_replaced(pdf: bytes, value: bytes) -> bytes:
    """/ByteRange covers nothing, or nothing that is there."""
    return overwritten(pdf, byte_range(pdf), value)


@ATTACKS.enter(ROW, FAILED)
def byte_range_missing(pdf: bytes) -> bytes:
    """The key /ByteRange has another name."""
    start, _ = byte_range(pdf)
    key = pdf.rindex(b"/ByteRange", 0, start)
    return overwritten(pdf, (key, key + 10), b"/ByteStrange"[:10])


@ATTACKS.enter(
    ROW,
    FAILED,
    variants={
        "contents-null": ("Contents", None),
        "contents-empty": ("Contents", Hex(b"")),
        "contents-zero": ("Contents", Hex(b"\0")),
        "range-null": ("ByteRange", None),
        "range-empty": ("ByteRange", []),
        "range-zero": ("ByteRange", [0, 0, 0, 0]),
        "range-negative": ("ByteRange", [-1, -1, -1, -1]),
        "subfilter-unknown": ("SubFilter", Name("None.detached")),
        "filter-null": ("Filter", Raw(b"null")),
    },
)
def dictionary_spoiled_later(pdf: bytes, key: str, value: Value) -> bytes:
    """A later revision writes the signature dictionary anew, without what could be checked."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(revision.get(field)["V"], **{key: value})
    return revision.appended()


@ATTACKS.enter(
    ROW, FAILED, variants={"null": (Raw(b"null"),), "string": (b"chu ky",), "empty": ({},), "array": ([],)}
)
def value_replaced_later(pdf: bytes, value: Value) -> bytes:
    """A later revision gives the signature field something that is no signature."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(field, V=value)
    return revision.appended()
