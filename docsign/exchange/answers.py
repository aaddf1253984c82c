"""What a relay answers, read with an end in sight, and what its failures and refusals are called.

An answer that stops, or only drips, is a broken line: whatever the other side does, reading ends. What the
bytes mean is not judged here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from docsign.errors import (
    DocsignError,
    RelayBusyError,
    RelayIdentityError,
    RelayRefusedError,
    RelayUnreachableError,
    UsageError,
    WireError,
)
from docsign.exchange import wire
from docsign.exchange.problems import Problem, ProblemType
from docsign.exchange.tls import identity_refused, is_alert, relay_not_trusted
from docsign.sentence import say

SILENCE: Final = 60.0
"""Seconds without a byte from the relay after which the connection counts as broken."""
LEAST_PROGRESS: Final = 8 * 1024
"""Bytes that an answer must bring in SILENCE seconds as long as it has not ended."""
SLOWEST: Final = 4 * 1024
"""Bytes a second of the slowest line on which what we said still leaves this computer in time."""
UNSENT: Final = 1024 * 1024
"""Bytes that may have left our hands and still lie in this computer's buffers."""

_PIECE = 256 * 1024
_LATER: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.MISDIRECTED_REQUEST,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


def patience(size: int) -> float:
    """Return the seconds to wait for an answer after ``size`` bytes were handed over to be sent.

    Buffers take much of them at once and a slow line takes its time to empty those: that is no silence.
    """
    return SILENCE + min(size, UNSENT) / SLOWEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose head has come; ``watch`` ends its reading when too little comes."""

    response: aiohttp.ClientResponse
    watch: asyncio.Timeout

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status

    @property
    def path(self) -> str:
        """What was asked for."""
        return self.response.url.path

    def header(self, name: str) -> str:
        """Return a header, empty where there is none."""
        return self.response.headers.get(name, "")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece."""
        loop = asyncio.get_running_loop()
        self.watch.reschedule(loop.time() + SILENCE)
        came = 0
        async for piece in self.response.content.iter_chunked(_PIECE):
            came += len(piece)
            if came >= LEAST_PROGRESS:
                self.watch.reschedule(loop.time() + SILENCE)
                came = 0
            yield piece
        self.watch.reschedule(None)

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raises WireError where it is longer than ``limit`` bytes."""
        pieces: list[bytes] = []
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise WireError(say("The relay's answer is too long."), where=self.path)
            pieces.append(piece)
        return b"".join(pieces)

    async def require(self, expected: Collection[int], address: str) -> None:
        """Raise the error that this answer is where its status is not one of ``expected``."""
        if self.status not in expected:
            raise await self._refusal(address)

    async def _refusal(self, address: str) -> DocsignError:
        problem: Problem | None = None
        if self.response.content_type == wire.PROBLEM_TYPE:
            with suppress(WireError):
                problem = Problem.from_json(await self.read(64 * 1024))
        waiting = self.header("Retry-After")
        later = int(waiting) if waiting.isascii() and waiting.isdigit() and len(waiting) < 7 else None
        if problem is None:
            if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in _LATER:
                sentence = say("The relay cannot take this now (HTTP {status}).", status=self.status)
                return RelayBusyError(sentence, where=address, retry_after=later)
            # a refusal of the relay's says why: this is another's word
            return WireError(
                say("The relay answers HTTP {status} without a reason.", status=self.status), where=address
            )
        if problem.type == ProblemType.UNKNOWN_AGENCY:
            return RelayIdentityError(problem.sentence, where=problem.where or address)
        if problem.retry or self.status in (429, 503):
            return RelayBusyError(problem.sentence, where=problem.where, retry_after=later)
        return RelayRefusedError(problem.sentence, problem=problem.type, where=problem.where)


# ---- failures --------------------------------------------------------------------------------------------


@asynccontextmanager
async def translating(address: str) -> AsyncIterator[None]:
    """Turn what aiohttp and OpenSSL raise into the library's errors."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError) as error:
        raise _meaning(error, address) from error


def _meaning(error: BaseException, address: str) -> DocsignError:
    """Return what went wrong, in the library's words."""
    tls = _tls_error(error)
    if tls is not None and is_alert(tls):
        return identity_refused(address)
    if tls is not None:
        return relay_not_trusted(tls, address)
    if isinstance(error, aiohttp.InvalidURL):
        return UsageError(say("This is no address of a relay (https://…)."), where=address)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return RelayUnreachableError(say("The relay's name is not found; is there a network?"), where=address)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return RelayUnreachableError(
            say("The relay cannot be reached: no network, or it is down."), where=address
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return WireError(say("What the relay answers is no HTTP."), where=address)
    if isinstance(error, TimeoutError):
        return RelayUnreachableError(say("The relay has fallen silent."), where=address)
    return RelayUnreachableError(say("The connection to the relay broke."), where=address)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error inside an error of aiohttp's, but not one that is a mere broken connection."""
    seen: BaseException | None = error
    while seen is not None:
        inside = (getattr(seen, name, None) for name in ("certificate_error", "os_error"))
        for one in (*inside, seen):
            if isinstance(one, aiohttp.ClientError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
                continue
            if isinstance(one, ssl.SSLError):
                return one
        seen = seen.__cause__ or seen.__context__
    return None
