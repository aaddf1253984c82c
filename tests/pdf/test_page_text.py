"""Texts found on pages with their boxes, and what of a page is white."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.errors import PdfError
from docsign.pdf.page_text import Ink, covered_text, find_text, ink_of
from docsign.pdf.typeset import typeset

SOURCE = '#set page("a4", margin: 20mm)\n#set text(font: "Liberation Serif")\nKý tên#pagebreak()Ký tên'


def test_a_text_is_found_with_its_place_and_not_counted_as_covered() -> None:
    """On both pages; letters under a place are named, those of the marker left out."""
    pdf = typeset(SOURCE, {}, timestamp=datetime(2026, 11, 16, tzinfo=UTC)).pdf
    first, second = find_text(pdf, "Ký tên")
    assert (first.page, second.page) == (1, 2)
    assert find_text(pdf, "Ký tên", page=2) == [second]
    assert find_text(pdf, "ký tên") == []
    around = (first.box[0] - 5, first.box[1] - 5, first.box[2] + 5, first.box[3] + 5)
    assert covered_text(pdf, 1, around) == "Ký tên"
    assert covered_text(pdf, 1, around, but=first) == ""
    with pytest.raises(PdfError):
        find_text(b"%PDF-1.7 nothing", "Ký")


def test_white_is_counted_by_the_millimetre() -> None:
    """One dark millimetre is found in every place that holds it and in no other."""
    rows = [bytearray(b"\xff" * 6) for _ in range(5)]
    rows[2][3] = 0
    ink = Ink.of([bytes(row) for row in rows])
    for left in range(6):
        for top in range(5):
            assert ink.is_free(left, top, left + 1, top + 1) is ((left, top) != (3, 2))
    assert not ink.is_free(0, 0, 6, 5)
    drawn = ink_of(typeset(SOURCE, {}, timestamp=datetime(2026, 11, 16, tzinfo=UTC)).pdf, 1)
    assert (drawn.width, drawn.height) in ((210, 297), (210, 298), (211, 298))
    assert not drawn.is_free(18, 18, 60, 30)
    assert drawn.is_free(0, 60, drawn.width, drawn.height)
