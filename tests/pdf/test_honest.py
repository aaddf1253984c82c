"""No false alarm: every honest file, at every stage of its life, has the verdict its index gives."""

from __future__ import annotations

import pytest

from docsign.verdict import Report
from docsign.verification import verify
from tests.pdf.honest.index import AT, FOLDER, Stage, stages, trust
from tests.pdf.not_yet import HONEST, case

SIZE_LIMIT = 5_000_000


def told(report: Report) -> str:
    """Return the verdict with its reasons, for a failing test to show."""
    lines = [f"{report.conclusion.indication} {report.conclusion.sub_indication or ''}"]
    lines += [f"file: {finding.code}: {finding.sentence.text('en')}" for finding in report.findings]
    for signature in report.signatures:
        lines.append(f"{signature.id} {signature.field_names} {signature.level} {signature.conclusion}")
        lines += [f"  {finding.code}: {finding.sentence.text('en')}" for finding in signature.findings]
        lines += [f"  {one.kind} allowed={one.allowed} {one.what.text('en')}" for one in signature.changes]
    return "\n".join(lines)


@pytest.mark.parametrize("stage", [case(one.name, one, not_yet=HONEST) for one in stages()])
def test_an_honest_file_has_its_verdict(stage: Stage) -> None:
    """Indication, sub-indication, the level of every signature, the number of document time-stamps."""
    report = verify(stage.data(), trust=trust(), at=AT, password=stage.password)
    assert report.conclusion == stage.conclusion, told(report)
    assert len(report.signatures) == len(stage.levels), told(report)
    for signature, level in zip(report.signatures, stage.levels, strict=True):
        assert level in ("", signature.level), told(report)
    assert len(report.timestamps) == stage.timestamps, told(report)


def test_what_is_allowed_is_listed() -> None:
    """A passing signature with something after it names what came after: nothing is silent."""
    silent = []
    for stage in stages():
        if stage.name in HONEST or stage.conclusion.indication != "TOTAL-PASSED":
            continue
        report = verify(stage.data(), trust=trust(), at=AT, password=stage.password)
        silent += [
            f"{stage.name} {one.id}"
            for one in report.signatures
            if one.coverage == "revision" and not one.changes
        ]
    assert not silent


def test_without_trust_the_levels_are_the_same() -> None:
    """What a file holds does not depend on whom one trusts: intact, its level told, and INDETERMINATE."""
    for stage in stages():
        if stage.name in HONEST or stage.conclusion.indication != "TOTAL-PASSED":
            continue
        report = verify(stage.data(), at=AT, password=stage.password)
        assert report.conclusion.indication == "INDETERMINATE", (stage.name, told(report))
        assert report.conclusion.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND", (stage.name, told(report))
        for signature, level in zip(report.signatures, stage.levels, strict=True):
            assert signature.intact is True, (stage.name, told(report))
            assert level in ("", signature.level), (stage.name, told(report))


def test_the_folder_and_its_index_agree() -> None:
    """Every file has its row, every row its file, and the folder stays small."""
    files = {path.stem: path.stat().st_size for path in FOLDER.glob("*.pdf")}
    rows = {stage.file for stage in stages()}
    assert set(files) == rows
    assert sum(files.values()) < SIZE_LIMIT
