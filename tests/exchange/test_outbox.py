"""The outbox: durable first, sent when it can be, delivered once, in words when it cannot."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docsign.database import sole_user
from docsign.envelope import Organization, ResponseFor, Status, StatusCode
from docsign.envelope.evidence import About, Receipt
from docsign.errors import (
    ContainerError,
    DiskFullError,
    DocsignError,
    FileUnusableError,
    OutboxBusyError,
    RelayBusyError,
    RelayIdentityError,
    RelayRefusedError,
    RelayUnreachableError,
    SecretDocumentError,
    StorageError,
)
from docsign.exchange import Outbox, RelayClient, wire
from docsign.exchange.entries import EntryState, header_of
from docsign.exchange.outbox import FIRST_PAUSE, LONGEST_PAUSE, STAMPED_AFTER, pause
from docsign.sentence import say
from tests.exchange.conftest import COMMUNE, MakeEnvelope
from tests.exchange.relay_double import RelayDouble

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Script:
    """A relay's client that does what it is told: answers, or raises, in turn."""

    def __init__(self, double: RelayDouble, *answers: DocsignError | None) -> None:
        self.double = double
        self.answers = list(answers)
        self.sent: list[str] = []

    def _turn(self, name: str) -> None:
        self.sent.append(name)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer

    async def send(self, envelope: bytes | Path, *, time_to_live: timedelta | None = None) -> Receipt:  # noqa: ARG002
        """Play a submission."""
        data = envelope if isinstance(envelope, bytes) else envelope.read_bytes()  # noqa: ASYNC240
        self._turn(hashlib.sha256(data).hexdigest())
        return self.double.keep(data).receipt

    async def send_status(self, sha256: str, status: bytes) -> wire.StatusAccepted:  # noqa: ARG002
        """Play a status."""
        self._turn(f"status {sha256}")
        return wire.StatusAccepted(
            sha256=sha256, receiver="H99", code="01", state="arrived", recorded_at=START
        )


@pytest.fixture
def silent(relay_key: object) -> RelayDouble:
    """A double that only signs receipts."""
    return RelayDouble(relay_key)  # type: ignore[arg-type]


def unreachable() -> RelayUnreachableError:
    """Return what a missing network looks like."""
    return RelayUnreachableError(say("The relay cannot be reached: no network, or it is down."))


def status(code: StatusCode, *, description: str = "", to: str = "H99.31") -> Status:
    """Return a status about the commune's document."""
    return Status(
        sender=Organization(code="H99", name="UBND tỉnh"),
        response_for=ResponseFor(
            organ_id=to, code="125/UBND-VX", document_id="H99.31,2026/11/20,125/UBND-VX"
        ),
        code=code,
        time=START,
        description=description or code.vietnamese,
    )


async def test_what_is_added_waits_and_is_sent(
    tmp_path: Path, envelope: bytes, commune: RelayClient, double: RelayDouble
) -> None:
    """Durable at once, sent with a receipt, and the copy is given back to the disk."""
    with Outbox(tmp_path / "hop") as outbox:
        entry = outbox.add(envelope)
        assert (entry.state, entry.document_id) == (EntryState.WAITING, "H99.31,2026/11/20,125/UBND-VX")
        assert entry.receivers == ("H99",)
        async with commune as relay:
            (sent,) = await outbox.run(relay)
        assert sent.state is EntryState.SENT
        assert sent.receipt is not None
        assert Receipt.from_json(sent.receipt).evidence.sha256 == entry.sha256
        assert outbox.entries() == ()
        assert outbox.entries(finished=True) == (sent,)
    assert list(double.kept) == [entry.sha256]
    assert list((tmp_path / "hop" / "bodies").iterdir()) == []


def test_it_is_there_in_the_next_process(tmp_path: Path, envelope: bytes) -> None:
    """Another process, or the same one tomorrow, finds the entry and its bytes."""
    (tmp_path / "x.asice").write_bytes(envelope)
    with Outbox(tmp_path / "hop") as outbox:
        entry = outbox.add(tmp_path / "x.asice", time_to_live=timedelta(days=3))
    (tmp_path / "x.asice").unlink()
    with Outbox(tmp_path / "hop") as outbox:
        assert outbox.entries() == (entry,)
        assert entry.time_to_live == 3 * 24 * 3600
    assert (tmp_path / "hop" / "bodies" / entry.sha256).read_bytes() == envelope


