"""The relay's wire protocol, version 1: paths, headers, digests and JSON shapes as values.

Pure: bytes and texts in, values out; both the client and the relay read and write through this one module.
It opens no connection and decides nothing. Unknown members are passed over, so that a newer relay can say
more; missing or wrong ones raise WireError, which names the place (``inbox.items[2].sha256``).
Refusals stand in ``problems`` and are re-exported here.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from docsign.envelope.evidence import Reason
from docsign.errors import WireError
from docsign.exchange.json_text import MAX_JSON, MAX_TEXT, Place, dump, is_sha256, load
from docsign.exchange.problems import Problem, ProblemType
from docsign.sentence import say
from docsign.verdict import rfc3339

__all__ = [
    "ACTING_FOR_HEADER", "AGENCIES", "DEFAULT_LIMIT", "DIGEST_HEADER", "ENVELOPES", "ENVELOPE_TYPE",
    "INBOX", "JSON_TYPE", "LIVE", "LOG", "MAX_JSON", "MAX_LIMIT", "MAX_STATUS", "MAX_TEXT", "MAX_WAIT",
    "PROBLEM_TYPE",
    "READY", "STATUS_TYPE", "TIME_TO_LIVE_HEADER", "UPLOADS", "AgencyEntry", "AgencyPage", "DeliveryState",
    "Handover", "HandoverAccepted", "InboxItem", "InboxPage", "Problem", "ProblemType", "Reason",
    "StatusAccepted", "Trace", "TraceDelivery", "TraceEvent", "envelope_path", "handover_path", "is_sha256",
    "read_content_range", "read_repr_digest", "receipt_path", "statuses_path", "trace_path", "upload_path",
    "write_content_range", "write_repr_digest",
]  # fmt: skip

# ---- paths -----------------------------------------------------------------------------------------------

ENVELOPES = "/v1/envelopes"
UPLOADS = "/v1/uploads"
INBOX = "/v1/inbox"
AGENCIES = "/v1/agencies"
LOG = "/v1/log"
LIVE = "/livez"
READY = "/readyz"


def envelope_path(sha256: str) -> str:
    """Return the path of an envelope's bytes."""
    return f"{ENVELOPES}/{sha256}"


def receipt_path(sha256: str) -> str:
    """Return the path of an envelope's receipt."""
    return f"{ENVELOPES}/{sha256}/receipt"


def trace_path(sha256: str) -> str:
    """Return the path of an envelope's event log."""
    return f"{ENVELOPES}/{sha256}/trace"


def statuses_path(sha256: str) -> str:
    """Return the path that takes the edXML statuses about an envelope."""
    return f"{ENVELOPES}/{sha256}/statuses"


def upload_path(upload: str) -> str:
    """Return the path of an upload in pieces."""
    return f"{UPLOADS}/{upload}"


def handover_path(delivery: str) -> str:
    """Return the path that takes the confirmation of one delivery."""
    return f"{INBOX}/{delivery}/handover"


# ---- headers, media types, limits ------------------------------------------------------------------------

DIGEST_HEADER = "Repr-Digest"
"""RFC 9530: the SHA-256 of the whole representation, also on a partial answer."""
ACTING_FOR_HEADER = "Docsign-Acting-For"
"""On any request, optional: the code of the agency for which the connection's own agency acts."""
TIME_TO_LIVE_HEADER = "Docsign-Time-To-Live"
"""On a submission, optional: the seconds after which an unfetched delivery expires."""

ENVELOPE_TYPE = "application/vnd.etsi.asic-e+zip"
STATUS_TYPE = "application/xml"
JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"

MAX_STATUS = 256 * 1024
"""The largest edXML status, in bytes."""
MAX_WAIT = 60
"""The longest long poll, in seconds."""
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
"""Items on one page of the inbox."""

_DIGEST_MEMBER = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):(?:;.*)?")
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


def write_repr_digest(sha256: str) -> str:
    """Return the header value for a SHA-256 given in hex."""
    # RFC 9530 3
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def read_repr_digest(value: str) -> str:
    """Return the SHA-256, in hex, of a header value; other algorithms beside it are passed over."""
    # RFC 9530 3: a dictionary of byte sequences; base64 holds no comma, so splitting is exact
    for member in value.split(",")[:16]:
        found = _DIGEST_MEMBER.fullmatch(member.strip())
        if found:
            return base64.b64decode(found[1]).hex()
    raise WireError(say("This header must give the SHA-256 of the content."), where=DIGEST_HEADER)


def write_content_range(first: int, last: int, size: int) -> str:
    """Return the header value for the bytes ``first`` to ``last`` (both included) of ``size``."""
    return f"bytes {first}-{last}/{size}"


