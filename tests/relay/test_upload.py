"""Turns at an upload: one request at a time, and the newer one ends the older."""

from __future__ import annotations

import asyncio

from relay_server.services.upload import Turns


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
