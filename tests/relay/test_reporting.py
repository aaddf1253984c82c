"""The report of a period: every envelope and delivery counted once, at the place it stands now."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from docsign.cli import run
from docsign.errors import StorageError, UsageError
from docsign.exchange import wire
from docsign.pki import SigningKey
from relay_server.app import DATABASE
from relay_server.cli import relay
from relay_server.report_text import csv_lines, text_lines
from relay_server.reporting import Counts, PeriodReport, count
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.test_checking import traffic

DEPARTMENT = "000.00.12.H99"
DAY = timedelta(days=1)


async def test_envelopes_deliveries_and_states_are_counted_once(site: Site, agency_key: SigningKey) -> None:
    """Four envelopes to two receivers each: one is being fetched, three were handed over and answered."""
    names = await traffic(site, agency_key)
    now = datetime.now(UTC)
    made = count(site.folder, now - DAY, now + DAY, now=now)
    assert [one.code for one in made.agencies] == [DEPARTMENT, "H99", "H99.31"]
    department, province, commune = made.agencies
    sizes = sum(len(path.read_bytes()) for path in (site.folder / "bodies").glob("??/*"))
    assert (commune.envelopes, commune.size) == (len(names), sizes)
    assert commune.sent == {"queued": 4, "leased": 1, "handed-over": 1, "accepted": 1, "done": 1}
    assert province.received == {"leased": 1, "handed-over": 1, "accepted": 1, "done": 1}
    assert department.received == {"queued": 4}
    assert (commune.received, province.sent, made.warnings) == ({}, {}, ())
    assert made.total.sent == made.total.received == commune.sent
    assert (made.total.envelopes, made.total.size) == (4, sizes)
    alone = count(site.folder, now - DAY, now + DAY, now=now, agency="H99.12")
    assert [one.to_json() for one in alone.agencies] == [department.to_json()]
    lease_over = count(site.folder, now - DAY, now + DAY, now=now + 10 * DAY)
    assert lease_over.agencies[1].received["queued"] == 1


async def test_a_period_has_a_first_moment_and_ends_before_its_end(
    site: Site, agency_key: SigningKey
) -> None:
    """An envelope counts on the day it was accepted, whatever happens to it later."""
    envelope = sealed(agency_key)
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        assert (await commune.send(envelope))[0] == 201
        at = (await commune.trace(sha256(envelope))).accepted_at
    now = at + 5 * DAY

    def envelopes(begin: datetime, end: datetime) -> int:
        return count(site.folder, begin, end, now=now).total.envelopes

    assert envelopes(at, at + timedelta(milliseconds=1)) == 1
    assert envelopes(at - DAY, at) == 0
    assert envelopes(at + timedelta(milliseconds=1), at + DAY) == 0


async def test_what_is_late_expired_or_ending_is_warned_of(site: Site, agency_key: SigningKey) -> None:
    """Unfetched for three days, not fetched in time, a certificate that ends: each in a sentence."""
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        assert (await commune.send(sealed(agency_key)))[0] == 201
        short = {wire.TIME_TO_LIVE_HEADER: "1"}
        assert (await commune.send(sealed(agency_key, number="2"), **short))[0] == 201
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("UPDATE deliveries SET state='expired', unfetched=0 WHERE warn_at IS NULL")
    now = datetime.now(UTC) + 4 * DAY
    made = count(site.folder, now - 30 * DAY, now, now=now)
    assert [one.text("en") for one in made.warnings] == [
        "H99 has not fetched 1 documents for 3 days.",
        "H99 did not fetch 1 documents in time.",
    ]
    assert made.agencies[0].late == 1
    later = count(site.folder, now, now, now=now + timedelta(days=365 * 3), agency="H99.31")
    assert [one.text("en").partition(" ends")[0] for one in later.warnings] == [
        "H99.31: its certificate (sign)",
        "H99.31: its certificate (tls)",
    ]
    assert all(one.text("vi") != one.text("en") for one in (*made.warnings, *later.warnings))


def test_what_cannot_be_counted(site: Site) -> None:
    """An agency nobody knows, and a database of another version."""
    now = datetime.now(UTC)
    with pytest.raises(UsageError, match=r"H99\.77"):
        count(site.folder, now, now, now=now, agency="H99.77")
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("UPDATE meta SET value = 3 WHERE name = 'schema'")
    with pytest.raises(StorageError, match="docsign-relay migrate"):
        count(site.folder, now, now, now=now)


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    """One line an agency, a column a state; a terminal gets no control characters either."""
    one = Counts(code="H99.31", name='=HYPERLINK("http://x","UBND\x1b[31m")', envelopes=2, size=7, late=1)
    one.sent["queued"] = 3
    now = datetime(2026, 12, 1, tzinfo=UTC)
    made = PeriodReport(begin=now - 30 * DAY, end=now, agencies=(one,), warnings=())
    columns, line = csv.reader(csv_lines(made))
    row = dict(zip(columns, line, strict=True))
    assert row["name"].startswith("'=HYPERLINK")
    assert (row["envelopes"], row["bytes"], row["late"]) == ("2", "7", "1")
    assert (row["sent_queued"], row["received_queued"]) == ("3", "0")
    shown = "\n".join(text_lines(made, "vi"))
    assert "\x1b" not in shown
    assert "Từ 2026-11-01 đến 2026-11-30" in shown


async def test_the_command(site: Site, agency_key: SigningKey, capsys: pytest.CaptureFixture[str]) -> None:
    """Words, a table or JSON; the month so far unless said; days that are none or reversed are refused."""
    await traffic(site, agency_key)
    command = ["report", str(site.folder)]
    assert run(relay, command) == 0
    out = capsys.readouterr().out
    assert "H99.31  UBND xã Mẫu" in out
    assert "gửi: 4 văn bản" in out
    assert run(relay, [*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["total"]["envelopes"] == 4
    assert told["begin"].endswith("-01T00:00:00+07:00")
    assert run(relay, [*command, "--csv", "--agency", "000.00.31.H99"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run(relay, [*command, "--from", "2020-01-01", "--until", "2020-12-31", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agencies"] == []
    for wrong in (
        ["--csv", "--json"],
        ["--from", "2026-02-01", "--until", "2026-01-31"],
        ["--from", "mai"],
        ["--until", "9999-12-31"],
    ):
        assert run(relay, [*command, *wrong]) == 2
        assert capsys.readouterr().err
