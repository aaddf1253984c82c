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
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docsign.envelope.header import Business, BusinessKind, Header, Organization
from docsign.errors import ContainerError, DocsignError
from docsign.sentence import Sentence, say
from docsign.verdict import Conclusion
from relay_server.core.directory import Agency, Binding, Use
from relay_server.http.api import api
from relay_server.outside import LogKey
from relay_server.services.log import introduce
from relay_server.services.relay import Limits, Relay
from relay_server.services.retain import AT_ONCE, expire
from relay_server.storage.bell import LocalBell
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.disk import DiskBodies
from tests.simulation.disk import Disk, Weather
from tests.simulation.virtual_time import Machine, PowerCutError, VirtualLoop

NOW = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
SWEEP_SECONDS = 300.0
LEASE = timedelta(minutes=5)
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"simulated log key of 32 bytes...")
SECRET = b"simulated evidence key"


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

    header: Header
    signers: tuple[str, ...]
    conclusion: Conclusion = Conclusion.passed()  # noqa: RUF009 -- a frozen value
    reason: Sentence | None = None


class Judge:
    """Reads envelopes of the simulator's kind: ``ENV|sender|receivers|kind|number|filling``."""

    async def examine(self, stream: BinaryIO, *, at: datetime) -> Found:  # noqa: ARG002
        """See ports.Examiner."""
        parts = stream.read().decode(errors="replace").split("|")
        if len(parts) != 6 or parts[0] != "ENV":
            raise ContainerError(say("This is not a ZIP container."))
        _, sender, receivers, kind, number, _ = parts
        header = Header(
            sender=Organization(code=sender),
            receivers=tuple(Organization(code=code) for code in receivers.split(",")),
            number=number,
            notation="UBND-VX",
            issued=date(2026, 11, 16),
            subject=f"Văn bản số {number}",
            business=Business(kind=BusinessKind(int(kind))),
        )
        return Found(header=header, signers=(hashlib.sha256(f"seal {sender}".encode()).hexdigest(),))

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:  # noqa: ARG002
        """See ports.Examiner."""
        return None

    def is_revoked(self, certificate: bytes) -> bool:  # noqa: ARG002
        """See ports.Examiner."""
        return False


def agency(code: str, *, audits: bool = False) -> Agency:
    """Return an agency with two computers and a seal; ``audits`` lets them read the log's records."""
    uses = [("tls 1", Use.TLS), ("tls 2", Use.TLS), ("seal", Use.SIGN)]
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


class Host:
    """The computer, its disk, and the relay that runs on it when it does."""

    def __init__(
        self, loop: VirtualLoop, folder: Path, weather: Weather, template: Path, *, settings: Settings
    ) -> None:
        self.loop = loop
        self.weather = weather
        self.settings = settings
        self.clock = JumpingClock(loop)
        self._names = Names(random.Random(loop.dice.getrandbits(64)))
        self._folder = folder
        self._life = 0
        files = folder / "files 0"
        files.mkdir()
        self.disk = Disk(files, weather, lost_syncs=settings.lost_syncs)
        self.disk.settle()
        self.database = folder / "ledger 0"
        shutil.copyfile(template, self.database)
        self._durable_log = 0
        self._torn = False
        self._how = ""
        self.machine: Machine | None = None
        self.server: Any = None
        self.on_death: Callable[[], None] = lambda: None
        self.ledger: DatabaseLedger | None = None
        self.bugs: list[str] = []

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
        ledger = await DatabaseLedger.open(self.database)
        self.ledger = ledger
        self._watch(ledger)
        clock, stamp = self.clock, Stamp()
        log_key = LogKey(LOG_KEY)
        about = await introduce(ledger, stamp, clock, self._names, log_key.public)
        ledger.keep_log(log_key.logbook(about))
        relay = Relay(
            about=about,
            clock=clock,
            randomness=self._names,
            ledger=ledger,
            bodies=self.settings.bodies(DiskBodies.open(self.disk.root / "bodies")),
            notary=stamp,
            examiner=Judge(),
            bell=LocalBell(),
            limits=Limits(free_space=0, lease=LEASE),
        )
        machine.task(self._sweep(relay))
        runner = web.AppRunner(api(relay), access_log=None, handle_signals=False)
        await runner.setup()
        return runner.server

    async def _sweep(self, relay: Relay) -> None:
        while True:
            try:
                while await expire(relay) == AT_ONCE:
                    pass
            except DocsignError:
                self.weather.met["sweep failed"] += 1
            await asyncio.sleep(SWEEP_SECONDS)

    def _watch(self, ledger: DatabaseLedger) -> None:
        """Lie in wait at the ledger's commits."""
        writer = ledger._writer
        assert writer is not None
        writer.pragma("wal_autocheckpoint=0")
        commit = writer.commit
        self._durable_log = self._log_size()

        def committing() -> None:
            struck = self.weather.strikes("commit")
            if struck in ("failed", "cut"):
                if struck == "cut":
                    raise PowerCutError
                raise _disk_error()
            before = self._log_size()
            commit()
            if struck == "cut late":
                self._torn = True
                self._durable_log = min(self._log_size(), before)
                raise PowerCutError
            if not self.settings.lazy_commits or self.loop.dice.random() < 0.5:
                self._durable_log = self._log_size()
            if struck:
                raise _disk_error()

        writer.commit = committing  # type: ignore[method-assign]

    def _log_size(self) -> int:
        path = Path(f"{self.database}-wal")
        return path.stat().st_size if path.exists() else 0

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
        fresh = self._folder / f"ledger {self._life}"
        shutil.copyfile(self.database, fresh)
        log = Path(f"{self.database}-wal")
        if log.exists():
            data = log.read_bytes()
            rest = data[self._durable_log :]
            data = data[: self._durable_log]
            if rest and (how == "power" or self._torn):
                self.weather.met["commit torn"] += 1
                kept = rest[: dice.randrange(len(rest) + 1)]
                data += kept + (dice.randbytes(dice.randrange(64)) if dice.random() < 0.5 else b"")
            else:
                data += rest
            Path(f"{fresh}-wal").write_bytes(data)
        if self.ledger is not None:
            self.ledger._let_go()
            self.ledger = None
        for name in ("", "-wal", "-shm"):
            Path(f"{self.database}{name}").unlink(missing_ok=True)
        self.database, self._torn, self._durable_log = fresh, False, 0
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

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.getMessage() == "bug" or record.exc_info is None:
            self._found.append(repr(record.exc_info[1] if record.exc_info else record.getMessage()))


def _disk_error() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("disk I/O error")


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
