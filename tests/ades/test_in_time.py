"""A path is judged now, and where it ended meanwhile, at the time that a time-stamp proves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from docsign.ades.in_time import best_time, judge_path_in_time, time_remarks
from docsign.pki import SigningKey, Trust
from docsign.verdict import Conclusion, Indication, SubIndication, TimestampReport

NOW = datetime.now(UTC)


def stamp(time: datetime | None, conclusion: Conclusion) -> TimestampReport:
    """Return a time-stamp's report."""
    return TimestampReport(id="T", kind="signature", conclusion=conclusion, time=time)


PASSED = Conclusion.passed()
OPEN = Conclusion.indeterminate(SubIndication.TRY_LATER)


def test_the_earliest_passing_stamp_proves() -> None:
    """Others prove nothing."""
    early, late = NOW - timedelta(days=2), NOW - timedelta(days=1)
    assert best_time([stamp(late, PASSED), stamp(early, PASSED), stamp(early - timedelta(9), OPEN)]) == early
    assert best_time([stamp(early, OPEN), stamp(None, PASSED)]) is None


@pytest.mark.parametrize(
    ("years", "proved", "indication", "sub"),
    [
        (0, None, Indication.TOTAL_PASSED, None),
        (50, None, Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE),
        (50, NOW, Indication.TOTAL_PASSED, None),
        (0, NOW - timedelta(days=20000), Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID),
    ],
)
def test_an_ended_certificate_counts_at_the_proved_time(
    agency_key: SigningKey,
    trust: Trust,
    years: int,
    proved: datetime | None,
    indication: Indication,
    sub: SubIndication | None,
) -> None:
    """Expired without proof is open, with proof it passes, proved before it began it fails."""
    conclusion, findings = judge_path_in_time(
        agency_key.certificate,
        others=agency_key.chain,
        trust=trust,
        at=NOW + timedelta(days=365 * years),
        best=proved,
    )
    assert (conclusion.indication, conclusion.sub_indication) == (indication, sub)
    if years and proved is not None:
        assert "proved-in-time" in {finding.code for finding in findings}


def test_odd_times_are_remarked(agency_key: SigningKey) -> None:
    """A clock that is ahead, a claim outside the certificate's life, a stamp that proves nothing."""

    def codes(claimed: datetime | None, best: datetime | None, *stamps: TimestampReport) -> list[str]:
        certificate = agency_key.certificate
        found = time_remarks(stamps, claimed=claimed, best=best, certificate=certificate, at=NOW)
        return [finding.code for finding in found]

    assert codes(NOW, None) == []
    assert codes(None, None) == []
    assert codes(NOW + timedelta(hours=1), None) == ["claimed-time-later"]
    assert codes(NOW - timedelta(days=20000), None) == ["claimed-time-outside"]
    assert codes(NOW, None, stamp(NOW, OPEN)) == ["timestamp-proves-nothing"]
    assert codes(NOW, NOW, stamp(NOW, PASSED)) == []
