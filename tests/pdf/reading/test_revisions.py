"""Revisions: where each begins and ends, which sections it has (ISO 32000-2 7.5.5, 7.5.6, annex F)."""

from __future__ import annotations

import pytest

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Budget, read_pdf
from tests.pdf.reading.making import (
    CATALOG,
    HEADER,
    Writer,
    letter,
    one_page,
    packed_letter,
    reopened,
    stream,
    updated,
)


def codes(data: bytes) -> list[str]:
    """Return the codes of what is remarked of a file."""
    pdf = read_pdf(data)
    pdf.check_objects()
    return [remark.code for remark in pdf.remarks]


def test_one_revision() -> None:
    """A file written once is one revision, from its first byte to its last."""
    data = letter()
    (revision,) = read_pdf(data).revisions
    assert (revision.start, revision.end, revision.eof) == (0, len(data), len(data) - 1)
    assert (sorted(revision.changed), revision.freed) == ([1, 2, 3, 4], ())


def test_revisions_follow_one_another_without_a_gap() -> None:
    """7.5.6: each update appends; white space behind %%EOF belongs to the revision it follows."""
    first = letter() + b"\r\n\0 "
    second = updated(first, {3: b"<< /Type /Page /Parent 2 0 R >>"})
    third = updated(second, {5: b"(m\xf3i)", 1: CATALOG})
    pdf = read_pdf(third)
    assert [(one.start, one.end) for one in pdf.revisions] == [
        (0, len(first)),
        (len(first), len(second)),
        (len(second), len(third)),
    ]
    assert [sorted(one.changed) for one in pdf.revisions] == [[1, 2, 3, 4], [3], [1, 5]]
    assert not pdf.remarks


def test_tables_and_streams_mix() -> None:
    """7.5.8: an update may use a table where the first writer used a stream, and the other way round."""
    data = updated(packed_letter(), {3: b"<< /Type /Page /Parent 2 0 R >>"})
    writer = reopened(data, {9: b"(x)"})
    data = writer.xref_stream(8)
    assert codes(data) == []
    assert [sorted(one.changed) for one in read_pdf(data).revisions] == [[1, 2, 3, 4, 5, 6], [3], [8, 9]]


