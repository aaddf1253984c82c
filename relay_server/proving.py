"""The proof of a record from what a store keeps of the log: its checkpoint, and the tiles on the way."""

from __future__ import annotations

from docsign.envelope.merkle import HASH_SIZE
from docsign.envelope.signed_note import Checkpoint, LogProof, read_note
from docsign.envelope.tiles import Tile, tiles_on_the_way
from relay_server.core.logbook import prove
from relay_server.ports import Transaction


async def prove_record(tx: Transaction, evidence: str) -> LogProof | None:
    """Return the proof of the record of this id under its first checkpoint, None where it is not there.

    Raises EvidenceError where tiles are damaged.
    """
    index = await tx.index_of(evidence)
    if index is None:
        return None
    return await prove_entry(tx, index, await tx.checkpoint_over(index))


async def prove_entry(tx: Transaction, index: int, checkpoint: bytes) -> LogProof:
    """Return the proof of the entry at ``index`` under a signed checkpoint over it; raises EvidenceError."""
    size = Checkpoint.read(read_note(checkpoint)).size
    at_hand = {
        (tile.level, tile.number): await tx.tile(tile.level or 0, tile.number) or b""
        for tile in tiles_on_the_way(index, size)
    }

    def read(tile: Tile) -> bytes:
        return at_hand[tile.level, tile.number][: tile.width * HASH_SIZE]

    return prove(checkpoint, index, read)
