"""What a revision did to the form, field by field."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.comparison import Comparison
from docsign.pdf.changes.form import FormChange
from docsign.pdf.changes.graph import Graph
from docsign.pdf.changes.marks import Needs
from docsign.pdf.changes.pages import PageList
from docsign.pdf.reading import read_pdf
from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.syntax import Name, Ref, Value
from tests.pdf.odd.later_writing import drawn, filled
from tests.pdf.odd.writing import Writing, with_fields


def marks(pdf: bytes) -> set[tuple[ChangeKind, Needs]]:
    """Return what the second revision did to the form, and what must allow it."""
    read = read_pdf(pdf)
    found = Comparison.of(Graph.of(read), 1)
    FormChange.of(found).compare(PageList.of(found.new))
    return {(mark.kind, mark.needs) for mark in found.marks}


def changed(**entries: Value) -> bytes:
    """Return the form with other entries in its filled field."""
    revision = Revision(Writing(objects=with_fields()).signed())
    revision.change(Ref(11), **entries)
    return revision.appended()


def test_filling_is_filling() -> None:
    """A value with its picture."""
    assert marks(filled(Writing(objects=with_fields()).signed()).appended()) == {
        (ChangeKind.FORM_FILL, Needs.FILLING)
    }


@pytest.mark.parametrize(
    ("entries", "kind", "needs"),
    [
        ({"Ff": 1}, ChangeKind.STRUCTURE, Needs.NOTHING),
        ({"F": 2}, ChangeKind.APPEARANCE, Needs.MORE),
        ({"Rect": [0, 0, 9, 9]}, ChangeKind.APPEARANCE, Needs.MORE),
        ({"AP": {"N": Ref(12)}}, ChangeKind.APPEARANCE, Needs.MORE),
        ({"AA": {"K": {"S": Name("JavaScript")}}}, ChangeKind.ACTIVE_CONTENT, Needs.MORE),
        ({"FT": Name("Btn")}, ChangeKind.STRUCTURE, Needs.MORE),
        ({"T": b"Khac"}, ChangeKind.STRUCTURE, Needs.MORE),
    ],
)
def test_every_other_key_stays(entries: dict[str, Value], kind: ChangeKind, needs: Needs) -> None:
    """Closed by its flags: no change; hidden, moved, redrawn, with a script, of another kind or name: one."""
    assert (kind, needs) in marks(changed(**entries))


def test_a_picture_follows_its_value() -> None:
    """Another text than the value is a change of the picture, beside the filling."""
    revision = filled(Writing(objects=with_fields()).signed())
    revision.change(Ref(10), AP={"N": revision.add(drawn(b"khac"))})
    assert (ChangeKind.APPEARANCE, Needs.MORE) in marks(revision.appended())


def test_nothing_changed() -> None:
    """A field written again as it was."""
    assert marks(changed()) == set()
