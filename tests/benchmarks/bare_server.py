"""The least a server of this kind can do: mutual TLS, HTTP, SHA-256, an answer. For ``bench_relay``.

    python -m tests.benchmarks.bare_server AUTHORITY.pem IDENTITY.pem

It keeps nothing and checks nothing, prints its address, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import sys

from aiohttp import web

from docsign.exchange import wire

ANSWER = b"x" * 4096
"""As long as a receipt with its proof."""


async def take(request: web.Request) -> web.Response:
    """Read the body and answer."""
    digest = hashlib.sha256()
    async for chunk in request.content.iter_any():
        digest.update(chunk)
    return web.Response(status=201, body=ANSWER, headers={"X-Digest": digest.hexdigest()})


async def main(authority: str, identity: str) -> None:
    """Serve for ever."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(identity)
    app = web.Application()
    app.router.add_post(wire.ENVELOPES, take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(f"https://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
