"""Which new objects that nothing uses are left behind by honest programs, and carry nothing to show.

An object that nothing leads to is drawn by no reader. It stays a change that nobody asked for, save for the
few shapes that signing and filling programs are known to leave; a later use of one of them would be a change
of that later revision.
"""

from __future__ import annotations

from collections.abc import Collection

from docsign.pdf.changes.fonts import is_plain_font
from docsign.pdf.changes.graph import below
from docsign.pdf.reading import Array, Dictionary, Pdf, Reference, Stream, Text, Value

_INFORMATION = frozenset(
    {"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate", "Trapped"}
)
_BARE_WIDGET = frozenset({"Type", "Subtype", "Rect", "F", "P"})
_DRAWN_WIDGET = _BARE_WIDGET | {"AP", "H", "MK"}
_STORE = frozenset({"VRI", "DSS"})


def harmless(pdf: Pdf, left: Collection[int], revision: int) -> set[int]:
    """Return those of the unexplained objects of a revision that are new and carry nothing to show."""
    new = {number for number in left if pdf.object(number, revision - 1) is None}
    if not new:
        return set()
    values = {number: one.value for number in new if (one := pdf.object(number, revision)) is not None}
    written = _written_elsewhere(pdf, left, revision) if any(_is_bare(one) for one in values.values()) else ()
    root = pdf.view(revision).trailer.get("Root")
    found = {
        number
        for number, value in values.items()
        if _is_empty(value) or _is_table(value, root) or (_is_bare(value) and _raw(value) in written)
    }
    told = set(pdf.revisions[revision].changed).difference(left)
    found |= {number for number, value in values.items() if _is_copied_widget(value, told)}
    return found | _store(pdf, values, revision)


def _is_empty(value: Value) -> bool:
    """Say whether an object says nothing that could be drawn.

    A stream of nothing (poppler's first picture), one of the fourteen fonts that every reader has (iText and
    OpenPDF, for fields to come) or the beginning of a font (iText), information about the file that its
    trailer does not name, a field's place without a picture (iText).
    """
    if isinstance(value, Stream):
        return not value.raw.strip()
    if not isinstance(value, Dictionary) or not value.entries:
        return False
    keys = value.entries.keys()
    if keys <= _INFORMATION:  # 14.3.3
        return all(isinstance(one, Text | str) for one in value.entries.values())
    if value.get("Subtype") == "Widget":
        return keys <= _BARE_WIDGET
    return is_plain_font(value) or (keys == {"Type"} and value.get("Type") == "Font")


def _is_copied_widget(value: Value, told: set[int]) -> bool:
    """Say whether this is a field's place that holds only what the same revision put elsewhere (iText)."""
    return (
        isinstance(value, Dictionary)
        and value.get("Subtype") == "Widget"
        and value.entries.keys() <= _DRAWN_WIDGET
        and all(one.number in told for key in ("AP", "MK") for one in below(value.get(key)))
        and not any(isinstance(one, Stream) for one in (value.get("AP"), value.get("MK")))
    )


def _is_table(value: Value, root: Value) -> bool:
    """Say whether this is a cross-reference stream that PDFBox wrote beside the table that counts."""
    return isinstance(value, Stream) and value.get("Type") == "XRef" and value.get("Root") == root


def _is_bare(value: Value) -> bool:
    """Say whether this is a stream without a dictionary of its own: no reader could tell what it is."""
    return isinstance(value, Stream) and value.dictionary.entries.keys() <= {"Length", "Filter"}


def _raw(value: Value) -> bytes:
    return bytes(value.raw) if isinstance(value, Stream) else b""


def _written_elsewhere(pdf: Pdf, left: Collection[int], revision: int) -> set[bytes]:
    """Return the streams that the same revision wrote into places that were explained.

    IText keeps a copy of the picture that it filled.
    """
    found: set[bytes] = set()
    for number in pdf.revisions[revision].changed:
        known = None if number in left else pdf.object(number, revision)
        if known is not None and isinstance(known.value, Stream):
            found.add(bytes(known.value.raw))
    return found


def _store(pdf: Pdf, values: dict[int, Value], revision: int) -> set[int]:
    """Return what hangs below a store of validation data (EN 319 142-1 5.4.2) that was left behind."""
    found: set[int] = set()
    waiting = [
        number
        for number, value in values.items()
        if (isinstance(value, Dictionary) and value.get("Type") in _STORE)
        or (isinstance(value, Array) and _is_list_of_bytes(pdf, value, revision))
    ]
    while waiting:
        number = waiting.pop()
        if number in found or number not in values or _is_shown(values[number]):
            continue
        found.add(number)
        waiting += [one.number for one in below(values[number])]
    return found


def _is_list_of_bytes(pdf: Pdf, listed: Array, revision: int) -> bool:
    """Say whether an array names certificates, lists or answers, and nothing else."""
    for one in listed.items:
        known = pdf.object(one.number, revision) if isinstance(one, Reference) else None
        if known is None or not isinstance(known.value, Stream) or _is_shown(known.value):
            return False
    return bool(listed.items)


def _is_shown(value: Value) -> bool:
    """Say whether an object below a store is anything but a list or bytes without a type."""
    holder = value.dictionary if isinstance(value, Stream) else value
    return isinstance(holder, Dictionary) and (
        "Subtype" in holder or holder.get("Type") not in (None, *_STORE)
    )
