"""The exchange commands as processes: what a clerk sees, in Vietnamese and English, and the exit status."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from docsign.envelope import read_status
from docsign.exchange import Outbox
from docsign.exchange.problems import ProblemType
from docsign.pki import SigningKey
from tests.conftest import PASSPHRASE
from tests.exchange.conftest import MakeEnvelope
from tests.exchange.relay_double import RelayDouble, problem, running

DOCSIGN = Path(sys.executable).parent / "docsign"


@dataclass
class Desk:
    """One agency's folder, with its docsign.toml."""

    folder: Path

    def run(self, *words: str, lang: str = "vi") -> subprocess.CompletedProcess[str]:
        """Run docsign here."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "DOCSIGN_LANG": lang,
        }
        done = subprocess.run(
            [str(DOCSIGN), *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """Run docsign with --json and return what it prints."""
        done = self.run(*words, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def set_relay(self, url: str) -> None:
        """Write another relay into the settings."""
        settings = self.folder / "docsign.toml"
        lines = [line for line in settings.read_text().splitlines() if not line.startswith("relay =")]
        settings.write_text("\n".join([*lines, f'relay = "{url}"', ""]))


MakeDesk = Callable[[str], Desk]


@pytest.fixture
def make_desk(tmp_path: Path, p12: Path, trust_folder: Path) -> MakeDesk:
    """Return what sets up the desk of an agency; the relay is missing until it is set."""

    def make(identity: str) -> Desk:
        folder = tmp_path / f"ban-{identity}"
        folder.mkdir()
        (folder / "docsign.toml").write_text(
            f'identity = "{p12 / identity}.pem"\ntrust = "{trust_folder}"\noutbox = "hop"\n'
        )
        return Desk(folder)

    return make


@pytest.fixture
def commune_desk(make_desk: MakeDesk, double: RelayDouble) -> Desk:
    """The commune's desk, with the double as its relay."""
    desk = make_desk("commune-tls")
    desk.set_relay(double.url)
    return desk


@pytest.fixture
def province_desk(make_desk: MakeDesk, double: RelayDouble) -> Desk:
    """The province's desk, with the double as its relay."""
    desk = make_desk("province-tls")
    desk.set_relay(double.url)
    return desk


@pytest.fixture
def file(commune_desk: Desk, envelope: bytes) -> Path:
    """An envelope on the commune's desk."""
    path = commune_desk.folder / "cong-van.asice"
    path.write_bytes(envelope)
    return path


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield int(unused.getsockname()[1])


def name_of(data: bytes) -> str:
    """Return the SHA-256."""
    return hashlib.sha256(data).hexdigest()


def test_send_says_what_was_sent(commune_desk: Desk, file: Path, envelope: bytes) -> None:
    """The document, when the relay took it, the envelope's name; the receipt where it is asked for."""
    done = commune_desk.run("send", file.name, "--receipt", "bien-nhan.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Đã gửi: 125/UBND-VX. Trạm chuyển tiếp tiếp nhận lúc ")
    assert done.stdout.splitlines()[1] == f"Gói tin: {name_of(envelope)}"
    assert done.stderr == ""
    receipt = json.loads((commune_desk.folder / "bien-nhan.json").read_text())
    assert receipt["evidence"]["parts"][0]["digest"] == name_of(envelope)


