"""Fields that come to show another text than their value says."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.second_signer import sign
from tests.pdf.attacks.syntax import Name, Ref, Stream, Value
from tests.pdf.attacks.table import ATTACKS, FAILED, failed
from tests.pdf.honest.make.by_hand import stream
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


def _shared(content: bytes) -> Revision:
    """Sign a document whose page and form share their resources; its page draws ``content``."""
    objects = with_fields()
    objects[6] = stream(content)
    objects[14] = b"<</F1 3 0 R/Helv 9 0 R>>"
    objects[15] = b"<</Font 14 0 R>>"
    objects[1] = objects[1].replace(b"/DR<</Font<</Helv 9 0 R>>>>", b"/DR 15 0 R")
    objects[5] = objects[5].replace(b"/Resources<</Font<</F1 3 0 R>>>>", b"/Resources 15 0 R")
    return Revision(Writing(objects=objects).signed())


@ATTACKS.enter_made(ROW, FAILED)
def picture_that_the_page_waited_for() -> bytes:
    """The signed page draws a picture that is not there; a later revision puts it there."""
    revision = _shared(b"/Sau Do BT /F1 16 Tf 72 760 Td (Chi 1.000.000) Tj ET")
    revision.change(Ref(15), XObject={"Sau": revision.add(drawn(b"9.000.000"))})
    return sign(revision, name="KyThem")


@ATTACKS.enter_made(ROW, FAILED)
def font_that_the_page_waited_for() -> bytes:
    """The signed page draws with a font that is not there; a later revision puts it there."""
    revision = _shared(b"BT /Sau 16 Tf 72 760 Td (Chi 9.000.000) Tj ET")
    font = {"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Helvetica")}
    revision.change(Ref(14), Sau=revision.add(font))
    return sign(revision, name="KyThem")


@ATTACKS.enter_made(ROW, FAILED)
def picture_that_a_field_takes_from_the_form() -> bytes:
    """A field's picture has no resources of its own and draws a form of /DR, which becomes another."""
    objects = with_fields()
    objects[14] = form_of(b"BT /Helv 11 Tf 2 5 Td (1.000.000) Tj ET")
    objects[13] = stream(b"/n0 Do", b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]")
    objects[1] = objects[1].replace(b"/DR<<", b"/DR<</XObject<</n0 14 0 R>>")
    revision = Revision(Writing(objects=objects).signed())
    entries = revision.get(revision.old.root)["AcroForm"]
    entries["DR"]["XObject"] = {"n0": revision.add(drawn(b"9.000.000"))}
    revision.change(revision.old.root, AcroForm=entries)
    return sign(revision, name="KyThem")


def form_of(content: bytes) -> bytes:
    """Return the body of a form with fonts of its own."""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 9 0 R>>>>"
    return stream(content, entries)
