"""What the parser remarks of odd certificates reaches no terminal and becomes no exception."""

from __future__ import annotations

import subprocess
import sys

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.pki.certifying import root

_PROGRAM = """
import sys
from cryptography import x509
from docsign.ades.signer import load_certificates
from docsign.pki.certificates import summary
(certificate,) = load_certificates([bytes.fromhex(sys.argv[1])])
print(summary(certificate).serial)
"""


def test_a_serial_number_that_is_not_positive_is_shown_in_silence() -> None:
    """RFC 5280 4.1.2.2 asks to take it in good part; Acrobat made many such certificates."""
    odd = asn1_x509.Certificate.load(root("Gốc").certificate.public_bytes(Encoding.DER))
    odd["tbs_certificate"]["serial_number"] = -77
    for strictness in ("default", "error"):
        done = subprocess.run(
            [sys.executable, "-W", strictness, "-c", _PROGRAM, odd.dump(force=True).hex()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "-4d", "")
