"""Print what others say of every level × key × algorithm: ``python -m tests.signing.matrix > matrix.md``.

Keys in files, on a SoftHSM2 token and at a remote signing service; PDFs (pdfsig, pyHanko), detached CAdES
(openssl), envelopes with XAdES (xmlsec1). "ours" judges with the root alone from B-LT on: what is kept inside
must do. A verifier that does not know an algorithm says so in its own words.
"""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from docsign.detached import sign_detached
from docsign.envelope import Header, Organization
from docsign.pki import SignatureScheme, SigningKey, Trust, open_key
from docsign.pki.authority import Issued, KeyKind, TrialAuthority
from docsign.pki.csc_http import TOKEN_VARIABLE
from docsign.pki.keys import HeldKey
from docsign.proofs import LEVELS, Level
from docsign.sealing import seal
from docsign.signing import sign
from docsign.verification import verify
from tests.conftest import served
from tests.csc_service import OTP, TOKEN, CscDouble, serving_csc
from tests.csc_service import PIN as REMOTE_PIN
from tests.signing.conftest import FOREIGN
from tests.signing.second_opinions import pdfsig, qpdf_accepts
from tests.softhsm import PIN, SoftToken

KEYS: tuple[tuple[KeyKind, SignatureScheme | None], ...] = (
    ("rsa2048", None),
    ("rsa2048", SignatureScheme.RSA_SHA384),
    ("rsa3072", SignatureScheme.RSA_SHA512),
    ("rsa2048", SignatureScheme.PSS_SHA256),
    ("rsa2048", SignatureScheme.PSS_SHA512),
    ("p256", None),
    ("p384", None),
    ("p521", None),
    ("ed25519", None),
)
DATA = "Bảng số liệu".encode()


def main() -> None:
    """Print the table."""
    columns = ["key", "algorithm", "level", "PDF: ours", "pdfsig", "pyHanko", "qpdf"]
    columns += ["CAdES: ours", "openssl", "XAdES: ours", "xmlsec1"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = TrialAuthority.create(folder / "ca")
        tsa = authority.service_key()
        url = stack.enter_context(served(tsa, authority.trust_folder)) + "/tsa"
        for where, key in _keys(folder, authority, stack):
            for level in LEVELS:
                cells = _opinions(key, level, url, authority, folder)
                print(f"| {where} | {key.scheme.value} | {level} | {' | '.join(cells)} |", flush=True)


def _keys(folder: Path, authority: TrialAuthority, stack: ExitStack) -> Iterator[tuple[str, SigningKey]]:
    held: dict[str, Issued] = {}
    for kind, scheme in KEYS:
        if kind not in held:
            held[kind] = authority.issue("agency", "Xã Thử Nghiệm", agency="H99.31", key=kind)
        issued = held[kind]
        key = HeldKey.of(issued.private_key, issued.certificate, issued.chain, scheme=scheme)
        yield f"file {kind}", key
    token = SoftToken(folder / "softhsm")
    os.environ[TOKEN_VARIABLE] = TOKEN
    on_token: tuple[KeyKind, ...] = ("rsa2048", "p256", "p384")
    for number, kind in enumerate(on_token, 1):
        issued = held[kind]
        token.store("ky-van-ban", issued, id=bytes([number]), chain=issued.chain if number == 1 else ())
    for number, kind in enumerate(on_token, 1):
        for scheme in (None, SignatureScheme.PSS_SHA256) if number == 1 else (None,):
            uri = token.uri("ky-van-ban", f";id=%0{number}")
            yield f"token {kind}", open_key(uri, PIN, scheme=scheme)
    remote = {kind: held[kind] for kind in ("rsa2048", "p256")}
    address = stack.enter_context(serving_csc(CscDouble(credentials=remote)))
    for name in remote:
        yield f"remote {name}", open_key(f"{address}?credential={name}", REMOTE_PIN, otp=OTP)


def _opinions(key: SigningKey, level: Level, tsa: str, authority: TrialAuthority, folder: Path) -> list[str]:
    trust = authority.trust()
    bare = dataclasses.replace(trust, crls=(), intermediates=())
    judge = bare if level in ("B-LT", "B-LTA") else trust
    pdf = sign(FOREIGN[0].read_bytes(), key, role="agency", level=level, tsa=tsa, trust=trust)
    cms = sign_detached(DATA, key, level=level, tsa=tsa, trust=trust)
    header = Header(
        sender=Organization(code="H99.31", name="Xã Thử Nghiệm"),
        receivers=(Organization(code="H99", name="Tỉnh Thử Nghiệm"),),
        number="12",
        notation="UBND",
        issued=date(2026, 11, 20),
        subject="Thử nghiệm",
    )
    envelope = seal(header, [("a.txt", DATA)], key, level=level, tsa=tsa, trust=trust)
    return [
        _ours(pdf, judge),
        _said(lambda: all(one.valid for one in pdfsig(pdf, folder) if one.kind != "unknown")),
        _said(lambda: _pyhanko(pdf, trust)),
        _said(lambda: _qpdf(pdf, folder)),
        _ours(cms, judge, DATA),
        _openssl(cms, authority, folder),
        _ours(envelope, judge),
        _xmlsec(envelope, authority),
    ]


def _ours(data: bytes, trust: Trust, content: bytes | None = None) -> str:
    beside = () if content is None else [("a.txt", content)]
    report = verify(data, trust=trust, content=beside)
    levels = ", ".join(one.level for one in report.signatures)
    return f"{report.conclusion.indication.value} {levels}"


def _said(opinion: Callable[[], bool]) -> str:
    try:
        return "valid" if opinion() else "NOT valid"
    except Exception as error:
        words = str(error).strip().splitlines()
        return f"{type(error).__name__}: {words[0][:80] if words else ''}".replace("|", "/")


def _pyhanko(pdf: bytes, trust: Trust) -> bool:
    """Ask of the signatures alone: a document time-stamp is none."""
    roots = [x509.Certificate.load(one.certificate.public_bytes(Encoding.DER)) for one in trust.anchors]
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    return bool(validate_pdf_signature(signature, ValidationContext(trust_roots=roots)).bottom_line)


def _qpdf(pdf: bytes, folder: Path) -> bool:
    qpdf_accepts(pdf, folder)
    return True


def _openssl(signature: bytes, authority: TrialAuthority, folder: Path) -> str:
    (folder / "d").write_bytes(DATA)
    (folder / "d.p7s").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "d.p7s"]
    command += ["-content", "d", "-CAfile", str(authority.trust_folder / "root.pem"), "-purpose", "any"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, errors="replace")
    return "valid" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1][-80:]


def _xmlsec(envelope: bytes, authority: TrialAuthority) -> str:
    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(io.BytesIO(envelope)) as archive:
            archive.extractall(place)
        trust = authority.trust_folder
        command = ["xmlsec1", "--verify", "--trusted-pem", str(trust / "root.pem")]
        command += ["--untrusted-pem", str(trust / "issuing.pem")]
        command += ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        command += ["META-INF/signatures.xml"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return "valid"
    unknown = ("SignatureMethod" in done.stderr and "not found" in done.stderr) or "transform" in done.stderr
    return "does not know the algorithm" if unknown else (done.stderr.strip().splitlines() or ["?"])[0][-80:]


if __name__ == "__main__":
    main()
