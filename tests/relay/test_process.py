"""The relay as a process: set up and served by its command line, killed, started again."""

from __future__ import annotations

import json
import resource
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from docsign.cli import run
from docsign.exchange import wire
from docsign.pki import SigningKey
from relay_server.cli import relay
from tests.relay.conftest import Process, Site, sealed, sha256
from tests.relay.test_wire_api import status, take

Start = Callable[[Path], Process]


async def test_kill_9_between_accept_and_fetch_loses_nothing(
    site: Site, agency_key: SigningKey, start: Start
) -> None:
    """What was answered 201 is there after the process was killed: bytes, receipt, delivery, evidence."""
    envelopes = [sealed(agency_key, number=str(number)) for number in range(1, 6)]
    receipts = []
    process = start(site.folder)
    async with site.client(process.url, "commune-tls") as commune:
        for envelope in envelopes:
            code, _, receipt = await commune.send(envelope)
            assert code == 201
            receipts.append(receipt)
        process.end(signal.SIGKILL)  # right after the last answer

    process = start(site.folder)
    async with (
        site.client(process.url, "commune-tls") as commune,
        site.client(process.url, "province-tls") as province,
    ):
        items = (await province.inbox()).items
        assert [item.sha256 for item in items] == [sha256(envelope) for envelope in envelopes]
        for envelope, receipt in zip(envelopes, receipts, strict=True):
            assert (await commune.call("GET", wire.receipt_path(sha256(envelope))))[2] == receipt
            assert (await commune.send(envelope))[2] == receipt  # a lost answer is asked for again
            await take(province, envelope)
        assert (await province.inbox()).items == ()
    assert process.end(signal.SIGTERM) == 0


