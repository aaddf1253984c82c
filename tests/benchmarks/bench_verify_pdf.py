"""How fast a verdict on a PDF is: ratios against pyHanko and against SHA-256, measured in the same run.

    python -m tests.benchmarks.bench_verify_pdf

Every check is on; paths are judged on both sides with the same trust. It prints, and judges nothing.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from docsign.pdf.judge import judge_pdf
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.signing import sign
from docsign.verdict import Indication


def plain_pdf(*, pages: int = 4, weight: int = 90_000, objects: int = 0) -> bytes:
    """Write an unsigned PDF: ``weight`` bytes of pictures, ``objects`` small objects beside."""
    body: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R /Kept 3 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (pages, b" ".join(b"%d 0 R" % (5 + 3 * index) for index in range(pages))),
        b"[%s]" % b" ".join(b"%d 0 R" % (5 + 3 * pages + index) for index in range(objects)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    share = weight // pages
    for index in range(pages):
        first = 5 + 3 * index
        body.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources "
            b"<< /Font << /F1 4 0 R >> /XObject << /X %d 0 R >> >> >>" % (first + 1, first + 2)
        )
        text = b"BT /F1 12 Tf 72 720 Td (Trang %d) Tj ET q 400 0 0 400 90 200 cm /X Do Q" % (index + 1)
        body.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
        picture = os.urandom(share)
        body.append(
            b"<< /Type /XObject /Subtype /Image /Width %d /Height 1 /BitsPerComponent 8 "
            b"/ColorSpace /DeviceGray /Length %d >>\nstream\n%s\nendstream" % (share, share, picture)
        )
    body += [b"<< /A %d /B (x) >>" % index for index in range(objects)]
    data = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, value in enumerate(body, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(body) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(body) + 1, start)
    return bytes(data)


def signed(pdf: bytes, key: SigningKey, times: int) -> bytes:
    """Sign so often, each time in a field and a revision of its own."""
    for _ in range(times):
        pdf = sign(pdf, key, role="agency", check=False)
    return pdf


def best(work: Callable[[], object], *, rounds: int = 7) -> float:
    """Return the seconds of this process that the quickest of some calls took: a busy machine adds none."""
    times: list[float] = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def both(
    mine: Callable[[], object], other: Callable[[], object], *, turns: int = 5, rounds: int = 7
) -> tuple[float, float]:
    """Return the best of each, measured in turns, so that a machine that slows down slows both."""
    pairs = [(best(mine, rounds=rounds), best(other, rounds=1)) for _ in range(turns)]
    return min(first for first, _ in pairs), min(second for _, second in pairs)


def by_pyhanko(pdf: bytes, authority: TrialAuthority) -> Callable[[], object]:
    """Verify every signature with pyHanko's ``validate_pdf_signature``."""
    from asn1crypto import crl, x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root, issuing = (
        x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in (authority.root, authority.issuing)
    )
    crls = [crl.CertificateList.load(der) for der in Trust.from_path(authority.trust_folder).crls]

    async def validate() -> None:
        reader: Any = PdfFileReader(io.BytesIO(pdf))
        for found in reader.embedded_signatures:
            context = ValidationContext(trust_roots=[root], other_certs=[issuing], crls=crls)
            status = await async_validate_pdf_signature(found, context)
            assert status.intact, found.field_name

    return lambda: asyncio.run(validate())


