"""One history from one seed: agencies, a relay that dies and comes back, then calm, then the books."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from docsign.exchange import wire
from docsign.pki import Trust
from relay_server.checking import check_store
from relay_server.core.directory import Agency
from relay_server.log import LOGGER
from relay_server.services import delegation
from tests.simulation.checker import Books, check
from tests.simulation.clients import Computer, document_id
from tests.simulation.diary import Diary
from tests.simulation.disk import Weather, watched
from tests.simulation.host import Bugs, Host, Settings, a_grant, agency, make_template
from tests.simulation.network import Network, fingerprint
from tests.simulation.virtual_time import StuckError, VirtualLoop

AGENCIES = ("H99.31", "H99", "000.00.12.H99", "H99.32")
AUDITOR = "H99.99"
STORMY_SECONDS = 6_000.0
CALM_SECONDS = 4_000.0
LONG = timedelta(days=120)
"""Longer than any time to live."""
NOT_OURS = (
    "about", "about-signature", "stamp", "record-signature", "body-no-envelope", "body-left", "grant",
    "act-without-grant",
)  # fmt: skip
"""What the relay's own check says of simulated signatures, stamps, envelopes and grants, and of
bytes that a death kept from being removed."""


@dataclass(slots=True, kw_only=True)
class History:
    """How a history went: what was met, and what was wrong (nothing, one hopes)."""

    seed: int
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    requests: int = 0


def memory_folder() -> str | None:
    """Return where files cost no disk, None where the system has no such place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class Simulator:
    """Plays histories; holds what they share."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._folder = Path(tempfile.mkdtemp(prefix="docsign-simulation-", dir=memory_folder()))
        self._template = self._folder / "template"
        agencies = [*(agency(code) for code in AGENCIES), agency(AUDITOR, audits=True)]
        asyncio.run(make_template(self._template, agencies))

    def close(self) -> None:
        """Remove every file."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def play(self, seed: int) -> History:
        """Play the history of this seed and check its books."""
        history = History(seed=seed)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        loop = VirtualLoop(random.Random(seed))
        handler, level = Bugs(history.wrong, history.met), LOGGER.level
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.ERROR)
        propagates, LOGGER.propagate = LOGGER.propagate, False
        try:
            story = _Story(loop, folder, self._template, self.settings, history)
            # a grant's signature is simulated like all others
            signed = mock.patch.object(delegation, "signer_of_grant", lambda signature, _: signature)
            with watched(story.host.disk), signed:
                loop.run_until_complete(story.play())
                loop.run_until_complete(_ended(loop))
        except StuckError:
            history.wrong.append("nothing was left to happen")
        finally:
            LOGGER.removeHandler(handler)
            LOGGER.setLevel(level)
            LOGGER.propagate = propagates
            loop.close()
            shutil.rmtree(folder, ignore_errors=True)
        history.wrong += loop.failures
        return history


