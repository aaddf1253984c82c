"""Fields of one's own in the XMP metadata of a PDF: put into a fresh one, read from any.

Putting them in works on what Typst has just written, before anything else: its metadata stream is plain and
its cross-reference table classic, so that a few bytes are spliced and no revision is added. PDF/A allows
own fields only with an extension schema that describes them (ISO 19005-2 6.6.2.3.3).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from docsign.ades.xml import parse
from docsign.errors import PdfError, XmlError
from docsign.pdf.revision import damaged, require_whole
from docsign.sentence import say

XMP_LIMIT = 1024 * 1024
"""The longest metadata read, in bytes."""

_STREAM = re.compile(rb"<</Length (?P<length>\d+)/Type/Metadata/Subtype/XML>>\nstream\n")
_TABLE = re.compile(rb"\nxref\n0 (?P<count>\d+)\s+")
_ENTRY = re.compile(rb"(?P<offset>\d{10}) (?P<generation>\d{5}) n")
_START = re.compile(rb"startxref\n(?P<offset>\d+)\n%%EOF\s*$")
_SCHEMAS_END = b"</rdf:Bag></pdfaExtension:schemas>"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def with_fields(
    pdf: bytes,
    values: Mapping[str, str],
    *,
    known: Mapping[str, str],
    namespace: str,
    prefix: str,
    title: str,
) -> bytes:
    """Return ``pdf`` with ``values`` in its XMP; ``known`` describes every field of the schema by its name.

    Raises PdfError for a PDF that is not as Typst writes it.
    """
    stream = _STREAM.search(pdf)
    table, start = _TABLE.search(pdf), _START.search(pdf)
    if stream is None or table is None or start is None:
        raise PdfError(say("The metadata of this PDF cannot be extended."))
    end = stream.end() + int(stream["length"])
    xmp = pdf[stream.end() : end]
    described = "".join(_property(name, text) for name, text in known.items())
    schema = (
        f'<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>{escape(title)}</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{escape(namespace)}</pdfaSchema:namespaceURI>"
        f"<pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
    texts = "".join(
        f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>"
        for name, value in values.items()
        if name in known
    )
    own = f'<rdf:Description rdf:about="" xmlns:{prefix}="{escape(namespace)}">{texts}</rdf:Description>'
    if xmp.count(_SCHEMAS_END) != 1 or xmp.count(b"</rdf:RDF>") != 1:
        raise PdfError(say("The metadata of this PDF cannot be extended."))
    xmp = xmp.replace(_SCHEMAS_END, schema.encode() + _SCHEMAS_END)
    xmp = xmp.replace(b"</rdf:RDF>", own.encode() + b"</rdf:RDF>")
    header = b"<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n" % len(xmp)
    grown = len(header) + len(xmp) - (end - stream.start())

    def moved(match: re.Match[bytes]) -> bytes:
        offset = int(match["offset"])
        return b"%010d %s n" % (offset + grown if offset > stream.start() else offset, match["generation"])

    tail = _ENTRY.sub(moved, pdf[table.start() : start.start()])
    return b"".join(
        (
            pdf[: stream.start()], header, xmp, pdf[end : table.start()], tail,
            b"startxref\n%d\n%%%%EOF\n" % (int(start["offset"]) + grown),
        )
    )  # fmt: skip


def read_fields(pdf: bytes, *, namespace: str) -> dict[str, str]:
    """Return the fields of ``namespace`` in the document's XMP; none where it has no readable XMP.

    Raises PdfError where the PDF cannot be read.
    """
    found: dict[str, str] = {}
    try:
        root = parse(_metadata(pdf), limit=XMP_LIMIT)
    except XmlError:
        return found
    for element in root.iter(f"{{{namespace}}}*"):
        name = str(element.tag).rpartition("}")[2]
        if _NAME.fullmatch(name) and len(element) == 0:
            found.setdefault(name, element.text or "")
    return found


def _metadata(pdf: bytes) -> bytes:
    from pyhanko.pdf_utils.reader import PdfFileReader

    require_whole(pdf)
    try:
        root: Any = PdfFileReader(io.BytesIO(pdf), strict=False).root
        data = bytes(root["/Metadata"].data) if "/Metadata" in root else b""
    except Exception as error:  # the reader raises many bare exceptions on odd bytes
        raise damaged(error) from error
    text = data[:XMP_LIMIT].decode("utf-8-sig", "replace").strip("\ufeff \r\n\t\0")
    text = re.sub(r"<\?xpacket[^>]*\?>", "", text).strip("\ufeff \r\n\t\0")
    return text.encode()


def _property(name: str, description: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{escape(description)}</pdfaProperty:description></rdf:li>"
    )
