"""Bodies on a disk, a file each, flushed by us: temporary file, fsync, rename, fsync of the folder.

``bodies/ab/abcd…`` holds the bytes, ``bodies/incoming/`` what is on its way; what lies there at the start
is a crash's leftover and is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from docsign.errors import StorageError
from docsign.files import file_error, sync_folder
from docsign.sentence import say

PIECE: Final = 256 * 1024
"""Bytes read at a time, and gathered before a write."""


class DiskBodies:
    """Bodies in a folder; several processes may share it, only one may sweep (``DiskBodies.open``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder_name = str(folder)
        self._incoming = folder / "incoming"
        self._broken: StorageError | None = None
        self._made: set[str] = set()

    @staticmethod
    def open(folder: Path) -> DiskBodies:
        """Make the folders where they are missing and sweep what a crash left; raises StorageError."""
        bodies = DiskBodies(folder)
        try:
            bodies._incoming.mkdir(parents=True, exist_ok=True)
            for leftover in bodies._incoming.iterdir():
                leftover.unlink()
            sync_folder(folder.parent)
            sync_folder(folder)
        except OSError as error:
            raise file_error(error, folder) from error
        return bodies

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    async def begin(self) -> DiskIncoming:
        """See ports.Bodies."""
        await self.check()
        return DiskIncoming(self, self._incoming)

    async def size(self, sha256: str) -> int | None:
        """See ports.Bodies."""
        try:
            return (await asyncio.to_thread(self._path(sha256).stat)).st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise file_error(error, self._path(sha256)) from error

    async def read(self, sha256: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """See ports.Bodies."""
        path = self._path(sha256)
        try:
            stream = await asyncio.to_thread(path.open, "rb", buffering=0)
            try:
                await asyncio.to_thread(stream.seek, start)
                left = end - start
                while left > 0:
                    piece = await asyncio.to_thread(stream.read, min(PIECE, left))
                    if not piece:
                        raise StorageError(
                            say("The bytes of this envelope are not where they should be."), where=sha256
                        )
                    left -= len(piece)
                    yield piece
            finally:
                stream.close()
        except FileNotFoundError as error:
            raise StorageError(
                say("The bytes of this envelope are not where they should be."), where=sha256
            ) from error
        except OSError as error:
            raise file_error(error, path) from error

    async def remove(self, sha256: str) -> None:
        """See ports.Bodies."""
        path = self._path(sha256)
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            raise file_error(error, path) from error

    async def free_space(self) -> int:
        """See ports.Bodies."""
        try:
            return shutil.disk_usage(self._folder).free  # microseconds: less than a thread costs
        except OSError as error:
            raise file_error(error, self._folder) from error

    async def check(self) -> None:
        """See ports.Bodies."""
        if self._broken is not None:
            raise self._broken

    def _keep(self, temporary: str, stream: BinaryIO, sha256: str) -> None:
        """Make ``temporary`` durable under its name; runs in a thread."""
        folder = f"{self._folder_name}{os.sep}{sha256[:2]}"  # a Path would be taken apart for each call
        path = f"{folder}{os.sep}{sha256}"
        try:
            with stream:
                os.fsync(stream.fileno())
            if sha256[:2] not in self._made:
                if not Path(folder).is_dir():
                    Path(folder).mkdir(exist_ok=True)
                    sync_folder(self._folder)
                self._made.add(sha256[:2])
            os.replace(temporary, path)  # one that is there has the same bytes, or is damaged
            sync_folder(folder)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                # the kernel may have dropped the pages: a second fsync would succeed and mean nothing
                self._broken = StorageError(
                    say("The disk failed while an envelope was made safe; nothing more is accepted."),
                    where=str(self._folder),
                )
            raise file_error(error, Path(path)) from error


class DiskIncoming:
    """A body on its way to the disk; a small one stays in memory until it is made durable."""

    def __init__(self, bodies: DiskBodies, folder: Path) -> None:
        self._bodies = bodies
        self._folder = folder
        self._stream: BinaryIO | None = None
        self._path = ""
        self._gathered = bytearray()

    async def write(self, chunk: bytes) -> None:
        """See ports.Incoming."""
        self._gathered += chunk
        if len(self._gathered) >= PIECE:
            await asyncio.to_thread(self._flush)

    def _flush(self) -> BinaryIO:
        try:
            if self._stream is None:
                descriptor, name = tempfile.mkstemp(dir=self._folder)
                self._stream, self._path = os.fdopen(descriptor, "wb", buffering=0), name
            view = memoryview(self._gathered)
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise file_error(error, Path(self._path or self._folder)) from error
        finally:
            self._gathered = bytearray()
        return self._stream

    async def reading(self) -> BinaryIO:
        """See ports.Incoming."""
        if self._stream is None:
            return io.BytesIO(self._gathered)
        await asyncio.to_thread(self._flush)
        try:
            return await asyncio.to_thread(Path(self._path).open, "rb")
        except OSError as error:
            raise file_error(error, Path(self._path)) from error

    async def commit(self, sha256: str) -> None:
        """See ports.Incoming."""
        await self._bodies.check()
        await asyncio.to_thread(self._commit, sha256)

    def _commit(self, sha256: str) -> None:
        stream = self._flush()
        self._bodies._keep(self._path, stream, sha256)  # noqa: SLF001 -- one idea in two classes
        self._stream = None

    async def abort(self) -> None:
        """See ports.Incoming."""
        if self._stream is not None:
            await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        if self._stream is None:
            return
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._stream = None