async def test_the_same_envelope_is_one_entry(tmp_path: Path, envelope: bytes, silent: RelayDouble) -> None:
    """Adding twice is adding once; what was sent is not sent again."""
    with Outbox(tmp_path / "hop") as outbox:
        first = outbox.add(envelope)
        assert outbox.add(envelope) == first
        client = Script(silent)
        await outbox.run(client)
        assert outbox.add(envelope).state is EntryState.SENT
        await outbox.run(client)
    assert client.sent == [first.sha256]


async def test_without_network_it_waits_longer_and_longer(
    tmp_path: Path, envelope: bytes, silent: RelayDouble
) -> None:
    """Back-off doubles up to an hour and a half; --due respects it, a plain run tries at once."""
    clock = Clock()
    with Outbox(tmp_path / "hop", clock=clock) as outbox:
        outbox.add(envelope)
        client = Script(silent, unreachable(), unreachable())
        (entry,) = await outbox.run(client)
        assert (entry.state, entry.attempts) == (EntryState.WAITING, 1)
        assert entry.last_error is not None
        assert entry.last_error.code == "relay-unreachable"
        assert entry.next_try is not None
        assert FIRST_PAUSE <= entry.next_try - START <= FIRST_PAUSE * 1.5
        assert await outbox.run(client, due_only=True) == ()
        (entry,) = await outbox.run(client)
        assert entry.attempts == 2
        clock.now += timedelta(hours=2)
        (entry,) = await outbox.run(client, due_only=True)
        assert entry.state is EntryState.SENT
        assert entry.last_error is None


async def test_a_clock_that_was_years_ahead_does_not_hold_up_what_is_due(
    tmp_path: Path, envelope: bytes, silent: RelayDouble
) -> None:
    """A next try reckoned by a wrong clock is due once the clock is right."""
    clock = Clock()
    clock.now += timedelta(days=3000)
    with Outbox(tmp_path / "hop", clock=clock) as outbox:
        outbox.add(envelope)
        client = Script(silent, unreachable())
        await outbox.run(client)
        clock.now = START
        (entry,) = await outbox.run(client, due_only=True)
        assert entry.state is EntryState.SENT


