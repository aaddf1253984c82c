"""Turns at an upload: one request at a time, and the newer one ends the older."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from relay_server.core.uploads import Upload
from relay_server.services.upload import Turns, UploadDesk
from relay_server.storage.uploads import DiskUploads
from tests.relay.values import COMMUNE, PROVINCE
from tests.relay.world import World


async def test_a_newer_request_ends_the_older_and_then_has_the_upload_alone() -> None:
    """The older one is told to give way, finishes what it holds, and only then the newer one begins."""
    turns, seen, ended = Turns(), list[str](), asyncio.Event()

    async def older() -> None:
        async with turns.taken("a", ended.set):
            seen.append("older begins")
            await ended.wait()
            await asyncio.sleep(0)
            seen.append("older ends")

    task = asyncio.create_task(older())
    await asyncio.sleep(0)
    async with turns.taken("b", lambda: None):
        assert not ended.is_set()  # another upload is nobody's business
    async with turns.taken("a", lambda: None):
        seen.append("newer begins")
    await task
    assert seen == ["older begins", "older ends", "newer begins"]
    async with turns.taken("a", lambda: None):
        pass


async def test_an_offset_is_told_when_the_older_request_has_put_down_what_it_held(tmp_path: Path) -> None:
    """Whoever picks an upload up after a cut goes on behind all that had arrived, and is not refused."""
    world = await World.make(COMMUNE, PROVINCE)
    desk = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads"))
    commune, cut, held = world.callers[COMMUNE], asyncio.Event(), asyncio.Event()

    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        held.set()
        await cut.wait()
        raise ConnectionResetError

    announced = await desk.begin(commune, sha256="a" * 64, length=5000)
    assert isinstance(announced, Upload)
    older = asyncio.create_task(
        desk.append(commune, announced.id, breaking(), offset=0, give_way=cut.set, complete=True)
    )
    await held.wait()
    again = await desk.begin(commune, sha256="a" * 64, length=5000, pick_up=True)
    assert isinstance(again, Upload)
    assert (again.id, again.offset) == (announced.id, 1000)
    assert isinstance((await asyncio.gather(older, return_exceptions=True))[0], ConnectionResetError)
