"""A place on the page as shown and in its own coordinates: there and back, at every turn."""

from __future__ import annotations

import pytest

from docsign.pdf.page_space import as_shown, in_user_space, rotation, shown_size
from docsign.pdf.reading import read_pdf
from tests.pdf.test_rotation import turned


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_there_and_back(turn: int) -> None:
    """The page of 450 × 600 points keeps its place whatever /Rotate and /CropBox say."""
    view = read_pdf(turned(turn)).view()
    page = view.pages[0]
    assert rotation(view, page) == turn
    assert shown_size(view, page) == ((600, 450) if turn in (90, 270) else (450, 600))
    place = (10.0, 20.0, 110.0, 60.0)
    assert as_shown(view, page, in_user_space(view, page, place)) == pytest.approx(place)
