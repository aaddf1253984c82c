"""The check of a relay: sound ones pass, every damage is found, said in words, and never a traceback."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from docsign.cli import run
from docsign.exchange import wire
from docsign.files import file_error
from docsign.pki import SigningKey, Trust
from relay_server import decisions
from relay_server.app import BODIES, DATABASE
from relay_server.checking import check, check_store
from relay_server.cli import relay
from relay_server.core.replay import replay
from relay_server.troubles import CheckReport
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.test_wire_api import status, take


async def traffic(site: Site, key: SigningKey, *, count: int = 4) -> list[str]:
    """Send envelopes and bring them to different states; return their names."""
    envelopes = [sealed(key, number=str(number), to=("H99", "H99.12")) for number in range(1, count + 1)]
    async with (
        site.served() as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        for envelope in envelopes:
            assert (await commune.send(envelope))[0] == 201
        for envelope in envelopes[1:]:
            await take(province, envelope)
        for number, code in ((2, "01"), (2, "03"), (3, "03"), (3, "06")):
            message = status(code, document=f"H99.31,2026/11/16,{number + 1}/UBND-VX")
            answer = await province.call("POST", wire.statuses_path(sha256(envelopes[number])), data=message)
            assert answer[0] == 200, answer
        await province.call("GET", wire.envelope_path(sha256(envelopes[0])))  # leased
    return [sha256(envelope) for envelope in envelopes]


Damage = Callable[[sqlite3.Connection], object]


def sql(*statements: str) -> Damage:
    """Return damage done by statements of SQL."""

    def work(database: sqlite3.Connection) -> None:
        for statement in statements:
            assert database.execute(statement).rowcount != 0, statement

    return work


DAMAGES: dict[str, tuple[set[str], Damage]] = {
    "a state moved on": (
        {"delivery-state"},
        sql("UPDATE deliveries SET state='done', reached='done' WHERE place=3"),
    ),
    "a state that is none": ({"delivery-state"}, sql("UPDATE deliveries SET state='xong' WHERE place=3")),
    "a waiting mark": ({"row-differs"}, sql("UPDATE deliveries SET waiting=0 WHERE place=2")),
    "an unfetched mark": ({"row-differs"}, sql("UPDATE deliveries SET unfetched=0 WHERE place=2")),
    "a changed time": ({"row-differs"}, sql("UPDATE deliveries SET changed_at=changed_at+1 WHERE place=3")),
    "a delivery's sender": ({"row-differs"}, sql("UPDATE deliveries SET sender='H99.32' WHERE place=1")),
    "a time of nowhere": (
        {"row"},
        sql("UPDATE deliveries SET changed_at=changed_at | 1 << 53 WHERE place=8"),
    ),
    "an end of nowhere": (
        {"row"},
        sql("UPDATE deliveries SET expires_at=expires_at | 1 << 53 WHERE place=8"),
    ),
    "a delivery's name": ({"row"}, sql("UPDATE deliveries SET id='Q' || substr(id, 2) WHERE place=2")),
    "two receivers exchanged": (
        {"delivery-state"},
        sql(
            "UPDATE deliveries SET receiver='x' WHERE place=3",
            "UPDATE deliveries SET receiver='H99' WHERE place=4",
            "UPDATE deliveries SET receiver='000.00.12.H99' WHERE place=3",
        ),
    ),
    "a delivery gone": ({"delivery-missing"}, sql("DELETE FROM deliveries WHERE place=2")),
    "a delivery of another envelope": (
        {"delivery-missing", "delivery-unknown"},
        sql(
            "UPDATE deliveries SET receiver='H99.77', sha256=(SELECT sha256 FROM deliveries WHERE place=4)"
            " WHERE place=2"
        ),
    ),
    "an inbox number twice": ({"number-twice"}, sql("UPDATE deliveries SET number=1 WHERE place=2")),
    "the counter behind": ({"counter"}, sql("UPDATE meta SET value=3 WHERE name='inbox'")),
    "no counter": ({"counter"}, sql("DELETE FROM meta WHERE name='inbox'")),
    "an envelope gone": ({"dangling"}, sql("DELETE FROM envelopes WHERE rowid=1")),
    "another subject": ({"row-differs"}, sql("UPDATE envelopes SET subject='Về việc khác' WHERE rowid=1")),
    "another size": ({"row-differs"}, sql("UPDATE envelopes SET size=size+1 WHERE rowid=1")),
    "another priority": ({"row-differs"}, sql("UPDATE envelopes SET priority=3 WHERE rowid=1")),
    "another kind": ({"row-differs"}, sql("UPDATE envelopes SET kind=1 WHERE rowid=1")),
    "another sender": ({"row-differs"}, sql("UPDATE envelopes SET sender='H99' WHERE rowid=1")),
    "another document": ({"row-differs"}, sql("UPDATE envelopes SET document_id='x' WHERE rowid=1")),
    "a time that is a text": ({"row"}, sql("UPDATE envelopes SET accepted_at='hôm qua' WHERE rowid=1")),
    "a name that is none": ({"row"}, sql("UPDATE envelopes SET sha256='../../x' WHERE rowid=1")),
    "a record gone": ({"log-gap"}, sql("DELETE FROM facts WHERE leaf=3")),
    "the last record gone": (
        {"log-short"},
        sql("DELETE FROM facts WHERE leaf=(SELECT max(leaf) FROM facts)"),
    ),
    "two records exchanged": (
        {"checkpoint-root", "tile"},
        sql(
            "UPDATE facts SET leaf=1000 WHERE leaf=1",
            "UPDATE facts SET leaf=1 WHERE leaf=2",
            "UPDATE facts SET leaf=2 WHERE leaf=1000",
        ),
    ),
    "a record's text": (
        {"record-signature", "checkpoint-root"},
        sql("UPDATE facts SET record=CAST(replace(record, 'H99.31', 'H99.32') AS BLOB) WHERE leaf=0"),
    ),
    "a record that is no JSON": ({"record"}, sql("UPDATE facts SET record=X'FF00' WHERE leaf=1")),
    "a record's signature": (
        {"record-signature"},
        sql("UPDATE facts SET signature=CAST(substr(signature, 1, 300) || X'00' AS BLOB) WHERE leaf=1"),
    ),
    "a record's state": ({"row-differs"}, sql("UPDATE facts SET state='done' WHERE leaf=9")),
    "a record's delivery": (
        {"row-differs"},
        sql("UPDATE facts SET delivery=(SELECT id FROM deliveries WHERE place=2) WHERE leaf=9"),
    ),
    "a record's cause": ({"row-differs"}, sql("UPDATE facts SET cause='handoveR' WHERE cause='handover'")),
    "a record out of the log": ({"record-unlogged"}, sql("UPDATE facts SET leaf=NULL WHERE leaf=9")),
    "a tile's hash": ({"tile"}, sql("UPDATE tiles SET hashes=zeroblob(length(hashes))")),
    "a tile too many": ({"tiles"}, sql("INSERT INTO tiles SELECT 1, 0, zeroblob(32)")),
    "no tiles": ({"tile", "tiles"}, sql("DELETE FROM tiles")),
    "a checkpoint's bytes": (
        {"checkpoint-signature"},
        sql("UPDATE checkpoints SET note=CAST(replace(note, 'relay/', 'relbo/') AS BLOB) WHERE size=2"),
    ),
    "a checkpoint's size": ({"checkpoint"}, sql("UPDATE checkpoints SET size=3 WHERE size=2")),
    "the newest checkpoint gone": (
        {"checkpoint-missing"},
        sql("DELETE FROM checkpoints WHERE size=(SELECT max(size) FROM checkpoints)"),
    ),
    "the log's state": ({"log-state"}, sql("UPDATE notes SET value=X'00' WHERE name='log state'")),
    "a record of the envelope with a delivery": (
        {"row-differs"},
        sql("UPDATE facts SET delivery='x' WHERE leaf=0"),
    ),
    "a record of the envelope with a cause": (
        {"row-differs"},
        sql("UPDATE facts SET cause='x' WHERE leaf=1"),
    ),
    "a record of the envelope with a state": (
        {"row-differs"},
        sql("UPDATE facts SET state='x' WHERE leaf=0"),
    ),
    "a record without its delivery": ({"row-differs"}, sql("UPDATE facts SET delivery='' WHERE leaf=9")),
    "a record without its cause": (
        {"row-differs"},
        sql("UPDATE facts SET cause=NULL WHERE leaf=(SELECT min(leaf) FROM facts WHERE cause='handover')"),
    ),
    "the log's name": ({"log-origin"}, sql("UPDATE notes SET value=X'00' WHERE name='log origin'")),
    "no name of the log": ({"log-origin"}, sql("DELETE FROM notes WHERE name='log origin'")),
    "a log before": ({"log-before"}, sql("INSERT INTO notes VALUES ('log before', X'00')")),
    "the word by its certificate": ({"about"}, sql("UPDATE notes SET value=X'00' WHERE name LIKE 'about %'")),
    "no word by its certificate": ({"about"}, sql("DELETE FROM notes WHERE name LIKE 'about %'")),
    "a note nobody wrote": ({"row"}, sql("INSERT INTO notes VALUES ('la', X'00')")),
    "a stamp that is told and not there": ({"stamped"}, sql("INSERT INTO notes VALUES ('stamped', X'33')")),
    "an agency gone": ({"directory-missing"}, sql("DELETE FROM agencies WHERE code='000.00.12.H99'")),
    "a certificate gone": ({"directory-missing"}, sql("DELETE FROM bindings WHERE place=1")),
    "a fingerprint changed into another": (
        {"directory-missing"},
        sql("UPDATE bindings SET sha256=substr(sha256, 2) || substr(sha256, 1, 1) WHERE place=1"),
    ),
    "a certificate at another agency": (
        {"directory-missing"},
        sql("UPDATE bindings SET agency='H99' WHERE agency='H99.31'"),
    ),
    "the relay's word": ({"about"}, sql("UPDATE notes SET value=X'00' WHERE name='about'")),
    "another's word": (
        {"about-signature"},
        sql(
            """UPDATE notes SET value=CAST(replace(value, '"version":1', '"version":1,"x":1') AS BLOB)"""
            " WHERE name='about'"
        ),
    ),
    "an agency's code": ({"directory"}, sql("UPDATE agencies SET code='H99.99' WHERE code='H99.31'")),
    "a fingerprint": ({"directory"}, sql("UPDATE bindings SET sha256='zz' WHERE place=1")),
    "a use": ({"directory"}, sql("UPDATE bindings SET use='tlt' WHERE place=1")),
    "another form": ({"database-form"}, sql("UPDATE meta SET value=99 WHERE name='schema'")),
    "a table gone": ({"database"}, lambda database: database.execute("DROP TABLE facts")),
}


def codes(report: CheckReport) -> set[str]:
    """Return what was found; every trouble must be readable in both languages."""
    for trouble in report.troubles:
        assert trouble.sentence.text("vi") != trouble.sentence.text("en"), trouble
        assert trouble.advice.text("vi")
        assert trouble.where
    return {trouble.code for trouble in report.troubles}


async def test_every_damage_to_the_database_is_found(
    site: Site, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Rows changed, exchanged, deleted, of another kind: each is told by its own name."""
    await traffic(site, agency_key)
    report = check(site.folder)
    assert report.is_sound, report.troubles
    assert (report.envelopes, report.deliveries, report.bodies) == (4, 8, 4)
    assert report.records == 4 * 2 + 3 + 4
    for name, (expected, damage) in DAMAGES.items():
        copy = tmp_path / "copy.sqlite"
        shutil.copyfile(site.folder / DATABASE, copy)
        shutil.copyfile(site.folder / decisions.NAME, tmp_path / decisions.NAME)
        database = sqlite3.connect(copy)
        with database:
            damage(database)
        database.close()
        found = codes(check_store(copy, site.folder / BODIES, trust))
        assert expected <= found, (name, found)


