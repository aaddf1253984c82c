"""Where things stand on a page, and whether what is drawn there hides what lies under it.

Boxes are left, bottom, right, top in points of the page. Pictures are looked into by a scan of their
operators, not drawn: images without a mask and filled areas hide, text and lines do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Array, Dictionary, Stream, Value, View

Box = tuple[float, float, float, float]

HIDDEN = 2 | 32
"""Flags of an annotation that is not shown (ISO 32000-2 table 167): Hidden, NoView."""
_UPRIGHT = 8 | 16
"""Flags of one that is not turned and scaled with its page: NoZoom, NoRotate."""
_FILLING = re.compile(rb"(?<![^\s\]\)>])(?:f\*?|F|[Bb]\*?|sh)(?![^\s\[\(<])")
_DRAWING = re.compile(rb"(?<![^\s\]\)>])(?:f\*?|F|[Bb]\*?|sh|S|s|Do|Tj|TJ|'|\"|EI)(?![^\s\[\(<])")
_INLINE_IMAGE = re.compile(rb"(?<![^\s])BI(?=\s)")
_STRING = re.compile(rb"\((?:[^()\\]++|\\.|(?!))*+\)", re.DOTALL)
_MOST_FORMS = 64


def box_of(view: View, holder: Dictionary, key: str = "Rect") -> Box | None:
    """Return a rectangle with its corners in order (7.9.5); None where it is none or has no area."""
    array = view.get(holder, key)
    if not isinstance(array, Array) or len(array) != 4:
        return None
    corners = [view.resolve(item) for item in array.items]
    if not all(type(value) in (int, float) for value in corners):
        return None
    x1, y1, x2, y2 = (float(value) for value in corners)  # type: ignore[arg-type]
    box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    return box if box[2] - box[0] > 0 and box[3] - box[1] > 0 else None


def overlap(one: Box, other: Box) -> bool:
    """Say whether two boxes share more than an edge."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0.01
        and min(one[3], other[3]) - max(one[1], other[1]) > 0.01
    )


def is_shown(view: View, widget: Dictionary, reach: Box | None = None) -> bool:
    """Say whether an annotation has a place on its page and a picture that draws something.

    Outside ``reach``, which is around all that any page shows, it is seen on none: some signers put it there.
    """
    flags, box = view.get(widget, "F"), box_of(view, widget)
    set_flags = flags if type(flags) is int else 0
    if box is None or set_flags & HIDDEN:
        return False
    if reach is not None and not overlap(box, reach) and not set_flags & _UPRIGHT:
        return False
    return any(_draws(view, stream) for stream in pictures(view, widget))


def pictures(view: View, widget: Dictionary) -> list[Stream]:
    """Return the normal appearances of an annotation (12.5.5), one for each state."""
    appearance = view.get(widget, "AP")
    if not isinstance(appearance, Dictionary):
        return []
    normal = view.get(appearance, "N")
    found = list(normal.entries.values()) if isinstance(normal, Dictionary) else [normal]
    return [stream for stream in (view.resolve(one) for one in found) if isinstance(stream, Stream)]


def is_opaque(view: View, widget: Dictionary) -> bool:
    """Say whether the picture of an annotation may hide what lies under it."""
    return hides(view, pictures(view, widget))


def hides(view: View, pictures: Iterable[Stream]) -> bool:
    """Say whether one of these forms and images may hide what lies under it."""
    waiting: list[Value] = list(pictures)
    seen: set[int] = set()
    while waiting:
        form = waiting.pop()
        if not isinstance(form, Stream) or id(form) in seen:
            continue
        seen.add(id(form))
        if len(seen) > _MOST_FORMS:
            return True
        if form.get("Subtype") == "Image":
            if not _has_mask(view, form):
                return True
            continue
        content = _content(view, form)
        resources = view.get(form, "Resources")
        holder = resources if isinstance(resources, Dictionary) else None
        if _is_translucent(view, holder):
            continue
        if content is None or _FILLING.search(content) or _INLINE_IMAGE.search(content):
            return True
        objects = view.get(holder, "XObject")
        if isinstance(objects, Dictionary):
            waiting += [view.resolve(one) for one in objects.entries.values()]
    return False


def _draws(view: View, stream: Stream) -> bool:
    content = _content(view, stream)
    return content is None or _DRAWING.search(content) is not None


def _content(view: View, stream: Stream) -> bytes | None:
    """Return a content stream's operators without its strings; None where it cannot be decoded."""
    try:
        decoded = view.decoded(stream)
    except PdfBudgetError:
        raise
    except PdfError:
        return None
    return None if decoded.left else _STRING.sub(b"()", decoded.data)


def _has_mask(view: View, image: Stream) -> bool:
    return any(
        view.get(image, key) not in (None, False) for key in ("SMask", "Mask", "ImageMask", "SMaskInData")
    )


def _is_translucent(view: View, resources: Dictionary | None) -> bool:
    """Say whether the graphics states of a form make it see-through (11.6.4.4)."""
    states = view.get(resources, "ExtGState")
    if not isinstance(states, Dictionary):
        return False
    for one in states.entries.values():
        state = view.resolve(one)
        if isinstance(state, Dictionary):
            alpha = view.get(state, "ca")
            if type(alpha) in (int, float) and 0 <= float(alpha) <= 0.9:  # type: ignore[arg-type]
                return True
            mode = view.get(state, "BM")
            if mode in ("Multiply", "Darken"):
                return True
    return False
