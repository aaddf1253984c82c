"""What a signature dictionary says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.pdf.changes.allowance import Lock
from docsign.pdf.field_names import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.form import form_fields
from docsign.pdf.reading import read_pdf
from docsign.pdf.signatures import closable, find_signatures, locks, permission, read_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("D:20261116081500+07'00'", datetime(2026, 11, 16, 1, 15, tzinfo=UTC)),
        ("D:20261116081500+07'00", datetime(2026, 11, 16, 1, 15, tzinfo=UTC)),
        ("D:20261116081500-0330", datetime(2026, 11, 16, 11, 45, tzinfo=UTC)),
        ("D:20261116081500Z", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        ("D:20261116081500Z00'00'", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
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
    assert read_date(text) == moment


def test_the_locks_are_read(by_both: bytes) -> None:
    """The agency's signature closes number and date; the person's closes nothing; nobody certifies."""
    view = read_pdf(by_both).view()
    fields = form_fields(view)
    found = find_signatures(view, fields)
    by_name = {name: one for one in found for name in one.fields}
    agency, person = by_name[AGENCY_SIGNATURE], by_name[PERSON_SIGNATURE]
    assert {lock.fields for lock in locks(view, agency)} == {frozenset({DOCUMENT_NUMBER, DOCUMENT_DATE})}
    assert locks(view, person) == ()
    assert closable(view, fields) == (Lock("Include", frozenset({DOCUMENT_NUMBER, DOCUMENT_DATE})),)
    assert permission(view, agency.dictionary) is None


@pytest.mark.parametrize(
    ("lock", "closed", "left_open"),
    [
        (Lock("All"), ["a", "b.c"], []),
        (Lock("Include", frozenset({"a"})), ["a", "a.b"], ["ab", "c"]),
        (Lock("Exclude", frozenset({"a"})), ["ab", "c"], ["a", "a.b"]),
    ],
)
def test_a_lock_closes_fields_and_what_is_below_them(
    lock: Lock, closed: list[str], left_open: list[str]
) -> None:
    """ISO 32000-2 12.8.2.4: All, Include, Exclude; a name stands for the fields below it."""
    assert all(lock.closes(name) for name in closed)
    assert not any(lock.closes(name) for name in left_open)