def test_send_in_english_and_for_programs(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """The same in English; JSON has the receipt; sending again sends nothing again."""
    done = commune_desk.run("send", file.name, lang="en")
    assert done.stdout.startswith("Sent: 125/UBND-VX. The relay took it at 20")
    (row,) = commune_desk.rows("send", file.name)
    assert (row["schema"], row["state"], row["document_id"]) == (1, "sent", "H99.31,2026/11/20,125/UBND-VX")
    assert row["receipt"]["schema"] == 1
    assert double.posts() == 1


def test_send_without_network_keeps_it(
    commune_desk: Desk, file: Path, double: RelayDouble, closed_port: int
) -> None:
    """Exit 75 with the sentence; outbox run delivers it later, once."""
    commune_desk.set_relay(f"https://127.0.0.1:{closed_port}")
    done = commune_desk.run("send", file.name)
    assert done.returncode == 75
    assert done.stdout == ""
    assert "Không kết nối được với trạm chuyển tiếp" in done.stderr
    assert "Chưa gửi được: 125/UBND-VX được giữ trong hộp chờ gửi." in done.stderr
    file.unlink()
    listed = commune_desk.run("outbox", "list")
    assert "125/UBND-VX  đến H99" in listed.stdout
    assert "chờ gửi · số lần thử: 1" in listed.stdout
    assert commune_desk.run("outbox", "run").returncode == 75
    commune_desk.set_relay(double.url)
    done = commune_desk.run("outbox", "run")
    assert done.returncode == 0
    assert "Đã gửi: 1. Còn chờ: 0." in done.stderr
    assert commune_desk.run("outbox", "run").stderr == "Không có gì chờ gửi.\n"
    assert double.posts() == 1
    assert [row["state"] for row in commune_desk.rows("outbox", "list", "--all")] == ["sent"]


def test_a_receipt_that_cannot_be_written_hides_no_sending(
    commune_desk: Desk, file: Path, double: RelayDouble
) -> None:
    """The clerk reads first that it was sent, then that the file could not be written."""
    commune_desk.set_relay(double.url)
    done = commune_desk.run("send", file.name, "--receipt", "khong-co/bien-nhan.json")
    assert done.returncode == 2
    assert done.stdout.startswith("Đã gửi: 125/UBND-VX.")
    assert "Không có thư mục" in done.stderr
    assert double.posts() == 1


def test_what_a_relay_says_steers_no_terminal(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """A refusal in colours, or one that clears the screen, is shown as text on its line."""

    async def fault(_request: web.Request) -> web.StreamResponse:
        words = {
            "vi": "Trạm bận\x1b[2J\nĐã gửi: mọi thứ",
            "en": "busy",
            "where": "\x1b]0;x\x07",
            "retry": True,
        }
        return web.json_response(words, status=503, content_type="application/problem+json")

    commune_desk.set_relay(double.url)
    double.fault = fault
    for words in (["send", file.name], ["receive", "--all"], ["trace", file.name], ["outbox", "run"]):
        done = commune_desk.run(*words)
        assert done.returncode == 75, done.stderr
        assert "\x1b" not in done.stderr + done.stdout
        assert not any(line.startswith("Đã gửi: mọi") for line in done.stderr.splitlines())


def test_send_queue_needs_no_relay_at_all(make_desk: MakeDesk, envelope: bytes) -> None:
    """--queue stores and says how to send; without it the missing setting is named before anything."""
    desk = make_desk("commune-tls")
    (desk.folder / "x.asice").write_bytes(envelope)
    done = desk.run("send", "x.asice")
    assert done.returncode == 2
    assert "Thiếu --relay" in done.stderr
    assert not (desk.folder / "hop").exists()
    done = desk.run("send", "x.asice", "--queue")
    assert done.returncode == 0
    assert done.stderr == "Đã đưa vào hộp chờ gửi: 125/UBND-VX. Để gửi: docsign outbox run\n"


def test_what_was_not_sent_can_be_taken_back(make_desk: MakeDesk, envelope: bytes) -> None:
    """Before it is sent a mistake costs nothing: by the number that the list shows."""
    desk = make_desk("commune-tls")
    (desk.folder / "x.asice").write_bytes(envelope)
    assert desk.run("send", "x.asice", "--queue").returncode == 0
    number = desk.run("outbox", "list").stdout.split()[0]
    done = desk.run("outbox", "drop", number)
    assert done.returncode == 0
    assert "125/UBND-VX" in done.stdout
    assert desk.rows("outbox", "list", "--all") == []
    assert list((desk.folder / "hop" / "bodies").iterdir()) == []
    done = desk.run("outbox", "drop", number)
    assert done.returncode == 2
    assert "Không có mục nào mang số này trong hộp chờ gửi." in done.stderr


def test_an_unknown_receiver(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """The relay's own words, that trying again is useless, exit 1."""

    async def fault(_request: object) -> object:
        return problem(ProblemType.UNKNOWN_RECEIVER)

    double.fault = fault  # type: ignore[assignment]
    done = commune_desk.run("send", file.name)
    assert done.returncode == 1
    assert done.stderr.startswith("lỗi [unknown-receiver]: ")
    assert "Trạm chuyển tiếp từ chối; gửi lại cũng không được." in done.stderr


def test_a_relay_with_another_certificate(
    commune_desk: Desk, file: Path, relay_key: SigningKey, p12: Path, trust_folder: Path
) -> None:
    """A server with a certificate of the right authority but not a relay's address gets nothing: exit 1."""
    double = RelayDouble(relay_key)
    with running(double, p12 / "province-tls.pem", trust_folder / "root.pem"):
        commune_desk.set_relay(double.url)
        done = commune_desk.run("send", file.name)
    assert done.returncode == 1
    assert "Đây không phải là trạm chuyển tiếp được tin cậy" in done.stderr
    assert "Chưa gửi gì cả." in done.stderr
    assert double.requests == []


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("thu-muc", 2, "Đây là thư mục, cần một tệp."),
        ("khong-co.asice", 2, "Không có tệp này."),
        ("thu.pdf", 1, "thu.pdf: "),
    ],
)
def test_what_cannot_be_sent(
    name: str, status: int, words: str, commune_desk: Desk, file: Path, double: RelayDouble
) -> None:
    """A folder, nothing, another file: one sentence with its name; the good one beside it is sent."""
    (commune_desk.folder / "thu-muc").mkdir()
    (commune_desk.folder / "thu.pdf").write_bytes(b"%PDF-1.7\n")
    done = commune_desk.run("send", name, file.name)
    assert done.returncode == status
    assert name in done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert double.posts() == 1


def test_an_outbox_on_a_full_disk(commune_desk: Desk, tiny_disk: Path, make_envelope: MakeEnvelope) -> None:
    """Exit 75, the sentence, nothing left behind."""
    (commune_desk.folder / "lon.asice").write_bytes(make_envelope(size=500_000))
    done = commune_desk.run("send", "lon.asice", "--outbox", str(tiny_disk))
    assert done.returncode == 75
    assert "Đĩa đã đầy: chưa ghi gì cả." in done.stderr
    assert list((tiny_disk / "bodies").iterdir()) == []


def test_the_identity_may_be_locked(
    commune_desk: Desk, file: Path, p12: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passphrase of a PKCS#12 identity comes from a file; a wrong one is said to be wrong."""
    (commune_desk.folder / "sai.txt").write_text("sai\n")
    words = ("send", file.name, "--identity", str(p12 / "commune-tls.p12"), "--passphrase-file")
    done = commune_desk.run(*words, "sai.txt")
    assert done.returncode == 1
    assert "[passphrase]" in done.stderr
    assert commune_desk.run(*words, str(p12 / "passphrase.txt")).returncode == 0
    assert PASSPHRASE not in done.stderr


def test_inbox_receive_and_status(province_desk: Desk, double: RelayDouble, envelope: bytes) -> None:
    """What a clerk does in the morning: look, receive, accept; each state goes back once."""
    double.keep(envelope)
    done = province_desk.run("inbox")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == (
        f"{name_of(envelope)[:16]}  125/UBND-VX  Ủy ban nhân dân xã Thử nghiệm (H99.31)  [Khẩn]"
    )
    assert "V/v thử nghiệm gửi, nhận văn bản điện tử" in done.stdout
    assert "chờ bên nhận lấy về" in done.stdout
    done = province_desk.run("receive", "--all", "-o", "den")
    assert done.returncode == 0, done.stderr
    assert (province_desk.folder / done.stdout.strip()).read_bytes() == envelope
    assert done.stderr == "Đã nhận: 1.\n"
    done = province_desk.run("status", name_of(envelope)[:8], "03")
    assert done.returncode == 0, done.stderr
    assert "trạng thái 03 Đã tiếp nhận của 125/UBND-VX  đến H99.31" in done.stdout
    assert province_desk.run("status", "H99.31,2026/11/20,125/UBND-VX", "06").returncode == 0
    assert [read_status(body).code.value for _, body in double.statuses] == ["01", "03", "06"]
    done = province_desk.run("receive", "--all", "-o", "den")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Đã nhận: 0.\n")
    assert province_desk.run("inbox").stderr == "Không có gói tin nào chờ cơ quan nhận.\n"


def test_what_arrives_is_entered_in_the_register(
    province_desk: Desk, double: RelayDouble, envelope: bytes, make_envelope: MakeEnvelope
) -> None:
    """With --register each gets its arrival number; what is there or not sound is named, not entered."""
    person = "vt:Trần Thị Thử:clerk"
    made = province_desk.run("register", "init", "van-thu", "--name", "UBND tỉnh", "--person", person)
    assert made.returncode == 0, made.stderr
    told = ("--office", "van-thu", "--by", "vt")
    double.keep(envelope)
    nobody = (*told[:3], "ai")
    done = province_desk.run("receive", "--all", "-o", "den", "--register", *nobody)
    assert (done.returncode, done.stdout) == (2, "")  # nothing was fetched for somebody unknown
    done = province_desk.run("receive", "--all", "-o", "den", "--register", *told)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("   01/2026  125/UBND-VX  Ủy ban nhân dân xã Thử nghiệm")
    (row,) = province_desk.rows("register", "incoming", *told)
    assert "125/UBND-VX" in row.values()
    double.keep(make_envelope("125", size=3000))  # another envelope of the same document
    double.keep(make_envelope("7"))
    damaged = bytearray(make_envelope("8"))
    damaged[damaged.index(b"8888")] ^= 1
    double.keep(bytes(damaged))
    done = province_desk.run("receive", "--all", "-o", "den", "--register", "--json", *told)
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["arrival"]["number"] for row in rows if "arrival" in row) == [2]
    assert len(rows) == 3
    warnings = done.stderr.splitlines()
    assert any("đã có trong sổ: số đến 01" in line and line.endswith("--anyway") for line in warnings)
    assert any("malformed" in line and "add-incoming" not in line for line in warnings)


def test_receiving_tells_what_is_asked_back(
    province_desk: Desk, double: RelayDouble, envelope: bytes, make_envelope: MakeEnvelope
) -> None:
    """A desk that only receives hears of a recall, too, and may answer it though it never had the bytes."""
    double.keep(envelope).state = "recall-asked"
    name = name_of(envelope)
    done = province_desk.run("receive", "--all", "-o", "den")
    assert (done.returncode, done.stdout) == (0, "")
    asked = f"Bên gửi xin lấy lại 125/UBND-VX ({name[:16]}): hãy trả lời 15 (đồng ý) hoặc 16 (từ chối)."
    assert done.stderr.splitlines() == [asked, "Đã nhận: 0."]
    done = province_desk.run("receive", name[:10], "-o", "den")
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, asked)
    done = province_desk.run("status", name[:16], "16", "--description", "Đang xử lý")
    assert done.returncode == 0, done.stderr
    ((about, body),) = double.statuses
    told = read_status(body)
    assert (about, told.code.value, told.addressee) == (name, "16", "H99.31")
    assert told.response_for.document_id == "H99.31,2026/11/20,125/UBND-VX"
    other = make_envelope("126")
    double.keep(other).confirmed = "withdrawn"
    done = province_desk.run("receive", name_of(other)[:10], "-o", "den")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("Bên gửi đã lấy lại 126/UBND-VX")
    assert "hủy" in done.stderr
    assert len(double.statuses) == 1


