"""What others say of our envelopes: xmlsec1 and libdigidocpp. A missing tool fails the test."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pydigidoc
import pytest

from docsign.envelope import Header, judge_container, read_container
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.sealing import seal
from docsign.verdict import Indication
from tests.conftest import Holders
from tests.envelope.conftest import APPENDIX
from tests.envelope.test_judge import PDF, repacked, unpacked

OPINION = """
import sys
import pydigidoc
from pydigidoc import digidoc
conf = pydigidoc.DigiDocConf(sys.argv[1])  # schemas are read, lists kept and the log written there
conf.thisown = False
conf.set_tslurl(sys.argv[2])  # lists of the EU are not what is asked about: no network
digidoc.Conf.init(conf)
digidoc.initialize()
container = pydigidoc.Container.open(sys.argv[3])
print(container.media_type())
for file in container.data_files():
    print("file", file.file_name(), file.media_type())
for signature in container.signatures():
    print("signature", signature.profile(), signature.signature_method().rpartition("#")[2])
    try:
        signature.validate()
        print("valid")
    except RuntimeError as error:
        for line in str(error).splitlines():
            print("says", line)
"""

SEALING = """
import sys
import pydigidoc
from pydigidoc import digidoc
conf = pydigidoc.DigiDocConf(sys.argv[1])
conf.thisown = False
conf.set_tslurl(sys.argv[2])
digidoc.Conf.init(conf)
digidoc.initialize()
container = pydigidoc.Container.create(sys.argv[3])
for path in sys.argv[6:]:
    container.add_data_file(path, "text/plain")
signer = pydigidoc.PKCS12Signer(sys.argv[4], sys.argv[5])
signer.set_profile("BES")
container.sign(signer)
container.save(sys.argv[3])
"""

TRUST_AND_TIME = {
    # all that libdigidocpp may hold against a B-B signature under a trial root
    "says Signature validation",
    "says Unable to verify signing certificate",
    "says unable to get local issuer certificate",
    "says QualifyingProperties block 'UnsignedProperties' is missing.",
}


@pytest.fixture(scope="module", params=["rsa2048", "p256"])
def case(
    request: pytest.FixtureRequest, header: Header, pdf: bytes, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrialAuthority]:
    """An envelope sealed with an RSA and with a P-256 key, in a folder of its own."""
    kind: KeyKind = request.param
    folder = tmp_path_factory.mktemp(f"witness-{kind}")
    authority = TrialAuthority.create(folder / "ca")
    key = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31", key=kind).signing_key()
    path = folder / "12-UBND-VX.asice"
    path.write_bytes(seal(header, [pdf, (APPENDIX, "Nội dung phụ lục".encode())], key))
    return path, authority


def xmlsec(path: Path, authority: TrialAuthority) -> subprocess.CompletedProcess[str]:
    """Unpack the envelope and let xmlsec1 verify its signature over the files beside it."""
    folder = path.with_suffix(".files")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    trust = authority.trust_folder
    return subprocess.run(
        ["xmlsec1", "--verify", "--trusted-pem", str(trust / "root.pem"),
         "--untrusted-pem", str(trust / "issuing.pem"),
         "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "META-INF/signatures.xml"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


class NotFound(BaseHTTPRequestHandler):
    """Has nothing."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def no_lists() -> Iterator[str]:
    """An address where the EU's trusted lists are not, and that says so at once."""
    with ThreadingHTTPServer(("127.0.0.1", 0), NotFound) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(10)


def libdigidocpp(program: str, no_lists: str, folder: Path, *arguments: Path | str) -> list[str]:
    """Run a program over libdigidocpp in a process of its own, as it keeps global state."""
    schema = folder / "schema"
    shutil.copytree(Path(pydigidoc.__file__).parent / "schema", schema, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", program, str(schema), no_lists, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_xmlsec_accepts_the_signature(case: tuple[Path, TrialAuthority]) -> None:
    """Every reference, the value, and the chain to the trial root."""
    done = xmlsec(*case)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "OK" in said.splitlines()
    assert "SignedInfo References (ok/all): 4/4" in said


def test_xmlsec_refuses_a_changed_file(case: tuple[Path, TrialAuthority], tmp_path: Path) -> None:
    """The witness is awake."""
    path, authority = case
    files = unpacked(path.read_bytes())
    files[f"documents/{APPENDIX}"] += b"!"
    changed = tmp_path / path.name
    changed.write_bytes(repacked(files))
    assert xmlsec(changed, authority).returncode != 0


def test_libdigidocpp_finds_only_trust_and_time_missing(
    case: tuple[Path, TrialAuthority], no_lists: str, tmp_path: Path
) -> None:
    """Container, schema, digests, signing certificate and value are sound to it."""
    said = libdigidocpp(OPINION, no_lists, tmp_path, case[0])
    assert said[0] == "application/vnd.etsi.asic-e+zip"
    assert f"file {PDF} application/pdf" in said
    assert f"file documents/{APPENDIX} text/plain" in said
    assert sum(line.startswith("signature BES") for line in said) == 1
    assert {line for line in said if line.startswith("says ")} <= TRUST_AND_TIME
    assert "valid" not in said


@pytest.mark.parametrize("name", [PDF, "header.edxml", "META-INF/signatures.xml"])
def test_libdigidocpp_complains_of_changes(
    case: tuple[Path, TrialAuthority], no_lists: str, tmp_path: Path, name: str
) -> None:
    """The witness is awake: a changed file or value is one complaint more."""
    files = unpacked(case[0].read_bytes())
    if name.startswith("META-INF"):
        place = files[name].index(b'-SignatureValue">') + 60
        other = b"AAAA" if files[name][place : place + 4] != b"AAAA" else b"BBBB"
        files[name] = files[name][:place] + other + files[name][place + 4 :]
    else:
        files[name] = files[name][:-8] + b"<!--!-->"
    changed = tmp_path / "changed.asice"
    changed.write_bytes(repacked(files))
    said = {line for line in libdigidocpp(OPINION, no_lists, tmp_path, changed) if line.startswith("says ")}
    assert said - TRUST_AND_TIME


def test_we_accept_what_libdigidocpp_seals(
    agency_key: SigningKey, holders: Holders, trust: Trust, no_lists: str, tmp_path: Path
) -> None:
    """The other way round: its container, with comments in the archive, passes here."""
    (tmp_path / "key.p12").write_bytes(holders.agency.pkcs12("thu-nghiem"))
    documents = [tmp_path / "Công văn 1 (bản cuối).txt", tmp_path / "b.txt"]
    for document in documents:
        document.write_text("Kính gửi", encoding="utf-8")
    made = tmp_path / "theirs.asice"
    libdigidocpp(SEALING, no_lists, tmp_path, made, tmp_path / "key.p12", "thu-nghiem", *documents)
    container = read_container(io.BytesIO(made.read_bytes()))
    assert container.data_names == tuple(document.name for document in documents)
    judgement = judge_container(container, trust=trust, at=datetime.now(UTC))
    assert judgement.conclusion.indication is Indication.TOTAL_PASSED
    assert [certificate for _, certificate in judgement.sealed_by()] == [agency_key.certificate]
