"""Envelopes as files: digest, copy and publish, streamed, durable, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from docsign.errors import FileUnusableError, WireError
from docsign.files import file_error, sync_folder
from docsign.sentence import say

LARGEST = 2 * 1024**3
"""The largest envelope that is fetched, in bytes, whatever was announced."""
_PIECE = 256 * 1024


def digest_of(envelope: bytes | Path) -> tuple[str, int]:
    """Return SHA-256 (hex) and size of bytes or of a file; raises FileUnusableError, StorageError."""
    if isinstance(envelope, bytes):
        return hashlib.sha256(envelope).hexdigest(), len(envelope)
    try:
        with envelope.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return digest, stream.tell()
    except OSError as error:
        raise file_error(error, envelope) from error


def open_body(envelope: bytes | Path) -> BinaryIO:
    """Return a stream over bytes or over a file; raises FileUnusableError."""
    if isinstance(envelope, bytes):
        return io.BytesIO(envelope)
    try:
        return envelope.open("rb")
    except OSError as error:
        raise file_error(error, envelope) from error


def keep_copy(envelope: bytes | Path, folder: Path) -> tuple[str, int]:
    """Copy an envelope into ``folder`` under its SHA-256 and return (SHA-256, size).

    It is on the disk when this returns; nothing is left of a copy that fails. Raises FileUnusableError for
    the source, DiskFullError or StorageError for the folder.
    """
    temporary: str | None = None
    digest, size = hashlib.sha256(), 0
    with open_body(envelope) as source:
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=".coming.", dir=folder)
            with os.fdopen(descriptor, "wb") as stream:
                while piece := _read(source, envelope):
                    digest.update(piece)
                    size += len(piece)
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, folder / digest.hexdigest())
            temporary = None
            sync_folder(folder)
        except OSError as error:
            raise file_error(error, folder) from error
        finally:
            if temporary is not None:
                discard(Path(temporary))
    return digest.hexdigest(), size


def _read(source: BinaryIO, envelope: bytes | Path) -> bytes:
    try:
        return source.read(_PIECE)
    except OSError as error:
        raise file_error(error, envelope if isinstance(envelope, Path) else "") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, as durable as what it will hold; a file in the way is an error."""
    try:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in missing:
            sync_folder(one.parent)
    except (FileExistsError, NotADirectoryError) as error:
        raise FileUnusableError(say("This is a file; a folder is needed."), where=str(folder)) from error
    except OSError as error:
        raise file_error(error, folder) from error


def already_there(path: Path, sha256: str) -> bool:
    """Say whether ``path`` holds exactly these bytes; raises FileUnusableError where it is another file."""
    if not path.exists():
        return False
    if digest_of(path)[0] == sha256:
        return True
    raise file_error(FileExistsError(), path)


def publish(part: Path, to: Path, sha256: str) -> None:
    """Check the digest, make the bytes durable and give them their name; a wrong part is thrown away."""
    try:
        with part.open("r+b") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                raise WireError(
                    say("The bytes from the relay do not have the digest they are named by."),
                    where=sha256,
                    hint=say("Fetch them again."),
                )
            os.fsync(stream.fileno())
        os.replace(part, to)
        sync_folder(to.parent)
    except WireError:
        discard(part)
        raise
    except OSError as error:
        discard(part)
        raise file_error(error, to) from error


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def discard(path: Path) -> None:
    """Remove a file that is not wanted any more, if it can be."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
