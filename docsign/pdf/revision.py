"""One revision appended to a PDF: the bytes before it are spliced, never written anew.

It takes the form of the last one: a table, or a cross-reference stream (ISO 32000-2 7.5.4, 7.5.6, 7.5.8);
objects packed in object streams become plain ones. Time, randomness and metadata stay out, so that the same
input gives the same bytes; only in an encrypted file does the encryption itself draw lots. Nothing here knows
what the revision is for.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from itertools import islice

from docsign.errors import PdfError
from docsign.pdf import syntax
from docsign.pdf.reading import Array, Dictionary, IndirectObject, Page, Pdf, Text, Value, View, read_pdf
from docsign.pdf.reading.pages import read_pages
from docsign.pdf.splicing import Splices
from docsign.sentence import say
from docsign.values import dataclass

HEADER_WINDOW = 1024
"""Readers look for %PDF- in the first 1024 bytes (ISO 32000-1 annex H, note 13)."""
END_WINDOW = 4096
"""How far from the end %%EOF may stand before we call the file truncated, in bytes."""

_OF_THE_SECTION = frozenset(
    {"Size", "Prev", "XRefStm", "ID", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "DL"}
)
"""Keys of a trailer that belong to its own section and are made anew."""


def require_whole(pdf: bytes) -> None:
    """Raise PdfError where the file is not a PDF or its end is missing."""
    if b"%PDF-" not in pdf[:HEADER_WINDOW]:
        raise PdfError(say("This is not a PDF file."))
    if b"%%EOF" not in pdf[-END_WINDOW:]:
        raise PdfError(
            say("The PDF is truncated: its end is missing."),
            hint=say("Fetch or export the file again."),
        )


def damaged(error: Exception) -> PdfError:
    """Translate whatever the reader raised."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return PdfError(say("The PDF is damaged ({reason}).", reason=reason.rstrip(".")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What is to stand behind the original bytes; ``offsets`` are those of its objects in the whole file."""

    data: bytes
    offsets: Mapping[int, int]


