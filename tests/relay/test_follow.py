"""Statuses: who may report what of which envelope, what is told to whom, and why something is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from docsign.envelope.edxml import write_status
from docsign.envelope.edxml_reading import read_status
from docsign.exchange.wire import Handover, Problem, ProblemType
from relay_server.core.refusals import RefusalError
from relay_server.core.replay import UNFETCHED
from relay_server.services import collect, follow, retain
from tests.relay.test_use_cases import message
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, digest
from tests.relay.world import World

BODY = f"{PROVINCE},{DEPARTMENT}|Về việc báo cáo"
NAME = digest(BODY)
STRANGER = "H99.32"


async def sent(*, taken: bool = False) -> World:
    """Return a world in which an envelope waits for two agencies, or the province has it."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT, STRANGER)
    await world.send(BODY)
    if taken:
        me = world.callers[PROVINCE]
        (item,) = (await collect.inbox(world.relay, me, after=0, limit=9, wait=0)).items
        await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=NAME))
    return world


async def report(world: World, code: str, *, by: str = PROVINCE, to: str = COMMUNE, minute: int = 0) -> str:
    """Report a status; return the state it leads to."""
    told = message(code, sender=by, to=to, minute=minute)
    return (await follow.take_status(world.relay, world.callers[by], NAME, told)).state


async def refused(world: World, by: str, told: bytes, name: str = NAME) -> Problem:
    """Return the answer to a status that is refused."""
    with pytest.raises(RefusalError) as caught:
        await follow.take_status(world.relay, world.callers[by], name, told)
    return caught.value.problem


async def test_each_side_reports_what_is_its_own_and_strangers_find_nothing() -> None:
    """13 is the sender's, all others the receiver's; whoever is neither learns nothing, not even of 13."""
    world = await sent(taken=True)
    for by, told, kind, words in (
        (COMMUNE, message("03", sender=COMMUNE), ProblemType.STATUS_NOT_ALLOWED, "Only the receiver"),
        (PROVINCE, message("13", sender=PROVINCE), ProblemType.STATUS_NOT_ALLOWED, "Only the sender"),
        (STRANGER, message("03", sender=STRANGER), ProblemType.NOT_FOUND, "no such thing"),
        (STRANGER, message("13", sender=STRANGER, to=PROVINCE), ProblemType.NOT_FOUND, "no such thing"),
        (PROVINCE, message("03", sender=DEPARTMENT), ProblemType.NOT_YOUR_AGENCY, "comes from"),
        (COMMUNE, message("13", sender=COMMUNE, to=STRANGER), ProblemType.BAD_STATUS, "no receiver"),
        (COMMUNE, message("13", sender=COMMUNE, to="H98"), ProblemType.BAD_STATUS, "no receiver"),
        (PROVINCE, b"<edXML/>", ProblemType.BAD_STATUS, ""),
    ):
        problem = await refused(world, by, told)
        assert (problem.type, words in problem.en) == (kind.value, True), problem
    unknown = await refused(world, PROVINCE, message("03", sender=PROVINCE), digest("không có"))
    assert unknown.type == ProblemType.NOT_FOUND.value
    trace = await follow.trace(world.relay, world.callers[COMMUNE], NAME)
    assert [one.state for one in trace.deliveries] == ["handed-over", "queued"]


async def test_a_status_about_another_document_changes_nothing() -> None:
    """It names the document of this envelope, or none at all."""
    world = await sent(taken=True)
    status = read_status(message("03", sender=PROVINCE))
    other = replace(status.response_for, document_id=f"{COMMUNE},2026/11/16,126/UBND-VX")
    problem = await refused(world, PROVINCE, write_status(replace(status, response_for=other)))
    assert (problem.type, problem.where) == (
        ProblemType.BAD_STATUS.value,
        "status.ResponseFor.DocumentId",
    )
    unnamed = replace(status.response_for, document_id="")
    told = write_status(replace(status, response_for=unnamed))
    me = world.callers[PROVINCE]
    assert (await follow.take_status(world.relay, me, NAME, told)).state == "accepted"


