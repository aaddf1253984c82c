"""Accept an envelope: durable before the positive answer, the same answer for the same bytes.

1. There is room for it, as far as its length is announced.
2. It is streamed in; size and digest are counted on the way.
3. The digest is the announced one.
4. It is examined (ZIP rules, header, signatures).
5. Known already: the receipt of then, if it is the sender who asks, whatever would be thought of it today.
   Else ``core.admission`` lets it in.
6. The bytes are made durable under their name.
7. One transaction remembers envelope, deliveries and evidence.
8. The receivers who wait are woken; the receipt is returned, with the proof that it stands in the log.

A crash before 7 leaves at most bytes without an entry, which the sender's repetition picks up again.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from docsign.envelope.evidence import EvidenceEvent, Reason, Receipt
from docsign.errors import DiskFullError, MalformedError
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core import admission
from relay_server.core.deliveries import Delivery, State
from relay_server.core.directory import Agency, parents
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.refusals import RefusalError
from relay_server.core.submissions import Submission
from relay_server.ports import Examination, Incoming, Transaction
from relay_server.services.delegation import require_still_acting
from relay_server.services.log import proved
from relay_server.services.relay import Caller, Relay

FEW: Final = 16
"""Receivers and documents that are looked up at once; more must not hold other requests up."""


async def accept(
    relay: Relay,
    caller: Caller,
    body: AsyncIterator[bytes],
    *,
    declared: str,
    length: int | None = None,
    time_to_live: timedelta | None = None,
) -> Receipt:
    """Take in an envelope and return its receipt; raises RefusalError, StorageError, DiskFullError.

    ``declared`` is the announced SHA-256 (hex), ``length`` the announced size in bytes, where there is one.
    """
    await require_room(relay, length or 0)
    incoming = await relay.bodies.begin()
    try:
        size = await _stream(relay, body, incoming, declared)
        with relay.intake.entered():
            return await _take_in(relay, caller, incoming, declared, size, time_to_live)
    finally:
        await incoming.abort()


async def _take_in(
    relay: Relay,
    caller: Caller,
    incoming: Incoming,
    declared: str,
    size: int,
    time_to_live: timedelta | None,
) -> Receipt:
    """Steps 4 to 8: what was streamed in and is what was announced."""
    found = await _examine(relay, incoming)
    many = not isinstance(found, RefusalError) and found.submission.looked_up > FEW
    look = relay.ledger.read if many else relay.ledger.glance
    entry = await look(lambda tx: _decide(tx, relay, caller, declared, found))
    if isinstance(entry, StoredEnvelope):
        if entry.is_kept:
            await incoming.commit(declared)  # lost or damaged since, perhaps: here they are again
        facts = await relay.ledger.read(lambda tx: tx.facts(declared))
        return await proved(relay, receipt_among(facts))
    await incoming.commit(declared)
    receipt = await _remember(relay, caller, entry, declared, size, time_to_live)
    return await proved(relay, receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    """An envelope that is let in: what its header says, who receives it, and what its receipt warns of."""

    submission: Submission
    receivers: tuple[Agency, ...]
    warnings: tuple[Reason, ...]


async def _decide(
    tx: Transaction, relay: Relay, caller: Caller, sha256: str, found: Examination | RefusalError
) -> StoredEnvelope | _Admitted:
    """Step 5: return what this caller has sent before, or what is let in; raises RefusalError."""
    known = await tx.envelope(sha256)
    if known is not None and known.sender == caller.code:
        return known
    if isinstance(found, RefusalError):
        raise found
    receivers, warnings = await _admit(tx, relay, caller, found)
    return _Admitted(submission=found.submission, receivers=receivers, warnings=warnings)


async def require_room(relay: Relay, length: int) -> None:
    """Raise RefusalError or DiskFullError where so many bytes cannot be taken in now."""
    relay.intake.require_calm(relay.limits.pressing)
    if relay.stamping is not None:
        relay.stamping.require_working(relay.now())
    if length > relay.limits.envelope:
        raise too_large(relay)
    # Postfix's habit: a minimum of free space before anything is taken in
    if await relay.bodies.free_space() < relay.limits.free_space + length:
        raise DiskFullError(say("The relay's disk is full: nothing is accepted until there is room."))


async def _stream(relay: Relay, body: AsyncIterator[bytes], incoming: Incoming, declared: str) -> int:
    digest = hashlib.sha256()
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > relay.limits.envelope:
            raise too_large(relay)
        digest.update(chunk)
        await incoming.write(chunk)
    if digest.hexdigest() != declared:
        raise RefusalError(
            ProblemType.DIGEST_MISMATCH,
            say("The bytes that arrived are not those announced: the SHA-256 differs."),
            where="Repr-Digest",
        )
    return size


def too_large(relay: Relay) -> RefusalError:
    """Return the answer to an envelope past the limit."""
    return RefusalError(
        ProblemType.TOO_LARGE,
        say("The envelope is too large: {limit} bytes at most.", limit=relay.limits.envelope),
    )


async def _examine(relay: Relay, incoming: Incoming) -> Examination | RefusalError:
    """Return what was found, or the answer to what is no envelope."""
    with await incoming.reading() as stream:
        try:
            return await relay.examiner.examine(stream, at=relay.now())
        except MalformedError as error:
            return RefusalError(ProblemType.BAD_ENVELOPE, error.sentence, where=error.where)


async def _admit(
    tx: Transaction, relay: Relay, caller: Caller, found: Examination
) -> tuple[tuple[Agency, ...], tuple[Reason, ...]]:
    """Run the checks of ``core.admission`` in their order; return the receivers, and what to warn of."""
    submission = found.submission
    sender = await tx.agency(caller.code) or caller.agency  # as the directory has it after a long body
    admission.require_own(submission, sender)
    admission.require_sound(found.conclusion, found.reason)
    admission.require_bound(found.signers, sender, at=relay.now())
    admission.require_open(submission)
    admission.require_short(submission)
    codes = submission.receivers
    known: dict[str, Agency] = {}
    for code in codes[: relay.limits.receivers]:
        agency = await receiving_agency(tx, code)
        if agency is not None:
            known[code] = agency
    receivers = admission.require_receivers(codes, known, most=relay.limits.receivers)
    for document_id in submission.changes:
        admission.require_original_sender(document_id, await tx.senders_of(document_id), sender)
    warnings: tuple[Reason, ...] = ()
    if submission.is_new:
        warnings = admission.duplicate_warnings(
            document_id=caller.code in await tx.senders_of(submission.document_id),
            number=await tx.is_number_known(submission.number_key(caller.code)),
        )
    return receivers, warnings


async def _remember(
    relay: Relay,
    caller: Caller,
    entry: _Admitted,
    sha256: str,
    size: int,
    time_to_live: timedelta | None,
) -> Receipt:
    now = relay.now()
    submission = entry.submission
    envelope = StoredEnvelope(
        sha256=sha256,
        size=size,
        sender=caller.code,
        document_id=submission.document_id,
        subject=submission.subject,
        priority=submission.priority,
        kind=submission.kind,
        accepted_at=now,
        number_key=submission.number_key(caller.code),
    )
    codes = tuple(receiver.code for receiver in entry.receivers)
    accepted = relay.fact(
        EvidenceEvent.SUBMISSION_ACCEPTANCE,
        envelope,
        recipients=codes,
        at=now,
        actor=caller.actor,
        reasons=entry.warnings,
        parts=caller.parts,
    )
    consigned = relay.fact(
        EvidenceEvent.CONTENT_CONSIGNMENT, envelope, recipients=codes, at=now, state=State.QUEUED.value
    )
    lives = min(time_to_live or relay.limits.time_to_live, relay.limits.longest_time_to_live)
    warn_at = now + relay.limits.warn_unfetched
    names = [relay.randomness.name() for _ in codes]

    async def work(tx: Transaction) -> Receipt:
        await require_still_acting(tx, relay, caller)
        known = await _receipt_of(tx, sha256, caller)
        if known is not None:  # sent twice at once: the first one's receipt
            return known
        await tx.add_envelope(envelope)
        for name, code in zip(names, codes, strict=True):
            await tx.add_delivery(
                Delivery(
                    id=name,
                    sha256=sha256,
                    sender=caller.code,
                    receiver=code,
                    number=await tx.next_number(),
                    state=State.QUEUED,
                    reached=State.QUEUED,
                    changed_at=now,
                    expires_at=now + lives,
                    warn_at=warn_at if warn_at < now + lives else None,
                )
            )
        await tx.add_fact(accepted)
        await tx.add_fact(consigned)
        return receipt_of(accepted)

    answer = await relay.ledger.write(work)
    for code in codes:
        relay.bell.ring(code)
    return answer


async def known_receipt(relay: Relay, caller: Caller, sha256: str, size: int | None) -> Receipt | None:
    """Return the receipt of an envelope this caller has sent and whose bytes are here."""
    known = await relay.ledger.read(lambda tx: _receipt_of(tx, sha256, caller))
    if known is None or await relay.bodies.size(sha256) != size:
        return None
    return await proved(relay, known)


async def receiving_agency(tx: Transaction, code: str) -> Agency | None:
    """Return who receives for this code: itself, or for a unit not in the directory the agency it is of."""
    for one in (code, *parents(code)):
        agency = await tx.agency(one)
        if agency is not None:
            return agency
    return None


async def _receipt_of(tx: Transaction, sha256: str, caller: Caller) -> Receipt | None:
    """Return the receipt of an envelope this caller has sent before."""
    known = await tx.envelope(sha256)
    if known is None or known.sender != caller.code:
        return None
    return receipt_among(await tx.facts(sha256))


def receipt_among(facts: tuple[Fact, ...]) -> Receipt:
    """Return the receipt: the acceptance among an envelope's evidence."""
    return receipt_of(
        next(fact for fact in facts if fact.evidence.event is EvidenceEvent.SUBMISSION_ACCEPTANCE)
    )


def receipt_of(fact: Fact) -> Receipt:
    """Return an evidence record as the receipt that travels."""
    return Receipt(evidence=fact.evidence, signature=fact.signature, signed=fact.signed)
