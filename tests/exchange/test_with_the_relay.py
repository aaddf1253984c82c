"""The client, the outbox and the inbox against the real relay, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign import Indication, verify
from docsign.cli.exchange_text import event_label
from docsign.envelope import Organization, ResponseFor, Status, StatusCode
from docsign.errors import RelayIdentityError, RelayRefusedError, RelayUnreachableError
from docsign.exchange import Inbox, Outbox, RelayClient
from docsign.exchange.entries import EntryState
from docsign.exchange.inbox import is_fetchable, waiting
from docsign.exchange.problems import ProblemType
from docsign.pki import Trust
from docsign.pki.authority import TrialAuthority
from relay_server.register import register
from relay_server.settings import RelaySettings
from tests.exchange.conftest import COMMUNE, PROVINCE, MakeEnvelope


@dataclass
class Served:
    """A relay's folder and the process that serves it."""

    folder: Path
    keys: Path
    trust: Trust
    port: int = 0
    process: subprocess.Popen[str] | None = None
    url: str = ""

    def start(self) -> None:
        """Serve; on the port of before where there was one."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "relay_server", "serve", str(self.folder)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "DOCSIGN_LANG": "en"},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = next((word for word in line.split() if word.startswith("https://")), "")
        assert self.url, (line, (self.folder / "log").read_text())
        if not self.port:
            self.port = int(self.url.rstrip("/").rpartition(":")[2])
            settings = self.folder / "relay.toml"
            settings.write_text(settings.read_text().replace("\nport = 0\n", f"\nport = {self.port}\n"))

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the process."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def client(self, identity: str) -> RelayClient:
        """Return a client with this identity."""
        return RelayClient(self.url, identity=self.keys / f"{identity}.pem", trust=self.trust)


@pytest.fixture
async def served(p12: Path, trust: Trust, trust_folder: Path, tmp_path: Path) -> AsyncIterator[Served]:
    """The relay, knowing the commune (H99.31) and the province (H99)."""
    folder = tmp_path / "tram"
    folder.mkdir()
    RelaySettings(
        tls_cert=str(p12 / "relay-tls.pem"),
        tls_key=str(p12 / "relay-tls.pem"),
        key=f"pkcs12:{p12 / 'relay.p12'}",
        passphrase_file=str(p12 / "passphrase.txt"),
        trust=str(trust_folder),
        port=0,
        least_free_space=0,
        examiners=0,
    ).write(folder)
    keys = {"H99.31": ("commune-tls", "agency"), "H99": ("province-tls", "province")}
    for agency in (COMMUNE, PROVINCE):
        tls, sign = (p12 / f"{name}.pem" for name in keys[agency.code])
        await register(folder, agency.code, agency.name, tls=[tls], sign=[sign])
    here = Served(folder=folder, keys=p12, trust=trust)
    here.start()
    yield here
    if here.process is not None:
        here.stop()


def name_of(data: bytes) -> str:
    """Return the SHA-256."""
    return hashlib.sha256(data).hexdigest()


def recall(to: str) -> Status:
    """Return the commune's wish to have its document back."""
    answered = ResponseFor(organ_id=to, code="125/UBND-VX", document_id="H99.31,2026/11/20,125/UBND-VX")
    return Status(
        sender=COMMUNE,
        response_for=answered,
        code=StatusCode.RECALL,
        time=datetime.now(UTC),
        description="Ban hành nhầm",
    )


def answer(envelope: bytes, code: StatusCode) -> tuple[str, Status]:
    """Return the province's status about the envelope."""
    answered = ResponseFor(organ_id="H99.31", code="125/UBND-VX", document_id="H99.31,2026/11/20,125/UBND-VX")
    now = datetime.now(UTC)
    status = Status(sender=PROVINCE, response_for=answered, code=code, time=now, description=code.vietnamese)
    return name_of(envelope), status


