"""Fields that the form knows and no page lists: prepared, and hung on a page when it suits."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.second_signer import (
    add_annotation,
    add_field,
    clear_form,
    completed,
    opaque_form,
    sign,
    signature,
)
from tests.pdf.attacks.syntax import Ref
from tests.pdf.attacks.table import ATTACKS, DOUBTFUL, FAILED, failed
from tests.pdf.odd.writing import WIDGET, Writing, with_fields

ROW = "sneaky signature"


def prepared() -> Revision:
    """Return a revision of a signed file whose form knows a field, 14, over a text field: on no page."""
    objects = with_fields()
    objects[1] = objects[1].replace(b"11 0 R]", b"11 0 R 14 0 R]", 1)
    box = WIDGET.replace(b"/V 8 0 R", b"/AP<</N 15 0 R>>").replace(b"0 0 0 0", b"72 570 272 590")
    objects[14] = box.replace(b"(KyTay)", b"(KyHai)")
    objects[15] = objects[13].replace(b"gia tri 1", b"gia tri 9")
    return Revision(Writing(objects=objects).signed())


@ATTACKS.enter_made(ROW, failed(ChangeKind.ANNOTATION, page=1))
def prepared_field_hung_without_a_signature() -> bytes:
    """Nobody signs it: its picture alone comes over the text field."""
    revision = prepared()
    add_annotation(revision, Ref(5), Ref(14))
    return sign(revision)


@ATTACKS.enter_made(ROW, DOUBTFUL)
def prepared_field_hung_over_a_field() -> bytes:
    """Signed, and its picture hides the text field that was signed."""
    revision = prepared()
    picture = {"N": revision.add(opaque_form(200, 20))}
    revision.change(Ref(14), V=revision.add(signature()), AP=picture)
    add_annotation(revision, Ref(5), Ref(14))
    return completed(revision.appended())


@ATTACKS.enter_made(ROW, FAILED)
def field_beside_the_page_that_stays_upright() -> bytes:
    """A field beside the page that is not turned with it: where it comes to stand depends on the turn."""
    revision = Revision(Writing().signed())
    widget = add_field(revision, "KyNgoai", (-200, 10, -10, 60), clear_form(), 1, None)
    revision.change(widget, F=4 | 16)
    return revision.appended()
