"""Every decision about who may do what is written down: the operator's in a file, the relay's in its log."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docsign.errors import DiskFullError, TrustError, UsageError
from docsign.exchange import wire
from docsign.pki import SigningKey
from docsign.pki.certificates import fingerprint
from docsign.sentence import say
from relay_server import decisions
from relay_server.app import DATABASE
from relay_server.backup import backup, check_backup, restore
from relay_server.checking import check
from relay_server.core.directory import Use
from relay_server.register import (
    delegate,
    end_grant,
    granted,
    read_binding,
    register,
    registered,
    rotate_certificate,
)
from tests.conftest import Holders
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.test_delegation import CLERK, proof
from tests.relay.test_wire_api import status


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the operator's decisions; every line must be readable."""
    found = list(decisions.read(folder))
    assert None not in found
    return [line for line in found if line is not None]


async def test_every_change_of_the_directory_is_a_line_before_it_counts(
    site: Site, agency_key: SigningKey, province_key: SigningKey, tmp_path: Path
) -> None:
    """Registered, rotated, granted, ended, and each of them refused: who, which certificate, why not."""
    path = tmp_path / "clerk-tls.pem"
    path.write_bytes(site.authority.issue("tls", "Máy của xã Thử", agency=CLERK).pem())
    bound = read_binding(path, Use.TLS)
    before = len(lines(site.folder))
    grant = proof(agency_key)
    data = grant.to_bytes()
    with pytest.raises(UsageError):
        await register(site.folder, CLERK, "", tls=[path], sign=[])
    await register(site.folder, CLERK, "UBND xã Thử", tls=[path], sign=[])
    with pytest.raises(UsageError):
        await rotate_certificate(site.folder, CLERK, bound, told="0" * 16, overlap=timedelta())
    with pytest.raises(TrustError):
        await delegate(site.folder, proof(province_key).to_bytes(), where="uy-quyen.json")
    await delegate(site.folder, data, where="uy-quyen.json")
    await end_grant(site.folder, grant.grant.id)
    told = lines(site.folder)[before:]
    assert [(line["event"], line["allowed"]) for line in told] == [
        ("agency registered", False),
        ("agency registered", True),
        ("certificate rotated", False),
        ("grant taken", False),
        ("grant taken", True),
        ("grant ended", True),
    ]
    assert told[1]["certificates"] == [f"tls {bound.sha256}"]
    assert (told[2]["certificate"], told[2]["told"]) == (f"tls {bound.sha256}", "0" * 16)
    assert "H99.31" in told[3]["reason"]
    assert (told[4]["grantor"], told[4]["delegate"], told[4]["grant"]) == ("H99.31", CLERK, grant.grant.id)
    assert told[4]["signer"] == fingerprint(agency_key.certificate)
    assert told[5]["grant"] == grant.grant.id


