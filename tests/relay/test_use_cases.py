"""The use cases over memory, with faults: everything is tested failed, and failed but had happened."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from docsign.envelope.edxml import write_status
from docsign.envelope.header import Organization, ResponseFor
from docsign.envelope.status import Status, StatusCode
from docsign.errors import DiskFullError, StorageError
from docsign.exchange.wire import Handover, ProblemType
from docsign.sentence import say
from docsign.verdict import Conclusion, SubIndication
from relay_server.core.deliveries import ENDS, State
from relay_server.core.refusals import RefusalError
from relay_server.services import collect, follow, retain
from relay_server.services.accept import accept
from relay_server.services.relay import Limits
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, digest
from tests.relay.world import World

BODY = f"{PROVINCE},{DEPARTMENT}|Về việc báo cáo"


def message(code: str, *, sender: str, to: str = COMMUNE, minute: int = 0) -> bytes:
    """Return an edXML status about the world's document."""
    return write_status(
        Status(
            sender=Organization(code=sender),
            response_for=ResponseFor(
                organ_id=to, code="125/UBND-VX", document_id=f"{COMMUNE},2026/11/16,125/UBND-VX"
            ),
            code=StatusCode(code),
            time=datetime(2026, 11, 16, 3, minute, tzinfo=UTC),
            description="Báo trạng thái",
        )
    )


@pytest.mark.parametrize("place", ["bodies", "ledger"])
@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_fault_while_accepting_is_repaired_by_sending_again(place: str, fault: str) -> None:
    """Failed, or failed but had happened: never a positive answer on hope, and one delivery in the end."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    (world.bodies if place == "bodies" else world.ledger).faults.append(fault)
    with pytest.raises(StorageError):
        await world.send(BODY)
    receipt = await world.send(BODY)
    assert receipt == await world.send(BODY)
    for code in (PROVINCE, DEPARTMENT):
        page = await collect.inbox(world.relay, world.callers[code], after=0, limit=10, wait=0)
        assert [item.sha256 for item in page.items] == [digest(BODY)]
    trace = await follow.trace(world.relay, world.callers[COMMUNE], digest(BODY))
    assert Counter(event.event for event in trace.events) == {
        "SubmissionAcceptance": 1,
        "ContentConsignment": 2,
    }


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_fault_while_handing_over_or_reporting_is_repaired_by_repeating(fault: str) -> None:
    """One handover and one 03 in the evidence, whatever the first answer was."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    me = world.callers[PROVINCE]
    item = (await collect.inbox(world.relay, me, after=0, limit=10, wait=0)).items[0]
    for _ in range(2):
        world.ledger.faults.append(fault)
        with pytest.raises(StorageError):
            await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
        world.clock.move(timedelta(seconds=30))
    first = await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    again = await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    assert first == again
    world.ledger.faults.append(fault)
    with pytest.raises(StorageError):
        await follow.take_status(world.relay, me, item.sha256, message("03", sender=PROVINCE))
    told = await follow.take_status(world.relay, me, item.sha256, message("03", sender=PROVINCE))
    assert told.state == "accepted"
    events = (await follow.trace(world.relay, me, item.sha256)).events
    assert Counter(event.event for event in events)["ConsignmentAcceptance"] == 1
    assert Counter(event.event for event in events)["ContentHandover"] == 1


