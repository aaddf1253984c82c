"""Ask over HTTP within limits: what certificates name as the place of their issuer, lists and answers.

A shell: it opens connections. Addresses come from certificates, which come from anybody: HTTP alone is
spoken, redirections are counted, sizes and times are bounded, and what was fetched is kept in the process.
Where nobody trusted has said the address, it must be a public one (``docsign.pki.public_addresses``).
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import OrderedDict
from datetime import datetime
from email.message import Message
from typing import IO

from docsign.pki.public_addresses import PUBLIC_HANDLERS, NotPublicError, host_of, refuse_private
from docsign.sentence import Sentence, say
from docsign.values import dataclass

_PIECE = 64 * 1024
_MOST_KEPT, _MOST_KEPT_BYTES = 256, 64 * 1024 * 1024
_SILENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetching may cost: requests, seconds for each and for all, bytes of one answer, redirections.

    ``untrusted_requests`` of them may go to addresses that only a certificate names which nobody trusted has
    signed yet. ``cached`` lets what the process has fetched before be used again, and an address that did not
    answer be left alone for a minute.
    """

    requests: int = 24
    untrusted_requests: int = 4
    seconds: float = 8.0
    total_seconds: float = 25.0
    list_bytes: int = 32 * 1024 * 1024
    answer_bytes: int = 512 * 1024
    redirections: int = 3
    cached: bool = True


