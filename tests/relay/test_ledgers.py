"""The contract of ports.Ledger, held by every back end."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from docsign.envelope.grants import Grant, SignedGrant
from docsign.errors import DiskFullError, StorageError
from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import Happening, State
from relay_server.core.directory import Agency, Use
from relay_server.core.envelopes import StoredEnvelope
from relay_server.ports import Ledger, Transaction
from relay_server.storage.connection import Connection
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.transaction import REMEMBERED, KnownAgencies
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, agency, delivery, digest, envelope, fact


async def test_an_agency_is_found_by_both_forms_of_its_code_and_by_its_certificates(ledger: Ledger) -> None:
    """The fingerprint names the agency for its own use alone."""
    await ledger.write(lambda tx: tx.put_agency(agency(DEPARTMENT, "Sở Thử nghiệm")))

    assert await ledger.read(lambda tx: tx.agency("H99.12")) == agency(DEPARTMENT, "Sở Thử nghiệm")
    for _ in range(2):  # looked up, and then remembered
        for wanted in (DEPARTMENT, "H99.12"):
            found = await ledger.glance(methodcaller("agency", wanted))
            assert found == agency(DEPARTMENT, "Sở Thử nghiệm")
        assert await ledger.glance(lambda tx: tx.agency("H99.13")) is None
    tls = digest(f"tls {DEPARTMENT}")
    found = await ledger.read(lambda tx: tx.agency_of(tls, Use.TLS))
    assert found is not None
    assert found.code == DEPARTMENT
    assert await ledger.read(lambda tx: tx.agency_of(tls, Use.SIGN)) is None


async def test_whom_a_certificate_speaks_for_is_known_at_once_after_every_change(ledger: Ledger) -> None:
    """What was remembered of an earlier request is not believed after the directory has changed."""
    tls = digest(f"tls {DEPARTMENT}")
    assert await ledger.agency_of(tls, Use.TLS) is None
    await ledger.write(lambda tx: tx.put_agency(agency(DEPARTMENT, "Sở Thử nghiệm")))
    assert await ledger.agency_of(tls, Use.TLS) == agency(DEPARTMENT, "Sở Thử nghiệm")
    assert await ledger.agency_of(tls, Use.SIGN) is None

    await ledger.write(lambda tx: tx.put_agency(replace(agency(DEPARTMENT, "Sở Thử nghiệm"), bindings=())))

    assert await ledger.agency_of(tls, Use.TLS) is None


async def test_a_change_of_the_directory_by_another_process_is_known_at_once(tmp_path: Path) -> None:
    """The command line changes the directory of a relay that runs."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    other = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
        tls = digest(f"tls {COMMUNE}")
        await other.write(lambda tx: tx.put_agency(agency()))
        assert await ledger.agency_of(tls, Use.TLS) == agency()
        assert await ledger.glance(lambda tx: tx.agency(COMMUNE)) == agency()
        await other.write(lambda tx: tx.put_agency(replace(agency(), name="UBND xã Khác")))
        assert await ledger.agency_of(tls, Use.TLS) == replace(agency(), name="UBND xã Khác")
        assert await ledger.glance(lambda tx: tx.agency(COMMUNE)) == replace(agency(), name="UBND xã Khác")
    finally:
        await ledger.close()
        await other.close()


def test_what_is_remembered_of_the_directory_is_bounded_and_of_one_edition() -> None:
    """Codes that nobody has, asked for by envelopes, fill no memory; a changed directory forgets them."""
    known = KnownAgencies()
    for number in range(3 * REMEMBERED + 1):
        found = known.in_edition(1)
        found[f"H99.{number}"] = None
        assert len(found) <= REMEMBERED
    assert known.in_edition(1) != known.in_edition(2) == {}


async def test_a_certificate_belongs_to_one_agency(ledger: Ledger) -> None:
    """A second agency with the same certificate is refused and changes nothing."""
    await ledger.write(lambda tx: tx.put_agency(agency()))
    thief = agency(PROVINCE, "UBND tỉnh Mẫu")
    stolen = replace(thief, bindings=agency().bindings)

    with pytest.raises(StorageError, match=COMMUNE):
        await ledger.write(lambda tx: tx.put_agency(stolen))

    assert await ledger.read(lambda tx: tx.agency(PROVINCE)) is None


