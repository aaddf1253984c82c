"""Where a stamp is wanted on a PDF that has no place of ours for it: said in words, then found on a page.

    page=1,x=120,y=200,w=40,h=20    millimetres from the left and the upper edge of the page as it is shown
    marker:TEXT                     centred over this text; ``above:TEXT`` and ``below:TEXT`` beside it
    third:NAME                      a third over the signature in this field, to its left, as a seal stands
    field:NAME                      an empty signature field of the PDF, drawn in

``page``, ``w`` and ``h`` may stand before a text too: ``page=2,w=40,below:CHỦ TỊCH``. A stamp never stands on
text other than its marker, on another field, or outside its page; the agency's may cover a third of another
signature (ND 30/2020 PL I). PDFium finds texts, which forgives much: no verdict rests on it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from docsign.errors import DocumentError, UsageError
from docsign.pdf.changes.boxes import overlap
from docsign.pdf.fields import Box
from docsign.pdf.page_space import Rectangle, as_shown, in_user_space, shown_size
from docsign.pdf.page_text import Found, covered_text, find_text
from docsign.pdf.stamp import Size
from docsign.pdf.writer import SignablePdf
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import SignerRole

POINTS: Final = 72 / 25.4
"""Points in a millimetre."""
_SHARE: Final = 0.34
"""How much of another signature the agency's may cover: a third, and what rounding adds."""
_GAP: Final = 2.0
_TEXT = re.compile(r"(marker|above|below|third|field):(.+)", re.DOTALL)
_LARGEST = 5000
"""Of any number in a place: millimetres or pages."""

