"""Following a relay's log: growth is believed, and every way of lying about the past is seen."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from docsign.cli import run
from docsign.envelope.merkle import EMPTY_ROOT, Frontier, leaf_hash
from docsign.envelope.signed_note import Checkpoint
from docsign.errors import EvidenceError, StorageError
from docsign.exchange.client import RelayClient
from docsign.pki import SigningKey, Trust
from relay_server.app import DATABASE
from relay_server.audit import AuditReport, follow
from relay_server.backup import backup, restore
from relay_server.cli import relay
from relay_server.core.following import Continuation, Seen, checkpoint_in
from relay_server.register import register
from tests.relay.conftest import Site, sealed


async def send(site: Site, key: SigningKey, *numbers: int) -> list[bytes]:
    """Serve, send envelopes of these numbers, and return the receipts."""
    async with site.served() as here, site.client(here.url, "commune-tls") as commune:
        return [(await commune.send(sealed(key, number=str(number))))[2] for number in numbers]


Lie = Callable[[str, bytes], bytes]


async def audited(
    site: Site,
    trust: Trust,
    seen: Seen | None = None,
    *,
    lie: Lie = lambda _path, data: data,
    others: tuple[bytes, ...] = (),
    whole: bool = False,
) -> AuditReport:
    """Serve and follow the log as the province; ``lie`` changes what is shown."""
    async with (
        site.served() as here,
        RelayClient(here.url, identity=site.keys / "province-tls.pem", trust=trust) as client,
    ):

        async def read(path: str) -> bytes:
            return lie(path, await client.log_part(path))

        return await follow(read, trust=trust, seen=seen, others=others, whole=whole)


def codes(report: AuditReport) -> list[str]:
    """Return what was found; every sentence is there in Vietnamese."""
    for _, sentence in report.troubles:
        assert sentence.text("vi") != sentence.text("en")
    assert (report.seen is None) == (not report.is_in_order) or report.size == 0
    return [code for code, _ in report.troubles]


async def test_growth_is_followed_with_records_and_without(
    site: Site, agency_key: SigningKey, trust: Trust
) -> None:
    """Hashes for every agency, records for auditors; only what is new is read."""
    empty = await audited(site, trust)
    assert (empty.is_in_order, empty.size, empty.seen) == (True, 0, None)
    await send(site, agency_key, *range(1, 4))
    first = await audited(site, trust)
    assert (codes(first), first.size, first.new, first.records_shown) == ([], 6, 6, False)
    await register(site.folder, "H99", "", tls=(), sign=(), audit=[site.keys / "province-tls.pem"])
    await send(site, agency_key, 4)
    assert first.seen is not None
    second = await audited(site, trust, Seen.from_bytes(first.seen.to_bytes(), where="x"))
    assert (codes(second), second.size, second.new, second.records_shown) == ([], 8, 2, True)
    third = await audited(site, trust, second.seen, whole=True)
    assert (codes(third), third.size, third.new) == ([], 8, 0)


async def test_a_log_that_goes_back_or_another_way_is_seen(
    site: Site, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """An old copy of the folder served again under the same key: smaller, as large, larger; two readers."""
    await register(site.folder, "H99", "", tls=(), sign=(), audit=[site.keys / "province-tls.pem"])
    await send(site, agency_key, 1, 2)
    old = tmp_path / "old"
    shutil.copytree(site.folder, old)
    (receipt,) = await send(site, agency_key, 3)
    seen = (await audited(site, trust)).seen
    assert seen is not None
    other = Site(folder=old, authority=site.authority, keys=site.keys)
    assert codes(await audited(other, trust, seen)) == ["shrunk"]
    assert codes(await audited(other, trust, others=(receipt,))) == ["fork"]
    await send(other, agency_key, 4)
    assert codes(await audited(other, trust, seen)) == ["fork"]
    await send(other, agency_key, 5, 6)
    assert codes(await audited(other, trust, seen)) == ["fork"]
    assert codes(await audited(other, trust, seen, whole=True)) == ["fork"]
    # a reader who saw neither begins in good faith; what others hold shows it
    alone = await audited(other, trust)
    assert codes(alone) == []
    for shown in (receipt, seen.to_bytes(), seen.checkpoint):
        assert codes(await audited(other, trust, alone.seen, others=(shown,))) == ["fork"]
        assert codes(await audited(site, trust, others=(shown,))) == []


async def test_what_is_served_wrongly_is_seen(site: Site, agency_key: SigningKey, trust: Trust) -> None:
    """Each part changed on the way: the relay's word, the checkpoint, hashes, records, their signatures."""
    await send(site, agency_key, 1, 2)

    def flipped(prefix: str, old: bytes, new: bytes) -> Lie:
        def lie(path: str, data: bytes) -> bytes:
            if not path.startswith(prefix):
                return data
            assert old in data
            return data.replace(old, new, 1)

        return lie

    def cut(path: str, data: bytes) -> bytes:
        return data[:-1] if path.startswith("tile") else data

    def zeros(path: str, data: bytes) -> bytes:
        return bytes(len(data)) if path.startswith("tile") else data

    assert codes(await audited(site, trust, lie=flipped("about", b'"version":1', b'"version":2'))) == [
        "about"
    ]
    assert codes(await audited(site, trust, lie=flipped("about", b"about", b"abour"))) == ["about"]
    assert codes(await audited(site, trust, lie=flipped("about", b'"relay":"', b'"relay":"x'))) == ["about"]
    assert codes(await audited(site, trust, lie=flipped("checkpoint", b"\n4\n", b"\n3\n"))) == [
        "log-unreadable"
    ]
    assert codes(
        await audited(site, trust, lie=lambda path, data: b"" if path == "checkpoint" else data)
    ) == ["log-unreadable"]
    assert codes(await audited(site, trust, lie=cut)) == ["log-unreadable"]
    assert codes(await audited(site, trust, lie=zeros)) == ["entries"]
    await register(site.folder, "H99", "", tls=(), sign=(), audit=[site.keys / "province-tls.pem"])
    assert codes(await audited(site, trust, lie=cut)) == ["log-unreadable"]
    for old, new in ((b"H99.31", b"H99.32"), (b'"signature":"MI', b'"signature":"MJ'), (b'"id"', b'"ID"')):
        found = codes(await audited(site, trust, lie=flipped("tile/entries", old, new)))
        assert set(found) == {"record", "entries"}, found


