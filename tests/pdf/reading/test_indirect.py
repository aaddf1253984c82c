"""Indirect objects and the streams among them (ISO 32000-2 7.3.8, 7.3.10)."""

from __future__ import annotations

import pytest

from docsign.errors import PdfError
from docsign.pdf.reading import Budget, IndirectObject, Reference, Stream, Work, read_pdf
from docsign.pdf.reading.indirect import parse_indirect
from tests.pdf.reading.making import letter, one_page, updated


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


def parse(data: bytes, length: int | None = None) -> IndirectObject:
    """Parse an object alone."""

    def length_of(reference: Reference, home: IndirectObject) -> int | None:
        assert (reference, home.number) == ((8, 0), 5)
        return length

    return parse_indirect(data, 0, len(data), revision=0, work=Work(Budget()), length_of=length_of)


def test_what_stands_around_the_value() -> None:
    """The header, the end, comments between, and nothing else."""
    known = parse(b"5\n2 obj<</A 1>>% one\n% two\nendobj trailing")
    assert (known.number, known.generation, known.end, len(known.comments)) == (5, 2, 33, 2)
    for data in (b"5 0 object", b"5 0 obj 1 endob", b"5 0 obj 1 2 endobj", b"x", b"5 obj 1 endobj"):
        with pytest.raises(PdfError):
            parse(data)


def test_a_length_by_reference_is_asked_for() -> None:
    """7.3.8.2: whoever knows the revision answers; no answer is an error."""
    data = b"5 0 obj<</Length 8 0 R>>stream\nabc\nendstream endobj"
    value = parse(data, 3).value
    assert isinstance(value, Stream)
    assert (value.raw, value.start, value.get("Length")) == (b"abc", 7, (8, 0))
    with pytest.raises(PdfError) as caught:
        parse(data, None)
    assert caught.value.where == "object 5 /Length"
