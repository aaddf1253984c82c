"""JSON from the other side, read strictly: each value knows its place, and every error names it.

Pure. It knows nothing of what the texts mean; ``wire`` does.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from docsign.envelope.evidence import parse_json
from docsign.errors import WireError
from docsign.sentence import Sentence, say

Value = TypeVar("Value")

MAX_TEXT = 4000
"""Characters of a text of the wire, where nothing else is said."""
MAX_JSON = 8 * 1024 * 1024
"""The largest JSON text that is read, in bytes."""

_YEARS = (1970, 9998)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DELIVERY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_sha256(text: str) -> bool:
    """Say whether a text is a SHA-256 in lower-case hex."""
    return _SHA256.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """A value inside a JSON text and the path to it."""

    value: object
    path: str

    def refuse(self, sentence: Sentence) -> NoReturn:
        """Raise WireError with this place."""
        raise WireError(sentence, where=self.path)

    def member(self, name: str) -> Place:
        """Return a member of this object; one that is missing is a place that holds None."""
        if not isinstance(self.value, dict):
            self.refuse(say("An object is needed here."))
        return Place(self.value.get(name), f"{self.path}.{name}")

    def text(self, *, limit: int = MAX_TEXT) -> str:
        """Return the text here, of ``limit`` characters at most."""
        if not isinstance(self.value, str):
            self.refuse(say("A text is needed here."))
        if len(self.value) > limit:
            self.refuse(say("This text is too long."))
        return self.value

    def number(self) -> int:
        """Return the whole number here: not negative, and small enough for a database."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value < 2**63:
            self.refuse(say("A whole number is needed here."))
        return self.value

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse(say("true or false is needed here."))
        return self.value

    def moment(self) -> datetime:
        """Return the RFC 3339 time here, in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(limit=40))
            if moment.tzinfo is None:
                self.refuse(say("A time with its zone is needed here."))
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise WireError(say("A time with its zone is needed here."), where=self.path) from error
        if not _YEARS[0] <= moment.year <= _YEARS[1]:  # what no other zone, and no calendar, could show
            self.refuse(say("A time with its zone is needed here."))
        return moment

    def sha256(self) -> str:
        """Return the SHA-256 here, in hex."""
        text = self.text(limit=64)
        if not is_sha256(text):
            self.refuse(say("A SHA-256 in 64 lower-case hex digits is needed here."))
        return text

    def delivery(self) -> str:
        """Return the name of a delivery: safe in a URL and as a key."""
        text = self.text(limit=64)
        if not _DELIVERY.fullmatch(text):
            self.refuse(say("The name of a delivery is needed here."))
        return text

    def base64(self) -> str:
        """Return the Base64 text here, as it stands."""
        text = self.text(limit=100_000)
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise WireError(say("Base64 is needed here."), where=self.path) from error
        return text

    def each(self, read: Callable[[Place], Value]) -> tuple[Value, ...]:
        """Read every item of the list here."""
        if not isinstance(self.value, list):
            self.refuse(say("A list is needed here."))
        return tuple(read(Place(item, f"{self.path}[{n}]")) for n, item in enumerate(self.value))

    def optional(self, read: Callable[[Place], Value]) -> Value | None:
        """Read what is here, or return None where nothing is."""
        return None if self.value is None else read(self)


def load(data: bytes | str, name: str) -> Place:
    """Read a JSON text of at most MAX_JSON bytes; ``name`` begins every path. Raises WireError."""
    text = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return Place(parse_json(text, limit=MAX_JSON, where=name), name)


def dump(value: Mapping[str, Any]) -> bytes:
    """Write an object as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
