"""A relay in a process of its own, set up with the commands an administrator would type."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


def command(name: str) -> str:
    """Return the full path of one of our commands, beside the Python that runs the tests."""
    return str(Path(sys.executable).parent / name)


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RelayProcess:
    """``docsign-relay`` in ``folder``, stopped at the end of the ``with`` block."""

    def __init__(self, folder: Path, *, trust: Path, keys: Path, passphrase: str) -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}/"
        self._folder, self._keys = folder, keys
        self._environment = {**os.environ, "DOCSIGN_PASSPHRASE": passphrase, "DOCSIGN_LANG": "en"}
        self._server: subprocess.Popen[str] | None = None
        self._run(
            "init", str(folder / "relay"), "--host", "127.0.0.1", "--port", str(self.port),
            "--identity", str(keys / "relay-tls.pem"), "--key", f"pkcs12:{keys / 'relay.p12'}",
            "--trust", str(trust),
        )  # fmt: skip

    def knows(self, code: str, name: str, *, tls: str, sign: str) -> None:
        """Enter an agency into the directory, with its certificates for TLS and for signing."""
        self._run(
            "agency", "add", str(self._folder / "relay"), "--code", code, "--name", name,
            "--tls-cert", str(self._keys / f"{tls}.pem"), "--sign-cert", str(self._keys / f"{sign}.pem"),
        )  # fmt: skip

    def serve(self) -> None:
        """Start it and wait for the line that says it is ready."""
        self._server = subprocess.Popen(
            [command("docsign-relay"), "serve", str(self._folder / "relay")],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert str(self.port) in line, line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(20)
            if self._server.stdout is not None:
                self._server.stdout.close()

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [command("docsign-relay"), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