async def test_the_directory_is_searched_by_code_and_name(ledger: Ledger) -> None:
    """Vietnamese capitals fold; pages follow the code."""
    for one in (agency(), agency(PROVINCE, "UBND TỈNH MẪU"), agency(DEPARTMENT, "Sở Thử nghiệm 100%")):
        await ledger.write(lambda tx, one=one: tx.put_agency(one))  # type: ignore[misc]

    async def codes(query: str, after: str = "", limit: int = 10) -> list[str]:
        return [one.code for one in await ledger.read(lambda tx: tx.agencies(query, after, limit))]

    assert await codes("") == [DEPARTMENT, PROVINCE, COMMUNE]
    assert await codes("tỉnh mẫu") == [PROVINCE]
    assert await codes("100%") == [DEPARTMENT]
    assert await codes("%") == [DEPARTMENT]
    assert await codes("h99.3") == [COMMUNE]
    assert await codes("", after=DEPARTMENT, limit=1) == [PROVINCE]


async def test_an_agency_is_replaced_whole(ledger: Ledger) -> None:
    """A certificate that is taken out names nobody any more."""
    await ledger.write(lambda tx: tx.put_agency(agency()))
    bare = Agency(code=COMMUNE, name="UBND xã Mẫu (mới)")
    await ledger.write(lambda tx: tx.put_agency(bare))

    assert await ledger.read(lambda tx: tx.agency(COMMUNE)) == bare
    assert await ledger.read(lambda tx: tx.agency_of(digest(f"tls {COMMUNE}"), Use.TLS)) is None


async def test_what_is_written_is_read_back_equal(ledger: Ledger) -> None:
    """Envelope, deliveries in their order, evidence in its order."""
    sent = envelope()
    leased = delivery(sent, receiver=DEPARTMENT, number=2).after(Happening.FETCH, at=NOW)
    assert leased is not None
    deliveries = (delivery(sent), leased[0])
    facts = (fact(sent, name="1"), fact(sent, name="2", about=deliveries[0].id, cause=digest("trạng thái")))

    async def work(tx: Transaction) -> None:
        await tx.add_envelope(sent)
        for one in deliveries:
            await tx.add_delivery(one)
        for kept in facts:
            await tx.add_fact(kept)
        assert await tx.envelope(sent.sha256) == sent  # a transaction sees its own changes

    await ledger.write(work)

    assert await ledger.read(lambda tx: tx.envelope(sent.sha256)) == sent
    assert await ledger.read(lambda tx: tx.envelope(digest("khác"))) is None
    assert await ledger.read(lambda tx: tx.senders_of(sent.document_id)) == {COMMUNE}
    assert await ledger.read(lambda tx: tx.senders_of("khác")) == set()
    assert await ledger.read(lambda tx: tx.deliveries(sent.sha256)) == deliveries
    assert await ledger.read(lambda tx: tx.delivery(deliveries[1].id)) == deliveries[1]
    assert await ledger.read(lambda tx: tx.delivery("không có")) is None
    assert await ledger.read(lambda tx: tx.facts(sent.sha256)) == facts
    assert await ledger.read(lambda tx: tx.fact_of(deliveries[0].id, digest("trạng thái"))) == facts[1]
    assert await ledger.read(lambda tx: tx.fact_of(deliveries[1].id, digest("trạng thái"))) is None


async def test_a_unit_that_fails_leaves_nothing(ledger: Ledger) -> None:
    """Its changes are undone, alone; its error comes back to its caller."""
    sent = envelope()

    async def fails(tx: Transaction) -> None:
        await tx.add_envelope(sent)
        await tx.next_number()
        raise LookupError("nửa chừng")

    good, bad = await asyncio.gather(
        ledger.write(lambda tx: tx.add_envelope(envelope("công văn khác"))),
        ledger.write(fails),
        return_exceptions=True,
    )

    assert good is None
    assert isinstance(bad, LookupError)
    assert await ledger.read(lambda tx: tx.envelope(sent.sha256)) is None
    assert await ledger.read(lambda tx: tx.envelope(digest("công văn khác"))) is not None
    assert await ledger.write(lambda tx: tx.next_number()) == 1


async def test_the_same_key_twice_is_refused(ledger: Ledger) -> None:
    """Whoever comes second learns it, and the first entry stays."""
    sent = envelope()
    await ledger.write(lambda tx: tx.add_envelope(sent))
    with pytest.raises(StorageError):
        await ledger.write(lambda tx: tx.add_envelope(sent))

    await ledger.write(lambda tx: tx.add_fact(fact(sent, about="giao", cause=digest("01"))))
    with pytest.raises(StorageError):
        await ledger.write(lambda tx: tx.add_fact(fact(sent, about="giao", cause=digest("01"), name="2")))
    await ledger.write(lambda tx: tx.add_fact(fact(sent, about="giao", name="3")))
    await ledger.write(lambda tx: tx.add_fact(fact(sent, about="giao", name="4")))
    assert len(await ledger.read(lambda tx: tx.facts(sent.sha256))) == 3


