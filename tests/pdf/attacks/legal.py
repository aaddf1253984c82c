"""Legal changes: what honest programs append to a signed file. All of them must pass, and be listed."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.documents import annotated
from tests.pdf.attacks.revision import Form, Revision, form, stream
from tests.pdf.attacks.second_signer import sign
from tests.pdf.attacks.syntax import Name, Ref, Value
from tests.pdf.attacks.table import FORMS, GENERAL, LEGAL, PASSED, passed

FILL = "form filling"
META = "metadata and structure"
LONG_TERM = "validation data"
SAVED = "saved again"
NOTES = "permitted notes"
VALUE = form(b"/Tx BMC q BT /Helv 11 Tf 2 5 Td (12/BC) Tj ET Q EMC", (0, 0, 120, 20))


@LEGAL.enter(FILL, passed(ChangeKind.FORM_FILL, page=1), on=(*FORMS, "p2", "p2-openpdf", "p3", "lock-but-so"))
def text_field_filled(pdf: bytes) -> bytes:
    """A text field gets a value and the appearance that goes with it."""
    revision = Revision(pdf)
    revision.change(revision.old.fields()["So"], V=b"12/BC", AP={"N": revision.add(VALUE)})
    return revision.appended()


@LEGAL.enter(FILL, passed(ChangeKind.FORM_FILL), on=("twice",))
def check_box_ticked(pdf: bytes) -> bytes:
    """A check box takes another of its states; its appearances stay."""
    revision = Revision(pdf)
    box = revision.old.fields()["Dong y"]
    states = revision.get(revision.get(revision.get(box)["AP"])["N"])
    state = Name(next(one for one in states if one != revision.get(box).get("AS")))
    revision.change(box, V=state, AS=state)
    return revision.appended()


@LEGAL.enter(FILL, passed(ChangeKind.FORM_FILL), on=FORMS)
def filled_and_signed(pdf: bytes) -> bytes:
    """A field is filled in the revision that the next signer closes."""
    revision = Revision(pdf)
    revision.change(revision.old.fields()["So"], V=b"12/BC", AP={"N": revision.add(VALUE)})
    return sign(revision)


# --- metadata and structure ---------------------------------------------------------------------------------


@LEGAL.enter(META, passed(ChangeKind.METADATA), on=(*GENERAL, "p2", "p3"))
def information_rewritten(pdf: bytes) -> bytes:
    """The information dictionary says when the file was changed and by what."""
    revision = Revision(pdf)
    info = revision.trailer.get("Info") or revision.add({})
    revision.trailer["Info"] = info
    revision.change(info, ModDate=b"D:20261123090000Z", Producer=b"May thu")
    return revision.appended()


@LEGAL.enter(META, passed(ChangeKind.METADATA), on=("typst", "twice"))
def xmp_rewritten(pdf: bytes) -> bytes:
    """The XMP metadata stream is written anew, or for the first time."""
    revision = Revision(pdf)
    packet = stream(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", Type=Name("Metadata"), Subtype=Name("XML"))
    held = revision.get(revision.old.root).get("Metadata")
    if isinstance(held, Ref):
        revision.put(held, packet)
    else:
        revision.change(revision.old.root, Metadata=revision.add(packet))
    return revision.appended()


@LEGAL.enter(META, passed(ChangeKind.STRUCTURE), on=GENERAL)
def extensions_declared(pdf: bytes) -> bytes:
    """The catalogue says which extensions of PDF the next signature will use."""
    revision = Revision(pdf)
    extension = {"BaseVersion": Name("1.7"), "ExtensionLevel": 8}
    revision.change(revision.old.root, Extensions={"ADBE": extension}, Version=Name("1.7"))
    return revision.appended()


@LEGAL.enter(META, passed(ChangeKind.STRUCTURE), on=("openpdf", "pdfbox", "typst"))
def form_resources_added(pdf: bytes) -> bytes:
    """The form gets default fonts for fields to come."""
    revision = Revision(pdf)
    held = revision.get(revision.old.root)["AcroForm"]
    entries = revision.get(held)
    resources = revision.get(entries.get("DR", {}))
    fonts = dict(revision.get(resources.get("Font", {})))
    fonts["Them"] = revision.add(
        {"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Courier")}
    )
    entries = {"DA": b"/Helv 0 Tf 0 g"} | entries | {"DR": resources | {"Font": fonts}, "SigFlags": 3}
    if isinstance(held, Ref):
        revision.put(held, entries)
    else:
        revision.change(revision.old.root, AcroForm=entries)
    return revision.appended()


@LEGAL.enter(META, passed(ChangeKind.SIGNATURE), on=("typst",))
def signature_in_the_structure(pdf: bytes) -> bytes:
    """A further signature in a tagged file: its widget is put into the structure tree, as PDF/UA asks."""
    from tests.pdf.attacks.second_signer import add_field, completed, signature

    revision = Revision(pdf)
    page = revision.old.pages()[0]
    widget = add_field(revision, "KyTay", (0, 0, 0, 0), None, 1, revision.add(signature()))
    root = revision.get(revision.old.root)["StructTreeRoot"]
    tree = revision.get(root)
    top = tree["K"][0] if isinstance(tree["K"], list) else tree["K"]
    element = revision.add(
        {"Type": Name("StructElem"), "S": Name("Form"), "P": top, "Pg": page,
         "K": {"Type": Name("OBJR"), "Obj": widget, "Pg": page}}
    )  # fmt: skip
    kids = revision.get(top)["K"]
    revision.change(top, K=[*(kids if isinstance(kids, list) else [kids]), element])
    key = tree.get("ParentTreeNextKey", 1000)
    numbers = [*_numbers(revision, tree["ParentTree"]), key, element]
    revision.change(root, ParentTree=revision.add({"Nums": numbers}), ParentTreeNextKey=key + 1)
    revision.change(widget, StructParent=key)
    return completed(revision.appended())


def _numbers(revision: Revision, tree: Value) -> list[Value]:
    """Return the pairs of a number tree, whatever its depth."""
    node = revision.get(tree)
    if "Nums" in node:
        return list(revision.get(node["Nums"]))
    return [one for kid in revision.get(node["Kids"]) for one in _numbers(revision, kid)]


# --- validation data ----------------------------------------------------------------------------------------


@LEGAL.enter(LONG_TERM, passed(ChangeKind.VALIDATION_DATA), on=(*GENERAL, "p1", "p2", "p3", "letter"))
def validation_data_added(pdf: bytes) -> bytes:
    """A DSS with certificates, lists and answers, and a VRI for the signature."""
    revision = Revision(pdf)
    packed = {name: [revision.add(stream(b"0\0"))] for name in ("Certs", "CRLs", "OCSPs")}
    entry = {"Cert": packed["Certs"], "CRL": packed["CRLs"], "TU": b"D:20261123090000Z"}
    store = packed | {"Type": Name("DSS"), "VRI": {"0" * 40: revision.add(entry)}}
    revision.change(revision.old.root, DSS=revision.add(store))
    return revision.appended()


@LEGAL.enter(LONG_TERM, passed(ChangeKind.VALIDATION_DATA), on=("archived",))
def validation_data_extended(pdf: bytes) -> bytes:
    """A DSS that was there gets more."""
    revision = Revision(pdf)
    held = revision.get(revision.old.root)["DSS"]
    lists = [*revision.get(revision.get(held)["CRLs"]), revision.add(stream(b"0\0"))]
    revision.change(held, CRLs=lists)
    return revision.appended()


# --- saved again --------------------------------------------------------------------------------------------


@LEGAL.enter(
    SAVED, PASSED, on=(*GENERAL, "word", "twice"), variants={"table": ("table",), "stream": ("stream",)}
)
def nothing_changed(pdf: bytes, kind: Form) -> bytes:
    """A revision without objects, its cross-reference in either form."""
    return Revision(pdf, kind).appended()


@LEGAL.enter(SAVED, PASSED, on=GENERAL, variants={"table": ("table",), "stream": ("stream",)})
def objects_written_again(pdf: bytes, kind: Form) -> bytes:
    """Page 1 and its font are written again with the same values, in either form."""
    revision = Revision(pdf, kind)
    for reference in (revision.old.pages()[0], revision.old.root):
        revision.put(reference, revision.get(reference))
    return revision.appended()


@LEGAL.enter(SAVED, PASSED, on=("typst", "openpdf", "itext"))
def entries_repeated(pdf: bytes) -> bytes:
    """A later table repeats every entry as it was."""
    revision = Revision(pdf, "table")
    used = {
        number: (place[0], place[1])
        for number, place in revision.old.places.items()
        if place and len(place) == 2
    }
    return pdf + b"\n" + revision.table(len(pdf) + 1, used)


@LEGAL.enter(SAVED, PASSED, variants={"lines": (b"\r\n\r\n",), "blanks": (b"   \n",), "tab": (b"\t",)})
def white_space_after(pdf: bytes, space: bytes) -> bytes:
    """White space after the end mark."""
    return pdf + space


@LEGAL.enter(SAVED, PASSED, on=("nested",))
def inherited_entries_pulled_down(pdf: bytes) -> bytes:
    """A page gets the box and the resources that it inherited, as iText writes it."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    node: Value = page
    found: dict[str, Value] = {}
    while node is not None:
        entries = revision.get(node)
        for key in ("MediaBox", "Resources", "Rotate"):
            if key in entries:
                found.setdefault(key, entries[key])
        node = entries.get("Parent")
    revision.change(page, **found)
    return revision.appended()


