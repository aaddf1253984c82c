"""Looks at a PDF before it is signed: whether its structure has one meaning, and whether it acts by itself.

A signature over a file that readers may understand differently would be TOTAL-FAILED in our own verdict, so
such a file is refused with the reason. Judging the signatures already in it is ``docsign.pdf.judge``'s.
"""

from __future__ import annotations

from docsign.errors import PdfError
from docsign.pdf.form import acro_form
from docsign.pdf.reading import Array, Dictionary, Pdf, Reference, Value, View, references
from docsign.pdf.structure import breaks
from docsign.sentence import say

ACTING = frozenset(
    {
        "JavaScript",
        "Launch",
        "SubmitForm",
        "ImportData",
        "Rendition",
        "RichMediaExecute",
        "GoTo3DView",
        "Movie",
    }
)  # ISO 32000-2 table 201
"""Kinds of actions that run, start, send or play something."""
_LIVING_ANNOTATIONS = frozenset({"RichMedia", "Movie", "Screen", "3D"})


def require_sound(pdf: Pdf) -> None:
    """Raise PdfError unless every byte is accounted for and every object can be parsed in one way only."""
    require_writable(pdf)
    pdf.check_objects()
    view = pdf.view()
    _ = view.pages
    used: set[int] | None = None
    for remark in pdf.remarks:
        refused = breaks(remark, pdf.revisions[-1])
        if not refused and remark.code == "object-malformed":
            used = _shown(view) if used is None else used
            number = remark.where.split()[1]
            refused = number.isdigit() and int(number) in used
        if refused:
            raise PdfError(
                say("The PDF is damaged and is not signed: {reason}", reason=remark.sentence),
                where=remark.where,
                hint=say("Export it again from the program that made it."),
            )


def _shown(view: View) -> set[int]:
    """Return the objects that pages and form lead to: damage in a title or an outline hides nothing."""
    waiting = [view.raw(view.catalog, key) for key in ("Pages", "AcroForm")]
    found: set[int] = set()
    while waiting:
        for reference in references(waiting.pop()):
            if reference.number not in found:
                found.add(reference.number)
                waiting.append(view.resolve(reference))
    return found


def require_writable(pdf: Pdf) -> None:
    """Raise PdfError for a file to which nothing can be appended: it guards itself with a code (TS 32004)."""
    if "AuthCode" in pdf.view().trailer:
        raise PdfError(
            say("The file is guarded by an integrity code (ISO/TS 32004); nothing can be added to it."),
            where="trailer /AuthCode",
        )


def require_passive(pdf: Pdf) -> None:
    """Raise PdfError where the document does something by itself: scripts, launches, forms that are sent."""
    found = active_content(pdf)
    if found:
        raise PdfError(
            say("The document holds active content; official documents have none."),
            where=found,
            hint=say("Remove scripts and actions, or print it to PDF again."),
        )


def active_content(pdf: Pdf) -> str:
    """Return where active content stands in the newest revision, "" where there is none."""
    view = pdf.view()
    form = acro_form(view)
    if form is not None and form.get("XFA") is not None:
        return f"{form.home.where} /XFA"
    for number in view.reachable():
        known = view.object(number)
        found = None if known is None else _acts(known.value)
        if found:
            return f"object {number} {found}"
    return ""


def _acts(value: Value) -> str:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Array):
            waiting += (item for item in one.items if not isinstance(item, Reference))
        elif isinstance(one, Dictionary):
            kind = one.get("S")
            if kind in ACTING and one.get("Type") in (None, "Action"):
                return f"/{kind}"
            if one.get("JS") is not None:
                return "/JS"
            if one.get("Subtype") in _LIVING_ANNOTATIONS and "Rect" in one:
                return f"/{one.get('Subtype')}"
            waiting += (item for item in one.entries.values() if not isinstance(item, Reference))
    return ""