async def test_what_cannot_be_written_down_is_not_done(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while the line is written: the directory stays as it was."""
    await register(site.folder, CLERK, "UBND xã Thử", tls=[], sign=[])

    def full(*_: object, **__: object) -> None:
        raise DiskFullError(say("The disk is full: nothing was written."))

    before = await registered(site.folder)
    monkeypatch.setattr(decisions, "note", full)
    with pytest.raises(DiskFullError):
        await register(site.folder, "H99.33", "UBND xã Nháp", tls=[], sign=[])
    with pytest.raises(DiskFullError):
        await delegate(site.folder, proof(agency_key).to_bytes(), where="uy-quyen.json")
    assert await registered(site.folder) == before
    assert await granted(site.folder) == ()


async def test_a_grant_that_counts_again_though_it_was_ended_is_found(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """The database says it holds, the operator's file that it was ended; a backup carries both along."""
    await register(site.folder, CLERK, "UBND xã Thử", tls=[], sign=[])
    await delegate(site.folder, proof(agency_key).to_bytes(), where="uy-quyen.json")
    await end_grant(site.folder, proof(agency_key).grant.id)
    backup(site.folder, tmp_path / "copy")
    assert check_backup(tmp_path / "copy").troubles == []
    assert restore(tmp_path / "copy", tmp_path / "again")[1] is not None
    assert lines(tmp_path / "again") == lines(site.folder)
    assert check(site.folder).troubles == []
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("UPDATE grants SET ended_at = NULL")
    (trouble,) = check(site.folder).troubles
    assert trouble.code == "grant-ended"
    assert "--end" in trouble.advice.text("en")
    await end_grant(site.folder, proof(agency_key).grant.id)
    damage(site.folder / decisions.NAME)
    (trouble,) = check(site.folder).troubles
    assert (trouble.code, trouble.where) == ("directory-log", f"{decisions.NAME}:1")


async def test_a_line_cut_short_stays_one_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Power was cut while a line was written, or the disk was full: what comes after it is whole."""
    path = site.folder / decisions.NAME
    before = lines(site.folder)
    with path.open("ab") as stream:
        stream.write(b'{"time": "2026-11-2')
    await register(site.folder, CLERK, "UBND xã Thử", tls=[], sign=[])
    found = list(decisions.read(site.folder))
    assert (found[: len(before)], found[-2]) == (before, None)
    assert found[-1] is not None
    assert found[-1]["agency"] == CLERK
    (trouble,) = check(site.folder).troubles
    assert (trouble.code, trouble.where) == ("directory-log", f"{decisions.NAME}:{len(found) - 1}")
    path.write_bytes(b"".join(one for one in path.read_bytes().splitlines(True) if one.endswith(b"}\n")))
    assert check(site.folder).is_sound

    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:20]))
    with pytest.raises(DiskFullError):
        await register(site.folder, "H99.33", "UBND xã Khác", tls=[], sign=[])
    monkeypatch.undo()
    assert "H99.33" not in [one.code for one in await registered(site.folder)]


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"event":"grant ended","allowed":true,"grant":[1]}'])
def test_a_line_of_nonsense_ends_no_check(site: Site, line: bytes) -> None:
    """Whatever stands there, the check goes on."""
    with (site.folder / decisions.NAME).open("ab") as stream:
        stream.write(line + b"\n")
    assert {one.code for one in check(site.folder).troubles} <= {"directory-log"}


def damage(path: Path) -> None:
    """Cut the first line of a file short."""
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first[:-5] + b"\n" + rest)


async def test_every_decision_about_a_request_is_logged(
    site: Site, agency_key: SigningKey, holders: Holders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Let in or not, found or not, allowed or not: agency, certificate, what was asked, and why not."""
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(site.authority.issue("tls", "Máy lạ", agency="H99.31").pem())
    caplog.set_level(logging.INFO, "docsign.relay")
    envelope = sealed(agency_key, to=("H99.12",))
    name = sha256(envelope)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
        site.client(relay.url, stranger) as unknown,
    ):
        await unknown.call("GET", wire.INBOX)
        await province.send(envelope)
        await commune.send(envelope)
        await province.call("GET", wire.envelope_path(name))
        await commune.call("POST", wire.statuses_path(name), data=status("03", sender="H99.31"))
    told = [one.__dict__["facts"] for one in caplog.records if one.getMessage() == "request"]
    assert [(one["agency"], one["method"], one["status"], one["problem"]) for one in told] == [
        (None, "GET", 403, "unknown-agency"),
        ("H99", "POST", 403, "not-your-agency"),
        ("H99.31", "POST", 201, None),
        ("H99", "GET", 404, "not-found"),
        ("H99.31", "POST", 409, "status-not-allowed"),
    ]
    assert [one["certificate"] for one in told[1:3]] == [
        fingerprint(holders.province_tls.certificate),
        fingerprint(holders.commune_tls.certificate),
    ]
    assert told[0]["certificate"] not in (told[1]["certificate"], None)
    assert told[3]["path"] == wire.envelope_path(name)
    assert all(one["reason"] for one in told if one["status"] >= 400)
    assert all(json.dumps(one) for one in told)
