"""The sample documents of the examples, and ways to look at their pages. Every name in them is invented."""

from __future__ import annotations

import copy
import ctypes
import io
import tomllib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pyhanko.pdf_utils.reader import PdfFileReader

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CREATED = datetime(2026, 11, 16, 8, 30, tzinfo=timezone(timedelta(hours=7)))


def letter(**changes: Any) -> dict[str, Any]:
    """Return the values of ``examples/letter.toml`` with some of them changed; None takes one away."""
    return _changed("letter.toml", changes)


def decision(**changes: Any) -> dict[str, Any]:
    """Return the values of ``examples/decision.toml``, changed likewise."""
    return _changed("decision.toml", changes)


def _changed(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    values = copy.deepcopy(tomllib.loads((EXAMPLES / name).read_text(encoding="utf-8")))
    for path, value in changes.items():
        table: dict[str, Any] = values
        *outer, last = path.split("__")
        for key in outer:
            table = table[key]
        if value is None:
            table.pop(last, None)
        else:
            table[last] = value
    return values


def pages_text(pdf: bytes) -> list[str]:
    """Return the text of each page, lines ended by a single line feed."""
    document = pdfium.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]
    document.close()
    return texts


def words_of(text: str) -> str:
    """Return the text with every run of spaces and line ends as one space."""
    return " ".join(text.split())


def form_fields(pdf: bytes) -> dict[str, Any]:
    """Return the form fields by name, as dictionaries of pyHanko."""
    root = PdfFileReader(io.BytesIO(pdf)).root
    return {str(field.get_object()["/T"]): field.get_object() for field in root["/AcroForm"]["/Fields"]}


def box_of(field: Any) -> tuple[float, float, float, float]:
    """Return a field's rectangle in millimetres: left, bottom, right, top."""
    left, bottom, right, top = (float(value) * 25.4 / 72 for value in field["/Rect"])
    return left, bottom, right, top


class Page:
    """Where words stand on a page, in millimetres from its lower left corner, and in which type."""

    def __init__(self, pdf: bytes, number: int = 1) -> None:
        self._document = pdfium.PdfDocument(pdf)
        self._page = self._document[number - 1]
        self._text = self._page.get_textpage()

    def place(self, words: str) -> tuple[float, float, float, float]:
        """Return left, bottom, right and top of the first occurrence, which must be there."""
        found = self._text.search(words, match_case=True).get_next()
        assert found is not None, f"{words!r} is not on the page"
        boxes = [self._text.get_charbox(found[0] + offset) for offset in range(found[1])]
        boxes = [box for box in boxes if box[2] > box[0]]
        left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)
        return left * 25.4 / 72, bottom * 25.4 / 72, right * 25.4 / 72, top * 25.4 / 72

    def centre(self, words: str) -> float:
        """Return the middle of these words, in millimetres from the left edge."""
        left, _, right, _ = self.place(words)
        return (left + right) / 2

    def type_of(self, words: str) -> tuple[str, float]:
        """Return the face and the size in points of these words."""
        found = self._text.search(words, match_case=True).get_next()
        assert found is not None, f"{words!r} is not on the page"
        middle = found[0] + found[1] // 2
        buffer = ctypes.create_string_buffer(200)
        raw.FPDFText_GetFontInfo(self._text, middle, buffer, 200, ctypes.byref(ctypes.c_int()))
        face = buffer.value.decode().partition("+")[2] or buffer.value.decode()
        return face, round(float(raw.FPDFText_GetFontSize(self._text, middle)), 1)
