"""A file for each envelope, or one file that grows: how many bodies a second are durable, in the same run.

    python -m tests.benchmarks.bench_bodies [rounds] [bodies]

``file`` is the store as it is (a temporary file, its sync, its name, the folder's sync); ``segment`` a trial
that appends whatever waits to one file and syncs once for all of it. Both get the same bodies of 200 KB from
as many tasks at once, in turns; ``cpu`` is the processor's time a body, the rest is waiting for the disk.
It prints, and judges nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from relay_server.storage.disk import DiskBodies

SIZE = 200_000
CHUNK = 16 * 1024
TASKS = (1, 8, 64)
Keep = Callable[[bytes, str], Awaitable[None]]


class Segment:
    """One file that bodies are appended to, those that wait together under one sync."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._busy: asyncio.Task[None] | None = None

    async def keep(self, body: bytes, _sha256: str) -> None:
        """Return when the body is durable."""
        gathered = bytearray()
        for at in range(0, len(body), CHUNK):  # as it comes from a connection
            gathered += body[at : at + CHUNK]
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((bytes(gathered), done))
        if self._busy is None:
            self._busy = asyncio.create_task(self._sync())
        await done

    async def _sync(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            await asyncio.to_thread(self._append, [body for body, _ in some])
            for _, done in some:
                done.set_result(None)
        self._busy = None

    def _append(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            os.write(self._file, body)
        os.fdatasync(self._file)


def one_file_each(folder: Path) -> Keep:
    """Return how the store keeps a body."""
    bodies = DiskBodies.open(folder)

    async def keep(body: bytes, sha256: str) -> None:
        incoming = await bodies.begin()
        for at in range(0, len(body), CHUNK):
            await incoming.write(body[at : at + CHUNK])
        await incoming.commit(sha256)

    return keep


async def rate(keep: Keep, bodies: Sequence[tuple[bytes, str]], tasks: int) -> tuple[float, float]:
    """Return how many bodies a second were kept, and the milliseconds of processor each took."""
    waiting = list(bodies)

    async def work() -> None:
        while waiting:
            await keep(*waiting.pop())

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(tasks)))
    took, used = time.perf_counter() - began, time.process_time() - used
    return len(bodies) / took, used * 1000 / len(bodies)


def compare(folder: Path, rounds: int, count: int) -> None:
    """Print both rates for each number of tasks, the best of some rounds."""
    best: dict[tuple[str, int], tuple[float, float]] = {}
    for number in range(rounds):
        for tasks in TASKS:
            found = [random.Random(f"{number}.{tasks}.{at}").randbytes(SIZE) for at in range(count)]
            bodies = [(body, hashlib.sha256(body).hexdigest()) for body in found]
            place = folder / f"{number}.{tasks}"
            (place / "bodies").mkdir(parents=True)
            for name, keep in (
                ("file", one_file_each(place / "bodies")),
                ("segment", Segment(place / "segment").keep),
            ):
                best[name, tasks] = max(
                    asyncio.run(rate(keep, bodies, tasks)), best.get((name, tasks), (0, 0))
                )
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"bodies of {SIZE} bytes a second, best of {rounds} rounds, load {load}")
    for tasks in TASKS:
        (file, cpu), (segment, less) = best["file", tasks], best["segment", tasks]
        print(
            f"{tasks:3} tasks: file {file:6.0f} ({cpu:.2f} ms cpu)"
            f"   segment {segment:6.0f} ({less:.2f} ms cpu)   segment / file {segment / file:.2f}"
        )


if __name__ == "__main__":
    options = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as place:
        compare(Path(place), *(options + [3, 200][len(options) :]))
