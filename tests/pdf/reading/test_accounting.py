"""Every byte belongs to a known thing in a known revision, or is remarked."""

from __future__ import annotations

import pytest

from docsign.pdf.reading import SpanKind, read_pdf
from docsign.verdict import Severity
from tests.pdf.reading.making import (
    CATALOG,
    PAGE,
    Writer,
    letter,
    one_page,
    packed_letter,
    reopened,
    stream,
    updated,
)


def remarks(data: bytes) -> list[tuple[str, str, int | None]]:
    """Return code, severity and revision of what is remarked."""
    pdf = read_pdf(data)
    pdf.check_objects()
    assert b"".join(data[span.start : span.end] for span in pdf.spans) == data
    return [(remark.code, remark.severity.value, remark.revision) for remark in pdf.remarks]


def test_spans_cover_the_file() -> None:
    """Header, objects, table, trailer, startxref, %%EOF, white space between, each in its revision."""
    data = updated(letter(), {9: b"(m\xf3i)"})
    pdf = read_pdf(data)
    kinds = [(one.kind, one.number, one.revision) for one in pdf.spans if one.kind != SpanKind.SPACE]
    assert kinds == [
        ("header", None, 0),
        ("comment", None, 0),
        ("object", 1, 0),
        ("object", 2, 0),
        ("object", 3, 0),
        ("object", 4, 0),
        ("xref", None, 0),
        ("trailer", None, 0),
        ("startxref", None, 0),
        ("eof", None, 0),
        ("object", 9, 1),
        ("xref", None, 1),
        ("trailer", None, 1),
        ("startxref", None, 1),
        ("eof", None, 1),
    ]
    assert [one.start for one in pdf.spans][1:] == [one.end for one in pdf.spans][:-1]
    packed = [span.kind.value for span in read_pdf(packed_letter()).spans if span.kind != "space"]
    assert packed == ["header", "comment", "object", "object", "xref", "startxref", "eof"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n1 0 obj", b"\n%Ghostscript 10\n%Invocation: gs\n1 0 obj"),
        (b"xref\n0 1", b"%iText-8.0\nxref\n0 1"),
        (b"startxref", b"%iText-8.0\r\nstartxref"),
        (b"%%EOF", b"% end\n%%EOF"),
    ],
)
def test_comments_in_place_are_no_matter(old: bytes, new: bytes) -> None:
    """On their own lines just after the header and before xref, startxref, %%EOF."""
    writer = one_page()
    honest = writer.table()
    data = moved(honest, old, new)
    assert remarks(data) == []
    assert remarks(updated(data, {9: b"(x)"})) == []


def moved(data: bytes, old: bytes, new: bytes) -> bytes:
    """Put ``new`` in place of the first ``old`` and correct every offset behind."""
    place, shift = data.index(old), len(new) - len(old)
    changed = data.replace(old, new, 1)
    for number in range(1, 10):
        offset = data.find(b"\n%d 0 obj" % number) + 1
        if offset > place:
            changed = changed.replace(b"%010d 00000 n" % offset, b"%010d 00000 n" % (offset + shift))
    table = data.rindex(b"xref\n0 1")
    if table >= place:
        keyword = changed.index(b"xref\n0 1")
        changed = changed.replace(b"startxref\n%d" % table, b"startxref\n%d" % keyword)
    return changed


def test_comments_elsewhere_are_caught_in_a_later_revision() -> None:
    """Between objects, in an object, on the line of something else; careless in the first writing."""
    between = reopened(letter(), {9: b"(x)"})
    between.raw(b"% ch\xfa th\xedch\n")
    between.object(8, b"(y)")
    assert remarks(between.table()) == [("stray-comment", "error", 1)]
    assert remarks(updated(letter(), {9: b"<< % hidden\n /A 1 >>"})) == [("comment-in-object", "error", 1)]
    same_line = reopened(letter(), {9: b"(x)"})
    same_line.data = same_line.data[:-1] + b" % same line\n"
    assert remarks(same_line.table()) == [("stray-comment", "error", 1)]
    first = one_page()
    first.raw(b"%% Original object ID: 5 0\n")
    first.object(5, b"(x)")
    assert remarks(first.table()) == [("stray-comment", "warning", 0)]


def test_a_comment_at_the_start_of_a_revision_is_told_apart() -> None:
    """MuPDF names itself there; whether that may stand behind a signature is the judge's to say."""
    writer = reopened(letter() + b"\n", {})
    writer.raw(b"% Written by MuPDF 1.28.5\n\n")
    writer.object(9, b"(x)")
    assert remarks(writer.table()) == [("comment-before-revision", "warning", 1)]


@pytest.mark.parametrize("tail", [b"\n\n", b" \0\r\n", b"\t"])
def test_white_space_after_the_end_is_no_matter(tail: bytes) -> None:
    """Many writers and mail programs add some."""
    assert remarks(letter() + tail) == []


@pytest.mark.parametrize("tail", [b"junk", b"x" * 5000, b"\n[1 2 3]", b"endobj"])
def test_bytes_after_the_end_are_caught(tail: bytes) -> None:
    """They belong to no revision."""
    data = letter()
    assert remarks(data + tail) == [("unaccounted-bytes", "error", None)]
    assert read_pdf(data + tail).spans[-1].revision is None


def test_comments_after_the_end_are_caught() -> None:
    """A comment there could later be uncovered."""
    assert remarks(letter() + b"% to be continued\n") == [("stray-comment", "error", None)]


