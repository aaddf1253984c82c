"""Bring a relay's database to the form this version works with, step by step, all of it or nothing.

1. Nobody serves the folder, and nobody does until this ends.
2. A copy of the database as it was is put beside it, and is on the disk.
3. All steps run in one transaction, with the new form's number; foreign keys and SQLite's own check pass, or
   nothing is changed.

A process that is killed meanwhile leaves the database as it was, or done, and perhaps a copy too many. The
way back is the copy. A newer form than this version's is refused and left alone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Final

from docsign.envelope.container import read_container
from docsign.envelope.judge import envelope_header
from docsign.errors import DocsignError, StorageError
from docsign.files import file_error, is_file, opening, sync_folder
from docsign.sentence import say
from relay_server.app import BODIES, DATABASE, MANIFEST, sole_relay
from relay_server.backup import copy_database, has_its_database, write_manifest
from relay_server.core.submissions import Submission
from relay_server.settings import RelaySettings
from relay_server.storage.forms import STEPS, Known
from relay_server.storage.raw import RawDatabase, translated
from relay_server.storage.tables import SCHEMA_VERSION

MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """From which form to which; ``kept`` is the copy of the database as it was, None if nothing changed."""

    found: int
    form: int
    kept: Path | None = None


def migrate(folder: Path) -> Migrated:
    """Bring the relay of ``folder``, or a backup, to the current form.

    Raises FileUnusableError, UsageError where it is none or is being served, StorageError, DiskFullError.
    """
    settings = RelaySettings.read(folder.resolve())
    path = folder / DATABASE
    with sole_relay(folder):
        found = form_of(path)
        if found == SCHEMA_VERSION:
            return Migrated(found=found, form=found)
        if found not in STEPS:
            raise StorageError(
                say(
                    "The database has form {found}; this version knows {known}.",
                    found=found,
                    known=SCHEMA_VERSION,
                ),
                where=str(path),
            )
        is_backup = is_file(folder / MANIFEST)
        if is_backup and not has_its_database(folder):
            raise StorageError(
                say("The database is not the one this backup was made with."), where=str(folder / MANIFEST)
            )
        kept = _copy(path, found)
        known = Known(
            number_key=lambda sender, name: _number_key(folder / BODIES, sender, name),
            warn_after=settings.warn_unfetched * MICROSECONDS,
        )
        try:
            _take_steps(path, found, known)
        except BaseException:
            kept.unlink(missing_ok=True)  # nothing has changed: there is nothing to go back from
            raise
        if is_backup:
            write_manifest(folder)
    return Migrated(found=found, form=SCHEMA_VERSION, kept=kept)


def form_of(path: Path) -> int:
    """Return the form of a relay's database; raises FileUnusableError, StorageError."""
    with RawDatabase.open(path) as raw:
        found = raw.ask("SELECT value FROM meta WHERE name = 'schema'")
    if len(found) != 1 or not isinstance(found[0][0], int):
        raise StorageError(say("This is not a relay's database."), where=str(path))
    return int(found[0][0])


def _copy(path: Path, form: int) -> Path:
    """Copy the database beside itself under a name of its own, whole or not at all."""
    begun = path.with_name(f"{path.name}.begun")
    begun.unlink(missing_ok=True)  # of an attempt that was killed
    copy_database(path, begun)
    names = (f"{path.name}.form-{form}{more}" for more in chain([""], (f"-{number}" for number in count(2))))
    kept = next(one for name in names if not (one := path.with_name(name)).exists())
    try:
        begun.rename(kept)
        sync_folder(path.parent)
    except OSError as error:
        raise file_error(error, kept) from error
    return kept


def _take_steps(path: Path, form: int, known: Known) -> None:
    with translated(path), closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("BEGIN EXCLUSIVE")
        try:
            while form < SCHEMA_VERSION:
                STEPS[form](database, known)
                form += 1
            database.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (form,))
            _require_sound(database, path)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _require_sound(database: sqlite3.Connection, path: Path) -> None:
    reasons = [line for (line,) in database.execute("PRAGMA integrity_check(10)") if line != "ok"]
    reasons += [f"{table}/{row}" for table, row, *_ in database.execute("PRAGMA foreign_key_check")]
    if reasons:
        raise StorageError(say("The database is damaged: {reason}.", reason=reasons[0]), where=str(path))


def _number_key(bodies: Path, sender: str, name: str) -> str:
    """Return the number key that acceptance would have kept; empty where the bytes cannot be read."""
    try:
        with opening(bodies / name[:2] / name) as stream:
            return Submission.of(envelope_header(read_container(stream))).number_key(sender)
    except (DocsignError, OSError):
        return ""