async def test_numbers_are_given_once_and_in_order(ledger: Ledger) -> None:
    """A hundred at once: no number twice, none left out."""
    numbers = await asyncio.gather(*(ledger.write(lambda tx: tx.next_number()) for _ in range(100)))
    assert sorted(numbers) == list(range(1, 101))


async def test_the_inbox_shows_what_waits_for_one_agency_by_number(ledger: Ledger) -> None:
    """What was handed over is gone, a recall comes back, others' deliveries are never shown."""
    sent = [envelope(f"công văn {n}") for n in range(5)]
    states = [State.QUEUED, State.LEASED, State.HANDED_OVER, State.RECALL_ASKED, State.EXPIRED]

    async def work(tx: Transaction) -> None:
        for n, (one, state) in enumerate(zip(sent, states, strict=True), start=1):
            await tx.add_envelope(one)
            await tx.add_delivery(delivery(one, number=n, state=state))
        await tx.add_delivery(delivery(sent[0], receiver=DEPARTMENT, number=6))

    await ledger.write(work)

    async def numbers(after: int, limit: int = 10) -> list[int]:
        return [d.number for d, _ in await ledger.read(lambda tx: tx.inbox(PROVINCE, after, limit))]

    assert await numbers(0) == [1, 2, 4]
    assert await numbers(1) == [2, 4]
    assert await numbers(0, limit=2) == [1, 2]
    assert await numbers(4) == []
    page = await ledger.read(lambda tx: tx.inbox(PROVINCE, 0, 1))
    assert page[0][1] == sent[0]


async def test_overdue_are_the_unfetched_past_their_time(ledger: Ledger) -> None:
    """Exactly at the end of the time to live it is over."""
    sent = [envelope(f"công văn {n}") for n in range(3)]
    states = [State.QUEUED, State.LEASED, State.HANDED_OVER]

    async def work(tx: Transaction) -> None:
        for n, (one, state) in enumerate(zip(sent, states, strict=True), start=1):
            await tx.add_envelope(one)
            await tx.add_delivery(delivery(one, number=n, state=state))

    await ledger.write(work)
    end = NOW + timedelta(days=14)
    assert await ledger.read(lambda tx: tx.overdue(end - timedelta(microseconds=1), 10)) == ()
    late = await ledger.read(lambda tx: tx.overdue(end, 10))
    assert {d.number for d in late} == {1, 2}
    assert len(await ledger.read(lambda tx: tx.overdue(end, 1))) == 1


async def test_due_is_the_warning_and_then_the_end(ledger: Ledger) -> None:
    """A delivery is met at its warning, and once that is past at its end."""
    one = delivery(envelope())
    warned = replace(one, warn_at=NOW + timedelta(days=3))

    async def work(tx: Transaction) -> None:
        await tx.add_envelope(envelope())
        await tx.add_delivery(warned)

    async def warn(tx: Transaction) -> None:
        await tx.put_delivery(one)

    await ledger.write(work)
    assert await ledger.read(lambda tx: tx.overdue(NOW + timedelta(days=2), 10)) == ()
    assert await ledger.read(lambda tx: tx.overdue(NOW + timedelta(days=3), 10)) == (warned,)
    await ledger.write(warn)
    assert await ledger.read(lambda tx: tx.overdue(NOW + timedelta(days=13), 10)) == ()
    assert await ledger.read(lambda tx: tx.overdue(NOW + timedelta(days=14), 10)) == (one,)


