"""The log is time-stamped in the background; when that fails too long, nothing is accepted, in words."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp

from docsign.ades.timestamp_files import judge_timestamp_file
from docsign.envelope.evidence import Receipt
from docsign.envelope.evidence_judge import judge_receipt
from docsign.envelope.signed_note import open_checkpoint
from docsign.errors import TimestampError
from docsign.exchange import Outbox, RelayClient, wire
from docsign.exchange.outbox import STAMPED_AFTER
from docsign.exchange.wire import ProblemType
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.fetch import fetch_timestamp
from docsign.sentence import say
from docsign.verdict import Conclusion, Indication, SubIndication
from docsign.verification import verify
from relay_server.app import DATABASE
from relay_server.backup import backup, restore
from relay_server.checking import check
from relay_server.core.refusals import RefusalError
from relay_server.services.stamp import Stamping, stamp_over
from tests.conftest import PASSPHRASE
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.test_logbook import BOOK, KEY
from tests.relay.test_wire_api import problem, take
from tests.relay.values import NOW
from tests.relay.world import World


async def test_the_newest_checkpoint_is_stamped_and_served(
    site: Site, agency_key: SigningKey, tsa_url: str
) -> None:
    """Token and checkpoint belong together; the relay is in order, and a restored one begins anew."""
    async with (
        site.served(tsa=tsa_url, stamp_seconds=1) as here,
        site.client(here.url, "commune-tls") as commune,
    ):
        assert (await commune.call("GET", f"{wire.LOG}/checkpoint.tst"))[0] == 404
        assert (await commune.send(sealed(agency_key)))[0] == 201
        for _ in range(100):
            code, _, token = await commune.call("GET", f"{wire.LOG}/checkpoint.tst")
            if code == 200:
                break
            await asyncio.sleep(0.05)
        note = (await commune.call("GET", f"{wire.LOG}/checkpoint.stamped"))[2]
        assert note == (await commune.call("GET", f"{wire.LOG}/checkpoint"))[2]
        content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
        assert isinstance(content.parsed, tsp.TSTInfo)
        imprint = content.parsed["message_imprint"]["hashed_message"].native
        assert imprint == hashlib.sha256(note).digest()
        async with commune.session.get(here.health_url + wire.READY) as answer:
            told = json.loads(await answer.read())
        assert (told["ready"], told["accepting"], told["stamping"]) == (True, True, "in order")
    assert check(site.folder).is_sound
    backup(site.folder, site.folder.parent / "b")
    restore(site.folder.parent / "b", site.folder.parent / "n")
    again = Site(folder=site.folder.parent / "n", authority=site.authority, keys=site.keys)
    async with again.served() as here, again.client(here.url, "commune-tls") as commune:
        assert (await commune.call("GET", f"{wire.LOG}/checkpoint.tst"))[0] == 404


async def test_a_receipt_fetched_later_carries_the_stamp(
    site: Site, agency_key: SigningKey, tsa_url: str, trust: Trust
) -> None:
    """The first stamped checkpoint over the record, for ever; what was answered first stays as it is."""
    first, second = (sealed(agency_key, number=number) for number in ("1", "2"))
    path = wire.receipt_path(sha256(first))
    async with (
        site.served(tsa="http://127.0.0.1:1/", stamp_seconds=3600) as here,
        site.client(here.url, "commune-tls") as commune,
    ):
        stamping, ledger = here.relay.stamping, here.relay.ledger
        assert stamping is not None
        _, _, answered = await commune.send(first)
        assert (await commune.call("GET", path))[2] == answered
        stamping.fetch = lambda digest: fetch_timestamp(tsa_url, digest)
        assert await stamping.stamp(ledger, datetime.now(UTC)) == 2
        _, _, stamped = await commune.call("GET", path)
        assert (await commune.send(second))[0] == 201
        unstamped = Receipt.from_json((await commune.call("GET", wire.receipt_path(sha256(second))))[2])
        assert await stamping.stamp(ledger, datetime.now(UTC)) == 4
        assert (await commune.call("GET", path))[2] == stamped
        assert (await commune.send(first))[2] == answered
        later = Receipt.from_json((await commune.call("GET", wire.receipt_path(sha256(second))))[2])
    assert unstamped.stamp == b""
    assert later.stamp
    plain, proved = Receipt.from_json(answered), Receipt.from_json(stamped)
    assert (plain.signed, plain.signature) == (proved.signed, proved.signature)
    judged = judge_receipt(stamped, trust=trust, at=datetime.now(UTC) + timedelta(minutes=1))
    assert judged.conclusion.indication is Indication.TOTAL_PASSED
    assert [one.conclusion.indication for one in judged.timestamps] == [Indication.TOTAL_PASSED]
    assert proved.about is not None
    assert judge_timestamp_file(
        proved.about.stamp, content=proved.about.stamped, trust=trust, at=datetime.now(UTC)
    ).intact


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE notes SET value=CAST(substr(value, 1, 60) || X'00' AS BLOB) WHERE name LIKE 'stamp size %2'",
        "UPDATE notes SET value=(SELECT value FROM notes WHERE name LIKE '%4') WHERE name LIKE '%size %2'",
        "UPDATE notes SET value=X'' WHERE name LIKE 'stamp size %2'",
        "UPDATE notes SET value=X'3000' WHERE name LIKE 'about stamp %'",
        "DELETE FROM checkpoints WHERE size = 2",
    ],
)
async def test_damage_to_a_stamp_is_found(
    site: Site, agency_key: SigningKey, tsa_url: str, damage: str
) -> None:
    """A token that is another's, changed or empty, or whose checkpoint is gone, would spoil receipts."""
    async with site.served(tsa="http://127.0.0.1:1/", stamp_seconds=3600) as here:
        stamping, ledger = here.relay.stamping, here.relay.ledger
        assert stamping is not None
        stamping.fetch = lambda digest: fetch_timestamp(tsa_url, digest)
        async with site.client(here.url, "commune-tls") as commune:
            for number in ("1", "2"):
                assert (await commune.send(sealed(agency_key, number=number)))[0] == 201
                await stamping.stamp(ledger, datetime.now(UTC))
    assert check(site.folder).is_sound
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        assert database.execute(damage).rowcount == 1
    assert {one.code for one in check(site.folder).troubles} == {"stamp"}
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("DELETE FROM notes WHERE name LIKE 'stamp size %4'")
    assert "stamped" in {one.code for one in check(site.folder).troubles}