Relation = Literal["marker", "above", "below", "third"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A wanted place, lengths in millimetres; what is None is found out: the page, the picture's own size.

    Either ``field``, or ``text`` with its ``relation``, or ``left`` and ``top`` are set.
    """

    page: int | None = None
    left: float | None = None
    top: float | None = None
    width: float | None = None
    height: float | None = None
    relation: Relation = "marker"
    text: str = ""
    field: str = ""

    @staticmethod
    def of(words: str) -> Spot:
        """Read what the module's first lines describe; raises UsageError for anything else."""
        found = _TEXT.search(words)
        before = words if found is None else words[: found.start()]
        given: dict[str, float] = {}
        for part in filter(None, (one.strip() for one in before.split(","))):
            key, _, number = part.partition("=")
            try:
                value = float(number)
            except ValueError:
                value = -1
            if (
                key.strip() not in ("page", "x", "y", "w", "h")
                or key.strip() in given
                or not 0 <= value <= _LARGEST
            ):
                raise _unclear(words)
            given[key.strip()] = value
        page = given.pop("page", None)
        sizes = [one for name, one in given.items() if name in "wh"]
        if (page is not None and (page < 1 or page != int(page))) or 0 in sizes:
            raise _unclear(words)
        if (found is None) is not ({"x", "y"} <= given.keys()):
            raise _unclear(words)
        kind, text = (found[1], found[2].strip()) if found else ("", "")
        if found and (not text or "x" in given or "y" in given or (kind == "field" and (given or page))):
            raise _unclear(words)
        return Spot(
            page=None if page is None else int(page),
            left=given.get("x"),
            top=given.get("y"),
            width=given.get("w"),
            height=given.get("h"),
            relation=kind if kind in ("above", "below", "third") else "marker",  # type: ignore[arg-type]
            text="" if kind == "field" else text,
            field=text if kind == "field" else "",
        )


def box_for(opened: SignablePdf, spot: Spot, own: Size, *, role: SignerRole) -> Box:
    """Return where a stamp of its ``own`` size (points) stands, in points of the page as shown.

    Raises UsageError for a page or text that is not there, DocumentError where something would be hidden.
    """
    width, height = _size(spot, own)
    marker: Found | None = None
    if spot.relation == "third":
        page_number, (left, bottom, right, top) = _signature(opened, spot.text)
        start = left + (right - left) / 3 - width  # ND 30/2020 PL I II.8: over a third, to the left
        box = _box(page_number, start, (bottom + top - height) / 2, width, height)
    elif spot.text:
        marker = _only_one(opened, spot)
        page = opened.pdf.view().pages[marker.page - 1]
        left, bottom, right, top = as_shown(opened.pdf.view(), page, marker.box)
        low = {
            "marker": (bottom + top - height) / 2,
            "above": top + _GAP,
            "below": bottom - _GAP - height,
        }[spot.relation]
        box = _box(marker.page, (left + right - width) / 2, low, width, height)
    else:
        number = spot.page or 1
        pages = opened.pdf.view().pages
        if number > len(pages):
            raise UsageError(say("The PDF has no page {number}.", number=number), where="place")
        _, high = shown_size(opened.pdf.view(), pages[number - 1])
        assert spot.left is not None
        assert spot.top is not None
        box = _box(number, spot.left * POINTS, high - spot.top * POINTS - height, width, height)
    require_free(opened, box, role=role, marker=marker)
    return box


def require_free(opened: SignablePdf, box: Box, *, role: SignerRole, marker: Found | None = None) -> None:
    """Raise DocumentError where a stamp in ``box`` leaves its page, or hides a text, a field, a signature."""
    view = opened.pdf.view()
    page = view.pages[box.page - 1]
    wide, high = shown_size(view, page)
    if box.left < -0.5 or box.bottom < -0.5 or box.right > wide + 0.5 or box.top > high + 0.5:
        raise _refused(say("The stamp would not lie wholly on page {page}.", page=box.page))
    for name, kind, number, other in opened.drawn_fields():
        if number != box.page or not overlap(box.corners, other):
            continue
        may_share = role == "agency" and kind == "Sig" and opened.signatures.get(name)
        if not may_share or _share(box.corners, other) > _SHARE:
            raise _refused(
                say("The stamp would cover the field {name} on page {page}.", name=name, page=box.page)
            )
    hidden = covered_text(
        opened.pdf.data,
        box.page,
        in_user_space(view, page, box.corners),
        but=marker,
        password=opened.password,
    )
    if hidden:
        raise _refused(
            say("The stamp would cover text on page {page}: “{text}”.", page=box.page, text=hidden)
        )


def _only_one(opened: SignablePdf, spot: Spot) -> Found:
    """Return where the marker stands: its text must be there once."""
    wanted = unicodedata.normalize("NFC", spot.text)
    found = find_text(opened.pdf.data, wanted, page=spot.page, password=opened.password)
    if not found:
        raise UsageError(say("The PDF does not show the text “{text}”.", text=spot.text), where="place")
    if len(found) > 1:
        pages = ", ".join(map(str, sorted({one.page for one in found})))
        raise UsageError(
            say(
                "The text “{text}” stands {count} times (pages {pages}); a marker stands once.",
                text=spot.text,
                count=len(found),
                pages=pages,
            ),
            where="place",
            hint=say("Say the page, a longer text, or the millimetres."),
        )
    return found[0]


def _signature(opened: SignablePdf, name: str) -> tuple[int, Rectangle]:
    for known, kind, page, box in opened.drawn_fields():
        if known == name and kind == "Sig" and opened.signatures.get(name):
            return page, box
    raise UsageError(say("The PDF shows no signature in a field named {name}.", name=name), where="place")


def _size(spot: Spot, own: Size) -> Size:
    """Return the size in points: the wanted one, its missing side by the picture's shape, else its own."""
    wide, high = own
    if spot.width and spot.height:
        return spot.width * POINTS, spot.height * POINTS
    if spot.width:
        return spot.width * POINTS, spot.width * POINTS * high / wide
    if spot.height:
        return spot.height * POINTS * wide / high, spot.height * POINTS
    return own


def _box(page: int, left: float, bottom: float, width: float, height: float) -> Box:
    return Box(page=page, left=left, bottom=bottom, right=left + width, top=bottom + height)


def _share(one: Rectangle, other: Rectangle) -> float:
    """Return how much of ``other`` lies under ``one``."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high / ((other[2] - other[0]) * (other[3] - other[1]))


def _refused(sentence: object) -> DocumentError:
    return DocumentError(
        sentence,  # type: ignore[arg-type]
        where="place",
        hint=say("Choose another place, or a smaller picture."),
    )


def _unclear(words: str) -> UsageError:
    return UsageError(
        say("This is not a place: {text}.", text=words),
        where="place",
        hint=say(
            "Write page=1,x=120,y=200,w=40,h=20 (millimetres from the upper left corner), marker:TEXT, "
            "above:TEXT, below:TEXT, third:FIELD or field:NAME."
        ),
    )
