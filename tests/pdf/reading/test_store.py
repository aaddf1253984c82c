"""Objects on need: parsed once, in their revision; lengths, references and filters resolved."""

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


def test_duplicate_keys_are_remarked_with_their_place() -> None:
    """7.3.7: two readers may see two documents."""
    data = updated(letter(), {5: b"<< /A << /Contents 1 /Contents 2 >> >>"})
    assert remarks(data) == [("duplicate-key", "object 5 /Contents")]


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
