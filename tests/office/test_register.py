"""The registers: exactly the decree's columns, every document in its line, found by any of its fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from docsign.document.outgoing import Outgoing, Stage
from docsign.envelope.header import Priority
from docsign.office import Incoming
from docsign.office.register import (
    DONE,
    FOLLOW_UP_COLUMNS,
    INCOMING_COLUMNS,
    OUTGOING_COLUMNS,
    Column,
    follow_up_register,
    incoming_register,
    incoming_text,
    is_overdue,
    outgoing_register,
    outgoing_text,
)
from docsign.office.searching import folded, words_of
from tests.office.conftest import NOON

AGENCY = "Ủy ban nhân dân phường Một"
OUT = Outgoing(
    id=4,
    kind="Công văn",
    notation="UBND-VP",
    subject="báo cáo quý III",
    signer="Nguyễn Văn Mẫu",
    drafter="thu",
    recipients=("Ủy ban nhân dân tỉnh Mẫu", "Lưu: VT, VP"),
    kept_by="Văn phòng",
    copies=12,
    stage=Stage.ISSUED,
    series="chung",
    number=5,
    day=date(2026, 11, 16),
    issued_at=datetime(2026, 11, 16, 18, 0, tzinfo=UTC),
    note="Gửi kèm phụ lục",
)
IN = Incoming(
    arrived_at=NOON,
    issuer="Sở Khoa học và Công nghệ tỉnh Mẫu",
    subject="hướng dẫn ký số",
    year=2026,
    number=7,
    code_number="45",
    notation="SKHCN-VP",
    issued=date(2026, 11, 13),
    kind="Công văn",
    handler="Văn phòng",
    transferred=date(2026, 11, 16),
    received_by="Trần Thị Thử",
    due=date(2026, 11, 20),
    note="Bản giấy gửi sau",
    progress="Đang dự thảo",
    document_id="H99.12,2026/11/13,45/SKHCN-VP",
)
TODAY = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        (
            OUTGOING_COLUMNS,
            (
                "Số, ký hiệu văn bản | Ngày tháng văn bản | Tên loại và trích yếu nội dung văn bản | Người ký"
                " | Nơi nhận văn bản | Đơn vị, người nhận bản lưu | Số lượng bản"
                " | Ngày chuyển | Ký nhận | Ghi chú"
            ),
        ),
        (
            INCOMING_COLUMNS,
            (
                "Ngày đến | Số đến | Tác giả | Số, ký hiệu văn bản | Ngày tháng văn bản"
                " | Tên loại và trích yếu nội dung văn bản"
                " | Đơn vị hoặc người nhận | Ngày chuyển | Ký nhận | Ghi chú"
            ),
        ),
        (
            FOLLOW_UP_COLUMNS,
            (
                "Số đến | Tên loại, số, ký hiệu, ngày, tháng và tên cơ quan, tổ chức ban hành văn bản"
                " | Đơn vị hoặc người nhận | Thời hạn giải quyết | Tiến độ giải quyết"
                " | Số, ký hiệu văn bản trả lời | Ghi chú"
            ),
        ),
    ],
)
def test_the_columns_are_those_of_the_decree(columns: tuple[Column, ...], titles: str) -> None:
    """Ten, ten and seven, in its words and order (ND 30/2020 PL IV), on the width of an A4 page across."""
    assert [column.title for column in columns] == titles.split(" | ")
    assert sum(column.width for column in columns) == 271


def test_an_outgoing_document_in_its_line() -> None:
    """Day of Vietnam, recipients together, everything in its column."""
    register = outgoing_register([OUT], agency=AGENCY, period="Năm 2026")
    assert register.rows == (
        (
            "05/UBND-VP",
            "16/11/2026",
            "Công văn báo cáo quý III",
            "Nguyễn Văn Mẫu",
            "Ủy ban nhân dân tỉnh Mẫu; Lưu: VT, VP",
            "Văn phòng",
            "12",
            "17/11/2026",
            "",
            "Gửi kèm phụ lục",
        ),
    )


def test_outgoing_documents_stand_by_series_and_number() -> None:
    """Drafts have no line, a number nobody holds has one, and what became of a document is noted."""
    others = [
        replace(OUT, id=1, number=6, medium="paper", note="", urgency=Priority.EXPRESS),
        replace(OUT, id=2, number=1, series="quyet-dinh", kind="Quyết định", stage=Stage.REVOKED, note=""),
        replace(OUT, id=3, number=None, day=None, stage=Stage.DRAFT),
        replace(OUT, id=5, number=2, stage=Stage.REPLACED, corrected_by=(9,), note=""),
    ]
    register = outgoing_register([OUT, *others], agency=AGENCY, period="", unused=[("chung", 3)])
    assert [(row[0], row[-1]) for row in register.rows] == [
        ("02/UBND-VP", "Đã được thay thế; Có đính chính"),
        ("03", "Số không sử dụng"),
        ("05/UBND-VP", "Gửi kèm phụ lục"),
        ("06/UBND-VP", "Hỏa tốc; Văn bản giấy"),
        ("01/UBND-VP", "Đã thu hồi"),
    ]


def test_an_incoming_document_in_its_line() -> None:
    """Everything in its column."""
    register = incoming_register([replace(IN, urgency=Priority.URGENT)], agency=AGENCY, period="")
    assert register.rows == (
        (
            "16/11/2026",
            "07",
            "Sở Khoa học và Công nghệ tỉnh Mẫu",
            "45/SKHCN-VP",
            "13/11/2026",
            "Công văn hướng dẫn ký số",
            "Văn phòng",
            "16/11/2026",
            "Trần Thị Thử",
            "Khẩn; Bản giấy gửi sau",
        ),
    )


def test_what_is_followed_up() -> None:
    """What has a handler or a due day; late ones say so, computed days say so."""
    late = replace(IN, number=9, due=date(2026, 11, 13))
    done = replace(late, number=10, progress=f"{DONE} ngày 12/11")
    answered = replace(late, number=11, reply="08/UBND-VP")
    guessed = replace(IN, number=8, due_computed=True, note="")
    nobody = replace(IN, number=1, handler="", due=None)
    register = follow_up_register(
        [late, done, answered, nobody, guessed], agency=AGENCY, period="", today=TODAY
    )
    assert [(row[0], row[3], row[-1]) for row in register.rows] == [
        ("08", "20/11/2026 (dự kiến)", ""),
        ("09", "13/11/2026", "Quá hạn; Bản giấy gửi sau"),
        ("10", "13/11/2026", "Bản giấy gửi sau"),
        ("11", "13/11/2026", "Bản giấy gửi sau"),
    ]
    assert register.rows[0][1] == (
        "Công văn số 45/SKHCN-VP ngày 13/11/2026 của Sở Khoa học và Công nghệ tỉnh Mẫu"
    )
    assert not is_overdue(replace(IN, due=TODAY), TODAY)


@pytest.mark.parametrize(
    "query",
    [
        "05/UBND-VP",
        "quy iii",
        "BÁO CÁO",
        "nguyen van mau",
        "tinh mau",
        "van phong",
        "16/11/2026",
        "2026-11-16",
        "17/11/2026",
        "phu luc",
        "cong van bao",
        "Lưu: VT",
        "thu",
    ],
)
def test_outgoing_documents_are_found_by_any_field(query: str) -> None:
    """With or without tones and capitals."""
    assert all(word in outgoing_text(OUT) for word in words_of(query))


@pytest.mark.parametrize(
    "query",
    [
        "45/SKHCN-VP",
        "so khoa hoc",
        "hướng dẫn",
        "H99.12",
        "13/11/2026",
        "16/11/2026",
        "20/11/2026",
        "đang dự thảo",
        "tran thi thu",
        "ban giay",
        "van phong",
    ],
)
def test_incoming_documents_are_found_by_any_field(query: str) -> None:
    """With or without tones and capitals."""
    assert all(word in incoming_text(IN) for word in words_of(query))


def test_words_are_folded_alike() -> None:
    """Composed or not, đ or d; at most twenty words."""
    assert folded("Ủy  ban ĐẶNG") == "uy ban dang"
    assert folded("U\u0309y") == "uy"
    assert len(words_of("a " * 50)) == 20
