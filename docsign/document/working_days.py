"""Working days in Vietnam, and the deadlines of documents that are counted in them. Pure.

A year with an official decision (``working_days.toml``, which an agency may extend) is taken from it, swapped
days included. Any other year is computed from the lunar and solar calendars by ``holidays``, and every
deadline that touches it says so: the government may still move a day.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from docsign.envelope.header import VIETNAM_TIME, Priority
from docsign.errors import DocumentError, UsageError
from docsign.sentence import Sentence, say

END_OF_MORNING = time(12, 0)
END_OF_DAY = time(23, 59, 59)
_LONGEST_COUNT = 400
"""The most working days that are counted ahead: some nineteen months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialYear:
    """What was decided for a year: weekdays off, Saturdays and Sundays worked, and the texts that say so."""

    year: int
    off: frozenset[date]
    working: frozenset[date]
    sources: tuple[str, ...] = ()


class WorkingDays:
    """The calendar of public offices: which days are worked, and which of that is decided."""

    def __init__(self, official: Iterable[OfficialYear] = ()) -> None:
        """Take the decided years; the later one of two for a year counts."""
        self._official = {decided.year: decided for decided in official}

    @staticmethod
    def from_toml(text: str, *, where: str = "") -> WorkingDays:
        """Read ``[[year]]`` tables; raises DocumentError naming the entry that is wrong."""
        return WorkingDays(_read(text, where))

    def extended(self, text: str, *, where: str = "") -> WorkingDays:
        """Return this calendar with the years of another TOML text put over its own."""
        return WorkingDays([*self._official.values(), *_read(text, where)])

    def is_official(self, year: int) -> bool:
        """Say whether the days off of this year were decided, not computed."""
        return year in self._official

    def is_working(self, day: date) -> bool:
        """Say whether public offices work on this day; raises UsageError where ``holidays`` is missing."""
        decided = self._official.get(day.year)
        if decided is None:
            return day.weekday() < 5 and day not in _computed(day.year)
        return day in decided.working or (day.weekday() < 5 and day not in decided.off)

    def after(self, day: date, count: int = 1) -> date:
        """Return the working day that is ``count`` (at least 1) working days after ``day``."""
        if not 1 <= count <= _LONGEST_COUNT:
            raise UsageError(say("Count from 1 to {limit} working days.", limit=_LONGEST_COUNT))
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def computed_between(self, first: date, last: date) -> bool:
        """Say whether a day from ``first`` to ``last`` lies in a year that was not decided."""
        return any(not self.is_official(year) for year in range(first.year, last.year + 1))


