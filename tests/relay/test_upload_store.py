"""The contract of ports.Uploads on a disk: what is told survives a power cut, and a restart takes it up."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from docsign.errors import DiskFullError, DocsignError, StorageError
from relay_server.core.uploads import Upload
from relay_server.storage.uploads import PIECE, DiskUploads
from tests.relay.values import COMMUNE, NOW, digest

PIECES = (b"a" * 10, b"b" * PIECE, b"c")
WHOLE = b"".join(PIECES)


def announced(name: str = "một", *, life: timedelta = timedelta(days=2)) -> Upload:
    """Return an upload as it is announced."""
    return Upload(
        id=name,
        agency=COMMUNE,
        certificate=digest("máy"),
        sha256=digest(name),
        length=len(WHOLE),
        expires_at=NOW + life,
        time_to_live=timedelta(days=5),
    )


async def grow(uploads: DiskUploads, upload: Upload) -> None:
    """Append the pieces."""
    part = await uploads.append(upload)
    for piece in PIECES:
        await part.write(piece)
    await part.close()


async def content(uploads: DiskUploads, name: str) -> bytes:
    """Return the bytes of an upload."""
    return b"".join([piece async for piece in uploads.read(name)])


async def test_a_restart_takes_up_what_was_announced_as_far_as_it_is(tmp_path: Path) -> None:
    """Everything that was said of it, the bytes that are there, and that they may be torn at their end."""
    folder, upload = tmp_path / "uploads", announced()
    uploads = DiskUploads.open(folder)
    assert await uploads.find(upload.id) is None
    await uploads.add(upload)
    await grow(uploads, upload)
    assert await uploads.find(upload.id) == replace(upload, offset=len(WHOLE))
    again = DiskUploads.open(folder)
    assert await again.find(upload.id) == replace(upload, offset=len(WHOLE), is_taken_up=True)
    assert await content(again, upload.id) == WHOLE
    await grow(again, upload)
    assert await content(again, upload.id) == WHOLE + WHOLE
    done = replace(upload, offset=len(WHOLE))
    await again.accepted(done)
    third = DiskUploads.open(folder)
    assert await third.find(upload.id) == replace(done, accepted=True, is_taken_up=True)
    assert third.held() == ()
    assert os.listdir(folder) == [f"{upload.id}.json"]  # noqa: PTH208


async def test_what_a_crash_left_half_done_is_done_or_undone(tmp_path: Path) -> None:
    """Bytes without a note or of what was accepted, a note without bytes: swept; the others stay."""
    folder = tmp_path / "uploads"
    uploads = DiskUploads.open(folder)
    for name in ("giữ", "xong", "gỡ"):
        await uploads.add(announced(name))
    await uploads.accepted(announced("xong"))
    for name in ("xong", "không ghi"):
        (folder / f"{name}.part").write_bytes(b"x")
    (folder / "gỡ.part").unlink()
    again = DiskUploads.open(folder)
    assert sorted(os.listdir(folder)) == ["giữ.json", "giữ.part", "xong.json"]  # noqa: PTH208
    assert [one.id for one in again.held()] == ["giữ"]
    assert await again.find("gỡ") is None


async def test_what_is_past_its_time_is_named_and_removed(tmp_path: Path) -> None:
    """Finished or not, at its very end; removing again harms nothing."""
    uploads = DiskUploads.open(tmp_path / "uploads")
    for name, days in (("cũ", 1), ("xong", 1), ("mới", 2)):
        await uploads.add(announced(name, life=timedelta(days=days)))
    await uploads.accepted(announced("xong", life=timedelta(days=1)))
    assert uploads.overdue(NOW + timedelta(days=1, milliseconds=-1)) == ()
    assert set(uploads.overdue(NOW + timedelta(days=1))) == {"cũ", "xong"}
    for name in ("cũ", "cũ", "xong"):
        await uploads.remove(name)
    assert await uploads.find("cũ") is None
    assert sorted(os.listdir(tmp_path / "uploads")) == ["mới.json", "mới.part"]  # noqa: PTH208


def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the kind of each file that is flushed from now on."""
    seen: list[str] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        seen.append("folder" if path.is_dir() else "part" if path.suffix == ".part" else "note")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return seen


async def test_nothing_is_told_that_a_power_cut_would_take_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Announced: note and folder are flushed. A piece, an offset: the bytes. Accepted: the note again."""
    uploads, upload = DiskUploads.open(tmp_path / "uploads"), announced()
    seen = flushed(monkeypatch)
    for step, files in (
        (lambda: uploads.add(upload), ["note", "folder"]),
        (lambda: grow(uploads, upload), ["part"]),
        (lambda: uploads.find(upload.id), ["part"]),
        (lambda: uploads.accepted(replace(upload, offset=len(WHOLE))), ["note", "folder"]),
    ):
        seen.clear()
        await step()  # type: ignore[no-untyped-call]
        assert seen == files


async def test_an_error_of_the_flush_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may have dropped the bytes: no offset is told any more, nothing announced, nothing added."""
    uploads, upload = DiskUploads.open(tmp_path / "uploads"), announced()
    await uploads.add(upload)

    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(StorageError):
            await grow(uploads, upload)
    calls: tuple[Callable[[], object], ...] = (
        lambda: uploads.find(upload.id),
        lambda: uploads.append(upload),
        lambda: uploads.add(announced("hai")),
    )
    for call in calls:
        with pytest.raises(StorageError, match="nothing more is accepted"):
            await call()  # type: ignore[misc]


async def test_a_full_disk_is_named_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The announcement, or the piece: it can be sent again when there is room."""
    uploads, upload = DiskUploads.open(tmp_path / "uploads"), announced()

    def full(*_given: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "touch", full)
        with pytest.raises(DiskFullError):
            await uploads.add(upload)
    assert await uploads.find(upload.id) is None
    await uploads.add(upload)
    await grow(uploads, upload)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(DiskFullError):
            await uploads.append(upload)
    assert await uploads.find(upload.id) == replace(upload, offset=len(WHOLE))


@pytest.mark.parametrize("note", [b"", b"{}", b"[1]", b"\xff", b'{"agency": "' + b"x" * 20_000 + b'"}'])
async def test_a_damaged_note_is_named(tmp_path: Path, note: bytes) -> None:
    """The operator reads which file it is."""
    DiskUploads.open(tmp_path / "uploads")
    (tmp_path / "uploads" / "hỏng.json").write_bytes(note)
    with pytest.raises(DocsignError, match=r"hỏng\.json"):
        DiskUploads.open(tmp_path / "uploads")
