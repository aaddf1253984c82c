"""The queries of the ledger, written once for every database (SQLAlchemy Core).

The statements are built once, here, and only given their values later (``connection`` compiles them once).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, exists, insert, select, update
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.expression import ClauseElement

from docsign.envelope.agency_codes import canonical
from docsign.envelope.evidence import log_entry
from docsign.errors import StorageError
from docsign.sentence import say
from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import Delivery
from relay_server.core.directory import Agency, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.logbook import (
    STATE,
    Logbook,
    LogState,
    Sealed,
    read_log_state,
    write_log_state,
)
from relay_server.storage import tables
from relay_server.storage.connection import Connection
from relay_server.storage.tables import (
    agencies,
    bindings,
    checkpoints,
    deliveries,
    envelopes,
    facts,
    grants,
    meta,
    notes,
    tiles,
)

REMEMBERED = 2048
"""How many agencies are remembered."""
SEALED_AT_ONCE = 20_000
"""Records sealed under one commit: more than a group of units keeps, few enough for the memory."""

_WITH_BINDINGS = (
    select(agencies, bindings)
    .outerjoin(bindings, bindings.c.agency == agencies.c.key)
    .order_by(agencies.c.code, bindings.c.place)
)
_AGENCY = _WITH_BINDINGS.where(agencies.c.key == bindparam("wanted"))
_BOUND = bindings.alias("bound")
_AGENCY_OF = _WITH_BINDINGS.where(
    agencies.c.key
    == select(_BOUND.c.agency)
    .where(and_(_BOUND.c.sha256 == bindparam("fingerprint"), _BOUND.c.use == bindparam("wanted")))
    .scalar_subquery()
)
_OTHERS_OF = (
    select(agencies.c.code)
    .join(bindings, bindings.c.agency == agencies.c.key)
    .where(and_(bindings.c.sha256 == bindparam("fingerprint"), agencies.c.key != bindparam("wanted")))
)
_NO_BINDINGS = delete(bindings).where(bindings.c.agency == bindparam("wanted"))
_NO_AGENCY = delete(agencies).where(agencies.c.key == bindparam("wanted"))
_GRANT = select(grants).where(grants.c.id == bindparam("wanted"))
_GRANTS_BY = select(grants).where(grants.c.grantor == bindparam("wanted")).order_by(grants.c.place)
_END_GRANT = (
    update(grants)
    .where(and_(grants.c.id == bindparam("wanted"), grants.c.ended_at.is_(None)))
    .values(ended_at=bindparam("now"))
)
_ENVELOPE = select(envelopes).where(envelopes.c.sha256 == bindparam("wanted"))
_SENDERS = select(envelopes.c.sender).distinct().where(envelopes.c.document_id == bindparam("wanted"))
_NUMBER_KNOWN = select(envelopes.c.sha256).where(envelopes.c.number_key == bindparam("wanted")).limit(1)
_REMOVABLE = (
    select(envelopes)
    .where(
        and_(
            tables.KEPT,
            envelopes.c.accepted_at < bindparam("before"),
            ~exists().where(and_(deliveries.c.sha256 == envelopes.c.sha256, tables.WAITING)),
        )
    )
    .order_by(envelopes.c.accepted_at)
    .limit(bindparam("most"))
)
_REMOVED = update(envelopes).where(envelopes.c.sha256 == bindparam("wanted")).values(kept=False)
_DELIVERIES = (
    select(deliveries).where(deliveries.c.sha256 == bindparam("wanted")).order_by(deliveries.c.place)
)
_DELIVERY = select(deliveries).where(deliveries.c.id == bindparam("wanted"))
_INBOX = (
    select(deliveries)
    .where(
        and_(
            deliveries.c.receiver == bindparam("wanted"),
            deliveries.c.number > bindparam("after"),
            tables.WAITING,
        )
    )
    .order_by(deliveries.c.number)
    .limit(bindparam("most"))
)
_OVERDUE = (
    select(deliveries)
    .where(and_(tables.UNFETCHED, deliveries.c.due_at <= bindparam("now")))
    .order_by(deliveries.c.due_at)
    .limit(bindparam("most"))
)
_FACTS = select(facts).where(facts.c.sha256 == bindparam("wanted")).order_by(facts.c.number)
_FACT_OF = select(facts).where(
    and_(facts.c.delivery == bindparam("wanted"), facts.c.cause == bindparam("because"))
)
_EDITION = select(meta.c.value).where(meta.c.name == "directory")
_NEXT_EDITION = update(meta).where(meta.c.name == "directory").values(value=meta.c.value + 1)
_NEXT_NUMBER = (
    update(meta).where(meta.c.name == "inbox").values(value=meta.c.value + 1).returning(meta.c.value)
)
_ENTRIES = (
    select(facts.c.record, facts.c.signature)
    .where(and_(facts.c.leaf >= bindparam("start"), facts.c.leaf < bindparam("end")))
    .order_by(facts.c.leaf)
)
_LEAF_OF = select(facts.c.leaf).where(facts.c.id == bindparam("wanted"))
_UNSEALED = (
    select(facts.c.number, facts.c.id, facts.c.record, facts.c.signature)
    .where(facts.c.leaf.is_(None))
    .order_by(facts.c.number)
    .limit(SEALED_AT_ONCE)
)
_SEAL = update(facts).where(facts.c.number == bindparam("wanted")).values(leaf=bindparam("place"))
_TILE = select(tiles.c.hashes).where(
    and_(tiles.c.level == bindparam("level"), tiles.c.number == bindparam("number"))
)
_PUT_TILE = (
    update(tiles)
    .where(and_(tiles.c.level == bindparam("wanted_level"), tiles.c.number == bindparam("wanted_number")))
    .values(hashes=bindparam("new"))
)
_CHECKPOINT_OVER = (
    select(checkpoints.c.note)
    .where(checkpoints.c.size > bindparam("index"))
    .order_by(checkpoints.c.size)
    .limit(1)
)
_NEWEST_CHECKPOINT = select(checkpoints.c.note).order_by(checkpoints.c.size.desc()).limit(1)
_NOTE = select(notes.c.value).where(notes.c.name == bindparam("wanted"))
_FIRST_NOTE = (
    select(notes.c.name, notes.c.value)
    .where(and_(notes.c.name >= bindparam("first"), notes.c.name <= bindparam("last")))
    .order_by(notes.c.name)
    .limit(1)
)
_PUT_NOTE = update(notes).where(notes.c.name == bindparam("wanted")).values(value=bindparam("new"))
_PUT_DELIVERY = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("wanted"))
    .values({column.name: bindparam(column.name) for column in deliveries.c if column.name != "place"})
)


def _adding(table: Table) -> Insert:
    """Return how a row is added: the table numbers its rows itself, and a record gets its leaf later."""
    given = [column.name for column in table.c if column.autoincrement is not True and column.name != "leaf"]
    return insert(table).values({name: bindparam(name) for name in given})


_ADD = {table: _adding(table) for table in tables.metadata.sorted_tables}


class KnownAgencies:
    """Agencies as they were looked up in one edition of the directory, for one thread."""

    def __init__(self) -> None:
        self._edition = 0
        self._found: dict[object, Agency | None] = {}

    def in_edition(self, edition: int) -> dict[object, Agency | None]:
        """Return what was found in this edition, to be read and added to at once."""
        if edition != self._edition or len(self._found) >= REMEMBERED:
            self._edition, self._found = edition, {}
        return self._found


class DatabaseTransaction:
    """A Transaction over one connection, whose methods never suspend; its maker commits or rolls back."""

    def __init__(self, connection: Connection, known: KnownAgencies | None = None) -> None:
        """With ``known`` agencies are looked up once in each edition of the directory."""
        self._connection = connection
        self._known = known
        self._found: dict[object, Agency | None] | None = None
        """The agencies of the edition this transaction sees, once it was asked for one."""

    def _rows(self, statement: ClauseElement, **values: object) -> list[Any]:
        return self._connection.rows(statement, values)

    def _add(self, table: Table, *rows: dict[str, Any]) -> None:
        if rows:
            self._connection.run(_ADD[table], *rows)

    # ---- the directory

    async def agency(self, code: str) -> Agency | None:
        """See ports.Transaction."""
        key = canonical(code)
        known = self._in_this_edition()
        if key not in known:
            found = _agencies(self._rows(_AGENCY, wanted=key))
            known[key] = found[0] if found else None
        return known[key]

    def _in_this_edition(self) -> dict[object, Agency | None]:
        if self._known is None:
            return {}
        if self._found is None:
            self._found = self._known.in_edition(directory_edition(self._connection))
        return self._found

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """See ports.Transaction."""
        found = _agencies(self._rows(_AGENCY_OF, fingerprint=fingerprint, wanted=use.value))
        return found[0] if found else None

    async def agency_in_edition(self, fingerprint: str, use: Use) -> tuple[int, Agency | None]:
        """Return what ``agency_of`` does, and the edition of the directory that says so."""
        return directory_edition(self._connection), await self.agency_of(fingerprint, use)

    async def agencies(self, query: str, after: str, limit: int) -> tuple[Agency, ...]:
        """See ports.Transaction."""
        page = select(agencies.c.key).where(agencies.c.code > after).order_by(agencies.c.code).limit(limit)
        if query:
            page = page.where(agencies.c.folded.contains(query.casefold(), autoescape=True))
        return _agencies(self._rows(_WITH_BINDINGS.where(agencies.c.key.in_(page))))

    async def put_agency(self, agency: Agency) -> None:
        """See ports.Transaction."""
        for binding in agency.bindings:
            taken = self._rows(_OTHERS_OF, fingerprint=binding.sha256, wanted=agency.key)
            if taken:
                raise StorageError(
                    say("This certificate belongs to the agency {code} already.", code=taken[0]["code"])
                )
        self._connection.run(_NO_BINDINGS, {"wanted": agency.key})
        self._connection.run(_NO_AGENCY, {"wanted": agency.key})
        folded = f"{agency.code}\n{agency.name}".casefold()
        self._add(agencies, {"key": agency.key, "code": agency.code, "name": agency.name, "folded": folded})
        self._add(bindings, *(tables.binding_row(binding, agency.key) for binding in agency.bindings))
        if self._connection.run(_NEXT_EDITION, {}) == 0:
            self._add(meta, {"name": "directory", "value": 1})
        self._found = None

    # ---- grants

    async def add_grant(self, kept: KeptGrant) -> None:
        """See ports.Transaction."""
        self._add(grants, tables.grant_row(kept))

    async def end_grant(self, name: str, at: datetime) -> None:
        """See ports.Transaction."""
        self._connection.run(_END_GRANT, {"wanted": name, "now": tables.to_micros(at)})

    async def grant(self, name: str) -> KeptGrant | None:
        """See ports.Transaction."""
        rows = self._rows(_GRANT, wanted=name)
        return tables.read_grant(rows[0]) if rows else None

    async def grants_by(self, grantor: str) -> tuple[KeptGrant, ...]:
        """See ports.Transaction."""
        return tuple(map(tables.read_grant, self._rows(_GRANTS_BY, wanted=canonical(grantor))))

    # ---- envelopes and deliveries

    async def envelope(self, sha256: str) -> StoredEnvelope | None:
        """See ports.Transaction."""
        rows = self._rows(_ENVELOPE, wanted=sha256)
        return tables.read_envelope(rows[0]) if rows else None

    async def senders_of(self, document_id: str) -> frozenset[str]:
        """See ports.Transaction."""
        rows = self._rows(_SENDERS, wanted=document_id) if document_id else ()
        return frozenset(row["sender"] for row in rows)

    async def is_number_known(self, number_key: str) -> bool:
        """See ports.Transaction."""
        return bool(number_key) and bool(self._rows(_NUMBER_KNOWN, wanted=number_key))

    async def removable(self, before: datetime, limit: int) -> tuple[StoredEnvelope, ...]:
        """See ports.Transaction."""
        rows = self._rows(_REMOVABLE, before=tables.to_micros(before), most=limit)
        return tuple(map(tables.read_envelope, rows))

    async def mark_removed(self, sha256: str) -> None:
        """See ports.Transaction."""
        self._connection.run(_REMOVED, {"wanted": sha256})

    async def add_envelope(self, envelope: StoredEnvelope) -> None:
        """See ports.Transaction."""
        self._add(envelopes, tables.envelope_row(envelope))

    async def deliveries(self, sha256: str) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        return tuple(map(tables.read_delivery, self._rows(_DELIVERIES, wanted=sha256)))

    async def delivery(self, name: str) -> Delivery | None:
        """See ports.Transaction."""
        rows = self._rows(_DELIVERY, wanted=name)
        return tables.read_delivery(rows[0]) if rows else None

    async def add_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        self._add(deliveries, tables.delivery_row(delivery))

    async def put_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        row = tables.delivery_row(delivery)
        self._connection.run(_PUT_DELIVERY, {**row, "wanted": delivery.id})

    async def next_number(self) -> int:
        """See ports.Transaction."""
        return int(self._rows(_NEXT_NUMBER)[0]["value"])

    async def inbox(
        self, receiver: str, after: int, limit: int
    ) -> tuple[tuple[Delivery, StoredEnvelope], ...]:
        """See ports.Transaction."""
        rows = self._rows(_INBOX, wanted=receiver, after=after, most=limit)
        names = {row["sha256"] for row in rows}
        about = {name: tables.read_envelope(self._rows(_ENVELOPE, wanted=name)[0]) for name in names}
        return tuple((tables.read_delivery(row), about[row["sha256"]]) for row in rows)

    async def overdue(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        rows = self._rows(_OVERDUE, now=tables.to_micros(now), most=limit)
        return tuple(map(tables.read_delivery, rows))

    # ---- evidence

    async def add_fact(self, fact: Fact) -> None:
        """See ports.Transaction."""
        self._add(facts, tables.fact_row(fact))

    async def facts(self, sha256: str) -> tuple[Fact, ...]:
        """See ports.Transaction."""
        return tuple(map(tables.read_fact, self._rows(_FACTS, wanted=sha256)))

    async def fact_of(self, delivery: str, cause: str) -> Fact | None:
        """See ports.Transaction."""
        rows = self._rows(_FACT_OF, wanted=delivery, because=cause)
        return tables.read_fact(rows[0]) if rows else None

    # ---- the log

    async def log_state(self) -> LogState:
        """See ports.Transaction."""
        return self.read_state()

    async def tile(self, level: int, number: int) -> bytes | None:
        """See ports.Transaction."""
        return self.read_tile(level, number)

    async def entries(self, start: int, count: int) -> tuple[bytes, ...]:
        """See ports.Transaction."""
        rows = self._rows(_ENTRIES, start=start, end=start + count)
        return tuple(log_entry(row["record"], row["signature"]) for row in rows)

    async def index_of(self, evidence: str) -> int | None:
        """See ports.Transaction."""
        rows = self._rows(_LEAF_OF, wanted=evidence)
        return rows[0]["leaf"] if rows else None

    async def checkpoint_over(self, index: int) -> bytes:
        """See ports.Transaction."""
        rows = self._rows(_CHECKPOINT_OVER, index=index)
        return bytes(rows[0]["note"]) if rows else b""

    async def note(self, name: str) -> bytes:
        """See ports.Transaction."""
        return self.read_note(name)

    async def first_note(self, first: str, last: str) -> tuple[str, bytes] | None:
        """See ports.Transaction."""
        rows = self._rows(_FIRST_NOTE, first=first, last=last)
        return (rows[0]["name"], bytes(rows[0]["value"])) if rows else None

    async def put_note(self, name: str, value: bytes) -> None:
        """See ports.Transaction."""
        self.write_note(name, value)

    def read_note(self, name: str) -> bytes:
        """Return the note of this name."""
        rows = self._rows(_NOTE, wanted=name)
        return bytes(rows[0]["value"]) if rows else b""

    def write_note(self, name: str, value: bytes) -> None:
        """Replace the note of this name."""
        if self._connection.run(_PUT_NOTE, {"wanted": name, "new": value}) == 0:
            self._add(notes, {"name": name, "value": value})

    def read_state(self) -> LogState:
        """Return the log as it was last sealed."""
        rows = self._rows(_NEWEST_CHECKPOINT)
        return read_log_state(self.read_note(STATE), bytes(rows[0]["note"]) if rows else b"")

    def read_tile(self, level: int, number: int) -> bytes | None:
        """Return the hashes of a tile."""
        rows = self._rows(_TILE, level=level, number=number)
        return bytes(rows[0]["hashes"]) if rows else None

    def seal(self, logbook: Logbook) -> tuple[Sealed, dict[str, int]] | None:
        """Append what was kept and is not in the log yet; None where nothing was.

        Returns the log, and the index of each new record by its id.
        """
        rows = self._rows(_UNSEALED)
        if not rows:
            return None
        state = self.read_state()
        edge = {key: self.read_tile(*key) or b"" for key in state.edge()}
        sealed = logbook.seal(state, edge, [log_entry(row["record"], row["signature"]) for row in rows])
        placed = {row["id"]: state.size + place for place, row in enumerate(rows)}
        self._connection.run(_SEAL, *({"wanted": row["number"], "place": placed[row["id"]]} for row in rows))
        for (level, number), hashes in sealed.tiles.items():
            values = {"wanted_level": level, "wanted_number": number, "new": hashes}
            if self._connection.run(_PUT_TILE, values) == 0:
                self._add(tiles, {"level": level, "number": number, "hashes": hashes})
        self.write_note(STATE, write_log_state(sealed.state))
        self._add(checkpoints, {"size": sealed.state.size, "note": sealed.state.checkpoint})
        return sealed, placed


def directory_edition(connection: Connection) -> int:
    """Return a number that every change of the directory raises, in whatever process."""
    rows = connection.rows(_EDITION)
    return int(rows[0]["value"]) if rows else 0


def _agencies(rows: Sequence[Any]) -> tuple[Agency, ...]:
    """Put rows of agencies joined with their bindings together again; they come in the agencies' order."""
    found: dict[str, Agency] = {}
    for row in rows:
        known = found.get(row["key"]) or tables.read_agency(row)
        if row["sha256"] is not None:
            known = replace(known, bindings=(*known.bindings, tables.read_binding(row)))
        found[row["key"]] = known
    return tuple(found.values())
