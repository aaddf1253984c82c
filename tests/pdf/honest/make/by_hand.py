"""Writes PDFs in forms that honest programs write and no program here writes on demand.

Word's hybrid form, Macintosh line ends, an old editor that reuses object numbers, and the like. Only the bytes
of the structure are ours; each form was seen in files of real producers.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Objects = dict[int, bytes]

PAGE = (
    b"BT /F1 16 Tf 72 760 Td (BAO CAO THU NGHIEM) Tj 0 -28 Td /F1 11 Tf"
    b" (Van ban nay khong co gia tri phap ly.) Tj 0 -18 Td (Trang %d) Tj ET"
)


def stream(data: bytes, entries: bytes = b"", *, eol: bytes = b"\n", packed: bool = False) -> bytes:
    """Return the body of a stream object."""
    if packed:
        data, entries = zlib.compress(data), entries + b"/Filter/FlateDecode"
    return (
        b"<<" + entries + b"/Length %d>>" % len(data) + eol + b"stream" + (b"\r\n" if b"\r" in eol else b"\n")
    ) + (data + eol + b"endstream")


def small_document(pages: int = 1, *, eol: bytes = b"\n", catalog: bytes = b"") -> Objects:
    """Return objects 1 (catalogue), 2 (page tree), 3 (font), 4 (information), then page and content in turn."""
    kids = b" ".join(b"%d 0 R" % (5 + 2 * place) for place in range(pages))
    objects: Objects = {
        1: b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        2: b"<</Type/Pages/Count %d/Kids[" % pages + kids + b"]>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>",
        4: b"<</Title(Bao cao thu nghiem)/Author(Nguyen Van Mau)/CreationDate(D:20261101080000+07'00')>>",
    }
    for place in range(pages):
        number = 5 + 2 * place
        objects[number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
            b"/Contents %d 0 R>>" % (number + 1)
        )
        objects[number + 1] = stream(PAGE % (place + 1), eol=eol)
    return objects


@dataclass
class File:
    """A PDF written object by object; ``eol`` ends its lines."""

    eol: bytes = b"\n"
    header: bytes = b"%PDF-1.7"
    data: bytearray = field(default_factory=bytearray)
    offsets: dict[int, tuple[int, int]] = field(default_factory=dict)
    startxref: int = 0

    def begin(self) -> None:
        """Write the header and the comment that says the file is binary."""
        self.data += self.header + self.eol + b"%\xb5\xb5\xb5\xb5" + self.eol

    def add(self, objects: Mapping[int, bytes], generation: int = 0) -> None:
        """Write objects and remember where."""
        for number, body in objects.items():
            self.offsets[number] = (len(self.data), generation)
            self.data += b"%d %d obj" % (number, generation) + self.eol + body + self.eol + b"endobj" + self.eol

    def end(self, trailer: bytes) -> None:
        """Write trailer, startxref and the end mark."""
        self.data += b"trailer" + self.eol + b"<<" + trailer + b">>" + self.eol
        self.data += b"startxref" + self.eol + b"%d" % self.startxref + self.eol + b"%%EOF" + self.eol

    def table(self, rows: Sequence[tuple[int, Sequence[bytes]]]) -> None:
        """Write a cross-reference table of these sections (first number, entries of 18 bytes)."""
        self.startxref = len(self.data)
        self.data += b"xref" + self.eol
        for first, entries in rows:
            self.data += b"%d %d" % (first, len(entries)) + self.eol
            for entry in entries:
                self.data += entry + (b"\r\n" if self.eol == b"\r\n" else b" " + self.eol)

    def used(self, number: int) -> bytes:
        """Return the table entry of a written object."""
        return b"%010d %05d n" % self.offsets[number]

    def whole_table(self) -> None:
        """Write one section for all objects from 0 on; there must be no hole."""
        last = max(self.offsets)
        self.table([(0, [FREE, *(self.used(number) for number in range(1, last + 1))])])


FREE = b"0000000000 65535 f"
IDS = b"/ID[<00112233445566778899AABBCCDDEEFF><00112233445566778899AABBCCDDEEFF>]"


def plain(objects: Objects, *, eol: bytes = b"\n", trailer: bytes = b"") -> bytes:
    """Return a file with one table."""
    file = File(eol=eol)
    file.begin()
    file.add(objects)
    file.whole_table()
    file.end(b"/Size %d/Root 1 0 R/Info 4 0 R" % (max(objects) + 1) + IDS + trailer)
    return bytes(file.data)


def word_hybrid(*, structure_hidden: bool) -> bytes:
    """Return Word's "save as PDF": CR LF, two tables, the second empty, /XRefStm pointing back before the first.

    With ``structure_hidden`` the structure tree lies in an object stream that only the cross-reference stream
    names; the table calls those numbers free, chained with generation 65535, as Word does.
    """
    catalog = b"/Lang(vi)/MarkInfo<</Marked true>>"
    objects = small_document(2, eol=b"\r\n", catalog=catalog + (b"/StructTreeRoot 10 0 R/ViewerPreferences 9 0 R" if structure_hidden else b""))
    file = File(eol=b"\r\n")
    file.begin()
    file.add(objects)
    hidden: list[int] = []
    if structure_hidden:
        inside = {
            10: b"<</Type/StructTreeRoot/K 11 0 R/ParentTree 13 0 R/ParentTreeNextKey 0>>",
            11: b"<</Type/StructElem/S/Document/P 10 0 R/K[12 0 R]>>",
            12: b"<</Type/StructElem/S/P/P 11 0 R/Pg 5 0 R>>",
            13: b"<</Nums[]>>",
        }
        hidden = list(inside)
        heads, bodies = b"", b""
        for number, body in inside.items():
            heads += b"%d %d " % (number, len(bodies))
            bodies += body + b" "
        packed = stream(
            heads + bodies, b"/Type/ObjStm/N %d/First %d" % (len(inside), len(heads)), eol=b"\r\n", packed=True
        )
        file.add({9: b"<</DisplayDocTitle true>>"})
        file.add({14: packed})
    last = max(file.offsets) + 1
    file.offsets[last] = (len(file.data), 0)
    rows = b""
    for number in range(last + 1):
        if number in hidden:
            rows += bytes([2]) + (14).to_bytes(4, "big") + hidden.index(number).to_bytes(2, "big")
        elif number in file.offsets:
            rows += bytes([1]) + file.offsets[number][0].to_bytes(4, "big") + bytes(2)
        else:
            rows += bytes([0]) + bytes(4) + b"\xff\xff"
    entries = b"/Size %d/Root 1 0 R/Info 4 0 R" % (last + 1) + IDS
    xref_stream = len(file.data)
    file.add({last: stream(rows, b"/Type/XRef/W[1 4 2]" + entries, eol=b"\r\n", packed=True)})
    free = [0, *hidden]
    lines = []
    for number in range(last + 1):
        if number in free:
            after = free[(free.index(number) + 1) % len(free)]
            lines.append(b"%010d 65535 f" % after)
        else:
            lines.append(file.used(number))
    file.table([(0, lines)])
    first = file.startxref
    file.end(entries)
    file.table([(0, [])])
    file.end(entries + b"/Prev %d/XRefStm %d" % (first, xref_stream))
    return bytes(file.data)


def macintosh() -> bytes:
    """Return a file whose lines end with CR alone, streams apart, as old Macintosh programs wrote."""
    return plain(small_document(2, eol=b"\r"), eol=b"\r")


def nested_pages() -> bytes:
    """Return seven pages in a tree of four levels, sizes, turns and resources inherited."""
    objects: Objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/PageLayout/SinglePage>>",
        2: b"<</Type/Pages/Count 7/Kids[5 0 R 6 0 R 21 0 R]/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
        4: b"<</Title(Cay trang)/Producer(tests)>>",
        5: b"<</Type/Pages/Parent 2 0 R/Count 3/Kids[7 0 R 8 0 R]/Rotate 90>>",
        6: b"<</Type/Pages/Parent 2 0 R/Count 3/Kids[17 0 R 18 0 R 19 0 R]/MediaBox[0 0 842 595]>>",
        7: b"<</Type/Pages/Parent 5 0 R/Count 2/Kids[9 0 R 10 0 R]>>",
        8: b"<</Type/Page/Parent 5 0 R/Contents 13 0 R/Rotate 0>>",
        9: b"<</Type/Page/Parent 7 0 R/Contents[11 0 R 12 0 R]>>",
        10: b"<</Type/Page/Parent 7 0 R/Contents 14 0 R/Rotate 270>>",
        11: stream(b"q 1 0 0 1 0 0 cm"),
        12: stream(b"Q " + PAGE % 1),
        13: stream(PAGE % 3, packed=True),
        14: b"<</Length 15 0 R>>\nstream\n" + PAGE % 2 + b"\nendstream",
        15: b"%d" % len(PAGE % 2),
        16: stream(PAGE % 4),
        17: b"<</Type/Page/Parent 6 0 R/Contents 16 0 R>>",
        18: b"<</Type/Page/Parent 6 0 R/Contents 16 0 R/CropBox[20 20 800 500]>>",
        19: b"<</Type/Page/Parent 6 0 R/Contents 20 0 R/UserUnit 1.5>>",
        20: stream(PAGE % 6),
        21: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 595]/Resources<<>>>>",
    }
    return plain(objects)


def second_save(first: bytes, startxref: int, rows: Sequence[tuple[int, Sequence[bytes]]], size: int) -> bytes:
    """Return the table, trailer and end of a later save, to be put after ``first``."""
    file = File()
    file.data += first
    file.table(rows)
    file.end(b"/Size %d/Root 1 0 R/Info 4 0 R/Prev %d" % (size, startxref) + IDS)
    return bytes(file.data)


def number_reused() -> bytes:
    """Return a file that an old editor saved three times: an object freed, then its number used again."""
    objects = small_document(1)
    objects[7] = b"<</Type/Annot/Subtype/Text/Rect[300 700 320 720]/Contents(ghi chu)>>"
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R]/Contents")
    data = plain(objects)
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    file = File()
    file.data += data
    file.add({5: objects[5].replace(b"/Annots[7 0 R]", b"")})
    data = second_save(
        bytes(file.data),
        start,
        [(0, [b"0000000007 65535 f"]), (5, [file.used(5)]), (7, [b"0000000000 00001 f"])],
        8,
    )
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    file.data = bytearray(data)
    file.add({7: b"<</Type/Annot/Subtype/Square/Rect[72 700 180 720]/Border[0 0 1]>>"}, generation=1)
    file.add({5: objects[5].replace(b"7 0 R", b"7 1 R")})
    return second_save(
        bytes(file.data), start, [(0, [FREE]), (5, [file.used(5)]), (7, [file.used(7)])], 8
    )


def entries_repeated() -> bytes:
    """Return a file whose second save writes the whole table again, old entries unchanged among the new."""
    objects = small_document(1)
    data = plain(objects)
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    lines = data[start:].split(b"\n")
    kept = [line.strip() for line in lines[2 : 2 + len(objects) + 1]]
    file = File()
    file.data += data
    file.add({4: objects[4].replace(b"thu nghiem", b"thu nghiem, ban 2")})
    kept[4] = file.used(4)
    return second_save(bytes(file.data), start, [(0, kept)], len(objects) + 1)


def used_at_nothing() -> bytes:
    """Return a file with numbers that the table calls used, at offset 0: nothing is there, nothing names them."""
    objects = small_document(1)
    file = File()
    file.begin()
    file.add(objects)
    lines = [FREE, *(file.used(number) for number in objects), b"0000000000 00000 n", b"0000000000 00000 n"]
    file.table([(0, lines)])
    file.end(b"/Size 9/Root 1 0 R/Info 4 0 R" + IDS)
    return bytes(file.data)


def white_space_after_the_end() -> bytes:
    """Return a file with line ends and blanks after its end mark, as mail programs leave."""
    return plain(small_document(1)) + b"\r\n \r\n\n"


def no_line_end_at_the_end() -> bytes:
    """Return a file that stops right after its end mark, and whose numbers have no /ID."""
    return plain(small_document(1)).rstrip(b"\n").replace(IDS, b"")
