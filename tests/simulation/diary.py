"""What the agencies asked and were answered: all that the checker ever sees of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.simulation.network import Answer


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request; ``answer`` is None where none came. Times are the simulation's seconds."""

    began: float
    agency: str
    computer: str
    method: str
    path: str
    body: bytes = b""
    about: str = ""
    """The envelope it is about, where the path does not say so."""
    ended: float = float("inf")
    answer: Answer | None = None

    @property
    def is_told(self) -> bool:
        """Whether a whole positive answer came back."""
        return self.answer is not None and self.answer.is_whole and self.answer.status < 300


@dataclass(slots=True)
class Diary:
    """Everything in the order it began, and the intentions that a calm relay must fulfil."""

    seen: list[Seen] = field(default_factory=list)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Envelopes by name that agencies mean to send: sender, receivers, body, seconds to live."""
    awake: set[str] = field(default_factory=set)
    """Agencies that fetch what is theirs."""
    foreign: set[str] = field(default_factory=set)
    """Envelopes by name that nobody may submit."""
    auditors: set[str] = field(default_factory=set)
    let_in: dict[tuple[str, str], float] = field(default_factory=dict)
    """Certificates and the agencies they may act for, since when."""
    taken_out: dict[tuple[str, str], float] = field(default_factory=dict)
    """Certificates that were good for an agency once, and since when they are not."""
    retain: timedelta | None = None
    """How long the relay keeps bytes after their acceptance."""
    unfulfilled: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
