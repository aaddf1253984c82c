"""What each revision did to the one before it."""

from __future__ import annotations

from docsign.pdf.changes.graph import Graph, below
from docsign.pdf.changes.steps import Steps
from docsign.pdf.field_names import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER
from docsign.pdf.reading import Pdf, read_pdf
from docsign.verdict import ChangeKind
from tests.verification.test_judge import annotate, appended, draw, fill_again, open_action


def steps_of(data: bytes) -> tuple[Pdf, Steps]:
    """Read a file and make ready to compare its revisions."""
    pdf = read_pdf(data)
    return pdf, Steps(pdf, Graph.of(pdf))


def test_the_agencys_revision_is_told(by_both: bytes) -> None:
    """Number, date, signature; nothing else, and nothing is left unexplained."""
    pdf, steps = steps_of(by_both)
    (step,) = steps.after(len(pdf.revisions) - 2)
    fills = {mark.fill.name: (mark.fill.before, mark.fill.after) for mark in step.marks if mark.fill}
    assert fills == {
        DOCUMENT_NUMBER: ("", "05"),
        DOCUMENT_DATE: ("", "ngày 16 tháng 11 năm 2026"),
    }
    assert [mark.signed for mark in step.marks if mark.signed] == [AGENCY_SIGNATURE]
    assert {mark.kind for mark in step.marks} == {ChangeKind.FORM_FILL, ChangeKind.SIGNATURE}


def test_drawing_is_told_from_other_changes(by_person: bytes) -> None:
    """A stream or a note added to a page is drawing; a second value or a script is not."""
    for change, is_drawing in ((draw, True), (annotate, True), (fill_again, False), (open_action, False)):
        pdf, steps = steps_of(appended(by_person, change))
        (step,) = steps.after(len(pdf.revisions) - 2)
        assert step.marks
        assert all(mark.drawn for mark in step.marks) is is_drawing


def test_a_revision_that_writes_the_same_again_changes_nothing(by_person: bytes) -> None:
    """Objects written anew with the same value are no changes."""
    pdf, steps = steps_of(appended(by_person, lambda revision: revision.touch_root()))
    (step,) = steps.after(len(pdf.revisions) - 2)
    assert step.marks == ()


def test_every_step_is_read_once_and_in_order(by_both: bytes) -> None:
    """However many signatures ask."""
    pdf, steps = steps_of(by_both)
    everything = steps.after(0)
    assert [step.revision for step in everything] == list(range(1, len(pdf.revisions)))
    assert steps.after(1)[0] is everything[1]
    assert steps.after(len(pdf.revisions) - 1) == []


def test_a_way_down_is_no_way_up(by_both: bytes) -> None:
    """A page leads to its content, and not to the tree above it."""
    pdf, steps = steps_of(by_both)
    page = pdf.view().pages[0].dictionary
    numbers = {reference.number for reference in below(page)}
    above = pdf.view().reference(page, "Parent")
    assert numbers
    assert above is not None
    assert above.number not in numbers
    assert page.home.number in steps.graph.users(numbers, len(pdf.revisions) - 1)
