"""Relay processes without the second it takes to load them: a parent that has everything loaded, and forks.

Each line on its stdin is a relay's folder; for each it forks a process that serves it, tells its number,
waits for its end and tells how it ended. Killing one of them is killing a process like any other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


class ForkedRelay:
    """One relay process at a time, by way of the parent."""

    def __init__(self, log: Path) -> None:
        """Start the parent; ``log`` takes what the relays write to stderr."""
        with log.open("a") as errors:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "tests.simulation.forks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "DOCSIGN_LANG": "en"},
            )
        self._pid = 0
        self.url = ""

    def _line(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()

    def start(self, folder: Path) -> None:
        """Start a relay and wait until it is ready."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{folder}\n")
        self._parent.stdin.flush()
        self._pid = int(self._line())
        ready = self._line()
        urls = [word for word in ready.split() if word.startswith("https://")]
        assert urls, f"the relay did not start: {ready}"
        self.url = urls[0]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return how the relay ended."""
        os.kill(self._pid, number)
        return int(self._line())

    def close(self) -> None:
        """End the parent."""
        self._parent.kill()
        self._parent.wait()
        for stream in (self._parent.stdin, self._parent.stdout):
            if stream is not None:
                stream.close()


def main() -> None:
    """Serve and fork until stdin ends."""
    from relay_server.cli import main as serve

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                serve(["serve", line.strip()])
            except SystemExit as ended:
                sys.stdout.flush()
                os._exit(int(ended.code or 0))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