async def test_removable_is_what_is_old_and_nobody_waits_for(ledger: Ledger) -> None:
    """Oldest first, as many as asked for; marked once, it is not met again, and its name stays."""
    sent = [
        replace(envelope(f"công văn {n}"), accepted_at=NOW - timedelta(days=n), number_key=f"k{n}")
        for n in range(4)
    ]
    states = [State.DONE, State.EXPIRED, State.QUEUED, State.DONE]

    async def work(tx: Transaction) -> None:
        for n, (one, state) in enumerate(zip(sent, states, strict=True), start=1):
            await tx.add_envelope(one)
            await tx.add_delivery(delivery(one, number=n, state=state))

    await ledger.write(work)
    assert await ledger.read(lambda tx: tx.removable(NOW, 10)) == (sent[3], sent[1])
    assert await ledger.read(lambda tx: tx.removable(NOW, 1)) == (sent[3],)
    await ledger.write(lambda tx: tx.mark_removed(sent[3].sha256))
    assert await ledger.read(lambda tx: tx.removable(NOW, 10)) == (sent[1],)
    assert await ledger.read(lambda tx: tx.envelope(sent[3].sha256)) == replace(sent[3], is_kept=False)
    assert await ledger.read(lambda tx: tx.is_number_known("k3"))
    assert not await ledger.read(lambda tx: tx.is_number_known("k9"))
    assert not await ledger.read(lambda tx: tx.is_number_known(""))


async def test_documents_without_an_id_are_not_one_document(ledger: Ledger) -> None:
    """Nobody is told that he sends twice, or changes another's document, because both have no DocumentId."""
    nameless = replace(envelope(), document_id="")
    await ledger.write(lambda tx: tx.add_envelope(nameless))
    assert await ledger.read(lambda tx: tx.senders_of("")) == frozenset()


async def test_a_delivery_is_replaced(ledger: Ledger) -> None:
    """Its place among the receivers stays."""
    sent = envelope()
    first, second = delivery(sent), delivery(sent, receiver=DEPARTMENT, number=2)

    async def work(tx: Transaction) -> None:
        await tx.add_envelope(sent)
        await tx.add_delivery(first)
        await tx.add_delivery(second)

    await ledger.write(work)
    handed = first.after(Happening.HANDOVER, at=NOW)
    assert handed is not None
    await ledger.write(lambda tx: tx.put_delivery(handed[0]))
    assert await ledger.read(lambda tx: tx.deliveries(sent.sha256)) == (handed[0], second)


async def test_grants_are_kept_as_signed_found_by_either_form_of_the_code_and_end_once(
    ledger: Ledger,
) -> None:
    """In the order they were kept; the first end stays; the same id twice is refused."""
    first, second, other = (
        KeptGrant(
            proof=SignedGrant(
                grant=Grant(
                    id=digest(grantor + str(hours))[:32],
                    grantor=grantor,
                    delegate=PROVINCE,
                    begins=NOW,
                    ends=NOW + timedelta(hours=hours),
                    made_at=NOW,
                ),
                signature=b"signature",
            )
        )
        for grantor, hours in ((DEPARTMENT, 1), ("H99.12", 2), (COMMUNE, 1))
    )
    for one in (second, other, first):
        await ledger.write(lambda tx, one=one: tx.add_grant(one))  # type: ignore[misc]
    assert await ledger.read(lambda tx: tx.grants_by(DEPARTMENT)) == (second, first)
    assert await ledger.read(lambda tx: tx.grants_by("H99.12")) == (second, first)
    assert await ledger.read(lambda tx: tx.grants_by(PROVINCE)) == ()
    with pytest.raises(StorageError):
        await ledger.write(lambda tx: tx.add_grant(first))
    for moment in (NOW, NOW + timedelta(hours=1)):
        await ledger.write(lambda tx, moment=moment: tx.end_grant(first.grant.id, moment))  # type: ignore[misc]
    assert await ledger.read(lambda tx: tx.grant(first.grant.id)) == replace(first, ended_at=NOW)
    assert await ledger.read(lambda tx: tx.grant(second.grant.id)) == second
    await ledger.write(lambda tx: tx.end_grant("0" * 32, NOW))
    assert await ledger.read(lambda tx: tx.grant("0" * 32)) is None


async def test_sqlite_is_opened_with_full_sync_and_says_so_when_it_cannot(tmp_path: Path) -> None:
    """Durability is read back at the start, not assumed."""
    path = tmp_path / "relay.sqlite"
    ledger = await DatabaseLedger.open(path)
    assert ledger._writer is not None
    assert ledger._writer.pragma("synchronous") == 2
    assert ledger._writer.pragma("journal_mode") == "wal"
    assert ledger._writer.pragma("foreign_keys") == 1
    await ledger.close()
    await ledger.close()
    with pytest.raises(StorageError, match="stopped"):
        await ledger.write(lambda tx: tx.next_number())
    # a database in memory knows no WAL: as a file system without shared memory would answer
    with pytest.raises(StorageError, match="cannot keep commits safe"):
        await DatabaseLedger.open(Path(":memory:"))


