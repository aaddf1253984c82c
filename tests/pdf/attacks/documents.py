"""Changes of the document after the signature: pages, contents, fonts, fields, notes, scripts."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.incremental import FORGED
from tests.pdf.attacks.revision import Revision, form, stream
from tests.pdf.attacks.second_signer import add_annotation, add_to_form
from tests.pdf.attacks.syntax import Name, Ref, Value
from tests.pdf.attacks.table import ATTACKS, FAILED, FORMS, GENERAL, failed

PAGES = "page added or removed"
CONTENT = "content changed"
APPEARANCE = "appearance swap"
NOTES = "evil annotation"
ACTIVE = "certified-file privilege escalation"
SPOOFED = "spoofed dictionary"


# --- pages --------------------------------------------------------------------------------------------------


def tree_of(revision: Revision, page: Ref) -> tuple[Ref, list[Ref]]:
    """Return the node above a page and its kids."""
    parent = revision.get(page)["Parent"]
    return parent, list(revision.get(revision.get(parent)["Kids"]))


@ATTACKS.enter(PAGES, failed(ChangeKind.PAGE), on=(*GENERAL, "nested", "p1", "p3"))
def page_added(pdf: bytes) -> bytes:
    """A page more at the end."""
    revision = Revision(pdf)
    last = revision.old.pages()[-1]
    parent, kids = tree_of(revision, last)
    new = revision.add(
        {"Type": Name("Page"), "Parent": parent, "MediaBox": [0, 0, 595, 842], "Resources": {},
         "Contents": revision.add(stream(FORGED))}
    )  # fmt: skip
    revision.change(parent, Kids=[*kids, new], Count=revision.get(parent)["Count"] + 1)
    return revision.appended()


@ATTACKS.enter(PAGES, failed(ChangeKind.PAGE), on=("typst", "pdftex", "openpdf", "pdfbox", "nested"))
def page_removed(pdf: bytes) -> bytes:
    """The first page is gone."""
    revision = Revision(pdf)
    first = revision.old.pages()[0]
    parent, kids = tree_of(revision, first)
    kids.remove(first)
    revision.change(parent, Kids=kids, Count=revision.get(parent)["Count"] - 1)
    return revision.appended()


@ATTACKS.enter(PAGES, failed(ChangeKind.PAGE), on=("typst", "pdftex", "openpdf", "pdfbox"))
def pages_swapped(pdf: bytes) -> bytes:
    """The pages stand in another order."""
    revision = Revision(pdf)
    parent, kids = tree_of(revision, revision.old.pages()[0])
    revision.change(parent, Kids=kids[::-1])
    return revision.appended()


@ATTACKS.enter(PAGES, failed(ChangeKind.PAGE), on=("nested", "word"))
def page_tree_swapped(pdf: bytes) -> bytes:
    """The catalogue has another page tree."""
    revision = Revision(pdf)
    tree = revision.add({"Type": Name("Pages"), "Count": 1, "Kids": []})
    page = revision.add(
        {"Type": Name("Page"), "Parent": tree, "MediaBox": [0, 0, 595, 842], "Resources": {},
         "Contents": revision.add(stream(FORGED))}
    )  # fmt: skip
    revision.change(tree, Kids=[page])
    revision.change(revision.old.root, Pages=tree)
    return revision.appended()


@ATTACKS.enter(
    PAGES,
    failed(page=1),
    variants={"turned": ("Rotate", 180), "cut": ("CropBox", [0, 0, 300, 300]),
              "small": ("MediaBox", [0, 0, 99, 99]), "scaled": ("UserUnit", 4)},
)  # fmt: skip
def page_reshaped(pdf: bytes, key: str, value: Value) -> bytes:
    """Page 1 is turned, cut or scaled."""
    revision = Revision(pdf)
    revision.change(revision.old.pages()[0], **{key: value})
    return revision.appended()


# --- contents, fonts ----------------------------------------------------------------------------------------


@ATTACKS.enter(CONTENT, failed(ChangeKind.CONTENT, page=1), on=(*GENERAL, "letter", "p2", "p3", "archived"))
def content_swapped(pdf: bytes) -> bytes:
    """Page 1 draws another content stream."""
    revision = Revision(pdf)
    revision.change(revision.old.pages()[0], Contents=revision.add(stream(FORGED)))
    return revision.appended()


@ATTACKS.enter(CONTENT, failed(ChangeKind.CONTENT, page=1), on=(*GENERAL, "letter", "nested"))
def content_drawn_over(pdf: bytes) -> bytes:
    """A content stream more, after the old ones; nobody signs it."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    content = revision.get(page)["Contents"]
    listed = content if isinstance(content, list) else [content]
    revision.change(page, Contents=[*listed, revision.add(stream(FORGED))])
    return revision.appended()


