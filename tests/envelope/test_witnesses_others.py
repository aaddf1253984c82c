"""What xmlsec1, libdigidocpp and signxml say of envelopes that came another way: taken over, encrypted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree
from signxml.exceptions import InvalidDigest
from signxml.verifier import SignatureConfiguration, XMLVerifier

from docsign.encrypting import seal_encrypted_to
from docsign.envelope import Header, read_container
from docsign.envelope.conversion import envelope_header_of
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.sealing import seal
from tests.envelope.test_edxml_message import attachment, read, written
from tests.envelope.test_witnesses import OPINION, TRUST_AND_TIME, libdigidocpp, no_lists, xmlsec

__all__ = ["no_lists"]  # a fixture
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"


def taken_over(header: Header, key: SigningKey, _: x509.Certificate) -> bytes:
    """Return the envelope of an imported message, as ``docsign edxml import`` seals it."""
    message = read(written(attachment("Kính gửi".encode(), "tờ trình.txt", "text/plain")))
    within, names, renamed = envelope_header_of(message)
    assert renamed == ()
    files = [(name, one.content) for name, one in zip(names, message.attachments, strict=True)]
    return seal(within, files, key, gateway=True)


def encrypted(header: Header, key: SigningKey, receiver: x509.Certificate) -> bytes:
    """Return an encrypted envelope."""
    stream = io.BytesIO()
    seal_encrypted_to(stream, header, [("a.txt", b"x")], key, [receiver])
    return stream.getvalue()


def plain(header: Header, key: SigningKey, _: x509.Certificate) -> bytes:
    """Return an envelope sealed in the usual way."""
    return seal(header, [("tờ trình.txt", "Kính gửi".encode())], key)


@pytest.fixture(params=[taken_over, encrypted, plain], ids=lambda one: one.__name__)
def case(
    request: pytest.FixtureRequest, header: Header, tmp_path: Path
) -> tuple[Path, TrialAuthority, SigningKey]:
    """An envelope, its authority and key."""
    authority = TrialAuthority.create(tmp_path / "ca")
    key = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31").signing_key()
    path = tmp_path / "x.asice"
    receiver = authority.issue("encryption", "Khóa mã hóa", key="p256").certificate
    path.write_bytes(request.param(header, key, receiver))
    return path, authority, key


def test_xmlsec_and_libdigidocpp_accept_it(
    case: tuple[Path, TrialAuthority, SigningKey], no_lists: str, tmp_path: Path
) -> None:
    """xmlsec1 verifies every reference and the chain; libdigidocpp misses trust and time alone."""
    path, authority, _ = case
    done = xmlsec(path, authority)
    assert done.returncode == 0, done.stdout + done.stderr
    said = libdigidocpp(OPINION, no_lists, tmp_path, path)
    assert sum(line.startswith("signature BES") for line in said) == 1
    assert {line for line in said if line.startswith("says ")} <= TRUST_AND_TIME


def test_signxml_accepts_it_and_is_awake(case: tuple[Path, TrialAuthority, SigningKey]) -> None:
    """Value and every reference over the files; one changed byte of a file is one it refuses."""
    container = read_container(io.BytesIO(case[0].read_bytes()))
    xml = container.read("META-INF/signatures.xml", 10**6)

    def verify(more: bytes) -> int:
        def resolve(uri: str) -> bytes:
            name = container.name_of(uri)
            assert name is not None
            return container.read(name, 10**6) + more

        count = len(container.data_names) + 1
        results = XMLVerifier().verify(
            etree.fromstring(xml), x509_cert=case[2].certificate, uri_resolver=resolve, id_attribute="Id",
            expect_config=SignatureConfiguration(expect_references=count),
        )  # fmt: skip
        return len(results) if isinstance(results, list) else 1

    assert verify(b"") == len(container.data_names) + 1
    with pytest.raises(InvalidDigest):
        verify(b"!")