async def test_receipts_outlive_a_change_of_the_relays_certificate(
    site: Site, agency_key: SigningKey, authority: TrialAuthority, tsa_url: str, trust: Trust
) -> None:
    """A record goes with the word of the certificate that signed it, before and after the change."""
    before, after = (sealed(agency_key, number=number) for number in ("1", "2"))
    async with (
        site.served(tsa=tsa_url, stamp_seconds=3600) as here,
        site.client(here.url, "commune-tls") as commune,
    ):
        assert (await commune.send(before))[0] == 201
    renewed = authority.issue("relay", "Trục thử nghiệm")
    (site.folder / "relay-2.p12").write_bytes(renewed.pkcs12(PASSPHRASE))
    async with (
        site.served(
            key=f"pkcs12:{site.folder / 'relay-2.p12'}", tsa="http://127.0.0.1:1/", stamp_seconds=3600
        ) as here,
        site.client(here.url, "commune-tls") as commune,
    ):
        stamping = here.relay.stamping
        assert stamping is not None
        stamping.fetch = lambda digest: fetch_timestamp(tsa_url, digest)
        found = []
        for envelope in (before, after):
            found.append((await commune.send(envelope))[2])
            await stamping.stamp(here.relay.ledger, datetime.now(UTC))
            found.append((await commune.call("GET", wire.receipt_path(sha256(envelope))))[2])
    trust = Trust.from_path(authority.trust_folder)
    for data in found:
        judged = judge_receipt(data, trust=trust, at=datetime.now(UTC) + timedelta(minutes=1))
        assert judged.conclusion.indication is Indication.TOTAL_PASSED, judged
        assert "in-log" in [one.code for one in judged.findings]
    words = [Receipt.from_json(data).about for data in found]
    assert len({word.certificate for word in words if word}) == 2
    assert all(word and word.stamp for word in words[1::2])