@ATTACKS.enter(CONTENT, FAILED, on=(*GENERAL, "itext", "letter"))
def font_redefined(pdf: bytes) -> bytes:
    """A font of page 1 is another one: the same codes, other letters."""
    revision = Revision(pdf)
    for font in fonts_of(revision):
        entries = revision.get(font)
        entries |= {"Subtype": Name("Type1"), "BaseFont": Name("Symbol"), "Encoding": Name("WinAnsiEncoding")}
        for key in ("DescendantFonts", "ToUnicode", "FontDescriptor"):
            entries.pop(key, None)
        revision.put(font, entries)
    return revision.appended()


def fonts_of(revision: Revision) -> list[Ref]:
    """Return the fonts of page 1."""
    page = revision.old.pages()[0]
    resources = revision.get(revision.get(page).get("Resources"))
    while resources is None:
        page = revision.get(page)["Parent"]
        resources = revision.get(revision.get(page).get("Resources"))
    fonts = revision.get(resources["Font"])
    return [font for font in fonts.values() if isinstance(font, Ref)]


@ATTACKS.enter(CONTENT, FAILED, on=("typst", "openpdf", "pdfbox"))
def font_file_replaced(pdf: bytes) -> bytes:
    """The font's embedded program is another one."""
    revision = Revision(pdf)
    for font in fonts_of(revision):
        for inner in revision.get(revision.get(font).get("DescendantFonts", [])):
            descriptor = revision.get(inner)["FontDescriptor"]
            for key in ("FontFile2", "FontFile3"):
                if key in revision.get(descriptor):
                    program = revision.get(descriptor)[key]
                    kept = revision.get(program)
                    revision.put(program, stream(kept.data[:-10] + b"\0" * 10, **kept.entries))
    return revision.appended()


@ATTACKS.enter(CONTENT, FAILED, on=GENERAL)
def resources_swapped(pdf: bytes) -> bytes:
    """Page 1 has other resources."""
    revision = Revision(pdf)
    font = revision.add({"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Symbol")})
    names = {f"F{number}": font for number in range(20)}
    revision.change(revision.old.pages()[0], Resources={"Font": names})
    return revision.appended()


@ATTACKS.enter(CONTENT, FAILED, on=("typst", "openpdf"))
def layer_hidden(pdf: bytes) -> bytes:
    """Optional content is introduced, and page 1 put on a layer that is off."""
    revision = Revision(pdf)
    layer = revision.add({"Type": Name("OCG"), "Name": b"an"})
    revision.change(revision.old.root, OCProperties={"OCGs": [layer], "D": {"OFF": [layer]}})
    return revision.appended()


# --- fields -------------------------------------------------------------------------------------------------


@ATTACKS.enter(APPEARANCE, failed(ChangeKind.APPEARANCE, page=1), on=(*FORMS, "p2", "itext"))
def appearance_swapped(pdf: bytes) -> bytes:
    """The text field shows another text, its value stays."""
    revision = Revision(pdf)
    drawing = form(b"BT /Helv 11 Tf 2 5 Td (999.000.000) Tj ET", (0, 0, 120, 20))
    revision.change(revision.old.fields()["So"], AP={"N": revision.add(drawing)})
    return revision.appended()


@ATTACKS.enter(APPEARANCE, FAILED, on=("openpdf", "letter"))
def appearance_stream_rewritten(pdf: bytes) -> bytes:
    """The stream that a field's appearance draws is written anew; the field itself is not touched."""
    revision = Revision(pdf)
    fields = revision.old.fields()
    name = "So" if "So" in fields else next(iter(revision.old.signatures()))
    drawn = revision.get(revision.get(fields[name])["AP"])["N"]
    kept = revision.get(drawn)
    kept.entries.pop("Filter", None)
    revision.put(drawn, stream(b"q 1 0 0 rg 0 0 99 99 re f Q", **kept.entries))
    return revision.appended()


