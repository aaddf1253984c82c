"""Every request's frame: identify, handle, answer errors as problems, log one line."""

from __future__ import annotations

import logging
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from relay_server.http.guard import GuardedConnection
from relay_server.http.identity import AGENCY, CERTIFICATE, identify
from relay_server.http.metrics import METRICS
from relay_server.http.problems import also_of, problem_of, problem_response
from relay_server.http.requests import RELAY
from relay_server.log import tell
from relay_server.services.relay import Caller

CALLER = web.RequestKey("caller", Caller)


def framed() -> Middleware:
    """Return the one middleware of the wire API."""

    @web.middleware
    async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        problem: Problem | None = None
        try:
            if isinstance(request.protocol, GuardedConnection):
                request.protocol.require_allowed()
            request[CALLER] = await identify(request.app[RELAY], request)
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 -- the last line of defence: said, logged, answered
            problem = problem_of(error)
            response = problem_response(problem, also_of(error))
            if problem.type == ProblemType.TOO_MANY:
                response.force_close()
        seconds = time.monotonic() - began
        request.app[METRICS].count(request.method, response.status, seconds)
        tell(
            "request",
            level=logging.INFO if response.status < 500 else logging.WARNING,
            method=request.method,
            path=request.path[:200],
            status=response.status,
            agency=request.get(AGENCY),
            certificate=request.get(CERTIFICATE),
            acting_for=acting_for(request.get(CALLER)),
            problem=problem and problem.title,
            reason=problem and problem.en,
            ms=round(seconds * 1000, 1),
        )
        return response

    return frame


def acting_for(caller: Caller | None) -> str | None:
    """Return the code of the agency another one acts for in this request; None where each acts for itself."""
    return caller.code if caller is not None and caller.delegate is not None else None


def json_response(body: bytes, *, status: int = 200) -> web.Response:
    """Return a JSON answer that nobody caches."""
    return web.Response(
        status=status, body=body, headers={"Content-Type": wire.JSON_TYPE, "Cache-Control": "no-store"}
    )
