"""Serve a trial authority on loopback: RFC 3161 time-stamps at ``/tsa``, revocation lists at ``/crl/…``.

The network side of ``docsign pki serve`` and of the tests; the answers come from ``docsign.pki.stamping``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from docsign.files import read_file
from docsign.pki.keys import SigningKey
from docsign.pki.stamping import respond

REQUEST_LIMIT = 16 * 1024


def application(tsa: SigningKey, trust_folder: Path) -> web.Application:
    """Return the web application: ``POST /tsa``, ``GET /crl/root.crl``, ``GET /crl/issuing.crl``."""

    async def stamp(request: web.Request) -> web.Response:
        if request.content_type != "application/timestamp-query":  # RFC 3161 3.4
            raise web.HTTPUnsupportedMediaType
        answer = respond(await request.read(), tsa, at=datetime.now(UTC))
        return web.Response(body=answer, content_type="application/timestamp-reply")

    async def revocation_list(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in ("root.crl", "issuing.crl"):
            raise web.HTTPNotFound
        return web.Response(body=read_file(trust_folder / name), content_type="application/pkix-crl")

    served = web.Application(client_max_size=REQUEST_LIMIT)
    served.router.add_post("/tsa", stamp)
    served.router.add_get("/crl/{name}", revocation_list)
    return served


@asynccontextmanager
async def serving(tsa: SigningKey, trust_folder: Path, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 while the block runs; yields the base address. Port 0 takes a free one."""
    runner = web.AppRunner(application(tsa, trust_folder), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
