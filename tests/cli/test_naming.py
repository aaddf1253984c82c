"""Which envelope a typed ID means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.cli.naming import is_named, require_one
from docsign.errors import UsageError
from docsign.exchange.wire import InboxItem

ITEM = InboxItem(
    delivery="d-1",
    sha256="1a" * 32,
    size=10,
    sender="H99.31",
    document_id="H99.31,2026/11/20,125/UBND-VX",
    subject="V/v thử nghiệm",
    priority=0,
    accepted_at=datetime(2026, 11, 20, tzinfo=UTC),
    state="queued",
)


@pytest.mark.parametrize(
    ("typed", "is_meant"),
    [
        ("1a1a1a1a", True),
        ("1A" * 32, True),
        ("d-1", True),
        (ITEM.document_id, True),
        ("1a1a1a1", False),
        ("a1a1a1a1", False),
        ("125/UBND-VX", False),
    ],
)
def test_what_waits_is_named_by_digits_document_or_delivery(typed: str, is_meant: bool) -> None:
    """Eight digits of the SHA-256 at least, in either case."""
    assert is_named(ITEM, ["không có", typed]) is is_meant


def test_a_name_means_one_envelope() -> None:
    """None and several are both said, the first with what would help."""
    require_one({"1a" * 32}, "1a1a1a1a")
    with pytest.raises(UsageError) as none:
        require_one(set(), "1a1a1a1a")
    assert none.value.hint is not None
    with pytest.raises(UsageError, match="several"):
        require_one({"1a" * 32, "1b" * 32}, "125")
