"""Plainly invented agencies, envelopes and evidence for the relay's tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from docsign.envelope.evidence import (
    ENVELOPE_TYPE,
    Evidence,
    EvidenceEvent,
    Issuer,
    Part,
    canonical_json,
)
from relay_server.core.deliveries import Delivery, State
from relay_server.core.directory import Agency, Binding, Use
from relay_server.core.envelopes import Fact, StoredEnvelope

NOW = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
COMMUNE = "H99.31"
PROVINCE = "H99"
DEPARTMENT = "000.00.12.H99"


def digest(text: str) -> str:
    """Return a SHA-256 to stand for some bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def binding(text: str, use: Use, *, since: datetime = NOW - timedelta(days=30)) -> Binding:
    """Return a certificate's binding, good for a year."""
    return Binding(sha256=digest(text), use=use, not_before=since, not_after=since + timedelta(days=365))


def agency(code: str = COMMUNE, name: str = "UBND xã Mẫu") -> Agency:
    """Return an agency with a TLS and a signing certificate."""
    return Agency(
        code=code,
        name=name,
        bindings=(binding(f"tls {code}", Use.TLS), binding(f"sign {code}", Use.SIGN)),
    )


def envelope(text: str = "công văn 125", *, sender: str = COMMUNE) -> StoredEnvelope:
    """Return an accepted envelope."""
    return StoredEnvelope(
        sha256=digest(text),
        size=len(text),
        sender=sender,
        document_id=f"{sender},2026/11/16,125/UBND-VX",
        subject="Về việc báo cáo công tác văn thư",
        priority=0,
        kind=0,
        accepted_at=NOW,
    )


def delivery(
    of: StoredEnvelope, *, receiver: str = PROVINCE, number: int = 1, state: State = State.QUEUED
) -> Delivery:
    """Return a delivery of an envelope."""
    return Delivery(
        id=digest(of.sha256 + receiver)[:32],
        sha256=of.sha256,
        sender=of.sender,
        receiver=receiver,
        number=number,
        state=state,
        reached=state,
        changed_at=NOW,
        expires_at=NOW + timedelta(days=14),
    )


def evidence(
    of: StoredEnvelope, event: EvidenceEvent = EvidenceEvent.SUBMISSION_ACCEPTANCE, *, name: str = "1"
) -> Evidence:
    """Return an evidence record about an envelope."""
    return Evidence(
        id=digest(of.sha256 + event + name)[:32],
        event=event,
        time=NOW,
        issuer=Issuer(name="Trạm thử nghiệm", certificate=digest("relay")),
        sender=of.sender,
        recipients=(PROVINCE,),
        document_id=of.document_id,
        submitted_at=of.accepted_at,
        parts=(Part(id="envelope", type=ENVELOPE_TYPE, digest=of.sha256),),
    )


def fact(of: StoredEnvelope, *, about: str = "", cause: str = "", name: str = "1") -> Fact:
    """Return a kept evidence record."""
    record = evidence(of, name=name)
    return Fact(
        evidence=record,
        signed=canonical_json(record.to_json()),
        signature=b"signature",
        delivery=about,
        cause=cause,
    )
