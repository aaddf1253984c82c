"""Follow an envelope: statuses from one side to the other, the trace, the receipt, the directory."""

from __future__ import annotations

from dataclasses import replace

from docsign.envelope.edxml import read_status
from docsign.envelope.evidence import EvidenceEvent, Part, Reason, Receipt
from docsign.envelope.status import Status, StatusCode
from docsign.errors import MalformedError
from docsign.exchange import wire
from docsign.exchange.wire import (
    AgencyEntry,
    AgencyPage,
    ProblemType,
    StatusAccepted,
    TraceDelivery,
    TraceEvent,
)
from docsign.sentence import Sentence, say
from relay_server.core.deliveries import NOT_FETCHED, Delivery, Happening, State
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.refusals import RefusalError
from relay_server.core.replay import UNFETCHED
from relay_server.ports import Transaction
from relay_server.services.accept import receipt_among, receipt_of, receiving_agency
from relay_server.services.collect import not_found
from relay_server.services.delegation import require_still_acting
from relay_server.services.log import stamped
from relay_server.services.relay import Caller, Relay, sha256_of

_CODES = {
    EvidenceEvent.ARRIVED: StatusCode.ARRIVED,
    EvidenceEvent.CONSIGNMENT_REJECTION: StatusCode.REFUSED,
    EvidenceEvent.CONSIGNMENT_ACCEPTANCE: StatusCode.ACCEPTED,
    EvidenceEvent.ASSIGNED: StatusCode.ASSIGNED,
    EvidenceEvent.IN_WORK: StatusCode.IN_WORK,
    EvidenceEvent.DONE: StatusCode.DONE,
    EvidenceEvent.RECALL_ASKED: StatusCode.RECALL,
    EvidenceEvent.RECALL_AGREED: StatusCode.RECALL_AGREED,
    EvidenceEvent.RECALL_REFUSED: StatusCode.RECALL_REFUSED,
    EvidenceEvent.CHANGE_AGREED: StatusCode.RECALL_AGREED,
    EvidenceEvent.CHANGE_REFUSED: StatusCode.RECALL_REFUSED,
}

_ON_A_CHANGE = {
    StatusCode.RECALL_AGREED: EvidenceEvent.CHANGE_AGREED,
    StatusCode.RECALL_REFUSED: EvidenceEvent.CHANGE_REFUSED,
}
"""What 15 and 16 say of a message that revokes, updates or replaces, where no recall is open."""

_STATE_CODES = {
    State.ARRIVED: StatusCode.ARRIVED,
    State.REFUSED: StatusCode.REFUSED,
    State.ACCEPTED: StatusCode.ACCEPTED,
    State.ASSIGNED: StatusCode.ASSIGNED,
    State.IN_WORK: StatusCode.IN_WORK,
    State.DONE: StatusCode.DONE,
}


async def take_status(relay: Relay, caller: Caller, sha256: str, message: bytes) -> StatusAccepted:
    """Let an edXML status drive the delivery it is about; the same answer for the same message.

    1. It can be read, and comes from the agency that sends it.
    2. The envelope is known and the caller is its sender or a receiver: anyone else finds nothing.
    3. It names the document of this envelope.
    4. A recall (13) is the sender's, to one receiver; every other status is that delivery's receiver's.
    5. The same message again: the answer of then.
    6. The delivery table allows it; the change and its evidence are one transaction.

    Raises RefusalError.
    """
    try:
        status = read_status(message)
    except MalformedError as error:
        raise RefusalError(ProblemType.BAD_STATUS, error.sentence, where=error.where) from error
    if len(status.description) > wire.MAX_TEXT:
        # as it is kept in a record of the log, and shown in every trace
        raise RefusalError(
            ProblemType.BAD_STATUS,
            say(
                "too long: {size} characters, {limit} at most",
                size=len(status.description),
                limit=wire.MAX_TEXT,
            ),
            where="status.Description",
        )
    if not caller.agency.is_called(status.sender.code):
        raise RefusalError(
            ProblemType.NOT_YOUR_AGENCY,
            say(
                "The status comes from {sender}, but the connection is that of {agency}.",
                sender=status.sender.code[:60],
                agency=caller.code,
            ),
            where="status.From",
        )

    async def work(tx: Transaction) -> StatusAccepted:
        await require_still_acting(tx, relay, caller)
        envelope = await tx.envelope(sha256)
        if envelope is None:
            raise not_found()
        delivery = await _addressed(tx, caller, envelope, status)
        before = await tx.fact_of(delivery.id, sha256_of(message))
        if before is not None:
            return _accepted(delivery, status, state=before.state, fact=before)
        return await _drive(tx, relay, caller, envelope, delivery, status, message)

    answer = await relay.ledger.write(work)
    if status.code.by_sender:
        relay.bell.ring(answer.receiver)
    return answer


