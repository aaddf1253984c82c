"""The form of an official PDF: empty signature fields, and text fields for number and date.

Adds fields and says what they are called; filling and signing them is ``writer``'s. What is added keeps
PDF/A-2b (ISO 19005-2): every widget has an appearance and is printed, nothing asks the viewer to draw, and
no font is used that is not embedded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from docsign.errors import PdfError
from docsign.pdf.field_names import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.revision import Revision, damaged, open_revision, resolved
from docsign.sentence import say

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
    "named_fields",
    "numbers",
    "register",
    "signature_widget",
]

Align = Literal["left", "center", "right"]

ALIGNMENTS: Final[Mapping[Align, int]] = {"left": 0, "center": 1, "right": 2}
_PRINT_AND_LOCKED = 4 | 128  # ISO 32000-1 table 165; PDF/A wants Print, and no one may move the field
_MAX_FIELDS = 10_000
_SIGNATURES_EXIST = 1  # ISO 32000-1 table 219


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A place on a page, in points from the page's lower left corner; ``page`` counts from 1."""

    page: int
    left: float
    bottom: float
    right: float
    top: float

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
    """An empty signature field; signing it closes the fields named in ``lock`` (FieldMDP Include)."""

    name: str
    box: Box
    lock: tuple[str, ...] = ()


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
    revision = open_revision(pdf)
    try:
        taken = {name for name, _ in named_fields(revision.root)}
        entries = []
        for field in fields:
            if field.name in taken:
                raise PdfError(say("The PDF already has a field named {name}.", name=field.name))
            taken.add(field.name)
            entries.append(_add(revision, field))
        register(revision, entries)
        if any(isinstance(field, SignatureField) for field in fields):
            form = revision.root["/AcroForm"]
            form["/SigFlags"] = generic.NumberObject(resolved(form, "/SigFlags", 0) | _SIGNATURES_EXIST)
        return revision.appended()
    except PdfError:
        raise
    except Exception as error:
        raise damaged(error) from error


def named_fields(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the full name and dictionary of every terminal form field below the catalogue ``root``."""
    form = resolved(root, "/AcroForm", {})
    waiting = [("", entry) for entry in reversed(list(resolved(form, "/Fields", ())))]
    seen = 0
    while waiting:
        prefix, entry = waiting.pop()
        field = entry.get_object()
        seen += 1
        if seen + len(waiting) > _MAX_FIELDS:  # loops and bombs: far more fields than any form has
            raise PdfError(say("The PDF has too many form fields (more than {limit}).", limit=_MAX_FIELDS))
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        kids = [kid for kid in resolved(field, "/Kids", ()) if "/T" in kid.get_object()]
        if kids:
            waiting.extend((name, kid) for kid in reversed(kids))
        else:
            yield name, field


def register(revision: Revision, entries: Sequence[generic.IndirectObject]) -> None:
    """List ``entries`` in the document's form, made where there is none."""
    root = revision.root
    if "/AcroForm" not in root:
        root["/AcroForm"] = revision.add_object(
            generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
        )
        revision.touch_root()
    form = root["/AcroForm"]
    revision.update_container(form)
    if "/Fields" not in form:
        form[pdf_name("/Fields")] = generic.ArrayObject()
    listed = form["/Fields"]
    listed.extend(entries)
    revision.update_container(listed)


def signature_widget(
    revision: Revision, name: str, page: generic.IndirectObject, rectangle: Sequence[float]
) -> generic.DictionaryObject:
    """Make the dictionary of an empty signature field merged with its widget, and draw nothing in it."""
    widget = _widget(revision, name, page, rectangle)
    widget[pdf_name("/FT")] = pdf_name("/Sig")
    return widget


def _add(revision: Revision, field: SignatureField | TextField) -> generic.IndirectObject:

    page = revision.page(field.box.page)
    rectangle = (field.box.left, field.box.bottom, field.box.right, field.box.top)
    if isinstance(field, SignatureField):
        widget = signature_widget(revision, field.name, page, rectangle)
        if field.lock:
            # ISO 32000-1 table 233: the lock dictionary is an indirect object
            widget[pdf_name("/Lock")] = revision.add_object(
                generic.DictionaryObject(
                    {
                        pdf_name("/Type"): pdf_name("/SigFieldLock"),
                        pdf_name("/Action"): pdf_name("/Include"),
                        pdf_name("/Fields"): generic.ArrayObject(
                            generic.pdf_string(name) for name in field.lock
                        ),
                    }
                )
            )
    else:
        font = "LiberationSerif-Italic" if field.italic else "LiberationSerif"
        widget = _widget(revision, field.name, page, rectangle)
        widget[pdf_name("/FT")] = pdf_name("/Tx")
        widget[pdf_name("/DA")] = generic.pdf_string(f"/{font} {field.size:g} Tf 0 g")
        widget[pdf_name("/Q")] = generic.NumberObject(ALIGNMENTS[field.align])
    reference = revision.add_object(widget)
    revision.annotate(page, reference)
    return reference


def _widget(
    revision: Revision, name: str, page: generic.IndirectObject, rectangle: Sequence[float]
) -> generic.DictionaryObject:

    left, bottom, right, top = rectangle
    empty = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): numbers(0, 0, right - left, top - bottom),
            pdf_name("/Resources"): generic.DictionaryObject(),
        },
        stream_data=b"",
    )
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/T"): generic.pdf_string(name),
            pdf_name("/Rect"): numbers(left, bottom, right, top),
            pdf_name("/F"): generic.NumberObject(_PRINT_AND_LOCKED),
            pdf_name("/P"): page,
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): revision.add_object(empty)}),
        }
    )


def numbers(*values: float) -> generic.ArrayObject:
    """Return a PDF array of numbers, to a thousandth of a point."""
    return generic.ArrayObject(
        generic.FloatObject(f"{value:.3f}".rstrip("0").rstrip(".")) for value in values
    )
