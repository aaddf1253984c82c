"""Acting for another agency: the caller it makes, and whether the grant holds when something is kept."""

from __future__ import annotations

from docsign.envelope.agency_codes import canonical
from relay_server.core.delegation import grant_in_force, not_acting
from relay_server.log import tell
from relay_server.ports import Transaction
from relay_server.services.relay import Caller, Relay


async def acting_for(relay: Relay, caller: Caller, code: str) -> Caller:
    """Return ``caller`` as it acts for the agency of this code; itself where that is its own.

    Raises RefusalError. The decision is logged, either way.
    """
    if caller.agency.is_called(code):
        return caller

    async def look(tx: Transaction) -> Caller:
        grants = await tx.grants_by(canonical(code))
        kept = grant_in_force(caller.agency, code, grants, at=relay.now())
        grantor = await tx.agency(code)
        if grantor is None:
            raise not_acting(caller.agency, code)
        return Caller(
            agency=grantor, certificate=caller.certificate, delegate=caller.agency, grant=kept.proof
        )

    allowed: Caller | None = None
    try:
        allowed = await relay.ledger.read(look)
        return allowed
    finally:
        tell(
            "acting",
            delegate=caller.code,
            acting_for=code[:60],
            certificate=caller.certificate,
            allowed=allowed is not None,
            grant=allowed.grant.grant.id if allowed and allowed.grant else None,
        )


async def require_still_acting(tx: Transaction, relay: Relay, caller: Caller) -> None:
    """Raise RefusalError where the caller's grant was ended, or ran out, since the request began.

    Called in the very unit of work that keeps something: what is kept after the end was never granted. And
    where somebody waited for what the answer shows.
    """
    if caller.delegate is None or caller.grant is None:
        return
    kept = await tx.grant(caller.grant.grant.id)
    if kept is None or not kept.holds_at(relay.now()):
        raise not_acting(caller.delegate, caller.code)