async def _ended(loop: VirtualLoop) -> None:
    """Let go of every task that is left."""
    left = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class _Story:
    def __init__(
        self, loop: VirtualLoop, folder: Path, template: Path, settings: Settings, history: History
    ) -> None:
        self.loop, self.dice, self.history = loop, loop.dice, history
        dice = self.dice
        weather = Weather(dice=dice, met=history.met)
        weather.fails = dice.choice([0, 0, 0.01, 0.05])
        weather.cuts = dice.choice([0, 0.003, 0.01, 0.03])
        retain = dice.choice([None, None, timedelta(hours=1), timedelta(days=1)])
        self.host = Host(loop, folder, weather, template, settings=settings, retain=retain)
        self.network = Network(
            loop, dice, history.met, self.host.serving, faults=dice.choice([0, 0.05, 0.15, 0.3])
        )
        self.host.on_death = self.network.break_all
        self.diary = Diary(lines=history.lines, retain=retain, auditors={AUDITOR})
        self.computers: list[Computer] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.senders: list[asyncio.Task[Any]] = []

    async def play(self) -> None:
        """Storm, calm, the end of all times to live, the books."""
        await self._raise_up()
        self._plan()
        fate = self.loop.create_task(self._fate())
        await asyncio.sleep(STORMY_SECONDS)
        fate.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fate
        if not await self._calm():
            self.history.wrong.append("10. the relay does not start when all is calm")
            return
        books = Books(diary=self.diary, complaints=self.history.wrong)
        auditor = Computer(AUDITOR, "tls 1", self.network, self.diary, self.dice)
        auditor.is_calm = True
        await self._read_traces(books.calm_traces)
        for name, plan in self.diary.sent.items():
            books.calm_bodies[name] = await self._computer(plan["sender"]).ask(
                "GET", wire.envelope_path(name)
            )
        for task in self.tasks:
            task.cancel()
        self.host.clock.jumped += LONG
        await asyncio.sleep(400)
        await self._read_traces(books.traces)
        await books.read_log(auditor)
        for name, plan in self.diary.sent.items():
            sender = self._computer(plan["sender"])
            books.receipts[name] = await sender.ask("GET", wire.receipt_path(name))
            books.bodies[name] = await sender.ask("GET", wire.envelope_path(name))
        books.stamped = await auditor.ask("GET", f"{wire.LOG}/checkpoint.stamped")
        books.stamp = await auditor.ask("GET", f"{wire.LOG}/checkpoint.tst")
        check(books)
        self._second_opinion(books)
        self.history.requests = len(self.diary.seen)
        self.host.kill()
        gc.collect(0)

    def _second_opinion(self, books: Books) -> None:
        """Run the relay's own check over what is there; signatures and containers are not the simulator's."""
        report = check_store(self.host.engine.path, self.host.disk.root / "bodies", Trust.nothing())
        for trouble in report.troubles:
            if trouble.code not in NOT_OURS:
                books.complain(12, f"{trouble.code}: {trouble.where}: {trouble.sentence.text('en')}")

    async def _raise_up(self) -> None:
        while not await self.host.start():
            self.history.met["start failed"] += 1
            await asyncio.sleep(self.dice.uniform(1, 60))

    def _plan(self) -> None:
        dice, diary = self.dice, self.diary
        asleep = dice.choice([None, *AGENCIES[1:]])
        diary.awake = set(AGENCIES) - {asleep}
        for code in AGENCIES:
            self.computers += [Computer(code, f"tls {n}", self.network, diary, dice) for n in (1, 2)]
        for number in range(1, dice.randint(3, 9) + 1):
            sender = dice.choice(AGENCIES[:2])
            others = [code for code in AGENCIES if code != sender]
            self._intend(sender, dice.sample(others, dice.randint(1, 3)), number)
        for plan in dice.sample(list(diary.sent.values()), dice.randint(0, 2)):
            kind = dice.choice([1, 2, 3])
            number = plan["number"] if kind == 1 else plan["number"] + 100
            self._intend(plan["sender"], plan["receivers"], number, kind=kind, changes=plan["number"])
        for name, plan in diary.sent.items():
            self.senders.append(self._begin(self._computer(plan["sender"]).correspond(name)))
        for computer in self.computers:
            if computer.agency in diary.awake:
                computer.is_ill = computer.identity.startswith("tls 2") and dice.random() < 0.5
                self._begin(computer.collect())
        self._begin(self._computer(AGENCIES[0]).watch_log())
        self._begin(self._computer(AGENCIES[3]).watch_log())
        self._begin(self._computer(AGENCIES[3]).pry())
        if dice.random() < 0.5:
            self._begin(self._lend(AGENCIES[0], AGENCIES[3]))
        if dice.random() < 0.5:
            self._begin(self._rotate(dice.choice([one for one in self.computers if "tls 2" in one.identity])))

    def _intend(
        self, sender: str, receivers: list[str], number: int, *, kind: int = 0, changes: int = 0
    ) -> None:
        """Plan an envelope; ``kind`` 1 to 3 revokes, updates or replaces the one numbered ``changes``."""
        dice = self.dice
        filling = f"{dice.getrandbits(64):x}" * dice.choice([1, 40, 200])
        about = document_id(sender, changes) if changes else ""
        body = f"ENV|{sender}|{','.join(receivers)}|{kind}|{number}|{about}|{filling}".encode()
        self.diary.sent[hashlib.sha256(body).hexdigest()] = {
            "sender": sender, "receivers": receivers, "body": body, "number": number, "kind": kind,
            "at": dice.uniform(0, STORMY_SECONDS * 0.8), "lives": dice.choice([0, 0, 86_400]),
        }  # fmt: skip

    async def _rotate(self, computer: Computer) -> None:
        """Give a computer a new certificate: both are known for a while, then the old one is taken out."""
        dice, code = self.dice, computer.agency
        old = computer.identity
        await asyncio.sleep(dice.uniform(0, STORMY_SECONDS / 2))
        await self._put(agency(code, computers=("tls 1", "tls 2", "tls 3")))
        computer.identity = f"tls 3 {code}"
        thief = Computer(code, "tls 2", self.network, self.diary, dice)
        self._begin(thief.knock())
        await asyncio.sleep(dice.uniform(0, STORMY_SECONDS / 4))
        await self._put(agency(code, computers=("tls 1", "tls 3")))
        self.diary.taken_out[fingerprint(old), code] = self.loop.time()
        self.history.met["certificate taken out"] += 1

    async def _lend(self, grantor: str, delegate: str) -> None:
        """Let a computer of another agency collect for this one, until the grant is ended."""
        dice, diary = self.dice, self.diary
        computer = Computer(grantor, "tls 1", self.network, diary, dice)
        computer.identity, computer.acts = f"tls 1 {delegate}", True
        self.computers.append(computer)
        who = fingerprint(computer.identity), grantor
        diary.let_in[who] = float("inf")
        self._begin(computer.collect())
        await asyncio.sleep(dice.uniform(0, STORMY_SECONDS / 2))
        kept = a_grant(grantor, delegate)

        async def add(tx: Any) -> None:
            if await tx.grant(kept.grant.id) is None:  # an earlier attempt may have happened
                await tx.add_grant(kept)

        diary.let_in[who] = self.loop.time()
        await self._direct(add)
        await asyncio.sleep(dice.uniform(0, STORMY_SECONDS / 3))
        await self._direct(lambda tx: tx.end_grant(kept.grant.id, self.host.clock.now()))
        diary.taken_out[who] = self.loop.time()
        self.history.met["grant ended"] += 1

    async def _put(self, changed: Agency) -> None:
        await self._direct(lambda tx: tx.put_agency(changed))

    async def _direct(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Change the directory, as often as it takes."""
        while not await self.host.operate(work):
            self.history.met["operator failed"] += self.host.serving() is not None
            await asyncio.sleep(self.dice.uniform(1, 60))

    def _begin(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self.loop.create_task(coroutine)
        self.tasks.append(task)
        return task

    def _computer(self, code: str) -> Computer:
        return next(one for one in self.computers if one.agency == code)

    async def _fate(self) -> None:
        """Kill, cut the power, fill the disk, move the clock; and start again what died."""
        dice, host, met = self.dice, self.host, self.history.met
        while True:
            await asyncio.sleep(dice.expovariate(1 / 200))
            if host.serving() is None:
                await self._raise_up()
                continue
            happening = dice.choice(["kill", "power", "clock", "full", "away", *["nothing"] * 6])
            if happening == "kill":
                host.kill()
            elif happening == "power":
                host.cut_power()
            elif happening == "clock":
                met["clock jumped"] += 1
                host.clock.jumped += timedelta(seconds=dice.choice([-90_000, -600, -1, 600, 4_000, 200_000]))
            elif happening == "full":
                host.weather.full = True
                await asyncio.sleep(dice.uniform(10, 300))
                host.weather.full = False
            elif happening == "away":
                host.stamper.is_away = not host.stamper.is_away
            self.diary.lines.append(f"{self.loop.time():12.2f} {'':12}  ** {happening}")

    async def _calm(self) -> bool:
        """End every fault, start the relay afresh, and wait until everybody has what he wants.

        False where the relay does not start.
        """
        self.host.weather.storm = self.host.weather.full = self.host.stamper.is_away = False
        self.network.faults = 0
        self.diary.lines.append(f"{self.loop.time():12.2f} {'':12}  ** calm")
        self.host.kill()
        if not await self.host.start():
            return False
        for computer in self.computers:
            computer.is_calm = True
        await asyncio.sleep(CALM_SECONDS)
        for task in self.senders:
            if not task.done():
                self.diary.unfulfilled.append("a sender has no answer long after the last fault")
            elif not task.cancelled() and task.exception() is not None:
                raise task.exception() or AssertionError
        for task in self.tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception() or AssertionError
        return True

    async def _read_traces(self, traces: dict[str, Any]) -> None:
        for name, plan in self.diary.sent.items():
            traces[name] = await self._computer(plan["sender"]).ask("GET", wire.trace_path(name))
