"""Uploads in pieces on a disk: ``<id>.json`` is what was announced, ``<id>.part`` the bytes so far.

An offset is told only after the bytes before it were flushed, so that a restart never takes one back. Past it
there may lie what was not flushed, torn where the power went: the digest of the whole tells. What was
announced is kept in memory too: there are few uploads at a time, and one process holds them.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from docsign.errors import DiskFullError, FileUnusableError, StorageError
from docsign.files import file_error, read_file, sync_folder, write_file
from docsign.sentence import say
from relay_server.core.uploads import Upload

PIECE: Final = 256 * 1024
"""Bytes gathered before a write, and read at a time."""
NOTE_LIMIT: Final = 16 * 1024


class DiskUploads:
    """Uploads in a folder; one process holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Upload] = {}
        self._open: dict[str, Upload] = {}
        """Those of the known ones that are not accepted."""
        self._broken: StorageError | None = None

    @staticmethod
    def open(folder: Path) -> DiskUploads:
        """Make the folder where it is missing and take up what lies there; raises StorageError."""
        uploads = DiskUploads(folder)
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
            for path in sorted(folder.iterdir()):
                if path.suffix == ".json":
                    upload = _read_note(path)
                    if upload.accepted or uploads._part(upload.id).exists():
                        uploads._remember(upload)
                    else:  # a removal that the power's end cut in two
                        path.unlink()
            for path in folder.iterdir():
                known = uploads._known.get(path.stem)
                if path.suffix != ".json" and (known is None or known.accepted):
                    path.unlink()
        except OSError as error:
            raise file_error(error, folder) from error
        return uploads

    def _part(self, name: str) -> Path:
        return self._folder / f"{name}.part"

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def held(self) -> tuple[Upload, ...]:
        """See ports.Uploads."""
        return tuple(self._open.values())

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """See ports.Uploads."""
        return tuple(name for name, one in self._known.items() if one.expires_at <= now)

    def _remember(self, upload: Upload) -> None:
        self._known[upload.id] = upload
        if upload.accepted:
            self._open.pop(upload.id, None)
        else:
            self._open[upload.id] = upload

    def known(self, name: str) -> Upload | None:
        """See ports.Uploads."""
        return self._known.get(name)

    async def add(self, upload: Upload) -> None:
        """See ports.Uploads."""
        self._require_sound()
        await asyncio.to_thread(self._add, upload)
        self._remember(upload)

    def _add(self, upload: Upload) -> None:
        part = self._part(upload.id)
        try:
            part.touch(exist_ok=False)
            # the note comes last and syncs the folder: a part without one is a crash's leftover
            write_file(self._note(upload.id), _write_note(upload), durable=True)
        except OSError as error:
            raise file_error(error, part) from error

    async def find(self, name: str) -> Upload | None:
        """See ports.Uploads."""
        upload = self._known.get(name)
        if upload is None or upload.accepted:
            return upload
        self._require_sound()
        return replace(upload, offset=await asyncio.to_thread(self._synced, name))

    def _synced(self, name: str) -> int:
        part = self._part(name)
        try:
            with part.open("rb") as stream:
                self.sync(stream)
                return os.fstat(stream.fileno()).st_size
        except OSError as error:
            raise file_error(error, part) from error

    def sync(self, stream: BinaryIO) -> None:
        """Flush a part to the disk; after a failure nothing is promised any more. Raises OSError."""
        try:
            os.fsync(stream.fileno())
        except OSError:
            # the kernel may have dropped the pages: a second fsync would succeed and mean nothing
            self._broken = StorageError(
                say("The disk failed while an upload was made safe; nothing more is accepted."),
                where=str(self._folder),
            )
            raise

    def _require_sound(self) -> None:
        if self._broken is not None:
            raise self._broken

    async def append(self, upload: Upload) -> DiskPart:
        """See ports.Uploads."""
        self._require_sound()
        part = self._part(upload.id)
        try:
            return DiskPart(self, await asyncio.to_thread(part.open, "ab", 0), part)
        except OSError as error:
            raise file_error(error, part) from error

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """See ports.Uploads."""
        part = self._part(name)
        try:
            stream = await asyncio.to_thread(part.open, "rb", 0)
            try:
                while piece := await asyncio.to_thread(stream.read, PIECE):
                    yield piece
            finally:
                stream.close()
        except OSError as error:
            raise file_error(error, part) from error

    async def accepted(self, upload: Upload) -> None:
        """See ports.Uploads."""
        done = replace(upload, accepted=True, offset=upload.offset, length=upload.offset)
        await asyncio.to_thread(self._finish, done)
        self._remember(done)

    def _finish(self, upload: Upload) -> None:
        write_file(self._note(upload.id), _write_note(upload), durable=True)
        self._remove(self._part(upload.id))

    async def remove(self, name: str) -> None:
        """See ports.Uploads."""
        self._known.pop(name, None)
        self._open.pop(name, None)
        await asyncio.to_thread(self._remove, self._note(name), self._part(name))

    def _remove(self, *paths: Path) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise file_error(error, path) from error


class DiskPart:
    """The end of an upload, open for more."""

    def __init__(self, uploads: DiskUploads, stream: Any, path: Path) -> None:
        self._uploads = uploads
        self._stream = stream
        self._path = path
        self._gathered = bytearray()

    async def write(self, chunk: bytes) -> None:
        """See ports.Part."""
        self._gathered += chunk
        if len(self._gathered) >= PIECE:
            await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        try:
            view = memoryview(bytes(self._gathered))
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise file_error(error, self._path) from error
        finally:
            self._gathered.clear()

    async def close(self) -> None:
        """See ports.Part."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        try:
            self._flush()
            self._uploads.sync(self._stream)
        except OSError as error:
            raise file_error(error, self._path) from error
        finally:
            self._stream.close()


def _write_note(upload: Upload) -> bytes:
    life = upload.time_to_live
    return json.dumps(
        {
            "id": upload.id,
            "agency": upload.agency,
            "certificate": upload.certificate,
            "sha256": upload.sha256,
            "length": upload.length,
            "expires_at": upload.expires_at.timestamp(),
            "time_to_live": None if life is None else life.total_seconds(),
            "accepted": upload.accepted,
        }
    ).encode()


def _read_note(path: Path) -> Upload:
    """Read a note; raises StorageError for one that is damaged."""
    try:
        note = json.loads(read_file(path, limit=NOTE_LIMIT))
        life = note["time_to_live"]
        return Upload(
            id=path.stem,
            agency=note["agency"],
            certificate=note["certificate"],
            sha256=note["sha256"],
            length=note["length"],
            expires_at=datetime.fromtimestamp(note["expires_at"], UTC),
            time_to_live=None if life is None else timedelta(seconds=life),
            offset=note["length"] if note["accepted"] else 0,
            accepted=note["accepted"],
            is_taken_up=True,
        )
    except DiskFullError:
        raise
    except (FileUnusableError, ValueError, KeyError, TypeError) as error:
        raise StorageError(say("The note of an upload is damaged; remove it."), where=str(path)) from error
