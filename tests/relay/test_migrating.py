"""The database of every older version is brought to this one's form: whole, checked, or not at all.

``forms/N.sql`` is the form of version N as its own code wrote it, taken from the history of the project.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docsign.cli import run
from docsign.errors import StorageError, UsageError
from docsign.exchange import wire
from docsign.pki import SigningKey
from relay_server import migrating
from relay_server.app import DATABASE, sole_relay
from relay_server.checking import check
from relay_server.cli import relay
from relay_server.migrating import migrate
from relay_server.storage import forms
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.tables import SCHEMA_VERSION
from tests.relay.conftest import Process, Site, sealed, sha256
from tests.relay.test_wire_api import status, take

FORMS = Path(__file__).parent / "forms"
OLDER = sorted(forms.STEPS)


async def lived_in(site: Site, key: SigningKey) -> list[bytes]:
    """Serve for a while: two envelopes, one of them fetched and answered; return them."""
    envelopes = [sealed(key, number=str(number), to=("H99", "H99.12")) for number in (1, 2)]
    async with (
        site.served() as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        for one in envelopes:
            assert (await commune.send(one))[0] == 201
        await take(province, envelopes[0])
        path = wire.statuses_path(sha256(envelopes[0]))
        document = "H99.31,2026/11/16,1/UBND-VX"
        assert (await province.call("POST", path, data=status("03", document=document)))[0] == 200
    return envelopes


def set_back(path: Path, form: int) -> None:
    """Write the database anew as version ``form`` would have it: its tables, and of the rows what it knew."""
    older = path.with_name("older")
    with closing(sqlite3.connect(older, isolation_level=None)) as database:
        database.executescript((FORMS / f"{form}.sql").read_text())
        database.execute("ATTACH ? AS newer", (str(path),))
        for (table,) in database.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'table'"
        ).fetchall():
            columns = [row[1] for row in database.execute(f"PRAGMA main.table_info({table})")]
            given = ", ".join("place" if column == "position" else column for column in columns)
            into = f"main.{table} ({', '.join(columns)})"
            database.execute(f"INSERT INTO {into} SELECT {given} FROM newer.{table}")
        database.execute("UPDATE main.meta SET value = ? WHERE name = 'schema'", (form,))
        database.execute("DETACH newer")
    for beside in path.parent.glob(f"{path.name}*"):
        beside.unlink()
    older.rename(path)


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but the log, which a form without one cannot keep."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(database.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in ("meta", "agencies", "bindings", "envelopes", "deliveries", "grants")
        }


def shape(path: Path) -> dict[str, str]:
    """Return the text of every table and index, white space and order of clauses apart."""
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    plain = {}
    for name, sql in found:
        text = re.sub(r"\s+", " ", sql).replace('"', "").replace("( ", "(").replace(" )", ")")
        head, _, body = text.partition("(")
        clauses = re.split(r", (?![^(]*\))", body.rsplit(")", 1)[0])
        plain[name] = f"{head.strip()} | {' ; '.join(sorted(clauses))} | {body.rsplit(')', 1)[-1]}"
    return plain


@pytest.mark.parametrize("form", OLDER)
async def test_an_older_database_is_brought_to_this_form_and_serves_on(
    form: int, site: Site, agency_key: SigningKey
) -> None:
    """Every row is there again, the check finds nothing, and the relay goes on where it was."""
    first, second = await lived_in(site, agency_key)
    path = site.folder / DATABASE
    before, fresh = rows(path), shape(path)
    set_back(path, form)
    with pytest.raises(StorageError, match="docsign-relay migrate"):
        await DatabaseLedger.open(path)

    done = migrate(site.folder)

    assert (done.found, done.form) == (form, SCHEMA_VERSION)
    assert done.kept is not None
    assert migrating.form_of(done.kept) == form
    assert rows(path) == before
    assert shape(path) == fresh
    assert migrate(site.folder) == migrating.Migrated(found=SCHEMA_VERSION, form=SCHEMA_VERSION)
    if form > 1:  # of the first form nothing was in a log yet
        assert check(site.folder).troubles == []
    async with (
        site.served() as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        (item,) = (await province.inbox()).items
        assert item.sha256 == sha256(second)
        await take(province, second)
        events = [event.event for event in (await commune.trace(sha256(first))).events]
        assert events[-1] == "ConsignmentAcceptance"
        assert (await commune.send(first))[0] == 201
    assert check(site.folder).troubles == []


async def test_a_step_that_fails_leaves_everything_as_it_was(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way is one transaction: an error in the last step undoes the first."""
    await lived_in(site, agency_key)
    path = site.folder / DATABASE
    set_back(path, 1)
    with closing(sqlite3.connect(path)) as database:
        before = list(database.iterdump())

    def fails(database: sqlite3.Connection, known: forms.Known) -> None:
        forms.step_3(database, known)
        database.execute("INSERT INTO khong_co VALUES (1)")

    monkeypatch.setitem(forms.STEPS, 3, fails)
    with pytest.raises(StorageError, match="khong_co"):
        migrate(site.folder)
    with closing(sqlite3.connect(path)) as database:
        assert list(database.iterdump()) == before

    monkeypatch.undo()
    assert list(site.folder.glob(f"{DATABASE}.form-*")) == []
    assert migrate(site.folder).form == SCHEMA_VERSION


