"""The relay's settings: ``relay.toml`` in its folder, written by ``docsign-relay init``.

Paths are relative to the folder. The passphrase of the evidence key is never a setting, only its place.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

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

    def require_sound(self, folder: Path) -> None:
        """Raise UsageError where a relay could not work with a value; ``folder`` is named."""
        for name, value in _items(self):
            _require_value(name, value, folder / FILE_NAME)

    def write(self, folder: Path) -> None:
        """Write the settings into ``folder``; raises FileUnusableError where there are some, UsageError."""
        self.require_sound(folder)
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
            if name not in known:
                raise UsageError(
                    say("No such setting: {name}. Known are: {known}.", name=name, known=", ".join(known)),
                    where=str(path),
                )
            _require_value(name, value, path)
            values[name] = value
        missing = [name for name in ("tls_cert", "tls_key", "key", "trust") if name not in values]
        if missing:
            raise UsageError(say("The setting {name} is missing.", name=missing[0]), where=str(path))
        for name in _PATHS & values.keys():
            values[name] = str(folder / Path(values[name]).expanduser()) if values[name] else ""
        kind, _, rest = values["key"].partition(":")
        if kind.lower() == "pkcs12":
            values["key"] = f"pkcs12:{folder / Path(rest).expanduser()}"
        return RelaySettings(**values)


_YEARS: Final = 10 * 366 * 86400
_HUGE: Final = 2**60
RANGES: Final[dict[str, tuple[int, int]]] = {
    "port": (0, 65535),
    "health_port": (-1, 65535),
    "largest_envelope": (1, _HUGE),
    "least_free_space": (0, _HUGE),
    "time_to_live": (1, _YEARS),
    "lease": (1, _YEARS),
    "warn_unfetched": (0, _YEARS),
    "retain_days": (0, 36500),
    "stamp_seconds": (1, _YEARS),
    "stamp_limit": (0, _YEARS),
    "open_uploads": (0, _HUGE),
    "open_upload_bytes": (0, _HUGE),
    "upload_life": (1, _YEARS),
    "patience": (1, _YEARS),
    "least_progress": (0, _HUGE),
    "connections": (0, _HUGE),
    "bytes_in_flight": (0, _HUGE),
    "bytes_a_day": (0, _HUGE),
    "examiners": (-1, 64),
}
"""The settings that are numbers, with the least and the most they may be."""


def _require_value(name: str, value: object, path: Path) -> None:
    """Raise UsageError where the value is not one of this setting."""
    if name in RANGES:
        least, most = RANGES[name]
        if type(value) is not int or not least <= value <= most:
            raise UsageError(
                say(
                    "The setting {name} needs a whole number from {least} to {most}.",
                    name=name,
                    least=least,
                    most=most,
                ),
                where=str(path),
            )
    elif not isinstance(value, str) or "\0" in value:
        raise UsageError(say("The setting {name} needs a text in quotes.", name=name), where=str(path))


def _items(settings: RelaySettings) -> list[tuple[str, Any]]:
    return [(one.name, getattr(settings, one.name)) for one in fields(settings)]
