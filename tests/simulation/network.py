"""A network in virtual time: requests over connections that lose, delay, repeat and cut.

The relay's end is its real HTTP server, given a transport instead of a socket; the other end writes and reads
HTTP/1.1 by itself. One connection for one request.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.virtual_time import Machine, VirtualLoop

PATIENCE = 150.0
"""Seconds after which a client gives up waiting for an answer."""


class LostError(Exception):
    """The client does not know what became of its request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``is_whole`` is False where the connection broke within the body."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool = True


class Shown:
    """The TLS object of a connection, as far as the relay asks it."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def getpeercert(self, binary_form: bool = False) -> bytes:
        """Return the client's certificate."""
        assert binary_form
        return self._certificate


def fingerprint(identity: str) -> str:
    """Return the SHA-256 of the certificate that a client of this identity shows."""
    return hashlib.sha256(identity.encode()).hexdigest()


class Connection(asyncio.Transport):
    """The relay's end of a connection; what it writes is gathered for the client."""

    def __init__(self, identity: str) -> None:
        super().__init__()
        self._shown = Shown(identity.encode())
        self.received = bytearray()
        self.changed = asyncio.Event()
        self.is_over = False
        self.protocol: Any = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the TLS object and an address."""
        return {"ssl_object": self._shown, "peername": ("192.0.2.1", 1), "sslcontext": True}.get(
            name, default
        )

    def write(self, data: Any) -> None:
        """Send to the client."""
        if not self.is_over:
            self.received += data
            self.changed.set()

    def writelines(self, list_of_data: Any) -> None:
        """Send to the client."""
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        """Say whether it is over."""
        return self.is_over

    def close(self) -> None:
        """End it from the relay's side."""
        self.end(None)

    def abort(self) -> None:
        """End it from the relay's side."""
        self.end(None)

    def end(self, error: Exception | None) -> None:
        """End it; the relay's code is told in its next turn."""
        if not self.is_over:
            self.is_over = True
            self.changed.set()
            if self.protocol is not None:
                asyncio.get_running_loop().call_soon(self.protocol.connection_lost, error)

    def set_protocol(self, protocol: Any) -> None:
        """Talk to another protocol."""
        self.protocol = protocol

    def get_protocol(self) -> Any:
        """Return who is talked to."""
        return self.protocol

    def get_write_buffer_size(self) -> int:
        """Return 0: the client takes everything at once."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing: requests are small."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def is_reading(self) -> bool:
        """Say yes."""
        return True


@dataclass(slots=True)
class Network:
    """The lines between the clients and one relay."""

    loop: VirtualLoop
    dice: random.Random
    met: Counter[str]
    find_server: Callable[[], tuple[Machine, Any] | None]
    faults: float = 0.0
    connections: dict[Connection, None] = field(default_factory=dict)
    """In the order they were made: a set's order is another one in every process."""
    repeats: set[asyncio.Task[Any]] = field(default_factory=set)

    def break_all(self) -> None:
        """Break every connection: the other side is dead."""
        for connection in tuple(self.connections):
            connection.protocol = None
            connection.end(None)

    async def ask(self, identity: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request and return its answer; raises LostError."""
        lines = [f"{method} {path} HTTP/1.1", "Host: relay.test", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join([*lines, "", ""]).encode() + body
        fault = ""
        if self.dice.random() < self.faults:
            fault = self.dice.choice(["lost", "cut", "answer lost", "answer cut", "delayed", "repeated"])
            self.met[f"network: {fault}"] += 1
        await asyncio.sleep(self.dice.expovariate(1 / 0.05))
        if fault == "delayed":
            await asyncio.sleep(self.dice.uniform(1, 400))
        if fault == "lost":
            raise LostError("the request was lost")
        if fault == "repeated":
            task = self.loop.create_task(self._repeat(identity, request))
            self.repeats.add(task)
            task.add_done_callback(self.repeats.discard)
        return await self._exchange(identity, request, fault)

    async def _repeat(self, identity: str, request: bytes) -> None:
        await asyncio.sleep(self.dice.uniform(0, 600))
        try:
            await self._exchange(identity, request, "")
        except LostError:
            return

    async def _exchange(self, identity: str, request: bytes, fault: str) -> Answer:
        server = self.find_server()
        if server is None:
            raise LostError("nobody listens")
        machine, make = server
        connection = Connection(identity)
        protocol = make()
        connection.protocol = protocol
        self.connections[connection] = None
        try:
            machine.call(protocol.connection_made, connection)
            if fault == "cut":
                request = request[: self.dice.randrange(len(request))]
            await self._upload(machine, connection, request)
            if fault == "cut":
                raise LostError("the request was cut")
            if fault == "answer lost" and self.dice.random() < 0.5:
                raise LostError("hung up before the answer")
            answer = await self._listen(connection, is_head=request.startswith(b"HEAD "))
        finally:
            self.connections.pop(connection, None)
            connection.end(ConnectionResetError())
        if fault == "answer lost":
            raise LostError("the answer was lost")
        if fault == "answer cut":
            cut = self.dice.randrange(len(answer.body) + 1)
            return Answer(
                status=answer.status, headers=answer.headers, body=answer.body[:cut], is_whole=False
            )
        return answer

    async def _upload(self, machine: Machine, connection: Connection, request: bytes) -> None:
        pieces = self.dice.randint(1, 3)
        step = -(-len(request) // pieces) or 1
        for start in range(0, len(request), step):
            if connection.protocol is not None and not connection.is_over:
                machine.call(connection.protocol.data_received, request[start : start + step])
            await asyncio.sleep(self.dice.expovariate(1 / 0.01))

    async def _listen(self, connection: Connection, *, is_head: bool) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    answer = _parsed(bytes(connection.received), is_head=is_head)
                    if answer is not None and (answer.is_whole or connection.is_over):
                        return answer
                    if connection.is_over:
                        raise LostError("the connection broke")
                    connection.changed.clear()
                    await connection.changed.wait()
        except TimeoutError as error:
            raise LostError("no answer in time") from error


def _parsed(data: bytes, *, is_head: bool) -> Answer | None:
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    if status == 100:
        return _parsed(body, is_head=is_head)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = 0 if is_head else int(headers.get("content-length", "0"))
    return Answer(status=status, headers=headers, body=body[:length], is_whole=len(body) >= length)


def may_be_repeated(answer: Answer) -> bool:
    """Say whether the relay means that the same request may succeed later."""
    if answer.status < 400:
        return False
    try:
        return bool(json.loads(answer.body)["retry"])
    except (ValueError, KeyError):
        return answer.status >= 500
