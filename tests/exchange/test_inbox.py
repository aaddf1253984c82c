"""Receiving: durable before it is confirmed, confirmed and answered once, whatever stops in between."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from aiohttp import web

from docsign.envelope import Organization, read_status
from docsign.errors import (
    DiskFullError,
    DocsignError,
    EdxmlError,
    FileUnusableError,
    RelayBusyError,
    RelayUnreachableError,
    WireError,
)
from docsign.exchange import Inbox, Outbox, RelayClient, wire
from docsign.exchange.inbox import file_name, is_fetchable, waiting
from docsign.exchange.problems import ProblemType
from tests.exchange.conftest import PROVINCE, MakeEnvelope
from tests.exchange.relay_double import RelayDouble, problem

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def item(**changes: object) -> wire.InboxItem:
    """Return an item as a relay lists it."""
    values: dict[str, object] = {
        "delivery": "d-1",
        "sha256": "1a" * 32,
        "size": 10,
        "sender": "H99.31",
        "document_id": "H99.31,2026/11/20,125/UBND-VX",
        "subject": "V/v thử nghiệm",
        "priority": 0,
        "accepted_at": NOW,
        "state": "queued",
    }
    return wire.InboxItem(**(values | changes))  # type: ignore[arg-type]


async def test_an_envelope_is_received_confirmed_and_answered(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """The file is there, the relay knows, 01 goes back to the sender about this very document."""
    double.keep(envelope)
    with Outbox(tmp_path / "hop") as outbox:
        inbox = Inbox(tmp_path / "hop", outbox=outbox, agency=PROVINCE)
        async with province as relay:
            (one,) = await waiting(relay)
            received = await inbox.receive(relay, one, tmp_path / "den")
            await outbox.run(relay)
            assert await waiting(relay) == ()
        inbox.close()
    assert received.path.read_bytes() == envelope
    assert received.path.name == file_name(one)
    assert received.handed_over_at is not None
    assert (received.code, received.issued) == ("125/UBND-VX", date(2026, 11, 20))
    ((about, body),) = double.statuses
    told = read_status(body)
    assert about == received.sha256
    assert (told.code, told.sender.code, told.addressee) == ("01", "H99", "H99.31")
    assert told.response_for.document_id == received.document_id


async def test_receiving_again_changes_nothing(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """A relay that lists it once more (a lost answer) gets the same confirmation, one file, one 01."""
    double.keep(envelope)
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            first = await inbox.receive(relay, one, tmp_path / "den")
            await outbox.run(relay)
            again = await inbox.receive(relay, one, tmp_path / "khac")
            await outbox.run(relay)
    assert again == first
    assert len(double.statuses) == 1
    assert not (tmp_path / "khac").exists()


RECEIVING = """
import asyncio, os, signal, sys
from docsign.envelope import Organization
from docsign.exchange import Inbox, Outbox, RelayClient
from docsign.exchange.inbox import waiting
folder, url, identity, trust, moment = sys.argv[1:]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)

class Client(RelayClient):
    async def fetch(self, sha256, to, **options):
        path = await super().fetch(sha256, to, **options)
        if moment == "fetched":
            die()
        return path
    async def handover(self, delivery, sha256, signature=None):
        if moment == "stored":
            die()
        answer = await super().handover(delivery, sha256, signature)
        if moment == "confirmed":
            die()
        return answer

