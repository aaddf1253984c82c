"""The older forms of the database, and the step that leads from each to the next one.

A step is SQL over SQLite, run inside one transaction with foreign keys off. Tables that change are made anew
beside the old ones, as the SQLite documentation advises, so that a migrated database has the very form of a
new one. What a step cannot know from the rows it asks of ``Known``.

* 1 to 2: the evidence log: leaves, tiles, checkpoints, notes; deliveries keep their order by their place.
  Every record is without a leaf: the next serve seals them.
* 2 to 3: warnings, retention, the issuer's number: ``warn_at``, ``kept``, ``number_key``.
* 3 to 4: grants.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

DELIVERIES_3 = """
CREATE TABLE new_deliveries (
	place INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	sender VARCHAR NOT NULL,
	receiver VARCHAR NOT NULL,
	number BIGINT NOT NULL,
	state VARCHAR NOT NULL,
	reached VARCHAR NOT NULL,
	waiting BOOLEAN NOT NULL,
	unfetched BOOLEAN NOT NULL,
	changed_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	leased_by VARCHAR NOT NULL,
	leased_until BIGINT,{more}
	PRIMARY KEY (place),
	UNIQUE (sha256, receiver),
	UNIQUE (id),
	FOREIGN KEY(sha256) REFERENCES envelopes (sha256)
)"""
_WARNINGS = """
	warn_at BIGINT,
	due_at BIGINT NOT NULL,"""
_DELIVERY = (
    "id, sha256, sender, receiver, number, state, reached, waiting, unfetched, changed_at, expires_at, "
    "leased_by, leased_until"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rows do not say: the number key of an envelope (sender, name), after how many µs to warn."""

    number_key: Callable[[str, str], str]
    warn_after: int


def step_1(database: sqlite3.Connection, known: Known) -> None:  # noqa: ARG001 -- the signature of a step
    """Lead from form 1 to form 2."""
    _run(
        database,
        """CREATE TABLE new_bindings (
	place INTEGER NOT NULL,
	sha256 VARCHAR NOT NULL,
	use VARCHAR NOT NULL,
	agency VARCHAR NOT NULL,
	not_before BIGINT NOT NULL,
	not_after BIGINT NOT NULL,
	PRIMARY KEY (place),
	UNIQUE (sha256, use),
	FOREIGN KEY(agency) REFERENCES agencies ("key")
)""",
        "INSERT INTO new_bindings (sha256, use, agency, not_before, not_after)"
        " SELECT sha256, use, agency, not_before, not_after FROM bindings ORDER BY rowid",
        *_replaced("bindings"),
        "CREATE INDEX ix_bindings_agency ON bindings (agency)",
        DELIVERIES_3.format(more=""),
        f"INSERT INTO new_deliveries ({_DELIVERY})"  # noqa: S608 -- columns of ours
        f" SELECT {_DELIVERY} FROM deliveries ORDER BY number",
        *_replaced("deliveries"),
        "CREATE INDEX overdue ON deliveries (expires_at) WHERE unfetched",
        "CREATE INDEX inbox ON deliveries (receiver, number) WHERE waiting",
        """CREATE TABLE new_facts (
	number INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	delivery VARCHAR NOT NULL,
	cause VARCHAR,
	state VARCHAR NOT NULL,
	record BLOB NOT NULL,
	signature BLOB NOT NULL,
	leaf BIGINT,
	PRIMARY KEY (number),
	UNIQUE (delivery, cause),
	UNIQUE (id),
	FOREIGN KEY(sha256) REFERENCES envelopes (sha256),
	UNIQUE (leaf)
)""",
        "INSERT INTO new_facts SELECT number, id, sha256, delivery, cause, state, record, signature, NULL"
        " FROM facts ORDER BY number",
        *_replaced("facts"),
        "CREATE INDEX ix_facts_sha256 ON facts (sha256)",
        "CREATE INDEX unsealed ON facts (number) WHERE leaf IS NULL",
        "CREATE TABLE tiles (level INTEGER NOT NULL, number BIGINT NOT NULL, hashes BLOB NOT NULL,"
        " PRIMARY KEY (level, number))",
        "CREATE TABLE checkpoints (size BIGINT NOT NULL, note BLOB NOT NULL, PRIMARY KEY (size))",
        "CREATE TABLE notes (name VARCHAR NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name))",
    )


def step_2(database: sqlite3.Connection, known: Known) -> None:
    """Lead from form 2 to form 3."""
    database.create_function("number_key", 2, known.number_key)
    _run(
        database,
        """CREATE TABLE new_envelopes (
	sha256 VARCHAR NOT NULL,
	size BIGINT NOT NULL,
	sender VARCHAR NOT NULL,
	document_id TEXT NOT NULL,
	subject TEXT NOT NULL,
	priority INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	accepted_at BIGINT NOT NULL,
	number_key TEXT NOT NULL,
	kept BOOLEAN NOT NULL,
	PRIMARY KEY (sha256)
)""",
        "INSERT INTO new_envelopes SELECT sha256, size, sender, document_id, subject, priority, kind,"
        " accepted_at, number_key(sender, sha256), 1 FROM envelopes ORDER BY rowid",
        *_replaced("envelopes"),
        "CREATE INDEX ix_envelopes_document_id ON envelopes (document_id)",
        "CREATE INDEX ix_envelopes_number_key ON envelopes (number_key)",
        "CREATE INDEX kept_envelopes ON envelopes (accepted_at) WHERE kept",
        DELIVERIES_3.format(more=_WARNINGS),
        f"INSERT INTO new_deliveries (place, {_DELIVERY}, warn_at, due_at)"  # noqa: S608 -- columns of ours
        f" SELECT place, {_DELIVERY}, NULL, expires_at FROM deliveries ORDER BY place",
        *_replaced("deliveries"),
        f"UPDATE deliveries SET warn_at = accepted_at + {known.warn_after:d} FROM envelopes"  # noqa: S608 -- a number
        " WHERE envelopes.sha256 = deliveries.sha256"
        f" AND accepted_at + {known.warn_after:d} < expires_at",
        "UPDATE deliveries SET due_at = min(expires_at, coalesce(warn_at, expires_at))",
        "CREATE INDEX overdue ON deliveries (due_at) WHERE unfetched",
        "CREATE INDEX inbox ON deliveries (receiver, number) WHERE waiting",
    )


def step_3(database: sqlite3.Connection, known: Known) -> None:  # noqa: ARG001 -- the signature of a step
    """Lead from form 3 to form 4."""
    _run(
        database,
        "CREATE TABLE grants (place INTEGER NOT NULL, id VARCHAR NOT NULL, grantor VARCHAR NOT NULL,"
        " ended_at BIGINT, record BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (place), UNIQUE (id))",
        "CREATE INDEX ix_grants_grantor ON grants (grantor)",
    )


STEPS: dict[int, Callable[[sqlite3.Connection, Known], None]] = {1: step_1, 2: step_2, 3: step_3}
"""From each older form to the next one."""


def _replaced(table: str) -> tuple[str, str]:
    return f"DROP TABLE {table}", f"ALTER TABLE new_{table} RENAME TO {table}"


def _run(database: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        database.execute(statement)
