"""Tells what kind of file some bytes are, by their content; a name helps only where that says nothing.

Nothing is parsed and nothing judged. A file that claims to be signed is told so even where it is damaged.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import BinaryIO

from docsign.verdict import FileFormat

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_DATA = bytes.fromhex("06092a864886f70d010701")
_ARMOUR = rb"-----BEGIN ([A-Z0-9 #]{1,40})-----\s*([A-Za-z0-9+/=\s]+?)-----END \1-----"
_BASE64 = rb"[A-Za-z0-9+/=\s]+"
_MAIL_HEAD = rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){1,200}\r?\n"
_MAIL_KIND = rb"(?im)^content-type:\s*(multipart/signed|application/(?:x-)?pkcs7-mime)\b"
_MAIL_LIMIT = 64 * 1024
_ARMOUR_LIMIT = 64 * 1024 * 1024
_CONTAINER_NAMES = frozenset({".asice", ".sce", ".asics", ".scs", ".bdoc", ".edoc", ".adoc"})
_RECORD_NAMES = frozenset({".ers"})
_STAMP_NAMES = frozenset({".tst", ".tsr"})
_CMS_NAMES = frozenset({".p7s", ".p7m"})
_XML_SIGNATURE = b"http://www.w3.org/2000/09/xmldsig#"
_EDXML = rb"(?i)<[\w.:-]{0,64}(?:edXML|MessageHeader)\b"
_HEAD = 4096
_PIECE = 1024 * 1024


def is_container(head: bytes, suffix: str = "") -> bool:
    """Say whether a file that begins with ``head`` is a ZIP, or claims to be an ASiC container."""
    return head[:2] == b"PK" or b"application/vnd.etsi.asic" in head[:256] or suffix in _CONTAINER_NAMES


def claims_container(stream: BinaryIO, suffix: str) -> bool:
    """Say whether a ZIP that cannot be read claims to be a signed container, by its raw bytes."""
    if suffix in _CONTAINER_NAMES:
        return True
    stream.seek(0)
    head = stream.read(_PIECE)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _PIECE))
    raw = head + stream.read(_PIECE)
    marks = (b"application/vnd.etsi.asic", b"META-INF/signature", b"META-INF/documentsignatures.xml")
    return any(mark in raw for mark in marks)


def unarmoured(data: bytes) -> bytes:
    """Return the DER of a CMS in PEM armour, bare base64 or a message (S/MIME); other bytes as they are."""
    text = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"-----BEGIN "):
        match = re.search(_ARMOUR, data[:_ARMOUR_LIMIT])
        return data if match is None else _decoded(match[2], sure=match[1] in (b"PKCS7", b"CMS")) or data
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if text.startswith(b"MI") and len(data) <= _ARMOUR_LIMIT and re.fullmatch(_BASE64, bare):
        return _decoded(bare) or data
    mail = _mail(data)
    if mail is not None and mail[0] != b"multipart/signed":  # RFC 8551 3.5.2: the signature holds its content
        body = data[mail[1] : _ARMOUR_LIMIT]
        return (_decoded(body) if re.fullmatch(_BASE64, body) else None) or data
    return data


def is_signed_mail(data: bytes) -> bool:
    """Say whether this is a message with a signature beside its text (S/MIME, RFC 8551 3.5.3)."""
    mail = _mail(data)
    return mail is not None and mail[0] == b"multipart/signed"


def _mail(data: bytes) -> tuple[bytes, int] | None:
    """Return what kind of signed message this is, and where its body begins."""
    head = re.match(_MAIL_HEAD, data[:_MAIL_LIMIT])
    kind = None if head is None else re.search(_MAIL_KIND, head[0])
    return None if head is None or kind is None else (kind[1].lower(), head.end())


def _decoded(text: bytes, *, sure: bool = False) -> bytes | None:
    """Return what base64 says, where that is a CMS, or ``sure`` to be one."""
    try:
        der = base64.b64decode(text)
    except binascii.Error:
        return None
    return der if sure or _SIGNED_DATA in der[:64] else None


def tell(data: bytes, suffix: str = "") -> FileFormat:
    """Return what some bytes are, containers apart (``is_container``); OTHER: it carries no signature."""
    head = data[:_HEAD]
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if suffix != ".pdf" and head[:1] == b"\x30" and _SIGNED_DATA in head[:32]:
        return _cms_kind(head)  # also where its content is a PDF, whose mark stands a few bytes behind
    if b"%PDF-" in head[:1024] or (text[1:5] == b"PDF-" and b"/ByteRange" in data):
        return FileFormat.PDF
    if is_signed_mail(data):
        return FileFormat.CADES
    if _SIGNED_DATA in head[:64] or (suffix in _CMS_NAMES and not is_encrypted(data)):
        return _cms_kind(head)
    if suffix in _STAMP_NAMES or (head[:1] == b"\x30" and _TST_INFO in head):
        from docsign.ades.timestamp_files import is_timestamp_answer

        if is_timestamp_answer(data):
            return FileFormat.TIMESTAMP
    if suffix in _RECORD_NAMES or b"urn:ietf:params:xml:ns:ers" in head or head[:1] == b"\x30":
        from docsign.ades.evidence_record import is_evidence_record

        if is_evidence_record(data):
            return FileFormat.EVIDENCE_RECORD
    if text.startswith(b"{"):
        from docsign.envelope.evidence import is_receipt

        if is_receipt(data):
            return FileFormat.RECEIPT
    if text.startswith(b"<") or b"<\0" in head[:8]:
        return FileFormat.EDXML if re.search(_EDXML, data[: _PIECE // 4]) else FileFormat.XADES
    # a PDF whose first bytes were changed still claims to be signed
    return FileFormat.PDF if b"/ByteRange" in data else FileFormat.OTHER


def _cms_kind(head: bytes) -> FileFormat:
    """Tell a time-stamp token by its content type, the first that stands there: its content may be any."""
    stamp, data = head[:512].find(_TST_INFO), head[:512].find(_DATA)
    return FileFormat.TIMESTAMP if stamp >= 0 and not 0 <= data < stamp else FileFormat.CADES


def claims_xml_signature(data: bytes) -> bool:
    """Say whether an XML document mentions a signature."""
    return _XML_SIGNATURE in data


_ENVELOPED = (
    bytes.fromhex("060b2a864886f70d0109100117"),  # AuthEnvelopedData, RFC 5083 2
    bytes.fromhex("06092a864886f70d010703"),  # EnvelopedData, RFC 5652 6
)


def is_encrypted(data: bytes) -> bool:
    """Say whether these bytes are an encrypted CMS, and no signature."""
    return data[:1] == b"0" and any(kind in data[:32] for kind in _ENVELOPED)
