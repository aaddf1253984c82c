"""The directory: which agency a certificate speaks for, and what it may do.

An agency code is bound to two kinds of certificate: those of its TLS connections and those it seals envelopes
with. The fingerprint decides; a name in a certificate proves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from docsign.envelope.agency_codes import canonical
from docsign.errors import UsageError
from docsign.sentence import say

LEAST_TOLD: Final = 16
"""Digits of a fingerprint that must be told: 64 bits, more than anybody finds a second certificate for."""


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


def require_told(new: Binding, told: str) -> None:
    """Raise UsageError unless ``told`` is the fingerprint, or its first digits, as a person would say it."""
    digits = "".join(told.split()).replace(":", "").replace("-", "").lower()
    if len(digits) < LEAST_TOLD:
        raise UsageError(
            say(
                "Ask the agency for the fingerprint of its new certificate and give {count} digits of it.",
                count=LEAST_TOLD,
            ),
            where="--fingerprint",
        )
    if not new.sha256.startswith(digits):
        raise UsageError(
            say(
                "This is not the certificate the agency speaks of: its fingerprint is {found}.",
                found=new.sha256,
            ),
            where="--fingerprint",
        )


def rotated(
    agency: Agency, new: Binding, *, at: datetime, overlap: timedelta, replaces: str = ""
) -> tuple[Agency, datetime]:
    """Return the agency with ``new`` in the place of an old certificate, and the moment the old one ends.

    Old and new are both good for ``overlap``, or until the old certificate's own end. What else the old one
    is bound for (``Use.AUDIT``) passes to the new one. ``replaces`` is the beginning of the old fingerprint.
    Doing it again changes nothing. Raises UsageError where that would leave a gap, or names no certificate.
    """
    held = [b for b in agency.bindings if b.use is new.use and b.not_after > at and b.sha256 != new.sha256]
    named = [b for b in held if b.sha256.startswith(replaces.lower())]
    if agency.has(new.sha256, new.use, at=new.not_after) and not named:
        return agency, at
    if not named:
        raise UsageError(
            say(
                "The agency {code} has no such certificate to replace (docsign-relay agency add adds one).",
                code=agency.code,
            )
        )
    if len(named) > 1:
        raise UsageError(
            say(
                "The agency {code} has several certificates of this kind: say which one (--replaces).",
                code=agency.code,
            ),
            where="--replaces",
        )
    (old,) = named
    ends = min(old.not_after, at + overlap)
    if not new.not_before <= ends < new.not_after:
        raise UsageError(
            say(
                "The new certificate is good from {begin} to {end}: it must be good when the old one ends.",
                begin=f"{new.not_before:%Y-%m-%d %H:%M}",
                end=f"{new.not_after:%Y-%m-%d %H:%M}",
            ),
            where=new.sha256,
        )
    kept = tuple(
        replace(b, not_after=min(b.not_after, ends)) if b.sha256 == old.sha256 else b
        for b in agency.bindings
        if b.sha256 != new.sha256
    )
    uses = (
        {b.use for b in agency.bindings if b.sha256 == old.sha256 and b.not_after > at}
        | {b.use for b in agency.bindings if b.sha256 == new.sha256}
        | {new.use}
    )
    return replace(agency, bindings=(*kept, *(replace(new, use=use) for use in Use if use in uses))), ends
