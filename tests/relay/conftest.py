"""A relay of the trial authority: set up in a folder, served in this process or in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from docsign.envelope.header import Header, Organization
from docsign.exchange import wire
from docsign.pki import SigningKey
from docsign.pki.authority import Issued, TrialAuthority
from docsign.sealing import seal
from relay_server.app import Serving, serving
from relay_server.register import register
from relay_server.settings import RelaySettings
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.memory import MemoryLedger
from tests.conftest import PASSPHRASE, Holders
from tests.relay.described import require_described
from tests.relay.values import digest


def sealed(
    key: SigningKey,
    *,
    sender: str = "H99.31",
    to: tuple[str, ...] = ("H99",),
    number: str = "125",
    files: Sequence[tuple[str, bytes]] = (("bao-cao.txt", "Kính gửi: UBND tỉnh Mẫu".encode()),),
    gateway: bool = False,
    **more: Any,
) -> bytes:
    """Return an envelope with a small text file (or other files), sealed by ``key``."""
    header = Header(
        sender=Organization(code=sender, name="UBND xã Mẫu"),
        receivers=tuple(Organization(code=code) for code in to),
        number=number,
        notation="UBND-VX",
        issued=date(2026, 11, 16),
        **{"subject": "Về việc báo cáo công tác văn thư", **more},
    )
    return seal(header, list(files), key, gateway=gateway)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One TLS identity against one relay; raw requests, no library in between.

    Every answer must be one that /openapi.json describes.
    """

    url: str
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, *, data: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer."""
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            body = await answer.read()
            require_described(method, answer.url.path, answer.status, answer.headers, body)
            return answer.status, dict(answer.headers), body

    async def send(self, envelope: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Submit an envelope."""
        announced = {wire.DIGEST_HEADER: wire.write_repr_digest(sha256(envelope))}
        body = io.BytesIO(envelope)
        return await self.call("POST", wire.ENVELOPES, data=body, headers={**announced, **headers})

    async def inbox(self, query: str = "") -> wire.InboxPage:
        """Return what waits."""
        status, _, body = await self.call("GET", wire.INBOX + query)
        assert status == 200, body
        return wire.InboxPage.from_json(body)

    async def trace(self, name: str) -> wire.Trace:
        """Return what happened."""
        status, _, body = await self.call("GET", wire.trace_path(name))
        assert status == 200, body
        return wire.Trace.from_json(body)


def sha256(data: bytes) -> str:
    """Return the name of an envelope."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def tls(authority: TrialAuthority, identity: Path | None) -> ssl.SSLContext:
    """Return a client's TLS: trusts the trial authority, shows ``identity`` (PEM)."""
    context = ssl.create_default_context(cafile=str(authority.trust_folder / "root.pem"))
    if identity is not None:
        context.load_cert_chain(identity)
    return context


Connect = Callable[..., contextlib.AbstractAsyncContextManager[Client]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A relay's folder, ready to serve, and what its clients need."""

    folder: Path
    authority: TrialAuthority
    keys: Path

    @contextlib.asynccontextmanager
    async def client(self, url: str, identity: str | Path | None) -> AsyncIterator[Client]:
        """Connect with the identity of this name among the keys, a PEM file, or none."""
        path = self.keys / f"{identity}.pem" if isinstance(identity, str) else identity
        connector = aiohttp.TCPConnector(ssl=tls(self.authority, path))
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Client(url=url, session=session)

    @contextlib.asynccontextmanager
    async def served(self, **settings: Any) -> AsyncIterator[Serving]:
        """Serve in this process."""
        from dataclasses import replace

        read = replace(RelaySettings.read(self.folder), **settings)
        async with serving(self.folder, read, passphrase=PASSPHRASE) as here:
            yield here


@pytest.fixture
async def site(authority: TrialAuthority, holders: Holders, p12: Path, tmp_path: Path) -> Site:
    """A relay that knows the commune H99.31, the province H99, and a department without computers."""
    folder = tmp_path / "relay"
    folder.mkdir()
    RelaySettings(
        tls_cert=str(p12 / "relay-tls.pem"),
        tls_key=str(p12 / "relay-tls.pem"),
        key=f"pkcs12:{p12 / 'relay.p12'}",
        passphrase_file=str(p12 / "passphrase.txt"),
        trust=str(authority.trust_folder),
        port=0,
        health_port=0,
        least_free_space=0,
        examiners=0,
    ).write(folder)
    await register(folder, "H99.31", "UBND xã Mẫu", tls=[p12 / "commune-tls.pem"], sign=[p12 / "agency.pem"])
    await register(
        folder, "H99", "UBND tỉnh Mẫu", tls=[p12 / "province-tls.pem"], sign=[p12 / "province.pem"]
    )
    await register(folder, "000.00.12.H99", "Sở Thử nghiệm", tls=[], sign=[])
    return Site(folder=folder, authority=authority, keys=p12)


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[MemoryLedger | DatabaseLedger]:
    """Each back end of ports.Ledger in turn."""
    if request.param == "memory":
        yield MemoryLedger()
        return
    opened = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    yield opened
    await opened.close()


@dataclass(slots=True)
class Process:
    """``docsign-relay serve`` in a process of its own."""

    folder: Path
    running: subprocess.Popen[str]
    url: str
    health_url: str

    @staticmethod
    def start(folder: Path) -> Process:
        """Start and wait for the line that says it is ready."""
        with (folder / "log").open("a") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", "relay_server", "serve", str(folder)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "DOCSIGN_LANG": "en"},
            )
        assert running.stdout is not None
        line = running.stdout.readline()
        words = [word for word in line.split() if "://" in word]
        if len(words) != 2:
            running.stdout.close()
            running.wait(timeout=20)
            raise AssertionError((line, (folder / "log").read_text()))
        return Process(folder=folder, running=running, url=words[0], health_url=words[1])

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.running.send_signal(number)
        status = self.running.wait(timeout=20)
        assert self.running.stdout is not None
        self.running.stdout.close()
        return status


@pytest.fixture
def start() -> Iterator[Callable[[Path], Process]]:
    """Start relay processes; whatever still runs at the end is ended."""
    begun: list[Process] = []

    def begin(folder: Path) -> Process:
        begun.append(Process.start(folder))
        return begun[-1]

    yield begin
    for process in begun:
        if process.running.poll() is None:
            process.end(signal.SIGKILL)


__all__ = ["Client", "DatabaseLedger", "Issued", "Process", "Site", "asyncio", "digest", "sealed", "sha256"]
