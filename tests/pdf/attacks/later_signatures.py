"""Later signatures: sneaky ones that cover what was signed, and honest ones that must pass."""

from __future__ import annotations

from docsign.verdict import ChangeKind, Indication
from tests.pdf.attacks.revision import Revision, form
from tests.pdf.attacks.second_signer import (
    NOWHERE,
    Box,
    add_field,
    clear_form,
    completed,
    opaque_form,
    sign,
    signature,
)
from tests.pdf.attacks.syntax import Name, Stream
from tests.pdf.attacks.table import (
    ATTACKS,
    BROKEN,
    DOUBTFUL,
    FAILED,
    GENERAL,
    LEGAL,
    Answer,
    failed,
    passed,
)

SNEAKY = "sneaky signature"
REUSE = "field or object reuse"
LATER = "further signatures"

EMPTY_PLACE: Box = (330, 300, 480, 350)
"""A place of page 1 where nothing is."""
OVER_SO: Box = (72, 690, 222, 740)
"""Over the text field So."""
OVER_THAY: Box = (360, 90, 510, 140)
"""Over the visible signature of the file "openpdf"."""
WARNED_SIGNATURE = Answer(indication=Indication.TOTAL_PASSED, listed=ChangeKind.SIGNATURE, page=1, warns=True)
LISTED = passed(ChangeKind.SIGNATURE)


@LEGAL.enter(
    LATER, LISTED, on=(*GENERAL, "itext", "word", "twice", "nested", "letter", "p2", "p3", "archived")
)
def invisible_signature(pdf: bytes) -> bytes:
    """A further signature without a box."""
    return sign(Revision(pdf))


@LEGAL.enter(LATER, LISTED)
def signature_without_appearance(pdf: bytes) -> bytes:
    """A further signature in a field of the form that stands on no page."""
    revision = Revision(pdf)
    from tests.pdf.attacks.second_signer import add_to_form

    add_to_form(revision, revision.add({"FT": Name("Sig"), "T": b"KyTay", "V": revision.add(signature())}))
    return completed(revision.appended())


@LEGAL.enter(LATER, WARNED_SIGNATURE, variants={"clear": (clear_form(),), "opaque": (opaque_form(),)})
def visible_signature(pdf: bytes, picture: Stream) -> bytes:
    """A further signature in a new, visible field of an uncertified file: a warning says where."""
    return sign(Revision(pdf), box=EMPTY_PLACE, appearance=picture)


@LEGAL.enter(SNEAKY, LISTED, on=("openpdf",))
def seal_over_the_signature(pdf: bytes) -> bytes:
    """A transparent seal over an earlier signature (Decree 30): passes, listed."""
    return sign(Revision(pdf), box=OVER_THAY, appearance=clear_form(), who="agency")


@ATTACKS.enter(SNEAKY, DOUBTFUL, on=("openpdf",))
def opaque_seal_over_the_signature(pdf: bytes) -> bytes:
    """A picture that hides an earlier signature."""
    return sign(Revision(pdf), box=OVER_THAY, appearance=opaque_form(), who="agency")


@ATTACKS.enter(SNEAKY, DOUBTFUL, on=("openpdf", "pdfbox"))
def opaque_signature_over_a_field(pdf: bytes) -> bytes:
    """A picture that hides a form field and shows another text."""
    return sign(Revision(pdf), box=OVER_SO, appearance=opaque_form())


@ATTACKS.enter(SNEAKY, failed(), on=("p2", "p3"))
def opaque_signature_in_a_certified_file(pdf: bytes) -> bytes:
    """A new visible field with an opaque picture."""
    return sign(Revision(pdf), box=EMPTY_PLACE, appearance=opaque_form())


@ATTACKS.enter(
    SNEAKY, failed(), on=("p2", "p3"), variants={"clear": (clear_form(),), "opaque": (opaque_form(),)}
)
def signature_over_a_field_of_a_certified_file(pdf: bytes, picture: Stream) -> bytes:
    """A new visible field over a form field, whatever its picture."""
    return sign(Revision(pdf), box=OVER_SO, appearance=picture)


@LEGAL.enter(SNEAKY, LISTED, on=("p2", "p3"))
def clear_signature_in_a_certified_file(pdf: bytes) -> bytes:
    """A new visible field with a transparent picture that overlaps nothing."""
    return sign(Revision(pdf), box=EMPTY_PLACE, appearance=clear_form())


@ATTACKS.enter(SNEAKY, failed(), on=("p1",))
def signature_in_a_closed_file(pdf: bytes) -> bytes:
    """A file certified against any change is signed again."""
    return sign(Revision(pdf))


@ATTACKS.enter(
    SNEAKY, BROKEN, on=("openpdf", "typst"), variants={"seen": (EMPTY_PLACE,), "unseen": (NOWHERE,)}
)
def visible_signature_that_fails(pdf: bytes, box: Box) -> bytes:
    """A further signature whose digest is wrong: it closes nothing."""
    return sign(Revision(pdf), box=box, appearance=opaque_form(), spoiled=True)


