"""What is missing is fetched from where the certificates say it lies; ``offline`` asks nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docsign import Indication, Trust, Verifier
from docsign.cli import docsign, run
from docsign.detached import sign_detached
from docsign.pki import SigningKey, asking
from docsign.pki.authority import TrialAuthority
from docsign.pki.responder import serving
from docsign.verdict import Conclusion, SubIndication

CONTENT = "Danh sách hộ nghèo".encode()
FILES = [("a.txt", CONTENT)]
TRY_LATER = Conclusion.indeterminate(SubIndication.TRY_LATER)


class Place:
    """An authority whose certificates name a service on this machine, and a signature under it."""

    def __init__(self, folder: Path, tsa_key: SigningKey) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        url = f"http://127.0.0.1:{self.port}"
        self.tsa_key = tsa_key
        self.authority = TrialAuthority.create(folder, key="p256", url=url)
        self.holder = self.authority.issue("person", "Nguyễn Văn Mẫu", key="p256")
        self.signature = sign_detached(CONTENT, self.holder.signing_key())
        self.trust = Trust.of([self.authority.root], intermediates=[self.authority.issuing])
        self.asked = 0

    def status(self, request: bytes, now: datetime) -> bytes:
        """Answer OCSP, and count it."""
        self.asked += 1
        return self.authority.answer_status(request, now)

    @contextmanager
    def service(self) -> Iterator[None]:
        """Serve while the block runs."""
        ready, stop = threading.Event(), threading.Event()

        async def serve() -> None:
            async with serving(self.tsa_key, self.authority.trust_folder, self.status, port=self.port):
                ready.set()
                await asyncio.to_thread(stop.wait)

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(30)
            yield
        finally:
            stop.set()
            thread.join(30)


@pytest.fixture
def place(tmp_path: Path, tsa_key: SigningKey) -> Iterator[Place]:
    """A place of this test alone; nothing is remembered from another."""
    asking.kept.forget()
    yield Place(tmp_path / "ca", tsa_key)
    asking.kept.forget()


def at() -> datetime:
    """Return now: what is fetched is from now."""
    return datetime.now(UTC) + timedelta(seconds=2)


def test_what_is_missing_is_fetched(place: Place) -> None:
    """Offline nobody knows whether the certificate is revoked; its OCSP service does."""
    with place.service():
        offline = Verifier(trust=place.trust, offline=True).verify(place.signature, at=at(), content=FILES)
        assert (offline.conclusion, place.asked) == (TRY_LATER, 0)
        online = Verifier(trust=place.trust).verify(place.signature, at=at(), content=FILES)
        assert online.conclusion == Conclusion.passed(), online
        assert place.asked > 0


def test_a_revocation_is_learned(place: Place) -> None:
    """What the service says decides."""
    place.authority.revoke(place.holder.certificate, at=datetime.now(UTC) - timedelta(hours=1))
    with place.service():
        report = Verifier(trust=place.trust).verify(place.signature, at=at(), content=FILES)
    assert report.conclusion.indication is Indication.INDETERMINATE
    assert report.conclusion.sub_indication is SubIndication.REVOKED_NO_POE


def test_a_service_that_is_gone_is_said(place: Place) -> None:
    """TRY_LATER as offline, and a warning with the address that did not answer."""
    report = Verifier(trust=place.trust).verify(place.signature, at=at(), content=FILES)
    assert report.conclusion == TRY_LATER
    places = [one.where for one in report.findings if one.code == "not-fetched"]
    assert places
    assert all(where.startswith(f"http://127.0.0.1:{place.port}") for where in places)


def test_without_trust_nobody_is_asked(place: Place) -> None:
    """Nobody untrusted is told who verifies what."""
    with place.service():
        report = Verifier().verify(place.signature, at=at(), content=FILES)
    assert report.conclusion.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert place.asked == 0


def test_the_command_fetches_unless_forbidden(place: Place, tmp_path: Path) -> None:
    """--offline asks nobody: exit 3; without it the answer is found."""
    (tmp_path / "a.txt").write_bytes(CONTENT)
    (tmp_path / "a.txt.p7s").write_bytes(place.signature)
    (tmp_path / "root.pem").write_bytes(place.authority.trust_folder.joinpath("root.pem").read_bytes())
    arguments = ["verify", str(tmp_path / "a.txt.p7s"), "--trust", str(tmp_path / "root.pem")]
    with place.service():
        assert run(docsign, [*arguments, "--offline"]) == 3
        assert place.asked == 0
        assert run(docsign, arguments) == 0
