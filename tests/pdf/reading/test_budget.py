"""Counted work: twice the input costs at most about twice the work, and no file costs more than allowed.

Nothing is timed here. Each hostile file is read at two sizes and the counters are compared; a reader that
parsed the same bytes again and again would show in them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Budget, Stream, read_pdf
from docsign.pdf.reading.remarks import Remarks
from tests.pdf.reading.making import (
    CATALOG,
    Writer,
    letter,
    many_objects,
    many_revisions,
    object_stream,
    one_page,
    stream,
)

WIDE = Budget(
    objects=10**9, tokens=10**9, entries=10**9, sections=10**9, inflated=10**9, pages=10**9, references=10**9
)


def many_small(count: int) -> bytes:
    """Honest objects."""
    return many_objects(count)


def revisions(count: int) -> bytes:
    """Honest revisions."""
    return many_revisions(letter(), count)


def overlapping_strings(count: int) -> bytes:
    """Every object begins inside the string of the one before."""
    writer = one_page()
    for number in range(5, count):
        writer.offsets[number] = writer.raw(b"%d 0 obj (" % number)
    writer.size = count
    writer.raw(b")" * count + b" endobj\n")
    return writer.table()


def many_names_for_one_object(count: int) -> bytes:
    """All entries lead to one long object."""
    writer = one_page()
    place = writer.object(5, b"[" + b"(x) " * count + b"]")
    writer.offsets.update(dict.fromkeys(range(6, 6 + count), place))
    writer.size = 6 + count
    return writer.table()


def one_object_switched_on_and_off(count: int) -> bytes:
    """Revisions that free and re-enable one long object."""
    writer = one_page()
    place = writer.object(5, b"[" + b"(x) " * count + b"]")
    writer.table()
    for step in range(count):
        line = b"%010d 00000 n \n" % place if step % 2 else b"0000000000 00000 f \n"
        writer.object(9, b"1")
        writer.table(entries={5: line})
    return bytes(writer.data)


def one_length_for_all(count: int) -> bytes:
    """Every stream's length is one object that is long to parse."""
    writer = one_page()
    writer.object(5, b"%" + b"x" * count + b"\n3")
    for number in range(6, count):
        writer.object(number, b"<< /Length 5 0 R >>\nstream\nabc\nendstream")
    return writer.table()


def sections_in_strings(count: int) -> bytes:
    """Each section stands in a string of the one before, all the way down."""
    out = bytearray(letter())
    unit = b"xref\n0 0\ntrailer<</Size 1/Root 1 0 R/Prev %010d/S("
    start = len(out)
    for step in range(1, count):
        out += unit % (start + step * len(unit % 0))
    out += b"xref\n0 0\ntrailer<</Size 1/Root 1 0 R>>" + b")>>" * (count - 1)
    return bytes(out) + b"\nstartxref\n%d\n%%%%EOF\n" % start


def references_to_a_list(count: int) -> bytes:
    """Many objects are each a reference to one long list of references."""
    writer = one_page()
    writer.object(5, b"[" + b"7 0 R " * count + b"]")
    for number in range(6, 6 + count):
        writer.object(number, b"5 0 R")
    more = b" ".join(b"%d 0 R" % number for number in range(6, 6 + count))
    writer.object(1, CATALOG[:-2] + b"/X [%s] >>" % more)
    return writer.table()


def deep_page_tree(count: int) -> bytes:
    """Nodes with one kid each."""
    writer = Writer()
    writer.object(1, CATALOG)
    for number in range(2, count):
        writer.object(
            number,
            b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (number + 1, number - 1),
        )
    return writer.table()


def wide_page_tree_of_itself(count: int) -> bytes:
    """A node that lists itself."""
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(2, b"<< /Type /Pages /Count 1 /Kids [%s] >>" % (b"2 0 R " * count))
    return writer.table()


def packed(count: int) -> bytes:
    """Honest packed objects."""
    writer = one_page()
    writer.object(5, object_stream({10 + number: b"<< /A (x) >>" for number in range(count)}))
    return writer.xref_stream(6, packed={10 + number: (5, number) for number in range(count)})


def doubled_keys_and_comments(count: int) -> bytes:
    """One dictionary with one key, and comments between."""
    writer = one_page()
    writer.object(5, b"<<" + b"/A 1 % x\n" * count + b">>")
    return writer.table()


def escapes(count: int) -> bytes:
    """One string of escapes."""
    writer = one_page()
    writer.object(5, b"(" + b"\\1" * count + b")")
    return writer.table()


def orphans_and_comments(count: int) -> bytes:
    """Objects and comments that nothing names."""
    writer = one_page()
    for number in range(count):
        writer.object(5 + number, b"1", listed=False)
        writer.raw(b"% x\n")
    return writer.table()


