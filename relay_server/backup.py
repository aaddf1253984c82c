"""Back a relay up while it runs, and restore it: what is copied is one moment, and is checked before use.

A backup is a folder: settings, database, bodies, and ``backup.json``, written last, so that a backup that
was cut short is none. ``docsign-relay check`` checks it like a relay's folder. The keys are not in it: those
of TLS and evidence lie where the settings say, the log's key is never used again.

A restored relay may have lost what came after the backup. It therefore begins a new log under a new key, and
its signed word on it names the checkpoint at which the backup ends (design: a relay never signs a smaller or
diverging checkpoint).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from docsign.errors import FileUnusableError, StorageError
from docsign.files import file_error, is_file, opening, read_file, sync_folder, write_file, writing
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server import decisions
from relay_server.app import BODIES, DATABASE, MANIFEST
from relay_server.checking import check_store, was_removed
from relay_server.core.logbook import ABOUT, FOLLOWS, ORIGIN, STATE
from relay_server.services.stamp import STAMPED
from relay_server.settings import RelaySettings
from relay_server.storage.disk import PIECE
from relay_server.storage.raw import RawDatabase, translated
from relay_server.troubles import CheckReport

LEAP: Final = 1_000_000
"""How far the inbox numbers leap at a restore: past any that were given after the backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a backup or a restore copied; ``bytes`` are those of the bodies, ``size`` is the log's."""

    envelopes: int
    bytes: int
    size: int


def backup(folder: Path, target: Path, *, link: bool = False) -> Copied:
    """Copy the relay of ``folder`` into the new folder ``target``; the relay may be serving.

    ``link`` makes the bodies hard links: at once and without room, on the same disk, and so no help when the
    disk fails. Raises FileUnusableError, DiskFullError, StorageError; what was begun is left without its
    ``backup.json``.
    """
    settings = RelaySettings.read(folder.resolve())
    _begin(target)
    _copy_decisions(folder, target)  # first: what it says was ended is ended in the database
    # the database before the bodies: every body of its rows was durable before the row was
    copy_database(folder / DATABASE, target / DATABASE)
    done = _copy_bodies(target / DATABASE, folder, target, link=link)
    settings.write(target)
    write_manifest(target, envelopes=done.envelopes, log_size=done.size)
    sync_folder(target.parent)
    return done


