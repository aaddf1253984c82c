"""Time-stamp the log's newest checkpoint from time to time, and stop accepting when that fails for too long.

One token covers every record before it (RFC 3161). Asking goes on in the background and holds nothing up;
each token is kept under the size of the log it stamps. The stop rule: a relay that could not prove the time
of what it takes in for longer than its limit takes nothing in, and says why, until stamping works again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from docsign.envelope.evidence import About, parse_json, time_of_entry
from docsign.envelope.merkle import LARGEST
from docsign.envelope.signed_note import Checkpoint, read_note
from docsign.errors import DocsignError
from docsign.exchange.wire import ProblemType
from docsign.sentence import Sentence, say
from relay_server.core.logbook import ABOUT
from relay_server.core.refusals import RefusalError
from relay_server.ports import Ledger, Transaction

STAMPED = "stamped"
"""Under which name the ledger keeps the size of the log that was stamped last."""
_STAMPS = "stamp size "


def stamp_name(size: int) -> str:
    """Return under which name the token over the checkpoint of this size is kept: names are in its order."""
    return f"{_STAMPS}{size:019d}"


def size_of_stamp(name: str) -> int | None:
    """Return the size of the log whose token is kept under this name, None where the name is another's."""
    number = name.removeprefix(_STAMPS)
    return int(number) if number != name and len(number) == 19 and number.isdecimal() else None


def word_stamp_name(certificate: str) -> str:
    """Return under which name the token over the relay's word by this certificate is kept."""
    return f"about stamp {certificate}"


@dataclass(slots=True, kw_only=True)
class Stamping:
    """How stamping goes; ``fetch`` turns a SHA-256 digest into a token (DER) and may block."""

    fetch: Callable[[bytes], bytes]
    limit: timedelta
    failing_since: datetime | None = None
    reason: Sentence | None = None

    def has_stopped(self, now: datetime) -> bool:
        """Tell whether stamping has failed for longer than the limit."""
        return self.failing_since is not None and now - self.failing_since > self.limit

    def require_working(self, now: datetime) -> None:
        """Raise RefusalError (busy) where the stop rule holds."""
        if self.has_stopped(now):
            raise RefusalError(
                ProblemType.BUSY,
                say(
                    "The relay accepts nothing now: its log could not be time-stamped since {since} "
                    "({reason}).",
                    since=f"{self.failing_since:%Y-%m-%d %H:%M} UTC",
                    reason=self.reason,
                ),
            )

    async def stamp(self, ledger: Ledger, now: datetime) -> int:
        """Stamp the newest checkpoint if it is not yet; return how many records that covers, 0 for none new.

        A failure is remembered and raised, a bug like any other: the stop rule knows no difference. It counts
        from the oldest record that waits for its stamp, so that a restart does not make it begin anew.
        """
        try:
            size = await self._stamp(ledger)
        except Exception as error:
            self.failing_since = self.failing_since or await _waiting_since(ledger, now)
            self.reason = (
                error.sentence
                if isinstance(error, DocsignError)
                else say("The relay failed; its operator finds the reason in its log.")
            )
            raise
        self.failing_since = self.reason = None
        return size

    async def _stamp(self, ledger: Ledger) -> int:
        await self._stamp_word(ledger)
        checkpoint = await ledger.read(_newest)
        if checkpoint is None:
            return 0
        size, note = checkpoint
        token = await asyncio.to_thread(self.fetch, hashlib.sha256(note).digest())

        async def keep(tx: Transaction) -> None:
            await tx.put_note(stamp_name(size), token)
            await tx.put_note(STAMPED, str(size).encode())

        await ledger.write(keep)
        return size

    async def _stamp_word(self, ledger: Ledger) -> None:
        """Stamp, once, what the relay says of its log: it outlives the certificate that signed it."""

        async def unstamped(tx: Transaction) -> About | None:
            known = await tx.note(ABOUT)
            word = About.from_json(parse_json(known, limit=len(known), where=ABOUT)) if known else None
            return None if word is None or await tx.note(word_stamp_name(word.certificate)) else word

        word = await ledger.read(unstamped)
        if word is not None:
            name = word_stamp_name(word.certificate)
            token = await asyncio.to_thread(self.fetch, hashlib.sha256(word.stamped).digest())
            await ledger.write(lambda tx: tx.put_note(name, token))


async def _newest(tx: Transaction) -> tuple[int, bytes] | None:
    """Return size and note of the newest checkpoint where it is not stamped."""
    state = await tx.log_state()
    stamped = int(await tx.note(STAMPED) or b"0")
    if not state.checkpoint or state.size == stamped:
        return None
    return Checkpoint.read(read_note(state.checkpoint)).size, state.checkpoint


async def _waiting_since(ledger: Ledger, now: datetime) -> datetime:
    """Return the time of the oldest record without a stamp over it, ``now`` where it is not known."""

    async def work(tx: Transaction) -> datetime:
        for entry in await tx.entries(int(await tx.note(STAMPED) or b"0"), 1):
            return min(now, time_of_entry(entry))
        return now

    try:
        return await ledger.read(work)
    except DocsignError:  # the ledger's own failure, which is what is told
        return now


async def newest_stamp(ledger: Ledger) -> tuple[bytes, bytes]:
    """Return the newest stamped checkpoint and its token (DER); raises RefusalError where there is none."""

    async def work(tx: Transaction) -> tuple[bytes, bytes]:
        size = int(await tx.note(STAMPED) or b"0")
        if not size:
            raise RefusalError(ProblemType.NOT_FOUND, say("There is no such part of the log."))
        return await tx.checkpoint_over(size - 1), await tx.note(stamp_name(size))

    return await ledger.read(work)


async def stamp_over(tx: Transaction, index: int) -> tuple[bytes, bytes] | None:
    """Return the first stamped checkpoint over the entry at ``index`` and its token, None for none yet."""
    found = await tx.first_note(stamp_name(index + 1), stamp_name(LARGEST))
    if found is None:
        return None
    size = int(found[0].removeprefix(_STAMPS))
    return await tx.checkpoint_over(size - 1), found[1]