def test_a_status_is_sent_from_another_computer_by_all_digits(
    commune_desk: Desk, province_desk: Desk, double: RelayDouble, envelope: bytes
) -> None:
    """What the hint promises: the relay knows the document, whoever of the agency sent or fetched it."""
    double.keep(envelope)
    name = name_of(envelope)
    done = commune_desk.run("status", name, "13", "--description", "Ban hành nhầm")
    assert done.returncode == 0, done.stderr
    assert province_desk.run("status", name, "03").returncode == 0
    told = [read_status(body) for _, body in double.statuses]
    assert [(one.code.value, one.addressee) for one in told] == [("13", "H99"), ("03", "H99.31")]
    for words in ((name, "03", "--queue"), ("f" * 64, "03")):
        done = province_desk.run("status", *words)
        assert done.returncode == 2
        assert "64" in done.stderr


def test_a_full_disk_ends_the_receiving(
    province_desk: Desk, double: RelayDouble, make_envelope: MakeEnvelope, tiny_disk: Path
) -> None:
    """Said once; what would not fit either is not fetched over the line only to be thrown away."""
    for number in ("1", "2", "3"):
        double.keep(make_envelope(number, size=300_000))
    done = province_desk.run("receive", "--all", "-o", str(tiny_disk))
    assert done.returncode == 75
    assert done.stderr.count("Đĩa đã đầy") == 1
    assert list(tiny_disk.iterdir()) == []


