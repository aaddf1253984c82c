"""A page as it is shown and in its own coordinates: turned by /Rotate, cut by its boxes, both inherited.

Places people speak of count in points from the lower left corner of the page as shown; a PDF's own
coordinates know neither turn nor cut (ISO 32000-2 7.7.3.3, 14.11.2).
"""

from __future__ import annotations

from docsign.pdf.reading import Page, View

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""
_A4: Rectangle = (0.0, 0.0, 595.0, 842.0)


def rotation(view: View, page: Page) -> int:
    """Return how far a page is turned clockwise when it is shown: 0, 90, 180 or 270."""
    value = view.resolve(page.inherited.get("Rotate"))
    return value % 360 if type(value) is int and value % 90 == 0 else 0


def shown_size(view: View, page: Page) -> tuple[float, float]:
    """Return width and height of a page as it is shown, in points."""
    left, bottom, right, top = shown_part(view, page)
    return (top - bottom, right - left) if rotation(view, page) in (90, 270) else (right - left, top - bottom)


def in_user_space(view: View, page: Page, place: Rectangle) -> Rectangle:
    """Turn a place on the page as shown into the page's own coordinates."""
    left, bottom, right, top = shown_part(view, page)
    x1, y1, x2, y2 = place
    match rotation(view, page):
        case 90:
            return right - y2, bottom + x1, right - y1, bottom + x2
        case 180:
            return right - x2, top - y2, right - x1, top - y1
        case 270:
            return left + y1, top - x2, left + y2, top - x1
        case _:
            return left + x1, bottom + y1, left + x2, bottom + y2


def as_shown(view: View, page: Page, place: Rectangle) -> Rectangle:
    """Turn a place in the page's own coordinates into one on the page as shown."""
    left, bottom, right, top = shown_part(view, page)
    x1, y1, x2, y2 = place
    match rotation(view, page):
        case 90:
            return y1 - bottom, right - x2, y2 - bottom, right - x1
        case 180:
            return right - x2, top - y2, right - x1, top - y1
        case 270:
            return top - y2, x1 - left, top - y1, x2 - left
        case _:
            return x1 - left, y1 - bottom, x2 - left, y2 - bottom


def shown_part(view: View, page: Page) -> Rectangle:
    """Return the part of a page that is shown, in the page's own coordinates."""
    corners = [
        view.numbers_of(page.holders[key], key) for key in ("MediaBox", "CropBox") if key in page.holders
    ]
    boxes = [
        (min(one[0], one[2]), min(one[1], one[3]), max(one[0], one[2]), max(one[1], one[3]))
        for one in corners
        if one is not None and len(one) == 4
    ] or [_A4]
    left, bottom = max(one[0] for one in boxes), max(one[1] for one in boxes)
    return left, bottom, min(one[2] for one in boxes), min(one[3] for one in boxes)
