"""Number series: gap-free, unique, in the order of dates, under two writers, a kill, a change of mind.

The stateful test plays whole years against a model; the processes are real, and so is the kill.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from docsign.errors import UsageError
from docsign.office import MemoryStore, Numbered, OfficeStore, SeriesPlan, SqliteStore
from docsign.office.series import NumberRefusedError, begin, give_back, take_number, unused

DAY = date(2026, 11, 16)


def take(store: OfficeStore, holder: str, day: date = DAY, *, wanted: int | None = None) -> int:
    """Take a number in a unit of its own."""
    with store.unit() as rows:
        return take_number(rows, "chung", day, holder, wanted=wanted).number


def release(store: OfficeStore, holder: str, year: int = 2026) -> Numbered | None:
    """Give a number back in a unit of its own."""
    with store.unit() as rows:
        return give_back(rows, "chung", year, holder)


# ---- which series ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "normative", "series"),
    [
        ("cong-van", "", False, "chung"),
        ("thong-bao", "", False, "chung"),
        ("quyet-dinh", "", False, "quyet-dinh"),
        ("quyet-dinh", "", True, "qppl.quyet-dinh"),
        ("cong-van", "hdtd", False, "hdtd:chung"),
        ("sao-y", "", False, "sao"),
        ("trich-sao", "", False, "sao"),
        ("sao-luc", "hdtd", False, "hdtd:sao"),
    ],
)
def test_each_document_has_its_series(kind: str, body: str, normative: bool, series: str) -> None:
    """Shared kinds, own kinds, normative ones apart, one for all copies, a council's own."""
    plan = SeriesPlan(shared={"cong-van": "chung", "thong-bao": "chung"})
    assert plan.series_for(kind, body=body, normative=normative) == series


# ---- the next number -------------------------------------------------------------------------------------


def test_numbers_begin_with_1_each_year(store: OfficeStore) -> None:
    """31 December and 1 January are two series."""
    assert [take(store, f"a{n}", date(2026, 12, 31)) for n in range(3)] == [1, 2, 3]
    assert take(store, "b", date(2027, 1, 1)) == 1


def test_the_same_holder_gets_the_same_number_again(store: OfficeStore) -> None:
    """A repetition after a lost answer takes nothing more; another day is another question."""
    assert [take(store, "a"), take(store, "a"), take(store, "b")] == [1, 1, 2]
    with pytest.raises(NumberRefusedError):
        take(store, "a", DAY + timedelta(days=1))
    with pytest.raises(NumberRefusedError):
        take(store, "a", wanted=2)


def test_dates_follow_the_numbers(store: OfficeStore) -> None:
    """A later number has no earlier date."""
    take(store, "a")
    with pytest.raises(NumberRefusedError, match="16/11/2026"):
        take(store, "b", DAY - timedelta(days=1))
    assert take(store, "b", DAY + timedelta(days=1)) == 2


def test_the_last_number_given_back_is_simply_next(store: OfficeStore) -> None:
    """No trace of a number whose document came to nothing."""
    take(store, "a")
    take(store, "b")
    assert release(store, "b") is not None
    assert release(store, "b") is None
    assert take(store, "c", DAY + timedelta(days=9)) == 2


def test_a_number_given_back_in_the_middle_is_given_first(store: OfficeStore) -> None:
    """Its date must fit its neighbours'; else it waits and shows as unused."""
    for day, holder in enumerate("abc"):
        take(store, holder, DAY + timedelta(days=day))
    release(store, "b")
    with store.unit(for_reading=True) as rows:
        assert unused(rows, "chung", 2026) == (2,)
    assert take(store, "d", DAY + timedelta(days=5)) == 4  # too late for 2, which stands before the 18th
    assert take(store, "e", DAY + timedelta(days=2)) == 2
    with store.unit(for_reading=True) as rows:
        assert unused(rows, "chung", 2026) == ()


def test_no_gap_stays_at_the_end(store: OfficeStore) -> None:
    """When what lies above a free number is given back too, the series ends below both."""
    for holder in "abc":
        take(store, holder)
    release(store, "b")
    release(store, "c")
    with store.unit(for_reading=True) as rows:
        assert unused(rows, "chung", 2026) == ()
    assert take(store, "d", DAY + timedelta(days=3)) == 2


def test_a_wanted_number_must_be_just_that(store: OfficeStore) -> None:
    """A paper document that bears its number already fits in, or is refused."""
    assert take(store, "a", wanted=1) == 1
    with pytest.raises(NumberRefusedError, match="turn of 2"):
        take(store, "b", wanted=5)
    with pytest.raises(NumberRefusedError):
        take(store, "b", wanted=1)
    assert take(store, "b", wanted=2) == 2


def test_a_series_can_begin_in_the_middle_of_a_year(store: OfficeStore) -> None:
    """After 412 numbers on paper comes 413; a series that has begun is not begun anew."""
    with store.unit() as rows:
        begin(rows, "chung", 2026, 413)
    assert [take(store, "a"), take(store, "b")] == [413, 414]
    with store.unit() as rows, pytest.raises(NumberRefusedError):
        begin(rows, "chung", 2026, 500)
    with store.unit() as rows, pytest.raises(UsageError):
        begin(rows, "khac", 2026, 0)


# ---- whole years against a model -------------------------------------------------------------------------