async def _addressed(tx: Transaction, caller: Caller, envelope: StoredEnvelope, status: Status) -> Delivery:
    """Return the delivery a status is about (checks 2 to 4)."""
    deliveries = await tx.deliveries(envelope.sha256)
    own = next((d for d in deliveries if d.receiver == caller.code), None)
    is_sender = envelope.sender == caller.code
    if own is None and not is_sender:
        raise not_found()
    named = status.response_for.document_id
    if named and named != envelope.document_id:
        raise RefusalError(
            ProblemType.BAD_STATUS,
            say("The status is about another document: {document}.", document=named[:120]),
            where="status.ResponseFor.DocumentId",
        )
    if not status.code.by_sender:
        if own is None:
            raise _not_allowed(status)
        return own
    if not is_sender:
        raise _not_allowed(status)
    receiver = await receiving_agency(tx, status.addressee)
    for delivery in deliveries:
        if receiver is not None and delivery.receiver == receiver.code:
            return delivery
    raise RefusalError(
        ProblemType.BAD_STATUS,
        say(
            "The recall names {receiver}, who is no receiver of this envelope.",
            receiver=status.addressee[:60],
        ),
        where="status.ResponseFor.OrganId",
    )


def _not_allowed(status: Status) -> RefusalError:
    return RefusalError(
        ProblemType.STATUS_NOT_ALLOWED,
        say("Only the sender may ask a document back (13).")
        if status.code.by_sender
        else say("Only the receiver may report the status {code}.", code=status.code.value),
        where="status.StatusCode",
    )


async def _drive(
    tx: Transaction,
    relay: Relay,
    caller: Caller,
    envelope: StoredEnvelope,
    delivery: Delivery,
    status: Status,
    message: bytes,
) -> StatusAccepted:
    now = relay.now()
    seen = delivery.seen_at(now)
    moved = seen.after(Happening.of(status.code), at=now)
    if (
        envelope.kind
        and status.code in _ON_A_CHANGE
        and moved is None
        and seen.reached
        not in (
            *NOT_FETCHED,
            State.EXPIRED,
        )
    ):
        moved = delivery, _ON_A_CHANGE[status.code]  # an answer to the message: its delivery stays
    if moved is None:
        raise RefusalError(
            ProblemType.STATUS_NOT_ALLOWED, _why_not(status, delivery), where="status.StatusCode"
        )
    after, proves = moved
    if proves is None:
        return _accepted(delivery, status, state=delivery.state.value)
    at_once = status.code.by_sender and after.state is State.WITHDRAWN
    if status.code.by_sender:  # the receiver's cursor must meet it again
        after = replace(after, number=await tx.next_number())
    fact = relay.fact(
        proves,
        envelope,
        recipients=(delivery.receiver,),
        at=now,
        actor=caller.actor,
        reasons=(
            Reason(code=status.code.value, text=status.description),
            *([Reason(code=UNFETCHED, text="Bên nhận chưa lấy văn bản.")] if at_once else []),
        ),
        parts=(Part(id="status", type=wire.STATUS_TYPE, digest=sha256_of(message)), *caller.parts),
        delivery=delivery.id,
        cause=sha256_of(message),
        state=after.state.value,
    )
    await tx.put_delivery(after)
    await tx.add_fact(fact)
    return _accepted(after, status, state=after.state.value, fact=fact)


def _why_not(status: Status, delivery: Delivery) -> Sentence:
    """Say why the table forbids this status now."""
    code = status.code.value
    if status.code in (StatusCode.RECALL_AGREED, StatusCode.RECALL_REFUSED):
        return say("The status {code} answers a recall (13), and none is open.", code=code)
    if delivery.state is State.EXPIRED:
        return say("The time to fetch this document is over.")
    if delivery.state is State.WITHDRAWN:
        return say("The sender has taken this document back.")
    last = _STATE_CODES.get(delivery.state) or _STATE_CODES.get(delivery.reached)
    if last is None:
        return say("The envelope must be fetched and confirmed before the status {code}.", code=code)
    return say("The status {code} cannot follow the status {last}.", code=code, last=last.value)


