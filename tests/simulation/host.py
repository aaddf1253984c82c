"""The relay's computer: it starts, is killed, loses power, and starts again with what the disk kept.

Everything of the relay runs as it is: HTTP server, services, rules, the SQLite ledger with its group commit,
the body store. Simulated are the clock, the randomness, the judge of signatures, and what lies beneath:
files (``disk``), and of SQLite the moment of the commit. SQLite's own engine writes its own log and recovers
from it; a power cut leaves it with the log as of the last durable commit and a torn rest.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docsign.envelope.grants import Grant, SignedGrant
from docsign.envelope.header import Business, BusinessKind, Header, Organization, Replacement
from docsign.errors import ContainerError, DocsignError, TimestampError
from docsign.sentence import Sentence, say
from docsign.verdict import Conclusion
from relay_server.app import _stamp, _sweep
from relay_server.core.delegation import KeptGrant
from relay_server.core.directory import Agency, Binding, Use
from relay_server.core.submissions import Submission
from relay_server.http.api import api
from relay_server.outside import LogKey
from relay_server.services.log import catch_up, introduce
from relay_server.services.relay import Limits, Relay
from relay_server.services.stamp import Stamping
from relay_server.services.upload import UploadDesk
from relay_server.storage.bell import LocalBell
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.disk import DiskBodies
from relay_server.storage.uploads import DiskUploads
from tests.simulation.disk import Disk, Weather
from tests.simulation.engine import Engine
from tests.simulation.virtual_time import Machine, VirtualLoop

NOW = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
STAMP_SECONDS = 300.0
STAMP_LIMIT = timedelta(hours=1)
LEASE = timedelta(minutes=5)
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"simulated log key of 32 bytes...")
SECRET = b"simulated evidence key"
STAMP_SECRET = b"simulated time-stamping key"


@dataclass(slots=True)
class JumpingClock:
    """The relay's clock: the loop's time and whatever it has jumped by."""

    loop: VirtualLoop
    jumped: timedelta = timedelta()

    def now(self) -> datetime:
        """See ports.Clock."""
        return NOW + timedelta(seconds=self.loop.time()) + self.jumped


class Names:
    """Names that are the same for the same seed."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def name(self) -> str:
        """See ports.Randomness."""
        return f"{self._dice.getrandbits(128):032x}"


class Stamp:
    """A notary whose signature is a keyed digest."""

    name = "Trạm thử nghiệm"
    certificate = hashlib.sha256(b"relay").hexdigest()

    def sign(self, record: bytes, *, at: datetime) -> bytes:  # noqa: ARG002
        """See ports.Notary."""
        return hashlib.sha256(SECRET + record).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the judge found: always sealed by its sender, and sound."""

    submission: Submission
    signers: tuple[str, ...]
    conclusion: Conclusion = Conclusion.passed()  # noqa: RUF009 -- a frozen value
    reason: Sentence | None = None


class Judge:
    """Reads envelopes of the simulator's kind: ``ENV|sender|receivers|kind|number|about|filling``."""

    async def examine(self, stream: BinaryIO, *, at: datetime) -> Found:  # noqa: ARG002
        """See ports.Examiner."""
        parts = stream.read().decode(errors="replace").split("|")
        if len(parts) != 7 or parts[0] != "ENV":
            raise ContainerError(say("This is not a ZIP container."))
        _, sender, receivers, kind, number, about, _ = parts
        does = BusinessKind(int(kind))
        header = Header(
            sender=Organization(code=sender),
            receivers=tuple(Organization(code=code) for code in receivers.split(",")),
            number=number,
            notation="UBND-VX",
            issued=date(2026, 11, 16),
            subject=f"Văn bản số {number}",
            business=Business(
                kind=does,
                document_id=about if does is BusinessKind.UPDATE else "",
                replacements=(Replacement(document_id=about),) if does is BusinessKind.REPLACE else (),
            ),
        )
        return Found(
            submission=Submission.of(header), signers=(hashlib.sha256(f"seal {sender}".encode()).hexdigest(),)
        )

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:  # noqa: ARG002
        """See ports.Examiner."""
        return None

    def is_revoked(self, certificate: bytes) -> bool:  # noqa: ARG002
        """See ports.Examiner."""
        return False