async def test_a_kept_receipt_outlives_the_relay(
    site: Site, agency_key: SigningKey, authority: TrialAuthority, tsa_url: str, tmp_path: Path
) -> None:
    """From the outbox: fetched again with stamp and lists, proved after the relay's certificate has ended."""
    now = datetime.now(UTC)
    brief = authority.issue("relay", "Trục thử nghiệm", not_after=now + timedelta(hours=1))
    (site.folder / "brief.p12").write_bytes(brief.pkcs12(PASSPHRASE))
    trust = Trust.from_path(authority.trust_folder)
    clock = now
    async with site.served(
        key=f"pkcs12:{site.folder / 'brief.p12'}", tsa="http://127.0.0.1:1/", stamp_seconds=3600
    ) as here:
        assert here.relay.stamping is not None
        here.relay.stamping.fetch = lambda digest: fetch_timestamp(tsa_url, digest)
        with Outbox(tmp_path / "hop", clock=lambda: clock) as outbox:
            outbox.add(sealed(agency_key))
            async with RelayClient(here.url, identity=site.keys / "commune-tls.pem", trust=trust) as client:
                (sent,) = await outbox.run(client)
                clock += STAMPED_AFTER
                assert await outbox.refresh(client) == 0  # not stamped yet
                await here.relay.stamping.stamp(here.relay.ledger, datetime.now(UTC))
                assert await outbox.refresh(client) == 1
                assert outbox.unstamped() == ()
            (kept,) = outbox.entries(finished=True)
    assert sent.receipt is not None
    assert kept.receipt is not None
    assert set(Receipt.from_json(kept.receipt).crls) == set(trust.crls)
    later = now + timedelta(hours=2)
    plain = verify(sent.receipt, trust=trust, at=later, offline=True)
    assert plain.conclusion == Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert plain.findings[-1].code == "receipt-unstamped"
    assert verify(kept.receipt, trust=trust, at=later, offline=True).conclusion == Conclusion.passed()


async def test_the_stop_rule_refuses_new_envelopes_alone(site: Site, agency_key: SigningKey) -> None:
    """A service that is not there: within the limit all goes on; past it 503 in words, the rest goes on."""
    first = sealed(agency_key, number="1")
    async with (
        site.served(tsa="http://127.0.0.1:1/", stamp_seconds=1) as here,
        site.client(here.url, "commune-tls") as commune,
        site.client(here.url, "province-tls") as province,
    ):
        stamping = here.relay.stamping
        assert stamping is not None
        assert (await commune.send(first))[0] == 201
        with pytest.raises(TimestampError):
            await stamping.stamp(here.relay.ledger, datetime.now(UTC))
        stamping.limit = timedelta(0)
        told = problem(await commune.send(sealed(agency_key, number="2")), ProblemType.BUSY)
        assert "time-stamped" in told.en
        assert "dấu thời gian" in told.vi
        assert told.retry
        await take(province, first)
        assert (await commune.trace(sha256(first))).deliveries[0].state == "handed-over"
        async with commune.session.get(here.health_url + wire.READY) as answer:
            shown = json.loads(await answer.read())
        assert (shown["ready"], shown["accepting"]) == (True, False)
        assert shown["stamping"].startswith("failing since")
        stamping.fetch = lambda digest: b"token" + digest
        assert await stamping.stamp(here.relay.ledger, datetime.now(UTC)) == 3
        assert await stamping.stamp(here.relay.ledger, datetime.now(UTC)) == 0  # nothing new
        assert (await commune.send(sealed(agency_key, number="2")))[0] == 201


