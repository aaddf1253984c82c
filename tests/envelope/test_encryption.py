"""Encryption: to one and many, with both kinds of keys; openssl opens it; nothing changed passes."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.envelope.encryption import add_receivers, decrypt, encrypt, read_encrypted
from docsign.errors import CertificateUnfitError, EncryptionError

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SECRET = "Nội dung chỉ bên nhận được đọc. ".encode() * 50
KEY, NONCE = bytes(range(32)), bytes(range(12))


class HeldPrivateKey:
    """A private key in memory with its certificate."""

    def __init__(self, private: Private, name: str, *, encipher: bool = True) -> None:
        self.private = private
        self.certificate = certificate_for(private, name, encipher=encipher)

    def decrypt(self, encrypted: bytes, scheme: padding.AsymmetricPadding) -> bytes:
        """RSA."""
        assert isinstance(self.private, rsa.RSAPrivateKey)
        return self.private.decrypt(encrypted, scheme)

    def agree(self, other: ec.EllipticCurvePublicKey) -> bytes:
        """ECDH."""
        assert isinstance(self.private, ec.EllipticCurvePrivateKey)
        return self.private.exchange(ec.ECDH(), other)

    def save(self, folder: Path) -> tuple[str, str]:
        """Write certificate and key for openssl."""
        name = str(self.certificate.serial_number)
        (folder / f"{name}.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            self.private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(folder / f"{name}.crt"), str(folder / f"{name}.key")


def certificate_for(
    private: Private | ed25519.Ed25519PrivateKey, name: str, *, encipher: bool = True
) -> x509.Certificate:
    """Return a certificate that may, or may not, be encrypted to."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=not encipher, content_commitment=False, key_encipherment=encipher,
        data_encipherment=False, key_agreement=encipher, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(usage, critical=True)
    )
    is_edwards = isinstance(private, ed25519.Ed25519PrivateKey)
    return builder.sign(private, None if is_edwards else hashes.SHA256())


KEYS = {
    "rsa": HeldPrivateKey(rsa.generate_private_key(65537, 2048), "UBND phường Một"),
    "p256": HeldPrivateKey(ec.generate_private_key(ec.SECP256R1()), "UBND phường Hai"),
    "p384": HeldPrivateKey(ec.generate_private_key(ec.SECP384R1()), "UBND phường Ba"),
    "p521": HeldPrivateKey(ec.generate_private_key(ec.SECP521R1()), "UBND phường Bốn"),
}
EVERYBODY = [key.certificate for key in KEYS.values()]


def sealed(*receivers: x509.Certificate, content: bytes = SECRET) -> bytes:
    """Return the content encrypted to these."""
    target = io.BytesIO()
    encrypt(io.BytesIO(content), len(content), target, receivers, key=KEY, nonce=NONCE)
    return target.getvalue()


def opened(data: bytes, key: HeldPrivateKey) -> bytes:
    """Return what is inside."""
    stream, target = io.BytesIO(data), io.BytesIO()
    message = read_encrypted(stream)
    decrypt(message, stream, message.content_key(key), target)
    return target.getvalue()


@pytest.mark.parametrize("name", KEYS)
def test_each_receiver_opens_it(name: str) -> None:
    """RFC 3560 for RSA, RFC 5753 for the three curves; alone or among others."""
    key = KEYS[name]
    assert opened(sealed(key.certificate), key) == SECRET
    assert opened(sealed(*EVERYBODY), key) == SECRET
    assert SECRET[:20] not in sealed(*EVERYBODY)


