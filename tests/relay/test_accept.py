"""Accepting an envelope: what is asked before a byte is read, what is left behind, and to whom it is told."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from docsign.envelope.header import BusinessKind
from docsign.errors import DiskFullError
from docsign.exchange.wire import ProblemType
from relay_server.core.refusals import RefusalError
from relay_server.services import collect
from relay_server.services.accept import accept
from relay_server.services.relay import Limits
from relay_server.storage.disk import PIECE, DiskBodies
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, digest
from tests.relay.world import StubExaminer, World, pieces

BODY = f"{PROVINCE}|Về việc báo cáo"


async def unread() -> AsyncIterator[bytes]:
    """Fail as soon as anybody reads."""
    yield pytest.fail("a byte was read")


async def test_what_has_no_room_is_refused_before_a_byte_is_read() -> None:
    """An announced length that is too large, or more than the disk has left over its reserve."""
    world = await World.make(COMMUNE, PROVINCE, limits=Limits(free_space=100, envelope=1000))
    me, name = world.callers[COMMUNE], digest(BODY)
    world.bodies.space = 10_000
    with pytest.raises(RefusalError) as caught:
        await accept(world.relay, me, unread(), declared=name, length=1001)
    assert caught.value.kind is ProblemType.TOO_LARGE
    size = len(BODY.encode())
    world.bodies.space = 100 + size - 1
    with pytest.raises(DiskFullError):
        await accept(world.relay, me, unread(), declared=name, length=size)
    world.bodies.space = 100 + size
    await accept(world.relay, me, pieces(BODY.encode()), declared=name, length=size)


@pytest.mark.parametrize("over", [0, 1])
async def test_the_limit_counts_every_byte_and_so_does_the_inbox(over: int) -> None:
    """As large as is allowed gets in, with its size told to the receiver; a byte more is refused."""
    size = len(BODY.encode())
    world = await World.make(COMMUNE, PROVINCE, limits=Limits(free_space=0, envelope=size - over))
    if over:
        with pytest.raises(RefusalError) as caught:
            await world.send(BODY)
        assert caught.value.kind is ProblemType.TOO_LARGE
        return
    await world.send(BODY)
    (item,) = (await collect.inbox(world.relay, world.callers[PROVINCE], after=0, limit=1, wait=0)).items
    assert item.size == size


async def test_what_is_not_accepted_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    """Broken off, of another digest, refused: nobody fills the disk with envelopes that never get in."""
    world = await World.make(COMMUNE, PROVINCE)
    relay = replace(world.relay, bodies=DiskBodies.open(tmp_path / "bodies"))
    large = b"x" * (2 * PIECE)

    async def broken() -> AsyncIterator[bytes]:
        yield large
        raise ConnectionResetError

    async def whole() -> AsyncIterator[bytes]:
        yield large

    for body, declared, error in (
        (broken(), digest("x"), ConnectionResetError),
        (whole(), digest("x"), RefusalError),
        (whole(), digest(large.decode()), RefusalError),
    ):
        with pytest.raises(error):
            await accept(relay, world.callers[COMMUNE], body, declared=declared)
        assert [path for path in (tmp_path / "bodies").rglob("*") if path.is_file()] == []


async def test_bytes_that_were_lost_come_back_when_their_sender_repeats() -> None:
    """The receipt of then, and the bytes are there again for those who still have to fetch them."""
    world = await World.make(COMMUNE, PROVINCE)
    receipt = await world.send(BODY)
    await world.bodies.remove(digest(BODY))
    assert await world.send(BODY) == receipt
    assert world.bodies.committed[digest(BODY)] == BODY.encode()


async def test_nobody_gets_anothers_receipt_for_knowing_the_bytes() -> None:
    """Not the receiver, and not a stranger: they are not the sender the header names."""
    world = await World.make(COMMUNE, PROVINCE, DEPARTMENT)
    await world.send(BODY)
    for code in (PROVINCE, DEPARTMENT):
        with pytest.raises(RefusalError) as caught:
            await world.send(BODY, sender=code)
        assert caught.value.kind is ProblemType.NOT_YOUR_AGENCY


async def test_a_secret_document_is_not_taken_in() -> None:
    """QD 28/2018 Art. 1: refused with its place, and not a byte of it stays."""
    world = await World.make(COMMUNE, PROVINCE)
    with pytest.raises(RefusalError) as caught:
        await world.send(f"{PROVINCE}|TUYỆT MẬT")
    assert (caught.value.kind, caught.value.where) == (ProblemType.SECRET_DOCUMENT, "header.subject")
    assert world.bodies.committed == {}


async def test_only_a_new_document_is_warned_of_as_a_repetition() -> None:
    """Who revokes or updates a document names it again, as he must."""
    world = await World.make(COMMUNE, PROVINCE)
    examiner = world.relay.examiner
    assert isinstance(examiner, StubExaminer)
    first = StubExaminer()
    header = (await first.examine(io.BytesIO(BODY.encode()), at=NOW)).submission
    codes = list[list[str]]()
    for kind in (BusinessKind.NEW, BusinessKind.UPDATE, BusinessKind.NEW):
        examiner.found = {"submission": replace(header, kind=int(kind))}
        receipt = await world.send(f"{PROVINCE}|lần {len(codes)}")
        codes.append([one.code for one in receipt.evidence.reasons])
    assert codes == [[], [], ["duplicate-document-id", "duplicate-number"]]