async def test_the_limit_counts_from_the_oldest_record_without_a_stamp() -> None:
    """Not from the last failure, nor from a restart; a success ends it, and a bug counts like any other."""
    world = await World.make("H99.31", "H99")
    ledger = world.ledger
    ledger.keep_log(BOOK)

    def fails(_digest: bytes) -> bytes:
        raise TimestampError(say("The relay's storage fails; its operator has to look."))

    stamping = Stamping(fetch=fails, limit=timedelta(hours=4))
    assert await stamping.stamp(ledger, NOW) == 0  # no log, nothing to stamp
    await world.send("H99|Về việc báo cáo")
    for hours in range(1, 6):
        with pytest.raises(TimestampError):
            await stamping.stamp(ledger, NOW + timedelta(hours=hours))
    begun_again = Stamping(fetch=fails, limit=timedelta(hours=4))
    begun_again.require_working(NOW + timedelta(hours=6))  # it has not tried yet
    with pytest.raises(TimestampError):
        await begun_again.stamp(ledger, NOW + timedelta(hours=6))
    for one in (stamping, begun_again):
        one.require_working(NOW + timedelta(hours=4))
        with pytest.raises(RefusalError, match=r"since 2026-11-16 02:15 UTC .*its operator has to look"):
            one.require_working(NOW + timedelta(hours=4, milliseconds=1))
    stamping.fetch = lambda digest: digest
    assert await stamping.stamp(ledger, NOW + timedelta(hours=6)) == 2
    stamping.require_working(NOW + timedelta(hours=9))
    world.clock.move(timedelta(hours=9))
    await world.send("H99|Về việc khác")

    def has_a_bug(_digest: bytes) -> bytes:
        raise ZeroDivisionError

    stamping.fetch = has_a_bug
    with pytest.raises(ZeroDivisionError):
        await stamping.stamp(ledger, NOW + timedelta(hours=10))
    stamping.require_working(NOW + timedelta(hours=13))  # counted anew
    with pytest.raises(RefusalError, match=r"since 2026-11-16 11:15 UTC .*in its log"):
        stamping.require_working(NOW + timedelta(hours=13, milliseconds=1))


async def test_a_clock_that_was_set_back_counts_from_now() -> None:
    """The oldest record without a stamp is of a day to come."""
    world = await World.make("H99.31", "H99")

    def fails(_digest: bytes) -> bytes:
        raise TimestampError(say("The relay's storage fails; its operator has to look."))

    stamping = Stamping(fetch=fails, limit=timedelta(hours=4))
    world.ledger.keep_log(BOOK)
    world.clock.move(timedelta(hours=20))
    await world.send("H99|Về việc báo cáo")
    with pytest.raises(TimestampError):
        await stamping.stamp(world.ledger, NOW)
    assert stamping.failing_since == NOW


async def test_a_record_goes_with_the_first_stamp_over_it() -> None:
    """The last record under a checkpoint belongs to it, the next one to the next; what is newer has none."""
    world = await World.make("H99.31", "H99")
    ledger = world.ledger
    ledger.keep_log(BOOK)
    stamping = Stamping(fetch=lambda digest: digest, limit=timedelta(hours=4))
    for number, size in ((1, 2), (2, 4)):
        await world.send(f"H99|văn bản {number}")
        assert await stamping.stamp(ledger, NOW) == size
    await world.send("H99|văn bản 3")
    sizes = []
    for index in range(6):
        found = await ledger.read(lambda tx, index=index: stamp_over(tx, index))  # type: ignore[misc]
        if found is not None:
            assert found[1] == hashlib.sha256(found[0]).digest()
        sizes.append(found and open_checkpoint(found[0], KEY).size)
    assert sizes == [2, 2, 4, 4, None, None]
