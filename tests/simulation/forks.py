"""Relay processes without the second it takes to load them: a parent that has everything loaded, and forks.

Each line on its stdin is a relay's folder; for each it forks a process that tells its number and serves it,
waits for its end and tells how it ended. Killing one of them is killing a process like any other. What is
loaded stays loaded: a campaign runs one version of the code, whatever happens to the files meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
from pathlib import Path


class ForkedRelay:
    """One relay process at a time, by way of the parent."""

    def __init__(self, log: Path, *, tree: Path | None = None) -> None:
        """Start the parent; ``log`` takes what the relays write to stderr, ``tree`` has the code."""
        self._log = log
        with log.open("a") as errors:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "tests.simulation.forks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=tree,
                env={**os.environ, "DOCSIGN_LANG": "en"},
            )
        self.pid = 0
        self.url = ""

    def _line(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()

    def start(self, folder: Path) -> None:
        """Start a relay and wait until it is ready."""
        self._launch(folder)
        ready = self._line()
        urls = [word for word in ready.split() if word.startswith("https://")]
        assert urls, f"the relay did not start: {ready} {self._log.read_text()[-4000:]}"
        self.url = urls[0]

    def start_in_vain(self, folder: Path, seconds: float) -> None:
        """Start a relay and kill it after so many seconds, ready or not."""
        self._launch(folder)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        lines = [self._line()]
        if "https://" in lines[0]:
            lines.append(self._line())
        assert int(lines[-1]) == -signal.SIGKILL, f"{lines} {self._log.read_text()[-4000:]}"

    def _launch(self, folder: Path) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{folder}\n")
        self._parent.stdin.flush()
        line = self._line()
        assert line.strip().isdigit(), f"no process was made: {line} {self._log.read_text()[-4000:]}"
        self.pid = int(line)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return how the relay ended."""
        os.kill(self.pid, number)
        return int(self._line())

    def close(self) -> None:
        """End the parent, which ends the relay that still runs."""
        assert self._parent.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._parent.stdin.close()
        try:
            self._parent.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._parent.kill()
            self._parent.wait()
        if self._parent.stdout is not None:
            self._parent.stdout.close()


def main() -> None:
    """Serve and fork until stdin ends."""
    from relay_server.cli import main as serve

    _load_everything()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(os.getpid(), flush=True)
            try:
                serve(["serve", line.strip()])
            except SystemExit as ended:
                sys.stdout.flush()
                os._exit(int(ended.code or 0))
        print(_end_of(child), flush=True)


def _load_everything() -> None:
    """Load now what a relay would load when it first needs it: the files may change while a campaign runs."""
    for name in ("relay_server", "docsign.pki", "docsign.ades", "docsign.envelope"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def _end_of(child: int) -> int:
    """Wait until the relay has ended and return how; when nobody is there any more, end it."""
    ends = os.pidfd_open(child)
    ready, _, _ = select.select([ends, sys.stdin], [], [])
    if ends not in ready:  # stdin is at its end: while a relay runs, nothing is asked
        os.kill(child, signal.SIGKILL)
    os.close(ends)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
