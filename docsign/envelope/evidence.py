"""Evidence: what a relay states about an envelope's way, as values and as the JSON that is signed.

An evidence record (EN 319 522-1) is written as canonical JSON: keys sorted, no spaces, UTF-8, no floating
numbers, no key twice. The relay signs those bytes (CMS, detached); a receipt is the record and that signature
in one JSON document. Nothing is signed or judged here, and no clock is read.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Final

from docsign.envelope.events import EVENT_SPACES
from docsign.envelope.events import EvidenceEvent as EvidenceEvent
from docsign.envelope.events import event_name as event_name
from docsign.errors import WireError
from docsign.sentence import say
from docsign.values import dataclass

RECEIPT_LIMIT: Final = 256 * 1024
"""The largest receipt that is read, in bytes: a thousand receivers fit."""

ENVELOPE_TYPE: Final = "application/vnd.etsi.asic-e+zip"

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, for a program (``code``) and for a reader (``text``); every negative record has one."""

    code: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes the record speaks of; ``digest`` is SHA-256 in lower-case hex."""

    id: str
    type: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who states it: the relay's name, and the SHA-256 of the certificate it signs evidence with."""

    name: str
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One evidence record; ``actor`` is the agency whose act it reports (the relay itself: empty).

    ``recipients`` are agency codes: all of the envelope's, or the one a later event is about.
    """

    id: str
    event: EvidenceEvent
    time: datetime
    issuer: Issuer
    sender: str
    recipients: tuple[str, ...]
    document_id: str
    submitted_at: datetime
    parts: tuple[Part, ...]
    actor: str = ""
    reasons: tuple[Reason, ...] = ()
    version: int = 1

    @property
    def sha256(self) -> str:
        """The name of the envelope: the digest of its bytes, lower-case hex."""
        return next(part.digest for part in self.parts if part.id == "envelope")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``canonical_json`` of it is what is signed."""
        return {
            "version": self.version,
            "id": self.id,
            "event": self.event.value,
            "time": _write_time(self.time),
            "issuer": {"name": self.issuer.name, "certificate": self.issuer.certificate},
            "sender": self.sender,
            "recipients": list(self.recipients),
            "document_id": self.document_id,
            "submitted_at": _write_time(self.submitted_at),
            "parts": [
                {"id": part.id, "type": part.type, "digest_method": "sha-256", "digest": part.digest}
                for part in self.parts
            ],
            "actor": self.actor,
            "reasons": [{"code": reason.code, "text": reason.text} for reason in self.reasons],
        }

    @staticmethod
    def from_json(value: object, *, where: str = "evidence") -> Evidence:
        """Read the JSON form; unknown members are skipped. Raises WireError naming the place."""
        record = _object(value, where)
        version = record.get("version")
        if version != 1 or isinstance(version, bool):
            raise WireError(say("not a version of evidence that is known here"), where=f"{where}.version")
        issuer = _object(record.get("issuer"), f"{where}.issuer")
        parts = tuple(
            _part(part, f"{where}.parts[{number}]")
            for number, part in enumerate(_array(record, "parts", where), start=1)
        )
        if sum(part.id == "envelope" for part in parts) != 1:
            raise WireError(say("exactly one part must be the envelope"), where=f"{where}.parts")
        event = _event(record, where)
        reasons = _array(record, "reasons", where)
        if event.is_negative and not reasons:  # EN 319 522-1: a refusal or failure says why
            raise WireError(say("a record of a refusal gives a reason"), where=f"{where}.reasons")
        return Evidence(
            id=_text(record, "id", where),
            event=event,
            time=_time(record, "time", where),
            issuer=Issuer(
                name=_text(issuer, "name", f"{where}.issuer"),
                certificate=_digest(issuer, "certificate", f"{where}.issuer"),
            ),
            sender=_text(record, "sender", where),
            recipients=tuple(
                _plain(recipient, f"{where}.recipients[{number}]")
                for number, recipient in enumerate(_array(record, "recipients", where), start=1)
            ),
            document_id=_text(record, "document_id", where),
            submitted_at=_time(record, "submitted_at", where),
            parts=parts,
            actor=_text(record, "actor", where),
            reasons=tuple(
                _reason(reason, f"{where}.reasons[{number}]")
                for number, reason in enumerate(reasons, start=1)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a relay says of itself, signed with its evidence key: the origin of its log and the log's key.

    ``log_key`` is in the one line of a signed note's key, ``certificate`` the SHA-256 of the evidence
    certificate, lower-case hex. ``signature`` is DER CMS, detached over ``signed``. ``follows`` is the last
    checkpoint (a signed note) of the log before, where a restored relay began this one; else empty.
    ``stamp`` is a DER time-stamp token over ``stamped``, empty where there is none yet.
    """

    relay: str
    certificate: str
    log_key: str
    time: datetime
    follows: str = ""
    signature: bytes = field(default=b"", repr=False)
    signed: bytes = field(default=b"", repr=False)
    stamp: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not self.signed:
            object.__setattr__(self, "signed", canonical_json(self._values()))

    def _values(self) -> dict[str, Any]:
        return {
            "version": 1,
            "relay": self.relay,
            "certificate": self.certificate,
            "log_key": self.log_key,
            "time": _write_time(self.time),
            **({"follows": self.follows} if self.follows else {}),
        }

    @property
    def stamped(self) -> bytes:
        """What its time-stamp is over: record and signature."""
        return b'{"about":' + self.signed + b',"signature":' + _quoted(self.signature) + b"}"

    def to_json(self) -> bytes:
        """Return the canonical JSON form: the record, its signature, its time-stamp where there is one."""
        stamp = b',"stamp":' + _quoted(self.stamp) if self.stamp else b""
        return b'{"about":' + self.signed + b',"signature":' + _quoted(self.signature) + stamp + b"}"

    def to_bytes(self) -> bytes:
        """Return the JSON form as one document, UTF-8, with a line feed at its end."""
        return self.to_json() + b"\n"

    @staticmethod
    def from_json(value: object, *, where: str = "about") -> About:
        """Read the JSON form; raises WireError naming the place."""
        document = _object(value, where)
        record = _object(document.get("about"), f"{where}.about")
        version = record.get("version")
        if version != 1 or isinstance(version, bool):
            raise WireError(say("not a version of evidence that is known here"), where=f"{where}.version")
        return About(
            relay=_text(record, "relay", where),
            certificate=_digest(record, "certificate", where),
            log_key=_text(record, "log_key", where),
            time=_time(record, "time", where),
            follows=_text(record, "follows", where) if "follows" in record else "",
            signature=_base64(document, "signature", where),
            signed=canonical_json(record),
            stamp=_base64(document, "stamp", where) if "stamp" in document else b"",
        )


def log_entry(signed: bytes, signature: bytes) -> bytes:
    """Return a record with its signature as it stands in the log: canonical JSON of both."""
    return b'{"evidence":' + signed + b',"signature":' + _quoted(signature) + b"}"


def time_of_entry(entry: bytes) -> datetime:
    """Return when the record of a log entry says it was made; raises WireError."""
    value = _object(parse_json(entry, limit=len(entry), where="entry"), "entry")
    return Evidence.from_json(value.get("evidence"), where="entry.evidence").time


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A record with the relay's signature (DER CMS, detached over ``signed``).

    ``signed`` is the record as it was read, unknown members and all: what the signature is judged over.
    ``proof`` shows that it stands in the relay's log (C2SP tlog-proof), whose key ``about`` names. ``stamp``
    is a DER time-stamp token over the checkpoint that the proof ends in; ``crls`` (DER) are the revocation
    lists by which it was good when it was fetched. With both it holds after the relay's certificate ended.
    """

    evidence: Evidence
    signature: bytes
    signed: bytes = field(default=b"", repr=False)
    proof: str = field(default="", repr=False)
    about: About | None = field(default=None, repr=False)
    stamp: bytes = field(default=b"", repr=False)
    crls: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not self.signed:
            object.__setattr__(self, "signed", canonical_json(self.evidence.to_json()))

    def to_json(self) -> bytes:
        """Return the receipt as one JSON document, UTF-8, with a line feed at its end."""
        # put together from canonical parts, in the order of canonical JSON
        members = [b'"evidence":' + self.signed]
        if self.crls:
            members.insert(0, b'"crls":[' + b",".join(map(_quoted, self.crls)) + b"]")
        if self.proof and self.about is not None:
            members += [b'"proof":' + canonical_json(self.proof), b'"relay":' + self.about.to_json()]
        members += [b'"schema":1', b'"signature":' + _quoted(self.signature)]
        if self.proof and self.about is not None and self.stamp:
            members.append(b'"stamp":' + _quoted(self.stamp))
        return b"{" + b",".join(members) + b"}\n"

    @property
    def entry(self) -> bytes:
        """The receipt's record as an entry of the log."""
        return log_entry(self.signed, self.signature)

    @staticmethod
    def from_json(data: bytes) -> Receipt:
        """Read a receipt; raises WireError naming the place (``receipt.evidence.time: …``)."""
        document = _object(parse_json(data, limit=RECEIPT_LIMIT, where="receipt"), "receipt")
        schema = document.get("schema")
        if schema != 1 or isinstance(schema, bool):
            raise WireError(say("not a version of the receipt that is known here"), where="receipt.schema")
        proven = "proof" in document
        return Receipt(
            evidence=Evidence.from_json(document.get("evidence"), where="receipt.evidence"),
            signature=_base64(document, "signature", "receipt"),
            signed=canonical_json(document.get("evidence")),
            proof=_text(document, "proof", "receipt") if proven else "",
            about=About.from_json(document.get("relay"), where="receipt.relay") if proven else None,
            stamp=_base64(document, "stamp", "receipt") if proven and "stamp" in document else b"",
            crls=tuple(
                _decoded(one, f"receipt.crls[{number}]")
                for number, one in enumerate(
                    _array(document, "crls", "receipt") if "crls" in document else (), start=1
                )
            ),
        )


def is_receipt(data: bytes) -> bool:
    """Tell whether these bytes look like a receipt, perhaps a damaged one: who judges them."""
    head = data[:RECEIPT_LIMIT]
    if not head[:256].lstrip().startswith(b"{") or b'"evidence"' not in head:
        return False
    return b'"schema"' in head or any(space.encode() in head for space in EVENT_SPACES)


_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)  # made once: json.dumps makes one for each value


def canonical_json(value: object) -> bytes:
    """Write a JSON value in its one form: keys sorted, no spaces, UTF-8, no NaN."""
    return _CANONICAL.encode(value).encode()


def parse_json(data: bytes, *, limit: int, where: str) -> object:
    """Read JSON strictly: UTF-8, ``limit`` bytes, no key twice, no floating numbers; raises WireError."""
    if len(data) > limit:
        raise WireError(
            say("The file is too large: {size} bytes, {limit} at most.", size=len(data), limit=limit),
            where=where,
        )
    try:
        value: object = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
        canonical_json(value)  # lone surrogates cannot be written again
    except (ValueError, RecursionError) as error:
        raise WireError(say("not JSON as it is written here"), where=where) from error
    return value


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"no such numbers here: {text[:20]}")


