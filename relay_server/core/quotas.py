"""How much one certificate may hold of the relay at a time and in a day. Pure: counts, and no clock.

A limit of 0 is none. The counts are one process's and begin anew with it; a day is one of Vietnam's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from docsign.envelope.header import VIETNAM_TIME
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError

TOLERATED = 8
"""Connections past the limit that still get an answer that says so; those beyond are cut."""


@dataclass(slots=True, kw_only=True)
class Quotas:
    """The counts of every certificate, by its SHA-256; bytes are those that come in, ``open`` connections."""

    connections: int
    bytes_in_flight: int
    bytes_a_day: int
    open: Counter[str] = field(default_factory=Counter)
    _coming: Counter[str] = field(default_factory=Counter)
    _today: Counter[str] = field(default_factory=Counter)
    _day: date = date.min

    def enter(self, certificate: str) -> bool | None:
        """Count a connection; True where it may be served, False where it is told off, None: cut it."""
        self.open[certificate] += 1
        over = self.open[certificate] - self.connections
        if not self.connections or over <= 0:
            return True
        return False if over <= TOLERATED else None

    def leave(self, certificate: str) -> None:
        """Count a connection that ended."""
        self.open[certificate] -= 1
        if not self.open[certificate]:
            del self.open[certificate]

    @contextmanager
    def coming(self, certificate: str, size: int) -> Iterator[None]:
        """Hold ``size`` bytes that are announced while the context lasts; raises RefusalError."""
        if self.bytes_in_flight and self._coming[certificate] + size > max(self.bytes_in_flight, size):
            raise RefusalError(
                ProblemType.TOO_MANY,
                say("This computer is sending too much at once; send one after another."),
            )
        self._coming[certificate] += size
        try:
            yield
        finally:
            self._coming[certificate] -= size
            if not self._coming[certificate]:
                del self._coming[certificate]

    def came(self, certificate: str, size: int, now: datetime) -> None:
        """Count bytes that came; raises RefusalError where the day's are used up."""
        here = now.astimezone(VIETNAM_TIME)
        today = here.date()
        if today != self._day:
            self._day = today
            self._today.clear()
        if self.bytes_a_day and self._today[certificate] + size > self.bytes_a_day:
            tomorrow = datetime.combine(today + timedelta(days=1), time(), VIETNAM_TIME)
            raise RefusalError(
                ProblemType.TOO_MANY,
                say("This computer has sent as much as it may in one day; go on tomorrow."),
                also={"Retry-After": str(int((tomorrow - here).total_seconds()) + 1)},
            )
        self._today[certificate] += size


@dataclass(slots=True)
class Intake:
    """How many envelopes have arrived and are being checked and made durable: what lags behind the lines."""

    pressing: int = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Count one envelope while the context lasts."""
        self.pressing += 1
        try:
            yield
        finally:
            self.pressing -= 1

    def require_calm(self, most: int) -> None:
        """Raise RefusalError (busy) while too many are waiting: nothing more is read until they are done."""
        if self.pressing >= most:
            raise RefusalError(
                ProblemType.BUSY, say("The relay has more to store than it can just now; send it again soon.")
            )