def read_content_range(value: str) -> tuple[int, int, int]:
    """Return (first, last, size) of a ``Content-Range`` header value."""
    found = _CONTENT_RANGE.fullmatch(value.strip())
    if not found:
        raise WireError(say("This header does not say which bytes these are."), where="Content-Range")
    first, last, size = (int(number) for number in found.groups())
    if not first <= last < size:
        raise WireError(say("This header does not say which bytes these are."), where="Content-Range")
    return first, last, size


# ---- states and the inbox --------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    """Where one delivery stands, as the wire names it; a reader keeps a word it does not know."""

    QUEUED = "queued"
    LEASED = "leased"
    HANDED_OVER = "handed-over"
    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ASSIGNED = "assigned"
    IN_WORK = "in-work"
    DONE = "done"
    RECALL_ASKED = "recall-asked"
    WITHDRAWN = "withdrawn"
    RECALL_REFUSED = "recall-refused"
    EXPIRED = "expired"
    RELAYED = "relayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One delivery that waits for this agency, or asks something of it (``state`` recall-asked).

    ``sha256`` names the envelope, ``size`` is in bytes, ``priority`` is that of the edXML header (0-4).
    ``is_late``: nobody has fetched it for so long that the relay has warned of it. ``kind`` is the
    BussinessDocType: 0 a new document, 1 to 3 one that revokes, updates or replaces what was sent before.
    """

    delivery: str
    sha256: str
    size: int
    sender: str
    document_id: str
    subject: str
    priority: int
    accepted_at: datetime
    state: str
    sender_name: str = ""
    expires_at: datetime | None = None
    is_late: bool = False
    kind: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "delivery": self.delivery,
            "sha256": self.sha256,
            "size": self.size,
            "sender": self.sender,
            "sender_name": self.sender_name,
            "document_id": self.document_id,
            "subject": self.subject,
            "priority": self.priority,
            "accepted_at": rfc3339(self.accepted_at),
            "expires_at": rfc3339(self.expires_at),
            "state": self.state,
            **({"late": True} if self.is_late else {}),
            **({"kind": self.kind} if self.kind else {}),
        }

    @staticmethod
    def read(place: Place) -> InboxItem:
        """Read one out of a larger text; raises WireError."""
        return InboxItem(
            delivery=place.member("delivery").delivery(),
            sha256=place.member("sha256").sha256(),
            size=place.member("size").number(),
            sender=place.member("sender").text(),
            sender_name=place.member("sender_name").optional(Place.text) or "",
            document_id=place.member("document_id").text(),
            subject=place.member("subject").text(),
            priority=place.member("priority").number(),
            accepted_at=place.member("accepted_at").moment(),
            expires_at=place.member("expires_at").optional(Place.moment),
            state=place.member("state").text(limit=40),
            is_late=place.member("late").optional(Place.truth) or False,
            kind=place.member("kind").optional(Place.number) or 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPage:
    """A page of the inbox, oldest first; ``next`` is the cursor for ``after``, None at the end."""

    items: tuple[InboxItem, ...]
    next: str | None = None

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump({"items": [item.to_json() for item in self.items], "next": self.next})

    @staticmethod
    def from_json(data: bytes | str) -> InboxPage:
        """Read a page; raises WireError."""
        place = load(data, "inbox")
        return InboxPage(
            items=place.member("items").each(InboxItem.read),
            next=place.member("next").optional(Place.text),
        )


# ---- the trace -------------------------------------------------------------------------------------------


def _read_reason(place: Place) -> Reason:
    return Reason(code=place.member("code").text(), text=place.member("text").text())


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """One thing that happened: ``event`` is an EN 319 522-1 event name or one of the project's.

    ``receiver`` is None for what concerns the whole envelope; ``actor`` is the agency (or the relay) that did
    it; ``state`` is the delivery's state afterwards, None where there is none; ``code`` is that of an edXML
    status (01-16) where the event was one. ``record`` names the signed record, empty where the relay names
    none: its receipt can be asked for.
    """

    time: datetime
    event: str
    receiver: str | None = None
    state: str | None = None
    code: str | None = None
    reasons: tuple[Reason, ...] = ()
    actor: str = ""
    record: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "time": rfc3339(self.time),
            "event": self.event,
            "receiver": self.receiver,
            "state": self.state,
            "code": self.code,
            "reasons": [{"code": reason.code, "text": reason.text} for reason in self.reasons],
            "actor": self.actor,
            "record": self.record,
        }

    @staticmethod
    def read(place: Place) -> TraceEvent:
        """Read one out of a larger text; raises WireError."""
        return TraceEvent(
            time=place.member("time").moment(),
            event=place.member("event").text(limit=200),
            receiver=place.member("receiver").optional(Place.text),
            state=place.member("state").optional(Place.text),
            code=place.member("code").optional(Place.text),
            reasons=place.member("reasons").each(_read_reason),
            actor=place.member("actor").text(),
            record=place.member("record").optional(Place.text) or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDelivery:
    """Where the envelope stands with one receiver, and since when."""

    receiver: str
    state: str
    since: datetime
    receiver_name: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "receiver": self.receiver,
            "receiver_name": self.receiver_name,
            "state": self.state,
            "since": rfc3339(self.since),
        }

    @staticmethod
    def read(place: Place) -> TraceDelivery:
        """Read one out of a larger text; raises WireError."""
        return TraceDelivery(
            receiver=place.member("receiver").text(),
            receiver_name=place.member("receiver_name").optional(Place.text) or "",
            state=place.member("state").text(limit=40),
            since=place.member("since").moment(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The event log of one envelope, oldest first; a receiver sees its own delivery alone."""

    sha256: str
    document_id: str
    sender: str
    accepted_at: datetime
    deliveries: tuple[TraceDelivery, ...]
    events: tuple[TraceEvent, ...]
    subject: str = ""

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump(
            {
                "sha256": self.sha256,
                "document_id": self.document_id,
                "subject": self.subject,
                "sender": self.sender,
                "accepted_at": rfc3339(self.accepted_at),
                "deliveries": [delivery.to_json() for delivery in self.deliveries],
                "events": [event.to_json() for event in self.events],
            }
        )

    @staticmethod
    def from_json(data: bytes | str) -> Trace:
        """Read a trace; raises WireError."""
        place = load(data, "trace")
        return Trace(
            sha256=place.member("sha256").sha256(),
            document_id=place.member("document_id").text(),
            subject=place.member("subject").optional(Place.text) or "",
            sender=place.member("sender").text(),
            accepted_at=place.member("accepted_at").moment(),
            deliveries=place.member("deliveries").each(TraceDelivery.read),
            events=place.member("events").each(TraceEvent.read),
        )


