"""Every version of every object, parsed on need and kept; streams decrypted and decoded.

An indirect /Length is resolved here too, and it never leads further than one object stream, so that no chain
of lengths can make the reader recurse.
"""

from __future__ import annotations

from dataclasses import field

from docsign.errors import PdfBudgetError, PdfError, PdfPasswordError
from docsign.pdf.reading.accounting import Accounting, Claim
from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.encryption import Cipher
from docsign.pdf.reading.filters import Decoded, Filter, decode
from docsign.pdf.reading.glance import Plain, plain_entries
from docsign.pdf.reading.history import History
from docsign.pdf.reading.indirect import LengthOf, no_length, parse_indirect, read_header
from docsign.pdf.reading.packed import ObjectStream, parse_header, parse_packed
from docsign.pdf.reading.remarks import Remarks, leftover
from docsign.pdf.reading.sections import FREE, IN_USE, MAX_FILTERS, PACKED, Entry, make_filter
from docsign.pdf.reading.values import Array, IndirectObject, Reference, Stream, Value
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Severity


@dataclass(slots=True, eq=False)
class Store:
    """The objects of one file. ``cipher`` is set once the file is known to be encrypted."""

    data: bytes
    history: History
    accounting: Accounting
    work: Work
    remarks: Remarks
    cipher: Cipher | None = None
    _objects: dict[tuple[int, ...], IndirectObject] = field(default_factory=dict)
    _streams: dict[tuple[int, int], ObjectStream | None] = field(default_factory=dict)
    _checked: set[tuple[int, ...]] = field(default_factory=set)
    _plain: dict[tuple[int, Entry], Value] = field(default_factory=dict)

    def object(self, number: int, revision: int) -> IndirectObject | None:
        """Return an object as of a revision, parsed; None where there is none or it is free.

        A malformed object is a remark, and its value is then null.
        """
        versions = self.history.versions.get(number)
        if versions is None:
            return None
        since, entry = versions[-1]
        if since > revision:
            older = self.history.version(number, revision)
            if older is None:
                return None
            since, entry = older
        if entry[0] == IN_USE:
            known = self._objects.get((number, entry[1]))
            if known is not None:
                return known
        elif entry[0] == FREE:
            return None
        return self.parse_version(number, since, entry)

    def glance(self, number: int, revision: int) -> Plain | None:
        """Return what an object holds that need not be parsed for its remarks, as there are none.

        None where it is no plain dictionary, or parsed already: then ``object`` tells more.
        """
        found = self.history.version(number, revision)
        if found is None or found[1][0] != IN_USE:
            return None
        offset = found[1][1]
        end = self.accounting.plain.get(offset)
        if end is None or (number, offset) in self._objects:
            return None
        header = self.accounting.headers[offset]
        if header[0] != number:
            return None
        plain = plain_entries(self.data, header[3], end)
        if plain is not None:
            self.work.spend_tokens(1 + len(plain.keys) // 2)  # about half of what parsing costs
        return plain

    def check(self, number: int, revision: int) -> None:
        """Look at an object for what there is to remark, without keeping it."""
        found = self.history.version(number, revision)
        if found is None or found[1][0] == FREE:
            return
        key = _key(number, found[0], found[1])
        if key not in self._objects and key not in self._checked:
            self._checked.add(key)
            if self.glance(number, revision) is None:
                self._parse(number, found[0], found[1])

    def end_of_object(self, offset: int, bound: int, claim: Claim | None) -> int | None:
        """Parse what stands at ``offset`` for its end alone; None where it is malformed."""
        if claim is not None:
            known = self.object(claim.number, claim.revision)
            return known.end if known is not None and 0 <= known.start - offset <= 8 else None
        try:
            return self._parse_at(offset, bound, 0, self._length).end
        except PdfBudgetError:
            raise
        except PdfError:
            return None

    def parse_version(self, number: int, revision: int, entry: Entry) -> IndirectObject:
        """Parse what one entry leads to; the same bytes are parsed once, whichever revisions name them."""
        key = _key(number, revision, entry)
        known = self._objects.get(key)
        if known is None:
            known = self._objects[key] = self._parse(number, revision, entry)
        return known

    def unencrypted(self, reference: Reference, revision: int) -> Value:
        """Return the value of an object that is neither packed nor a stream, for /Encrypt."""
        return self._shallow(reference, revision)

    def resolve(self, value: Value, revision: int) -> Value:
        """Follow a reference to its value; a missing object is null (7.3.10), and so is an endless chain."""
        steps = 0
        while type(value) is Reference:
            number, generation = value
            self.work.spend_looks(1)
            known = self.object(number, revision)
            if known is None:
                return None
            if known.generation != generation:
                self.remarks.add(
                    "reference-generation",
                    say("A reference names another generation than the object has."),
                    where=known.where,
                    offset=None,
                    revision=revision,
                )
                return None
            value = known.value
            steps += 1
            if steps > 32:
                self.remarks.add(
                    "reference-loop",
                    say("References lead back to one another."),
                    where=known.where,
                    revision=revision,
                )
                return None
        return value

    def decoded(self, stream: Stream, revision: int) -> Decoded:
        """Decrypt and decode a stream. Raises PdfError naming the object, PdfBudgetError for a bomb."""
        home = stream.home
        data = stream.raw
        try:
            filters = self._filters(stream, revision)
            if self.cipher is not None:
                data = self.cipher.stream(stream, data, [stage.name for stage in filters])
            return decode(data, filters, self.work)
        except PdfError as error:
            if error.where:
                raise
            raise type(error)(error.sentence, where=home.where) from error

    def release(self) -> None:
        """Part every object from its value, which knows the object."""
        for known in self._objects.values():
            known.value = None

    # --- parsing --------------------------------------------------------------------------------------------

    def _parse(self, number: int, revision: int, entry: Entry) -> IndirectObject:
        offset, bound = (entry[1] if entry[0] == IN_USE else None), 0
        if offset is not None:
            bound = self.accounting.bound(offset, len(self.data))
            header = self.accounting.headers.get(offset) or read_header(self.data, offset, bound)
            if header is None or header[0] != number:  # the accounting has said so
                return IndirectObject(number, 0, revision, self.data, offset, offset)
        try:
            if offset is not None:
                known = self._parse_at(offset, bound, revision, self._length)
            else:
                packed = self._object_stream(entry[1], revision)
                known = parse_packed(packed, number, entry[2], revision=revision, work=self.work)
        except (PdfBudgetError, PdfPasswordError):
            raise
        except PdfError as error:
            self.work.spend_objects(3)  # an error costs more than an object
            self.remarks.add(
                "object-malformed",
                say("The object is malformed: {reason}", reason=error.sentence),
                severity=leftover(revision),
                where=f"object {number}" + (f" ({error.where})" if error.where else ""),
                offset=offset,
                revision=revision,
            )
            source = self.data if offset is not None else b""
            return IndirectObject(number, 0, revision, source, offset or 0, bound)
        if known.duplicates or known.comments:
            self._remark_oddities(known, offset)
        return known

    def _remark_oddities(self, known: IndirectObject, offset: int | None) -> None:
        """Remark what an object was written with; ``offset`` is None for a packed one."""
        for start, key in known.duplicates:
            self.remarks.add(
                "duplicate-key",
                say("A dictionary holds the key {key} twice.", key=key),
                severity=Severity.ERROR if known.is_ambiguous else Severity.WARNING,
                where=f"object {known.number} /{key}",
                offset=start if offset is not None else None,
                revision=known.revision,
            )
        if known.comments and known.revision:
            self.remarks.add(
                "comment-in-object",
                say("A comment stands where writers put none."),
                where=known.where,
                offset=known.comments[0] if offset is not None else None,
                revision=known.revision,
            )

    def _parse_at(self, offset: int, bound: int, revision: int, length_of: LengthOf) -> IndirectObject:
        return parse_indirect(
            self.data,
            offset,
            bound,
            revision=revision,
            work=self.work,
            decrypt_for=self.cipher.strings if self.cipher else None,
            length_of=length_of,
            header=self.accounting.headers.get(offset),
        )

    def _length(self, reference: Reference, home: IndirectObject) -> int | None:
        """Resolve a stream's indirect /Length as of the stream's own revision (7.3.8.2)."""
        found = self.history.version(reference.number, home.revision)
        if found is None or found[1][0] in (FREE, IN_USE):
            return self._plain_length(reference, home)
        try:
            stream = self._object_stream(found[1][1], found[0])
            value = parse_packed(
                stream, reference.number, found[1][2], revision=found[0], work=self.work
            ).value
        except PdfBudgetError:
            raise
        except PdfError:
            return None
        return value if type(value) is int else None

    def _plain_length(self, reference: Reference, home: IndirectObject) -> int | None:
        """The same where the length must not itself be packed: for object streams (7.5.7)."""
        value = self._shallow(reference, home.revision)
        return value if type(value) is int else None

    def _object_stream(self, number: int, revision: int) -> ObjectStream:
        """Return an object stream, decoded once."""
        found = self.history.version(number, revision)
        if found is None or found[1][0] != IN_USE:
            raise PdfError(say("The object stream is missing."), where=f"object {number}")
        key = (number, found[0])
        if key not in self._streams:
            self._streams[key] = None  # so that a broken one is decoded only once
            offset = found[1][1]
            home = self._parse_at(
                offset, self.accounting.bound(offset, len(self.data)), found[0], self._plain_length
            )
            stream = home.value
            if home.number != number or not isinstance(stream, Stream) or stream.get("Type") != "ObjStm":
                raise PdfError(say("The object stream is missing."), where=f"object {number}")
            opened = parse_header(
                stream, self.decoded(stream, found[0]), remarks=self.remarks, work=self.work
            )
            self._remark_unlisted(opened, found[0])
            self._streams[key] = opened
        known = self._streams[key]
        if known is None:
            raise PdfError(say("The object stream cannot be read."), where=f"object {number}")
        return known

    def _remark_unlisted(self, stream: ObjectStream, revision: int) -> None:
        """Notice packed objects that the cross-reference of the same revision does not lead to."""
        for index, number in enumerate(stream.numbers):
            found = self.history.version(number, revision)
            if found is None or found[1] != (PACKED, stream.number, index):
                self.remarks.add(
                    "object-without-xref",
                    say("An object stands in the file that no cross-reference of its revision names."),
                    severity=leftover(revision),
                    where=f"object {number}, object stream {stream.number}[{index}]",
                    revision=revision,
                )

    def check_extends(self) -> None:
        """Notice object streams whose /Extends lead back to themselves (7.5.7)."""
        extends = {
            stream.number: stream.extends.number
            for stream in self._streams.values()
            if stream is not None and stream.extends is not None
        }
        done: set[int] = set()
        for first in extends:
            path: set[int] = set()
            number: int | None = first
            while number is not None and number not in done and number not in path:
                path.add(number)
                number = extends.get(number)
            if number in path:
                self.remarks.add(
                    "extends-loop",
                    say("Object streams extend one another in a circle."),
                    where=f"object {number} /Extends",
                )
            done |= path

    def _filters(self, stream: Stream, revision: int) -> list[Filter]:
        """Return the stages of a stream (7.3.8.2)."""
        names = self._shallow(stream.get("Filter"), revision)
        beside = self._shallow(stream.get("DecodeParms"), revision)
        listed = [] if names is None else names.items if isinstance(names, Array) else [names]
        parameters = beside.items if isinstance(beside, Array) else [beside]
        if len(listed) > MAX_FILTERS:
            raise PdfError(say("The stream's filter is malformed."), where=f"{stream.home.where} /Filter")
        return [
            make_filter(
                self._shallow(name, revision),
                self._shallow(parameters[place], revision) if place < len(parameters) else None,
                stream.home,
            )
            for place, name in enumerate(listed)
        ]

    def _shallow(self, value: Value, revision: int) -> Value:
        """Follow one reference to an object that is neither packed nor a stream with an indirect length."""
        if not isinstance(value, Reference):
            return value
        found = self.history.version(value.number, revision)
        if found is None or found[1][0] != IN_USE or found[1][2] != value.generation:
            return None
        key = (value.number, found[1])
        if key not in self._plain:
            offset = found[1][1]
            bound = self.accounting.bound(offset, len(self.data))
            self._plain[key] = None
            try:
                known = self._parse_at(offset, bound, found[0], no_length)
            except PdfBudgetError:
                raise
            except PdfError:
                return None
            if known.number == value.number:
                self._plain[key] = known.value
        return self._plain[key]


def _key(number: int, revision: int, entry: Entry) -> tuple[int, ...]:
    """Return what a parsed version is found by: its place, which several revisions may name."""
    return (number, entry[1]) if entry[0] == IN_USE else (number, revision, *entry)
