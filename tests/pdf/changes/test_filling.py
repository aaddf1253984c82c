"""The value of a field in words."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.filling import LONGEST_VALUE, in_words
from tests.pdf.changes.test_boxes import widget


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"(12)", "12"),
        (b"/Dong", "Dong"),
        (b"[(a) (b)]", "a, b"),
        (b"7", "7"),
        (b"<< >>", "?"),
        (b"(" + b"x" * 300 + b")", "x" * LONGEST_VALUE + "…"),
    ],
)
def test_a_value_in_words(value: bytes, words: str) -> None:
    """Texts, names, lists and numbers; a long one is cut."""
    view, holder = widget(b"", entries=b"/V " + value)
    assert in_words(view, view.get(holder, "V")) == words