def cold(commands: Sequence[tuple[str, ...]], folder: str, *, rounds: int = 9) -> list[float]:
    """Return, for each command, the processor seconds of the quickest of some whole processes, in turns.

    Both sides run as installed programs do, with their modules compiled before.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for command, measured in zip(commands, times, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, capture_output=True, check=False, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            measured.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return [min(measured) for measured in times]


def main() -> None:
    """Print the ratios."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        authority = TrialAuthority.create(Path(folder) / "authority")
        key = authority.issue("agency", "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", agency="H99.31").signing_key()
        trust = Trust.from_path(authority.trust_folder)
        at = datetime.now(UTC) + timedelta(minutes=1)

        def ours(pdf: bytes) -> Callable[[], object]:
            assert judge_pdf(pdf, trust=trust, at=at).conclusion.indication is Indication.TOTAL_PASSED
            return lambda: judge_pdf(pdf, trust=trust, at=at)

        def line(what: str, mine: float, other: float, name: str, aim: str, *, slower: bool = False) -> None:
            ratio = mine / other if slower else other / mine
            print(
                f"{what:34} {mine * 1e3:9.2f} ms  {name} {other * 1e3:9.2f} ms  {ratio:7.1f} ×  (aim {aim})"
            )

        two = signed(plain_pdf(), key, 2)
        pair = both(ours(two), by_pyhanko(two, authority), turns=12, rounds=15)
        line("two signatures, 100 KB", *pair, "pyHanko", "≥ 10")
        fifty = signed(plain_pdf(), key, 50)
        pair = both(ours(fifty), by_pyhanko(fifty, authority), turns=1)
        line("50 signatures, 51 revisions", *pair, "pyHanko", "≥ 50")
        hundred = signed(fifty, key, 50)
        pair = both(ours(hundred), ours(fifty), turns=15, rounds=1)
        line("100 signatures against 50", *pair, "50     ", "≤ 2.3", slower=True)
        many = signed(plain_pdf(objects=20_000), key, 2)
        line("20,000 objects", *both(ours(many), by_pyhanko(many, authority), turns=3), "pyHanko", "≥ 8")
        more = signed(plain_pdf(objects=40_000), key, 2)
        pair = both(ours(more), ours(many), turns=9, rounds=1)
        line("40,000 objects against 20,000", *pair, "20,000 ", "≤ 2.3", slower=True)
        big = signed(plain_pdf(weight=20_000_000), key, 2)
        pair = both(ours(big), lambda: hashlib.sha256(big).digest(), turns=15, rounds=1)
        line("20 MB, two signatures", *pair, "SHA-256", "≤ 3", slower=True)

        file = Path(folder) / "mot.pdf"
        file.write_bytes(signed(plain_pdf(), key, 1))
        script = str(Path(sys.executable).with_name("docsign"))
        root, crl = str(authority.trust_folder / "root.pem"), str(next(authority.trust_folder.glob("*.crl")))
        verify = (script, "verify", str(file), "--offline")
        peer, given = pyhanko_commands(str(file), root, crl)
        plain, theirs, trusting, theirs_trusting = cold(
            [verify, peer, (*verify, "--trust", str(authority.trust_folder)), given], f"{folder}/compiled"
        )
        line("cold process, no trust", plain, theirs, "pyHanko", "≥ 4")
        line("cold process, with trust", trusting, theirs_trusting, "pyHanko", "≥ 2.5")


def pyhanko_commands(file: str, root: str, crl: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return pyHanko's command line without and with trust.

    Where ``pyhanko-cli`` is not installed it is what that does, without its option parser: some 130 ms less.
    """
    command = shutil.which("pyhanko", path=str(Path(sys.executable).parent)) or shutil.which("pyhanko")
    if command is None:
        plain = (sys.executable, "-c", PYHANKO, file)
        return plain, (*plain, root, crl)
    print(f"pyHanko's command line: {command}")
    return (command, "sign", "validate", file), (command, "sign", "validate", "--trust", root, file)


PYHANKO = """
import asyncio, sys
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.keys import load_certs_from_pemder
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

async def main():
    roots = list(load_certs_from_pemder(sys.argv[2:3])) if sys.argv[2:] else []
    with open(sys.argv[1], "rb") as stream:
        for found in PdfFileReader(stream).embedded_signatures:
            context = ValidationContext(trust_roots=roots)
            status = await async_validate_pdf_signature(found, context)
            print(status.pretty_print_details())

asyncio.run(main())
"""
"""What pyHanko's own command line does to validate a file, without its option parser."""


if __name__ == "__main__":
    main()
