"""How fast signing a PDF is: ratios against pyHanko and against the floor, measured in the same run.

    python -m tests.benchmarks.bench_sign_pdf

The floor is one operation of the key and one SHA-256 of the file. The key is held open and the appearance
prepared once per signer, as a batch has it. It prints, and judges nothing.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

from docsign.pdf import made
from docsign.pdf.fields import DOCUMENT_DATE, DOCUMENT_NUMBER, Box, SignatureField, TextField, add_fields
from docsign.pki import SigningKey
from docsign.pki.authority import Issued, TrialAuthority
from docsign.pki.stamping import respond
from docsign.signing import SigningSession
from tests.benchmarks.bench_verify_pdf import plain_pdf

FIELD = "PersonSignature"
OTHER = "AgencySignature"


def best(work: Callable[[], object], *, rounds: int = 9, times: int = 20) -> float:
    """Return the processor seconds of one call, by the quickest of some rounds: a busy machine adds none."""
    found: list[float] = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - started) / times)
    return min(found)


def letter(size: int) -> bytes:
    """Return a PDF of about this size with the two fields of an official document."""
    boxes = {
        FIELD: Box(page=1, left=330, bottom=120, right=500, top=200),
        OTHER: Box(page=1, left=270, bottom=110, right=370, top=210),
    }
    pdf = plain_pdf(weight=max(size - 6000, 1000))
    return add_fields(pdf, [SignatureField(name=name, box=box) for name, box in boxes.items()])


def both(
    mine: Callable[[], object], other: Callable[[], object], *, turns: int = 5, times: int = 3
) -> tuple[float, float]:
    """Return the best of each, measured in turns, so that a machine that slows down slows both."""
    pairs = [(best(mine, rounds=4), best(other, rounds=2, times=times)) for _ in range(turns)]
    return min(first for first, _ in pairs), min(second for _, second in pairs)


def by_us(session: SigningSession, pdf: bytes, *, checked: bool) -> Callable[[], object]:
    """Sign in the visible field; ``checked``: as a file from outside, else as one of this process."""
    digest = hashlib.sha256(pdf).digest()

    def work() -> bytes:
        if checked:
            made.forget(digest)
        else:
            made.remember(digest)
        return session.sign(pdf)

    return work


def as_the_guide_shows(pdf: bytes, p12: Path) -> Callable[[], object]:
    """Sign as pyHanko's guide does: load the key, open the file, ``sign_pdf`` in the named field."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    def work() -> object:
        signer: Any = signers.SimpleSigner.load_pkcs12(str(p12), passphrase=b"x")
        return signers.sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)),
            signers.PdfSignatureMetadata(
                field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
            ),
            signer=signer,
        )

    return work


def with_its_key_open(pdf: bytes, p12: Path, issued: Issued) -> Callable[[], object]:
    """Sign with pyHanko and a signer that keeps the opened key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    private = issued.private_key

    class Held(signers.SimpleSigner):
        """pyHanko's signer without loading the key from DER at every signature."""

        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,  # noqa: ARG002 -- pyHanko's signature
            dry_run: bool = False,
        ) -> bytes:
            if isinstance(private, rsa.RSAPrivateKey):
                return bytes(256) if dry_run else private.sign(data, padding.PKCS1v15(), hashes.SHA256())
            assert isinstance(private, ec.EllipticCurvePrivateKey)
            return private.sign(data, ec.ECDSA(hashes.SHA256()))

    loaded: Any = signers.SimpleSigner.load_pkcs12(str(p12), passphrase=b"x")
    held = Held(
        signing_cert=loaded.signing_cert, signing_key=loaded.signing_key, cert_registry=loaded.cert_registry
    )
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    return lambda: signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=held)


def floor(key: SigningKey, pdf: bytes) -> float:
    """Return the seconds of one operation of the key and one digest of the file."""
    return best(lambda: (key.sign(b"x" * 200), hashlib.sha256(pdf).digest()))


