"""The document as of a revision: references resolved, values asked for by type."""

from __future__ import annotations

import pytest

from docsign.pdf.reading import Budget, Name, Pdf, Reference, View, read_pdf
from docsign.pdf.reading.view import place_of
from tests.pdf.reading.making import CATALOG, letter, reopened, updated

ODD = (
    b"<< /Type /Odd /Kids [1 (x) /N << /Deep [true 4 0 R] >> 9 0 R] /Real 1.5 /Int 7 "
    b"/Null null /Missing 99 0 R /Own 9 0 R >>"
)


def odd() -> tuple[Pdf, View]:
    """Read a letter with one odd object, 9."""
    pdf = read_pdf(updated(letter(), {9: ODD, 8: b"9 0 R"}))
    return pdf, pdf.view()


def test_typed_access_answers_or_says_where() -> None:
    """The right type answers; nothing there is None in silence; a wrong type is None and a remark."""
    pdf, view = odd()
    top = view.dictionary(view.array(view.dictionary(view.trailer, "Root"), "None"), 0)
    assert top is None
    home = pdf.object(9)
    assert home is not None
    holder = home.value
    assert view.name(holder, "Type") == Name("Odd")
    kids = view.array(holder, "Kids")
    assert kids is not None
    assert view.integer(kids, 0) == 1
    text = view.text(kids, 1)
    assert text is not None
    assert text.text == "x"
    deep = view.dictionary(kids, 3)
    assert deep is not None
    assert view.boolean(view.array(deep, "Deep"), 0) is True
    assert view.stream(view.array(deep, "Deep"), 1) is not None
    assert view.reference(kids, 4) == Reference(9, 0)
    assert view.dictionary(kids, 4) is holder
    assert (view.number(holder, "Real"), view.number(holder, "Int")) == (1.5, 7.0)
    for key in ("Null", "Missing", "Absent"):
        assert view.dictionary(holder, key) is None
    for index in (-1, 5, 10**9):
        assert view.text(kids, index) is None
    assert view.get(None, "Anything") is None
    assert view.text(kids, "Key") is None
    assert view.integer(Reference(8, 0), "Int") == 7
    assert view.integer(7, "Int") is None
    assert not pdf.remarks


@pytest.mark.parametrize(
    ("ask", "where"),
    [
        (lambda view, top: view.dictionary(top, "Kids"), "object 9 /Kids"),
        (lambda view, top: view.text(view.array(top, "Kids"), 0), "object 9 /Kids[0]"),
        (lambda view, top: view.integer(view.array(top, "Kids"), 1), "object 9 /Kids[1]"),
        (
            lambda view, top: view.integer(
                view.array(view.dictionary(view.array(top, "Kids"), 3), "Deep"), 0
            ),
            "object 9 /Kids[3]/Deep[0]",
        ),
        (lambda view, top: view.name(top, "Int"), "object 9 /Int"),
        (lambda view, top: view.array(top, "Int"), "object 9 /Int"),
        (lambda view, top: view.stream(top, "Own"), "object 9 /Own"),
        (lambda view, top: view.boolean(top, "Int"), "object 9 /Int"),
        (lambda view, top: view.integer(top, "Real"), "object 9 /Real"),
        (lambda view, top: view.number(top, "Type"), "object 9 /Type"),
        (lambda view, top: view.reference(top, "Int"), "object 9 /Int"),
        (lambda view, top: view.numbers_of(top, "Kids"), "object 9 /Kids[1]"),
        (lambda view, _: view.dictionary(view.trailer, "Size"), "trailer /Size"),
    ],
)
def test_a_wrong_type_is_a_remark_with_its_place(ask: object, where: str) -> None:
    """Never an exception of Python's own."""
    pdf, view = odd()
    home = pdf.object(9)
    assert home is not None
    assert callable(ask)
    assert ask(view, home.value) is None
    found = [(remark.code, remark.where, remark.revision) for remark in pdf.remarks]
    assert found[0] == ("wrong-type", where, 1 if where.startswith("object") else 0)


def test_searching_for_places_is_counted() -> None:
    """Past the limit a place is less exact, and reading goes on."""
    pdf = read_pdf(updated(letter(), {9: ODD}), budget=Budget(placing=2))
    view = pdf.view()
    home = pdf.object(9)
    assert home is not None
    kids = view.array(home.value, "Kids")
    assert kids is not None
    assert place_of(kids, 0, pdf.store.work) == "object 9 …[0]"


def test_what_the_trailer_leads_to() -> None:
    """An object added and used by nothing is found so."""
    data = updated(letter(), {8: b"(unused)", 9: b"7 0 R", 7: b"(x)", 1: CATALOG[:-2] + b"/X 9 0 R >>"})
    pdf = read_pdf(data)
    assert pdf.view(0).reachable() == {1, 2, 3, 4}
    assert pdf.view().reachable() == {1, 2, 3, 4, 7, 9}
    assert sorted(pdf.view().numbers()) == [1, 2, 3, 4, 7, 8, 9]
    assert pdf.view(-1).index == pdf.view(1).revision.index == 1
    with pytest.raises(IndexError):
        pdf.view(2)


def test_numbers_leave_out_what_is_free() -> None:
    """Of each revision only what it has."""
    data = reopened(letter(), {9: b"(x)"}).table(entries={4: b"0000000000 00001 f \n"})
    pdf = read_pdf(data)
    assert sorted(pdf.view(0).numbers()) == [1, 2, 3, 4]
    assert sorted(pdf.view(1).numbers()) == [1, 2, 3, 9]
