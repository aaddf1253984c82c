"""The office's rows in memory: for tests, and to see how little a store of one's own must do."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from docsign.document.outgoing import Outgoing, Stage
from docsign.office.incoming import Incoming
from docsign.office.records import Record
from docsign.office.register import incoming_text, outgoing_text
from docsign.office.series import Numbered


@dataclass
class MemoryRows:
    """The rows; the contract is that of ``ports.OfficeRows``."""

    ids: int = 0
    firsts: dict[tuple[str, int], int] = field(default_factory=dict)
    held: dict[tuple[str, int], dict[int, Numbered]] = field(default_factory=dict)
    free: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    documents: dict[int, Outgoing] = field(default_factory=dict)
    arrivals: dict[tuple[int, int], Incoming] = field(default_factory=dict)
    log: list[Record] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def new_id(self) -> int:
        """See ``ports.OfficeRows``."""
        self.ids += 1
        return self.ids

    def first_number(self, series: str, year: int) -> int:
        """See ``ports.NumberRows``."""
        return self.firsts.get((series, year), 1)

    def begin_series(self, series: str, year: int, first: int) -> None:
        """See ``ports.NumberRows``."""
        self.firsts[series, year] = first

    def held_by(self, series: str, year: int, holder: str) -> Numbered | None:
        """See ``ports.NumberRows``."""
        return next((one for one in self._held(series, year).values() if one.holder == holder), None)

    def below(self, series: str, year: int, number: int | None) -> Numbered | None:
        """See ``ports.NumberRows``."""
        held = self._held(series, year)
        highest = max((one for one in held if number is None or one < number), default=None)
        return None if highest is None else held[highest]

    def above(self, series: str, year: int, number: int) -> Numbered | None:
        """See ``ports.NumberRows``."""
        held = self._held(series, year)
        lowest = min((one for one in held if one > number), default=None)
        return None if lowest is None else held[lowest]

    def free_numbers(self, series: str, year: int) -> Sequence[int]:
        """See ``ports.NumberRows``."""
        return tuple(sorted(self.free.get((series, year), ())))

    def hold(self, numbered: Numbered) -> None:
        """See ``ports.NumberRows``."""
        self._held(numbered.series, numbered.year)[numbered.number] = numbered
        self.free.get((numbered.series, numbered.year), set()).discard(numbered.number)

    def release(self, numbered: Numbered, *, free: bool) -> None:
        """See ``ports.NumberRows``."""
        del self._held(numbered.series, numbered.year)[numbered.number]
        if free:
            self.free.setdefault((numbered.series, numbered.year), set()).add(numbered.number)

    def forget_free_from(self, series: str, year: int, number: int) -> None:
        """See ``ports.NumberRows``."""
        left = {one for one in self.free.get((series, year), ()) if one < number}
        self.free[series, year] = left

    def outgoing(self, number: int) -> Outgoing | None:
        """See ``ports.OfficeRows``."""
        return self.documents.get(number)

    def list_outgoing(
        self,
        *,
        stages: frozenset[Stage] | None = None,
        first: date | None = None,
        last: date | None = None,
        words: Sequence[str] = (),
    ) -> Sequence[Outgoing]:
        """See ``ports.OfficeRows``."""
        return tuple(
            one
            for _, one in sorted(self.documents.items())
            if (stages is None or one.stage in stages)
            and _within(one.day, first, last)
            and all(word in outgoing_text(one) for word in words)
        )

    def incoming(self, year: int, number: int) -> Incoming | None:
        """See ``ports.OfficeRows``."""
        return self.arrivals.get((year, number))

    def list_incoming(
        self, *, first: date | None = None, last: date | None = None, words: Sequence[str] = ()
    ) -> Sequence[Incoming]:
        """See ``ports.OfficeRows``."""
        return tuple(
            one
            for _, one in sorted(self.arrivals.items())
            if _within(one.day, first, last) and all(word in incoming_text(one) for word in words)
        )

    def same_incoming(self, keys: Sequence[str]) -> Sequence[Incoming]:
        """See ``ports.OfficeRows``."""
        wanted = set(keys)
        return tuple(one for _, one in sorted(self.arrivals.items()) if wanted & set(one.keys))

    def keep_outgoing(self, outgoing: Outgoing) -> None:
        """See ``ports.OfficeRows``."""
        self.documents[outgoing.id] = outgoing

    def keep_incoming(self, incoming: Incoming) -> None:
        """See ``ports.OfficeRows``."""
        self.arrivals[incoming.year, incoming.number] = incoming

    def append(self, record: Record) -> None:
        """See ``ports.OfficeRows``."""
        assert record.position == len(self.history(record.subject)) + 1
        self.log.append(record)

    def history(self, subject: str) -> Sequence[Record]:
        """See ``ports.OfficeRows``."""
        return tuple(record for record in self.log if record.subject == subject)

    def last_digest(self) -> str:
        """See ``ports.OfficeRows``."""
        return self.log[-1].digest if self.log else ""

    def records(self) -> Sequence[Record]:
        """See ``ports.OfficeRows``."""
        return tuple(self.log)

    def keep_file(self, sha256: str, data: bytes) -> None:
        """See ``ports.OfficeRows``."""
        self.files[sha256] = data

    def file(self, sha256: str) -> bytes | None:
        """See ``ports.OfficeRows``."""
        return self.files.get(sha256)

    def _held(self, series: str, year: int) -> dict[int, Numbered]:
        return self.held.setdefault((series, year), {})


class MemoryStore:
    """A store that forgets everything when it is let go; its units are all or nothing like any other's."""

    def __init__(self) -> None:
        self._rows = MemoryRows()
        self._lock = threading.Lock()

    @contextmanager
    def unit(self, *, for_reading: bool = False) -> Iterator[MemoryRows]:
        """Begin a unit of work; see ``ports.OfficeStore``."""
        with self._lock:
            rows = copy.deepcopy(self._rows)
            yield rows
            if not for_reading:
                self._rows = rows

    def close(self) -> None:
        """See ``ports.OfficeStore``."""


def _within(day: date | None, first: date | None, last: date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)
