"""What time and later messages do to a delivery: warnings, recalls, duplicates, answers, retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from docsign.envelope.header import BusinessKind, Header, Organization
from docsign.exchange import wire
from docsign.exchange.wire import Handover, ProblemType
from docsign.pki import SigningKey
from relay_server.checking import check
from relay_server.core.deliveries import State
from relay_server.core.refusals import RefusalError
from relay_server.core.submissions import Submission
from relay_server.services import collect, follow, retain
from relay_server.services.relay import Limits
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.test_use_cases import message
from tests.relay.test_wire_api import status, take
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, digest
from tests.relay.world import World

BODY = f"{PROVINCE},{DEPARTMENT}|Về việc báo cáo"


async def waiting(world: World, code: str) -> tuple[wire.InboxItem, ...]:
    """Return an agency's inbox."""
    return (await collect.inbox(world.relay, world.callers[code], after=0, limit=10, wait=0)).items


async def events(world: World) -> list[tuple[str, str | None, str | None]]:
    """Return what the sender sees: event, receiver, state."""
    trace = await follow.trace(world.relay, world.callers[COMMUNE], digest(BODY))
    return [(one.event, one.receiver, one.state) for one in trace.events]


async def test_three_days_unfetched_is_warned_of_once() -> None:
    """The sender reads it in the trace, the receiver sees the mark; who has fetched is left alone."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    (item,) = await waiting(world, DEPARTMENT)
    await collect.hand_over(
        world.relay, world.callers[DEPARTMENT], item.delivery, Handover(sha256=item.sha256)
    )
    world.clock.move(timedelta(days=3) - timedelta(milliseconds=1))
    assert await retain.expire(world.relay) == 0
    assert not (await waiting(world, PROVINCE))[0].is_late
    world.clock.move(timedelta(milliseconds=1))
    assert await retain.expire(world.relay) == 1
    assert await retain.expire(world.relay) == 0
    assert (await waiting(world, PROVINCE))[0].is_late
    assert (await events(world))[-1] == ("Unfetched", PROVINCE, "queued")
    world.clock.move(timedelta(days=11))
    assert await retain.expire(world.relay) == 1
    assert (await events(world))[-1] == ("ContentHandoverFailure", PROVINCE, "expired")


async def test_a_time_to_live_shorter_than_the_warning_is_not_warned_of() -> None:
    """It ends, and that is told."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY, time_to_live=timedelta(days=1))
    world.clock.move(timedelta(days=5))
    assert await retain.expire(world.relay) == 2
    assert "Unfetched" not in [event for event, _, _ in await events(world)]


async def test_a_recall_of_what_nobody_fetched_withdraws_it_at_once() -> None:
    """It is gone from the inbox and is never handed out; the other receiver's delivery stays."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    recall = message("13", sender=COMMUNE, to=PROVINCE)
    told = await follow.take_status(world.relay, world.callers[COMMUNE], digest(BODY), recall)
    assert told.state == "withdrawn"
    assert await follow.take_status(world.relay, world.callers[COMMUNE], digest(BODY), recall) == told
    assert await waiting(world, PROVINCE) == ()
    with pytest.raises(RefusalError, match="taken this document back"):
        await collect.fetch(world.relay, world.callers[PROVINCE], digest(BODY))
    assert len(await waiting(world, DEPARTMENT)) == 1


async def test_a_recall_while_it_is_fetched_asks_and_hands_out_no_more() -> None:
    """13 under a lease: the receiver may have the bytes; after 16 it goes on."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    me = world.callers[PROVINCE]
    await collect.fetch(world.relay, me, digest(BODY))
    recall = message("13", sender=COMMUNE, to=PROVINCE)
    told = await follow.take_status(world.relay, world.callers[COMMUNE], digest(BODY), recall)
    assert told.state == "recall-asked"
    for minutes in (0, 10):
        world.clock.move(timedelta(minutes=minutes))
        with pytest.raises(RefusalError, match="15 or 16") as caught:
            await collect.fetch(world.relay, me, digest(BODY))
        assert caught.value.kind is ProblemType.NOT_FOUND
    await follow.take_status(world.relay, me, digest(BODY), message("16", sender=PROVINCE))
    assert (await collect.fetch(world.relay, me, digest(BODY))).sha256 == digest(BODY)


@pytest.mark.parametrize("code", ["15", "16"])
async def test_an_answer_to_an_update_leaves_the_delivery_as_it_is(code: str) -> None:
    """15 and 16 are recorded beside the work; before the handover there is nothing to answer."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    envelopes = world.ledger._tables.envelopes
    envelopes[digest(BODY)] = replace(envelopes[digest(BODY)], kind=int(BusinessKind.UPDATE))
    me = world.callers[PROVINCE]
    with pytest.raises(RefusalError):
        await follow.take_status(world.relay, me, digest(BODY), message(code, sender=PROVINCE))
    (item,) = await waiting(world, PROVINCE)
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    told = await follow.take_status(world.relay, me, digest(BODY), message(code, sender=PROVINCE))
    assert told.state == "handed-over"
    assert await follow.take_status(world.relay, me, digest(BODY), message(code, sender=PROVINCE)) == told
    event = {"15": "ChangeAgreed", "16": "ChangeRefused"}[code]
    assert (await events(world))[-1] == (event, PROVINCE, "handed-over")
    told = await follow.take_status(world.relay, me, digest(BODY), message("03", sender=PROVINCE))
    assert told.state == "accepted"


async def test_the_same_document_again_is_only_warned_of() -> None:
    """DocumentId, or number, notation and issuer in one year: accepted, and said in the receipt."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    first = await world.send(BODY)
    assert first.evidence.reasons == ()
    second = await world.send(f"{PROVINCE}|gửi lại, bản khác")
    assert [reason.code for reason in second.evidence.reasons] == [
        "duplicate-document-id",
        "duplicate-number",
    ]
    assert await world.send(BODY) == first
    assert len(await waiting(world, PROVINCE)) == 2


