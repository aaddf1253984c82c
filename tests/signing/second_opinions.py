"""What others say of a PDF we signed: pdfsig (poppler), qpdf, pyHanko. A missing tool fails the test."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from docsign.pki import Trust


@dataclass(frozen=True, slots=True)
class Opinion:
    """What pdfsig says of one signature."""

    field: str
    signer: str
    kind: str
    total: bool
    valid: bool


def pdfsig(pdf: bytes, folder: Path) -> list[Opinion]:
    """Return pdfsig's opinion on every signed field."""
    path = folder / "pdfsig.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2), done.stderr  # 2: nothing is signed
    opinions = []
    for part in re.split(r"^Signature #\d+:\n", done.stdout, flags=re.MULTILINE)[1:]:
        if "is not signed" in part:
            continue
        said = dict(re.findall(r"^  - ([^:\n]+): (.*)$", part, flags=re.MULTILINE))
        opinions.append(
            Opinion(
                field=said["Signature Field Name"],
                signer=said["Signer Certificate Common Name"],
                kind=said["Signature Type"],
                total="  - Total document signed" in part,
                valid=said["Signature Validation"] == "Signature is Valid.",
            )
        )
    return opinions


def qpdf_accepts(pdf: bytes, folder: Path, *, password: str = "") -> None:
    """Fail with qpdf's words unless ``qpdf --check`` finds nothing."""
    path = folder / "qpdf.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["qpdf", "--check", f"--password={password}", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def pyhanko(pdf: bytes, trust: Trust, *, password: str | None = None) -> list[PdfSignatureStatus]:
    """Return pyHanko's status of every signature, in the order of signing."""
    reader = PdfFileReader(BytesIO(pdf))
    if password is not None:
        reader.decrypt(password)
    roots = [x509.Certificate.load(anchor.certificate.public_bytes(Encoding.DER)) for anchor in trust.anchors]
    return [
        _status(signature, ValidationContext(trust_roots=roots)) for signature in reader.embedded_signatures
    ]


def _status(signature: Any, context: ValidationContext) -> PdfSignatureStatus:
    status = validate_pdf_signature(signature, context)
    assert isinstance(status, PdfSignatureStatus)
    return status
