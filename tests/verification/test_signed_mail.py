"""A message with its signature beside the text (S/MIME, RFC 8551 3.5.3), and what is tried with one."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from docsign import Trust, verify
from docsign.ades.signed_mail import read_signed_mail
from docsign.detached import sign_detached
from docsign.errors import CmsError
from docsign.pki import SigningKey
from docsign.pki.keys import HeldKey
from docsign.verdict import Conclusion, FileFormat, Report, SubIndication

PART = "Content-Type: text/plain; charset=utf-8\r\n\r\nKính gửi: Ủy ban nhân dân xã Mẫu\r\n".encode()
FORM = Conclusion.failed(SubIndication.FORMAT_FAILURE)
HASH = Conclusion.failed(SubIndication.HASH_FAILURE)


def message(part: bytes, signature: bytes, *, boundary: bytes = b"----ranh gioi_1") -> bytes:
    """Write the message: its header is folded, the boundary holds a space."""
    mark = b"\r\n--" + boundary
    return b"".join(
        (
            b"From: nguoi.mau@example.vn\r\nSubject: Thu\r\nMIME-Version: 1.0\r\n",
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n',
            b'\tmicalg=sha-256; boundary="' + boundary + b'"\r\n\r\nThis is signed.',
            mark + b"\r\n" + part + mark + b"\r\n",
            b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n',
            b"Content-Transfer-Encoding: base64\r\n\r\n",
            base64.encodebytes(signature).replace(b"\n", b"\r\n"),
            mark[2:] + b"--\r\n",
        )
    )


@pytest.fixture
def mail(agency_key: SigningKey) -> bytes:
    """A good one."""
    return message(PART, sign_detached(PART, agency_key))


def judged(data: bytes, trust: Trust, **more: object) -> Report:
    """Judge without fetching."""
    return verify(data, trust=trust, at=datetime.now(UTC), offline=True, name="thu.eml", **more)  # type: ignore[arg-type] # handed on


def test_a_signed_message_is_judged(mail: bytes, trust: Trust) -> None:
    """The first part is what was signed; that nobody signs the header is said."""
    report = judged(mail, trust)
    assert (report.format, report.conclusion) == (FileFormat.CADES, Conclusion.passed()), report
    assert [one.code for one in report.findings] == ["mail-header"]
    assert report.signatures[0].coverage == "partial"


def test_line_ends_are_those_of_the_canonical_form(mail: bytes, trust: Trust) -> None:
    """RFC 8551 3.1.1: a message that was stored with other line ends is still the one that was signed."""
    assert judged(mail.replace(b"\r\n", b"\n"), trust).conclusion == Conclusion.passed()
    assert judged(mail.replace(b"\r\n", b"\r"), trust).conclusion != Conclusion.passed()


@pytest.mark.parametrize("options", [(), ("-crlfeol",)])
def test_messages_of_openssl_are_read(
    agency_key: SigningKey, trust: Trust, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """What ``openssl cms`` writes, and with the line ends that mail has."""
    assert isinstance(agency_key, HeldKey)
    private = agency_key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "own.pem").write_bytes(agency_key.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "chain.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in agency_key.chain))
    (tmp_path / "thu.txt").write_bytes(PART)
    command = (
        "openssl cms -sign -signer own.pem -inkey key.pem -certfile chain.pem -in thu.txt -outform SMIME"
    )
    words = [*command.split(), *options]
    made = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
    report = judged(made, trust)
    assert report.conclusion == Conclusion.passed(), report
    changed = made.replace("xã Mẫu".encode(), "xã Thử".encode())
    assert judged(changed, trust).conclusion == HASH


TRICKS: dict[str, tuple[Callable[[bytes], bytes], Conclusion]] = {
    "a word changed": (lambda data: data.replace("xã Mẫu".encode(), "xã Thử".encode()), HASH),
    "a line added": (lambda data: data.replace(b"\r\n\r\n------ranh", b"\r\n\r\n\r\n------ranh"), HASH),
    "its type changed": (lambda data: data.replace(b"text/plain", b"text/html "), HASH),
    "a part before it": (
        lambda data: data.replace(
            b"\r\n------ranh gioi_1\r\nContent-Type: text",
            b"\r\n------ranh gioi_1\r\n\r\nkhac\r\n------ranh gioi_1\r\nContent-Type: text",
        ),
        FORM,
    ),
    "a part behind it": (
        lambda data: data.replace(
            b"------ranh gioi_1--", b"------ranh gioi_1\r\n\r\nkhac\r\n------ranh gioi_1--"
        ),
        FORM,
    ),
    "the signature first": (
        lambda data: data.replace(b"text/plain", b"application/pkcs7-signature", 1).replace(
            b"application/pkcs7-signature; name", b"text/plain; name"
        ),
        FORM,
    ),
    "no end": (lambda data: data.replace(b"------ranh gioi_1--", b""), FORM),
    "two types": (
        lambda data: data.replace(b"MIME-Version", b"Content-Type: text/plain\r\nMIME-Version"),
        FORM,
    ),
    "two boundaries": (lambda data: data.replace(b"micalg=sha-256", b"boundary=khac"), FORM),
    "no boundary": (lambda data: data.replace(b"boundary=", b"khac="), FORM),
    "no base64": (lambda data: data.replace(b"base64\r\n\r\n", b"base64\r\n\r\n*"), FORM),
    "another encoding": (lambda data: data.replace(b"Encoding: base64", b"Encoding: uuencode"), FORM),
    "the header alone": (lambda data: data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", FORM),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_is_tried_with_a_message(mail: bytes, trust: Trust, trick: str) -> None:
    """Each fails, and says where."""
    made, expected = TRICKS[trick]
    data = made(mail)
    assert data != mail
    report = judged(data, trust)
    assert report.conclusion == expected, report
    assert (expected == FORM) == any(one.code == "mail-form" for one in report.findings)


def test_a_content_beside_a_message_is_signed_by_nobody(mail: bytes, trust: Trust) -> None:
    """The message brings what it signs."""
    report = judged(mail, trust, content=[("khac.txt", b"khac")])
    assert report.conclusion == FORM
    assert [(one.code, one.where) for one in report.findings][1:] == [("file-not-covered", "khac.txt")]


@given(st.binary(max_size=300), st.integers(0, 400))
def test_anything_is_taken_apart_or_refused(junk: bytes, place: int) -> None:
    """CmsError and nothing else, also in the midst of a good message."""
    good = message(PART, b"\x30\x00")
    for data in (junk, good[:place] + junk + good[place:]):
        try:
            found = read_signed_mail(data)
        except CmsError:
            continue
        assert b"\n" not in found.content.replace(b"\r\n", b"")
