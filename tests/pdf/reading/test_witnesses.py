"""qpdf reads the same cross-references and as many pages from every honest file."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from docsign.pdf.reading import read_pdf

HONEST = Path(__file__).parent.parent / "honest"
INDEX = {entry["name"]: entry for entry in tomllib.loads((HONEST / "index.toml").read_text())["file"]}
ENTRY = re.compile(r"(\d+)/(\d+): (?:uncompressed; offset = (\d+)|compressed; stream = (\d+), index = (\d+))")


def qpdf(path: Path, question: str) -> str:
    """Ask qpdf about a file."""
    password = INDEX.get(path.stem, {}).get("password", "")
    return subprocess.run(
        ["qpdf", f"--password={password}", question, str(path)], capture_output=True, text=True, check=False
    ).stdout


@pytest.mark.parametrize("path", sorted(HONEST.glob("*.pdf")), ids=lambda path: path.stem)
def test_qpdf_sees_the_same_document(path: Path) -> None:
    """Every number leads to the same place; entries in use at offset 0 are free to us."""
    view = read_pdf(path.read_bytes(), password=INDEX.get(path.stem, {}).get("password")).view()
    ours = {}
    for number in view.numbers():
        found = view.store.history.version(number, view.index)
        assert found is not None
        ours[number] = found[1]
    theirs = {}
    for number, generation, offset, stream, index in ENTRY.findall(qpdf(path, "--show-xref")):
        if offset != "0":
            theirs[int(number)] = (
                (1, int(offset), int(generation)) if offset else (2, int(stream), int(index))
            )
    assert ours == theirs
    assert str(len(view.pages)) == qpdf(path, "--show-npages").strip()
