"""Uploads in pieces over HTTP: the IETF draft of resumable uploads, and the part of tus 1.0 clients use.

draft-ietf-httpbis-resumable-upload: POST announces (with or without a first piece), HEAD tells the offset,
PATCH appends, DELETE cancels. tus 1.0: creation, termination and expiration; ``Tus-Resumable`` says that it
is spoken. Both need ``Repr-Digest`` at the announcement: an envelope is named by its digest.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime

from aiohttp import ClientPayloadError, web

from docsign.envelope.evidence import Receipt
from docsign.errors import WireError
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError
from relay_server.core.uploads import Upload
from relay_server.http import requests
from relay_server.http.answers import CALLER, json_response
from relay_server.http.requests import RELAY
from relay_server.services.upload import UploadDesk

DESK = web.AppKey("uploads", UploadDesk)

TUS_VERSION = "1.0.0"
TUS_EXTENSIONS = "creation,termination,expiration"
_TUS = "Tus-Resumable"
_PIECE_TYPES = {True: "application/offset+octet-stream", False: "application/partial-upload"}
"""The media type of a piece, by whether tus is spoken."""


async def post_upload(request: web.Request) -> web.StreamResponse:
    """POST /v1/uploads: announce an envelope; 201 with the address of the upload."""
    requests.require_plain(request)
    tus = _speaks_tus(request)
    length = _number(request, "Upload-Length")
    has_body = request.content_length != 0 and request.body_exists
    complete = None if tus else _flag(request)
    if tus and length is None:
        raise WireError(say("A whole number of bytes is needed here."), where="Upload-Length")
    if not tus and complete is None:
        raise WireError(
            say("This header is needed: ?1 for the last piece, ?0 otherwise."), where="Upload-Complete"
        )
    if complete and length is None:
        length = request.content_length
    found = await request.app[DESK].begin(
        request[CALLER],
        sha256=requests.declared_digest(request),
        length=length,
        time_to_live=requests.time_to_live(request),
        pick_up=not tus and not has_body,
    )
    if isinstance(found, Receipt):
        return _received(found)
    if tus:
        return _answer(request, found, status=201)
    if has_body or complete:
        _hint(request, found)
        return await _append(request, found.id, offset=0, complete=bool(complete), length=length, status=201)
    return _answer(request, found, status=201)


async def head_upload(request: web.Request) -> web.StreamResponse:
    """HEAD /v1/uploads/{id}: how far it is; what is whole is accepted first."""
    tus = _speaks_tus(request)
    upload = await request.app[DESK].look(request[CALLER], _name(request), _giving_way(request))
    return _answer(request, upload, status=200 if tus else 204)


async def patch_upload(request: web.Request) -> web.StreamResponse:
    """PATCH /v1/uploads/{id}: the next piece; the last one is answered with the receipt."""
    requests.require_plain(request)
    tus = _speaks_tus(request)
    if request.content_type != _PIECE_TYPES[tus]:
        raise RefusalError(
            ProblemType.MEDIA_TYPE,
            say("A piece of an upload has the type {type}.", type=_PIECE_TYPES[tus]),
            where="Content-Type",
        )
    offset = _number(request, "Upload-Offset")
    if offset is None:
        raise WireError(say("A whole number of bytes is needed here."), where="Upload-Offset")
    complete = None if tus else _flag(request)
    if not tus and complete is None:
        raise WireError(
            say("This header is needed: ?1 for the last piece, ?0 otherwise."), where="Upload-Complete"
        )
    length = _number(request, "Upload-Length")
    return await _append(request, _name(request), offset=offset, complete=complete, length=length, status=204)


async def delete_upload(request: web.Request) -> web.StreamResponse:
    """DELETE /v1/uploads/{id}: cancel; an envelope that was accepted stays accepted."""
    _speaks_tus(request)
    await request.app[DESK].cancel(request[CALLER], _name(request), _giving_way(request))
    return web.Response(status=204)


async def options_uploads(request: web.Request) -> web.StreamResponse:
    """OPTIONS /v1/uploads: what is spoken here, and the limits."""
    limits = request.app[RELAY].limits
    return web.Response(
        status=204,
        headers={
            "Tus-Version": TUS_VERSION,
            "Tus-Extension": TUS_EXTENSIONS,
            "Tus-Max-Size": str(limits.envelope),
            "Upload-Limit": _limit(request),
        },
    )


async def say_tus(request: web.Request, response: web.StreamResponse) -> None:
    """Name the version of tus in every answer to who speaks it, refusals too."""
    # tus 1.0, Tus-Resumable, and 412 with Tus-Version
    if request.path.startswith(wire.UPLOADS) and (request.method == "OPTIONS" or _TUS in request.headers):
        response.headers[_TUS] = TUS_VERSION
        if response.status == ProblemType.TUS_VERSION.http_status:
            response.headers["Tus-Version"] = TUS_VERSION


async def _append(
    request: web.Request, name: str, *, offset: int, complete: bool | None, length: int | None, status: int
) -> web.StreamResponse:
    with requests.taking_in(request):
        upload, receipt = await request.app[DESK].append(
            request[CALLER],
            name,
            _uncut(request),
            offset=offset,
            give_way=_giving_way(request),
            complete=complete,
            length=length,
        )
    if receipt is not None and not _speaks_tus(request):
        return _received(receipt)
    return _answer(request, upload, status=status)


async def _uncut(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the piece; a line that breaks raises, so that half a piece is never taken for the last one."""
    arrived = 0
    async for chunk in requests.streamed(request):
        arrived += len(chunk)
        yield chunk
    if request.content_length is not None and arrived != request.content_length:
        raise ClientPayloadError("the body ended early")


