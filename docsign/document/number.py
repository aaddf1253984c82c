"""The form of numbers, notations and dates (ND 30/2020 PL I, boxes 3 and 4)."""

from __future__ import annotations

import re
from datetime import date

from docsign.document.kinds import CopyKind, Kind
from docsign.errors import DocumentError
from docsign.sentence import say

NUMBER_LIMIT = 11  # ND 30/2020 PL VI: CodeNumber
NOTATION_LIMIT = 30  # ND 30/2020 PL VI: CodeNotation

_NUMBER = re.compile(r"0*(?P<digits>[1-9][0-9]*)(?P<suffix>[a-zđA-ZĐ]?)")
_GROUP = r"[^\W_]+(?:[&.][^\W_]+)*"
_NOTATION = re.compile(rf"{_GROUP}(?:-{_GROUP})*")


def printed_number(number: str | int) -> str:
    """Return the number as it stands on the document: ``5`` is ``05``; raises DocumentError for no number.

    A letter may follow (``15a``), as it does where a number was skipped and given later.
    """
    match = _NUMBER.fullmatch(str(number).strip())
    if match is None:
        raise DocumentError(say("This is not a document number: {number}.", number=number), where="number")
    printed = match["digits"].zfill(2) + match["suffix"]  # ND 30/2020 PL I: numbers below 10 begin with 0
    if len(printed) > NUMBER_LIMIT:
        raise DocumentError(
            say("Too long: {length} characters, {limit} at most.", length=len(printed), limit=NUMBER_LIMIT),
            where="number",
        )
    return printed


def require_notation(notation: str, kind: Kind | CopyKind, *, issuers: int = 1) -> None:
    """Raise DocumentError unless ``notation`` has the form of this kind.

    ``<type>-<agency>`` for the kinds with an abbreviation (``QĐ-UBND``), ``<agency>-<unit or field>`` for an
    official letter (``UBND-VX``), ``<agency>`` with or without a unit for a courtesy letter: groups joined by
    hyphens, no spaces. ``issuers`` is how many agencies issue it together: each has its group
    (``CTr-UBND-MTTQ``).
    """
    if _NOTATION.fullmatch(notation) is None:
        raise DocumentError(
            say("The notation {notation} must be groups of letters joined by hyphens.", notation=notation),
            where="notation",
        )
    first, *others = notation.split("-")
    if kind.abbreviation and (first != kind.abbreviation or not others):
        raise DocumentError(
            say(
                "The notation of this kind of document begins with {start}: {notation}.",
                start=f"{kind.abbreviation}-",
                notation=notation,
            ),
            where="notation",
        )
    if not others and isinstance(kind, Kind) and kind.form == "letter":
        raise DocumentError(
            say(
                "The notation needs the agency and the unit or field, such as UBND-VX: {notation}.",
                notation=notation,
            ),
            where="notation",
        )
    if len(agency_groups(notation, kind)) < issuers:
        raise DocumentError(
            say(
                "The notation of a joint document names each of its {count} issuers: {notation}.",
                count=issuers,
                notation=notation,
            ),
            where="notation",
        )


def agency_groups(notation: str, kind: Kind | CopyKind) -> tuple[str, ...]:
    """Return the groups of ``notation`` after the abbreviation of the kind: agency, then unit or field."""
    groups = tuple(notation.split("-"))
    return groups[1:] if kind.abbreviation and groups[0] == kind.abbreviation else groups


def printed_date(day: date) -> str:
    """Return ``ngày 05 tháng 01 năm 2020``: days below 10 and the months 1 and 2 begin with 0."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year:04d}"
