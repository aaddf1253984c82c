"""The way to issue: nothing is skipped, nobody does another's work, and what was issued stays as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document.issuing import (
    ALL_CHECKS,
    MAKERS,
    TABLE,
    StepRefusedError,
    advance,
    possible,
    require_maker,
    row_for,
)
from docsign.document.outgoing import Check, Facts, Outgoing, Person, Role, Stage, Step
from docsign.envelope.header import VIETNAM_TIME, Priority

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=VIETNAM_TIME)
DRAFT = Outgoing(
    id=1,
    kind="Quyết định",
    notation="QĐ-UBND",
    subject="về việc kiện toàn tổ công tác",
    signer="Nguyễn Văn Mẫu",
    drafter="thu",
    file="aa",
)
LETTER = Outgoing(
    id=9,
    kind="Công văn",
    notation="UBND-VP",
    subject="đính chính",
    signer="Nguyễn Văn Mẫu",
    drafter="thu",
    stage=Stage.ISSUED,
    number=3,
)
NEW_DECISION = replace(DRAFT, id=8, stage=Stage.STORED, number=4)
EVERYBODY = Person(id="moi", name="Trần Thị Thử", roles=frozenset(Role))
WAY = (
    Step.SUBMIT,
    Step.CHECK_CONTENT,
    Step.CHECK_FORM,
    Step.SIGN,
    Step.NUMBER,
    Step.SEAL,
    Step.ISSUE,
    Step.STORE,
)


def person(role: Role) -> Person:
    """Return somebody of this role alone."""
    return Person(id=role.value, name="Nguyễn Văn Mẫu", roles=frozenset({role}))


def facts_for(step: Step) -> Facts:
    """Return all that the step can need."""
    other = NEW_DECISION if step is Step.REPLACE else LETTER if step is Step.CORRECT else None
    return Facts(
        file=f"after-{step.value}",
        reason="Lý do thử",
        series="quyet-dinh",
        number=7,
        certificate="CN",
        other=other,
    )


def walk(document: Outgoing, *steps: Step) -> Outgoing:
    """Take these steps, each by somebody who may."""
    for step in steps:
        document = advance(document, step, EVERYBODY, NOW, facts_for(step))
    return document


def test_the_whole_way() -> None:
    """Draft, submitted, checked, signed, numbered, sealed, issued, stored: each leaves its mark."""
    done = walk(DRAFT, *WAY)
    assert done.stage is Stage.STORED
    assert (done.number, done.day, done.code) == (7, date(2026, 11, 16), "07/QĐ-UBND")
    assert done.file == "after-seal"
    assert (done.signed_at, done.issued_at, done.stored_at) == (NOW, NOW, NOW)
    assert done.steps == len(WAY) + 1


@pytest.mark.parametrize("missing", WAY)
def test_no_step_can_be_skipped(missing: Step) -> None:
    """With any one left out, storing is never reached."""
    with pytest.raises(StepRefusedError):
        walk(DRAFT, *(step for step in WAY if step is not missing), Step.REVOKE, Step.REVOKE)


@given(st.lists(st.sampled_from(list(Step)), max_size=40))
def test_however_it_goes_the_order_holds(steps: list[Step]) -> None:
    """Any history of attempts: a sealed document is numbered and signed, a signed one was checked."""
    document, taken = DRAFT, list[Step]()
    for step in steps:
        try:
            document = advance(document, step, EVERYBODY, NOW, facts_for(step))
        except StepRefusedError:
            assert step not in possible(document) or step is Step.SIGN
        else:
            taken.append(step)
    later = {Stage.SEALED, Stage.ISSUED, Stage.STORED, Stage.REVOKED, Stage.REPLACED}
    if document.stage in later:
        assert document.number is not None
        assert document.signed_at is not None
        positions = [taken.index(step) for step in (Step.SUBMIT, Step.SIGN, Step.NUMBER, Step.SEAL)]
        assert positions == sorted(positions)
        assert taken.count(Step.NUMBER) - taken.count(Step.FREE_NUMBER) == 1
    if document.signed_at is not None:
        assert document.checks == ALL_CHECKS
    assert document.steps == len(taken) + 1


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.step.value}-{'-'.join(sorted(row.stages))}")
def test_each_step_is_for_its_roles_alone(row: object) -> None:
    """Whoever has another role is told whose work it is."""
    from docsign.document.issuing import Row

    assert isinstance(row, Row)
    for stage in row.stages:
        document = replace(
            DRAFT, stage=stage, checks=ALL_CHECKS, medium=row.medium or "electronic", signed_at=NOW, number=1,
            signatures_left=2 if row.step is Step.COSIGN else 1,
        )  # fmt: skip
        for role in Role:
            step = row.step
            if role in row.by:
                assert advance(document, step, person(role), NOW, facts_for(step)).stage is (row.to or stage)
            else:
                with pytest.raises(StepRefusedError, match="is for"):
                    advance(document, step, person(role), NOW, facts_for(step))


def test_making_is_for_its_roles() -> None:
    """Drafters draft, the clerk registers paper."""
    for step, roles in MAKERS.items():
        for role in Role:
            if role in roles:
                require_maker(step, person(role))
            else:
                with pytest.raises(StepRefusedError):
                    require_maker(step, person(role))


def test_each_stage_allows_a_step_once() -> None:
    """The table is unambiguous."""
    for stage in Stage:
        for medium in ("electronic", "paper"):
            rows = [row.step for row in TABLE if stage in row.stages and row.medium in (None, medium)]
            assert len(rows) == len(set(rows))


@pytest.mark.parametrize("stage", [Stage.REVOKED, Stage.REPLACED, Stage.ABANDONED])
def test_what_is_over_stays_over(stage: Stage) -> None:
    """A revoked document is frozen (ND 30/2020 PL VI)."""
    assert possible(replace(DRAFT, stage=stage)) == ()


def test_returned_and_submitted_again() -> None:
    """A return has its reason; the checks begin anew; the change is a new version."""
    returned = walk(DRAFT, Step.SUBMIT, Step.CHECK_FORM, Step.RETURN)
    assert (returned.stage, returned.reason) == (Stage.RETURNED, "Lý do thử")
    again = walk(returned, Step.REVISE, Step.COMMENT, Step.SUBMIT)
    assert (again.version, again.checks, again.file) == (2, frozenset(), "after-revise")
    with pytest.raises(StepRefusedError, match="content, form"):
        walk(again, Step.SIGN)


@pytest.mark.parametrize(
    ("checks", "needed"),
    [(frozenset[Check](), 0), (frozenset[Check]({"form"}), 1), (ALL_CHECKS, 2)],
)
def test_the_agency_says_which_checks_it_demands(checks: frozenset[Check], needed: int) -> None:
    """Both unless it says otherwise (ND 30/2020 Art. 12)."""
    done = (Step.CHECK_FORM, Step.CHECK_CONTENT)[:needed]
    submitted = walk(DRAFT, Step.SUBMIT, *done)
    signed = advance(submitted, Step.SIGN, EVERYBODY, NOW, facts_for(Step.SIGN), checks=checks)
    assert signed.stage is Stage.SIGNED


@pytest.mark.parametrize("step", [Step.COMMENT, Step.ABANDON])
@pytest.mark.parametrize("reason", [None, "", "  ", "x" * 1001])
def test_a_reason_is_a_reason(step: Step, reason: str | None) -> None:
    """Neither empty nor endless."""
    with pytest.raises(StepRefusedError):
        advance(DRAFT, step, EVERYBODY, NOW, Facts(reason=reason))


def test_what_a_step_needs_is_named() -> None:
    """No signature without the signed file, no number without a number."""
    checked = walk(DRAFT, Step.SUBMIT, Step.CHECK_CONTENT, Step.CHECK_FORM)
    with pytest.raises(StepRefusedError, match="file"):
        advance(checked, Step.SIGN, EVERYBODY, NOW)
    with pytest.raises(StepRefusedError, match="number"):
        advance(walk(checked, Step.SIGN), Step.NUMBER, EVERYBODY, NOW)


def test_a_date_lies_between_signature_and_today() -> None:
    """Neither before the signature nor ahead."""
    signed = walk(DRAFT, *WAY[:4])
    later = NOW + timedelta(days=2)
    for day in (date(2026, 11, 15), date(2026, 11, 19)):
        with pytest.raises(StepRefusedError, match="16/11/2026"):
            advance(signed, Step.NUMBER, EVERYBODY, later, Facts(number=1, day=day))
    numbered = advance(signed, Step.NUMBER, EVERYBODY, later, Facts(number=1, day=date(2026, 11, 17)))
    assert numbered.day == date(2026, 11, 17)


def test_a_number_is_given_back_before_the_seal_alone() -> None:
    """Afterwards it stands in a sealed file."""
    freed = walk(DRAFT, *WAY[:5], Step.FREE_NUMBER)
    assert (freed.stage, freed.number, freed.day) == (Stage.SIGNED, None, None)
    with pytest.raises(StepRefusedError):
        walk(DRAFT, *WAY[:6], Step.FREE_NUMBER)


def test_a_decision_is_replaced_by_a_decision_and_corrected_by_a_letter() -> None:
    """Equal form for content, an official letter for form (ND 30/2020 Art. 18)."""
    issued = walk(DRAFT, *WAY[:7])
    assert walk(issued, Step.REPLACE).replaced_by == 8
    assert walk(issued, Step.CORRECT).corrected_by == (9,)
    for step, other in (
        (Step.REPLACE, LETTER),
        (Step.REPLACE, replace(NEW_DECISION, normative=True)),
        (Step.REPLACE, replace(NEW_DECISION, stage=Stage.SEALED)),
        (Step.REPLACE, issued),
        (Step.CORRECT, NEW_DECISION),
    ):
        with pytest.raises(StepRefusedError):
            advance(issued, step, EVERYBODY, NOW, Facts(other=other))


def test_paper_is_numbered_after_it_was_signed_on_paper() -> None:
    """It needs no files, and goes the rest of the way."""
    paper = replace(DRAFT, medium="paper", stage=Stage.SIGNED, file="")
    numbered = advance(paper, Step.NUMBER, EVERYBODY, NOW, Facts(number=2))
    assert advance(numbered, Step.SEAL, EVERYBODY, NOW).stage is Stage.SEALED
    assert row_for(replace(DRAFT, medium="paper"), Step.SIGN) is None


def test_plain_values_come_back() -> None:
    """What a store writes, it reads."""
    full = replace(walk(DRAFT, *WAY), recipients=("Như trên",), corrected_by=(9,), urgency=Priority.URGENT)
    assert Outgoing.from_json(full.to_json()) == full


def test_stages_steps_and_roles_have_words() -> None:
    """In Vietnamese and English."""
    for one in (*Stage, *Step, *Role):
        assert one.sentence.text("vi") != one.sentence.text("en")


def test_several_sign_one_after_the_other() -> None:
    """The last signature alone takes the document on; before it, it stays where it is."""
    waiting = replace(DRAFT, stage=Stage.SUBMITTED, checks=ALL_CHECKS, signatures_left=2)
    with pytest.raises(StepRefusedError, match="cosign"):
        advance(waiting, Step.SIGN, EVERYBODY, NOW, facts_for(Step.SIGN))
    one = advance(waiting, Step.COSIGN, EVERYBODY, NOW, facts_for(Step.SIGN))
    assert (one.stage, one.signatures_left) == (Stage.SUBMITTED, 1)
    both = advance(one, Step.SIGN, EVERYBODY, NOW, facts_for(Step.SIGN))
    assert (both.stage, both.signatures_left, both.signed_at) == (Stage.SIGNED, 0, NOW)