async def test_kill_9_after_handover_and_status_loses_nothing(
    site: Site, agency_key: SigningKey, start: Start
) -> None:
    """What the receiver was told is recorded stays recorded."""
    envelope = sealed(agency_key)
    process = start(site.folder)
    async with (
        site.client(process.url, "commune-tls") as commune,
        site.client(process.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        await take(province, envelope)
        path = wire.statuses_path(sha256(envelope))
        accepted = await province.call("POST", path, data=status("03"))
        assert accepted[0] == 200
        process.end(signal.SIGKILL)

    process = start(site.folder)
    async with (
        site.client(process.url, "commune-tls") as commune,
        site.client(process.url, "province-tls") as province,
    ):
        assert (await province.inbox()).items == ()
        assert (await province.call("POST", path, data=status("03")))[2] == accepted[2]
        assert [event.event for event in (await commune.trace(sha256(envelope))).events] == [
            "SubmissionAcceptance",
            "ContentConsignment",
            "ContentHandover",
            "ConsignmentAcceptance",
        ]


async def test_kill_9_in_the_middle_of_an_upload_leaves_nothing_behind(
    site: Site, agency_key: SigningKey, start: Start
) -> None:
    """Half an envelope is none; the next start sweeps it."""
    envelope = sealed(agency_key) + b""
    process = start(site.folder)
    host, port = process.url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=str(site.authority.trust_folder / "root.pem"))
    context.load_cert_chain(site.keys / "commune-tls.pem")
    with (
        socket.create_connection((host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(
            f"POST {wire.ENVELOPES} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {10_000_000}\r\n"
            f"{wire.DIGEST_HEADER}: {wire.write_repr_digest(sha256(envelope))}\r\n\r\n".encode()
            + envelope
            + b"x" * 2_000_000
        )
        incoming = site.folder / "bodies" / "incoming"
        for _ in range(200):
            if any(path.stat().st_size for path in incoming.iterdir()):
                break
            __import__("time").sleep(0.02)
        assert any(incoming.iterdir())
        process.end(signal.SIGKILL)

    process = start(site.folder)
    assert not any(incoming.iterdir())
    async with site.client(process.url, "province-tls") as province:
        assert (await province.inbox()).items == ()


async def test_it_stops_cleanly_and_gives_the_port_back(
    site: Site, agency_key: SigningKey, start: Start
) -> None:
    """SIGTERM: exit 0, also while somebody waits in a long poll; one JSON line a request in the log."""
    import asyncio

    process = start(site.folder)
    async with site.client(process.url, "province-tls") as province:
        await province.inbox()
        waiting = asyncio.create_task(province.call("GET", f"{wire.INBOX}?wait=60"))
        await asyncio.sleep(0.5)
        ended = await asyncio.to_thread(process.end, signal.SIGTERM)
        assert ended == 0
        await asyncio.gather(waiting, return_exceptions=True)
    host, port = process.url.removeprefix("https://").split(":")
    with socket.socket() as again:
        assert again.connect_ex((host, int(port))) != 0
    lines = [json.loads(line) for line in (site.folder / "log").read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests
    assert {"time", "level", "method", "path", "status", "agency", "certificate", "ms"} <= set(requests[0])
    assert (requests[0]["agency"], requests[0]["status"]) == ("H99", 200)


def test_health_of_a_process(site: Site, start: Start) -> None:
    """A load balancer's two questions."""
    process = start(site.folder)
    for path in (wire.LIVE, wire.READY):
        with urlopen(process.health_url + path, timeout=5) as answer:
            assert answer.status == 200


def test_init_and_the_directory_by_command_line(
    p12: Path, trust_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Set up, add, list; what is there is not overwritten, what is wrong is said."""
    folder = tmp_path / "srv" / "relay"
    init = [
        "init", str(folder), "--port", "0", "--identity", str(p12 / "relay-tls.pem"),
        "--key", f"pkcs12:{p12 / 'relay.p12'}", "--trust", str(trust_folder), "--lang", "en",
    ]  # fmt: skip
    assert run(relay, init) == 0
    assert (folder / "relay.toml").is_file()
    assert run(relay, init) == 2
    assert "already there" in capsys.readouterr().err

    add = ["agency", "add", str(folder), "--code", "H99.31", "--lang", "en"]
    assert run(relay, add) == 2
    assert "needs a name" in capsys.readouterr().err
    certificates = ["--tls-cert", str(p12 / "commune-tls.pem"), "--sign-cert", str(p12 / "agency.pem")]
    assert run(relay, [*add, "--name", "UBND xã Mẫu", *certificates]) == 0
    out, err = capsys.readouterr()
    assert "H99.31" in err
    assert [line.split()[0] for line in out.splitlines()] == ["tls", "sign"]
    assert run(relay, ["agency", "list", str(folder), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert [one["use"] for one in json.loads(line)["certificates"]] == ["tls", "sign"]
    assert run(relay, ["agency", "list", str(folder)]) == 0
    assert "UBND xã Mẫu" in capsys.readouterr().out

    for wrong, word in (
        (["agency", "add", str(folder), "--code", "xã", "--name", "Mẫu"], "--code"),
        ([*add, "--tls-cert", str(tmp_path)], "folder"),
        ([*add, "--tls-cert", str(folder / "relay.toml")], "relay.toml"),
        (["agency", "list", str(tmp_path)], "relay.toml"),
        (["serve", str(tmp_path)], "relay.toml"),
        ([*init[:1], str(tmp_path / "x"), *init[2:4], *init[6:]], "--identity"),
        ([*init[:1], str(tmp_path / "x"), *init[2:4], "--identity", str(p12 / "passphrase.txt"), *init[6:]],
         "TLS identity"),
        ([*init[:1], str(tmp_path / "x"), *init[2:4], "--identity", str(tmp_path / "no.pem"), *init[6:]],
         "no.pem"),
        ([*init[:1], str(tmp_path / "x"), "--port", "70000", *init[4:]], "0 to 65535"),
        ([*init[:1], str(tmp_path / "x"), *init[2:], "--key", "relay.p12"], "Write pkcs12:relay.p12"),
        ([*init[:1], str(tmp_path / "x"), *init[2:], "--key", "PKCS12:no.p12"], "no.p12"),
    ):  # fmt: skip
        assert run(relay, [*wrong, "--lang", "en"] if wrong[0] == "serve" else wrong) in (1, 2), wrong
        assert word in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_port_that_is_taken_and_a_wrong_passphrase_are_said_in_one_sentence(
    site: Site, tmp_path: Path
) -> None:
    """Exit status and one line, nothing half-served."""
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    settings = site.folder / "relay.toml"
    settings.write_text(settings.read_text().replace("port = 0\n", f"port = {port}\n", 1))
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("sai mật khẩu\n")
    for more, code, word in (([], 2, port), (["--passphrase-file", str(wrong)], 1, "passphrase")):
        ended = subprocess.run(
            [sys.executable, "-m", "relay_server", "serve", str(site.folder), "--lang", "en", *more],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
        assert word in ended.stderr.splitlines()[-1]
        assert "Traceback" not in ended.stderr
    taken.close()


def test_without_its_extra_the_relay_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library alone is installed in many places; the command is there, too."""
    monkeypatch.setattr("relay_server.cli.find_spec", lambda _name: None)
    assert run(relay, ["agency", "list", "x"]) == 2
    assert "docsign[relay]" in capsys.readouterr().err


async def test_a_relay_may_open_as_many_files_as_the_system_lets_it(site: Site, start: Start) -> None:
    """Connections that show no certificate count, too: the usual 1024 would be gone in a second."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, most), most))
    try:
        process = start(site.folder)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    limits = Path(f"/proc/{process.running.pid}/limits").read_text()  # noqa: ASYNC240
    (line,) = [line.split() for line in limits.splitlines() if line.startswith("Max open files")]
    assert line[3:5] == [str(most)] * 2
