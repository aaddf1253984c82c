"""What a signature allows to come after it."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.allowance import Allowance, Lock, aftermath, is_forgiven
from docsign.pdf.changes.filling import filling
from docsign.pdf.changes.marks import Fill, Mark, Needs, NewPicture, Step
from docsign.sentence import say
from docsign.verdict import ChangeKind

DRAWN = say("Something was drawn on page {n}.", n=1)


def filled(name: str, before: str, after: str) -> Step:
    """A revision that fills one field."""
    fill = Fill(name=name, before=before, after=after)
    mark = Mark(kind=ChangeKind.FORM_FILL, what=filling(fill), needs=Needs.FILLING, fill=fill)
    return Step(revision=2, marks=(mark,))


def signed(*, over: tuple[str, ...] = (), opaque: bool = False, on_field: bool = False) -> Step:
    """A revision that signs in a new visible field."""
    picture = NewPicture(page=1, box=(10, 10, 90, 50), opaque=opaque, over=over, on_field=on_field)
    what = say("A signature was added in the field {name}.", name="Den")
    mark = Mark(
        kind=ChangeKind.SIGNATURE, what=what, needs=Needs.FILLING, page=1, signed="Den", picture=picture
    )
    return Step(revision=2, marks=(mark,))


def locked(names: str) -> tuple[Lock, ...]:
    """Lock these fields."""
    return (Lock("Include", frozenset(names.split())),) if names else ()


@pytest.mark.parametrize(
    ("step", "closed", "closable", "permission", "allowed"),
    [
        (filled("a", "", "1"), "", "", None, True),
        (filled("a", "1", "2"), "", "", None, True),
        (filled("a", "", "1"), "a", "", None, False),
        (filled("a", "", "1"), "", "a", None, True),
        (filled("a", "1", "2"), "", "a", None, False),
        (filled("b", "1", "2"), "a", "a", None, True),
        (filled("a", "", "1"), "", "", 1, False),
        (filled("a", "", "1"), "", "", 2, True),
    ],
)
def test_a_filling_is_allowed_by_locks_and_levels(
    step: Step, closed: str, closable: str, permission: int | None, allowed: bool
) -> None:
    """Closed fields stay closed, fields that will be closed are filled once, DocMDP 1 allows nothing."""
    allowance = Allowance(permission=permission, locks=locked(closed), closable=locked(closable))
    assert [change.allowed for change in aftermath([step], allowance).changes] == [allowed]


def test_a_change_no_level_allows_is_refused_whatever_the_level() -> None:
    """Content stays refused under DocMDP 3; a note passes there and nowhere else."""
    content = Mark(kind=ChangeKind.CONTENT, what=DRAWN, needs=Needs.MORE, drawn=True)
    note = Mark(kind=ChangeKind.ANNOTATION, what=DRAWN, needs=Needs.ANNOTATING, drawn=True)
    for level, expected in ((None, [False, False]), (2, [False, False]), (3, [False, True])):
        seen = aftermath([Step(revision=2, marks=(content, note))], Allowance(permission=level))
        assert [change.allowed for change in seen.changes] == expected


def test_drawing_is_forgiven_where_an_agency_closed_its_revision() -> None:
    """Only drawing, and only in those revisions."""
    drawn = Mark(kind=ChangeKind.CONTENT, what=DRAWN, needs=Needs.MORE, drawn=True)
    other = Mark(kind=ChangeKind.PAGE, what=DRAWN, needs=Needs.MORE)
    seen = aftermath([Step(revision=2, marks=(drawn,))], Allowance())
    assert is_forgiven(seen.refused, frozenset({2}))
    assert not is_forgiven(seen.refused, frozenset({3}))
    seen = aftermath([Step(revision=2, marks=(drawn, other))], Allowance())
    assert not is_forgiven(seen.refused, frozenset({2}))


@pytest.mark.parametrize(
    ("step", "allowance", "answer"),
    [
        (signed(over=("So",), opaque=True, on_field=True), Allowance(present=frozenset({"Den"})), "listed"),
        (signed(), Allowance(), "warned"),
        (signed(over=("So",), on_field=True), Allowance(), "warned"),
        (signed(over=("So",), opaque=True, on_field=True), Allowance(), "doubtful"),
        (signed(), Allowance(permission=2), "listed"),
        (signed(opaque=True), Allowance(permission=2), "refused"),
        (signed(over=("So",)), Allowance(permission=2), "refused"),
        (signed(), Allowance(failed=frozenset({"Den"})), "refused"),
    ],
)
def test_a_signature_may_cover_only_so_much(step: Step, allowance: Allowance, answer: str) -> None:
    """A field that was there is listed; a new one is judged by what lies under it and shows through."""
    seen = aftermath([step], allowance)
    found = (
        "refused"
        if seen.refused
        else "doubtful"
        if seen.doubtful
        else "warned"
        if seen.warnings
        else "listed"
    )
    assert found == answer