async def test_the_whole_way_and_the_answer_back(served: Served, envelope: bytes, tmp_path: Path) -> None:
    """Commune sends, province receives and answers 01, 03, 06; the commune sees it all, in order."""
    with Outbox(tmp_path / "xa") as outbox:
        outbox.add(envelope)
        async with served.client("commune-tls") as commune:
            (sent,) = await outbox.run(commune)
    assert sent.state is EntryState.SENT
    with (
        Outbox(tmp_path / "tinh") as outbox,
        Inbox(tmp_path / "tinh", outbox=outbox, agency=PROVINCE) as inbox,
    ):
        async with served.client("province-tls") as province:
            (item,) = await waiting(province)
            assert (item.sender, item.sender_name) == ("H99.31", COMMUNE.name)
            received = await inbox.receive(province, item, tmp_path / "den")
            for code in (StatusCode.ACCEPTED, StatusCode.DONE):
                outbox.add_status(*answer(envelope, code))
            tried = await outbox.run(province)
            assert await waiting(province) == ()
    assert [(entry.code, entry.state) for entry in tried] == [("01", "sent"), ("03", "sent"), ("06", "sent")]
    assert received.path.read_bytes() == envelope
    async with served.client("commune-tls") as commune:
        trace = await commune.trace(name_of(envelope))
        receipt = await commune.receipt(name_of(envelope))
        assert [entry.code for entry in await commune.agencies()] == ["H99", "H99.31"]
    assert [event.event for event in trace.events] == [
        "SubmissionAcceptance",
        "ContentConsignment",
        "ContentHandover",
        "Arrived",
        "ConsignmentAcceptance",
        "Done",
    ]
    assert [(one.receiver, one.state) for one in trace.deliveries] == [("H99", "done")]
    assert sent.receipt == receipt.to_json()
    async with served.client("commune-tls") as commune, served.client("province-tls") as province:
        for event in trace.events:
            record = await commune.receipt(name_of(envelope), event.record)
            assert record == await province.receipt(name_of(envelope), event.record)
            assert record.evidence.event.short == event.event
            assert record.proof
            (tmp_path / f"{event.event}.json").write_bytes(record.to_json())
        with pytest.raises(RelayRefusedError):
            await commune.receipt(name_of(envelope), "0" * 32)
    served.stop()
    for event in trace.events:  # offline: the file and the trust folder alone
        report = verify(tmp_path / f"{event.event}.json", trust=served.trust)
        assert (report.format, report.conclusion.indication) == ("receipt", Indication.TOTAL_PASSED)
        assert event_label(event.event, "vi") in report.findings[1].sentence.text("vi")
        assert "in-log" in [one.code for one in report.findings]


async def test_a_relay_killed_after_its_answer_was_lost(
    served: Served, envelope: bytes, tmp_path: Path
) -> None:
    """The relay took it, we never heard, both are killed: one delivery in the end, and a receipt."""
    with Outbox(tmp_path / "xa") as outbox:
        outbox.add(envelope)
        async with served.client("commune-tls") as commune:
            await commune.send(envelope)  # and the record of it is lost
        served.stop(signal.SIGKILL)
        async with served.client("commune-tls") as commune:
            (waits,) = await outbox.run(commune)
            assert waits.state is EntryState.WAITING
            served.start()
            (sent,) = await outbox.run(commune)
    assert sent.state is EntryState.SENT
    async with served.client("province-tls") as province:
        assert len(await waiting(province)) == 1


