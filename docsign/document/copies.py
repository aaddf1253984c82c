"""Copies with the value of the original: sao y, trích sao, sao lục (ND 30/2020 Art. 25 to 27, PL I part II).

An electronic copy is the digitised or extracted document with the agency's signature in its upper right
corner. A paper copy is made ready for printing here: the pages, and below the last words the parts of the
copy. It carries no signature of its own until it was printed, signed and sealed by hand, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from docsign.document.kinds import CopyKind
from docsign.document.number import NOTATION_LIMIT, printed_date, printed_number, require_notation
from docsign.document.page_reading import read_pages
from docsign.document.parts import Signatory, clean_issuer, clean_list, clean_signatory
from docsign.document.wording import one_line
from docsign.envelope.header import VIETNAM_TIME, Organization
from docsign.errors import DocumentError
from docsign.pdf.fields import AGENCY_SIGNATURE, Box, SignatureField, add_fields
from docsign.sentence import Sentence, say

Medium = Literal["paper", "electronic"]

MEDIA: dict[str, frozenset[tuple[Medium, Medium]]] = {
    "sao-y": frozenset({("paper", "paper"), ("electronic", "paper"), ("paper", "electronic")}),
    "sao-luc": frozenset({("paper", "paper"), ("electronic", "paper"), ("paper", "electronic")}),
    "trich-sao": frozenset(
        {("paper", "paper"), ("electronic", "paper"), ("paper", "electronic"), ("electronic", "electronic")}
    ),
}
"""From what to what each copy may be made (ND 30/2020 Art. 25); an electronic original is sent as it is."""

SCAN_DPI = 200
"""The coarsest scan, in dots per inch (ND 30/2020 PL I part II, I.2)."""
_MM = 72 / 25.4
_CORNER = (75.0, 10.0)  # millimetres: the box of the agency's signature on an electronic copy, box 14


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedCopy:
    """A copy: its kind, who makes it, and what of the copy itself is written down.

    ``source`` and ``target`` say from what to what. Number and date are those of the copy (one series a year
    for all kinds of copies); without them a paper copy leaves room. Raises DocumentError naming the place.
    """

    kind: CopyKind
    source: Medium
    target: Medium
    issuer: Organization
    notation: str
    place: str
    signer: Signatory
    recipients: tuple[str, ...] = ()
    number: str | None = None
    date: date | None = None

    def __post_init__(self) -> None:
        if (self.source, self.target) not in MEDIA[self.kind.key]:
            raise DocumentError(
                say(
                    "This copy ({kind}) is not made that way; send the electronic original.",
                    kind=self.kind.printed,
                ),
                where="target",
            )
        require_notation(one_line(self.notation, "notation", limit=NOTATION_LIMIT), self.kind)
        keep = {
            "issuer": clean_issuer(self.issuer),
            "place": one_line(self.place, "place", limit=50),
            "signer": clean_signatory(self.signer),
            "recipients": clean_list(self.recipients, "recipients", limit=150),
            "number": None if self.number is None else printed_number(self.number),
        }
        for name, value in keep.items():
            object.__setattr__(self, name, value)

    @staticmethod
    def from_path(path: Path | str) -> CertifiedCopy:
        """Read a TOML file; raises FileUnusableError or DocumentError naming file and field."""
        from docsign.document.source import read_copy

        return read_copy(path)

    def corner_lines(self, signed_at: datetime) -> tuple[str, str]:
        """Return what the agency's signature says on an electronic copy: form and agency, then the time.

        # ND 30/2020 PL I part II, I.3.c: 10 points, no picture; ISO 8601 in Vietnamese time.
        """
        at = signed_at.astimezone(VIETNAM_TIME)
        return (
            f"{self.kind.printed}; {self.issuer.name.replace(chr(10), ' ')}",
            f"{at:%d/%m/%Y %H:%M:%S} +07:00",
        )

    def to_electronic(self, pdf: bytes) -> bytes:
        """Return the digitised (or extracted) document with the field of the agency's signature, box 14.

        Raises DocumentError for a file that breaks the standard of digitised documents, PdfError for no PDF.
        """
        if self.target != "electronic":
            raise DocumentError(say("This copy is made on paper."), where="target")
        read = read_pages(pdf)
        if tuple(int(part) for part in read.version.split(".")) < (1, 4):
            raise DocumentError(say("The PDF has version 1.4 or later."), where=read.version)
        if not read.pages:
            raise DocumentError(say("The PDF has no page."))
        if self.source == "paper":
            _require_scan(pdf)
        width, height = read.pages[0].width, read.pages[0].height
        right, top = width - 15, height - 7
        box = Box(
            page=1,
            left=(right - _CORNER[0]) * _MM,
            bottom=(top - _CORNER[1]) * _MM,
            right=right * _MM,
            top=top * _MM,
        )
        label = f"{self.kind.printed}; {self.issuer.name.replace(chr(10), ' ')}"
        return add_fields(pdf, [SignatureField(name=AGENCY_SIGNATURE, box=box, label=label)])

    def to_print(self, pdf: bytes, created: datetime | None = None) -> PrintReady:
        """Return the pages of the original and the parts of the copy, ready to be printed.

        Below the last words where there is room, else on a page after it, which is the back of the sheet.
        Raises DocumentError, PdfError, UsageError where the layout engine is not installed.
        """
        from docsign.document.copy_layout import printable

        if self.target != "paper":
            raise DocumentError(say("This copy is made electronically."), where="target")
        made, on_last_page = printable(self, pdf, created)
        return PrintReady(
            pdf=made,
            on_last_page=on_last_page,
            note=say("For printing only: the printed copy is signed and sealed by hand, not this file."),
        )

    @property
    def printed_date(self) -> str | None:
        """The day of the copy as it is printed."""
        return None if self.date is None else printed_date(self.date)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintReady:
    """A paper copy before it is printed; ``note`` says what is still to be done by hand."""

    pdf: bytes
    on_last_page: bool
    note: Sentence


def _require_scan(pdf: bytes) -> None:
    """Raise DocumentError where a scanned page is coarser than 200 dpi or not in colour."""
    from docsign.document.scan_reading import scanned_pages

    for page in scanned_pages(pdf):
        if page.dpi < SCAN_DPI - 1:
            raise DocumentError(
                say(
                    "Page {page} of the scan has {dpi} dpi; {limit} at least.",
                    page=page.number,
                    dpi=round(page.dpi),
                    limit=SCAN_DPI,
                )
            )
        if not page.in_colour:
            raise DocumentError(say("Page {page} of the scan is not in colour.", page=page.number))
