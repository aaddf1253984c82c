"""Writes a small signed document in one go, every part of it open to be written carelessly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.pdf.attacks.second_signer import ROOM, completed, signature, signed_content
from tests.pdf.attacks.syntax import write_value
from tests.pdf.honest.make.by_hand import FREE, IDS, Objects, small_document

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
