"""The OCSP answers of a trial authority, as openssl and cryptography read them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from docsign.pki.authority import KeyKind, TrialAuthority

NOW = datetime.now(UTC).replace(microsecond=0)
URL = "http://127.0.0.1:8318"


@pytest.fixture
def place(tmp_path: Path) -> TrialAuthority:
    """An authority whose certificates name their service."""
    return TrialAuthority.create(tmp_path / "ca", key="p256", url=URL)


def _ask(authority: TrialAuthority, certificate: x509.Certificate, nonce: bytes = b"") -> ocsp.OCSPResponse:
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, authority.issuing, hashes.SHA1())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    request = builder.build().public_bytes(Encoding.DER)
    return ocsp.load_der_ocsp_response(authority.answer_status(request, NOW))


def test_good_revoked_and_unknown_are_told_apart(place: TrialAuthority, tmp_path: Path) -> None:
    """RFC 6960 2.2; what is revoked while the service runs is seen."""
    issued = place.issue("person", "Nguyễn Văn Mẫu", key="p256")
    answer = _ask(place, issued.certificate, b"0123456789abcdef")
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"
    TrialAuthority.load(place.folder).revoke(
        issued.certificate, at=NOW - timedelta(hours=1), reason="keyCompromise"
    )
    answer = _ask(place, issued.certificate)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == NOW - timedelta(hours=1)
    assert answer.revocation_reason is x509.ReasonFlags.key_compromise
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    stranger = other.issue("person", "Trần Thị Thử", key="p256").certificate
    assert _ask(place, stranger).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_another_issuer_and_nonsense_are_refused(place: TrialAuthority, tmp_path: Path) -> None:
    """RFC 6960 2.3: unauthorized, malformedRequest."""
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    stranger = other.issue("person", "Trần Thị Thử", key="p256").certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(stranger, other.issuing, hashes.SHA256()).build()
    answer = ocsp.load_der_ocsp_response(place.answer_status(request.public_bytes(Encoding.DER), NOW))
    assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    for nonsense in (b"", b"0", b"\x30\x03\x02\x01\x05"):
        answer = ocsp.load_der_ocsp_response(place.answer_status(nonsense, NOW))
        assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("kind", ["rsa2048", "p384", "ed25519"])
def test_openssl_believes_the_answer(kind: KeyKind, tmp_path: Path) -> None:
    """Signed by a delegated responder (RFC 6960 4.2.2.2)."""
    authority = TrialAuthority.create(tmp_path / "ca", key=kind, url=URL)
    issued = authority.issue("person", "Nguyễn Văn Mẫu", key="p256")
    (tmp_path / "one.pem").write_bytes(issued.certificate.public_bytes(Encoding.PEM))
    request = ocsp.OCSPRequestBuilder().add_certificate(issued.certificate, authority.issuing, hashes.SHA1())
    (tmp_path / "answer").write_bytes(
        authority.answer_status(
            request.build().public_bytes(Encoding.DER), datetime.now(UTC).replace(microsecond=0)
        )
    )
    trust = authority.trust_folder
    command = [
        "openssl",
        "ocsp",
        "-respin",
        "answer",
        "-issuer",
        str(trust / "issuing.pem"),
        "-cert",
        "one.pem",
    ]
    command += ["-CAfile", str(trust / "root.pem"), "-no_nonce"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Response verify OK" in done.stderr, done.stderr
    assert "one.pem: good" in done.stdout


def test_certificates_name_their_service(place: TrialAuthority) -> None:
    """RFC 5280 4.2.1.13 and 4.2.2.1; the answering certificate is not asked about itself."""
    person = place.issue("person", "Nguyễn Văn Mẫu", key="p256").certificate
    access = person.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [one.access_location.value for one in access] == [f"{URL}/ca/issuing.crt", f"{URL}/ocsp"]
    points = person.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for point in points for name in point.full_name or ()] == [f"{URL}/crl/issuing.crl"]
    points = place.issuing.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for point in points for name in point.full_name or ()] == [f"{URL}/crl/root.crl"]
    own = place.ocsp_key().certificate
    assert own.extensions.get_extension_for_oid(x509.OCSPNoCheck.oid).critical is False
    assert place.ocsp_key().certificate == own
    bare = TrialAuthority.create(place.folder.parent / "tran", key="p256")
    for kind in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints):
        with pytest.raises(x509.ExtensionNotFound):
            bare.issue("person", "Trần Thị Thử", key="p256").certificate.extensions.get_extension_for_class(
                kind
            )
