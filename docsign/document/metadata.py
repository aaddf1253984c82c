"""The input fields of outgoing and incoming documents (ND 30/2020 PL VI II) as values, JSON and XMP.

Names are the decree's own English ones. Values are checked against its lengths; what a document does not know
(its file, its number of pages) is left empty or given by the caller. Round trip: ``from_json(to_json())``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Self

from docsign.document.model import OfficialDocument
from docsign.document.number import printed_number
from docsign.document.wording import one_line
from docsign.errors import DocumentError
from docsign.pdf.xmp import read_fields, with_fields
from docsign.sentence import say

NAMESPACE = "urn:docsign:nd-30-2020:pl-vi#"
"""The namespace of the fields in XMP; the decree names none."""

# field: the decree's name, the most characters (digits of a number)
_LENGTHS: dict[str, tuple[str, int]] = {
    "organ_id": ("FileCode.OrganId", 35),  # the decree says 13; QD 20/2020 made codes of 35
    "file_catalog": ("FileCode.FileCatalog", 4),
    "file_notation": ("FileCode.FileNotation", 20),
    "doc_ordinal": ("DocOrdinal", 3),
    "type_name": ("TypeName", 100),
    "code_number": ("CodeNumber", 11),
    "code_notation": ("CodeNotation", 30),
    "issued_date": ("IssuedDate", 10),
    "organ_name": ("OrganName", 200),
    "subject": ("Subject", 500),
    "language": ("Language", 30),
    "page_amount": ("PageAmount", 3),
    "description": ("Description", 500),
    "signer_position": ("SignerInfo.Position", 100),
    "signer_name": ("SignerInfo.FullName", 50),
    "priority": ("Priority", 1),
    "due_date": ("DueDate", 10),
    "to_organ_id": ("To.OrganId", 35),
    "to_organ_name": ("To.OrganName", 200),
    "issued_amount": ("IssuedAmount", 3),
    "arrival_date": ("ArrivalDate", 10),
    "arrival_number": ("ArrivalNumber", 10),
    "to_places": ("ToPlaces", 1000),
    "trace_header_list": ("TraceHeaderList", 100_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    """The fields that both directions have; empty texts and None are fields not filled in."""

    organ_id: str = ""
    file_catalog: int | None = None
    file_notation: str = ""
    doc_ordinal: int | None = None
    type_name: str = ""
    code_number: str = ""
    code_notation: str = ""
    issued_date: date | None = None
    organ_name: str = ""
    subject: str = ""
    language: str = "Tiếng Việt"
    page_amount: int | None = None
    description: str = ""
    signer_position: str = ""
    signer_name: str = ""
    priority: int = 0
    due_date: date | None = None

    def __post_init__(self) -> None:
        for entry in fields(self):
            name, limit = _LENGTHS[entry.name]
            value = getattr(self, entry.name)
            if isinstance(value, str):
                object.__setattr__(self, entry.name, one_line(value, name, limit=limit, needed=False))
            elif isinstance(value, bool) or not isinstance(value, int | date | None):
                raise DocumentError(say("A number or a text is needed."), where=name)
            elif isinstance(value, int) and not 0 <= value < 10**limit:
                raise DocumentError(
                    say(
                        "Too long: {length} characters, {limit} at most.", length=len(str(value)), limit=limit
                    ),
                    where=name,
                )

    def to_mapping(self) -> dict[str, Any]:
        """Return the fields that are filled in, under the decree's names; dates as ``2026-11-16``."""
        values: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value not in ("", None):
                values[_LENGTHS[entry.name][0]] = value.isoformat() if isinstance(value, date) else value
        return values

    def to_json(self) -> str:
        """Return the fields as one line of JSON."""
        return json.dumps(self.to_mapping(), ensure_ascii=False)

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Self:
        """Read the fields; raises DocumentError naming one that is unknown or mistyped."""
        names = {_LENGTHS[entry.name][0]: entry for entry in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in values.items():
            entry = names.get(name)
            if entry is None:
                raise DocumentError(
                    say("There is no such field. Known are: {known}.", known=", ".join(names)), where=name
                )
            kind = str(entry.type)
            if "date" in kind:
                value = _date(value, name)
            elif isinstance(value, bool) or not isinstance(value, int if "int" in kind else str):
                raise DocumentError(say("A number or a text is needed."), where=name)
            given[entry.name] = value
        return cls(**given)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote; raises DocumentError."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DocumentError(say("This is not JSON: {reason}.", reason=str(error)[:100])) from error
        if not isinstance(values, dict):
            raise DocumentError(say("A table is needed."))
        return cls.from_mapping(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMetadata(_Metadata):
    """The fields of a document that goes out (ND 30/2020 PL VI II.1): to whom, in how many copies."""

    to_organ_id: str = ""
    to_organ_name: str = ""
    issued_amount: int | None = None

    @staticmethod
    def of(
        document: OfficialDocument,
        *,
        number: str | int | None = None,
        date: date | None = None,
        page_amount: int | None = None,
    ) -> OutgoingMetadata:
        """Return what the document says of itself; number and date once they were given."""
        given = document.number if number is None else printed_number(number)
        first = next((addressee for addressee in document.to if addressee.code), None)
        return OutgoingMetadata(
            organ_id=document.issuer.code,
            type_name=document.kind.vietnamese,
            code_number=given or "",
            code_notation=document.notation,
            issued_date=date or document.date,
            organ_name=document.issuer.name.replace("\n", " "),
            subject=document.subject_line,
            signer_position=document.signer.position,
            signer_name=document.signer.name,
            priority=int(document.urgency),
            due_date=document.due,
            page_amount=page_amount,
            to_organ_id=first.code if first else "",
            to_organ_name=first.name if first else "",
            issued_amount=document.copies,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMetadata(_Metadata):
    """The fields of a document that came in (ND 30/2020 PL VI II.2): when, under which number, for whom."""

    arrival_date: date | None = None
    arrival_number: int | None = None
    to_places: str = ""
    trace_header_list: str = ""


def with_metadata(pdf: bytes, metadata: OutgoingMetadata | IncomingMetadata) -> bytes:
    """Return a PDF that was just laid out with ``metadata`` in its XMP; raises PdfError for any other."""
    return with_fields(
        pdf,
        {name.replace(".", ""): str(value) for name, value in metadata.to_mapping().items()},
        known={name.replace(".", ""): f"ND 30/2020 PL VI: {name}" for name, _ in _LENGTHS.values()},
        namespace=NAMESPACE,
        prefix="vanban",
        title="ND 30/2020 PL VI",
    )


def read_metadata(pdf: bytes) -> OutgoingMetadata:
    """Return the outgoing fields that the PDF's XMP holds; raises PdfError, DocumentError for odd values."""
    texts = read_fields(pdf, namespace=NAMESPACE)
    values: dict[str, Any] = {}
    for entry in fields(OutgoingMetadata):
        name, _ = _LENGTHS[entry.name]
        text = texts.get(name.replace(".", ""))
        if text is not None:
            values[name] = int(text) if "int" in str(entry.type) and text.isdecimal() else text
    return OutgoingMetadata.from_mapping(values)


def _date(value: object, name: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise DocumentError(
            say("A date is needed, such as 2026-11-16 without quotes."), where=name
        ) from error
