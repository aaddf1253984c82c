"""Answers that never end, come too late or are no answers: reading ends, and the failure has its name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from docsign.errors import RelayUnreachableError, WireError
from docsign.exchange import RelayClient
from docsign.exchange.answers import SILENCE, SLOWEST, UNSENT, patience
from docsign.pki import Trust
from tests.exchange.conftest import MakeEnvelope
from tests.exchange.relay_double import RelayDouble

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NAME = "a" * 64


@asynccontextmanager
async def talking(talk: Talk, p12: Path, trust: Trust) -> AsyncIterator[RelayClient]:
    """Give a client of a relay that shows the right certificate and then says whatever ``talk`` says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(p12 / "relay-tls.pem")

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context, limit=2**16)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with RelayClient(url, identity=p12 / "commune-tls.pem", trust=trust) as client:
            yield client


def repeating(head: bytes, piece: bytes) -> Talk:
    """Return the talk that begins with ``head`` and goes on with ``piece`` for ever, slowly."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.1)

    return talk


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"HTTP/1.1 503 Busy\r\nContent-Type: application/problem+json\r\n\r\n", b" "),
    ],
)
async def test_what_only_drips_has_an_end(
    head: bytes, piece: bytes, p12: Path, trust: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then is no progress: neither a list nor a download waits for it for ever."""
    monkeypatch.setattr("docsign.exchange.answers.SILENCE", 0.3)
    monkeypatch.setattr("docsign.exchange.client.CONNECT_TIME", 1.0)
    monkeypatch.setattr("docsign.exchange.client.RESUMPTIONS", 0)
    async with talking(repeating(head, piece), p12, trust) as client, asyncio.timeout(20):
        with pytest.raises(RelayUnreachableError, match="silent"):
            await client.inbox()
        with pytest.raises(RelayUnreachableError, match="silent"):
            await client.fetch(NAME, tmp_path / "cong-van.asice")


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\xffrubbish\r\n\r\n" * 5,
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 1000,
    ],
)
async def test_what_is_no_http_is_named(said: bytes, p12: Path, trust: Trust) -> None:
    """Rubbish, lengths that are none and heads without end are not a line that broke."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        await reader.read(1)

    async with talking(talk, p12, trust) as client:
        with pytest.raises(WireError, match="no HTTP"):
            await client.inbox()


async def test_a_line_that_broke_twice_is_no_word_about_our_certificate(p12: Path, trust: Trust) -> None:
    """Only a relay that hangs up on every silent caller is taken to dislike who calls."""
    calls = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            writer.close()
        else:
            await reader.read(1)

    async with talking(talk, p12, trust) as client:
        with pytest.raises(RelayUnreachableError, match="broke"):
            await client.inbox()
    assert calls == 3


async def test_a_slow_line_is_given_the_time_it_needs(
    p12: Path, trust: Trust, make_envelope: MakeEnvelope, monkeypatch: pytest.MonkeyPatch, double: RelayDouble
) -> None:
    """What lies in this computer's buffers and has not left yet is no silence of the relay's."""
    monkeypatch.setattr("docsign.exchange.answers.SILENCE", 0.4)
    monkeypatch.setattr("docsign.exchange.answers.SLOWEST", 100_000)
    envelope = make_envelope(size=200_000)
    receipt = double.keep(envelope).receipt.to_json()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.2)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(envelope))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(receipt), receipt))
        await writer.drain()

    async with talking(talk, p12, trust) as client:
        assert (await client.send(envelope)).to_json() == receipt


def test_patience_grows_with_what_was_said_and_has_an_end() -> None:
    """A short question is answered at once or not; after a long one a slow line has minutes, not hours."""
    assert patience(0) == SILENCE
    assert patience(400_000) == SILENCE + 400_000 / SLOWEST
    assert patience(10**9) == SILENCE + UNSENT / SLOWEST < 600