def test_an_arrival_that_was_not_told_is_told_by_the_next_run(
    province_desk: Desk, double: RelayDouble, envelope: bytes
) -> None:
    """A desk that only receives needs no other command, though its line broke or its process died."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/statuses"):
            assert request.transport is not None
            request.transport.abort()
        return None

    double.keep(envelope)
    double.fault = fault
    assert province_desk.run("receive", "--all").returncode == 75
    double.fault = None
    assert province_desk.run("receive", "--all").returncode == 0
    assert [about for about, _body in double.statuses] == [name_of(envelope)]


def test_receive_one_of_several(
    province_desk: Desk, double: RelayDouble, make_envelope: MakeEnvelope
) -> None:
    """An ID chooses; an unknown one is said so and does not keep the others from coming."""
    first, second = make_envelope("1"), make_envelope("2")
    double.keep(first)
    double.keep(second)
    rows = province_desk.rows("receive", name_of(second)[:10], "-o", "den", "--no-status")
    assert [row["sha256"] for row in rows] == [name_of(second)]
    assert double.statuses == []
    done = province_desk.run("receive", "ffffffff", "H99.31,2026/11/20,1/UBND-VX", "-o", "den")
    assert done.returncode == 2
    assert "ffffffff: Không có gói tin nào mang tên này" in done.stderr
    assert "Đã nhận: 1." in done.stderr
    done = province_desk.run("receive", "-o", "den")
    assert done.returncode == 2


def test_a_status_without_network_is_kept(
    province_desk: Desk, double: RelayDouble, envelope: bytes, closed_port: int
) -> None:
    """Statuses go through the outbox too: exit 75, and delivered later."""
    double.keep(envelope)
    assert province_desk.run("receive", "--all", "-o", "den", "--no-status").returncode == 0
    province_desk.set_relay(f"https://127.0.0.1:{closed_port}")
    done = province_desk.run("status", name_of(envelope), "02", "--description", "Gửi nhầm nơi nhận")
    assert done.returncode == 75
    assert "được giữ trong hộp chờ gửi" in done.stderr
    province_desk.set_relay(double.url)
    assert province_desk.run("outbox", "run").returncode == 0
    ((_, body),) = double.statuses
    assert read_status(body).description == "Gửi nhầm nơi nhận"


def test_a_status_about_a_file(province_desk: Desk, double: RelayDouble, envelope: bytes) -> None:
    """An envelope that came another way is named by its file."""
    (province_desk.folder / "x.asice").write_bytes(envelope)
    assert province_desk.run("status", "x.asice", "03").returncode == 0
    assert double.statuses[0][0] == name_of(envelope)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("1a2b3c4d", "02"), "Thiếu lý do: --description."),
        (("1a2b3c4d", "13"), "Thiếu lý do: --description."),
        (("1a2b3c4d", "03"), "Không biết gói tin nào mang tên này."),
        (("1a2b3c4d", "03", "--to", "H99.31"), "--to chỉ dùng với trạng thái 13."),
        (("1a2b3c4d", "02", "--description", "x" * 1001), "Lý do quá dài: tối đa 1000 ký tự."),
        (("1a2b3c4d", "07"), "07"),
    ],
)
def test_a_status_that_makes_no_sense(words: tuple[str, ...], answer: str, province_desk: Desk) -> None:
    """Wrong usage: one sentence, exit 2, nothing queued."""
    done = province_desk.run("status", *words)
    assert done.returncode == 2
    assert answer in done.stderr
    assert province_desk.rows("outbox", "list") == []


def test_a_recall_goes_to_the_receivers(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """13 is the sender's: about what it sent, to those it was sent to."""
    assert commune_desk.run("send", file.name).returncode == 0
    done = commune_desk.run("status", file.name, "13", "--description", "Ban hành nhầm")
    assert done.returncode == 0, done.stderr
    ((_, body),) = double.statuses
    told = read_status(body)
    assert (told.code.value, told.addressee, told.description) == ("13", "H99", "Ban hành nhầm")
    assert told.response_for.code == "125/UBND-VX"