@ATTACKS.enter(APPEARANCE, failed(ChangeKind.APPEARANCE), on=("openpdf", "letter"))
def signature_appearance_swapped(pdf: bytes) -> bytes:
    """The picture of the signature is another one."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(field, AP={"N": revision.add(form(b"q 1 0 0 rg 0 0 99 99 re f Q"))})
    return revision.appended()


@ATTACKS.enter(APPEARANCE, FAILED, on=("openpdf", "letter"))
def signature_moved(pdf: bytes) -> bytes:
    """The picture of the signature stands over other text."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(field, Rect=[72, 700, 400, 800])
    return revision.appended()


@ATTACKS.enter(
    APPEARANCE, FAILED, on=FORMS, variants={"hidden": ("F", 2), "moved": ("Rect", [72, 400, 192, 420])}
)
def field_hidden_or_moved(pdf: bytes, key: str, value: Value) -> bytes:
    """The text field is hidden, or stands elsewhere; its value stays."""
    revision = Revision(pdf)
    revision.change(revision.old.fields()["So"], **{key: value})
    return revision.appended()


@ATTACKS.enter(APPEARANCE, failed(ChangeKind.STRUCTURE), on=FORMS)
def field_removed(pdf: bytes) -> bytes:
    """The text field is no longer in the form."""
    revision = Revision(pdf)
    held = revision.get(revision.old.root)["AcroForm"]
    kept = [one for one in revision.get(revision.get(held)["Fields"]) if one != revision.old.fields()["So"]]
    if isinstance(held, Ref):
        revision.change(held, Fields=kept)
    else:
        revision.change(revision.old.root, AcroForm=held | {"Fields": kept})
    return revision.appended()


@ATTACKS.enter(APPEARANCE, FAILED, on=GENERAL)
def text_field_added(pdf: bytes) -> bytes:
    """A new text field, filled, over the text."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    drawing = form(b"q 1 1 1 rg 0 0 300 50 re f Q", (0, 0, 300, 50))
    field = revision.add(
        {"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Tx"), "T": b"Them", "V": b"9", "F": 4,
         "Rect": [72, 700, 372, 750], "P": page, "AP": {"N": revision.add(drawing)}}
    )  # fmt: skip
    add_annotation(revision, page, field)
    add_to_form(revision, field)
    return revision.appended()


@ATTACKS.enter("filled against a lock", failed(ChangeKind.FORM_FILL), on=("lock-so",))
def closed_field_filled(pdf: bytes) -> bytes:
    """A field that a signature closed (FieldMDP Include) gets a value."""
    revision = Revision(pdf)
    drawing = form(b"BT /Helv 11 Tf 2 5 Td (99) Tj ET", (0, 0, 120, 20))
    revision.change(revision.old.fields()["So"], V=b"99", AP={"N": revision.add(drawing)})
    return revision.appended()


@ATTACKS.enter("filled against a lock", failed(ChangeKind.FORM_FILL), on=("letter",))
def number_filled_again(pdf: bytes) -> bytes:
    """The document gets a second number (Decree 30: it is given once)."""
    revision = Revision(pdf)
    drawing = form(b"BT /Helv 11 Tf 2 5 Td (99) Tj ET", (0, 0, 120, 20))
    revision.change(revision.old.fields()["DocumentNumber"], V=b"99", AP={"N": revision.add(drawing)})
    return revision.appended()


# --- spoofed and reused signature dictionaries --------------------------------------------------------------


@ATTACKS.enter(
    SPOOFED,
    FAILED,
    variants={
        "reason": ("Reason", b"Da phe duyet"),
        "name": ("Name", b"Nguoi khac"),
        "time": ("M", b"D:20200101000000Z"),
        "location": ("Location", b"Ha Noi"),
        "build": ("Prop_Build", {}),
        "reference": ("Reference", []),
    },
)
def dictionary_rewritten(pdf: bytes, key: str, value: Value) -> bytes:
    """A later revision gives the signature another reason, name or time; /Contents and /ByteRange stay."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(revision.get(field)["V"], **{key: value})
    return revision.appended()


