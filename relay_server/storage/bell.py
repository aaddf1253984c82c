"""Wakes waiting requests inside one process."""

from __future__ import annotations

import asyncio
import contextlib


class LocalBell:
    """A Bell for one process and one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[LocalListening, None]] = {}  # who came first is woken first
        self.has_ended = False

    def end(self) -> None:
        """Let everyone who waits go, now and from now on: the relay stops."""
        self.has_ended = True
        for waiting in self._waiting.values():
            for listening in waiting:
                listening.rung.set()

    def ring(self, agency: str) -> None:
        """See ports.Bell."""
        for listening in self._waiting.get(agency, ()):
            listening.rung.set()

    def listen(self, agency: str) -> LocalListening:
        """See ports.Bell."""
        listening = LocalListening(self, agency)
        self._waiting.setdefault(agency, {})[listening] = None
        return listening

    def listeners(self, agency: str) -> int:
        """Return how many listen for an agency."""
        return len(self._waiting.get(agency, ()))

    def leave(self, listening: LocalListening) -> None:
        """Forget one who listened."""
        waiting = self._waiting.get(listening.agency)
        if waiting is not None:
            waiting.pop(listening, None)
            if not waiting:
                del self._waiting[listening.agency]


class LocalListening:
    """A Listening of LocalBell."""

    def __init__(self, bell: LocalBell, agency: str) -> None:
        self._bell = bell
        self.agency = agency
        self.rung = asyncio.Event()
        self._is_closed = False

    async def heard(self, seconds: float) -> bool:
        """See ports.Listening."""
        if not self._bell.has_ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.rung.wait(), seconds)
        heard = self.rung.is_set() and not self._bell.has_ended and not self._is_closed
        self.rung.clear()
        return heard

    def close(self) -> None:
        """See ports.Listening."""
        self._is_closed = True
        self.rung.set()
        self._bell.leave(self)