class NotFetchedError(Exception):
    """Why an address gave nothing: caught by ``docsign.pki.collecting``, which makes a finding of it."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class Asking:
    """One fetching: counts its requests and its time.

    ``hosts`` are the names that the trust itself names: they may lie in a network of one's own.
    """

    def __init__(self, limits: FetchLimits, hosts: frozenset[str] = frozenset()) -> None:
        self.limits = limits
        self.hosts = hosts
        self._left = limits.requests
        self._untrusted_left = limits.untrusted_requests
        self._deadline = time.monotonic() + limits.total_seconds

    @property
    def untrusted_asked(self) -> int:
        """How many requests went to addresses that nobody trusted has named."""
        return self.limits.untrusted_requests - self._untrusted_left

    def get(self, url: str, *, limit: int, trusted: bool = True) -> bytes:
        """Return what lies at ``url``; raises NotFetchedError.

        Where it is not ``trusted``, only a public address is asked, save for the hosts that the trust names.
        """
        call = urllib.request.Request(_checked(url))  # noqa: S310 -- the scheme is checked
        if trusted or host_of(url) in self.hosts:
            return self._ask(call, limit)
        if self._untrusted_left <= 0:
            raise NotFetchedError(say("Too many addresses would have to be asked."))
        try:
            refuse_private(url)
            self._untrusted_left -= 1
            return self._ask(call, limit, public=True)
        except NotPublicError as error:
            raise NotFetchedError(
                say("Only the file names this address, and it is not a public one: it was not asked.")
            ) from error

    def post(self, url: str, body: bytes, kind: str, *, limit: int) -> bytes:
        """Return the answer to ``body`` of media type ``kind``; raises NotFetchedError."""
        headers = {"Content-Type": kind}
        return self._ask(urllib.request.Request(_checked(url), data=body, headers=headers), limit)  # noqa: S310 -- likewise

    def _ask(self, call: urllib.request.Request, limit: int, *, public: bool = False) -> bytes:
        url = call.full_url
        if self._left <= 0:
            raise NotFetchedError(say("Too many addresses would have to be asked."))
        seconds = min(self.limits.seconds, self._deadline - time.monotonic())
        if seconds <= 0:
            raise NotFetchedError(say("The time for fetching is used up."))
        if self.limits.cached and kept.is_silent(url):
            raise NotFetchedError(say("The address did not answer a moment ago."))
        self._left -= 1
        try:
            return self._read(call, limit, seconds, public=public)
        except (NotFetchedError, NotPublicError):
            raise
        except urllib.error.HTTPError as error:
            error.close()
            raise NotFetchedError(
                say("The address answers with HTTP error {status}.", status=error.code)
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            kept.note_silence(url)
            reason = getattr(error, "reason", error)
            if isinstance(reason, NotPublicError):
                raise reason from error
            if isinstance(reason, TimeoutError):
                raise NotFetchedError(_slow(seconds)) from error
            raise NotFetchedError(say("The address cannot be reached.")) from error

    def _read(self, call: urllib.request.Request, limit: int, seconds: float, *, public: bool) -> bytes:
        until = time.monotonic() + seconds
        opener = _opener(self.limits.redirections, public=public)
        pieces: list[bytes] = []
        size = 0
        with opener.open(call, timeout=seconds) as reply:
            while piece := reply.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise NotFetchedError(say("The answer is larger than {limit} bytes.", limit=limit))
                if time.monotonic() > until:
                    kept.note_silence(call.full_url)
                    raise NotFetchedError(_slow(seconds))
        return b"".join(pieces)


def _slow(seconds: float) -> Sentence:
    return say("The address did not answer within {seconds} seconds.", seconds=f"{seconds:.0f}")


def is_address(url: str) -> bool:
    """Say whether this is an HTTP address that may be asked: others (LDAP, files) are passed over."""
    if len(url) > 2048 or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


def _checked(url: str) -> str:
    if not is_address(url):
        raise NotFetchedError(say("This is not an HTTP address."))
    return url


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows a redirection to another HTTP address only, and only so many."""

    def __init__(self, most: int, *, public: bool) -> None:
        self._left = most
        self._public = public

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the next request; raises NotFetchedError or NotPublicError where it may not be asked."""
        if self._left <= 0:
            raise NotFetchedError(say("The address leads on to too many others."))
        self._left -= 1
        if self._public:
            refuse_private(newurl)
        return super().redirect_request(req, fp, code, msg, headers, _checked(newurl))  # type: ignore[arg-type] # an HTTPMessage is a Message


def _opener(redirections: int, *, public: bool) -> urllib.request.OpenerDirector:
    """Make an opener that knows HTTP alone: no files, no FTP."""
    opener = urllib.request.OpenerDirector()
    plain = (urllib.request.HTTPHandler, urllib.request.HTTPSHandler)
    for handler in (
        urllib.request.ProxyHandler(),
        *(kind() for kind in (PUBLIC_HANDLERS if public else plain)),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirections(redirections, public=public),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "docsign")]
    return opener


class Kept:
    """What the process has fetched, each until its time; bounded; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, bytes], tuple[datetime, bytes]] = OrderedDict()
        self._silent: dict[str, float] = {}
        self._bytes = 0

    def find(self, url: str, question: bytes, now: datetime) -> bytes | None:
        """Return what is kept and still current."""
        with self._lock:
            held = self._held.get((url, question))
            if held is None or held[0] <= now:
                return None
            self._held.move_to_end((url, question))
            return held[1]

    def keep(self, url: str, question: bytes, until: datetime, data: bytes) -> None:
        """Keep an answer until its time."""
        with self._lock:
            old = self._held.pop((url, question), None)
            self._bytes += len(data) - (len(old[1]) if old else 0)
            self._held[(url, question)] = (until, data)
            while len(self._held) > _MOST_KEPT or (self._bytes > _MOST_KEPT_BYTES and len(self._held) > 1):
                _, (_, gone) = self._held.popitem(last=False)
                self._bytes -= len(gone)

    def note_silence(self, url: str) -> None:
        """Remember that an address did not answer."""
        with self._lock:
            if len(self._silent) >= _MOST_KEPT:
                self._silent.clear()
            self._silent[url] = time.monotonic() + _SILENT_SECONDS

    def is_silent(self, url: str) -> bool:
        """Whether the address did not answer a moment ago."""
        with self._lock:
            return self._silent.get(url, 0.0) > time.monotonic()

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._silent.clear()
            self._bytes = 0


kept = Kept()
"""What this process has fetched."""
