"""Errors become problem documents (RFC 9457)."""

from __future__ import annotations

import pytest
from aiohttp import web

from docsign.errors import (
    DiskFullError,
    DocumentError,
    FileUnusableError,
    StorageError,
    WireError,
)
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError
from relay_server.http.problems import also_of, problem_of, problem_response

WHY = say("There is nothing at this address.")


@pytest.mark.parametrize(
    ("error", "kind", "retry"),
    [
        (RefusalError(ProblemType.LEASED, WHY), ProblemType.LEASED, True),
        (RefusalError(ProblemType.NOT_FOUND, WHY), ProblemType.NOT_FOUND, False),
        (WireError(WHY, where="handover.sha256"), ProblemType.BAD_REQUEST, False),
        (DiskFullError(WHY), ProblemType.DISK_FULL, True),
        (StorageError(WHY), ProblemType.BUSY, True),
        (FileUnusableError(WHY, where="/srv/relay/bodies"), ProblemType.BUSY, True),
        (DocumentError(WHY), ProblemType.BAD_REQUEST, False),
        (ConnectionResetError(), ProblemType.BAD_REQUEST, True),
        (web.HTTPNotFound(), ProblemType.NOT_FOUND, False),
        (web.HTTPMethodNotAllowed("PUT", ["GET"]), ProblemType.METHOD_NOT_ALLOWED, False),
        (web.HTTPRequestEntityTooLarge(1, 2), ProblemType.TOO_LARGE, False),
        (web.HTTPBadRequest(), ProblemType.BAD_REQUEST, False),
        (ZeroDivisionError(), ProblemType.INTERNAL, True),
    ],
)
def test_every_error_has_its_problem(error: Exception, kind: ProblemType, retry: bool) -> None:
    """Type, status, both languages, whether to come back and when; nothing of our insides."""
    problem = problem_of(error)
    assert (problem.type, problem.status, problem.retry) == (kind.value, kind.http_status, retry)
    assert problem.vi
    assert "ZeroDivision" not in problem.en
    assert "/srv" not in problem.where
    response = problem_response(problem)
    assert (response.status, response.content_type) == (kind.http_status, "application/problem+json")
    assert ("Retry-After" in response.headers) == (retry and kind is not ProblemType.BAD_REQUEST)


def test_an_answer_says_besides_what_its_error_does() -> None:
    """The methods an address has (RFC 9110 15.5.6), and a time to come back that is known exactly."""
    wrong = web.HTTPMethodNotAllowed("PUT", ["GET", "POST"])
    assert problem_response(problem_of(wrong), also_of(wrong)).headers["Allow"] == "GET,POST"
    tomorrow = RefusalError(ProblemType.TOO_MANY, WHY, also={"Retry-After": "86400"})
    assert problem_response(problem_of(tomorrow), also_of(tomorrow)).headers["Retry-After"] == "86400"
