"""One relay put together: settings in, ports opened, two listening sockets, everything let go at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.database import sole_user
from docsign.errors import (
    FileUnusableError,
    OutboxBusyError,
    TrustError,
    UsageError,
)
from docsign.files import file_error, is_file, system_reason
from docsign.pki.fetch import fetch_timestamp
from docsign.pki.keys import open_key
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server.core.quotas import Quotas
from relay_server.examining import ExaminingProcesses, workers_for
from relay_server.http.api import api
from relay_server.http.guard import listen
from relay_server.http.health import health
from relay_server.http.metrics import METRICS
from relay_server.http.requests import QUOTAS, RELAY
from relay_server.log import LOGGER, tell
from relay_server.outside import KeyNotary, LogKey, SystemClock, SystemRandomness, TrustExaminer
from relay_server.services.log import catch_up, introduce
from relay_server.services.relay import Relay
from relay_server.services.retain import AT_ONCE, expire, remove
from relay_server.services.stamp import Stamping
from relay_server.services.upload import UploadDesk
from relay_server.settings import RelaySettings
from relay_server.storage.bell import LocalBell
from relay_server.storage.database import DatabaseLedger
from relay_server.storage.disk import DiskBodies
from relay_server.storage.uploads import DiskUploads

DATABASE = "relay.sqlite"
BODIES = "bodies"
UPLOADS = "uploads"
LOG_KEY = "log.key"
LOCK = "relay.lock"
MANIFEST = "backup.json"
"""What makes a folder a backup."""

SWEEP_SECONDS = 60.0
"""How often deliveries past their time are looked for."""

WATCH_SECONDS = 5.0
"""How often the files of trust and TLS identity are looked at."""

SHUTDOWN_SECONDS = 5.0
"""How long running requests may finish when the relay is asked to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A relay that listens: the address of the wire API and, where there is one, of the health port."""

    url: str
    health_url: str
    relay: Relay
    quotas: Quotas


def require_no_backup(folder: Path) -> None:
    """Raise UsageError for a backup: whoever writes into its database spoils it."""
    if is_file(folder / MANIFEST):
        raise UsageError(
            say("This is a backup; docsign-relay restore makes a relay of it."), where=str(folder)
        )


@contextlib.contextmanager
def sole_relay(folder: Path) -> Iterator[None]:
    """Hold the relay of ``folder`` for the block; the system ends the hold with the process.

    Raises UsageError where another process serves it, or changes its form.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(sole_user(folder / LOCK, patience=0))
        except OutboxBusyError as error:
            raise UsageError(say("Another process serves this relay now."), where=str(folder)) from error
        yield


def is_served(folder: Path) -> bool:
    """Tell whether a process serves the relay of ``folder`` now, or changes its form."""
    if not is_file(folder / LOCK):
        return False
    try:
        with sole_relay(folder):
            return False
    except UsageError:
        return True


@asynccontextmanager
async def serving(
    folder: Path, settings: RelaySettings, *, passphrase: str | Callable[[], str] | None = None
) -> AsyncIterator[Serving]:
    """Serve the relay of ``folder`` while the context lasts.

    One process at a time serves a folder. Raises UsageError, FileUnusableError, PassphraseError,
    SigningKeyError, TrustError, StorageError before anything listens.
    """
    require_no_backup(folder)
    key = open_key(settings.key, passphrase)
    files = _files(settings)  # before they are read: what changes from here on is seen
    trust = Trust.from_path(settings.trust)
    context = tls_context(settings, trust)
    async with AsyncExitStack() as stack:
        stack.enter_context(sole_relay(folder))
        ledger = await DatabaseLedger.open(folder / DATABASE)
        stack.push_async_callback(ledger.close)
        bell = LocalBell()
        clock, randomness, notary = SystemClock(), SystemRandomness(), KeyNotary(key, name=settings.name)
        log_key = LogKey.open(folder / LOG_KEY)
        about = await introduce(ledger, notary, clock, randomness, log_key.public)
        ledger.keep_log(log_key.logbook(about))
        await catch_up(ledger)
        examiner = await _examiner(stack, settings, trust)
        relay = Relay(
            about=about,
            clock=clock,
            randomness=randomness,
            ledger=ledger,
            bodies=DiskBodies.open(folder / BODIES),
            notary=notary,
            examiner=examiner,
            bell=bell,
            limits=settings.limits,
            stamping=_stamping(settings),
        )
        desk = UploadDesk(relay, DiskUploads.open(folder / UPLOADS))
        sweeper = asyncio.create_task(_sweep(relay, desk), name="expiry")
        stack.push_async_callback(_stop, sweeper)
        watcher = asyncio.create_task(_watch(settings, examiner, context, files), name="trust")
        stack.push_async_callback(_stop, watcher)
        if relay.stamping is not None:
            stamper = asyncio.create_task(
                _stamp(relay, relay.stamping, max(1, settings.stamp_seconds)), name="stamping"
            )
            stack.push_async_callback(_stop, stamper)
        wire_api = api(relay, desk)
        url = await _listen(stack, wire_api, settings.host, settings.port, context)
        health_url = ""
        if settings.health_port >= 0:
            watched = health(relay, wire_api[METRICS])
            health_url = await _listen(stack, watched, settings.health_host, settings.health_port)
        stack.callback(bell.end)  # the first thing at the end: long polls answer and go
        yield Serving(url=url, health_url=health_url, relay=relay, quotas=wire_api[QUOTAS])


