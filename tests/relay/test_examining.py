"""Envelopes judged in other processes: the same answers, whatever becomes of the processes."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign.errors import MalformedError, StorageError
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Indication
from relay_server import examining
from relay_server.core.refusals import RefusalError
from relay_server.examining import ExaminingProcesses, workers_for
from relay_server.outside import TrustExaminer
from tests.relay.conftest import Process, Site, sealed

NOW = datetime.now(UTC)


@pytest.fixture
async def pool(trust_folder: Path, trust: Trust) -> AsyncIterator[ExaminingProcesses]:
    """One process that judges."""
    found = await ExaminingProcesses.open(trust_folder, trust, 1)
    yield found
    await found.close()


def _pid(pool: ExaminingProcesses) -> int:
    return pool._workers[0]._process.pid


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _has_ended(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return status == "Z"


async def _gone(pid: int) -> bool:
    """Whether a process ends within a few seconds, while the relay goes on."""
    for _ in range(200):
        if _has_ended(pid):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_the_answer_is_that_of_this_process(
    pool: ExaminingProcesses, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Good, changed and no envelope at all; in memory and as a file; several at once."""
    good = sealed(agency_key)
    large = sealed(agency_key, files=[("ban-do.bin", os.urandom(700_000))])
    at = good.index(b"K\xc3\xadnh")
    changed = good[:at] + b"X" + good[at + 1 :]
    (tmp_path / "large").write_bytes(large)
    here = TrustExaminer(trust)
    for envelope in (good, large, changed):
        expected = here.judge(io.BytesIO(envelope), at=NOW)
        assert await pool.examine(io.BytesIO(envelope), at=NOW) == expected
    with (tmp_path / "large").open("rb") as stream:
        assert (await pool.examine(stream, at=NOW)).conclusion.indication is Indication.TOTAL_PASSED
    assert here.judge(io.BytesIO(changed), at=NOW).conclusion.indication is Indication.TOTAL_FAILED
    with pytest.raises(MalformedError) as there:
        await pool.examine(io.BytesIO(b"khong phai bao"), at=NOW)
    with pytest.raises(MalformedError) as same:
        here.judge(io.BytesIO(b"khong phai bao"), at=NOW)
    assert (there.value.sentence, there.value.where) == (same.value.sentence, same.value.where)
    many = await asyncio.gather(*(pool.examine(io.BytesIO(good), at=NOW) for _ in range(50)))
    assert len(many) == 50


async def test_the_moment_is_the_relays(pool: ExaminingProcesses, agency_key: SigningKey) -> None:
    """The process has no clock of its own."""
    later = NOW.replace(year=NOW.year + 50)
    judged = await pool.examine(io.BytesIO(sealed(agency_key)), at=later)
    assert judged.conclusion.indication is not Indication.TOTAL_PASSED


async def test_a_process_that_dies_is_replaced(pool: ExaminingProcesses, agency_key: SigningKey) -> None:
    """What it held is to be sent again; the next envelope waits for the new one."""
    first = _pid(pool)
    os.kill(first, signal.SIGSTOP)
    asked = asyncio.create_task(pool.examine(io.BytesIO(sealed(agency_key)), at=NOW))
    await asyncio.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(RefusalError) as caught:
        await asked
    assert caught.value.worth_retrying
    judged = await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
    assert judged.conclusion.indication is Indication.TOTAL_PASSED
    assert _pid(pool) != first


