"""Slow and hostile clients: cut, told off, and never in the way of others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import Any

import pytest

from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.pki import SigningKey
from relay_server.http import requests
from relay_server.storage.bell import LocalBell
from tests.relay.conftest import Site, sealed, sha256, tls
from tests.relay.test_uploads import large
from tests.relay.test_wire_api import problem

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def raw(site: Site, url: str, identity: str, *, narrow: bool = False) -> Wire:
    """Open a TLS connection and say nothing; ``narrow``: with as little room for answers as there can be."""
    host, port = url.removeprefix("https://").split(":")
    plain = socket.socket()
    if narrow:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
    context = tls(site.authority, site.keys / f"{identity}.pem")
    return await asyncio.open_connection(sock=plain, ssl=context, server_hostname=host, limit=4096)


def head(method: str, path: str, **headers: str) -> bytes:
    """Return a request's first lines."""
    lines = [f"{method} {path} HTTP/1.1", "Host: relay", *(f"{n}: {v}" for n, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def announced(envelope: bytes, **more: str) -> bytes:
    """Return the first lines of a submission."""
    digest = wire.write_repr_digest(sha256(envelope))
    return head(
        "POST", wire.ENVELOPES, **{"Repr-Digest": digest, "Content-Length": str(len(envelope)), **more}
    )


async def test_a_connection_that_sends_no_whole_request_is_closed(site: Site) -> None:
    """Silent, or half a header and then one byte at a time: the patience of the relay ends it."""
    async with site.served(patience=1) as relay:
        silent, _ = await raw(site, relay.url, "commune-tls")
        reader, writer = await raw(site, relay.url, "commune-tls")
        writer.write(b"GET /v1/inbox HTTP/1.1\r\nHost: rel")

        async def drip() -> None:
            with contextlib.suppress(OSError):
                while True:
                    writer.write(b"a")
                    await writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        for one in (silent, reader):
            with contextlib.suppress(ConnectionError):
                assert await one.read() == b""
        dripping.cancel()


async def test_a_body_that_drips_is_given_up(site: Site, agency_key: SigningKey) -> None:
    """A few bytes now and then are no progress: the upload is refused as worth repeating, and cut."""
    envelope = sealed(agency_key)
    async with site.served(patience=1, least_progress=2000) as relay:
        reader, writer = await raw(site, relay.url, "commune-tls")
        writer.write(announced(envelope))

        async def drip() -> None:
            with contextlib.suppress(OSError):
                for at in range(len(envelope)):
                    writer.write(envelope[at : at + 1])
                    await writer.drain()
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await reader.read()
        dripping.cancel()
        assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
        assert b'"retry":true' in answer.replace(b" ", b"")
        async with site.client(relay.url, "commune-tls") as commune:
            assert (await commune.send(envelope))[0] == 201


async def test_a_reader_that_takes_nothing_is_cut(site: Site, agency_key: SigningKey) -> None:
    """A download that nobody reads does not hold its connection for ever; the bytes can be fetched again."""
    envelope = large(agency_key, 12_000_000)
    async with (
        site.served(patience=1, least_progress=1024 * 1024) as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        assert (await commune.send(envelope))[0] == 201
        reader, writer = await raw(site, relay.url, "province-tls", narrow=True)
        writer.write(head("GET", wire.envelope_path(sha256(envelope))))
        assert (await reader.readline()).split()[1] == b"200"
        while relay.quotas.open.total():  # noqa: ASYNC110 -- the other end tells nobody
            await asyncio.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            assert len(await reader.read()) < len(envelope)
        code, _, body = await province.call("GET", wire.envelope_path(sha256(envelope)))
        assert (code, body) == (200, envelope)


async def test_a_reader_that_takes_no_answers_is_cut(site: Site) -> None:
    """One request after another and nothing read: not only downloads would hold their connection for ever."""
    async with site.served(patience=1, least_progress=1024 * 1024) as relay:
        reader, writer = await raw(site, relay.url, "province-tls", narrow=True)
        writer.write(head("GET", "/openapi.json") * 200)
        assert (await reader.readline()).split()[1] == b"200"
        async with asyncio.timeout(20):
            while relay.quotas.open.total():  # noqa: ASYNC110 -- the other end tells nobody
                await asyncio.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()


async def test_too_many_connections_of_one_certificate_are_told_off(site: Site) -> None:
    """429 with Retry-After on the one too many, and its line is closed; another agency is served."""
    async with site.served(connections=3) as relay:
        held = [await raw(site, relay.url, "commune-tls") for _ in range(3)]
        async with site.client(relay.url, "commune-tls") as commune:
            answer = await commune.call("GET", wire.INBOX)
            problem(answer, ProblemType.TOO_MANY)
            assert int(answer[1]["Retry-After"]) > 0
            assert answer[1]["Connection"] == "close"
        async with site.client(relay.url, "province-tls") as province:
            await province.inbox()
        held[0][1].transport.abort()
        held[1][1].transport.abort()
        async with site.client(relay.url, "commune-tls") as commune:
            while (await commune.call("GET", wire.INBOX))[0] == 429:  # noqa: ASYNC110 -- until it is seen
                await asyncio.sleep(0.01)


async def test_a_refusal_comes_before_the_body_to_who_asks_first(site: Site, agency_key: SigningKey) -> None:
    """Expect: 100-continue: brake, bytes in flight and a full disk say no without a byte of the body."""
    envelope = sealed(agency_key)
    for settings, pressing, status in (
        ({}, 256, b"503"),
        ({"least_free_space": 2**60}, 0, b"507"),
        ({}, 0, b"100"),
    ):
        async with site.served(**settings) as relay:
            relay.relay.intake.pressing = pressing
            reader, writer = await raw(site, relay.url, "commune-tls")
            writer.write(announced(envelope, Expect="100-continue"))
            line = await reader.readline()
            assert line.split()[1] == status, line
            if status == b"100":
                await reader.readline()
                writer.write(envelope)
                assert (await reader.readline()).split()[1] == b"201"
            else:
                text = await reader.readuntil(b"}")
                assert b"Retry-After: " in text
            writer.transport.abort()


async def test_bytes_at_once_and_bytes_a_day_are_limited(site: Site, agency_key: SigningKey) -> None:
    """429 in both cases; what was being sent before is not disturbed."""
    envelope = sealed(agency_key)
    async with site.served(bytes_in_flight=len(envelope) + 10) as relay:
        reader, writer = await raw(site, relay.url, "commune-tls")
        writer.write(announced(envelope, Expect="100-continue"))
        await reader.readuntil(b"\r\n\r\n")
        async with site.client(relay.url, "commune-tls") as commune:
            problem(await commune.send(envelope), ProblemType.TOO_MANY)
        writer.write(envelope)
        assert (await reader.readline()).split()[1] == b"201"
        writer.transport.abort()
    most = 2 * len(envelope)
    async with site.served(bytes_a_day=most) as relay, site.client(relay.url, "commune-tls") as commune:
        assert [(await commune.send(envelope))[0] for _ in range(3)] == [201, 201, 429]


async def test_a_hostile_swarm_is_not_in_the_way_of_a_good_client(site: Site, agency_key: SigningKey) -> None:
    """Silent lines, half headers, stuck bodies, unread downloads and rubbish beside one who sends forty."""
    bait = large(agency_key, 3_000_000, number="1", to=("H99",))
    envelopes = [sealed(agency_key, number=str(number)) for number in range(2, 42)]
    async with site.served(connections=50) as relay, site.client(relay.url, "commune-tls") as commune:
        assert (await commune.send(bait))[0] == 201
        swarm: list[Wire] = []

        async def attack(number: int) -> None:
            reader, writer = await raw(site, relay.url, "province-tls", narrow=True)
            swarm.append((reader, writer))
            first: dict[int, bytes] = {
                0: b"",
                1: b"POST /v1/envelopes HTTP/1.1\r\nX: ",
                2: announced(bait) + bait[:5000],
                3: head("GET", wire.envelope_path(sha256(bait))),
                4: bytes(range(256)) * 64,
            }
            writer.write(first[number % 5])
            await writer.drain()

        await asyncio.gather(*(attack(number) for number in range(50)))
        answers: list[Any] = await asyncio.gather(*(commune.send(envelope) for envelope in envelopes))
        assert [answer[0] for answer in answers] == [201] * 40
        for _, writer in swarm:
            writer.transport.abort()
        async with site.client(relay.url, "province-tls") as province:
            while True:
                code, _, body = await province.call("GET", f"{wire.INBOX}?limit=100")
                if code != 429:
                    break
                await asyncio.sleep(0.01)
            assert len(wire.InboxPage.from_json(body).items) == 41, body


@pytest.mark.parametrize("over", [9, 20])
async def test_far_too_many_connections_get_no_answer(site: Site, over: int) -> None:
    """Beyond the few that are told off, a connection is cut at once."""
    async with site.served(connections=1) as relay:
        lines = [await raw(site, relay.url, "commune-tls") for _ in range(1 + over)]
        reader, writer = lines[-1]
        with contextlib.suppress(ConnectionError):
            writer.write(head("GET", wire.INBOX))
            assert await reader.read() == b""
        for _, other in lines:
            other.transport.abort()


async def test_a_connection_that_is_gone_already_is_cut_in_peace(site: Site) -> None:
    """A newer request ends an older one whose line broke and was closed from both sides."""
    async with site.served() as relay:
        _, writer = await raw(site, relay.url, "commune-tls")
        for _ in range(2):  # with the second close, the TLS of asyncio lets go of its connection
            writer.close()
        requests.cut(writer.transport)
        requests.cut(None)


async def test_a_waiting_request_goes_with_its_line(site: Site) -> None:
    """Long polls that their clients cut leave nobody waiting: a certificate holds what it may, no more."""
    async with site.served() as relay:
        bell = relay.relay.bell
        assert isinstance(bell, LocalBell)
        for _ in range(5):
            _, writer = await raw(site, relay.url, "commune-tls")
            writer.write(head("GET", f"{wire.INBOX}?wait=60"))
            while not bell.listeners("H99.31"):  # noqa: ASYNC110 -- nobody else tells
                await asyncio.sleep(0.01)
            writer.transport.abort()
            async with asyncio.timeout(5):
                while bell.listeners("H99.31"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


async def test_what_is_not_http_gets_a_problem_and_a_line_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """No echo of what was sent, and no trace of the program in the log."""
    caplog.set_level(logging.INFO)
    rubbish = (b"LAY /v1/inbox HTTP/9.9\r\n\r\n", b"GET /v1/inbox HTTP/1.1\r\nA\0: b\r\n\r\n")
    async with site.served() as relay:
        for one in rubbish:
            reader, writer = await raw(site, relay.url, "commune-tls")
            writer.write(one)
            answer = await reader.read()
            writer.close()
            first, _, body = answer.partition(b"\r\n\r\n")
            assert b" 400 " in first.split(b"\r\n")[0]
            assert Problem.from_json(body).type == ProblemType.BAD_REQUEST.value
    assert all(record.exc_info is None for record in caplog.records)
    told = [one.__dict__["facts"] for one in caplog.records if one.getMessage() == "request"]
    assert [(one["status"], len(one["certificate"])) for one in told] == [(400, 64)] * 2
