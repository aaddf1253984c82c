"""The log is JSON whatever comes."""

from __future__ import annotations

import json
import logging

import pytest

from relay_server.log import LOGGER, JsonLines, log_to_stderr, tell


def test_the_log_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A client's line feeds and quotes stay inside their member."""
    log_to_stderr()
    try:
        tell("request", path='/v1/"\n{"event":"giả"}', agency="H99.31")
        try:
            raise ValueError("lỗi\nhai dòng")
        except ValueError as error:
            LOGGER.error("bug", exc_info=error)
        logging.getLogger("asyncio").error("socket.accept() out of system resource\nsocket: 6")
    finally:
        LOGGER.handlers, LOGGER.propagate = [], True
        for other in map(logging.getLogger, ("aiohttp", "asyncio")):
            other.handlers, other.propagate = [], True
    first, second, third = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["agency"], first["level"]) == ("request", "H99.31", "info")
    assert first["path"] == '/v1/"\n{"event":"giả"}'
    assert "ValueError" in second["trace"]
    assert third["event"].startswith("socket.accept()")
    assert isinstance(JsonLines(), logging.Formatter)
