"""The office as one thing: its people, its store, outgoing and incoming documents, their registers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from docsign.document.outgoing import Outgoing
from docsign.document.working_days import WorkingDays, vietnamese_working_days
from docsign.envelope.agency_codes import document_identifier
from docsign.envelope.header import VIETNAM_TIME
from docsign.files import read_file
from docsign.office.arrivals import Arrivals
from docsign.office.drafts import Drafts
from docsign.office.people import FILE_NAME, Staff
from docsign.office.ports import OfficeStore
from docsign.office.records import require_unbroken
from docsign.office.register import Register, follow_up_register, incoming_register, outgoing_register
from docsign.office.series import INCOMING, unused
from docsign.office.store import SqliteStore

Book = Literal["outgoing", "incoming", "follow-up"]
DAYS_FILE = "working_days.toml"
"""In the office's folder: decisions on days off that came after this release."""


class Office:
    """An agency's desk over a store; ``drafts`` and ``arrivals`` are what is done there."""

    def __init__(
        self,
        store: OfficeStore,
        staff: Staff,
        *,
        days: WorkingDays | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Sit down at a store; ``days`` is the calendar that is shipped unless given."""
        self.staff = staff
        self.store = store
        self.clock = clock
        days = days or vietnamese_working_days()
        self.drafts = Drafts(store, staff, days, clock)
        self.arrivals = Arrivals(store, staff, days, clock)

    @staticmethod
    def open(folder: Path | str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Office:
        """Open the office in a folder with ``office.toml``; its store is made on first use.

        Raises FileUnusableError, DocumentError, DiskFullError, StorageError.
        """
        folder = Path(folder)
        staff = Staff.from_path(folder / FILE_NAME)
        days = vietnamese_working_days()
        more = folder / DAYS_FILE
        if more.exists():
            text = read_file(more, limit=1024 * 1024).decode("utf-8-sig", "replace")
            days = days.extended(text, where=str(more))
        return Office(SqliteStore(folder), staff, days=days, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the store go."""
        self.store.close()

    def register(
        self,
        book: Book,
        *,
        search: str = "",
        first: date | None = None,
        last: date | None = None,
    ) -> Register:
        """Return a register: of this year unless bounded or searched, with every word of ``search``."""
        today = self.clock().astimezone(VIETNAM_TIME).date()
        if first is None and last is None and not search:
            first, last = date(today.year, 1, 1), date(today.year, 12, 31)
        agency, period = self.staff.agency, _period(first, last)
        if book == "outgoing":
            documents = self.drafts.list(search=search, first=first, last=last)
            free = (
                [] if search else self._unused({(one.series, one.day.year) for one in documents if one.day})
            )
            return outgoing_register(documents, agency=agency, period=period, unused=free)
        arrivals = self.arrivals.list(search=search, first=first, last=last)
        if book == "incoming":
            return incoming_register(arrivals, agency=agency, period=period)
        return follow_up_register(arrivals, agency=agency, period=period, today=today)

    def identifier(self, outgoing: Outgoing) -> str | None:
        """Return the document identifier (QD 28/2018 Art. 10), None before it is numbered."""
        if outgoing.serial is None or outgoing.day is None or not self.staff.code:
            return None
        return document_identifier(self.staff.code, outgoing.day.year, outgoing.serial)

    def check_log(self) -> int:
        """Return how many records the log has; raises StorageError where it was changed."""
        with self.store.unit(for_reading=True) as rows:
            return require_unbroken(rows.records())

    def _unused(self, series: set[tuple[str, int]]) -> list[tuple[str, int]]:
        with self.store.unit(for_reading=True) as rows:
            return [
                (name, number)
                for name, year in sorted(series)
                if name != INCOMING
                for number in unused(rows, name, year)
            ]


def _period(first: date | None, last: date | None) -> str:
    if first is not None and (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31)):
        return f"Năm {first.year}"
    bounds = (("Từ", first), ("đến", last))
    return " ".join(f"{word} ngày {day:%d/%m/%Y}" for word, day in bounds if day is not None)
