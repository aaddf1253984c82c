"""A receiver collects: what waits for it, the bytes, and "I have it"."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from docsign.envelope.evidence import EvidenceEvent, Part
from docsign.exchange.wire import Handover, HandoverAccepted, InboxItem, InboxPage, ProblemType
from docsign.sentence import say
from relay_server.core.deliveries import Delivery, Happening, State
from relay_server.core.refusals import RefusalError
from relay_server.ports import Transaction
from relay_server.services.delegation import require_still_acting
from relay_server.services.relay import Caller, Relay, sha256_of

HANDED_OVER = "handover"
"""The cause under which a handover is recorded, once for each delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetchable:
    """An envelope whose bytes may go out now; ``size`` is in bytes."""

    sha256: str
    size: int


def not_found() -> RefusalError:
    """Return the one answer to everything that is not there or not the caller's: they look alike."""
    return RefusalError(ProblemType.NOT_FOUND, say("There is no such thing for this agency."))


def _too_late() -> RefusalError:
    return RefusalError(ProblemType.NOT_FOUND, say("The time to fetch this document is over."))


async def inbox(
    relay: Relay,
    caller: Caller,
    *,
    after: int,
    limit: int,
    wait: float,
    on_hang_up: Callable[[Callable[[], None]], None] = lambda _let_go: None,
) -> InboxPage:
    """Return what waits for the caller past the cursor; where nothing does, wait up to ``wait`` seconds.

    ``on_hang_up`` is given what lets a waiting request go: nobody waits for a line that was cut.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    listening = relay.bell.listen(caller.code)
    on_hang_up(listening.close)
    try:
        while True:
            page = await relay.ledger.read(lambda tx: _page(tx, relay, caller, after, limit))
            left = deadline - loop.time()
            if page.items or left <= 0 or not await listening.heard(left):
                return page
    finally:
        listening.close()


async def _page(tx: Transaction, relay: Relay, caller: Caller, after: int, limit: int) -> InboxPage:
    await require_still_acting(tx, relay, caller)  # who waits may wait past the end of its grant
    now = relay.now()
    rows = await tx.inbox(caller.code, after, limit + 1)
    names: dict[str, str] = {}
    for sender in {envelope.sender for _, envelope in rows}:
        agency = await tx.agency(sender)
        names[sender] = agency.name if agency else ""
    items = tuple(
        InboxItem(
            delivery=delivery.id,
            sha256=envelope.sha256,
            size=envelope.size,
            sender=envelope.sender,
            sender_name=names[envelope.sender],
            document_id=envelope.document_id,
            subject=envelope.subject,
            priority=envelope.priority,
            accepted_at=envelope.accepted_at,
            expires_at=delivery.expires_at,
            state=delivery.seen_at(now).for_receiver.value,
            kind=envelope.kind,
            is_late=delivery.is_unfetched and now >= envelope.accepted_at + relay.limits.warn_unfetched,
        )
        for delivery, envelope in rows[:limit]
    )
    return InboxPage(items=items, next=str(rows[limit - 1][0].number) if len(rows) > limit else None)


async def fetch(relay: Relay, caller: Caller, sha256: str) -> Fetchable:
    """Open an envelope's bytes to its sender or a receiver; a receiver that has not confirmed it leases it.

    Several computers of one agency do not fetch the same delivery at once: the lease is the certificate's, is
    renewed by each request, and runs out by itself. Raises RefusalError.
    """
    found = await relay.ledger.read(lambda tx: _fetchable(tx, relay, caller, sha256))
    if found is None:
        return await relay.ledger.write(lambda tx: _lease(tx, relay, caller, sha256))
    return found


async def _fetchable(tx: Transaction, relay: Relay, caller: Caller, sha256: str) -> Fetchable | None:
    """Return what may go out without changing anything, or None where a lease must be taken."""
    envelope = await tx.envelope(sha256)
    if envelope is None:
        raise not_found()
    fetchable = Fetchable(sha256=sha256, size=envelope.size)
    delivery = None if envelope.sender == caller.code else await own_delivery(tx, caller, sha256)
    if not envelope.is_kept:
        raise RefusalError(
            ProblemType.NOT_FOUND, say("The relay keeps the bytes of this document no longer.")
        )
    if delivery is None:
        return fetchable
    if delivery.state is State.WITHDRAWN:
        # QD 28/2018 Art. 9: what was taken back is not kept by the receiver
        raise RefusalError(ProblemType.NOT_FOUND, say("The sender has taken this document back."))
    if delivery.state is State.RECALL_ASKED and delivery.is_unfetched:
        raise RefusalError(
            ProblemType.NOT_FOUND,
            say("The sender asks this document back (13): answer 15 or 16 before it is handed out."),
        )
    if delivery.state is State.EXPIRED:
        raise _too_late()
    if not delivery.is_unfetched:
        return fetchable
    now = relay.now()
    delivery = delivery.seen_at(now)
    if delivery.reached is State.LEASED and delivery.leased_until is not None:
        if delivery.leased_by != caller.certificate:
            raise RefusalError(
                ProblemType.LEASED, say("Another computer of this agency is fetching this document now.")
            )
        if now + relay.limits.lease / 2 < delivery.leased_until:
            return fetchable
    return None


async def _lease(tx: Transaction, relay: Relay, caller: Caller, sha256: str) -> Fetchable:
    await require_still_acting(tx, relay, caller)
    found = await _fetchable(tx, relay, caller, sha256)  # again: another may have been faster
    if found is not None:
        return found
    now = relay.now()
    delivery = await own_delivery(tx, caller, sha256)
    moved = delivery.seen_at(now).after(Happening.FETCH, at=now)
    if moved is None:
        raise not_found()
    await tx.put_delivery(
        replace(moved[0], leased_by=caller.certificate, leased_until=now + relay.limits.lease)
    )
    envelope = await tx.envelope(sha256)
    assert envelope is not None
    return Fetchable(sha256=sha256, size=envelope.size)


async def own_delivery(tx: Transaction, caller: Caller, sha256: str) -> Delivery:
    """Return the caller's delivery of an envelope; raises RefusalError where it is no receiver."""
    for delivery in await tx.deliveries(sha256):
        if delivery.receiver == caller.code:
            return delivery
    raise not_found()