async def test_a_large_envelope_survives_a_relay_that_is_killed_meanwhile(
    served: Served, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """Streamed both ways; the download goes on after the relay came back."""
    body = make_envelope(size=30_000_000)
    (tmp_path / "lon.asice").write_bytes(body)
    async with served.client("commune-tls") as commune:
        receipt = await commune.send(tmp_path / "lon.asice")
    assert receipt.evidence.sha256 == name_of(body)
    part = tmp_path / f".{name_of(body)}.part"
    part.write_bytes(body[:20_000_000])  # what an earlier run got
    served.stop()
    async with served.client("province-tls") as province:
        with pytest.raises(RelayUnreachableError):
            await province.fetch(name_of(body), tmp_path / "den.asice")
        served.start()
        (item,) = await waiting(province)
        file = await province.fetch(name_of(body), tmp_path / "den.asice", limit=item.size)
    assert file.read_bytes() == body


async def test_an_unknown_receiver_is_refused_in_words(
    served: Served, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """The refusal names the code; the entry is refused for good."""
    nowhere = make_envelope(to=Organization(code="H99.77", name="Không có"))
    with Outbox(tmp_path / "xa") as outbox:
        outbox.add(nowhere)
        async with served.client("commune-tls") as commune:
            (entry,) = await outbox.run(commune)
    assert entry.state is EntryState.REFUSED
    assert entry.last_error is not None
    assert entry.last_error.code == ProblemType.UNKNOWN_RECEIVER
    assert "H99.77" in entry.last_error.en


async def test_only_the_senders_own_machine_sends(served: Served, envelope: bytes) -> None:
    """The province cannot send what the commune sealed."""
    async with served.client("province-tls") as province:
        with pytest.raises(RelayRefusedError) as caught:
            await province.send(envelope)
    assert caught.value.problem == ProblemType.NOT_YOUR_AGENCY


@pytest.mark.parametrize("size", [1000, 20_000_000])
async def test_a_machine_nobody_knows_is_told_so(
    size: int, served: Served, authority: TrialAuthority, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """A certificate of the right authority that is not in the directory: an identity error, in words."""
    (tmp_path / "la.pem").write_bytes(authority.issue("tls", "Máy lạ", agency="H99.31").pem())
    async with RelayClient(served.url, identity=tmp_path / "la.pem", trust=served.trust) as stranger:
        with pytest.raises(RelayIdentityError):
            await stranger.send(make_envelope(size=size))
        with pytest.raises(RelayIdentityError):
            await stranger.inbox()


async def test_a_certificate_of_another_authority_gets_no_word(
    served: Served, envelope: bytes, tmp_path: Path
) -> None:
    """TLS itself turns it away, and the client can say why."""
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    (tmp_path / "la.pem").write_bytes(other.issue("tls", "Máy lạ", agency="H99.31").pem())
    async with RelayClient(served.url, identity=tmp_path / "la.pem", trust=served.trust) as stranger:
        with pytest.raises(RelayIdentityError, match="does not accept the certificate of this agency"):
            await stranger.send(envelope)


async def test_a_recall_is_shown_and_not_fetched(served: Served, envelope: bytes, tmp_path: Path) -> None:
    """13 makes the delivery stand in the inbox again, as a question; 15 answers it."""
    with Outbox(tmp_path / "hop") as outbox, Inbox(tmp_path / "hop") as inbox:
        async with served.client("commune-tls") as commune, served.client("province-tls") as province:
            await commune.send(envelope)
            (item,) = await waiting(province)
            await inbox.receive(province, item, tmp_path / "den")
            outbox.add_status(name_of(envelope), recall("H99"))
            (entry,) = await outbox.run(commune)
            assert entry.state is EntryState.SENT
            (asked,) = await waiting(province)
            assert (asked.delivery, asked.state) == (item.delivery, "recall-asked")
            assert not is_fetchable(asked)
            outbox.add_status(*answer(envelope, StatusCode.RECALL_AGREED))
            (entry,) = await outbox.run(province)
            assert entry.state is EntryState.SENT
            assert await waiting(province) == ()
            trace = await commune.trace(name_of(envelope))
    assert trace.deliveries[0].state == "withdrawn"


async def test_the_long_poll_wakes(served: Served, envelope: bytes) -> None:
    """What comes while we wait is there at once, not at the end of the wait."""
    import asyncio

    async with served.client("commune-tls") as commune, served.client("province-tls") as province:
        started = asyncio.get_running_loop().time()
        listening = asyncio.create_task(waiting(province, wait=50))
        await asyncio.sleep(0.5)
        await commune.send(envelope)
        (item,) = await listening
        assert asyncio.get_running_loop().time() - started < 30
    assert item.sha256 == name_of(envelope)


MEASURED = """
import asyncio, sys
from pathlib import Path
from docsign.exchange import Outbox, RelayClient
from tests.peak_memory import peak_memory
folder, url, commune, province, trust, small, large = sys.argv[1:]

async def way(path):
    with Outbox(folder) as outbox:
        entry = outbox.add(Path(path))
        async with RelayClient(url, identity=commune, trust=trust) as relay:
            (sent,) = await outbox.run(relay)
            assert sent.state == "sent", sent.last_error
        async with RelayClient(url, identity=province, trust=trust) as relay:
            await relay.fetch(entry.sha256, Path(folder) / (entry.sha256 + ".asice"))

asyncio.run(way(small))
idle = peak_memory()
asyncio.run(way(large))
print(peak_memory() - idle)
"""


async def test_large_attachments_are_streamed_not_loaded(
    served: Served, make_envelope: MakeEnvelope, trust_folder: Path, tmp_path: Path
) -> None:
    """100 MB kept, sent and fetched raise the client's peak by at most 32 MB over the idle one."""
    (tmp_path / "nho.asice").write_bytes(make_envelope("1"))
    (tmp_path / "lon.asice").write_bytes(make_envelope("2", size=100_000_000))
    files = [tmp_path / name for name in ("nho.asice", "lon.asice")]
    keys = [served.keys / name for name in ("commune-tls.pem", "province-tls.pem")]
    arguments = [str(one) for one in (tmp_path / "hop", served.url, *keys, trust_folder, *files)]
    done = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 1024, f"{int(done.stdout) / 1024:.0f} MB"
