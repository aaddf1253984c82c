"""The contract of ports.Bodies, held by every back end."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docsign.errors import DiskFullError, DocsignError, StorageError
from relay_server.ports import Bodies
from relay_server.storage.disk import PIECE, DiskBodies
from relay_server.storage.memory import MemoryBodies
from relay_server.storage.uploads import DiskUploads

BODY = "Công văn số 125/UBND-VX".encode() * 40_000


@pytest.fixture(params=["memory", "disk"])
def bodies(request: pytest.FixtureRequest, tmp_path: Path) -> Bodies:
    """Each back end in turn."""
    return MemoryBodies() if request.param == "memory" else DiskBodies.open(tmp_path / "bodies")


async def keep(bodies: Bodies, body: bytes = BODY, *, name: str | None = None) -> str:
    """Write a body in uneven pieces and commit it."""
    incoming = await bodies.begin()
    for start in range(0, len(body), 70_001):
        await incoming.write(body[start : start + 70_001])
    sha256 = name or hashlib.sha256(body).hexdigest()
    try:
        await incoming.commit(sha256)
    finally:
        await incoming.abort()
    return sha256


async def read(bodies: Bodies, sha256: str, start: int = 0, end: int = len(BODY)) -> bytes:
    """Return a stretch of a body."""
    return b"".join([piece async for piece in bodies.read(sha256, start=start, end=end)])


async def test_a_body_comes_back_whole_and_in_ranges(bodies: Bodies) -> None:
    """Any stretch, byte for byte, in pieces of bounded size."""
    sha256 = await keep(bodies)
    assert await bodies.size(sha256) == len(BODY)
    assert await read(bodies, sha256) == BODY
    assert await read(bodies, sha256, 5, 6) == BODY[5:6]
    assert await read(bodies, sha256, PIECE - 1, PIECE + 1) == BODY[PIECE - 1 : PIECE + 1]
    assert await read(bodies, sha256, 7, 7) == b""


async def test_nothing_is_visible_before_commit_or_after_abort(bodies: Bodies) -> None:
    """What was begun can be read by its writer alone."""
    sha256 = hashlib.sha256(BODY).hexdigest()
    incoming = await bodies.begin()
    await incoming.write(BODY)
    with await incoming.reading() as stream:
        assert stream.read() == BODY
    assert await bodies.size(sha256) is None
    await incoming.abort()
    await incoming.abort()
    assert await bodies.size(sha256) is None
    with pytest.raises(StorageError):
        await read(bodies, sha256)


async def test_the_same_body_twice_is_one_body(bodies: Bodies) -> None:
    """A repeated commit is harmless, at once or later, and abort after commit loses nothing."""
    first, second = await bodies.begin(), await bodies.begin()
    sha256 = hashlib.sha256(BODY).hexdigest()
    for incoming in (first, second):
        await incoming.write(BODY)
    for incoming in (first, second):
        await incoming.commit(sha256)
    for incoming in (first, second):
        await incoming.abort()
    await keep(bodies)
    assert await read(bodies, sha256) == BODY


async def test_an_empty_body_is_a_body(bodies: Bodies) -> None:
    """Size nought is not absence."""
    sha256 = await keep(bodies, b"")
    assert await bodies.size(sha256) == 0
    assert await read(bodies, sha256, 0, 0) == b""


async def test_asking_past_the_end_is_an_error(bodies: Bodies) -> None:
    """A body shorter than the ledger believes is never passed on in silence."""
    sha256 = await keep(bodies)
    with pytest.raises(StorageError):
        await read(bodies, sha256, 0, len(BODY) + 1)


async def test_free_space_is_told(bodies: Bodies) -> None:
    """A number of bytes."""
    assert await bodies.free_space() > len(BODY)
    await bodies.check()


async def test_the_disk_store_syncs_file_and_folder_before_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that survives a power cut: fsync of the bytes, rename, fsync of the folder."""
    bodies = DiskBodies.open(tmp_path / "bodies")
    seen: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        kind = "folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"  # noqa: PTH112
        seen.append(f"fsync {kind}")
        real_sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        seen.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    await keep(bodies)
    assert seen == ["fsync file", "fsync folder", "rename", "fsync folder"]
    seen.clear()
    await keep(bodies)
    assert seen == ["fsync file", "rename", "fsync folder"]


