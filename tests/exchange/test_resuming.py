"""Sending in pieces, against answers the test wants (the real relay: tests/relay/test_uploads)."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from docsign.errors import RelayRefusedError, RelayUnreachableError, WireError
from docsign.exchange.problems import ProblemType
from docsign.exchange.resuming import send_resumably
from docsign.sentence import say

BODY = b"0123456789"
BROKEN = RelayUnreachableError(say("The connection to the relay broke."))


class Script:
    """Answers in order: headers of an answer, or an error to raise; keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bytes]] = []

    @asynccontextmanager
    async def ask(self, method: str, path: str, **options: Any) -> AsyncIterator[Any]:
        """Stand in for the client's request."""
        upload = options.get("upload")
        self.asked.append((method, path, b"" if upload is None else upload.read()))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield SimpleNamespace(header=lambda name: answer.get(name, ""), read=self.read)

    async def send(self) -> bytes | None:
        """Send the body."""
        return await send_resumably(self.ask, io.BytesIO(BODY), len(BODY), {})

    async def read(self, _limit: int) -> bytes:
        """Stand in for the body of an answer."""
        return b"receipt"


def at(offset: int) -> dict[str, str]:
    """Return the answer to an announcement of which so many bytes are there."""
    return {"Location": "/v1/uploads/a", "Upload-Offset": str(offset), "Upload-Complete": "?0"}


async def test_only_the_rest_is_sent_again_after_a_broken_line() -> None:
    """The relay says where it goes on; what has arrived wholly is answered with the receipt at once."""
    script = Script(at(0), BROKEN, at(7), {})
    assert await script.send() == b"receipt"
    assert [asked[2] for asked in script.asked] == [b"", BODY, b"", BODY[7:]]
    known = Script(at(0), BROKEN, {"Upload-Complete": "?1"})
    assert await known.send() == b"receipt"


async def test_a_relay_without_uploads_is_sent_the_whole() -> None:
    """404 or 405 to the announcement is no refusal of the envelope; any other refusal is."""
    for kind in (ProblemType.NOT_FOUND, ProblemType.METHOD_NOT_ALLOWED):
        assert (
            await Script(RelayRefusedError(say("There is nothing at this address."), problem=kind)).send()
            is None
        )
    with pytest.raises(RelayRefusedError):
        await Script(RelayRefusedError(say("x"), problem=ProblemType.TOO_LARGE)).send()


async def test_a_line_that_brings_nothing_any_more_is_given_up() -> None:
    """No progress over several attempts is an unreachable relay, not an endless loop."""
    with pytest.raises(RelayUnreachableError):
        await Script(*[at(3), BROKEN] * 10).send()


@pytest.mark.parametrize("headers", [{}, {"Location": "https://other/"}, {**at(0), "Upload-Offset": "11"}])
async def test_an_answer_that_makes_no_sense_is_named(headers: dict[str, str]) -> None:
    """Another address, or an offset past the end."""
    with pytest.raises(WireError):
        await Script(headers).send()
