"""Backup and restore: under load, whole, checked before use; the restored relay begins a new log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from docsign.cli import run
from docsign.envelope.evidence import About, Receipt
from docsign.envelope.evidence_judge import judge_receipt
from docsign.envelope.signed_note import Checkpoint, NoteKey, open_checkpoint, read_note
from docsign.errors import DiskFullError, FileUnusableError, StorageError, UsageError
from docsign.exchange import wire
from docsign.pki import SigningKey, Trust
from docsign.verdict import Indication
from relay_server import decisions
from relay_server.app import BODIES, DATABASE, MANIFEST
from relay_server.backup import LEAP, backup, check_backup, restore, write_manifest
from relay_server.checking import check
from relay_server.cli import relay
from relay_server.migrating import migrate
from relay_server.register import register, registered
from relay_server.settings import FILE_NAME
from relay_server.storage.raw import RawDatabase, translated
from tests.relay.conftest import Site, sealed
from tests.relay.test_checking import traffic
from tests.relay.test_migrating import OLDER, set_back
from tests.relay.test_wire_api import take


async def test_a_backup_under_load_is_whole(site: Site, agency_key: SigningKey, tmp_path: Path) -> None:
    """Sending and fetching go on meanwhile; the copy is one moment, with everything answered before it."""
    envelopes = [sealed(agency_key, number=str(number)) for number in range(1, 41)]
    async with (
        site.served() as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        for envelope in envelopes[:10]:
            assert (await commune.send(envelope))[0] == 201

        async def load() -> None:
            for envelope in envelopes[10:]:
                assert (await commune.send(envelope))[0] == 201
                await take(province, envelope)

        working = asyncio.create_task(load())
        copies = []
        for number in range(3):
            copies.append(
                await asyncio.to_thread(backup, site.folder, tmp_path / f"b{number}", link=number == 1)
            )
            assert number or not working.done()
        await working
    assert 10 <= copies[0].envelopes <= copies[1].envelopes <= copies[2].envelopes <= 40
    for number, copied in enumerate(copies):
        report = check_backup(tmp_path / f"b{number}")
        assert report.is_sound, report.troubles
        assert (report.envelopes, report.bodies, report.bytes) == (
            copied.envelopes,
            copied.envelopes,
            copied.bytes,
        )
        assert copied.size == report.records
    body = next((tmp_path / "b1" / BODIES).glob("??/*"))
    assert body.stat().st_nlink == 2


def test_a_backup_carries_what_the_operator_decided_and_is_one_file_at_rest(
    site: Site, tmp_path: Path
) -> None:
    """The lines come back with the restore; the database asks for no file beside it, so it reads anywhere."""
    decisions.note(site.folder, "agency added", allowed=False, agency="H99.77")
    told = list(decisions.read(site.folder))
    backup(site.folder, tmp_path / "b")
    assert list(decisions.read(tmp_path / "b")) == told
    # SQLite's file format 1.3.1: 1 is a rollback journal, 2 a write-ahead log
    assert (tmp_path / "b" / DATABASE).read_bytes()[18:20] == b"\x01\x01"
    restore(tmp_path / "b", tmp_path / "deep" / "n")
    assert list(decisions.read(tmp_path / "deep" / "n"))[: len(told)] == told


async def test_a_restored_relay_goes_on_under_a_new_log(
    site: Site, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Nothing of the backup is lost; what came after is sent again; the old log is never signed again."""
    await traffic(site, agency_key)
    done = backup(site.folder, tmp_path / "backup")
    later = sealed(agency_key, number="99")
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        lost = Receipt.from_json((await commune.send(later))[2])
        old = About.from_json(json.loads((await commune.call("GET", f"{wire.LOG}/about"))[2]))
    assert lost.about == old

    folder = tmp_path / "restored"
    report, restored = restore(tmp_path / "backup", folder)
    assert report.is_sound
    assert restored is not None
    assert (restored.envelopes, restored.bytes) == (done.envelopes, done.bytes)
    assert check(folder).is_sound  # before it served
    again = Site(folder=folder, authority=site.authority, keys=site.keys)
    async with (
        again.served() as here,
        again.client(here.url, "commune-tls") as commune,
        again.client(here.url, "province-tls") as province,
    ):
        about = About.from_json(json.loads((await commune.call("GET", f"{wire.LOG}/about"))[2]))
        key, old_key = NoteKey.parse(about.log_key), NoteKey.parse(old.log_key)
        assert key.name != old_key.name
        assert key.public != old_key.public
        last = open_checkpoint(about.follows.encode(), old_key)
        assert (last.origin, last.size) == (old_key.name, done.size)
        now = open_checkpoint((await commune.call("GET", f"{wire.LOG}/checkpoint"))[2], key)
        assert now.size == done.size  # every record of the backup stands in the new log, too
        data = (await commune.send(later))[2]
        receipt = Receipt.from_json(data)
        assert receipt.evidence.id != lost.evidence.id
        assert judge_receipt(data, trust=trust, at=receipt.evidence.time).conclusion.indication is (
            Indication.TOTAL_PASSED
        )
        assert Checkpoint.read(read_note(receipt.proof.partition("\n\n")[2].encode())).size == done.size + 2
        await take(province, later)
        item = (await province.inbox()).items[0]
        assert item.state == "leased"  # of before the backup, still waiting
    database = check(folder)
    assert database.is_sound, database.troubles
    with RawDatabase.open(folder / DATABASE) as raw:
        numbers = [row[0] for row in raw.ask("SELECT number FROM deliveries ORDER BY place")]
    assert numbers[:8] == list(range(1, 9))
    assert numbers[8:] == [LEAP + 9]  # past every cursor of before the restore