async def test_every_record_is_a_receipt_to_whom_it_concerns() -> None:
    """The sender has all of them, a receiver the envelope's and its own, anybody else none."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    province, department = world.callers[PROVINCE], world.callers[DEPARTMENT]
    (item,) = (await collect.inbox(world.relay, province, after=0, limit=10, wait=0)).items
    await collect.hand_over(world.relay, province, item.delivery, Handover(sha256=item.sha256))
    await follow.take_status(world.relay, province, item.sha256, message("02", sender=PROVINCE))
    every = (await follow.trace(world.relay, world.callers[COMMUNE], item.sha256)).events
    assert len({one.record for one in every}) == len(every) - 1 == 4  # one record of what waits for both
    for one in every:
        receipt = await follow.receipt(world.relay, world.callers[COMMUNE], item.sha256, one.record)
        assert (receipt.evidence.id, receipt.evidence.event.short) == (one.record, one.event)
        assert receipt.evidence.sha256 == item.sha256
        if one.receiver in (None, PROVINCE):
            assert await follow.receipt(world.relay, province, item.sha256, one.record) == receipt
        if one.event in ("ContentHandover", "ConsignmentRejection"):
            with pytest.raises(RefusalError) as refused:
                await follow.receipt(world.relay, department, item.sha256, one.record)
            assert refused.value.kind is ProblemType.NOT_FOUND
    assert [one.event for one in every if one.receiver == PROVINCE] == [
        "ContentConsignment",
        "ContentHandover",
        "ConsignmentRejection",
    ]


async def test_what_nobody_fetches_expires_and_the_sender_sees_it() -> None:
    """Time to live: the submission's, the relay's limit, fourteen days else."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    await world.send(f"{PROVINCE}|ngắn", time_to_live=timedelta(days=1))
    await world.send(f"{PROVINCE}|dài", time_to_live=timedelta(days=4000))
    inbox = await collect.inbox(world.relay, world.callers[PROVINCE], after=0, limit=10, wait=0)
    assert [item.expires_at and item.expires_at - NOW for item in inbox.items] == [
        timedelta(days=14),
        timedelta(days=1),
        timedelta(days=90),
    ]
    item = inbox.items[0]
    department = world.callers[DEPARTMENT]
    (other,) = (await collect.inbox(world.relay, department, after=0, limit=10, wait=0)).items
    await collect.hand_over(world.relay, department, other.delivery, Handover(sha256=other.sha256))

    world.clock.move(timedelta(days=14) - timedelta(milliseconds=1))
    assert await retain.expire(world.relay) == 3  # the short one; the others are warned of
    assert await retain.expire(world.relay) == 0
    world.clock.move(timedelta(milliseconds=1))
    assert await retain.expire(world.relay) == 1
    assert await retain.expire(world.relay) == 0
    trace = await follow.trace(world.relay, world.callers[COMMUNE], item.sha256)
    assert [(one.receiver, one.state) for one in trace.deliveries] == [
        (PROVINCE, "expired"),
        (DEPARTMENT, "handed-over"),
    ]
    last = trace.events[-1]
    assert (last.event, last.receiver, last.reasons[0].code) == (
        "ContentHandoverFailure",
        PROVINCE,
        "time-to-live",
    )
    me = world.callers[PROVINCE]
    for attempt in (
        collect.fetch(world.relay, me, item.sha256),
        collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256)),
    ):
        with pytest.raises(RefusalError, match="time to fetch") as caught:
            await attempt
        assert caught.value.kind is ProblemType.NOT_FOUND
    with pytest.raises(RefusalError, match="time to fetch") as caught:
        await follow.take_status(world.relay, me, item.sha256, message("03", sender=PROVINCE))
    assert caught.value.kind is ProblemType.STATUS_NOT_ALLOWED


async def test_both_forms_of_a_code_are_one_receiver() -> None:
    """000.00.12.H99 and H99.12 get one delivery."""
    world = await World.make(COMMUNE, DEPARTMENT)
    receipt = await world.send(f"{DEPARTMENT},H99.12|hai cách viết")
    assert receipt.evidence.recipients == (DEPARTMENT,)


async def test_a_receiver_sees_its_own_delivery_alone() -> None:
    """The sender sees all, a receiver itself, nobody else anything."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT, "H99.32")
    await world.send(BODY)
    trace = await follow.trace(world.relay, world.callers[PROVINCE], digest(BODY))
    assert {one.receiver for one in trace.deliveries} == {PROVINCE}
    assert {event.receiver for event in trace.events} == {None, PROVINCE}
    with pytest.raises(RefusalError) as caught:
        await follow.trace(world.relay, world.callers["H99.32"], digest(BODY))
    assert caught.value.kind is ProblemType.NOT_FOUND


async def test_too_many_receivers_none_and_a_full_disk() -> None:
    """Each said in a word, nothing kept."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT, limits=Limits(free_space=0, receivers=1))
    for body, kind in ((BODY, ProblemType.BAD_ENVELOPE), ("|không ai", ProblemType.UNKNOWN_RECEIVER)):
        with pytest.raises(RefusalError) as caught:
            await world.send(body)
        assert caught.value.kind is kind
    world.bodies.space = 10
    full = await World.make(COMMUNE, PROVINCE, limits=Limits(free_space=100))
    full.bodies.space = 99
    with pytest.raises(DiskFullError):
        await full.send(f"{PROVINCE}|đầy")
    assert world.bodies.committed == full.bodies.committed == {}


