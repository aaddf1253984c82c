"""A good PDF as a forger reads it, and the revision he appends by hand.

``Pdf`` finds objects through tables, cross-reference streams and object streams. ``Revision`` takes changed
and new objects and writes one more revision, in the form of the last one or in the one that is asked for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from copy import deepcopy
from typing import Literal

from tests.pdf.attacks.syntax import Name, Raw, Ref, Stream, Value, read_value, skip, write_value

Form = Literal["table", "stream"]
Place = tuple[int, int] | tuple[int, int, int]
"""(offset, generation), or (object stream, index, 0)."""


class Pdf:
    """The objects of a PDF that is in order."""

    def __init__(self, data: bytes) -> None:
        """Read the tables, the newest first."""
        self.data = data
        self.places: dict[int, Place | None] = {}
        self.trailer: dict[str, Value] = {}
        self.sections: list[int] = []
        match = list(re.finditer(rb"startxref\s+(\d+)", data))[-1]
        self.startxref = int(match[1])
        self.form: Form = "table" if data[self.startxref : self.startxref + 4] == b"xref" else "stream"
        pending = [self.startxref]
        while pending:
            at = pending.pop(0)
            if at in self.sections:
                continue
            self.sections.append(at)
            trailer = self._table(at) if data[at : at + 4] == b"xref" else self._xref_stream(at)
            self.trailer = self.trailer or trailer
            pending += [trailer[key] for key in ("XRefStm", "Prev") if key in trailer]

    def _table(self, at: int) -> dict[str, Value]:
        place = skip(self.data, at + 4)
        while self.data[place : place + 7] != b"trailer":
            first, place = read_value(self.data, place)
            count, place = read_value(self.data, place)
            place = skip(self.data, place)
            for number in range(first, first + count):
                offset, generation, kind = self.data[place : place + 18].split()[:3]
                if kind == b"n":
                    self.places.setdefault(number, (int(offset), int(generation)))
                else:
                    self._freed(number)
                place += 20
                place = skip(self.data, place - 1)
        trailer, _ = read_value(self.data, place + 7)
        assert isinstance(trailer, dict)
        return trailer

    def _freed(self, number: int) -> None:
        # a hybrid file calls free what its cross-reference stream places: not known yet, not settled
        if number not in self.places:
            self.places[number] = None

    def _xref_stream(self, at: int) -> dict[str, Value]:
        stream = self.at(at)
        assert isinstance(stream, Stream)
        widths = stream.entries["W"]
        rows = self.decoded(stream)
        index = stream.entries.get("Index", [0, stream.entries["Size"]])
        numbers = [
            n
            for first, count in zip(index[::2], index[1::2], strict=True)
            for n in range(first, first + count)
        ]
        for row, number in enumerate(numbers):
            start = row * sum(widths)
            fields = []
            for width in widths:
                fields.append(int.from_bytes(rows[start : start + width], "big"))
                start += width
            kind = fields[0] if widths[0] else 1
            if self.places.get(number) is None and kind:
                self.places[number] = (fields[1], fields[2]) if kind == 1 else (fields[1], fields[2], 0)
        return stream.entries

    def at(self, offset: int) -> Value:
        """Read the object that begins at an offset."""
        head = re.compile(rb"\s*\d+\s+\d+\s+obj").match(self.data, offset)
        assert head, f"no object at {offset}"
        value, end = read_value(self.data, head.end())
        end = skip(self.data, end)
        if self.data[end : end + 6] != b"stream":
            return value
        start = end + 6 + (2 if self.data[end + 6 : end + 8] == b"\r\n" else 1)
        length = self.get(value["Length"])
        return Stream(value, self.data[start : start + length])

    def get(self, value: Value) -> Value:
        """Follow a reference; any other value is returned as it is. What is returned is a copy."""
        while isinstance(value, Ref):
            place = self.places.get(value.number)
            if place is None:
                return None
            value = self.at(place[0]) if len(place) == 2 else self._in_stream(place[0], place[1])
        return deepcopy(value)

    def _in_stream(self, number: int, index: int) -> Value:
        stream = self.get(Ref(number))
        data = self.decoded(stream)
        heads = [int(one) for one in data[: stream.entries["First"]].split()]
        value, _ = read_value(data, stream.entries["First"] + heads[2 * index + 1])
        return value

    def decoded(self, stream: Stream) -> bytes:
        """Return the data of a stream that is plain or deflated."""
        if "Filter" not in stream.entries:
            return stream.data
        data = zlib.decompressobj().decompress(stream.data)
        parameters = self.get(stream.entries.get("DecodeParms")) or {}
        if parameters.get("Predictor", 1) < 10:
            return data
        width = parameters.get("Columns", 1) + 1
        rows = [data[at : at + width] for at in range(0, len(data), width)]
        out, above = bytearray(), bytes(width - 1)
        for row in rows:  # PNG: 2 is "up", the only one that cross-reference streams use; 0 is none
            above = (
                bytes((a + b) & 255 for a, b in zip(row[1:], above, strict=True)) if row[0] == 2 else row[1:]
            )
            out += above
        return bytes(out)

    @property
    def root(self) -> Ref:
        """The catalogue."""
        root = self.trailer["Root"]
        assert isinstance(root, Ref)
        return root

    @property
    def size(self) -> int:
        """The next free object number."""
        return max(int(self.trailer["Size"]), *self.places) if self.places else int(self.trailer["Size"])

    def pages(self) -> list[Ref]:
        """Return the pages in their order."""

        def under(node: Ref) -> Iterator[Ref]:
            entries = self.get(node)
            if "Kids" not in entries:
                yield node
            else:
                for kid in self.get(entries["Kids"]):
                    yield from under(kid)

        return list(under(self.get(self.root)["Pages"]))

    def fields(self) -> dict[str, Ref]:
        """Return the terminal form fields by name."""
        form = self.get(self.get(self.root).get("AcroForm")) or {}
        found: dict[str, Ref] = {}
        pending = [("", one) for one in self.get(form.get("Fields", []))]
        while pending:
            prefix, reference = pending.pop(0)
            entries = self.get(reference)
            name = prefix + text_of(entries.get("T", b""))
            kids = [kid for kid in self.get(entries.get("Kids", [])) if "T" in self.get(kid)]
            if kids:
                pending += [(name + ".", kid) for kid in kids]
            else:
                found[name] = reference
        return found

    def signatures(self) -> dict[str, Ref]:
        """Return the signed signature fields by name."""
        return {
            name: one
            for name, one in self.fields().items()
            if self.get(one).get("FT") == "Sig" and self.get(self.get(one).get("V")) is not None
        }


def text_of(value: bytes) -> str:
    """Return a text string as text."""
    return value.decode("utf-16") if value[:2] in (b"\xfe\xff", b"\xff\xfe") else value.decode("latin-1")


class Revision:
    """One revision to be appended; what is not put stays as it was."""

    def __init__(self, data: bytes, form: Form | None = None) -> None:
        """Begin a revision after ``data``."""
        self.old = Pdf(data)
        self.form: Form = form or self.old.form
        self.changed: dict[int, tuple[int, Value]] = {}
        self.freed: dict[int, int] = {}
        self.trailer: dict[str, Value] = {
            key: value for key, value in self.old.trailer.items() if key in ("Root", "Info", "ID", "Encrypt")
        }
        self.next = self.old.size

    def get(self, value: Value) -> Value:
        """Follow a reference in the file as this revision leaves it."""
        if isinstance(value, Ref) and value.number in self.changed:
            return self.changed[value.number][1]
        return self.old.get(value)

    def put(self, reference: Ref, value: Value) -> Ref:
        """Write an object anew."""
        self.changed[reference.number] = (reference.generation, value)
        return reference

    def add(self, value: Value) -> Ref:
        """Write a new object."""
        self.next += 1
        return self.put(Ref(self.next - 1), value)

    def change(self, reference: Ref, **entries: Value) -> None:
        """Set entries of a dictionary; None removes one."""
        value = self.get(reference)
        target = value.entries if isinstance(value, Stream) else value
        for key, entry in entries.items():
            target.pop(key, None)
            if entry is not None:
                target[key] = entry
        self.put(reference, value)

    def free(self, reference: Ref) -> None:
        """Free an object."""
        self.freed[reference.number] = reference.generation + 1

    def bodies(self, start: int) -> tuple[bytes, dict[int, int]]:
        """Return the objects as they follow at ``start``, and the offset of each."""
        out, offsets = bytearray(), {}
        for number, (generation, value) in sorted(self.changed.items()):
            offsets[number] = start + len(out)
            out += b"%d %d obj\n" % (number, generation) + write_value(value) + b"\nendobj\n"
        return bytes(out), offsets

    def appended(self) -> bytes:
        """Return the file with this revision."""
        data = self.old.data + (b"" if self.old.data.endswith((b"\n", b"\r")) else b"\n")
        bodies, offsets = self.bodies(len(data))
        data += bodies
        used = {number: (offset, self.changed[number][0]) for number, offset in offsets.items()}
        if self.form == "table":
            return data + self.table(len(data), used)
        return data + self.xref_stream(len(data), used)

    def table(self, start: int, used: dict[int, tuple[int, int]]) -> bytes:
        """Return a table with its trailer, beginning at ``start``."""
        rows = {number: b"%010d %05d n \n" % place for number, place in used.items()}
        rows |= {number: b"%010d %05d f \n" % (0, generation) for number, generation in self.freed.items()}
        out = b"xref\n0 1\n0000000000 65535 f \n"
        for number in sorted(rows):
            out += b"%d 1\n" % number + rows[number]
        trailer = {"Size": max(self.next, self.old.size)} | self.trailer | {"Prev": self.old.startxref}
        return out + b"trailer\n" + write_value(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % start

    def xref_stream(self, start: int, used: dict[int, tuple[int, int]]) -> bytes:
        """Return a cross-reference stream with its end, beginning at ``start``."""
        own = self.next
        rows = {number: (1, *place) for number, place in used.items()} | {own: (1, start, 0)}
        rows |= {number: (0, 0, generation) for number, generation in self.freed.items()}
        index: list[Value] = []
        packed = b""
        for number in sorted(rows):
            index += [number, 1]
            kind, offset, generation = rows[number]
            packed += bytes([kind]) + offset.to_bytes(4, "big") + generation.to_bytes(2, "big")
        entries: dict[str, Value] = {"Type": Name("XRef"), "Size": own + 1, "W": [1, 4, 2], "Index": index}
        entries |= self.trailer | {"Prev": self.old.startxref}
        body = b"%d 0 obj\n" % own + write_value(Stream(entries, packed)) + b"\nendobj\n"
        return body + b"startxref\n%d\n%%%%EOF\n" % start


def stream(data: bytes, **entries: Value) -> Stream:
    """Return a stream with these entries."""
    return Stream(dict(entries), data)


def form(data: bytes, box: tuple[float, float, float, float] = (0, 0, 200, 60), **entries: Value) -> Stream:
    """Return a form XObject that draws ``data``."""
    return stream(
        data, Type=Name("XObject"), Subtype=Name("Form"), BBox=list(box), Resources=Raw(b"<<>>"), **entries
    )