class Duty(StrEnum):
    """What is to be done in time."""

    ISSUE = "issue"
    RECEIPT = "receipt"
    SUBMIT = "submit"
    REPLY = "reply"

    @property
    def sentence(self) -> Sentence:
        """The duty in words."""
        return {
            Duty.ISSUE: say("issue and send"),
            Duty.RECEIPT: say("tell the sender it was received"),
            Duty.SUBMIT: say("submit to the competent person"),
            Duty.REPLY: say("deal with and reply"),
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """By when a duty should be (``aim``) and must be (``latest``) done, in Vietnamese time.

    ``computed``: the days off of a year in between are computed, not decided; the date may still move.
    """

    duty: Duty
    aim: datetime
    latest: datetime
    computed: bool = False

    def is_missed(self, at: datetime) -> bool:
        """Say whether doing it at this moment is too late."""
        return at > self.latest

    def to_json(self) -> dict[str, Any]:
        """Return the deadline as plain values."""
        return {
            "duty": self.duty.value,
            "aim": self.aim.isoformat(),
            "latest": self.latest.isoformat(),
            "computed": self.computed,
        }


def issue_deadline(signed_at: datetime, urgency: Priority, days: WorkingDays) -> Deadline:
    """Return by when a signed document is issued: the same day, at the latest the next working morning.

    ND 30/2020 Art. 18 allows the whole next working day, QD 28/2018 Art. 6 its morning: the stricter counts.
    An urgent document is issued at once.
    """
    # ND 30/2020 Art. 18; QD 28/2018 Art. 6
    return _same_or_next(Duty.ISSUE, signed_at, urgency, days, END_OF_MORNING)


def submit_deadline(arrived_at: datetime, urgency: Priority, days: WorkingDays) -> Deadline:
    """Return by when an incoming document is submitted: the same day, at the latest the next working day."""
    # ND 30/2020 Art. 23
    return _same_or_next(Duty.SUBMIT, arrived_at, urgency, days, END_OF_DAY)


def receipt_deadline(arrived_at: datetime) -> Deadline:
    """Return by when the sender is told: the same day, whatever day it is."""
    # ND 30/2020 Art. 21
    end = _at(arrived_at.astimezone(VIETNAM_TIME).date(), END_OF_DAY)
    return Deadline(duty=Duty.RECEIPT, aim=end, latest=end)


def reply_deadline(
    arrived: date, days: WorkingDays, *, within: int | None = None, on: date | None = None
) -> Deadline:
    """Return by when a reply is due: ``within`` so many working days of arrival, or ``on`` the day named."""
    if (within is None) == (on is None):
        raise UsageError(say("Say the day it is due, or in how many working days."))
    last = days.after(arrived, within) if within is not None else on
    assert last is not None
    end = _at(last, END_OF_DAY)
    computed = within is not None and days.computed_between(arrived, last)
    return Deadline(duty=Duty.REPLY, aim=end, latest=end, computed=computed)


@cache
def vietnamese_working_days() -> WorkingDays:
    """Return the calendar with the official decisions that are shipped."""
    shipped = pkgutil.get_data("docsign.document", "working_days.toml")
    assert shipped is not None
    return WorkingDays.from_toml(shipped.decode("utf-8"), where="working_days.toml")


def _same_or_next(duty: Duty, moment: datetime, urgency: Priority, days: WorkingDays, end: time) -> Deadline:
    local = moment.astimezone(VIETNAM_TIME)
    if urgency is not Priority.NORMAL:  # ND 30/2020 Art. 4: urgent ones at once
        return Deadline(duty=duty, aim=local, latest=local)
    following = days.after(local.date())
    return Deadline(
        duty=duty,
        aim=_at(local.date(), END_OF_DAY),
        latest=_at(following, end),
        computed=days.computed_between(local.date(), following),
    )


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, VIETNAM_TIME)


@cache
def _computed(year: int) -> Mapping[date, str]:
    try:
        from holidays.countries.vietnam import Vietnam
    except ImportError as error:
        raise UsageError(
            say("The days off of {year} are not decided here, and what computes them is missing.", year=year),
            hint=say("Install it with: pip install docsign[office]"),
        ) from error
    return dict(Vietnam(years=year))


def _read(text: str, where: str) -> list[OfficialYear]:
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=where) from error
    entries = table.get("year", [])
    if not isinstance(entries, list):
        raise DocumentError(say("A list of tables is needed."), where=f"{where}: year")
    return [_year(entry, f"{where}: year[{position}]") for position, entry in enumerate(entries)]


def _year(entry: Any, where: str) -> OfficialYear:
    if not isinstance(entry, dict) or not isinstance(entry.get("year"), int):
        raise DocumentError(say("A table with a year is needed."), where=where)
    year = entry["year"]
    for name in ("off", "working"):
        days = entry.get(name, [])
        if not isinstance(days, list) or any(type(day) is not date or day.year != year for day in days):
            raise DocumentError(
                say("A list of days of {year} is needed.", year=year), where=f"{where}.{name}"
            )
    return OfficialYear(
        year=year,
        off=frozenset(entry.get("off", [])),
        working=frozenset(entry.get("working", [])),
        sources=tuple(str(source) for source in entry.get("sources", [])),
    )