@ATTACKS.enter(SPOOFED, FAILED)
def signature_removed(pdf: bytes) -> bytes:
    """The field of the signature is emptied."""
    revision = Revision(pdf)
    for field in revision.old.signatures().values():
        revision.change(field, V=None)
    return revision.appended()


@ATTACKS.enter(SPOOFED, FAILED)
def form_removed(pdf: bytes) -> bytes:
    """The catalogue has no form any more, so that nothing seems signed."""
    revision = Revision(pdf)
    revision.change(revision.old.root, AcroForm=None)
    return revision.appended()


@ATTACKS.enter(SPOOFED, FAILED, on=("twice", "letter"))
def signatures_exchanged(pdf: bytes) -> bytes:
    """Two fields have each the other's signature."""
    revision = Revision(pdf)
    first, second = list(revision.old.signatures().values())[:2]
    one, other = revision.get(first)["V"], revision.get(second)["V"]
    revision.change(first, V=other)
    revision.change(second, V=one)
    return revision.appended()


# --- notes and active content -------------------------------------------------------------------------------

_BOX = [72, 680, 420, 780]
_NOTES: dict[str, tuple[object, ...]] = {
    "free-text": ({"Subtype": Name("FreeText"), "Contents": b"9.000.000.000", "DA": b"/Helv 20 Tf 0 g"},),
    "square": ({"Subtype": Name("Square"), "IC": [1, 1, 1], "Border": [0, 0, 0]},),
    "stamp": ({"Subtype": Name("Stamp"), "Name": Name("Approved")},),
    "highlight": ({"Subtype": Name("Highlight"), "QuadPoints": [72, 780, 420, 780, 72, 680, 420, 680]},),
    "redaction": ({"Subtype": Name("Redact"), "IC": [0, 0, 0]},),
    "hidden": ({"Subtype": Name("Text"), "F": 2},),
    "link": ({"Subtype": Name("Link"), "A": {"S": Name("URI"), "URI": b"https://example/"}},),
}


def annotated(pdf: bytes, entries: dict[str, Value]) -> bytes:
    """Put an annotation on page 1."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    drawing = revision.add(form(b"q 1 1 1 rg 0 0 348 100 re f Q", (0, 0, 348, 100)))
    note = {"Type": Name("Annot"), "Rect": _BOX, "P": page, "F": 4, "AP": {"N": drawing}} | entries
    add_annotation(revision, page, revision.add(note))
    return revision.appended()


@ATTACKS.enter(
    NOTES,
    failed(ChangeKind.ANNOTATION, page=1),
    on=("typst", "openpdf", "p1", "p2", "p2-openpdf"),
    variants=_NOTES,
)
def note_over_the_text(pdf: bytes, entries: dict[str, Value]) -> bytes:
    """An annotation covers the text, where no certification permits one."""
    return annotated(pdf, entries)


@ATTACKS.enter(NOTES, failed(page=1), on=("typst", "p1", "p3-note"), variants={"removed": (None,)})
def annotations_removed(pdf: bytes, nothing: None) -> bytes:
    """Every annotation of page 1 is gone, those of the signatures too."""
    revision = Revision(pdf)
    revision.change(revision.old.pages()[0], Annots=nothing)
    return revision.appended()


_SCRIPT = {"S": Name("JavaScript"), "JS": b"app.alert(1)"}
_LAUNCH = {"S": Name("Launch"), "F": b"calc.exe"}
_EVERYWHERE = ("typst", "openpdf", "p1", "p2", "p3")


@ATTACKS.enter(
    ACTIVE,
    failed(ChangeKind.ACTIVE_CONTENT),
    on=_EVERYWHERE,
    variants={
        "open-action": ("OpenAction", _SCRIPT),
        "launch": ("OpenAction", _LAUNCH),
        "before-printing": ("AA", {"WP": _SCRIPT}),
        "script-by-name": ("Names", {"JavaScript": {"Names": [b"a", _SCRIPT]}}),
    },
)
def catalogue_acts(pdf: bytes, key: str, value: Value) -> bytes:
    """The document runs something when it is opened or printed."""
    revision = Revision(pdf)
    revision.change(revision.old.root, **{key: value})
    return revision.appended()


@ATTACKS.enter(ACTIVE, failed(ChangeKind.ACTIVE_CONTENT, page=1), on=_EVERYWHERE)
def page_acts(pdf: bytes) -> bytes:
    """Page 1 runs a script when it is shown."""
    revision = Revision(pdf)
    revision.change(revision.old.pages()[0], AA={"O": _SCRIPT})
    return revision.appended()


@ATTACKS.enter(ACTIVE, FAILED, on=("openpdf", "p2", "p3"))
def field_acts(pdf: bytes) -> bytes:
    """The text field runs a script at every key."""
    revision = Revision(pdf)
    revision.change(revision.old.fields()["So"], AA={"K": _SCRIPT})
    return revision.appended()


@ATTACKS.enter(ACTIVE, FAILED, on=("p3",), variants={"script": (_SCRIPT,), "launch": (_LAUNCH,)})
def permitted_note_acts(pdf: bytes, action: dict[str, Value]) -> bytes:
    """A note, which the certification permits, launches something when it is clicked."""
    return annotated(pdf, {"Subtype": Name("Link"), "A": action})


@ATTACKS.enter(ACTIVE, FAILED, on=("p1", "p2", "p3"))
def certification_loosened(pdf: bytes) -> bytes:
    """The catalogue's /Perms, which names the certifying signature, is gone."""
    revision = Revision(pdf)
    revision.change(revision.old.root, Perms=None)
    return revision.appended()