async def hand_over(relay: Relay, caller: Caller, name: str, confirmation: Handover) -> HandoverAccepted:
    """Record that the receiver has the bytes; the same answer when it is told again. Raises RefusalError."""
    parts = await asyncio.to_thread(_signature_parts, relay, caller, confirmation)

    async def work(tx: Transaction) -> HandoverAccepted:
        await require_still_acting(tx, relay, caller)
        delivery = await tx.delivery(name)
        if delivery is None or delivery.receiver != caller.code:
            raise not_found()
        if confirmation.sha256 != delivery.sha256:
            raise RefusalError(
                ProblemType.DIGEST_MISMATCH,
                say("The digest confirmed is not that of this envelope: fetch it again."),
                where="handover.sha256",
            )
        now = relay.now()
        before = await tx.fact_of(delivery.id, HANDED_OVER)
        if before is not None:
            return HandoverAccepted(
                delivery=delivery.id, state=delivery.state.value, recorded_at=before.evidence.time
            )
        moved = delivery.seen_at(now).after(Happening.HANDOVER, at=now)
        envelope = await tx.envelope(delivery.sha256)
        if moved is None or envelope is None:
            raise _too_late()
        after = moved[0]
        await tx.put_delivery(after)
        await tx.add_fact(
            relay.fact(
                EvidenceEvent.CONTENT_HANDOVER,
                envelope,
                recipients=(caller.code,),
                at=now,
                actor=caller.actor,
                parts=(*parts, *caller.parts),
                delivery=delivery.id,
                cause=HANDED_OVER,
                state=after.state.value,
            )
        )
        return HandoverAccepted(delivery=delivery.id, state=after.state.value, recorded_at=now)

    return await relay.ledger.write(work)


def _signature_parts(relay: Relay, caller: Caller, confirmation: Handover) -> tuple[Part, ...]:
    """Check the receiver's own signature, where it gives one, and return it as a part of the record."""
    if confirmation.signature is None:
        return ()
    cms = base64.b64decode(confirmation.signature)
    now = relay.now()
    signer = relay.examiner.signer_of(cms, confirmation.sha256.encode("ascii"), at=now)
    if signer is None or not caller.has_signed(signer, at=now):
        raise RefusalError(
            ProblemType.SIGNATURE_NOT_ACCEPTED,
            say("The signature of this confirmation is not a valid one of the agency."),
            where="handover.signature",
        )
    return (Part(id="handover-signature", type="application/pkcs7-signature", digest=sha256_of(cms)),)
