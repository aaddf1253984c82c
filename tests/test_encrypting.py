"""Encrypted envelopes: sealed, encrypted, sealed again; opened by their receivers, forwarded, attacked."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from docsign.encrypting import CIPHERTEXT, decrypted, forward_to, seal_encrypted_to
from docsign.envelope import Header, Organization, envelope_header, judge_container, read_container
from docsign.envelope.encrypted import CIPHERTEXT_NAME, outer_header
from docsign.errors import ContainerError, EncryptionError
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import Issued, TrialAuthority
from docsign.pki.keys import HeldKey
from docsign.proofs import Level
from docsign.sealing import seal, seal_to
from docsign.verdict import Indication

HEADER = Header(
    sender=Organization(code="H99.31", name="UBND phường Một"),
    receivers=(Organization(code="H99", name="UBND tỉnh Mẫu"),),
    number="12",
    notation="UBND-VP",
    issued=date(2026, 11, 20),
    subject="danh sách hộ được hỗ trợ",
)
FILES = [("danh sách.csv", "Nguyễn Văn Mẫu;1.000.000\n".encode())]


@pytest.fixture(scope="module")
def receivers(authority: TrialAuthority) -> list[Issued]:
    """Three holders of certificates to encrypt to: RSA, P-256, P-384."""
    return [
        authority.issue("encryption", "Khóa mã hóa một", key="rsa2048"),
        authority.issue("encryption", "Khóa mã hóa hai", key="p256"),
        authority.issue("encryption", "Khóa mã hóa ba", key="p384"),
    ]


def key_of(issued: Issued) -> HeldKey:
    """Return the opened key."""
    return issued.signing_key()


def encrypted(agency_key: SigningKey, to: Sequence[Issued]) -> bytes:
    """Return an envelope encrypted to these."""
    stream = io.BytesIO()
    seal_encrypted_to(stream, HEADER, FILES, agency_key, [one.certificate for one in to])
    return stream.getvalue()


def test_only_the_receivers_read_it(agency_key: SigningKey, receivers: list[Issued], trust: Trust) -> None:
    """The outer seal passes for everybody; content, subject and file names are for the receivers alone."""
    data = encrypted(agency_key, receivers[:2])
    assert b"danh s" not in data
    container = read_container(io.BytesIO(data))
    header = envelope_header(container)
    now = datetime.now(UTC)
    assert judge_container(container, trust=trust, at=now).conclusion.indication is Indication.TOTAL_PASSED
    assert "hỗ trợ" not in header.subject
    for one in receivers[:2]:
        with decrypted(container, header, key_of(one)) as (inside, within):
            judged = judge_container(inside, trust=trust, at=now)
            assert judged.conclusion.indication is Indication.TOTAL_PASSED
            assert within.subject == HEADER.subject
            assert inside.read("documents/danh sách.csv", 1000) == FILES[0][1]
    with (
        pytest.raises(EncryptionError, match="not encrypted to Khóa mã hóa ba"),
        decrypted(container, header, key_of(receivers[2])),
    ):
        raise AssertionError


def test_a_receiver_is_added(agency_key: SigningKey, receivers: list[Issued], trust: Trust) -> None:
    """A new outer envelope over the same ciphertext: old and new receivers read the same sealed envelope."""
    first = read_container(io.BytesIO(encrypted(agency_key, receivers[:1])))
    stream = io.BytesIO()
    added = (Organization(code="H99.14"), receivers[2].certificate)
    header = forward_to(stream, first, envelope_header(first), key_of(receivers[0]), agency_key, [added])
    assert [one.code for one in header.receivers] == ["H99", "H99.14"]
    second = read_container(stream)
    old, new = (one.read(CIPHERTEXT, 10**6) for one in (first, second))
    assert old[-500:] == new[-500:]
    inner = []
    for one in (receivers[0], receivers[2]):
        with decrypted(second, envelope_header(second), key_of(one)) as (inside, _):
            inner.append(inside.read("META-INF/signatures.xml", 10**6))
    assert inner[0] == inner[1]


def test_another_envelope_under_the_header_is_refused(
    agency_key: SigningKey, receivers: list[Issued]
) -> None:
    """Somebody who puts an older sealed envelope under a newer header is found out."""
    stream = io.BytesIO()
    older = replace(HEADER, number="11", document_id="")
    seal_encrypted_to(stream, older, FILES, agency_key, [receivers[0].certificate])
    ciphertext = read_container(stream).read(CIPHERTEXT, 10**6)
    forged = io.BytesIO()
    seal_to(forged, outer_header(HEADER), [(CIPHERTEXT_NAME, ciphertext)], agency_key)
    container = read_container(forged)
    with (
        pytest.raises(ContainerError, match=r"header\.\w+: The envelope inside is of another document"),
        decrypted(container, envelope_header(container), key_of(receivers[0])),
    ):
        raise AssertionError


def test_what_is_no_envelope_inside_is_said(agency_key: SigningKey, receivers: list[Issued]) -> None:
    """A ciphertext that is none, and one of something else."""
    from docsign.envelope.encryption import encrypt

    other = io.BytesIO()
    encrypt(
        io.BytesIO(b"xin chao"),
        8,
        other,
        [receivers[0].certificate],
        key=os.urandom(32),
        nonce=os.urandom(12),
    )
    for content, error in ((b"not at all", EncryptionError), (other.getvalue(), ContainerError)):
        sealed = seal(outer_header(HEADER), [(CIPHERTEXT_NAME, content)], agency_key)
        container = read_container(io.BytesIO(sealed))
        with (
            pytest.raises(error, match="goi-tin"),
            decrypted(container, envelope_header(container), key_of(receivers[0])),
        ):
            raise AssertionError


def test_nothing_of_it_stays_on_the_disk(
    agency_key: SigningKey, receivers: list[Issued], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither after it was opened nor after it failed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    container = read_container(io.BytesIO(encrypted(agency_key, receivers[:1])))
    header = envelope_header(container)
    with decrypted(container, header, key_of(receivers[0])):
        pass
    with pytest.raises(EncryptionError), decrypted(container, header, key_of(receivers[1])):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_both_seals_have_the_level(
    level: Level,
    agency_key: SigningKey,
    receivers: list[Issued],
    trust: Trust,
    service_url: str,
    tsa_url: str,
) -> None:
    """The seal inside and the one outside are time-stamped alike."""
    assert service_url
    stream = io.BytesIO()
    to = [receivers[0].certificate]
    seal_encrypted_to(stream, HEADER, FILES, agency_key, to, level=level, tsa=tsa_url, trust=trust)
    container = read_container(stream)
    at = datetime.now(UTC) + timedelta(minutes=1)
    with decrypted(container, envelope_header(container), key_of(receivers[0])) as (inside, _):
        for one in (container, inside):
            (report,) = judge_container(one, trust=trust, at=at).signatures
            assert (report.conclusion.indication, report.level) == (Indication.TOTAL_PASSED, f"XAdES-{level}")


def test_openssl_opens_what_lies_in_an_envelope(
    agency_key: SigningKey, receivers: list[Issued], trust: Trust, tmp_path: Path
) -> None:
    """Ciphertext taken out, decrypted by openssl: the very envelope that was sealed inside."""
    container = read_container(io.BytesIO(encrypted(agency_key, receivers)))
    (tmp_path / "x.p7m").write_bytes(container.read(CIPHERTEXT, 10**6))
    form, encoding = PrivateFormat.PKCS8, Encoding.PEM
    for one in receivers:
        (tmp_path / "cert.pem").write_bytes(one.certificate.public_bytes(encoding))
        (tmp_path / "key.pem").write_bytes(
            key_of(one).private_key.private_bytes(encoding, form, NoEncryption())
        )
        done = subprocess.run(
            ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(tmp_path / "x.p7m"),
             "-recip", str(tmp_path / "cert.pem"), "-inkey", str(tmp_path / "key.pem")],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        inside = read_container(io.BytesIO(done.stdout))
        judged = judge_container(inside, trust=trust, at=datetime.now(UTC))
        assert judged.conclusion.indication is Indication.TOTAL_PASSED
        assert inside.read("documents/danh sách.csv", 1000) == FILES[0][1]


STREAMING = """
import sys
from pathlib import Path
from docsign.encrypting import decrypted, seal_encrypted_to
from docsign.envelope import envelope_header, read_container
from docsign.pki import open_key
from docsign.pki.keys import open_decryption_key
from tests.peak_memory import peak_memory
from tests.test_encrypting import HEADER
key, own, passphrase, folder = sys.argv[1:5]
word = Path(passphrase).read_text().strip()
signing, reading = open_key("pkcs12:" + key, word), open_decryption_key("pkcs12:" + own, word)
def once(size):
    plain = Path(folder) / "tep.bin"
    with plain.open("wb") as stream:
        stream.truncate(size)
    with open(Path(folder) / "x.asice", "w+b") as stream:
        seal_encrypted_to(stream, HEADER, [plain], signing, [reading.certificate])
        container = read_container(stream)
        with decrypted(container, envelope_header(container), reading) as (inside, _):
            assert inside.find("documents/tep.bin").size == size
once(1000)
before = peak_memory()
once(int(sys.argv[5]))
print(peak_memory() - before)
"""


@pytest.mark.parametrize(
    "size", [100 * 1024 * 1024, pytest.param(1024 * 1024 * 1024, marks=pytest.mark.slow)]
)
def test_a_large_envelope_is_encrypted_piece_by_piece(
    size: int, receivers: list[Issued], p12: Path, tmp_path: Path
) -> None:
    """Encrypting and opening raise the peak memory by 32 MB at most."""
    (tmp_path / "own.p12").write_bytes(receivers[1].pkcs12((p12 / "passphrase.txt").read_text().strip()))
    done = subprocess.run(
        [sys.executable, "-c", STREAMING, str(p12 / "agency.p12"), str(tmp_path / "own.p12"),
         str(p12 / "passphrase.txt"), str(tmp_path), str(size)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 1024
