"""Certificates are read, whatever they hold, and say whose they are and what they are for."""

from __future__ import annotations

import contextlib
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.errors import DocsignError, MalformedError
from docsign.pki import certificates as read
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import Role, load_certificates, usage_breach
from tests.conftest import COMMUNE, Holders


def test_a_pem_text_gives_all_its_certificates_and_no_key(holders: Holders) -> None:
    """Key, certificate and issuer in one PEM text: two certificates."""
    assert load_certificates(holders.person.pem()) == [holders.person.certificate, *holders.person.chain]


def test_der_gives_its_one_certificate(holders: Holders) -> None:
    """The same certificate from DER."""
    der = holders.person.certificate.public_bytes(Encoding.DER)
    assert load_certificates(der) == [holders.person.certificate]


@pytest.mark.parametrize("data", [b"", b"Xin ch\xc3\xa0o", b"0" * 4000, b"\x30\x82\xff\xff" + b"\x00" * 50])
def test_what_is_no_certificate_is_said_to_be_none(data: bytes) -> None:
    """Rubbish is a MalformedError, never an exception of the parser."""
    with pytest.raises(MalformedError):
        load_certificates(data)


@pytest.mark.filterwarnings("error")
def test_odd_certificates_make_no_noise(holders: Holders) -> None:
    """What the parser warns of is no business of whoever reads stderr: a number below zero, an odd text."""
    der = holders.person.certificate.public_bytes(Encoding.DER)
    number = holders.person.certificate.serial_number
    octets = number.to_bytes((number.bit_length() + 8) // 8, "big")
    assert der.count(octets) == 1
    odd = der.replace(octets, b"\x80" + octets[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        certificate = x509.load_der_x509_certificate(odd)
    assert read.summary(certificate).serial.startswith("-")
    assert read.is_readable(certificate) is False
    assert read.extension(certificate, x509.KeyUsage) is not None


def test_names_are_read_in_vietnamese(holders: Holders) -> None:
    """The chairman's certificate names him, his commune, his position, and his issuer as a trial."""
    certificate = holders.person.certificate
    assert read.common_name(certificate) == "Nguyễn Văn Mẫu"
    assert read.organization(certificate) == read.managing_unit(certificate) == COMMUNE
    assert read.position(certificate) == "Chủ tịch"
    assert read.agency_code(certificate) == "H99.31"
    assert "THỬ NGHIỆM" in (read.issuer_name(certificate) or "")
    assert "THỬ NGHIỆM" in certificate.subject.rfc4514_string()


def test_the_summary_has_what_the_report_shows(holders: Holders) -> None:
    """Serial in lower-case hex, both ends of the validity, the managing unit."""
    summary = read.summary(holders.agency.certificate)
    assert int(summary.serial, 16) == holders.agency.certificate.serial_number
    assert 729 <= (summary.not_after - summary.not_before).days <= 731
    assert summary.managing_unit == COMMUNE


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("H99", True),
        ("H99.31", True),
        ("000.00.31.H99", True),
        ("31.H99", True),
        ("G99.01.002", True),
        ("h99.31", False),
        ("0123456789", False),
        ("MST:123", False),
        ("H99.", False),
    ],
)
def test_only_agency_codes_are_taken_for_agency_codes(
    code: str, known: bool, authority: TrialAuthority
) -> None:
    """Both orders of levels are read; a tax number in the same place is not an agency."""
    issued = authority.issue("agency", "Cơ quan thử", agency=code, key="p256")
    assert read.agency_code(issued.certificate) == (code if known else None)


ALLOWED: dict[str, set[Role]] = {
    "person": {"sign", "relay"},
    "agency": {"sign", "relay"},
    "relay": {"sign", "relay"},
    "tsa": {"tsa"},
    "relay_tls": set(),
    "commune_tls": set(),
}


@pytest.mark.parametrize("holder", ALLOWED)
@pytest.mark.parametrize("role", ["sign", "tsa", "relay"])
def test_a_certificate_serves_only_what_it_is_meant_for(holder: str, role: Role, holders: Holders) -> None:
    """TLS certificates sign nothing, signers stamp no time, time-stamps sign no document."""
    breach = usage_breach(getattr(holders, holder).certificate, role)
    assert (breach is None) == (role in ALLOWED[holder]), breach


def test_weak_keys_and_signatures_are_named(tmp_path: Path) -> None:
    """RSA 1024 and SHA-1 are weak, each with its sentence."""
    made = tmp_path / "yếu.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes"]  # noqa: RUF005
        + ["-subj", "/CN=Khoa yeu", "-keyout", str(tmp_path / "key.pem"), "-out", str(made)],
        check=True,
        capture_output=True,
    )
    (certificate,) = load_certificates(made.read_bytes())
    assert "1024" in str(read.key_weakness(certificate))
    assert "SHA1" in str(read.signature_weakness(certificate))


def test_strong_ones_are_not(holders: Holders) -> None:
    """RSA 2048 and P-256 with SHA-256 have no weakness."""
    for issued in (holders.person, holders.relay):
        assert read.key_weakness(issued.certificate) is None
        assert read.signature_weakness(issued.certificate) is None


def test_the_chain_is_put_in_order(holders: Holders, authority: TrialAuthority) -> None:
    """Nearest issuer first, strangers and the root left out."""
    others = [authority.root, holders.agency.certificate, authority.issuing]
    assert read.order_chain(holders.person.certificate, others) == (authority.issuing,)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_certificate_raises_nothing_of_others(data: st.DataObject, holders: Holders) -> None:
    """Any byte changed: every reader answers, or says so with our own error."""
    der = bytearray(holders.person.certificate.public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DocsignError):
        (certificate,) = load_certificates(bytes(der))
        for reader in (read.display_name, read.agency_code, read.position, read.issuer_name, read.summary):
            reader(certificate)
        read.key_weakness(certificate)
        read.signature_weakness(certificate)
        assert read.issued_by(certificate, certificate) is False
        usage_breach(certificate, "sign")
