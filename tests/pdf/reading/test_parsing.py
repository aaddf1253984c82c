"""One value from bytes (ISO 32000-2 7.2, 7.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Array, Budget, Dictionary, IndirectObject, Name, Reference, Text, Value, Work
from docsign.pdf.reading.parsing import parse_value
from docsign.pdf.reading.pdfdoc import decode_text
from docsign.pdf.reading.values import children, references, same_value


def parse(data: bytes, budget: Budget | None = None) -> Value:
    """Parse a value that ends where the bytes end."""
    home = IndirectObject(1, 0, 0, data, 0, len(data))
    value, end = parse_value(data, 0, len(data), home=home, work=Work(budget or Budget()))
    assert not data[end:].strip()
    home.value = value
    return value


def refused(data: bytes) -> str:
    """Return where a malformed value is refused."""
    with pytest.raises(PdfError) as caught:
        parse(data)
    return caught.value.where


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b"true", True),
        (b" false", False),
        (b"+17", 17),
        (b"-98", -98),
        (b"0", 0),
        (b"34.5", 34.5),
        (b"-.002", -0.002),
        (b"4.", 4.0),
        (b"\0\t\n\f\r 7", 7),
        (b"12 0 R", Reference(12, 0)),
        (b"12\n0\rR", Reference(12, 0)),
    ],
)
def test_simple_values(data: bytes, value: object) -> None:
    """ISO 32000-2 7.3.2, 7.3.3, 7.3.9, 7.3.10: null, booleans, numbers, references, any white space."""
    found = parse(data)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"/A#42", "AB"), (b"/", ""), (b"/A;B_C*1.2$!", "A;B_C*1.2$!"), (b"/Ti\xe1\xbb\x83u", "Tiá»\x83u")],
)
def test_names(data: bytes, name: str) -> None:
    """ISO 32000-2 7.3.5: any regular character, ``#xx`` decoded; a character stands for a byte."""
    found = parse(data)
    assert isinstance(found, Name)
    assert found == name


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"(C\xf4ng v\xe3n)", b"C\xf4ng v\xe3n"),
        (b"(a (b) c)", b"a (b) c"),
        (b"(a \\(b c)", b"a (b c"),
        (b"(\\n\\r\\t\\b\\f\\\\\\)\\q)", b"\n\r\t\b\f\\)q"),
        (b"(\\101\\7\\0533)", b"A\7+3"),
        (b"(one\\\ntwo\\\r\nthree)", b"onetwothree"),
        (b"(one\r\ntwo\rthree)", b"one\ntwo\nthree"),
        (b"()", b""),
    ],
)
def test_literal_strings(data: bytes, value: bytes) -> None:
    """ISO 32000-2 7.3.4.2: balanced parentheses, escapes, octal, line ends."""
    found = parse(data)
    assert isinstance(found, Text)
    assert (found.value, found.is_hex, found.start, found.end) == (value, False, 0, len(data))


@pytest.mark.parametrize(
    ("data", "value"), [(b"<901FA3>", b"\x90\x1f\xa3"), (b"<90 1f\na>", b"\x90\x1f\xa0"), (b"<>", b"")]
)
def test_hex_strings(data: bytes, value: bytes) -> None:
    """ISO 32000-2 7.3.4.3: white space ignored, a missing last digit is 0."""
    found = parse(data)
    assert isinstance(found, Text)
    assert (found.value, found.is_hex, found.end) == (value, True, len(data))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xfe\xff\x1e\xa4\x00n", "Ấn"),
        (b"\xef\xbb\xbf\xe1\xba\xa4n", "Ấn"),
        (b"\xff\xfe\xa4\x1en\x00", "Ấn"),
        (b"caf\xe9 \x80\xa0", "café •€"),
        (b"\xfe\xff\xd8", "�"),
    ],
)
def test_text_strings(data: bytes, text: str) -> None:
    """ISO 32000-2 7.9.2.2: UTF-16, UTF-8, PDFDocEncoding; what cannot be decoded does not raise."""
    assert Text(data, 0, 0, False).text == decode_text(data) == text


def test_containers_know_their_place() -> None:
    """ISO 32000-2 7.3.6, 7.3.7: arrays and dictionaries, each with its first and last byte."""
    data = b"<< /Kids [3 0 R << /A /B >>] /Count 2 >>"
    top = parse(data)
    assert isinstance(top, Dictionary)
    kids = top.get("Kids")
    assert isinstance(kids, Array)
    assert data[kids.start : kids.end] == b"[3 0 R << /A /B >>]"
    inner = kids[1]
    assert isinstance(inner, Dictionary)
    assert data[inner.start : inner.end] == b"<< /A /B >>"
    assert (top.start, top.end, list(top), len(kids)) == (0, len(data), ["Kids", "Count"], 2)
    assert list(references(top)) == [Reference(3, 0)]
    assert len(children(top)) == 2