async def test_a_process_that_hangs_is_replaced(
    pool: ExaminingProcesses, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the patience it is taken for lost."""
    first = _pid(pool)
    os.kill(first, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(examining, "PATIENCE", 0.2)
        with pytest.raises(RefusalError):
            await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
    judged = await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
    assert judged.conclusion.indication is Indication.TOTAL_PASSED
    assert await _gone(first)


async def test_who_finds_no_place_within_the_patience_is_told_to_come_again(
    pool: ExaminingProcesses, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is lost over it: the process is slow, and what it has in hand is answered."""
    first = _pid(pool)
    monkeypatch.setattr(examining, "IN_HAND", 1)
    os.kill(first, signal.SIGSTOP)
    asked = asyncio.create_task(pool.examine(io.BytesIO(sealed(agency_key)), at=NOW))
    await asyncio.sleep(0.05)
    with monkeypatch.context() as patch:
        patch.setattr(examining, "PATIENCE", 0.1)
        with pytest.raises(RefusalError) as caught:
            await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
    assert caught.value.worth_retrying
    os.kill(first, signal.SIGCONT)
    assert (await asked).conclusion.indication is Indication.TOTAL_PASSED
    assert _pid(pool) == first


async def test_a_process_is_replaced_when_it_has_judged_enough(
    pool: ExaminingProcesses, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it has gathered goes with it; nobody waits for the next one, and nothing is lost."""
    first = _pid(pool)
    monkeypatch.setattr(examining, "LIFE", 3)
    judged = await asyncio.gather(*(pool.examine(io.BytesIO(sealed(agency_key)), at=NOW) for _ in range(8)))
    assert {one.conclusion.indication for one in judged} == {Indication.TOTAL_PASSED}
    for _ in range(200):
        if _pid(pool) != first:
            break
        await asyncio.sleep(0.05)
    assert await _gone(first)
    again = await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
    assert again.conclusion.indication is Indication.TOTAL_PASSED
    assert len(pool._workers) == 1


async def test_a_new_trust_is_a_new_process(
    trust_folder: Path, trust: Trust, agency_key: SigningKey, tmp_path: Path
) -> None:
    """What was asked of the old one is still answered."""
    folder = shutil.copytree(trust_folder, tmp_path / "trust")
    pool = await ExaminingProcesses.open(folder, trust, 1)
    try:
        first = _pid(pool)
        asked = asyncio.create_task(pool.examine(io.BytesIO(sealed(agency_key)), at=NOW))
        await asyncio.sleep(0)
        other = TrialAuthority.create(tmp_path / "khac")
        shutil.rmtree(folder)
        shutil.copytree(other.trust_folder, folder)
        await pool.renew(Trust.from_path(folder))
        assert (await asked).conclusion.indication is Indication.TOTAL_PASSED
        judged = await pool.examine(io.BytesIO(sealed(agency_key)), at=NOW)
        assert judged.conclusion.indication is Indication.INDETERMINATE
        assert await _gone(first)
    finally:
        await pool.close()


async def test_a_process_that_began_before_the_trust_changed_never_judges(
    pool: ExaminingProcesses, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have read the old one: another takes its place before it is asked anything."""
    begun: list[int] = []

    class Noted(examining._Worker):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            begun.append(self._process.pid)

    monkeypatch.setattr(examining, "_Worker", Noted)
    starting = asyncio.create_task(pool._start(1))
    await asyncio.sleep(0.05)
    await pool.renew(trust)
    await starting
    judging = {one._process.pid for one in pool._workers}
    assert len(begun) == 3
    assert judging == set(begun[1:])
    assert await _gone(begun[0])


async def test_what_does_not_start_is_said(tmp_path: Path) -> None:
    """A trust that only its parent could read."""
    with pytest.raises(StorageError, match="does not start"):
        await ExaminingProcesses.open(tmp_path / "khong-co", Trust.nothing(), 2)


def test_how_many_there_are() -> None:
    """As set; else a core is left to the relay."""
    assert workers_for(0) == 0
    assert workers_for(3) == 3
    assert workers_for(-1) == min(8, (os.cpu_count() or 1) - 1)


async def test_a_relay_that_is_killed_leaves_no_process(
    site: Site, start: Callable[[Path], Process], agency_key: SigningKey
) -> None:
    """Its examiner sees the line end."""
    settings = site.folder / "relay.toml"
    settings.write_text(settings.read_text().replace("examiners = 0", "examiners = 1"))
    process = start(site.folder)
    (examiner,) = _children(process.running.pid)
    async with site.client(process.url, "commune-tls") as commune:
        status, _, body = await commune.send(sealed(agency_key))
        assert status == 201, body
    process.end(signal.SIGKILL)
    assert await _gone(examiner)
