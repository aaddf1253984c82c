"""What time brings about: a delivery nobody fetched expires, and the sender can see it."""

from __future__ import annotations

from docsign.envelope.evidence import EvidenceEvent, Reason
from relay_server.core.deliveries import Happening
from relay_server.ports import Transaction
from relay_server.services.relay import Relay

AT_ONCE = 100
"""Deliveries expired in one transaction."""

EXPIRED = "time-to-live"
"""The cause, and the reason's code, of an expiry."""


async def expire(relay: Relay) -> int:
    """Expire what is overdue, up to ``AT_ONCE``; return how many deliveries were (call again while any)."""

    async def work(tx: Transaction) -> int:
        now = relay.now()
        count = 0
        for delivery in await tx.overdue(now, AT_ONCE):
            moved = delivery.seen_at(now).after(Happening.EXPIRE, at=now)
            envelope = await tx.envelope(delivery.sha256)
            assert moved is not None
            assert envelope is not None
            await tx.put_delivery(moved[0])
            await tx.add_fact(
                relay.fact(
                    EvidenceEvent.CONTENT_HANDOVER_FAILURE,
                    envelope,
                    recipients=(delivery.receiver,),
                    at=now,
                    reasons=(Reason(code=EXPIRED, text="Bên nhận không lấy văn bản trong thời hạn."),),
                    delivery=delivery.id,
                    cause=EXPIRED,
                    state=moved[0].state.value,
                )
            )
            count += 1
        return count

    return await relay.ledger.write(work)
