"""Odd and honest files pass, with a word where something deserves one."""

from __future__ import annotations

import pytest

from docsign.verdict import Indication
from docsign.verification import verify
from tests.pdf.attacks.second_signer import everyone
from tests.pdf.honest.index import AT
from tests.pdf.odd import first_writing, hybrid_writing, later_writing, left_behind
from tests.pdf.odd.table import ODD, Odd
from tests.pdf.test_honest import told

MODULES = (first_writing, later_writing, left_behind, hybrid_writing)


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in ODD])
def test_an_odd_file_passes(one: Odd) -> None:
    """TOTAL-PASSED, and what is odd is told."""
    report = verify(one.make(), trust=everyone(), at=AT)
    assert report.conclusion.indication is Indication.TOTAL_PASSED, told(report)
    findings = [*report.findings, *(each for signed in report.signatures for each in signed.findings)]
    assert not one.says or one.says in {each.code for each in findings}, told(report)