async def test_a_restored_relay_is_followed_into_its_new_log(
    site: Site, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """It says where the old log ended; the old records stand in the new log; what is lost is counted."""
    await send(site, agency_key, 1, 2)
    at_backup = (await audited(site, trust)).seen
    backup(site.folder, tmp_path / "backup")
    await send(site, agency_key, 3)
    later = (await audited(site, trust, at_backup)).seen
    restore(tmp_path / "backup", tmp_path / "new")
    new = Site(folder=tmp_path / "new", authority=site.authority, keys=site.keys)
    await send(new, agency_key, 4)
    told = await audited(new, trust, at_backup)
    assert codes(told) == []
    assert told.size == 6
    assert "restored" in told.notes[0].text("en")
    lost = await audited(new, trust, later)
    assert codes(lost) == ["lost"]
    assert lost.troubles[0][1].text("en").startswith("2 records")
    # a new log that does not say why is another's
    other = tmp_path / "other"
    shutil.copytree(site.folder, other)
    (other / "log.key").unlink()
    (other / "relay.sqlite").unlink()
    strange = Site(folder=other, authority=site.authority, keys=site.keys)
    await register(other, "H99", "UBND tỉnh Mẫu", tls=[site.keys / "province-tls.pem"], sign=[])
    assert codes(await audited(strange, trust, later)) == ["another-log"]


def test_growing_meets_every_checkpoint_on_the_way() -> None:
    """One that does not lie on the way is told by its size."""
    leaves = [leaf_hash(bytes([number])) for number in range(9)]

    def at(size: int, root: bytes | None = None) -> Checkpoint:
        return Checkpoint(origin="x", size=size, root=root or Frontier().grown(leaves[:size]).root)

    way = Continuation(Frontier(), at(9), [at(0, EMPTY_ROOT), at(4), at(5, bytes(32)), at(9)])
    way.grow(leaves[:3])
    way.grow(leaves[3:])
    assert way.reaches_its_goal
    assert [one.size for one in way.contradicted] == [5]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"schema":1,"size":1,"hashes":[],"log_key":"","checkpoint":""}', b"\xff"]
)
def test_a_state_file_that_is_none_is_said_so(data: bytes) -> None:
    """Never a traceback; never taken for a new beginning."""
    with pytest.raises(EvidenceError, match="audit has written"):
        Seen.from_bytes(data, where="tệp")
    assert isinstance(checkpoint_in(data), bytes)


async def test_the_command(
    site: Site, agency_key: SigningKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """State kept, lies told with exit status 1 and both signed checkpoints on file."""
    await send(site, agency_key, 1, 2)
    old = tmp_path / "old"
    shutil.copytree(site.folder, old)
    (receipt,) = await send(site, agency_key, 3)
    (tmp_path / "receipt.json").write_bytes(receipt)
    state = tmp_path / "relay.audit"

    async def command(where: Site, *more: str) -> int:
        words = [
            "--identity",
            str(site.keys / "province-tls.pem"),
            "--trust",
            str(site.authority.trust_folder),
        ]
        async with where.served() as here:
            arguments = ["audit", here.url, *words, "--state", str(state), *more]
            return await asyncio.to_thread(run, relay, arguments)

    assert await command(site) == 0
    assert "6 chứng cứ" in capsys.readouterr().err
    assert Seen.from_bytes(state.read_bytes(), where="x").frontier.size == 6
    assert await command(site, "--json", "--compare", str(tmp_path / "receipt.json")) == 0
    assert json.loads(capsys.readouterr().out)["in_order"] is True
    liar = Site(folder=old, authority=site.authority, keys=site.keys)
    before = state.read_bytes()
    assert await command(liar, "--lang", "en") == 1
    assert "has become smaller: 6 records before, 4 now" in capsys.readouterr().out
    assert state.read_bytes() == before
    both = json.loads((tmp_path / "relay.audit.fork").read_bytes())
    assert both["before"] != both["now"]
    kept = (tmp_path / "relay.audit.fork").read_bytes()
    capsys.readouterr()
    (tmp_path / "note.txt").write_text("không phải biên nhận", encoding="utf-8")
    assert await command(site, "--lang", "en", "--compare", str(tmp_path / "note.txt")) == 1
    said = capsys.readouterr()  # a file that is none is no word on the log
    assert "note.txt: There is no checkpoint in this file." in said.err
    assert "not in order" not in said.err + said.out
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("UPDATE tiles SET hashes = zeroblob(length(hashes))")
    assert await command(site, "--lang", "en", "--whole") == 1
    assert "not those of its own checkpoint" in capsys.readouterr().out
    assert (tmp_path / "relay.audit.fork").read_bytes() == kept  # the proof of before is not lost for it
    with closing(sqlite3.connect(site.folder / DATABASE)) as database, database:
        database.execute("UPDATE notes SET value = X'7b7d' WHERE name = 'about'")
    with pytest.raises(StorageError, match="cannot be read"):
        await command(site)
    state.write_bytes(b"?")
    shutil.copyfile(old / DATABASE, site.folder / DATABASE)
    assert await command(site) == 1
