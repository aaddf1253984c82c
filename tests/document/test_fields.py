"""A table read key by key."""

from __future__ import annotations

from typing import Any

import pytest

from docsign.document.fields import Fields
from docsign.errors import DocumentError


def test_what_was_asked_for_is_known_and_the_rest_is_not() -> None:
    """A slip of the pen is named with what there is."""
    table = Fields({"a": "x", "b": ["y"], "c": True, "lạ": 1}, "bảng")
    assert (table.text("a"), table.texts("b"), table.boolean("c"), table.has("d")) == (
        "x",
        ("y",),
        True,
        False,
    )
    with pytest.raises(DocumentError, match=r"bảng.lạ: There is no such field. Known are: a, b, c, d"):
        table.refuse_unknown()


@pytest.mark.parametrize(
    ("values", "read", "sentence"),
    [
        ({"a": 1}, "text", "a: A text is needed"),
        ({"a": ["x", 1]}, "texts", r"a\[1\]: A text is needed"),
        ({"a": "x"}, "entries", "a: A list is needed"),
        ({"a": 1}, "boolean", "a: Here stands true or false"),
        ({"a": 1}, "date", "a: A date is needed"),
        ({}, "table", "a: This field is missing"),
    ],
)
def test_a_wrong_type_is_named_with_its_place(values: dict[str, Any], read: str, sentence: str) -> None:
    """Of every kind of value."""
    with pytest.raises(DocumentError, match=sentence):
        getattr(Fields(values, ""), read)("a")
