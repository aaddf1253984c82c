"""The JSON shapes of the wire API as JSON Schema (2020-12), for the OpenAPI document. Pure.

Members that are not named may be there: a newer relay says more, and readers pass over what they do not know.
"""

from __future__ import annotations

from typing import Any, Final


def ref(name: str) -> dict[str, Any]:
    """Return a reference to a schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _or_null(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "null"}]}


_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
_SIZE: Final = {"type": "integer", "minimum": 0}
_BASE64: Final = {"type": "string", "contentEncoding": "base64"}
_STATE: Final = ref("DeliveryState")

SCHEMAS: Final[dict[str, Any]] = {
    "Sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "Name": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "Digest": {"type": "string", "pattern": "sha-256=:[A-Za-z0-9+/]{43}=:"},
    "Reason": _object({"code": _TEXT, "text": _TEXT}),
    "InboxItem": _object(
        {
            "delivery": ref("Name"),
            "sha256": ref("Sha256"),
            "size": _SIZE,
            "sender": _TEXT,
            "document_id": _TEXT,
            "subject": _TEXT,
            "priority": _SIZE,
            "accepted_at": _TIME,
            "state": _STATE,
        },
        sender_name=_TEXT,
        expires_at=_or_null(_TIME),
        late={"type": "boolean"},
        kind=_SIZE,
    ),
    "InboxPage": _object({"items": _list(ref("InboxItem"))}, next=_or_null(_TEXT)),
    "TraceEvent": _object(
        {
            "time": _TIME,
            "event": _TEXT,
            "reasons": _list(ref("Reason")),
            "actor": _TEXT,
        },
        receiver=_or_null(_TEXT),
        state=_or_null(_STATE),
        code=_or_null(ref("StatusCode")),
        record=_TEXT,
    ),
    "TraceDelivery": _object({"receiver": _TEXT, "state": _STATE, "since": _TIME}, receiver_name=_TEXT),
    "Trace": _object(
        {
            "sha256": ref("Sha256"),
            "document_id": _TEXT,
            "sender": _TEXT,
            "accepted_at": _TIME,
            "deliveries": _list(ref("TraceDelivery")),
            "events": _list(ref("TraceEvent")),
        },
        subject=_TEXT,
    ),
    "Handover": _object({"sha256": ref("Sha256")}, signature=_or_null(_BASE64)),
    "HandoverAccepted": _object({"delivery": ref("Name"), "state": _STATE, "recorded_at": _TIME}),
    "StatusAccepted": _object(
        {
            "sha256": ref("Sha256"),
            "receiver": _TEXT,
            "code": ref("StatusCode"),
            "state": _STATE,
            "recorded_at": _TIME,
        }
    ),
    "AgencyEntry": _object({"code": _TEXT, "name": _TEXT}),
    "AgencyPage": _object({"agencies": _list(ref("AgencyEntry"))}, next=_or_null(_TEXT)),
    "Part": _object(
        {"id": _TEXT, "type": _TEXT, "digest_method": {"const": "sha-256"}, "digest": ref("Sha256")}
    ),
    "Evidence": _object(
        {
            "version": {"const": 1},
            "id": _TEXT,
            "event": ref("Event"),
            "time": _TIME,
            "issuer": _object({"name": _TEXT, "certificate": ref("Sha256")}),
            "sender": _TEXT,
            "recipients": _list(_TEXT),
            "document_id": _TEXT,
            "submitted_at": _TIME,
            "parts": _list(ref("Part")),
            "actor": _TEXT,
            "reasons": _list(ref("Reason")),
        }
    ),
    "AboutRecord": _object(
        {
            "version": {"const": 1},
            "relay": _TEXT,
            "certificate": ref("Sha256"),
            "log_key": _TEXT,
            "time": _TIME,
        },
        follows=_TEXT,
    ),
    "About": _object({"about": ref("AboutRecord"), "signature": _BASE64}),
    "Receipt": _object(
        {"schema": {"const": 1}, "evidence": ref("Evidence"), "signature": _BASE64},
        proof=_TEXT,
        relay=ref("About"),
    ),
    "Problem": _object(
        {
            "type": ref("ProblemType"),
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "vi": _TEXT,
            "en": _TEXT,
            "retry": {"type": "boolean"},
        },
        where=_TEXT,
    ),
}
"""Each shape by its name."""
