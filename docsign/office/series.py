"""Number series: which one a document takes its number from, and the next number of it (pure rules).

Numbers run from 01 on 1 January to 31 December, without gaps, in the order of their dates, each held once;
paper and electronic documents share them (ND 30/2020 Art. 15). The rules ask the rows of a unit of work
(``ports.NumberRows``), so that a number is held in the very transaction that says what for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from docsign.errors import DocumentError, UsageError
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.office.ports import NumberRows

INCOMING = "den"
"""The series of arrival numbers (ND 30/2020 Art. 22)."""
COPIES = "sao"
"""The one series of all copies (ND 30/2020 PL I, part II)."""
ALL_OUTGOING = "di"
"""The count of all outgoing documents of a year, for their identifiers (QD 28/2018 Art. 10)."""
COPY_KINDS = ("sao-y", "sao-luc", "trich-sao")
LARGEST = 99_999_999
"""The largest number that can be begun with."""


class NumberRefusedError(DocumentError):
    """A number that the series cannot give: taken, out of turn, or of a date out of order."""

    code: ClassVar[str] = "number-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A number of a series that is held: for which day, and by what."""

    series: str
    year: int
    number: int
    day: date
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPlan:
    """How the head of the agency arranged the series of administrative documents.

    ``shared`` maps keys of kinds to the name of a series they share; a kind that is not in it has a series of
    its own.
    """

    shared: Mapping[str, str] = field(default_factory=dict)

    def series_for(self, kind: str, *, body: str = "", normative: bool = False) -> str:
        """Return the series of a kind (its key): ``cong-van``, ``qppl.quyet-dinh``, ``hdtd:quyet-dinh``.

        A council, board or team that issues under the agency's seal has series of its own (ND 30/2020 PL I);
        normative documents have one for each kind, whatever the plan says (ND 30/2020 Art. 15).
        """
        if kind in COPY_KINDS:
            group = COPIES
        elif normative:
            group = f"qppl.{kind}"
        else:
            group = self.shared.get(kind, kind)
        return f"{body}:{group}" if body else group


def take_number(
    rows: NumberRows, series: str, day: date, holder: str, *, wanted: int | None = None
) -> Numbered:
    """Hold the next number of the series for ``holder`` and return it; the same holder gets the same again.

    A number that was given back is given before a new one, where its neighbours' dates allow ``day``.
    ``wanted`` asks for one number, which must be just that. Raises NumberRefusedError.
    """
    year = day.year
    held = rows.held_by(series, year, holder)
    if held is not None:
        if (wanted is not None and wanted != held.number) or held.day != day:
            raise NumberRefusedError(
                say("It has number {number} of {day} already.", number=held.number, day=_shown(held.day))
            )
        return held
    number = _free_for(rows, series, day, wanted)
    if number is None:
        number = _next(rows, series, day)
    if wanted is not None and wanted != number:
        raise NumberRefusedError(
            say(
                "The number {wanted} cannot be given; it is the turn of {number}.",
                wanted=wanted,
                number=number,
            )
        )
    numbered = Numbered(series=series, year=year, number=number, day=day, holder=holder)
    rows.hold(numbered)
    return numbered


def take_serial(rows: NumberRows, day: date, holder: str) -> int:
    """Hold the next serial number of the year of ``day`` and return it; the same holder gets the same again.

    It counts documents in the order in which they were numbered, whatever their dates, and is not given
    again when a document gives its number back.
    """
    held = rows.held_by(ALL_OUTGOING, day.year, holder)
    if held is None:
        last = rows.below(ALL_OUTGOING, day.year, None)
        number = rows.first_number(ALL_OUTGOING, day.year) if last is None else last.number + 1
        held = Numbered(series=ALL_OUTGOING, year=day.year, number=number, day=day, holder=holder)
        rows.hold(held)
    return held.number


def give_back(rows: NumberRows, series: str, year: int, holder: str) -> Numbered | None:
    """Let go of the holder's number and return it, None where it held none; no gap stays at the end.

    The last number of a series is simply the next one again. One below the last waits for the next document
    whose date fits between its neighbours.
    """
    held = rows.held_by(series, year, holder)
    if held is None:
        return None
    is_last = rows.above(series, year, held.number) is None
    rows.release(held, free=not is_last)
    if is_last:
        below = rows.below(series, year, None)
        first = rows.first_number(series, year)
        rows.forget_free_from(series, year, first if below is None else below.number + 1)
    return held


def begin(rows: NumberRows, series: str, year: int, first: int) -> None:
    """Begin a series in the middle of a year, after numbers given elsewhere; raises NumberRefusedError.

    For the day on which an agency begins to work with this register: 412 numbers were given on paper, so that
    this one begins at 413.
    """
    if not 1 <= first <= LARGEST:
        raise UsageError(say("This is not a document number: {number}.", number=first), where="first")
    last = rows.below(series, year, None)
    if last is not None:
        raise NumberRefusedError(
            say("The series {series} of {year} has numbers already.", series=series, year=year)
        )
    rows.begin_series(series, year, first)


def unused(rows: NumberRows, series: str, year: int) -> Sequence[int]:
    """Return the numbers below the last that nobody holds: the register shows each."""
    return tuple(rows.free_numbers(series, year))


def _free_for(rows: NumberRows, series: str, day: date, wanted: int | None) -> int | None:
    for number in rows.free_numbers(series, day.year):
        if wanted not in (None, number):
            continue
        below = rows.below(series, day.year, number)
        above = rows.above(series, day.year, number)
        if (below is None or below.day <= day) and (above is None or day <= above.day):
            return number
    return None


def _next(rows: NumberRows, series: str, day: date) -> int:
    last = rows.below(series, day.year, None)
    if last is None:
        return rows.first_number(series, day.year)
    if day < last.day:
        raise NumberRefusedError(
            say(
                "Number {number} of this series is dated {last}: a later number cannot be dated {day}.",
                number=last.number,
                last=_shown(last.day),
                day=_shown(day),
            )
        )
    return last.number + 1


def _shown(day: date) -> str:
    return day.strftime("%d/%m/%Y")