async def test_flipped_bits_in_the_file_are_found_or_harm_nothing(
    site: Site, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Bits all over the file: never a traceback; what is not told left every value as it was."""
    await traffic(site, agency_key)
    whole = (site.folder / DATABASE).read_bytes()
    assert not (site.folder / f"{DATABASE}-wal").exists()
    copy = tmp_path / "copy.sqlite"

    def content() -> object:
        with sqlite3.connect(copy) as database:
            tables = ("envelopes", "deliveries", "facts", "tiles", "checkpoints", "meta")
            rows = [database.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
        database.close()
        return rows

    copy.write_bytes(whole)
    before, told, silent = content(), 0, 0
    for place in range(0, len(whole), len(whole) // 120):
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        if check_store(copy, site.folder / BODIES, trust).is_sound:
            silent += 1
            assert content() == before, place
        else:
            told += 1
    assert told > 10, (told, silent)


async def test_bodies_that_changed_or_vanished_are_found(site: Site, agency_key: SigningKey) -> None:
    """A bit, the end, the whole file; the advice is to have it sent again, and that mends it."""
    names = await traffic(site, agency_key)
    paths = [site.folder / BODIES / name[:2] / name for name in names]
    sound = paths[0].read_bytes()
    flipped = bytearray(sound)
    flipped[len(sound) // 2] ^= 1
    paths[0].write_bytes(bytes(flipped))
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    paths[2].unlink()
    paths[3].unlink()
    paths[3].mkdir()
    report = check(site.folder)
    assert [trouble.code for trouble in sorted(report.troubles, key=lambda one: one.where)].count(
        "body-damaged"
    ) == 2
    assert codes(report) == {"body-damaged", "body-missing"}
    assert report.count == 4
    assert all("sender" in trouble.advice.text("en") for trouble in report.troubles)
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        assert (await commune.send(sound))[0] == 201
        assert check(site.folder).count == 3  # beside the running relay


async def test_the_command_says_it_in_words_and_in_json(
    site: Site, agency_key: SigningKey, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0 and 1; Vietnamese unless asked otherwise."""
    names = await traffic(site, agency_key, count=4)
    assert run(relay, ["check", str(site.folder)]) == 0
    assert "Không phát hiện sai sót" in capsys.readouterr().err
    (site.folder / BODIES / names[0][:2] / names[0]).unlink()
    assert run(relay, ["check", str(site.folder), "--lang", "en"]) == 1
    said = capsys.readouterr()
    assert "The envelope's bytes are gone." in said.out
    assert "Troubles found: 1." in said.err
    assert run(relay, ["check", str(site.folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], told["count"], told["troubles"][0]["code"]) == (False, 1, "body-missing")
    assert run(relay, ["check", str(site.folder / "không có")]) == 2


def test_records_without_an_acceptance_prove_nothing() -> None:
    """No record, no delivery."""
    assert replay([]).deliveries == {}


async def test_bytes_of_another_user_are_not_gone(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever checks as the wrong user is told so, and asks no sender for anything."""
    await traffic(site, agency_key)

    def refuse(path: Path) -> BinaryIO:
        raise file_error(PermissionError(errno.EACCES, "Permission denied"), path)

    monkeypatch.setattr("relay_server.checking.opening", refuse)
    report = check(site.folder)
    assert codes(report) == {"body-unreadable"}
    assert {"as the user the relay runs as" in one.advice.text("en") for one in report.troubles} == {True}
