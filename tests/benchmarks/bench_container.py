"""How fast a verdict on a container is: ratios against its floor (SHA-256 and RSA) and against others.

    python -m tests.benchmarks.bench_container

The container holds a document of 1 MB, stored or deflated. Ours: open and judge with every check, then the
whole of ``verify``. Beside it libdigidocpp (a process that opens and validates in a loop) and, on the XML
alone, signxml. It prints, and judges nothing.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pydigidoc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from signxml.verifier import SignatureConfiguration, XMLVerifier

from docsign.envelope import judge_container, read_container
from docsign.envelope.container import manifest
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.keys import HeldKey
from docsign.verdict import Indication
from docsign.verification import verify
from tests.ades.xades_building import built, enveloped
from tests.envelope.asic_building import ASICE, with_cades, with_xades

SIZE = 1_000_000
THEIRS = """
import sys, time
import pydigidoc
from pydigidoc import digidoc
conf = pydigidoc.DigiDocConf(sys.argv[1])
conf.thisown = False
conf.set_tslurl("http://127.0.0.1:9/")
digidoc.Conf.init(conf)
digidoc.initialize()
times = []
for _ in range(9):
    started = time.process_time()
    container = pydigidoc.Container.open(sys.argv[2])
    for signature in container.signatures():
        try:
            signature.validate()
        except RuntimeError:
            pass
    times.append(time.process_time() - started)
print(min(times))
"""


def best(work: Callable[[], object], *, rounds: int = 25) -> float:
    """Return the seconds of this process that the quickest of some calls took."""
    times: list[float] = []
    work()
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def in_turns(*works: Callable[[], object], rounds: int = 40) -> list[float]:
    """Return the seconds of the quickest call of each; they take turns, so that all meet one machine.

    What lives is frozen, so that no round pays for a walk of the collector over the whole process.
    """
    times = [float("inf")] * len(works)
    for work in works:
        work()
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for place, work in enumerate(works):
            started = time.process_time()
            work()
            times[place] = min(times[place], time.process_time() - started)
    return times


def floor(key: SigningKey, data: bytes) -> Callable[[], object]:
    """Return what makes the SHA-256 of the data and verifies one RSA signature."""
    assert isinstance(key, HeldKey)
    private = key.private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    value = private.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    public = private.public_key()

    def work() -> None:
        hashlib.sha256(data).digest()
        public.verify(value, b"x", padding.PKCS1v15(), hashes.SHA256())

    return work


def container(files: dict[str, bytes], method: int) -> bytes:
    """Return an ASiC-E of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), ASICE)
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def document() -> bytes:
    """Return 1 MB that deflates to about three quarters, as an office document or a PDF may."""
    words = [f"văn bản thử nghiệm số {number} ".encode() for number in range(400)]
    text = b"".join(words[byte % len(words)] for byte in os.urandom(8_000))
    return (text + os.urandom(SIZE))[:SIZE]


def ours(data: bytes, trust: Trust) -> Callable[[], object]:
    """Open and judge."""
    at = datetime.now(UTC)

    def work() -> None:
        judgement = judge_container(read_container(io.BytesIO(data)), trust=trust, at=at)
        assert judgement.conclusion.indication is Indication.TOTAL_PASSED

    return work


def libdigidocpp(path: Path, folder: Path) -> float | None:
    """Return the seconds libdigidocpp needs; None where it does not run here."""
    schema = folder / "schema"
    shutil.copytree(Path(pydigidoc.__file__).parent / "schema", schema, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", THEIRS, str(schema), str(path)], capture_output=True, text=True, check=False
    )
    return float(done.stdout.split()[-1]) if done.returncode == 0 and done.stdout.split() else None


def signxml_and_ours(key: SigningKey, trust: Trust) -> tuple[float, float]:
    """Return the seconds signxml and we need for the same enveloped signature over 1 MB of XML."""
    from docsign.ades.xades import judge_xades_file

    assert isinstance(key, HeldKey)
    xml = built(enveloped(key, "<don>" + "<dong>Kính gửi</dong>" * (SIZE // 23) + "{}</don>"))
    at = datetime.now(UTC)
    certificate = key.certificate

    def theirs() -> None:
        XMLVerifier().verify(
            xml, x509_cert=certificate, expect_config=SignatureConfiguration(expect_references=2)
        )

    def own() -> None:
        (judgement,) = judge_xades_file(xml, resolve=lambda _: None, trust=trust, at=at)
        assert judgement.report.conclusion.indication is Indication.TOTAL_PASSED

    return best(theirs, rounds=5), best(own, rounds=5)


def main() -> None:
    """Print one line a case."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = TrialAuthority.create(folder / "ca")
        key = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31").signing_key()
        trust = authority.trust()
        data = document()
        least = floor(key, data)
        print(f"floor (SHA-256 of 1 MB, one RSA verification): {best(least) * 1e3:.2f} ms")
        for form, signed in (("XAdES", with_xades), ("CAdES", with_cades)):
            files = signed({"van-ban.bin": data}, key)
            files["META-INF/manifest.xml"] = manifest([("van-ban.bin", "application/octet-stream")])
            for word, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
                made = container(files, method)
                path = folder / f"{form}-{word}.asice"
                path.write_bytes(made)
                own, whole, lowest = in_turns(ours(made, trust), partial(verify, path, trust=trust), least)
                line = f"{form} {word:8}: open and judge {own * 1e3:.2f} ms = {own / lowest:.2f} × floor"
                line += f"; verify, with the file's own SHA-256, {whole / lowest:.2f} ×"
                theirs = libdigidocpp(path, folder) if form == "XAdES" else None
                if theirs is not None:
                    line += f"; libdigidocpp {theirs * 1e3:.2f} ms = {theirs / own:.1f} × ours"
                print(line, flush=True)
        theirs, own = signxml_and_ours(key, trust)
        word = f"{theirs / own:.1f} × ours ({own * 1e3:.0f} ms)"
        print(f"enveloped, 1 MB of XML: signxml {theirs * 1e3:.0f} ms = {word}")


if __name__ == "__main__":
    main()