def _write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WireError(say("an object is needed here"), where=where)
    return value


def _array(record: Mapping[str, object], name: str, where: str) -> list[object]:
    value = record.get(name)
    if not isinstance(value, list):
        raise WireError(say("a list is needed here"), where=f"{where}.{name}")
    return value


def _plain(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise WireError(say("text is needed here"), where=where)
    return value


def _text(record: Mapping[str, object], name: str, where: str) -> str:
    return _plain(record.get(name), f"{where}.{name}")


def _base64(record: Mapping[str, object], name: str, where: str) -> bytes:
    return _decoded(record.get(name), f"{where}.{name}")


def _decoded(value: object, where: str) -> bytes:
    text = _plain(value, where)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(say("not base64"), where=where) from error


def _quoted(data: bytes) -> bytes:
    """Write bytes as JSON: base64 in quotes."""
    return b'"' + base64.b64encode(data) + b'"'


def _digest(record: Mapping[str, object], name: str, where: str) -> str:
    text = _text(record, name, where)
    if not _DIGEST.fullmatch(text):
        raise WireError(say("not a SHA-256 digest in lower-case hex"), where=f"{where}.{name}")
    return text


def _time(record: Mapping[str, object], name: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(record, name, where))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise WireError(say("not a time with its zone (RFC 3339)"), where=f"{where}.{name}")
    return moment


def _event(record: Mapping[str, object], where: str) -> EvidenceEvent:
    text = _text(record, "event", where)
    try:
        return EvidenceEvent(text)
    except ValueError as error:
        raise WireError(say("unknown event: {event}", event=text[:80]), where=f"{where}.event") from error


def _part(value: object, where: str) -> Part:
    part = _object(value, where)
    if _text(part, "digest_method", where) != "sha-256":
        raise WireError(say("only sha-256 is known here"), where=f"{where}.digest_method")
    return Part(
        id=_text(part, "id", where), type=_text(part, "type", where), digest=_digest(part, "digest", where)
    )


def _reason(value: object, where: str) -> Reason:
    reason = _object(value, where)
    return Reason(code=_text(reason, "code", where), text=_text(reason, "text", where))
