"""Who acts for whom: which grants a relay takes, and when one lets a connection act for another agency. Pure.

Taking a grant:

1. Both agencies stand in the directory.
2. It is signed, and by a certificate the directory binds to the agency that grants, for sealing, now.
3. It is not over.

Acting under it, judged anew for every request, and once more where something is written:

4. The connection's own agency is the delegate the grant names; a grant is never handed on: what others let
   the granting agency do is its own.
5. Its time has come and is not over, it was not ended before, and its signer's certificate is not revoked
   (``services.delegation``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from docsign.envelope.grants import Grant, SignedGrant
from docsign.errors import TrustError, UsageError
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.directory import Agency, Use
from relay_server.core.refusals import RefusalError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGrant:
    """A grant as the directory keeps it; once ended it never holds again, wherever the clock goes."""

    proof: SignedGrant
    ended_at: datetime | None = None

    @property
    def grant(self) -> Grant:
        """What was granted."""
        return self.proof.grant

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether it is in force."""
        return self.ended_at is None and self.grant.holds_at(moment)


def require_grant(
    grant: Grant, grantor: Agency | None, delegate: Agency | None, signer: str | None, *, at: datetime
) -> None:
    """Checks 1 to 3; ``signer`` is the SHA-256 of the certificate whose signature passed, None without one.

    Raises UsageError, TrustError.
    """
    for code, known in ((grant.grantor, grantor), (grant.delegate, delegate)):
        if known is None or not known.is_called(code):
            raise UsageError(say("The directory does not know the agency {code}.", code=code[:60]))
    assert grantor is not None
    if signer is None or not grantor.has(signer, Use.SIGN, at=at):
        raise TrustError(
            say("The grant is not signed by a sealing certificate of the agency {code}.", code=grantor.code)
        )
    if grant.ends <= at:
        raise UsageError(say("The grant ended on {end}.", end=f"{grant.ends:%Y-%m-%d %H:%M} UTC"))


def grant_in_force(delegate: Agency, grantor: str, grants: Iterable[KeptGrant], *, at: datetime) -> KeptGrant:
    """Checks 4 and 5: return the grant under which ``delegate`` acts for the agency of this code.

    Raises RefusalError, in the same words whatever is missing: nobody learns who granted what to others.
    """
    for kept in grants:
        if delegate.is_called(kept.grant.delegate) and kept.holds_at(at):
            return kept
    raise not_acting(delegate, grantor)


def not_acting(delegate: Agency, grantor: str) -> RefusalError:
    """Return the answer to whoever acts for an agency without its grant."""
    return RefusalError(
        ProblemType.NOT_YOUR_AGENCY,
        say(
            "The agency {delegate} holds no grant in force to act for {grantor}.",
            delegate=delegate.code,
            grantor=grantor[:60],
        ),
        where="Docsign-Acting-For",
    )