@pytest.mark.parametrize(
    ("conclusion", "retry"),
    [
        (Conclusion.failed(SubIndication.HASH_FAILURE), False),
        (Conclusion.indeterminate(SubIndication.TRY_LATER), True),
        (Conclusion.no_signature(), False),
    ],
)
async def test_only_a_judgement_that_passed_gets_in(conclusion: Conclusion, retry: bool) -> None:
    """With the reason, and whether trying again makes sense."""
    reason = say("The time to fetch this document is over.")
    world = await World.make(COMMUNE, PROVINCE, conclusion=conclusion, reason=reason)
    with pytest.raises(RefusalError) as caught:
        await world.send(f"{PROVINCE}|x")
    problem = caught.value.problem
    assert (problem.type, problem.retry) == (ProblemType.SIGNATURE_NOT_ACCEPTED.value, retry)
    assert conclusion.indication.value in problem.en
    assert "time to fetch" in problem.en
    assert world.bodies.committed == {}


async def test_an_upload_that_breaks_off_leaves_nothing() -> None:
    """Whatever the stream raises, the temporary bytes are forgotten and the error goes on."""
    world = await World.make(COMMUNE, PROVINCE)

    async def broken() -> AsyncIterator[bytes]:
        yield b"nua chung"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await accept(world.relay, world.callers[COMMUNE], broken(), declared=digest("x"))
    assert world.bodies.committed == {}


@pytest.mark.parametrize("seed", range(40))
async def test_whole_histories_keep_what_was_promised(seed: int) -> None:
    """Faults, lost answers, duplicates, clock jumps in any order, replayable by the seed.

    Whatever was answered positively stays; each receiver gets each envelope once; no end is left again.
    """
    dice = random.Random(seed)
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT, "H99.32", seed=seed)
    receivers = [PROVINCE, DEPARTMENT, "H99.32"]
    promised: dict[str, bytes] = {}
    handed: set[str] = set()
    ended: dict[str, str] = {}

    async def step() -> None:
        choice = dice.randrange(6)
        me = world.callers[dice.choice(receivers)]
        if choice == 0:
            to = ",".join(dice.sample(receivers, dice.randint(1, 3)))
            body = f"{to}|văn bản {dice.randrange(5)}"
            receipt = (await world.send(body)).to_json()
            assert promised.setdefault(digest(body), receipt) == receipt
        elif choice == 1:
            world.clock.move(timedelta(hours=dice.choice([-2, 1, 30])))
            await retain.expire(world.relay)
        elif choice in (2, 3):
            page = await collect.inbox(world.relay, me, after=0, limit=5, wait=0)
            for item in page.items:
                await collect.fetch(world.relay, me, item.sha256)
                if dice.random() < 0.7:
                    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
                    handed.add(item.delivery)
        elif promised:
            name = dice.choice(list(promised))
            if choice == 4:
                code = dice.choice(["01", "02", "03", "04", "05", "06", "15", "16"])
                sent = message(code, sender=me.code, minute=dice.randrange(3))
                await follow.take_status(world.relay, me, name, sent)
            else:
                sent = message("13", sender=COMMUNE, to=me.code, minute=dice.randrange(3))
                await follow.take_status(world.relay, world.callers[COMMUNE], name, sent)

    for _ in range(60):
        if dice.random() < 0.2:
            (world.ledger if dice.random() < 0.5 else world.bodies).faults.append(
                dice.choice(["before", "after"])
            )
        with contextlib.suppress(StorageError, RefusalError):
            await step()
        world.ledger.faults.clear()
        world.bodies.faults.clear()
        for name, receipt in promised.items():
            assert (await follow.receipt(world.relay, world.callers[COMMUNE], name)).to_json() == receipt
            assert name in world.bodies.committed
            trace = await follow.trace(world.relay, world.callers[COMMUNE], name)
            assert len({one.receiver for one in trace.deliveries}) == len(trace.deliveries)
            for one in trace.deliveries:
                key = f"{name} {one.receiver}"
                if key in ended:
                    assert one.state == ended[key]
                if State(one.state) in ENDS:
                    ended[key] = one.state
        for delivery in handed:
            facts = [
                fact
                for fact in world.ledger._tables.facts.values()
                if fact.delivery == delivery and fact.evidence.event.short == "ContentHandover"
            ]
            assert len(facts) == 1


