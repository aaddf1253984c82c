"""The doctor: a relay that is fit passes, and each thing that is not is told by its own name with advice."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest
from cryptography import x509

from docsign.cli import run
from docsign.errors import DiskFullError, DocsignError, FileUnusableError, TimestampError
from docsign.pki import SigningKey, Trust
from docsign.pki.fetch import _request, _token
from docsign.pki.stamping import respond
from docsign.sentence import say
from relay_server import surroundings
from relay_server.app import DATABASE, is_served, tls_context
from relay_server.checking import check
from relay_server.cli import relay
from relay_server.doctor import examine
from relay_server.findings import Findings
from relay_server.register import delegate, register
from relay_server.settings import RelaySettings
from tests.relay.conftest import Process, Site, sealed
from tests.relay.test_delegation import CLERK, proof
from tests.relay.test_migrating import set_back

NOW = datetime.now(UTC)


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


ADDRESSES = {"address", "health", "ready"}


@pytest.fixture
def fit(site: Site) -> Site:
    """A relay with a time-stamp service, keys that its owner alone can read, and room."""
    keys = site.folder / "keys"
    keys.mkdir()
    names = ("relay-tls.pem", "relay.p12", "passphrase.txt")
    for name in names:
        shutil.copy(site.keys / name, keys / name)
        (keys / name).chmod(0o600)
    settings(
        site,
        tls_cert=str(keys / names[0]),
        tls_key=str(keys / names[0]),
        key=f"pkcs12:{keys / names[1]}",
        passphrase_file=str(keys / names[2]),
        tsa="http://tsa.example/",
        largest_envelope=1_000_000,
    )
    return site


def settings(site: Site, **changed: Any) -> None:
    """Write the settings anew with some of them changed."""
    read = RelaySettings.read(site.folder)
    (site.folder / "relay.toml").unlink()
    replace(read, **changed).write(site.folder)


def stamp_of(digest: bytes, key: SigningKey, *, at: datetime) -> bytes:
    """Return a time-stamp token over a digest."""
    answer = respond(_request(digest, "sha256", 1), key, at=at)
    return _token(answer, "http://tsa.example/", digest, "sha256", 1)


def stamped(key: SigningKey, *, late: timedelta = timedelta()) -> Callable[[str, bytes], bytes]:
    """Return a time-stamp service whose clock is late."""
    return lambda _url, digest: stamp_of(digest, key, at=datetime.now(UTC) - late)


def look(
    site: Site, key: SigningKey, *, now: datetime | None = None, late: timedelta = timedelta()
) -> Findings:
    """Examine a relay; every line must be readable in both languages, and advise where it is not in order."""
    found = examine(site.folder, now=now or datetime.now(UTC), fetch=stamped(key, late=late))
    for line in found.lines:
        assert line.sentence.text("vi") != line.sentence.text("en") or line.code in ADDRESSES, line
        assert (line.advice is None) is (line.level == "ok")
        assert line.advice is None or line.advice.text("vi") != line.advice.text("en")
    return found


def levels(found: Findings, level: str) -> set[str]:
    """Return the codes of the lines of a level."""
    return {line.code for line in found.lines if line.level == level}


def test_a_relay_that_is_fit(fit: Site, tsa_key: SigningKey) -> None:
    """Every thing looked at is in order, and nothing was changed by looking."""

    def files() -> dict[Path, int]:
        # reading a database opens its log and index anew beside it
        found = (path for path in fit.folder.rglob("*") if not path.name.endswith(("-wal", "-shm")))
        return {path: path.stat().st_mtime_ns for path in found if path.is_file()}

    before = files()
    found = look(fit, tsa_key)
    assert found.is_fit
    assert levels(found, "warn") == levels(found, "fail") == set(), found.lines
    assert [line.code for line in found.lines] == [
        "settings", "database", "clock", "disk", "trust", "tls", "key", "agency", "tsa", "permissions",
        "address", "health",
    ]  # fmt: skip
    assert files() == before


def test_settings_that_cannot_be_read_end_it(fit: Site, tsa_key: SigningKey) -> None:
    """Nothing else can be said then."""
    (fit.folder / "relay.toml").write_text("port = 'tám'\n")
    found = look(fit, tsa_key)
    assert [(line.code, line.level) for line in found.lines] == [("settings", "fail")]
    (fit.folder / "relay.toml").unlink()
    with pytest.raises(FileUnusableError):
        look(fit, tsa_key)


def test_the_database_of_another_version_or_none(fit: Site, tsa_key: SigningKey) -> None:
    """An older one asks for migrate, a newer one for the newer version, none for a backup."""
    path = fit.folder / DATABASE
    set_back(path, 3)
    assert "migrate" in advice(look(fit, tsa_key), "database")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
    assert "newer version" in advice(look(fit, tsa_key), "database")
    path.unlink()
    assert "restore" in advice(look(fit, tsa_key), "database")


def advice(found: Findings, code: str) -> str:
    """Return the advice of the one line of this code that is not in order."""
    (line,) = [line for line in found.lines if line.code == code and line.level != "ok"]
    assert line.advice is not None
    return line.advice.text("en")


def test_clocks_that_are_wrong(fit: Site, tsa_key: SigningKey) -> None:
    """Behind the relay's own records; a little and far apart from the time-stamp service."""
    with closing(sqlite3.connect(fit.folder / DATABASE)) as database, database:
        later = int((NOW + timedelta(days=1)).timestamp()) * 1_000_000
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute(
            "INSERT INTO deliveries VALUES"
            " (1, 'a', 'b', 'c', 'd', 1, 'done', 'done', 0, 0, ?, 1, '', NULL, NULL, 1)",
            (later,),
        )
    assert levels(look(fit, tsa_key), "fail") == {"clock"}
    with closing(sqlite3.connect(fit.folder / DATABASE)) as database, database:
        database.execute("DELETE FROM deliveries")
    assert levels(look(fit, tsa_key, late=timedelta(seconds=90)), "warn") == {"clock"}
    assert levels(look(fit, tsa_key, late=timedelta(hours=7)), "fail") == {"clock"}


