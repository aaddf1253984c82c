"""adbe.x509.rsa_sha1 and adbe.pkcs7.sha1: the mathematics is checked, and the form is named weak."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.verdict import Indication, Report, SubIndication
from docsign.verification import verify
from tests.pdf.attacks.second_signer import BEGIN, ROOM, signature
from tests.pdf.attacks.syntax import Name, Raw, Value, write_value
from tests.pdf.honest.index import AT
from tests.pdf.odd.writing import Writing, signable

Content = Callable[[bytes], bytes]
KEY = rsa.generate_private_key(65537, 2048)


def certificate() -> x509.Certificate:
    """Issue a certificate to oneself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nguyễn Văn Mẫu")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(77)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN.replace(year=2030))
        .sign(KEY, hashes.SHA256())
    )


DER = certificate().public_bytes(Encoding.DER)


def signed(content_of: Content, **entries: Value) -> bytes:
    """Sign by hand: ``content_of(sha1 of the signed bytes)`` gives what lies in /Contents."""
    objects = signable()
    objects[8] = write_value(signature(**entries))
    data = Writing(objects=objects).unsigned()
    start = data.index(b"<" + b"0" * 2 * ROOM + b">")
    end = start + 2 * ROOM + 2
    data = data.replace(b"#" * 32, (b"%d %d %d" % (start, end, len(data) - end)).ljust(32))
    content = content_of(data[:start] + data[end:])
    return data[: start + 1] + content.hex().encode().ljust(2 * ROOM, b"0") + data[end - 1 :]


def x509_form(data: bytes, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """Return a PKCS #1 signature in an OCTET STRING (ISO 32000-1 12.8.3.2)."""
    value: bytes = core.OctetString(KEY.sign(data, padding.PKCS1v15(), digest or hashes.SHA1())).dump()
    return value


def sha1_form(data: bytes) -> bytes:
    """Return a CMS over the SHA-1 of the file, without attributes (ISO 32000-1 12.8.3.3.1)."""
    digest = hashlib.sha1(data).digest()
    held = asn1_x509.Certificate.load(DER)
    value = KEY.sign(hashlib.sha1(digest).digest(), padding.PKCS1v15(), Prehashed(hashes.SHA1()))
    info = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
        "digest_algorithm": {"algorithm": "sha1"},
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
        "signature": value,
    }
    content = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha1"}],
        "encap_content_info": {"content_type": "data", "content": digest},
        "certificates": [held],
        "signer_infos": [info],
    }
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": content}).dump()
    return made


X509: dict[str, Value] = {
    "SubFilter": Name("adbe.x509.rsa_sha1"),
    "Cert": Raw(b"<" + DER.hex().encode() + b">"),
}
SHA1: dict[str, Value] = {"SubFilter": Name("adbe.pkcs7.sha1")}


def judged(pdf: bytes) -> Report:
    """Judge at the time of the honest files."""
    return verify(pdf, at=AT)


@pytest.mark.parametrize(
    ("form", "entries"),
    [
        (x509_form, X509),
        (x509_form, X509 | {"Cert": Raw(b"[<" + DER.hex().encode() + b">]")}),
        (lambda data: x509_form(data, hashes.SHA256()), X509),
        (sha1_form, SHA1),
    ],
    ids=["x509", "x509-list", "x509-sha256", "pkcs7"],
)
def test_a_genuine_old_signature_is_intact_and_weak(form: Content, entries: dict[str, Value]) -> None:
    """Who signed is told, the bytes are those that were signed, and that is not enough any more."""
    report = judged(signed(form, **entries))
    (one,) = report.signatures
    assert one.intact is True
    assert one.signer == "Nguyễn Văn Mẫu"
    assert report.conclusion.indication is Indication.INDETERMINATE
    assert report.conclusion.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert "weak-algorithm" in {finding.code for finding in one.findings}


@pytest.mark.parametrize(("form", "entries"), [(x509_form, X509), (sha1_form, SHA1)], ids=["x509", "pkcs7"])
def test_a_changed_file_is_broken(form: Content, entries: dict[str, Value]) -> None:
    """A letter of the text changed after signing."""
    pdf = signed(form, **entries)
    report = judged(pdf.replace(b"BAO CAO", b"BAO GAO"))
    assert report.signatures[0].intact is False
    assert report.conclusion.indication is Indication.TOTAL_FAILED
    assert report.conclusion.sub_indication is SubIndication.HASH_FAILURE


def test_another_key_is_broken() -> None:
    """The value was made with another key than the certificate's."""
    other = rsa.generate_private_key(65537, 2048)
    pdf = signed(
        lambda data: core.OctetString(other.sign(data, padding.PKCS1v15(), hashes.SHA1())).dump(), **X509
    )
    assert judged(pdf).conclusion.indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize("held", [None, Raw(b"(khong phai)"), Raw(b"[]"), 7])
def test_without_a_certificate_nobody_is_named(held: Value) -> None:
    """No /Cert, or none that can be read."""
    entries = {key: value for key, value in X509.items() if key != "Cert"}
    report = judged(signed(x509_form, **entries, **({} if held is None else {"Cert": held})))
    assert report.conclusion.indication is Indication.INDETERMINATE
    assert report.signatures[0].intact is None


@pytest.mark.parametrize("content", [b"\x30\x03\x02\x01\x01", b"\x04\x02ab", b"rac", b"\x04\x82"])
def test_what_is_no_signature_fails(content: bytes) -> None:
    """Something else than a signature lies in /Contents."""
    assert judged(signed(lambda _: content, **X509)).conclusion.indication is Indication.TOTAL_FAILED
