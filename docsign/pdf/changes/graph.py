"""Which object refers to which, in every revision: what a changed object belongs to, and what nothing uses.

Every version of every object is looked at once, whatever the number of revisions. References that lead up or
sideways (/Parent, /P …) are no way down: an object that only such a reference leads to belongs to nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import field

from docsign.pdf.reading import Array, Dictionary, Pdf, Reference, Stream, Value
from docsign.pdf.reading.glance import Plain, referred_in
from docsign.pdf.reading.sections import FREE, PACKED
from docsign.values import dataclass

UPWARDS = frozenset({"Parent", "P", "Prev", "Last", "Pg", "Popup", "IRT", "StructParent", "StructParents"})
_UPWARDS = frozenset(key.encode() for key in UPWARDS)
LEADING = frozenset({Reference, Dictionary, Array})
"""What may stand in a container and lead to an object; no stream does."""


def below(value: Value) -> list[Reference]:
    """Return the references that lead down from a value, unresolved."""
    found: list[Reference] = []
    waiting: list[Value] = [value]
    leading = LEADING
    for one in waiting:  # it grows on the way
        held = one.dictionary if type(one) is Stream else one
        if type(held) is Dictionary:
            for key, item in held.entries.items():
                if type(item) in leading:
                    if type(item) is not Reference:
                        waiting.append(item)
                    elif key not in UPWARDS:
                        found.append(item)
        elif type(held) is Array:
            for item in held.items:
                if type(item) in leading:
                    if type(item) is Reference:
                        found.append(item)
                    else:
                        waiting.append(item)
        elif type(held) is Reference:
            found.append(held)
    return found


def below_plain(plain: Plain) -> list[int]:
    """Return the numbers of the objects that lead down from a plain dictionary."""
    numbers: list[int] = []
    for key, number, array in plain.entries:
        if number:
            if key not in _UPWARDS:
                numbers.append(int(number))
        elif array:
            numbers += referred_in(array)
    return numbers


@dataclass(slots=True)
class Graph:
    """The references of one file; ``above[n][m]`` are, in order, the revisions whose m refers to n."""

    pdf: Pdf
    above: dict[int, dict[int, list[int]]] = field(default_factory=dict)
    signed: list[tuple[int, int]] = field(default_factory=list)
    """(object, revision) of every dictionary that claims to be a signature, by its /ByteRange"""

    commented: list[tuple[int, int]] = field(default_factory=list)
    """(object, revision) of every object with a comment inside"""

    fonts: list[tuple[int, int]] = field(default_factory=list)
    """(object, revision) of every font descriptor"""

    @classmethod
    def of(cls, pdf: Pdf) -> Graph:
        """Look at every object of every revision; parse what is not plain at a glance."""
        graph = cls(pdf)
        store, above = pdf.store, graph.above
        for revision in pdf.revisions:
            index = revision.index
            for number in revision.changed:
                plain = store.glance(number, index)
                if plain is not None:
                    signs, describes = b"ByteRange" in plain.keys, b"FontName" in plain.keys
                    numbers = below_plain(plain)
                else:
                    found = store.object(number, index)
                    if found is None:
                        continue
                    if found.comments:
                        graph.commented.append((number, index))
                    value = found.value
                    entries = value.entries if type(value) is Dictionary else {}
                    signs, describes = "ByteRange" in entries, "FontName" in entries
                    numbers = [one.number for one in below(value)]
                if signs:
                    graph.signed.append((number, index))
                elif describes:
                    graph.fonts.append((number, index))
                for referred in numbers:
                    users = above.get(referred)
                    if users is None:
                        above[referred] = {number: [index]}
                    elif number not in users:
                        users[number] = [index]
                    elif users[number][-1] != index:
                        users[number].append(index)
        return graph

    def users(self, numbers: Iterable[int], revision: int) -> set[int]:
        """Return these objects and all that lead down to them, as of a revision."""
        reached = set(numbers)
        waiting = list(reached)
        version, work = self.pdf.store.history.version, self.pdf.store.work
        while waiting:
            above = self.above.get(waiting.pop())
            if above is None:
                continue
            work.spend_looks(len(above))
            for number, revisions in above.items():
                if number in reached:
                    continue
                found = version(number, revision)
                if found is None or found[1][0] == FREE:
                    continue
                place = bisect_left(revisions, found[0])
                if place < len(revisions) and revisions[place] == found[0]:
                    reached.add(number)
                    waiting.append(number)
        return reached

    def used(self, revision: int) -> set[int]:
        """Return every object that the document uses as of a revision, whatever the reference."""
        view, work = self.pdf.view(revision), self.pdf.store.work
        reached: set[int] = set()
        waiting: list[Value] = [view.trailer]
        while waiting:
            one = waiting.pop()
            work.spend_looks(1)
            if isinstance(one, Reference):
                if one.number not in reached:
                    reached.add(one.number)
                    found = view.object(one.number)
                    if found is not None:
                        waiting.append(found.value)
            elif isinstance(one, Stream):
                waiting += one.dictionary.entries.values()
            elif isinstance(one, Dictionary):
                waiting += one.entries.values()
            elif isinstance(one, Array):
                waiting += one.items
        return reached

    def file_structure(self, revision: int) -> set[int]:
        """Return the objects of one revision that hold its cross-references or pack its objects."""
        read = self.pdf.revisions[revision]
        sections = [*read.sections, *(one.hybrid for one in read.sections if one.hybrid is not None)]
        found = {section.number for section in sections if section.number is not None}
        version = self.pdf.store.history.version
        if any(section.is_stream for section in sections):  # only their entries lead into object streams
            for number in read.changed:
                known = version(number, revision)
                if known is not None and known[1][0] == PACKED:
                    found.add(known[1][1])
        return found
