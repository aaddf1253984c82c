"""The client of a relay: one mutually authenticated TLS connection and the calls of the wire protocol.

Every failure becomes one of four errors: unreachable, busy, not the relay we trust, refused. Receipts are
checked before they are handed out. Nothing is remembered between calls: that is the outbox's and the inbox's
work.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import aiohttp
from yarl import URL

from docsign.envelope.agency_codes import is_agency_code
from docsign.envelope.evidence import RECEIPT_LIMIT, Receipt
from docsign.errors import (
    RelayRefusedError,
    RelayUnreachableError,
    UsageError,
    WireError,
)
from docsign.exchange import wire
from docsign.exchange.answers import Answer, patience, translating
from docsign.exchange.bodies import LARGEST, already_there, digest_of, discard, open_body, publish, size_of
from docsign.exchange.problems import ProblemType
from docsign.exchange.receipts import require_receipt, require_record, with_lists
from docsign.exchange.resuming import RESUMABLE, send_resumably
from docsign.exchange.tls import (
    Passphrase,
    identity_refused,
    is_alert,
    read_identity,
    relay_context,
    require_in_time,
)
from docsign.files import file_error
from docsign.pki.certificates import agency_code, organization
from docsign.pki.trust import Trust
from docsign.sentence import say

CONNECT_TIME = 20.0
"""Seconds to reach the relay."""
LISTENING = 2.0
"""Seconds to listen for why a relay broke the connection."""
PROBES = 2
"""How often a relay must hang up on a silent caller: a bad line does so, too, but not every time."""
RESUMPTIONS = 5
"""How often one fetch picks up a broken download, as long as bytes arrive in between."""
MOST_AGENCIES = 500_000
"""Agencies that are listed at once."""
_PIECE = 256 * 1024
_UPLOADED = 64 * 1024


class RelayClient:
    """A relay, as one agency sees it; use it as ``async with RelayClient(…) as relay``."""

    def __init__(
        self,
        url: str,
        *,
        identity: Path | str,
        trust: Trust | Path | str,
        passphrase: Passphrase = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        acting_for: str = "",
    ) -> None:
        """Read identity and trust; nothing is sent yet.

        ``identity``: PEM (key, certificate) or PKCS#12 file. ``trust``: its anchors of the role ``relay``
        vouch for the relay's TLS and for its receipts. ``acting_for``: the code of the agency that let ours
        act for it at this relay. Raises UsageError, FileUnusableError, PassphraseError,
        SigningKeyError, CertificateUnfitError, TrustError.
        """
        self.url = _base_url(url)
        self.trust = trust if isinstance(trust, Trust) else Trust.from_path(trust)
        held = read_identity(identity, passphrase)
        require_in_time(held, clock(), str(identity))
        if acting_for and not is_agency_code(acting_for):
            raise UsageError(say("not an agency code"), where=acting_for[:60])
        self.agency = acting_for or agency_code(held.certificate)
        self.agency_name = "" if acting_for else organization(held.certificate)
        self._headers = {wire.ACTING_FOR_HEADER: acting_for} if acting_for else {}
        self._context = relay_context(held, self.trust)
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._is_known = False

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, limit=8),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "docsign", **self._headers},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIME, connect=CONNECT_TIME),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    # ---- the calls ---------------------------------------------------------------------------------------

    async def send(self, envelope: bytes | Path, *, time_to_live: timedelta | None = None) -> Receipt:
        """Submit an envelope and return the relay's receipt, checked.

        Safe to repeat: the same bytes give the same receipt and are delivered once. Raises FileUnusableError,
        RelayUnreachableError, RelayBusyError, RelayIdentityError, RelayRefusedError, WireError.
        """
        sha256, size = await asyncio.to_thread(digest_of, envelope)
        headers = {
            wire.DIGEST_HEADER: wire.write_repr_digest(sha256),
            "Content-Type": wire.ENVELOPE_TYPE,
            "Content-Length": str(size),
        }
        if time_to_live is not None:
            headers[wire.TIME_TO_LIVE_HEADER] = str(int(time_to_live.total_seconds()))
        with open_body(envelope) as stream:
            if size >= RESUMABLE:
                found = await send_resumably(self._asked, stream, size, headers)
                if found is not None:
                    return self._checked(found, sha256)
                stream.seek(0)
            data = await self._call(
                "POST",
                wire.ENVELOPES,
                upload=stream,
                headers=headers,
                limit=RECEIPT_LIMIT,
                expected=(200, 201),
            )
        return self._checked(data, sha256)

    async def receipt(self, sha256: str, record: str = "") -> Receipt:
        """Return the receipt of an envelope again, checked; time-stamped by now, it holds its lists, too.

        ``record`` names another record than the acceptance, by its identifier in the trace: a handover, a
        status, a refusal, each as a receipt of its own. Raises WireError where the relay gives another one.
        """
        query = {"record": record} if record else None
        path = wire.receipt_path(_named(sha256))
        data = await self._call("GET", path, query=query, limit=RECEIPT_LIMIT)
        if record:
            checked = require_record(data, record=record, sha256=sha256, trust=self.trust, at=self._clock())
        else:
            checked = self._checked(data, sha256)
        return with_lists(checked, self.trust)

    async def inbox(
        self, wait: float = 0, after: str | None = None, limit: int = wire.DEFAULT_LIMIT
    ) -> wire.InboxPage:
        """Return a page of what waits for this agency; wait up to ``wait`` seconds for something to come."""
        query: dict[str, str] = {"limit": str(limit)}
        if wait > 0:
            query["wait"] = str(min(int(wait), wire.MAX_WAIT))
        if after is not None:
            query["after"] = after
        data = await self._call("GET", wire.INBOX, query=query, wait=wait)
        return wire.InboxPage.from_json(data)

    async def fetch(self, sha256: str, to: Path, *, limit: int = LARGEST) -> Path:
        """Bring an envelope into the file ``to``, durable and with the right digest, and return ``to``.

        A broken download is picked up where it stopped, also by a later call. A file that is there already
        with these bytes is left as it is. Raises FileUnusableError where another file is there,
        DiskFullError, WireError where the bytes have another digest or pass ``limit``, the relay's errors.
        """
        _named(sha256)
        if await asyncio.to_thread(already_there, to, sha256):
            return to
        part = to.with_name(f".{sha256}.part")
        if size_of(part):  # a power cut may have spoilt what an earlier call left
            with suppress(WireError):
                return await self._fetch_whole(sha256, part, to, limit)
        return await self._fetch_whole(sha256, part, to, limit)

    async def handover(
        self, delivery: str, sha256: str, signature: str | None = None
    ) -> wire.HandoverAccepted:
        """Confirm that the bytes with this digest are stored here; safe to repeat."""
        body = wire.Handover(sha256=sha256, signature=signature).to_json()
        headers = {"Content-Type": wire.JSON_TYPE}
        data = await self._call("POST", wire.handover_path(delivery), data=body, headers=headers)
        accepted = wire.HandoverAccepted.from_json(data)
        if accepted.delivery != delivery:
            raise WireError(say("The relay answers about another envelope."), where="handover.delivery")
        return accepted

    async def send_status(self, sha256: str, status: bytes) -> wire.StatusAccepted:
        """Send an edXML status about an envelope; safe to repeat with the same bytes."""
        headers = {
            wire.DIGEST_HEADER: wire.write_repr_digest(hashlib.sha256(status).hexdigest()),
            "Content-Type": wire.STATUS_TYPE,
        }
        path = wire.statuses_path(_named(sha256))
        data = await self._call("POST", path, data=status, headers=headers, expected=(200, 201))
        accepted = wire.StatusAccepted.from_json(data)
        if accepted.sha256 != sha256:
            raise WireError(say("The relay answers about another envelope."), where="status.sha256")
        return accepted

    async def trace(self, sha256: str) -> wire.Trace:
        """Return the event log of an envelope that this agency sent or received."""
        log = wire.Trace.from_json(await self._call("GET", wire.trace_path(_named(sha256))))
        if log.sha256 != sha256:
            raise WireError(say("The relay answers about another envelope."), where="trace.sha256")
        return log

    async def agencies(self, q: str = "") -> tuple[wire.AgencyEntry, ...]:
        """Return the agencies that can be written to, by code; ``q`` narrows to code or name."""
        found: dict[str, wire.AgencyEntry] = {}
        after: str | None = None
        while True:
            query = {"q": q} if q else {}
            if after is not None:
                query["after"] = after
            page = wire.AgencyPage.from_json(await self._call("GET", wire.AGENCIES, query=query))
            known = len(found)
            found |= {entry.code: entry for entry in page.agencies}
            if page.next is None or len(found) == known or len(found) >= MOST_AGENCIES:
                return tuple(found.values())
            after = page.next

    async def log_part(self, path: str, *, limit: int = 32 * 1024 * 1024) -> bytes:
        """Return a part of the relay's log by its path (``about``, ``checkpoint``, ``tile/…``), unchecked."""
        return await self._call("GET", f"{wire.LOG}/{path}", limit=limit)

    # ---- beneath -----------------------------------------------------------------------------------------

    def _checked(self, data: bytes, sha256: str) -> Receipt:
        return require_receipt(data, sha256=sha256, trust=self.trust, at=self._clock())

    async def _call(
        self,
        method: str,
        path: str,
        *,
        limit: int = wire.MAX_JSON,
        expected: tuple[int, ...] = (200,),
        **options: Any,
    ) -> bytes:
        try:
            async with self._asked(method, path, expected=expected, **options) as answer:
                self._is_known = True
                return await answer.read(limit)
        except RelayUnreachableError as error:
            if not self._is_known and _broke_off(error.__cause__):
                for _probe in range(PROBES):
                    if not await self._is_turned_away():
                        raise
                raise identity_refused(str(self.url)) from error
            raise

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        *,
        expected: tuple[int, ...],
        query: dict[str, str] | None = None,
        wait: float = 0,
        upload: BinaryIO | None = None,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Answer]:
        if self._session is None:
            raise UsageError(say("The relay's client is used outside its «async with»."))
        size = len(data) if upload is None else int((headers or {})["Content-Length"])
        wait += patience(size)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIME, connect=CONNECT_TIME, sock_read=wait
        )
        async with (
            translating(str(self.url)),
            asyncio.timeout(CONNECT_TIME + wait) as watch,
            self._session.request(
                method,
                self.url.join(URL(path, encoded=True)).update_query(query or {}),
                timeout=timeout,
                allow_redirects=False,
                headers=headers,
                data=data or None if upload is None else _pieces(upload, watch, wait),
            ) as response,
        ):
            watch.reschedule(None)
            answer = Answer(response=response, watch=watch)
            await answer.require(expected, str(self.url))
            yield answer

    async def _is_turned_away(self) -> bool:
        """Ask whether the relay breaks the connection because of our certificate.

        In TLS 1.3 that word comes after the handshake and is lost where we were sending already; so connect
        once more, say nothing, and listen.
        """
        try:
            async with asyncio.timeout(CONNECT_TIME):
                reader, writer = await asyncio.open_connection(
                    self.url.host, self.url.port, ssl=self._context, server_hostname=self.url.host
                )
        except (OSError, TimeoutError):
            return False
        try:
            async with asyncio.timeout(LISTENING):
                return await reader.read(1) == b""  # nobody hangs up on a silent caller for another reason
        except ssl.SSLError as error:
            return is_alert(error)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(LISTENING):
                    await writer.wait_closed()

    async def _fetch_whole(self, sha256: str, part: Path, to: Path, limit: int) -> Path:
        for attempt in range(RESUMPTIONS + 1):
            had = size_of(part)
            try:
                await self._fetch_rest(sha256, part, limit)
                break
            except WireError:
                discard(part)
                raise
            except RelayUnreachableError:
                if attempt == RESUMPTIONS or size_of(part) <= had:
                    raise
        await asyncio.to_thread(publish, part, to, sha256)
        return to

    async def _fetch_rest(self, sha256: str, part: Path, limit: int) -> None:
        had = size_of(part)
        headers = {"Range": f"bytes={had}-"} if had else {}
        try:
            async with self._asked(
                "GET", wire.envelope_path(sha256), expected=(200, 206), headers=headers
            ) as answer:
                start = _start_of(answer, had)
                with part.open("r+b" if start else "wb") as stream:
                    stream.truncate(start)
                    stream.seek(start)
                    await _store(answer, stream, limit)
        except RelayRefusedError as error:
            if error.problem != ProblemType.RANGE:
                raise
            # nothing is left to send: the part is whole already, or worth nothing (its digest will tell)
        except OSError as error:
            discard(part)
            raise file_error(error, part.parent) from error