async def test_damage_that_is_found_on_the_way_stops_it(site: Site, agency_key: SigningKey) -> None:
    """A row that refers to nothing is not carried over in silence."""
    await lived_in(site, agency_key)
    path = site.folder / DATABASE
    set_back(path, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("UPDATE facts SET sha256 = ? WHERE number = 1", ("0" * 64,))
    with pytest.raises(StorageError, match="facts"):
        migrate(site.folder)
    assert migrating.form_of(path) == 3


@pytest.mark.parametrize("moment", ["copy", "step", "check", "commit"])
async def test_a_kill_in_the_middle_leaves_the_old_form_or_the_new_one(
    moment: str, site: Site, agency_key: SigningKey
) -> None:
    """SIGKILL while copying, between steps, before and after the commit: the next attempt ends it."""
    await lived_in(site, agency_key)
    path = site.folder / DATABASE
    before = rows(path)
    set_back(path, 1)

    command = [sys.executable, "-c", KILLED, str(site.folder), moment]
    killed = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    copies = [one for one in site.folder.glob(f"{DATABASE}.form-*") if migrating.form_of(one) == 1]
    assert len(copies) == (0 if moment == "copy" else 1)
    done = migrate(site.folder)
    assert done.found == (SCHEMA_VERSION if moment == "commit" else 1)
    assert rows(path) == before
    assert not (site.folder / f"{DATABASE}.begun").exists()
    if done.kept:
        assert migrating.form_of(done.kept) == 1
    async with site.served():
        pass
    assert check(site.folder).troubles == []


KILLED = """
import os, signal, sys
from pathlib import Path
from relay_server import migrating
from relay_server.storage import forms

def killing(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

folder, moment = Path(sys.argv[1]), sys.argv[2]
if moment == "copy":
    migrating.sync_folder = killing
    copy = migrating.copy_database
    migrating.copy_database = lambda source, target: (copy(source, target), killing())
elif moment == "step":
    forms.STEPS[2] = killing
elif moment == "check":
    migrating._require_sound = killing
migrating.migrate(folder)
killing()
"""
"""A process that ends itself at the named moment of a migration."""


def test_nobody_migrates_a_relay_that_serves_and_nobody_serves_one_twice(
    site: Site, start: Callable[[Path], Process]
) -> None:
    """One process at a time; the hold ends with the process, however it ends."""
    process = start(site.folder)
    with pytest.raises(UsageError, match="Another process"):
        migrate(site.folder)
    with pytest.raises(AssertionError, match="Another process"):
        Process.start(site.folder)
    process.end(signal.SIGKILL)
    with sole_relay(site.folder):
        pass
    assert start(site.folder).end(signal.SIGTERM) == 0


def test_the_command_says_what_it_did(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do, done, a form of the future, no relay at all."""
    path = site.folder / DATABASE
    command = ["migrate", str(site.folder), "--lang", "en"]
    assert run(relay, command) == 0
    assert f"form {SCHEMA_VERSION} already" in capsys.readouterr().err
    set_back(path, 2)
    assert run(relay, command) == 0
    assert f"from form 2 to {SCHEMA_VERSION}" in capsys.readouterr().err
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
    assert run(relay, command) == 1
    assert "form 99" in capsys.readouterr().err
    assert run(relay, ["migrate", str(tmp_path)]) == 2
    assert "relay.toml" in capsys.readouterr().err
