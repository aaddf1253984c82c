"""Count what a relay took in and handed out in a period, agency by agency: read-only, one view of the rows.

Envelopes and deliveries count in the period in which the relay accepted the envelope; states are those of
now. ``doctor`` tells what the relay stands on, this what it did.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from docsign.envelope.agency_codes import canonical
from docsign.errors import StorageError, UsageError
from docsign.exchange.wire import DeliveryState
from docsign.sentence import Sentence, say
from relay_server.app import DATABASE
from relay_server.doctor import SOON, granted_until
from relay_server.settings import RelaySettings
from relay_server.storage.raw import DAMAGED, RawDatabase
from relay_server.storage.tables import SCHEMA_VERSION, from_micros, to_micros

_SENT: Final = (
    "SELECT sender, count(*), sum(size) FROM envelopes"
    " WHERE accepted_at >= :begin AND accepted_at < :end GROUP BY sender"
)
# a lease that has run out is none
_STATES: Final = (
    "SELECT d.sender, d.receiver,"
    " CASE WHEN d.state = 'leased' AND d.leased_until <= :now THEN 'queued' ELSE d.state END AS stands,"
    " count(*) FROM deliveries d JOIN envelopes e ON e.sha256 = d.sha256"
    " WHERE e.accepted_at >= :begin AND e.accepted_at < :end GROUP BY d.sender, d.receiver, stands"
)
_LATE: Final = (
    "SELECT d.receiver, count(*) FROM deliveries d JOIN envelopes e ON e.sha256 = d.sha256"
    " WHERE d.unfetched AND e.accepted_at <= :before GROUP BY d.receiver"
)


@dataclass(slots=True, kw_only=True)
class Counts:
    """One agency's traffic: envelopes it sent, and deliveries by the state they stand in now.

    ``size`` is in bytes; ``late`` counts what waits for the agency past the relay's warning, of any period.
    """

    code: str
    name: str = ""
    envelopes: int = 0
    size: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    late: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.envelopes or self.sent or self.received or self.late)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "code": self.code,
            "name": self.name,
            "envelopes": self.envelopes,
            "bytes": self.size,
            "sent": _by_state(self.sent),
            "received": _by_state(self.received),
            "late": self.late,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """The counts of every agency that had any, by code; ``end`` is the first moment after the period."""

    begin: datetime
    end: datetime
    agencies: tuple[Counts, ...]
    warnings: tuple[Sentence, ...]

    @property
    def total(self) -> Counts:
        """All of them together; every delivery is one that was sent and one that was received."""
        whole = Counts(code="")
        for one in self.agencies:
            whole.envelopes += one.envelopes
            whole.size += one.size
            whole.sent += one.sent
            whole.received += one.received
            whole.late += one.late
        return whole

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        total = self.total.to_json()
        return {
            "schema": 1,
            "begin": self.begin.isoformat(),
            "end": self.end.isoformat(),
            "agencies": [one.to_json() for one in self.agencies],
            "total": {name: value for name, value in total.items() if name not in ("code", "name")},
            "warnings": [{"vi": one.text("vi"), "en": one.text("en")} for one in self.warnings],
        }


def count(
    folder: Path, begin: datetime, end: datetime, *, now: datetime, agency: str | None = None
) -> PeriodReport:
    """Count what the relay of ``folder`` accepted from ``begin`` up to and without ``end``.

    Raises FileUnusableError, UsageError for an agency nobody knows, StorageError.
    """
    try:
        return _count(folder, begin, end, now=now, agency=agency)
    except DAMAGED as error:
        raise StorageError(
            say("A row of the database is damaged."),
            where=str(folder / DATABASE),
            hint=say("docsign-relay check says what is damaged."),
        ) from error


def _count(
    folder: Path, begin: datetime, end: datetime, *, now: datetime, agency: str | None
) -> PeriodReport:
    settings = RelaySettings.read(folder.resolve())
    with RawDatabase.open(folder / DATABASE) as raw:
        if raw.ask("SELECT value FROM meta WHERE name = 'schema'") != [(SCHEMA_VERSION,)]:
            raise StorageError(
                say("The database has another form than this version's."),
                where=str(raw.path),
                hint=say("docsign-relay migrate brings an older database to the form of this version."),
            )
        found = {
            code: Counts(code=code, name=str(name))
            for code, name in raw.ask("SELECT code, name FROM agencies")
        }
        _fill(raw, found, begin, end, now, timedelta(seconds=settings.warn_unfetched))
        if agency is not None:
            found = {code: one for code, one in found.items() if canonical(code) == canonical(agency)}
            if not found:
                raise UsageError(say("The directory does not know the agency {code}.", code=agency[:60]))
        warnings = (*_traffic_warnings(found, settings), *_ending(raw, folder, set(found), now))
    told = [one for _, one in sorted(found.items()) if agency is not None or not one.is_empty]
    return PeriodReport(begin=begin, end=end, agencies=tuple(told), warnings=warnings)


def _fill(
    raw: RawDatabase,
    found: dict[str, Counts],
    begin: datetime,
    end: datetime,
    now: datetime,
    warn_after: timedelta,
) -> None:
    period = {"begin": to_micros(begin), "end": to_micros(end)}

    def of(code: str) -> Counts:
        return found.setdefault(code, Counts(code=code))  # of an agency that was taken out since

    for code, number, size in raw.ask_named(_SENT, period):
        of(code).envelopes, of(code).size = number, size
    for sender, receiver, state, number in raw.ask_named(_STATES, {**period, "now": to_micros(now)}):
        if not isinstance(state, str):
            raise TypeError(state)
        of(sender).sent[state] += number
        of(receiver).received[state] += number
    for receiver, number in raw.ask_named(_LATE, {"before": to_micros(now - warn_after)}):
        of(receiver).late = number


def _traffic_warnings(found: dict[str, Counts], settings: RelaySettings) -> list[Sentence]:
    days = settings.warn_unfetched // 86400
    told = [
        say("{code} has not fetched {count} documents for {days} days.", code=code, count=one.late, days=days)
        for code, one in sorted(found.items())
        if one.late
    ]
    told += [
        say("{code} did not fetch {count} documents in time.", code=code, count=expired)
        for code, one in sorted(found.items())
        if (expired := one.received[DeliveryState.EXPIRED])
    ]
    return told


def _ending(raw: RawDatabase, folder: Path, codes: set[str], now: datetime) -> list[Sentence]:
    """Return what is over, or is soon: the last certificate of an agency, a grant."""
    rows = raw.ask_named(
        "SELECT code, use, max(not_after) AS last FROM bindings JOIN agencies ON agencies.key = agency"
        " WHERE use <> 'audit' GROUP BY code, use HAVING last < :soon ORDER BY last",
        {"soon": to_micros(now + SOON)},
    )
    told = [
        say(
            "{code}: its certificate ({use}) ends on {day}.",
            code=code,
            use=use,
            day=f"{from_micros(last):%Y-%m-%d}",
        )
        for code, use, last in rows
        if code in codes
    ]
    return told + [
        say("{delegate} acts for {grantor} until {day} only.", **grant)
        for grant in granted_until(folder, now)
        if {grant["grantor"], grant["delegate"]} & codes
    ]


def _by_state(counted: Counter[str]) -> dict[str, int]:
    """Return the counts in the order a delivery goes, states nobody stands in left out."""
    order = [state.value for state in DeliveryState]
    known = {state: counted[state] for state in order if counted[state]}
    return known | {state: number for state, number in sorted(counted.items()) if state not in order}
