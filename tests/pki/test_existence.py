"""Proofs of existence: the earliest counts, and everything exists now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from docsign.pki.existence import Existing

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_earliest_proof_counts() -> None:
    """A later proof changes nothing, and none from the future is taken."""
    existing = Existing(NOW)
    assert existing.since(b"a") == NOW
    assert not existing.is_proved(b"a")
    existing.add([b"a", b"b"], NOW - timedelta(days=2))
    existing.add([b"a"], NOW - timedelta(days=1))
    existing.add([b"c"], NOW + timedelta(days=1))
    assert existing.since(b"a") == existing.since(b"b") == NOW - timedelta(days=2)
    assert existing.is_proved(b"a")
    assert not existing.is_proved(b"c")
