"""Turns at an upload: one request at a time, and the newer one ends the older."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from docsign.envelope.evidence import Receipt
from docsign.errors import DiskFullError
from docsign.exchange.wire import ProblemType
from docsign.verdict import Conclusion, SubIndication
from relay_server.core.refusals import RefusalError
from relay_server.core.uploads import Upload, require_share
from relay_server.services.relay import Caller, Limits
from relay_server.services.upload import Turns, UploadDesk
from relay_server.storage.uploads import DiskUploads
from tests.relay.conftest import sha256
from tests.relay.values import COMMUNE, NOW, PROVINCE, digest
from tests.relay.world import StubExaminer, World


async def test_a_newer_request_ends_the_older_and_then_has_the_upload_alone() -> None:
    """The older one is told to give way, finishes what it holds, and only then the newer one begins."""
    turns, seen, ended = Turns(), list[str](), asyncio.Event()

    async def older() -> None:
        async with turns.taken("a", ended.set):
            seen.append("older begins")
            await ended.wait()
            await asyncio.sleep(0)
            seen.append("older ends")

    task = asyncio.create_task(older())
    await asyncio.sleep(0)
    async with turns.taken("b", lambda: None):
        assert not ended.is_set()  # another upload is nobody's business
    async with turns.taken("a", lambda: None):
        seen.append("newer begins")
    await task
    assert seen == ["older begins", "older ends", "newer begins"]
    async with turns.taken("a", lambda: None):
        pass


async def test_two_never_hold_an_upload_however_many_ask_for_it() -> None:
    """Of three the newest has it last and ends both before it; whoever fails leaves nothing behind."""
    turns, inside, most, done = Turns(), 0, 0, list[int]()
    ended = [asyncio.Event() for _ in range(3)]

    async def one(place: int) -> None:
        nonlocal inside, most
        async with turns.taken("a", ended[place].set):
            inside += 1
            most = max(most, inside)
            await ended[place].wait()
            await asyncio.sleep(0.01)
            inside -= 1
            done.append(place)

    first = asyncio.create_task(one(0))
    await asyncio.sleep(0)
    second = asyncio.create_task(one(1))
    await first  # the second holds the upload now
    third = asyncio.create_task(one(2))
    await asyncio.sleep(0.03)
    assert ended[1].is_set()
    fourth = asyncio.create_task(one(2))
    await asyncio.gather(second, third, fourth)
    assert (most, done) == (1, [0, 1, 2, 2])
    with pytest.raises(ZeroDivisionError):
        async with turns.taken("a", lambda: None):
            raise ZeroDivisionError
    assert turns == Turns()


async def test_what_waits_for_an_upload_is_ended_by_a_newer_request() -> None:
    """A request whose line hangs keeps nobody, not even one that came while another had the upload."""
    turns, hung = Turns(), asyncio.Event()

    async def hanging() -> None:
        async with turns.taken("a", hung.set):
            await hung.wait()

    async with turns.taken("a", lambda: None):
        waiting = asyncio.create_task(hanging())
        await asyncio.sleep(0)
        newest = asyncio.create_task(hanging())
        await asyncio.sleep(0)
        assert hung.is_set()
    await asyncio.gather(waiting, newest)


def test_what_counts_against_the_share_of_an_agency() -> None:
    """Its own unfinished uploads alone; up to the limit itself, and a single one whatever its size."""

    def held(agency: str = COMMUNE, length: int | None = 100, *, accepted: bool = False) -> Upload:
        return Upload(
            id="x",
            agency=agency,
            certificate="y",
            sha256="z",
            length=length,
            expires_at=NOW,
            accepted=accepted,
        )

    def is_let_in(others: list[Upload], new: Upload) -> bool:
        try:
            require_share(others, new, most=2, most_bytes=200, largest=150)
        except RefusalError as refused:
            return refused.kind is not ProblemType.TOO_MANY
        return True

    assert is_let_in([], held(length=1000))
    assert is_let_in([held()], held())
    assert not is_let_in([held()], held(length=101))
    assert not is_let_in([held(length=None)], held(length=51))
    assert not is_let_in([held(length=1), held(length=1)], held(length=1))
    assert is_let_in([held(accepted=True)] * 3, held(length=1000))
    assert is_let_in([held(PROVINCE)] * 3, held(length=1000))


async def test_the_share_of_an_agency_holds_for_those_who_announce_at_once(tmp_path: Path) -> None:
    """Ten at once are as many as ten one after another; an unknown length counts as the longest."""
    world = await World.make(COMMUNE, PROVINCE)
    relay = replace(world.relay, limits=Limits(uploads=3, envelope=1000, upload_bytes=2500))
    desk, commune = UploadDesk(relay, DiskUploads.open(tmp_path / "uploads")), world.callers[COMMUNE]

    async def announce(length: int | None, count: int) -> int:
        found = await asyncio.gather(
            *(desk.begin(commune, sha256=f"{n:064d}", length=length) for n in range(count)),
            return_exceptions=True,
        )
        refused = [one for one in found if isinstance(one, RefusalError)]
        assert all(one.kind is ProblemType.TOO_MANY for one in refused)
        for one in found:
            if isinstance(one, Upload):
                await desk.cancel(commune, one.id, lambda: None)
        return count - len(refused)

    assert await announce(10, 10) == 3
    assert await announce(None, 10) == 2
    assert await announce(900, 10) == 2


async def test_only_ones_own_unfinished_upload_is_picked_up(tmp_path: Path) -> None:
    """Of this computer, these bytes and this length, and not over: what is told is there to go on with."""
    world = await World.make(COMMUNE, PROVINCE)
    desk, commune = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads")), world.callers[COMMUNE]

    async def begin(caller: Caller = commune, sha256: str = "a" * 64, length: int | None = 10) -> str:
        found = await desk.begin(caller, sha256=sha256, length=length, pick_up=True)
        assert isinstance(found, Upload)
        return found.id

    first = await begin()
    assert await begin() == first
    others = {
        first,
        await begin(world.callers[PROVINCE]),
        await begin(replace(commune, certificate="b" * 64)),
        await begin(sha256="b" * 64),
        await begin(length=11),
        await begin(length=None),
    }
    assert len(others) == 6
    world.clock.move(Limits().upload_life)
    again = await begin()
    assert again not in others
    assert (await desk.look(commune, again, lambda: None)).offset == 0


async def test_what_was_accepted_while_it_was_picked_up_is_answered_with_its_receipt(tmp_path: Path) -> None:
    """The last piece of an older request was still being accepted: the client need not send anything."""
    world = await World.make(COMMUNE, PROVINCE)
    desk, commune = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads")), world.callers[COMMUNE]
    body = f"{PROVINCE}|Về việc báo cáo".encode()
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield body
        held.set()
        await go_on.wait()

    announced = await desk.begin(commune, sha256=sha256(body), length=len(body))
    assert isinstance(announced, Upload)
    older = asyncio.create_task(desk.append(commune, announced.id, slowly(), offset=0, give_way=lambda: None))
    await held.wait()
    newer = asyncio.create_task(desk.begin(commune, sha256=sha256(body), length=len(body), pick_up=True))
    await asyncio.sleep(0.01)
    go_on.set()
    receipt = await newer
    assert isinstance(receipt, Receipt)
    assert (await older)[1] == receipt


async def test_what_is_finished_costs_no_announcement_anything(tmp_path: Path) -> None:
    """Its outcome is told until its time is over, also after a restart, but nobody looks through it."""
    world = await World.make(COMMUNE, PROVINCE)
    uploads, commune = DiskUploads.open(tmp_path / "uploads"), world.callers[COMMUNE]
    body = f"{PROVINCE}|Về việc báo cáo".encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    desk = UploadDesk(world.relay, uploads)
    done = await desk.begin(commune, sha256=sha256(body), length=len(body))
    assert isinstance(done, Upload)
    await desk.append(commune, done.id, pieces(), offset=0, give_way=lambda: None)
    unfinished = await desk.begin(commune, sha256="a" * 64, length=10)
    assert isinstance(unfinished, Upload)
    for held in (uploads, DiskUploads.open(tmp_path / "uploads")):
        assert [one.id for one in held.held()] == [unfinished.id]
        assert (await UploadDesk(world.relay, held).look(commune, done.id, lambda: None)).accepted
    world.clock.move(Limits().upload_life)
    assert await desk.sweep() == 2
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_who_announces_what_is_here_already_is_done_if_it_was_his_and_is_still_here(
    tmp_path: Path,
) -> None:
    """The sender gets its receipt; another agency, and a sender whose bytes were lost, send them."""
    world = await World.make(COMMUNE, PROVINCE)
    desk = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads"))
    body = f"{PROVINCE}|Về việc báo cáo"
    receipt, size = await world.send(body), len(body.encode())

    async def announce(code: str, length: int) -> Upload | Receipt:
        caller = world.callers[code]
        return await desk.begin(caller, sha256=digest(body), length=length, pick_up=True)

    assert await announce(COMMUNE, size) == receipt
    assert isinstance(await announce(PROVINCE, size), Upload)
    assert isinstance(await announce(COMMUNE, size + 1), Upload)
    await world.bodies.remove(digest(body))
    assert isinstance(await announce(COMMUNE, size), Upload)


async def test_nothing_is_announced_that_has_no_room(tmp_path: Path) -> None:
    """Said at the announcement, and again before each piece, by what is still to come."""
    world = await World.make(COMMUNE, PROVINCE, limits=Limits(free_space=100, envelope=1000))
    uploads = DiskUploads.open(tmp_path / "uploads")
    desk, commune = UploadDesk(world.relay, uploads), world.callers[COMMUNE]
    world.bodies.space = 10_000
    with pytest.raises(RefusalError) as caught:
        await desk.begin(commune, sha256="a" * 64, length=1001)
    assert caught.value.kind is ProblemType.TOO_LARGE
    world.bodies.space = 199
    with pytest.raises(DiskFullError):
        await desk.begin(commune, sha256="a" * 64, length=100)
    assert uploads.held() == ()
    world.bodies.space = 200
    announced = await desk.begin(commune, sha256="a" * 64, length=100)
    assert isinstance(announced, Upload)

    async def piece(offset: int) -> int:
        async def bytes_of_it() -> AsyncIterator[bytes]:
            yield b"x" * 60

        sent = desk.append(
            commune, announced.id, bytes_of_it(), offset=offset, give_way=lambda: None, complete=False
        )
        return (await sent)[0].offset

    world.bodies.space = 199
    with pytest.raises(DiskFullError):
        await piece(0)
    world.bodies.space = 200
    assert await piece(0) == 60
    world.bodies.space = 139
    with pytest.raises(DiskFullError):
        await piece(60)


async def test_an_upload_that_may_be_accepted_later_is_kept(tmp_path: Path) -> None:
    """A list of revocations that is not there yet costs no second sending; what is wrong for good goes."""
    world = await World.make(COMMUNE, PROVINCE)
    desk, commune = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads")), world.callers[COMMUNE]
    body = f"{PROVINCE}|Về việc báo cáo".encode()

    async def pieces(*those: bytes) -> AsyncIterator[bytes]:
        for one in those:
            yield one

    announced = await desk.begin(commune, sha256=sha256(body), length=len(body))
    assert isinstance(announced, Upload)
    examiner = cast("StubExaminer", world.relay.examiner)
    examiner.found = {"conclusion": Conclusion.indeterminate(SubIndication.TRY_LATER)}
    with pytest.raises(RefusalError) as told:
        await desk.append(commune, announced.id, pieces(body), offset=0, give_way=lambda: None)
    assert told.value.worth_retrying
    examiner.found = {}
    again = await desk.begin(commune, sha256=sha256(body), length=len(body), pick_up=True)
    assert isinstance(again, Upload)
    assert (again.id, again.offset) == (announced.id, len(body))
    _, receipt = await desk.append(
        commune, again.id, pieces(), offset=len(body), give_way=lambda: None, complete=True
    )
    assert receipt is not None


async def test_what_is_whole_and_was_not_accepted_is_accepted_when_its_sender_asks(tmp_path: Path) -> None:
    """The relay went down between the last byte and the receipt: nothing has to be sent again."""
    world = await World.make(COMMUNE, PROVINCE)
    uploads, commune = DiskUploads.open(tmp_path / "uploads"), world.callers[COMMUNE]
    body = f"{PROVINCE}|Về việc báo cáo".encode()
    announced = await UploadDesk(world.relay, uploads).begin(commune, sha256=sha256(body), length=len(body))
    assert isinstance(announced, Upload)
    part = await uploads.append(announced)
    await part.write(body)
    await part.close()
    desk = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads"))
    with pytest.raises(RefusalError) as caught:
        await desk.look(world.callers[PROVINCE], announced.id, lambda: None)
    assert caught.value.kind is ProblemType.NOT_FOUND
    assert world.bodies.committed == {}
    for _ in range(2):
        found = await desk.look(commune, announced.id, lambda: None)
        assert (found.accepted, found.offset) == (True, len(body))
    assert world.bodies.committed == {sha256(body): body}


async def test_an_offset_is_told_when_the_older_request_has_put_down_what_it_held(tmp_path: Path) -> None:
    """Whoever picks an upload up after a cut goes on behind all that had arrived, and is not refused."""
    world = await World.make(COMMUNE, PROVINCE)
    desk = UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads"))
    commune, cut, held = world.callers[COMMUNE], asyncio.Event(), asyncio.Event()

    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        held.set()
        await cut.wait()
        raise ConnectionResetError

    announced = await desk.begin(commune, sha256="a" * 64, length=5000)
    assert isinstance(announced, Upload)
    older = asyncio.create_task(
        desk.append(commune, announced.id, breaking(), offset=0, give_way=cut.set, complete=True)
    )
    await held.wait()
    again = await desk.begin(commune, sha256="a" * 64, length=5000, pick_up=True)
    assert isinstance(again, Upload)
    assert (again.id, again.offset) == (announced.id, 1000)
    assert isinstance((await asyncio.gather(older, return_exceptions=True))[0], ConnectionResetError)
