"""The evidence log over the wire: receipts that hold offline, tiles for agencies, records for auditors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign.envelope.evidence import About, Receipt
from docsign.envelope.evidence_judge import judge_receipt
from docsign.envelope.merkle import Frontier, leaf_hash
from docsign.envelope.signed_note import LogProof, NoteKey, open_checkpoint
from docsign.envelope.tiles import bundles_of, range_hashes, read_bundle
from docsign.errors import StorageError
from docsign.exchange import wire
from docsign.pki import SigningKey, Trust
from docsign.verdict import Indication, SubIndication
from docsign.verification import verify
from relay_server.core.directory import Use
from relay_server.outside import LogKey
from relay_server.register import register
from tests.relay.conftest import Client, Site, sealed, sha256


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