@dataclass(slots=True, kw_only=True)
class Stamper:
    """A time-stamping service whose tokens are keyed digests; it is away at times."""

    weather: Weather
    is_away: bool = False

    def fetch(self, digest: bytes) -> bytes:
        """Return the token over a digest; raises TimestampError."""
        token = hashlib.sha256(STAMP_SECRET + digest).digest()
        struck = "failed" if self.is_away else self.weather.strikes("time-stamp")
        if struck:
            self.weather.met["time-stamp: away"] += self.is_away
            raise TimestampError(say("The connection to the time-stamping service broke."))
        return token


def agency(code: str, *, audits: bool = False, computers: tuple[str, ...] = ("tls 1", "tls 2")) -> Agency:
    """Return an agency with its computers and a seal; ``audits`` lets them read the log's records."""
    uses = [*((name, Use.TLS) for name in computers), ("seal", Use.SIGN)]
    uses += [("tls 1", Use.AUDIT)] if audits else []
    return Agency(
        code=code,
        name=f"Cơ quan {code}",
        bindings=tuple(
            Binding(
                sha256=hashlib.sha256(f"{name} {code}".encode()).hexdigest(),
                use=use,
                not_before=NOW - timedelta(days=4000),
                not_after=NOW + timedelta(days=4000),
            )
            for name, use in uses
        ),
    )


def a_grant(grantor: str, delegate: str) -> KeptGrant:
    """Return a grant that holds all the time, until it is ended."""
    far = timedelta(days=4000)
    return KeptGrant(
        proof=SignedGrant(
            grant=Grant(
                id=hashlib.sha256(f"{grantor} {delegate}".encode()).hexdigest()[:32],
                grantor=grantor,
                delegate=delegate,
                begins=NOW - far,
                ends=NOW + far,
                made_at=NOW - far,
            ),
            signature=b"simulated",
        )
    )


