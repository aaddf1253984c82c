"""What honest programs, and what lies between them, append before or after a signature."""

from __future__ import annotations

from functools import partial

from tests.pdf.attacks.revision import Revision, form, stream
from tests.pdf.attacks.second_signer import add_field, clear_form, completed, sign, signature
from tests.pdf.attacks.syntax import Name, Ref, Stream, Value
from tests.pdf.honest.make.by_hand import Objects, plain, small_document
from tests.pdf.odd.table import ODD, Odd, odd
from tests.pdf.odd.writing import WIDGET, Writing, signable, with_fields


@odd("unaccounted-bytes")
def web_page_left_before_the_signature() -> bytes:
    """A server added the end of a web page to the file before it was signed."""
    return sign(Revision(plain(small_document()) + b"</body></html>\n"))


@odd("comment-before-revision")
def remark_left_before_the_signature() -> bytes:
    """A mail program added a line to the file before it was signed."""
    return sign(Revision(plain(small_document()) + b"% quet vi-rut\n"))


@odd()
def end_mark_twice_before_the_signature() -> bytes:
    """The first writing ends twice."""
    return sign(Revision(plain(small_document()) + b"%%EOF\n"))


# --- what the catalogue is told ------------------------------------------------------------------------

_CATALOGUE: dict[str, dict[str, Value]] = {
    "attachments_shown_first": {"PageMode": Name("UseAttachments")},  # MuPDF, where files are attached
    "pages_shown_singly": {"PageLayout": Name("SinglePage")},
    "title_shown": {"ViewerPreferences": {"DisplayDocTitle": True}},
    "language_told": {"Lang": b"vi-VN"},
    "attestation_added": {"Legal": {"NonEmbeddedFonts": 0}},  # Acrobat
    "tagging_marked": {"MarkInfo": {"Marked": True, "LetterspaceFlags": 0}},  # Acrobat
    "private_data_kept": {"PieceInfo": {"Mau": {"LastModified": b"D:2026"}}, "LastModified": b"D:2026"},
}


def _catalogue(entries: dict[str, Value]) -> bytes:
    revision = Revision(Writing().signed())
    revision.change(revision.old.root, **entries)
    return revision.appended()


for _name, _entries in _CATALOGUE.items():
    ODD.append(Odd(name=_name, make=partial(_catalogue, _entries)))


# --- pages ---------------------------------------------------------------------------------------------


def _page(**entries: Value) -> bytes:
    revision = Revision(Writing().signed())
    revision.change(Ref(5), **entries)
    return sign(revision, name="KyThem")


@odd()
def boxes_said_that_were_meant() -> bytes:
    """A page gets the crop box and the turn that it had without saying so."""
    return _page(CropBox=[0, 0, 595, 842], Rotate=0)


@odd()
def boxes_rounded() -> bytes:
    """Numbers of a box in single precision (MuPDF)."""
    return _page(MediaBox=[0.0, 0, 595.0002, 841.9998])


@odd()
def annotations_in_an_array_of_their_own() -> bytes:
    """The second signer puts the page's annotations into an object."""
    revision = Revision(Writing().signed())
    revision.change(Ref(5), Annots=revision.add(revision.get(Ref(5))["Annots"]))
    return sign(revision, name="KyThem")


@odd()
def form_in_an_object_of_its_own() -> bytes:
    """The second signer puts the form and its fields into objects."""
    revision = Revision(Writing().signed())
    form_entries = revision.get(revision.old.root)["AcroForm"]
    form_entries["Fields"] = revision.add(form_entries["Fields"])
    revision.change(revision.old.root, AcroForm=revision.add(form_entries))
    return sign(revision, name="KyThem")


# --- fonts left behind -----------------------------------------------------------------------------------


