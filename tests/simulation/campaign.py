"""The campaign on the real process: SIGKILL at random moments under load, a new start, the same books.

Several connections send, fetch, confirm and answer at once over mutual TLS, and repeat with the same bytes
what was not answered. In the end the simulator's checker compares what every client was told with what the
relay shows over the wire and with the evidence in its database.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from docsign.exchange import wire
from docsign.pki import SigningKey
from relay_server.backup import backup, check_backup
from relay_server.checking import check as check_relay
from tests.relay.conftest import Site, sealed
from tests.relay.test_wire_api import status
from tests.simulation.checker import Books, check
from tests.simulation.diary import Diary, Seen
from tests.simulation.forks import ForkedRelay
from tests.simulation.network import Answer

COMMUNE, PROVINCE = "H99.31", "H99"
SENDERS = 4
RECEIVERS = 3


@dataclass(slots=True, kw_only=True)
class Campaign:
    """Kills and what came of them."""

    site: Site
    key: SigningKey
    relay: ForkedRelay
    is_signed: Callable[[bytes, bytes], bool]
    dice: random.Random
    diary: Diary = field(default_factory=Diary)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    start_seconds: float = 0.5
    """How long a start takes, about."""
    wanted: int = 0
    kills: int = 0
    early: int = 0
    """Kills while the relay was starting."""
    dead: int = 0
    """Looks at what a kill left."""
    backups: int = 0
    complaints: list[str] = field(default_factory=list)
    answered: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    is_ending: bool = False
    is_sent: bool = False
    count: int = 0

    async def run(self, kills: int) -> Books:
        """Kill the relay so many times, let everybody come to an end, and check the books."""
        self.diary.awake.add(PROVINCE)
        self.wanted = kills
        async with AsyncExitStack() as stack:
            tasks = []
            for n in range(SENDERS + RECEIVERS):
                name, code = ("commune-tls", COMMUNE) if n < SENDERS else ("province-tls", PROVINCE)
                client = await stack.enter_async_context(self.site.client("", name))
                work = self._send if n < SENDERS else self._receive
                tasks.append(asyncio.create_task(work(_Line(self, client.session, code))))
            copying: asyncio.Task[None] | None = None
            await self._start()
            while self.kills < kills:
                await self._a_while()
                self.up.clear()
                await asyncio.to_thread(self.relay.end, signal.SIGKILL)
                self.kills += 1
                if self.dice.random() < 0.1:
                    await self._look_at_the_dead()
                await self._start()
                if self.dice.random() < 0.1 and (copying is None or copying.done()):
                    copying = asyncio.create_task(self._back_up())
                    tasks.append(copying)
            self.is_ending = True
            async with asyncio.timeout(120):
                await asyncio.gather(*tasks[:SENDERS])
                self.is_sent = True  # from now on an empty inbox stays empty
                await asyncio.gather(*tasks[SENDERS:])
            books = Books(diary=self.diary, complaints=self.complaints, is_signed=self.is_signed)
            client = await stack.enter_async_context(self.site.client("", "commune-tls"))
            await self._look(books, _Line(self, client.session, COMMUNE))
        if self.relay.end(signal.SIGTERM) != 0:
            books.complain(10, "the relay did not stop cleanly")
        self._read_evidence(books)
        check(books, has_ended=False)
        return books

    async def _start(self) -> None:
        """Start the relay; some starts are killed before, or as soon as, the relay is ready."""
        while self.kills < self.wanted and self.dice.random() < 0.3:
            await asyncio.to_thread(
                self.relay.start_in_vain, self.site.folder, self.dice.uniform(0, self.start_seconds)
            )
            self.kills += 1
            self.early += 1
        await asyncio.to_thread(self.relay.start, self.site.folder)
        self.url = self.relay.url
        self.up.set()

    async def _a_while(self) -> None:
        """Wait for a random moment, which on a busy machine comes later."""
        wanted = self.answered + self.dice.choice([0, 3, 10, 40])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self.answered < wanted:
                    self.came.clear()
                    await self.came.wait()
        await asyncio.sleep(self.dice.uniform(0, 0.1))

    async def _look_at_the_dead(self) -> None:
        """Check the folder as the kill left it, before anything has recovered it."""
        report = await asyncio.to_thread(check_relay, self.site.folder)
        self.dead += 1
        self.complaints += [f"12. after a kill: {one.code} {one.where}" for one in report.troubles]

    async def _back_up(self) -> None:
        """Back up while the relay is killed and started: the copy is sound and has all that was answered."""
        told = {hashlib.sha256(one.body).hexdigest() for one in self.diary.seen
                if one.path == wire.ENVELOPES and one.is_told}  # fmt: skip
        target = self.site.folder.parent / f"backup {self.kills}"
        await asyncio.to_thread(backup, self.site.folder, target)
        report = await asyncio.to_thread(check_backup, target)
        self.backups += 1
        self.complaints += [f"12. in a backup: {one.code} {one.where}" for one in report.troubles]
        with contextlib.closing(sqlite3.connect(target / "relay.sqlite")) as rows:
            kept = {name for (name,) in rows.execute("SELECT sha256 FROM envelopes")}
        self.complaints += [f"1. {name[:12]} is not in a later backup" for name in told - kept]
        await asyncio.to_thread(shutil.rmtree, target)

    async def _send(self, line: _Line) -> None:
        dice = self.dice
        while not self.is_ending:
            self.count += 1
            number = self.count
            receivers = [PROVINCE] if dice.random() < 0.7 else [PROVINCE, "000.00.12.H99"]
            body = sealed(self.key, to=tuple(receivers), number=str(number))
            name = hashlib.sha256(body).hexdigest()
            self.diary.sent[name] = {
                "sender": COMMUNE, "receivers": receivers, "body": body, "number": number, "lives": 0
            }  # fmt: skip
            digest = {wire.DIGEST_HEADER: wire.write_repr_digest(name)}
            for _ in range(2 if dice.random() < 0.2 else 1):
                answer = await line.insist("POST", wire.ENVELOPES, body, digest)
                if answer.status != 201:
                    self.diary.unfulfilled.append(f"{name[:12]} was refused: {answer.body[:900]!r}")
            if dice.random() < 0.15:
                recall = status("13", sender=COMMUNE, to=PROVINCE, document=_document(number))
                await line.insist("POST", wire.statuses_path(name), recall)
            await asyncio.sleep(dice.uniform(0, 0.1))

    async def _receive(self, line: _Line) -> None:
        dice = self.dice
        while True:
            is_last = self.is_sent
            answer = await line.insist("GET", f"{wire.INBOX}?limit={dice.choice([3, 20])}")
            items = json.loads(answer.body)["items"]
            if is_last and not items:
                return
            for item in dice.sample(items, len(items)):
                await self._take(line, item)
            await asyncio.sleep(dice.uniform(0, 0.05))

    async def _take(self, line: _Line, item: dict[str, Any]) -> None:
        name = item["sha256"]
        document = item["document_id"]
        if item["state"] == "recall-asked":
            code = self.dice.choice(["15", "16"])
            await line.insist("POST", wire.statuses_path(name), status(code, document=document))
            return
        if item["state"] not in ("queued", "leased"):
            return
        answer = await line.insist("GET", wire.envelope_path(name))
        if answer.status != 200:
            return
        if hashlib.sha256(answer.body).hexdigest() != name:
            self.diary.unfulfilled.append(f"{name[:12]} came with other bytes")
            return
        confirmation = wire.Handover(sha256=name).to_json()
        if (await line.insist("POST", wire.handover_path(item["delivery"]), confirmation)).status != 200:
            return
        for code in ("01", "03"):
            await line.insist("POST", wire.statuses_path(name), status(code, document=document))

    async def _look(self, books: Books, line: _Line) -> None:
        for name in books.diary.sent:
            books.traces[name] = books.calm_traces[name] = await line.ask("GET", wire.trace_path(name))
            books.receipts[name] = await line.ask("GET", wire.receipt_path(name))
            books.bodies[name] = await line.ask("GET", wire.envelope_path(name))
        await line.ask("GET", f"{wire.LOG}/checkpoint")

    def _read_evidence(self, books: Books) -> None:
        rows = sqlite3.connect(self.site.folder / "relay.sqlite")
        try:
            for leaf, record, signature in rows.execute(
                "SELECT leaf, record, signature FROM facts ORDER BY leaf"
            ):
                if leaf != len(books.records):
                    books.complain(4, f"leaf {leaf} stands where {len(books.records)} is due")
                signed = base64.b64encode(signature)
                books.take(b'{"evidence":' + record + b',"signature":"' + signed + b'"}')
        finally:
            rows.close()


class _Line:
    """One client's connection to whatever process serves now."""

    def __init__(self, campaign: Campaign, session: aiohttp.ClientSession, agency: str) -> None:
        self._campaign = campaign
        self._session = session
        self._agency = agency

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer | None:
        """Ask once and note it; None where no whole answer came."""
        await self._campaign.up.wait()
        loop = asyncio.get_running_loop()
        seen = Seen(
            began=loop.time(), agency=self._agency, computer=self._agency, method=method, path=path, body=body
        )
        self._campaign.diary.seen.append(seen)
        try:
            async with self._session.request(
                method, self._campaign.url + path, data=body or None, headers=headers
            ) as answer:
                data = await answer.read()
                seen.answer = Answer(status=answer.status, headers=dict(answer.headers), body=data)
                self._campaign.answered += 1
                self._campaign.came.set()
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass
        seen.ended = loop.time()
        return seen.answer

    async def insist(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask with the same bytes until there is an answer that stands."""
        while True:
            answer = await self.ask(method, path, body, headers)
            if answer is not None and answer.status < 500 and not _is_busy(answer):
                return answer
            await asyncio.sleep(0.02)


def _is_busy(answer: Answer) -> bool:
    return answer.status >= 400 and bool(json.loads(answer.body)["retry"])


def _document(number: int) -> str:
    return f"{COMMUNE},2026/11/16,{number}/UBND-VX"
