"""The public list of the library: short, importable, documented, and cheap until something is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import docsign
from tests.house.tree import ROOT


def test_the_list_is_short() -> None:
    """At most 25 names: a newcomer reads them all."""
    assert len(docsign.__all__) <= 25
    assert list(docsign.__all__) == sorted(set(docsign.__all__))


@pytest.mark.parametrize("name", docsign.__all__)
def test_a_public_name_imports_and_says_what_it_is(name: str) -> None:
    """Each name leads somewhere, and what stands there has a docstring of its own."""
    value = getattr(docsign, name)
    assert inspect.getdoc(value)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy list behaves as a module does."""
    with pytest.raises(AttributeError, match="khong_co"):
        _ = docsign.khong_co


def test_type_checkers_see_the_same_list() -> None:
    """The block for type checkers and the table used at run time say the same."""
    tree = ast.parse((ROOT / "docsign" / "__init__.py").read_text(encoding="utf-8"))
    checked = {
        alias.asname: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert checked == importlib.import_module("docsign")._PUBLIC


def test_importing_the_library_loads_nothing() -> None:
    """``import docsign`` costs nothing: no room is loaded before one of its names is used."""
    script = "import sys, docsign; print([m for m in sys.modules if m.startswith('docsign.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
