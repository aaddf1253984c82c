"""One object in two roles: what may change in the one shows in the other. And remote corners."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.prepared import FALSE_TEXT, TRUE_TEXT, signed
from tests.pdf.attacks.revision import Revision, form, stream
from tests.pdf.attacks.second_signer import add_annotation, sign
from tests.pdf.attacks.syntax import Name, Raw, Ref, Stream, Value
from tests.pdf.attacks.table import ATTACKS, FAILED, FORMS, GENERAL, LEGAL, PASSED, failed
from tests.pdf.honest.make import by_hand

ROLES = "one object in two roles"
CORNERS = "changes in remote corners"
BOX = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]"


def swapped(pdf: bytes, number: int = 6) -> bytes:
    """Write the content stream anew."""
    revision = Revision(pdf)
    revision.put(Ref(number), stream(FALSE_TEXT, **revision.get(Ref(number)).entries))
    return revision.appended()


def with_metadata() -> bytes:
    """Sign a document whose metadata stream is its page's content."""
    objects = by_hand.small_document(catalog=b"/Metadata 6 0 R")
    objects[6] = by_hand.stream(TRUE_TEXT, b"/Type/Metadata/Subtype/XML")
    return signed(objects)


@ATTACKS.enter_made(ROLES, FAILED)
def content_is_metadata() -> bytes:
    """The catalogue calls the page's content its metadata, and metadata may change."""
    return swapped(with_metadata())


@ATTACKS.enter_made(ROLES, FAILED)
def content_is_validation_data() -> bytes:
    """The page's content is listed as a certificate of the DSS."""
    revision = Revision(signed(by_hand.small_document()))
    revision.put(Ref(6), stream(FALSE_TEXT))
    revision.change(revision.old.root, DSS=revision.add({"Certs": [Ref(6)]}))
    return revision.appended()


@ATTACKS.enter_made(ROLES, FAILED)
def page_is_the_information() -> bytes:
    """The trailer calls the page the information dictionary, and that may change."""
    data = by_hand.plain(by_hand.small_document()).replace(b"/Info 4 0 R", b"/Info 5 0 R")
    revision = Revision(sign(Revision(data)))
    revision.change(Ref(5), MediaBox=[0, 0, 100, 100])
    return revision.appended()


@ATTACKS.enter_made(ROLES, FAILED)
def content_draws_a_field() -> bytes:
    """The page draws the appearance of a text field over its text; filling the field changes the page."""
    objects = by_hand.small_document(catalog=b"/AcroForm<</Fields[7 0 R]/DA(/F1 12 Tf 0 g)>>")
    objects[5] = (
        objects[5]
        .replace(b"/Contents", b"/Annots[7 0 R]/Contents")
        .replace(b"/Resources<<", b"/Resources<</XObject<</X1 8 0 R>>")
    )
    objects[6] = by_hand.stream(b"q 3 0 0 3 72 700 cm /X1 Do Q")
    objects[7] = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(So)/F 4/P 5 0 R/Rect[72 600 272 620]/AP<</N 8 0 R>>>>"
    objects[8] = by_hand.stream(b"BT /F1 12 Tf 2 4 Td (1.000.000) Tj ET", BOX)
    revision = Revision(signed(objects))
    revision.change(Ref(7), V=b"9")
    revision.put(Ref(8), form(b"BT /F1 12 Tf 2 4 Td (9.000.000.000) Tj ET", (0, 0, 200, 20)))
    return revision.appended()


@ATTACKS.enter_made(ROLES, FAILED)
def two_fields_draw_one_appearance() -> bytes:
    """Two fields share a picture: filling the one changes what the other shows."""
    objects = by_hand.small_document(catalog=b"/AcroForm<</Fields[7 0 R 9 0 R]/DA(/F1 12 Tf 0 g)>>")
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R 9 0 R]/Contents")
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(%s)/F 4/P 5 0 R/Rect[72 %d 272 %d]/AP<</N 8 0 R>>>>"
    objects[7] = field % (b"So", 600, 620)
    objects[8] = by_hand.stream(b"BT /F1 12 Tf 2 4 Td (1.000.000) Tj ET", BOX)
    objects[9] = field % (b"Tien", 640, 660)
    revision = Revision(signed(objects))
    revision.change(Ref(7), V=b"9")
    revision.put(Ref(8), form(b"BT /F1 12 Tf 2 4 Td (9.000.000.000) Tj ET", (0, 0, 200, 20)))
    return revision.appended()


@LEGAL.enter_made(ROLES, PASSED)
def roles_not_abused() -> bytes:
    """One object in two roles is no harm while nobody changes it."""
    return with_metadata()


# --- remote corners -----------------------------------------------------------------------------------------


@ATTACKS.enter(
    CORNERS,
    FAILED,
    on=("typst", "openpdf", "p3"),
    variants={
        "outline": ("Outlines", {"Type": Name("Outlines"), "Count": 0}),
        "labels": ("PageLabels", {"Nums": [0, {"S": Name("r"), "St": 9}]}),
        "destinations": ("Dests", {"A": [Ref(1), Name("Fit")]}),
        "collection": ("Collection", {"View": Name("T")}),
        "threads": ("Threads", []),
        "unknown": ("DSG_Unknown", True),
    },
)
def catalogue_entry_changed(pdf: bytes, key: str, value: Value) -> bytes:
    """The catalogue gets another outline, page labels and the like."""
    revision = Revision(pdf)
    revision.change(revision.old.root, **{key: value})
    return revision.appended()