async def test_a_copy_that_another_process_is_making_is_no_obstacle(
    tmp_path: Path, envelope: bytes, silent: RelayDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between seeing a copy under way and looking at it, it has its name: the run goes on."""
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add(envelope)
        coming = tmp_path / "hop" / "bodies" / ".coming.1"
        coming.write_bytes(b"")
        honest = Path.stat

        def gone(path: Path, **options: bool) -> os.stat_result:
            if path == coming:
                coming.unlink(missing_ok=True)
            return honest(path, **options)

        monkeypatch.setattr(Path, "stat", gone)
        (entry,) = await outbox.run(Script(silent))
        assert entry.state is EntryState.SENT


def test_what_was_asked_for_is_looked_up_alone(tmp_path: Path, make_envelope: MakeEnvelope) -> None:
    """Years of receipts in the outbox cost a single sending nothing: entries are found by their numbers."""
    with Outbox(tmp_path / "hop") as outbox:
        first, second = outbox.add(make_envelope("1")), outbox.add(make_envelope("2"))
        assert outbox.these([second.id, first.id]) == (second, first)


def test_pauses_are_bounded_and_spread(tmp_path: Path, make_envelope: MakeEnvelope) -> None:
    """Ten thousand attempts still mean about an hour; a busy relay's own wish is respected."""
    with Outbox(tmp_path / "hop") as outbox:
        entries = [outbox.add(make_envelope(str(number))) for number in range(1, 6)]
    assert len({pause(entry, unreachable()) for entry in entries}) == len(entries)
    busy = RelayBusyError(say("Interrupted."), retry_after=99_999)
    assert pause(entries[0], busy) == timedelta(seconds=99_999)
    from dataclasses import replace

    tired = replace(entries[0], attempts=10_000)
    assert LONGEST_PAUSE <= pause(tired, unreachable()) <= LONGEST_PAUSE * 1.5


async def test_a_refusal_is_for_good_until_it_is_sent_again(
    tmp_path: Path, make_envelope: MakeEnvelope, silent: RelayDouble
) -> None:
    """Refused entries do not stop the others, are not tried again by themselves, and keep their reason."""
    refusal = RelayRefusedError(say("Interrupted."), problem="urn:docsign:problem:unknown-receiver")
    with Outbox(tmp_path / "hop") as outbox:
        one = make_envelope("1")  # sealed once: sealed again a second later it would be another envelope
        first, second = outbox.add(one), outbox.add(make_envelope("2"))
        client = Script(silent, refusal)
        tried = await outbox.run(client)
        assert [entry.state for entry in tried] == [EntryState.REFUSED, EntryState.SENT]
        (left,) = outbox.entries()
        assert left.last_error is not None
        assert left.last_error.code == "urn:docsign:problem:unknown-receiver"
        assert left.last_error.vi == "Đã dừng theo yêu cầu."
        assert await outbox.run(client) == ()
        assert outbox.add(one).state is EntryState.WAITING
        (again,) = await outbox.run(client)
        assert again.state is EntryState.SENT
    assert client.sent == [first.sha256, second.sha256, first.sha256]


@pytest.mark.parametrize("error", [unreachable(), RelayIdentityError(say("Interrupted."))])
async def test_without_the_relay_the_rest_is_not_tried(
    error: DocsignError, tmp_path: Path, make_envelope: MakeEnvelope, silent: RelayDouble
) -> None:
    """One failed connection is enough: the other entries keep their attempts."""
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add(make_envelope("1"))
        outbox.add(make_envelope("2"))
        tried = await outbox.run(Script(silent, error))
        assert len(tried) == 1
        assert [entry.attempts for entry in outbox.entries()] == [1, 0]
        assert all(entry.state is EntryState.WAITING for entry in outbox.entries())


async def test_statuses_keep_their_order(tmp_path: Path, silent: RelayDouble) -> None:
    """03 is not sent before 01 went through; other envelopes are not held up."""
    name, other = "ab" * 32, "cd" * 32
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add_status(name, status(StatusCode.ARRIVED))
        third = outbox.add_status(name, status(StatusCode.ACCEPTED))
        outbox.add_status(other, status(StatusCode.ARRIVED, to="H99.32"))
        client = Script(silent, RelayBusyError(say("Interrupted.")))
        await outbox.run(client)
        assert client.sent == [f"status {name}", f"status {other}"]
        client.sent.clear()
        tried = await outbox.run(client, only=[third.id])
        assert [entry.code for entry in tried] == ["01", "03"]


def test_a_status_that_waits_is_queued_once(tmp_path: Path) -> None:
    """The same code for the same agency is one entry; another reason, once sent, is another."""
    name = "ab" * 32
    with Outbox(tmp_path / "hop") as outbox:
        first = outbox.add_status(name, status(StatusCode.REFUSED, description="Sai nơi nhận"))
        again = outbox.add_status(name, status(StatusCode.REFUSED, description="Gửi nhầm"))
        assert again == first
        assert len(outbox.entries()) == 1


def test_two_envelopes_of_one_document_are_answered_each(tmp_path: Path) -> None:
    """The same document sealed twice: the same words in the same second are two statuses, not one."""
    with Outbox(tmp_path / "hop") as outbox:
        for name in ("ab" * 32, "cd" * 32):
            outbox.add_status(name, status(StatusCode.ARRIVED), once=True)
        assert [entry.envelope for entry in outbox.entries()] == ["ab" * 32, "cd" * 32]


async def test_an_arrival_is_told_once(tmp_path: Path, silent: RelayDouble) -> None:
    """With ``once`` a status that was sent is not queued again."""
    name = "ab" * 32
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add_status(name, status(StatusCode.ARRIVED), once=True)
        await outbox.run(Script(silent))
        later = Status(
            sender=Organization(code="H99"),
            response_for=status(StatusCode.ARRIVED).response_for,
            code=StatusCode.ARRIVED,
            time=START + timedelta(days=1),
        )
        assert outbox.add_status(name, later, once=True).state is EntryState.SENT
        assert outbox.entries() == ()


def test_an_entry_is_found_by_each_of_its_names(tmp_path: Path, envelope: bytes) -> None:
    """SHA-256, eight digits of it, or the DocumentId; not by less."""
    with Outbox(tmp_path / "hop") as outbox:
        entry = outbox.add(envelope)
        for name in (entry.sha256, entry.sha256[:8].upper(), "H99.31,2026/11/20,125/UBND-VX"):
            assert outbox.find(name) == (entry,)
        for name in (entry.sha256[:7], "", "%", "g" * 64, "f" * 65):
            assert outbox.find(name) == ()


# ---- killed ----------------------------------------------------------------------------------------------

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from docsign.exchange import Outbox, RelayClient
folder, url, identity, trust, moment = sys.argv[1:]

class Client(RelayClient):
    async def send(self, envelope, *, time_to_live=None):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        receipt = await super().send(envelope, time_to_live=time_to_live)
        if moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt

async def main():
    with Outbox(folder) as outbox:
        async with Client(url, identity=identity, trust=trust) as client:
            await outbox.run(client)

asyncio.run(main())
"""


@pytest.mark.parametrize(("moment", "posts"), [("before", 1), ("after", 2)])
async def test_killed_while_sending_it_is_still_delivered_once(
    moment: str,
    posts: int,
    tmp_path: Path,
    envelope: bytes,
    double: RelayDouble,
    commune: RelayClient,
    p12: Path,
    trust_folder: Path,
) -> None:
    """Kill -9 before the sending, or after it and before the record: the next run finishes it, once."""
    folder = tmp_path / "hop"
    with Outbox(folder) as outbox:
        outbox.add(envelope)
    arguments = [str(folder), double.url, str(p12 / "commune-tls.pem"), str(trust_folder), moment]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=60)  # noqa: ASYNC221
    assert done.returncode == -signal.SIGKILL
    with Outbox(folder) as outbox:
        assert [entry.state for entry in outbox.entries()] == [EntryState.WAITING]
        async with commune as relay:
            (entry,) = await outbox.run(relay)
        assert entry.state is EntryState.SENT
    assert len(double.kept) == 1
    assert double.posts() == posts


ADDING = """
import os, signal, sys
from docsign.exchange import Outbox, bodies
step = sys.argv[3]
real = os.replace
def replace(*arguments):
    if step == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
with Outbox(sys.argv[1]) as outbox:
    outbox.add(open(sys.argv[2], "rb").read())
"""


@pytest.mark.parametrize("step", ["before", "after"])
async def test_killed_while_adding_nothing_is_half_there(
    step: str, tmp_path: Path, envelope: bytes, silent: RelayDouble
) -> None:
    """Kill -9 before the entry exists: there is none, adding again works, the remains are cleared away."""
    (tmp_path / "x.asice").write_bytes(envelope)
    arguments = [str(tmp_path / "hop"), str(tmp_path / "x.asice"), step]
    done = subprocess.run([sys.executable, "-c", ADDING, *arguments], check=False, timeout=60)  # noqa: ASYNC221
    assert done.returncode == -signal.SIGKILL
    clock = Clock()
    clock.now = datetime.now(UTC) + timedelta(days=2)
    with Outbox(tmp_path / "hop", clock=clock) as outbox:
        assert outbox.entries() == ()
        assert len(list((tmp_path / "hop" / "bodies").iterdir())) == 1
        await outbox.run(Script(silent))
        assert list((tmp_path / "hop" / "bodies").iterdir()) == []
        outbox.add(envelope)
        (entry,) = await outbox.run(Script(silent))
    assert entry.state is EntryState.SENT


async def test_one_process_sends_at_a_time(tmp_path: Path, envelope: bytes, silent: RelayDouble) -> None:
    """While another sends, a run says so and is worth repeating; the lock ends with its process."""
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add(envelope)
        script = (
            "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); time.sleep(60)"
        )
        lock = tmp_path / "hop" / "outbox.lock"
        other = subprocess.Popen([sys.executable, "-c", script, lock], stdout=subprocess.PIPE)  # noqa: ASYNC220
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(OutboxBusyError) as caught, sole_user(lock, patience=0.1):
            pass
        assert caught.value.exit_status == 75
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        other.stdout.close()
        (entry,) = await outbox.run(Script(silent))
    assert entry.state is EntryState.SENT


# ---- bad input, bad disks --------------------------------------------------------------------------------


def test_what_is_no_envelope_is_not_taken(tmp_path: Path) -> None:
    """A folder, a missing file, any other file: one sentence, nothing kept."""
    (tmp_path / "thu-muc").mkdir()
    (tmp_path / "thu.pdf").write_bytes(b"%PDF-1.7\n")
    wrong: list[tuple[str, type[DocsignError]]] = [
        ("thu-muc", FileUnusableError),
        ("khong-co.asice", FileUnusableError),
        ("thu.pdf", ContainerError),
    ]
    with Outbox(tmp_path / "hop") as outbox:
        for name, error in wrong:
            with pytest.raises(error):
                outbox.add(tmp_path / name)
        assert outbox.entries() == ()
    assert list((tmp_path / "hop" / "bodies").iterdir()) == []


def test_a_secret_document_is_not_sent(
    tmp_path: Path, envelope: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QD 28/2018 Art. 1: whoever sealed it, it does not travel."""
    from dataclasses import replace

    monkeypatch.setattr(
        "docsign.exchange.outbox.header_of", lambda data: replace(header_of(data), content="Tối  mật")
    )
    with Outbox(tmp_path / "hop") as outbox:
        with pytest.raises(SecretDocumentError):
            outbox.add(envelope)
        assert outbox.entries() == ()


def test_an_outbox_that_is_a_file(tmp_path: Path) -> None:
    """A file where the folder is meant is named."""
    (tmp_path / "hop").write_text("x")
    with pytest.raises(FileUnusableError, match="a folder is needed"):
        Outbox(tmp_path / "hop")


def test_an_outbox_whose_database_is_damaged(tmp_path: Path) -> None:
    """Rubbish in the database is said to be that."""
    (tmp_path / "outbox.db").write_bytes(b"khong phai SQLite" * 100)
    with pytest.raises(StorageError, match="damaged"):
        Outbox(tmp_path)


def test_an_outbox_of_another_version(tmp_path: Path) -> None:
    """A newer layout is left alone."""
    Outbox(tmp_path).close()
    with sqlite3.connect(tmp_path / "outbox.db") as rows:
        rows.execute("PRAGMA user_version = 99")
    rows.close()
    with pytest.raises(StorageError, match="another version"):
        Outbox(tmp_path)


def test_a_full_disk_keeps_nothing_and_says_so(tiny_disk: Path, make_envelope: MakeEnvelope) -> None:
    """A really full disk: the sentence, exit status 75, nothing half-written; what was there is safe."""
    with Outbox(tiny_disk / "hop") as outbox:
        small = outbox.add(make_envelope("1", size=1000))
        for size in (400_000, 250_000):
            with pytest.raises(DiskFullError, match="disk is full") as caught:
                outbox.add(make_envelope(str(size), size=size))
            assert caught.value.exit_status == 75
        names = [path.name for path in (tiny_disk / "hop" / "bodies").iterdir()]
        assert set(names) == {entry.sha256 for entry in outbox.entries()}
        assert small in outbox.entries()
    with Outbox(tiny_disk / "hop") as outbox:
        assert small in outbox.entries()


def test_a_disk_without_room_for_the_entry(tiny_disk: Path, make_envelope: MakeEnvelope) -> None:
    """Where the copy found room and the database did not, the copy is taken back."""
    envelope = make_envelope("1", size=1000)
    with Outbox(tiny_disk / "hop") as outbox:
        free = os.statvfs(tiny_disk).f_bavail * os.statvfs(tiny_disk).f_frsize
        pages = -(-len(envelope) // 4096) * 4096
        (tiny_disk / "day").write_bytes(b"\0" * (free - pages))
        with pytest.raises(DiskFullError):
            outbox.add(envelope)
        assert outbox.entries() == ()
        assert list((tiny_disk / "hop" / "bodies").iterdir()) == []
        (tiny_disk / "day").unlink()
        assert outbox.add(envelope).state is EntryState.WAITING


def test_a_disk_that_is_full_only_at_the_sync(
    tmp_path: Path, envelope: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems find out at fsync: nothing counts as kept before that."""

    def fsync(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with Outbox(tmp_path / "hop") as outbox:
        monkeypatch.setattr("docsign.exchange.bodies.os.fsync", fsync)
        with pytest.raises(DiskFullError):
            outbox.add(envelope)
        assert outbox.entries() == ()
    assert list((tmp_path / "hop" / "bodies").iterdir()) == []


async def test_bytes_that_vanish_are_told(tmp_path: Path, envelope: bytes, commune: RelayClient) -> None:
    """Where somebody emptied the folder, the entry says so and does not stop the others."""
    with Outbox(tmp_path / "hop") as outbox:
        entry = outbox.add(envelope)
        (tmp_path / "hop" / "bodies" / entry.sha256).unlink()
        async with commune as relay:
            (tried,) = await outbox.run(relay)
    assert tried.state is EntryState.REFUSED
    assert tried.last_error is not None
    assert tried.last_error.code == "file"
    assert COMMUNE.code in tried.document_id


class Archive:
    """A relay that gives receipts again: time-stamped, not yet, or none any more."""

    def __init__(self, answers: Mapping[str, Receipt | DocsignError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def receipt(self, sha256: str) -> Receipt:
        """Play the receipt again."""
        self.asked.append(sha256)
        answer = self.answers[sha256]
        if isinstance(answer, DocsignError):
            raise answer
        return answer


async def test_kept_receipts_are_fetched_again_with_their_stamp(
    tmp_path: Path, make_envelope: MakeEnvelope, silent: RelayDouble
) -> None:
    """Not at once, the oldest first, each until it is stamped; a forgotten one holds nobody up."""
    clock, envelopes = Clock(), [make_envelope(number) for number in ("1", "2", "3")]
    names = [hashlib.sha256(envelope).hexdigest() for envelope in envelopes]
    with Outbox(tmp_path / "hop", clock=clock) as outbox:
        for envelope in envelopes:
            outbox.add(envelope)
            await outbox.run(Script(silent))
            clock.now += timedelta(minutes=1)
        plain = [Receipt.from_json(entry.receipt or b"") for entry in outbox.entries(finished=True)]
        about = About(relay="Trạm", certificate="ab" * 32, log_key="k", time=START)
        stamped = [replace(one, stamp=b"tem", proof="chung minh", about=about) for one in plain]
        assert [entry.sha256 for entry in outbox.unstamped()] == names[:2]
        clock.now += STAMPED_AFTER
        gone = RelayRefusedError(say("There is nothing at this address."))
        archive = Archive({names[0]: gone, names[1]: stamped[1], names[2]: plain[2]})
        assert await outbox.refresh(archive) == 1
        assert archive.asked == names
        kept = [Receipt.from_json(entry.receipt or b"") for entry in outbox.entries(finished=True)]
        assert kept == [plain[0], stamped[1], plain[2]]
        other = replace(stamped[2], signature=b"khac")
        assert await outbox.refresh(Archive({names[0]: gone, names[2]: other})) == 0
        assert outbox.keep_receipt(stamped[2])
        assert not outbox.keep_receipt(stamped[2].__class__.from_json(plain[0].to_json()))
        assert [entry.sha256 for entry in outbox.unstamped()] == names[:1]
        with pytest.raises(RelayUnreachableError):
            await outbox.refresh(Archive({names[0]: unreachable()}))


async def test_an_outbox_of_the_layout_before_is_taken_over(
    tmp_path: Path, envelope: bytes, silent: RelayDouble
) -> None:
    """What an older docsign kept is read, sent and asked for again."""
    with Outbox(tmp_path / "hop") as outbox:
        outbox.add(envelope)
    rows = sqlite3.connect(tmp_path / "hop" / "outbox.db")
    rows.executescript(
        "DROP INDEX entry_unstamped; ALTER TABLE entry DROP COLUMN stamped; PRAGMA user_version = 1"
    )
    rows.close()
    clock = Clock()
    with Outbox(tmp_path / "hop", clock=clock) as outbox:
        (sent,) = await outbox.run(Script(silent))
        assert sent.state is EntryState.SENT
        clock.now += STAMPED_AFTER
        assert [entry.id for entry in outbox.unstamped()] == [sent.id]
    rows = sqlite3.connect(tmp_path / "hop" / "outbox.db")
    rows.executescript("PRAGMA user_version = 9")
    rows.close()
    with pytest.raises(StorageError, match="another version"):
        Outbox(tmp_path / "hop")
