"""Whole histories under faults keep every promise, and a relay that breaks one is caught."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation import run
from tests.simulation.disk import Disk, Weather
from tests.simulation.history import Simulator
from tests.simulation.mutants import MUTANTS, Mutant


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator of the relay as it is."""
    made = Simulator()
    yield made
    made.close()


def _play(simulator: Simulator, seeds: range) -> Counter[str]:
    met: Counter[str] = Counter()
    for seed in seeds:
        history = simulator.play(seed)
        assert history.wrong == [], f"python -m tests.simulation.run --seed {seed}"
        met += history.met
    return met


def test_no_promise_is_broken_in_a_few_histories(simulator: Simulator) -> None:
    """Each fault is met both ways: it failed, and it failed but had happened."""
    met = _play(simulator, range(5))
    assert met["kill"]
    assert met["power"]
    assert {how for what in met if ": failed" in what for how in [what.endswith("had happened")]} == {
        True,
        False,
    }
    assert {what for what in met if what.startswith("network")} == {
        f"network: {what}" for what in ("lost", "cut", "answer lost", "answer cut", "delayed", "repeated")
    }


def test_a_power_cut_leaves_a_name_that_was_taken_over_to_one_of_both(tmp_path: Path) -> None:
    """A rename over a file is one step of the file system: the old bytes or the new ones, and never none."""
    left = set()
    for seed in range(20):
        disk = Disk(
            root=tmp_path / f"{seed} before", weather=Weather(dice=random.Random(seed), met=Counter())
        )
        disk.root.mkdir()
        name, other = disk.root / "name", disk.root / "other"
        name.write_bytes(b"old")
        disk.settle()
        other.write_bytes(b"new")
        with other.open("rb") as stream:
            disk.sync(stream.fileno())
        disk.replace(other, name)
        disk.cut_power(tmp_path / f"{seed} after")
        left.add((disk.root / "name").read_bytes())
    assert left == {b"old", b"new"}


def test_a_seed_is_one_history_in_every_process(simulator: Simulator) -> None:
    """The same seed gives the same lines, to the last hundredth of a second, also to who replays it."""
    first, again = simulator.play(8), simulator.play(8)
    assert first.lines == again.lines
    assert first.met == again.met
    replayed = subprocess.run(
        [sys.executable, "-m", "tests.simulation.run", "--seed", "8"],
        env={**os.environ, "PYTHONHASHSEED": "8", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert replayed.stdout.splitlines()[: len(first.lines)] == first.lines


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_relay_that_breaks_a_promise_is_caught(mutant: Mutant) -> None:
    """Each mutant is a relay that looks right on a quiet day."""
    simulator = Simulator(mutant.settings)
    try:
        for seed in range(mutant.seed, mutant.seed + 25):
            with mutant.change():
                if simulator.play(seed).wrong:
                    return
    finally:
        simulator.close()
    pytest.fail("the checker found nothing wrong with it")


def test_the_command_prints_rates_faults_and_zeros(capsys: pytest.CaptureFixture[str]) -> None:
    """What a reader of the campaign sees."""
    assert run.main(["--seeds", "1", "--first", "3"]) == 0
    out = capsys.readouterr().out
    assert "1 histories" in out
    assert out.count("         0   ") == 13
    assert run.main(["--seed", "3"]) == 0
    assert capsys.readouterr().out.endswith("nothing wrong\n")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_promise_is_broken_in_a_thousand_histories(simulator: Simulator) -> None:
    """The long campaign."""
    _play(simulator, range(1000, 2000))
