"""The delivery table: state × what happens → state and evidence (QD 28/2018 Art. 8, 9; QCVN 102:2016)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.envelope.evidence import EvidenceEvent
from docsign.envelope.status import StatusCode
from relay_server.core.deliveries import ENDS, NOT_FETCHED, TABLE, Delivery, Happening, State, diagram
from tests.relay.values import NOW, delivery, envelope

ROOT = Path(__file__).resolve().parents[2]


def walk(*happenings: str) -> Delivery:
    """Let things happen to a queued delivery, each allowed; statuses by their codes."""
    here = delivery(envelope())
    for word in happenings:
        moved = here.after(Happening(word), at=NOW)
        assert moved is not None, f"{word} in {here.state}"
        here = moved[0]
    return here


GIVEN_UP = (State.WITHDRAWN, Happening.AGREE_RECALL)


@pytest.mark.parametrize(
    ("happenings", "state"),
    [
        (["fetch"], State.LEASED),
        (["fetch", "lease over"], State.QUEUED),
        (["fetch", "handover"], State.HANDED_OVER),
        (["handover"], State.HANDED_OVER),
        (["handover", "01"], State.ARRIVED),
        (["handover", "01", "02"], State.REFUSED),
        (["handover", "02"], State.REFUSED),
        (["handover", "01", "03", "04", "05", "06"], State.DONE),
        (["handover", "03", "05"], State.IN_WORK),
        (["handover", "03", "06"], State.DONE),
        (["handover", "01", "01"], State.ARRIVED),
        (["handover", "03", "04", "04", "05", "05"], State.IN_WORK),
        (["time to live over"], State.EXPIRED),
        (["fetch", "time to live over"], State.EXPIRED),
        (["13"], State.WITHDRAWN),
        (["fetch", "13"], State.RECALL_ASKED),
        (["fetch", "13", "15"], State.WITHDRAWN),
        (["handover", "03", "13", "15"], State.WITHDRAWN),
        (["handover", "03", "13", "16"], State.RECALL_REFUSED),
        (["handover", "03", "13", "16", "06"], State.DONE),
        (["handover", "03", "13", "16", "13"], State.RECALL_ASKED),
        (["handover", "13", "03"], State.RECALL_ASKED),
        (["handover", "13", "02"], State.REFUSED),
        (["fetch", "13", "handover", "01", "16"], State.RECALL_REFUSED),
        (["fetch", "13", "16", "fetch", "handover"], State.HANDED_OVER),
        (["fetch", "13", "time to live over"], State.EXPIRED),
    ],
)
def test_the_ways_a_delivery_goes(happenings: list[str], state: State) -> None:
    """Forward, with skips; a recall lies over the work and gives it back when it is refused."""
    assert walk(*happenings).state is state


@pytest.mark.parametrize(
    ("happenings", "forbidden"),
    [
        ([], "01"),
        ([], "02"),
        (["fetch"], "03"),
        ([], "15"),
        (["handover", "03"], "01"),
        (["handover", "03"], "02"),
        (["handover", "03"], "15"),
        (["handover", "03"], "16"),
        (["handover", "05"], "04"),
        (["handover", "06"], "05"),
        (["handover", "06"], "13"),
        (["handover", "02"], "13"),
        (["handover", "02"], "03"),
        (["time to live over"], "handover"),
        (["time to live over"], "13"),
        (["13"], "03"),
        (["fetch", "13"], "fetch"),
        (["fetch", "13", "15"], "fetch"),
        (["13"], "13"),
        (["handover", "13", "06", "16"], "13"),
        (["fetch", "13", "16"], "15"),
        (["handover"], "time to live over"),
        (["handover"], "fetch"),
    ],
)
def test_what_the_table_forbids(happenings: list[str], forbidden: str) -> None:
    """Never backwards, nothing before the handover, nothing after an end."""
    assert walk(*happenings).after(Happening(forbidden), at=NOW) is None


def test_a_recall_leaves_the_progress_as_it_was() -> None:
    """16: unchanged underneath; what was reached goes on being what was reached."""
    asked = walk("handover", "03", "13")
    assert (asked.state, asked.reached) == (State.RECALL_ASKED, State.ACCEPTED)
    worked = asked.after(Happening.WORK, at=NOW)
    assert worked is not None
    assert (worked[0].state, worked[0].reached) == (State.RECALL_ASKED, State.IN_WORK)
    assert worked[1] is EvidenceEvent.IN_WORK


def test_repetition_is_no_news_but_for_assigned_and_in_work() -> None:
    """The same 03 twice proves nothing new; another officer's 04 does."""
    accepted = walk("handover", "03").after(Happening.ACCEPT, at=NOW)
    assigned = walk("handover", "04").after(Happening.ASSIGN, at=NOW)
    assert accepted is not None
    assert assigned is not None
    assert (accepted[1], assigned[1]) == (None, EvidenceEvent.ASSIGNED)