def test_numbers_begin_anew_every_year() -> None:
    """The key joins both written forms of a code, and tells years apart."""
    header = Header(
        sender=Organization(code=COMMUNE),
        receivers=(),
        number="125",
        notation="UBND-VX",
        issued=NOW.date(),
        subject="",
    )
    assert Submission.of(header).number_key("000.00.31.H99") == Submission.of(header).number_key("H99.31")
    assert Submission.of(header).number_key("H99.31") != Submission.of(header).number_key("H99.32")
    next_year = replace(header, issued=NOW.date().replace(year=2027), document_id="")
    assert Submission.of(next_year).number_key("H99.31") != Submission.of(header).number_key("H99.31")
    assert Submission.of(replace(header, number="")).number_key("H99.31") == ""
    undated = Submission.of(replace(header, issued=None, document_id="không ngày")).number_key("H99.31")
    assert undated not in {"", Submission.of(header).number_key("H99.31")}


async def test_bytes_past_the_retention_go_and_their_name_stays() -> None:
    """Not while anybody waits; the removal is evidence; the same bytes again get the receipt of then."""
    world = await World.make(COMMUNE, PROVINCE, limits=Limits(free_space=0, retain=timedelta(days=30)))
    receipt = await world.send(f"{PROVINCE}|cũ")
    (item,) = await waiting(world, PROVINCE)
    me = world.callers[PROVINCE]
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    await world.send(f"{PROVINCE}|còn chờ", time_to_live=timedelta(days=80))
    assert await retain.remove(world.relay) == 0
    world.clock.move(timedelta(days=31))
    assert await retain.remove(world.relay) == 1
    assert await retain.remove(world.relay) == 0
    assert list(world.bodies.committed) == [digest(f"{PROVINCE}|còn chờ")]
    for code in (COMMUNE, PROVINCE):
        with pytest.raises(RefusalError, match="no longer"):
            await collect.fetch(world.relay, world.callers[code], item.sha256)
        trace = await follow.trace(world.relay, world.callers[code], item.sha256)
        assert (trace.events[-1].event, trace.events[-1].receiver) == ("ContentRemoved", None)
    assert await world.send(f"{PROVINCE}|cũ") == receipt
    assert item.sha256 not in world.bodies.committed
    assert trace.deliveries[0].state == State.HANDED_OVER.value


async def test_without_a_retention_bytes_are_kept_for_ever() -> None:
    """Unless its operator sets one, a relay removes nothing, however old."""
    world = await World.make(COMMUNE, PROVINCE)
    await world.send(f"{PROVINCE}|giữ mãi", time_to_live=timedelta(days=1))
    world.clock.move(timedelta(days=10_000))
    assert (await retain.expire(world.relay), await retain.remove(world.relay)) == (1, 0)
    assert list(world.bodies.committed) == [digest(f"{PROVINCE}|giữ mãi")]


async def test_the_check_agrees_with_all_of_it(site: Site, agency_key: SigningKey) -> None:
    """Warned, withdrawn, asked back, answered, removed: the evidence alone gives every state again."""
    envelopes = [sealed(agency_key, number=str(number)) for number in range(1, 5)]
    names = [sha256(envelope) for envelope in envelopes]

    def about(number: int, code: str, **more: str) -> bytes:
        return status(code, document=f"H99.31,2026/11/16,{number}/UBND-VX", **more)

    async with (
        site.served(warn_unfetched=0, retain_days=1) as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        for envelope in envelopes:
            assert (await commune.send(envelope))[0] == 201
        await take(province, envelopes[0])
        await province.call("GET", wire.envelope_path(names[1]))  # leased
        for number in (2, 3):
            recall = about(number, "13", sender="H99.31", to="H99")
            answer = await commune.call("POST", wire.statuses_path(names[number - 1]), data=recall)
            assert answer[0] == 200, answer
        assert await retain.expire(here.relay) == 2
        late = {item.sha256: item.is_late for item in (await province.inbox()).items}
        assert late == {names[1]: True, names[3]: True}
        at_once = replace(here.relay, limits=replace(here.relay.limits, retain=timedelta(0)))
        assert await retain.remove(at_once) == 2
        report = check(site.folder)
        assert report.is_sound, report.troubles
        assert report.bodies == 2
        again = await commune.send(envelopes[0])
        assert again[0] == 201
        path = site.folder / "bodies" / names[0][:2] / names[0]
        assert not path.exists()
        path.write_bytes(envelopes[0])
        assert [one.code for one in check(site.folder).troubles] == ["body-left"]
