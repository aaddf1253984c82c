"""The contract of ``OfficeStore``, held by every store; one of one's own passes the same tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from docsign.document.outgoing import Outgoing, Stage
from docsign.office import Incoming, Numbered, OfficeStore
from docsign.office.records import Record, require_unbroken
from tests.office.conftest import NOON

LETTER = Outgoing(
    id=1,
    kind="Công văn",
    notation="UBND-VP",
    subject="báo cáo quý III",
    signer="Nguyễn Văn Mẫu",
    drafter="thu",
)
ARRIVED = Incoming(
    arrived_at=NOON,
    issuer="Ủy ban nhân dân tỉnh Mẫu",
    subject="Tổng kết năm",
    year=2026,
    number=1,
    code_number="45",
    notation="UBND-TH",
    issued=date(2026, 11, 14),
    document_id="H99,2026/11/14,45/UBND-TH",
)


class BrokenError(Exception):
    """Something that goes wrong in the middle of a unit."""


def held(number: int, *, holder: str | None = None, series: str = "chung") -> Numbered:
    """Return a held number of 2026."""
    day = date(2026, 1, 1) + timedelta(days=number)
    return Numbered(series=series, year=2026, number=number, day=day, holder=holder or f"h{number}")


def record(position: int, subject: str = "outgoing:1") -> Record:
    """Return a record that is not tied to one before it yet."""
    return Record(
        subject=subject,
        position=position,
        step="comment",
        person="thu",
        name="Trần Thị Thử",
        at=NOON + timedelta(minutes=position),
        details={"reason": "Đề nghị xem lại số liệu"},
    )


def test_what_a_unit_did_is_there_for_the_next(store: OfficeStore) -> None:
    """Every value comes back as it was kept."""
    full = replace(
        LETTER,
        number=7,
        day=date(2026, 11, 16),
        signed_at=NOON,
        recipients=("Như trên", "Lưu: VT"),
        checks=frozenset({"form"}),
        corrected_by=(3, 4),
        stage=Stage.NUMBERED,
    )
    with store.unit() as rows:
        rows.keep_outgoing(full)
        rows.keep_incoming(ARRIVED)
        rows.keep_file("ab", b"%PDF")
        rows.keep_file("ab", b"%PDF")
    with store.unit(for_reading=True) as rows:
        assert rows.outgoing(1) == full
        assert rows.incoming(2026, 1) == ARRIVED
        assert rows.file("ab") == b"%PDF"
        assert (rows.outgoing(2), rows.incoming(2026, 2), rows.file("cd")) == (None, None, None)


def test_a_unit_that_raises_leaves_nothing(store: OfficeStore) -> None:
    """Ids, numbers, documents, records, files: all or nothing."""

    def failing() -> None:
        with store.unit() as rows:
            rows.new_id()
            rows.hold(held(1))
            rows.keep_outgoing(LETTER)
            rows.append(record(1).sealed(""))
            rows.keep_file("ab", b"%PDF")
            raise BrokenError

    with pytest.raises(BrokenError):
        failing()
    with store.unit(for_reading=True) as rows:
        assert rows.outgoing(1) is None
        assert rows.below("chung", 2026, None) is None
        assert rows.file("ab") is None
        assert not rows.history("outgoing:1")
        assert rows.last_digest() == ""


def test_ids_are_never_given_twice(store: OfficeStore) -> None:
    """Each id is new."""
    given = set()
    for _ in range(5):
        with store.unit() as rows:
            given |= {rows.new_id(), rows.new_id()}
    assert len(given) == 10


def test_numbers_have_neighbours_and_holders(store: OfficeStore) -> None:
    """Held numbers are found by holder and by their neighbours; series and years do not mix."""
    with store.unit() as rows:
        for number in (2, 3, 7):
            rows.hold(held(number))
        rows.hold(held(5, series="khac"))
        assert rows.held_by("chung", 2026, "h3") == held(3)
        assert rows.held_by("chung", 2025, "h3") is None
        assert rows.below("chung", 2026, None) == held(7)
        assert rows.below("chung", 2026, 7) == held(3)
        assert rows.below("chung", 2026, 2) is None
        assert rows.above("chung", 2026, 3) == held(7)
        assert rows.above("chung", 2026, 7) is None


def test_free_numbers_are_those_given_back(store: OfficeStore) -> None:
    """A number that is released as free is free until it is held again or forgotten."""
    with store.unit() as rows:
        for number in (1, 2, 3, 4):
            rows.hold(held(number))
        rows.release(held(2), free=True)
        rows.release(held(3), free=True)
        rows.release(held(4), free=False)
        assert rows.free_numbers("chung", 2026) == (2, 3)
        assert rows.held_by("chung", 2026, "h2") is None
        rows.hold(held(2, holder="anders"))
        assert rows.free_numbers("chung", 2026) == (3,)
        rows.forget_free_from("chung", 2026, 3)
        assert rows.free_numbers("chung", 2026) == ()


def test_a_series_begins_where_it_was_told(store: OfficeStore) -> None:
    """1 unless something else was said, per series and year."""
    with store.unit() as rows:
        rows.begin_series("chung", 2026, 413)
        assert rows.first_number("chung", 2026) == 413
        assert rows.first_number("chung", 2027) == 1
        assert rows.first_number("khac", 2026) == 1


def test_outgoing_documents_are_listed_by_stage_day_and_words(store: OfficeStore) -> None:
    """All bounds together; words are found without tones and in any field."""
    with store.unit() as rows:
        for number in range(1, 5):
            stage = Stage.ISSUED if number % 2 else Stage.DRAFT
            day = None if stage is Stage.DRAFT else date(2026, 11, number)
            rows.keep_outgoing(
                replace(LETTER, id=number, stage=stage, day=day, number=number if day else None)
            )

        def ids(**bounds: object) -> list[int]:
            return [one.id for one in rows.list_outgoing(**bounds)]  # type: ignore[arg-type]

        assert ids() == [1, 2, 3, 4]
        assert ids(stages=frozenset({Stage.ISSUED})) == [1, 3]
        assert ids(stages=frozenset()) == []
        assert ids(first=date(2026, 11, 2)) == [3]
        assert ids(last=date(2026, 11, 1)) == [1]
        assert ids(words=("bao cao", "mau")) == [1, 2, 3, 4]
        assert ids(words=("01/ubnd",)) == [1]
        assert ids(words=("quyet dinh",)) == []


def test_incoming_documents_are_found_by_what_makes_them_the_same(store: OfficeStore) -> None:
    """By identifier, or number, notation and issuer; what is kept anew is found by its new keys alone."""
    with store.unit() as rows:
        rows.keep_incoming(ARRIVED)
        assert rows.same_incoming(ARRIVED.keys) == (ARRIVED,)
        assert rows.same_incoming(("id|khong co",)) == ()
        assert rows.same_incoming(()) == ()
        changed = replace(ARRIVED, document_id="H99,2026/11/14,46/UBND-TH", code_number="46")
        rows.keep_incoming(changed)
        assert rows.same_incoming(ARRIVED.keys) == ()
        assert rows.same_incoming(changed.keys) == (changed,)
        assert rows.list_incoming(words=("tong ket",), first=date(2026, 11, 16)) == (changed,)
        assert rows.list_incoming(last=date(2026, 11, 15)) == ()


def test_records_are_kept_in_order_and_tied_together(store: OfficeStore) -> None:
    """The history of a subject is its records; the log is all of them; the last digest is the last one's."""
    with store.unit() as rows:
        for position in (1, 2, 3):
            for subject in ("outgoing:1", "outgoing:2"):
                rows.append(record(position, subject).sealed(rows.last_digest()))
        history = rows.history("outgoing:2")
        assert [one.position for one in history] == [1, 2, 3]
        assert history[0].details["reason"] == "Đề nghị xem lại số liệu"
        assert require_unbroken(rows.records()) == 6
        assert rows.last_digest() == rows.records()[-1].digest
