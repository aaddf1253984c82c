"""Proofs of existence (EN 319 102-1 5.6.2.3): since when each object is known to have existed.

Objects go by the SHA-256 of their DER, a signature value by that of its bytes. Everything exists at the time
of the verification; whatever is proved besides was put in by ``docsign.ades.long_term``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


class Existing:
    """Since when what is known to have existed; the earliest proof counts."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._since: dict[bytes, datetime] = {}

    def add(self, names: Iterable[bytes], since: datetime) -> None:
        """Let all of ``names`` have existed at ``since``."""
        for name in names:
            if since < self._since.get(name, self.now):
                self._since[name] = since

    def since(self, name: bytes) -> datetime:
        """Return the earliest time at which the object is known to have existed: now at the latest."""
        return self._since.get(name, self.now)

    def is_proved(self, name: bytes) -> bool:
        """Whether anything proves more than that it exists now."""
        return name in self._since