def test_a_disk_that_is_full_or_elsewhere(
    fit: Site, tsa_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly full is seen to, full is a failure; a folder of another machine is named."""
    for free, level in ((5_000_000, "warn"), (900_000, "fail")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(1, 1, free))
        assert "disk" in levels(look(fit, tsa_key), level)
    monkeypatch.undo()
    monkeypatch.setattr(surroundings, "_file_system", lambda _: "nfs4")
    assert levels(look(fit, tsa_key), "warn") == {"disk"}
    monkeypatch.undo()
    assert surroundings._file_system(Path("/proc/self")) == "proc"


def test_certificates_that_end_or_are_over(fit: Site, tsa_key: SigningKey) -> None:
    """A month before they end they are named, later they are failures; old revocation lists too."""
    certificate = x509.load_pem_x509_certificates((fit.keys / "relay-tls.pem").read_bytes())[0]
    end = certificate.not_valid_after_utc
    soon = look(fit, tsa_key, now=end - timedelta(days=20))
    assert {"tls", "key", "agency", "revocation"} <= levels(soon, "warn")
    named = {line.sentence.text("en").split(":")[0] for line in soon.lines if line.code == "agency"}
    assert named == {"H99", "H99.31"}
    over = look(fit, tsa_key, now=end + timedelta(days=1))
    assert {"tls", "key"} <= levels(over, "fail")
    years = look(fit, tsa_key, now=end + timedelta(days=3650 * 2))
    assert "trust" in levels(years, "fail")


def test_a_trust_that_is_missing_or_empty(fit: Site, tsa_key: SigningKey, tmp_path: Path) -> None:
    """Without an authority nobody is let in."""
    settings(fit, trust=str(tmp_path / "không có"))
    assert "trust" in levels(look(fit, tsa_key), "fail")
    (tmp_path / "trust").mkdir()
    settings(fit, trust=str(tmp_path / "trust"))
    assert "trust" in levels(look(fit, tsa_key), "fail")


def test_keys_that_do_not_open(fit: Site, tsa_key: SigningKey, tmp_path: Path) -> None:
    """A wrong passphrase, no file, no TLS key; where the passphrase is asked for, the file is enough."""
    right = RelaySettings.read(fit.folder)
    wrong = tmp_path / "sai.txt"
    wrong.write_text("sai mật khẩu\n")
    wrong.chmod(0o600)
    gone = str(tmp_path / "không có")
    for changed, code in (
        ({"passphrase_file": str(wrong)}, "key"),
        ({"passphrase_file": gone}, "key"),
        ({"passphrase_file": "", "key": f"pkcs12:{gone}"}, "key"),
        ({"tls_key": gone}, "tls"),
        ({"tls_cert": str(fit.folder / "keys" / "relay.p12")}, "tls"),
    ):
        settings(fit, **changed)
        assert levels(look(fit, tsa_key), "fail") == {code}, changed
        (fit.folder / "relay.toml").unlink()
        right.write(fit.folder)
    settings(fit, passphrase_file="")
    assert look(fit, tsa_key).is_fit


async def test_a_grant_that_ends_soon_is_named(
    fit: Site, tsa_key: SigningKey, agency_key: SigningKey, tmp_path: Path
) -> None:
    """A month before its end, so that nobody stands before a closed door."""
    path = tmp_path / "clerk.pem"
    path.write_bytes(fit.authority.issue("tls", "Máy của xã Thử", agency=CLERK).pem())
    await register(fit.folder, CLERK, "UBND xã Thử", tls=[path], sign=[])
    await delegate(fit.folder, proof(agency_key).to_bytes(), where="uy-quyen.json")
    found = look(fit, tsa_key)
    assert levels(found, "warn") == {"grant"}
    assert "docsign grant" in advice(found, "grant")


def test_a_time_stamp_service_that_fails_or_is_not_believed(
    fit: Site, tsa_key: SigningKey, province_key: SigningKey
) -> None:
    """Silent, a token of somebody else, a token over other bytes, none set."""

    def silent(url: str, digest: bytes) -> bytes:
        raise TimestampError(say("This is not UTF-8."), where=url + digest.hex())

    for fetch, level in (
        (silent, "fail"),
        (lambda _url, _digest: b"\x30\x00", "fail"),
        (lambda _url, _digest: stamp_of(b"\0" * 32, tsa_key, at=datetime.now(UTC)), "fail"),
    ):
        assert "tsa" in levels(examine(fit.folder, now=datetime.now(UTC), fetch=fetch), level)
    settings(fit, tsa="")
    assert levels(look(fit, tsa_key), "warn") == {"tsa"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_secrets_that_others_may_read(fit: Site, tsa_key: SigningKey) -> None:
    """The group's is seen to, everybody's is a failure; a folder everybody may write too."""
    key = fit.folder / "keys" / "relay.p12"
    for mode, level in ((0o640, "warn"), (0o644, "fail")):
        key.chmod(mode)
        found = look(fit, tsa_key)
        assert levels(found, level) == {"permissions"}
        assert "600" in advice(found, "permissions")
    key.chmod(0o600)
    fit.folder.chmod(0o777)
    assert levels(look(fit, tsa_key), "fail") == {"permissions"}


def test_a_folder_of_another_user(fit: Site, tsa_key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this user cannot write is named, place by place."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != fit.folder / DATABASE)
    assert levels(look(fit, tsa_key), "fail") == {"permissions"}


def test_an_address_that_is_taken(fit: Site, tsa_key: SigningKey) -> None:
    """Somebody else listens there, or it is no address of this machine; a free one is in order."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings(fit, port=taken.getsockname()[1])
        assert levels(look(fit, tsa_key), "fail") == {"address"}
    assert look(fit, tsa_key).is_fit
    settings(fit, health_port=9999, health_host="192.0.2.1")
    assert levels(look(fit, tsa_key), "fail") == {"health"}


def test_a_relay_that_serves(fit: Site, tsa_key: SigningKey, start: Callable[[Path], Process]) -> None:
    """The addresses it has must answer, readiness must be told; a port that was changed meanwhile is not."""
    ports = []
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    settings(fit, port=ports[0], health_port=ports[1], tsa="")
    assert not is_served(fit.folder)
    process = start(fit.folder)
    assert is_served(fit.folder)
    found = look(fit, tsa_key)
    assert found.is_fit
    assert levels(found, "ok") >= {"address", "health", "ready"}
    settings(fit, port=ports[2])
    assert levels(look(fit, tsa_key), "fail") == {"address"}
    settings(fit, port=ports[0])
    process.end(signal.SIGKILL)
    assert not is_served(fit.folder)
    assert levels(look(fit, tsa_key), "ok") >= {"address", "health"}


def test_a_relay_that_is_not_ready(fit: Site) -> None:
    """Its own word, with the reason."""
    found = Findings()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            body = b'{"ready": false, "reason": "disk full"}'
            head = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % len(body) + body)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        read = replace(RelaySettings.read(fit.folder), health_port=server.getsockname()[1])
        surroundings._ready(read, found)
        thread.join()
    assert [(line.code, line.level) for line in found.lines] == [("ready", "fail")]
    assert "disk full" in found.lines[0].sentence.text("en")


