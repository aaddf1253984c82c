"""Errors become problem documents (RFC 9457), and the log is JSON whatever comes."""

from __future__ import annotations

import json
import logging

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
from relay_server.http.answers import problem_of, problem_response
from relay_server.log import LOGGER, JsonLines, log_to_stderr, tell

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


def test_the_log_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A client's line feeds and quotes stay inside their member."""
    log_to_stderr()
    try:
        tell("request", path='/v1/"\n{"event":"giả"}', agency="H99.31")
        try:
            raise ValueError("lỗi\nhai dòng")
        except ValueError as error:
            LOGGER.error("bug", exc_info=error)
    finally:
        LOGGER.handlers, LOGGER.propagate = [], True
        logging.getLogger("aiohttp").handlers = []
        logging.getLogger("aiohttp").propagate = True
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["agency"], first["level"]) == ("request", "H99.31", "info")
    assert first["path"] == '/v1/"\n{"event":"giả"}'
    assert "ValueError" in second["trace"]
    assert isinstance(JsonLines(), logging.Formatter)