def test_comments_are_white_space_and_remembered() -> None:
    """ISO 32000-2 7.2.4: a comment may stand anywhere between tokens; its offset is kept."""
    data = b"% one\n<< % two\n /A % three\n % four\n [ % five\n 1 ] >>"
    home = IndirectObject(1, 0, 0, data, 0, len(data))
    top, _ = parse_value(data, 0, len(data), home=home, work=Work(Budget()))
    assert isinstance(top, Dictionary)
    assert list(top) == ["A"]
    assert [data[start : start + 4] for start in home.comments] == [
        b"% on",
        b"% tw",
        b"% th",
        b"% fo",
        b"% fi",
    ]


def test_a_key_written_twice_is_known() -> None:
    """ISO 32000-2 7.3.7: a key occurs once; of two the last is read, and the file knows of it."""
    top = parse(b"<< /A 1 /B << /C 1 /C 2 >> /A 3 >>")
    assert isinstance(top, Dictionary)
    assert top.get("A") == 3
    assert top.home.duplicates == ((11, "C"), (0, "A"))


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"<< /A 1", "object 1, byte 7"),
        (b"[1 2", "object 1, byte 4"),
        (b"<< /A >>", "object 1, byte 3"),
        (b"<< 1 2 >>", "object 1, byte 3"),
        (b"[1 >>", "object 1, byte 3"),
        (b"]", "object 1, byte 0"),
        (b"<< /A ]", "object 1, byte 3"),
        (b"(never (ends)", "object 1, byte 0"),
        (b"<90GG>", "object 1, byte 0"),
        (b"--5", "object 1, byte 0"),
        (b"1.2.3", "object 1, byte 0"),
        (b"truefalse", "object 1, byte 0"),
        (b"99999999999999999999", "object 1, byte 0"),
        (b"{ 1 add }", "object 1, byte 0"),
        (b"", "object 1, byte 0"),
        (b"  % only a comment", "object 1, byte 18"),
    ],
)
def test_what_is_no_value_is_refused_with_its_place(data: bytes, where: str) -> None:
    """Nothing is guessed or skipped."""
    assert refused(data) == where


def test_nothing_is_read_past_the_bound() -> None:
    """An object is bounded by the next offset: what stands behind cannot complete it."""
    data = b"[1 2 3]"
    home = IndirectObject(1, 0, 0, data, 0, 4)
    with pytest.raises(PdfError):
        parse_value(data, 0, 4, home=home, work=Work(Budget()))


def test_depth_and_tokens_are_counted() -> None:
    """A million opening brackets cost one sentence, not the stack; so do a million tokens."""
    assert parse(b"[" * 150 + b"]" * 150) is not None
    with pytest.raises(PdfBudgetError, match="depth"):
        parse(b"[" * 1_000_000)
    with pytest.raises(PdfBudgetError, match="tokens"):
        parse(b"[" + b"1 " * 1000 + b"]", Budget(tokens=500))


def test_same_value_compares_what_is_said_not_where() -> None:
    """References are compared, not followed; types and order of arrays count, order of keys does not."""
    one = parse(b"<< /A [1 2 (x)] /B 3 0 R >>")
    assert same_value(one, parse(b"<</B 3 0 R/A[1  2 <78>]>>"))
    for other in (
        b"<< /A [1 2 (x)] /B 4 0 R >>",
        b"<< /A [2 1 (x)] /B 3 0 R >>",
        b"<< /A [1.0 2 (x)] /B 3 0 R >>",
        b"<< /A [1 2] /B 3 0 R >>",
        b"<< /A [1 2 (x)] >>",
        b"[1]",
    ):
        assert not same_value(one, parse(other))


@given(
    st.lists(
        st.sampled_from(["0", "+5", "-17", "007", ".5", "4.", "-0.25", "9" * 19, "1" * 20, "9" * 60 + ".5"])
    )
)
def test_an_array_of_numbers_says_the_same_as_one_with_more_in_it(parts: list[str]) -> None:
    """It is read at once; item by item it has the same items, or the same fault at the same place."""
    text = " ".join(parts).encode()
    try:
        mixed = parse(b"[" + text + b" /End]")
    except PdfError as error:
        fault = error.where
    else:
        fault = ""
    if fault:
        assert refused(b"[" + text + b"]") == fault
        return
    alone = parse(b"[" + text + b"]")
    assert isinstance(alone, Array)
    assert isinstance(mixed, Array)
    assert alone.items == mixed.items[:-1]
    assert [type(one) for one in alone.items] == [type(one) for one in mixed.items[:-1]]
    assert (alone.start, alone.end) == (mixed.start, mixed.end - len(b" /End"))


@pytest.mark.parametrize("data", [b"[1+2]", b"[1 2-3]", b"[1..2]", b"[--5]", b"[.]", b"[+]", b"[1.2.3 4]"])
def test_what_looks_like_numbers_and_is_none_is_refused(data: bytes) -> None:
    """ISO 32000-2 7.3.3: the place is that of the item."""
    assert "byte" in refused(data)


def test_numbers_read_at_once_are_counted_too() -> None:
    """An array of a thousand numbers costs a thousand tokens."""
    with pytest.raises(PdfBudgetError):
        parse(b"[" + b"1 " * 1000 + b"]", Budget(tokens=900))
    assert parse(b"[" + b"1 " * 800 + b"]", Budget(tokens=900)) is not None
