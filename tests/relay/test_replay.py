"""What the evidence alone says: an envelope's records played again, and those that cannot have been."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from docsign.envelope.evidence import Evidence, EvidenceEvent, Reason
from relay_server.core.deliveries import ENDS, NOT_FETCHED, Delivery, Happening, State
from relay_server.core.replay import UNFETCHED, agrees, as_kept, replay
from tests.relay.values import DEPARTMENT, NOW, PROVINCE, delivery, envelope, evidence

SENT = envelope()
ACCEPTED = replace(evidence(SENT), recipients=(PROVINCE, DEPARTMENT))


def record(event: EvidenceEvent, to: str = PROVINCE, *, minute: int = 1, code: str = "") -> Evidence:
    """Return a later record about the delivery to one receiver."""
    return replace(
        evidence(SENT, event, name=f"{to} {minute}"),
        recipients=(to,),
        time=NOW + timedelta(minutes=minute),
        reasons=(Reason(code=code, text="Lý do"),) if code else (),
    )


CONSIGNED = replace(record(EvidenceEvent.CONTENT_CONSIGNMENT), recipients=ACCEPTED.recipients)
HANDED = record(EvidenceEvent.CONTENT_HANDOVER)
WORKED = record(EvidenceEvent.CONSIGNMENT_ACCEPTANCE, minute=2)


def refused(*records: Evidence) -> list[tuple[str, str]]:
    """Return the records that cannot have been, with the first words of why."""
    return [(name, str(why).partition(":")[0]) for name, why in replay(records).impossible]


def test_each_record_is_followed_for_its_own_receiver() -> None:
    """Every state after its record; what others do, and what changes nothing, leaves a delivery as it was."""
    late = record(EvidenceEvent.UNFETCHED, DEPARTMENT, code=UNFETCHED)
    agreed = record(EvidenceEvent.CHANGE_AGREED, minute=3)
    removed = replace(record(EvidenceEvent.CONTENT_REMOVED, minute=9), recipients=())
    found = replay([ACCEPTED, CONSIGNED, late, HANDED, WORKED, agreed, removed])
    assert found.impossible == ()
    assert found.states == {
        CONSIGNED.id: "queued",
        late.id: "queued",
        HANDED.id: "handed-over",
        WORKED.id: "accepted",
        agreed.id: "accepted",
    }
    assert {name: one.state for name, one in found.deliveries.items()} == {
        PROVINCE: State.ACCEPTED,
        DEPARTMENT: State.QUEUED,
    }
    province = found.deliveries[PROVINCE]
    assert (province.sha256, province.sender, province.changed_at) == (SENT.sha256, SENT.sender, WORKED.time)


def test_an_envelope_is_accepted_once_and_before_anything_else() -> None:
    """A second acceptance, a record without one, and one that speaks of another acceptance are named."""
    again = replace(ACCEPTED, id="lại", submitted_at=NOW + timedelta(days=1))
    assert refused(ACCEPTED, CONSIGNED, again, HANDED) == [("lại", "The envelope was accepted twice.")]
    strange = "The record does not belong to the acceptance of its envelope."
    assert refused(CONSIGNED, ACCEPTED) == [(CONSIGNED.id, strange)]
    for other in (
        replace(HANDED, sender=DEPARTMENT),
        replace(HANDED, submitted_at=NOW + timedelta(seconds=1)),
        replace(HANDED, document_id="H99.31,2026/11/16,126/UBND-VX"),
    ):
        assert refused(ACCEPTED, CONSIGNED, other) == [(HANDED.id, strange)]


def test_what_the_table_forbids_is_named_and_changes_nothing() -> None:
    """Work before the handover, a handover of nobody's or of several deliveries."""
    cannot = "The record reports what cannot have happened"
    assert refused(ACCEPTED, CONSIGNED, WORKED, HANDED) == [(WORKED.id, cannot)]
    assert refused(ACCEPTED, HANDED) == [(HANDED.id, cannot)]
    both = replace(HANDED, recipients=ACCEPTED.recipients)
    assert refused(ACCEPTED, CONSIGNED, both) == [(HANDED.id, cannot)]
    found = replay([ACCEPTED, CONSIGNED, WORKED])
    assert (found.deliveries[PROVINCE].state, WORKED.id in found.states) == (State.QUEUED, False)


def test_a_recall_says_whether_anybody_was_fetching() -> None:
    """Withdrawn at once where nobody was, asked back where somebody was; one of no delivery is named."""
    for code, state in ((UNFETCHED, State.WITHDRAWN), ("", State.RECALL_ASKED)):
        found = replay([ACCEPTED, CONSIGNED, record(EvidenceEvent.RECALL_ASKED, code=code)])
        assert (found.deliveries[PROVINCE].state, found.impossible) == (state, ())
    of_nobody = record(EvidenceEvent.RECALL_ASKED, "H98")
    assert [name for name, _ in refused(ACCEPTED, CONSIGNED, of_nobody)] == [of_nobody.id]


def test_a_kept_delivery_agrees_but_for_its_lease() -> None:
    """Leases leave no evidence; any other difference, above or underneath a recall, is one."""
    found = replay([ACCEPTED, CONSIGNED]).deliveries[PROVINCE]
    for state, reached, fits in (
        ("queued", "queued", True),
        ("leased", "leased", True),
        ("handed-over", "queued", False),
        ("queued", "handed-over", False),
    ):
        assert agrees(found, state, reached) is fits
    kept = as_kept(found, "leased", "leased")
    assert (kept.state, kept.reached, kept.receiver) == (State.LEASED, State.LEASED, PROVINCE)


@example([Happening.FETCH, Happening.ASK_RECALL, Happening.REFUSE_RECALL, Happening.ASK_RECALL])
@example([Happening.FETCH, Happening.LEASE_OVER, Happening.ASK_RECALL, Happening.HANDOVER])
@given(st.lists(st.sampled_from(list(Happening)), max_size=25))
def test_whatever_happened_the_evidence_says_it_again(happenings: list[Happening]) -> None:
    """Any history the table allows: its records alone lead to where the delivery stands, step by step."""
    here, records, handed = delivery(SENT), [ACCEPTED, CONSIGNED], False
    stood: dict[str, Delivery] = {}
    for minute, happening in enumerate(happenings, start=1):
        moved = here.after(happening, at=NOW + timedelta(minutes=minute))
        if moved is None:
            continue
        at_once = happening is Happening.ASK_RECALL and moved[0].state is State.WITHDRAWN
        here = moved[0]
        proves = moved[1]
        if happening is Happening.HANDOVER and not handed:  # also of what was withdrawn on its way
            proves, handed = EvidenceEvent.CONTENT_HANDOVER, True
        if proves is not None:
            records.append(record(proves, minute=minute, code=UNFETCHED if at_once else ""))
            stood[records[-1].id] = here
    found = replay(records)
    assert found.impossible == ()
    assert agrees(found.deliveries[PROVINCE], here.state.value, here.reached.value)
    for name, then in stood.items():
        assert found.states[name] == then.state.value
    if here.state not in ENDS and here.reached in NOT_FETCHED:
        assert found.deliveries[PROVINCE].is_unfetched
