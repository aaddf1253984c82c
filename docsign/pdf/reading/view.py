"""The document as of one revision: references resolved, values asked for by type, pages in their order.

``view.dictionary(holder, "Kids")`` and its kin answer None both where nothing stands and where something of
another type stands; the latter is also a remark with its place (``object 12 /Kids[3]``), so that code that
reads a hostile file neither raises nor guesses. The holder may be any value, a reference or None too, so that
such calls can be chained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TypeVar

from docsign.pdf.reading.budget import Work
from docsign.pdf.reading.filters import Decoded
from docsign.pdf.reading.pages import Page, read_pages
from docsign.pdf.reading.revisions import Revision
from docsign.pdf.reading.store import Store
from docsign.pdf.reading.values import (
    Array,
    Dictionary,
    Holder,
    IndirectObject,
    Name,
    Reference,
    Stream,
    Text,
    Value,
    references,
)
from docsign.sentence import Sentence, say
from docsign.values import dataclass

T = TypeVar("T")
Key = str | int


_EXPECTED: dict[type, Sentence] = {
    Dictionary: say("A dictionary was expected here."),
    Array: say("An array was expected here."),
    Stream: say("A stream was expected here."),
    Name: say("A name was expected here."),
    Text: say("A string was expected here."),
    bool: say("A boolean was expected here."),
}


@dataclass(slots=True, eq=False)
class View:
    """One revision's document."""

    store: Store = field(repr=False)
    revision: Revision
    _pages: tuple[Page, ...] | None = field(default=None, repr=False)
    _catalog: Dictionary | None = field(default=None, repr=False)

    @property
    def index(self) -> int:
        """The index of the revision."""
        return self.revision.index

    @property
    def trailer(self) -> Dictionary:
        """The newest trailer of the revision."""
        return self.revision.trailer

    @property
    def catalog(self) -> Dictionary | None:
        """The document catalog (7.7.2)."""
        if self._catalog is None:
            self._catalog = self.dictionary(self.trailer, "Root")
        return self._catalog

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages in their order, with inherited attributes (7.7.3); numbered from 1."""
        if self._pages is None:
            self._pages = tuple(read_pages(self))
        return self._pages

    # --- objects and references -----------------------------------------------------------------------------

    def object(self, number: int) -> IndirectObject | None:
        """Return an object as of this revision; None where there is none or it is free."""
        return self.store.object(number, self.index)

    def numbers(self) -> Iterator[int]:
        """Yield the number of every object that is in use, in no particular order."""
        for number, versions in self.store.history.versions.items():
            if versions[0][0] <= self.index:
                found = self.store.history.version(number, self.index)
                if found is not None and found[1][0]:
                    yield number

    def reachable(self) -> frozenset[int]:
        """Return the numbers of the objects that the trailer leads to, directly or not."""
        found: set[int] = set()
        waiting: list[Value] = [self.trailer]
        while waiting:
            for reference in references(waiting.pop()):
                if reference.number not in found:
                    known = self.object(reference.number)
                    if known is not None and known.generation == reference.generation:
                        found.add(reference.number)
                        waiting.append(known.value)
        return frozenset(found)

    def resolve(self, value: Value) -> Value:
        """Follow a reference to its value; anything else is returned as it is."""
        return self.store.resolve(value, self.index) if isinstance(value, Reference) else value

    def decoded(self, stream: Stream) -> Decoded:
        """Return a stream's bytes decrypted and decoded; ``left`` says what could not be undone.

        Raises PdfError for damaged data, PdfBudgetError for a bomb.
        """
        return self.store.decoded(stream, self.index)

    # --- typed access ---------------------------------------------------------------------------------------

    def get(self, holder: Value, key: Key) -> Value:
        """Return what stands under a key or an index, resolved; None where nothing does."""
        value = (
            holder.entries.get(key)
            if isinstance(holder, Dictionary) and isinstance(key, str)
            else self.raw(holder, key)
        )
        return self.store.resolve(value, self.revision.index) if isinstance(value, Reference) else value

    def raw(self, holder: Value, key: Key) -> Value:
        """Return what stands under a key or an index, unresolved; None where nothing does."""
        if isinstance(holder, Reference):
            holder = self.store.resolve(holder, self.revision.index)
        if isinstance(holder, Dictionary):
            return holder.entries.get(key) if isinstance(key, str) else None
        if isinstance(holder, Stream):
            return holder.dictionary.entries.get(key) if isinstance(key, str) else None
        if isinstance(holder, Array) and isinstance(key, int) and 0 <= key < len(holder.items):
            return holder.items[key]
        return None

    def dictionary(self, holder: Value, key: Key) -> Dictionary | None:
        """Return a dictionary; None where there is none (of a stream ask ``stream``)."""
        return self._typed(holder, key, Dictionary)

    def array(self, holder: Value, key: Key) -> Array | None:
        """Return an array; None where there is none."""
        return self._typed(holder, key, Array)

    def stream(self, holder: Value, key: Key) -> Stream | None:
        """Return a stream; None where there is none."""
        return self._typed(holder, key, Stream)

    def name(self, holder: Value, key: Key) -> Name | None:
        """Return a name without its slash; None where there is none."""
        return self._typed(holder, key, Name)

    def text(self, holder: Value, key: Key) -> Text | None:
        """Return a string; ``.text`` of it is its text, ``.value`` its bytes. None where there is none."""
        return self._typed(holder, key, Text)

    def boolean(self, holder: Value, key: Key) -> bool | None:
        """Return a boolean; None where there is none."""
        return self._typed(holder, key, bool)

    def integer(self, holder: Value, key: Key) -> int | None:
        """Return an integer; None where there is none."""
        value = self.get(holder, key)
        if value is None or type(value) is int:
            return value
        self._wrong(holder, key, say("An integer was expected here."))
        return None

    def number(self, holder: Value, key: Key) -> float | None:
        """Return a number; None where there is none."""
        value = self.get(holder, key)
        if value is None:
            return None
        if type(value) is int or type(value) is float:
            return float(value)
        self._wrong(holder, key, say("A number was expected here."))
        return None

    def reference(self, holder: Value, key: Key) -> Reference | None:
        """Return the reference that stands under a key; None where nothing does."""
        value = self.raw(holder, key)
        if value is None or isinstance(value, Reference):
            return value
        self._wrong(holder, key, say("A reference was expected here."))
        return None

    def numbers_of(self, holder: Value, key: Key) -> tuple[float, ...] | None:
        """Return an array of numbers, such as a rectangle; None where there is none or another item in it."""
        array = self.array(holder, key)
        if array is None:
            return None
        found = [self.number(array, index) for index in range(len(array))]
        return tuple(value for value in found if value is not None) if None not in found else None

    def dictionaries(self, holder: Value, key: Key) -> Iterator[tuple[Value, Dictionary]]:
        """Yield the items of an array as they stand (mostly references) with their dictionaries."""
        array = self.array(holder, key)
        for index in range(len(array) if array is not None else 0):
            found = self.dictionary(array, index)
            if array is not None and found is not None:
                yield array.items[index], found

    def _typed(self, holder: Value, key: Key, wanted: type[T]) -> T | None:
        value = self.get(holder, key)
        if value is None or isinstance(value, wanted):
            return value
        self._wrong(holder, key, _EXPECTED[wanted])
        return None

    def _wrong(self, holder: Value, key: Key, sentence: Sentence) -> None:
        """Remark that something else than expected stands under a key."""
        holder = self.resolve(holder)
        if not isinstance(holder, Array | Dictionary | Stream):
            return
        home = holder.home
        if self.store.remarks.drops():
            return
        self.store.remarks.add(
            "wrong-type",
            sentence,
            where=place_of(holder, key, self.store.work),
            offset=holder.start if home.packed_in is None else None,
            revision=home.revision,
        )


def place_of(holder: Holder, key: Key, work: Work) -> str:
    """Return where a key stands, such as ``object 12 /Kids[3]``; found by a search from the object's top.

    Searching is counted too; past its limit the middle of the path is left out (``object 12 …[3]``).
    """
    home = holder.home
    target: Holder = holder.dictionary if isinstance(holder, Stream) else holder
    last = f"[{key}]" if isinstance(key, int) else f"/{key}"
    top = home.value.dictionary if isinstance(home.value, Stream) else home.value
    waiting: list[tuple[Value, str]] = [(top, "")]
    while waiting and work.placing < work.budget.placing:
        one, path = waiting.pop()
        work.placing += 1
        if one is target:
            return f"{home.where} {path}{last}"
        if isinstance(one, Dictionary):
            inside = one.entries.items()
            work.placing += len(inside)
            waiting += ((value, f"{path}/{key}") for key, value in inside if isinstance(value, _CONTAINERS))
        elif isinstance(one, Array):
            work.placing += len(one.items)
            waiting += (
                (value, f"{path}[{index}]")
                for index, value in enumerate(one.items)
                if isinstance(value, _CONTAINERS)
            )
    return f"{home.where} …{last}"


_CONTAINERS = (Array, Dictionary)
