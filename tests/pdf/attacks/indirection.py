"""Changes behind a level of indirection: the page, the field, the note stay; what they lead to is another."""

from __future__ import annotations

import re

from docsign.verdict import ChangeKind
from tests.pdf.attacks.incremental import content_of
from tests.pdf.attacks.prepared import FALSE_TEXT
from tests.pdf.attacks.revision import Revision, stream
from tests.pdf.attacks.second_signer import completed, opaque_form, sign, signature
from tests.pdf.attacks.syntax import Name, Ref, Stream, Value, write_value
from tests.pdf.attacks.table import ATTACKS, FAILED, LEGAL, WARNED, failed

ROW = "behind an indirection"
TABLES = "tables that mislead"
LOCKS = "locks and fields to be signed"


def packed_objects(revision: Revision) -> dict[int, list[int]]:
    """Return the object streams with the numbers of the objects in each, in order."""
    found: dict[int, list[tuple[int, int]]] = {}
    for number, place in revision.old.places.items():
        if place and len(place) == 3:
            found.setdefault(place[0], []).append((place[1], number))
    return {container: [number for _, number in sorted(held)] for container, held in found.items()}


@ATTACKS.enter(ROW, FAILED, on=("pdftex", "pdfbox"))
def object_stream_replaced(pdf: bytes) -> bytes:
    """An object stream is written anew under its number: the objects in it change, their entries do not."""
    revision = Revision(pdf)
    for container, numbers in packed_objects(revision).items():
        heads, bodies = b"", b""
        for number in numbers:
            value = revision.get(Ref(number))
            if isinstance(value, dict) and value.get("Type") == "Page":
                value["MediaBox"] = [0, 0, 99, 99]
            if isinstance(value, dict) and value.get("Type") == "Font":
                value["BaseFont"] = Name("Symbol")
            heads += b"%d %d " % (number, len(bodies))
            bodies += write_value(value) + b"\n"
        entries = {"Type": Name("ObjStm"), "N": len(numbers), "First": len(heads)}
        revision.put(Ref(container), stream(heads + bodies, **entries))
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, on=("nested", "word"))
def length_changed(pdf: bytes) -> bytes:
    """The object that holds a stream's length says less: the stream ends early."""
    revision = Revision(pdf)
    for number in sorted(revision.old.places):
        value = revision.get(Ref(number))
        if isinstance(value, int):
            revision.put(Ref(number), 5)
            return revision.appended()
    wanted = content_of(revision)
    kept = revision.get(wanted)
    revision.put(wanted, stream(kept.data[:5], **kept.entries))
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, on=("nested", "pdftex"), variants={
    "resources": ("Resources", {"Font": {}}), "box": ("MediaBox", [0, 0, 99, 99]), "turn": ("Rotate", 180),
})  # fmt: skip
def inherited_entry_changed(pdf: bytes, key: str, value: Value) -> bytes:
    """A node of the page tree hands down another size, turn or other fonts."""
    revision = Revision(pdf)
    for page in revision.old.pages():
        if key not in revision.get(page):
            revision.change(revision.get(page)["Parent"], **{key: value})
            return revision.appended()
    page = revision.old.pages()[0]
    revision.change(page, **{key: value})
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, on=("openpdf", "itext", "pdfbox"))
def attachment_replaced(pdf: bytes) -> bytes:
    """The attached file has another content."""
    revision = Revision(pdf)
    for number in sorted(revision.old.places):
        value = revision.get(Ref(number))
        if isinstance(value, dict) and "EF" in value:
            file = revision.get(value["EF"])["F"]
            kept = revision.get(file)
            kept.entries.pop("Filter", None)
            revision.put(file, stream(b"phu luc khac", **kept.entries))
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, on=("openpdf", "pdftex"))
def outline_redirected(pdf: bytes) -> bytes:
    """An entry of the outline launches a program."""
    revision = Revision(pdf)
    first = revision.get(revision.get(revision.old.root)["Outlines"])["First"]
    revision.change(first, A={"S": Name("Launch"), "F": b"calc.exe"}, Dest=None)
    return revision.appended()


@ATTACKS.enter(ROW, failed(page=1), on=("typst", "pdftex"))
def link_redirected(pdf: bytes) -> bytes:
    """A link of page 1 leads elsewhere."""
    revision = Revision(pdf)
    for page in revision.old.pages():
        for one in revision.get(revision.get(page).get("Annots", [])):
            if revision.get(one).get("Subtype") == "Link":
                revision.change(one, A={"S": Name("URI"), "URI": b"https://khac.example/"}, Dest=None)
                return revision.appended()
    raise LookupError("no link")


# --- tables that mislead ------------------------------------------------------------------------------------


@ATTACKS.enter(TABLES, FAILED, on=("typst", "openpdf", "itext", "word"))
def generation_raised(pdf: bytes) -> bytes:
    """The table gives page 1's content another generation: the old reference leads nowhere."""
    revision = Revision(pdf, "table")
    content = content_of(revision)
    place = revision.old.places[content.number]
    assert place
    return pdf + b"\n" + revision.table(len(pdf) + 1, {content.number: (place[0], 1)})


