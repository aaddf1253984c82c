"""How fast an envelope of 1 MB is sealed and opened: against floors, libdigidocpp and signxml, in turns.

    python -m tests.benchmarks.bench_envelope

Sealing: the floor is SHA-256 of the file and one RSA signature. libdigidocpp seals the same file with the
same key in a process that is told when; signxml, which signs no files beside the XML, signs 1 MB of XML.
Opening: ``bench_container`` has every form; here it is the envelope that was sealed, with its header.
Times are of the process alone, the quickest of some rounds. It prints, and judges nothing.
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
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

import pydigidoc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from signxml import methods
from signxml.signer import XMLSigner

from docsign.envelope import Header, Organization, envelope_header, judge_container, read_container
from docsign.envelope.checksum import crc32
from docsign.pki.authority import TrialAuthority
from docsign.sealing import seal
from docsign.verdict import Indication

SIZE = 1_000_000
ROUNDS = 25
THEIRS = """
import sys, time
import pydigidoc
from pydigidoc import digidoc
schema, key, passphrase, document, sealed = sys.argv[1:]
conf = pydigidoc.DigiDocConf(schema)
conf.thisown = False
conf.set_tslurl("http://127.0.0.1:9/")
digidoc.Conf.init(conf)
digidoc.initialize()
signer = pydigidoc.PKCS12Signer(key, passphrase)
signer.set_profile("BES")
for line in sys.stdin:
    started = time.process_time()
    if line.strip() == "seal":
        container = pydigidoc.Container.create(sealed + ".made")
        container.add_data_file(document, "application/octet-stream")
        container.sign(signer)
        container.save(sealed + ".made")
    else:
        container = pydigidoc.Container.open(sealed)
        for signature in container.signatures():
            try:
                signature.validate()
            except RuntimeError:
                pass
    print(time.process_time() - started, flush=True)
"""


class Theirs:
    """libdigidocpp in a process of its own, one call at a time."""

    def __init__(self, folder: Path, key: Path, passphrase: str, document: Path, sealed: Path) -> None:
        schema = folder / "schema"
        shutil.copytree(Path(pydigidoc.__file__).parent / "schema", schema, dirs_exist_ok=True)
        self._child = subprocess.Popen(
            [sys.executable, "-c", THEIRS, *map(str, (schema, key, passphrase, document, sealed))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(20)

    def ask(self, what: str) -> float:
        """Return the seconds that one call took there."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(what + "\n")
        self._child.stdin.flush()
        return float(self._child.stdout.readline())


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of this process that one call took."""
    started = time.process_time()
    work()
    return time.process_time() - started


def in_turns(sides: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the quickest call of each side; in turns of three calls, so that each finds a warm cache."""
    best = dict.fromkeys(sides, float("inf"))
    gc.collect()
    gc.freeze()  # no round pays for a walk of the collector over the whole process
    for _ in range(rounds):
        for name, ask in sides.items():
            best[name] = min(best[name], *(ask() for _ in range(3)))
    return best


def printed(title: str, best: dict[str, float]) -> None:
    """Print what a work took, as multiples."""
    own, floor = best["docsign"], best["floor"]
    print(f"{title}: {own * 1e3:.2f} ms = {own / floor:.2f} × floor ({floor * 1e3:.2f} ms)")
    for name, seconds in best.items():
        if name not in ("docsign", "floor"):
            print(f"  {name}: {seconds * 1e3:.2f} ms = {seconds / own:.1f} × ours")


def main() -> None:
    """Print the two works."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = TrialAuthority.create(folder / "ca")
        issued = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31")
        key, trust, at = issued.signing_key(), authority.trust(), datetime.now(UTC)
        (folder / "key.p12").write_bytes(issued.pkcs12("thu-nghiem"))
        data = os.urandom(SIZE)
        (folder / "van-ban.bin").write_bytes(data)
        header = Header(
            sender=Organization(code="H99.31"), receivers=(Organization(code="H99"),), number="12",
            notation="UBND-VX", issued=date(2026, 11, 21), subject="V/v thử nghiệm",
        )  # fmt: skip
        sealed = seal(header, [("van-ban.bin", data)], key)
        (folder / "x.asice").write_bytes(sealed)
        private = key.private_key
        assert isinstance(private, rsa.RSAPrivateKey)
        public, value = private.public_key(), key.sign(b"x")
        xml = etree.fromstring("<don>" + "<dong>Kính gửi</dong>" * (SIZE // 25) + "</don>")
        signer = XMLSigner(method=methods.enveloped, c14n_algorithm="http://www.w3.org/2006/12/xml-c14n11")

        def check() -> None:
            container = read_container(io.BytesIO(sealed))
            envelope_header(container)
            answer = judge_container(container, trust=trust, at=at).conclusion.indication
            assert answer is Indication.TOTAL_PASSED

        def verified() -> None:
            hashlib.sha256(data).digest()
            public.verify(value, b"x", padding.PKCS1v15(), hashes.SHA256())

        arguments = (folder / "key.p12", "thu-nghiem", folder / "van-ban.bin", folder / "x.asice")
        with Theirs(folder, *arguments) as theirs:
            printed("seal 1 MB", in_turns({
                "docsign": lambda: timed(lambda: seal(header, [("van-ban.bin", data)], key)),
                "floor": lambda: timed(lambda: (hashlib.sha256(data).digest(), key.sign(b"x"))),
                "libdigidocpp": lambda: theirs.ask("seal"),
                "signxml, 1 MB of XML": lambda: timed(
                    lambda: signer.sign(xml, key=private, cert=[key.certificate])
                ),
            }))  # fmt: skip
            printed(f"open and judge 1 MB, stored, CRC-32 by {crc32.__module__}", in_turns({
                "docsign": lambda: timed(check),
                "floor": lambda: timed(verified),
                "libdigidocpp": lambda: theirs.ask("open"),
            }, rounds=4 * ROUNDS))  # fmt: skip


if __name__ == "__main__":
    main()
