"""The evidence log over the wire: receipts that hold offline, tiles for agencies, records for auditors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docsign.envelope.evidence import About, Receipt
from docsign.envelope.evidence_judge import judge_receipt
from docsign.envelope.merkle import Frontier, leaf_hash
from docsign.envelope.signed_note import LogProof, NoteKey, open_checkpoint
from docsign.envelope.tiles import bundles_of, range_hashes, read_bundle
from docsign.errors import StorageError
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.pki import SigningKey, Trust
from docsign.verdict import Indication, SubIndication
from docsign.verification import verify
from relay_server.core.directory import Use
from relay_server.core.logbook import ABOUT
from relay_server.core.refusals import RefusalError
from relay_server.outside import LogKey
from relay_server.register import register
from relay_server.services.log import about, catch_up, checkpoint, introduce
from relay_server.storage.memory import MemoryLedger
from tests.relay.conftest import Client, Site, sealed, sha256
from tests.relay.test_logbook import BOOK, KEY
from tests.relay.values import digest, envelope, fact
from tests.relay.world import SeededRandomness, SetClock, StubNotary, World


async def get(client: Client, path: str) -> bytes:
    """Return what the log serves."""
    code, _, body = await client.call("GET", f"{wire.LOG}/{path}")
    assert code == 200, body
    return body


async def log_key(client: Client) -> NoteKey:
    """Return the key of the relay's log."""
    return NoteKey.parse(About.from_json(json.loads(await get(client, "about"))).log_key)


async def test_a_receipt_proves_its_place_offline_for_ever(
    site: Site, agency_key: SigningKey, trust: Trust
) -> None:
    """Signed record, path, checkpoint, key: the file alone, without the relay; the same file each time."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        envelopes = [sealed(agency_key, number=str(number)) for number in range(1, 6)]
        receipts = [(await commune.send(envelope))[2] for envelope in envelopes]
        code, _, again = await commune.call("GET", wire.receipt_path(sha256(envelopes[0])))
        assert (code, again) == (200, receipts[0])
        assert (await commune.send(envelopes[0]))[2] == receipts[0]
    now = datetime.now(UTC)
    for number, data in enumerate(receipts):
        judged = judge_receipt(data, trust=trust, at=now)
        assert judged.conclusion.indication is Indication.TOTAL_PASSED, judged
        assert "in-log" in [finding.code for finding in judged.findings]
        receipt = judged.receipt
        assert receipt is not None
        assert LogProof.from_text(receipt.proof).index == 2 * number  # acceptance and consignment each
    report = verify(receipts[0], trust=trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED
    assert "in-log" in [finding.code for finding in report.findings]


async def test_a_receipt_with_another_proof_is_not_believed(
    site: Site, agency_key: SigningKey, trust: Trust
) -> None:
    """Another's path, another log's key, another relay's word."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        first, second = [
            Receipt.from_json((await commune.send(sealed(agency_key, number=number)))[2])
            for number in ("1", "2")
        ]
    assert first.about is not None
    foreign = NoteKey(name=NoteKey.parse(first.about.log_key).name, public=bytes(32))
    lies = {
        "log-proof": replace(first, proof=second.proof),
        "log-unknown": replace(first, about=replace(first.about, log_key=str(foreign), signed=b"")),
    }
    for code, lie in lies.items():
        judged = judge_receipt(lie.to_json(), trust=trust, at=datetime.now(UTC))
        assert judged.conclusion.indication is Indication.TOTAL_FAILED
        assert code in [finding.code for finding in judged.findings]
    wrong = json.loads(first.to_json())
    wrong["proof"] = "c2sp.org/tlog-proof@v1\nindex 0\n\n"
    judged = judge_receipt(json.dumps(wrong).encode(), trust=trust, at=datetime.now(UTC))
    assert judged.conclusion.sub_indication is SubIndication.HASH_FAILURE


