"""How much memory a relay needs for large envelopes: its peak over what it holds at rest.

    python -m tests.benchmarks.bench_memory [megabytes] [at once]

One envelope of 100 MB, then eight at once; the peak is that of the relay and of the processes that judge for
it, each measured by itself (VmHWM, begun anew before each step). It prints, and judges nothing.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.relay_site import Bench, Running, rate, submission


def processes(relay: Running) -> list[int]:
    """Return the relay and its workers."""
    children = Path(f"/proc/{relay.pid}/task/{relay.pid}/children").read_text().split()
    return [relay.pid, *map(int, children)]


def memory(pid: int, name: str) -> float:
    """Return a figure of the kernel's in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise OSError("the kernel does not tell")


def measure(folder: Path, size: int, at_once: int) -> None:
    """Print how much the peak of each step lies above the memory held before it."""
    bench = asyncio.run(Bench.make(folder))
    relay = Running(bench.folder)
    try:
        warm = [submission(bench.envelope(10**6 + at, 200_000)) for at in range(20)]
        asyncio.run(rate(relay.url, bench.tls, warm, 4))
        serial = 0
        for many in (1, at_once):
            requests = [submission(bench.envelope(serial + at, size)) for at in range(many)]
            serial += many
            before = {}
            for pid in processes(relay):
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
                before[pid] = memory(pid, "VmRSS")
            asyncio.run(rate(relay.url, bench.tls, requests, many))
            rises = [memory(pid, "VmHWM") - held for pid, held in before.items()]
            each = " + ".join(f"{one:.1f}" for one in rises)
            print(
                f"{many} of {size / 10**6:.0f} MB: {sum(rises):6.1f} MB over rest ({each};"
                f" at rest {sum(before.values()):.0f} MB)"
            )
    finally:
        relay.end()


if __name__ == "__main__":
    options = [int(word) for word in sys.argv[1:]]
    megabytes, many = options + [100, 8][len(options) :]
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place), megabytes * 10**6, many)
