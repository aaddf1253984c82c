"""A short run of every target, guided by coverage; ``make fuzz`` runs them longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_hold(name: str) -> None:
    """What the fuzzer starts from is in order itself."""
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    """Two seconds under atheris."""
    assert fuzz(name, 2, tmp_path) == ""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TARGETS)
def test_a_long_run_finds_nothing(name: str, tmp_path: Path) -> None:
    """Two minutes under atheris."""
    assert fuzz(name, 120, tmp_path) == ""
