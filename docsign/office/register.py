"""The registers with exactly the columns of the decree (ND 30/2020 PL IV). Pure.

A register is a title, columns and rows of text; how it becomes a workbook, CSV or paper is ``export``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from docsign.document.outgoing import Outgoing, Stage
from docsign.envelope.header import VIETNAM_TIME, Priority
from docsign.office.incoming import Incoming
from docsign.office.searching import searchable


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the key for programs, the decree's words, its width on an A4 page across in millimetres."""

    key: str
    title: str
    width: int
    centred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register ready to be shown: as many texts in each row as there are columns.

    ``period`` says what it covers, such as ``Năm 2026``.
    """

    title: str
    agency: str
    period: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows)


# ND 30/2020 PL IV, the register of outgoing documents
OUTGOING_COLUMNS = (
    Column(key="code", title="Số, ký hiệu văn bản", width=26, centred=True),
    Column(key="day", title="Ngày tháng văn bản", width=20, centred=True),
    Column(key="subject", title="Tên loại và trích yếu nội dung văn bản", width=66),
    Column(key="signer", title="Người ký", width=26),
    Column(key="recipients", title="Nơi nhận văn bản", width=40),
    Column(key="kept_by", title="Đơn vị, người nhận bản lưu", width=20),
    Column(key="copies", title="Số lượng bản", width=13, centred=True),
    Column(key="sent", title="Ngày chuyển", width=20, centred=True),
    Column(key="received_by", title="Ký nhận", width=16),
    Column(key="note", title="Ghi chú", width=24),
)
# ND 30/2020 PL IV, the register of incoming documents
INCOMING_COLUMNS = (
    Column(key="arrived", title="Ngày đến", width=20, centred=True),
    Column(key="number", title="Số đến", width=13, centred=True),
    Column(key="issuer", title="Tác giả", width=38),
    Column(key="code", title="Số, ký hiệu văn bản", width=26, centred=True),
    Column(key="issued", title="Ngày tháng văn bản", width=20, centred=True),
    Column(key="subject", title="Tên loại và trích yếu nội dung văn bản", width=66),
    Column(key="handler", title="Đơn vị hoặc người nhận", width=28),
    Column(key="transferred", title="Ngày chuyển", width=20, centred=True),
    Column(key="received_by", title="Ký nhận", width=16),
    Column(key="note", title="Ghi chú", width=24),
)
# ND 30/2020 PL IV, the register for following up incoming documents
FOLLOW_UP_COLUMNS = (
    Column(key="number", title="Số đến", width=16, centred=True),
    Column(
        key="document",
        title="Tên loại, số, ký hiệu, ngày, tháng và tên cơ quan, tổ chức ban hành văn bản",
        width=80,
    ),
    Column(key="handler", title="Đơn vị hoặc người nhận", width=38),
    Column(key="due", title="Thời hạn giải quyết", width=26, centred=True),
    Column(key="progress", title="Tiến độ giải quyết", width=45),
    Column(key="reply", title="Số, ký hiệu văn bản trả lời", width=30, centred=True),
    Column(key="note", title="Ghi chú", width=36),
)


def outgoing_register(
    documents: Iterable[Outgoing],
    *,
    agency: str,
    period: str,
    unused: Iterable[tuple[str, int]] = (),
) -> Register:
    """Return the outgoing register: what has a number, by series, day and number; unused numbers said so.

    ``unused`` are (series, number) that were given back below the last one.
    """
    numbered = [one for one in documents if one.number is not None and one.stage is not Stage.ABANDONED]
    keyed = [((one.series, one.number or 0), _outgoing_row(one)) for one in numbered]
    for series, number in unused:
        empty = ("",) * (len(OUTGOING_COLUMNS) - 2)
        keyed.append(((series, number), (f"{number:02d}", *empty, "Số không sử dụng")))
    return Register(
        title="SỔ ĐĂNG KÝ VĂN BẢN ĐI",
        agency=agency,
        period=period,
        columns=OUTGOING_COLUMNS,
        rows=tuple(row for _, row in sorted(keyed)),
    )


def incoming_register(documents: Iterable[Incoming], *, agency: str, period: str) -> Register:
    """Return the incoming register in the order of arrival numbers."""
    return Register(
        title="SỔ ĐĂNG KÝ VĂN BẢN ĐẾN",
        agency=agency,
        period=period,
        columns=INCOMING_COLUMNS,
        rows=tuple(_incoming_row(one) for one in _in_order(documents)),
    )


def follow_up_register(documents: Iterable[Incoming], *, agency: str, period: str, today: date) -> Register:
    """Return the follow-up register: what has somebody to deal with it, or a day it is due."""
    return Register(
        title="SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN",
        agency=agency,
        period=period,
        columns=FOLLOW_UP_COLUMNS,
        rows=tuple(
            _follow_up_row(one, today) for one in _in_order(documents) if one.handler or one.due is not None
        ),
    )


def is_overdue(incoming: Incoming, today: date) -> bool:
    """Say whether a document is past its day and neither answered nor done."""
    return incoming.due is not None and not is_done(incoming) and today > incoming.due


def is_done(incoming: Incoming) -> bool:
    """Say whether it was dealt with: a reply, or progress that says so."""
    return bool(incoming.reply) or incoming.progress.casefold().startswith(DONE.casefold())


DONE = "Hoàn thành"
"""How the progress of a document that needs no reply begins when it is done."""


def outgoing_text(outgoing: Outgoing) -> str:
    """Return what a search looks through: every field of the document."""
    one = outgoing
    return searchable(
        (
            one.code, one.number, one.kind, one.subject, one.signer, one.signer_position, one.recipients,
            one.kept_by, one.drafter, one.body, one.note, one.day, one.issued_at, one.file_notation,
            one.reason, one.medium, one.urgency.vietnamese,
        )
    )  # fmt: skip


def incoming_text(incoming: Incoming) -> str:
    """Return what a search looks through: every field of the entry."""
    one = incoming
    return searchable(
        (
            one.code, one.number, one.issuer, one.issuer_code, one.issued, one.kind, one.subject, one.signer,
            one.document_id, one.handler, one.received_by, one.progress, one.reply, one.note, one.arrived_at,
            one.due, one.transferred, one.urgency.vietnamese,
        )
    )  # fmt: skip


def _in_order(documents: Iterable[Incoming]) -> Sequence[Incoming]:
    return sorted(documents, key=lambda one: (one.year, one.number))


def _outgoing_row(one: Outgoing) -> tuple[str, ...]:
    return (
        one.code,
        _day(one.day),
        f"{one.kind} {one.subject}".strip(),
        one.signer,
        "; ".join(one.recipients),
        one.kept_by,
        "" if one.copies is None else str(one.copies),
        _day(one.issued_at),
        "",
        "; ".join(_outgoing_notes(one)),
    )


def _outgoing_notes(one: Outgoing) -> Iterable[str]:
    if one.urgency is not Priority.NORMAL:
        yield one.urgency.vietnamese
    if one.medium == "paper":
        yield "Văn bản giấy"
    if one.stage is Stage.REVOKED:
        yield "Đã thu hồi"
    if one.stage is Stage.REPLACED:
        yield "Đã được thay thế"
    if one.corrected_by:
        yield "Có đính chính"
    if one.note:
        yield one.note


def _incoming_row(one: Incoming) -> tuple[str, ...]:
    notes = [one.urgency.vietnamese] if one.urgency is not Priority.NORMAL else []
    return (
        _day(one.arrived_at),
        f"{one.number:02d}",
        one.issuer,
        one.code,
        _day(one.issued),
        f"{one.kind} {one.subject}".strip() if one.kind else one.subject,
        one.handler,
        _day(one.transferred),
        one.received_by,
        "; ".join([*notes, *([one.note] if one.note else [])]),
    )


def _follow_up_row(one: Incoming, today: date) -> tuple[str, ...]:
    about = f"{one.kind or 'Văn bản'} số {one.code or '-'}"
    if one.issued is not None:
        about += f" ngày {_day(one.issued)}"
    due = _day(one.due) + (" (dự kiến)" if one.due is not None and one.due_computed else "")
    notes = ["Quá hạn"] if is_overdue(one, today) else []
    return (
        f"{one.number:02d}",
        f"{about} của {one.issuer}",
        one.handler,
        due,
        one.progress,
        one.reply,
        "; ".join([*notes, *([one.note] if one.note else [])]),
    )


def _day(moment: date | datetime | None) -> str:
    if isinstance(moment, datetime):
        moment = moment.astimezone(VIETNAM_TIME).date()
    return "" if moment is None else f"{moment:%d/%m/%Y}"