async def test_hashes_are_for_agencies_and_records_for_auditors(site: Site, agency_key: SigningKey) -> None:
    """Every agency can follow that the log only grows; what is in it is shown to auditors alone."""
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        assert (await commune.call("GET", f"{wire.LOG}/checkpoint"))[0] == 404
        for number in range(1, 4):
            assert (await commune.send(sealed(agency_key, number=str(number))))[0] == 201
        key = await log_key(province)
        checkpoint = open_checkpoint(await get(province, "checkpoint"), key)
        assert checkpoint.size == 6
        tile = await get(province, "tile/0/000.p/6")
        ranges = range_hashes(6, lambda _: tile)
        assert ranges(0, 6) == checkpoint.root
        for path in ("entries/000.p/6", "0/000", "0/000.p/7", "1/000.p/1", "0/001.p/1", "x"):
            assert (await province.call("GET", f"{wire.LOG}/tile/{path}"))[0] == 404, path

        auditor = await register(
            site.folder, "H99", "", tls=(), sign=(), audit=[site.keys / "province-tls.pem"]
        )
        assert {binding.use for binding in auditor.bindings} >= {Use.TLS, Use.AUDIT}
        entries: list[bytes] = []
        for bundle in bundles_of(6):
            entries += read_bundle(await get(province, f"tile/{bundle.path}"), bundle.width)
        assert Frontier().grown(map(leaf_hash, entries)).root == checkpoint.root
        record = json.loads(entries[0])
        assert record["evidence"]["event"].endswith("SubmissionAcceptance")
        assert (await commune.call("GET", f"{wire.LOG}/tile/entries/000.p/6"))[0] == 404


async def test_the_log_goes_on_after_a_restart(site: Site, agency_key: SigningKey) -> None:
    """The same origin and key; each checkpoint over all before."""
    keys, sizes = [], []
    for number in range(1, 4):
        async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
            await commune.send(sealed(agency_key, number=str(number)))
            keys.append(await log_key(commune))
            sizes.append(open_checkpoint(await get(commune, "checkpoint"), keys[0]).size)
    assert sizes == [2, 4, 6]
    assert len(set(keys)) == 1


async def test_a_log_is_never_continued_with_another_key(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """A lost or exchanged key file stops the relay: a new key is a new log."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        await commune.send(sealed(agency_key))
    path = site.folder / "log.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    with pytest.raises(StorageError, match="another key"):
        async with site.served():
            raise AssertionError
    path.write_text("không phải khóa")
    with pytest.raises(StorageError, match="not the key"):
        LogKey.open(path)


async def test_the_relays_word_on_its_log_is_kept_and_each_certificate_has_its_own() -> None:
    """Said once; a new certificate says it anew of the same log, and what the old one said stays."""
    ledger, clock, notary = MemoryLedger(), SetClock(), StubNotary()

    async def word(public: bytes = KEY.public) -> About:
        return await introduce(ledger, notary, clock, SeededRandomness(clock.moment.hour), public)

    first = await word()
    clock.move(timedelta(hours=1))
    assert await word() == first
    notary.certificate = digest("chứng thư mới")
    second = await word()
    assert (second.log_key, second.certificate, second.time) == (
        first.log_key,
        notary.certificate,
        clock.moment,
    )
    for one in (first, second):
        assert await ledger.read(lambda tx, one=one: tx.note(f"{ABOUT} {one.certificate}")) == one.to_bytes()  # type: ignore[misc]
    assert await word() == second
    with pytest.raises(StorageError, match="another key"):
        await word(bytes(32))


async def test_what_is_kept_and_not_sealed_is_sealed_at_the_start() -> None:
    """A restored relay proves every record, as if it had been in the log from the moment it was kept."""
    ledger = MemoryLedger()
    for number in range(3):
        sent = envelope(f"công văn {number}")
        await ledger.write(lambda tx, sent=sent: tx.add_fact(fact(sent)))  # type: ignore[misc]
    assert (await ledger.read(lambda tx: tx.log_state())).size == 0
    ledger.keep_log(BOOK)
    assert [await catch_up(ledger) for _ in range(2)] == [3, 3]
    assert (await ledger.read(lambda tx: tx.log_state())).size == 3


async def test_a_relay_without_a_log_says_that_there_is_none() -> None:
    """Nothing to show of it, and receipts go without a proof."""
    world = await World.make("H99.31", "H99")
    receipt = await world.send("H99|Về việc báo cáo")
    assert (receipt.proof, receipt.about) == ("", None)
    with pytest.raises(RefusalError) as caught:
        about(world.relay)
    assert caught.value.kind is ProblemType.NOT_FOUND
    with pytest.raises(RefusalError) as caught:
        await checkpoint(world.relay)
    assert caught.value.kind is ProblemType.NOT_FOUND
