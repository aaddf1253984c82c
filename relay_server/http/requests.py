"""What a request says, read strictly: digests, lengths, ranges, numbers, small bodies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from aiohttp import web

from docsign.errors import WireError
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.quotas import Quotas
from relay_server.core.refusals import RefusalError
from relay_server.http.identity import CERTIFICATE
from relay_server.services.relay import Relay, sha256_of

RELAY = web.AppKey("relay", Relay)
QUOTAS = web.AppKey("quotas", Quotas)

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def declared_digest(request: web.Request) -> str:
    """Return the announced SHA-256 (RFC 9530); raises WireError."""
    value = request.headers.get(wire.DIGEST_HEADER)
    if value is None:
        raise WireError(say("This header is needed: the SHA-256 of the content."), where=wire.DIGEST_HEADER)
    return wire.read_repr_digest(value)


def require_plain(request: web.Request) -> None:
    """Raise RefusalError for a packed body: what is counted must be what is kept."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RefusalError(
            ProblemType.ENCODING_REFUSED,
            say("The content must come as it is, without Content-Encoding."),
            where="Content-Encoding",
        )


def time_to_live(request: web.Request) -> timedelta | None:
    """Return the time to live the sender asks for; raises WireError."""
    value = request.headers.get(wire.TIME_TO_LIVE_HEADER)
    if value is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise WireError(say("A whole number of seconds is needed here."), where=wire.TIME_TO_LIVE_HEADER)
    return timedelta(seconds=int(value))


def number(request: web.Request, name: str, *, default: int, most: int) -> int:
    """Return a whole number of the query, capped at ``most``; raises WireError."""
    value = request.query.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise WireError(say("A whole number is needed here."), where=f"query.{name}")
    return min(int(value), most)


def named(request: web.Request) -> str:
    """Return the digest in the path; what is none names nothing here."""
    sha256 = request.match_info["sha256"]
    if not wire.is_sha256(sha256):
        raise RefusalError(
            ProblemType.NOT_FOUND, say("An envelope is named by 64 lower-case hex digits."), where="path"
        )
    return sha256


@contextmanager
def taking_in(request: web.Request) -> Iterator[None]:
    """Hold the room of this request's body for its certificate; raises RefusalError (too many)."""
    size = request.content_length
    with request.app[QUOTAS].coming(
        request[CERTIFICATE], request.app[RELAY].limits.envelope if size is None else size
    ):
        yield


async def streamed(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes; raises RefusalError when too little comes, or too much in a day."""
    await allow_body(request)
    relay, quotas, certificate = request.app[RELAY], request.app[QUOTAS], request[CERTIFICATE]
    patience, progress = relay.limits.patience.total_seconds(), relay.limits.progress
    loop = asyncio.get_running_loop()
    until, came = loop.time() + patience, 0
    while not request.content.at_eof():
        chunk = request.content.read_nowait()  # what is here already needs no timer
        try:
            if not chunk:
                async with asyncio.timeout_at(until):
                    chunk = await request.content.readany()
        except TimeoutError as error:
            if came >= progress:
                until, came = loop.time() + patience, 0
                continue
            raise RefusalError(
                ProblemType.BAD_REQUEST, say("The upload has fallen silent; send it again."), retry=True
            ) from error
        if not chunk:
            return
        came += len(chunk)
        quotas.came(certificate, len(chunk), relay.now())
        yield chunk


def cut(transport: asyncio.WriteTransport | None) -> None:
    """End a connection at once; one that is gone already stays so."""
    if transport is not None:
        with suppress(AttributeError):  # the TLS of Python 3.11.2, where the connection was closed twice
            transport.abort()


async def allow_body(request: web.Request) -> None:
    """Say "go on" to a client that asked first (RFC 9110 10.1.1), now that nothing speaks against it."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def ask_first(_request: web.Request) -> None:
    """Keep aiohttp from saying "go on" before the caller is known."""


async def small_body(request: web.Request, limit: int) -> bytes:
    """Return a whole body of at most ``limit`` bytes, with the digest it announces, if it does."""
    require_plain(request)
    body = bytearray()
    async for chunk in streamed(request):
        body += chunk
        if len(body) > limit:
            raise RefusalError(
                ProblemType.TOO_LARGE, say("The request is too large: {limit} bytes at most.", limit=limit)
            )
    if wire.DIGEST_HEADER in request.headers and declared_digest(request) != sha256_of(bytes(body)):
        raise RefusalError(
            ProblemType.DIGEST_MISMATCH,
            say("The bytes that arrived are not those announced: the SHA-256 differs."),
            where=wire.DIGEST_HEADER,
        )
    return bytes(body)


def wanted_range(request: web.Request, size: int, etag: str = "") -> tuple[int, int] | None:
    """Return (start, end without) of a Range header, None for the whole; raises RefusalError (RFC 9110 14).

    Several ranges, or units other than bytes, are answered with the whole, as the standard allows.
    """
    if request.headers.get("If-Range", etag) != etag:
        return None  # RFC 9110 13.1.5
    value = request.headers.get("Range")
    found = _RANGE.fullmatch(value.replace(" ", "")) if value else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= end:
        raise RefusalError(
            ProblemType.RANGE,
            say("The envelope has only {size} bytes.", size=size),
            where="Range",
            also={"Content-Range": f"bytes */{size}"},  # RFC 9110 15.5.17
        )
    return start, end
