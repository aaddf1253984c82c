"""The list of what the reader remarks is complete."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from docsign.pdf.reading import remarks
from docsign.sentence import say

FOLDER = Path(remarks.__file__).parent


def codes() -> set[str]:
    """Return every code that the reader can give: the words with hyphens that are passed where codes go."""
    found = {"header", "overlap"}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
                for value in values:
                    for inner in ast.walk(value):
                        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                            found.update(re.findall(r"^[a-z]+(?:-[a-z]+)+$", inner.value))
    return found - {"utf-8", "utf-16-be", "utf-16-le", "latin-1"}


def test_every_code_is_explained() -> None:
    """Each stands in the module's docstring, and nothing else does."""
    listed = set(re.findall(r"^    ([a-z-]+)  +\S", remarks.__doc__ or "", re.MULTILINE))
    assert listed == codes()


def test_a_remark_becomes_a_finding() -> None:
    """With its code, its words and its place."""
    kept = remarks.Remarks(limit=3)
    kept.add("overlap", say("Parts of the file overlap."), where="byte 7", offset=7, revision=1)
    (remark,) = kept
    finding = remark.finding()
    assert (finding.code, finding.where, finding.severity.value) == ("overlap", "byte 7", "error")
    assert remarks.leftover(0) != remarks.leftover(1) == remarks.leftover(None)
