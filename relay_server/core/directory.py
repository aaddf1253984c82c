"""The directory: which agency a certificate speaks for, and what it may do.

An agency code is bound to two kinds of certificate: those of its TLS connections and those it seals envelopes
with. The fingerprint decides; a name in a certificate proves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from docsign.envelope.agency_codes import canonical


def parents(code: str) -> tuple[str, ...]:
    """Return the agencies a unit belongs to, nearest first: ``H99.31.05`` is a unit of ``H99.31``.

    The first two groups name an agency of its own, never a unit of the province or ministry.
    """
    groups = canonical(code).split(".")
    return tuple(".".join(groups[:count]) for count in range(len(groups) - 1, 1, -1))


class Use(StrEnum):
    """What a certificate is bound for; one use is never exchanged for another.

    ``AUDIT`` is for TLS connections that may read the records of the log.
    """

    TLS = "tls"
    SIGN = "sign"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A certificate of an agency: SHA-256 of its DER in lower-case hex, and the span it is good for."""

    sha256: str
    use: Use
    not_before: datetime
    not_after: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether the binding is in force."""
        return self.not_before <= moment <= self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency of the directory; ``code`` is kept as it was registered, ``key`` compares codes."""

    code: str
    name: str
    bindings: tuple[Binding, ...] = ()

    @property
    def key(self) -> str:
        """The form of the code that compares: ``000.00.31.H99`` and ``H99.31`` are one agency."""
        return canonical(self.code)

    def has(self, fingerprint: str, use: Use, *, at: datetime) -> bool:
        """Tell whether this certificate speaks for the agency now, for this use."""
        return any(b.sha256 == fingerprint and b.use is use and b.holds_at(at) for b in self.bindings)

    def is_called(self, code: str) -> bool:
        """Tell whether ``code`` names this agency."""
        return canonical(code) == self.key
