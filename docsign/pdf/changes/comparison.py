"""Two neighbouring revisions side by side: is it the same, what was explained, what remains unexplained.

A change is understood only where a walk from the document's root arrives at it in a known role. Everything
else that changed is left over at the end, and then nothing may pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from docsign.pdf.changes.graph import LEADING, UPWARDS, Graph
from docsign.pdf.changes.marks import Fill, Mark, Needs, NewPicture
from docsign.pdf.reading import Array, Dictionary, Reference, Stream, Text, Value, View, same_value
from docsign.sentence import Sentence
from docsign.values import dataclass
from docsign.verdict import ChangeKind


@dataclass(slots=True)
class Comparison:
    """``changed`` are the objects whose value differs, ``affected`` those and all that lead down to them.

    ``own`` are objects that are compared in their own place (pages, annotations, fields, the catalog):
    elsewhere only the reference to them counts.
    """

    graph: Graph
    old: View
    new: View
    changed: frozenset[int]
    affected: set[int]
    own: set[int] = field(default_factory=set)
    explained: set[int] = field(default_factory=set)
    absorbed: set[int] = field(default_factory=set)
    marks: list[Mark] = field(default_factory=list)
    left_pictures: int = 0
    """fields filled whose new picture may have been left behind unused"""

    @classmethod
    def of(cls, graph: Graph, revision: int) -> Comparison:
        """Compare ``revision`` with the one before it."""
        pdf = graph.pdf
        changed = changed_objects(graph, revision)
        affected = graph.users(changed, revision - 1) | graph.users(changed, revision)
        return cls(graph, pdf.view(revision - 1), pdf.view(revision), changed, affected)

    def mark(
        self,
        kind: ChangeKind,
        what: Sentence,
        needs: Needs,
        *,
        page: int | None = None,
        drawn: bool = False,
        fill: Fill | None = None,
        signed: str | None = None,
        picture: NewPicture | None = None,
        moved: bool = False,
    ) -> None:
        """Note a change."""
        self.marks.append(
            Mark(
                kind=kind,
                what=what,
                needs=needs,
                page=page,
                drawn=drawn,
                fill=fill,
                signed=signed,
                picture=picture,
                moved=moved,
            )
        )

    def is_touched(self, before: Value, after: Value) -> bool:
        """Say whether anything at or below this place may differ: a quick look, without comparing."""
        if isinstance(before, Reference) and before == after:
            return before.number in self.affected
        return True

    def same(self, before: Value, after: Value) -> bool:
        """Compare what two places hold, through references, down to the changed objects and no further."""
        waiting: list[tuple[Value, Value]] = [(before, after)]
        seen: set[tuple[int, int]] = set()
        work = self.new.store.work
        while waiting:
            one, other = waiting.pop()
            work.spend_looks(1)
            if isinstance(one, Reference) or isinstance(other, Reference):
                if one == other and isinstance(other, Reference):
                    if other.number not in self.affected or other.number in self.own:
                        continue
                elif self._is_own(one) or self._is_own(other):
                    return False
                pair = (
                    one.number if isinstance(one, Reference) else -1,
                    other.number if isinstance(other, Reference) else -1,
                )
                if -1 not in pair:
                    if pair in seen:
                        continue
                    seen.add(pair)
                self.explained.update(pair)
                one, other = self.old.resolve(one), self.new.resolve(other)
            if isinstance(one, Stream):
                work.spend_looks(one.size >> 10)
            if not _alike(one, other, waiting):
                return False
        return True

    def absorb(self, *places: Value) -> None:
        """Take everything changed below these places for explained; other places still compare it."""
        waiting = list(places)
        work = self.new.store.work
        while waiting:
            one = waiting.pop()
            if isinstance(one, Reference):
                number = one.number
                work.spend_looks(1)
                if number in self.absorbed or number in self.own or number not in self.affected:
                    continue
                self.absorbed.add(number)
                self.explained.add(number)
                waiting += [
                    found.value for found in (self.old.object(number), self.new.object(number)) if found
                ]
            elif isinstance(one, Stream):
                waiting.append(one.dictionary)
            elif isinstance(one, Dictionary):
                work.spend_looks(1 + (len(one.entries) >> 2))
                waiting += [
                    value
                    for key, value in one.entries.items()
                    if type(value) in LEADING and key not in UPWARDS
                ]
            elif isinstance(one, Array):
                work.spend_looks(1 + (len(one.items) >> 2))
                waiting += [value for value in one.items if type(value) in LEADING]

    def extends(
        self, before: Value, after: Value, *, fixed: bool = False, but: frozenset[str] = frozenset()
    ) -> bool:
        """Say whether a dictionary of dictionaries only gained entries: what was there is the same.

        With ``fixed`` the outer dictionary may not gain any, only those inside it. What stands under the
        keys ``but`` is not looked at.
        """
        old, new = self.resolved(before, after)
        if not isinstance(old, Dictionary) or not isinstance(new, Dictionary):
            return self.same(before, after)
        self.explain(before, after)
        if fixed and new.entries.keys() - old.entries.keys():
            return False
        for key, value in old.entries.items():
            if key in but:
                continue
            other = new.get(key)
            inner, outer = self.old.resolve(value), self.new.resolve(other)
            if isinstance(inner, Dictionary) and isinstance(outer, Dictionary):
                self.explain(value, other)
                if not all(self.same(item, outer.get(name)) for name, item in inner.entries.items()):
                    return False
            elif not self.same(value, other):
                return False
        return True

    def resolved(self, before: Value, after: Value) -> tuple[Value, Value]:
        """Resolve each in its own revision."""
        return self.old.resolve(before), self.new.resolve(after)

    def explain(self, *values: Value) -> None:
        """Take these objects themselves for explained."""
        for value in values:
            if isinstance(value, Reference):
                self.explained.add(value.number)

    def unexplained(self) -> list[int]:
        """Return what changed and no walk arrived at."""
        structure = self.graph.file_structure(self.new.index)
        return sorted(self.changed - self.explained - structure)

    def _is_own(self, value: Value) -> bool:
        return isinstance(value, Reference) and value.number in self.own


def changed_objects(graph: Graph, revision: int) -> frozenset[int]:
    """Return the objects that this revision gives another value: written anew unchanged, they are not."""
    pdf = graph.pdf
    read = pdf.revisions[revision]
    found: set[int] = set()
    for number in (*read.changed, *read.freed):
        before, after = pdf.object(number, revision - 1), pdf.object(number, revision)
        if before is None and after is None:
            continue
        if before is not None and after is not None:
            is_stream = isinstance(before.value, Stream)
            pdf.store.work.spend_looks(before.end - before.start >> (10 if is_stream else 4))
        if (
            before is None
            or after is None
            or not same_value(before.value, after.value)
            or before.generation != after.generation
        ):
            found.add(number)
    return frozenset(found)


def _alike(one: Value, other: Value, waiting: list[tuple[Value, Value]]) -> bool:
    """Compare two resolved values; what is inside goes to ``waiting``."""
    # the same container in both revisions may still lead to something that changed
    if isinstance(one, Stream) and isinstance(other, Stream):
        if one is not other and one.raw != other.raw:
            return False
        one, other = one.dictionary, other.dictionary
    if isinstance(one, Dictionary) and isinstance(other, Dictionary):
        keys = one.entries.keys() | other.entries.keys()
        waiting += [(one.get(key), other.get(key)) for key in keys if key not in UPWARDS]
        return all(_same_way_up(one.get(key), other.get(key)) for key in keys & UPWARDS)
    if isinstance(one, Array) and isinstance(other, Array):
        if len(one.items) != len(other.items):
            return False
        waiting += zip(one.items, other.items, strict=True)
        return True
    if isinstance(one, Text) and isinstance(other, Text):
        return one.value == other.value
    if type(one) in (int, float) and type(other) in (int, float):
        return one == other
    return type(one) is type(other) and one == other


def _same_way_up(one: Value, other: Value) -> bool:
    """Compare references that lead up: they are not followed."""
    return same_value(one, other)


def numbers(values: Iterable[Value]) -> set[int]:
    """Return the object numbers of the references among these."""
    return {value.number for value in values if isinstance(value, Reference)}