async def test_sqlite_survives_being_opened_again_and_refuses_another_form(tmp_path: Path) -> None:
    """What was committed is there; a database of a newer version is left alone."""
    path = tmp_path / "relay.sqlite"
    ledger = await DatabaseLedger.open(path)
    await ledger.write(lambda tx: tx.add_envelope(envelope()))
    await ledger.close()
    ledger = await DatabaseLedger.open(path)
    assert await ledger.read(lambda tx: tx.envelope(envelope().sha256)) == envelope()
    await ledger.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE meta SET value = 9 WHERE name = 'schema'")
    with pytest.raises(StorageError, match="form 9"):
        await DatabaseLedger.open(path)
    (tmp_path / "other.sqlite").write_bytes(b"khong phai co so du lieu" * 50)
    with pytest.raises(StorageError, match="not a database"):
        await DatabaseLedger.open(tmp_path / "other.sqlite")


async def test_a_full_disk_is_named_and_the_ledger_goes_on_afterwards(tmp_path: Path) -> None:
    """Nothing of the unit that met it stays."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
        assert ledger._writer is not None
        ledger._writer.pragma(f"max_page_count = {ledger._writer.pragma('page_count') + 1}")
        large = replace(envelope(), subject="x" * 100_000)
        with pytest.raises(DiskFullError):
            await ledger.write(lambda tx: tx.add_envelope(large))
        assert await ledger.read(lambda tx: tx.envelope(large.sha256)) is None
        ledger._writer.pragma("max_page_count = 100000")
        await ledger.write(lambda tx: tx.add_envelope(large))
        assert await ledger.read(lambda tx: tx.envelope(large.sha256)) == large
    finally:
        await ledger.close()


async def test_a_transaction_that_the_database_ends_itself_keeps_nothing_of_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite may end it on an error of the disk: no unit after that is kept, sealed or not, on its own."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
        real = Connection.run
        named = [replace(envelope(), sha256=digest(name)) for name in ("trước", "hỏng", "sau")]

        def run(self: Connection, statement: Any, *rows: Any) -> int:
            if rows and rows[0].get("sha256") == named[1].sha256:
                self._driver.execute("ROLLBACK")
                raise sqlite3.OperationalError("disk I/O error")
            return real(self, statement, *rows)

        def adding(one: StoredEnvelope) -> Awaitable[None]:
            return ledger.write(lambda tx: tx.add_envelope(one))

        async def kept() -> list[bool]:
            return [bool(await ledger.read(lambda tx, n=one.sha256: tx.envelope(n))) for one in named]  # type: ignore[misc]

        with monkeypatch.context() as patched:
            patched.setattr(Connection, "run", run)
            answers = await asyncio.gather(*map(adding, named), return_exceptions=True)
        assert await kept() == [False, False, False]
        assert all(isinstance(answer, StorageError) and "I/O" in str(answer) for answer in answers)
        await asyncio.gather(*map(adding, named))
        assert await kept() == [True, True, True]
    finally:
        await ledger.close()


async def test_a_commit_that_fails_but_has_happened_is_reported_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller repeats; the entry that is there shows that it had happened."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:
        real = Connection.commit

        def loses_the_answer(self: Connection) -> None:
            real(self)
            raise OSError("mất liên lạc sau khi ghi")

        with monkeypatch.context() as patched:
            patched.setattr(Connection, "commit", loses_the_answer)
            with pytest.raises(StorageError, match="mất liên lạc"):
                await ledger.write(lambda tx: tx.add_envelope(envelope()))
        assert await ledger.read(lambda tx: tx.envelope(envelope().sha256)) == envelope()
        assert await ledger.write(lambda tx: tx.next_number()) == 1
    finally:
        await ledger.close()


async def test_a_bug_while_committing_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits is told at once, and the writer goes on with the next group."""
    ledger = await DatabaseLedger.open(tmp_path / "relay.sqlite")
    try:

        def fails(_self: Connection) -> None:
            raise ArithmeticError

        with monkeypatch.context() as patched:
            patched.setattr(Connection, "commit", fails)
            with pytest.raises(StorageError, match="ArithmeticError"):
                await asyncio.wait_for(ledger.write(lambda tx: tx.add_envelope(envelope())), 5)
        await ledger.write(lambda tx: tx.add_envelope(envelope()))
        assert await ledger.read(lambda tx: tx.envelope(envelope().sha256)) == envelope()
    finally:
        await ledger.close()