def _accepted(delivery: Delivery, status: Status, *, state: str, fact: Fact | None = None) -> StatusAccepted:
    return StatusAccepted(
        sha256=delivery.sha256,
        receiver=delivery.receiver,
        code=status.code.value,
        state=state,
        recorded_at=fact.evidence.time if fact else delivery.changed_at,
    )


async def trace(relay: Relay, caller: Caller, sha256: str) -> wire.Trace:
    """Return what happened to an envelope; a receiver sees its own delivery alone. Raises RefusalError."""
    now = relay.now()

    async def work(tx: Transaction) -> wire.Trace:
        envelope, deliveries = await _visible(tx, caller, sha256)
        facts = await tx.facts(sha256)
        shown = {delivery.receiver for delivery in deliveries}
        return wire.Trace(
            sha256=sha256,
            document_id=envelope.document_id,
            subject=envelope.subject,
            sender=envelope.sender,
            accepted_at=envelope.accepted_at,
            deliveries=tuple([await _trace_delivery(tx, d.seen_at(now)) for d in deliveries]),
            events=tuple(event for fact in facts for event in _events(fact, shown)),
        )

    return await relay.ledger.read(work)


async def _visible(
    tx: Transaction, caller: Caller, sha256: str
) -> tuple[StoredEnvelope, tuple[Delivery, ...]]:
    """Return an envelope with the deliveries this caller may see; raises RefusalError (not found)."""
    envelope = await tx.envelope(sha256)
    if envelope is None:
        raise not_found()
    deliveries = await tx.deliveries(sha256)
    if envelope.sender == caller.code:
        return envelope, deliveries
    own = tuple(d for d in deliveries if d.receiver == caller.code)
    if not own:
        raise not_found()
    return envelope, own


async def _trace_delivery(tx: Transaction, delivery: Delivery) -> TraceDelivery:
    receiver = await tx.agency(delivery.receiver)
    return TraceDelivery(
        receiver=delivery.receiver,
        receiver_name=receiver.name if receiver else "",
        state=delivery.state.value,
        since=delivery.changed_at,
    )


def _events(fact: Fact, shown: set[str]) -> list[TraceEvent]:
    """Return a record as the events of the receivers that are shown; an acceptance is the envelope's own."""
    evidence = fact.evidence
    code = _CODES.get(evidence.event)
    about: list[str | None] = [one for one in evidence.recipients if one in shown]
    if evidence.event in (EvidenceEvent.SUBMISSION_ACCEPTANCE, EvidenceEvent.CONTENT_REMOVED):
        about = [None]
    return [
        TraceEvent(
            time=evidence.time,
            event=evidence.event.short,
            receiver=receiver,
            state=fact.state or None,
            code=code.value if code else None,
            reasons=tuple(wire.Reason(code=reason.code, text=reason.text) for reason in evidence.reasons),
            actor=evidence.actor,
            record=evidence.id,
        )
        for receiver in about
    ]


async def receipt(relay: Relay, caller: Caller, sha256: str, record: str = "") -> Receipt:
    """Return the receipt again, to the sender or a receiver, time-stamped by now; raises RefusalError.

    ``record`` names another record than the acceptance: one that the caller finds in its trace.
    """

    async def work(tx: Transaction) -> Receipt:
        _, deliveries = await _visible(tx, caller, sha256)
        facts = await tx.facts(sha256)
        if not record:
            return receipt_among(facts)
        shown = {delivery.receiver for delivery in deliveries}
        for fact in facts:
            if fact.evidence.id == record and _events(fact, shown):
                return receipt_of(fact)
        raise not_found()

    return await stamped(relay, await relay.ledger.read(work))


async def agencies(relay: Relay, *, query: str, after: str, limit: int) -> AgencyPage:
    """Return a page of the directory, by code."""
    found = await relay.ledger.read(lambda tx: tx.agencies(query, after, limit + 1))
    return AgencyPage(
        agencies=tuple(AgencyEntry(code=one.code, name=one.name) for one in found[:limit]),
        next=found[limit - 1].code if len(found) > limit else None,
    )