async def main():
    with Outbox(folder) as outbox:
        inbox = Inbox(folder, outbox=outbox, agency=Organization(code="H99"))
        async with Client(url, identity=identity, trust=trust) as relay:
            for item in await waiting(relay):
                await inbox.receive(relay, item, folder + "/den")

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["fetched", "stored", "confirmed"])
async def test_killed_while_receiving_it_is_finished_later(
    moment: str,
    tmp_path: Path,
    envelope: bytes,
    double: RelayDouble,
    province: RelayClient,
    p12: Path,
    trust_folder: Path,
) -> None:
    """Kill -9 at any step: the next run has the file, the confirmation and the 01, once each."""
    double.keep(envelope)
    arguments = [str(tmp_path), double.url, str(p12 / "province-tls.pem"), str(trust_folder), moment]
    done = subprocess.run([sys.executable, "-c", RECEIVING, *arguments], check=False, timeout=60)  # noqa: ASYNC221
    assert done.returncode == -signal.SIGKILL
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            await inbox.resume(relay)
            for one in await waiting(relay):
                await inbox.receive(relay, one, tmp_path / "den")
            await outbox.run(relay)
            assert await inbox.resume(relay) == ()
        (received,) = inbox.find(hashlib.sha256(envelope).hexdigest())
    assert received.path.read_bytes() == envelope
    assert received.handed_over_at is not None
    assert len(double.statuses) == 1
    fetches = [path for method, path in double.requests if method == "GET" and path != wire.INBOX]
    assert len(fetches) == 1


