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
_ARMOUR = rb"-----BEGIN ([A-Z0-9 #]{1,40})-----\s*([A-Za-z0-9+/=\s]+?)-----END \1-----"
_BASE64 = rb"[A-Za-z0-9+/=\s]+"
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
    """Return the DER of a CMS in PEM armour or in bare base64; other bytes as they are."""
    head = data[:64].lstrip()
    if head.startswith(b"-----BEGIN "):
        match = re.search(_ARMOUR, data[:_ARMOUR_LIMIT])
        return data if match is None else _decoded(match[2], sure=match[1] in (b"PKCS7", b"CMS")) or data
    if head.startswith(b"MI") and len(data) <= _ARMOUR_LIMIT and re.fullmatch(_BASE64, data):
        return _decoded(data) or data
    return data


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
    if b"%PDF-" in head[:1024] or (text[1:5] == b"PDF-" and b"/ByteRange" in data):
        return FileFormat.PDF
    if _SIGNED_DATA in head[:64] or suffix in _CMS_NAMES:
        return FileFormat.TIMESTAMP if _TST_INFO in head[:512] else FileFormat.CADES
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


def claims_xml_signature(data: bytes) -> bool:
    """Say whether an XML document mentions a signature."""
    return _XML_SIGNATURE in data


_AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")  # RFC 5083 2


def is_encrypted(data: bytes) -> bool:
    """Say whether these bytes are CMS AuthEnvelopedData: encrypted, and no signature."""
    return data[:1] == b"0" and _AUTH_ENVELOPED in data[:32]
