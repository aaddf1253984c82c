"""Algorithms are reliable until a date, which the table of the package holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.pki.authority import TrialAuthority
from docsign.pki.strength import AlgorithmUse, reliable_until, uses_of, weakest


def day(text: str) -> datetime:
    """Return the start of a day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("use", "end"),
    [
        (AlgorithmUse(digest="md5"), "2004-08-01"),
        (AlgorithmUse(digest="sha1"), "2012-08-01"),
        (AlgorithmUse(digest="sha256"), None),
        (AlgorithmUse(digest="sha3_512"), None),
        (AlgorithmUse(family="rsa", bits=1000), "2010-08-01"),
        (AlgorithmUse(family="rsa", bits=1024), "2019-10-01"),
        (AlgorithmUse(family="rsa", bits=2047), "2025-01-01"),
        (AlgorithmUse(family="rsa", bits=2048), None),
        (AlgorithmUse(family="rsa", bits=4096), None),
        (AlgorithmUse(family="ecdsa", bits=192), "2012-08-01"),
        (AlgorithmUse(family="ecdsa", bits=224), "2021-10-01"),
        (AlgorithmUse(family="ecdsa", bits=256), None),
        (AlgorithmUse(family="eddsa", bits=256), None),
    ],
)
def test_each_algorithm_ends_when_the_table_says(use: AlgorithmUse, end: str | None) -> None:
    """ETSI TS 119 312: digests by name, keys by their length."""
    assert use.end == (None if end is None else day(end))


def test_a_forecast_fails_nothing() -> None:
    """RSA below 3000 bits is expected to hold until 2029: that is for planning."""
    use = AlgorithmUse(family="rsa", bits=2048)
    assert use.forecast == day("2029-01-01")
    assert weakest([use], day("2035-01-01")) is None


def test_the_first_to_end_is_named() -> None:
    """Of several that ended, the one that ended first; before its end none."""
    uses = [AlgorithmUse(digest="sha1"), AlgorithmUse(digest="md5"), AlgorithmUse(digest="sha256")]
    assert weakest(uses, day("2020-01-01")) == uses[1]
    assert weakest(uses, day("2004-07-31")) is None
    assert reliable_until(uses, day("2020-01-01")) == day("2004-08-01")
    assert reliable_until(uses[2:], day("2020-01-01")) == day("2020-01-01")


def test_what_is_unknown_is_reliable_at_no_time() -> None:
    """A key of a kind that is not supported."""
    assert weakest([AlgorithmUse(unknown=True, holder="Trần Thị Thử")], day("1990-01-01")) is not None


def test_a_certificate_rests_on_its_key_and_its_digest(authority: TrialAuthority) -> None:
    """An anchor rests on its key alone: nobody looks at its signature."""
    assert {use.digest for use in uses_of(authority.issuing)} == {"", "sha256"}
    assert [use.digest for use in uses_of(authority.root, is_anchor=True)] == [""]
