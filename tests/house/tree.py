"""What the rules look at: the files of the repository and the modules of the packages."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("docsign", "relay_server")


@cache
def repository_files() -> tuple[Path, ...]:
    """Return the files that belong to the repository: what git tracks, or all that is not ignored."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        names = (ROOT / name for name in listed.decode().split("\0") if name)
        return tuple(sorted(path for path in names if path.is_file()))
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split() if line)]
    return tuple(
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and not any(fnmatch(part, pattern) for part in path.relative_to(ROOT).parts for pattern in ignored)
    )


@cache
def texts() -> dict[str, str]:
    """Return the text files of the repository by their relative path; text is what is UTF-8."""
    found = {}
    for path in repository_files():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def modules() -> Iterator[tuple[str, ast.Module, Path]]:
    """Yield (dotted name, syntax tree, path) of every module of the packages."""
    for path in repository_files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in PACKAGES:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(path.read_text(encoding="utf-8")), path


def test_modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield (relative path, syntax tree) of every test module."""
    for name, text in texts().items():
        if name.startswith("tests/") and name.rpartition("/")[2].startswith("test_") and name.endswith(".py"):
            yield name, ast.parse(text)


test_modules.__test__ = False  # type: ignore[attr-defined]  # a list of tests, not a test
