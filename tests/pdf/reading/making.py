"""Writes small PDFs byte by byte, so that a test can put any byte where it wants.

Nothing here is clever: offsets are counted while writing, and every part can be given as raw bytes instead.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Write a stream."""
    return b"<< /Length %d %s>>\nstream\n" % (len(content), entries) + content + b"\nendstream"


@dataclass
class Writer:
    """A file being written; ``offsets`` are those of the objects of the revision now being written."""

    data: bytearray = field(default_factory=lambda: bytearray(HEADER))
    offsets: dict[int, int] = field(default_factory=dict)
    size: int = 1
    previous: int | None = None

    def object(self, number: int, value: bytes, *, generation: int = 0, listed: bool = True) -> int:
        """Write ``number generation obj value endobj``; return its offset."""
        offset = len(self.data)
        if listed:
            self.offsets[number] = offset
        self.size = max(self.size, number + 1)
        self.data += b"%d %d obj\n%s\nendobj\n" % (number, generation, value)
        return offset

    def raw(self, data: bytes) -> int:
        """Write bytes as they are; return their offset."""
        offset = len(self.data)
        self.data += data
        return offset

    def table(
        self,
        trailer: bytes = b"",
        *,
        entries: dict[int, bytes] | None = None,
        root: bytes = b"/Root 1 0 R ",
        startxref: int | None = None,
        end: bytes = b"%%EOF\n",
    ) -> bytes:
        """Close the revision with a table; ``entries`` are raw 20-byte lines for further numbers."""
        lines = {number: b"%010d 00000 n \n" % offset for number, offset in self.offsets.items()}
        if self.previous is None:
            lines.setdefault(0, b"0000000000 65535 f \n")
        lines.update(entries or {})
        start = len(self.data)
        self.data += b"xref\n"
        for number in sorted(lines):
            self.data += b"%d 1\n%s" % (number, lines[number])
        prev = b"" if self.previous is None else b"/Prev %d " % self.previous
        self.data += b"trailer\n<< /Size %d %s%s%s>>\n" % (self.size, root, prev, trailer)
        return self._close(start, startxref, end)

    def xref_stream(
        self, number: int, *, packed: dict[int, tuple[int, int]] | None = None, trailer: bytes = b""
    ) -> bytes:
        """Close the revision with a cross-reference stream; ``packed`` maps numbers to (stream, index)."""
        start = len(self.data)
        self.offsets[number] = start
        self.size = max(self.size, number + 1)
        rows = {key: (1, offset, 0) for key, offset in self.offsets.items()}
        rows.update({key: (2, *place) for key, place in (packed or {}).items()})
        if self.previous is None:
            rows[0] = (0, 0, 65535)
        self.size = max(self.size, *(key + 1 for key in rows))
        body = b"".join(
            kind.to_bytes(1, "big") + one.to_bytes(4, "big") + two.to_bytes(4, "big")
            for _, (kind, one, two) in sorted(rows.items())
        )
        index = b" ".join(b"%d 1" % key for key in sorted(rows))
        prev = b"" if self.previous is None else b"/Prev %d " % self.previous
        entries = b"/Type /XRef /W [1 4 4] /Index [%s] /Size %d /Root 1 0 R %s%s" % (
            index,
            self.size,
            prev,
            trailer,
        )
        self.data += b"%d 0 obj\n%s\nendobj\n" % (number, stream(body, entries))
        return self._close(start, None, b"%%EOF\n")

    def _close(self, start: int, startxref: int | None, end: bytes) -> bytes:
        self.data += b"startxref\n%d\n%s" % (start if startxref is None else startxref, end)
        self.previous = start
        self.offsets = {}
        return bytes(self.data)


def one_page(text: bytes = b"BT /F1 12 Tf (C\xf4ng v\xe3n) Tj ET") -> Writer:
    """Write the objects of a letter of one page; the caller closes the revision."""
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(2, PAGES)
    writer.object(3, PAGE)
    writer.object(4, stream(text))
    return writer


def letter() -> bytes:
    """Return a letter of one page with a table."""
    return one_page().table()


def packed_letter(compress: bool = True) -> bytes:
    """Return the same letter, its dictionaries packed in the object stream 5."""
    writer = Writer()
    writer.object(4, stream(b"BT ET"))
    writer.object(5, object_stream({1: CATALOG, 2: PAGES, 3: PAGE}, compress=compress))
    return writer.xref_stream(6, packed={1: (5, 0), 2: (5, 1), 3: (5, 2)})


def object_stream(objects: dict[int, bytes], *, compress: bool = True, entries: bytes = b"") -> bytes:
    """Pack objects."""
    head, body = b"", b""
    for number, value in objects.items():
        head += b"%d %d " % (number, len(body))
        body += value + b"\n"
    content = head + body
    more = b"/Type /ObjStm /N %d /First %d %s" % (len(objects), len(head), entries)
    if compress:
        return stream(zlib.compress(content), more + b"/Filter /FlateDecode ")
    return stream(content, more)


def updated(data: bytes, objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """Append one honest revision with these objects."""
    return reopened(data, objects).table(trailer)


def reopened(data: bytes, objects: dict[int, bytes]) -> Writer:
    """Return a writer that has begun a revision with these objects."""
    previous = int(data.rpartition(b"startxref")[2].split()[0])
    writer = Writer(data=bytearray(data), previous=previous, size=10)
    for number, value in objects.items():
        writer.object(number, value)
    return writer


def many_objects(count: int) -> bytes:
    """Return a file of about ``count`` objects as a word processor writes them: pages, contents, tags."""
    writer = Writer()
    pages = count // 4
    writer.object(1, CATALOG)
    kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(pages))
    writer.object(2, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids))
    for page in range(pages):
        number = 3 + 3 * page
        writer.object(
            number,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.28 841.89] /Contents %d 0 R "
            b"/Resources << /ProcSet [/PDF /Text] /Font << /F1 %d 0 R >> >> /StructParents %d >>"
            % (number + 1, number + 2, page),
        )
        writer.object(
            number + 1, stream(zlib.compress(b"BT (trang %d) Tj ET" % page), b"/Filter /FlateDecode ")
        )
        writer.object(
            number + 2,
            b"<< /Type /StructElem /S /P /P 2 0 R /K [%d << /Type /MCR /Pg %d 0 R /MCID 0 >>] "
            b"/T (M\xf4c %d) /Lang (vi-VN) /Pg %d 0 R >>" % (page, number, page, number),
        )
    for number in range(3 + 3 * pages, count + 1):
        writer.object(
            number, b"<< /Type /StructElem /S /Span /P 3 0 R /K %d /ActualText <FEFF004200C1> >>" % number
        )
    return writer.table()


def many_revisions(data: bytes, count: int) -> bytes:
    """Append ``count`` revisions that each add a field and rewrite the catalog, as signers do."""
    size = int(data.rpartition(b"/Size ")[2].split()[0])
    writer = Writer(
        data=bytearray(data), size=size, previous=int(data.rpartition(b"startxref")[2].split()[0])
    )
    for step in range(count):
        number = size + 2 * step
        writer.object(1, CATALOG[:-2] + b"/Extra %d 0 R >>" % number)
        writer.object(
            number, b"<< /FT /Sig /T (Signature%d) /Subtype /Widget /Rect [0 0 9 9] /P 3 0 R >>" % step
        )
        writer.object(number + 1, stream(b"q Q", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "))
        writer.table()
    return bytes(writer.data)
