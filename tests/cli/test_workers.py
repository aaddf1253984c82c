"""Many answers from several processes: in order, and a process that is lost costs one answer."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from docsign.cli.workers import answer_all, usable_cores

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the questions of these tests end processes")


def lost(index: int, why: str) -> str:
    """Say which answer was lost, and how."""
    return f"{index} {why}"


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Though the early ones take longest; no answer twice, none missing."""

    def answer(index: int) -> str:
        time.sleep(0.02 if index < 3 else 0)
        return str(index)

    assert list(answer_all(50, answer, lost, processes=3)) == [str(index) for index in range(50)]
    assert list(answer_all(0, answer, lost, processes=3)) == []


def test_they_are_worked_out_elsewhere() -> None:
    """By other processes than this one, several of them."""

    def answer(_: int) -> str:
        time.sleep(0.005)
        return str(os.getpid())

    seen = set(answer_all(40, answer, lost, processes=2))
    assert len(seen) == 2
    assert str(os.getpid()) not in seen


@pytest.mark.parametrize("processes", [1, 3])
def test_a_process_that_dies_costs_one_answer(processes: int) -> None:
    """Killed, ended or out of memory: what it had not begun is answered by another."""

    def answer(index: int) -> str:
        if index in (0, 7):
            os.kill(os.getpid(), signal.SIGKILL)
        if index == 8:
            os._exit(0)
        return str(index)

    expected = [f"{index} died" if index in (0, 7, 8) else str(index) for index in range(20)]
    assert list(answer_all(20, answer, lost, processes=processes)) == expected


def test_a_process_that_stalls_costs_one_answer() -> None:
    """After the patience it is given up; the others do not wait for it."""

    def answer(index: int) -> str:
        if index == 2:
            time.sleep(60)
        return str(index)

    began = time.monotonic()
    expected = [f"{index} stalled" if index == 2 else str(index) for index in range(12)]
    assert list(answer_all(12, answer, lost, processes=2, patience=0.5)) == expected
    assert time.monotonic() - began < 20


def test_leaving_ends_every_process(tmp_path: Path) -> None:
    """An interrupt leaves no process behind."""

    def answer(index: int) -> int:
        (tmp_path / str(os.getpid())).touch()
        time.sleep(0 if index == 0 else 60)
        return index

    answers = answer_all(10, answer, lambda index, _: index, processes=2)
    assert next(answers) == 0
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    answers.close()  # type: ignore[attr-defined]
    for path in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name), 0)


def test_there_is_a_core() -> None:
    """At least the one this runs on."""
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
