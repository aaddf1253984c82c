"""Who is asking: the agency to which the directory binds the certificate of this TLS connection.

TLS itself lets in only certificates of a known authority; here the fingerprint must stand in the directory,
be in force, and not be revoked. An agency that says whom it acts for needs that agency's grant. Every answer
is logged.
"""

from __future__ import annotations

import hashlib

from aiohttp import web

from docsign.envelope.agency_codes import is_agency_code
from docsign.errors import WireError
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.directory import Use
from relay_server.core.refusals import RefusalError
from relay_server.services.delegation import acting_for, require_in_force
from relay_server.services.relay import Caller, Relay

CERTIFICATE = web.RequestKey("certificate", str)
AGENCY = web.RequestKey("agency", str)


async def identify(relay: Relay, request: web.Request) -> Caller:
    """Return who is asking; raises RefusalError (unknown agency) where nobody we know is."""
    shown = _certificate(request)
    if shown is None:
        raise _unknown()
    fingerprint = hashlib.sha256(shown).hexdigest()
    request[CERTIFICATE] = fingerprint
    agency = await relay.ledger.agency_of(fingerprint, Use.TLS)
    if agency is None:
        raise _unknown()
    require_in_force(relay, agency, fingerprint, shown)
    request[AGENCY] = agency.code
    caller = Caller(agency=agency, certificate=fingerprint, shown=shown)
    wanted = request.headers.getall(wire.ACTING_FOR_HEADER, [])
    if not wanted:
        return caller
    if len(wanted) > 1:
        raise WireError(say("One agency at a time can be acted for."), where=wire.ACTING_FOR_HEADER)
    code = wanted[0].strip()
    if not is_agency_code(code):
        raise WireError(say("not an agency code"), where=wire.ACTING_FOR_HEADER)
    return await acting_for(relay, caller, code)


def _unknown() -> RefusalError:
    return RefusalError(
        ProblemType.UNKNOWN_AGENCY, say("The directory does not know the certificate of this connection.")
    )


def _certificate(request: web.Request) -> bytes | None:
    if request.transport is None:
        return None
    connection = request.transport.get_extra_info("ssl_object")
    return connection.getpeercert(binary_form=True) if connection is not None else None
