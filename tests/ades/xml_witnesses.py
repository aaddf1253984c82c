"""What xmlsec1 and signxml say of an XML signature. A missing tool fails the test that asks it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from docsign.ades import xades_form as xf
from docsign.pki import SigningKey, Trust

WITH_IDS = (
    *(f"{space}:SignedProperties" for space in xf.XADES_VERSIONS),
    f"{xf.DS}:Object",
    f"{xf.DS}:Manifest",
    f"{xf.DS}:SignatureValue",
    "urn:don:don",
    "urn:don:noi-dung",
    "don",
    "van-ban",
)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as PEM."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def xmlsec1(xml: bytes, folder: Path, *, trust: Trust, key: SigningKey, files: Mapping[str, bytes]) -> str:
    """Return ``OK`` or what xmlsec1 holds against the first signature, the files beside it."""
    for name, data in {"signature.xml": xml, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "root.pem").write_bytes(pem(*(anchor.certificate for anchor in trust.anchors)))
    (folder / "issuing.pem").write_bytes(pem(*key.chain))
    ids = [argument for name in WITH_IDS for argument in ("--id-attr:Id", name)]
    known = ["--trusted-pem", "root.pem", "--untrusted-pem", "issuing.pem"]
    done = subprocess.run(
        ["xmlsec1", "--verify", *known, *ids, "signature.xml"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    said = (done.stdout + done.stderr).splitlines()

    return "OK" if done.returncode == 0 and "OK" in said else "FAIL"


def signxml(xml: bytes, *, key: SigningKey, references: int, files: Mapping[str, bytes]) -> str:
    """Return ``OK`` or the kind of error signxml raises for the first signature."""
    try:
        XMLVerifier().verify(
            xml,
            x509_cert=key.certificate,
            uri_resolver=lambda uri: files.get(uri),
            expect_config=SignatureConfiguration(expect_references=references, location=".//"),
        )
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, KeyError, AttributeError) as error:
        return type(error).__name__
    return "OK"
