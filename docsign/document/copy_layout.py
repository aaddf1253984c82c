"""A paper copy, ready for printing: the pages of the original, the parts of the copy below its last words.

A shell: Typst reads its fonts, the clock is read where no time is given.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docsign.document.layout import template
from docsign.document.page_reading import read_pages
from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import PdfError
from docsign.pdf.text import PDFIUM
from docsign.pdf.typeset import typeset
from docsign.sentence import say

if TYPE_CHECKING:
    import pypdfium2

    from docsign.document.copies import CertifiedCopy

_TOP_MARGIN = _BOTTOM_MARGIN = 20.0  # millimetres
_GAP = 6.0  # between the last words and the rule

_NOTHING_ELSE: dict[str, Any] = {
    "urgency": None, "circulation": None, "to": [], "decided-by": "", "dated": True, "subject": [],
}  # fmt: skip


def printable(copy: CertifiedCopy, pdf: bytes, created: datetime | None) -> tuple[bytes, bool]:
    """Return the PDF for the printer, and whether the parts of the copy stand on the original's last page."""
    last = read_pages(pdf).pages[-1]
    lowest = min((line.bottom for line in last.lines if line.bottom > _BOTTOM_MARGIN - 5), default=0.0)
    fits = lowest - _GAP - _height(copy) >= _BOTTOM_MARGIN
    offset = last.height - lowest + _GAP - _TOP_MARGIN if fits else 0.0
    strip = typeset(
        template("sheet", "head", "foot", "copy"),
        {**_words(copy), "offset": offset},
        timestamp=created or datetime.now(VIETNAM_TIME),
    ).pdf
    return _joined(pdf, strip, on_last_page=fits), fits


def _height(copy: CertifiedCopy) -> float:
    """Return the millimetres that the parts of the copy need: heading, lines above the name, recipients."""
    above = len(copy.signer.authority) + copy.issuer.name.count("\n")
    return max(76 + 5.5 * above, 40 + 4.5 * len(copy.recipients))


def _joined(pdf: bytes, strip: bytes, *, on_last_page: bool) -> bytes:
    """Put the strip on the last page or after it; fields become part of the page, signatures go."""
    import pypdfium2

    with PDFIUM:
        try:
            original, added = pypdfium2.PdfDocument(pdf), pypdfium2.PdfDocument(strip)
            result = pypdfium2.PdfDocument.new()
            try:
                original.init_forms()
                for number in range(len(original)):
                    original[number].flatten()
                result.import_pages(original)
                if on_last_page:
                    _overlay(result, added)
                else:
                    result.import_pages(added)
                output = io.BytesIO()
                result.save(output, version=17)
                return output.getvalue()
            finally:
                for document in (result, original, added):
                    document.close()
        except pypdfium2.PdfiumError as error:
            raise PdfError(
                say("The page cannot be drawn: {reason}.", reason=str(error).rstrip("."))
            ) from error


def _overlay(result: pypdfium2.PdfDocument, added: pypdfium2.PdfDocument) -> None:
    form = added.page_as_xobject(0, result)
    page = result[len(result) - 1]
    page.insert_obj(form.as_pageobject())
    page.gen_content()
    form.close()


def _words(copy: CertifiedCopy) -> dict[str, Any]:
    name = copy.issuer.name.replace("\n", " ")
    return {
        "form": "copy",
        "title": f"{copy.kind.printed} {copy.notation}",
        "author": name.upper(),
        # ND 30/2020 PL III, model 3.1: the copying agency alone, without its superior
        "head": {"superior": [], "issuer": [line.upper() for line in copy.issuer.name.split("\n")]},
        "type-name": copy.kind.printed,
        "number": copy.number,
        "notation": copy.notation,
        "place": copy.place,
        "date": copy.printed_date,
        "fields": {"number": "CopyNumber", "date": "CopyDate"},
        "recipients": list(copy.recipients),
        "drafter": "",
        "contact": [],
        "signers": [
            {
                "authority": list(copy.signer.authority),
                "position": copy.signer.position,
                "second-position": copy.signer.second_position,
                "name": copy.signer.name,
                "person": "Person",
                "agency": None,
            }
        ],
        "speaks-of-secrets": False,
        **_NOTHING_ELSE,
    }
