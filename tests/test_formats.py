"""What a file is, told by its content; the name helps only where the content says nothing."""

from __future__ import annotations

import base64
import io

import pytest

from docsign import formats
from docsign.verdict import FileFormat

CMS = bytes.fromhex("300b06092a864886f70d010702")
ATTACHED = bytes.fromhex("06092a864886f70d010701")


@pytest.mark.parametrize(
    ("data", "suffix", "format"),
    [
        (b"%PDF-1.7\n", "", FileFormat.PDF),
        (b"\xef\xbb\xbf\n%PDF-1.4", ".txt", FileFormat.PDF),
        (b"\0PDF-1.7 /ByteRange [0 1 2 3]", "", FileFormat.PDF),
        (CMS, "", FileFormat.CADES),
        (b"junk", ".p7s", FileFormat.CADES),
        (CMS + bytes.fromhex("060b2a864886f70d0109100104"), "", FileFormat.TIMESTAMP),
        (CMS + ATTACHED + b"%PDF-1.7\n", "", FileFormat.CADES),
        (CMS + ATTACHED + b"%PDF-1.7\n", ".p7m", FileFormat.CADES),
        (CMS + ATTACHED + b"%PDF-1.7\n", ".pdf", FileFormat.PDF),
        (CMS + ATTACHED + CMS + bytes.fromhex("060b2a864886f70d0109100104"), "", FileFormat.CADES),
        (bytes.fromhex("300b06092a864886f70d010703"), ".p7m", FileFormat.OTHER),
        (b'{"schema":1,"evidence":{},"signature":""}', "", FileFormat.RECEIPT),
        (b'{"a":1}', "", FileFormat.OTHER),
        (b"<?xml version='1.0'?><edXML:edXML/>", "", FileFormat.EDXML),
        (b"\xef\xbb\xbf <a/>", "", FileFormat.XADES),
        (b"Kinh gui", ".pdf", FileFormat.OTHER),
        (b"", "", FileFormat.OTHER),
    ],
)
def test_the_format_is_told_by_the_content(data: bytes, suffix: str, format: FileFormat) -> None:
    """Each kind by its own mark, a damaged PDF by its claim."""
    assert formats.tell(data, suffix) is format


def test_containers_are_told_apart() -> None:
    """A ZIP, a name, or the mimetype of a damaged one; only what claims a signature is a broken container."""
    assert formats.is_container(b"PK\3\4")
    assert formats.is_container(b"", ".asice")
    assert formats.is_container(b"\0\0\0\0mimetypeapplication/vnd.etsi.asic-e+zip")
    assert not formats.is_container(b"%PDF-1.7", ".pdf")
    assert formats.claims_container(io.BytesIO(b"PK..META-INF/signatures.xml"), "")
    assert not formats.claims_container(io.BytesIO(b"PK..word/document.xml"), ".docx")


def test_armour_is_taken_off() -> None:
    """PEM of a CMS; anything else stays."""
    assert formats.unarmoured(b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n") == b"\x30\x00"
    for data in (b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", b"%PDF", b""):
        assert formats.unarmoured(data) == data


MAIL = b"MIME-Version: 1.0\r\nContent-Type: %s;\r\n\tname=smime.p7m\r\n\r\n"


def test_messages_are_told() -> None:
    """S/MIME: content inside the signature is unpacked, beside it named; other letters are left alone."""
    body = base64.encodebytes(CMS)
    opaque = MAIL % b"application/pkcs7-mime; smime-type=signed-data" + body
    assert formats.unarmoured(opaque) == CMS
    assert formats.unarmoured(b"\xef\xbb\xbf" + base64.b64encode(b"\x30\x82\x0b\xb8" + CMS)).endswith(CMS)
    beside = MAIL % b"multipart/signed" + b"--x\r\n"
    assert formats.is_signed_mail(beside)
    assert formats.unarmoured(beside) == beside
    for other in (opaque, MAIL % b"text/plain" + b"multipart/signed", b"Kinh gui: ong\n\nmultipart/signed"):
        assert not formats.is_signed_mail(other)