async def test_who_waits_is_woken_and_a_stopping_relay_lets_go() -> None:
    """A ring, no ring, and the end."""
    world = await World.make(COMMUNE, PROVINCE)
    me = world.callers[PROVINCE]
    waiting = asyncio.create_task(collect.inbox(world.relay, me, after=0, limit=10, wait=30))
    await asyncio.sleep(0.01)
    await world.send(f"{PROVINCE}|đánh thức")
    assert len((await asyncio.wait_for(waiting, 1)).items) == 1
    waiting = asyncio.create_task(collect.inbox(world.relay, me, after=10, limit=10, wait=30))
    await asyncio.sleep(0.01)
    world.relay.bell.ring(PROVINCE)  # for nothing: it goes on waiting
    await asyncio.sleep(0.01)
    assert not waiting.done()
    world.relay.bell.end()  # type: ignore[attr-defined]
    assert (await asyncio.wait_for(waiting, 1)).items == ()


async def test_a_receiver_that_gives_up_what_was_withdrawn_at_once_is_on_record() -> None:
    """Fetched and not confirmed, the lease over, 13: its 15 is a record, the same one for the same words."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    sender, me = world.callers[COMMUNE], world.callers[PROVINCE]
    await collect.fetch(world.relay, me, digest(BODY))
    world.clock.move(timedelta(hours=1))
    asked = message("13", sender=COMMUNE, to=PROVINCE)
    assert (await follow.take_status(world.relay, sender, digest(BODY), asked)).state == "withdrawn"
    agreed = message("15", sender=PROVINCE)
    told = [await follow.take_status(world.relay, me, digest(BODY), agreed) for _ in range(2)]
    assert told[0] == told[1]
    events = (await follow.trace(world.relay, sender, digest(BODY))).events
    assert [event.time for event in events if event.event == "RecallAgreed"] == [told[0].recorded_at]


async def test_a_status_of_what_was_taken_back_is_told_that_it_was() -> None:
    """Not that it cannot follow a 15 which nobody said."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    asked = message("13", sender=COMMUNE, to=PROVINCE)
    await follow.take_status(world.relay, world.callers[COMMUNE], digest(BODY), asked)
    with pytest.raises(RefusalError, match="has taken this document back"):
        await follow.take_status(
            world.relay, world.callers[PROVINCE], digest(BODY), message("01", sender=PROVINCE)
        )


async def test_a_receiver_that_refuses_a_recall_while_it_fetches_still_finds_the_document() -> None:
    """13 while it is on its way, 16: the inbox goes on offering it, the sender reads that it was refused."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    sender, me = world.callers[COMMUNE], world.callers[PROVINCE]
    await collect.fetch(world.relay, me, digest(BODY))
    asked = message("13", sender=COMMUNE, to=PROVINCE)
    assert (await follow.take_status(world.relay, sender, digest(BODY), asked)).state == "recall-asked"
    told = await follow.take_status(world.relay, me, digest(BODY), message("16", sender=PROVINCE))
    assert told.state == "recall-refused"
    for moved, state in ((timedelta(0), "leased"), (timedelta(hours=1), "queued")):
        world.clock.move(moved)
        (item,) = (await collect.inbox(world.relay, me, after=0, limit=10, wait=0)).items
        assert item.state == state
        trace = await follow.trace(world.relay, sender, digest(BODY))
        assert trace.deliveries[0].state == "recall-refused"
        await collect.fetch(world.relay, me, digest(BODY))
    handed = await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=digest(BODY)))
    assert handed.state == "handed-over"
