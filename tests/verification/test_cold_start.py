"""What a cold ``docsign verify`` loads: only what its verdict needs, or a clerk waits for the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NEVER = (
    # libraries
    "aiohttp", "bcrypt", "lxml", "markdown_it", "pyhanko", "pypdfium2", "rich", "requests", "typst",
    "cryptography.hazmat.primitives.ciphers", "cryptography.hazmat.primitives.serialization.ssh",
    # of Python's own, each some milliseconds
    "concurrent.futures", "http", "importlib.resources", "multiprocessing", "sqlite3", "ssl", "subprocess",
    "tempfile", "traceback", "xml", "zipfile",
    # rooms of ours that judge no PDF, and the comparison of revisions where there is one
    "docsign.document", "docsign.envelope", "docsign.exchange", "docsign.office", "docsign.signing",
    "docsign.pki.keys", "docsign.pki.authority", "docsign.pki.fetch", "docsign.pki.ocsp",
    "docsign.ades.xml", "docsign.ades.xades", "docsign.pdf.changes.document", "docsign.pdf.changes.form",
    "docsign.pdf.changes.pages", "docsign.pdf.writer", "docsign.cli.sign", "docsign.report.html",
)  # fmt: skip
WITHOUT_TRUST = ("asn1crypto", "asyncio", "pyhanko_certvalidator")
WITH_TRUST_ONLY = frozenset(
    # what path validation (pyhanko-certvalidator) brings of these
    {
        "cryptography.hazmat.primitives.ciphers",
        "cryptography.hazmat.primitives.serialization.ssh",
        "bcrypt",
        "concurrent.futures",
        "requests",
        "ssl",
        "traceback",
        "subprocess",
    }
)
SCRIPT = (
    "import sys, json; from docsign.cli import docsign, run; status = run(docsign, sys.argv[1:]);"
    "print(json.dumps([status, sorted(sys.modules)]))"
)


def loaded(*arguments: str) -> tuple[int, list[str]]:
    """Return the exit status of ``docsign`` in a process of its own, and the modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, modules


def beneath(module: str, names: tuple[str, ...]) -> bool:
    """Say whether a module is one of these or lies in one of them."""
    return any(module == name or module.startswith(name + ".") for name in names)


@pytest.fixture
def once(tmp_path: Path, by_person: bytes) -> Path:
    """A letter signed once."""
    path = tmp_path / "mot.pdf"
    path.write_bytes(by_person)
    return path


def test_a_verdict_without_trust_loads_little(once: Path) -> None:
    """Nobody is trusted: no path validation, no ASN.1 library, no event loop."""
    status, modules = loaded("verify", str(once), "--offline")
    assert status == 3
    assert not [one for one in modules if beneath(one, (*NEVER, *WITHOUT_TRUST))]


def test_a_verdict_with_trust_loads_the_path_validation_and_no_more(once: Path, trust_folder: Path) -> None:
    """The chain is judged by certvalidator; nothing that reads PDFs or fetches comes with it."""
    status, modules = loaded("verify", str(once), "--offline", "--trust", str(trust_folder))
    assert status == 0
    never = tuple(name for name in NEVER if name not in WITH_TRUST_ONLY)
    assert not [one for one in modules if beneath(one, never)]


def test_values_are_compiled_when_they_are_made(once: Path) -> None:
    """No module of a cold verdict makes its values by the standard decorator, which compiles six methods."""
    _, modules = loaded("verify", str(once), "--offline")
    own = [Path(*name.split(".")) for name in modules if name.startswith("docsign.")]
    root = Path(__file__).resolve().parents[2]
    files = [
        path for one in own for path in (root / f"{one}.py", root / one / "__init__.py") if path.is_file()
    ]
    compiling = [
        str(file)
        for file in files
        if file.name != "values.py"
        and any(
            line.startswith("from dataclasses import") and "dataclass" in line.split("import")[1]
            for line in file.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert not compiling
