"""Errors as answers: problem documents (RFC 9457), when to come back, and nothing of our insides."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientPayloadError, web

from docsign.errors import DiskFullError, DocsignError, FileUnusableError, StorageError, WireError
from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError
from relay_server.log import LOGGER

RETRY_AFTER = {
    ProblemType.LEASED: 30,
    ProblemType.BUSY: 5,
    ProblemType.TOO_MANY: 30,
    ProblemType.DISK_FULL: 300,
    ProblemType.INTERNAL: 30,
}
"""Seconds after which a client may try again."""


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


def also_of(error: Exception) -> Mapping[str, str]:
    """Return the headers that say more of an error than its problem document."""
    if isinstance(error, web.HTTPMethodNotAllowed):  # RFC 9110 15.5.6
        return {"Allow": error.headers["Allow"]}
    return error.also if isinstance(error, RefusalError) else {}


def problem_response(problem: Problem, also: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem as an answer, with these headers besides."""
    response = web.Response(
        status=problem.status, body=problem.to_json(), headers={"Content-Type": wire.PROBLEM_TYPE}
    )
    kind = next((kind for kind in RETRY_AFTER if kind.value == problem.type), None)
    if problem.retry and kind is not None:
        response.headers["Retry-After"] = str(RETRY_AFTER[kind])
    response.headers.update(also or {})
    return response