@pytest.mark.parametrize("name", KEYS)
def test_openssl_opens_it(name: str, tmp_path: Path) -> None:
    """What we write is CMS AuthEnvelopedData to another implementation too."""
    certificate, private = KEYS[name].save(tmp_path)
    (tmp_path / "x.p7m").write_bytes(sealed(*EVERYBODY))
    done = subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(tmp_path / "x.p7m"),
         "-recip", certificate, "-inkey", private],
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == SECRET


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rsa", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]),
        ("rsa", ["-keyopt", "rsa_padding_mode:oaep"]),
        ("p256", ["-keyopt", "ecdh_kdf_md:sha256"]),
        ("p384", ["-keyopt", "ecdh_kdf_md:sha384"]),
    ],
)
def test_what_openssl_writes_is_opened(name: str, options: list[str], tmp_path: Path) -> None:
    """AES-256-GCM by openssl, to the same keys."""
    certificate, _ = KEYS[name].save(tmp_path)
    (tmp_path / "plain").write_bytes(SECRET)
    done = subprocess.run(
        ["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER",
         "-in", str(tmp_path / "plain"), "-recip", certificate, *options],
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert opened(done.stdout, KEYS[name]) == SECRET


def test_nobody_else_opens_it() -> None:
    """Who is not named is told so; who took another's certificate has another key."""
    data = sealed(KEYS["rsa"].certificate, KEYS["p256"].certificate)
    with pytest.raises(EncryptionError, match="not encrypted to UBND phường Ba"):
        opened(data, KEYS["p384"])
    for name, private in (
        ("rsa", rsa.generate_private_key(65537, 2048)),
        ("p256", ec.generate_private_key(ec.SECP256R1())),
    ):
        thief = HeldPrivateKey(private, "kẻ khác")
        thief.certificate = KEYS[name].certificate
        with pytest.raises(EncryptionError, match="does not open"):
            opened(data, thief)


def test_a_receiver_is_added_without_encrypting_again() -> None:
    """The same ciphertext and tag, one name more; naming somebody twice changes nothing."""
    first = sealed(KEYS["rsa"].certificate)
    stream, target = io.BytesIO(first), io.BytesIO()
    message = read_encrypted(stream)
    key = message.content_key(KEYS["rsa"])
    add_receivers(message, stream, key, [KEYS["p256"].certificate, KEYS["rsa"].certificate], target)
    second = target.getvalue()
    again = read_encrypted(io.BytesIO(second))
    assert len(again.recipients) == 2
    assert second[again.offset :] == first[message.offset :]
    assert opened(second, KEYS["p256"]) == opened(second, KEYS["rsa"]) == SECRET


def test_certificates_for_signing_are_not_encrypted_to() -> None:
    """Key usage decides; so does the kind of key."""
    signing = HeldPrivateKey(ec.generate_private_key(ec.SECP256R1()), "Trần Thị Thử", encipher=False)
    edwards = certificate_for(ed25519.Ed25519PrivateKey.generate(), "Trần Thị Thử")
    for certificate in (signing.certificate, edwards):
        with pytest.raises(CertificateUnfitError, match="Trần Thị Thử"):
            sealed(KEYS["rsa"].certificate, certificate)
    with pytest.raises(EncryptionError, match="one and 1000"):
        sealed()


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    """Any changed byte, and any cut, is an error of ours, or changes nothing that is read."""
    whole = sealed(KEYS["p256"].certificate)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    stream = io.BytesIO(changed)
    try:
        message = read_encrypted(stream)
        target = io.BytesIO()
        decrypt(message, stream, message.content_key(KEYS["p256"]), target)
    except EncryptionError:
        pass
    else:
        assert target.getvalue() == SECRET
        assert place < message.offset
    with pytest.raises(EncryptionError):
        opened(whole[:place], KEYS["p256"])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """Nothing but our own error comes out."""
    with pytest.raises(EncryptionError):
        opened(data, KEYS["rsa"])


def test_a_source_that_ends_early_is_said() -> None:
    """The size is promised before the content is read."""
    with pytest.raises(EncryptionError, match="too early"):
        encrypt(io.BytesIO(b"x"), 2, io.BytesIO(), EVERYBODY[:1], key=KEY, nonce=NONCE)


STREAMING = """
import sys
from pathlib import Path
from tests.envelope.test_encryption import KEYS, KEY, NONCE
from tests.peak_memory import peak_memory
from docsign.envelope.encryption import encrypt, decrypt, read_encrypted
folder, size = Path(sys.argv[1]), int(sys.argv[2])
with open(folder / "plain", "rb") as source, open(folder / "x.p7m", "wb") as target:
    encrypt(source, size, target, [KEYS["p256"].certificate], key=KEY, nonce=NONCE)
with open(folder / "x.p7m", "rb") as source, open(folder / "again", "wb") as target:
    message = read_encrypted(source)
    decrypt(message, source, message.content_key(KEYS["p256"]), target)
print(peak_memory())
"""


def peak(folder: Path, size: int) -> int:
    """Return the peak of a process that encrypts and decrypts so many bytes, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", STREAMING, str(folder), str(size)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_large_content_is_streamed(tmp_path: Path) -> None:
    """Sixty megabytes raise the peak by less than eight."""
    size = 60 * 1024 * 1024
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(size)
    small, large = peak(tmp_path, 1000), peak(tmp_path, size)
    assert (tmp_path / "again").stat().st_size == size
    assert large - small < 8 * 1024
