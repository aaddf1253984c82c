"""Many answers from several processes, in the order of the questions; a lost process costs one answer.

Each process holds a few questions at a time. The first of them is the one it works at: where the process dies
or stalls, that one is given up, the others are asked again elsewhere, and a new process takes its place.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Literal, TypeVar

Answer = TypeVar("Answer")
Loss = Literal["died", "stalled"]

AHEAD = 4
"""How many questions a process holds, so that it never waits for the next one."""
PATIENCE = 120.0
"""The seconds after which a question that is not answered is given up."""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def answer_all(
    count: int,
    answer: Callable[[int], Answer],
    lost: Callable[[int, Loss], Answer],
    *,
    processes: int,
    patience: float | None = None,
) -> Iterator[Answer]:
    """Yield ``answer(0)`` … ``answer(count - 1)`` in this order, worked out by so many processes.

    ``answer`` must not raise; where processes cannot be copied (Windows), it must be picklable. ``lost``
    makes the answer, here, for a question whose process died or did not answer within ``patience`` seconds.
    Leaving the iteration, by an interrupt too, ends the processes.
    """
    crew: _Crew[Answer] = _Crew(answer, PATIENCE if patience is None else patience)
    waiting = deque(range(count))
    ready: dict[int, Answer] = {}
    position = 0
    gc.freeze()  # what is loaded now stays shared: no collector of a copy writes into it
    try:
        for _ in range(min(processes, count)):
            crew.hire()
        while position < count:
            crew.hand_out(waiting)
            ready.update(crew.collect())
            ready.update((index, lost(index, why)) for index, why in crew.losses(waiting))
            while position in ready:
                yield ready.pop(position)
                position += 1
    finally:
        crew.dismiss()
        gc.unfreeze()


@dataclass(slots=True)
class _Worker:
    process: Any
    pipe: Connection
    asked: deque[int] = field(default_factory=deque)
    since: float = 0.0


class _Crew(Generic[Answer]):
    """The processes and what each of them was asked."""

    def __init__(self, answer: Callable[[int], Answer], patience: float) -> None:
        copied = sys.platform == "linux"  # elsewhere copying a process is unsafe or unknown
        self._context: Any = multiprocessing.get_context("fork" if copied else "spawn")
        self._copied = copied
        self._answer, self._patience = answer, patience
        self._workers: list[_Worker] = []

    def hire(self) -> None:
        """Start one more process."""
        sys.stdout.flush()
        sys.stderr.flush()
        here, there = self._context.Pipe()
        ours = [here, *(worker.pipe for worker in self._workers)] if self._copied else []
        process = self._context.Process(target=_work, args=(there, ours, self._answer), daemon=True)
        process.start()
        there.close()
        self._workers.append(_Worker(process, here))

    def hand_out(self, waiting: deque[int]) -> None:
        """Give each process questions until it holds enough; the shortest list first."""
        while waiting:
            worker = min(self._workers, key=lambda one: len(one.asked))
            if len(worker.asked) >= AHEAD:
                return
            if not worker.asked:
                worker.since = time.monotonic()
            index = waiting.popleft()
            worker.asked.append(index)
            with contextlib.suppress(OSError):  # it has just died: found when its pipe is read
                worker.pipe.send(index)

    def collect(self) -> Iterator[tuple[int, Answer]]:
        """Wait for answers, but no longer than until somebody's time is up."""
        busy = {worker.pipe: worker for worker in self._workers if worker.asked}
        now = time.monotonic()
        limit = min(worker.since + self._patience for worker in busy.values()) - now
        for pipe in wait(list(busy), timeout=max(limit, 0.0)):
            worker = busy[pipe]  # type: ignore[index]
            try:
                index, result = worker.pipe.recv()
            except (EOFError, OSError):
                worker.pipe.close()
                continue
            worker.asked.popleft()
            worker.since = time.monotonic()
            yield index, result

    def losses(self, waiting: deque[int]) -> Iterator[tuple[int, Loss]]:
        """Replace the processes that died or stalled; what they had not begun waits again."""
        now = time.monotonic()
        for worker in [*self._workers]:
            dead = worker.pipe.closed
            if not dead and not (worker.asked and now - worker.since > self._patience):
                continue
            self._workers.remove(worker)
            _end(worker)
            self.hire()
            if worker.asked:
                yield worker.asked.popleft(), "died" if dead else "stalled"
            waiting.extendleft(reversed(worker.asked))

    def dismiss(self) -> None:
        """End every process."""
        for worker in self._workers:
            _end(worker)


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()
    worker.process.close()


def _work(pipe: Connection, others: list[Connection], answer: Callable[[int], object]) -> None:
    """Answer questions until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    for other in others:
        other.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            index = pipe.recv()
            pipe.send((index, answer(index)))
