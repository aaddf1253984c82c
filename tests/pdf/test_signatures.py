"""What a signature dictionary says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.errors import PdfError
from docsign.pdf.signatures import MOST_SIGNATURES, claimed_time, find_signatures, open_pdf


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("D:20261116081500+07'00'", datetime(2026, 11, 16, 1, 15, tzinfo=UTC)),
        ("D:20261116081500+07'00", datetime(2026, 11, 16, 1, 15, tzinfo=UTC)),
        ("D:20261116081500-0330", datetime(2026, 11, 16, 11, 45, tzinfo=UTC)),
        ("D:20261116081500Z", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        ("D:20261116081500", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        ("D:2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("D:20261332000000", None),
        ("D:00001116081500Z", None),
        ("D:99991231235959-23'59'", None),
        ("D:20261116081500+99'00'", None),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_the_claimed_time_is_read(text: str, moment: datetime | None) -> None:
    """PDF dates in their forms (ISO 32000-2 7.9.4); what is no date is no time."""
    assert claimed_time(_Dictionary({"/M": text})) == moment


class _Dictionary(dict[str, object]):
    """A dictionary as pyHanko has them."""

    def raw_get(self, key: str) -> object:
        """Return the value as it stands."""
        return self[key]


def test_too_many_signatures_are_refused() -> None:
    """A budget, not a rule of PDF."""
    fields = {
        f"S{number}": _Dictionary({"/FT": "/Sig", "/V": _Dictionary()})
        for number in range(MOST_SIGNATURES + 1)
    }
    with pytest.raises(PdfError):
        find_signatures(fields)
    assert len(find_signatures(dict(list(fields.items())[:5]))) == 5


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n-5\n%%EOF"])
def test_what_cannot_be_opened_is_one_error(data: bytes) -> None:
    """Whatever pyHanko raises."""
    with pytest.raises(PdfError):
        open_pdf(data, None)