class SeriesMachine(RuleBasedStateMachine):
    """Documents take numbers on the day it is, give them back, units break off; nothing is lost or twice."""

    store: OfficeStore

    @initialize()
    def begin_the_year(self) -> None:
        """Open a store on New Year's Day."""
        self.store = self.make_store()
        self.today = date(2026, 1, 1)
        self.holders: dict[str, tuple[int, date]] = {}
        self.count = 0

    def make_store(self) -> OfficeStore:
        """Return the store to be tried."""
        return MemoryStore()

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        """The calendar only goes forward."""
        self.today += timedelta(days=days)

    @rule(back=st.integers(0, 3))
    def take(self, back: int) -> None:
        """A document takes a number, sometimes dated a few days ago."""
        day = self.today - timedelta(days=back)
        assume(day.year >= 2026)
        self.count += 1
        holder = f"h{self.count}"
        try:
            number = take(self.store, holder, day)
        except NumberRefusedError:
            same_year = [one for _, one in self.holders.values() if one.year == day.year]
            assert day < max(same_year), "a number was refused that could have been given"
            return
        self.holders[holder] = (number, day)

    @precondition(lambda self: self.holders)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """A document comes to nothing."""
        holder = data.draw(st.sampled_from(sorted(self.holders)))
        number, day = self.holders.pop(holder)
        released = release(self.store, holder, day.year)
        assert released is not None
        assert released.number == number

    @precondition(lambda self: self.holders)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """The same document asks once more."""
        holder = data.draw(st.sampled_from(sorted(self.holders)))
        number, day = self.holders[holder]
        assert take(self.store, holder, day) == number

    @rule()
    def break_off(self) -> None:
        """A unit takes a number and breaks off: the number was never taken."""
        try:
            with self.store.unit() as rows:
                take_number(rows, "chung", self.today, "broken")
                raise ZeroDivisionError
        except (ZeroDivisionError, NumberRefusedError):
            pass

    @invariant()
    def every_number_is_held_once_or_known_to_be_free(self) -> None:
        """From 1 to the highest, nothing is missing; dates follow the numbers."""
        if not hasattr(self, "store"):
            return
        for year in {day.year for _, day in self.holders.values()}:
            held = sorted(one for one in self.holders.values() if one[1].year == year)
            numbers = [number for number, _ in held]
            assert len(set(numbers)) == len(numbers)
            with self.store.unit(for_reading=True) as rows:
                free = rows.free_numbers("chung", year)
            assert sorted([*numbers, *free]) == list(range(1, max(numbers) + 1))
            days = [day for _, day in held]
            assert days == sorted(days)

    def teardown(self) -> None:
        """Close the store."""
        if hasattr(self, "store"):
            self.store.close()


TestSeriesInMemory = SeriesMachine.TestCase
TestSeriesInMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_series_in_sqlite(tmp_path: Path) -> None:
    """The same years, played on the disk."""
    from hypothesis.stateful import run_state_machine_as_test

    folders = itertools.count()  # chance is hypothesis's own here, and comes back

    class OnDisk(SeriesMachine):
        def make_store(self) -> OfficeStore:
            return SqliteStore(tmp_path / str(next(folders)))

    run_state_machine_as_test(
        OnDisk,
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


# ---- real processes --------------------------------------------------------------------------------------

WRITER = """
import sys
from datetime import date
from docsign.office import SqliteStore
from docsign.office.series import take_number, give_back
folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = SqliteStore(folder)
print("ready", flush=True)
for turn in range(count):
    holder = f"{name}{turn}"
    with store.unit() as rows:
        numbered = take_number(rows, "chung", date(2026, 11, 16), holder)
    print(numbered.number, holder, flush=True)
    if turn % 5 == 4:
        with store.unit() as rows:
            give_back(rows, "chung", 2026, holder)
        print(-numbered.number, holder, flush=True)
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    """Start a process that takes numbers and says so once they are its own."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(output: str) -> dict[str, int]:
    """Return who holds which number by a writer's words."""
    held: dict[str, int] = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].startswith("-"):
            held.pop(words[1], None)
        elif len(words) == 2:
            held[words[1]] = int(words[0])
    return held


def kept(folder: Path) -> tuple[dict[str, int], list[int]]:
    """Return who holds which number by the store, and the free ones."""
    store = SqliteStore(folder)
    held: dict[str, int] = {}
    with store.unit(for_reading=True) as rows:
        number: int | None = None
        while (found := rows.below("chung", 2026, number)) is not None:
            held[found.holder] = number = found.number
        free = list(rows.free_numbers("chung", 2026))
    store.close()
    return held, free


def test_two_processes_share_a_series(tmp_path: Path) -> None:
    """Two clerks at two machines: no number twice, none missing, each told its own."""
    SqliteStore(tmp_path).close()
    writers = [writer(tmp_path, name, 60) for name in ("a", "b")]
    told: dict[str, int] = {}
    for process in writers:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        told |= said(output)
    held, free = kept(tmp_path)
    assert held == told
    assert sorted([*held.values(), *free]) == list(range(1, max(held.values()) + 1))
    assert len(held) == 2 * 48


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_a_kill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """With kill -9 at any moment what was said is kept, at most one more is, and there is no gap."""
    SqliteStore(tmp_path).close()
    chance = random.Random(30)
    told: dict[str, int] = {}
    for turn in range(6):
        process = writer(tmp_path, f"t{turn}-", 10_000)
        assert process.stdout is not None
        # by what it did and not by a clock: the machine may be slow
        lines = [process.stdout.readline() for _ in range(chance.randint(2, 40))]
        time.sleep(chance.uniform(0.0, 0.01))
        process.send_signal(signal.SIGKILL)
        lines.append(process.stdout.read())
        process.communicate(timeout=30)
        told |= said("".join(lines))
        held, free = kept(tmp_path)
        more = held.keys() - told.keys()
        less = told.keys() - held.keys()
        assert len(more) + len(less) <= 1, "only the unit that was under way is unknown"
        assert all(held[name] == told[name] for name in held.keys() & told.keys())
        assert sorted([*held.values(), *free]) == list(range(1, max(held.values(), default=0) + 1))
        told = dict(held)
    assert len(told) > 20
