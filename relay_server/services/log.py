"""The evidence log as a service: what the relay says of it, its checkpoint, its tiles, proofs on receipts.

Hashes are for every agency; the records themselves, in bundles, are for auditors alone.
"""

from __future__ import annotations

from dataclasses import replace

from docsign.envelope.evidence import About, Receipt, parse_json
from docsign.envelope.merkle import HASH_SIZE
from docsign.envelope.signed_note import NoteKey
from docsign.envelope.tiles import Tile, write_bundle
from docsign.errors import EvidenceError, StorageError, WireError
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.directory import Use
from relay_server.core.logbook import ABOUT, FOLLOWS, ORIGIN
from relay_server.core.refusals import RefusalError
from relay_server.ports import Clock, Ledger, Notary, Randomness, Transaction
from relay_server.proving import prove_entry
from relay_server.services.relay import Caller, Relay
from relay_server.services.stamp import stamp_over, word_stamp_name


async def introduce(
    ledger: Ledger, notary: Notary, clock: Clock, randomness: Randomness, public: bytes
) -> About:
    """Return the relay's word on its log, kept or made anew where key or certificate changed.

    ``public`` is the log's key. The origin is chosen once: another one is another log. Raises StorageError
    where the log was begun with another key.
    """
    known = await ledger.read(lambda tx: tx.note(ABOUT))
    origin = (await ledger.read(lambda tx: tx.note(ORIGIN))).decode()
    follows = (await ledger.read(lambda tx: tx.note(FOLLOWS))).decode()
    try:
        about = None if not known else About.from_json(parse_json(known, limit=len(known), where=ABOUT))
    except (WireError, EvidenceError) as error:
        raise StorageError(
            say("What the relay says of its log cannot be read."),
            where=f"notes/{ABOUT}",
            hint=say("docsign-relay check says what is damaged."),
        ) from error
    if about is not None and NoteKey.parse(about.log_key).public != public:
        raise StorageError(say("The log was begun with another key; its key file is not the right one."))
    if about is not None and about.certificate == notary.certificate:
        return about
    origin = origin or f"{notary.certificate[:16]}.relay/{randomness.name()[:8]}"
    made = About(
        relay=notary.name,
        certificate=notary.certificate,
        log_key=str(NoteKey(name=origin, public=public)),
        time=clock.now(),
        follows=follows,
    )
    made = replace(made, signature=notary.sign(made.signed, at=made.time))

    async def keep(tx: Transaction) -> None:
        await tx.put_note(ORIGIN, origin.encode())
        await tx.put_note(ABOUT, made.to_bytes())
        await tx.put_note(f"{ABOUT} {made.certificate}", made.to_bytes())

    await ledger.write(keep)
    return made


async def catch_up(ledger: Ledger) -> int:
    """Seal what is kept and not in the log yet, as after a restore; return the log's size."""

    async def nothing(_tx: Transaction) -> None:
        """Change nothing: the commit seals."""

    size = -1
    while (now := (await ledger.read(lambda tx: tx.log_state())).size) != size:
        size = now
        await ledger.write(nothing)
    return size


async def proved(relay: Relay, receipt: Receipt) -> Receipt:
    """Return the receipt with the proof that its record stands in the log, the same one each time."""
    if relay.about is None:
        return receipt
    proof = await relay.ledger.proof(receipt.evidence.id)
    if proof is None:
        return receipt
    word: About | None = relay.about
    if relay.about.certificate != receipt.evidence.issuer.certificate:
        word = await relay.ledger.read(lambda tx: _word(tx, receipt, relay.about))
    return receipt if word is None else replace(receipt, proof=proof.to_text(), about=word)


async def stamped(relay: Relay, receipt: Receipt) -> Receipt:
    """Return the receipt with its proof, under the first time-stamped checkpoint if there is one by now."""

    async def work(tx: Transaction) -> Receipt | None:
        word = await _word(tx, receipt, relay.about)
        index = await tx.index_of(receipt.evidence.id)
        found = None if index is None or word is None else await stamp_over(tx, index)
        if index is None or word is None or found is None:
            return None
        note, token = found
        word = replace(word, stamp=await tx.note(word_stamp_name(word.certificate)))
        proof = await prove_entry(tx, index, note)
        return replace(receipt, proof=proof.to_text(), about=word, stamp=token)

    return await relay.ledger.read(work) or await proved(relay, receipt)


async def _word(tx: Transaction, receipt: Receipt, current: About | None) -> About | None:
    """Return the relay's word on this log by the certificate that signed the receipt, where it is kept."""
    if current is None or current.certificate == receipt.evidence.issuer.certificate:
        return current
    known = await tx.note(f"{ABOUT} {receipt.evidence.issuer.certificate}")
    return About.from_json(parse_json(known, limit=len(known), where=ABOUT)) if known else None


def about(relay: Relay) -> About:
    """Return what the relay says of its log; raises RefusalError where it keeps none."""
    if relay.about is None:
        raise _nothing()
    return relay.about


async def checkpoint(relay: Relay) -> bytes:
    """Return the newest checkpoint; raises RefusalError before the first record."""
    state = await relay.ledger.read(lambda tx: tx.log_state())
    if not state.checkpoint:
        raise _nothing()
    return state.checkpoint


async def tile(relay: Relay, caller: Caller, path: str) -> bytes:
    """Return a tile, or for an auditor a bundle of records; raises RefusalError for any other path."""
    try:
        wanted = Tile.from_path(path)
    except EvidenceError as error:
        raise _nothing() from error
    return await relay.ledger.read(lambda tx: _part(tx, relay, caller, wanted))


async def _part(tx: Transaction, relay: Relay, caller: Caller, wanted: Tile) -> bytes:
    state = await tx.log_state()
    if not wanted.is_within(state.size):
        raise _nothing()
    if wanted.level is None:
        if not caller.agency.has(caller.certificate, Use.AUDIT, at=relay.now()):
            raise _nothing()
        return write_bundle(await tx.entries(wanted.number * 256, wanted.width))
    hashes = await tx.tile(wanted.level, wanted.number)
    if hashes is None or len(hashes) < wanted.width * HASH_SIZE:
        raise StorageError(say("A part of the log is damaged."), where=wanted.path)
    return hashes[: wanted.width * HASH_SIZE]


def _nothing() -> RefusalError:
    return RefusalError(ProblemType.NOT_FOUND, say("There is no such part of the log."))
