"""The tables of the ledger and how a row becomes a value; one text for every database.

Times are whole microseconds since 1970 in UTC. ``inbox`` and ``overdue`` are partial indexes: their size is
that of what waits, not of what was ever sent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from docsign.envelope.agency_codes import canonical
from docsign.envelope.evidence import Evidence, parse_json
from docsign.envelope.grants import Grant, SignedGrant
from docsign.errors import StorageError, WireError
from docsign.sentence import say
from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import Delivery, State
from relay_server.core.directory import Agency, Binding, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.storage.raw import DAMAGED

Value = TypeVar("Value")

SCHEMA_VERSION: Final = 4
BEGINNING: Final = [{"name": "schema", "value": SCHEMA_VERSION}, {"name": "inbox", "value": 0}]
"""The counters of a new database."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
agencies = Table(
    "agencies",
    metadata,
    Column("key", String, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
)
bindings = Table(
    "bindings",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("sha256", String, nullable=False),
    Column("use", String, nullable=False),
    Column("agency", ForeignKey("agencies.key"), nullable=False, index=True),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    UniqueConstraint("sha256", "use"),
)
envelopes = Table(
    "envelopes",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sender", String, nullable=False),
    Column("document_id", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("number_key", Text, nullable=False, index=True),
    Column("kept", Boolean, nullable=False),
)
Index(
    "kept_envelopes",
    envelopes.c.accepted_at,
    sqlite_where=envelopes.c.kept,
    postgresql_where=envelopes.c.kept,
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("sha256", ForeignKey("envelopes.sha256"), nullable=False),
    Column("sender", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("reached", String, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("unfetched", Boolean, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("leased_by", String, nullable=False),
    Column("leased_until", BigInteger),
    Column("warn_at", BigInteger),
    Column("due_at", BigInteger, nullable=False),
    UniqueConstraint("sha256", "receiver"),
)
Index(
    "inbox",
    deliveries.c.receiver,
    deliveries.c.number,
    sqlite_where=deliveries.c.waiting,
    postgresql_where=deliveries.c.waiting,
)
Index(
    "overdue",
    deliveries.c.due_at,
    sqlite_where=deliveries.c.unfetched,
    postgresql_where=deliveries.c.unfetched,
)
# Bare, as the partial indexes have them: SQLite does not see that "waiting = 1" is within "WHERE waiting".
WAITING: Final = text("deliveries.waiting")
UNFETCHED: Final = text("deliveries.unfetched")
KEPT: Final = text("envelopes.kept")

facts = Table(
    "facts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("sha256", ForeignKey("envelopes.sha256"), nullable=False, index=True),
    Column("delivery", String, nullable=False),
    Column("cause", String),
    Column("state", String, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("leaf", BigInteger, unique=True),
    UniqueConstraint("delivery", "cause"),
)
Index(
    "unsealed",
    facts.c.number,
    sqlite_where=facts.c.leaf.is_(None),
    postgresql_where=facts.c.leaf.is_(None),
)
tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
)
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("note", LargeBinary, nullable=False),
)
notes = Table(
    "notes",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("grantor", String, nullable=False, index=True),
    Column("ended_at", BigInteger),
    Column("record", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)


def to_micros(moment: datetime) -> int:
    """Return a moment as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(number: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + number * _MICROSECOND


def _told(read: Callable[[Any], Value]) -> Callable[[Any], Value]:
    """Say in the library's words that a row holds what was never written."""

    @functools.wraps(read)
    def reading(row: Any) -> Value:
        try:
            return read(row)
        except (WireError, *DAMAGED) as error:
            raise StorageError(
                say("A row of the database is damaged."),
                hint=say("docsign-relay check says what is damaged."),
            ) from error

    return reading


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Return the columns of a delivery; its place among the receivers is the order of adding."""
    return {
        "id": delivery.id,
        "sha256": delivery.sha256,
        "sender": delivery.sender,
        "receiver": delivery.receiver,
        "number": delivery.number,
        "state": delivery.state.value,
        "reached": delivery.reached.value,
        "waiting": delivery.is_waiting,
        "unfetched": delivery.is_unfetched,
        "changed_at": to_micros(delivery.changed_at),
        "expires_at": to_micros(delivery.expires_at),
        "leased_by": delivery.leased_by,
        "leased_until": None if delivery.leased_until is None else to_micros(delivery.leased_until),
        "warn_at": None if delivery.warn_at is None else to_micros(delivery.warn_at),
        "due_at": to_micros(delivery.due_at),
    }


@_told
def read_delivery(row: Any) -> Delivery:
    """Return the delivery of a row."""
    return Delivery(
        id=row["id"],
        sha256=row["sha256"],
        sender=row["sender"],
        receiver=row["receiver"],
        number=row["number"],
        state=State(row["state"]),
        reached=State(row["reached"]),
        changed_at=from_micros(row["changed_at"]),
        expires_at=from_micros(row["expires_at"]),
        leased_by=row["leased_by"],
        leased_until=None if row["leased_until"] is None else from_micros(row["leased_until"]),
        warn_at=None if row["warn_at"] is None else from_micros(row["warn_at"]),
    )


def envelope_row(envelope: StoredEnvelope) -> dict[str, Any]:
    """Return the columns of an envelope."""
    return {
        "sha256": envelope.sha256,
        "size": envelope.size,
        "sender": envelope.sender,
        "document_id": envelope.document_id,
        "subject": envelope.subject,
        "priority": envelope.priority,
        "kind": envelope.kind,
        "accepted_at": to_micros(envelope.accepted_at),
        "number_key": envelope.number_key,
        "kept": envelope.is_kept,
    }


@_told
def read_envelope(row: Any) -> StoredEnvelope:
    """Return the envelope of a row."""
    return StoredEnvelope(
        sha256=row["sha256"],
        size=row["size"],
        sender=row["sender"],
        document_id=row["document_id"],
        subject=row["subject"],
        priority=row["priority"],
        kind=row["kind"],
        accepted_at=from_micros(row["accepted_at"]),
        number_key=row["number_key"],
        is_kept=bool(row["kept"]),
    )


@_told
def read_agency(row: Any) -> Agency:
    """Return the agency of a row, without its bindings."""
    if not isinstance(row["code"], str) or not isinstance(row["name"], str):
        raise TypeError(row["key"])
    return Agency(code=row["code"], name=row["name"])


def binding_row(binding: Binding, agency: str) -> dict[str, Any]:
    """Return the columns of a binding of the agency with this key."""
    return {
        "sha256": binding.sha256,
        "use": binding.use.value,
        "agency": agency,
        "not_before": to_micros(binding.not_before),
        "not_after": to_micros(binding.not_after),
    }


@_told
def read_binding(row: Any) -> Binding:
    """Return the binding of a row."""
    return Binding(
        sha256=row["sha256"],
        use=Use(row["use"]),
        not_before=from_micros(row["not_before"]),
        not_after=from_micros(row["not_after"]),
    )


def grant_row(kept: KeptGrant) -> dict[str, Any]:
    """Return the columns of a grant."""
    return {
        "id": kept.grant.id,
        "grantor": canonical(kept.grant.grantor),
        "ended_at": None if kept.ended_at is None else to_micros(kept.ended_at),
        "record": kept.proof.signed,
        "signature": kept.proof.signature,
    }


@_told
def read_grant(row: Any) -> KeptGrant:
    """Return the grant of a row, read back from the very bytes that were signed."""
    grant = Grant.from_json(parse_json(row["record"], limit=len(row["record"]), where="grant"))
    return KeptGrant(
        proof=SignedGrant(grant=grant, signature=row["signature"], signed=row["record"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
    )


def fact_row(fact: Fact) -> dict[str, Any]:
    """Return the columns of an evidence record; no cause is NULL, which is never there twice."""
    return {
        "id": fact.evidence.id,
        "sha256": fact.evidence.sha256,
        "delivery": fact.delivery,
        "cause": fact.cause or None,
        "state": fact.state,
        "record": fact.signed,
        "signature": fact.signature,
    }


@_told
def read_fact(row: Any) -> Fact:
    """Return the evidence of a row, read back from the very bytes that were signed."""
    return Fact(
        evidence=Evidence.from_json(parse_json(row["record"], limit=len(row["record"]), where="evidence")),
        signed=row["record"],
        signature=row["signature"],
        delivery=row["delivery"],
        cause=row["cause"] or "",
        state=row["state"],
    )
