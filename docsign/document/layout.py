"""From an official document to its PDF: the words for each box, the page, the empty fields in their places.

The arrangement itself (where each box of ND 30/2020 PL I stands, in which type) is in ``pages``. A shell: the
clock is read here where no time is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from docsign.document.blocks import Block, Table, roman
from docsign.document.metadata import OutgoingMetadata, with_metadata
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
_CIRCULATION_WIDTH = 58  # box 11: the decree names no size; the longer mark fits
_BLANK = "…"  # what stands where an electronic document fills nothing in (ND 30/2020 PL I III.1.c)
_SECRET = re.compile(r"\bmật\b", re.IGNORECASE)


def to_pdf(document: OfficialDocument, created: datetime | None = None) -> bytes:
    """Lay out ``document`` as PDF/A-2b with its empty signature fields and those for number and date.

    A second and further signer has ``PersonSignature2``, …; a second agency ``AgencySignature2``, …. Raises
    DocumentError naming the field that cannot be printed, UsageError without Typst.
    """
    words = _words(document)
    parts = ("sheet", "head", "body", "foot", "appendix", "document")
    pdf, boxes = _laid_out(parts, words, created)
    if PERSON_SIGNATURE not in boxes or AGENCY_SIGNATURE not in boxes:
        raise DocumentError(say("The document cannot be laid out: {reason}.", reason="no place to sign"))
    return add_fields(with_metadata(pdf, OutgoingMetadata.of(document)), _fields(boxes))


def appendix_files(document: OfficialDocument, created: datetime | None = None) -> tuple[bytes, ...]:
    """Lay out each appendix that is a file of its own, with the field of the agency's signature.

    # ND 30/2020 PL I II.8.b, III.1.d: it stands in the upper right corner of the first page.
    Raises as ``to_pdf`` does.
    """
    files = []
    for position, part in _appendices(document, separate=True):
        words = {**_words(document), "appendices": [part], "corner": AGENCY_SIGNATURE}
        words["title"] = document.appendices[position].title.replace("\n", " ")
        pdf, boxes = _laid_out(("sheet", "head", "body", "appendix", "appendices"), words, created)
        corner = SignatureField(
            name=AGENCY_SIGNATURE, box=boxes[AGENCY_SIGNATURE], label=f"/{document.notation}"
        )
        files.append(add_fields(pdf, [corner]))
    return tuple(files)


def _laid_out(
    parts: Sequence[str], words: dict[str, Any], created: datetime | None
) -> tuple[bytes, dict[str, Box]]:
    """Set these parts of ``pages`` over ``words``; return the PDF and the places it marked."""
    try:
        laid_out = typeset(template(*parts), words, timestamp=created or datetime.now(VIETNAM_TIME))
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
    return laid_out.pdf, boxes


def _fields(boxes: dict[str, Box]) -> list[SignatureField | TextField]:
    """Return the fields in the order in which they are filled: number and date, persons, agencies.

    The agency that issues the document gives number and date, and its signature closes them.
    """
    fields: list[SignatureField | TextField] = []
    if DOCUMENT_NUMBER in boxes:
        fields.append(
            TextField(name=DOCUMENT_NUMBER, box=boxes[DOCUMENT_NUMBER], size=NUMBER_SIZE, align="right")
        )
    if DOCUMENT_DATE in boxes:
        fields.append(TextField(name=DOCUMENT_DATE, box=boxes[DOCUMENT_DATE], size=DATE_SIZE, italic=True))
    lock = tuple(field.name for field in fields)
    for start in (PERSON_SIGNATURE, AGENCY_SIGNATURE):
        for name in sorted(name for name in boxes if name.startswith(start)):
            closes = lock if name == AGENCY_SIGNATURE else ()
            fields.append(SignatureField(name=name, box=boxes[name], lock=closes))
    return fields


def _words(document: OfficialDocument) -> dict[str, Any]:
    """Return what stands in each box, letter for letter."""
    kind = document.kind
    bases = list(document.bases)
    words = {
        "form": kind.form,
        "dated": kind.dated,
        "title": f"{document.printed_type}: {document.subject_line}",
        "author": " - ".join(issuer.name.replace("\n", " ").upper() for issuer in document.issuers),
        "head": {"superior": _capitals(document.issuer.superior), "issuer": _issuers(document)},
        "number": document.number,
        "notation": document.notation,
        "place": document.place,
        "date": None if document.date is None else printed_date(document.date),
        "urgency": _urgency(document),
        "circulation": _circulation(document),
        "type-name": document.printed_type.upper(),
        "subject": _subject(document),
        "to": [addressee.name for addressee in document.to],
        "decided-by": (document.decided_by or document.issuer.name.replace("\n", " ")).upper(),
        "bases": bases,
        "enacting": f"{kind.enacting.upper()}:" if kind.enacting else "",
        "body": [_piece(block) for block in document.blocks],
        "signers": _signers(document),
        "recipients": list(document.recipients),
        "drafter": _drafter(document),
        "contact": _contact(document) if kind.contact else [],
        "appendices": [part for _, part in _appendices(document, separate=False)],
        "corner": None,
        "fields": {"number": DOCUMENT_NUMBER, "date": DOCUMENT_DATE},
    }
    words["speaks-of-secrets"] = _speaks_of_secrets(words)
    return words


def _capitals(name: str) -> list[str]:
    return [line.upper() for line in name.split("\n") if line]


def _issuers(document: OfficialDocument) -> list[str]:
    """Return the lines of box 2; the names of a joint document follow each other with a dash."""
    named = [_capitals(issuer.name) for issuer in document.issuers]
    return [
        line + (" -" if position == len(lines) - 1 and lines is not named[-1] else "")
        for lines in named
        for position, line in enumerate(lines)
    ]


def _subject(document: OfficialDocument) -> list[str]:
    """Return the lines that the author broke, or the one that the page breaks evenly."""
    if document.kind.form == "letter":
        return f"V/v {document.subject}".split("\n")
    return document.subject.split("\n") if document.kind.prints_subject else []


def _urgency(document: OfficialDocument) -> dict[str, Any] | None:
    width = _URGENCY_WIDTHS.get(document.urgency)
    return None if width is None else {"text": document.urgency.vietnamese.upper(), "width": width}


def _circulation(document: OfficialDocument) -> dict[str, Any] | None:
    return {"text": document.circulation, "width": _CIRCULATION_WIDTH} if document.circulation else None


def _drafter(document: OfficialDocument) -> str:
    """Return box 12: ``PL.(300)``."""
    if not document.drafter:
        return ""
    return document.drafter + (f".({document.copies})" if document.copies is not None else ".")


def _signers(document: OfficialDocument) -> list[dict[str, Any]]:
    """Return who signs, from left to right, with the names of the fields.

    Of the further signers, as many as there are further issuers sign for these, and their agencies too.
    """
    suffixes = {id(signer): str(position + 2) for position, signer in enumerate(document.co_signers)}
    with_agency = {
        id(signer) for signer in (document.signer, *document.co_signers[: len(document.co_issuers)])
    }
    return [
        {
            "authority": list(signer.authority),
            "position": signer.position,
            "second-position": signer.second_position,
            "name": signer.name,
            "person": PERSON_SIGNATURE + suffixes.get(id(signer), ""),
            "agency": AGENCY_SIGNATURE + suffixes.get(id(signer), "") if id(signer) in with_agency else None,
        }
        for signer in document.signers
    ]


def _piece(block: Block) -> dict[str, Any]:
    piece: dict[str, Any] = {
        "kind": block.kind,
        "lead": block.lead,
        "text": block.text,
        "sticks": block.sticks,
        "runs": [{"text": run.text, "bold": run.bold, "italic": run.italic} for run in block.runs],
    }
    if block.table is not None:
        piece["table"] = {
            "columns": list(block.table.columns),
            "rows": [list(row) for row in block.table.rows],
            "widths": _widths(block.table),
            "aligns": list(block.table.aligns),
        }
    return piece


def _widths(table: Table) -> list[float]:
    """Return the widths asked for, or 0 (as wide as needed) but for the column that has most to say."""
    if table.widths:
        return list(table.widths)
    said = [sum(len(row[column]) for row in table.rows) for column in range(len(table.columns))]
    return [float(column == said.index(max(said))) for column in range(len(said))]


def _appendices(document: OfficialDocument, *, separate: bool) -> list[tuple[int, dict[str, Any]]]:
    """Return the appendices that are, or are not, files of their own; several have Roman numbers."""
    numbered = [entry for entry in document.appendices if entry.kind is None]
    found = []
    for position, entry in enumerate(document.appendices):
        if entry.separate is not separate:
            continue
        label = "Phụ lục"
        if entry.kind is None and len(numbered) > 1:
            label += f" {roman(1 + [id(other) for other in numbered].index(id(entry)))}"
        part = {
            "label": label,
            "type-name": entry.kind.vietnamese.upper() if entry.kind else "",
            "title": (entry.title if entry.kind else entry.title.upper()).split("\n"),
            "reference": _reference(document),
            "landscape": entry.landscape,
            "body": [_piece(block) for block in entry.blocks],
        }
        found.append((position, part))
    return found


def _reference(document: OfficialDocument) -> list[str]:
    """Return in two lines what the appendix belongs to; number and date stay blank where they are not known.

    # ND 30/2020 PL I III.1.c: they need not be filled in on an electronic document.
    """
    day = (
        f"ngày {_BLANK} tháng {_BLANK} năm {_BLANK}" if document.date is None else printed_date(document.date)
    )
    number = f"{document.number or _BLANK}/{document.notation}"
    issuer = document.decided_by or document.issuer.name.replace("\n", " ")
    return [f"(Kèm theo {document.kind.vietnamese} số {number} {day}", f"của {issuer})"]


def _speaks_of_secrets(value: Any) -> bool:
    if isinstance(value, str):
        return _SECRET.search(value) is not None
    if isinstance(value, dict):
        return any(_speaks_of_secrets(inner) for inner in value.values())
    return isinstance(value, list) and any(_speaks_of_secrets(inner) for inner in value)


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
        if name in ("title", "author"):
            continue
        if name == "subject" and _holds(value, text):
            return name
        if isinstance(value, str) and text in value:
            return name
        if isinstance(value, list):
            for position, entry in enumerate(value):
                if _holds(entry, text):
                    return f"{name}[{position}]"
        if isinstance(value, dict) and _holds(value, text):
            return name
    return ""


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, dict):
        return any(_holds(inner, text) for inner in value.values())
    return isinstance(value, list) and any(_holds(inner, text) for inner in value)


@cache
def template(*parts: str) -> str:
    """Return these parts of ``pages`` as one source."""
    folder = resources.files("docsign.document") / "pages"
    source = "\n".join((folder / f"{part}.typ").read_text(encoding="utf-8") for part in parts)
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))  # it is parsed each time
