"""The value of a form field in words, and what was filled in."""

from __future__ import annotations

from docsign.pdf.changes.marks import Fill
from docsign.pdf.field_names import DOCUMENT_DATE, DOCUMENT_NUMBER
from docsign.pdf.reading import Array, Name, Stream, Text, Value, View
from docsign.sentence import Sentence, say

LONGEST_VALUE = 200
"""Characters of a field's value that a report repeats."""


def filling(fill: Fill) -> Sentence:
    """Say what was filled in."""
    if fill.name == DOCUMENT_NUMBER:
        return say("The document number was filled in: {value}.", value=fill.after)
    if fill.name == DOCUMENT_DATE:
        return say("The document date was filled in: {value}.", value=fill.after)
    return say("The field {name} was filled in: {value}.", name=fill.name, value=fill.after)


def in_words(view: View, value: Value) -> str:
    """Return a field's value as a report repeats it."""
    if value is None:
        return ""
    if isinstance(value, Text):
        text = value.text
    elif isinstance(value, Name):
        text = str(value)
    elif isinstance(value, Array):
        text = ", ".join(in_words(view, view.resolve(one)) for one in value.items[:20])
    elif isinstance(value, Stream):
        text = "…"
    else:
        text = str(value) if isinstance(value, int | float) else "?"
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
