"""The words of a verdict, and the one answer made from many."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.sentence import say
from docsign.verdict import (
    Change,
    ChangeKind,
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
    conclude,
    rfc3339,
)

PASSED = Conclusion.passed()
FAILED = Conclusion.failed(SubIndication.HASH_FAILURE)
OTHER_FAILURE = Conclusion.failed(SubIndication.FORMAT_FAILURE)
UNKNOWN = Conclusion.indeterminate(SubIndication.TRY_LATER)
NOTHING = Conclusion.no_signature()


@pytest.mark.parametrize(
    ("answers", "whole"),
    [
        ([], NOTHING),
        ([NOTHING], NOTHING),
        ([NOTHING, PASSED], PASSED),
        ([PASSED, PASSED], PASSED),
        ([PASSED, UNKNOWN], UNKNOWN),
        ([UNKNOWN, FAILED, PASSED], FAILED),
        ([OTHER_FAILURE, FAILED], OTHER_FAILURE),
        ([FAILED, OTHER_FAILURE], FAILED),
    ],
)
def test_one_answer_from_many(answers: list[Conclusion], whole: Conclusion) -> None:
    """Failed beats indeterminate beats passed; the first of the worst gives the reason."""
    assert conclude(answers) == whole


@given(st.lists(st.sampled_from([PASSED, FAILED, OTHER_FAILURE, UNKNOWN, NOTHING])))
def test_a_good_signature_never_mends_a_bad_one(answers: list[Conclusion]) -> None:
    """Whatever is added to a failed file, it stays failed; nothing is ever better than its worst part."""
    whole = conclude(answers)
    assert conclude([*answers, PASSED]).indication in (
        whole.indication,
        Indication.TOTAL_PASSED if whole == NOTHING else whole.indication,
    )
    assert conclude([*answers, FAILED]).indication is Indication.TOTAL_FAILED


@given(st.lists(st.sampled_from([PASSED, FAILED, OTHER_FAILURE, UNKNOWN, NOTHING])))
def test_the_order_changes_the_reason_but_not_the_answer(answers: list[Conclusion]) -> None:
    """Who signs first does not decide whether the file is valid."""
    assert conclude(answers).indication is conclude(reversed(answers)).indication


def test_the_words_of_the_standard_are_kept() -> None:
    """EN 319 102-1: hyphens in indications, underscores in sub-indications, as programs expect them."""
    assert {word.value for word in Indication} == {
        "TOTAL-PASSED",
        "INDETERMINATE",
        "TOTAL-FAILED",
        "NO-SIGNATURE",
    }
    assert all(word.value == word.name for word in SubIndication)


def test_a_report_is_json_in_both_languages() -> None:
    """The keys are those of the schema, Vietnamese is written as it is read, times are UTC."""
    finding = Finding(code="x", severity=Severity.WARNING, sentence=say("There is no such file."), where="S1")
    change = Change(kind=ChangeKind.FORM_FILL, what=say("not set"), allowed=True, page=1)
    signed = SignatureReport(
        id="S1",
        format="pades",
        level="PAdES-B-T",
        conclusion=PASSED,
        signer="Nguyễn Văn Mẫu",
        signing_time=datetime(2026, 11, 22, 8, 30, tzinfo=timezone(timedelta(hours=7))),
        changes=(change,),
        findings=(finding,),
    )
    inner = Report(file="a.pdf", sha256="0" * 64, format=FileFormat.PDF, conclusion=PASSED)
    whole = Report(
        file="gói.asice",
        sha256="1" * 64,
        format=FileFormat.ASICE,
        conclusion=UNKNOWN,
        signatures=(signed,),
        contents=(("documents/a.pdf", inner),),
    ).to_json()
    assert json.loads(json.dumps(whole)) == whole
    assert whole["schema"] == 1
    assert (whole["indication"], whole["sub_indication"]) == ("INDETERMINATE", "TRY_LATER")
    (signature,) = whole["signatures"]
    assert signature["signing_time"] == "2026-11-22T01:30:00Z"
    assert signature["findings"][0]["vi"] == "Không có tệp này."
    assert signature["findings"][0]["en"] == "There is no such file."
    assert signature["changes"][0] == {"kind": "form-fill", "page": 1, "what": "chưa đặt", "allowed": True}
    assert whole["contents"][0]["report"]["file"] == "a.pdf"


def test_moments_are_written_in_utc() -> None:
    """RFC 3339 with Z, and null where nothing is known."""
    assert rfc3339(datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)) == "2026-11-22T01:02:03Z"
    assert rfc3339(None) is None
