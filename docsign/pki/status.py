"""What is said of a certificate's status, by a list or by an answer, and for which times that holds.

Values; ``docsign.pki.revocation`` and ``docsign.pki.ocsp`` read them from lists and answers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from cryptography import x509

from docsign.values import dataclass

CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far two clocks may stand apart before their difference says something."""

Remark = Literal[
    "crl-critical", "crl-delta", "crl-scope", "crl-indirect",
    "ocsp-unknown", "ocsp-signer", "ocsp-signer-unproved",
]  # fmt: skip
"""Why something at hand that is about the certificate says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusProof:
    """What one list or answer says of one certificate, its signature checked.

    ``name`` is the SHA-256 of its DER (by which proofs of existence know it). ``revoked_at`` is None where
    the certificate was good at ``this_update``. ``keeps_since``: certificates that ended after that time are
    still spoken of (expiredCertsOnCRL, archiveCutoff). ``signer`` made the signature with ``digest``. One
    that is not ``complete`` (a delta, only some reasons, an extension not understood) revokes but clears not.
    """

    name: bytes
    kind: Literal["crl", "ocsp"]
    this_update: datetime
    next_update: datetime | None
    signer: x509.Certificate
    digest: str = ""
    revoked_at: datetime | None = None
    reason: str | None = None
    keeps_since: datetime | None = None
    complete: bool = True

    @property
    def is_hold(self) -> bool:
        """Whether it only suspends."""
        return self.reason == "certificateHold"

    @property
    def fresh_until(self) -> datetime:
        """The last time at which it is fresh (EN 319 102-1 5.2.5: as long as it says itself)."""
        if self.next_update is not None:
            return max(self.next_update, self.this_update)
        # RFC 6960 4.2.2.1: newer information is available all the time; RFC 5280 5.1.2.5 wants the field
        return self.this_update + (CLOCK_TOLERANCE if self.kind == "ocsp" else timedelta(0))

    def speaks_of(self, certificate: x509.Certificate) -> bool:
        """Whether it can clear: one made after the certificate's end need not name it (RFC 5280 3.3).

        One made after the end of its own signer's certificate clears nobody.
        """
        end = certificate.not_valid_after_utc
        if self.this_update > self.signer.not_valid_after_utc:
            return False
        return self.complete and (
            self.this_update <= end or (self.keeps_since is not None and self.keeps_since <= end)
        )

    def is_fresh(self, at: datetime, *, stamped: bool = False) -> bool:
        """Whether it is fresh at ``at`` (EN 319 102-1 5.2.5); what was made later knows all the better.

        ``stamped``: ``at`` is a proved time in the past. An OCSP answer from before it does not prove then:
        it is the answer of a moment, and a newer one could have been had.
        """
        if self.this_update >= at - (CLOCK_TOLERANCE if stamped else timedelta(0)):
            return True
        return at <= self.fresh_until and not (stamped and self.kind == "ocsp")


def generalized_time(der: bytes) -> datetime | None:
    """Read a DER GeneralizedTime in UTC, to the second; None for anything else."""
    if len(der) != 17 or der[:2] != b"\x18\x0f" or not der.endswith(b"Z"):
        return None
    try:
        return datetime.strptime(der[2:].decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


_SMALL = 64 * 1024


def name_of_der(der: bytes) -> bytes:
    """Return the SHA-256 of a list or an answer; of small ones it is remembered."""
    return _name_of_small(der) if len(der) <= _SMALL else sha256(der).digest()


@lru_cache(maxsize=1024)
def _name_of_small(der: bytes) -> bytes:
    return sha256(der).digest()


class Verdicts:
    """Whether a list or an answer was signed by whom; remembered by digest, so that no bytes are held."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, x509.Certificate], bool] = OrderedDict()

    def remember(self, der: bytes, signer: x509.Certificate, verify: Callable[[], bool]) -> bool:
        """Return what is remembered, else what ``verify`` says."""
        key = (name_of_der(der), signer)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        made = verify()
        with self._lock:
            self._known[key] = made
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return made


verdicts = Verdicts(8192)
"""Signatures that this process has verified."""
