"""SIGKILL at random moments under load: the real process loses nothing that it acknowledged."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign.ades.cades import judge_cms
from docsign.pki import SigningKey, Trust
from docsign.verdict import Indication
from tests.relay.conftest import Site, site
from tests.simulation.campaign import Campaign
from tests.simulation.forks import ForkedRelay

__all__ = ["site"]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[ForkedRelay]:
    """Relay processes that start at once."""
    parent = ForkedRelay(tmp_path / "errors")
    yield parent
    parent.close()


async def _campaign(
    where: Site,
    key: SigningKey,
    relay: ForkedRelay,
    trust: Trust,
    *,
    seed: int,
    kills: int,
    examiners: int = 0,
) -> Campaign:
    settings = where.folder / "relay.toml"
    settings.write_text(settings.read_text().replace("examiners = 0", f"examiners = {examiners}"))
    at = datetime.now(UTC)

    def is_signed(signed: bytes, signature: bytes) -> bool:
        report = judge_cms(signature, content=signed, trust=trust, at=at, role="relay").report
        return report.conclusion.indication is Indication.TOTAL_PASSED

    campaign = Campaign(
        site=where,
        key=key,
        relay=relay,
        is_signed=is_signed,
        dice=random.Random(seed),
        start_seconds=2.0 if examiners else 0.5,
    )
    began = time.monotonic()
    books = await campaign.run(kills)
    told = sum(seen.is_told for seen in campaign.diary.seen)
    print(
        f"seed {seed}: {campaign.kills} kills ({campaign.early} of them while it started), "
        f"{len(campaign.diary.seen)} requests, {told} answered, "
        f"{len(campaign.diary.sent)} envelopes, {len(books.records)} records, "
        f"{campaign.backups} backups, {campaign.dead} checks of the dead, {examiners} examiners, "
        f"{len(books.complaints)} breaches, {time.monotonic() - began:.0f} s"
    )
    assert books.complaints == []
    assert campaign.kills == kills
    checked = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "relay_server", "check", str(where.folder), "--lang", "en"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return campaign


@pytest.mark.timeout(180)
async def test_twenty_kills_lose_nothing(
    site: Site,
    agency_key: SigningKey,
    relay: ForkedRelay,
    trust: Trust,
) -> None:
    """Everything answered is there, once, proved, and the two ways of checking agree."""
    campaign = await _campaign(site, agency_key, relay, trust, seed=1, kills=20)
    assert len(campaign.diary.sent) > 5  # there was something to lose, however slow the machine


async def test_a_campaign_runs_the_code_it_began_with(site: Site, tmp_path: Path) -> None:
    """A start loads nothing more from the tree: files that change meanwhile are no failure of the relay's."""
    tree = tmp_path / "tree"
    tree.mkdir()
    here = Path(__file__).parent.parent.parent
    for name in ("docsign", "relay_server", "tests"):
        (tree / name).symlink_to(here / name)
    relay = ForkedRelay(tmp_path / "errors", tree=tree)
    try:
        relay.start(site.folder)
        assert relay.end(signal.SIGKILL) == -signal.SIGKILL
        for name in ("docsign", "relay_server", "tests"):
            (tree / name).unlink()
        relay.start(site.folder)
        assert relay.end(signal.SIGTERM) == 0
        relay.start(site.folder)
    finally:
        relay.close()
    with pytest.raises(ProcessLookupError):  # nor is a relay left behind
        os.kill(relay.pid, 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(100, 120))
async def test_a_thousand_kills_lose_nothing(
    site: Site,
    agency_key: SigningKey,
    relay: ForkedRelay,
    trust: Trust,
    seed: int,
) -> None:
    """Fifty kills for each of twenty seeds; every fourth has a process that judges envelopes beside it."""
    await _campaign(site, agency_key, relay, trust, seed=seed, kills=50, examiners=1 if seed % 4 == 0 else 0)
