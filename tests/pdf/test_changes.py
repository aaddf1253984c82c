"""What each revision did, and what a signature before it allows."""

from __future__ import annotations

import pytest

from docsign.pdf.changes import Fill, Step, allowed_after, read_step
from docsign.pdf.fields import DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.objects import page_numbers, pages, reached, value
from docsign.pdf.placing import Case, place
from docsign.pdf.signatures import (
    closable_fields,
    closed_fields,
    find_signatures,
    form_fields,
    open_pdf,
    permission,
)
from docsign.pki import Trust
from docsign.sentence import say
from docsign.verdict import Change, ChangeKind
from tests.verification.test_judge import annotate, appended, draw, fill_again


def filled(name: str, before: str, after: str) -> Step:
    """A revision that fills one field."""
    what = say("The field {name} was filled in: {value}.", name=name, value=after)
    return Step(
        revision=2,
        level=2,
        changes=(Change(kind=ChangeKind.FORM_FILL, what=what, allowed=True),),
        fills=(Fill(name=name, before=before, after=after),),
    )


def verdicts(
    steps: list[Step], *, locked: str = "", closable: str = "", permission: int | None = None
) -> list[bool]:
    """Return which changes are allowed."""
    seen = allowed_after(
        steps,
        locked=frozenset(locked.split()),
        closable=frozenset(closable.split()),
        permission=permission,
    )
    return [change.allowed for change in seen]


@pytest.mark.parametrize(
    ("step", "locked", "closable", "permission", "allowed"),
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
    step: Step, locked: str, closable: str, permission: int | None, allowed: bool
) -> None:
    """Closed fields stay closed, fields that will be closed are filled once, DocMDP 1 allows nothing."""
    assert verdicts([step], locked=locked, closable=closable, permission=permission) == [allowed]


def test_a_change_no_level_allows_is_refused_whatever_the_level() -> None:
    """Content stays refused under DocMDP 3."""
    change = Change(kind=ChangeKind.CONTENT, what=say("Something was drawn on page {n}.", n=1), allowed=False)
    assert verdicts([Step(revision=2, level=None, changes=(change,))], permission=3) == [False]


def test_the_agencys_revision_is_told(by_both: bytes) -> None:
    """Number, date, signature; the step needs form filling."""
    reader, strict = open_pdf(by_both, None)
    assert strict
    step = read_step(reader, reader.xrefs.total_revisions - 1)
    assert step.level == 2
    assert {fill.name: (fill.before, fill.after) for fill in step.fills} == {
        DOCUMENT_NUMBER: ("", "05"),
        DOCUMENT_DATE: ("", "ngày 16 tháng 11 năm 2026"),
    }
    assert len(step.signed_fields) == 1
    assert not step.only_drawing


def test_drawing_is_told_from_other_changes(by_person: bytes) -> None:
    """A stream or a note added to a page is drawing; a second value is not."""
    for change, only_drawing in ((draw, True), (annotate, True), (fill_again, False)):
        reader, _ = open_pdf(appended(by_person, change), None)
        step = read_step(reader, reader.xrefs.total_revisions - 1)
        assert step.only_drawing is only_drawing


def test_the_locks_are_read(by_both: bytes, by_person: bytes) -> None:
    """The agency's signature closes number and date; the person's closes nothing; nobody certifies."""
    reader, _ = open_pdf(by_both, None)
    fields = form_fields(reader)
    person, agency = sorted(find_signatures(fields), key=lambda one: PERSON_SIGNATURE not in one.fields)
    names = frozenset(fields)
    assert closed_fields(agency, names) == {DOCUMENT_NUMBER, DOCUMENT_DATE}
    assert closed_fields(person, names) == frozenset()
    assert closable_fields(fields) == {DOCUMENT_NUMBER, DOCUMENT_DATE}
    assert permission(agency.dictionary) is None


def test_a_signature_is_put_in_its_place(by_both: bytes, trust: Trust) -> None:
    """Its bytes, its revision; nothing is wrong with an honest one."""
    from datetime import UTC, datetime

    reader, _ = open_pdf(by_both, None)
    fields = form_fields(reader)
    from docsign.ades.cades import ValidationData

    case = Case(
        data=by_both, reader=reader, trust=trust, at=datetime.now(UTC), beside=ValidationData(), fields=fields
    )
    placed = [place(case, found) for found in find_signatures(fields)]
    assert [one.problems for one in placed] == [[], []]
    assert {one.coverage for one in placed} == {"whole", "revision"}
    assert not any(one.is_timestamp for one in placed)


def test_pages_and_what_lies_below_an_object(by_both: bytes) -> None:
    """Pages are numbered in their order; a walk down never climbs to a parent."""
    reader, _ = open_pdf(by_both, None)
    root = reader.root
    listed = list(pages(root))
    assert sorted(page_numbers(root).values()) == list(range(1, len(listed) + 1))
    assert value(root, "/NoSuchKey") is None
    below = {(one.idnum, one.generation) for one in reached(value(listed[0][1], "/Resources"))}
    assert below
    assert not below & set(page_numbers(root))