# ---- confirmations ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A receiver's "I have it": the digest of what it stored, and its own CMS signature where it has one.

    ``signature`` is base64 of a detached CMS over the 64 hex digits of ``sha256`` in ASCII.
    """

    sha256: str
    signature: str | None = None

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump({"sha256": self.sha256, "signature": self.signature})

    @staticmethod
    def from_json(data: bytes | str) -> Handover:
        """Read a confirmation; raises WireError."""
        place = load(data, "handover")
        return Handover(
            sha256=place.member("sha256").sha256(),
            signature=place.member("signature").optional(Place.base64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAccepted:
    """The relay's answer to a Handover; the same one when the confirmation is repeated."""

    delivery: str
    state: str
    recorded_at: datetime

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump(
            {"delivery": self.delivery, "state": self.state, "recorded_at": rfc3339(self.recorded_at)}
        )

    @staticmethod
    def from_json(data: bytes | str) -> HandoverAccepted:
        """Read the answer; raises WireError."""
        place = load(data, "handover")
        return HandoverAccepted(
            delivery=place.member("delivery").delivery(),
            state=place.member("state").text(limit=40),
            recorded_at=place.member("recorded_at").moment(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAccepted:
    """The relay's answer to a status: which delivery it concerned and where that stands now.

    The same answer when the same status is sent again: statuses are idempotent too.
    """

    sha256: str
    receiver: str
    code: str
    state: str
    recorded_at: datetime

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump(
            {
                "sha256": self.sha256,
                "receiver": self.receiver,
                "code": self.code,
                "state": self.state,
                "recorded_at": rfc3339(self.recorded_at),
            }
        )

    @staticmethod
    def from_json(data: bytes | str) -> StatusAccepted:
        """Read the answer; raises WireError."""
        place = load(data, "status")
        return StatusAccepted(
            sha256=place.member("sha256").sha256(),
            receiver=place.member("receiver").text(),
            code=place.member("code").text(limit=8),
            state=place.member("state").text(limit=40),
            recorded_at=place.member("recorded_at").moment(),
        )


# ---- the directory ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyEntry:
    """An agency that can be written to through this relay."""

    code: str
    name: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"code": self.code, "name": self.name}

    @staticmethod
    def read(place: Place) -> AgencyEntry:
        """Read one out of a larger text; raises WireError."""
        return AgencyEntry(code=place.member("code").text(), name=place.member("name").text())


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyPage:
    """A page of the directory, by code; ``next`` is the cursor for ``after``, None at the end."""

    agencies: tuple[AgencyEntry, ...]
    next: str | None = None

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump({"agencies": [entry.to_json() for entry in self.agencies], "next": self.next})

    @staticmethod
    def from_json(data: bytes | str) -> AgencyPage:
        """Read a page; raises WireError."""
        place = load(data, "agencies")
        return AgencyPage(
            agencies=place.member("agencies").each(AgencyEntry.read),
            next=place.member("next").optional(Place.text),
        )
