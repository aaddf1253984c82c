"""Play many histories, or one of them with its log: ``python -m tests.simulation.run --seeds 1000``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.checker import __doc__ as rules
from tests.simulation.history import History, Simulator


def main(arguments: list[str] | None = None) -> int:
    """Play what is asked for; exit status 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, default=None, help="play this one alone and show its log")
    wanted = parser.parse_args(arguments)
    simulator = Simulator()
    try:
        if wanted.seed is not None:
            return _one(simulator.play(wanted.seed))
        return _many(simulator, range(wanted.first, wanted.first + wanted.seeds))
    finally:
        simulator.close()


def _one(history: History) -> int:
    print(*history.lines, sep="\n")
    print(*(f"  met {count:5} × {what}" for what, count in sorted(history.met.items())), sep="\n")
    print(*(history.wrong or ["nothing wrong"]), sep="\n")
    return 1 if history.wrong else 0


def _many(simulator: Simulator, seeds: range) -> int:
    began = time.monotonic()
    met: Counter[str] = Counter()
    breaches: Counter[int] = Counter()
    bad: list[int] = []
    requests = 0
    for seed in seeds:
        history = simulator.play(seed)
        met += history.met
        requests += history.requests
        for complaint in history.wrong:
            number = complaint.partition(".")[0]
            breaches[int(number) if number.isdigit() else 0] += 1
        if history.wrong:
            bad.append(seed)
            print(f"seed {seed}: {history.wrong[0]}", file=sys.stderr)
    seconds = time.monotonic() - began
    print(f"{len(seeds)} histories, {requests} requests, {len(seeds) / seconds:.1f} histories a second")
    print("faults met:")
    print(*(f"{count:10} × {what}" for what, count in sorted(met.items())), sep="\n")
    print("breaches:")
    for line in (rules or "").splitlines():
        number, dot, words = line.partition(". ")
        if dot and number.isdigit():
            print(f"{breaches[int(number)]:10}   {words}")
    print(f"{breaches[0]:10}   Bugs in the relay's own words, and histories that got stuck.")
    if bad:
        print(f"seeds: {' '.join(map(str, bad[:40]))}")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
