"""The counts of a certificate: connections, bytes on their way, bytes of a day, and what presses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relay_server.core.quotas import TOLERATED, Intake, Quotas
from relay_server.core.refusals import RefusalError

DAY = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
"""9:15:30 in Vietnam."""


def test_connections_are_served_then_told_off_then_cut() -> None:
    """Two are allowed, a few more get an answer, the rest none; one that leaves makes room again."""
    quotas = Quotas(connections=2, bytes_in_flight=0, bytes_a_day=0)
    told = [quotas.enter("xã") for _ in range(2 + TOLERATED + 2)]
    assert told == [True, True, *[False] * TOLERATED, None, None]
    assert quotas.enter("tỉnh") is True
    for _ in told[1:]:
        quotas.leave("xã")
    assert quotas.enter("xã") is True
    assert all(Quotas(connections=0, bytes_in_flight=0, bytes_a_day=0).enter("xã") for _ in range(1000))


def test_one_that_leaves_makes_room_for_one_and_the_last_leaves_nothing_behind() -> None:
    """Opening and closing over and over never counts others away; who has gone takes up no memory."""
    quotas = Quotas(connections=2, bytes_in_flight=0, bytes_a_day=0)
    assert [quotas.enter("xã") for _ in range(3)] == [True, True, False]
    quotas.leave("xã")
    assert quotas.enter("xã") is False
    quotas.leave("xã")
    quotas.leave("xã")
    assert quotas.enter("xã") is True
    quotas.leave("xã")
    quotas.leave("xã")
    assert len(quotas.open) == 0  # nor a nought for each that ever came


def test_one_body_that_ends_gives_back_its_own_bytes_alone() -> None:
    """What others of the certificate still send stays counted; without a limit any number come at once."""
    quotas = Quotas(connections=0, bytes_in_flight=100, bytes_a_day=0)
    with quotas.coming("xã", 60):
        with quotas.coming("xã", 40):
            pass
        with pytest.raises(RefusalError), quotas.coming("xã", 41):
            pass
    assert len(quotas._coming) == 0
    free = Quotas(connections=0, bytes_in_flight=0, bytes_a_day=0)
    with free.coming("xã", 10**12), free.coming("xã", 10**12):
        pass


def test_bytes_on_their_way_are_held_and_given_back() -> None:
    """One body may always come, whatever its size; a second one only within the limit; an error frees too."""
    quotas = Quotas(connections=0, bytes_in_flight=100, bytes_a_day=0)
    with quotas.coming("xã", 150), pytest.raises(RefusalError), quotas.coming("xã", 10):
        pass
    with quotas.coming("xã", 60), quotas.coming("xã", 40), quotas.coming("tỉnh", 100):
        with pytest.raises(RefusalError) as refused, quotas.coming("xã", 1):
            pass
        assert refused.value.problem.status == 429
    with pytest.raises(ZeroDivisionError), quotas.coming("xã", 100):
        _ = 1 / 0
    with quotas.coming("xã", 100):
        pass


def test_a_days_bytes_are_used_up_and_come_back_the_next_day() -> None:
    """Counted as they come, for each certificate; no limit counts nothing against anyone."""
    quotas = Quotas(connections=0, bytes_in_flight=0, bytes_a_day=100)
    quotas.came("xã", 100, DAY)
    quotas.came("tỉnh", 1, DAY)
    with pytest.raises(RefusalError) as refused:
        quotas.came("xã", 1, DAY)
    wait = timedelta(hours=14, minutes=44, seconds=30)  # "tomorrow" begins where its reader lives
    assert refused.value.also == {"Retry-After": str(int(wait.total_seconds()) + 1)}
    with pytest.raises(RefusalError):
        quotas.came("xã", 1, DAY + wait - timedelta(seconds=1))
    quotas.came("xã", 100, DAY + wait)
    Quotas(connections=0, bytes_in_flight=0, bytes_a_day=0).came("xã", 10**15, DAY)


def test_the_brake_holds_while_too_much_waits() -> None:
    """At the limit the next one is asked to wait; when one is done it is let in."""
    intake = Intake()
    with intake.entered():
        intake.require_calm(2)
        with intake.entered():
            with pytest.raises(RefusalError) as refused:
                intake.require_calm(2)
            assert (refused.value.problem.status, refused.value.problem.retry) == (503, True)
        intake.require_calm(2)