async def _examiner(stack: AsyncExitStack, settings: RelaySettings, trust: Trust) -> TrustExaminer:
    """Return who judges envelopes: processes beside this one where there are cores for them."""
    count = workers_for(settings.examiners)
    if not count:
        return TrustExaminer(trust)
    examiner = await ExaminingProcesses.open(Path(settings.trust), trust, count)
    stack.push_async_callback(examiner.close)
    return examiner


def tls_context(settings: RelaySettings, trust: Trust) -> ssl.SSLContext:
    """Return the server's TLS: nobody gets a word without a certificate of an authority we know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    for path in (settings.tls_cert, settings.tls_key):
        if not is_file(path):
            raise FileUnusableError(say("There is no such file."), where=path)
    try:
        # an encrypted PEM would make OpenSSL ask on the terminal: the empty answer ends that
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            say("This is no TLS identity (PEM with an unlocked key and its certificate)."),
            where=settings.tls_cert,
        ) from error
    except OSError as error:  # OpenSSL does not say which of the two
        raise file_error(error, f"{settings.tls_cert}, {settings.tls_key}") from error
    if not trust.anchors:
        raise TrustError(say("The trust names no anchor."), where=settings.trust)
    _let_in(context, trust)
    return context


def _let_in(context: ssl.SSLContext, trust: Trust) -> None:
    """Let in certificates of these authorities, besides those that are let in already."""
    certificates = [*(anchor.certificate for anchor in trust.anchors), *trust.intermediates]
    context.load_verify_locations(
        cadata="".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in certificates)
    )


async def _listen(
    stack: AsyncExitStack, app: web.Application, host: str, port: int, context: ssl.SSLContext | None = None
) -> str:
    """Open a port and return its address; everything is closed with the stack."""
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        handle_signals=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        if QUOTAS in app:
            assert runner.server is not None
            limits = app[RELAY].limits
            patience = limits.patience.total_seconds()
            listening = await listen(
                runner.server, app[QUOTAS], host, port, context, patience, limits.progress
            )
            stack.callback(listening.close)
            bound = listening.sockets[0].getsockname()[1]
        else:
            await web.TCPSite(runner, host, port, ssl_context=context).start()
            bound = runner.addresses[0][1]
    except (OSError, UnicodeError) as error:  # a name too long to be one is the latter
        raise UsageError(
            say("This address cannot be listened on: {reason}.", reason=system_reason(error)),
            where=f"{host}:{port}",
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if context else 'http'}://{shown}:{bound}"


async def _sweep(relay: Relay, desk: UploadDesk) -> None:
    """Expire what is overdue, for ever; a failure is logged and does not end it."""
    while True:
        try:
            while await expire(relay) == AT_ONCE:
                pass
            while await remove(relay) == AT_ONCE:
                pass
            await desk.sweep()
        except Exception as error:  # noqa: BLE001 -- a bug, too, must not end what time brings about
            LOGGER.log(logging.ERROR, "expiry", exc_info=error)
        await asyncio.sleep(SWEEP_SECONDS)


Files = tuple[tuple[str, int, int], ...]


def _files(settings: RelaySettings) -> Files:
    """Return names, times and sizes of the files of the trust and of our TLS identity."""
    trust = Path(settings.trust)
    if trust.name == "trust.toml":  # it speaks of the files beside it
        trust = trust.parent
    try:
        paths = [*(sorted(trust.iterdir()) if trust.is_dir() else [trust])]
    except OSError:  # whoever reads it says what is wrong
        paths = [trust]
    paths += [Path(settings.tls_cert), Path(settings.tls_key)]
    return tuple(map(_seen, paths))


def _seen(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:  # whoever reads it says what is wrong
        return str(path), 0, -1
    return str(path), found.st_mtime_ns, found.st_size


async def _watch(
    settings: RelaySettings, examiner: TrustExaminer, context: ssl.SSLContext, known: Files
) -> None:
    """Take over changes of the trust and of our TLS identity without a restart; ``known`` were read already.

    What cannot be read is logged once, leaves everything as it was, and is tried again: it may be the right
    to read it that is missing. An authority that was taken out signs no envelopes any more; for TLS it is let
    in until the restart, and the directory decides.
    """
    unread: Files | None = None
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        now = None
        try:
            now = await asyncio.to_thread(_files, settings)
            if now == known:
                continue
            trust = await asyncio.to_thread(Trust.from_path, settings.trust)
            tls_context(settings, trust)  # what would not serve is said, and nothing is taken over
            await examiner.renew(trust)
            _let_in(context, trust)
            context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
            known, unread = now, None
            tell("trust renewed", anchors=len(trust.anchors))
        except Exception as error:  # noqa: BLE001 -- nor that revocations are seen
            if now is None or now != unread:
                LOGGER.log(logging.ERROR, "trust", exc_info=error)
            unread = now


def _stamping(settings: RelaySettings) -> Stamping | None:
    if not settings.tsa:
        return None
    return Stamping(
        fetch=lambda digest: fetch_timestamp(settings.tsa, digest),
        limit=timedelta(seconds=settings.stamp_limit),
    )


async def _stamp(relay: Relay, stamping: Stamping, seconds: float) -> None:
    """Stamp the newest checkpoint, for ever; a failure is logged and does not end it."""
    while True:
        try:
            await stamping.stamp(relay.ledger, relay.now())
        except Exception as error:  # noqa: BLE001 -- nor that the log is stamped
            LOGGER.log(logging.ERROR, "stamping", exc_info=error)
        await asyncio.sleep(seconds)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