def form_changed(pdf: bytes, **entries: Value) -> bytes:
    """Set entries of the form."""
    revision = Revision(pdf)
    held = revision.get(revision.old.root)["AcroForm"]
    if isinstance(held, Ref):
        revision.change(held, **entries)
    else:
        revision.change(revision.old.root, AcroForm=held | entries)
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=(*FORMS, "p2"))
def xfa_added(pdf: bytes) -> bytes:
    """The form gets an XFA packet, which some readers show instead of the pages."""
    return form_changed(pdf, XFA=[b"template", Raw(b"(<template/>)")])


@ATTACKS.enter(CORNERS, FAILED, on=(*FORMS, "p2"))
def calculation_added(pdf: bytes) -> bytes:
    """The form gets an order of calculation."""
    from tests.pdf.attacks.revision import Pdf

    return form_changed(pdf, CO=[Pdf(pdf).fields()["So"]])


@ATTACKS.enter(CORNERS, FAILED, on=("openpdf", "pdfbox"))
def form_font_redefined(pdf: bytes) -> bytes:
    """A font of the form's resources shows other letters."""
    revision = Revision(pdf)
    resources = revision.get(revision.get(revision.get(revision.old.root)["AcroForm"])["DR"])
    for font in revision.get(resources["Font"]).values():
        if isinstance(font, Ref):
            revision.change(font, BaseFont=Name("Symbol"), Encoding=None)
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=("openpdf",))
def widget_added_to_a_field(pdf: bytes) -> bytes:
    """The text field gets a second widget, over the text."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    field = revision.old.fields()["So"]
    drawing = revision.add(form(b"1 1 1 rg 0 0 300 60 re f", (0, 0, 300, 60)))
    widget = revision.add(
        {"Type": Name("Annot"), "Subtype": Name("Widget"), "Parent": field, "F": 4, "P": page,
         "Rect": [72, 700, 372, 760], "AP": {"N": drawing}}
    )  # fmt: skip
    revision.change(field, Kids=[widget])
    add_annotation(revision, page, widget)
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=("typst",))
def structure_tree_replaced(pdf: bytes) -> bytes:
    """The structure tree is another one, with other words for those who hear the document."""
    revision = Revision(pdf)
    element = revision.add({"Type": Name("StructElem"), "S": Name("P"), "ActualText": b"Chi 9.000.000.000"})
    tree = revision.add({"Type": Name("StructTreeRoot"), "K": [element]})
    revision.change(revision.old.root, StructTreeRoot=tree, MarkInfo={"Marked": True})
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=("typst",))
def structure_element_rewritten(pdf: bytes) -> bytes:
    """An element of the structure tree says another text than it did."""
    revision = Revision(pdf)
    for number in sorted(revision.old.places):
        value = revision.get(Ref(number))
        if isinstance(value, dict) and value.get("Type") == "StructElem" and value.get("S") in ("H1", "P"):
            revision.change(Ref(number), ActualText=b"Chi 9.000.000.000")
            break
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=(*GENERAL, "p1", "archived"))
def validation_data_with_a_stowaway(pdf: bytes) -> bytes:
    """A revision adds validation data, and with it another content of page 1."""
    from tests.pdf.attacks.incremental import rewritten

    revision = rewritten(pdf)
    revision.change(revision.old.root, DSS=revision.add({"Certs": [revision.add(stream(b"0"))]}))
    return revision.appended()


@ATTACKS.enter(CORNERS, failed(ChangeKind.CONTENT, page=1), on=("openpdf", "pdfbox"))
def filling_with_a_stowaway(pdf: bytes) -> bytes:
    """A revision fills the text field, and with it draws another content of page 1."""
    from tests.pdf.attacks.incremental import rewritten

    revision = rewritten(pdf)
    drawing = form(b"BT /Helv 11 Tf 2 5 Td (12) Tj ET", (0, 0, 120, 20))
    revision.change(revision.old.fields()["So"], V=b"12", AP={"N": revision.add(drawing)})
    return revision.appended()


@ATTACKS.enter(CORNERS, FAILED, on=("openpdf", "pdfbox"))
def image_recoloured(pdf: bytes) -> bytes:
    """A stream that page 1 draws through its resources gets another dictionary, the same data."""
    revision = Revision(pdf)
    page = revision.get(revision.old.pages()[0])
    fonts = revision.get(revision.get(page["Resources"])["Font"])
    program = next(
        reference
        for font in fonts.values()
        for inner in revision.get(revision.get(font).get("DescendantFonts", []))
        for key, reference in revision.get(revision.get(inner)["FontDescriptor"]).items()
        if key.startswith("FontFile")
    )
    kept = revision.get(program)
    assert isinstance(kept, Stream)
    kept.entries["Length1"] = 1
    revision.put(program, kept)
    return revision.appended()