def linearised() -> bytes:
    """Write the form of annex F: objects of the first page and their section first, the main one last."""

    def write(front: int, main: int, offsets: dict[int, int]) -> tuple[bytes, int, int, dict[int, int]]:
        writer = Writer()
        writer.object(5, b"<< /Linearized 1 /L %010d /H [0 0] /O 3 /E 0 /N 1 /T %010d >>" % (0, main))
        front_now = writer.raw(
            b"xref\n3 3\n"
            + b"".join(b"%010d 00000 n \n" % offsets.get(number, 0) for number in (3, 4, 5))
            + b"trailer\n<< /Size 6 /Root 4 0 R /Prev %010d >>\nstartxref\n0\n%%%%EOF\n" % main
        )
        writer.object(4, CATALOG)
        writer.object(3, b"<< /Type /Page /Parent 2 0 R >>")
        writer.object(1, b"<< /Producer (ki\xeam th\xfd) >>")
        writer.object(2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        main_now = writer.raw(
            b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n"
            % (offsets.get(1, 0), offsets.get(2, 0))
        )
        writer.raw(b"trailer\n<< /Size 3 >>\nstartxref\n%d\n%%%%EOF\n" % front)
        return bytes(writer.data), front_now, main_now, dict(writer.offsets)

    front, main = 0, 0
    offsets: dict[int, int] = {}
    for _ in range(3):  # offsets need their digits first
        data, front, main, offsets = write(front, main, offsets)
    return data


def test_linearised_file_is_one_revision() -> None:
    """Annex F: two sections, ``startxref 0`` at the front; updates to it are revisions as ever."""
    data = linearised()
    pdf = read_pdf(data)
    assert len(pdf.revisions) == 1
    assert [section.start < 200 for section in pdf.revisions[0].sections] == [True, False]
    assert (pdf.revisions[0].end, len(pdf.view().pages), codes(data)) == (len(data), 1, [])
    later = updated(data, {3: b"<< /Type /Page /Parent 2 0 R /Rotate 90 >>"}, b"").replace(
        b"/Root 1", b"/Root 4"
    )
    assert (len(read_pdf(later).revisions), codes(later)) == (2, [])


def test_the_front_section_alone_excuses_no_other_file() -> None:
    """A section in front of its /Prev is out of order unless the file says it is linearised."""
    data = linearised().replace(b"/Linearized", b"/Lin3arized")
    assert "revision-order" in codes(data)


def word_form() -> bytes:
    """Write Word's hybrid form: a table, then an empty one whose /XRefStm leads back into the first part."""
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    writer.object(3, b"<< /Type /Page /Parent 2 0 R >>")
    content = b"7 0 8 17 << /Type /Tag >> << /Type /Tag >>"
    packed = writer.object(5, stream(content, b"/Type /ObjStm /N 2 /First 9 "))
    rows = [(0, 0, 255), (1, writer.offsets[1], 0), (1, writer.offsets[2], 0), (1, writer.offsets[3], 0)]
    rows += [(0, 0, 255), (1, packed, 0), (1, len(writer.data), 0), (2, 5, 0), (2, 5, 1)]
    body = b"".join(bytes([kind]) + one.to_bytes(2, "big") + bytes([two]) for kind, one, two in rows)
    beside = writer.object(6, stream(body, b"/Type /XRef /W [1 2 1] /Size 9 /Root 1 0 R "))
    free = dict.fromkeys((4, 7, 8), b"0000000000 65535 f \n")
    writer.table(entries=free)
    writer.size = 9
    start = len(writer.data)
    writer.raw(
        b"xref\n0 0\ntrailer\n<< /Size 9 /Root 1 0 R /Prev %d /XRefStm %d >>\nstartxref\n%d\n%%%%EOF"
        % (writer.previous or 0, beside, start)
    )
    return bytes(writer.data)


def test_words_hybrid_form_is_one_revision() -> None:
    """7.5.8.4: the second, empty table only shows newer readers what the first writing already held."""
    data = word_form()
    pdf = read_pdf(data)
    assert (len(pdf.revisions), codes(data)) == (1, [])
    assert pdf.object(8) is not None
    assert len(pdf.revisions[0].sections) == 2
    assert codes(updated(data + b"\n", {3: b"<< /Type /Page /Parent 2 0 R /Rotate 90 >>"})) == []


def test_startxref_must_name_the_section_before_it() -> None:
    """7.5.5: each revision's startxref names its own section."""
    data = letter()
    place = data.rindex(b"startxref\n") + 10
    twisted = data[:place] + b"15" + data[data.index(b"\n%%EOF", place) :]
    whole = updated_from(data, twisted)
    assert "startxref-mismatch" in codes(whole)


def updated_from(honest: bytes, twisted: bytes) -> bytes:
    """Append a revision whose /Prev is right although the first startxref is not."""
    previous = int(honest.rpartition(b"startxref")[2].split()[0])
    writer = Writer(data=bytearray(twisted), previous=previous, size=10)
    writer.object(9, b"(x)")
    return writer.table()


def test_a_revision_that_is_not_closed() -> None:
    """7.5.5: startxref and %%EOF end a revision; one whose own are missing is remarked."""
    data = letter()
    cut = data[: data.rindex(b"startxref")]
    writer = Writer(data=bytearray(cut), previous=data.rindex(b"xref\n0 1"), size=10)
    writer.object(9, b"(x)")
    assert codes(writer.table()) == ["revision-unfinished"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        HEADER,
        b"not a PDF at all" * 100,
        letter().replace(b"%%EOF", b"%%EOT"),
        letter().replace(b"startxref", b"startxxxx"),
        letter()[:-12],
        letter().replace(b"trailer\n<< ", b"trailer\n<< /Prev (9) "),
        letter().replace(b"trailer\n<< ", b"trailer\n<< /Prev 99999 "),
        letter().replace(b"trailer\n<< ", b"trailer\n<< /Prev -1 "),
        letter().replace(b"trailer\n<< ", b"trailer\n<< /XRefStm 15 "),
    ],
)
def test_no_structure_no_reading(data: bytes) -> None:
    """Where the chain cannot be followed there is no document, and nothing is repaired."""
    with pytest.raises(PdfError):
        read_pdf(data)


def test_prev_loops_end() -> None:
    """A /Prev that leads back is a finding, and reading ends."""
    data = letter()
    start = data.rindex(b"xref\n0 1")
    looped = data.replace(b"trailer\n<< ", b"trailer\n<< /Prev %d " % start)
    assert "prev-loop" in codes(looped)


def test_prev_nothing_is_no_prev() -> None:
    """Some writers say /Prev 0 in the first section."""
    assert codes(letter().replace(b"trailer\n<< ", b"trailer\n<< /Prev 0 ")) == []


def test_sections_are_counted() -> None:
    """A thousand revisions cost a thousand sections, no more."""
    writer = one_page()
    writer.table()
    for _ in range(30):
        writer.object(4, b"(x)")
        writer.table()
    data = bytes(writer.data)
    assert len(read_pdf(data).revisions) == 31
    with pytest.raises(PdfBudgetError):
        read_pdf(data, budget=Budget(sections=30))
