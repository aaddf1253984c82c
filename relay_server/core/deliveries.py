"""The delivery of one envelope to one receiver: one table says what may follow what, and what it proves.

``TABLE`` is the rule; the diagram in the docs and the tests are drawn from it. A recall (13) is laid over
the work: while it is asked, the receiver's own progress goes on underneath (``reached``), until the receiver
agrees (15) or refuses (16). No clock and no storage here: the moment comes in, the changed value goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from docsign.envelope.evidence import EvidenceEvent
from docsign.envelope.status import StatusCode
from docsign.exchange.wire import DeliveryState

State = DeliveryState
"""Where a delivery stands; the words are those of the wire."""


class Happening(StrEnum):
    """What can happen to a delivery."""

    FETCH = "fetch"
    LEASE_OVER = "lease over"
    HANDOVER = "handover"
    ARRIVE = "01"
    REFUSE = "02"
    ACCEPT = "03"
    ASSIGN = "04"
    WORK = "05"
    FINISH = "06"
    ASK_RECALL = "13"
    AGREE_RECALL = "15"
    REFUSE_RECALL = "16"
    EXPIRE = "time to live over"

    @property
    def actor(self) -> Actor:
        """Who alone may bring it about (design: 13 the sender, every other status the receiver)."""
        if self is Happening.ASK_RECALL:
            return "sender"
        return "relay" if self in (Happening.LEASE_OVER, Happening.EXPIRE) else "receiver"

    @staticmethod
    def of(code: StatusCode) -> Happening:
        """Return what a status (QCVN 102:2016) means for the delivery."""
        return Happening(code.value)


Actor = Literal["sender", "receiver", "relay"]


@dataclass(frozen=True, slots=True)
class Step:
    """The answer of the table: the next state, and the evidence it makes (None: nothing new to prove)."""

    to: State
    proves: EvidenceEvent | None = None


ENDS = frozenset({State.REFUSED, State.DONE, State.WITHDRAWN, State.EXPIRED})
"""States in which the sender can no longer ask the document back."""

NOT_FETCHED = frozenset({State.QUEUED, State.LEASED})

_OVERLAYS = frozenset({State.RECALL_ASKED, State.RECALL_REFUSED})

_WORK: tuple[tuple[Happening, State, EvidenceEvent], ...] = (
    # forward, skips allowed (real systems send 03 and 05 together), never backward
    (Happening.ARRIVE, State.ARRIVED, EvidenceEvent.ARRIVED),
    (Happening.ACCEPT, State.ACCEPTED, EvidenceEvent.CONSIGNMENT_ACCEPTANCE),
    (Happening.ASSIGN, State.ASSIGNED, EvidenceEvent.ASSIGNED),
    (Happening.WORK, State.IN_WORK, EvidenceEvent.IN_WORK),
    (Happening.FINISH, State.DONE, EvidenceEvent.DONE),
)

_TOLD_AGAIN = frozenset({State.ASSIGNED, State.IN_WORK})
"""States whose repetition is news: another officer, another word on the progress."""


def _table() -> dict[tuple[State, Happening], Step]:
    lease = Step(State.LEASED)
    handed = Step(State.HANDED_OVER, EvidenceEvent.CONTENT_HANDOVER)
    expired = Step(State.EXPIRED, EvidenceEvent.CONTENT_HANDOVER_FAILURE)
    asked = Step(State.RECALL_ASKED, EvidenceEvent.RECALL_ASKED)
    table = {
        (State.QUEUED, Happening.FETCH): lease,
        (State.QUEUED, Happening.HANDOVER): handed,
        (State.QUEUED, Happening.EXPIRE): expired,
        (State.QUEUED, Happening.ASK_RECALL): Step(State.WITHDRAWN, EvidenceEvent.RECALL_ASKED),
        (State.LEASED, Happening.FETCH): lease,
        (State.LEASED, Happening.LEASE_OVER): Step(State.QUEUED),
        (State.LEASED, Happening.HANDOVER): handed,
        (State.LEASED, Happening.EXPIRE): expired,
        (State.HANDED_OVER, Happening.REFUSE): Step(State.REFUSED, EvidenceEvent.CONSIGNMENT_REJECTION),
        (State.ARRIVED, Happening.REFUSE): Step(State.REFUSED, EvidenceEvent.CONSIGNMENT_REJECTION),
        (State.REFUSED, Happening.REFUSE): Step(State.REFUSED),
        (State.RECALL_ASKED, Happening.ASK_RECALL): Step(State.RECALL_ASKED),
        (State.RECALL_ASKED, Happening.AGREE_RECALL): Step(State.WITHDRAWN, EvidenceEvent.RECALL_AGREED),
        (State.RECALL_ASKED, Happening.REFUSE_RECALL): Step(
            State.RECALL_REFUSED, EvidenceEvent.RECALL_REFUSED
        ),
        (State.RECALL_REFUSED, Happening.REFUSE_RECALL): Step(State.RECALL_REFUSED),
        # withdrawn at once, and yet the receiver had fetched the bytes before: its word is kept
        (State.WITHDRAWN, Happening.AGREE_RECALL): Step(State.WITHDRAWN, EvidenceEvent.RECALL_AGREED),
    }
    ladder = (State.HANDED_OVER, *(state for _, state, _ in _WORK))
    for height, state in enumerate(ladder):
        for happening, to, proves in _WORK[height:]:
            table[state, happening] = Step(to, proves)
        if height:
            happening, _, proves = _WORK[height - 1]
            table[state, happening] = Step(state, proves if state in _TOLD_AGAIN else None)
        table[state, Happening.HANDOVER] = Step(state)
    for state in (State.REFUSED, State.WITHDRAWN):
        table[state, Happening.HANDOVER] = Step(state)
    for state in (State.LEASED, *ladder):
        if state not in ENDS:
            table[state, Happening.ASK_RECALL] = asked
    return table


TABLE: dict[tuple[State, Happening], Step] = _table()
"""THE table: state × what happens → state and evidence. What is not in it is not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One envelope on its way to one receiver.

    ``number`` orders the receiver's inbox and grows with every entry and with every recall. ``reached`` is
    the receiver's own progress; it differs from ``state`` only under a recall. ``leased_by`` is the
    fingerprint of the TLS certificate that fetches; a lease counts only until ``leased_until``. ``warn_at``
    is when an unfetched delivery is warned of, None where it was or needs not be.
    """

    id: str
    sha256: str
    sender: str
    receiver: str
    number: int
    state: State
    reached: State
    changed_at: datetime
    expires_at: datetime
    leased_by: str = ""
    leased_until: datetime | None = None
    warn_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """The next moment at which time itself does something to an unfetched delivery."""
        return self.expires_at if self.warn_at is None else min(self.warn_at, self.expires_at)

    @property
    def is_waiting(self) -> bool:
        """Whether the receiver has something to do: fetch it, or answer a recall."""
        return self.is_unfetched or self.state is State.RECALL_ASKED

    @property
    def is_unfetched(self) -> bool:
        """Whether the receiver has not confirmed it yet and it has not ended."""
        return self.reached in NOT_FETCHED and self.state not in ENDS

    @property
    def for_receiver(self) -> State:
        """What the receiver has to do: a recall it refused before it had fetched leaves it to be fetched."""
        refused = self.state is State.RECALL_REFUSED and self.is_unfetched
        return self.reached if refused else self.state

    def seen_at(self, now: datetime) -> Delivery:
        """Return the delivery as it stands at ``now``: a lease that ran out is none.

        Nor is one that was taken further ahead than it lasts: the clock was set back, and the lease would
        hold the document until the time it once was.
        """
        if self.reached is State.LEASED and (
            self.leased_until is None
            or self.leased_until <= now
            or now < self.changed_at - (self.leased_until - self.changed_at)
        ):
            settled = self.after(Happening.LEASE_OVER, at=now)
            return settled[0] if settled else self
        return self

    def after(self, happening: Happening, *, at: datetime) -> tuple[Delivery, EvidenceEvent | None] | None:
        """Return the delivery after ``happening`` and what it proves, or None where the table forbids it."""
        overlaid = self.state in _OVERLAYS
        step = TABLE.get((self.state, happening))
        if happening is Happening.FETCH and self.state is State.RECALL_ASKED:
            return None  # what is asked back is not handed out
        if step is None and overlaid:  # underneath, the receiver's own work goes on
            step = TABLE.get((self.reached, happening))
        if step is None:
            return None
        if step.to in _OVERLAYS or step.to is State.WITHDRAWN:
            return replace(self, state=step.to, changed_at=at), step.proves
        stays_asked = self.state is State.RECALL_ASKED and step.to not in (State.REFUSED, State.EXPIRED)
        unchanged = overlaid and (step.to is self.reached or step.to in NOT_FETCHED)
        state = self.state if stays_asked or unchanged else step.to
        return _without_lease(replace(self, state=state, reached=step.to, changed_at=at)), step.proves


def _without_lease(delivery: Delivery) -> Delivery:
    """Keep a lease only while the delivery is being fetched."""
    if delivery.reached is State.LEASED:
        return delivery
    return replace(delivery, leased_by="", leased_until=None)


def diagram() -> str:
    """Draw the table as a Mermaid state diagram; steps that change nothing are left out."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(State.QUEUED)}"]
    lines += [
        f"    {_node(state)} --> {_node(step.to)}: {happening.value}"
        for (state, happening), step in TABLE.items()
        if step.to is not state
    ]
    lines.append(f"    note right of {_node(State.RECALL_REFUSED)}: the work goes on where it was")
    return "\n".join(lines) + "\n"


def _node(state: State) -> str:
    return state.value.replace("-", "_")
