"""An envelope that comes in pieces: announced, grown, picked up after a cut, then accepted like any other.

The pieces are kept by themselves until the last byte is here; then they go through ``accept`` from the start:
the same checks, the same receipt. What a crash kept from being accepted is accepted when the client asks how
far its upload is. An upload belongs to the agency that announced it; to everybody else it does not exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from docsign.envelope.evidence import Receipt
from docsign.errors import WireError
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError
from relay_server.core.uploads import (
    Upload,
    another_length,
    require_length,
    require_next,
    require_share,
)
from relay_server.ports import Uploads
from relay_server.services.accept import accept, known_receipt, require_room, too_large
from relay_server.services.collect import not_found
from relay_server.services.relay import Caller, Relay

GiveWay = Callable[[], None]
"""Ends a request that is writing into an upload, because a newer one asks for it."""


@dataclass(slots=True)
class Turns:
    """One request at a time for an upload; a newer one ends the older ones, whose lines are cut by then."""

    _asking: dict[str, tuple[asyncio.Lock, list[GiveWay]]] = field(default_factory=dict)
    """Of each upload that is asked for: the lock, and those who hold it or wait for it."""

    @asynccontextmanager
    async def taken(self, name: str, give_way: GiveWay) -> AsyncIterator[None]:
        """Hold an upload while the context lasts; ``give_way`` is called when another request wants it."""
        # draft-ietf-httpbis-resumable-upload 4.6: an older request is ended, never mixed with the newer one
        lock, asking = self._asking.setdefault(name, (asyncio.Lock(), []))
        for older in asking:
            older()
        asking.append(give_way)
        try:
            async with lock:
                yield
        finally:
            asking.remove(give_way)
            if not asking:
                del self._asking[name]


class UploadDesk:
    """The use cases of uploads over one store."""

    def __init__(self, relay: Relay, uploads: Uploads) -> None:
        self._relay = relay
        self._uploads = uploads
        self._turns = Turns()
        self._announced: list[Upload] = []
        """Those that are being written down: they count already."""

    async def begin(
        self,
        caller: Caller,
        *,
        sha256: str,
        length: int | None,
        time_to_live: timedelta | None = None,
        pick_up: bool = False,
    ) -> Upload | Receipt:
        """Announce an envelope; with ``pick_up`` an unfinished upload of it goes on, and a known one is done.

        Raises RefusalError, DiskFullError, StorageError.
        """
        relay = self._relay
        await require_room(relay, length or 0)
        if pick_up:
            known = await self._picked_up(caller, sha256, length)
            if known is not None:
                return known
        limits = relay.limits
        upload = Upload(
            id=relay.randomness.name(),
            agency=caller.code,
            certificate=caller.certificate,
            sha256=sha256,
            length=length,
            time_to_live=time_to_live,
            expires_at=relay.now() + limits.upload_life,
        )
        require_share(
            (*self._uploads.held(), *self._announced),
            upload,
            most=limits.uploads,
            most_bytes=limits.upload_bytes,
            largest=limits.envelope,
        )
        self._announced.append(upload)
        try:
            await self._uploads.add(upload)
        finally:
            self._announced.remove(upload)
        return upload

    async def _picked_up(self, caller: Caller, sha256: str, length: int | None) -> Upload | Receipt | None:
        """Return the upload of this computer that goes on, or the receipt of what is here already."""
        relay = self._relay
        wanted = (caller.code, caller.certificate, sha256, length)
        receipt = await known_receipt(relay, caller, sha256, length)
        for one in () if receipt is not None else self._uploads.held():
            if (
                one.expires_at <= relay.now()
                or (one.agency, one.certificate, one.sha256, one.length) != wanted
            ):
                continue
            # a request whose line broke may still hold bytes: it ends before the offset is told
            async with self._turns.taken(one.id, lambda: None):
                found = await self._uploads.find(one.id)
            if found is not None and not found.accepted:
                return found
            receipt = receipt or await known_receipt(relay, caller, sha256, length)  # that was its last piece
        return receipt

    async def look(self, caller: Caller, name: str, give_way: GiveWay) -> Upload:
        """Return how far an upload is; one that is whole is accepted first. Raises RefusalError."""
        async with self._owned(caller, name, give_way):
            upload = await self._own(caller, name)
            if upload.is_whole and not upload.accepted:
                await self._accept(caller, upload)
                upload = await self._own(caller, name)
            return upload

    async def append(
        self,
        caller: Caller,
        name: str,
        body: AsyncIterator[bytes],
        *,
        offset: int,
        give_way: GiveWay,
        complete: bool | None = None,
        length: int | None = None,
    ) -> tuple[Upload, Receipt | None]:
        """Add a piece; return how far the upload is, with the receipt where that was the last.

        ``complete`` says whether this piece is the last; None: the announced length says it. What came of a
        piece that broke off stays. Raises RefusalError, DiskFullError, StorageError.
        """
        async with self._owned(caller, name, give_way):
            upload = await self._own(caller, name)
            require_next(upload, offset)
            require_length(upload, length)
            most = upload.length if upload.length is not None else self._relay.limits.envelope
            await require_room(self._relay, max(0, most - offset) if upload.length is not None else 0)
            part = await self._uploads.append(upload)
            try:
                async for chunk in body:
                    offset += len(chunk)
                    if offset > most:
                        if upload.length is None:
                            raise too_large(self._relay)
                        raise another_length(upload.length, kind=ProblemType.TOO_LARGE)
                    await part.write(chunk)
            finally:
                await part.close()
            upload = replace(upload, offset=offset)
            if complete is None:
                complete = upload.is_whole
            if not complete:
                return upload, None
            if upload.length is not None and not upload.is_whole:
                raise another_length(upload.length, where="Upload-Complete")
            receipt = await self._accept(caller, upload)
            return replace(upload, accepted=True, length=offset), receipt

    async def cancel(self, caller: Caller, name: str, give_way: GiveWay) -> None:
        """Forget an upload and its bytes; an envelope that was accepted stays. Raises RefusalError."""
        async with self._owned(caller, name, give_way):
            await self._uploads.remove(name)

    async def sweep(self) -> int:
        """Forget what is past its time; return how many uploads that were."""
        overdue = self._uploads.overdue(self._relay.now())
        for name in overdue:
            async with self._turns.taken(name, lambda: None):
                await self._uploads.remove(name)
        return len(overdue)

    @asynccontextmanager
    async def _owned(self, caller: Caller, name: str, give_way: GiveWay) -> AsyncIterator[None]:
        """Hold an upload of the caller's; nobody else ends what its owner does, or waits for the disk."""
        self._require_own(caller, self._uploads.known(name))
        async with self._turns.taken(name, give_way):
            self._require_own(caller, self._uploads.known(name))  # again: it may be gone by now
            yield

    async def _own(self, caller: Caller, name: str) -> Upload:
        return self._require_own(caller, await self._uploads.find(name))

    def _require_own(self, caller: Caller, found: Upload | None) -> Upload:
        if found is None or found.agency != caller.code or found.expires_at <= self._relay.now():
            raise not_found()
        return found

    async def _accept(self, caller: Caller, upload: Upload) -> Receipt:
        """Accept what is whole; what is refused for good is forgotten, so that it can be announced anew."""
        try:
            receipt = await accept(
                self._relay,
                caller,
                self._uploads.read(upload.id),
                declared=upload.sha256,
                length=upload.offset,
                time_to_live=upload.time_to_live,
            )
        except (RefusalError, WireError) as error:
            kind, again = (
                (error.kind, error.worth_retrying) if isinstance(error, RefusalError) else (None, False)
            )
            if kind is ProblemType.DIGEST_MISMATCH or not again:
                await self._uploads.remove(upload.id)
            # what came last before the power went may be torn: no fault of the sender's
            if kind is ProblemType.DIGEST_MISMATCH and upload.is_taken_up:
                raise RefusalError(
                    ProblemType.BUSY,
                    say("The relay was interrupted and lost a part of this upload; send the envelope again."),
                ) from error
            raise
        await self._uploads.accepted(upload)
        return receipt