@pytest.mark.parametrize(
    ("store", "own"), [(DiskBodies.open, {"kho"}), (DiskUploads.open, set())], ids=["bodies", "uploads"]
)
def test_a_new_store_is_on_the_disk_before_anything_is_put_into_it(
    store: Callable[[Path], object], own: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the first envelope must not take away the folder that holds it."""
    synced: set[Path] = set()
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.add(Path(f"/proc/self/fd/{descriptor}").resolve())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    store(tmp_path / "kho")
    assert synced >= {tmp_path, *(tmp_path / name for name in own)}


async def test_what_lies_in_the_way_is_an_error_of_ours(tmp_path: Path) -> None:
    """A file where a folder should be: said with its place, never another library's error."""
    (tmp_path / "tệp").write_bytes(b"")
    for store in (DiskBodies.open, DiskUploads.open):
        with pytest.raises(DocsignError, match="tệp"):
            store(tmp_path / "tệp")
    bodies = DiskBodies.open(tmp_path / "bodies")
    sha256 = hashlib.sha256(BODY).hexdigest()
    (tmp_path / "bodies" / sha256[:2]).write_bytes(b"")
    for call in (bodies.size(sha256), bodies.remove(sha256), keep(bodies), read(bodies, sha256)):
        with pytest.raises(DocsignError, match=sha256[:2]):
            await call
    assert not list((tmp_path / "bodies" / "incoming").iterdir())


async def test_leftovers_of_a_crash_are_swept_and_bodies_stay(tmp_path: Path) -> None:
    """The next start finds the folder as if the crash had not been."""
    bodies = DiskBodies.open(tmp_path / "bodies")
    sha256 = await keep(bodies)
    abandoned = await bodies.begin()
    await abandoned.write(BODY)
    assert list((tmp_path / "bodies" / "incoming").iterdir())
    again = DiskBodies.open(tmp_path / "bodies")
    assert not list((tmp_path / "bodies" / "incoming").iterdir())
    assert await read(again, sha256) == BODY
    await abandoned.abort()


async def test_a_full_disk_is_named_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full is not broken: when there is room again, the store goes on."""
    bodies = DiskBodies.open(tmp_path / "bodies")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFullError):
            await keep(bodies)
    assert not list((tmp_path / "bodies" / "incoming").iterdir())
    sha256 = await keep(bodies)
    assert await read(bodies, sha256) == BODY


async def test_an_error_of_fsync_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After EIO a second fsync would succeed and mean nothing: the store accepts nothing more."""
    bodies = DiskBodies.open(tmp_path / "bodies")
    begun = await bodies.begin()
    await begun.write(BODY)

    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(StorageError):
            await keep(bodies)
    with pytest.raises(StorageError, match="nothing more is accepted"):
        await bodies.check()
    with pytest.raises(StorageError, match="nothing more is accepted"):
        await bodies.begin()
    sha256 = hashlib.sha256(BODY).hexdigest()
    with pytest.raises(StorageError, match="nothing more is accepted"):
        await begun.commit(sha256)  # not even what was on its way before
    await begun.abort()
    assert await bodies.size(sha256) is None


async def test_a_commit_that_failed_but_had_happened_is_repeated_harmlessly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name stood, the folder's sync met a full disk: the sender repeats and one body is there."""
    bodies = DiskBodies.open(tmp_path / "bodies")
    await keep(bodies, BODY[:10])
    real, calls = os.fsync, 0

    def second_fails(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if os.path.isdir(f"/proc/self/fd/{descriptor}") and calls > 2:  # noqa: PTH112
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", second_fails)
        with pytest.raises(DiskFullError):
            await keep(bodies)
    sha256 = hashlib.sha256(BODY).hexdigest()
    assert await bodies.size(sha256) == len(BODY)
    await keep(bodies)
    assert await read(bodies, sha256) == BODY


async def test_a_damaged_body_is_replaced_when_the_sound_one_comes_again(tmp_path: Path) -> None:
    """The name says what the bytes must be."""
    bodies = DiskBodies.open(tmp_path / "bodies")
    sha256 = await keep(bodies)
    path = tmp_path / "bodies" / sha256[:2] / sha256
    path.write_bytes(b"hong")
    await keep(bodies)
    assert await read(bodies, sha256) == BODY


async def test_a_removed_body_is_gone_and_may_come_back(bodies: Bodies) -> None:
    """Removing what is not there harms nothing."""
    sha256 = await keep(bodies)
    for _ in range(2):
        await bodies.remove(sha256)
        assert await bodies.size(sha256) is None
    assert await keep(bodies) == sha256
    assert await read(bodies, sha256) == BODY
