"""A verdict that may use the net: judged, what was missing fetched, judged again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from docsign.pdf.judge import judge_pdf
from docsign.pdf.judgement import PdfJudgement
from docsign.pki.asking import FetchLimits
from docsign.pki.collecting import Fetched
from docsign.pki.online import judge_online
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.pki.wanting import noting
from docsign.sentence import say
from docsign.verdict import Conclusion, Finding, Severity, SubIndication
from tests.ades.time_cases import SIGNED, World
from tests.pki.certifying import year

HOUR = timedelta(hours=1)


class Net:
    """What would be fetched, and who was asked about."""

    def __init__(self, data: ValidationData) -> None:
        self.data = data
        self.asked: list[tuple[str, str]] = []
        self.findings: tuple[Finding, ...] = ()

    def fetch(self, certificate: object, **named: object) -> Fetched:
        """Stand in for the fetching."""
        assert isinstance(named["limits"], FetchLimits)
        self.asked.append((str(getattr(certificate, "subject", "")), str(named["role"])))
        return Fetched(data=self.data, findings=self.findings)


def test_what_is_missing_is_fetched_and_decides() -> None:
    """Signer and service are unknown at first; with the lists that come both hold."""
    world = World()
    pdf = world.signed_pdf(stamped=SIGNED)
    at = SIGNED + 24 * HOUR
    net = Net(world.lists(at - HOUR))

    def judge(trust: Trust) -> PdfJudgement:
        return judge_pdf(pdf, trust=trust, at=at)

    offline = judge(world.trust)
    assert offline.conclusion == Conclusion.indeterminate(SubIndication.TRY_LATER)
    answer, findings = judge_online(judge, trust=world.trust, at=at, fetch=net.fetch)
    assert answer.conclusion == Conclusion.passed()
    assert answer.signatures[0].best_signature_time == SIGNED
    assert findings == ()
    assert {role for _, role in net.asked} == {"sign", "tsa"}


def test_an_archive_needs_only_the_last_service() -> None:
    """Of a file archived in 2025, in 2035 only the last service's status is looked for first."""
    world = World()
    pdf = world.archived(world.signed_pdf(stamped=SIGNED), SIGNED + 2 * HOUR, data=world.lists(SIGNED + HOUR))
    pdf = world.archived(pdf, year(2025, 6), data=world.lists(year(2025, 6) - HOUR), tsa=world.tsa_next)
    at = year(2035)
    net = Net(world.lists(at - HOUR))
    answer, _ = judge_online(
        lambda trust: judge_pdf(pdf, trust=trust, at=at), trust=world.trust, at=at, fetch=net.fetch
    )
    assert answer.conclusion == Conclusion.passed()
    assert any("Dấu thời gian hai" in name for name, _ in net.asked)


def test_where_nothing_is_missing_nothing_is_asked() -> None:
    """A file that carries its lists, and one that failed for good."""
    world = World()
    at = SIGNED + 24 * HOUR
    whole = world.with_data(world.signed_pdf(stamped=SIGNED), world.lists(SIGNED + HOUR))
    net = Net(ValidationData())
    answer, _ = judge_online(
        lambda trust: judge_pdf(whole, trust=trust, at=at), trust=world.trust, at=at, fetch=net.fetch
    )
    assert (answer.conclusion, net.asked) == (Conclusion.passed(), [])
    stranger = Trust.nothing()
    answer, _ = judge_online(
        lambda trust: judge_pdf(whole, trust=trust, at=at), trust=stranger, at=at, fetch=net.fetch
    )
    assert net.asked == []


def test_what_could_not_be_fetched_is_told_and_nothing_loops() -> None:
    """Nothing came: each certificate was asked about once, the verdict waits."""
    world = World()
    at = SIGNED + 24 * HOUR
    pdf = world.signed_pdf(stamped=SIGNED)
    net = Net(ValidationData())
    net.findings = (
        Finding(
            code="not-fetched",
            severity=Severity.WARNING,
            sentence=say("The address cannot be reached."),
            where="http://ca.example/x.crl",
        ),
    )
    answer, findings = judge_online(
        lambda trust: judge_pdf(pdf, trust=trust, at=at), trust=world.trust, at=at, fetch=net.fetch
    )
    assert answer.conclusion == Conclusion.indeterminate(SubIndication.TRY_LATER)
    assert findings == net.findings
    assert len(net.asked) == len(set(net.asked)) == 2


def test_notes_are_taken_only_for_who_asks() -> None:
    """Outside the block nothing is kept, also after an error inside it."""
    world = World()
    pdf = world.signed_pdf()
    with noting() as notes:
        judge_pdf(pdf, trust=world.trust, at=SIGNED)
        assert len(notes) == 1
    with pytest.raises(KeyError), noting():
        raise KeyError
    judge_pdf(pdf, trust=world.trust, at=SIGNED)
    assert len(notes) == 1
