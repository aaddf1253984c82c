"""Fuzz the targets for a given time each: ``python -m tests.fuzz.run --seconds 60 [--keep DIR] [TARGET…]``.

Each target runs in a process of its own under atheris. What it finds is written to DIR (crash-…, oom-…,
timeout-…) with the way to play it again, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
"""Seconds that a process may take besides fuzzing: importing, making seeds."""


def fuzz(name: str, seconds: int, keep: Path) -> str:
    """Fuzz one target; return what was said where it found something, "" where it did not."""
    corpus = keep / name
    corpus.mkdir(parents=True, exist_ok=True)
    made = [sys.executable, "-m", "tests.fuzz.one", "--seeds", name, str(corpus)]
    subprocess.run(made, cwd=ROOT, check=True, timeout=PATIENCE)
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(corpus)]
    command += [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=60000"]
    command += [f"-artifact_prefix={keep}/{name}-", "-verbosity=0", "-print_final_stats=1"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + PATIENCE,
        check=False,
    )
    counted = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    sys.stderr.write(f"{name}: {counted[0] if counted else 'some'} inputs, status {done.returncode}\n")
    return "" if done.returncode == 0 else done.stderr[-6000:]


def main() -> int:
    """Fuzz what the command line names."""
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("target", nargs="*", choices=[*TARGETS, []])
    given = parser.parse_args()
    keep = given.keep or Path(tempfile.mkdtemp(prefix="docsign-fuzz-"))
    broken = 0
    for name in given.target or TARGETS:
        said = fuzz(name, given.seconds, keep)
        if said:
            broken = 1
            sys.stderr.write(f"{said}\nplay it again: python -m tests.fuzz.one {name} {keep}/{name}-…\n")
    return broken


if __name__ == "__main__":
    sys.exit(main())
