"""Collecting: whose turn it is to fetch, what a page of the inbox says, and who may have the bytes when."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from docsign.exchange.wire import Handover, InboxItem, ProblemType
from relay_server.core.directory import Use
from relay_server.core.refusals import RefusalError
from relay_server.services import collect, follow
from relay_server.services.relay import Caller, Limits
from relay_server.storage.bell import LocalBell
from tests.relay.test_use_cases import message
from tests.relay.values import COMMUNE, DEPARTMENT, PROVINCE, binding, digest
from tests.relay.world import World

BODY = f"{PROVINCE},{DEPARTMENT}|Về việc báo cáo"
NAME = digest(BODY)
LEASE = Limits().lease


async def sent() -> World:
    """Return a world in which an envelope waits for the province and a department."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    return world


async def second_computer(world: World) -> Caller:
    """Return the province through another of its computers."""
    caller = world.callers[PROVINCE]
    known = caller.agency
    both = replace(known, bindings=(*known.bindings, binding("máy hai", Use.TLS)))
    await world.ledger.write(lambda tx: tx.put_agency(both))
    return replace(caller, agency=both, certificate=digest("máy hai"))


async def waiting(world: World, code: str = PROVINCE, *, after: int = 0) -> tuple[InboxItem, ...]:
    """Return what waits for an agency."""
    return (await collect.inbox(world.relay, world.callers[code], after=after, limit=10, wait=0)).items


async def refusal(call: Awaitable[object]) -> ProblemType:
    """Return the kind of the refusal that must come."""
    with pytest.raises(RefusalError) as caught:
        await call
    return caught.value.kind


def counted(world: World) -> Counter[str]:
    """Count the writes of the ledger from now on."""
    found: Counter[str] = Counter()
    honest: Callable[[Any], Awaitable[Any]] = world.ledger.write

    async def write(work: Any) -> Any:
        found["writes"] += 1
        return await honest(work)

    world.ledger.write = write  # type: ignore[method-assign]
    return found


async def test_two_computers_of_an_agency_do_not_fetch_one_document_at_once() -> None:
    """The second is told to wait until the first's lease is over; then the document is its own to fetch."""
    world = await sent()
    first, second = world.callers[PROVINCE], await second_computer(world)
    await collect.fetch(world.relay, first, NAME)
    world.clock.move(LEASE - timedelta(milliseconds=1))
    assert await refusal(collect.fetch(world.relay, second, NAME)) is ProblemType.LEASED
    world.clock.move(timedelta(milliseconds=1))
    await collect.fetch(world.relay, second, NAME)
    assert await refusal(collect.fetch(world.relay, first, NAME)) is ProblemType.LEASED
    await collect.fetch(world.relay, world.callers[DEPARTMENT], NAME)  # another delivery of the same bytes


async def test_a_download_that_goes_on_keeps_its_lease_without_a_write_for_every_piece() -> None:
    """Renewed once half of it is over; the many Range requests before that only read."""
    world = await sent()
    me, other = world.callers[PROVINCE], await second_computer(world)
    writes = counted(world)
    for moved, count in ((0, 1), (149, 1), (1, 2), (149, 2), (1, 3)):
        world.clock.move(timedelta(seconds=moved))
        await collect.fetch(world.relay, me, NAME)
        assert writes["writes"] == count
    world.clock.move(LEASE - timedelta(seconds=1))
    assert await refusal(collect.fetch(world.relay, other, NAME)) is ProblemType.LEASED


async def test_bytes_that_were_confirmed_and_ones_own_are_there_for_every_computer() -> None:
    """After the handover nothing is leased any more; the sender leases nothing, and takes nobody's turn."""
    world = await sent()
    me, sender, other = world.callers[PROVINCE], world.callers[COMMUNE], await second_computer(world)
    (item,) = await waiting(world)
    writes = counted(world)
    assert (await collect.fetch(world.relay, sender, NAME)).size == len(BODY.encode()) == item.size
    assert writes["writes"] == 0
    await collect.fetch(world.relay, me, NAME)
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=NAME))
    writes.clear()
    for caller in (me, other, sender):
        assert (await collect.fetch(world.relay, caller, NAME)).sha256 == NAME
    assert writes["writes"] == 0
    trace = await follow.trace(world.relay, sender, NAME)
    assert trace.deliveries[0].state == "handed-over"


async def test_a_confirmation_is_the_receivers_own_and_of_the_right_bytes() -> None:
    """Another's delivery is not there; another digest, or a seal that does not hold, is no handover."""
    world = await sent()
    me = world.callers[PROVINCE]
    (item,) = await waiting(world)
    right = Handover(sha256=NAME)
    for code in (DEPARTMENT, COMMUNE):
        call = collect.hand_over(world.relay, world.callers[code], item.delivery, right)
        assert await refusal(call) is ProblemType.NOT_FOUND
    assert await refusal(collect.hand_over(world.relay, me, "0" * 32, right)) is ProblemType.NOT_FOUND
    wrong = Handover(sha256=digest("khác"))
    assert await refusal(collect.hand_over(world.relay, me, item.delivery, wrong)) is (
        ProblemType.DIGEST_MISMATCH
    )
    unsealed = Handover(sha256=NAME, signature=base64.b64encode(b"x").decode())
    assert await refusal(collect.hand_over(world.relay, me, item.delivery, unsealed)) is (
        ProblemType.SIGNATURE_NOT_ACCEPTED
    )
    assert [one.state for one in await waiting(world)] == ["queued"]