def test_an_object_appended_without_cross_reference_is_caught() -> None:
    """Incremental saving without xref: the object is there and no revision has it."""
    assert remarks(letter() + b"4 0 obj\n(gi\xe1)\nendobj\n") == [("object-without-xref", "error", None)]
    hidden = reopened(letter(), {9: b"(x)"})
    hidden.object(8, b"(kh\xf4ng ai bi\xe3t)", listed=False)
    assert remarks(hidden.table()) == [("object-without-xref", "error", 1)]
    careless = one_page()
    careless.object(7, b"(x)", listed=False)
    assert remarks(careless.table()) == [("object-without-xref", "warning", 0)]


def test_a_revision_without_trailer_is_caught() -> None:
    """The same with a table that nothing leads to."""
    data = letter()
    later = updated(data, {4: stream(b"(gi\xe1)")})
    assert [code for code, *_ in remarks(later[: later.rindex(b"trailer")])] == [
        "object-without-xref",
        "unaccounted-bytes",
    ]


def test_stray_bytes_between_objects() -> None:
    """LibreOffice leaves some in its first writing; in a later revision they are caught."""
    careless = one_page()
    careless.raw(b"/Document<</MCID 11>>BDC\n")
    careless.object(5, b"(x)")
    assert remarks(careless.table()) == [("unaccounted-bytes", "warning", 0)]
    later = reopened(letter(), {9: b"(x)"})
    later.raw(b"BT ET\n")
    later.object(8, b"(y)")
    assert remarks(later.table()) == [("unaccounted-bytes", "error", 1)]


def test_an_entry_to_another_objects_bytes_is_caught() -> None:
    """The header says another number: the bytes are not lent to it."""
    writer = reopened(letter(), {})
    place = writer.object(9, b"(x)")
    writer.offsets[8] = place
    data = writer.table()
    assert remarks(data) == [("xref-wrong-object", "error", 1)]
    eight = read_pdf(data).object(8)
    assert eight is not None
    assert eight.value is None


def test_an_entry_to_no_object_is_caught() -> None:
    """Nothing begins there."""
    writer = reopened(letter(), {9: b"(x)"})
    writer.offsets[8] = writer.offsets[9] + 3
    codes = [code for code, *_ in remarks(writer.table())]
    assert "xref-no-object" in codes


def test_an_entry_that_leads_to_the_table_itself_is_caught() -> None:
    """What stands at the offset is no object but the table."""
    data = letter()
    table, place = data.index(b"xref\n"), data.index(b"%010d" % data.index(b"4 0 obj"))
    data = data[:place] + b"%010d" % table + data[place + 10 :]
    assert "xref-no-object" in [code for code, _, _ in remarks(data)]


def test_careless_entries_of_the_first_writing() -> None:
    """Offsets to the line end before an object lead to it; offsets into nothing cut nothing."""
    writer = one_page()
    writer.object(5, b"(x)")
    writer.offsets[5] -= 1
    writer.offsets[6] = writer.offsets[4] + 12
    writer.offsets[7] = 10**9
    writer.size = 8
    data = writer.table()
    assert remarks(data) == [
        ("entry-past-revision", "warning", 0),
        ("xref-no-object", "warning", 0),
        ("xref-no-object", "warning", 0),
    ]
    five = read_pdf(data).object(5)
    assert five is not None
    assert five.raw == b"5 0 obj\n(x)\nendobj"
    assert read_pdf(data).view().stream(read_pdf(data).view().pages[0].dictionary, "Contents") is not None


def test_a_generation_that_differs_is_caught() -> None:
    """7.5.4: the entry's generation is the object's."""
    writer = reopened(letter(), {})
    writer.object(9, b"(x)", generation=3)
    assert remarks(writer.table()) == [("xref-generation", "error", 1)]


def test_overlapping_objects_are_caught() -> None:
    """An object within another's stream: the outer one is cut where the inner one begins."""
    writer = reopened(letter(), {})
    inner = b"9 0 obj\n(b\xean trong)\nendobj\n"
    start = writer.object(8, stream(inner))
    writer.offsets[9] = writer.data.index(inner, start)
    codes = [code for code, *_ in remarks(writer.table())]
    assert "object-malformed" in codes
    outer = read_pdf(bytes(writer.data)).object(8)
    assert outer is not None
    assert outer.value is None


def test_a_second_header_is_caught() -> None:
    """Two documents in one file."""
    assert "second-header" in [code for code, *_ in remarks(letter() + letter())]


def test_bytes_before_the_header_are_caught() -> None:
    """7.5.2: the header is the first thing in the file."""
    writer = Writer(data=bytearray(b"junk\n" + bytes(Writer().data)))
    for number, value in {1: CATALOG, 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", 3: PAGE}.items():
        writer.object(number, value)
    writer.object(4, stream(b""))
    assert remarks(writer.table()) == [("header", "warning", 0)]


def test_the_word_endobj_inside_a_string_or_stream_ends_nothing() -> None:
    """What an object is, its own syntax says."""
    writer = one_page(b"endobj 5 0 obj (x) endobj")
    writer.object(5, b"(endobj\n6 0 obj << >> endobj)")
    writer.object(6, stream(b"x" * 9000 + b"\nendstream\nendobj\n" + b"x" * 9000))
    assert remarks(writer.table()) == []


def test_severity_of_what_the_first_writer_left() -> None:
    """Remarks tell apart carelessness in the first writing and what somebody appended."""
    pdf = read_pdf(letter() + b"junk")
    assert [remark.severity for remark in pdf.remarks] == [Severity.ERROR]
    assert [finding.code for finding in pdf.findings] == ["unaccounted-bytes"]
    assert "byte" in pdf.findings[0].where


def test_a_zero_byte_is_white_space_in_a_header_too() -> None:
    """Found by fuzzing: an object nobody names, its header written with a zero byte."""
    data = letter() + b"10\0\0 0 obj\n<<>>\nendobj\n"
    assert ("object-without-xref", "error", None) in remarks(data)