def _font(name: str) -> dict[str, Value]:
    return {"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name(name), "Name": Name(name[:4])}


@odd()
def fonts_left_unused() -> bytes:
    """Helvetica and ZapfDingbats, written for fields to come and lost where /DR is an object (iText 5)."""
    revision = Revision(Writing().signed())
    for name in ("Helvetica", "ZapfDingbats"):
        revision.add(_font(name))
    return sign(revision, name="KyThem")


@odd()
def fonts_that_the_page_gains_too() -> bytes:
    """Fonts (PDFBox) and pictures (iText) go into /DR, which is a page's resources too (LibreOffice)."""
    objects = with_fields()
    objects[14] = b"<</F1 3 0 R/Helv 9 0 R>>"
    objects[15] = b"<</Font 14 0 R>>"
    objects[1] = objects[1].replace(b"/DR<</Font<</Helv 9 0 R>>>>", b"/DR 15 0 R")
    objects[5] = objects[5].replace(b"/Resources<</Font<</F1 3 0 R>>>>", b"/Resources 15 0 R")
    for number in (12, 13):
        objects[number] = objects[number].replace(b"/Resources<</Font<</Helv 9 0 R>>>>", b"/Resources 15 0 R")
    revision = Revision(Writing(objects=objects).signed())
    revision.change(Ref(14), ZaDb=revision.add(_font("ZapfDingbats")))
    revision.change(Ref(15), XObject={"FRM": revision.add(form(b""))})
    return sign(revision, name="KyThem")


# --- filling ---------------------------------------------------------------------------------------------


def drawn(text: bytes) -> Stream:
    """Return the appearance of a field, with its fonts from the form."""
    return form(b"/Tx BMC q BT /Helv 11 Tf 0 g 2 5 Td (" + text + b") Tj ET Q EMC", (0, 0, 200, 20))


def filled(pdf: bytes, **more: Value) -> Revision:
    """Fill the empty field."""
    revision = Revision(pdf)
    revision.change(Ref(10), **({"V": b"moi", "AP": {"N": revision.add(drawn(b"moi"))}} | more))
    return revision


@odd()
def filled_with_its_border() -> bytes:
    """MuPDF says of a field it fills how its border looks, and that it has no flags."""
    border = {"S": Name("S"), "W": 1}
    return filled(Writing(objects=with_fields()).signed(), BS=border, Ff=0).appended()


@odd()
def everything_drawn_anew_as_was_asked() -> bytes:
    """PDFBox, asked by /NeedAppearances, draws the other field anew from its value."""
    revision = filled(Writing(objects=with_fields(ask=True)).signed())
    revision.change(Ref(11), AP={"N": revision.add(drawn(b"gia tri 1"))})
    return revision.appended()


@odd()
def nobody_asked_any_more() -> bytes:
    """IText takes /NeedAppearances away when it signs; the pictures show the values."""
    revision = Revision(Writing(objects=with_fields(ask=True)).signed())
    entries = revision.get(revision.old.root)["AcroForm"]
    entries.pop("NeedAppearances")
    revision.change(revision.old.root, AcroForm=entries)
    return sign(revision, name="KyThem")


@odd()
def picture_of_a_filled_field_left_behind() -> bytes:
    """Some (iText, OpenPDF) fill a field whose /AP is an object of its own, and lose the new picture."""
    objects = with_fields()
    objects[14] = b"<</N 12 0 R>>"
    objects[10] = objects[10].replace(b"/AP<</N 12 0 R>>", b"/AP 14 0 R")
    revision = Revision(Writing(objects=objects).signed())
    revision.add(drawn(b"moi"))
    revision.change(Ref(10), V=b"moi")
    return revision.appended()


@odd()
def letters_that_the_font_lacks() -> bytes:
    """Helvetica has no ộ: the picture leaves it out, the digits are there."""
    text = "Hà Nội 12".encode("utf-16-be")
    shown = drawn("Hà Ni 12".encode("cp1252"))
    revision = Revision(Writing(objects=with_fields()).signed())
    revision.change(Ref(10), V=b"\xfe\xff" + text, AP={"N": revision.add(shown)})
    return revision.appended()


def _with_buttons() -> Objects:
    """Return the document with a group of two radio buttons (16) and a text field drawn twice (20)."""
    objects = with_fields()
    objects[1] = objects[1].replace(b"11 0 R]", b"11 0 R 16 0 R 20 0 R]", 1)
    objects[5] = objects[5].replace(b"11 0 R]", b"11 0 R 17 0 R 18 0 R 21 0 R 22 0 R]")
    objects |= {14: b"null", 15: b"null", 19: b"null"}
    objects[16] = b"<</FT/Btn/Ff 49152/T(Chon)/V/Off/Kids[17 0 R 18 0 R]>>"
    objects[20] = b"<</FT/Tx/T(Hai)/V()/DA(/Helv 11 Tf 0 g)/Kids[21 0 R 22 0 R]>>"
    widget = b"<</Type/Annot/Subtype/Widget/P 5 0 R/Parent %d 0 R/Rect[72 %d 272 %d]"
    for number, state in ((17, b"Mot"), (18, b"Hai")):
        place = 20 * number
        objects[number] = widget % (16, place, place + 18) + b"/AS/Off/AP<</N<</%s 13 0 R>>>>>>" % state
    for number in (21, 22):
        objects[number] = widget % (20, 5 * number, 5 * number + 4) + b">>"
    return dict(sorted(objects.items()))


@odd()
def one_of_two_buttons_pressed() -> bytes:
    """The value stands in the field, the state in one of its widgets."""
    revision = Revision(Writing(objects=_with_buttons()).signed())
    revision.change(Ref(16), V=Name("Mot"))
    revision.change(Ref(17), AS=Name("Mot"))
    return revision.appended()


@odd()
def field_drawn_twice_filled() -> bytes:
    """One value, two widgets with one picture."""
    revision = Revision(Writing(objects=_with_buttons()).signed())
    picture = {"N": revision.add(drawn(b"12"))}
    revision.change(Ref(20), V=b"12")
    for number in (21, 22):
        revision.change(Ref(number), AP=picture)
    return revision.appended()


# --- a second signer of Acrobat's kind ----------------------------------------------------------------------


def _layers(revision: Revision) -> Ref:
    """Return the picture of a signature in Acrobat's layers: n0 and n2 in FRM."""
    empty = revision.add(form(b"% DSBlank", (0, 0, 100, 100)))
    words = revision.add(form(b"q BT /T1_0 9 Tf 0 g 2 30 Td (Ky boi) Tj ET Q", (0, 0, 150, 50)))
    frame = form(b"q 1 0 0 1 0 0 cm /n0 Do Q q 1 0 0 1 0 0 cm /n2 Do Q", (0, 0, 150, 50))
    frame.entries["Resources"] = {"XObject": {"n0": empty, "n2": words}}
    top = form(b"q 1 0 0 1 0 0 cm /FRM Do Q", (0, 0, 150, 50))
    top.entries["Resources"] = {"XObject": {"FRM": revision.add(frame)}}
    return revision.add(top)


@odd()
def everything_that_acrobat_touches() -> bytes:
    """Catalogue, form, fonts, metadata, page and information written anew, and a picture in layers."""
    revision = Revision(Writing().signed(), "stream")
    encoding = revision.add({"Type": Name("Encoding"), "Differences": [24, Name("breve"), Name("caron")]})
    fonts = {"Helv": revision.add(_font("Helvetica") | {"Encoding": encoding})}
    closed = {
        "Type": Name("TransformParams"),
        "V": Name("1.2"),
        "Action": Name("Include"),
        "Fields": [b"khac"],
    }
    reference = {"TransformMethod": Name("FieldMDP"), "TransformParams": closed, "Data": Ref(1)}
    value = revision.add(
        signature(Reference=[reference], Prop_Build={"App": {"Name": Name("Adobe#20Acrobat")}})
    )
    widget = revision.add(
        {"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"), "T": b"KyHai", "F": 132,
         "MK": {}, "Rect": [300, 100, 450, 150], "P": Ref(5), "V": value, "AP": {"N": _layers(revision)}}
    )  # fmt: skip
    resources = {"Font": fonts, "Encoding": {"PDFDocEncoding": encoding}}
    held = revision.add(
        {"Fields": [Ref(7), widget], "SigFlags": 3, "DA": b"/Helv 0 Tf 0 g ", "DR": resources}
    )
    metadata = revision.add(stream(b"<x:xmpmeta/>", Type=Name("Metadata"), Subtype=Name("XML")))
    level = {"ADBE": {"BaseVersion": Name("1.7"), "ExtensionLevel": 8}}
    revision.change(Ref(1), AcroForm=held, Metadata=metadata, Extensions=level, MarkInfo={"Marked": True})
    revision.change(Ref(5), Annots=[Ref(7), widget], Tabs=Name("S"), CropBox=[0, 0, 595.0, 842.0], Rotate=0)
    revision.change(Ref(4), ModDate=b"D:20261123080000Z", Producer=b"Adobe Acrobat")
    revision.put(Ref(2), revision.get(Ref(2)))
    return completed(revision.appended(), "agency")


