"""Loops and bombs: what makes a careless reader run for ever, or out of memory."""

from __future__ import annotations

import zlib
from functools import cache

from tests.pdf.attacks.prepared import signed
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.revision import stream as new_stream
from tests.pdf.attacks.syntax import Name, Raw, write_value
from tests.pdf.attacks.table import ATTACKS, BROKEN, FAILED, LEGAL, PASSED
from tests.pdf.attacks.views import signed_as_it_stands
from tests.pdf.honest.make.by_hand import small_document

LOOPS = "loops and bombs"


@cache
def bomb(byte: bytes) -> bytes:
    """Return half a gigabyte of one byte, deflated."""
    packer = zlib.compressobj(6)
    return b"".join(packer.compress(byte * (1 << 20)) for _ in range(512)) + packer.flush()


@ATTACKS.enter_made(LOOPS, BROKEN)
def pages_in_a_circle() -> bytes:
    """The signed page tree contains itself."""
    objects = small_document()
    objects[2] = b"<</Type/Pages/Count 2/Kids[5 0 R 2 0 R]>>"
    return signed_as_it_stands(objects)


@ATTACKS.enter(LOOPS, FAILED, on=("typst", "pdfbox"))
def pages_in_a_circle_later(pdf: bytes) -> bytes:
    """A later revision closes the page tree to a circle."""
    revision = Revision(pdf)
    tree = revision.get(revision.old.root)["Pages"]
    revision.change(tree, Kids=[*revision.get(revision.get(tree)["Kids"]), tree])
    return revision.appended()


@ATTACKS.enter(LOOPS, FAILED, on=("typst", "openpdf"))
def tables_in_a_circle(pdf: bytes) -> bytes:
    """A later table names itself as the one before."""
    revision = Revision(pdf, form="table")
    revision.old.startxref = len(pdf)
    return pdf + revision.table(len(pdf), {})


@ATTACKS.enter(
    "loops and bombs",
    FAILED,
    on=("typst", "openpdf"),
    variants={"arrays": (b"[",), "dictionaries": (b"<</A ",)},
)
def nested_deeply(pdf: bytes, opening: bytes) -> bytes:
    """A later revision with an object nested 200 000 deep."""
    revision = Revision(pdf)
    closing = {b"[": b"]", b"<</A ": b">>"}[opening]
    revision.trailer["Info"] = revision.add(Raw(opening * 200_000 + b"0 " + closing * 200_000))
    return revision.appended()


@ATTACKS.enter(LOOPS, FAILED, on=("pdftex", "pdfbox"))
def object_stream_in_itself(pdf: bytes) -> bytes:
    """A later cross-reference stream places an object stream inside itself."""
    revision = Revision(pdf)
    own = revision.next
    revision.next += 1
    packed = bytes([2]) + own.to_bytes(4, "big") + bytes(2)
    entries = {"Type": Name("XRef"), "Size": own + 2, "W": [1, 4, 2], "Index": [own, 1]} | revision.trailer
    entries |= {"Prev": revision.old.startxref, "Root": revision.old.root}
    body = b"\n%d 0 obj\n" % (own + 1) + write_value(new_stream(packed, **entries)) + b"\nendobj\n"
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + 1)


@ATTACKS.enter(LOOPS, FAILED, on=("pdftex", "pdfbox"))
def packed_table_bomb(pdf: bytes) -> bytes:
    """A later cross-reference stream inflates to half a gigabyte."""
    revision = Revision(pdf)
    packed = bomb(b"\0")
    own = revision.next
    entries = {"Type": Name("XRef"), "Size": own + 1, "W": [1, 4, 2], "Filter": Name("FlateDecode")}
    entries |= revision.trailer | {"Prev": revision.old.startxref}
    body = b"\n%d 0 obj\n" % own + write_value(new_stream(packed, **entries)) + b"\nendobj\n"
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + 1)


@ATTACKS.enter(
    "loops and bombs",
    FAILED,
    on=("pdftex", "pdfbox"),
    variants={"size": (10**12, None), "index": (10, [0, 10**12])},
)
def enormous_table(pdf: bytes, size: int, index: list[int] | None) -> bytes:
    """A later cross-reference stream says that it has a million million entries."""
    revision = Revision(pdf)
    own = revision.next
    entries = {"Type": Name("XRef"), "Size": size, "W": [0, 0, 0]} | revision.trailer
    entries |= {"Prev": revision.old.startxref} | ({"Index": index} if index else {})
    body = b"\n%d 0 obj\n" % own + write_value(new_stream(b"", **entries)) + b"\nendobj\n"
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + 1)


@ATTACKS.enter(LOOPS, FAILED, on=("typst", "openpdf"))
def length_in_a_circle(pdf: bytes) -> bytes:
    """A later revision's stream has its length in itself."""
    revision = Revision(pdf)
    own = revision.next
    revision.trailer["Info"] = revision.add(Raw(b"<</Length %d 0 R>>\nstream\nx\nendstream" % own))
    return revision.appended()


@LEGAL.enter_made(LOOPS, PASSED)
def content_bomb() -> bytes:
    """A signed content stream inflates to half a gigabyte: nobody need inflate it to judge the signature."""
    objects = small_document()
    packed = bomb(b" ")
    objects[6] = b"<</Length %d/Filter/FlateDecode>>\nstream\n" % len(packed) + packed + b"\nendstream"
    return signed(objects)
