"""Read the URIs that name keys on tokens: ``pkcs11:`` of RFC 7512, strictly and without opening anything.

Of our own is one query attribute, ``cert-sha256``: the fingerprint of the certificate whose key is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_to_bytes

from docsign.errors import UsageError
from docsign.sentence import say

_PATH = ("token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type")
_IGNORED = ("library-manufacturer", "library-description", "library-version", "slot-description")
_IGNORED_TOO = ("slot-manufacturer",)
_QUERY = ("module-path", "module-name", "pin-source", "cert-sha256")
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUri:
    """What a ``pkcs11:`` URI asks for; None matches everything (RFC 7512 2.3, 2.4)."""

    token: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    slot_id: int | None = None
    label: str | None = None
    id: bytes | None = None
    module_path: str | None = None
    module_name: str | None = None
    pin_source: str | None = None
    fingerprint: str | None = None

    def text(self) -> str:
        """Return the URI."""
        named = {
            "token": self.token,
            "serial": self.serial,
            "manufacturer": self.manufacturer,
            "model": self.model,
            "slot-id": None if self.slot_id is None else str(self.slot_id),
            "object": self.label,
        }
        path = [f"{name}={quote(value, safe='')}" for name, value in named.items() if value is not None]
        if self.id is not None:
            path.append("id=" + "".join(f"%{octet:02X}" for octet in self.id))
        asked = {
            "module-name": self.module_name,
            "module-path": self.module_path,
            "pin-source": self.pin_source,
            "cert-sha256": self.fingerprint,
        }
        query = [f"{name}={quote(value, safe='/:')}" for name, value in asked.items() if value is not None]
        return "pkcs11:" + ";".join(path) + ("?" + "&".join(query) if query else "")


def parse_token_uri(uri: str) -> TokenUri:
    """Read a ``pkcs11:`` URI; raises UsageError naming the attribute that is wrong (RFC 7512 2.3)."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "pkcs11":
        raise UsageError(say("This is not a PKCS#11 URI: {uri}.", uri=uri))
    path, _, query = rest.partition("?")
    found = _attributes(path, ";", (*_PATH, *_IGNORED, *_IGNORED_TOO))
    asked = _attributes(query, "&", _QUERY)
    if found.get("type", "private") not in ("private", "cert"):
        raise _wrong("type", found["type"])
    texts = {name: unquote(value) for name, value in found.items() if name != "id"}
    slot = texts.get("slot-id")
    if slot is not None and not (slot.isascii() and slot.isdigit() and len(slot) <= 20):
        raise _wrong("slot-id", slot)
    query_texts = {name: unquote(value) for name, value in asked.items()}
    return TokenUri(
        token=texts.get("token"),
        serial=texts.get("serial"),
        manufacturer=texts.get("manufacturer"),
        model=texts.get("model"),
        slot_id=None if slot is None else int(slot),
        label=texts.get("object"),
        id=unquote_to_bytes(found["id"]) if "id" in found else None,
        module_path=query_texts.get("module-path"),
        module_name=query_texts.get("module-name"),
        pin_source=query_texts.get("pin-source"),
        fingerprint=_fingerprint(query_texts.get("cert-sha256")),
    )


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name == "pin-value":  # RFC 7512 2.4 knows it; a secret in a command line is none
            raise UsageError(
                say("A PIN does not belong in the URI."),
                hint=say("Name a file that holds it: pin-source=FILE."),
            )
        if not equals or _ESCAPES.search(value):
            raise _wrong(name, value)
        if name not in known:
            raise UsageError(say("The PKCS#11 URI has an unknown attribute: {name}.", name=name))
        if name in found:  # RFC 7512 2.3: none twice
            raise UsageError(say("The PKCS#11 URI names {name} twice.", name=name))
        found[name] = value
    return found


def _fingerprint(text: str | None) -> str | None:
    if text is None:
        return None
    digits = text.replace(":", "").lower()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise UsageError(say("A SHA-256 has 64 hexadecimal digits."), where="cert-sha256")
    return digits


def _wrong(name: str, value: str) -> UsageError:
    return UsageError(
        say("The attribute {name} of the PKCS#11 URI is wrong: {value}.", name=name, value=value)
    )