async def _pieces(stream: BinaryIO, watch: asyncio.Timeout, wait: float) -> AsyncIterator[bytes]:
    """Yield the body piece by piece; ``wait`` seconds are left for the next one, and for the answer."""
    loop = asyncio.get_running_loop()
    while piece := await asyncio.to_thread(stream.read, _UPLOADED):
        watch.reschedule(loop.time() + wait)
        yield piece
    watch.reschedule(loop.time() + wait)


def _broke_off(cause: BaseException | None) -> bool:
    """Say whether a connection stood and then broke, rather than never came about."""
    stood = isinstance(cause, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError)
    return stood and not isinstance(cause, aiohttp.ClientConnectorError)


def _start_of(answer: Answer, had: int) -> int:
    """Return where this answer's bytes belong: at the end of what we have, or at the beginning."""
    if answer.status != 206:
        return 0
    first, _last, _size_told = wire.read_content_range(answer.header("Content-Range"))
    if first != had:
        raise WireError(say("The relay sends other bytes than were asked for."), where="Content-Range")
    return first


async def _store(answer: Answer, stream: BinaryIO, limit: int) -> None:
    size = stream.tell()
    async for piece in answer.pieces():
        size += len(piece)
        if size > limit:
            raise WireError(say("The envelope is larger than the relay said."), where=answer.path)
        stream.write(piece)


def _named(sha256: str) -> str:
    if not wire.is_sha256(sha256):
        raise UsageError(say("A SHA-256 in 64 lower-case hex digits is needed here."), where=sha256[:80])
    return sha256


def _base_url(url: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise UsageError(say("This is no address of a relay (https://…)."), where=url) from error
    if parsed.scheme != "https" or not parsed.host or parsed.user or parsed.query_string or parsed.fragment:
        raise UsageError(say("This is no address of a relay (https://…)."), where=url)
    return parsed.origin()