def test_the_command(fit: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Words and JSON; 1 where something failed."""
    settings(fit, tsa="")
    assert run(relay, ["doctor", str(fit.folder)]) == 0
    assert "đạt: Đọc được các thiết lập" in capsys.readouterr().out
    (fit.folder / "keys" / "relay.p12").unlink()
    assert run(relay, ["doctor", str(fit.folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["fit"] is False
    assert {line["code"] for line in told["lines"] if line["level"] == "fail"} == {"key"}


def test_more_agencies_than_are_named(fit: Site, tsa_key: SigningKey) -> None:
    """Twenty by name, the rest counted."""
    with closing(sqlite3.connect(fit.folder / DATABASE)) as database, database:
        for number in range(30):
            code = f"H99.{number + 100}"
            database.execute("INSERT INTO agencies VALUES (?, ?, '', '')", (code, code))
            database.execute(
                "INSERT INTO bindings (sha256, use, agency, not_before, not_after)"
                " VALUES (?, 'tls', ?, 0, 1)",
                (f"{number:064x}", code),
            )
    lines = [line for line in look(fit, tsa_key).lines if line.code == "agency"]
    assert len(lines) == 21
    assert "10 more" in lines[-1].sentence.text("en")


LONG = "a" * 300


@pytest.mark.parametrize(
    "changed",
    [
        {"tls_cert": LONG},
        {"trust": LONG},
        {"key": f"pkcs12:{LONG}", "passphrase_file": ""},
        {"passphrase_file": LONG},
        {"host": LONG, "port": 8443},
        {"health_host": LONG, "health_port": 8444},
    ],
)
async def test_a_name_no_disk_and_no_network_bears_is_said(
    fit: Site, tsa_key: SigningKey, changed: dict[str, Any]
) -> None:
    """Neither the doctor nor the relay falls over it."""
    settings(fit, **changed)
    assert not look(fit, tsa_key).is_fit
    if "passphrase_file" in changed and "key" not in changed:
        return  # it is the command that reads this file
    with pytest.raises(DocsignError):
        async with fit.served():
            raise AssertionError


def test_keys_another_user_owns_are_said(
    fit: Site, tsa_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL may not read the TLS key: one line with the place, from doctor and serve alike."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", refuse)
    found = look(fit, tsa_key)
    assert [line.level for line in found.lines if line.code == "tls"] == ["fail"]
    read = RelaySettings.read(fit.folder)
    with pytest.raises(FileUnusableError, match="No permission") as caught:
        tls_context(read, Trust.from_path(read.trust))
    assert read.tls_key in caught.value.where


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE deliveries SET changed_at = 'hôm qua'",
        f"UPDATE deliveries SET changed_at = {2**62}",
        "UPDATE deliveries SET state = X'00', receiver = X'FF'",
        "UPDATE bindings SET not_after = 'mai'",
        "UPDATE agencies SET name = 5",
        "UPDATE agencies SET code = X'FF' WHERE code = 'H99'",
        "UPDATE grants SET record = X'7B'",
        "UPDATE grants SET record = X'7B7D'",
        "UPDATE grants SET record = 'chữ'",
        "UPDATE grants SET ended_at = 'chữ'",
    ],
)
async def test_damaged_rows_end_nothing(
    fit: Site, agency_key: SigningKey, tsa_key: SigningKey, damage: str
) -> None:
    """The doctor goes on to the next thing; report and the directory say it in a sentence, or bear it."""
    await register(fit.folder, CLERK, "UBND xã Thử", tls=[], sign=[])
    await delegate(fit.folder, proof(agency_key).to_bytes(), where="uy-quyen.json")
    async with fit.served(tsa="") as here, fit.client(here.url, "commune-tls") as commune:
        assert (await commune.send(sealed(agency_key)))[0] == 201
    with closing(sqlite3.connect(fit.folder / DATABASE)) as database, database:
        assert database.execute(damage).rowcount > 0
    assert {"disk", "permissions", *ADDRESSES} - {"ready"} <= {one.code for one in look(fit, tsa_key).lines}
    for command in (["report"], ["agency", "delegate"], ["agency", "list"]):
        assert await asyncio.to_thread(run, relay, [*command, str(fit.folder)]) in (0, 1), command


def test_a_full_disk_is_no_reason_to_restore(
    fit: Site, tsa_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash SQLite needs room to read; without it nothing is said against the database."""

    def fails(*_: object, **__: object) -> NoReturn:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(sqlite3, "connect", fails)
        assert [one.code for one in check(fit.folder).troubles] == ["database"]
        assert "restore" in advice(look(fit, tsa_key), "database")
        broken.setattr(shutil, "disk_usage", lambda _: Usage(total=100, used=100, free=0))
        with pytest.raises(DiskFullError):
            check(fit.folder)
        assert "Free some room" in advice(look(fit, tsa_key), "database")
