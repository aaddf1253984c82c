"""The write-ahead log of the database: what a crash leaves is whole, a damaged commit is found."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from docsign.errors import StorageError
from docsign.pki import SigningKey
from relay_server.app import DATABASE
from relay_server.checking import check
from relay_server.register import registered
from relay_server.storage import wal
from relay_server.storage.wal import is_whole
from tests.relay.conftest import Site, sealed

WAL = f"{DATABASE}-wal"
HEADER, FRAME = 32, 24 + 4096


@pytest.fixture
async def crashed(site: Site, agency_key: SigningKey, tmp_path: Path) -> Site:
    """A relay whose process ended at once: what it took in stands in the write-ahead log alone."""
    folder = tmp_path / "crashed"
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        for number in range(1, 7):
            assert (await commune.send(sealed(agency_key, number=str(number))))[0] == 201
        shutil.copytree(site.folder, folder, ignore=shutil.ignore_patterns("*-shm"))
    return Site(folder=folder, authority=site.authority, keys=site.keys)


def kept(folder: Path, scratch: Path) -> int:
    """Return how many commits SQLite finds in a database and its log, of which it sees a copy."""
    for name in (DATABASE, WAL):
        shutil.copyfile(folder / name, scratch / name)
    (scratch / f"{DATABASE}-shm").unlink(missing_ok=True)
    with closing(sqlite3.connect(scratch / DATABASE)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM checkpoints").fetchone()[0])
        except sqlite3.DatabaseError:  # the tables themselves stood in the log
            return -1


async def test_what_a_crash_leaves_is_whole(crashed: Site) -> None:
    """Cut anywhere, as by a lost write, and the relay goes on from the last commit that is there."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    chance = random.Random(3)
    cuts = [0, 5, HEADER, HEADER + 10, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(20))]
    for cut in (*cuts, len(whole)):
        path.write_bytes(whole[:cut])
        assert is_whole(crashed.folder / DATABASE), cut
    last = bytearray(whole)
    last[-FRAME:] = bytes(FRAME)  # of the last commit's frames one was never written
    path.write_bytes(last)
    assert is_whole(crashed.folder / DATABASE)
    path.unlink()
    assert is_whole(crashed.folder / DATABASE)


async def test_a_damaged_commit_is_found(crashed: Site, tmp_path: Path) -> None:
    """A bit anywhere: either SQLite loses no more than the last commit, or it is told."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    every = kept(crashed.folder, tmp_path)
    assert every == 6
    chance = random.Random(5)
    found = 0
    for at in (*range(8, HEADER), *(chance.randrange(HEADER, len(whole)) for _ in range(40))):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        told = not is_whole(crashed.folder / DATABASE)
        found += told
        in_a_sum = at >= HEADER and (at - HEADER) % FRAME in range(16, 24)  # the next frame hangs on it
        assert told or kept(crashed.folder, tmp_path) >= every - (2 if in_a_sum else 1), at
    assert found > 40


async def test_a_relay_does_not_go_on_from_before(crashed: Site) -> None:
    """Check tells it, and serve refuses: it would sign another history under the same log."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    path.write_bytes(whole[: HEADER + 100] + bytes([whole[HEADER + 100] ^ 1]) + whole[HEADER + 101 :])
    assert "wal" in {one.code for one in check(crashed.folder).troubles}
    with pytest.raises(StorageError, match="write-ahead log"):
        async with crashed.served():
            raise AssertionError
    with pytest.raises(StorageError, match="write-ahead log"):  # nor do the commands for the directory
        await registered(crashed.folder)
    path.write_bytes(whole)
    async with crashed.served() as here:
        assert (await here.relay.ledger.read(lambda tx: tx.log_state())).size == 12
    assert check(crashed.folder).is_sound


async def test_the_log_of_before_is_no_damage(crashed: Site) -> None:
    """A log that was begun anew holds frames of the one before: they have other salts."""
    path = crashed.folder / WAL
    whole = bytearray(path.read_bytes())
    whole[16:24] = b"muoi moi"
    path.write_bytes(whole)  # a header half written
    assert is_whole(crashed.folder / DATABASE)


async def test_commits_that_failed_are_no_damage(crashed: Site) -> None:
    """Two that a failing disk refused lie behind the last sound one: each was begun at the same place."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    ends = [at for at in range(HEADER, len(whole), FRAME) if whole[at + 4 : at + 8] != bytes(4)]
    first, last = ends[-3] + FRAME, ends[-1]  # behind the third commit from the end: one long, one short
    longer = bytearray(whole[first:])
    for at in range(0, len(longer) - FRAME, FRAME):
        longer[at + 4 : at + 8] = bytes(4)  # no commit but at its end
    shorter = bytearray(longer[:FRAME])
    shorter[4:8], shorter[30] = whole[last + 4 : last + 8], shorter[30] ^ 1
    path.write_bytes(whole[:first] + shorter + longer[FRAME:])
    assert is_whole(crashed.folder / DATABASE)


async def test_a_log_that_is_begun_anew_while_it_is_read(
    crashed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not fit is read again where the header is another one by now."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[HEADER + 100] ^= 1
    path.write_bytes(damaged)
    honest: Callable[..., bool] = wal._is_whole

    def meanwhile(header: bytes, stream: object) -> bool:
        answer = honest(header, stream)
        path.write_bytes(whole[:12] + b"moi!" + whole[16:HEADER])
        return answer

    monkeypatch.setattr(wal, "_is_whole", meanwhile)
    assert is_whole(crashed.folder / DATABASE)


async def test_a_frame_that_is_being_written_is_no_damage(
    crashed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite writes a frame's head before its page, and further commits may follow while the log is read."""
    path = crashed.folder / WAL
    whole = path.read_bytes()
    torn = bytearray(whole)
    torn[HEADER + 24 : HEADER + FRAME] = bytes(FRAME - 24)
    path.write_bytes(torn)
    honest: Callable[..., bool] = wal._is_whole
    answers: list[bool] = []

    def meanwhile(header: bytes, stream: object) -> bool:
        answers.append(honest(header, stream))
        path.write_bytes(whole)
        return answers[-1]

    monkeypatch.setattr(wal, "_is_whole", meanwhile)
    assert is_whole(crashed.folder / DATABASE)
    assert answers == [False, True]
