"""What time brings about: what nobody fetches is warned of, then expires; old bytes are removed.

The sender sees each in the trace, the receiver the warning in its inbox. What was removed keeps its name and
its evidence.
"""

from __future__ import annotations

from dataclasses import replace

from docsign.envelope.evidence import EvidenceEvent, Reason
from relay_server.core.deliveries import Delivery, Happening
from relay_server.core.replay import UNFETCHED
from relay_server.ports import Transaction
from relay_server.services.relay import Relay

AT_ONCE = 100
"""Deliveries or envelopes changed in one transaction."""

EXPIRED = "time-to-live"
"""The cause, and the reason's code, of an expiry."""
RETENTION = "retention"


async def expire(relay: Relay) -> int:
    """Warn of, or expire, what is due, up to ``AT_ONCE``; return how many (call again while so many)."""

    async def work(tx: Transaction) -> int:
        due = await tx.overdue(relay.now(), AT_ONCE)
        for delivery in due:
            await _due(tx, relay, delivery)
        return len(due)

    return await relay.ledger.write(work)


async def _due(tx: Transaction, relay: Relay, delivery: Delivery) -> None:
    now = relay.now()
    envelope = await tx.envelope(delivery.sha256)
    assert envelope is not None
    seen = delivery.seen_at(now)
    if delivery.expires_at <= now:
        moved = seen.after(Happening.EXPIRE, at=now)
        assert moved is not None
        after, event, code = moved[0], EvidenceEvent.CONTENT_HANDOVER_FAILURE, EXPIRED
        text = "Bên nhận không lấy văn bản trong thời hạn."
    else:
        after, event, code = replace(delivery, warn_at=None), EvidenceEvent.UNFETCHED, UNFETCHED
        text = "Đã lâu bên nhận chưa lấy văn bản."
    await tx.put_delivery(after)
    await tx.add_fact(
        relay.fact(
            event,
            envelope,
            recipients=(delivery.receiver,),
            at=now,
            reasons=(Reason(code=code, text=text),),
            delivery=delivery.id,
            cause=code,
            state=after.seen_at(now).state.value,
        )
    )


async def remove(relay: Relay) -> int:
    """Remove the bytes of envelopes past the retention, up to ``AT_ONCE``; return how many.

    The ledger knows first: a crash in between leaves bytes that ``check`` names, never a promise unkept.
    """
    if relay.limits.retain is None:
        return 0
    before = relay.now() - relay.limits.retain

    async def work(tx: Transaction) -> list[str]:
        old = await tx.removable(before, AT_ONCE)
        for envelope in old:
            await tx.mark_removed(envelope.sha256)
            reason = Reason(code=RETENTION, text="Đã hết thời hạn lưu nội dung tại trạm.")
            await tx.add_fact(
                relay.fact(
                    EvidenceEvent.CONTENT_REMOVED, envelope, recipients=(), at=relay.now(), reasons=(reason,)
                )
            )
        return [envelope.sha256 for envelope in old]

    names = await relay.ledger.write(work)
    for name in names:
        await relay.bodies.remove(name)
    return len(names)
