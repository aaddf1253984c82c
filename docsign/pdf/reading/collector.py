"""Keeps the cycle collector from walking over the objects of a file while they are made.

That walk is a quarter of the time. Everything that is made in reading is kept until the file is judged, so
there is nothing to collect; what it may cost in memory is bounded by ``Budget``.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector inside the block, unless somebody has paused it already."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
