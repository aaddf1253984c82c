"""Fixtures that several rooms share: a trial authority, keys of plainly invented holders, a live TSA."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from docsign.pki import SigningKey, Trust
from docsign.pki.authority import Issued, TrialAuthority
from docsign.pki.responder import Answer, serving
from tests.softhsm import SoftToken

settings.register_profile("docsign", deadline=None)  # time is a matter of benchmarks, not of properties
settings.load_profile("docsign")

PASSPHRASE = "mật khẩu thử nghiệm"
"""The passphrase of every key in the folder of the ``p12`` fixture."""

COMMUNE = "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"
PROVINCE = "ỦY BAN NHÂN DÂN TỈNH THỬ NGHIỆM"


class Holders:
    """The certificates every test may use, issued once per session."""

    def __init__(self, authority: TrialAuthority) -> None:
        self.person = authority.issue(
            "person", "Nguyễn Văn Mẫu", organization=COMMUNE, position="Chủ tịch", agency="H99.31"
        )
        self.agency = authority.issue("agency", COMMUNE, organization=COMMUNE, agency="H99.31")
        self.province = authority.issue("agency", PROVINCE, organization=PROVINCE, agency="H99")
        self.tsa = authority.issue("tsa", "Dấu thời gian thử nghiệm")
        self.relay = authority.issue("relay", "Trục thử nghiệm", organization=PROVINCE)
        self.relay_tls = authority.issue("relay-tls", "localhost")
        self.commune_tls = authority.issue("tls", "Máy của xã thử nghiệm", agency="H99.31")
        self.province_tls = authority.issue("tls", "Máy của tỉnh thử nghiệm", agency="H99")

    def named(self) -> dict[str, Issued]:
        """Return every holder under the name its files have."""
        return {name.replace("_", "-"): issued for name, issued in vars(self).items()}


@pytest.fixture(scope="session", autouse=True)
def stay_on_this_machine() -> Iterator[None]:
    """No test looks up a name elsewhere: certificates of real authorities name real services."""
    honest = socket.getaddrinfo

    def local(host: Any, *rest: Any, **options: Any) -> Any:
        if host in (None, "", "localhost", "::1", b"localhost") or str(host).startswith("127."):
            return honest(host, *rest, **options)
        raise socket.gaierror(socket.EAI_NONAME, "the tests stay on this machine")

    socket.getaddrinfo = local
    yield
    socket.getaddrinfo = honest


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TrialAuthority:
    """A trial authority of this session. Revoke nothing of ``holders`` here: make your own for that."""
    return TrialAuthority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def holders(authority: TrialAuthority) -> Holders:
    """The certificates of the invented commune (H99.31), province (H99) and relay."""
    return Holders(authority)


@pytest.fixture(scope="session")
def trust_folder(authority: TrialAuthority, holders: Holders) -> Path:
    """The authority's trust folder, every holder known to it."""
    return authority.trust_folder


@pytest.fixture(scope="session")
def trust(trust_folder: Path) -> Trust:
    """The authority's trust folder as a value."""
    return Trust.from_path(trust_folder)


@pytest.fixture(scope="session")
def person_key(holders: Holders) -> SigningKey:
    """The key of the commune's chairman, Nguyễn Văn Mẫu."""
    return holders.person.signing_key()


@pytest.fixture(scope="session")
def agency_key(holders: Holders) -> SigningKey:
    """The seal of the commune H99.31."""
    return holders.agency.signing_key()


@pytest.fixture(scope="session")
def province_key(holders: Holders) -> SigningKey:
    """The seal of the province H99."""
    return holders.province.signing_key()


@pytest.fixture(scope="session")
def relay_key(holders: Holders) -> SigningKey:
    """The relay's evidence signing key (P-256)."""
    return holders.relay.signing_key()


@pytest.fixture(scope="session")
def tsa_key(holders: Holders) -> SigningKey:
    """The key of the time-stamping service."""
    return holders.tsa.signing_key()


@pytest.fixture(scope="session")
def p12(holders: Holders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with NAME.p12 (locked) and NAME.pem (key and chain) of every holder, and passphrase.txt."""
    folder = tmp_path_factory.mktemp("keys")
    for name, issued in holders.named().items():
        (folder / f"{name}.p12").write_bytes(issued.pkcs12(PASSPHRASE))
        (folder / f"{name}.pem").write_bytes(issued.pem())
        (folder / f"{name}.pem").chmod(0o600)
    (folder / "passphrase.txt").write_text(PASSPHRASE + "\n", encoding="utf-8")
    return folder


@contextmanager
def served(tsa: SigningKey, trust_folder: Path, ocsp: Answer | None = None) -> Iterator[str]:
    """Serve a trial authority on loopback in a thread of its own; yields the base address."""
    ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = queue.Queue()

    async def serve() -> None:
        stop = asyncio.Event()
        async with serving(tsa, trust_folder, ocsp) as url:
            ready.put((asyncio.get_running_loop(), stop, url))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="trial service")
    thread.start()
    loop, stop, url = ready.get(timeout=30)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)


@pytest.fixture(scope="session")
def service_url(tsa_key: SigningKey, trust_folder: Path) -> Iterator[str]:
    """The base address of a live trial service on loopback: /tsa and /crl/issuing.crl."""
    with served(tsa_key, trust_folder) as url:
        yield url


@pytest.fixture(scope="session")
def tsa_url(service_url: str) -> str:
    """The address of a live RFC 3161 service on loopback."""
    return f"{service_url}/tsa"


@pytest.fixture(scope="session")
def soft_token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    """The folder of this process's SoftHSM2 tokens; each test uses its own."""
    return SoftToken(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def make_authority(tmp_path: Path) -> Callable[[], TrialAuthority]:
    """Make an authority of this test alone, to revoke and break things in (P-256: made quickly)."""

    def make() -> TrialAuthority:
        return TrialAuthority.create(tmp_path / f"ca{len(list(tmp_path.iterdir()))}", key="p256")

    return make
