"""Takes a signed message apart: the part that is signed, as it was digested, and its CMS signature (S/MIME).

Only multipart/signed (RFC 1847 2.1, RFC 8551 3.5.3): a message whose signature holds its content is CMS in
base64. The header of the message, what stands before the first part and behind the last are signed by nobody;
a message in any other form than two parts is refused, so that what a reader sees is what was signed.
"""

from __future__ import annotations

import base64
import binascii
import re

from docsign.errors import CmsError
from docsign.sentence import say
from docsign.values import dataclass

_LINE = re.compile(rb"\r?\n")
_HEAD_LIMIT = 64 * 1024
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(rb';[ \t]*([!#-+.\-0-9A-Z^-~]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))[ \t]*')
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")  # RFC 2046 5.1.1
_SIGNATURES = (b"application/pkcs7-signature", b"application/x-pkcs7-signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMail:
    """The signed part in canonical form, and the signature in DER or BER."""

    content: bytes
    signature: bytes


def read_signed_mail(data: bytes) -> SignedMail:
    """Take a message apart; raises CmsError where it is not a signed part and one signature."""
    head, body = _entity(data)
    kind, parameters = _content_type(head)
    if kind != b"multipart/signed":
        raise _not_two_parts()
    boundary = parameters.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise CmsError(say("The signed message does not say where its parts begin."))
    signed, signature = _two_parts(body, boundary)
    return SignedMail(content=_LINE.sub(b"\r\n", signed), signature=_signature(signature))  # RFC 8551 3.1.1


def _not_two_parts() -> CmsError:
    return CmsError(
        say("A signed message is what was signed and its signature; this one is built otherwise.")
    )


def _entity(data: bytes) -> tuple[bytes, bytes]:
    """Part a MIME entity at its first empty line: header with its last line end, and body."""
    if (start := _LINE.match(data)) is not None:  # no header at all
        return b"", data[start.end() :]
    end = re.search(rb"\n\r?\n", data[:_HEAD_LIMIT])
    if end is None:
        raise CmsError(say("The header of the message has no end."))
    return data[: end.start() + 1], data[end.end() :]


def _fields(head: bytes, name: bytes) -> list[bytes]:
    """Return the values of a header field, unfolded (RFC 5322 2.2.3)."""
    found = []
    for line in _LINE.split(re.sub(rb"\r?\n(?=[ \t])", b"", head)):
        field = _FIELD.fullmatch(line)
        if field is not None and field[1].lower() == name:
            found.append(field[2].strip())
    return found


def _content_type(head: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return a part's type and its parameters; a second field or parameter would be open to choice."""
    values = _fields(head, b"content-type")
    if len(values) != 1:
        raise CmsError(say("A part of the message does not say once what it is."))
    kind = values[0].partition(b";")[0]
    rest, place = values[0][len(kind) :], 0
    parameters: dict[bytes, bytes] = {}
    while (one := _PARAMETER.match(rest, place)) is not None:
        key = one[1].lower()
        if key in parameters:
            raise CmsError(say("A part of the message does not say once what it is."))
        parameters[key] = one[3] if one[2] is None else re.sub(rb"\\(.)", rb"\1", one[2])
        place = one.end()
    return kind.strip().lower(), parameters


def _two_parts(body: bytes, boundary: bytes) -> tuple[bytes, bytes]:
    """Part a body at its delimiter lines; the line end before each belongs to it (RFC 2046 5.1.1)."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = [one for one, _ in zip(line.finditer(body), range(4), strict=False)]
    if [one[1] is not None for one in marks] != [False, False, True]:
        raise _not_two_parts()
    first, second, last = marks
    parts = body[first.end() : second.start()], body[second.end() : last.start()]
    signed, signature = (one[start.end() :] if (start := _LINE.match(one)) else b"" for one in parts)
    return signed, signature


def _signature(part: bytes) -> bytes:
    head, body = _entity(part)
    kind, _ = _content_type(head)
    if kind not in _SIGNATURES:
        raise _not_two_parts()
    encodings = [one.lower() for one in _fields(head, b"content-transfer-encoding")]
    if encodings == [b"base64"]:
        try:
            return base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error as error:
            raise CmsError(say("The signature of the message is not base64.")) from error
    if encodings in ([], [b"binary"]):
        return body
    raise CmsError(say("The signature of the message is not base64."))
