"""What a relay stands on: the disk, who may read and write its files, the addresses it listens on."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from docsign.files import system_reason
from docsign.sentence import say
from relay_server.app import BODIES, DATABASE, LOG_KEY
from relay_server.findings import Findings
from relay_server.settings import FILE_NAME, RelaySettings

MEGABYTE: Final = 1_000_000
REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs"})
"""File systems of other machines, whose word that something is durable is not the disk's."""
ANSWER_SECONDS: Final = 5.0


def disk(folder: Path, settings: RelaySettings, found: Findings) -> None:
    """Look at the room, and whether the disk is one of this machine."""
    clear = say("Free some room, or move the relay's folder to a larger disk.")
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = system_reason(error)
        found.fail("disk", say("The disk cannot be asked: {reason}", reason=reason), clear)
        return
    room = free - settings.least_free_space
    values = {"free": free // MEGABYTE, "least": settings.least_free_space // MEGABYTE}
    if room < settings.largest_envelope:
        found.fail(
            "disk",
            say("The disk is full: {free} MB are free, {least} MB are kept free.", **values),
            clear,
        )
    elif room < 10 * settings.largest_envelope:
        found.warn(
            "disk",
            say("The disk is nearly full: {free} MB are free, {least} MB are kept free.", **values),
            clear,
        )
    else:
        found.ok("disk", say("{free} MB are free on the disk.", **values))
    kind = _file_system(folder.resolve())
    if kind in REMOTE:
        found.warn(
            "disk",
            say("The relay's folder lies on another machine ({kind}).", kind=kind),
            say("Put it on a disk of this machine: only there is what was written sure to stay."),
        )


def _file_system(folder: Path) -> str:
    """Return the kind of file system, as Linux names it; empty where nobody tells."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        place = fields[1].replace("\\040", " ")
        if folder.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, fields[2]
    return kind


def permissions(folder: Path, settings: RelaySettings, found: Findings) -> None:
    """Look at who may read the keys and who may write the folder; Windows has other ways."""
    before = len(found.lines)
    for path in (folder, folder / BODIES, folder / DATABASE):
        if path.exists() and not os.access(path, os.W_OK):
            found.fail(
                "permissions",
                say("This user cannot write here: {path}.", path=path),
                say("Run the relay as the user who owns its folder."),
            )
    if os.name != "nt":
        secrets = [folder / LOG_KEY, Path(settings.tls_key)]
        secrets += [Path(settings.key.removeprefix("pkcs12:"))] if settings.key.startswith("pkcs12:") else []
        secrets += [Path(settings.passphrase_file)] if settings.passphrase_file else []
        for path in dict.fromkeys(secrets):
            if (mode := _mode(path)) & 0o077:
                tell = found.fail if mode & 0o007 else found.warn
                tell(
                    "permissions",
                    say("Others may read this secret ({mode}): {path}.", mode=f"{mode:03o}", path=path),
                    say("chmod 600 leaves it to its owner."),
                )
        for path in (folder, folder / FILE_NAME, folder / DATABASE):
            if path.exists() and path.stat().st_mode & 0o002:
                found.fail(
                    "permissions",
                    say("Everybody may write here: {path}.", path=path),
                    say("chmod o-w takes that back."),
                )
    if len(found.lines) == before:
        found.ok("permissions", say("Keys and folder are the owner's alone."))


def _mode(path: Path) -> int:
    """Return who may do what with a file; 0 where it is out of reach, which is told elsewhere."""
    try:
        found = path.stat().st_mode
    except OSError:
        return 0
    return stat.S_IMODE(found) if stat.S_ISREG(found) else 0


def addresses(settings: RelaySettings, *, is_served: bool, found: Findings) -> None:
    """Look whether the addresses are free, or this relay answers there."""
    pairs = [("address", settings.host, settings.port)]
    if settings.health_port >= 0:
        pairs.append(("health", settings.health_host, settings.health_port))
    for code, host, port in pairs:
        place = f"{host}:{port}"
        if port == 0:
            found.ok(code, say("{place}: any free port is taken.", place=place))
        elif not is_served:
            _free(code, host, port, found)
        elif _answers(host, port):
            found.ok(code, say("{place}: the relay answers.", place=place))
        else:
            found.fail(
                code,
                say("{place}: the relay is running and nothing answers here.", place=place),
                say("Look into the relay's log; restart it if its settings were changed."),
            )
    if is_served and settings.health_port > 0:
        _ready(settings, found)


def _free(code: str, host: str, port: int, found: Findings) -> None:
    try:
        socket.create_server((host, port)).close()
    except (OSError, UnicodeError) as error:
        found.fail(
            code,
            say(
                "{place} cannot be listened on: {reason}", place=f"{host}:{port}", reason=system_reason(error)
            ),
            say("Give host and port of relay.toml an address of this machine that nobody uses."),
        )
    else:
        found.ok(code, say("{place} is free.", place=f"{host}:{port}"))


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except (OSError, UnicodeError):
        return False
    return True


def _ready(settings: RelaySettings, found: Findings) -> None:
    url = f"http://{settings.health_host}:{settings.health_port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
            answer.read(4096)
    except urllib.error.HTTPError as error:
        reason = error.read(4096).decode("utf-8", "replace")
        found.fail(
            "ready",
            say("The relay says that it is not ready: {reason}", reason=reason),
            say("Look into the relay's log; restart it if its settings were changed."),
        )
    except OSError:
        return  # told above: nothing answers
    else:
        found.ok("ready", say("The relay says that it is ready."))
