"""Fields that come to show another text than their value says."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.syntax import Ref, Stream, Value
from tests.pdf.attacks.table import ATTACKS, FAILED, failed
from tests.pdf.odd.later_writing import drawn, filled
from tests.pdf.odd.writing import Writing, field_picture, with_fields

ROW = "appearance swap"


def asking(revision: Revision, ask: Value) -> None:
    """Ask readers to draw the fields themselves, or no longer."""
    entries = revision.get(revision.old.root)["AcroForm"]
    entries.pop("NeedAppearances", None)
    revision.change(revision.old.root, AcroForm=entries | ({} if ask is None else {"NeedAppearances": ask}))


@ATTACKS.enter_made(ROW, failed(ChangeKind.APPEARANCE, page=1))
def filled_with_one_text_and_shows_another() -> bytes:
    """The value is filled in, and the picture shows another amount."""
    revision = filled(Writing(objects=with_fields()).signed(), V=b"1.000.000")
    revision.change(Ref(10), AP={"N": revision.add(drawn(b"9.000.000"))})
    return revision.appended()


@ATTACKS.enter_made(ROW, FAILED)
def drawn_anew_with_another_text() -> bytes:
    """Where readers draw the fields themselves, a later picture shows another text than the value."""
    revision = filled(Writing(objects=with_fields(ask=True)).signed())
    revision.change(Ref(11), AP={"N": revision.add(drawn(b"gia tri 9"))})
    return revision.appended()


def _redrawn(picture: bytes) -> bytes:
    revision = filled(Writing(objects=with_fields(ask=True)).signed())
    shown = drawn(b"gia tri 1")
    shown.data = picture
    revision.change(Ref(11), AP={"N": revision.add(Stream(shown.entries, picture))})
    return revision.appended()


@ATTACKS.enter_made(ROW, FAILED)
def drawn_anew_with_a_stroke() -> bytes:
    """The text is the value's, and a thin bar before it makes another number of it."""
    return _redrawn(b"q 1 4 2 12 re f BT /Helv 11 Tf 0 g 6 5 Td (gia tri 1) Tj ET Q")


@ATTACKS.enter_made(ROW, FAILED)
def drawn_anew_in_white() -> bytes:
    """The text is the value's, in white."""
    return _redrawn(b"q BT /Helv 11 Tf 1 g 2 5 Td (gia tri 1) Tj ET Q")


@ATTACKS.enter_made(ROW, FAILED)
def drawn_anew_half_outside() -> bytes:
    """The text is the value's, and begins left of the field."""
    return _redrawn(b"q BT /Helv 11 Tf 0 g -40 5 Td (gia tri 1) Tj ET Q")


@ATTACKS.enter_made(ROW, FAILED)
def values_asked_for_beside_a_filling() -> bytes:
    """A field is filled as an excuse to have another one drawn from its value, which was not shown."""
    objects = with_fields()
    objects[13] = field_picture(b"gia tri khac")
    revision = filled(Writing(objects=objects).signed())
    asking(revision, True)
    return revision.appended()


@ATTACKS.enter_made(ROW, FAILED)
def hidden_value_asked_for_beside_a_filling() -> bytes:
    """The same with a field that showed nothing."""
    objects = with_fields()
    objects[13] = field_picture(b"")
    revision = filled(Writing(objects=objects).signed())
    asking(revision, True)
    return revision.appended()


@ATTACKS.enter_made(ROW, FAILED)
def prepared_picture_no_longer_redrawn() -> bytes:
    """Readers drew the field from its value when it was signed; now they show a prepared picture."""
    objects = with_fields(ask=True)
    objects[13] = field_picture(b"gia tri khac")
    revision = Revision(Writing(objects=objects).signed())
    asking(revision, None)
    return revision.appended()
