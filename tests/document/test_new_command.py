"""``docsign new``: from a TOML file to a PDF, or one sentence and nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docsign.cli import docsign, run
from docsign.cli.new import new

from .samples import EXAMPLES


@pytest.fixture(autouse=True)
def _at_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with no settings of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LANG", "DOCSIGN_LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["letter", "decision"])
def test_the_examples_are_built(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result goes to stdout, what to do next to stderr."""
    shutil.copy(EXAMPLES / f"{name}.toml", tmp_path)
    assert run(docsign, ["new", f"{name}.toml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{name}.pdf\n"
    assert "người có thẩm quyền ký số" in printed.err
    assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_the_output_goes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In English where asked for."""
    assert run(docsign, ["new", str(EXAMPLES / "letter.toml"), "-o", "a.pdf", "--lang", "en"]) == 0
    assert (tmp_path / "a.pdf").exists()
    assert "the competent person signs: docsign sign a.pdf" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (None, 2, "There is no such file."),
        ("kind = ", 1, "cv.toml: This file is not TOML"),
        ("\xff", 1, "cv.toml: "),
        ("kind = 'Công văn'", 1, "cv.toml: issuer: This field is missing."),
        ("dấu = 'Tối mật'", 1, "cv.toml: "),
        ("'dấu' = 'Tối mật'", 1, "cv.toml: dấu: The document is marked TỐI MẬT"),
        ("x = " + "1" * 9000, 1, "cv.toml: This file is not TOML"),
        ("kind = 'Công văn'\nnumber = 0x" + "f" * 9000, 1, "cv.toml: "),
        ("x = " + "[" * 5000 + "]" * 5000, 1, "cv.toml: "),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    content: str | None, status: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing half-written beside it."""
    if content is not None:
        (tmp_path / "cv.toml").write_bytes(b"\xff" if content == "\xff" else content.encode())
    assert run(docsign, ["new", "cv.toml", "--lang", "en"]) == status
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) <= 2
    assert [path.name for path in tmp_path.glob("*") if path.name not in ("cv.toml", "config")] == []


def test_a_folder_where_a_file_is_meant_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As source and as target."""
    (tmp_path / "thư mục").mkdir()
    assert run(docsign, ["new", "thư mục"]) == 2
    assert run(docsign, ["new", str(EXAMPLES / "letter.toml"), "-o", "thư mục"]) == 2
    assert capsys.readouterr().err.count("Đây là thư mục, cần một tệp.") == 2


def test_its_help_shows_an_example() -> None:
    """A clerk copies it."""
    assert "Example: docsign new letter.toml -o letter.pdf" in (new.help or "")
