"""The wire API as an OpenAPI 3.1 document, built from the names and limits of ``exchange.wire``. Pure.

It describes the calls of the relay's port; health and metrics answer on a port of their own. What a call may
refuse is listed by the stable problem types. The tests hold it against the routes that are served, and real
answers against its schemas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from docsign.envelope.evidence import EvidenceEvent
from docsign.envelope.status import StatusCode
from docsign.exchange import wire
from docsign.exchange.json_text import dump
from docsign.exchange.wire import DeliveryState, ProblemType
from relay_server.http.schemas import SCHEMAS, ref

PATH: Final = "/openapi.json"

EVERY_CALL: Final = (
    ProblemType.BAD_REQUEST,
    ProblemType.UNKNOWN_AGENCY,
    ProblemType.NOT_YOUR_AGENCY,
    ProblemType.TOO_MANY,
    ProblemType.BUSY,
    ProblemType.INTERNAL,
)
"""What any call may be refused with."""
_BODY: Final = (ProblemType.ENCODING_REFUSED, ProblemType.DIGEST_MISMATCH, ProblemType.TOO_LARGE)
_ENVELOPE: Final = (
    *_BODY,
    ProblemType.BAD_ENVELOPE,
    ProblemType.SIGNATURE_NOT_ACCEPTED,
    ProblemType.SECRET_DOCUMENT,
    ProblemType.UNKNOWN_RECEIVER,
    ProblemType.DISK_FULL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation: its answers by status (description, media type, schema or None), what it may refuse."""

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, tuple[str, str, Any]]
    refuses: Sequence[ProblemType] = ()
    parameters: Sequence[Mapping[str, Any]] = ()
    body: tuple[str, Any] | None = None


def _in(
    place: str, name: str, schema: Mapping[str, Any], words: str, *, needed: bool = False
) -> dict[str, Any]:
    return {"name": name, "in": place, "required": needed, "description": words, "schema": schema}


def _count(most: int, default: int | None = None) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most} | (
        {} if default is None else {"default": default}
    )


_TEXT: Final = {"type": "string"}
_BINARY: Final = {"type": "string", "format": "binary"}
_FLAG: Final = {"type": "string", "enum": ["?0", "?1"]}
_SHA256: Final = _in("path", "sha256", ref("Sha256"), "The name of the envelope.", needed=True)
_DELIVERY: Final = _in("path", "delivery", ref("Name"), "The delivery, as the inbox names it.", needed=True)
_UPLOAD: Final = _in("path", "upload", ref("Name"), "The upload, as its Location names it.", needed=True)
_DIGEST: Final = _in("header", wire.DIGEST_HEADER, ref("Digest"), "RFC 9530, over the whole.", needed=True)
_TTL: Final = _in(
    "header",
    wire.TIME_TO_LIVE_HEADER,
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "Seconds after which an unfetched delivery expires, within the relay's limits.",
)
_LENGTH: Final = _in("header", "Upload-Length", _count(10**15), "Bytes of the whole; with tus always.")
_OFFSET: Final = _in("header", "Upload-Offset", _count(10**15), "Where this piece begins.", needed=True)
_COMPLETE: Final = _in("header", "Upload-Complete", _FLAG, "?1 for the last piece; not with tus.")
_TUS: Final = _in("header", "Tus-Resumable", {"const": "1.0.0"}, "Says that tus 1.0 is spoken.")
_AFTER: Final = _in("query", "after", _TEXT, "The cursor of the page before.")

_NOTHING: Final = ("", None)
_RECEIPT: Final = ("The receipt.", wire.JSON_TYPE, ref("Receipt"))

