"""A computer that sends in pieces: announce, append, ask how far it came, go on (the IETF draft's way)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from docsign.exchange import wire
from tests.simulation.network import Answer, may_be_repeated

if TYPE_CHECKING:
    from tests.simulation.clients import Computer

PARTIAL = "application/partial-upload"


async def send_in_pieces(computer: Computer, name: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send an envelope in pieces until the relay has it; return the receipt's answer, or the refusal."""
    while True:
        announced = {**headers, "Upload_Complete": "?0", "Upload_Length": str(len(body))}
        answer = await computer.insist("POST", wire.UPLOADS, b"", about=name, **announced)
        if answer.status != 201 or answer.headers.get("upload-complete") == "?1":
            return answer
        path = answer.headers["location"]
        done = await _append(computer, name, body, path, int(answer.headers["upload-offset"]))
        if done is not None:
            return done


async def _append(computer: Computer, name: str, body: bytes, path: str, offset: int | None) -> Answer | None:
    """Append until there is a receipt; None where the upload is gone and has to be announced anew."""
    dice = computer.dice
    size = max(1, len(body) // dice.randint(1, 4))
    while True:
        if offset is None or offset == len(body) or dice.random() < 0.1:
            found = await computer.ask("HEAD", path, about=name)
            if found is None or found.status >= 500 or not found.headers:
                await asyncio.sleep(dice.uniform(1, 60))
                continue
            if found.status == 404:
                return None
            if found.status >= 400:
                return found
            if found.headers["upload-complete"] == "?1":
                return await computer.insist("GET", wire.receipt_path(name))
            offset = int(found.headers["upload-offset"])
            if offset == len(body):
                await asyncio.sleep(dice.uniform(1, 60))
                continue
        if dice.random() < 0.1:
            await asyncio.sleep(dice.choice([1, 300]))
        piece = body[offset : offset + size]
        last = offset + len(piece) == len(body)
        answer = await computer.ask(
            "PATCH", path, piece, about=name, Content_Type=PARTIAL,
            Upload_Offset=str(offset), Upload_Complete="?1" if last else "?0",
        )  # fmt: skip
        if answer is None or not answer.is_whole or may_be_repeated(answer) or answer.status == 409:
            await asyncio.sleep(dice.uniform(1, 60))
            offset = None
        elif answer.status == 404:
            return None
        elif answer.status != 204:
            return answer
        else:
            offset = int(answer.headers["upload-offset"])
