"""Every trick has its answer, every legal change passes: the tables of ``tests.pdf.attacks``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from docsign.verdict import Indication, Report, Severity
from docsign.verification import verify
from tests.pdf.attacks.cases import attacks, legal_changes
from tests.pdf.attacks.later_signatures import EMPTY_PLACE, field_reuses_a_signature, visible_signature
from tests.pdf.attacks.loops import LOOPS
from tests.pdf.attacks.second_signer import clear_form, everyone
from tests.pdf.attacks.table import GENERAL, GOOD, Answer, Case, good
from tests.pdf.honest.index import AT
from tests.pdf.not_yet import ATTACKS, LEGAL, case
from tests.pdf.test_honest import told

SECONDS = 3.0
"""The budget of one verdict, of the processor's time: how busy the machine is does not matter."""
MEGABYTES = 256

HEAVY = [one for one in (*attacks(), *legal_changes()) if one.row == LOOPS or "overlapping" in one.name]


def judged(pdf: bytes) -> Report:
    """Return the verdict at the time of the honest files, within its budget of time."""
    started = time.process_time()
    report = verify(pdf, trust=everyone(), at=AT)
    assert time.process_time() - started < SECONDS
    return report


def require(report: Report, answer: Answer) -> None:
    """Hold a verdict to its answer."""
    assert report.conclusion.indication is answer.indication, told(report)
    if answer.subs:
        assert report.conclusion.sub_indication in answer.subs, told(report)
    for kind, allowed in ((answer.refused, False), (answer.listed, True)):
        if kind is None:
            continue
        named = [
            change
            for signature in report.signatures
            for change in signature.changes
            if change.kind is kind and change.allowed is allowed
        ]
        assert named, told(report)
        if answer.page is not None:
            assert answer.page in {change.page for change in named}, told(report)
    if answer.warns:
        findings = [*report.findings, *(one for signature in report.signatures for one in signature.findings)]
        codes = {one.code for one in findings if one.severity is not Severity.INFO}
        assert codes - {"two-signatures"}, told(report)


@pytest.mark.parametrize("name", GOOD)
def test_the_good_files_pass(name: str) -> None:
    """What the tricks are played on is in order: it is the trick that fails."""
    assert judged(good(name)).conclusion.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("attack", [case(one.name, one, not_yet=ATTACKS) for one in attacks()])
def test_an_attack_has_its_answer(attack: Case) -> None:
    """The verdict, its reason, and where the trick changed something, what and on which page."""
    require(judged(attack.make()), attack.answer)


@pytest.mark.parametrize("change", [case(one.name, one, not_yet=LEGAL) for one in legal_changes()])
def test_a_legal_change_passes(change: Case) -> None:
    """TOTAL-PASSED, and the change is listed."""
    require(judged(change.make()), change.answer)


@pytest.mark.parametrize("heavy", [case(one.name, one, not_yet=ATTACKS | LEGAL) for one in HEAVY])
def test_loops_and_bombs_stay_within_memory(heavy: Case, tmp_path: Path) -> None:
    """A process that judges the file needs no more than its budget."""
    path = tmp_path / "in.pdf"
    path.write_bytes(heavy.make())
    program = (
        "import sys; from docsign.verification import verify; from tests.peak_memory import peak_memory;"
        "verify(sys.argv[1]); print(peak_memory() // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < MEGABYTES


@pytest.mark.parametrize("name", GENERAL)
def test_one_signature_in_two_fields_is_one(name: str) -> None:
    """A field that points at an old signature adds no signature; both names are told."""
    before = judged(good(name)).signatures
    report = judged(field_reuses_a_signature(good(name)))
    assert len(report.signatures) == len(before), told(report)
    assert set(report.signatures[0].field_names) == {*before[0].field_names, "LaiKy"}, told(report)


def test_a_new_picture_is_told_with_page_and_box() -> None:
    """The warning about a visible signature in a new field says where it stands."""
    report = judged(visible_signature(good("typst"), clear_form()))
    findings = [*report.findings, *(one for signature in report.signatures for one in signature.findings)]
    said = [f"{one.where} {one.sentence.text('en')}" for one in findings if one.severity is Severity.WARNING]
    left, bottom, *_ = EMPTY_PLACE
    assert any(str(int(left)) in line and str(int(bottom)) in line for line in said), said


def test_the_names_of_the_cases_are_unique() -> None:
    """Each case has a name of its own, by which it can be run alone."""
    names = [one.name for one in (*attacks(), *legal_changes())]
    assert len(names) == len(set(names))
