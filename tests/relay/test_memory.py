"""Bodies are streamed: a large envelope raises the relay's peak memory by a bounded amount."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from docsign.exchange import wire
from docsign.pki import SigningKey
from tests.relay.conftest import Process, Site, sealed

LARGE = 100 * 1024 * 1024


def peak(process: Process) -> int:
    """Return the most memory a relay process has held resident, in bytes."""
    for line in Path(f"/proc/{process.running.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel does not tell the peak memory")


@pytest.mark.slow
@pytest.mark.parametrize(("many", "most"), [(1, 32), (8, 128)])
async def test_large_envelopes_raise_the_peak_by_little(
    site: Site, agency_key: SigningKey, start: Callable[[Path], Process], many: int, most: int
) -> None:
    """100 MB once: 32 MiB over idle at most; eight at once: 128 MiB; one download is included."""
    noise = random.Random(100).randbytes(LARGE)
    envelopes = [
        sealed(agency_key, number=str(number), files=[("ban-do.bin", noise)]) for number in range(many)
    ]
    del noise
    process = start(site.folder)
    async with (
        site.client(process.url, "commune-tls") as commune,
        site.client(process.url, "province-tls") as province,
    ):
        assert (await commune.send(sealed(agency_key, number="999")))[0] == 201
        await province.inbox()
        idle = peak(process)
        answers = await asyncio.gather(*(commune.send(envelope) for envelope in envelopes))
        assert [answer[0] for answer in answers] == [201] * many, answers
        place = answers[0][1]["Location"]
        assert place.startswith(wire.ENVELOPES)
        code, _, body = await province.call("GET", place)
        assert (code, body) == (200, envelopes[0])
        raised = (peak(process) - idle) / 1024 / 1024
        assert raised <= most, raised
        print(f"{many} of 100 MB: {raised:.1f} MiB over {idle / 1024 / 1024:.1f}")