# --- where fields stand ------------------------------------------------------------------------------------


def _beside_the_page(box: list[int]) -> Revision:
    revision = Revision(Writing().signed())
    add_field(revision, "KyNgoai", (box[0], box[1], box[2], box[3]), clear_form(1, 1), 1, None)
    return revision


@odd()
def field_beside_the_page() -> bytes:
    """A signing service makes its field far outside the page, with a picture, and signs it later."""
    revision = Revision(_beside_the_page([-10000, 10, -9999, 11]).appended())
    revision.change(revision.old.fields()["KyNgoai"], V=revision.add(signature()))
    return completed(revision.appended())


@odd("signature-box")
def field_hung_on_its_page_when_signed() -> bytes:
    """The form knows a field that no page lists; who signs it (PDFBox) puts it there, with a new picture."""
    objects = signable()
    objects[7] = objects[7].replace(b"0 0 0 0", b"300 100 450 150")
    objects[1] = objects[1].replace(b"7 0 R]", b"7 0 R 9 0 R]")
    objects[9] = (
        WIDGET.replace(b"/V 8 0 R", b"")
        .replace(b"(KyTay)", b"(KyHai)")
        .replace(b"0 0 0 0", b"100 100 250 150")
    )
    revision = Revision(Writing(objects=objects).signed())
    picture = {"N": revision.add(clear_form())}
    revision.change(Ref(9), V=revision.add(signature()), AP=picture)
    revision.change(Ref(5), Annots=[Ref(7), Ref(9)])
    return completed(revision.appended())
