"""What lets a caller act: its certificate, its grant; and whether both still hold when something is kept.

A grant whose signer's certificate was revoked since counts no more: whoever stole the seal may have made it.
"""

from __future__ import annotations

from functools import lru_cache

from docsign.ades.cades import judge_cms
from docsign.envelope.agency_codes import canonical
from docsign.envelope.evidence import parse_json
from docsign.envelope.grants import Grant, SignedGrant
from docsign.exchange.wire import ProblemType
from docsign.pki.certificates import der_of
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server.core.delegation import grant_in_force, not_acting
from relay_server.core.directory import Agency, Use
from relay_server.core.refusals import RefusalError
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
        grants = [kept for kept in await tx.grants_by(canonical(code)) if not _is_revoked(relay, kept.proof)]
        kept = grant_in_force(caller.agency, code, grants, at=relay.now())
        grantor = await tx.agency(code)
        if grantor is None:
            raise not_acting(caller.agency, code)
        return Caller(
            agency=grantor,
            certificate=caller.certificate,
            shown=caller.shown,
            delegate=caller.agency,
            grant=kept.proof,
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
    """Raise RefusalError where the certificate or grant of the caller has ended since the request began.

    Called in the very unit of work that keeps something: a body may take hours, and what is kept after the
    end was never allowed. And where somebody waited for what the answer shows.
    """
    own = await tx.agency(caller.actor)
    if own is None:
        raise _no_longer_in_force(caller.actor)
    require_in_force(relay, own, caller.certificate, caller.shown)
    if caller.delegate is None or caller.grant is None:
        return
    kept = await tx.grant(caller.grant.grant.id)
    if kept is None or not kept.holds_at(relay.now()) or _is_revoked(relay, kept.proof):
        raise not_acting(caller.delegate, caller.code)


def require_in_force(relay: Relay, agency: Agency, certificate: str, shown: bytes) -> None:
    """Raise RefusalError (unknown agency) where a certificate of an agency does not let anybody in now.

    ``certificate`` is its SHA-256, ``shown`` its DER.
    """
    if not agency.has(certificate, Use.TLS, at=relay.now()):
        raise _no_longer_in_force(agency.code)
    if shown and relay.examiner.is_revoked(shown):
        raise RefusalError(
            ProblemType.UNKNOWN_AGENCY,
            say("This certificate of the agency {agency} is revoked.", agency=agency.code),
        )


def _no_longer_in_force(code: str) -> RefusalError:
    return RefusalError(
        ProblemType.UNKNOWN_AGENCY,
        say("This certificate of the agency {agency} is no longer in force.", agency=code),
    )


def _is_revoked(relay: Relay, proof: SignedGrant) -> bool:
    signer = signer_of_grant(proof.signature, proof.signed)
    return signer is None or relay.examiner.is_revoked(signer)


@lru_cache(maxsize=1024)
def signer_of_grant(signature: bytes, signed: bytes) -> bytes | None:
    """Return the certificate (DER) whose signature a grant carries; None where that is none."""
    moment = Grant.from_json(parse_json(signed, limit=len(signed), where="grant")).made_at
    judged = judge_cms(signature, content=signed, trust=Trust.nothing(), at=moment)
    if judged.report.intact is not True or judged.certificate is None:
        return None
    return der_of(judged.certificate)
