"""``docsign verify``: the exit status is the answer, one line of JSON a file, words where words belong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docsign import Report, Verifier
from docsign.cli import docsign, run
from docsign.cli.verify import WORST_FIRST
from docsign.pki import SigningKey
from docsign.signing import sign_detached


@pytest.fixture
def desk(
    tmp_path: Path, letter: bytes, by_person: bytes, by_both: bytes, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with an unsigned, a half signed, an issued and a changed letter."""
    for name, data in {
        "chua-ky.pdf": letter,
        "mot-chu-ky.pdf": by_person,
        "du.pdf": by_both,
        "sua.pdf": by_both[:900] + bytes([by_both[900] ^ 1]) + by_both[901:],
        "ghi-chu.txt": b"ghi",
    }.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    for name in ("DOCSIGN_TRUST", "DOCSIGN_LANG", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["du.pdf"], 0),
        (["sua.pdf"], 1),
        (["chua-ky.pdf"], 4),
        (["ghi-chu.txt"], 4),
        (["du.pdf", "chua-ky.pdf"], 4),
        (["du.pdf", "chua-ky.pdf", "sua.pdf"], 1),
        (["sua.pdf", "khong-co.pdf"], 2),
        (["mot-chu-ky.pdf", "--policy", "official"], 3),
        (["mot-chu-ky.pdf"], 0),
        (["du.pdf", "--at", "2020-01-01"], 3),
        (["du.pdf", "--at", "hôm qua"], 2),
        (["."], 1),
        (["du.pdf", "--policy", "khac"], 2),
        ([], 2),
    ],
)
def test_the_exit_status_is_the_answer(
    arguments: list[str], status: int, desk: Path, trust_folder: Path
) -> None:
    """Of several files the first in the order 70, 2, 75, 1, 3, 4, 0."""
    assert run(docsign, ["verify", *arguments, "--trust", str(trust_folder), "--offline"]) == status


def test_without_trust_it_is_not_decided(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line says what to do about it."""
    assert run(docsign, ["verify", "du.pdf"]) == 3
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("? CHƯA KẾT LUẬN ĐƯỢC du.pdf:")
    assert "--trust" in first


def test_json_is_one_line_a_file(desk: Path, trust_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors about other files go to stderr; stdout stays JSON."""
    files = ["du.pdf", "khong-co.pdf", "sua.pdf"]
    assert run(docsign, ["verify", *files, "--trust", str(trust_folder), "--json"]) == 2
    out, err = capsys.readouterr()
    reports = [json.loads(line) for line in out.splitlines()]
    assert [report["file"] for report in reports] == ["du.pdf", "sua.pdf"]
    assert [report["indication"] for report in reports] == ["TOTAL-PASSED", "TOTAL-FAILED"]
    assert reports[1]["sub_indication"] == "HASH_FAILURE"
    assert "khong-co.pdf" in err


def test_words_are_vietnamese_unless_asked(
    desk: Path, trust_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--lang en speaks English; nothing is coloured where no terminal is."""
    run(docsign, ["verify", "du.pdf", "--trust", str(trust_folder)])
    run(docsign, ["verify", "du.pdf", "--trust", str(trust_folder), "--lang", "en"])
    out = capsys.readouterr().out
    assert "✔ HỢP LỆ du.pdf" in out
    assert "✔ VALID du.pdf" in out
    assert "\x1b" not in out


def test_a_detached_signature_with_content(
    desk: Path, trust_folder: Path, agency_key: SigningKey, capsys: pytest.CaptureFixture[str]
) -> None:
    """--content names what was signed; of several, each signature takes the one it is named after."""
    (desk / "chu-ky.p7s").write_bytes(sign_detached(b"ghi", agency_key))
    trusted = ["--trust", str(trust_folder)]
    assert run(docsign, ["verify", "chu-ky.p7s", *trusted]) == 3
    assert run(docsign, ["verify", "chu-ky.p7s", "--content", "ghi-chu.txt", *trusted]) == 0
    both = ["--content", "ghi-chu.txt", "--content", "thu.txt"]
    (desk / "thu.txt").write_bytes(b"thu")
    assert run(docsign, ["verify", "chu-ky.p7s", *both, *trusted]) == 1
    (desk / "ghi-chu.txt.p7s").write_bytes((desk / "chu-ky.p7s").read_bytes())
    (desk / "thu.txt.p7s").write_bytes(sign_detached(b"thu", agency_key))
    assert run(docsign, ["verify", "ghi-chu.txt.p7s", "thu.txt.p7s", *both, *trusted]) == 0


def test_a_bug_on_one_file_does_not_hide_the_others(
    desk: Path, trust_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 70, the bug said on stderr, the other answers still given."""
    honest = Verifier.verify

    def broken(self: Verifier, source: Path, **options: Any) -> Report:
        if source.name == "sua.pdf":
            raise ZeroDivisionError
        return honest(self, source, **options)

    monkeypatch.setattr(Verifier, "verify", broken)
    assert run(docsign, ["verify", "sua.pdf", "du.pdf", "--trust", str(trust_folder)]) == 70
    out, err = capsys.readouterr()
    assert "HỢP LỆ du.pdf" in out
    assert "ZeroDivisionError" in err


def test_every_status_has_its_place() -> None:
    """The order in which several answers become one."""
    assert WORST_FIRST == (70, 2, 75, 1, 3, 4, 0)


def test_a_cold_verification_loads_what_it_needs(desk: Path, trust_folder: Path) -> None:
    """A signed PDF needs no signer, no layout, no server, no network, no comparison of revisions."""
    code = (
        "import sys; from docsign.cli import docsign, run\n"
        f"status = run(docsign, ['verify', 'mot-chu-ky.pdf', '--trust', {str(trust_folder)!r}])\n"
        "loaded = [m for m in ('typst', 'aiohttp', 'lxml', 'pypdfium2', 'rich', 'sqlalchemy',"
        " 'pyhanko.sign.signers', 'pyhanko.sign.diff_analysis', 'multiprocessing', 'csv', 'html',"
        " 'urllib.request',"
        " 'docsign.report.reasoning', 'docsign.cli.verify_many', 'docsign.pki.online') if m in sys.modules]\n"
        "print(loaded, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=desk, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
