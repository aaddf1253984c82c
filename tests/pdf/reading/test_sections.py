"""Cross-reference tables and streams (ISO 32000-2 7.5.4, 7.5.5, 7.5.8)."""

from __future__ import annotations

import pytest

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Budget, Section, Work
from docsign.pdf.reading.sections import FREE, IN_USE, PACKED, read_section
from tests.pdf.reading.making import letter, packed_letter, stream

PAD = b"%PDF-1.7\n"


def section(text: bytes, budget: Budget | None = None) -> Section:
    """Read a section that stands right behind a header."""
    return read_section(PAD + text, len(PAD), work=Work(budget or Budget()))


def xref_stream(rows: bytes, entries: bytes) -> bytes:
    """Write a cross-reference stream."""
    return b"9 0 obj\n" + stream(rows, b"/Type /XRef " + entries) + b"\nendobj\n"


@pytest.mark.parametrize("end", [b" \n", b"\r\n", b" \r", b"\n", b"\r"])
def test_table_with_any_line_end(end: bytes) -> None:
    """7.5.4: entries of 20 bytes; those of 19, and CR alone, are read too, for some writers make them."""
    found = section(
        b"xref" + end.strip(b" ") + b"0 2" + end.strip(b" ") + b"0000000000 65535 f" + end
        + b"0000000123 00002 n" + end + b"7 1" + end.strip(b" ") + b"0000000456 00000 n" + end
        + b"trailer" + end + b"<</Size 8>>"
    )  # fmt: skip
    assert found.entries == {0: (FREE, 0, 65535), 1: (IN_USE, 123, 2), 7: (IN_USE, 456, 0)}
    assert not found.is_stream
    assert found.trailer.get("Size") == 8


def test_an_entry_used_at_nothing_is_free() -> None:
    """Some writers name objects they never wrote, in use at offset 0."""
    found = section(b"xref\n3 1\n0000000000 00000 n \ntrailer <</Size 4>>")
    assert found.entries == {3: (FREE, 0, 0)}


def test_numbers_named_twice_are_known() -> None:
    """Two places for one number in one section; the same place twice is no harm."""
    found = section(
        b"xref\n3 1\n0000000100 00000 n \n3 1\n0000000200 00000 n \n"
        b"4 1\n0000000300 00000 n \n4 1\n0000000300 00000 n \ntrailer <</Size 5>>"
    )
    assert found.repeated == (3,)


def test_stream_entries() -> None:
    """7.5.8.3: three types, any widths, a missing type is 1, an unknown one is null."""
    rows = bytes([0, 0, 0, 255, 1, 1, 44, 0, 2, 0, 9, 3, 7, 0, 1, 1])
    found = section(xref_stream(rows, b"/W [1 2 1] /Size 4 "))
    assert found.entries == {0: (FREE, 0, 255), 1: (IN_USE, 300, 0), 2: (PACKED, 9, 3), 3: (FREE, 1, 1)}
    assert (found.is_stream, found.number) == (True, 9)
    narrow = section(xref_stream(bytes([1, 44, 0, 0]), b"/W [0 2 0] /Index [5 1 9 1] /Size 10 "))
    assert narrow.entries == {5: (IN_USE, 300, 0), 9: (FREE, 0, 0)}


@pytest.mark.parametrize(
    "text",
    [
        b"nothing",
        b"xref0 1\n0000000000 65535 f \ntrailer <<>>",
        b"xref\n0 2\n0000000000 65535 f \ntrailer <<>>",
        b"xref\n0 1\n000000000 65535 f \ntrailer <<>>",
        b"xref\n0 1\n0000000000 65535 f \n",
        b"xref\n0 1\n0000000000 65535 f \ntrailer [1]",
        b"xref\n0 1\n0000000000 65535 f \ntrailer << /Size 1",
        b"xref\n0 99999999\n",
        b"xref\n9999999999 1\n0000000000 65535 f \ntrailer <<>>",
        b"9 0 obj\n<< /Type /XRef >>\nendobj\n",
        xref_stream(b"1234", b"/W [1 2] /Size 1 "),
        xref_stream(b"1234", b"/W [1 2 -1] /Size 1 "),
        xref_stream(b"1234", b"/W [1 2 99] /Size 1 "),
        xref_stream(b"1234", b"/W [0 0 0] /Size 1 "),
        xref_stream(b"1234", b"/W [1 2 1] "),
        xref_stream(b"1234", b"/W [1 2 1] /Size (1) "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 2 "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 1 /Index [0 1 2] "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 1 /Index [-1 1] "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 1 /Filter /DCTDecode "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 1 /Filter /FlateDecode "),
        xref_stream(b"1234", b"/W [1 2 1] /Size 1 /Filter 5 "),
        b"9 0 obj\n<< /Type /XRef /Length 7 0 R /W [1 2 1] /Size 1 >>\nstream\n1234\nendstream\nendobj",
    ],
)
def test_malformed_sections_are_refused_with_their_place(text: bytes) -> None:
    """A section is read exactly or not at all; the error names its offset."""
    with pytest.raises(PdfError) as caught:
        section(text)
    assert caught.value.where.startswith(f"cross-reference at byte {len(PAD)}")


@pytest.mark.parametrize("offset", [-1, 0, 10**12])
def test_offsets_outside_the_file(offset: int) -> None:
    """So is one that lies nowhere."""
    with pytest.raises(PdfError):
        read_section(letter(), offset, work=Work(Budget()))


def test_entries_are_counted() -> None:
    """Declaring a billion entries, or a million empty subsections, costs what is allowed."""
    few = Budget(entries=100)
    with pytest.raises(PdfBudgetError):
        section(b"xref\n" + b"0 0\n" * 200 + b"trailer <<>>", few)
    with pytest.raises(PdfBudgetError):
        section(xref_stream(b"", b"/W [1 2 1] /Size 999999999 "), few)


def test_a_whole_file_of_each_kind() -> None:
    """The letters of the other tests, with a table and with a stream."""
    for data in (letter(), packed_letter()):
        offset = int(data.rpartition(b"startxref")[2].split()[0])
        found = read_section(data, offset, work=Work(Budget()))
        assert found.start == offset
        assert data[found.end :].split()[0] == b"startxref"
