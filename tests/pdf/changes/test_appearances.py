"""Does a field show its value: compared as people read."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.appearances import other_text
from docsign.pdf.form import form_fields
from docsign.pdf.reading import read_pdf
from tests.pdf.odd.writing import Writing, with_fields


def told(entries: bytes, value: bytes) -> str | None:
    """Return the other text of a field that shows ``gia tri 1``."""
    objects = with_fields(value=b"gia tri 1")
    objects[11] = objects[11].replace(b"/V(gia tri 1)", b"/V" + value + entries)
    view = read_pdf(Writing(objects=objects).unsigned()).view()
    return other_text(view, next(one for one in form_fields(view) if one.name == "Truong1"))


def wide(text: str) -> bytes:
    """Write a text with letters of any alphabet."""
    return b"<feff" + text.encode("utf-16-be").hex().encode() + b">"


@pytest.mark.parametrize(
    ("value", "entries", "shown"),
    [
        (b"(gia tri 1)", b"", None),
        (b"(gia  tri 1 )", b"", None),
        (b"(gia tri 9)", b"", "gia tri 1"),
        (b"()", b"", "gia tri 1"),
        (b"(gia tri 1 va nhieu nua)", b"", "gia tri 1"),
        (b"(gia tri 1 va nhieu nua)", b"/Ff 4096", None),
        (b"(x)", b"/Ff 8192", None),
        (b"(9)", b"/AA<</F<</S/JavaScript/JS(x)>>>>", None),
        (wide("giá trị ộ 1"), b"", None),
        (wide("giá trị ộ 2"), b"", "gia tri 1"),
    ],
)
def test_another_text_is_told(value: bytes, entries: bytes, shown: str | None) -> None:
    """White space does not count; cut lines, passwords and formatted values are not compared."""
    assert told(entries, value) == shown
