"""How well ``docsign verify FOLDER`` uses the cores: its rate over that of one process, in the same run.

    python -m tests.benchmarks.bench_folder [FILES]

The files are signed PDFs of at least 100 KB, each another. One process verifies them one after the other, in
this program, and writes their lines; then the command does the same on all cores. Start-up is what it takes
for a folder of two files. The clock's ratios hold on a machine that has nothing else to do; those of
processor time (what one process needs, over what all of them need together) hold on a busy one too, and are
what the clock's would be if no core ever waited. Each number is the least of several rounds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from docsign.cli.verify_answers import Asked, tell
from docsign.cli.workers import usable_cores
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Indication
from tests.benchmarks.bench_verify_pdf import plain_pdf, signed

ROUNDS = 4
LEAST = 100 * 1024
"""The least size of a file, in bytes."""


def write_files(folder: Path, count: int) -> Path:
    """Write ``count`` signed files and, beside them, a folder of two; return the trust folder."""
    authority = TrialAuthority.create(folder / "ca")
    key = authority.issue(
        "agency", "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", organization="ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"
    ).signing_key()
    for name, many in (("files", count), ("two", 2)):
        (folder / name).mkdir()
        for number in range(many):
            pdf = signed(plain_pdf(weight=LEAST), key, 1)
            (folder / name / f"{number:05}.pdf").write_bytes(pdf)
    return authority.trust_folder


Times = tuple[float, float]
"""Seconds of the clock, and of processors."""


def alone(folder: Path, trust: Path) -> Times:
    """Return what one process takes for the same work: each file verified, its line written."""
    asked = Asked(trust=trust, offline=True, form="line")
    paths = sorted(folder.iterdir())
    tell(asked, paths[0])
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        began, worked = time.perf_counter(), time.process_time()
        for path in paths:
            told = tell(asked, path)
            assert told.indication is Indication.TOTAL_PASSED
            out.write(told.out + "\n")
        return time.perf_counter() - began, time.process_time() - worked


def by_command(folder: Path, trust: Path) -> Times:
    """Return what the command takes for the folder, with its processes, from its call to its end."""
    code = "import sys; from docsign.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "verify", str(folder), "--trust", str(trust), "--offline"]
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    taken, after = time.perf_counter() - began, os.times()
    assert done.returncode == 0
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return taken, worked


def main(count: int) -> None:
    """Print the ratios of the best rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trust = write_files(folder, count)
        rounds = [
            (
                alone(folder / "files", trust),
                by_command(folder / "files", trust),
                by_command(folder / "two", trust),
            )
            for _ in range(ROUNDS)
        ]
    cores = usable_cores()
    print(f"{count} files of {LEAST // 1024} KB, {cores} cores, load {os.getloadavg()[0]:.1f}")
    for kind, name, over in ((0, "clock", cores), (1, "processors", 1)):
        single, whole, start = (min(one[kind] for one in times) for times in zip(*rounds, strict=True))
        print(f"{name}: one process {1000 * single / count:.2f} ms a file, ", end="")
        print(f"the command {1000 * whole / count:.2f} ms a file, start-up {1000 * start:.0f} ms")
        print(f"  with start-up {single / whole / over:.2f} x cores x one process (wanted: 0.80)")
        print(f"  without it    {single / (whole - start) / over:.2f} x cores x one process (wanted: 0.90)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
