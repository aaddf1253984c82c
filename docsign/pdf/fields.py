"""The form of an official PDF: empty signature fields, and text fields for number and date.

Adds fields and says what they are called; filling and signing them is ``writer``'s. What is added keeps
PDF/A-2b (ISO 19005-2): every widget has an appearance and is printed, nothing asks the viewer to draw, and
no font is used that is not embedded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from docsign.errors import PdfError
from docsign.pdf import syntax
from docsign.pdf.field_names import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.form import acro_form, form_fields
from docsign.pdf.page_space import Rectangle, in_user_space, rotation
from docsign.pdf.reading import Page
from docsign.pdf.revision import Revision
from docsign.sentence import say
from docsign.values import dataclass

__all__ = [
    "AGENCY_SIGNATURE",
    "DOCUMENT_DATE",
    "DOCUMENT_NUMBER",
    "PERSON_SIGNATURE",
    "Align",
    "Box",
    "SignatureField",
    "TextField",
    "add_fields",
    "baseline",
    "register",
    "signature_widget",
]

Align = Literal["left", "center", "right"]

ALIGNMENTS: Final[Mapping[Align, int]] = {"left": 0, "center": 1, "right": 2}
_PRINT_AND_LOCKED = 4 | 128  # ISO 32000-1 table 165; PDF/A wants Print, and no one may move the field
_SIGNATURES_EXIST = 1  # ISO 32000-1 table 219


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A place on a page as it is shown, in points from its lower left corner; ``page`` counts from 1.

    What a page's /Rotate and /CropBox do to that place is worked out where the field is added.
    """

    page: int
    left: float
    bottom: float
    right: float
    top: float

    @property
    def corners(self) -> Rectangle:
        """Left, bottom, right, top."""
        return self.left, self.bottom, self.right, self.top

    @property
    def width(self) -> float:
        """Width in points."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in points."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureField:
    """An empty signature field; signing it closes the fields named in ``lock`` (FieldMDP Include).

    ``label`` is the field's name for people (/TU). In a copy or an appendix it is what the agency's signature
    says before the time; one that begins with "/" is the notation to which the number is given.
    """

    name: str
    box: Box
    lock: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """An empty one-line text field; its text will be Liberation Serif, black, ``size`` points.

    The baseline of a filled text stands where ``baseline`` (points above the box's bottom) says.
    """

    name: str
    box: Box
    size: float
    italic: bool = False
    align: Align = "left"

    @property
    def baseline(self) -> float:
        """Points from the bottom of the box to the baseline of the text: descent of Liberation Serif."""
        return baseline(self.size)


def baseline(size: float) -> float:
    """Return how far above a text field's bottom its baseline stands, in points, at this type size.

    0.216 em is the descent of Liberation Serif (its hhea table), so that no tone mark below is cut.
    """
    return 0.216 * size


def add_fields(pdf: bytes, fields: Sequence[SignatureField | TextField]) -> bytes:
    """Append one revision that holds these fields, empty, in this order; the same input gives the same bytes.

    Raises PdfError where the PDF cannot be read, a page is not there, or a name is taken.
    """
    revision = Revision.of(pdf)
    taken = {one.name for one in form_fields(revision.view)}
    entries = []
    for field in fields:
        if field.name in taken:
            raise PdfError(say("The PDF already has a field named {name}.", name=field.name))
        taken.add(field.name)
        entries.append(_add(revision, field))
    signed = any(isinstance(field, SignatureField) for field in fields)
    register(revision, entries, flags=_SIGNATURES_EXIST if signed else 0)
    return revision.whole()


def register(revision: Revision, entries: Sequence[int] = (), *, flags: int = 0) -> None:
    """List ``entries`` in the document's form, made where there is none, and set its /SigFlags."""
    references = [syntax.reference(entry) for entry in entries]
    form = acro_form(revision.view)
    if form is None:
        made = {"Fields": syntax.array(*references)}
        if flags:
            made["SigFlags"] = b"%d" % flags
        number = revision.add(syntax.dictionary(made))
        revision.set(revision.catalog, "AcroForm", syntax.reference(number))
        return
    if references:
        revision.append_to(form, "Fields", *references)
    known = revision.view.integer(form, "SigFlags") or 0
    if known | flags != known:
        revision.set(form, "SigFlags", b"%d" % (known | flags))


def signature_widget(
    revision: Revision,
    name: str,
    page: Page,
    rectangle: Sequence[float],
    *,
    turned: int = 0,
    picture: bytes | None = None,
) -> tuple[int, dict[str, bytes]]:
    """Make an empty signature field merged with its widget; without ``picture`` (a form) it shows nothing.

    Returns its reserved number and its entries, to be added once they are complete.
    """
    number, widget = _widget(revision, name, page, rectangle, turned, picture)
    widget["FT"] = b"/Sig"
    return number, widget


def _add(revision: Revision, field: SignatureField | TextField) -> int:
    page = revision.page(field.box.page)
    rectangle = in_user_space(revision.view, page, field.box.corners)
    turned = rotation(revision.view, page)
    if isinstance(field, SignatureField):
        number, widget = signature_widget(revision, field.name, page, rectangle, turned=turned)
        if field.label:
            widget["TU"] = syntax.text(field.label, revision.encrypt_text(number))
        if field.lock:
            # ISO 32000-1 table 233: the lock dictionary is an indirect object
            lock = revision.reserve()
            names = [syntax.text(name, revision.encrypt_text(lock)) for name in field.lock]
            entries = {"Type": b"/SigFieldLock", "Action": b"/Include", "Fields": syntax.array(*names)}
            widget["Lock"] = syntax.reference(revision.add(syntax.dictionary(entries), lock))
    else:
        font = "LiberationSerif-Italic" if field.italic else "LiberationSerif"
        number, widget = _widget(revision, field.name, page, rectangle, turned)
        widget["FT"] = b"/Tx"
        style = f"/{font} {field.size:g} Tf 0 g"
        widget["DA"] = syntax.text(style, revision.encrypt_text(number))
        widget["Q"] = b"%d" % ALIGNMENTS[field.align]
    revision.add(syntax.dictionary(widget), number)
    revision.annotate(page, number)
    return number


def _widget(
    revision: Revision,
    name: str,
    page: Page,
    rectangle: Sequence[float],
    turned: int,
    picture: bytes | None = None,
) -> tuple[int, dict[str, bytes]]:
    left, bottom, right, top = rectangle
    number = revision.reserve()
    widget = {
        "Type": b"/Annot",
        "Subtype": b"/Widget",
        "T": syntax.text(name, revision.encrypt_text(number)),
        "Rect": syntax.numbers(left, bottom, right, top),
        "F": b"%d" % _PRINT_AND_LOCKED,
        "AP": syntax.dictionary({"N": picture or _nothing(revision, right - left, top - bottom)}),
    }
    if page.reference is not None:
        widget["P"] = syntax.reference(*page.reference)
    if turned:
        widget["MK"] = syntax.dictionary({"R": b"%d" % turned})
    return number, widget


def _nothing(revision: Revision, width: float, height: float) -> bytes:
    """Add a form that draws nothing; return the reference to it."""
    entries = {"Type": b"/XObject", "Subtype": b"/Form", "BBox": syntax.numbers(0, 0, width, height)}
    return syntax.reference(revision.add_stream({**entries, "Resources": b"<<>>"}, b""))
