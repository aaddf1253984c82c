"""Incoming documents: one number each, warned of when they come twice, followed up in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from docsign.document.issuing import StepRefusedError
from docsign.document.working_days import Duty
from docsign.envelope.header import Header, Organization, Priority, Signer
from docsign.errors import DocumentError, UsageError
from docsign.office import Incoming, OfficeStore, Staff
from docsign.office.arrivals import DuplicateError
from docsign.office.desk import Office
from docsign.office.series import NumberRefusedError
from tests.office.conftest import NOON, Clock

LETTER = Incoming(
    arrived_at=NOON - timedelta(minutes=30),
    issuer="Ủy ban nhân dân tỉnh Mẫu",
    issuer_code="H99",
    code_number="45",
    notation="UBND-TH",
    issued=date(2026, 11, 13),
    kind="Công văn",
    subject="tổng kết năm",
    document_id="H99,2026/11/13,45/UBND-TH",
)


@pytest.fixture
def office(store: OfficeStore, staff: Staff, clock: Clock) -> Office:
    """The office of the invented commune."""
    return Office(store, staff, clock=clock)


def test_arrival_numbers_follow_one_another(office: Office, clock: Clock) -> None:
    """Paper and electronic in one series; 01 again in the new year."""
    first = office.arrivals.add(LETTER, "vt")
    paper = office.arrivals.add(replace(LETTER, code_number="46", document_id="", medium="paper"), "vt")
    assert (first.number, paper.number, paper.year) == (1, 2, 2026)
    clock.now += timedelta(days=60)
    later = office.arrivals.add(replace(LETTER, code_number="47", document_id=""), "vt")
    assert (later.year, later.number) == (2027, 1)


@pytest.mark.parametrize(
    "again",
    [
        LETTER,
        replace(LETTER, issuer="Văn phòng UBND tỉnh Mẫu", code_number="45a"),  # the same identifier
        replace(LETTER, document_id="", issuer="ỦY BAN NHÂN DÂN TỈNH MẪU", issuer_code=""),
        replace(LETTER, document_id="", issuer="UBND tỉnh", issuer_code="000.00.00.H99"),
        replace(LETTER, document_id="", code_number="045"),
    ],
)
def test_the_same_document_is_warned_of(office: Office, again: Incoming) -> None:
    """By identifier, or number, notation and issuer (ND 30/2020 PL VI); the clerk may insist."""
    office.arrivals.add(LETTER, "vt")
    with pytest.raises(DuplicateError, match="01 of 16/11/2026") as refused:
        office.arrivals.add(again, "vt")
    assert refused.value.known[0].number == 1
    assert len(office.arrivals.list()) == 1
    insisted = office.arrivals.add(again, "vt", despite_duplicates=True)
    assert insisted.number == 2
    assert office.arrivals.history(2026, 2)[0].details["again"] == "2026:1"


@pytest.mark.parametrize(
    "other",
    [
        replace(LETTER, document_id="", issued=date(2025, 11, 13)),
        replace(LETTER, document_id="", notation="UBND-NC"),
        replace(LETTER, document_id="", issuer="Sở Nội vụ tỉnh Mẫu", issuer_code="H99.15"),
        replace(LETTER, document_id="", code_number="", notation=""),
    ],
)
def test_other_documents_are_not(office: Office, other: Incoming) -> None:
    """Another year, notation or issuer is another document; without a number nothing is compared."""
    office.arrivals.add(LETTER, "vt")
    assert office.arrivals.add(other, "vt").number == 2


def test_who_may_do_what(office: Office) -> None:
    """The clerk registers; the signatory and the clerk pass on; those who work on it say how far it is."""
    with pytest.raises(StepRefusedError):
        office.arrivals.add(LETTER, "thu")
    with pytest.raises(UsageError, match="Nobody"):
        office.arrivals.add(LETTER, "ai")
    office.arrivals.add(LETTER, "vt")
    with pytest.raises(StepRefusedError):
        office.arrivals.follow(2026, 1, "assign", "thu", handler="Văn phòng")
    office.arrivals.follow(2026, 1, "assign", "mau", handler="Văn phòng", within=5)
    with pytest.raises(StepRefusedError):
        office.arrivals.follow(2026, 1, "progress", "mau", progress="Đang làm")


def test_followed_to_the_end(office: Office) -> None:
    """Assigned with a due day over working days, in work, answered; every change with what was before."""
    office.arrivals.add(LETTER, "vt")
    assigned = office.arrivals.follow(2026, 1, "assign", "mau", handler="Văn phòng", within=7)
    assert (assigned.due, assigned.due_computed) == (date(2026, 11, 26), False)  # the 24th is a day off
    assert assigned.transferred == date(2026, 11, 16)
    office.arrivals.follow(2026, 1, "progress", "thu", progress="Đang dự thảo")
    office.arrivals.follow(2026, 1, "progress", "thu", progress="Đã trình")
    done = office.arrivals.follow(2026, 1, "reply", "thu", reply="05/UBND-VP")
    assert done.steps == 5
    history = office.arrivals.history(2026, 1)
    assert [one.step for one in history] == ["register", "assign", "progress", "progress", "reply"]
    assert history[3].details == {"progress": "Đang dự thảo → Đã trình"}
    assert office.check_log() == 5
    with pytest.raises(UsageError):
        office.arrivals.follow(2026, 1, "reply", "thu", reply="05/UBND-VP")
    with pytest.raises(UsageError):
        office.arrivals.get(2026, 2)


def test_deadlines_of_an_arrival(office: Office) -> None:
    """The sender the same day, the competent person by the next working day, the reply on its day."""
    entry = office.arrivals.add(replace(LETTER, due=date(2026, 12, 1)), "vt")
    found = {one.duty: one.latest.date() for one in office.arrivals.deadlines(entry)}
    assert found == {
        Duty.RECEIPT: date(2026, 11, 16),
        Duty.SUBMIT: date(2026, 11, 17),
        Duty.REPLY: date(2026, 12, 1),
    }
    urgent = replace(entry, urgency=Priority.URGENT, due=None)
    assert [one.duty for one in office.arrivals.deadlines(urgent)] == [Duty.RECEIPT, Duty.SUBMIT]
    assert office.arrivals.deadlines(urgent)[1].latest == entry.arrived_at


def test_numbers_given_elsewhere_come_before(office: Office) -> None:
    """A register that begins in the middle of the year."""
    with pytest.raises(StepRefusedError):
        office.arrivals.begin_series("mau", 2026, 413)
    office.arrivals.begin_series("vt", 2026, 413)
    assert office.arrivals.add(LETTER, "vt").number == 413
    with pytest.raises(NumberRefusedError):
        office.arrivals.begin_series("vt", 2026, 1)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"issuer": " "}, "issuer"),
        ({"subject": "x" * 501}, "subject"),
        ({"note": "TỐI MẬT"}, "note"),
        ({"notation": "N" * 31}, "notation"),
    ],
)
def test_fields_have_their_lengths(changes: dict[str, str], where: str) -> None:
    """As ND 30/2020 PL VI has them; secret documents have no place here."""
    with pytest.raises(DocumentError) as refused:
        replace(LETTER, **changes)  # type: ignore[arg-type]
    assert refused.value.where == where


def test_nothing_arrives_in_the_future(office: Office) -> None:
    """A clock that is wrong is said so."""
    with pytest.raises(DocumentError, match="future"):
        office.arrivals.add(replace(LETTER, arrived_at=NOON + timedelta(hours=1)), "vt")


def test_an_envelope_fills_the_line() -> None:
    """What the header says needs no typing; plain values come back."""
    header = Header(
        sender=Organization(code="H99", name="Ủy ban nhân dân tỉnh Mẫu"),
        receivers=(Organization(code="H99.31"),),
        number="45",
        notation="UBND-TH",
        issued=date(2026, 11, 13),
        subject="tổng kết năm",
        signer=Signer(position="Chủ tịch", name="Trần Thị Thử"),
        priority=Priority.URGENT,
        due=date(2026, 12, 1),
    )
    entry = Incoming.from_header(header, NOON)
    assert (entry.code, entry.document_id, entry.signer) == (
        "45/UBND-TH",
        "H99,2026/11/13,45/UBND-TH",
        "Chủ tịch, Trần Thị Thử",
    )
    assert (entry.urgency, entry.due, entry.medium) == (Priority.URGENT, date(2026, 12, 1), "electronic")
    assert Incoming.from_json(entry.to_json()) == entry
