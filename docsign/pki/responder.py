"""Serve a trial authority on loopback: time-stamps, OCSP, revocation lists, the issuers' certificates.

The network side of ``docsign pki serve`` and of the tests; the answers come from ``docsign.pki.stamping`` and
``docsign.pki.answering``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.files import read_file
from docsign.pki.certificates import load_certificates
from docsign.pki.keys import SigningKey
from docsign.pki.stamping import respond

REQUEST_LIMIT = 16 * 1024


Answer = Callable[[bytes, datetime], bytes]
"""Answers one OCSP request (DER) at a time."""


def application(tsa: SigningKey, trust_folder: Path, ocsp: Answer | None = None) -> web.Application:
    """Return the web application: ``POST /tsa``, ``POST /ocsp``, ``GET /crl/…``, ``GET /ca/…``."""

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

    async def issuer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in ("root.crt", "issuing.crt"):
            raise web.HTTPNotFound
        (certificate,) = load_certificates(read_file(trust_folder / name.replace(".crt", ".pem")))
        return web.Response(
            body=certificate.public_bytes(Encoding.DER),
            content_type="application/pkix-cert",  # RFC 2585 4
        )

    async def status(request: web.Request) -> web.Response:
        if ocsp is None:
            raise web.HTTPNotFound
        if request.content_type != "application/ocsp-request":  # RFC 6960 A.1
            raise web.HTTPUnsupportedMediaType
        answer = ocsp(await request.read(), datetime.now(UTC).replace(microsecond=0))
        return web.Response(body=answer, content_type="application/ocsp-response")

    served = web.Application(client_max_size=REQUEST_LIMIT)
    served.router.add_post("/tsa", stamp)
    served.router.add_post("/ocsp", status)
    served.router.add_get("/crl/{name}", revocation_list)
    served.router.add_get("/ca/{name}", issuer)
    return served


@asynccontextmanager
async def serving(
    tsa: SigningKey, trust_folder: Path, ocsp: Answer | None = None, *, port: int = 0
) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 while the block runs; yields the base address. Port 0 takes a free one."""
    runner = web.AppRunner(application(tsa, trust_folder, ocsp), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
