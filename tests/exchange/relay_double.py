"""A relay for tests: it speaks the wire over mutual TLS, keeps everything in memory, and fails on demand.

It runs in a thread of its own, so that commands and async tests alike can talk to it. The real relay has its
own tests; this one is for what a real one cannot be made to do: lie, break off, answer nonsense.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from docsign.detached import sign_detached
from docsign.envelope.evidence import Evidence, EvidenceEvent, Issuer, Part, Receipt
from docsign.exchange import wire
from docsign.exchange.entries import header_of
from docsign.exchange.problems import Problem, ProblemType
from docsign.pki import SigningKey
from docsign.pki.certificates import fingerprint
from docsign.sentence import say

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class Kept:
    """An envelope the double accepted."""

    body: bytes
    receipt: Receipt
    document_id: str
    subject: str
    sender: str
    handed_over: bool = False
    state: str = "queued"
    confirmed: str = "handed-over"
    """Where it stands once its receiver has confirmed it."""


@dataclass
class RelayDouble:
    """The double's memory, and the fault it plays: asked before each request, None to go on."""

    key: SigningKey
    url: str = ""
    kept: dict[str, Kept] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[tuple[str, bytes]] = field(default_factory=list)
    fault: Fault | None = None

    def posts(self) -> int:
        """Return how often an envelope was submitted."""
        return self.requests.count(("POST", wire.ENVELOPES))

    @property
    def app(self) -> web.Application:
        """The web application."""

        @web.middleware
        async def noted(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            self.requests.append((request.method, request.path))
            self.headers.append(dict(request.headers))
            if self.fault is not None:
                answer = await self.fault(request)
                if answer is not None:
                    return answer
            return await handler(request)

        app = web.Application(middlewares=[noted], client_max_size=2**30)
        app.router.add_post(wire.ENVELOPES, self._accept)
        app.router.add_get(wire.ENVELOPES + "/{sha256}", self._bytes)
        app.router.add_get(wire.ENVELOPES + "/{sha256}/receipt", self._receipt)
        app.router.add_get(wire.ENVELOPES + "/{sha256}/trace", self._trace)
        app.router.add_post(wire.ENVELOPES + "/{sha256}/statuses", self._status)
        app.router.add_get(wire.INBOX, self._inbox)
        app.router.add_post(wire.INBOX + "/{delivery}/handover", self._handover)
        app.router.add_get(wire.AGENCIES, self._agencies)
        return app

    def keep(self, body: bytes) -> Kept:
        """Take in an envelope, the same one once."""
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 not in self.kept:
            header = header_of(body)
            self.kept[sha256] = Kept(
                body=body,
                receipt=self.sign(sha256, header.sender.code, header.document_id),
                document_id=header.document_id,
                subject=header.subject,
                sender=header.sender.code,
            )
        return self.kept[sha256]

    def sign(self, sha256: str, sender: str, document_id: str) -> Receipt:
        """Sign a receipt for an envelope."""
        now = datetime.now(UTC)
        evidence = Evidence(
            id=sha256[:16],
            event=EvidenceEvent.SUBMISSION_ACCEPTANCE,
            time=now,
            issuer=Issuer(name="Trạm thử nghiệm", certificate=fingerprint(self.key.certificate)),
            sender=sender,
            recipients=("H99",),
            document_id=document_id,
            submitted_at=now,
            parts=(Part(id="envelope", type=wire.ENVELOPE_TYPE, digest=sha256),),
        )
        unsigned = Receipt(evidence=evidence, signature=b"")
        return Receipt(evidence=evidence, signature=sign_detached(unsigned.signed, self.key))

    async def _accept(self, request: web.Request) -> web.Response:
        body = await request.read()
        if wire.read_repr_digest(request.headers[wire.DIGEST_HEADER]) != hashlib.sha256(body).hexdigest():
            return problem(ProblemType.DIGEST_MISMATCH)
        return web.Response(status=201, body=self.keep(body).receipt.to_json(), content_type=wire.JSON_TYPE)

    async def _bytes(self, request: web.Request) -> web.Response:
        body = self.kept[request.match_info["sha256"]].body
        asked = request.http_range
        start = asked.start or 0
        if start >= len(body):
            return problem(ProblemType.RANGE)
        part = body[start:]
        headers = {wire.DIGEST_HEADER: wire.write_repr_digest(hashlib.sha256(body).hexdigest())}
        if start:
            headers["Content-Range"] = wire.write_content_range(start, len(body) - 1, len(body))
        return web.Response(status=206 if start else 200, body=part, headers=headers)

    async def _receipt(self, request: web.Request) -> web.Response:
        kept = self.kept.get(request.match_info["sha256"])
        if kept is None:
            return problem(ProblemType.NOT_FOUND)
        if request.query.get("record", kept.receipt.evidence.id) != kept.receipt.evidence.id:
            return problem(ProblemType.NOT_FOUND)
        return web.Response(body=kept.receipt.to_json(), content_type=wire.JSON_TYPE)

    async def _trace(self, request: web.Request) -> web.Response:
        sha256 = request.match_info["sha256"]
        kept = self.kept.get(sha256)
        if kept is None:
            return problem(ProblemType.NOT_FOUND)
        moment = kept.receipt.evidence.time
        log = wire.Trace(
            sha256=sha256,
            document_id=kept.document_id,
            subject=kept.subject,
            sender=kept.sender,
            accepted_at=moment,
            deliveries=(
                wire.TraceDelivery(receiver="H99", state=kept.state, since=moment, receiver_name="UBND tỉnh"),
            ),
            events=(
                wire.TraceEvent(
                    time=moment,
                    event="SubmissionAcceptance",
                    actor=kept.sender,
                    record=kept.receipt.evidence.id,
                ),
                wire.TraceEvent(time=moment, event="ContentConsignment", receiver="H99", state="queued"),
                wire.TraceEvent(
                    time=moment,
                    event="ConsignmentRejection",
                    receiver="H99",
                    state="refused",
                    code="02",
                    reasons=(wire.Reason(code="02", text="Gửi nhầm \x1b[31mnơi nhận"),),
                ),
            ),
        )
        return web.Response(body=log.to_json(), content_type=wire.JSON_TYPE)

    async def _status(self, request: web.Request) -> web.Response:
        sha256 = request.match_info["sha256"]
        body = await request.read()
        if (sha256, body) not in self.statuses:
            self.statuses.append((sha256, body))
        answer = wire.StatusAccepted(
            sha256=sha256, receiver="H99", code="01", state="arrived", recorded_at=datetime.now(UTC)
        )
        return web.Response(body=answer.to_json(), content_type=wire.JSON_TYPE)

    async def _inbox(self, request: web.Request) -> web.Response:
        waiting = [(name, kept) for name, kept in self.kept.items() if not kept.handed_over]
        start, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "100"))
        items = tuple(
            wire.InboxItem(
                delivery=f"d-{name[:12]}",
                sha256=name,
                size=len(kept.body),
                sender=kept.sender,
                sender_name="Ủy ban nhân dân xã Thử nghiệm",
                document_id=kept.document_id,
                subject=kept.subject,
                priority=1,
                accepted_at=kept.receipt.evidence.time,
                state=kept.state,
            )
            for name, kept in waiting[start : start + limit]
        )
        following = str(start + limit) if len(waiting) > start + limit else None
        return web.Response(
            body=wire.InboxPage(items=items, next=following).to_json(), content_type=wire.JSON_TYPE
        )

    async def _handover(self, request: web.Request) -> web.Response:
        delivery = request.match_info["delivery"]
        told = wire.Handover.from_json(await request.read())
        kept = self.kept[told.sha256]
        kept.handed_over = True
        answer = wire.HandoverAccepted(delivery=delivery, state=kept.confirmed, recorded_at=datetime.now(UTC))
        return web.Response(body=answer.to_json(), content_type=wire.JSON_TYPE)

    async def _agencies(self, request: web.Request) -> web.Response:
        names = [("H99", "UBND tỉnh Thử nghiệm"), ("H99.31", "UBND xã Thử nghiệm")]
        after = request.query.get("after", "")
        rest = [wire.AgencyEntry(code=code, name=name) for code, name in names if code > after]
        page = wire.AgencyPage(agencies=tuple(rest[:1]), next=rest[0].code if len(rest) > 1 else None)
        return web.Response(body=page.to_json(), content_type=wire.JSON_TYPE)


def problem(kind: ProblemType, *, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with a problem document."""
    value = Problem.of(kind, say("The disk is full: nothing was written."))
    return web.Response(
        status=value.status, body=value.to_json(), content_type=wire.PROBLEM_TYPE, headers=headers
    )


@contextmanager
def running(
    double: RelayDouble, certificate: Path, authority: Path, *, port: int = 0
) -> Iterator[RelayDouble]:
    """Serve the double on loopback; ``certificate`` is its PEM, ``authority`` vouches for the callers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    started = threading.Event()
    stop: asyncio.Event | None = None
    loop: asyncio.AbstractEventLoop | None = None

    async def serve() -> None:
        nonlocal stop, loop
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(double.app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        double.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="relay double")
    thread.start()
    assert started.wait(30)
    try:
        yield double
    finally:
        assert loop is not None
        assert stop is not None
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