def write_manifest(target: Path, **counted: int) -> None:
    """Make a folder a backup, or name its database anew: the manifest says what was counted before."""
    manifest = {
        "schema": 1,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **counted,
        **_manifest(target),
        "database": _digest(target / DATABASE),
    }
    write_file(target / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n", durable=True)


def _manifest(target: Path) -> dict[str, Any]:
    """Return what the manifest says, nothing where there is none that can be read."""
    if not is_file(target / MANIFEST):
        return {}
    try:
        found = json.loads(read_file(target / MANIFEST, limit=64 * 1024))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def has_its_database(target: Path) -> bool:
    """Tell whether a backup's database is, byte for byte, the one it was made with."""
    return bool(_manifest(target).get("database") == _digest(target / DATABASE))


def check_backup(target: Path, trust: Trust | None = None) -> CheckReport:
    """Check a backup whole; raises FileUnusableError for a folder that is none."""
    settings = RelaySettings.read(target.resolve())
    report = check_store(target / DATABASE, target / BODIES, trust or Trust.from_path(settings.trust))
    if not is_file(target / MANIFEST):
        raise FileUnusableError(say("There is no such file."), where=str(target / MANIFEST))
    if not has_its_database(target):
        report.add(
            "backup",
            say("The database is not the one this backup was made with."),
            str(target / MANIFEST),
            say("Use another backup."),
        )
    return report


def restore(target: Path, folder: Path) -> tuple[CheckReport, Copied | None]:
    """Make the new relay folder ``folder`` from a backup, where that is sound; else say what is not.

    Raises FileUnusableError where ``folder`` is in use, StorageError, DiskFullError.
    """
    report = check_backup(target)
    if not report.is_sound:
        return report, None
    _begin(folder)
    copy_database(target / DATABASE, folder / DATABASE)
    _begin_new_log(folder / DATABASE)
    done = _copy_bodies(folder / DATABASE, target, folder, link=False)
    _copy_decisions(target, folder)
    RelaySettings.read(target.resolve()).write(folder)  # last: without it this is no relay
    return report, done


def _begin(folder: Path) -> None:
    """Make the folder; raises FileUnusableError unless it is new or empty."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileUnusableError(say("This folder is not empty; a new one is needed."), where=str(folder))
        (folder / BODIES / "incoming").mkdir(parents=True)
    except OSError as error:
        raise file_error(error, folder) from error


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it stands at one moment, whoever writes to it."""
    with RawDatabase.open(source) as raw, translated(target):
        copy = sqlite3.connect(target)
        try:
            raw.connection.execute("COMMIT")  # the copy opens its own view
            raw.connection.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        finally:
            copy.close()
    _sync(target)


def _copy_decisions(source: Path, target: Path) -> None:
    """Copy what the operator decided, where something was."""
    if (source / decisions.NAME).exists():
        data = read_file(source / decisions.NAME)
        write_file(target / decisions.NAME, data, durable=True)


def _copy_bodies(database: Path, source: Path, target: Path, *, link: bool) -> Copied:
    """Copy the bodies of a copied database, each compared with its name."""
    count = total = 0
    with RawDatabase.open(database) as raw:
        size = raw.ask("SELECT coalesce(max(size), 0) FROM checkpoints")[0][0]
        for row in raw.rows("envelopes"):
            if not isinstance(row, dict):
                continue  # told when the copy is checked
            name = row["sha256"]
            into = target / BODIES / name[:2] / name
            try:
                into.parent.mkdir(exist_ok=True)
                total += _copy_body(source / BODIES / name[:2] / name, into, name, link=link)
                count += 1
            except FileUnusableError:
                if not was_removed(source / DATABASE, name):
                    raise
            except OSError as error:
                raise file_error(error, into) from error
    return Copied(envelopes=count, bytes=total, size=size)


def _copy_body(source: Path, target: Path, name: str, *, link: bool) -> int:
    digest = hashlib.sha256()
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(opening(source))
        into = None if link else stack.enter_context(writing(target, private=True, durable=True))
        while piece := stream.read(PIECE):
            digest.update(piece)
            if into is not None:
                into.write(piece)
        if digest.hexdigest() != name:
            raise StorageError(say("The envelope's bytes have changed."), where=str(source))
        size = stream.tell()
    if link:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                return _copy_body(source, target, name, link=False)
            raise
        sync_folder(target.parent)
    return size


def _begin_new_log(database: Path) -> None:
    """Take every record out of the old log, keep at which checkpoint it ends, and let numbers leap."""
    with translated(database):
        connection = sqlite3.connect(database)
        try:
            with connection:
                newest = connection.execute(
                    "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
                ).fetchone()
                connection.execute("UPDATE facts SET leaf = NULL")
                connection.execute(
                    "DELETE FROM notes WHERE name = ? OR name LIKE 'stamp %' OR name LIKE 'about %'",
                    (STAMPED,),
                )
                connection.execute("DELETE FROM tiles")
                connection.execute("DELETE FROM checkpoints")
                connection.execute(
                    "DELETE FROM notes WHERE name IN (?, ?, ?, ?)", (ABOUT, ORIGIN, STATE, FOLLOWS)
                )
                if newest is not None:
                    connection.execute("INSERT INTO notes (name, value) VALUES (?, ?)", (FOLLOWS, newest[0]))
                connection.execute("UPDATE meta SET value = value + ? WHERE name = 'inbox'", (LEAP,))
        finally:
            connection.close()
    _sync(database)


def _sync(path: Path) -> None:
    try:
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise file_error(error, path) from error


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with opening(path) as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