def _received(receipt: Receipt) -> web.Response:
    response = json_response(receipt.to_json(), status=201)
    response.headers["Location"] = wire.envelope_path(receipt.evidence.sha256)
    response.headers["Upload-Complete"] = "?1"
    return response


def _answer(request: web.Request, upload: Upload, *, status: int) -> web.Response:
    """Return where an upload stands, in the words of whichever protocol is spoken."""
    headers = {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store"}
    if upload.length is not None:
        headers["Upload-Length"] = str(upload.length)
    if status == 201:
        headers["Location"] = wire.upload_path(upload.id)
        if _speaks_tus(request):  # some clients of tus cannot join a path to their address
            headers["Location"] = f"{request.url.origin()}{wire.upload_path(upload.id)}"
    if _speaks_tus(request):
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    else:
        headers["Upload-Complete"] = "?1" if upload.accepted else "?0"
        headers["Upload-Limit"] = _limit(request)
    return web.Response(status=status, headers=headers)


def _limit(request: web.Request) -> str:
    limits = request.app[RELAY].limits
    return f"max-size={limits.envelope}, max-age={int(limits.upload_life.total_seconds())}"


def _hint(request: web.Request, upload: Upload) -> None:
    """Tell the address before the first piece has come (104 Upload Resumption Supported)."""
    # draft-ietf-httpbis-resumable-upload 5: only to those who show that they know the draft
    if "Upload-Draft-Interop-Version" in request.headers and request.transport is not None:
        request.transport.write(
            b"HTTP/1.1 104 Upload Resumption Supported\r\nLocation: "
            + wire.upload_path(upload.id).encode("ascii")
            + b"\r\n\r\n"
        )


def _giving_way(request: web.Request) -> Callable[[], None]:
    transport = request.transport

    def abort() -> None:
        requests.cut(transport)

    return abort


def _name(request: web.Request) -> str:
    return request.match_info["upload"]


def _speaks_tus(request: web.Request) -> bool:
    version = request.headers.get(_TUS)
    if version is None:
        return False
    if version != TUS_VERSION:  # tus 1.0: 412 for a version that is not spoken
        raise RefusalError(
            ProblemType.TUS_VERSION,
            say("Only version {version} of tus is spoken here.", version=TUS_VERSION),
            where=_TUS,
        )
    return True


def _number(request: web.Request, header: str) -> int | None:
    value = request.headers.get(header)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise WireError(say("A whole number of bytes is needed here."), where=header)
    return int(value)


def _flag(request: web.Request) -> bool | None:
    """Return the Boolean of Upload-Complete (RFC 9651 3.3.6)."""
    value = request.headers.get("Upload-Complete")
    return None if value is None else {"?1": True, "?0": False}.get(value.strip())