def one_kind(kind: Literal["rsa2048", "p256"], authority: TrialAuthority, folder: Path) -> None:
    """Print the ratios of one kind of key for 100 KB."""
    issued = authority.issue("person", "Nguyễn Văn Mẫu", key=kind)
    key = issued.signing_key()
    p12 = folder / f"{kind}.p12"
    p12.write_bytes(issued.pkcs12("x"))
    pdf = letter(100_000)
    ground = floor(key, pdf)
    session = SigningSession(key, role="person", check=True)
    plain, held = both(by_us(session, pdf, checked=False), with_its_key_open(pdf, p12, issued))
    checked, guide = both(by_us(session, pdf, checked=True), as_the_guide_shows(pdf, p12), times=1)
    print(f"{kind}, B-B, {len(pdf) // 1000} KB, visible; floor {ground * 1e3:.2f} ms (key and SHA-256)")
    print(f"  made here         {plain * 1e3:7.2f} ms  {plain / ground:5.1f} x the floor")
    print(f"  checked first     {checked * 1e3:7.2f} ms  {checked / ground:5.1f} x the floor")
    print(f"  pyHanko, guide    {guide * 1e3:7.2f} ms  {guide / plain:5.0f} x / {guide / checked:.0f} x ours")
    print(f"  pyHanko, key held {held * 1e3:7.2f} ms  {held / plain:5.0f} x / {held / checked:.0f} x ours")


def numbered(authority: TrialAuthority) -> None:
    """Print what an agency's signature costs that gives each document its own number and date."""
    key = authority.issue("agency", "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", key="rsa2048").signing_key()
    pdf = letter(100_000)
    boxes = [
        Box(page=1, left=60, bottom=700, right=160, top=716),
        Box(page=1, left=300, bottom=700, right=500, top=716),
    ]
    pdf = add_fields(
        pdf,
        [
            TextField(name=name, box=box, size=13)
            for name, box in zip((DOCUMENT_NUMBER, DOCUMENT_DATE), boxes, strict=True)
        ],
    )
    person = authority.issue("person", "Nguyễn Văn Mẫu").signing_key()
    signed = SigningSession(person, role="person").sign(pdf)
    session = SigningSession(key, role="agency")
    given = count(1)
    ours = best(lambda: session.sign(signed, number=next(given), date=date(2026, 11, 16)), rounds=7)
    print(f"rsa2048, B-B, the agency's with a new number each: {ours * 1e3:.2f} ms")


def large(authority: TrialAuthority) -> None:
    """Print the ratio of 20 MB to its SHA-256."""
    key = authority.issue("person", "Nguyễn Văn Mẫu", key="p256").signing_key()
    pdf = letter(20_000_000)
    digest = best(lambda: hashlib.sha256(pdf).digest(), rounds=7, times=1)
    session = SigningSession(key, role="person")
    for words, checked in (("made here", False), ("checked first", True)):
        ours = best(by_us(session, pdf, checked=checked), rounds=7, times=1)
        print(
            f"20 MB, {words}: {ours * 1e3:.1f} ms, {ours / digest:.2f} x its SHA-256 ({digest * 1e3:.1f} ms)"
        )


def timestamped(authority: TrialAuthority) -> None:
    """Print B-T with a local TSA, its own time taken out, as x the floor."""
    from docsign.pki import fetch

    key = authority.issue("person", "Nguyễn Văn Mẫu", key="rsa2048").signing_key()
    tsa = authority.issue("tsa", "Dấu thời gian thử nghiệm").signing_key()
    pdf = letter(100_000)
    spent = 0.0

    def answer(_: str, request: bytes, *__: object, **___: object) -> bytes:
        nonlocal spent
        started = time.process_time()
        token = respond(request, tsa, at=datetime.now(UTC))
        spent += time.process_time() - started
        return token

    fetch._ask = answer  # type: ignore[assignment] # no network in between
    session = SigningSession(key, role="person", tsa="http://127.0.0.1/tsa")
    work = by_us(session, pdf, checked=False)
    times: list[float] = []
    for _ in range(9):
        gc.collect()
        spent, started = 0.0, time.process_time()
        for _ in range(10):
            work()
        times.append((time.process_time() - started - spent) / 10)
    ground = floor(key, pdf)
    ours = min(times)
    print(f"rsa2048, B-T, the TSA's own time taken out: {ours * 1e3:.2f} ms, {ours / ground:.1f} x the floor")


def main() -> None:
    """Print every ratio."""
    print(f"one core of {os.cpu_count()}; processor time, minimum of several rounds")
    with tempfile.TemporaryDirectory() as folder:
        authority = TrialAuthority.create(Path(folder) / "ca")
        one_kind("rsa2048", authority, Path(folder))
        one_kind("p256", authority, Path(folder))
        timestamped(authority)
        numbered(authority)
        large(authority)


if __name__ == "__main__":
    main()
