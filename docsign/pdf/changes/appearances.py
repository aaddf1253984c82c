"""Appearances (12.5.5) of one field in two revisions: are they the same, and does one show its value."""

from __future__ import annotations

import unicodedata

from docsign.pdf.changes.boxes import pictures
from docsign.pdf.changes.comparison import Comparison
from docsign.pdf.changes.drawn import Drawn, drawn_text
from docsign.pdf.changes.fonts import gains_nothing_used
from docsign.pdf.form import Field, acro_form, form_fields
from docsign.pdf.reading import Array, Dictionary, Stream, Text, Value, View

_MULTILINE, _PASSWORD, _COMBO, _FILE, _RICH = 1 << 12, 1 << 13, 1 << 17, 1 << 20, 1 << 25
"""Flags of fields (tables 228, 230, 231)."""


def same_but_for_fonts(found: Comparison, before: Value, after: Value) -> bool:
    """Say whether appearances are the same but for plain fonts that they gained and do not use."""
    waiting = [(before, after)]
    while waiting:
        one, other = waiting.pop()
        if found.same(one, other):
            continue
        old, new = found.resolved(one, other)
        if isinstance(old, Dictionary) and isinstance(new, Dictionary):
            if old.entries.keys() != new.entries.keys() or len(old.entries) > 100:
                return False
            waiting += [(value, new.get(key)) for key, value in old.entries.items()]
        elif not (isinstance(old, Stream) and isinstance(new, Stream) and _same_drawing(found, old, new)):
            return False
    return True


def _same_drawing(found: Comparison, old: Stream, new: Stream) -> bool:
    keys = (old.dictionary.entries.keys() | new.dictionary.entries.keys()) - {"Resources", "Length"}
    resources = old.get("Resources"), new.get("Resources")
    return (
        old.raw == new.raw
        and all(found.same(old.get(key), new.get(key)) for key in keys)
        and found.extends(*resources)
        and gains_nothing_used(found.old, found.new, *resources, [old])
    )


def other_text(view: View, one: Field) -> str | None:
    """Return what a field's picture shows where that is another text than its value; None where it is not.

    None too where picture or value cannot be read, and where the picture shows nothing.
    """
    value = _value(view, one)
    if value is None:
        return None
    for drawn in _drawn(view, one):
        if drawn is not None and drawn.text.strip() and not _alike(view, one, value, drawn.text):
            return drawn.text.strip()
    return None


def shows_its_value(view: View, one: Field) -> bool:
    """Say whether every picture of a field plainly shows its value, and nothing else."""
    value = _value(view, one)
    found = _drawn(view, one)
    return (
        value is not None
        and bool(found)
        and all(
            drawn is not None and drawn.is_plain and _letters(drawn.text) == _letters(value)
            for drawn in found
        )
    )


def leans_on_the_form(view: View) -> bool:
    """Say whether some field's picture has no resources of its own: a reader may take the form's (/DR)."""
    return any(
        picture.get("Resources") is None and bool(picture.raw.strip())
        for one in form_fields(view)
        for widget in one.widgets
        for picture in pictures(view, widget.dictionary)
    )


def asks_for_appearances(view: View) -> bool:
    """Say whether readers are to draw every field from its value (/NeedAppearances, table 224)."""
    return view.get(acro_form(view), "NeedAppearances") is True


def revealed(found: Comparison) -> str | None:
    """Return the name of a field, untouched, that shows another text since /NeedAppearances was changed."""
    view = found.new
    turned_on = asks_for_appearances(view)
    for one in form_fields(view):
        holders = {one.reference, *(widget.reference for widget in one.widgets)}
        if any(holder is not None and holder.number in found.affected for holder in holders):
            continue
        if other_text(view, one) is not None:
            return one.name
        value = _value(view, one)
        blank = any(drawn is not None and not drawn.text.strip() for drawn in _drawn(view, one))
        if turned_on and value and value.strip() and blank:
            return one.name
    return None


def _drawn(view: View, one: Field) -> list[Drawn | None]:
    fallback = view.get(acro_form(view), "DR")
    resources = fallback if isinstance(fallback, Dictionary) else None
    return [
        drawn_text(view, picture, resources)
        for widget in one.widgets
        for picture in pictures(view, widget.dictionary)
    ]


def _value(view: View, one: Field) -> str | None:
    """Return a field's value as it should be shown; None where that is not simply its text."""
    flags = one.inherited(view, "Ff")
    flags = flags if type(flags) is int else 0
    kind, value = one.kind(view), one.inherited(view, "V")
    if value is None and kind == "Tx":
        return ""
    if not isinstance(value, Text) or kind not in ("Tx", "Ch") or _formats(view, one):
        return None
    if kind == "Tx":
        return None if flags & (_PASSWORD | _FILE | _RICH) else value.text
    if not flags & _COMBO:
        return None
    options = one.inherited(view, "Opt")
    for item in options.items[:1000] if isinstance(options, Array) else []:
        option = view.resolve(item)
        if isinstance(option, Array) and len(option) == 2:
            export, shown = view.get(option, 0), view.get(option, 1)
            if isinstance(export, Text) and isinstance(shown, Text) and export.value == value.value:
                return shown.text
    return value.text


def _formats(view: View, one: Field) -> bool:
    """Say whether a script formats what is shown (12.6.3, /F)."""
    holders = [one.dictionary, *one.above, *(widget.dictionary for widget in one.widgets)]
    return any(view.get(view.get(holder, "AA"), "F") is not None for holder in holders)


def _alike(view: View, one: Field, value: str, shown: str) -> bool:
    """Compare as people read: without white space; where the font lacks letters, by the digits."""
    wanted, drawn = _letters(value), _letters(shown)
    if wanted == drawn:
        return True
    flags = one.inherited(view, "Ff")
    if type(flags) is int and flags & _MULTILINE and drawn and wanted.startswith(drawn):
        return True
    try:
        wanted.encode("cp1252")
    except UnicodeEncodeError:
        return _digits(wanted) == _digits(drawn)
    return False


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())
