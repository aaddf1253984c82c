"""Object streams (ISO 32000-2 7.5.7): what is packed, and what only claims to be."""

from __future__ import annotations

from docsign.pdf.reading import Dictionary, read_pdf
from tests.pdf.reading.making import PAGE, object_stream, one_page, packed_letter, stream


def remarks(data: bytes) -> list[tuple[str, str]]:
    """Return codes and places of what is remarked."""
    pdf = read_pdf(data)
    pdf.check_objects()
    return [(remark.code, remark.where) for remark in pdf.remarks]


def test_packed_objects_know_theirs() -> None:
    """7.5.7: the bytes of a packed object are those in the decoded stream."""
    for compress in (True, False):
        data = packed_letter(compress=compress)
        known = read_pdf(data).object(3)
        assert known is not None
        assert (known.raw, known.packed_in) == (PAGE, 5)
        assert isinstance(known.value, Dictionary)
        assert remarks(data) == []


def test_an_object_stream_is_what_it_says() -> None:
    """7.5.7: numbers, offsets and /First must fit; the entry's index must name the number."""

    def packed(content: bytes, entries: bytes, places: dict[int, tuple[int, int]]) -> list[str]:
        writer = one_page()
        writer.object(5, stream(content, b"/Type /ObjStm " + entries))
        return [code for code, _ in remarks(writer.xref_stream(6, packed=places))]

    good = b"7 0 8 2 1 2 "
    assert packed(good, b"/N 2 /First 8 ", {7: (5, 0), 8: (5, 1)}) == []
    malformed = ["object-malformed"]
    assert packed(good, b"/N 2 /First 8 ", {7: (5, 1), 8: (5, 0)})[-1:] == malformed
    assert packed(good, b"/N 3 /First 8 ", {7: (5, 0)}) == malformed
    assert packed(good, b"/N -1 /First 8 ", {7: (5, 0)}) == malformed
    assert packed(good, b"/N 2 /First 800 ", {7: (5, 0)}) == malformed
    assert packed(good, b"/N 2 ", {7: (5, 0)}) == malformed
    assert packed(b"7 0 8 0 1 2 ", b"/N 2 /First 8 ", {7: (5, 0)}) == malformed
    assert packed(b"7 0 8 x 1 2 ", b"/N 2 /First 8 ", {7: (5, 0)}) == malformed
    assert packed(b"7 0 8 4 1 x 2", b"/N 2 /First 8 ", {7: (5, 0), 8: (5, 1)}) == malformed
    assert packed(good, b"/N 2 /First 8 /Filter /DCTDecode ", {7: (5, 0)}) == malformed
    assert packed(good, b"/N 2 /First 8 ", {7: (4, 0)}) == malformed
    assert packed(good, b"/N 2 /First 8 ", {7: (99, 0)})[-1:] == malformed
    assert "packed-twice" in packed(b"7 0 7 2 1 2 ", b"/N 2 /First 8 ", {7: (5, 0)})


def test_a_packed_object_nobody_names_is_remarked() -> None:
    """An object in the stream without an entry is like one in the file without an entry."""
    writer = one_page()
    writer.object(5, object_stream({7: b"1", 8: b"(x)"}))
    data = writer.xref_stream(6, packed={7: (5, 0)})
    assert remarks(data) == [("object-without-xref", "object 8, object stream 5[1]")]


def test_extends_loops_are_remarked() -> None:
    """7.5.7: /Extends is not followed for reading, and a circle of it is remarked."""
    writer = one_page()
    writer.object(5, object_stream({7: b"1"}, entries=b"/Extends 6 0 R "))
    writer.object(6, object_stream({8: b"2"}, entries=b"/Extends 5 0 R "))
    codes = [code for code, _ in remarks(writer.xref_stream(9, packed={7: (5, 0), 8: (6, 0)}))]
    assert codes == ["extends-loop"]


def test_no_chain_of_lengths_and_object_streams() -> None:
    """The length of an object stream may not itself be packed: nothing can make the reader recurse."""
    writer = one_page()
    content = b"7 0 9"
    writer.object(5, b"<< /Type /ObjStm /N 1 /First 4 /Length 7 0 R >>\nstream\n" + content + b"\nendstream")
    assert remarks(writer.xref_stream(6, packed={7: (5, 0)}))[0][0] == "object-malformed"
