"""A relay in memory with a clock, randomness, notary and examiner that do as they are told."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO, TypeVar

from docsign.envelope.evidence import Receipt
from docsign.envelope.header import Header, Organization
from docsign.errors import ContainerError, StorageError
from docsign.sentence import Sentence, say
from docsign.verdict import Conclusion
from relay_server.core.submissions import Submission
from relay_server.ports import Transaction
from relay_server.services.accept import accept
from relay_server.services.relay import Caller, Limits, Relay
from relay_server.storage.bell import LocalBell
from relay_server.storage.memory import MemoryBodies, MemoryLedger
from tests.relay.values import COMMUNE, NOW, agency, digest

Answer = TypeVar("Answer")


@dataclass(slots=True)
class SetClock:
    """A clock that stands until it is moved, forward or backward."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """See ports.Clock."""
        return self.moment

    def move(self, by: timedelta) -> None:
        """Move the clock."""
        self.moment += by


class SeededRandomness:
    """Names that are the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self.dice = random.Random(seed)

    def name(self) -> str:
        """See ports.Randomness."""
        return f"{self.dice.getrandbits(128):032x}"


class StubNotary:
    """Signs with a digest."""

    name = "Trạm thử nghiệm"
    certificate = digest("relay")

    def sign(self, record: bytes, *, at: datetime) -> bytes:  # noqa: ARG002
        """See ports.Notary."""
        return hashlib.sha256(record).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StubExamination:
    """Says what the test wants."""

    submission: Submission
    conclusion: Conclusion = field(default_factory=Conclusion.passed)
    signers: tuple[str, ...] = (digest(f"sign {COMMUNE}"),)
    reason: Sentence | None = None


class StubExaminer:
    """Takes a text ``receiver,receiver|subject`` for an envelope of the commune."""

    def __init__(self, **found: Any) -> None:
        self.found = found

    async def examine(self, stream: BinaryIO, *, at: datetime) -> StubExamination:  # noqa: ARG002
        """See ports.Examiner."""
        receivers, bar, subject = stream.read().decode().partition("|")
        if not bar:
            raise ContainerError(say("This is not a ZIP container."))
        header = Header(
            sender=Organization(code=COMMUNE),
            receivers=tuple(Organization(code=code) for code in receivers.split(",") if code),
            number="125",
            notation="UBND-VX",
            issued=NOW.date(),
            subject=subject,
        )
        return StubExamination(**{"submission": Submission.of(header), **self.found})

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:  # noqa: ARG002
        """See ports.Examiner."""
        return None

    def is_revoked(self, certificate: bytes) -> bool:  # noqa: ARG002
        """See ports.Examiner."""
        return False


class FaultyLedger(MemoryLedger):
    """A ledger whose next writes fail: ``before`` having happened, or ``after``."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    async def write(self, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
        """See ports.Ledger."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "before":
            raise StorageError(say("The database reports an error: {reason}.", reason="trước khi ghi"))
        answer = await super().write(work)
        if fault == "after":
            raise StorageError(say("The database reports an error: {reason}.", reason="sau khi ghi"))
        return answer


class FaultyBodies(MemoryBodies):
    """Bodies whose next commits fail, before or after they happened."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    async def begin(self) -> Any:
        """See ports.Bodies."""
        incoming = await super().begin()
        real = incoming.commit

        async def commit(sha256: str) -> None:
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "before":
                raise StorageError(say("The disk reports an error: {reason}.", reason="trước khi ghi"))
            await real(sha256)
            if fault == "after":
                raise StorageError(say("The disk reports an error: {reason}.", reason="sau khi ghi"))

        incoming.commit = commit  # type: ignore[method-assign]
        return incoming


@dataclass(slots=True, kw_only=True)
class World:
    """A relay in memory and the agencies around it."""

    relay: Relay
    clock: SetClock
    ledger: FaultyLedger
    bodies: FaultyBodies
    callers: dict[str, Caller]

    @staticmethod
    async def make(*codes: str, seed: int = 0, limits: Limits | None = None, **found: Any) -> World:
        """Make a world with these agencies; ``found`` is what the examiner says."""
        clock, ledger, bodies = SetClock(), FaultyLedger(), FaultyBodies()
        relay = Relay(
            clock=clock,
            randomness=SeededRandomness(seed),
            ledger=ledger,
            bodies=bodies,
            notary=StubNotary(),
            examiner=StubExaminer(**found),
            bell=LocalBell(),
            limits=limits or Limits(free_space=0),
        )
        callers = {}
        for code in codes:
            one = agency(code, f"Cơ quan {code}")

            async def work(tx: Transaction, one: Any = one) -> None:
                await tx.put_agency(one)

            await ledger.write(work)
            callers[code] = Caller(agency=one, certificate=digest(f"tls {code}"))
        return World(relay=relay, clock=clock, ledger=ledger, bodies=bodies, callers=callers)

    async def send(
        self, body: str, *, sender: str = COMMUNE, time_to_live: timedelta | None = None
    ) -> Receipt:
        """Submit an envelope of the examiner's kind."""
        return await accept(
            self.relay,
            self.callers[sender],
            pieces(body.encode()),
            declared=digest(body),
            time_to_live=time_to_live,
        )


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in small pieces."""
    for start in range(0, len(body), 7):
        yield body[start : start + 7]
