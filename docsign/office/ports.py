"""What the office needs of a store, each contract in words.

A system with a store of its own implements ``OfficeStore`` over it and passes the contract tests
(``tests/office/test_store_contract.py``); everything else of the office then works on it unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from docsign.document.outgoing import Outgoing, Stage
from docsign.office.incoming import Incoming
from docsign.office.records import Record
from docsign.office.series import Numbered


class NumberRows(Protocol):
    """The numbers of the series: which are held, by whom, of which day; which were given back."""

    def first_number(self, series: str, year: int) -> int:
        """Return where the series begins in this year: 1 unless ``begin_series`` said otherwise."""
        ...

    def begin_series(self, series: str, year: int, first: int) -> None:
        """Say that the series begins at ``first`` in this year; the caller knows it to be empty."""
        ...

    def held_by(self, series: str, year: int, holder: str) -> Numbered | None:
        """Return the number of this holder."""
        ...

    def below(self, series: str, year: int, number: int | None) -> Numbered | None:
        """Return the nearest held number below ``number``; with None the highest that is held."""
        ...

    def above(self, series: str, year: int, number: int) -> Numbered | None:
        """Return the nearest held number above ``number``."""
        ...

    def free_numbers(self, series: str, year: int) -> Sequence[int]:
        """Return the numbers that were given back and are not held again, ascending."""
        ...

    def hold(self, numbered: Numbered) -> None:
        """Note a number as held; it is not held by anybody, and not free any more."""
        ...

    def release(self, numbered: Numbered, *, free: bool) -> None:
        """Forget who holds the number; with ``free`` it is one of ``free_numbers`` from now on."""
        ...

    def forget_free_from(self, series: str, year: int, number: int) -> None:
        """Remove the free numbers from ``number`` upwards: the series ends below them now."""
        ...


class OfficeRows(NumberRows, Protocol):
    """One unit of work: what is read is what the units before it wrote, nothing of those beside it."""

    def new_id(self) -> int:
        """Return an id for an outgoing document that no other has or had; it need not be consecutive."""
        ...

    def outgoing(self, number: int) -> Outgoing | None:
        """Return the outgoing document of this id as it stands."""
        ...

    def list_outgoing(
        self,
        *,
        stages: frozenset[Stage] | None = None,
        first: date | None = None,
        last: date | None = None,
        words: Sequence[str] = (),
    ) -> Sequence[Outgoing]:
        """Return outgoing documents, by id, whose text has all the ``words``.

        Words are as ``register.searchable`` gives them. ``first`` and ``last`` bound the date of the
        document and leave out those without one.
        """
        ...

    def incoming(self, year: int, number: int) -> Incoming | None:
        """Return the incoming document of this arrival number."""
        ...

    def list_incoming(
        self, *, first: date | None = None, last: date | None = None, words: Sequence[str] = ()
    ) -> Sequence[Incoming]:
        """Return incoming documents in the order of arrival; bounds are of the day of arrival."""
        ...

    def same_incoming(self, keys: Sequence[str]) -> Sequence[Incoming]:
        """Return the incoming documents that have one of these ``Incoming.keys``."""
        ...

    def keep_outgoing(self, outgoing: Outgoing) -> None:
        """Keep an outgoing document in place of what was kept under its id."""
        ...

    def keep_incoming(self, incoming: Incoming) -> None:
        """Keep an incoming document in place of what was kept under its year and number."""
        ...

    def append(self, record: Record) -> None:
        """Append a record at its position (from 1) of its subject. Records are never changed or removed."""
        ...

    def history(self, subject: str) -> Sequence[Record]:
        """Return the records of a subject, oldest first."""
        ...

    def last_digest(self) -> str:
        """Return the digest of the record appended last, of any subject; empty where there is none."""
        ...

    def records(self) -> Sequence[Record]:
        """Return every record in the order they were appended."""
        ...

    def keep_file(self, sha256: str, data: bytes) -> None:
        """Keep a file by its SHA-256; keeping it again does nothing."""
        ...

    def file(self, sha256: str) -> bytes | None:
        """Return a file."""
        ...


class OfficeStore(Protocol):
    """Where the office keeps its rows.

    Units of work that write follow one another, over all processes: a unit sees every unit that ended before
    it began. What a unit did is durable when its block is left, and is not there at all when the block raises
    or the process dies in it. One thread uses a store. Raises StorageError, DiskFullError, OutboxBusyError
    (try again later); never tries again by itself.
    """

    def unit(self, *, for_reading: bool = False) -> AbstractContextManager[OfficeRows]:
        """Begin a unit of work; one ``for_reading`` writes nothing and keeps no writer waiting."""
        ...

    def close(self) -> None:
        """Let go of what the store holds; using it afterwards is an error."""
        ...
