"""The relay's settings: ``relay.toml`` in its folder, written by ``docsign-relay init``.

Paths are relative to the folder. The passphrase of the evidence key is never a setting, only its place.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from docsign.errors import UsageError
from docsign.files import read_file, write_file
from docsign.sentence import say
from relay_server.services.relay import Limits

FILE_NAME = "relay.toml"

_DEFAULTS = Limits()
_PATHS = frozenset({"tls_cert", "tls_key", "trust", "passphrase_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """One relay's settings; sizes in bytes, times in seconds. A port of 0 is any free one, -1 is none.

    ``key`` is the URI of the evidence key; ``tls_key`` may be the same file as ``tls_cert``. ``examiners``
    is how many processes judge envelopes: -1 is one for each core but the first, 0 none (a thread does it).
    """

    tls_cert: str
    tls_key: str
    key: str
    trust: str
    host: str = "127.0.0.1"
    port: int = 8443
    health_host: str = "127.0.0.1"
    health_port: int = -1
    name: str = ""
    passphrase_file: str = ""
    largest_envelope: int = _DEFAULTS.envelope
    least_free_space: int = _DEFAULTS.free_space
    time_to_live: int = int(_DEFAULTS.time_to_live.total_seconds())
    lease: int = int(_DEFAULTS.lease.total_seconds())
    warn_unfetched: int = int(_DEFAULTS.warn_unfetched.total_seconds())
    retain_days: int = 0
    tsa: str = ""
    stamp_seconds: int = 60
    stamp_limit: int = 4 * 3600
    open_uploads: int = _DEFAULTS.uploads
    open_upload_bytes: int = _DEFAULTS.upload_bytes
    upload_life: int = int(_DEFAULTS.upload_life.total_seconds())
    patience: int = int(_DEFAULTS.patience.total_seconds())
    least_progress: int = _DEFAULTS.progress
    connections: int = _DEFAULTS.connections
    bytes_in_flight: int = _DEFAULTS.bytes_in_flight
    bytes_a_day: int = _DEFAULTS.bytes_a_day
    examiners: int = -1

    @property
    def limits(self) -> Limits:
        """What the relay allows."""
        return Limits(
            envelope=self.largest_envelope,
            free_space=self.least_free_space,
            time_to_live=timedelta(seconds=self.time_to_live),
            lease=timedelta(seconds=self.lease),
            warn_unfetched=timedelta(seconds=self.warn_unfetched),
            retain=timedelta(days=self.retain_days) if self.retain_days > 0 else None,
            uploads=self.open_uploads,
            upload_bytes=self.open_upload_bytes,
            upload_life=timedelta(seconds=self.upload_life),
            patience=timedelta(seconds=max(1, self.patience)),
            progress=self.least_progress,
            connections=self.connections,
            bytes_in_flight=self.bytes_in_flight,
            bytes_a_day=self.bytes_a_day,
        )

    def write(self, folder: Path) -> None:
        """Write the settings into ``folder``; raises FileUnusableError where there are some."""
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _items(self)]
        write_file(folder / FILE_NAME, ("\n".join(lines) + "\n").encode(), durable=True, overwrite=False)

    @staticmethod
    def read(folder: Path) -> RelaySettings:
        """Read the settings of ``folder``, paths made whole; raises FileUnusableError, UsageError."""
        path = folder / FILE_NAME
        try:
            table = tomllib.loads(read_file(path, limit=1024 * 1024).decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(
                say("This settings file is not TOML: {reason}.", reason=error), where=str(path)
            ) from error
        known = {one.name: one for one in fields(RelaySettings)}
        values: dict[str, Any] = {}
        for name, value in table.items():
            wanted = int if name in _NUMBERS else str
            if name not in known or type(value) is not wanted:
                raise UsageError(
                    say("No such setting: {name}. Known are: {known}.", name=name, known=", ".join(known)),
                    where=str(path),
                )
            values[name] = value
        missing = [name for name in ("tls_cert", "tls_key", "key", "trust") if name not in values]
        if missing:
            raise UsageError(say("The setting {name} is missing.", name=missing[0]), where=str(path))
        for name in _PATHS & values.keys():
            values[name] = str(folder / Path(values[name]).expanduser()) if values[name] else ""
        kind, _, rest = values["key"].partition(":")
        if kind == "pkcs12":
            values["key"] = f"pkcs12:{folder / Path(rest).expanduser()}"
        return RelaySettings(**values)


_NUMBERS = frozenset(
    {
        "port",
        "health_port",
        "largest_envelope",
        "least_free_space",
        "time_to_live",
        "lease",
        "warn_unfetched",
        "retain_days",
        "stamp_seconds",
        "stamp_limit",
        "open_uploads",
        "open_upload_bytes",
        "upload_life",
        "patience",
        "least_progress",
        "connections",
        "bytes_in_flight",
        "bytes_a_day",
        "examiners",
    }
)


def _items(settings: RelaySettings) -> list[tuple[str, Any]]:
    return [(one.name, getattr(settings, one.name)) for one in fields(settings)]
