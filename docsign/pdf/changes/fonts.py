"""What a font dictionary says of itself: does every reader have this font, and is it used by its name."""

from __future__ import annotations

import re

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Dictionary, Stream, Value, View

_FAMILIES = ("Courier", "Helvetica", "Times", "Symbol", "ZapfDingbats")
_ENCODINGS = (None, "WinAnsiEncoding", "MacRomanEncoding", "StandardEncoding", "PDFDocEncoding")
_MOST_FORMS = 64
_KEYS = frozenset({"Type", "Subtype", "BaseFont", "Name", "Encoding"})


def is_plain_font(value: Value) -> bool:
    """Say whether this is one of the fourteen standard fonts (9.6.2.2) with nothing of its own."""
    if not isinstance(value, Dictionary) or not value.entries.keys() <= _KEYS:
        return False
    base, encoding = value.get("BaseFont"), value.get("Encoding")
    return (
        value.get("Type") in ("Font", None)
        and value.get("Subtype") == "Type1"
        and isinstance(base, str)
        and str(base).startswith(_FAMILIES)
        and (encoding is None or isinstance(encoding, str))
        and encoding in _ENCODINGS
    )


def gains_nothing_used(old: View, new: View, before: Value, after: Value, drawn: list[Value]) -> bool:
    """Say whether resources gained only plain fonts and forms that nothing drawn with them names.

    iText and PDFBox put theirs into the form's resources, which may be a page's too. The caller knows that
    nothing was taken away or changed.
    """
    one, other = old.resolve(before), new.resolve(after)
    if not isinstance(one, Dictionary) or not isinstance(other, Dictionary):
        return False
    for key, value in other.entries.items():
        outer, inner = new.resolve(value), old.get(one, key)
        if inner is not None and not isinstance(inner, Dictionary):
            continue
        known = inner.entries.keys() if isinstance(inner, Dictionary) else set()
        added = outer.entries.keys() - known if isinstance(outer, Dictionary) else set()
        if inner is None and key not in ("Font", "XObject", "ProcSet"):
            return False
        if not added:
            continue
        if key not in ("Font", "XObject") or not isinstance(outer, Dictionary):
            return False
        if key == "Font" and not all(is_plain_font(new.get(outer, name)) for name in added):
            return False
        if _names(old, one, drawn, added):
            return False
    return True


def _names(view: View, resources: Dictionary, contents: list[Value], names: set[str]) -> bool:
    """Say whether these contents or a form they may draw use one of these names, or may."""
    pattern = re.compile(
        rb"/(?:"
        + b"|".join(re.escape(name.encode("latin-1", "replace")) for name in names)
        + rb")(?![^\s()<>\[\]{}/%])"
    )
    waiting: list[Value] = [*contents, *_drawn(view, resources)]
    seen: set[int] = set()
    while waiting:
        stream = view.resolve(waiting.pop())
        if not isinstance(stream, Stream) or stream.get("Subtype") == "Image" or id(stream) in seen:
            continue
        seen.add(id(stream))
        waiting += _drawn(view, view.get(stream, "Resources"))
        try:
            decoded = view.decoded(stream)
        except PdfBudgetError:
            raise
        except PdfError:
            return True
        if decoded.left or pattern.search(decoded.data) or len(seen) > _MOST_FORMS:
            return True
    return False


def _drawn(view: View, resources: Value) -> list[Value]:
    found = view.get(resources, "XObject") if isinstance(resources, Dictionary) else None
    return list(found.entries.values()) if isinstance(found, Dictionary) else []
