"""One connection to the wire API, guarded: counted for its certificate, and cut when it says nothing.

A connection that brings no whole request within the patience of the relay is closed (slow handshakes and slow
headers alike), and so is one that does not take its answer; bodies and downloads have their own timers, which
look at progress (``requests``, ``api``).
What never becomes a request is logged here: a line that TLS turns away, and what is not HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from aiohttp import web

from docsign.exchange.wire import Problem, ProblemType
from docsign.sentence import say
from relay_server.core.quotas import Quotas
from relay_server.core.refusals import RefusalError
from relay_server.http.problems import problem_response
from relay_server.http.requests import cut
from relay_server.log import tell

HANDSHAKE_SECONDS: Final = 10.0
LINGERING_SECONDS: Final = 2.0
"""How long what a refused client still sends is read and thrown away, so that it sees the answer."""
BACKLOG: Final = 512


class Handshake(ssl.SSLObject):
    """TLS that logs whom it turns away; what breaks off by itself or is no TLS is nobody's."""

    def do_handshake(self) -> None:
        """See SSLObject."""
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                tell("turned away", reason=f"The certificate is not accepted: {error.verify_message}.")
            elif error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
                tell("turned away", reason="No certificate was shown.")
            raise


class GuardedConnection(web.RequestHandler):
    """A connection of the wire API."""

    def __init__(self, server: web.Server, quotas: Quotas, *, patience: float, progress: int) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=patience,
            lingering_time=LINGERING_SECONDS,
            access_log=cast("Any", None),
            auto_decompress=False,
        )
        self._quotas = quotas
        self._patience = patience
        self._progress = progress
        self._entered = ""
        self._is_over = False
        self._hung_up: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; one far too many is cut at once."""
        super().connection_made(transport)
        connection = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
        shown = connection.getpeercert(binary_form=True) if connection is not None else None
        if shown is None:
            return
        self._entered = hashlib.sha256(shown).hexdigest()
        allowed = self._quotas.enter(self._entered)
        self._is_over = allowed is False
        if allowed is None:
            cast("asyncio.Transport", transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it off, and let go the request that waits."""
        if self._entered:
            self._quotas.leave(self._entered)
            self._entered = ""
        if self._hung_up is not None:
            self._hung_up()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; a reader that takes less of it than the least progress is cut."""
        body = resp.body if isinstance(resp, web.Response) else None
        size = len(body) if isinstance(body, bytes) else 0
        slowest = max(1.0, size / max(1, self._progress)) * self._patience
        watch = asyncio.get_running_loop().call_later(slowest, cut, self.transport)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            watch.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP as everything that is wrong is answered; one line in the log, no trace."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        problem = Problem.of(ProblemType.BAD_REQUEST, say("The request cannot be understood."))
        tell(
            "request",
            status=problem.status,
            certificate=self._entered or None,
            problem=problem.title,
            reason=problem.en,
            cause=type(exc).__name__,
        )
        response = problem_response(problem)
        response.force_close()
        return response

    def on_hang_up(self, let_go: Callable[[], None]) -> None:
        """Call ``let_go`` when the line ends, at once where it has; one request at a time has a line."""
        if self.transport is None:
            let_go()
        self._hung_up = let_go

    def require_allowed(self) -> None:
        """Raise RefusalError on a connection past its certificate's limit."""
        if self._is_over:
            raise RefusalError(
                ProblemType.TOO_MANY, say("This computer has too many connections; close some of them.")
            )


def when_hung_up(request: web.Request, let_go: Callable[[], None]) -> None:
    """Call ``let_go`` when the line of a request ends."""
    if isinstance(request.protocol, GuardedConnection):
        request.protocol.on_hang_up(let_go)


async def listen(
    server: web.Server,
    quotas: Quotas,
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    patience: float,
    progress: int,
) -> asyncio.Server:
    """Listen with guarded connections; raises OSError."""
    if context is not None:
        context.sslobject_class = Handshake
    return await asyncio.get_running_loop().create_server(
        lambda: GuardedConnection(server, quotas, patience=patience, progress=progress),
        host,
        port,
        ssl=context,
        backlog=BACKLOG,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
    )
