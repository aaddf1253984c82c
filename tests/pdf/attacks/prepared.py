"""Shadow attacks: documents prepared before they are signed, and swapped after.

The documents are written and signed by hand (``second_signer``): no honest writer would make them.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.pdf.attacks.revision import Revision, form
from tests.pdf.attacks.second_signer import sign
from tests.pdf.attacks.syntax import Name, Ref
from tests.pdf.attacks.table import ATTACKS, FAILED, LEGAL, PASSED, WARNED, failed
from tests.pdf.honest.make.by_hand import FREE, IDS, File, Objects, plain, small_document, stream

SHADOW_HIDE, SHADOW_REPLACE, SHADOW_BOTH = "shadow: hide", "shadow: replace", "shadow: hide and replace"
BEFORE = "prepared, not swapped"

TRUE_TEXT = b"BT /F1 16 Tf 72 700 Td (Chi 1.000.000 dong) Tj ET"
FALSE_TEXT = b"BT /F1 16 Tf 72 700 Td (Chi 9.000.000.000 dong) Tj ET"
COVER = b"q 1 1 1 rg 60 680 400 60 re f Q"


def signed(objects: Objects, change: Callable[[Revision], None] | None = None) -> bytes:
    """Return a hand-written document with a signature."""
    revision = Revision(plain(objects))
    if change is not None:
        change(revision)
    return sign(revision)


# --- shadow: hide -------------------------------------------------------------------------------------------


def covered_by_picture() -> bytes:
    """Sign a page whose false text is covered by a form that is drawn last."""
    objects = small_document()
    objects[5] = (
        objects[5]
        .replace(b"/Contents 6 0 R", b"/Contents[6 0 R 7 0 R]")
        .replace(b"/Resources<<", b"/Resources<</XObject<</X1 8 0 R>>")
    )
    objects[6] = stream(FALSE_TEXT)
    objects[7] = stream(b"/X1 Do BT /F1 16 Tf 72 700 Td (Chi 1.000.000 dong) Tj ET")
    objects[8] = stream(COVER, b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]")
    return signed(objects)


def covered_by_note() -> bytes:
    """Sign a page whose false text is covered by an annotation."""
    objects = small_document()
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R]/Contents")
    objects[6] = stream(FALSE_TEXT)
    objects[7] = b"<</Type/Annot/Subtype/Square/Rect[60 680 460 740]/F 4/P 5 0 R/IC[1 1 1]/AP<</N 8 0 R>>>>"
    objects[8] = stream(b"1 1 1 rg 0 0 400 60 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 400 60]")
    return signed(objects)


@LEGAL.enter_made(BEFORE, WARNED)
def covered_but_not_uncovered() -> bytes:
    """A picture over text is what some honest files have: it passes, with a warning."""
    return covered_by_picture()


@LEGAL.enter_made(BEFORE, WARNED)
def noted_but_not_uncovered() -> bytes:
    """A note over text, put there before the signature, passes with a warning too."""
    return covered_by_note()


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def cover_emptied() -> bytes:
    """The covering form is written anew, empty."""
    revision = Revision(covered_by_picture())
    revision.put(Ref(8), form(b""))
    return revision.appended()


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def cover_made_something_else() -> bytes:
    """The covering object becomes metadata, which nobody draws."""
    revision = Revision(covered_by_picture())
    kept = revision.get(Ref(8))
    kept.entries |= {"Type": Name("Metadata"), "Subtype": Name("XML")}
    revision.put(Ref(8), kept)
    return revision.appended()


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def cover_freed() -> bytes:
    """The covering object is freed."""
    revision = Revision(covered_by_picture())
    revision.free(Ref(8))
    return revision.appended()


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def cover_moved_in_the_table() -> bytes:
    """No object is written: the table alone places the cover at the bytes of another stream."""
    pdf = covered_by_picture()
    revision = Revision(pdf)
    place = revision.old.places[7]
    assert place
    return pdf + revision.table(len(pdf), {8: (place[0], 0)})


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def covering_note_removed() -> bytes:
    """The covering annotation is gone."""
    revision = Revision(covered_by_note())
    kept = [one for one in revision.get(Ref(5))["Annots"] if one != Ref(7)]
    revision.change(Ref(5), Annots=kept)
    return revision.appended()


@ATTACKS.enter_made(SHADOW_HIDE, FAILED)
def covering_note_hidden() -> bytes:
    """The covering annotation is marked hidden."""
    revision = Revision(covered_by_note())
    revision.change(Ref(7), F=2)
    return revision.appended()


# --- shadow: replace ----------------------------------------------------------------------------------------


def doubtful_field() -> bytes:
    """Sign a text field whose value is false and whose appearance shows the true text."""
    objects = small_document(catalog=b"/AcroForm<</Fields[7 0 R]/DA(/F1 12 Tf 0 g)>>")
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R]/Contents")
    objects[7] = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(So)/V(9.000.000.000)/F 4/P 5 0 R/Rect[72 600 272 620]"
        b"/AP<</N 8 0 R>>>>"
    )
    objects[8] = stream(
        b"BT /F1 12 Tf 2 4 Td (1.000.000) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]"
    )
    return signed(objects)


@LEGAL.enter_made(BEFORE, PASSED)
def value_and_appearance_differ() -> bytes:
    """A field whose picture is not its value: readers of the file show the picture that was signed."""
    return doubtful_field()


@ATTACKS.enter_made(SHADOW_REPLACE, FAILED)
def appearance_follows_the_value() -> bytes:
    """The prepared field is drawn anew from its (old, false) value."""
    revision = Revision(doubtful_field())
    drawing = form(b"BT /F1 12 Tf 2 4 Td (9.000.000.000) Tj ET", (0, 0, 200, 20))
    revision.change(Ref(7), AP={"N": revision.add(drawing)})
    return revision.appended()


@ATTACKS.enter_made(SHADOW_REPLACE, FAILED)
def appearances_asked_for() -> bytes:
    """/NeedAppearances is set, so that the reader draws the false value itself."""
    revision = Revision(doubtful_field())
    held = revision.get(revision.old.root)["AcroForm"]
    revision.change(revision.old.root, AcroForm=held | {"NeedAppearances": True})
    return revision.appended()


def own_font(differences: bytes) -> Objects:
    """Return a document whose text is drawn with a font of chosen letters."""
    objects = small_document()
    objects[3] = (
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Type/Encoding/Differences["
        + differences
        + b"]>>>>"
    )
    return objects


@LEGAL.enter_made(BEFORE, PASSED)
def own_letters() -> bytes:
    """A font with an encoding of its own is nothing strange."""
    return signed(own_font(b"49/one"))


@ATTACKS.enter_made(SHADOW_REPLACE, FAILED)
def letters_redefined() -> bytes:
    """The encoding of the font is written anew: the code of 1 shows 9."""
    revision = Revision(signed(own_font(b"49/one")))
    revision.change(Ref(3), Encoding={"Type": Name("Encoding"), "Differences": [49, Name("nine")]})
    return revision.appended()


# --- shadow: hide and replace -------------------------------------------------------------------------------


def two_contents() -> bytes:
    """Sign a document that holds the false page, unused."""
    objects = small_document()
    objects[6] = stream(TRUE_TEXT)
    objects[7] = stream(FALSE_TEXT)
    objects[8] = objects[5].replace(b"6 0 R", b"7 0 R")
    objects[9] = b"<</Type/Pages/Count 1/Kids[8 0 R]>>"
    objects[10] = b"<</Type/Catalog/Pages 9 0 R>>"
    return signed(objects)


@LEGAL.enter_made(BEFORE, WARNED)
def second_document_unused() -> bytes:
    """A second catalogue, page tree and page that nothing uses: not swapped yet, but worth a warning."""
    return two_contents()


@ATTACKS.enter_made(SHADOW_BOTH, FAILED)
def root_swapped() -> bytes:
    """The trailer of an empty revision names the hidden catalogue."""
    pdf = two_contents()
    revision = Revision(pdf)
    revision.trailer["Root"] = Ref(10)
    return revision.appended()


@ATTACKS.enter_made(SHADOW_BOTH, FAILED)
def root_swapped_with_form() -> bytes:
    """The hidden catalogue is written anew with the form, so that the signature is still shown."""
    revision = Revision(two_contents())
    form_entries = revision.get(revision.old.root)["AcroForm"]
    revision.change(Ref(10), AcroForm=form_entries)
    revision.trailer["Root"] = Ref(10)
    return revision.appended()


@ATTACKS.enter_made(SHADOW_BOTH, failed(page=1))
def page_takes_the_hidden_content() -> bytes:
    """The page names the hidden content."""
    revision = Revision(two_contents())
    revision.change(Ref(5), Contents=Ref(7))
    return revision.appended()


@ATTACKS.enter_made(SHADOW_BOTH, FAILED)
def pages_take_the_hidden_kid() -> bytes:
    """The page tree names the hidden page."""
    revision = Revision(two_contents())
    revision.change(Ref(2), Kids=[Ref(8)])
    return revision.appended()


def doubled_object() -> bytes:
    """Write a document with two bodies of object 6: the table names the second, true one; then sign it."""
    file = File()
    file.begin()
    objects = small_document()
    file.add({6: stream(FALSE_TEXT)})
    file.add(objects | {6: stream(TRUE_TEXT)})
    file.whole_table()
    file.end(b"/Size 7/Root 1 0 R/Info 4 0 R" + IDS)
    return sign(Revision(bytes(file.data)))


@LEGAL.enter_made(BEFORE, WARNED)
def second_body_unused() -> bytes:
    """A body that no table names, inside the signed bytes: not swapped yet, but worth a warning."""
    return doubled_object()


@ATTACKS.enter_made(SHADOW_BOTH, FAILED)
def table_alone_swaps() -> bytes:
    """The table of an empty revision places object 6 at its first, false body."""
    pdf = doubled_object()
    revision = Revision(pdf)
    return pdf + revision.table(len(pdf), {6: (pdf.index(b"6 0 obj"), 0)})


def freed_page() -> bytes:
    """Sign a document whose second page was freed before: its bytes are still there."""
    objects = small_document(2)
    file = File()
    file.begin()
    file.add(objects)
    lines = [FREE, *(file.used(number) for number in objects)]
    lines[8] = b"0000000000 00001 f"
    file.table([(0, lines)])
    file.end(b"/Size 9/Root 1 0 R/Info 4 0 R" + IDS)
    return sign(Revision(bytes(file.data)))


@LEGAL.enter_made(BEFORE, WARNED)
def freed_object_left() -> bytes:
    """A freed object whose bytes are still there, inside the signed bytes: worth a warning."""
    return freed_page()


@ATTACKS.enter_made(SHADOW_BOTH, FAILED)
def freed_object_enabled_again() -> bytes:
    """A revision without objects calls the freed content used again."""
    pdf = freed_page()
    return pdf + Revision(pdf).table(len(pdf), {8: (pdf.index(b"8 0 obj"), 0)})


@LEGAL.enter_made(BEFORE, WARNED)
def two_fonts_of_one_name() -> bytes:
    """Two font programs under one name, one of them for a swap: worth a warning."""
    objects = small_document()
    for place, program in enumerate((b"chu that", b"chu gia")):
        number = 7 + 3 * place
        objects[number] = b"<</Type/Font/Subtype/TrueType/BaseFont/ABCDEF+Mau/FontDescriptor %d 0 R>>" % (
            number + 1
        )
        objects[number + 1] = b"<</Type/FontDescriptor/FontName/ABCDEF+Mau/Flags 4/FontFile2 %d 0 R>>" % (
            number + 2
        )
        objects[number + 2] = stream(program)
    objects[5] = objects[5].replace(b"/F1 3 0 R", b"/F1 3 0 R/F2 7 0 R/F3 10 0 R")
    return signed(objects)
