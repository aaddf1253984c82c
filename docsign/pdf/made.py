"""Remembers the PDFs that docsign itself made in this process, so that they need not be checked again.

Only digests are kept, and only so many: a file that was forgotten is checked like any other.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

MOST_REMEMBERED: Final = 4096

_known: OrderedDict[bytes, None] = OrderedDict()
_lock = threading.Lock()


def remember(sha256: bytes) -> None:
    """Note the SHA-256 of a file that was made, or checked and then only added to."""
    with _lock:
        _known[sha256] = None
        _known.move_to_end(sha256)
        while len(_known) > MOST_REMEMBERED:
            _known.popitem(last=False)


def was_made(sha256: bytes) -> bool:
    """Say whether docsign made this file in this process."""
    with _lock:
        return sha256 in _known


def forget(sha256: bytes) -> None:
    """Let a file be checked again, as one from outside."""
    with _lock:
        _known.pop(sha256, None)
