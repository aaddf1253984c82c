"""The peak memory of a process, as the kernel counts it for this program alone."""

from __future__ import annotations

from pathlib import Path


def peak_memory() -> int:
    """Return the most memory this program has held resident so far, in KiB.

    Not ``ru_maxrss``: a child inherits that from the process that started it, and the tests' own is large.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError("the kernel does not tell the peak memory")
