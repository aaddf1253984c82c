"""A relay of a trial authority for the benchmarks, its envelopes, and a client that costs very little."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from docsign.envelope.header import Header, Organization
from docsign.exchange import wire
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.sealing import seal
from relay_server.register import register
from relay_server.settings import RelaySettings
from tests.conftest import PASSPHRASE, Holders

COMMUNE, PROVINCE = "H99.31", "H99"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A relay's folder, the seal of the commune, and the TLS of its computer."""

    folder: Path
    key: SigningKey
    tls: ssl.SSLContext
    identities: Path

    @staticmethod
    async def make(folder: Path) -> Bench:
        """Make everything in ``folder``."""
        authority = TrialAuthority.create(folder / "authority")
        holders = Holders(authority)
        keys, site = folder / "keys", folder / "relay"
        keys.mkdir()
        site.mkdir()
        for name, issued in holders.named().items():
            (keys / f"{name}.pem").write_bytes(issued.pem())
            (keys / f"{name}.p12").write_bytes(issued.pkcs12(PASSPHRASE))
        (keys / "passphrase.txt").write_text(PASSPHRASE, encoding="utf-8")
        RelaySettings(
            tls_cert=str(keys / "relay-tls.pem"),
            tls_key=str(keys / "relay-tls.pem"),
            key=f"pkcs12:{keys / 'relay.p12'}",
            passphrase_file=str(keys / "passphrase.txt"),
            trust=str(authority.trust_folder),
            port=0,
            health_port=0,
        ).write(site)
        await register(
            site, COMMUNE, "UBND xã Mẫu", tls=[keys / "commune-tls.pem"], sign=[keys / "agency.pem"]
        )
        await register(
            site, PROVINCE, "UBND tỉnh Mẫu", tls=[keys / "province-tls.pem"], sign=[keys / "province.pem"]
        )
        context = ssl.create_default_context(cafile=str(authority.trust_folder / "root.pem"))
        context.load_cert_chain(keys / "commune-tls.pem")
        return Bench(folder=site, key=holders.agency.signing_key(), tls=context, identities=keys)

    def province(self) -> ssl.SSLContext:
        """Return the TLS of the receiver's computer."""
        context = ssl.create_default_context(cafile=str(self.folder.parent / "authority/trust/root.pem"))
        context.load_cert_chain(self.identities / "province-tls.pem")
        return context

    def envelope(self, number: int, size: int) -> bytes:
        """Return a sealed envelope of about ``size`` bytes, none like another."""
        header = Header(
            sender=Organization(code=COMMUNE, name="UBND xã Mẫu"),
            receivers=(Organization(code=PROVINCE),),
            number=str(number),
            notation="UBND-VX",
            issued=date(2026, 11, 16),
            subject="Về việc báo cáo công tác văn thư",
        )
        return seal(header, [("ban-do.bin", random.Random(number).randbytes(size))], self.key)


class Running:
    """The relay in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with (folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "relay_server", "serve", str(folder)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "DOCSIGN_LANG": "en"},
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("https://"))
        self.pid = self._process.pid

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(timeout=30)


class Connection:
    """One TLS connection that sends requests made beforehand and reads answers, with no library between."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @staticmethod
    async def open(url: str, context: ssl.SSLContext) -> Connection:
        """Connect to the relay at ``url``."""
        at = urlsplit(url)
        return Connection(
            *await asyncio.open_connection(at.hostname, at.port, ssl=context, limit=1024 * 1024)
        )

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body of its answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        return int(head.split(b" ", 2)[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


def submission(envelope: bytes) -> bytes:
    """Return the request that submits an envelope."""
    digest = wire.write_repr_digest(hashlib.sha256(envelope).hexdigest())
    head = (
        f"POST {wire.ENVELOPES} HTTP/1.1\r\nHost: relay\r\n{wire.DIGEST_HEADER}: {digest}\r\n"
        f"Content-Length: {len(envelope)}\r\n\r\n"
    )
    return head.encode() + envelope


async def rate(url: str, context: ssl.SSLContext, requests: Sequence[bytes], connections: int) -> float:
    """Return how many of the requests were answered 201 in a second, over so many connections."""
    lines = [await Connection.open(url, context) for _ in range(connections)]
    began = time.perf_counter()
    await send_all(lines, requests)
    took = time.perf_counter() - began
    for line in lines:
        line.close()
    return len(requests) / took


async def send_all(lines: Sequence[Connection], requests: Sequence[bytes]) -> None:
    """Send every request over whichever line is free; raises RuntimeError for any answer but 201."""
    waiting = list(reversed(requests))

    async def work(line: Connection) -> None:
        while waiting:
            status, body = await line.ask(waiting.pop())
            if status != 201:
                raise RuntimeError(body)

    await asyncio.gather(*map(work, lines))