async def test_what_was_never_confirmed_and_is_gone_is_fetched_again(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """Nothing is confirmed that is not on the disk."""
    double.keep(envelope)

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/handover"):
            assert request.transport is not None
            request.transport.abort()
        return None

    with Inbox(tmp_path) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            double.fault = fault
            with pytest.raises(RelayUnreachableError):
                await inbox.receive(relay, one, tmp_path / "den")
            double.fault = None
            double.kept[one.sha256].handed_over = False
            (received,) = inbox.find(one.sha256)
            received.path.unlink()
            assert await inbox.resume(relay) == ()
            received = await inbox.receive(relay, one, tmp_path / "den")
    assert received.path.read_bytes() == envelope


async def test_a_confirmation_that_comes_too_late_is_given_up_once(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """Withdrawn or expired meanwhile: said once, and what comes after is not held up by it."""
    double.keep(envelope)

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith("/handover"):
            return None
        if late:
            return problem(ProblemType.NOT_FOUND)
        assert request.transport is not None
        request.transport.abort()
        return None

    late = False
    double.fault = fault
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            with pytest.raises(RelayUnreachableError):
                await inbox.receive(relay, one, tmp_path / "den")
            late = True
            (received,) = await inbox.resume(relay)
            assert received.handed_over_at is None
            assert await inbox.resume(relay) == ()
        assert outbox.entries() == ()


async def test_what_was_taken_back_meanwhile_is_not_said_to_have_arrived(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """The confirmation stands, and its answer says what there is to do; no 01 that the relay would refuse."""
    double.keep(envelope).confirmed = "withdrawn"
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            received = await inbox.receive(relay, one, tmp_path / "den")
        assert received.handed_over_at is not None
        assert received.is_withdrawn
        assert received.to_json()["state"] == "withdrawn"
        assert outbox.entries(finished=True) == ()


async def test_wrong_bytes_are_never_confirmed(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """A digest that does not fit leaves no file, no entry, no confirmation."""
    kept = double.keep(envelope)
    kept.body = envelope[:-1] + b"!"
    with Inbox(tmp_path) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            with pytest.raises(WireError):
                await inbox.receive(relay, one, tmp_path / "den")
        assert inbox.find(one.sha256) == ()
    assert not kept.handed_over
    assert list((tmp_path / "den").iterdir()) == []


async def test_a_full_disk_is_never_confirmed(
    tiny_disk: Path, tmp_path: Path, make_envelope: MakeEnvelope, double: RelayDouble, province: RelayClient
) -> None:
    """No room for the file: in words, nothing half-written, and the relay keeps the envelope."""
    kept = double.keep(make_envelope(size=500_000))
    with Inbox(tmp_path / "hop") as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            with pytest.raises(DiskFullError):
                await inbox.receive(relay, one, tiny_disk)
    assert not kept.handed_over
    assert list(tiny_disk.iterdir()) == []  # noqa: ASYNC240


async def test_a_file_where_the_folder_is_meant(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """The folder's name is in the sentence."""
    double.keep(envelope)
    (tmp_path / "den").write_text("x")
    with Inbox(tmp_path / "hop") as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            with pytest.raises(FileUnusableError, match="a folder is needed"):
                await inbox.receive(relay, one, tmp_path / "den")
            with pytest.raises(FileUnusableError, match="a folder is needed"):
                await inbox.receive(relay, one, tmp_path / "den" / "sau")


async def test_many_pages_are_read_to_the_end(
    make_envelope: MakeEnvelope, double: RelayDouble, province: RelayClient
) -> None:
    """The cursor is followed; nothing is missed, nothing comes twice."""
    for number in range(1, 106):
        double.keep(make_envelope(str(number), size=10))
    async with province as relay:
        items = await waiting(relay)
    assert len({one.sha256 for one in items}) == len(items) == 105


async def test_pages_that_lead_in_a_circle_have_an_end(double: RelayDouble, province: RelayClient) -> None:
    """A relay that sends the same deliveries for ever is listed once, and so are its agencies."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        cursor = str(len(double.requests))
        if request.path == wire.INBOX:
            return web.Response(body=wire.InboxPage(items=(item(),), next=cursor).to_json())
        entry = wire.AgencyEntry(code="H99", name="UBND tỉnh Thử nghiệm")
        return web.Response(body=wire.AgencyPage(agencies=(entry,), next=cursor).to_json())

    double.fault = fault
    async with province as relay, asyncio.timeout(20):
        assert await waiting(relay) == (item(),)
        assert len(await relay.agencies()) == 1


async def test_a_list_that_would_fill_the_memory_is_cut(
    double: RelayDouble, province: RelayClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ever new deliveries with ever more words: a part is listed, the rest when that has been fetched."""

    async def fault(_request: web.Request) -> web.StreamResponse:
        count = len(double.requests)
        listed = item(delivery=f"d-{count}", subject="x" * 1000)
        return web.Response(body=wire.InboxPage(items=(listed,), next=str(count)).to_json())

    double.fault = fault
    async with province as relay, asyncio.timeout(20):
        monkeypatch.setattr("docsign.exchange.inbox.MOST_TEXT", 5000)
        assert len(await waiting(relay)) == 5
        monkeypatch.setattr("docsign.exchange.inbox.MOST_TEXT", 10**9)
        monkeypatch.setattr("docsign.exchange.inbox.MOST_WAITING", 7)
        assert len(await waiting(relay)) == 7


async def test_one_that_cannot_be_confirmed_does_not_hold_up_the_others(
    tmp_path: Path, make_envelope: MakeEnvelope, double: RelayDouble, province: RelayClient
) -> None:
    """What the relay fails on is told and tried again the next time; what comes after is confirmed now."""
    for number in ("1", "2"):
        double.keep(make_envelope(number))

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/handover") and (cut or request.path.split("/")[-2] == broken):
            return problem(ProblemType.INTERNAL)
        return None

    cut, broken = True, ""
    double.fault = fault
    told: list[DocsignError] = []
    with Inbox(tmp_path) as inbox:
        async with province as relay:
            first, second = await waiting(relay)
            for one in (first, second):
                with pytest.raises(RelayBusyError):
                    await inbox.receive(relay, one, tmp_path / "den")
            cut, broken = False, first.delivery
            (done,) = await inbox.resume(relay, failed=told.append)
            assert (done.delivery, len(told)) == (second.delivery, 1)
            broken = ""
            (done,) = await inbox.resume(relay)
            assert done.delivery == first.delivery


async def test_the_envelope_has_the_word_and_not_its_announcement(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """Sender, DocumentId and number come from the sealed header, and so does what is answered."""
    kept = double.keep(envelope)
    told = item(
        sha256=hashlib.sha256(envelope).hexdigest(),
        size=len(envelope),
        sender="khong phai ma",
        sender_name="Cơ quan khác",
        document_id="H99.77,2026/11/20,1\x01/X",
    )
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            received = await inbox.receive(relay, told, tmp_path / "den")
        assert (received.sender, received.document_id) == ("H99.31", kept.document_id)
        (answer,) = outbox.entries()
        assert answer.receivers == ("H99.31",)


async def test_what_no_answer_can_name_is_told_once(
    tmp_path: Path, envelope: bytes, double: RelayDouble, province: RelayClient
) -> None:
    """No header in the bytes, no agency in the announcement: kept, confirmed, and it blocks nothing later."""
    kept = double.keep(envelope)
    kept.body = b"khong phai goi tin"
    sha256 = hashlib.sha256(kept.body).hexdigest()
    double.kept = {sha256: kept}
    lie = item(sha256=sha256, size=len(kept.body), sender="khong phai ma")
    with Outbox(tmp_path) as outbox, Inbox(tmp_path, outbox=outbox, agency=PROVINCE) as inbox:
        async with province as relay:
            with pytest.raises(EdxmlError):
                await inbox.receive(relay, lie, tmp_path / "den")
            assert kept.handed_over
            assert await inbox.resume(relay) == ()
        assert outbox.entries() == ()


async def test_an_announced_size_is_no_licence_to_fill_the_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    envelope: bytes,
    double: RelayDouble,
    province: RelayClient,
) -> None:
    """Whatever size a relay announces, no more than the largest envelope is written."""
    double.keep(envelope)
    monkeypatch.setattr("docsign.exchange.inbox.LARGEST", 1000)
    lie = item(sha256=hashlib.sha256(envelope).hexdigest(), size=2**62)
    with Inbox(tmp_path) as inbox:
        async with province as relay:
            with pytest.raises(WireError, match="larger"):
                await inbox.receive(relay, lie, tmp_path / "den")
    assert list((tmp_path / "den").iterdir()) == []


def test_a_recall_is_not_fetched() -> None:
    """What asks something of us is listed, not fetched again."""
    assert is_fetchable(item())
    assert is_fetchable(item(state="leased"))
    assert not is_fetchable(item(state="recall-asked"))


@pytest.mark.parametrize(
    ("document_id", "name"),
    [
        ("H99.31,2026/11/20,125/UBND-VX", "20261120-125-UBND-VX-1a1a1a1a1a1a1a1a.asice"),
        ("H99,2026/11/20,01/QĐ-UBND", "20261120-01-QĐ-UBND-1a1a1a1a1a1a1a1a.asice"),
        ("a,b,../../etc/passwd", "20261120-etc-passwd-1a1a1a1a1a1a1a1a.asice"),
        ("a,b,..\\..\\x\x00\n\u202e<>:|?*", "20261120-x-1a1a1a1a1a1a1a1a.asice"),
        ("", "20261120-1a1a1a1a1a1a1a1a.asice"),
        ("," * 9, "20261120-1a1a1a1a1a1a1a1a.asice"),
        ("x" * 500, "20261120-" + "x" * 40 + "-1a1a1a1a1a1a1a1a.asice"),
    ],
)
def test_a_file_name_leads_nowhere_else(document_id: str, name: str) -> None:
    """Whatever a DocumentId holds, the name is one part, readable and short."""
    assert file_name(item(document_id=document_id)) == name


async def test_an_envelope_whose_header_cannot_be_read_is_still_answered(
    tmp_path: Path, double: RelayDouble, province: RelayClient, envelope: bytes
) -> None:
    """Receiving does not judge: number and day come from the DocumentId then."""
    kept = double.keep(envelope)
    body = b"khong phai goi tin"
    sha256 = hashlib.sha256(body).hexdigest()
    kept.body = body
    double.kept = {sha256: kept}
    with Inbox(tmp_path, agency=Organization(code="H99")) as inbox:
        async with province as relay:
            (one,) = await waiting(relay)
            received = await inbox.receive(relay, one, tmp_path / "den")
    answered = received.as_answered()
    assert (answered.organ_id, answered.code, answered.issued) == (
        "H99.31",
        "125/UBND-VX",
        date(2026, 11, 20),
    )


def test_received_envelopes_are_found_by_their_names(tmp_path: Path) -> None:
    """Nothing is known in an empty register."""
    with Inbox(tmp_path) as inbox:
        assert inbox.find("1a" * 32) == ()
        assert inbox.find("H99.31,2026/11/20,125/UBND-VX") == ()
