"""Finds what covers text on the pages of a signed file: prepared so, it could be taken away after signing.

Not a renderer: the operators of a page are scanned for where text begins and where pictures and forms are put
(ISO 32000-2 8.3.4, 9.4), and what may hide is told by ``changes.boxes``. Nothing is judged here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import field

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.changes.boxes import Box, box_of, hides, is_opaque, is_shown
from docsign.pdf.changes.drawn import TOKEN
from docsign.pdf.reading import Array, Dictionary, Page, Stream, Value, View
from docsign.values import dataclass

Matrix = tuple[float, float, float, float, float, float]

MOST_BYTES = 200_000
"""Contents of this many bytes are scanned in one file; what comes after is not."""
MOST_PAGES = 50
_SAME: Matrix = (1, 0, 0, 1, 0, 0)
_SHOWN = re.compile(rb"(?<![^\s\])>])(?:Tj|TJ|'|\")(?![^\s\[\(<])")
_PUT = re.compile(rb"(?<![^\s])Do(?![^\s\[\(<])")
_END_OF_IMAGE = re.compile(rb"\sEI(?=\s|\Z)")
_NAME, _NUMBER, _OPERATOR = 3, 4, 6  # groups of TOKEN
# The usual operation at once, names and numbers and the operator, where TOKEN would read just these.
_OPERATION = re.compile(
    rb"[\t\n\f\r ]*+"
    rb"((?:(?:[+-]?(?:\d++\.?\d*+|\.\d++)|/[^\0\t\n\v\f\r ()<>\[\]{}/%]*+)[\t\n\f\r ]++|(?!))*+)"
    rb"([A-Za-z'\"][A-Za-z0-9*'\"]*+)"
)
_MATTERS = frozenset(b"q Q cm BT Tm Td TD TL T* Tr Tj TJ ' \" Do".split())
_NO_COVER = frozenset({"Link", "Popup", "Widget", "Text", "Highlight", "Underline", "StrikeOut", "Squiggly"})


def covered_pages(view: View) -> list[int]:
    """Return the numbers of the pages on which a picture, a form or a note hides text drawn before it.

    Looking stops where it would cost more than the file's budget allows.
    """
    found: list[int] = []
    with suppress(PdfBudgetError):
        _look(view, found)
    return found


def _look(view: View, found: list[int]) -> None:
    left = MOST_BYTES
    for page in view.pages[:MOST_PAGES]:
        notes = _opaque_notes(view, page)
        content = _content(view, page, left)
        if content is None or not _may_cover(content, notes):
            continue
        left -= len(content)
        resources = page.dictionary.get("Resources") or page.inherited.get("Resources")
        scan = _Scan(view, view.get(view.resolve(resources), "XObject"))
        points = scan.run(content)
        if scan.covers or any(_inside(point, box) for box in notes for point in points):
            found.append(page.number)


def _may_cover(content: bytes, notes: list[Box]) -> bool:
    """Look quickly whether anything is put on the page after some text."""
    first = _SHOWN.search(content)
    return first is not None and (bool(notes) or _PUT.search(content, first.end()) is not None)


def _content(view: View, page: Page, most: int) -> bytes | None:
    held = view.get(page.dictionary, "Contents")
    streams = [view.resolve(one) for one in held.items] if isinstance(held, Array) else [held]
    parts: list[bytes] = []
    for stream in streams:
        if not isinstance(stream, Stream):
            continue
        if len(stream.raw) > most:
            return None
        try:
            decoded = view.decoded(stream)
        except PdfBudgetError:
            raise
        except PdfError:
            return None
        parts.append(decoded.data)
        if decoded.left or sum(map(len, parts)) > most:
            return None
    return b"\n".join(parts)


def _opaque_notes(view: View, page: Page) -> list[Box]:
    listed = view.get(page.dictionary, "Annots")
    found: list[Box] = []
    for item in listed.items[:200] if isinstance(listed, Array) else []:
        note = view.resolve(item)
        if not isinstance(note, Dictionary) or view.get(note, "Subtype") in _NO_COVER:
            continue
        box = box_of(view, note)
        if box is not None and is_shown(view, note) and is_opaque(view, note):
            found.append(box)
    return found


@dataclass(slots=True)
class _Scan:
    """Where text begins on a page, and whether something is put over it."""

    view: View
    objects: Value
    points: list[tuple[float, float]] = field(default_factory=list)
    covers: bool = False
    now: Matrix = _SAME
    line: Matrix = _SAME
    leading: float = 0.0
    mode: float = 0.0
    stack: list[tuple[Matrix, float, float]] = field(default_factory=list)

    def run(self, content: bytes) -> list[tuple[float, float]]:
        """Scan a page's operators; return where text begins, and keep whether something hides it."""
        numbers: list[float] = []
        name: bytes | None = None
        operation, token = _OPERATION.match, TOKEN.match
        position, end = 0, len(content.rstrip())
        while position < end and not self.covers:
            found = operation(content, position)
            if found is not None:
                operands, operator = found.groups()
                for operand in operands.split():
                    if operand.startswith(b"/"):
                        name = operand[1:]
                    else:
                        numbers.append(float(operand))
                        name = None
            else:
                found = token(content, position)
                if found is None:
                    break
                operator = found[_OPERATOR]
                if found[_NUMBER]:
                    numbers.append(float(found[_NUMBER]))
                    name = None
                elif found.lastindex == _NAME:
                    name = found[_NAME]
            position = found.end()
            if operator in _MATTERS:
                self._operator(operator, numbers, name)
            elif operator == b"BI":
                after = _END_OF_IMAGE.search(content, position)
                position = after.end() if after else end
            if operator:
                numbers, name = [], None
        return self.points

    def _operator(self, operator: bytes, numbers: list[float], name: bytes | None) -> None:
        """Follow one operator; ``name`` is its last operand, where that is a name."""
        if operator == b"q":
            if len(self.stack) < 100:
                self.stack.append((self.now, self.leading, self.mode))
        elif operator == b"Q":
            if self.stack:
                self.now, self.leading, self.mode = self.stack.pop()
        elif operator == b"cm":
            if len(numbers) == 6:
                self.now = _times(_matrix(numbers), self.now)
        elif operator == b"BT":
            self.line = _SAME
        elif operator == b"Tm":
            if len(numbers) == 6:
                self.line = _matrix(numbers)
        elif operator in (b"Td", b"TD"):
            if len(numbers) == 2:
                self._next_line(numbers[0], numbers[1])
                self.leading = -numbers[1] if operator == b"TD" else self.leading
        elif operator == b"TL" and numbers:
            self.leading = numbers[0]
        elif operator == b"T*":
            self._next_line(0, -self.leading)
        elif operator == b"Tr" and numbers:
            self.mode = numbers[0]
        elif operator in (b"Tj", b"TJ", b"'", b'"'):
            if operator in (b"'", b'"'):
                self._next_line(0, -self.leading)
            if self.mode != 3 and len(self.points) < 20_000:
                place = _times(self.line, self.now)
                self.points.append((place[4], place[5]))
        elif operator == b"Do" and name is not None:
            self._put(name.decode("latin-1"))

    def _next_line(self, x: float, y: float) -> None:
        self.line = _times((1, 0, 0, 1, x, y), self.line)

    def _put(self, name: str) -> None:
        """Look whether a picture or form hides text that is already there."""
        picture = self.view.get(self.objects, name)
        if not self.points or not isinstance(picture, Stream):
            return
        box: Box | None = (0, 0, 1, 1)
        place = self.now
        if picture.get("Subtype") != "Image":
            box = box_of(self.view, picture.dictionary, "BBox")
            held = self.view.get(picture, "Matrix")
            values = [self.view.resolve(one) for one in held.items] if isinstance(held, Array) else []
            if len(values) == 6 and all(type(one) in (int, float) for one in values):
                place = _times(_matrix([float(one) for one in values]), place)  # type: ignore[arg-type]
        if box is None:
            return
        area = _around(place, box)
        if any(_inside(point, area) for point in self.points) and hides(self.view, [picture]):
            self.covers = True


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box[0] + 1 < point[0] < box[2] - 1 and box[1] + 1 < point[1] < box[3] - 1


def _matrix(numbers: list[float]) -> Matrix:
    a, b, c, d, e, f = numbers
    return (a, b, c, d, e, f)


def _times(one: Matrix, other: Matrix) -> Matrix:
    """Return the matrix that does ``one`` first (8.3.4)."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _around(matrix: Matrix, box: Box) -> Box:
    """Return the box around another that a matrix turns, moves and stretches."""
    a, b, c, d, e, f = matrix
    left, low, right, high = box
    return (
        e + min(a * left, a * right) + min(c * low, c * high),
        f + min(b * left, b * right) + min(d * low, d * high),
        e + max(a * left, a * right) + max(c * low, c * high),
        f + max(b * left, b * right) + max(d * low, d * high),
    )
