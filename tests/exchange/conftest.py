"""What the tests of the exchange share: an envelope, identities, a relay that fails on demand."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from docsign.envelope import Header, Organization, Signer
from docsign.exchange import RelayClient
from docsign.pki import SigningKey, Trust
from docsign.sealing import seal
from tests.exchange.relay_double import RelayDouble, running

COMMUNE = Organization(code="H99.31", name="Ủy ban nhân dân xã Thử nghiệm")
PROVINCE = Organization(code="H99", name="Ủy ban nhân dân tỉnh Thử nghiệm")

MakeEnvelope = Callable[..., bytes]


@pytest.fixture(scope="session")
def make_envelope(agency_key: SigningKey) -> MakeEnvelope:
    """Return what seals an envelope from the commune to the province."""

    def make(number: str = "125", *, size: int = 2000, to: Organization = PROVINCE) -> bytes:
        header = Header(
            sender=COMMUNE,
            receivers=(to,),
            number=number,
            notation="UBND-VX",
            issued=date(2026, 11, 20),
            subject="V/v thử nghiệm gửi, nhận văn bản điện tử",
            place="Thử nghiệm",
            signer=Signer(competence="CHỦ TỊCH", position="Chủ tịch", name="Nguyễn Văn Mẫu"),
        )
        return seal(header, [("noi-dung.txt", (number * size).encode()[:size])], agency_key)

    return make


@pytest.fixture(scope="session")
def envelope(make_envelope: MakeEnvelope) -> bytes:
    """An envelope from the commune (H99.31) to the province (H99)."""
    return make_envelope()


@pytest.fixture
def double(relay_key: SigningKey, p12: Path, trust_folder: Path) -> Iterator[RelayDouble]:
    """A relay on loopback that keeps to the protocol until it is told otherwise."""
    with running(RelayDouble(relay_key), p12 / "relay-tls.pem", trust_folder / "root.pem") as served:
        yield served


@pytest.fixture
def commune(double: RelayDouble, p12: Path, trust: Trust) -> RelayClient:
    """The commune's client of the double."""
    return RelayClient(double.url, identity=p12 / "commune-tls.pem", trust=trust)


@pytest.fixture
def province(double: RelayDouble, p12: Path, trust: Trust) -> RelayClient:
    """The province's client of the double."""
    return RelayClient(double.url, identity=p12 / "province-tls.pem", trust=trust)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KB that is really full after that; needs the right to mount one."""
    folder = tmp_path / "dia-nho"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        # a container without the right to mount may still run the tests; CI may not lose this one in silence
        assert os.environ.get("CI") != "true", mounted.stderr.decode(errors="replace")
        pytest.skip("no right to mount a file system here")
    yield folder
    subprocess.run(["umount", folder], check=True)
