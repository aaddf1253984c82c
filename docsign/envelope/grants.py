"""Grants: one agency's signed word that another may act for it at a relay, from a day to a day.

A grant is written like evidence: canonical JSON, signed with a detached CMS signature by the agency that
grants it, both in one JSON file. Nothing is signed or judged here, and no clock is read.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Final

from docsign.envelope.agency_codes import canonical, is_agency_code
from docsign.envelope.evidence import canonical_json, parse_json
from docsign.errors import WireError
from docsign.sentence import say
from docsign.values import dataclass

GRANT_LIMIT: Final = 64 * 1024
"""The largest file of a grant that is read, in bytes."""
GRANT_TYPE: Final = "application/vnd.docsign.grant+json"

_ID = re.compile(r"[0-9a-f]{32}")
_KIND: Final = "docsign-grant"
"""Stands in what is signed, so that a signature over anything else is never taken for one over a grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """``grantor`` lets ``delegate`` (agency codes) act for it from ``begins`` up to and without ``ends``.

    ``id`` is 32 lower-case hex digits that nobody meets twice. Moments are aware.
    """

    id: str
    grantor: str
    delegate: str
    begins: datetime
    ends: datetime
    made_at: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether ``moment`` is within the grant's time."""
        return self.begins <= moment < self.ends

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``canonical_json`` of it is what is signed."""
        return {
            "kind": _KIND,
            "version": 1,
            "id": self.id,
            "grantor": self.grantor,
            "delegate": self.delegate,
            "from": _write(self.begins),
            "to": _write(self.ends),
            "made_at": _write(self.made_at),
        }

    @staticmethod
    def from_json(value: object, *, where: str = "grant") -> Grant:
        """Read the JSON form; raises WireError naming the place."""
        if not isinstance(value, dict):
            raise WireError(say("an object is needed here"), where=where)
        if value.get("kind") != _KIND or value.get("version") != 1 or value.get("version") is True:
            raise WireError(say("not a grant as it is known here"), where=where)
        texts = {}
        for name in ("id", "grantor", "delegate", "from", "to", "made_at"):
            text = value.get(name)
            if not isinstance(text, str):
                raise WireError(say("text is needed here"), where=f"{where}.{name}")
            texts[name] = text
        if not _ID.fullmatch(texts["id"]):
            raise WireError(say("32 lower-case hex digits are needed here"), where=f"{where}.id")
        for name in ("grantor", "delegate"):
            if not is_agency_code(texts[name]):
                raise WireError(say("not an agency code"), where=f"{where}.{name}")
        if canonical(texts["grantor"]) == canonical(texts["delegate"]):
            raise WireError(say("an agency needs no grant to act for itself"), where=f"{where}.delegate")
        begins, ends, made_at = (_read(texts[name], f"{where}.{name}") for name in ("from", "to", "made_at"))
        if begins >= ends:
            raise WireError(say("the end comes before the beginning"), where=f"{where}.to")
        return Grant(
            id=texts["id"],
            grantor=texts["grantor"],
            delegate=texts["delegate"],
            begins=begins,
            ends=ends,
            made_at=made_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedGrant:
    """A grant with its signature (DER CMS, detached over ``signed``); ``signed`` is as it was read."""

    grant: Grant
    signature: bytes = field(repr=False)
    signed: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not self.signed:
            object.__setattr__(self, "signed", canonical_json(self.grant.to_json()))

    def to_bytes(self) -> bytes:
        """Return the file: one JSON document, UTF-8, with a line feed at its end."""
        document = {
            "schema": 1,
            "grant": json.loads(self.signed),
            "signature": base64.b64encode(self.signature).decode("ascii"),
        }
        return canonical_json(document) + b"\n"

    @staticmethod
    def from_bytes(data: bytes, *, where: str = "grant") -> SignedGrant:
        """Read the file; unknown members are skipped. Raises WireError naming the place."""
        document = parse_json(data, limit=GRANT_LIMIT, where=where)
        if not isinstance(document, dict) or document.get("schema") != 1:
            raise WireError(say("not a grant as it is known here"), where=where)
        grant = Grant.from_json(document.get("grant"), where=f"{where}.grant")
        signature = document.get("signature")
        try:
            cms = base64.b64decode(signature, validate=True) if isinstance(signature, str) else b""
        except (binascii.Error, ValueError):
            cms = b""
        if not cms:
            raise WireError(say("not base64"), where=f"{where}.signature")
        return SignedGrant(grant=grant, signature=cms, signed=canonical_json(document["grant"]))


def _write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise WireError(say("not a time with its zone (RFC 3339)"), where=where)
    return moment.astimezone(UTC)
