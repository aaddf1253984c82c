"""Objects are changed by splicing: the entry or item that is meant, and not one byte else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.errors import PdfError
from docsign.pdf.reading import Array, Dictionary, read_pdf
from docsign.pdf.reading.budget import Budget, Work
from docsign.pdf.reading.parsing import parse_value
from docsign.pdf.reading.values import IndirectObject
from docsign.pdf.revision import Revision
from docsign.pdf.splicing import Splices, entry_spans
from tests.pdf.reading.making import PAGE, Writer, letter, one_page


def parsed(data: bytes) -> tuple[Splices, Dictionary]:
    """Parse one dictionary and open its object for changes."""
    home = IndirectObject(1, 0, 0, data, 0, len(data))
    home.value, home.end = parse_value(data, 0, len(data), home=home, work=Work(Budget.for_file(len(data))))
    assert isinstance(home.value, Dictionary)
    return Splices(home), home.value


def test_every_kind_of_value_has_its_place() -> None:
    """Keys with escapes, comments between, values that touch."""
    data = b"<</A#20b 1/B/C/D[1 2]/E(x)%y >>\n/F<</G 1>>/H 12 0 R/I -.5 /J null /K<AB>>>"
    _, value = parsed(data)
    assert {key: data[start:end] for key, start, end in entry_spans(value)} == {
        "A b": b"1", "B": b"/C", "D": b"[1 2]", "E": b"(x)", "F": b"<</G 1>>", "H": b"12 0 R",
        "I": b"-.5", "J": b"null", "K": b"<AB>",
    }  # fmt: skip


def test_an_entry_is_set_and_an_item_appended() -> None:
    """Replaced where it stands, added at the end where it does not; the rest is untouched."""
    data = b"<< /A 1 /B [ 1 ] /C (c\xf2n nguy\xean) >>"
    splices, value = parsed(data)
    listed = value["B"]
    assert isinstance(listed, Array)
    splices.set(value, "A", b"2")
    splices.set(value, "D", b"/X")
    splices.append(listed, b"5 0 R")
    splices.append(listed, b"6 0 R")
    made = splices.bytes_now(0, len(data))
    assert made == data.replace(b"/A 1", b"/A  2 ").replace(b"1 ]", b"1  5 0 R 6 0 R]").replace(
        b") >>", b") \n/D /X>>"
    )
    _, again = parsed(made)
    assert (again["A"], again["D"]) == (2, "X")


def test_comments_are_left_out() -> None:
    """A comment in a revision of ours would stand where writers put none."""
    data = b"<< /A 1 % m\xf4t\n/B [1 % hai\n] >>"
    splices, value = parsed(data)
    splices.set(value, "C", b"3")
    assert b"%" not in splices.bytes_now(0, len(data))


def test_a_key_written_twice_is_refused() -> None:
    """Which of the two a reader takes cannot be known."""
    data = b"<< /A 1 /A 2 >>"
    splices, value = parsed(data)
    splices.set(value, "B", b"3")
    with pytest.raises(PdfError, match="twice"):
        splices.bytes_now(0, len(data))


@given(st.lists(st.sampled_from([b"/K 1", b"/L[1(x)]", b"/M<</N(])>>", b"/O 1 0 R", b"/P/Q"]), unique=True))
def test_what_is_set_is_read_and_the_rest_stays(entries: list[bytes]) -> None:
    """In any dictionary."""
    data = b"<<" + b" ".join(entries) + b">>"
    splices, value = parsed(data)
    splices.set(value, "K", b"7")
    _, again = parsed(splices.bytes_now(0, len(data)))
    assert again["K"] == 7
    assert [key for key in again if key != "K"] == [key for key in value if key != "K"]


def test_a_revision_appends_and_numbers_after_all_that_is_named() -> None:
    """New numbers lie above the trailer's /Size and above every entry; the bytes before are untouched."""
    data = letter()
    revision = Revision.of(data)
    number = revision.add(b"(moi)")
    assert number == 5
    page = revision.page(1).dictionary
    revision.set(page, "Own", b"%d 0 R" % number)
    whole = revision.whole()
    assert whole.startswith(data)
    view = read_pdf(whole).view()
    assert view.pages[0].dictionary.get("Own") is not None
    with pytest.raises(PdfError, match="no page 2"):
        revision.page(2)


def test_identifiers_keep_the_first_and_change_the_second() -> None:
    """ISO 32000-2 14.4: the same input gives the same identifiers."""
    data = one_page().table(b"/ID [<AA> <BB>] ")
    revision = Revision.of(data)
    revision.set(revision.catalog, "Own", b"1")
    found = read_pdf(revision.whole()).view().trailer["ID"]
    assert isinstance(found, Array)
    first, second = (item.raw for item in found.items)  # type: ignore[union-attr]
    assert first == b"\xaa"
    assert len(second) == 16
    assert revision.whole() == revision.whole()


def test_annotations_of_another_kind_are_refused() -> None:
    """What is no array cannot be appended to; the place is named."""
    writer = Writer()
    for number, body in ((1, b"<< /Type /Catalog /Pages 2 0 R >>"), (2, b"<< /Type /Pages /Kids [3 0 R] >>")):
        writer.object(number, body)
    writer.object(3, PAGE[:-2] + b"/Annots (x) >>")
    revision = Revision.of(writer.table())
    with pytest.raises(PdfError, match="object 3 /Annots"):
        revision.annotate(revision.page(1), 9)
