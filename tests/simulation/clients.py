"""The agencies around the relay: computers that send, collect, confirm and answer, and never give up.

Each follows the wire's rules and nothing else: the same bytes until there is an answer, the digest checked
before a confirmation, a broken download taken up by a range.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from docsign.envelope.edxml import write_status
from docsign.envelope.header import Organization, ResponseFor
from docsign.envelope.status import Status, StatusCode
from docsign.exchange import wire
from tests.simulation import uploading
from tests.simulation.diary import Diary, Seen
from tests.simulation.network import Answer, LostError, Network, fingerprint, may_be_repeated

BEGINNING = datetime(2026, 11, 16, 3, 0, tzinfo=UTC)
FETCHABLE = ("queued", "leased")
LOOKS = ("checkpoint", "checkpoint", "checkpoint.stamped", "checkpoint.tst", "tile/0/000.p/1", "about")


class Computer:
    """One computer of an agency; two of them share nothing but the agency's name."""

    def __init__(self, agency: str, name: str, network: Network, diary: Diary, dice: random.Random) -> None:
        self.agency = agency
        self.identity = f"{name} {agency}"
        self.network = network
        self.diary = diary
        self.dice = dice
        self.stored: dict[str, bytes] = {}
        self.confirmed: set[str] = set()
        self.answered: set[str] = set()
        self.parts: dict[str, bytes] = {}
        self.acts = False
        """Whether it is another agency's, and acts for ``agency``."""
        self.is_calm = False
        self.is_ill = False
        """Whether it breaks down in the middle: it confirms nothing, and in the end it is gone."""

    async def ask(
        self, method: str, path: str, body: bytes = b"", *, about: str = "", **headers: str
    ) -> Answer | None:
        """Ask once and note it; None where no answer came. It may be cut short (``is_whole``)."""
        if self.acts:
            headers["Docsign_Acting_For"] = self.agency
        loop = self.network.loop
        seen = Seen(
            began=loop.time(),
            agency=self.agency,
            computer=fingerprint(self.identity),
            method=method,
            path=path,
            body=body,
            about=about,
        )
        self.diary.seen.append(seen)
        word = "no answer"
        try:
            seen.answer = await self.network.ask(self.identity, method, path, body, **headers)
            word = f"{seen.answer.status}{'' if seen.answer.is_whole else ' (cut)'}"
        except LostError as error:
            word = str(error)
        seen.ended = loop.time()
        self.diary.lines.append(
            f"{seen.began:12.2f} {seen.ended:12.2f}  {self.identity:24} {method:4} {path[:110]}  {word}"
        )
        return seen.answer

    async def insist(
        self, method: str, path: str, body: bytes = b"", *, about: str = "", **headers: str
    ) -> Answer:
        """Ask with the same bytes until the relay says yes, or no for good."""
        pause = 5.0
        while True:
            answer = await self.ask(method, path, body, about=about, **headers)
            if answer is not None and answer.is_whole and not may_be_repeated(answer):
                return answer
            if self.dice.random() < 0.8:  # who was told nothing looks whether the log knows more
                await self.ask("GET", f"{wire.LOG}/checkpoint")
            await asyncio.sleep(self.dice.uniform(pause / 2, pause))
            pause = min(pause * 2, 60 if self.is_calm else 600)

    # ---- sending

    async def send(self, name: str) -> bool:
        """Submit one of the diary's envelopes; say whether the relay took it."""
        plan = self.diary.sent[name]
        headers = {"Repr_Digest": wire.write_repr_digest(name)}
        if plan["lives"]:
            headers["Docsign_Time_To_Live"] = str(plan["lives"])
        if self.dice.random() < 0.35:
            answer = await uploading.send_in_pieces(self, name, plan["body"], headers)
        else:
            answer = await self.insist("POST", wire.ENVELOPES, plan["body"], **headers)
        if answer.status not in (200, 201):
            self.diary.unfulfilled.append(f"{name[:12]} was refused: {answer.status} {answer.body[:300]!r}")
        return answer.status in (200, 201)

    async def correspond(self, name: str) -> None:
        """Send an envelope, perhaps again, perhaps ask it back, and look where it is."""
        plan = self.diary.sent[name]
        await asyncio.sleep(plan["at"])
        if not await self.send(name):
            return
        for receiver in plan["receivers"]:
            if self.dice.random() < 0.25:
                await asyncio.sleep(self.dice.choice([0, 20, 800]))
                await self.tell(name, "13", to=receiver)
                if self.dice.random() < 0.3:  # refused, and asked back once more
                    await asyncio.sleep(self.dice.choice([20, 800]))
                    await self.tell(name, "13", to=receiver, minute=1)
        if self.dice.random() < 0.3:
            await self.send(name)
        await self.insist("GET", wire.receipt_path(name))
        await self.insist("GET", wire.trace_path(name))

    async def tell(self, name: str, code: str, *, to: str, minute: int = 0) -> Answer:
        """Send a status about an envelope."""
        plan = self.diary.sent[name]
        message = write_status(
            Status(
                sender=Organization(code=self.agency),
                response_for=ResponseFor(
                    organ_id=to,
                    code=f"{plan['number']}/UBND-VX",
                    document_id=document_id(plan["sender"], plan["number"]),
                ),
                code=StatusCode(code),
                time=BEGINNING + timedelta(minutes=minute),
                description=f"Trạng thái {code}",
            )
        )
        return await self.insist("POST", wire.statuses_path(name), message)

    # ---- collecting

    async def collect(self) -> None:
        """Look into the inbox for ever, and do what waits there."""
        while not (self.is_calm and self.is_ill):
            await asyncio.sleep(self.dice.uniform(1, 300 if self.is_calm else 500))
            wait = self.dice.choice([0, 0, 30])
            limit = self.dice.choice([1, 3, 100])
            after = "0"
            while True:
                answer = await self.ask("GET", f"{wire.INBOX}?wait={wait}&limit={limit}&after={after}")
                if answer is None or answer.status != 200 or not answer.is_whole:
                    break
                page = json.loads(answer.body)
                for item in page["items"]:
                    await self.handle(item)
                if page["next"] is None:
                    break
                after, wait = page["next"], 0

    async def handle(self, item: dict[str, Any]) -> None:
        """Do what one entry of the inbox asks for."""
        name = item["sha256"]
        if item["state"] == "recall-asked":
            if self.is_calm or self.dice.random() < 0.7:
                code = self.dice.choice(["15", "16"])
                await self.tell(name, code, to=item["sender"], minute=self.dice.randrange(1000))
            return
        if item["state"] not in FETCHABLE:
            return
        if not self.is_calm and self.dice.random() < 0.2:  # it is fetched later: asked back by then, perhaps
            await asyncio.sleep(self.dice.choice([30, 900]))
        if name not in self.stored and not await self.fetch(name, item["size"]):
            return
        if not self.is_calm and (self.is_ill or self.dice.random() < 0.1):
            self.stored.pop(name, None)  # the computer broke down before it had stored it
            await asyncio.sleep(self.dice.choice([10, 500, 1500]))
            return
        await self.confirm(item)

    async def fetch(self, name: str, size: int) -> bool:
        """Fetch an envelope, from where an earlier attempt broke; say whether it is here."""
        for _ in range(4):
            part = self.parts.get(name, b"")
            part = part if len(part) < size else b""
            path = wire.envelope_path(name)
            if part:
                answer = await self.ask("GET", path, Range=f"bytes={len(part)}-")
            else:
                answer = await self.ask("GET", path)
            if answer is None:
                continue
            if answer.status not in (200, 206):
                return False
            self.parts[name] = (part if answer.status == 206 else b"") + answer.body
            if answer.is_whole:
                break
        data = self.parts.get(name, b"")
        if len(data) != size:
            return False
        del self.parts[name]
        if hashlib.sha256(data).hexdigest() != name:
            self.diary.unfulfilled.append(f"{name[:12]} came with other bytes")
            return False
        self.stored[name] = data
        return True

    async def confirm(self, item: dict[str, Any]) -> None:
        """Say "I have it", then what becomes of it."""
        name = item["sha256"]
        body = wire.Handover(sha256=name).to_json()
        answer = await self.insist("POST", wire.handover_path(item["delivery"]), body)
        if answer.status != 200:
            return
        self.confirmed.add(item["delivery"])
        codes = self.dice.choice([["01"], ["01", "03"], ["01", "02"], ["03", "05", "06"], ["01", "04", "05"]])
        if self.diary.sent[name]["kind"]:  # it revokes, updates or replaces: the receiver agrees or refuses
            codes = [*codes, self.dice.choice(["15", "16"])]
        for code in codes:
            await self.tell(name, code, to=item["sender"])
            if self.dice.random() < 0.3:
                await self.tell(name, code, to=item["sender"])

    # ---- looking

    async def watch_log(self) -> None:
        """Ask for the log's newest checkpoint now and then, stamped or not, and for its hashes."""
        while True:
            await asyncio.sleep(self.dice.uniform(20, 1500))
            await self.ask("GET", f"{wire.LOG}/{self.dice.choice(LOOKS)}")

    async def pry(self) -> None:
        """Ask for what is not one's own, and send what nobody may send."""
        while True:
            await asyncio.sleep(self.dice.uniform(500, 4000))
            name = self.dice.choice(sorted(self.diary.sent))
            path = self.dice.choice([wire.envelope_path, wire.trace_path, wire.receipt_path])(name)
            await self.ask("GET", path)
            await self.ask("GET", f"{wire.LOG}/tile/entries/000.p/1")
            await self.ask("GET", f"{wire.AGENCIES}?q=H99")
            await self.forge(name)

    async def forge(self, victim: str) -> None:
        """Submit what has to be refused: another's document changed, another's name, other bytes, nobody."""
        plan, me = self.diary.sent[victim], self.agency
        document = document_id(plan["sender"], plan["number"])
        forged = [
            f"ENV|{plan['sender']}|{me}|0|990||giả",
            f"ENV|{me}|H99.77|0|991||không ai nhận",
            f"{me}: không phải phong bì",
        ]
        if any(seen.is_told and seen.path == wire.trace_path(victim) for seen in self.diary.seen):
            forged += [f"ENV|{me}|H99|{kind}|992|{document}|sửa của người khác" for kind in (2, 3)]
        body = self.dice.choice(forged).encode()
        name = hashlib.sha256(body).hexdigest()
        self.diary.foreign.add(name)
        await self.ask("POST", wire.ENVELOPES, body, Repr_Digest=wire.write_repr_digest(name))
        await self.ask("POST", wire.ENVELOPES, body + b".", Repr_Digest=wire.write_repr_digest(victim))

    async def knock(self) -> None:
        """Ask for the inbox again and again: with a certificate that is good no more."""
        while True:
            await asyncio.sleep(self.dice.uniform(5, 300))
            await self.ask("GET", f"{wire.INBOX}?limit=1")


def document_id(sender: str, number: int) -> str:
    """Return the identifier of a document of this sender and number."""
    return f"{sender},2026/11/16,{number}/UBND-VX"
