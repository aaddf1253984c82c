"""Each example does what its docstring says, run as a program of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsign import open_key, sign
from docsign.document import OfficialDocument
from tests.conftest import PASSPHRASE
from tests.examples.relay_process import RelayProcess
from tests.house.tree import ROOT

EXAMPLES = ROOT / "examples"
TSA, RELAY = "http://tsa.example/", "https://relay.example/"


def run(program: Path, *arguments: str, folder: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program in ``folder``; ``said`` is what somebody types, with no terminal in between."""
    return subprocess.run(
        [sys.executable, str(program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"},
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        start_new_session=True,
        timeout=120,
    )


@pytest.fixture
def office(tmp_path: Path, trust_folder: Path, p12: Path) -> Path:
    """A commune's folder: the trust, two keys, the identity for the relay, a letter."""
    shutil.copytree(trust_folder, tmp_path / "ca")
    for source, name in (("person.p12", "chu-tich.p12"), ("agency.p12", "con-dau.p12")):
        shutil.copy(p12 / source, tmp_path / name)
    shutil.copy(p12 / "commune-tls.pem", tmp_path / "commune-tls.pem")
    shutil.copy(EXAMPLES / "letter.toml", tmp_path / "cong-van.toml")
    return tmp_path


@pytest.fixture
def relay(tmp_path_factory: pytest.TempPathFactory, trust_folder: Path, p12: Path) -> Iterator[RelayProcess]:
    """A relay of its own process that knows the commune and the province."""
    folder = tmp_path_factory.mktemp("relay")
    with RelayProcess(folder, trust=trust_folder, keys=p12, passphrase=PASSPHRASE) as running:
        running.knows("H99.31", "UBND xã Thử Nghiệm", tls="commune-tls", sign="agency")
        running.knows("H99", "UBND tỉnh Thử Nghiệm", tls="province-tls", sign="province")
        running.serve()
        yield running


def test_the_first_program_goes_the_whole_way(office: Path, tsa_url: str, relay: RelayProcess) -> None:
    """It builds, signs twice, verifies, seals and sends, and the relay's receipt names the envelope."""
    program = office / "first_program.py"
    text = (EXAMPLES / "first_program.py").read_text(encoding="utf-8")
    assert TSA in text
    assert RELAY in text
    program.write_text(text.replace(TSA, tsa_url).replace(RELAY, relay.url), encoding="utf-8")
    done = run(program, folder=office, said=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert done.returncode == 0, done.stderr
    words = done.stdout.replace("Mật khẩu: ", "").split()
    assert words[0] == "TOTAL-PASSED"
    assert len(bytes.fromhex(words[1])) == 32


def test_the_readme_opens_with_the_first_program() -> None:
    """What the README shows is the program that is tested, to the letter, in both languages."""
    program = (EXAMPLES / "first_program.py").read_text(encoding="utf-8")
    for name in ("README.md", "README.vi.md"):
        assert f"```python\n{program}```" in (ROOT / name).read_text(encoding="utf-8"), name


def test_verify_folder_prints_one_line_a_file(office: Path, tmp_path: Path) -> None:
    """A signed, an unsigned and an altered document: three lines, three answers, exit status 1."""
    letter = OfficialDocument.from_path(office / "cong-van.toml").to_pdf()
    key = open_key(f"pkcs12:{office / 'chu-tich.p12'}", passphrase=PASSPHRASE)
    signed = sign(letter, key, role="person")
    folder = tmp_path / "hồ sơ"
    folder.mkdir()
    (folder / "a-đã-ký.pdf").write_bytes(signed)
    done = run(EXAMPLES / "verify_folder.py", str(folder), "--trust", "ca", folder=office)
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "b-chưa-ký.pdf").write_bytes(letter)
    (folder / "c-đã-sửa.pdf").write_bytes(altered(signed))
    (folder / "d-khác.txt").write_text("không xét", encoding="utf-8")
    done = run(EXAMPLES / "verify_folder.py", str(folder), "--trust", "ca", folder=office)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["✓", "·", "✗"]
    assert "Nguyễn Văn Mẫu" in lines[0]
    assert done.returncode == 1


def altered(signed: bytes) -> bytes:
    """Return ``signed`` with one byte of its title changed, well inside what the signature covers."""
    place = signed.index(b"/MediaBox")
    return signed[:place] + b"/MediaBoX" + signed[place + 9 :]


def test_batch_sign_leaves_what_is_signed_and_names_what_is_bad(office: Path, tmp_path: Path) -> None:
    """Two good files are signed, a broken one is named, and a second run signs nothing twice."""
    folder = tmp_path / "lô"
    folder.mkdir()
    letter = OfficialDocument.from_path(office / "cong-van.toml").to_pdf()
    for name in ("một.pdf", "hai.pdf"):
        (folder / name).write_bytes(letter)
    (folder / "hỏng.pdf").write_bytes("không phải PDF".encode())
    arguments = [str(folder), "--key", "pkcs12:chu-tich.p12", "--as", "person"]
    done = run(EXAMPLES / "batch_sign.py", *arguments, folder=office, said=f"{PASSPHRASE}\n")
    assert done.returncode == 1, done.stderr
    assert sorted(path.name for path in folder.glob("*.signed.pdf")) == ["hai.signed.pdf", "một.signed.pdf"]
    assert [line for line in done.stdout.splitlines() if "hỏng.pdf" in line]
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.signed.pdf")}
    run(EXAMPLES / "batch_sign.py", *arguments, folder=office, said=f"{PASSPHRASE}\n")
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.signed.pdf")} == before
