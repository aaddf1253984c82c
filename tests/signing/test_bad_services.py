"""What goes wrong around signing: services, disks, encryption. One sentence, the input untouched."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from docsign.cli import docsign, run
from docsign.errors import EXIT_FAILED, EXIT_TRY_LATER, DocsignError, PdfError, TimestampError, TrustError
from docsign.extending import extend
from docsign.pki import SigningKey, Trust, fetch
from docsign.pki.authority import TrialAuthority
from docsign.pki.stamping import respond
from docsign.sentence import say
from docsign.signing import sign
from docsign.verdict import Finding, Severity
from tests.pdf.honest.index import stages
from tests.signing.conftest import FOREIGN

PLAIN = FOREIGN[0].read_bytes()


@contextmanager
def answering(answer: Callable[[bytes], tuple[int, bytes]]) -> Iterator[str]:
    """Serve on loopback whatever ``answer`` makes of a request; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wrong_imprint(key: SigningKey) -> Callable[[bytes], tuple[int, bytes]]:
    """Stamp something else than what was asked for."""

    def answer(request: bytes) -> tuple[int, bytes]:
        from asn1crypto import tsp

        asked = tsp.TimeStampReq.load(request)
        asked["message_imprint"]["hashed_message"] = bytes(32)
        return 200, respond(asked.dump(), key, at=datetime.now(UTC))

    return answer


def slowly(_: bytes) -> tuple[int, bytes]:
    """Answer too late."""
    time.sleep(0.6)
    return 200, b""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", "not a time-stamp"),
        ("error", "HTTP error 500"),
        ("imprint", "not for this document"),
        ("slow", "did not answer within"),
    ],
)
def test_a_service_that_misbehaves_is_said(
    name: str,
    words: str,
    person_key: SigningKey,
    tsa_key: SigningKey,
    trust: Trust,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When signing and when extending; there is no signature without the time-stamp that was asked for."""
    answers: dict[str, Callable[[bytes], tuple[int, bytes]]] = {
        "nonsense": lambda _: (200, "xin chào".encode()),
        "error": lambda _: (500, b""),
        "imprint": wrong_imprint(tsa_key),
        "slow": slowly,
    }
    monkeypatch.setattr(fetch, "fetch_timestamp", partial(fetch.fetch_timestamp, timeout=0.2))
    signed = sign(PLAIN, person_key, role="person")
    with answering(answers[name]) as url:
        with pytest.raises(TimestampError, match=words):
            sign(PLAIN, person_key, role="person", tsa=url)
        with pytest.raises(TimestampError, match=words):
            extend(signed, tsa=url, trust=trust)


def test_a_status_that_nobody_tells_is_said_with_the_reason(
    tsa_url: str,
    trust: Trust,
    make_authority: Callable[[], TrialAuthority],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An OCSP service that does not know the certificate: its address and its answer."""
    authority = make_authority()
    key = authority.issue("person", "Trần Thị Thử", key="p256").signing_key()
    signed = sign(PLAIN, key, role="person", tsa=tsa_url)
    unknown = Finding(
        code="ocsp-unknown",
        severity=Severity.WARNING,
        sentence=say("The OCSP service refuses: {reason}.", reason="unauthorized"),
        where="http://ocsp.example/",
    )
    monkeypatch.setattr(fetch, "fetch_validation_data", lambda *_, **__: fetch.Fetched(findings=(unknown,)))
    anchors = (*Trust.from_path(authority.trust_folder).anchors, *trust.anchors)
    with pytest.raises(TrustError, match=r"http://ocsp.example/: .*cannot be proved.*unauthorized"):
        extend(signed, level="B-LT", trust=Trust(anchors=anchors))


def test_a_broken_signature_is_not_extended(by_both: bytes, trust: Trust, tsa_url: str) -> None:
    """A time-stamp would only make it look better."""
    place = by_both.index(b"/Reason" if b"/Reason" in by_both else b"/CreationDate") + 20
    broken = by_both[:place] + bytes((by_both[place] ^ 1,)) + by_both[place + 1 :]
    with pytest.raises(PdfError, match="not extended"):
        extend(broken, tsa=tsa_url, trust=trust)


def test_an_encrypted_file_is_extended_with_its_password(
    trust: Trust, tsa_url: str, person_key: SigningKey
) -> None:
    """What is added is encrypted like the rest; without the password it is refused."""
    stage = next(one for one in stages() if one.file == "qpdf-aes256" and one.number == 0)
    assert stage.password is not None
    signed = sign(stage.data(), person_key, role="person", password=stage.password)
    made = extend(signed, tsa=tsa_url, trust=trust, password=stage.password)
    assert made.startswith(signed)
    with pytest.raises(DocsignError, match="password is missing"):
        extend(signed, tsa=tsa_url, trust=trust)


@pytest.fixture
def desk(tmp_path: Path, p12: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a PDF, a key and its passphrase."""
    (tmp_path / "a.pdf").write_bytes(PLAIN)
    for name in ("person.p12", "passphrase.txt"):
        (tmp_path / name).write_bytes((p12 / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


KEY = ("--key", "pkcs12:person.p12", "--passphrase-file", "passphrase.txt")
SIGN = ["sign", "a.pdf", "--as", "person", *KEY, "--lang", "en"]


def test_a_full_disk_leaves_nothing_half_written(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Try again later; the input is untouched and no file is left behind."""
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    monkeypatch.setattr(
        "tempfile.mkstemp",
        lambda **_: (os.open("/dev/full", os.O_RDWR), str(desk / "not-there")),
    )
    assert run(docsign, SIGN) == EXIT_TRY_LATER
    assert "The disk is full" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


def test_a_service_that_is_down_stops_the_batch(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The next file would wait just as long; nothing is written."""
    (desk / "b.pdf").write_bytes(PLAIN)
    before = sorted(path.name for path in desk.iterdir())
    assert run(docsign, [*SIGN, "b.pdf", "--tsa", "http://127.0.0.1:9/tsa"]) == EXIT_FAILED
    said = capsys.readouterr().err
    assert said.count("error [timestamp]") == 1
    assert "Signed 0 of 2 files." in said
    assert sorted(path.name for path in desk.iterdir()) == before