def test_trace_reads_like_parcel_tracking(commune_desk: Desk, file: Path, envelope: bytes) -> None:
    """By file, digits or DocumentId: where it is, what happened; foreign text cannot steer the terminal."""
    assert commune_desk.run("send", file.name).returncode == 0
    for name in (file.name, name_of(envelope)[:8], "H99.31,2026/11/20,125/UBND-VX"):
        done = commune_desk.run("trace", name)
        assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "125/UBND-VX: V/v thử nghiệm gửi, nhận văn bản điện tử"
    assert lines[1] == f"Gói tin: {name_of(envelope)}"
    assert "  UBND tỉnh (H99): chờ bên nhận lấy về" in done.stdout
    assert "Gửi nhầm [31mnơi nhận" in done.stdout
    assert "\x1b" not in done.stdout
    assert "waiting to be fetched" in commune_desk.run("trace", file.name, lang="en").stdout
    (row,) = commune_desk.rows("trace", file.name)
    assert row["deliveries"][0]["receiver"] == "H99"


def test_the_receipt_is_fetched_again(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """To a file and into the outbox; that it has no time-stamp yet is said; a file there is not replaced."""
    assert commune_desk.run("send", file.name).returncode == 0
    done = commune_desk.run("trace", file.name, "--receipt", "bien-nhan.json")
    assert done.returncode == 0, done.stderr
    assert "chưa có dấu thời gian" in done.stderr
    (kept,) = double.kept.values()
    assert (commune_desk.folder / "bien-nhan.json").read_bytes() == kept.receipt.to_json()
    assert commune_desk.run("outbox", "run").returncode == 0
    double.kept.clear()
    refused = commune_desk.run("trace", file.name, "--receipt", "khac.json")
    assert refused.returncode == 1
    assert not (commune_desk.folder / "khac.json").exists()


def test_the_receipts_of_all_events_are_written(commune_desk: Desk, file: Path, double: RelayDouble) -> None:
    """A file each, in their order; of events without a record there is none; nothing there is replaced."""
    assert commune_desk.run("send", file.name).returncode == 0
    done = commune_desk.run("trace", file.name, "--receipts", "bien-nhan")
    assert done.returncode == 0, done.stderr
    assert "Đã ghi biên nhận vào bien-nhan: 1." in done.stderr
    (written,) = (commune_desk.folder / "bien-nhan").iterdir()
    (kept,) = double.kept.values()
    assert written.name == "01-SubmissionAcceptance-H99.json"
    assert written.read_bytes() == kept.receipt.to_json()
    again = commune_desk.run("trace", file.name, "--receipts", "bien-nhan")
    assert again.returncode == 2
    assert "01-SubmissionAcceptance-H99.json" in again.stderr


def test_trace_of_what_is_not_there(commune_desk: Desk, envelope: bytes) -> None:
    """Unknown here: exit 2. Unknown to the relay: its refusal, exit 1."""
    done = commune_desk.run("trace", "1a2b3c4d")
    assert done.returncode == 2
    assert "đủ 64 chữ số" in done.stderr
    assert commune_desk.run("trace", name_of(envelope)).returncode == 1


def test_two_runs_at_once_deliver_once(
    commune_desk: Desk, double: RelayDouble, make_envelope: MakeEnvelope
) -> None:
    """A scheduler and a clerk at the same moment: every envelope goes out one time."""
    with Outbox(commune_desk.folder / "hop") as outbox:
        for number in range(1, 9):
            outbox.add(make_envelope(str(number)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(commune_desk.folder), "DOCSIGN_LANG": "vi"}
    runs = [
        subprocess.Popen([str(DOCSIGN), "outbox", "run"], cwd=commune_desk.folder, env=environment)
        for _ in range(3)
    ]
    assert {run.wait(timeout=60) for run in runs} <= {0, 75}
    assert double.posts() == 8
    assert commune_desk.rows("outbox", "list") == []


def test_relay_down_for_every_command(make_desk: MakeDesk, envelope: bytes, closed_port: int) -> None:
    """One sentence and 75, never a stack trace."""
    desk = make_desk("commune-tls")
    desk.set_relay(f"https://127.0.0.1:{closed_port}")
    with Outbox(desk.folder / "hop") as outbox:
        outbox.add(envelope)
    for words in (("inbox",), ("receive", "--all"), ("trace", name_of(envelope)), ("outbox", "run")):
        done = desk.run(*words)
        assert done.returncode == 75, words
        assert "Không kết nối được với trạm chuyển tiếp" in done.stderr + done.stdout, words


def test_no_trust_no_relay(make_desk: MakeDesk, double: RelayDouble) -> None:
    """Without anyone to vouch for the relay nothing is said to it."""
    desk = make_desk("commune-tls")
    (desk.folder / "docsign.toml").write_text(f'relay = "{double.url}"\nidentity = "x.pem"\n')
    done = desk.run("inbox")
    assert done.returncode == 2
    assert "Thiếu --relay-trust" in done.stderr
    assert double.requests == []
