"""What the evidence alone says of an envelope's deliveries: the records played again through the table. Pure.

Nothing but signed records comes in. Leases leave no evidence: a delivery that is being fetched counts as
queued here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from docsign.envelope.evidence import Evidence, EvidenceEvent
from docsign.sentence import Sentence, say
from relay_server.core.deliveries import NOT_FETCHED, Delivery, Happening, State

UNFETCHED = "unfetched"
"""The reason's code of what is so because nobody has fetched the envelope."""

HAPPENINGS: dict[EvidenceEvent, Happening] = {
    EvidenceEvent.CONTENT_HANDOVER: Happening.HANDOVER,
    EvidenceEvent.CONTENT_HANDOVER_FAILURE: Happening.EXPIRE,
    EvidenceEvent.ARRIVED: Happening.ARRIVE,
    EvidenceEvent.CONSIGNMENT_REJECTION: Happening.REFUSE,
    EvidenceEvent.CONSIGNMENT_ACCEPTANCE: Happening.ACCEPT,
    EvidenceEvent.ASSIGNED: Happening.ASSIGN,
    EvidenceEvent.IN_WORK: Happening.WORK,
    EvidenceEvent.DONE: Happening.FINISH,
    EvidenceEvent.RECALL_ASKED: Happening.ASK_RECALL,
    EvidenceEvent.RECALL_AGREED: Happening.AGREE_RECALL,
    EvidenceEvent.RECALL_REFUSED: Happening.REFUSE_RECALL,
}
"""What a record says happened to its delivery; other events change none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The deliveries by receiver, each record's delivery state afterwards, and what cannot have been."""

    deliveries: dict[str, Delivery]
    states: dict[str, str]
    impossible: tuple[tuple[str, Sentence], ...]


def replay(records: Iterable[Evidence]) -> Replayed:
    """Play an envelope's records in their order; ``impossible`` names records by their id."""
    deliveries: dict[str, Delivery] = {}
    states: dict[str, str] = {}
    impossible: list[tuple[str, Sentence]] = []
    accepted: Evidence | None = None
    for record in records:
        if record.event is EvidenceEvent.SUBMISSION_ACCEPTANCE:
            if accepted is not None:
                impossible.append((record.id, say("The envelope was accepted twice.")))
            accepted = accepted or record
            continue
        if accepted is None or (record.sender, record.submitted_at, record.document_id) != (
            accepted.sender,
            accepted.submitted_at,
            accepted.document_id,
        ):
            impossible.append(
                (record.id, say("The record does not belong to the acceptance of its envelope."))
            )
            continue
        if record.event is EvidenceEvent.CONTENT_CONSIGNMENT:
            for receiver in record.recipients:
                deliveries[receiver] = _queued(record, receiver)
            states[record.id] = State.QUEUED.value
            continue
        before = deliveries.get(record.recipients[0]) if len(record.recipients) == 1 else None
        happening = HAPPENINGS.get(record.event)
        if happening is None:
            if before is not None:
                states[record.id] = before.state.value
            continue
        if before is not None and happening is Happening.ASK_RECALL and before.reached in NOT_FETCHED:
            # whether it was being fetched leaves no evidence but this
            reached = State.QUEUED if _was_unfetched(record) else State.LEASED
            state = reached if before.state in NOT_FETCHED else before.state
            before = replace(before, state=state, reached=reached)
        moved = before.after(happening, at=record.time) if before else None
        if before is None or moved is None:
            impossible.append(
                (
                    record.id,
                    say("The record reports what cannot have happened: {event}.", event=happening.value),
                )
            )
            continue
        deliveries[before.receiver] = moved[0]
        states[record.id] = moved[0].state.value
    return Replayed(deliveries=deliveries, states=states, impossible=tuple(impossible))


def _was_unfetched(record: Evidence) -> bool:
    """Tell whether a recall says that nobody was fetching the envelope: it was withdrawn at once."""
    return any(reason.code == UNFETCHED for reason in record.reasons)


def agrees(derived: Delivery, state: str, reached: str) -> bool:
    """Tell whether a kept delivery stands where the evidence says: a lease is as good as waiting."""
    return (without_lease(state), without_lease(reached)) == (
        without_lease(derived.state.value),
        without_lease(derived.reached.value),
    )


def without_lease(state: str) -> str:
    """Return the state's word, a lease being as good as waiting."""
    return State.QUEUED.value if state == State.LEASED.value else state


def as_kept(derived: Delivery, state: str, reached: str) -> Delivery:
    """Return the derived delivery with the kept words for its lease."""
    return replace(derived, state=State(state), reached=State(reached))


def _queued(record: Evidence, receiver: str) -> Delivery:
    return Delivery(
        id="",
        sha256=record.sha256,
        sender=record.sender,
        receiver=receiver,
        number=0,
        state=State.QUEUED,
        reached=State.QUEUED,
        changed_at=record.time,
        expires_at=record.time,
    )
