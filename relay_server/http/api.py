"""The wire API, version 1: each call reads its request, runs one use case, writes the answer."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from aiohttp import web

from docsign.errors import StorageError
from docsign.exchange import wire
from docsign.exchange.wire import Handover, ProblemType
from docsign.sentence import say
from relay_server.core.quotas import Quotas
from relay_server.core.refusals import RefusalError
from relay_server.http import openapi, requests
from relay_server.http.answers import CALLER, framed, json_response
from relay_server.http.guard import when_hung_up
from relay_server.http.metrics import METRICS, Metrics
from relay_server.http.requests import RELAY
from relay_server.http.uploads import (
    DESK,
    delete_upload,
    head_upload,
    options_uploads,
    patch_upload,
    post_upload,
    say_tus,
)
from relay_server.log import tell
from relay_server.services import accept, collect, follow, log, stamp
from relay_server.services.relay import Relay
from relay_server.services.upload import UploadDesk

WRITTEN: Final = 64 * 1024
"""Bytes of a download written at a time."""


def api(relay: Relay, uploads: UploadDesk | None = None) -> web.Application:
    """Return the application that serves ``relay``; without a desk nothing is taken in pieces."""
    app = web.Application(middlewares=[framed()])
    app[RELAY] = relay
    app[METRICS] = Metrics()
    limits = relay.limits
    app[requests.QUOTAS] = Quotas(
        connections=limits.connections,
        bytes_in_flight=limits.bytes_in_flight,
        bytes_a_day=limits.bytes_a_day,
    )
    envelope = f"{wire.ENVELOPES}/{{sha256}}"
    for method, path, handler in (
        ("POST", wire.ENVELOPES, post_envelope),
        ("GET", wire.INBOX, get_inbox),
        ("GET", envelope, get_envelope),
        ("GET", f"{envelope}/receipt", get_receipt),
        ("GET", f"{envelope}/trace", get_trace),
        ("POST", f"{envelope}/statuses", post_status),
        ("POST", f"{wire.INBOX}/{{delivery}}/handover", post_handover),
        ("GET", wire.AGENCIES, get_agencies),
        ("GET", f"{wire.LOG}/about", get_about),
        ("GET", f"{wire.LOG}/checkpoint", get_checkpoint),
        ("GET", f"{wire.LOG}/checkpoint.stamped", get_stamped),
        ("GET", f"{wire.LOG}/checkpoint.tst", get_stamp),
        ("GET", f"{wire.LOG}/tile/{{path:.+}}", get_tile),
        ("GET", openapi.PATH, get_openapi),
    ):
        app.router.add_route(method, path, handler, expect_handler=requests.ask_first)
    if uploads is not None:
        app[DESK] = uploads
        app.on_response_prepare.append(say_tus)
        upload = f"{wire.UPLOADS}/{{upload}}"
        for method, path, handler in (
            ("POST", wire.UPLOADS, post_upload),
            ("OPTIONS", wire.UPLOADS, options_uploads),
            ("HEAD", upload, head_upload),
            ("PATCH", upload, patch_upload),
            ("DELETE", upload, delete_upload),
        ):
            app.router.add_route(method, path, handler, expect_handler=requests.ask_first)
    return app


async def post_envelope(request: web.Request) -> web.StreamResponse:
    """POST /v1/envelopes: accept; 201 with the receipt, the same receipt for the same bytes."""
    requests.require_plain(request)
    with requests.taking_in(request):
        receipt = await accept.accept(
            request.app[RELAY],
            request[CALLER],
            requests.streamed(request),
            declared=requests.declared_digest(request),
            length=request.content_length,
            time_to_live=requests.time_to_live(request),
        )
    response = json_response(receipt.to_json(), status=201)
    response.headers["Location"] = wire.envelope_path(receipt.evidence.sha256)
    return response


async def get_inbox(request: web.Request) -> web.StreamResponse:
    """GET /v1/inbox?wait=30&after=…&limit=…: what waits for this agency."""
    page = await collect.inbox(
        request.app[RELAY],
        request[CALLER],
        after=requests.number(request, "after", default=0, most=2**62),
        limit=max(1, requests.number(request, "limit", default=wire.DEFAULT_LIMIT, most=wire.MAX_LIMIT)),
        wait=requests.number(request, "wait", default=0, most=wire.MAX_WAIT),
        on_hang_up=partial(when_hung_up, request),
    )
    return json_response(page.to_json())


async def get_envelope(request: web.Request) -> web.StreamResponse:
    """GET /v1/envelopes/{sha256}: the bytes, whole or a range."""
    relay = request.app[RELAY]
    found = await collect.fetch(relay, request[CALLER], requests.named(request))
    etag = f'"{found.sha256}"'
    wanted = requests.wanted_range(request, found.size, etag)
    start, end = wanted or (0, found.size)
    response = web.StreamResponse(
        status=206 if wanted else 200,
        headers={
            "Content-Type": wire.ENVELOPE_TYPE,
            "Content-Length": str(end - start),
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "ETag": etag,
            wire.DIGEST_HEADER: wire.write_repr_digest(found.sha256),
        },
    )
    if wanted:
        response.headers["Content-Range"] = wire.write_content_range(start, end - 1, found.size)
    await response.prepare(request)
    try:
        async for piece in relay.bodies.read(found.sha256, start=start, end=end):
            for at in range(0, len(piece), WRITTEN):
                await _taken(response, piece[at : at + WRITTEN], relay)
        await response.write_eof()
    except (StorageError, ConnectionError, TimeoutError) as error:
        # the answer has begun: a broken connection is the only "no" that is left
        tell("broken off", level=logging.WARNING, sha256=found.sha256, reason=str(error))
        requests.cut(request.transport)
    return response


async def _taken(response: web.StreamResponse, piece: bytes, relay: Relay) -> None:
    """Write a piece; raises TimeoutError for a reader that takes less than the least progress."""
    slowest = max(1.0, len(piece) / max(1, relay.limits.progress)) * relay.limits.patience.total_seconds()
    async with asyncio.timeout(slowest):
        await response.write(piece)


async def get_receipt(request: web.Request) -> web.StreamResponse:
    """GET /v1/envelopes/{sha256}/receipt: the receipt again, or that of the record which is named."""
    record = request.query.get("record", "")
    receipt = await follow.receipt(request.app[RELAY], request[CALLER], requests.named(request), record)
    return json_response(receipt.to_json())


async def get_trace(request: web.Request) -> web.StreamResponse:
    """GET /v1/envelopes/{sha256}/trace: what happened, like parcel tracking."""
    trace = await follow.trace(request.app[RELAY], request[CALLER], requests.named(request))
    return json_response(trace.to_json())


async def post_status(request: web.Request) -> web.StreamResponse:
    """POST /v1/envelopes/{sha256}/statuses: an edXML status to the other side."""
    message = await requests.small_body(request, wire.MAX_STATUS)
    accepted = await follow.take_status(request.app[RELAY], request[CALLER], requests.named(request), message)
    return json_response(accepted.to_json())


async def post_handover(request: web.Request) -> web.StreamResponse:
    """POST /v1/inbox/{delivery}/handover: "I have it, its digest is …"."""
    confirmation = Handover.from_json(await requests.small_body(request, wire.MAX_STATUS))
    accepted = await collect.hand_over(
        request.app[RELAY], request[CALLER], request.match_info["delivery"], confirmation
    )
    return json_response(accepted.to_json())


async def get_agencies(request: web.Request) -> web.StreamResponse:
    """GET /v1/agencies?q=…: the directory."""
    query = request.query.get("q", "")
    if len(query) > 200:
        raise RefusalError(ProblemType.BAD_REQUEST, say("This text is too long."), where="query.q")
    page = await follow.agencies(
        request.app[RELAY],
        query=query,
        after=request.query.get("after", ""),
        limit=wire.DEFAULT_LIMIT,
    )
    return json_response(page.to_json())


async def get_about(request: web.Request) -> web.StreamResponse:
    """GET /v1/log/about: the log's origin and key, signed with the evidence key."""
    return json_response(log.about(request.app[RELAY]).to_bytes())


