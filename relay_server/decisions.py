"""What the operator decided about the directory: one JSON object a line, in ``directory.log``.

A line stands on the disk before the decision counts, so that nobody is let in, or shut out, unwritten; one
whose commit then failed is there too, and is repeated by the next try. Lines are added and never changed.
Decisions about single requests are in the relay's log (``relay_server.log``), acts in its evidence.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from docsign.files import file_error, sync_folder

NAME: Final = "directory.log"
GRANT_TAKEN: Final = "grant taken"
GRANT_ENDED: Final = "grant ended"


def note(folder: Path, event: str, *, allowed: bool, **facts: object) -> None:
    """Add a line, durable; raises FileUnusableError, DiskFullError."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": time, "event": event, "allowed": allowed, **facts}, ensure_ascii=False)
    path = folder / NAME
    try:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            data = line.encode("utf-8", "backslashreplace") + b"\n"
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end and os.lseek(descriptor, end - 1, os.SEEK_SET) >= 0 and os.read(descriptor, 1) != b"\n":
                data = b"\n" + data  # a line that was cut short stays one by itself
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, "the line was cut short")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(folder)
    except OSError as error:
        raise file_error(error, path) from error


def read(folder: Path) -> Iterator[dict[str, Any] | None]:
    """Yield every line, None for one that is damaged; nothing where nothing was decided yet."""
    path = folder / NAME
    if not path.exists():
        return
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise file_error(error, path) from error
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        yield value if isinstance(value, dict) else None