async def test_only_a_sound_backup_is_restored(site: Site, agency_key: SigningKey, tmp_path: Path) -> None:
    """A body changed, a database exchanged, a backup cut short: said, and nothing is made."""
    names = await traffic(site, agency_key)
    target = tmp_path / "backup"
    backup(site.folder, target)
    path = target / BODIES / names[0][:2] / names[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    report, done = restore(target, tmp_path / "new")
    assert (done, [one.code for one in report.troubles]) == (None, ["body-damaged"])
    assert not (tmp_path / "new").exists()
    path.write_bytes(whole)
    manifest = (target / MANIFEST).read_text()
    for wrong in (manifest.replace('"database": "', '"database": "0'), "[]", "không phải JSON"):
        (target / MANIFEST).write_text(wrong)
        assert [one.code for one in check_backup(target).troubles] == ["backup"]
    (target / MANIFEST).unlink()
    with pytest.raises(FileUnusableError):
        restore(target, tmp_path / "new")
    with pytest.raises(FileUnusableError, match="not empty"):
        backup(site.folder, target)
    (target / MANIFEST).write_text(manifest)
    with pytest.raises(FileUnusableError, match="not empty"):
        restore(target, site.folder)


async def test_a_damaged_relay_is_not_backed_up_in_silence(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """A body that is gone or changed ends the backup, which stays without its manifest."""
    names = await traffic(site, agency_key)
    path = site.folder / BODIES / names[0][:2] / names[0]
    path.write_bytes(b"?")
    with pytest.raises(StorageError, match="changed"):
        backup(site.folder, tmp_path / "b1")
    path.unlink()
    with pytest.raises(FileUnusableError):
        backup(site.folder, tmp_path / "b2")
    assert not (tmp_path / "b1" / MANIFEST).exists()
    assert not (tmp_path / "b2" / MANIFEST).exists()


async def test_a_backup_is_never_used_as_it_is(site: Site, agency_key: SigningKey, tmp_path: Path) -> None:
    """Its log would be signed a second time, and whoever writes into it spoils it: only restore uses it."""
    empty, target = tmp_path / "empty", tmp_path / "backup"
    backup(site.folder, empty)
    await traffic(site, agency_key)
    backup(site.folder, target)
    for folder in (empty, target):
        copy = Site(folder=folder, authority=site.authority, keys=site.keys)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        with pytest.raises(UsageError, match="This is a backup"):
            async with copy.served():
                raise AssertionError
        with pytest.raises(UsageError, match="This is a backup"):
            await registered(folder)
        with pytest.raises(UsageError, match="This is a backup"):
            await register(folder, "H99.32", "UBND xã Thử", tls=[], sign=[])
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        assert check_backup(folder).is_sound


@pytest.mark.parametrize("form", OLDER)
async def test_a_backup_of_an_older_version_is_migrated_and_restored(
    form: int, site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """The machine was lost and the newer version is installed: the check says what to do, and it helps."""
    await traffic(site, agency_key)
    target, folder = tmp_path / "backup", tmp_path / "new"
    backup(site.folder, target)
    set_back(target / DATABASE, form)
    write_manifest(target)
    report, done = restore(target, folder)
    assert done is None
    (trouble,) = report.troubles
    assert (trouble.code, "migrate" in trouble.advice.text("en")) == ("database-form", True)
    assert migrate(target).found == form
    if form > 1:  # of the first form nothing was in a log yet
        assert check_backup(target).troubles == []
        assert restore(target, folder)[1] is not None
        assert check(folder).is_sound


async def test_a_backup_that_was_changed_is_not_migrated(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """Migrating must not make a changed database the one the backup was made with."""
    await traffic(site, agency_key)
    target = tmp_path / "backup"
    backup(site.folder, target)
    set_back(target / DATABASE, 3)
    with pytest.raises(StorageError, match="not the one"):
        migrate(target)


async def test_a_backup_is_checked_on_another_machine(
    site: Site, agency_key: SigningKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There the authorities lie elsewhere: --trust says where."""
    await traffic(site, agency_key)
    target = tmp_path / "backup"
    backup(site.folder, target)
    settings = (target / FILE_NAME).read_text()
    (target / FILE_NAME).write_text(settings.replace(str(site.authority.trust_folder), "/khong/co"))
    assert run(relay, ["check", str(target), "--lang", "en"]) == 2
    assert "/khong/co" in capsys.readouterr().err
    assert run(relay, ["check", str(target), "--trust", str(site.authority.trust_folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sound"] is True


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    """SQLite's own words for it reach nobody."""
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(DiskFullError), translated(path):
            database.execute("CREATE TABLE facts (record)")


async def test_the_bytes_in_a_backup_are_the_owners_alone(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """What nobody else may read in the relay, nobody else may read in its backup or in what is restored."""
    await traffic(site, agency_key)
    backup(site.folder, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    for folder in (site.folder, tmp_path / "backup", tmp_path / "new"):
        modes = {path.stat().st_mode & 0o077 for path in (folder / BODIES).glob("??/*")}
        assert modes == {0}, folder


async def test_the_commands(
    site: Site, agency_key: SigningKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """backup, check, restore, with their exit statuses."""
    names = await traffic(site, agency_key)
    target = str(tmp_path / "backup")
    assert run(relay, ["backup", str(site.folder), target]) == 0
    assert "Đã sao lưu: 4 gói tin" in capsys.readouterr().err
    assert run(relay, ["check", target]) == 0
    assert run(relay, ["restore", target, str(tmp_path / "new"), "--lang", "en"]) == 0
    assert "begins a new log" in capsys.readouterr().err
    (tmp_path / "backup" / BODIES / names[0][:2] / names[0]).unlink()
    assert run(relay, ["check", target]) == 1
    assert run(relay, ["restore", target, str(tmp_path / "other")]) == 1
    assert run(relay, ["restore", str(tmp_path / "none"), str(tmp_path / "other")]) == 2
