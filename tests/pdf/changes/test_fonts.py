"""Fonts that every reader has."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.fonts import is_plain_font
from tests.pdf.changes.test_boxes import widget


@pytest.mark.parametrize(
    ("entries", "plain"),
    [
        (b"/Type/Font/Subtype/Type1/BaseFont/Helvetica", True),
        (b"/Type/Font/Subtype/Type1/BaseFont/ZapfDingbats/Name/ZaDb", True),
        (b"/Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding", True),
        (b"/Type/Font/Subtype/Type1/BaseFont/Mau", False),
        (b"/Type/Font/Subtype/TrueType/BaseFont/Helvetica", False),
        (b"/Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[49/nine]>>", False),
        (b"/Type/Font/Subtype/Type1/BaseFont/Helvetica/FontDescriptor 5 0 R", False),
        (b"/Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R", False),
    ],
)
def test_a_plain_font_has_nothing_of_its_own(entries: bytes, plain: bool) -> None:
    """One of the fourteen, in an ordinary encoding."""
    view, holder = widget(b"", entries=b"/Font<<" + entries + b">>")
    assert is_plain_font(view.get(holder, "Font")) is plain