HOSTILE = [
    many_small,
    revisions,
    overlapping_strings,
    many_names_for_one_object,
    one_object_switched_on_and_off,
    one_length_for_all,
    sections_in_strings,
    references_to_a_list,
    deep_page_tree,
    wide_page_tree_of_itself,
    packed,
    doubled_keys_and_comments,
    orphans_and_comments,
    escapes,
]


def work(data: bytes) -> int:
    """Read everything there is; return the work counted."""
    try:
        pdf = read_pdf(data, budget=WIDE)
    except PdfBudgetError:  # sections within sections, whose limit is the file's length
        return 0
    pdf.check_objects()
    for index in {0, len(pdf.revisions) - 1}:
        _ = pdf.view(index).pages
        pdf.view(index).reachable()
    _ = pdf.spans
    done = pdf.store.work
    return sum((done.objects, done.tokens, done.entries, done.sections, done.inflated // 8, done.references))


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_work_grows_with_the_file(make: Callable[[int], bytes]) -> None:
    """Twice the input, at most 2.3 times the work; and the work is bounded by the file's length."""
    small, large = make(150), make(300)
    cost, doubled = work(small), work(large)
    assert doubled <= 2.3 * max(1, cost) * max(1.0, len(large) / len(small) / 2)
    assert cost <= 4 * len(small)


@pytest.mark.parametrize(
    ("budget", "data"),
    [
        (Budget(objects=50), many_objects(100)),
        (Budget(tokens=500), many_objects(100)),
        (Budget(tokens=500), escapes(500)),
        (Budget(entries=50), many_objects(100)),
        (Budget(sections=5), many_revisions(letter(), 10)),
        (Budget(references=10), many_objects(100)),
        (Budget(inflated=200), packed(50)),
        (Budget(stream=200), packed(50)),
    ],
)
def test_each_limit_ends_in_one_sentence(budget: Budget, data: bytes) -> None:
    """The error says which limit was passed; nothing else is raised."""
    assert read_pdf(data).revisions
    with pytest.raises(PdfBudgetError) as caught:
        _read_all(data, budget)
    assert "at most" in caught.value.text("en")


def _read_all(data: bytes, budget: Budget) -> None:
    pdf = read_pdf(data, budget=budget)
    pdf.check_objects()
    assert pdf.view().pages


def test_larger_files_may_cost_more() -> None:
    """The limits are made for 10 MB and grow with the file, up to twenty times."""
    assert Budget.for_file(1) == Budget.for_file(10 << 20) == Budget()
    assert Budget.for_file(100 << 20).objects == 10 * Budget().objects
    assert Budget.for_file(1 << 40).objects == 20 * Budget().objects
    assert Budget.for_file(1 << 40).depth == Budget().depth


def test_an_xref_stream_bomb() -> None:
    """Thousands of millions of entries in a few bytes."""
    writer = one_page()
    start = len(writer.data)
    body = zlib.compress(bytes(30 << 20), 9)
    entries = b"/Type /XRef /W [1 1 1] /Size 10000000 /Root 1 0 R /Filter /FlateDecode "
    writer.raw(b"9 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(body, entries), start))
    with pytest.raises(PdfBudgetError):
        read_pdf(bytes(writer.data))


def test_a_bomb_in_an_object_stream() -> None:
    """An object stream of a gigabyte is not decoded."""
    writer = one_page()
    body = zlib.compress(b"7 0 1" + bytes(100 << 20), 9)
    writer.object(5, stream(body, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "))
    data = writer.xref_stream(6, packed={7: (5, 0)})
    pdf = read_pdf(data)
    with pytest.raises(PdfBudgetError):
        pdf.object(7)


def test_a_bomb_among_the_contents() -> None:
    """It costs only whoever decodes it, and not more than the cap."""
    data = one_page()
    data.object(5, stream(zlib.compress(bytes(100 << 20), 9), b"/Filter /FlateDecode "))
    pdf = read_pdf(data.table())
    pdf.check_objects()
    assert pdf.store.work.inflated == 0
    known = pdf.object(5)
    assert known is not None
    assert isinstance(known.value, Stream)
    with pytest.raises(PdfError):
        pdf.view().decoded(known.value)


def test_remarks_are_kept_once_and_counted_past_the_limit() -> None:
    """A file with a thousand faults is told in a few lines, and warnings never crowd out an error."""
    writer = one_page()
    for number in range(5, 1000):
        writer.object(number, b"--1")
    writer.table()
    writer.object(9, b"--1")
    pdf = read_pdf(writer.table(), budget=Budget(findings=20))
    pdf.check_objects()
    pdf.check_objects()
    remarks = pdf.remarks
    assert [(one.code, one.severity.value) for one in remarks[19:]] == [
        ("object-malformed", "warning"),
        ("object-malformed", "error"),
        ("more-findings", "warning"),
    ]
    assert "975" in remarks[-1].sentence.text("en")
    assert isinstance(pdf.store.remarks, Remarks)