@dataclass(slots=True)
class Revision:
    """The objects to append to ``pdf``: new ones by number, and changes to those that are there."""

    pdf: Pdf
    prefix: hashlib._Hash
    """SHA-256 over the file, made once for all who go on with it."""
    view: View = field(init=False)
    _next: int = field(init=False)
    _new: dict[int, bytes] = field(default_factory=dict, init=False)
    _changed: dict[tuple[int, int], Splices] = field(default_factory=dict, init=False)
    _pages: dict[int, Page] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Number the new objects after all that any revision names."""
        self.view = self.pdf.view()
        size = self.view.trailer.get("Size")
        known = max(self.pdf.store.history.versions, default=0)
        sections = (section.number or 0 for one in self.pdf.revisions for section in one.sections)
        self._next = max(size if type(size) is int else 0, known + 1, max(sections) + 1)

    @staticmethod
    def of(data: bytes) -> Revision:
        """Open ``data`` for one more revision; raises PdfError for what cannot be read."""
        require_whole(data)
        return Revision(read_pdf(data), hashlib.sha256(data))

    # --- new objects ----------------------------------------------------------------------------------------

    def reserve(self) -> int:
        """Return the number of a further object, whose bytes come later."""
        self._next += 1
        return self._next - 1

    def add(self, body: bytes, number: int | None = None) -> int:
        """Add an object of these bytes, under a reserved number or a further one; return its number."""
        number = self.reserve() if number is None else number
        self._new[number] = body
        return number

    def add_stream(
        self, entries: Mapping[str, bytes], data: bytes, *, number: int | None = None, deflate: bool = True
    ) -> int:
        """Add a stream; it is compressed where that makes it smaller."""
        number = self.reserve() if number is None else number
        entries = dict(entries)
        if deflate and len(packed := zlib.compress(data)) < len(data):
            entries["Filter"], data = b"/FlateDecode", packed
        cipher = self.pdf.store.cipher
        if cipher is not None:
            data = cipher.encrypt_stream(number, 0, data)
        entries["Length"] = b"%d" % len(data)
        return self.add(b"%s\nstream\n%s\nendstream" % (syntax.dictionary(entries), data), number)

    def add_raw_stream(self, dictionary: bytes, data: bytes, number: int) -> None:
        """Add a stream whose dictionary is written already, /Length included; the data is encrypted here."""
        cipher = self.pdf.store.cipher
        if cipher is not None:
            encrypted = cipher.encrypt_stream(number, 0, data)
            grown = b"/Length %d" % len(encrypted)
            dictionary, data = dictionary.replace(b"/Length %d" % len(data), grown, 1), encrypted
        self.add(b"%s\nstream\n%s\nendstream" % (dictionary, data), number)

    def encrypt_text(self, number: int, generation: int = 0) -> syntax.EncryptText | None:
        """Return what encrypts the strings of one object; None where the file is not encrypted."""
        cipher = self.pdf.store.cipher
        return None if cipher is None else lambda data: cipher.encrypt_string(number, generation, data)

    # --- objects that are there -----------------------------------------------------------------------------

    def set(self, dictionary: Dictionary, key: str, value: bytes) -> None:
        """Set an entry of a dictionary of the file."""
        self._splices(dictionary.home).set(dictionary, key, value)

    def set_text(self, dictionary: Dictionary, key: str, value: str) -> None:
        """Set an entry to a text string."""
        home = dictionary.home
        self.set(dictionary, key, syntax.text(value, self.encrypt_text(home.number, home.generation)))

    def append(self, array: Array, item: bytes) -> None:
        """Append an item to an array of the file."""
        self._splices(array.home).append(array, item)

    def append_to(self, holder: Dictionary, key: str, *items: bytes) -> None:
        """Append to the array under a key, made where there is none. Raises PdfError for another value."""
        listed = self.view.get(holder, key)
        if isinstance(listed, Array):
            for item in items:
                self.append(listed, item)
        elif listed is None:
            waiting = self._splices(holder.home).changes_of(holder)
            before = waiting[0].get(key) if waiting else None
            inside = (before[1:-1].strip(),) if before else ()
            self.set(holder, key, syntax.array(*inside, *items))
        else:
            raise PdfError(say("An array was expected here."), where=f"{holder.home.where} /{key}")

    def _splices(self, home: IndirectObject) -> Splices:
        if home.number == 0:
            raise PdfError(say("The PDF has no catalogue."), where="trailer /Root")
        return self._changed.setdefault((home.number, home.generation), Splices(home))

    @property
    def catalog(self) -> Dictionary:
        """The catalogue; raises PdfError where there is none."""
        found = self.view.catalog
        if found is None:
            raise PdfError(say("The PDF has no catalogue."), where="trailer /Root")
        return found

    def page(self, number: int) -> Page:
        """Return a page, counted from 1; raises PdfError where it is not there."""
        known = self._pages.get(number)
        if known is not None:
            return known
        found = next(islice(read_pages(self.view), number - 1, None), None) if number > 0 else None
        if found is None:
            raise PdfError(say("The PDF has no page {number}.", number=number))
        self._pages[number] = found
        return found

    def annotate(self, page: Page, annotation: int) -> None:
        """Append an annotation to the page's list."""
        self.append_to(page.dictionary, "Annots", syntax.reference(annotation))

    # --- the bytes ------------------------------------------------------------------------------------------

    def appended(self) -> Appended:
        """Return this revision's bytes, to be put behind those of the file."""
        data = self.pdf.data
        pieces = [b"" if data.endswith((b"\n", b"\r")) else b"\n"]
        position = len(data) + len(pieces[0])
        offsets: dict[int, int] = {}
        entries: dict[int, tuple[int, int]] = {}
        for number, generation, body in self._objects():
            offsets[number] = position
            entries[number] = (position, generation)
            pieces.append(body)
            position += len(body)
        newest = self.pdf.revisions[-1].sections[0]
        close = self._stream if newest.is_stream else self._table
        pieces.append(close(entries, position))
        pieces.append(b"startxref\n%d\n%%%%EOF\n" % position)
        return Appended(data=b"".join(pieces), offsets=offsets)

    def whole(self) -> bytes:
        """Return the file with this revision."""
        return self.pdf.data + self.appended().data

    def _objects(self) -> Iterable[tuple[int, int, bytes]]:
        for (number, generation), splices in self._changed.items():
            home = splices.home
            if home.packed_in is None:
                yield number, generation, splices.bytes_now(home.start, home.end) + b"\n"
                continue
            encrypt = self.encrypt_text(number)
            if encrypt is None:
                body = splices.bytes_now(home.start, home.end)
            else:  # strings inside an object stream are not encrypted one by one (7.5.7)
                body = syntax.written(home.value, encrypt=encrypt, changed=splices.changes_of)
            yield number, 0, b"%d 0 obj\n%s\nendobj\n" % (number, body)
        for number, body in self._new.items():
            yield number, 0, b"%d 0 obj\n%s\nendobj\n" % (number, body)

    def _trailer(self, size: int) -> dict[str, bytes]:
        """Return what stays of the last trailer (7.5.6), with a second identifier that tells the versions."""
        old = self.view.trailer
        kept = {key: syntax.written(value) for key, value in old.items() if key not in _OF_THE_SECTION}
        changing = self.prefix.digest()[:16]
        identifier = self.view.get(old, "ID")
        first: Value = (
            self.view.resolve(identifier.items[0])
            if isinstance(identifier, Array) and len(identifier)
            else None
        )
        permanent = first.raw if isinstance(first, Text) else changing
        return {
            **kept,
            "ID": syntax.array(_hexadecimal(permanent), _hexadecimal(changing)),
            "Size": b"%d" % size,
            "Prev": b"%d" % self.pdf.revisions[-1].sections[0].start,
        }

    def _table(self, entries: Mapping[int, tuple[int, int]], position: int) -> bytes:  # noqa: ARG002
        lines = [b"xref\n"]
        for first, run in _runs(sorted(entries)):
            lines.append(b"%d %d\n" % (first, len(run)))
            lines += [b"%010d %05d n \n" % entries[number] for number in run]
        return b"%strailer\n%s\n" % (b"".join(lines), syntax.dictionary(self._trailer(self._next)))

    def _stream(self, entries: Mapping[int, tuple[int, int]], position: int) -> bytes:
        own = self._next
        listed = {**entries, own: (position, 0)}
        width = max(4, (position.bit_length() + 7) // 8)
        rows, index = [], []
        for first, run in _runs(sorted(listed)):
            index += [b"%d" % first, b"%d" % len(run)]
            for number in run:
                offset, generation = listed[number]
                rows.append(b"\1" + offset.to_bytes(width, "big") + generation.to_bytes(2, "big"))
        data = b"".join(rows)
        header = syntax.dictionary(
            {
                "Type": b"/XRef",
                "W": syntax.array(b"1", b"%d" % width, b"2"),
                "Index": syntax.array(*index),
                **self._trailer(own + 1),
                "Length": b"%d" % len(data),
            }
        )
        return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (own, header, data)


def _runs(numbers: Sequence[int]) -> list[tuple[int, list[int]]]:
    """Return numbers that follow one another, together."""
    runs: list[tuple[int, list[int]]] = []
    for number in numbers:
        if runs and number == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(number)
        else:
            runs.append((number, [number]))
    return runs


def _hexadecimal(data: bytes) -> bytes:
    return b"<%s>" % data.hex().encode()
