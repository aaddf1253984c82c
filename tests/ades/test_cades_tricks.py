"""Each trick with a CMS signature has its one answer; openssl judges the good ones as we do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from docsign.pki.authority import TrialAuthority
from docsign.verdict import Indication
from tests.ades.cades_tricks import CLASSES, Made, answered, asked_of_openssl
from tests.ades.cades_world import BEGIN, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all tricks."""
    folder = tmp_path_factory.mktemp("tricks")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - timedelta(days=100)))


@pytest.mark.parametrize("trick", CLASSES, ids=lambda trick: trick.__name__)
def test_every_trick_has_its_answer(world: World, trick: Callable[[World], Made]) -> None:
    """Indication and sub-indication, exactly."""
    assert answered(world, trick(world)) == CLASSES[trick]


def test_openssl_takes_the_good_ones_and_nothing_that_fails_by_mathematics(
    world: World, tmp_path: Path
) -> None:
    """Second opinion: what passes here passes there, changed content and foreign values fail there too."""
    for trick, expected in CLASSES.items():
        name = trick.__name__
        if name.startswith("good_") or name in (
            "content_changed",
            "value_of_another_key",
            "attribute_added_after",
        ):
            theirs = asked_of_openssl(world, trick(world), tmp_path)
            assert (theirs == "accepted") is (expected.indication is Indication.TOTAL_PASSED), (name, theirs)