async def test_the_answer_to_a_status_stays_the_same_whatever_came_after() -> None:
    """Told again: state and moment of then. The same status in another message: no second record."""
    world = await sent(taken=True)
    me = world.callers[PROVINCE]
    world.clock.move(timedelta(minutes=1))
    first = await follow.take_status(world.relay, me, NAME, message("03", sender=PROVINCE))
    assert (first.state, first.code, first.receiver) == ("accepted", "03", PROVINCE)
    assert first.recorded_at == NOW + timedelta(minutes=1)
    world.clock.move(timedelta(minutes=1))
    other = message("03", sender=PROVINCE, minute=7)
    assert await follow.take_status(world.relay, me, NAME, other) == first
    assert await report(world, "06") == "done"
    world.clock.move(timedelta(minutes=1))
    assert await follow.take_status(world.relay, me, NAME, message("03", sender=PROVINCE)) == first
    events = (await follow.trace(world.relay, me, NAME)).events
    assert [one.code for one in events if one.code] == ["03", "06"]


async def test_a_recall_wakes_the_receiver_and_says_whether_it_had_fetched() -> None:
    """What nobody fetched is withdrawn, and the record says so; what was fetched is asked back."""
    world = await sent(taken=True)
    me, sender = world.callers[PROVINCE], world.callers[COMMUNE]
    woken = asyncio.create_task(collect.inbox(world.relay, me, after=2, limit=9, wait=30))
    await asyncio.sleep(0)
    asked = await follow.take_status(world.relay, sender, NAME, message("13", sender=COMMUNE, to=PROVINCE))
    (item,) = (await asyncio.wait_for(woken, 1)).items
    assert (asked.state, item.state, item.sha256) == ("recall-asked", "recall-asked", NAME)
    assert await report(world, "13", by=COMMUNE, to="H99.12") == "withdrawn"  # the code's other form
    reasons = {
        one.receiver: [reason.code for reason in one.reasons]
        for one in (await follow.trace(world.relay, sender, NAME)).events
        if one.event == "RecallAsked"
    }
    assert reasons == {PROVINCE: ["13"], DEPARTMENT: ["13", UNFETCHED]}
    assert await report(world, "15") == "withdrawn"
    agreed = (await follow.trace(world.relay, sender, NAME)).events[-1]
    assert ([one.code for one in agreed.reasons], agreed.actor) == (["15"], PROVINCE)


async def test_a_refused_status_is_told_why() -> None:
    """Each situation has its own sentence, which a clerk can act on."""
    world = await sent()
    for code in ("01", "03"):
        problem = await refused(world, PROVINCE, message(code, sender=PROVINCE))
        assert "must be fetched and confirmed" in problem.en
    world = await sent(taken=True)
    assert "none is open" in (await refused(world, PROVINCE, message("15", sender=PROVINCE))).en
    await report(world, "05")
    problem = await refused(world, PROVINCE, message("03", sender=PROVINCE))
    assert "The status 03 cannot follow the status 05" in problem.en
    await report(world, "13", by=COMMUNE, to=PROVINCE)
    problem = await refused(world, PROVINCE, message("03", sender=PROVINCE))
    assert "The status 03 cannot follow the status 05" in problem.en  # what lies under the recall
    await report(world, "15")
    problem = await refused(world, PROVINCE, message("06", sender=PROVINCE))
    assert "taken this document back" in problem.en
    world.clock.move(timedelta(days=14))
    await retain.expire(world.relay)
    for by, code in ((DEPARTMENT, "03"), (COMMUNE, "13")):
        problem = await refused(world, by, message(code, sender=by, to=DEPARTMENT))
        assert "time to fetch" in problem.en
        assert problem.type == ProblemType.STATUS_NOT_ALLOWED.value


async def test_a_sender_among_its_own_receivers_speaks_for_each_of_its_sides() -> None:
    """What it sends to itself too it may ask back from itself, and work on."""
    world = await World.make(COMMUNE, PROVINCE)
    body = f"{COMMUNE},{PROVINCE}|gửi cả nội bộ"
    await world.send(body)
    me = world.callers[COMMUNE]
    (item,) = (await collect.inbox(world.relay, me, after=0, limit=9, wait=0)).items
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    for code, to, state in (("03", COMMUNE, "accepted"), ("13", PROVINCE, "withdrawn")):
        told = message(code, sender=COMMUNE, to=to)
        assert (await follow.take_status(world.relay, me, digest(body), told)).state == state


async def test_the_directory_comes_in_pages() -> None:
    """By code, each agency once; the last page names no next one."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT, STRANGER)
    seen, after, pages = list[str](), "", list[int]()
    while True:
        page = await follow.agencies(world.relay, query="", after=after, limit=2)
        seen += [one.code for one in page.agencies]
        pages.append(len(page.agencies))
        if page.next is None:
            break
        after = page.next
    assert (seen, pages) == (sorted([COMMUNE, PROVINCE, DEPARTMENT, STRANGER]), [2, 2])
