"""What every use case works with: the ports of one relay, its limits, and who is asking."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from docsign.envelope.evidence import (
    ENVELOPE_TYPE,
    About,
    Evidence,
    EvidenceEvent,
    Issuer,
    Part,
    Reason,
    canonical_json,
)
from docsign.envelope.grants import GRANT_TYPE, SignedGrant
from relay_server.core.directory import Agency, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.quotas import Intake
from relay_server.ports import Bell, Bodies, Clock, Examiner, Ledger, Notary, Randomness
from relay_server.services.stamp import Stamping


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the relay allows. Sizes in bytes."""

    envelope: int = 256 * 1024 * 1024
    free_space: int = 256 * 1024 * 1024
    receivers: int = 1000
    time_to_live: timedelta = timedelta(days=14)
    longest_time_to_live: timedelta = timedelta(days=90)
    lease: timedelta = timedelta(minutes=5)
    warn_unfetched: timedelta = timedelta(days=3)
    """After how long an unfetched delivery is warned of."""
    retain: timedelta | None = None
    """How long the bytes are kept after their acceptance; None: for ever."""
    uploads: int = 32
    """Unfinished uploads of one agency at a time."""
    upload_bytes: int = 1024 * 1024 * 1024
    """Bytes that the unfinished uploads of one agency may hold."""
    upload_life: timedelta = timedelta(days=2)
    """How long an upload may take, and how long its outcome is told."""
    patience: timedelta = timedelta(seconds=30)
    """How long a connection may go without a request, or without ``progress`` bytes of a body."""
    progress: int = 8 * 1024
    connections: int = 100
    """Connections of one certificate at a time; 0 is no limit, here and below."""
    bytes_in_flight: int = 1024 * 1024 * 1024
    """Bytes of bodies that one certificate may be sending at a time."""
    bytes_a_day: int = 0
    pressing: int = 256
    """Envelopes that may have arrived and not be stored yet before others are asked to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking: an agency of the directory, through the TLS certificate with this SHA-256.

    ``shown`` is that certificate (DER), empty where there is none to show (simulations). Where another agency
    acts for it, ``delegate`` is that one, whose certificate it is, and ``grant`` what lets it.
    """

    agency: Agency
    certificate: str
    shown: bytes = b""
    delegate: Agency | None = None
    grant: SignedGrant | None = None

    @property
    def code(self) -> str:
        """The agency's code as the directory writes it."""
        return self.agency.code

    @property
    def actor(self) -> str:
        """The code of the agency whose hand it is: the delegate's, where there is one."""
        return self.delegate.code if self.delegate else self.agency.code

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a record of the caller's act refers to: the grant, where there is one."""
        if self.grant is None:
            return ()
        return (Part(id="grant", type=GRANT_TYPE, digest=sha256_of(self.grant.signed)),)

    def has_signed(self, signer: str, *, at: datetime) -> bool:
        """Tell whether the certificate with this SHA-256 signs for the caller: its own, or its delegate's."""
        return any(
            one is not None and one.has(signer, Use.SIGN, at=at) for one in (self.agency, self.delegate)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay: everything it needs from outside."""

    clock: Clock
    randomness: Randomness
    ledger: Ledger
    bodies: Bodies
    notary: Notary
    examiner: Examiner
    bell: Bell
    limits: Limits
    intake: Intake = field(default_factory=Intake)
    stamping: Stamping | None = None
    """How the log is time-stamped; None where no service is set."""
    about: About | None = None
    """The relay's word on its log; None where none is kept (simulations)."""

    def now(self) -> datetime:
        """Return the moment as records write it: to the millisecond, so that it reads back equal."""
        moment = self.clock.now()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def fact(
        self,
        event: EvidenceEvent,
        about: StoredEnvelope,
        *,
        recipients: tuple[str, ...],
        at: datetime,
        actor: str = "",
        reasons: tuple[Reason, ...] = (),
        parts: tuple[Part, ...] = (),
        delivery: str = "",
        cause: str = "",
        state: str = "",
    ) -> Fact:
        """Make and sign an evidence record about an envelope (EN 319 522-1)."""
        evidence = Evidence(
            id=self.randomness.name(),
            event=event,
            time=at,
            issuer=Issuer(name=self.notary.name, certificate=self.notary.certificate),
            sender=about.sender,
            recipients=recipients,
            document_id=about.document_id,
            submitted_at=about.accepted_at,
            parts=(Part(id="envelope", type=ENVELOPE_TYPE, digest=about.sha256), *parts),
            actor=actor,
            reasons=reasons,
        )
        signed = canonical_json(evidence.to_json())
        return Fact(
            evidence=evidence,
            signed=signed,
            signature=self.notary.sign(signed, at=at),
            delivery=delivery,
            cause=cause,
            state=state,
        )


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
