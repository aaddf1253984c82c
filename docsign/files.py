"""Files, the careful way: read with a clear error, write whole or not at all, durable where asked.

The one place for calls that differ between systems (modes, directory fsync).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from docsign.errors import DiskFullError, DocsignError, FileUnusableError, StorageError
from docsign.sentence import Sentence, say

READ_LIMIT = 512 * 1024 * 1024
"""The largest file read into memory at once, in bytes."""
_PIECE = 256 * 1024


def file_error(error: OSError, path: Path | str) -> DocsignError:
    """Translate an OSError about ``path`` into the library's own error."""
    where = str(path)
    if isinstance(error, FileNotFoundError):
        return FileUnusableError(say("There is no such file."), where=where)
    if isinstance(error, IsADirectoryError):
        return FileUnusableError(say("This is a folder; a file is needed."), where=where)
    if isinstance(error, NotADirectoryError):
        return FileUnusableError(say("A part of this path is not a folder."), where=where)
    if isinstance(error, FileExistsError):
        return FileUnusableError(say("This file is already there and is not overwritten."), where=where)
    if isinstance(error, PermissionError):
        return FileUnusableError(say("No permission to use this file."), where=where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(
            say("The disk is full: nothing was written."),
            where=where,
            hint=say("Free some space and try again."),
        )
    return StorageError(say("The disk reports an error: {reason}.", reason=system_reason(error)), where=where)


def system_reason(error: OSError | UnicodeError) -> Sentence:
    """Return the system's reason in words of ours: its own are English alone."""
    if isinstance(error, UnicodeError):
        return say("the name or the request is not allowed here")
    reasons = {
        errno.EIO: say("reading or writing failed"),
        errno.EROFS: say("it can only be read"),
        errno.ENAMETOOLONG: say("the name is too long"),
        errno.EINVAL: say("the name or the request is not allowed here"),
        errno.EILSEQ: say("the name has letters that are not allowed here"),
        errno.ELOOP: say("its links lead in a circle"),
        errno.EMFILE: say("too many files are open"),
        errno.ENFILE: say("too many files are open"),
        errno.EFBIG: say("the file would be too large"),
        errno.EBUSY: say("another program is using it"),
        errno.ENODEV: say("the device is not there"),
        errno.ENXIO: say("the device is not there"),
        errno.ESTALE: say("the network drive is gone"),
        errno.ETIMEDOUT: say("there was no answer in time"),
        errno.ENOMEM: say("there is not enough memory"),
        errno.EACCES: say("there is no permission"),
        errno.EPERM: say("there is no permission"),
        errno.ECONNREFUSED: say("nobody answers at this address"),
        errno.EADDRINUSE: say("another program is using it"),
        errno.EADDRNOTAVAIL: say("this machine has no such address"),
    }
    code = error.errno if error.errno is not None else 0
    return reasons.get(code) or say("system error {code}", code=errno.errorcode.get(code, str(code)))


def read_file(path: Path | str, *, limit: int = READ_LIMIT) -> bytes:
    """Read a whole file; raises FileUnusableError for what is missing, a folder, or past ``limit`` bytes."""
    path = Path(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(size + 1) if size <= limit else b""
            while size <= limit and (more := stream.read(limit + 1 - len(data))):
                data += more  # a pipe or a device has no size, and a file may grow
                size = len(data)
        if size > limit:
            raise FileUnusableError(
                say("The file is too large: {size} bytes, {limit} at most.", size=size, limit=limit),
                where=str(path),
            )
        return data
    except OSError as error:
        raise file_error(error, path) from error


def is_file(path: Path | str) -> bool:
    """Tell whether a file is there; raises FileUnusableError, StorageError where that cannot be known."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise file_error(error, path) from error


def write_file(
    path: Path | str, data: bytes, *, private: bool = False, durable: bool = False, overwrite: bool = True
) -> None:
    """Write a file whole or not at all; the promises and errors are those of ``writing``."""
    with writing(path, private=private, durable=durable, overwrite=overwrite) as stream:
        stream.write(data)


@contextlib.contextmanager
def writing(
    path: Path | str, *, private: bool = False, durable: bool = False, overwrite: bool = True
) -> Iterator[BinaryIO]:
    """Write a file piece by piece, whole or not at all: it appears under its name when the block ends.

    The stream is seekable. ``private``: readable by its owner alone. ``durable``: on the disk before the
    block is left. Raises FileUnusableError, DiskFullError or StorageError; whatever the block raises leaves
    nothing behind (a temporary file beside it, then rename).
    """
    import tempfile  # what only reads files need not load it

    path = Path(path)
    temporary: str | None = None
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if not path.parent.is_dir():
            raise FileUnusableError(say("There is no such folder."), where=str(path.parent))
        if not overwrite and path.exists():
            raise FileExistsError(errno.EEXIST, "exists")
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.chmod(temporary, 0o600 if private else 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise file_error(error, path) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


@contextlib.contextmanager
def opening(path: Path | str) -> Iterator[BinaryIO]:
    """Open a file to read; raises FileUnusableError or StorageError naming it."""
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 -- errors of opening alone are translated
    except OSError as error:
        raise file_error(error, path) from error
    with stream:
        yield stream


def write_together(files: Iterable[tuple[Path, Callable[[], BinaryIO]]]) -> list[Path]:
    """Write files, each from the stream its call opens, all or none; return their paths.

    Folders are made where missing, and go again with the files when one of them fails. Nothing that is there
    is overwritten. Raises what ``writing`` does.
    """
    files = list(files)
    for path, _ in files:
        if path.exists():
            raise file_error(FileExistsError(errno.EEXIST, "exists"), path)
    written: list[Path] = []
    made: list[Path] = []
    try:
        for path, open_source in files:
            missing = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
            made += missing[::-1]
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise file_error(error, path.parent) from error
            with writing(path, overwrite=False) as stream, open_source() as source:
                while piece := source.read(_PIECE):
                    stream.write(piece)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return written


def sync_folder(path: Path | str) -> None:
    """Make a folder's entries durable; Windows does so by itself and has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def allow_many_files() -> None:
    """Let this process open as many files and connections as the system allows; Windows has no such limit."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
