"""Values written are the values read: the writer's syntax against the strict reader."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from docsign.pdf import syntax
from docsign.pdf.reading import Array, Dictionary, Name, Reference, Text, Value, same_value
from docsign.pdf.reading.budget import Budget, Work
from docsign.pdf.reading.parsing import parse_value
from docsign.pdf.reading.values import IndirectObject


def read(data: bytes) -> Value:
    """Parse one value and hold that nothing is left over."""
    home = IndirectObject(1, 0, 0, data, 0, len(data))
    value, end = parse_value(data, 0, len(data), home=home, work=Work(Budget.for_file(len(data))))
    assert data[end:].strip() == b""
    return value


@given(st.text(max_size=40))
def test_a_text_string_is_read_as_it_was(text: str) -> None:
    """Any characters, lone surrogates apart, which no text has."""
    text = text.encode("utf-16", "replace").decode("utf-16")
    found = read(syntax.text(text))
    assert isinstance(found, Text)
    assert found.text == text


@given(st.text(st.characters(max_codepoint=255), max_size=20))
def test_a_name_is_read_as_it_was(text: str) -> None:
    """Every byte, delimiters and white space included (ISO 32000-2 7.3.5)."""
    assert read(syntax.name(text)) == text


@given(st.binary(max_size=60))
def test_a_string_is_read_as_it_was(data: bytes) -> None:
    """Parentheses and backslashes included (7.3.4)."""
    found = read(syntax.string(data))
    assert isinstance(found, Text)
    assert found.raw == data


@given(st.floats(-100_000, 100_000))
def test_a_number_is_read_to_a_thousandth(value: float) -> None:
    """Never in the form with an exponent (7.3.3)."""
    found = read(syntax.number(value))
    assert isinstance(found, int | float)
    assert abs(found - value) <= 0.0005001


def test_what_was_read_is_written_again() -> None:
    """Every kind of value, one inside the other."""
    source = b"<< /A [1 -2.5 .5 true null (x\\)y) <FEFF> /N#20m 12 0 R] /B << /C << >> >> >>"
    value = read(source)
    assert same_value(read(syntax.written(value)), value)


def test_references_strings_and_entries_may_be_changed_on_the_way() -> None:
    """For what moves into another file: new numbers, encrypted strings, an entry set, an item appended."""
    value = read(b"<< /A [1 0 R] /B (x) >>")
    assert isinstance(value, Dictionary)

    def changed(one: Array | Dictionary) -> tuple[dict[str, bytes], list[bytes]]:
        return ({"C": b"3"}, []) if isinstance(one, Dictionary) else ({}, [b"4"])

    made = read(
        syntax.written(
            value,
            number_of=lambda reference: syntax.reference(reference.number + 10),
            encrypt=lambda data: data * 2,
            changed=changed,
        )
    )
    assert isinstance(made, Dictionary)
    assert isinstance(made["A"], Array)
    assert made["A"].items == [Reference(11, 0), 4]
    assert isinstance(made["B"], Text)
    assert (made["B"].raw, made["C"]) == (b"xx", 3)
    assert isinstance(read(b"/N"), Name)


def test_a_date_has_its_zone() -> None:
    """ISO 32000-2 7.9.4."""
    moment = datetime(2026, 11, 16, 9, 15, 30, tzinfo=timezone(timedelta(hours=7)))
    assert syntax.date(moment) == b"D:20261116091530+07'00'"
