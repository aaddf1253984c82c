"""Every byte after a signature belongs to an object, a table or white space."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from docsign.errors import PdfError
from docsign.pdf.accounting import require_accounted, revision_ending_at
from docsign.pdf.revision import open_revision
from docsign.pdf.signatures import open_pdf


@pytest.fixture(scope="session")
def extended(by_person: bytes) -> bytes:
    """The signed letter with one more revision: a dictionary and a stream."""
    revision = open_revision(by_person)
    revision.add_object(generic.DictionaryObject({pdf_name("/A"): generic.pdf_string("endobj")}))
    revision.add_object(generic.StreamObject(stream_data=b"endstream endobj 9 0 obj stream\n" * 3))
    return revision.appended()


def accounted(pdf: bytes, end: int) -> None:
    """Account for what comes after ``end``."""
    reader, _ = open_pdf(pdf, None)
    require_accounted(reader, pdf, end, revision_ending_at(reader, pdf, end), set())


def test_an_honest_revision_is_accounted_for(by_person: bytes, extended: bytes) -> None:
    """Whatever words its strings and streams hold."""
    accounted(extended, len(by_person))


def test_comments_before_the_end_are_honest(by_person: bytes, extended: bytes) -> None:
    """Lines like those of iText and Ghostscript, before startxref and %%EOF."""
    place = extended.rindex(b"startxref")
    accounted(extended[:place] + b"%iText-7.2.5\n" + extended[place:], len(by_person))


def moved(pdf: bytes, start: int, place: int, added: bytes) -> bytes:
    """Insert bytes at ``place`` and mend the offsets of the last table."""
    table = pdf.rindex(b"xref\n0 1", start, pdf.rindex(b"startxref"))
    offsets = re.sub(
        rb"(\d{10}) 00000 n",
        lambda match: b"%010d 00000 n" % (int(match[1]) + len(added) * (int(match[1]) >= place)),
        pdf[table:],
    )
    offsets = offsets.replace(b"startxref\n%d" % table, b"startxref\n%d" % (table + len(added)))
    return pdf[:place] + added + pdf[place:table] + offsets


@pytest.mark.parametrize(
    "added", [b"junk", b"998 0 obj\n<< >>\nendobj\n", b"% ghi chu giua cac doi tuong", b"\n(x)\n"]
)
def test_bytes_between_objects_are_found(by_person: bytes, extended: bytes, added: bytes) -> None:
    """Though every table still points where it should."""
    place = extended.index(b"endobj\n", len(by_person) + 40) + 7
    broken = moved(extended, len(by_person), place, added)
    with pytest.raises(PdfError):
        accounted(broken, len(by_person))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pdf: pdf + b"x",
        lambda pdf: pdf + b"% x\n",
        lambda pdf: pdf[:-6] + b"\n",
        lambda pdf: pdf.replace(b"trailer", b"trailer 5 0 obj"),
    ],
)
def test_a_spoiled_end_is_found(by_person: bytes, extended: bytes, spoil: Callable[[bytes], bytes]) -> None:
    """Junk or a comment after the end, no end, an object inside the table."""
    rest = spoil(extended[len(by_person) :])
    with pytest.raises(PdfError):
        accounted(by_person + rest, len(by_person))


def test_a_range_that_ends_inside_a_revision_is_refused(by_person: bytes) -> None:
    """What is signed is the whole of its revision or nothing."""
    reader, _ = open_pdf(by_person, None)
    assert revision_ending_at(reader, by_person, len(by_person)) == reader.xrefs.total_revisions - 1
    for end in (len(by_person) - 20, len(by_person) // 2, 9):
        with pytest.raises(PdfError):
            revision_ending_at(reader, by_person, end)


def test_an_object_in_disorder_fails_for_every_signature(by_person: bytes, extended: bytes) -> None:
    """What was looked at for one signature is remembered only where it was in order."""
    place = extended.index(b"endobj\n", len(by_person) + 40) + 7
    broken = moved(extended, len(by_person), place, b"junk")
    reader, _ = open_pdf(broken, None)
    known: set[tuple[int, int]] = set()
    revision = revision_ending_at(reader, broken, len(by_person))
    for _ in range(2):
        with pytest.raises(PdfError):
            require_accounted(reader, broken, len(by_person), revision, known)
