"""Writes a small signed document in one go, every part of it open to be written carelessly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.pdf.attacks.second_signer import ROOM, completed, signature, signed_content
from tests.pdf.attacks.syntax import write_value
from tests.pdf.honest.make.by_hand import FREE, IDS, Objects, small_document, stream

WIDGET = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(KyTay)/Rect[0 0 0 0]/F 132/P 5 0 R/V 8 0 R>>"  # invisible


def signable() -> Objects:
    """Return a page with a text and a signature field (7) whose value (8) waits to be filled in."""
    objects = small_document(catalog=b"/AcroForm<</Fields[7 0 R]/SigFlags 3>>")
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R]/Contents")
    objects[7] = WIDGET
    objects[8] = write_value(signature())
    return objects


def as_object(number: int, body: bytes) -> bytes:
    """Return an object as most programs write it."""
    return b"%d 0 obj\n" % number + body + b"\nendobj\n"


def as_table(offsets: dict[int, int]) -> bytes:
    """Return the table of objects 1 and on, without a hole, as most programs write it."""
    rows = [FREE, *(b"%010d 00000 n" % offsets[number] for number in range(1, max(offsets) + 1))]
    return b"xref\n0 %d\n" % len(rows) + b"".join(row + b" \n" for row in rows)


@dataclass(kw_only=True)
class Writing:
    """How a file is written, part by part; ``base`` is taken from every offset."""

    objects: Objects = field(default_factory=signable)
    header: bytes = b"%PDF-1.7\n%\xb5\xb5\xb5\xb5\n"
    one: Callable[[int, bytes], bytes] = as_object
    table: Callable[[dict[int, int]], bytes] = as_table
    trailer: bytes = b"/Root 1 0 R/Info 4 0 R" + IDS
    size: int | None = None
    between: bytes = b"\n"
    end: bytes = b"\nstartxref\n%d\n%%%%EOF\n"
    base: int = 0

    def unsigned(self) -> bytes:
        """Return the file, not yet signed."""
        data, offsets = self.header, {}
        for number, body in self.objects.items():
            offsets[number] = len(data) - self.base
            data += self.one(number, body)
        start = len(data) - self.base
        size = max(self.objects) + 1 if self.size is None else self.size
        data += self.table(offsets) + b"trailer\n<</Size %d" % size + self.trailer + b">>"
        return data + self.end % start

    def signed(self) -> bytes:
        """Return the file, signed."""
        return completed(self.unsigned())


def bare_gap(data: bytes) -> bytes:
    """Sign a file so that the brackets of /Contents are signed too."""
    start = data.index(b"<" + b"0" * 2 * ROOM + b">") + 1
    end = start + 2 * ROOM
    data = data.replace(b"#" * 32, (b"%d %d %d" % (start, end, len(data) - end)).ljust(32))
    content = signed_content(hashlib.sha256(data[:start] + data[end:]).digest())
    return data[:start] + content.hex().encode().ljust(2 * ROOM, b"0") + data[end:]


def with_fields(
    *, ask: bool = False, pictures: bool = True, form: bytes = b"", value: bytes = b"gia tri 1"
) -> Objects:
    """Return a document with two text fields, 10 (empty) and 11 (filled), drawn by 12 and 13.

    ``ask``: readers are to draw the fields themselves (/NeedAppearances).
    """
    objects = signable()
    asked = b"/NeedAppearances true" if ask else b""
    more = b"/DA(/Helv 0 Tf 0 g)/DR<</Font<</Helv 9 0 R>>>>" + asked + form
    objects[1] = objects[1].replace(b"/Fields[7 0 R]", b"/Fields[7 0 R 10 0 R 11 0 R]" + more)
    objects[5] = objects[5].replace(b"/Annots[7 0 R]", b"/Annots[7 0 R 10 0 R 11 0 R]")
    objects[9] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    for place, held in enumerate((b"", value)):
        objects[10 + place] = (
            b"<</Type/Annot/Subtype/Widget/FT/Tx/T(Truong%d)/V(%s)/DA(/Helv 11 Tf 0 g)/F 4/P 5 0 R"
            b"/Rect[72 %d 272 %d]" % (place, held, 600 - 30 * place, 620 - 30 * place)
        ) + (b"/AP<</N %d 0 R>>>>" % (12 + place) if pictures else b">>")
    if pictures:
        objects[12], objects[13] = field_picture(b""), field_picture(value)
    return objects


def field_picture(text: bytes) -> bytes:
    """Return the body of an appearance that shows a text in a field of ``with_fields``."""
    shown = b"BT /Helv 11 Tf 0 g 2 5 Td (%s) Tj ET" % text if text else b""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 9 0 R>>>>"
    return stream(b"/Tx BMC q " + shown + b" Q EMC", entries)