CALLS: Final = (
    Call(
        method="POST",
        path=wire.ENVELOPES,
        name="acceptEnvelope",
        summary="Accept an envelope: durable before the answer, the same receipt for the same bytes.",
        parameters=(_DIGEST, _TTL),
        body=(wire.ENVELOPE_TYPE, _BINARY),
        answers={201: _RECEIPT},
        refuses=_ENVELOPE,
    ),
    Call(
        method="GET",
        path=wire.INBOX,
        name="listInbox",
        summary="What waits for this agency, oldest first; a long poll with wait.",
        parameters=(
            _in("query", "wait", _count(wire.MAX_WAIT, 0), "Seconds to wait for something to come."),
            _AFTER,
            _in("query", "limit", _count(wire.MAX_LIMIT, wire.DEFAULT_LIMIT), "Items on the page."),
        ),
        answers={200: ("A page.", wire.JSON_TYPE, ref("InboxPage"))},
    ),
    Call(
        method="GET",
        path=wire.envelope_path("{sha256}"),
        name="fetchEnvelope",
        summary="The bytes, to the sender or a receiver, whole or one range (RFC 9110 14).",
        parameters=(_SHA256, _in("header", "Range", _TEXT, "One range of bytes.")),
        answers={
            200: ("The whole.", wire.ENVELOPE_TYPE, _BINARY),
            206: ("The range; Repr-Digest is over the whole.", wire.ENVELOPE_TYPE, _BINARY),
        },
        refuses=(ProblemType.NOT_FOUND, ProblemType.LEASED, ProblemType.RANGE),
    ),
    Call(
        method="GET",
        path=wire.receipt_path("{sha256}"),
        name="receipt",
        summary="The receipt again, with the proof that it stands in the log.",
        parameters=(
            _SHA256,
            _in("query", "record", _TEXT, "Another record than the acceptance, as the trace names it."),
        ),
        answers={200: _RECEIPT},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="GET",
        path=wire.trace_path("{sha256}"),
        name="trace",
        summary="What happened, like parcel tracking; a receiver sees its own delivery alone.",
        parameters=(_SHA256,),
        answers={200: ("The event log.", wire.JSON_TYPE, ref("Trace"))},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="POST",
        path=wire.statuses_path("{sha256}"),
        name="sendStatus",
        summary="An edXML status: 01-06, 15, 16 from the receiver, 13 from the sender; safe to repeat.",
        parameters=(_SHA256, {**_DIGEST, "required": False}),
        body=(wire.STATUS_TYPE, _TEXT),
        answers={200: ("Where the delivery stands now.", wire.JSON_TYPE, ref("StatusAccepted"))},
        refuses=(
            *_BODY,
            ProblemType.NOT_FOUND,
            ProblemType.BAD_STATUS,
            ProblemType.STATUS_NOT_ALLOWED,
        ),
    ),
    Call(
        method="POST",
        path=wire.handover_path("{delivery}"),
        name="confirmHandover",
        summary="I have it, its digest is …: ends the lease; safe to repeat.",
        parameters=(_DELIVERY,),
        body=(wire.JSON_TYPE, ref("Handover")),
        answers={200: ("It is recorded.", wire.JSON_TYPE, ref("HandoverAccepted"))},
        refuses=(
            *_BODY,
            ProblemType.NOT_FOUND,
            ProblemType.SIGNATURE_NOT_ACCEPTED,
            ProblemType.STATUS_NOT_ALLOWED,
        ),
    ),
    Call(
        method="GET",
        path=wire.AGENCIES,
        name="searchAgencies",
        summary="The directory: who can be written to through this relay.",
        parameters=(
            _in("query", "q", {"type": "string", "maxLength": 200}, "Part of a code or name."),
            _AFTER,
        ),
        answers={200: ("A page, by code.", wire.JSON_TYPE, ref("AgencyPage"))},
    ),
    Call(
        method="GET",
        path=f"{wire.LOG}/about",
        name="about",
        summary="The log's origin and key, signed with the relay's evidence key.",
        answers={200: ("The relay's word.", wire.JSON_TYPE, ref("About"))},
    ),
    Call(
        method="GET",
        path=f"{wire.LOG}/checkpoint",
        name="checkpoint",
        summary="The newest checkpoint (C2SP tlog-checkpoint).",
        answers={200: ("A signed note.", "text/plain", _TEXT)},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="GET",
        path=f"{wire.LOG}/checkpoint.stamped",
        name="stampedCheckpoint",
        summary="The newest checkpoint that has a time-stamp.",
        answers={200: ("A signed note.", "text/plain", _TEXT)},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="GET",
        path=f"{wire.LOG}/checkpoint.tst",
        name="checkpointStamp",
        summary="That time-stamp: a DER TimeStampToken over the note's bytes (RFC 3161).",
        answers={200: ("The token.", "application/octet-stream", _BINARY)},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="GET",
        path=f"{wire.LOG}/tile/{{path}}",
        name="tile",
        summary="Hash tiles for every agency, entry bundles for auditors (C2SP tlog-tiles).",
        parameters=(_in("path", "path", _TEXT, "Level and number, such as 0/x001/234.", needed=True),),
        answers={200: ("The tile.", "application/octet-stream", _BINARY)},
        refuses=(ProblemType.NOT_FOUND,),
    ),
    Call(
        method="POST",
        path=wire.UPLOADS,
        name="beginUpload",
        summary="Announce an envelope that comes in pieces (resumable uploads of the IETF, or tus 1.0).",
        parameters=(_DIGEST, _TTL, _TUS, _LENGTH, _COMPLETE),
        body=("application/partial-upload", _BINARY),
        answers={
            201: ("Its address (Location), or the receipt of what is whole.", wire.JSON_TYPE, ref("Receipt"))
        },
        refuses=(*_ENVELOPE, ProblemType.TUS_VERSION, ProblemType.UPLOAD_OFFSET, ProblemType.NOT_FOUND),
    ),
    Call(
        method="OPTIONS",
        path=wire.UPLOADS,
        name="uploadLimits",
        summary="What is spoken here, and the limits.",
        answers={204: ("In the headers.", *_NOTHING)},
    ),
    Call(
        method="HEAD",
        path=wire.upload_path("{upload}"),
        name="uploadOffset",
        summary="How far it is; what is whole is accepted first.",
        parameters=(_UPLOAD, _TUS),
        answers={200: ("With tus: in the headers.", *_NOTHING), 204: ("In the headers.", *_NOTHING)},
        refuses=(*_ENVELOPE, ProblemType.NOT_FOUND, ProblemType.TUS_VERSION),
    ),
    Call(
        method="PATCH",
        path=wire.upload_path("{upload}"),
        name="appendToUpload",
        summary="The next piece; the last one is answered with the receipt (with tus, ask for it).",
        parameters=(_UPLOAD, _TUS, _OFFSET, _LENGTH, _COMPLETE),
        body=("application/partial-upload", _BINARY),
        answers={201: _RECEIPT, 204: ("In the headers.", *_NOTHING)},
        refuses=(
            *_ENVELOPE,
            ProblemType.NOT_FOUND,
            ProblemType.MEDIA_TYPE,
            ProblemType.TUS_VERSION,
            ProblemType.UPLOAD_OFFSET,
        ),
    ),
    Call(
        method="DELETE",
        path=wire.upload_path("{upload}"),
        name="cancelUpload",
        summary="Cancel; an envelope that was accepted stays accepted.",
        parameters=(_UPLOAD, _TUS),
        answers={204: ("It is gone.", *_NOTHING)},
        refuses=(ProblemType.NOT_FOUND, ProblemType.TUS_VERSION),
    ),
    Call(
        method="GET",
        path=PATH,
        name="openapi",
        summary="This document.",
        answers={200: ("OpenAPI 3.1.", wire.JSON_TYPE, {"type": "object"})},
    ),
)
"""Every call of the relay's port."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "docsign relay",
            "version": "1",
            "description": "Store and forward for signed official envelopes. The TLS certificate says who "
            f"asks, {wire.ACTING_FOR_HEADER} for whom, where a grant allows it. Refusals are RFC 9457 "
            "problem documents with a stable type, the reason in Vietnamese and English, and whether to try "
            "again; 503, 507, 429 and a leased document (409) come with Retry-After.",
        },
        "security": [{"mutualTLS": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS
            | {
                "DeliveryState": {"type": "string", "examples": [state.value for state in DeliveryState]},
                "StatusCode": {"type": "string", "enum": [code.value for code in StatusCode]},
                "Event": {"type": "string", "examples": [event.value for event in EvidenceEvent]},
                "ProblemType": {"type": "string", "enum": [kind.value for kind in ProblemType]},
            },
            "parameters": {
                "ActingFor": _in(
                    "header", wire.ACTING_FOR_HEADER, _TEXT, "The code of the agency that is acted for."
                )
            },
            "securitySchemes": {"mutualTLS": {"type": "mutualTLS"}},
        },
    }


@lru_cache(maxsize=1)
def document_text() -> bytes:
    """Return the document as JSON."""
    return dump(document())


def _operation(call: Call) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, (words, media, schema) in call.answers.items():
        answers[str(status)] = {"description": words} | (
            {"content": {media: {"schema": schema}}} if media else {}
        )
    refusals: dict[int, list[str]] = {}
    for kind in (*EVERY_CALL, *call.refuses):
        refusals.setdefault(kind.http_status, []).append(kind.value)
    for status, kinds in sorted(refusals.items()):
        schema = {"allOf": [ref("Problem"), {"properties": {"type": {"enum": sorted(set(kinds))}}}]}
        answers[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {wire.PROBLEM_TYPE: {"schema": schema}},
        }
    acting = {"$ref": "#/components/parameters/ActingFor"}
    made: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "parameters": [*call.parameters, acting],
        "responses": answers,
    }
    if call.body is not None:
        media, schema = call.body
        made["requestBody"] = {"required": call.path != wire.UPLOADS, "content": {media: {"schema": schema}}}
    return made
