"""Working days as they were decided, computed where they were not, and the deadlines counted in them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document.working_days import (
    Duty,
    WorkingDays,
    issue_deadline,
    receipt_deadline,
    reply_deadline,
    submit_deadline,
    vietnamese_working_days,
)
from docsign.envelope.header import VIETNAM_TIME, Priority
from docsign.errors import DocumentError, UsageError

DAYS = vietnamese_working_days()


def at(*moment: int) -> datetime:
    """Return a moment in Vietnam."""
    return datetime(*moment, tzinfo=VIETNAM_TIME)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 16), True),
        (date(2026, 11, 15), False),
        (date(2026, 1, 2), False),  # swapped …
        (date(2026, 1, 10), True),  # … with this Saturday
        (date(2026, 8, 22), True),
        (date(2026, 8, 31), False),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), True),
        (date(2026, 11, 24), False),
        (date(2025, 5, 2), False),
        (date(2025, 4, 26), True),
        (date(2024, 4, 29), False),
        (date(2024, 5, 4), True),
    ],
)
def test_decided_years_are_as_decided(day: date, works: bool) -> None:
    """Days off, days off in place of a Sunday, and both ends of each swap."""
    assert DAYS.is_official(day.year)
    assert DAYS.is_working(day) is works


def test_other_years_are_computed() -> None:
    """The lunar new year of 2027 is found, and nobody says that it was decided."""
    assert not DAYS.is_official(2027)
    assert not DAYS.is_working(date(2027, 2, 8))
    assert not DAYS.is_working(date(2027, 5, 3))  # for 1 May, a Saturday
    assert DAYS.is_working(date(2027, 2, 15))


def test_an_agency_extends_the_calendar() -> None:
    """A decision that came after this release is a few lines of TOML."""
    mine = DAYS.extended("[[year]]\nyear = 2027\noff = [2027-02-04]\nworking = [2027-02-20]\n")
    assert mine.is_official(2027)
    assert not mine.is_working(date(2027, 2, 4))
    assert mine.is_working(date(2027, 2, 20))
    assert not DAYS.is_official(2027)


@pytest.mark.parametrize(
    "text",
    ["year = 3", "[[year]]", '[[year]]\nyear = "x"', "[[year]]\nyear = 2027\noff = [2026-01-01]", "x ="],
)
def test_a_slip_in_the_calendar_is_named(text: str) -> None:
    """The entry is named; nothing is guessed."""
    with pytest.raises(DocumentError, match=r"lich\.toml"):
        WorkingDays.from_toml(text, where="lich.toml")


def test_without_what_computes_only_decided_years_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named where it is needed."""
    monkeypatch.setitem(sys.modules, "holidays.countries.vietnam", None)
    assert DAYS.is_working(date(2026, 11, 16))
    with pytest.raises(UsageError, match="2031"):
        DAYS.is_working(date(2031, 3, 3))


@given(st.dates(date(2024, 1, 1), date(2030, 12, 1)), st.integers(1, 40))
def test_counting_forward_counts_working_days(day: date, count: int) -> None:
    """The day found is worked, and exactly that many are worked up to it."""
    found = DAYS.after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert DAYS.is_working(found)
    assert sum(DAYS.is_working(one) for one in between) == count


def test_counting_has_bounds() -> None:
    """Neither backward nor for years."""
    for count in (0, -1, 401):
        with pytest.raises(UsageError):
            DAYS.after(date(2026, 11, 16), count)


def test_a_signed_document_goes_out_the_same_day_or_the_next_working_morning() -> None:
    """Friday's document until Monday noon; over the swapped days of the new year, until Monday the 5th."""
    friday = issue_deadline(at(2026, 11, 20, 16, 30), Priority.NORMAL, DAYS)
    assert (friday.duty, friday.computed) == (Duty.ISSUE, False)
    assert friday.aim.date() == date(2026, 11, 20)
    assert friday.latest == at(2026, 11, 23, 12, 0)
    assert not friday.is_missed(at(2026, 11, 23, 12, 0))
    assert friday.is_missed(at(2026, 11, 23, 12, 1))
    new_year = issue_deadline(at(2025, 12, 31, 17, 0), Priority.NORMAL, DAYS)
    assert new_year.latest == at(2026, 1, 5, 12, 0)


def test_an_urgent_document_goes_out_at_once() -> None:
    """Whatever the mark."""
    moment = at(2026, 11, 20, 16, 30)
    for urgency in (Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS):
        deadline = issue_deadline(moment, urgency, DAYS)
        assert deadline.aim == deadline.latest == moment


def test_days_are_those_of_vietnam() -> None:
    """20:00 UTC is the next day already."""
    deadline = receipt_deadline(datetime(2026, 11, 16, 20, 0, tzinfo=UTC))
    assert deadline.latest == at(2026, 11, 17, 23, 59, 59)
    assert receipt_deadline(at(2026, 11, 15, 8, 0)).latest.date() == date(2026, 11, 15)


def test_an_incoming_document_is_submitted_by_the_next_working_day() -> None:
    """The whole day, unlike issuing."""
    assert submit_deadline(at(2026, 11, 20, 9, 0), Priority.NORMAL, DAYS).latest == at(
        2026, 11, 23, 23, 59, 59
    )


def test_a_deadline_over_an_undecided_year_says_so() -> None:
    """The last days of 2026 reach into 2027, whose days off may still move."""
    assert issue_deadline(at(2026, 12, 31, 9, 0), Priority.NORMAL, DAYS).computed
    assert reply_deadline(date(2026, 12, 25), DAYS, within=10).computed
    assert not reply_deadline(date(2026, 12, 1), DAYS, within=10).computed
    assert not reply_deadline(date(2026, 12, 25), DAYS, on=date(2027, 3, 1)).computed


def test_a_reply_is_due_on_a_day_or_within_days() -> None:
    """One of both, and the result in plain values."""
    assert reply_deadline(date(2026, 11, 20), DAYS, within=3).latest.date() == date(2026, 11, 26)
    for both in ({}, {"within": 3, "on": date(2026, 12, 1)}):
        with pytest.raises(UsageError):
            reply_deadline(date(2026, 11, 20), DAYS, **both)  # type: ignore[arg-type]
    assert reply_deadline(date(2026, 11, 20), DAYS, on=date(2026, 12, 1)).to_json() == {
        "duty": "reply",
        "aim": "2026-12-01T23:59:59+07:00",
        "latest": "2026-12-01T23:59:59+07:00",
        "computed": False,
    }


def test_every_duty_has_its_words() -> None:
    """In Vietnamese and English."""
    for duty in Duty:
        assert duty.sentence.text("vi") != duty.sentence.text("en")
