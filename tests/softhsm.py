"""A SoftHSM2 token of the tests: made in a folder of its own, filled through PKCS#11 itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, CertificateType, ObjectClass
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

from docsign.pki.authority import Issued

PIN = "135790"
LABELS = ("xa-thu-nghiem", "luon-hoi", "sai-pin", "rut-ra", "ky-van-ban", "dong-lenh")
"""The tokens there are, a test file's own each; all have ``PIN`` and are empty at first."""
_PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def library() -> str:
    """Return the library of SoftHSM2; a missing one fails the test."""
    found = [place for place in _PLACES if Path(place).is_file()]
    assert found, "SoftHSM2 is missing: sh tests/install-witnesses.sh"
    return found[0]


class SoftToken:
    """Tokens in one folder; SoftHSM2 reads where from the environment, once for a process."""

    def __init__(self, folder: Path) -> None:
        self.module = library()
        (folder / "tokens").mkdir(parents=True)
        self.config = folder / "softhsm2.conf"
        self.config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(self.config)
        for label in LABELS:  # before the library is loaded: it looks for tokens once
            self._util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "24680135")

    def remove(self, label: str) -> None:
        """Take the token away."""
        self._util("--delete-token", "--token", label)

    def uri(self, label: str, more: str = "") -> str:
        """Return the URI of a token's key."""
        return f"pkcs11:token={label}{more}?module-path={self.module}"

    def store(
        self,
        label: str,
        issued: Issued,
        *,
        id: bytes,
        name: str = "",
        always: bool = False,
        chain: Sequence[x509.Certificate] = (),
    ) -> None:
        """Put a key with its certificates on the token; ``always`` asks for the PIN at every signature."""
        with self._open(label) as session:
            der = issued.private_key.private_bytes(
                Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            )
            attributes: dict[Attribute, Any]
            if isinstance(issued.private_key, rsa.RSAPrivateKey):
                attributes = decode_rsa_private_key(der)
            else:
                assert isinstance(issued.private_key, ec.EllipticCurvePrivateKey)
                attributes = decode_ec_private_key(der)
            attributes |= {
                Attribute.TOKEN: True,
                Attribute.ID: id,
                Attribute.LABEL: name,
                Attribute.SIGN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.ALWAYS_AUTHENTICATE: always,
            }
            session.create_object(attributes)
            for certificate, its_id in [(issued.certificate, id), *((one, b"") for one in chain)]:
                values: dict[Attribute, Any] = decode_x509_certificate(certificate.public_bytes(Encoding.DER))
                values |= {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.LABEL: name}
                values |= {Attribute.ID: its_id, Attribute.CERTIFICATE_TYPE: CertificateType.X_509}
                values |= {Attribute.CLASS: ObjectClass.CERTIFICATE}
                session.create_object(values)

    def _open(self, label: str) -> Any:
        return pkcs11.lib(self.module).get_token(token_label=label).open(rw=True, user_pin=PIN)

    def _util(self, *arguments: str) -> None:
        done = subprocess.run(["softhsm2-util", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
