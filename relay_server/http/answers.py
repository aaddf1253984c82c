"""Every request's frame: identify, handle, turn errors into problem documents (RFC 9457), log one line."""

from __future__ import annotations

import logging
import time

from aiohttp import ClientPayloadError, web
from aiohttp.typedefs import Handler, Middleware

from docsign.errors import DiskFullError, DocsignError, FileUnusableError, StorageError, WireError
from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError
from relay_server.http.guard import GuardedConnection
from relay_server.http.identity import AGENCY, CERTIFICATE, identify
from relay_server.http.metrics import METRICS
from relay_server.http.requests import RELAY
from relay_server.log import LOGGER, tell
from relay_server.services.relay import Caller

CALLER = web.RequestKey("caller", Caller)

RETRY_AFTER = {
    ProblemType.LEASED: 30,
    ProblemType.BUSY: 5,
    ProblemType.TOO_MANY: 30,
    ProblemType.DISK_FULL: 300,
    ProblemType.INTERNAL: 30,
}
"""Seconds after which a client may try again."""


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
            response = problem_response(problem)
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


def problem_of(error: Exception) -> Problem:
    """Return the problem document an error is answered with; what we do not know is our bug."""
    if isinstance(error, RefusalError):
        return error.problem
    if isinstance(error, WireError):
        return Problem.of(ProblemType.BAD_REQUEST, error.sentence, where=error.where)
    if isinstance(error, DiskFullError):
        return Problem.of(ProblemType.DISK_FULL, error.sentence)
    if isinstance(error, StorageError | FileUnusableError):  # no file here is the client's
        LOGGER.error("storage", exc_info=error)
        return Problem.of(ProblemType.BUSY, say("The relay's storage fails; its operator has to look."))
    if isinstance(error, web.HTTPMethodNotAllowed):
        return Problem.of(ProblemType.METHOD_NOT_ALLOWED, say("This method does not belong to this address."))
    if isinstance(error, web.HTTPNotFound):
        return Problem.of(ProblemType.NOT_FOUND, say("There is nothing at this address."))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem.of(ProblemType.TOO_LARGE, say("The request is too large."))
    if isinstance(error, web.HTTPException):
        return Problem.of(ProblemType.BAD_REQUEST, say("The request cannot be understood."))
    if isinstance(error, ConnectionError | ClientPayloadError):
        return Problem.of(ProblemType.BAD_REQUEST, say("The connection broke; send it again."), retry=True)
    if isinstance(error, DocsignError):
        return Problem.of(ProblemType.BAD_REQUEST, error.sentence, where=error.where)
    LOGGER.error("bug", exc_info=error)
    return Problem.of(
        ProblemType.INTERNAL, say("The relay failed; its operator finds the reason in its log.")
    )


def problem_response(problem: Problem) -> web.Response:
    """Return a problem as an answer."""
    response = web.Response(
        status=problem.status, body=problem.to_json(), headers={"Content-Type": wire.PROBLEM_TYPE}
    )
    kind = next((kind for kind in RETRY_AFTER if kind.value == problem.type), None)
    if problem.retry and kind is not None:
        response.headers["Retry-After"] = str(RETRY_AFTER[kind])
    return response


def json_response(body: bytes, *, status: int = 200) -> web.Response:
    """Return a JSON answer that nobody caches."""
    return web.Response(
        status=status, body=body, headers={"Content-Type": wire.JSON_TYPE, "Cache-Control": "no-store"}
    )
