"""Time-stamps are fetched, and whatever a service does wrong is one sentence."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from asn1crypto import cms, tsp

from docsign.errors import TimestampError, UsageError
from docsign.pki import SigningKey
from docsign.pki.fetch import ANSWER_LIMIT, fetch_timestamp
from docsign.pki.stamping import respond

IMPRINT = hashlib.sha256("Công văn số 12".encode()).digest()
Answer = Callable[[bytes], tuple[int, bytes]]


class Service:
    """A time-stamping service on loopback that answers as the test says."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: (200, b"")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                status, body = outer.answer(request)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"


@pytest.fixture
def service() -> Iterator[Service]:
    """The service, running while the test runs."""
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_a_token_comes_from_the_live_service(name: str, tsa_url: str) -> None:
    """The token holds our digest and the present time."""
    imprint = hashlib.new(name, "Công văn số 12".encode()).digest()
    token = cms.ContentInfo.load(fetch_timestamp(tsa_url, imprint, hash_name=name), strict=True)
    info = token["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == imprint
    assert abs((info["gen_time"].native - datetime.now(UTC)).total_seconds()) < 60


def _again(request: bytes, **values: object) -> bytes:
    """The same request with other values in it."""
    asked = tsp.TimeStampReq.load(request)
    for name, value in values.items():
        asked[name] = value
    der: bytes = asked.dump()
    return der


def test_nothing_but_an_answer_to_the_question_is_taken(service: Service, tsa_key: SigningKey) -> None:
    """Refused, foreign digest or nonce, rubbish, too much, an HTTP error: each in its words."""
    now = datetime.now(UTC)
    foreign = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\1" * 32}
    cases: list[tuple[str, Answer]] = [
        (
            "refused: unaccepted_policy",
            lambda r: (200, respond(_again(r, req_policy="1.2.3"), tsa_key, at=now)),
        ),
        (
            "not for this document",
            lambda r: (200, respond(_again(r, message_imprint=foreign), tsa_key, at=now)),
        ),
        ("nonce", lambda r: (200, respond(_again(r, nonce=1), tsa_key, at=now))),
        ("not a time-stamp", lambda _: (200, "Xin chào".encode())),
        ("not a time-stamp", lambda _: (200, b"")),
        ("not a time-stamp", lambda r: (200, respond(r, tsa_key, at=now)[:-9])),
        ("too large", lambda _: (200, b"\0" * (ANSWER_LIMIT + 1))),
        ("HTTP error 503", lambda _: (503, b"")),
    ]
    for words, answer in cases:
        service.answer = answer
        with pytest.raises(TimestampError, match=words) as caught:
            fetch_timestamp(service.url, IMPRINT, timeout=10)
        assert caught.value.where == service.url
        assert caught.value.retry


def test_a_slow_service_is_given_up(service: Service) -> None:
    """No answer within the time: said so, with the time."""

    def slowly(_: bytes) -> tuple[int, bytes]:
        time.sleep(1)
        return 200, b""

    service.answer = slowly
    with pytest.raises(TimestampError, match=r"within 0\.2 seconds"):
        fetch_timestamp(service.url, IMPRINT, timeout=0.2)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://127.0.0.1:1/", "không có ai trả lời ở địa chỉ này"),
        ("http://khong-co.example/", "không tìm thấy tên máy chủ"),
    ],
)
def test_why_a_service_is_not_reached_is_said_in_words(url: str, word: str) -> None:
    """Agencies are told it while a relay accepts nothing: in Vietnamese, without the system's English."""
    with pytest.raises(TimestampError) as caught:
        fetch_timestamp(url, bytes(32))
    assert word in caught.value.text("vi")
    assert "Errno" not in caught.value.text("vi")


def test_a_service_that_is_down_is_said_to_be_unreachable() -> None:
    """Nobody listens on the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/tsa"
        with pytest.raises(TimestampError, match="cannot be reached"):
            fetch_timestamp(url, IMPRINT, timeout=5)


def test_a_service_that_hangs_up_broke_the_connection() -> None:
    """The connection is closed before an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64 * 1024)

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(TimestampError, match=r"broke|cannot be reached"):
            fetch_timestamp(f"http://127.0.0.1:{server.getsockname()[1]}/", IMPRINT, timeout=5)
        thread.join()


@pytest.mark.parametrize(
    "url", ["", "ca.gov.vn/tsa", "file:///etc/passwd", "ftp://tsa.example/", "http://", "http://[::1"]
)
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    """Only http and https, with a host."""
    with pytest.raises(UsageError, match="not the address"):
        fetch_timestamp(url, IMPRINT)
