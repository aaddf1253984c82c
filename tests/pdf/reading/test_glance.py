"""What is plain at a glance is read by the parser without a remark, to the same keys and references."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.errors import PdfError
from docsign.pdf.changes.graph import below, below_plain
from docsign.pdf.reading import Array, Budget, Dictionary, Reference, read_pdf
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.glance import LONGEST, plain_entries, referred_in
from docsign.pdf.reading.indirect import glance_at, parse_indirect
from tests.pdf.reading.making import one_page

SPACES = st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\0", b"\t", b"\f "])
SIMPLE = st.sampled_from(
    b"/Type|/|12 0 R|7 0 R|3|-4|+.5|6.|true|null|(x)|(9 0 R /A 1)|(]>>)|<4e>|<>|[]|[ 5 0 R/K 6 0 R ]"
    b"|[1 2 3 0 R]|[1.5 -2]|[/R true]".split(b"|")
)
# What parsing has more to say about, or nothing good.
OTHER = st.sampled_from(
    b"<</B 1>>|[[1]]|[(x)]|[<41>]|(a\\)b)|(a(b)c)|/A#42|% x\n1|1 0 R2|1.2.3|[1 0]R|12345678901 0 R|nul"
    b"|truetrue|--1|(|)|<4x>|[|]|>>|1 R".split(b"|")
)
KEYS = st.sampled_from(
    [b"/A", b"/B", b"/Parent", b"/ByteRange", b"/", b"/K1", b"/Type", b"/A#42", b"A", b"3"]
)
PAIRS = st.lists(st.tuples(SPACES, KEYS, SPACES, SIMPLE | SIMPLE | SIMPLE | OTHER), max_size=5)
ENDS = st.sampled_from(
    [b">>\nendobj", b" >> endobj", b">>endobj", b">> % x\nendobj", b">>\nstream\n", b">>", b""]
)


@settings(max_examples=600)
@given(PAIRS, ENDS, st.sampled_from([b"", b" ", b"\n\n"]))
def test_what_is_plain_is_parsed_to_the_same(
    pairs: list[tuple[bytes, ...]], close: bytes, before: bytes
) -> None:
    """Same header, same end, same keys, same references; no comment and no key twice (7.3.7, 7.3.10)."""
    data = before + b"4 0 obj\n<<" + b"".join(map(b"".join, pairs)) + close + b"\n5 0 obj"
    header, end = glance_at(data, 0, len(data))
    assert header is not None
    assert header[:2] == (4, 0)
    plain = plain_entries(data, header[3], end) if end else None
    if plain is None:
        return
    known = parse_indirect(data, 0, len(data), revision=0, work=Work(Budget()))
    assert isinstance(known.value, Dictionary)
    assert (known.start, known.end) == (header[2], end)
    assert not known.comments
    assert not known.duplicates
    assert {key.decode() for key in plain.keys} == set(known.value.entries)
    assert sorted(below_plain(plain)) == sorted(one.number for one in below(known.value))


@settings(max_examples=600)
@given(st.binary(max_size=12), st.integers(0, 60), st.integers(0, 4))
def test_a_changed_plain_object_is_still_read_alike(new: bytes, place: int, cut: int) -> None:
    """Whatever bytes are put in: what is plain then can be parsed, and ends there."""
    old = b"4 0 obj\n<</Type/A /K [5 0 R 6 0 R] /P 7 0 R /S (x) /N -1.5>>\nendobj"
    data = old[:place] + new + old[place + cut :]
    header, end = glance_at(data, 0, len(data))
    if not end or header is None:
        return
    try:
        known = parse_indirect(data, 0, len(data), revision=0, work=Work(Budget()))
    except PdfError as error:
        pytest.fail(f"{data!r}: {error}")
    plain = plain_entries(data, header[3], end)
    assert known.end == end
    assert (plain is None) == bool(known.duplicates)
    assert isinstance(known.value, Dictionary)
    if plain is not None:
        assert {key.decode("latin-1") for key in plain.keys} == set(known.value.entries)
        assert sorted(below_plain(plain)) == sorted(one.number for one in below(known.value))


def test_a_common_object_is_plain() -> None:
    """The structure element of a tagged document, say, with its two ways up and its kids."""
    data = b"4 0 obj\n<< /Type /StructElem /S /P /P 5 0 R /K [ 0 6 0 R ] /Pg 7 0 R /Lang (vi-VN) >>\nendobj\n"
    header, end = glance_at(data, 0, len(data))
    assert header == (4, 0, 0, 7)
    assert end == len(data) - 1
    plain = plain_entries(data, 7, end)
    assert plain is not None
    assert below_plain(plain) == [6]
    assert plain.entries[2] == (b"P", b"5", b"")


def test_a_long_object_is_left_to_the_parser() -> None:
    """So that many claims on the same bytes stay cheap."""
    data = b"4 0 obj\n<</A (" + b"x" * LONGEST + b")>>\nendobj"
    assert glance_at(data, 0, len(data)) == ((4, 0, 0, 7), 0)


def test_an_object_that_reaches_into_the_next_is_not_plain() -> None:
    """An entry that leads into a string of it cuts it short: that is a malformed object, and said."""
    writer = one_page()
    writer.object(5, b"<</A (6 0 obj<</B 1>>endobj)>>")
    data = writer.table()
    free, inside = data.index(b"6 0 obj"), data.index(b"%010d 00000 n" % data.index(b"5 0 obj"))
    assert "object-malformed" not in _codes(data)
    claimed = data[: inside + 20] + data[inside + 20 :].replace(
        b"trailer", b"6 1\n%010d 00000 n \ntrailer" % free
    )
    assert "object-malformed" in _codes(claimed)


def test_references_of_an_array() -> None:
    """Numbers that are no reference are not taken for one."""
    assert referred_in(b"1 2 0 R/R 3 0 R 4") == [2, 3]
    assert referred_in(b"1 2 3") == []


def _codes(data: bytes) -> list[str]:
    pdf = read_pdf(data)
    pdf.check_objects()
    return [remark.code for remark in pdf.remarks]


@pytest.mark.parametrize(
    ("array", "items"),
    [
        (b"[1 0 R 22 3 R ]", [Reference(1, 0), Reference(22, 3)]),
        (b"[1 0 R 5]", [Reference(1, 0), 5]),
        (b"[5 1\n0\r\nR]", [5, Reference(1, 0)]),
    ],
)
def test_an_array_of_references_is_read_at_once(array: bytes, items: list[object]) -> None:
    """And one with something else in it one by one, to the same."""
    data = b"4 0 obj\n" + array + b"\nendobj"
    known = parse_indirect(data, 0, len(data), revision=0, work=Work(Budget()))
    assert isinstance(known.value, Array)
    assert known.value.items == items


@pytest.mark.parametrize("array", [b"[1 0 R2 0 R]", b"[R]", b"[1 R]", b"[12345678901 0 R]", b"[+1 0 R]"])
def test_what_only_looks_like_references_is_malformed(array: bytes) -> None:
    """As it is anywhere else."""
    data = b"4 0 obj\n" + array + b"\nendobj"
    with pytest.raises(PdfError):
        parse_indirect(data, 0, len(data), revision=0, work=Work(Budget()))
