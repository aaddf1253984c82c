"""From an official document to its PDF: the words for each box, the page, the empty fields in their places.

The arrangement itself (where each box of ND 30/2020 PL I stands, in which type) is ``official.typ`` beside
this file. A shell: the clock is read here where no time is given.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from docsign.document.number import printed_date
from docsign.envelope.header import VIETNAM_TIME, Priority
from docsign.errors import DocumentError, UnprintableError
from docsign.pdf.fields import (
    AGENCY_SIGNATURE,
    DOCUMENT_DATE,
    DOCUMENT_NUMBER,
    PERSON_SIGNATURE,
    Box,
    SignatureField,
    TextField,
    add_fields,
)
from docsign.pdf.typeset import typeset
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.document.model import OfficialDocument

NUMBER_SIZE = 13.0  # points; ND 30/2020 PL I, box 3
DATE_SIZE = 13.0  # points; ND 30/2020 PL I, box 4

# ND 30/2020 PL I, box 10b: the frame of each mark, millimetres wide; all are 8 mm high.
_URGENCY_WIDTHS = {Priority.URGENT: 20, Priority.VERY_URGENT: 40, Priority.EXPRESS: 30}


def to_pdf(document: OfficialDocument, created: datetime | None = None) -> bytes:
    """Lay out ``document`` as PDF/A-2b with both empty signature fields and those for number and date.

    Raises DocumentError naming the field that cannot be printed, UsageError without Typst.
    """
    words = _words(document)
    try:
        laid_out = typeset(_template(), words, timestamp=created or datetime.now(VIETNAM_TIME))
    except UnprintableError as error:
        raise UnprintableError(
            error.text_not_printed, where=_place_of(error.text_not_printed, words)
        ) from error
    boxes = {
        place["name"]: Box(
            page=place["page"],
            left=place["left"],
            bottom=place["bottom"],
            right=place["right"],
            top=place["top"],
        )
        for place in laid_out.places
    }
    if PERSON_SIGNATURE not in boxes or AGENCY_SIGNATURE not in boxes:
        raise DocumentError(say("The document cannot be laid out: {reason}.", reason="no place to sign"))
    return add_fields(laid_out.pdf, _fields(boxes))


def _fields(boxes: dict[str, Box]) -> list[SignatureField | TextField]:
    """Return the fields in the order in which they are filled: number and date, person, agency."""
    fields: list[SignatureField | TextField] = []
    if DOCUMENT_NUMBER in boxes:
        fields.append(
            TextField(name=DOCUMENT_NUMBER, box=boxes[DOCUMENT_NUMBER], size=NUMBER_SIZE, align="right")
        )
    if DOCUMENT_DATE in boxes:
        fields.append(TextField(name=DOCUMENT_DATE, box=boxes[DOCUMENT_DATE], size=DATE_SIZE, italic=True))
    lock = tuple(field.name for field in fields)
    fields.append(SignatureField(name=PERSON_SIGNATURE, box=boxes[PERSON_SIGNATURE]))
    fields.append(SignatureField(name=AGENCY_SIGNATURE, box=boxes[AGENCY_SIGNATURE], lock=lock))
    return fields


def _words(document: OfficialDocument) -> dict[str, Any]:
    """Return what stands in each box, letter for letter."""
    issuer, kind = document.issuer, document.kind
    letter = kind.form == "letter"
    urgency = None
    if document.urgency in _URGENCY_WIDTHS:
        urgency = {
            "text": document.urgency.vietnamese.upper(),
            "width": _URGENCY_WIDTHS[document.urgency],
        }
    return {
        "form": kind.form,
        "title": f"{kind.vietnamese}: {document.subject}",
        "superior": [line.upper() for line in issuer.superior.split("\n") if line],
        "issuer": [line.upper() for line in issuer.name.split("\n")],
        "number": document.number,
        "notation": document.notation,
        "place": document.place,
        "date": None if document.date is None else printed_date(document.date),
        "urgency": urgency,
        "type_name": kind.vietnamese.upper(),
        "subject": f"V/v {document.subject}" if letter else document.subject,
        "to": [addressee.name for addressee in document.to],
        "decided_by": (document.decided_by or issuer.name.replace("\n", " ")).upper(),
        "bases": list(document.bases),
        "body": [{"lead": block.lead, "text": block.text} for block in document.blocks],
        "authority": list(document.signer.authority),
        "position": document.signer.position,
        "name": document.signer.name,
        "recipients": list(document.recipients),
        "contact": _contact(document) if letter else [],
        "fields": {
            "number": DOCUMENT_NUMBER,
            "date": DOCUMENT_DATE,
            "person": PERSON_SIGNATURE,
            "agency": AGENCY_SIGNATURE,
        },
    }


def _contact(document: OfficialDocument) -> list[str]:
    """Return the lines of box 13, in the order of the decree's own letterhead."""
    issuer = document.issuer
    lines = [f"Địa chỉ: {issuer.address}"] if issuer.address else []
    others = [
        f"{label}: {value}"
        for label, value in (
            ("Điện thoại", issuer.telephone),
            ("Fax", issuer.fax),
            ("E-mail", issuer.email),
            ("Website", issuer.website),
        )
        if value
    ]
    return lines + ([" - ".join(others)] if others else [])


def _place_of(text: str, words: dict[str, Any]) -> str:
    """Name the first box whose words hold ``text``."""
    for name, value in words.items():
        if isinstance(value, str) and text in value:
            return name
        if isinstance(value, list):
            for position, entry in enumerate(value):
                inner = "\n".join(entry.values()) if isinstance(entry, dict) else str(entry)
                if text in inner:
                    return f"{name}[{position}]"
    return ""


@cache
def _template() -> str:
    return (resources.files("docsign.document") / "official.typ").read_text(encoding="utf-8")
