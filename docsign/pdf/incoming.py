"""The note of arrival (ĐẾN) that a receiving agency puts on what came, with its own signature.

35 × 50 mm with number, date, whom it goes to and the file it is kept in (ND 30/2020 PL IV). It stands where
the first page is white, as near as may be below the number; smaller where there is no room for all of it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from docsign.errors import DocumentError, UsageError
from docsign.pdf.field_names import DOCUMENT_NUMBER
from docsign.pdf.fields import Box
from docsign.pdf.page_space import Rectangle, as_shown, shown_size
from docsign.pdf.page_text import Ink, find_text, ink_of
from docsign.pdf.stamp import PreparedAppearance, finished
from docsign.pdf.typeset import typeset
from docsign.pdf.writer import SignablePdf
from docsign.sentence import say
from docsign.values import dataclass

WIDTH: Final = 50.0
HEIGHT: Final = 35.0
"""Millimetres (ND 30/2020 PL IV II.1)."""
_SMALLEST: Final = 60  # per cent; letters of 5 points can still be read on paper
_MARGIN: Final = 5
_STEP: Final = 2
_POINTS: Final = 72 / 25.4
_CREATED = datetime(2020, 3, 5, tzinfo=UTC)  # never seen: only the page's content is taken

_NOTE = """#set page(width: 50mm, height: 35mm, margin: 0.5mm, fill: none)
#set text(font: "Liberation Serif", fill: rgb("#c8102e"), lang: "vi", hyphenate: false)
#set par(leading: 0.45em, spacing: 0.6em, justify: false)
#let row(label, value) = [#label: #strong(value)]
#let body(size) = {
  set text(size: size)
  align(center, strong(data.agency))
  v(-0.1em)
  grid(columns: (15mm, 1fr), align: (center + horizon, left + horizon), row-gutter: 0.55em,
    grid.cell(rowspan: 2, text(size: 1.6 * size, weight: "bold")[ĐẾN]),
    row("Số", data.number), row("Ngày", data.day))
  v(-0.1em)
  row("Chuyển", data.transfer)
  parbreak()
  row("Số và ký hiệu HS", data.file)
}
#context {
  let size = 9pt
  while measure(body(size), width: 46mm).height > 31mm and size > 4pt { size -= 0.25pt }
  pdf.artifact(box(width: 49mm, height: 34mm, stroke: 1pt + rgb("#c8102e"), inset: (x: 1.5mm, y: 1.5mm),
    align(horizon, body(size))))
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingNote:
    """What the note says: the arrival number and day, whom the document goes to, the file it belongs to."""

    number: str
    day: date
    transfer: str = ""
    file_code: str = ""

    def __post_init__(self) -> None:
        """Raise UsageError for an empty number and for texts the note cannot hold."""
        for name, value, most in (
            ("number", self.number, 12),
            ("transfer", self.transfer, 120),
            ("file_code", self.file_code, 60),
        ):
            if len(value) > most or (name == "number" and not value.strip()) or not value.isprintable():
                raise UsageError(
                    say("The note of arrival cannot hold this: “{text}”.", text=value[:200]), where=name
                )


@lru_cache(maxsize=4)
def note_appearance(note: IncomingNote, agency: str) -> PreparedAppearance:
    """Draw the note for the receiving ``agency``; raises UnprintableError for a letter without a glyph."""
    values = {
        "agency": agency.upper(),
        "number": note.number,
        "day": f"{note.day:%d/%m/%Y}",
        "transfer": note.transfer or "……………………",
        "file": note.file_code or "……………",
    }
    return finished(typeset(_NOTE, values, timestamp=_CREATED).pdf)


def white_place(opened: SignablePdf) -> Box:
    """Return where the note stands on the first page, in points of the page as shown.

    Nothing is drawn there and no field lies there. Raises DocumentError where there is no such place.
    """
    ink = ink_of(opened.pdf.data, 1, password=opened.password)
    taken = [box for _, _, page, box in opened.drawn_fields() if page == 1]
    across, down = _below_the_number(opened)
    page_height = shown_size(opened.pdf.view(), opened.pdf.view().pages[0])[1]
    best: tuple[float, Box] | None = None
    for per_cent in range(100, _SMALLEST - 1, -10):
        wide, high = WIDTH * per_cent / 100, HEIGHT * per_cent / 100
        for left in range(_MARGIN, int(ink.width - wide) - _MARGIN, _STEP):
            for top in range(_MARGIN, int(ink.height - high) - _MARGIN, _STEP):
                cost = abs(left - across) + abs(top - down) + 2 * (100 - per_cent)
                if best is not None and cost >= best[0]:
                    continue
                box = Box(
                    page=1,
                    left=left * _POINTS,
                    bottom=page_height - (top + high) * _POINTS,
                    right=(left + wide) * _POINTS,
                    top=page_height - top * _POINTS,
                )
                if _is_white(ink, left, top, wide, high) and not any(
                    _meet(box.corners, one) for one in taken
                ):
                    best = cost, box
    if best is None:
        raise DocumentError(
            say("The first page has no white place for the note of arrival."),
            where="place",
            hint=say("Say where it stands with --place."),
        )
    return best[1]


def _below_the_number(opened: SignablePdf) -> tuple[float, float]:
    """Return where the note would stand best: millimetres from the upper left corner."""
    view = opened.pdf.view()
    page = view.pages[0]
    high = shown_size(view, page)[1]
    for name, _, number, box in opened.drawn_fields():
        if name == DOCUMENT_NUMBER and number == 1:
            return 30.0, (high - box[1]) / _POINTS + 2
    for found in find_text(opened.pdf.data, "Số:", page=1, password=opened.password):
        box = as_shown(view, page, found.box)
        if box[1] > high * 2 / 3:
            return 30.0, (high - box[1]) / _POINTS + 2
    return 30.0, 60.0


def _is_white(ink: Ink, left: int, top: int, wide: float, high: float) -> bool:
    return ink.is_free(
        left - 1, top - 1, min(ink.width, int(left + wide) + 2), min(ink.height, int(top + high) + 2)
    )


def _meet(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
