"""Objects on need: indirect objects, streams and their lengths, object streams (ISO 32000-2 7.3.8, 7.5.7)."""

from __future__ import annotations

import zlib

import pytest

from docsign.errors import PdfError
from docsign.pdf.reading import Array, Dictionary, Stream, read_pdf
from tests.pdf.reading.making import (
    CATALOG,
    PAGE,
    PAGES,
    Writer,
    letter,
    object_stream,
    one_page,
    packed_letter,
    stream,
    updated,
)


def remarks(data: bytes) -> list[tuple[str, str]]:
    """Return codes and places of what is remarked."""
    pdf = read_pdf(data)
    pdf.check_objects()
    return [(remark.code, remark.where) for remark in pdf.remarks]


def test_objects_know_their_bytes() -> None:
    """7.3.10: from the header to endobj, in the revision that wrote them."""
    data = updated(letter(), {9: b"<< /A (x) >>"})
    known = read_pdf(data).object(9)
    assert known is not None
    assert (known.raw, known.revision, known.packed_in) == (b"9 0 obj\n<< /A (x) >>\nendobj", 1, None)
    assert (known.reference, known.where) == ((9, 0), "object 9")
    assert read_pdf(data).object(9, 0) is None
    assert read_pdf(data).object(77) is None


def test_packed_objects_know_theirs() -> None:
    """7.5.7: the bytes of a packed object are those in the decoded stream."""
    for compress in (True, False):
        data = packed_letter(compress=compress)
        known = read_pdf(data).object(3)
        assert known is not None
        assert (known.raw, known.packed_in) == (PAGE, 5)
        assert isinstance(known.value, Dictionary)
        assert remarks(data) == []


@pytest.mark.parametrize("end_of_line", [b"\n", b"\r\n", b"\r"])
def test_streams(end_of_line: bytes) -> None:
    """7.3.8: the length counts the bytes after the line end of ``stream``, whatever they are."""
    content = b"endstream endobj\r\n\0"
    writer = one_page()
    writer.object(
        5, b"<</Length %d>>stream%s%s%sendstream" % (len(content), end_of_line, content, end_of_line)
    )
    known = read_pdf(writer.table()).object(5)
    assert known is not None
    assert isinstance(known.value, Stream)
    assert known.value.raw == content


def test_a_length_elsewhere() -> None:
    """7.3.8.2: /Length may be a reference, to a packed object too; it is the one of the stream's revision."""
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(2, PAGES)
    writer.object(3, PAGE)
    writer.object(4, b"<< /Length 7 0 R >>\nstream\n123456789\nendstream")
    writer.object(5, object_stream({7: b"9"}))
    data = writer.xref_stream(6, packed={7: (5, 0)})
    later = updated(data, {7: b"3"})
    for revision in (0, 1):
        known = read_pdf(later).object(4, revision)
        assert known is not None
        assert isinstance(known.value, Stream)
        assert known.value.raw == b"123456789"


@pytest.mark.parametrize(
    "text",
    [
        b"<< >>\nstream\nabc\nendstream",
        b"<< /Length 2 >>\nstream\nabc\nendstream",
        b"<< /Length 4000 >>\nstream\nabc\nendstream",
        b"<< /Length -1 >>\nstream\nabc\nendstream",
        b"<< /Length 3.0 >>\nstream\nabc\nendstream",
        b"<< /Length 5 0 R >>\nstream\nabc\nendstream",
        b"<< /Length 99 0 R >>\nstream\nabc\nendstream",
        b"<< /Length 1 0 R >>\nstream\nabc\nendstream",
        b"[ 3 ]\nstream\nabc\nendstream",
        b"<< /Length 3 >>\nstream\nabc\nendstream junk",
        b"<< /Length 3 >>\nstream abc\nendstream",
        b"1 2",
        b"<< /A",
        b"",
    ],
)
def test_malformed_objects_are_null_and_remarked(text: bytes) -> None:
    """Nothing is repaired; the place names the object."""
    data = updated(letter(), {5: text})
    pdf = read_pdf(data)
    known = pdf.object(5)
    assert known is not None
    assert known.value is None
    (remark,) = pdf.remarks
    assert (remark.code, remark.revision) == ("object-malformed", 1)
    assert remark.where.startswith("object 5 (")


def test_duplicate_keys_are_remarked_with_their_place() -> None:
    """7.3.7: two readers may see two documents."""
    data = updated(letter(), {5: b"<< /A << /Contents 1 /Contents 2 >> >>"})
    assert remarks(data) == [("duplicate-key", "object 5 /Contents")]


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


def test_reference_loops_end() -> None:
    """7.3.10: an object that is a reference to itself is null."""
    data = updated(letter(), {5: b"6 0 R", 6: b"5 0 R", 7: b"8 0 R", 8: b"(x)"})
    pdf = read_pdf(data)
    view = pdf.view()
    five, seven = pdf.object(5), pdf.object(7)
    assert five is not None
    assert seven is not None
    assert view.resolve(five.value) is None
    assert view.resolve(seven.value) is not None
    assert [remark.code for remark in pdf.remarks] == ["reference-loop"]


def test_decoding_a_stream() -> None:
    """7.3.8.2: filters and parameters may be arrays and references."""
    content = zlib.compress(b"xin ch\xe0o").hex().encode() + b">"
    data = updated(
        letter(),
        {
            5: stream(content, b"/Filter 6 0 R /DecodeParms [null 7 0 R] "),
            6: b"[/AHx 8 0 R]",
            7: b"<< /Predictor 1 >>",
            8: b"/FlateDecode",
            9: stream(b"x", b"/Filter [/FlateDecode 5] "),
            10: stream(b"x", b"/Filter [" + b"/A85 " * 9 + b"] "),
        },
    )
    pdf = read_pdf(data)
    view = pdf.view()
    known = pdf.object(5)
    assert known is not None
    assert isinstance(known.value, Stream)
    assert view.decoded(known.value).data == b"xin ch\xe0o"
    for number in (9, 10):
        broken = pdf.object(number)
        assert broken is not None
        assert isinstance(broken.value, Stream)
        with pytest.raises(PdfError) as caught:
            view.decoded(broken.value)
        assert caught.value.where == f"object {number} /Filter"


def test_the_same_bytes_are_parsed_once() -> None:
    """However many revisions name them."""
    data = letter()
    pdf = read_pdf(data)
    assert pdf.object(3) is pdf.object(3, 0)
    assert isinstance(pdf.view().pages[0].dictionary.home.value, Dictionary)
    before = pdf.store.work.objects
    pdf.view().reachable()
    after = pdf.store.work.objects
    pdf.view().reachable()
    assert pdf.store.work.objects == after > before
    array = pdf.view().array(pdf.view().pages[0].dictionary, "MediaBox")
    assert isinstance(array, Array)
