"""A line that breaks: a proxy for one relay that cuts each connection after so many bytes of the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Line:
    """The way to the relay at ``target`` (its URL, which may change); ``cuts`` are taken from the front.

    Each connection that carries more than the next cut allows is broken there, and the cut is used up.
    """

    target: str
    cuts: list[int] = field(default_factory=list)
    on_cut: Callable[[], None] = lambda: None
    url: str = ""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        target = urlsplit(self.target)
        try:
            up_reader, up_writer = await asyncio.open_connection(target.hostname, target.port)
        except OSError:
            writer.transport.abort()
            return
        back = asyncio.create_task(self._back(up_reader, writer))
        sent = 0
        with suppress(OSError):
            while data := await reader.read(16 * 1024):
                sent += len(data)
                if self.cuts and sent > self.cuts[0]:
                    keep = len(data) - (sent - self.cuts.pop(0))
                    up_writer.write(data[: max(0, keep)])
                    await up_writer.drain()
                    self.on_cut()
                    writer.transport.abort()
                    break
                up_writer.write(data)
                await up_writer.drain()
        up_writer.transport.abort()
        writer.transport.abort()
        back.cancel()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(16 * 1024):
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def line(target: str, *cuts: int) -> AsyncIterator[Line]:
    """Open a line to the relay at ``target``."""
    here = Line(target, list(cuts))
    server = await asyncio.start_server(here.carry, "127.0.0.1", 0)
    here.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        server.close()