# --- notes that a certification permits ---------------------------------------------------------------------

_NOTE = {"Subtype": Name("Text"), "Contents": b"Da xem", "Rect": [500, 700, 520, 720]}


@LEGAL.enter(NOTES, passed(ChangeKind.ANNOTATION, page=1), on=("p3", "p3-note"), variants={
    "text": (_NOTE,),
    "highlight": ({"Subtype": Name("Highlight"), "QuadPoints": [72, 780, 420, 780, 72, 680, 420, 680]},),
    "free-text": ({"Subtype": Name("FreeText"), "Contents": b"Y kien", "DA": b"/Helv 12 Tf 0 g"},),
})  # fmt: skip
def note_permitted(pdf: bytes, entries: dict[str, Value]) -> bytes:
    """A note in a file certified for notes: passes, with its page and box."""
    return annotated(pdf, entries)


@LEGAL.enter(NOTES, passed(ChangeKind.ANNOTATION, page=1), on=("p3-note",))
def note_changed(pdf: bytes) -> bytes:
    """A note gets another text."""
    revision = Revision(pdf)
    revision.change(_note_of(revision), Contents=b"Da xem lai")
    return revision.appended()


@LEGAL.enter(NOTES, passed(ChangeKind.ANNOTATION, page=1), on=("p3-note",))
def note_removed(pdf: bytes) -> bytes:
    """A note is taken away, and nothing else."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    note = _note_of(revision)
    listed = revision.get(page)["Annots"]
    kept = [one for one in revision.get(listed) if one != note]
    if isinstance(listed, Ref):
        revision.put(listed, kept)
    else:
        revision.change(page, Annots=kept)
    return revision.appended()


def _note_of(revision: Revision) -> Ref:
    """Return the first annotation of page 1 that is no widget."""
    for one in revision.get(revision.get(revision.old.pages()[0])["Annots"]):
        if isinstance(one, Ref) and revision.get(one)["Subtype"] == "Text":
            return one
    raise LookupError("no note")