@ATTACKS.enter(TABLES, FAILED, on=("pdftex", "pdfbox"), variants={"free": (0,), "unknown": (7,)})
def entry_of_another_type(pdf: bytes, kind: int) -> bytes:
    """The cross-reference stream calls page 1's content free, or something no reader knows: it is null."""
    revision = Revision(pdf, "stream")
    content = content_of(revision)
    written = revision.xref_stream(len(pdf) + 1, {content.number: (0, 0)})
    row = bytes([1]) + bytes(6)
    assert written.count(row) == 1
    return pdf + b"\n" + written.replace(row, bytes([kind]) + bytes(6))


@ATTACKS.enter(TABLES, FAILED, on=("twice", "letter", "archived"))
def revision_skipped(pdf: bytes) -> bytes:
    """A later table names an early one as the one before: what was signed between is passed over."""
    revision = Revision(pdf, "table")
    revision.old.startxref = revision.old.sections[-1]
    return pdf + b"\n" + revision.table(len(pdf) + 1, {})


@ATTACKS.enter(TABLES, FAILED, on=("typst", "openpdf"))
def start_in_the_middle(pdf: bytes) -> bytes:
    """A later startxref leads into a stream that looks like a table."""
    revision = Revision(pdf, "table")
    inner = rewritten_table(pdf)
    revision.trailer["Info"] = revision.add(stream(inner))
    data = revision.appended()
    return re.sub(rb"startxref\n\d+\n%%EOF\n$", b"startxref\n%d\n%%%%EOF\n" % data.rindex(inner), data)


def rewritten_table(pdf: bytes) -> bytes:
    """Return a table of its own, without entries, that leads to the file's last one."""
    written = Revision(pdf, "table").table(0, {})
    return written[: written.index(b"startxref")]


# --- locks and fields to be signed --------------------------------------------------------------------------


def person_only(letter: bytes) -> bytes:
    """Return the letter as the person signed it: the agency's field is empty and closes number and date."""
    end = letter.index(b"%%EOF", letter.index(b"/ByteRange")) + 6
    return letter[:end]


@ATTACKS.enter(LOCKS, FAILED, on=("letter",))
def lock_removed(pdf: bytes) -> bytes:
    """The empty field of the agency no longer says what its signature will close."""
    revision = Revision(person_only(pdf))
    revision.change(revision.old.fields()["AgencySignature"], Lock=None)
    return revision.appended()


@LEGAL.enter(LOCKS, WARNED, on=("letter",))
def signed_field_moved(pdf: bytes) -> bytes:
    """The agency's empty field is signed and moved in one: like a new visible field, a warning."""
    revision = Revision(person_only(pdf))
    field = revision.old.fields()["AgencySignature"]
    picture = revision.add(opaque_form(400, 300))
    revision.change(field, V=revision.add(signature()), Rect=[80, 400, 480, 700], AP={"N": picture})
    return completed(revision.appended(), "agency")


@ATTACKS.enter(LOCKS, failed(ChangeKind.ACTIVE_CONTENT), on=("typst", "openpdf", "p2"), variants={
    "click": ("A", {"S": Name("Launch"), "F": b"calc.exe"}),
    "shown": ("AA", {"PV": {"S": Name("JavaScript"), "JS": b"app.alert(1)"}}),
})  # fmt: skip
def signature_field_acts(pdf: bytes, key: str, value: Value) -> bytes:
    """A further signature, right in itself, whose field launches something."""
    revision = Revision(pdf)
    data = sign(revision, "KyTay")
    field = next(
        number
        for number, (_, value) in revision.changed.items()
        if isinstance(value, dict) and value.get("T") == b"KyTay"
    )
    again = Revision(pdf)
    again.changed, again.next = revision.changed, revision.next
    again.change(Ref(field), **{key: value})
    assert isinstance(data, bytes)
    return completed(again.appended())


@ATTACKS.enter(LOCKS, FAILED, on=("typst", "openpdf"))
def signed_after_a_closing_lock(pdf: bytes) -> bytes:
    """A signature whose field says that nothing may follow (/Lock with /P 1), and one that follows."""
    from tests.pdf.attacks.second_signer import add_field

    revision = Revision(pdf)
    lock = {"Type": Name("SigFieldLock"), "Action": Name("All"), "P": 1}
    parameters = {"Type": Name("TransformParams"), "V": Name("1.2"), "Action": Name("All"), "P": 1}
    reference = {"Type": Name("SigRef"), "TransformMethod": Name("FieldMDP"), "TransformParams": parameters}
    value = revision.add(signature(Reference=[reference | {"Data": revision.old.root}]))
    field = add_field(revision, "Cuoi", (0, 0, 0, 0), None, 1, value)
    revision.change(field, Lock=revision.add(lock))
    return sign(Revision(completed(revision.appended())), "SauCung")


@ATTACKS.enter(ROW, FAILED, on=("openpdf", "typst"))
def content_split(pdf: bytes) -> bytes:
    """Page 1's content is an array of the old stream and one in front of it that scales all to nothing."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    content = revision.get(page)["Contents"]
    listed = content if isinstance(content, list) else [content]
    before = revision.add(stream(b"0.001 0 0 0.001 0 0 cm " + FALSE_TEXT))
    revision.change(page, Contents=[before, *listed])
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, on=("openpdf", "pdfbox", "typst"))
def filter_changed(pdf: bytes) -> bytes:
    """The content stream's data stay, its filter is another: it decodes to something else."""
    revision = Revision(pdf)
    content = content_of(revision)
    kept = revision.get(content)
    assert isinstance(kept, Stream)
    revision.put(content, Stream(kept.entries | {"Filter": Name("ASCIIHexDecode")}, kept.data))
    return revision.appended()