@ATTACKS.enter(SNEAKY, failed(page=1), on=("openpdf", "typst"))
def content_with_a_later_signature(pdf: bytes) -> bytes:
    """A page's content is replaced, and the forger signs what he made."""
    from tests.pdf.attacks.incremental import FORGED, content_of
    from tests.pdf.attacks.revision import stream

    revision = Revision(pdf)
    revision.put(content_of(revision), stream(FORGED))
    return sign(revision, who="agency")


# --- one signature, several fields --------------------------------------------------------------------------


def fields_of_one_signature(pdf: bytes, box: Box) -> bytes:
    """Add a field that points at an earlier signature."""
    revision = Revision(pdf)
    value = revision.get(next(iter(revision.old.signatures().values())))["V"]
    add_field(revision, "LaiKy", box, opaque_form() if box != NOWHERE else None, 1, value)
    return revision.appended()


@ATTACKS.enter(REUSE, FAILED, on=GENERAL)
def visible_field_reuses_a_signature(pdf: bytes) -> bytes:
    """A new field with a picture shows an old signature: nobody signed that picture."""
    return fields_of_one_signature(pdf, EMPTY_PLACE)


def field_reuses_a_signature(pdf: bytes) -> bytes:
    """A new field that is not seen names an old signature: one signature, both fields named."""
    return fields_of_one_signature(pdf, NOWHERE)


@ATTACKS.enter(SNEAKY, FAILED, on=(*GENERAL, "p2", "p3"))
def empty_field_with_a_picture(pdf: bytes) -> bytes:
    """A new signature field, not signed, whose picture covers the text: nobody signed that picture."""
    revision = Revision(pdf)
    add_field(revision, "Trong", (72, 690, 420, 790), opaque_form(348, 100), 1, None)
    return revision.appended()


@LEGAL.enter(
    LATER, passed(ChangeKind.STRUCTURE), on=GENERAL, variants={"seen": (EMPTY_PLACE,), "unseen": (NOWHERE,)}
)
def empty_field_added(pdf: bytes, box: Box) -> bytes:
    """A new signature field without a picture, not signed yet: what tools prepare for the next signer."""
    revision = Revision(pdf)
    add_field(revision, "Trong", box, None, 1, None)
    return revision.appended()


# --- number and date drawn ----------------------------------------------------------------------------------


def numbered_by_drawing(pdf: bytes, who: str, *, spoiled: bool = False, signs: bool = True) -> bytes:
    """Draw a number on page 1, the old content untouched, in a revision that is then signed (or not)."""
    from tests.pdf.attacks.revision import stream

    revision = Revision(pdf)
    page = revision.old.pages()[0]
    content = revision.get(page)["Contents"]
    listed = content if isinstance(content, list) else [content]
    number = revision.add(stream(b"BT /F1 12 Tf 72 720 Td (So: 12/BC) Tj ET"))
    revision.change(page, Contents=[*listed, number])
    if not signs:
        return revision.appended()
    return sign(revision, who="agency" if who == "agency" else "person", spoiled=spoiled)


@ATTACKS.enter("numbering by drawing", DOUBTFUL, on=("typst", "pdftex", "pdfbox", "itext"))
def number_drawn_and_sealed(pdf: bytes) -> bytes:
    """The agency's tool draws number and date in the revision that its seal closes."""
    return numbered_by_drawing(pdf, "agency")


@ATTACKS.enter("numbering by drawing", failed(ChangeKind.CONTENT, page=1), on=("typst", "pdfbox"))
def number_drawn_and_signed_by_a_person(pdf: bytes) -> bytes:
    """The same by someone who is no agency."""
    return numbered_by_drawing(pdf, "person")


@ATTACKS.enter("numbering by drawing", BROKEN, on=("typst", "pdfbox"))
def number_drawn_under_a_broken_seal(pdf: bytes) -> bytes:
    """The same under a seal that fails."""
    return numbered_by_drawing(pdf, "agency", spoiled=True)


@ATTACKS.enter("numbering by drawing", failed(ChangeKind.CONTENT, page=1), on=("typst", "pdfbox"))
def number_drawn_before_the_seal(pdf: bytes) -> bytes:
    """The drawing lies in a revision of its own, and the seal in the next."""
    return sign(Revision(numbered_by_drawing(pdf, "agency", signs=False)), who="agency")


@ATTACKS.enter("numbering by drawing", DOUBTFUL, on=("typst", "pdfbox"))
def note_stamped_and_sealed(pdf: bytes) -> bytes:
    """The agency's tool adds an annotation with the number in the revision that its seal closes."""
    from tests.pdf.attacks.second_signer import add_annotation

    revision = Revision(pdf)
    page = revision.old.pages()[0]
    drawing = revision.add(form(b"BT /F1 12 Tf 2 4 Td (So: 12/BC) Tj ET", (0, 0, 120, 20)))
    note = revision.add(
        {"Type": Name("Annot"), "Subtype": Name("Stamp"), "Rect": [72, 710, 192, 730], "F": 4, "P": page,
         "AP": {"N": drawing}}
    )  # fmt: skip
    add_annotation(revision, page, note)
    return sign(revision, who="agency")
