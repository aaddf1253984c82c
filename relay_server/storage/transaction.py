"""The queries of the ledger, written once for every database (SQLAlchemy Core)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from docsign.envelope.agency_codes import canonical
from docsign.errors import StorageError
from docsign.sentence import say
from relay_server.core.deliveries import Delivery
from relay_server.core.directory import Agency, Binding, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.storage import tables
from relay_server.storage.tables import agencies, bindings, deliveries, envelopes, facts, meta


class DatabaseTransaction:
    """A Transaction over one connection; whoever made it commits or rolls back."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _rows(self, statement: Any, **values: object) -> Sequence[Row[Any]]:
        return (await self._connection.execute(statement, values or None)).all()

    # ---- the directory

    async def agency(self, code: str) -> Agency | None:
        """See ports.Transaction."""
        return await self._agency(agencies.c.key == canonical(code))

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """See ports.Transaction."""
        bound = select(bindings.c.agency).where(
            and_(bindings.c.sha256 == fingerprint, bindings.c.use == use.value)
        )
        return await self._agency(agencies.c.key == bound.scalar_subquery())

    async def agencies(self, query: str, after: str, limit: int) -> tuple[Agency, ...]:
        """See ports.Transaction."""
        wanted = select(agencies).where(agencies.c.code > after).order_by(agencies.c.code).limit(limit)
        if query:
            wanted = wanted.where(agencies.c.folded.contains(query.casefold(), autoescape=True))
        return await self._with_bindings(await self._rows(wanted))

    async def put_agency(self, agency: Agency) -> None:
        """See ports.Transaction."""
        taken = await self._rows(
            select(agencies.c.code)
            .join(bindings, bindings.c.agency == agencies.c.key)
            .where(
                and_(
                    bindings.c.sha256.in_([binding.sha256 for binding in agency.bindings]),
                    agencies.c.key != agency.key,
                )
            )
        )
        if taken:
            raise StorageError(
                say("This certificate belongs to the agency {code} already.", code=taken[0].code)
            )
        await self._connection.execute(delete(bindings).where(bindings.c.agency == agency.key))
        await self._connection.execute(delete(agencies).where(agencies.c.key == agency.key))
        folded = f"{agency.code}\n{agency.name}".casefold()
        await self._connection.execute(
            insert(agencies),
            [{"key": agency.key, "code": agency.code, "name": agency.name, "folded": folded}],
        )
        rows = [
            {
                "sha256": binding.sha256,
                "use": binding.use.value,
                "agency": agency.key,
                "not_before": tables.to_micros(binding.not_before),
                "not_after": tables.to_micros(binding.not_after),
            }
            for binding in agency.bindings
        ]
        if rows:
            await self._connection.execute(insert(bindings), rows)

    async def _agency(self, condition: Any) -> Agency | None:
        found = await self._with_bindings(await self._rows(select(agencies).where(condition)))
        return found[0] if found else None

    async def _with_bindings(self, rows: Sequence[Row[Any]]) -> tuple[Agency, ...]:
        bound: dict[str, list[Binding]] = {row.key: [] for row in rows}
        for row in await self._rows(select(bindings).where(bindings.c.agency.in_(bound))):
            bound[row.agency].append(tables.read_binding(row))
        return tuple(Agency(code=row.code, name=row.name, bindings=tuple(bound[row.key])) for row in rows)

    # ---- envelopes and deliveries

    async def envelope(self, sha256: str) -> StoredEnvelope | None:
        """See ports.Transaction."""
        rows = await self._rows(select(envelopes).where(envelopes.c.sha256 == sha256))
        return tables.read_envelope(rows[0]) if rows else None

    async def senders_of(self, document_id: str) -> frozenset[str]:
        """See ports.Transaction."""
        rows = await self._rows(
            select(envelopes.c.sender).distinct().where(envelopes.c.document_id == document_id)
        )
        return frozenset(row.sender for row in rows)

    async def add_envelope(self, envelope: StoredEnvelope) -> None:
        """See ports.Transaction."""
        await self._connection.execute(
            insert(envelopes),
            [
                {
                    "sha256": envelope.sha256,
                    "size": envelope.size,
                    "sender": envelope.sender,
                    "document_id": envelope.document_id,
                    "subject": envelope.subject,
                    "priority": envelope.priority,
                    "kind": envelope.kind,
                    "accepted_at": tables.to_micros(envelope.accepted_at),
                }
            ],
        )

    async def deliveries(self, sha256: str) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        rows = await self._rows(
            select(deliveries).where(deliveries.c.sha256 == sha256).order_by(deliveries.c.position)
        )
        return tuple(map(tables.read_delivery, rows))

    async def delivery(self, name: str) -> Delivery | None:
        """See ports.Transaction."""
        rows = await self._rows(select(deliveries).where(deliveries.c.id == name))
        return tables.read_delivery(rows[0]) if rows else None

    async def add_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        position = await self._connection.scalar(
            select(func.count()).select_from(deliveries).where(deliveries.c.sha256 == delivery.sha256)
        )
        await self._connection.execute(
            insert(deliveries), [{**tables.delivery_row(delivery), "position": position or 0}]
        )

    async def put_delivery(self, delivery: Delivery) -> None:
        """See ports.Transaction."""
        await self._connection.execute(
            update(deliveries).where(deliveries.c.id == delivery.id).values(tables.delivery_row(delivery))
        )

    async def next_number(self) -> int:
        """See ports.Transaction."""
        last = await self._connection.scalar(select(meta.c.value).where(meta.c.name == "inbox"))
        if last is None:
            await self._connection.execute(insert(meta), [{"name": "inbox", "value": 1}])
            return 1
        await self._connection.execute(update(meta).where(meta.c.name == "inbox").values(value=last + 1))
        return int(last) + 1

    async def inbox(
        self, receiver: str, after: int, limit: int
    ) -> tuple[tuple[Delivery, StoredEnvelope], ...]:
        """See ports.Transaction."""
        rows = await self._rows(
            select(deliveries)
            .where(and_(deliveries.c.receiver == receiver, deliveries.c.number > after, deliveries.c.waiting))
            .order_by(deliveries.c.number)
            .limit(limit)
        )
        about = await self._rows(
            select(envelopes).where(envelopes.c.sha256.in_({row.sha256 for row in rows}))
        )
        found = {row.sha256: tables.read_envelope(row) for row in about}
        return tuple((tables.read_delivery(row), found[row.sha256]) for row in rows)

    async def overdue(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """See ports.Transaction."""
        rows = await self._rows(
            select(deliveries)
            .where(and_(deliveries.c.unfetched, deliveries.c.expires_at <= tables.to_micros(now)))
            .order_by(deliveries.c.expires_at)
            .limit(limit)
        )
        return tuple(map(tables.read_delivery, rows))

    # ---- evidence

    async def add_fact(self, fact: Fact) -> None:
        """See ports.Transaction."""
        await self._connection.execute(
            insert(facts),
            [
                {
                    "id": fact.evidence.id,
                    "sha256": fact.evidence.sha256,
                    "delivery": fact.delivery,
                    "cause": fact.cause or None,
                    "state": fact.state,
                    "record": fact.signed,
                    "signature": fact.signature,
                }
            ],
        )

    async def facts(self, sha256: str) -> tuple[Fact, ...]:
        """See ports.Transaction."""
        rows = await self._rows(select(facts).where(facts.c.sha256 == sha256).order_by(facts.c.number))
        return tuple(map(tables.read_fact, rows))

    async def fact_of(self, delivery: str, cause: str) -> Fact | None:
        """See ports.Transaction."""
        rows = await self._rows(
            select(facts).where(and_(facts.c.delivery == delivery, facts.c.cause == cause))
        )
        return tables.read_fact(rows[0]) if rows else None
