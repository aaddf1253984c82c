"""One connection to the wire API, guarded: counted for its certificate, and cut when it says nothing.

A connection that brings no whole request within the patience of the relay is closed (slow handshakes and slow
headers alike); bodies and downloads have their own timers, which look at progress (``requests``, ``api``).
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Any, Final, cast

from aiohttp import web

from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.quotas import Quotas
from relay_server.core.refusals import RefusalError

HANDSHAKE_SECONDS: Final = 10.0
LINGERING_SECONDS: Final = 2.0
"""How long what a refused client still sends is read and thrown away, so that it sees the answer."""
BACKLOG: Final = 512


class GuardedConnection(web.RequestHandler):
    """A connection of the wire API."""

    def __init__(self, server: web.Server, quotas: Quotas, *, patience: float) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=patience,
            lingering_time=LINGERING_SECONDS,
            access_log=cast("Any", None),
            auto_decompress=False,
        )
        self._quotas = quotas
        self._entered = ""
        self._is_over = False

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
        """Count it off."""
        if self._entered:
            self._quotas.leave(self._entered)
            self._entered = ""
        super().connection_lost(exc)

    def require_allowed(self) -> None:
        """Raise RefusalError on a connection past its certificate's limit."""
        if self._is_over:
            raise RefusalError(
                ProblemType.TOO_MANY, say("This computer has too many connections; close some of them.")
            )


async def listen(
    server: web.Server,
    quotas: Quotas,
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    patience: float,
) -> asyncio.Server:
    """Listen with guarded connections; raises OSError."""
    return await asyncio.get_running_loop().create_server(
        lambda: GuardedConnection(server, quotas, patience=patience),
        host,
        port,
        ssl=context,
        backlog=BACKLOG,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
    )
