"""TOML files and plain tables: read with the place of a slip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docsign.document.source import read_mapping, read_path
from docsign.errors import DocumentError, FileUnusableError

from .samples import EXAMPLES, decision


def test_a_table_is_read_as_the_file_is() -> None:
    """The examples are the same either way."""
    assert read_mapping(decision()) == read_path(EXAMPLES / "decision.toml")


@pytest.mark.parametrize("values", [[], None, "x", {"kind": {"kind": {}}}])
def test_what_is_no_table_of_fields_is_refused(values: Any) -> None:
    """Programs hand over odd things."""
    with pytest.raises(DocumentError):
        read_mapping(values)


def test_nesting_without_end_is_refused() -> None:
    """Bounded, whatever is handed over."""
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"x": deep}
    with pytest.raises(DocumentError, match="nested too deeply"):
        read_mapping(deep)


def test_the_library_names_file_and_field(tmp_path: Path) -> None:
    """What agency software catches."""
    path = tmp_path / "cv.toml"
    text = (EXAMPLES / "letter.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('notation = "UBND-VP"', 'notation = "UBND"'), encoding="utf-8")
    with pytest.raises(DocumentError, match=r"cv.toml: notation: The notation needs"):
        read_path(path)
    with pytest.raises(FileUnusableError):
        read_path(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    """Commune machines run Windows."""
    path = tmp_path / "cv.toml"
    text = (EXAMPLES / "letter.toml").read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_path(path) == read_path(EXAMPLES / "letter.toml")