class Host:
    """The computer, its disk, and the relay that runs on it when it does."""

    def __init__(
        self,
        loop: VirtualLoop,
        folder: Path,
        weather: Weather,
        template: Path,
        *,
        settings: Settings,
        retain: timedelta | None = None,
    ) -> None:
        self.loop = loop
        self.weather = weather
        self.settings = settings
        self.limits = Limits(free_space=0, lease=LEASE, retain=retain)
        self.clock = JumpingClock(loop)
        self.stamper = Stamper(weather=weather)
        self._names = Names(random.Random(loop.dice.getrandbits(64)))
        self._folder = folder
        self._life = 0
        files = folder / "files 0"
        files.mkdir()
        self.disk = Disk(files, weather, lost_syncs=settings.lost_syncs)
        self.disk.settle()
        self.engine = Engine(
            path=folder / "ledger 0", weather=weather, dice=loop.dice, lazy_commits=settings.lazy_commits
        )
        shutil.copyfile(template, self.engine.path)
        self._how = ""
        self.machine: Machine | None = None
        self.server: Any = None
        self.on_death: Callable[[], None] = lambda: None

    def serving(self) -> tuple[Machine, Any] | None:
        """Return who answers now, None where nobody does."""
        if self.machine is None or self.machine.is_dead or self.server is None:
            return None
        return self.machine, self.server

    # ---- a life

    async def start(self) -> bool:
        """Start the relay; False where its disk would not have it."""
        machine = Machine(self.loop, self._died)
        self.machine, self.server = machine, None
        starting = machine.task(self._serve(machine))
        try:
            self.server = await starting
        except DocsignError:
            self.kill()
            return False
        except BaseException:
            if not machine.is_dead:
                raise
            return False
        return not machine.is_dead

    async def _serve(self, machine: Machine) -> Any:
        ledger = await DatabaseLedger.open(self.engine.path)
        self.engine.watch(ledger)
        clock, stamp = self.clock, Stamp()
        log_key = LogKey(LOG_KEY)
        about = await introduce(ledger, stamp, clock, self._names, log_key.public)
        ledger.keep_log(log_key.logbook(about))
        await catch_up(ledger)
        relay = Relay(
            about=about,
            clock=clock,
            randomness=self._names,
            ledger=ledger,
            bodies=self.settings.bodies(DiskBodies.open(self.disk.root / "bodies")),
            notary=stamp,
            examiner=Judge(),
            bell=LocalBell(),
            limits=self.limits,
            stamping=Stamping(fetch=self.stamper.fetch, limit=STAMP_LIMIT),
        )
        assert relay.stamping is not None
        desk = UploadDesk(relay, DiskUploads.open(self.disk.root / "uploads"))
        machine.task(_sweep(relay, desk))
        machine.task(_stamp(relay, relay.stamping, STAMP_SECONDS))
        runner = web.AppRunner(api(relay, desk), access_log=None, handle_signals=False)
        await runner.setup()
        return runner.server

    async def operate(self, work: Callable[[Any], Awaitable[None]]) -> bool:
        """Change the ledger from a process of its own, as the operator does; False where that failed."""
        if self.machine is None or self.serving() is None:
            return False
        try:
            await self.machine.task(self._operate(work))
        except DocsignError:
            return False
        except asyncio.CancelledError:
            if self.machine.is_dead:
                return False
            raise
        return not self.machine.is_dead

    async def _operate(self, work: Callable[[Any], Awaitable[None]]) -> None:
        ledger = await DatabaseLedger.open(self.engine.path)
        self.engine.watch(ledger)
        try:
            await ledger.write(work)
        finally:
            await ledger.close()
            self.engine.forget(ledger)

    # ---- a death

    def kill(self) -> None:
        """End the process; what the system holds for it stays."""
        self._how = "kill"
        if self.machine is not None:
            self.machine.die()

    def cut_power(self) -> None:
        """End the machine; what was not synced may go."""
        self._how = "power"
        if self.machine is None or self.machine.is_dead:
            self._survive()
        else:
            self.machine.die()

    def _died(self) -> None:
        self.server = None
        self._survive()
        self.on_death()

    def _survive(self) -> None:
        """Leave for the next life what this death leaves."""
        self._life += 1
        dice = self.loop.dice
        how = self._how or dice.choice(["kill", "power"])
        self._how = ""
        self.weather.met[how] += 1
        self.engine.survive(self._folder / f"ledger {self._life}", how)
        if how == "power":
            self.disk.cut_power(self._folder / f"files {self._life}")
        else:
            self.disk.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a mutant changes beneath the relay."""

    lost_syncs: frozenset[str] = frozenset()
    lazy_commits: bool = False
    bodies: Callable[[Any], Any] = lambda real: real


class Bugs(logging.Handler):
    """Gathers what the relay itself calls a bug."""

    def __init__(self, found: list[str], met: Counter[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found
        self._met = met

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.getMessage() == "bug" or record.exc_info is None:
            self._found.append(repr(record.exc_info[1] if record.exc_info else record.getMessage()))
        else:
            self._met[f"relay told: {record.getMessage()}"] += 1


async def make_template(path: Path, agencies: list[Agency]) -> None:
    """Write an empty ledger that knows these agencies."""
    async with AsyncExitStack() as stack:
        ledger = await DatabaseLedger.open(path)
        stack.push_async_callback(ledger.close)

        async def work(tx: Any) -> None:
            for one in agencies:
                await tx.put_agency(one)

        await ledger.write(work)


__all__ = ["Bugs", "Counter", "Host", "Settings", "agency", "make_template"]