def test_what_the_receiver_says_again_is_allowed_and_changes_nothing() -> None:
    """Its answer was lost on the way, so it repeats: the repetition is never refused and never a new step."""
    said = [(here, what, step.to) for (here, what), step in TABLE.items() if what.actor == "receiver"]
    for here, what, there in said:
        assert TABLE[there, what].to is there, (here, what)


def test_whoever_had_what_was_withdrawn_at_once_is_on_record() -> None:
    """Fetched, the lease over, asked back: the receiver has the bytes, and its 15 says they are given up."""
    agreed = walk("fetch", "lease over", "13").after(Happening.AGREE_RECALL, at=NOW)
    assert agreed is not None
    assert (agreed[0].state, agreed[1]) == (State.WITHDRAWN, EvidenceEvent.RECALL_AGREED)


def test_every_status_code_is_a_happening_of_its_side() -> None:
    """13 is the sender's, all others the receiver's; expiry is the relay's own."""
    assert {Happening.of(code).actor for code in StatusCode if code.by_sender} == {"sender"}
    assert {Happening.of(code).actor for code in StatusCode if not code.by_sender} == {"receiver"}
    assert Happening.EXPIRE.actor == "relay"


def test_a_lease_counts_only_until_its_time() -> None:
    """A puller that died does not hold the document."""
    fetched = replace(walk("fetch"), leased_by="a", leased_until=NOW + timedelta(minutes=5))
    assert fetched.seen_at(NOW) == fetched
    over = fetched.seen_at(NOW + timedelta(minutes=5))
    assert (over.state, over.leased_by, over.leased_until) == (State.QUEUED, "", None)
    recalled = fetched.after(Happening.ASK_RECALL, at=NOW)
    assert recalled is not None
    assert recalled[0].seen_at(NOW + timedelta(minutes=5)).reached is State.QUEUED


def test_a_recall_refused_before_the_document_was_fetched_leaves_it_to_be_fetched() -> None:
    """Asked back while it was being fetched, 16: the sender sees the refusal, the receiver goes on."""
    refused = replace(walk("fetch", "13", "16"), leased_by="a", leased_until=NOW + timedelta(minutes=5))
    later = refused.seen_at(NOW + timedelta(minutes=5))
    again = later.after(Happening.FETCH, at=NOW)
    assert again is not None
    for one, reached in ((refused, State.LEASED), (later, State.QUEUED), (again[0], State.LEASED)):
        assert (one.state, one.for_receiver, one.is_waiting) == (State.RECALL_REFUSED, reached, True)
    handed = again[0].after(Happening.HANDOVER, at=NOW)
    assert handed is not None
    assert (handed[0].state, handed[0].for_receiver) == (State.HANDED_OVER, State.HANDED_OVER)
    over = later.after(Happening.EXPIRE, at=NOW)
    assert over is not None
    assert over[0].state is State.EXPIRED
    assert walk("handover", "13", "16").for_receiver is State.RECALL_REFUSED


def test_a_clock_set_back_does_not_make_a_lease_longer() -> None:
    """By a little the lease stays; by more than it lasts it is over, and another computer may fetch."""
    fetched = replace(walk("fetch"), leased_by="a", leased_until=NOW + timedelta(minutes=5))
    assert fetched.seen_at(NOW - timedelta(minutes=5)) == fetched
    assert fetched.seen_at(NOW - timedelta(minutes=5, seconds=1)).state is State.QUEUED


def test_every_move_of_the_table_with_evidence_changes_something_or_tells_news() -> None:
    """An end is never left; of what ended already the one news is that the receiver gave it up."""
    for (state, happening), step in TABLE.items():
        if state in ENDS:
            assert step.to is state, (state, happening)
            assert (step.proves is not None) == ((state, happening) == GIVEN_UP)


@given(st.lists(st.sampled_from(list(Happening)), max_size=30))
def test_no_history_breaks_the_rules(happenings: list[Happening]) -> None:
    """Whatever comes in whatever order: ends stay ends, work never goes back, what waits is told."""
    rank = {state: n for n, state in enumerate(State)} | {State.REFUSED: 50, State.LEASED: 0}
    here = delivery(envelope())
    for happening in happenings:
        moved = here.after(happening, at=NOW)
        if moved is None:
            continue
        after, proves = moved
        if here.state in ENDS:
            assert after.state is here.state
            assert proves is None or (here.state, happening) == GIVEN_UP
        if here.reached not in NOT_FETCHED and here.reached is not State.EXPIRED:
            assert after.reached not in NOT_FETCHED
        if here.reached not in NOT_FETCHED and after.state is not State.EXPIRED:
            assert rank[after.reached] >= rank[here.reached]
        assert after.reached not in (State.RECALL_ASKED, State.RECALL_REFUSED, State.WITHDRAWN)
        assert after.is_waiting == (after.is_unfetched or after.state is State.RECALL_ASKED)
        assert not (after.state in ENDS and after.is_waiting)
        here = after


def test_the_diagram_in_the_docs_is_drawn_from_the_table() -> None:
    """docs/deliveries.md holds exactly what ``diagram`` draws."""
    assert diagram() in (ROOT / "docs" / "deliveries.md").read_text(encoding="utf-8")