@ATTACKS.enter(ACTIVE, FAILED, on=("p1",))
def filled_though_closed(pdf: bytes) -> bytes:
    """A file certified against any change gets a form field."""
    return text_field_added(pdf)


@ATTACKS.enter(ACTIVE, FAILED, on=("typst", "p2", "p3"))
def attachment_added(pdf: bytes) -> bytes:
    """A file is attached."""
    revision = Revision(pdf)
    file = revision.add(stream(b"MZ", Type=Name("EmbeddedFile")))
    spec = revision.add({"Type": Name("Filespec"), "F": b"a.exe", "EF": {"F": file}})
    revision.change(revision.old.root, Names={"EmbeddedFiles": {"Names": [b"a.exe", spec]}})
    return revision.appended()


_OPEN_DOCUMENT = Name("application#2Fvnd.oasis.opendocument.text")


@ATTACKS.enter(CONTENT, failed(ChangeKind.STRUCTURE), on=GENERAL)
def other_document_behind_the_pages(pdf: bytes) -> bytes:
    """LibreOffice opens the text document that the trailer names (/AdditionalStreams), not the pages."""
    revision = Revision(pdf)
    revision.trailer["AdditionalStreams"] = [_OPEN_DOCUMENT, revision.add(stream(b"PK van ban khac"))]
    return revision.appended()


@ATTACKS.enter(CONTENT, failed(ChangeKind.STRUCTURE), on=GENERAL)
def other_document_in_an_empty_place(pdf: bytes) -> bytes:
    """A trailer already named a number that was nothing; a later revision puts a document there."""
    revision = Revision(pdf)
    revision.trailer["AdditionalStreams"] = [_OPEN_DOCUMENT, Ref(revision.next + 1)]
    revision.change(revision.old.root, Lang=b"vi")
    later = Revision(revision.appended())
    later.trailer["AdditionalStreams"] = revision.trailer["AdditionalStreams"]
    later.put(Ref(revision.next + 1), stream(b"PK van ban khac"))
    return later.appended()


@ATTACKS.enter(CONTENT, FAILED, on=GENERAL)
def object_that_only_an_old_trailer_names(pdf: bytes) -> bytes:
    """An object under a number that a former trailer named, when it was nothing: now nobody names it."""
    revision = Revision(pdf)
    revision.trailer["AdditionalStreams"] = [_OPEN_DOCUMENT, Ref(revision.next + 1)]
    revision.change(revision.old.root, Lang=b"vi")
    later = Revision(revision.appended())
    later.put(Ref(revision.next + 1), stream(b"PK van ban khac"))
    return later.appended()