async def test_a_seal_on_the_confirmation_is_the_receivers_and_stands_in_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another agency's seal, or a certificate that is bound for connections alone, confirms nothing."""
    world = await sent()
    me = world.callers[PROVINCE]
    (item,) = await waiting(world)
    sealed = Handover(sha256=NAME, signature=base64.b64encode(b"cms").decode())
    for signer in (f"sign {DEPARTMENT}", f"tls {PROVINCE}", f"sign {PROVINCE}"):
        monkeypatch.setattr(world.relay.examiner, "signer_of", lambda *_, of=signer, **_when: digest(of))
        call = collect.hand_over(world.relay, me, item.delivery, sealed)
        if signer != f"sign {PROVINCE}":
            assert await refusal(call) is ProblemType.SIGNATURE_NOT_ACCEPTED
        else:
            assert (await call).state == "handed-over"
    handed = (await world.ledger.read(lambda tx: tx.facts(NAME)))[-1].evidence
    assert [(one.id, one.digest) for one in handed.parts] == [
        ("envelope", NAME),
        ("handover-signature", digest("cms")),
    ]


async def test_who_is_struck_from_the_directory_meanwhile_changes_nothing_more() -> None:
    """Known when the request began, gone when something would be kept or shown."""
    world = await sent()
    me, sender = world.callers[PROVINCE], world.callers[COMMUNE]
    (item,) = await waiting(world)
    for gone in (me, sender):
        struck = replace(gone.agency, bindings=())
        await world.ledger.write(lambda tx, struck=struck: tx.put_agency(struck))  # type: ignore[misc]
    recall = message("13", sender=COMMUNE, to=PROVINCE)
    for call in (
        collect.inbox(world.relay, me, after=0, limit=9, wait=0),
        collect.fetch(world.relay, me, NAME),
        collect.hand_over(world.relay, me, item.delivery, Handover(sha256=NAME)),
        follow.take_status(world.relay, me, NAME, message("03", sender=PROVINCE)),
        follow.take_status(world.relay, sender, NAME, recall),
        world.send(f"{PROVINCE}|gửi sau"),
    ):
        assert await refusal(call) in (ProblemType.UNKNOWN_AGENCY, ProblemType.SIGNATURE_NOT_ACCEPTED)
    kept = await world.ledger.read(lambda tx: tx.delivery(item.delivery))
    assert kept is not None
    assert kept.state.value == "queued"
    assert len(await world.ledger.read(lambda tx: tx.facts(NAME))) == 2


async def test_a_page_ends_at_its_limit_and_says_whether_there_is_more() -> None:
    """Every envelope once, in the order of arrival, by whom; the last page names no next one."""
    world = await World.make(COMMUNE, PROVINCE)
    bodies = [f"{PROVINCE}|văn bản {number}" for number in range(4)]
    for body in bodies:
        await world.send(body)
    me, after, seen, pages = world.callers[PROVINCE], 0, list[str](), list[int]()
    while True:
        page = await collect.inbox(world.relay, me, after=after, limit=2, wait=0)
        seen += [item.sha256 for item in page.items]
        pages.append(len(page.items))
        assert {item.sender_name for item in page.items} == {f"Cơ quan {COMMUNE}"}
        if page.next is None:
            break
        after = int(page.next)
    assert (seen, pages) == ([digest(body) for body in bodies], [2, 2])


async def test_only_what_nobody_fetched_is_called_late() -> None:
    """A recall of what was fetched long ago waits for an answer, and is not late."""
    world = await sent()
    me = world.callers[PROVINCE]
    (item,) = await waiting(world)
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=NAME))
    recall = message("13", sender=COMMUNE, to=PROVINCE)
    await follow.take_status(world.relay, world.callers[COMMUNE], NAME, recall)
    world.clock.move(Limits().warn_unfetched - timedelta(milliseconds=1))
    assert [one.is_late for one in await waiting(world, DEPARTMENT)] == [False]
    world.clock.move(timedelta(milliseconds=1))
    (asked,) = await waiting(world)
    assert (asked.state, asked.is_late) == ("recall-asked", False)
    (late,) = await waiting(world, DEPARTMENT)
    assert (late.state, late.is_late) == ("queued", True)


async def test_who_waits_waits_no_longer_than_asked_and_leaves_no_trace() -> None:
    """What comes within the time is handed out at once; when it is over the empty page is the answer."""
    world = await World.make(COMMUNE, PROVINCE)
    me, bell = world.callers[PROVINCE], world.relay.bell
    assert isinstance(bell, LocalBell)
    asking = asyncio.create_task(collect.inbox(world.relay, me, after=0, limit=1, wait=0.5))
    await asyncio.sleep(0.01)
    assert (asking.done(), bell.listeners(PROVINCE)) == (False, 1)
    await world.send(f"{PROVINCE}|đến kịp")
    assert len((await asyncio.wait_for(asking, 0.3)).items) == 1
    empty = await collect.inbox(world.relay, me, after=9, limit=1, wait=0.01)
    assert (empty.items, empty.next, bell.listeners(PROVINCE)) == ((), None, 0)
