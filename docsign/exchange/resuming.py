"""Sending a large envelope so that a broken line costs only what was on it: announce, send the rest, again.

The relay remembers by the envelope's digest how far it is: the same announcement, also by a later process, is
answered with the offset to go on from, or with the receipt where everything has arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import BinaryIO, Final

from docsign.envelope.evidence import RECEIPT_LIMIT
from docsign.errors import RelayRefusedError, RelayUnreachableError, WireError
from docsign.exchange import wire
from docsign.exchange.answers import Answer
from docsign.exchange.problems import ProblemType
from docsign.sentence import say

RESUMABLE: Final = 256 * 1024
"""The size in bytes from which on an envelope is sent so: a minute on a slow line."""
RESUMPTIONS: Final = 20
"""How often one sending picks up a broken line; each time some bytes must have arrived."""

Ask = Callable[..., AbstractAsyncContextManager[Answer]]


async def send_resumably(ask: Ask, stream: BinaryIO, size: int, headers: Mapping[str, str]) -> bytes | None:
    """Return the receipt's bytes, or None where the relay knows no uploads in pieces.

    ``headers`` are those of a plain submission. Raises what ``ask`` raises, RelayUnreachableError when a line
    breaks and nothing had arrived since the last time, WireError.
    """
    announced = {name: value for name, value in headers.items() if name != "Content-Length"}
    announced |= {"Upload-Length": str(size), "Upload-Complete": "?0"}
    reached = -1
    for attempt in range(RESUMPTIONS + 1):
        try:
            async with ask("POST", wire.UPLOADS, expected=(201,), headers=announced) as answer:
                if answer.header("Upload-Complete") == "?1":
                    return await answer.read(RECEIPT_LIMIT)
                place, offset = _place(answer), _offset(answer, size)
        except RelayRefusedError as error:
            if error.problem in (ProblemType.NOT_FOUND, ProblemType.METHOD_NOT_ALLOWED) and reached < 0:
                return None
            raise
        if attempt and offset <= reached and attempt > 2:
            raise RelayUnreachableError(say("The connection to the relay broke."), where=wire.UPLOADS)
        reached = offset
        stream.seek(offset)
        rest = {
            "Content-Type": "application/partial-upload",
            "Content-Length": str(size - offset),
            "Upload-Offset": str(offset),
            "Upload-Complete": "?1",
        }
        try:
            async with ask("PATCH", place, upload=stream, expected=(201,), headers=rest) as answer:
                return await answer.read(RECEIPT_LIMIT)
        except RelayUnreachableError:
            if attempt == RESUMPTIONS:
                raise
        except RelayRefusedError as error:
            # more had arrived than was told: the next announcement says how far it is now
            if error.problem != ProblemType.UPLOAD_OFFSET or attempt == RESUMPTIONS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _place(answer: Answer) -> str:
    place = answer.header("Location")
    if not place.startswith(f"{wire.UPLOADS}/"):
        raise WireError(say("The relay does not say where the upload goes on."), where="Location")
    return place


def _offset(answer: Answer, size: int) -> int:
    offset = answer.header("Upload-Offset")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 16 and int(offset) <= size):
        raise WireError(say("The relay does not say how far the upload is."), where="Upload-Offset")
    return int(offset)