async def get_checkpoint(request: web.Request) -> web.StreamResponse:
    """GET /v1/log/checkpoint: the newest one (C2SP tlog-tiles, Checkpoints)."""
    note = await log.checkpoint(request.app[RELAY])
    return web.Response(
        body=note, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


async def get_stamped(request: web.Request) -> web.StreamResponse:
    """GET /v1/log/checkpoint.stamped: the newest checkpoint with a time-stamp."""
    note, _ = await stamp.newest_stamp(request.app[RELAY].ledger)
    return web.Response(
        body=note, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


async def get_stamp(request: web.Request) -> web.StreamResponse:
    """GET /v1/log/checkpoint.tst: that time-stamp, a DER TimeStampToken over its bytes (RFC 3161 2.4.2)."""
    _, token = await stamp.newest_stamp(request.app[RELAY].ledger)
    return web.Response(
        body=token, content_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


async def get_tile(request: web.Request) -> web.StreamResponse:
    """GET /v1/log/tile/…: hashes for everybody, bundles of records for auditors (C2SP tlog-tiles)."""
    data = await log.tile(request.app[RELAY], request[CALLER], request.match_info["path"])
    partial = ".p/" in request.match_info["path"]
    age = "no-store" if partial else "private, max-age=31536000, immutable"
    return web.Response(body=data, content_type="application/octet-stream", headers={"Cache-Control": age})


async def get_openapi(_request: web.Request) -> web.StreamResponse:
    """GET /openapi.json: these calls, for programs."""
    return json_response(openapi.document_text())
