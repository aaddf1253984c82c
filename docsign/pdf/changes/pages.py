"""What a revision did to the pages: their list, their content, their resources, their notes and marks.

Only pages with something changed at or below them are looked at. Widgets belong to ``form``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from docsign.pdf.changes.boxes import Box, box_of
from docsign.pdf.changes.comparison import Comparison, numbers
from docsign.pdf.changes.fonts import gains_nothing_used
from docsign.pdf.changes.marks import Needs
from docsign.pdf.form import Widget, items
from docsign.pdf.page_space import shown_part
from docsign.pdf.reading import Array, Dictionary, Page, Pdf, Reference, Value, View
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import ChangeKind

_SIZES = ("MediaBox", "CropBox", "Rotate", "TrimBox", "BleedBox", "ArtBox", "UserUnit")
_INHERITED = ("MediaBox", "CropBox", "Rotate", "Resources")
_HARMLESS = frozenset({"Tabs", "StructParents"})
_METADATA = frozenset({"LastModified", "PieceInfo", "Metadata"})
_ELSEWHERE = frozenset({"Contents", "Annots", "AA", "Type", "Parent", *_INHERITED, *_SIZES})
_PASSIVE = frozenset({"URI", "GoTo", "Named", "Thread"})
"""Actions (12.6.4) that start nothing but a look elsewhere."""


@dataclass(slots=True)
class PageList:
    """The pages of one revision by object number; carried on where no node of the page tree changed."""

    pages: dict[int, Page]
    nodes: set[int] = field(default_factory=set)
    around: Box | None = None

    @classmethod
    def of(cls, view: View) -> PageList:
        """Read the page tree of a revision."""
        pages: dict[int, Page] = {}
        loose = -1
        nodes: set[int] = set()
        for page in view.pages:
            if page.reference is None:
                pages[loose] = page
                loose -= 1
            else:
                pages[page.reference.number] = page
        root = view.raw(view.catalog, "Pages")
        waiting: list[Value] = [root]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Reference) and one.number not in nodes and one.number not in pages:
                nodes.add(one.number)
                waiting += kids(view, view.resolve(one))
        return cls(pages, nodes)

    def number_of(self, value: Value) -> int | None:
        """Return the number of the page a reference leads to, from 1."""
        found = self.pages.get(value.number) if isinstance(value, Reference) else None
        return None if found is None else found.number

    def reach(self, view: View) -> Box | None:
        """Return a box around everything that any page shows: what lies outside is seen on none."""
        if self.around is None and self.pages:
            shown = [shown_part(view, one) for one in self.pages.values()]
            low, high = zip(*((one[:2], one[2:]) for one in shown), strict=True)
            (left, bottom), (right, top) = map(min, zip(*low, strict=True)), map(max, zip(*high, strict=True))
            self.around = (left, bottom, right, top)
        return self.around

    def lists(self, found: Comparison, view: View, annotation: Reference) -> bool:
        """Say whether a page lists an annotation in this view of the compared revisions."""
        users = found.graph.users({annotation.number}, view.index) & self.pages.keys()
        known = (view.object(number) for number in users)
        return any(annotation in annots(view, one.value) for one in known if one is not None)


def kids(view: View, node: Value) -> list[Value]:
    """Return the kids of a node of the page tree."""
    return items(view, node, "Kids") if isinstance(node, Dictionary) else []


def page_lists(pdf: Pdf, revision: int, before: PageList | None, changed: frozenset[int]) -> PageList:
    """Return the pages of a revision; ``before`` are those of the one before, ``changed`` its changes."""
    view = pdf.view(revision)
    if before is None or changed & before.nodes:
        return PageList.of(view)
    old = pdf.view(revision - 1)
    if view.raw(view.catalog, "Pages") != old.raw(old.catalog, "Pages"):
        return PageList.of(view)
    for number in changed & before.pages.keys():
        one, other = (known.value if known else None for known in (old.object(number), view.object(number)))
        if not isinstance(one, Dictionary) or not isinstance(other, Dictionary):
            return PageList.of(view)
        if one.get("Type") != other.get("Type") or "Kids" in other:
            return PageList.of(view)
    return before


@dataclass(slots=True)
class Widgets:
    """The annotations that the form speaks for; ``added`` may be put on a page in this revision."""

    known: set[int] = field(default_factory=set)
    added: set[int] = field(default_factory=set)

    def hang(self, found: Comparison, pages: PageList, widgets: Iterable[Widget]) -> bool:
        """Let those be put on a page that were on none, as PDFBox does on signing; say whether any was."""
        new = {
            one.reference.number
            for one in widgets
            if one.reference is not None
            and not pages.lists(found, found.old, one.reference)
            and pages.lists(found, found.new, one.reference)
        }
        self.added |= new
        return bool(new)


def compare_pages(found: Comparison, before: PageList, after: PageList, widgets: Widgets) -> None:
    """Compare the pages; what ``widgets`` know is compared with its field."""
    found.new.store.work.spend_looks(len(before.pages) + len(after.pages) >> 3)
    found.own |= before.pages.keys() | after.pages.keys() | before.nodes | after.nodes
    if before is not after:
        _compare_list(found, before, after)
    for number, page in after.pages.items():
        if number in before.pages and (number in found.affected or number < 0 or before is not after):
            _Pages(found, before.pages[number], page, number, widgets).compare()


def annots(view: View, page: Value) -> list[Value]:
    """Return the annotations of a page as they stand in its list."""
    return items(view, page, "Annots") if isinstance(page, Dictionary) else []


def _compare_list(found: Comparison, before: PageList, after: PageList) -> None:
    """Pages added, removed, in another order; the nodes of the tree hold nothing else."""
    found.explained |= before.nodes | after.nodes
    for number, page in after.pages.items():
        if number not in before.pages:
            found.absorb(page.reference)
            found.explained.add(number)
            found.mark(
                ChangeKind.PAGE, say("Page {n} was added.", n=page.number), Needs.MORE, page=page.number
            )
    for number, page in before.pages.items():
        if number not in after.pages:
            found.explained.add(number)
            found.mark(
                ChangeKind.PAGE, say("Page {n} was removed.", n=page.number), Needs.MORE, page=page.number
            )
    common = [number for number in after.pages if number in before.pages]
    if common != [number for number in before.pages if number in after.pages]:
        found.mark(ChangeKind.PAGE, say("The order of the pages was changed."), Needs.MORE)


@dataclass(slots=True)
class _Pages:
    """One page in two revisions."""

    found: Comparison
    before: Page
    after: Page
    number: int
    widgets: Widgets
    drawn: bool = False

    def compare(self) -> None:
        """Compare everything a page has."""
        found, page = self.found, self.after.number
        was, now = self._dictionary(found.old, self.before), self._dictionary(found.new, self.after)
        found.explained.add(self.number)
        self._content(was, now, page)
        for key in _INHERITED:
            one = was.get(key) if key in was else self.before.inherited.get(key)
            other = now.get(key) if key in now else self.after.inherited.get(key)
            if found.is_touched(one, other):
                self._inherited(key, one, other, page)
        for key in sorted((was.entries.keys() | now.entries.keys()) - {"Contents", "Annots", *_INHERITED}):
            if found.is_touched(was.get(key), now.get(key)):
                self._entry(key, was.get(key), now.get(key), page)
        if found.is_touched(was.get("Annots"), now.get("Annots")):
            self._annotations(was, now, page)

    def _dictionary(self, view: View, page: Page) -> Dictionary:
        """Return the page as of this revision: a list carried on holds it as it was."""
        known = view.object(self.number) if self.number > 0 else None
        return known.value if known is not None and isinstance(known.value, Dictionary) else page.dictionary

    def _content(self, was: Dictionary, now: Dictionary, page: int) -> None:
        """Old streams untouched and in their order, others added: drawn. Anything else: changed."""
        found = self.found
        if not found.is_touched(was.get("Contents"), now.get("Contents")):
            return
        before, after = _streams(found.old, was.get("Contents")), _streams(found.new, now.get("Contents"))
        found.explain(was.get("Contents"), now.get("Contents"))
        place = 0
        for one in before:
            while place < len(after) and not found.same(one, after[place]):
                place += 1
            if place == len(after):
                found.absorb(was.get("Contents"), now.get("Contents"))
                found.mark(
                    ChangeKind.CONTENT,
                    say("The content of page {n} was changed.", n=page),
                    Needs.MORE,
                    page=page,
                )
                return
            place += 1
        if len(after) > len(before):
            self.drawn = True
            found.absorb(now.get("Contents"))
            found.mark(
                ChangeKind.CONTENT,
                say("Something was drawn on page {n}.", n=page),
                Needs.MORE,
                page=page,
                drawn=True,
            )

    def _inherited(self, key: str, one: Value, other: Value, page: int) -> None:
        found = self.found
        if found.same(one, other):
            return
        if key != "Resources":
            found.absorb(one, other)
            if not _same_shape(found, one, other, self._default(key)):
                self._size(page)
            return
        extended = found.extends(one, other)
        if extended and gains_nothing_used(
            found.old, found.new, one, other, _streams(found.old, self.before.dictionary.get("Contents"))
        ):
            found.mark(
                ChangeKind.STRUCTURE,
                say("Fonts or pictures that page {n} does not use were put beside its own.", n=page),
                Needs.NOTHING,
                page=page,
            )
            return
        added = self.drawn and extended
        found.absorb(one, other)
        found.mark(
            ChangeKind.FONT,
            say("Fonts or pictures of page {n} were changed.", n=page),
            Needs.MORE,
            page=page,
            drawn=added,
        )

    def _default(self, key: str) -> Value:
        """Return what a missing entry means (table 31): the page is as large as its MediaBox, and upright."""
        if key == "CropBox":
            return self.before.dictionary.get("MediaBox") or self.before.inherited.get("MediaBox")
        return 0 if key == "Rotate" else None

    def _size(self, page: int) -> None:
        self.found.mark(
            ChangeKind.PAGE, say("The size or turn of page {n} was changed.", n=page), Needs.MORE, page=page
        )

    def _entry(self, key: str, one: Value, other: Value, page: int) -> None:
        found = self.found
        if key == "Parent":
            if one != other and self.before is self.after:
                found.mark(
                    ChangeKind.PAGE, say("Page {n} was hung elsewhere.", n=page), Needs.MORE, page=page
                )
            return
        if found.same(one, other):
            return
        found.absorb(one, other)
        if key in _SIZES:
            if not _same_shape(found, one, other, 1 if key == "UserUnit" else None):
                self._size(page)
        elif key == "AA":
            found.mark(
                ChangeKind.ACTIVE_CONTENT,
                say("Actions of page {n} were changed.", n=page),
                Needs.MORE,
                page=page,
            )
        elif key in _HARMLESS:
            found.mark(
                ChangeKind.STRUCTURE,
                say("The order or tagging of page {n} was changed ({key}).", n=page, key=key),
                Needs.NOTHING,
                page=page,
            )
        elif key in _METADATA:
            found.mark(
                ChangeKind.METADATA,
                say("The metadata of page {n} was changed.", n=page),
                Needs.NOTHING,
                page=page,
            )
        else:
            found.mark(
                ChangeKind.PAGE,
                say("Page {n} was changed ({key}).", n=page, key=key),
                Needs.MORE,
                page=page,
            )

    def _annotations(self, was: Dictionary, now: Dictionary, page: int) -> None:
        """Notes and marks by their objects; widgets of the form are left to it."""
        found = self.found
        found.explain(was.get("Annots"), now.get("Annots"))
        before, after = annots(found.old, was), annots(found.new, now)
        known, listed = numbers(before), numbers(after)
        kept = [one for one in before if _is_in(one, listed)]
        if kept != [one for one in after if _is_in(one, known)]:
            found.mark(
                ChangeKind.ANNOTATION,
                say("The order of the notes and marks on page {n} was changed.", n=page),
                Needs.MORE,
                page=page,
            )
        for one in after:
            if isinstance(one, Reference):
                if one.number in known:
                    if one.number in found.affected and one.number not in self.widgets.known:
                        self._changed(one, page)
                elif one.number not in self.widgets.added:
                    self._added(one, page)
        for one in before:
            if isinstance(one, Reference) and one.number not in listed:
                found.explained.add(one.number)
                self._removed(found.old.resolve(one), page)
        direct = [one for one in before if not isinstance(one, Reference)]
        now_direct = [one for one in after if not isinstance(one, Reference)]
        if len(direct) != len(now_direct) or not all(
            found.same(one, other) for one, other in zip(direct, now_direct, strict=True)
        ):
            found.absorb(*direct, *now_direct)
            found.mark(
                ChangeKind.ANNOTATION,
                say("A note or mark on page {n} was changed.", n=page),
                Needs.MORE,
                page=page,
            )

    def _added(self, reference: Reference, page: int) -> None:
        found = self.found
        annotation = found.new.resolve(reference)
        found.own.discard(reference.number)
        found.absorb(reference)
        found.own.add(reference.number)
        found.explained.add(reference.number)
        box = box_of(found.new, annotation) if isinstance(annotation, Dictionary) else None
        if self._acts(annotation, page):
            return
        if isinstance(annotation, Dictionary) and annotation.get("Subtype") == "Widget":
            found.mark(
                ChangeKind.ANNOTATION,
                say("A field without a form was put on page {n}.", n=page),
                Needs.MORE,
                page=page,
            )
            return
        found.mark(
            ChangeKind.ANNOTATION,
            say("A note or mark was added on page {n} ({box}).", n=page, box=in_words(box)),
            Needs.ANNOTATING,
            page=page,
            drawn=True,
        )

    def _changed(self, reference: Reference, page: int) -> None:
        found = self.found
        found.explained.add(reference.number)
        found.own.discard(reference.number)
        was, now = found.resolved(reference, reference)
        same = found.same(was, now)
        if not same:
            found.absorb(was, now)
        found.own.add(reference.number)
        if same:
            return
        before, after = (one if isinstance(one, Dictionary) else None for one in (was, now))
        for key in ("A", "AA"):
            if not found.same(found.old.raw(before, key), found.new.raw(after, key)) and self._acts(
                now, page
            ):
                return
        is_widget = after is not None and after.get("Subtype") == "Widget"
        found.mark(
            ChangeKind.ANNOTATION,
            say("A note or mark on page {n} was changed.", n=page),
            Needs.MORE if is_widget else Needs.ANNOTATING,
            page=page,
        )

    def _removed(self, annotation: Value, page: int) -> None:
        is_field = isinstance(annotation, Dictionary) and annotation.get("Subtype") == "Widget"
        self.found.mark(
            ChangeKind.ANNOTATION,
            say("A note or mark was removed from page {n}.", n=page),
            Needs.MORE if is_field else Needs.ANNOTATING,
            page=page,
        )

    def _acts(self, annotation: Value, page: int) -> bool:
        """Note an annotation that starts something by itself or when touched."""
        if not isinstance(annotation, Dictionary) or not acts(self.found.new, annotation):
            return False
        self.found.mark(
            ChangeKind.ACTIVE_CONTENT,
            say("An action or script was put on page {n}.", n=page),
            Needs.MORE,
            page=page,
        )
        return True


def acts(view: View, annotation: Dictionary) -> bool:
    """Say whether an annotation or field holds actions other than a link's."""
    if view.get(annotation, "AA") is not None:
        return True
    waiting: list[Value] = [view.get(annotation, "A")]
    seen = 0
    while waiting and seen < 100:
        action = waiting.pop()
        seen += 1
        if isinstance(action, Array):
            waiting += [view.resolve(one) for one in action.items]
        elif isinstance(action, Dictionary):
            if view.get(action, "S") not in _PASSIVE:
                return True
            waiting.append(view.get(action, "Next"))
        elif action is not None:
            return True
    return seen >= 100


def in_words(box: tuple[float, float, float, float] | None) -> str:
    """Return a box as people read it: corners in points."""
    return "–" if box is None else " ".join(f"{value:.0f}" for value in box)


def _same_shape(found: Comparison, one: Value, other: Value, default: Value) -> bool:
    """Compare boxes and turns: within rounding, and with what a missing one means."""
    old = found.old.resolve(default if one is None else one)
    new = found.new.resolve(other)
    if new is None:
        new = found.old.resolve(default)
    if isinstance(old, Array) and isinstance(new, Array):
        return same_numbers(found, old, new)
    return type(old) in (int, float) and type(new) in (int, float) and old == new


def same_numbers(found: Comparison, one: Array, other: Array) -> bool:
    """Compare two arrays of numbers within the rounding of a single-precision number."""
    left = [found.old.resolve(item) for item in one.items]
    right = [found.new.resolve(item) for item in other.items]
    return len(left) == len(right) and all(
        type(a) in (int, float) and type(b) in (int, float) and abs(a - b) <= 0.001  # type: ignore[operator]
        for a, b in zip(left, right, strict=True)
    )


def _streams(view: View, contents: Value) -> list[Value]:
    """Return the streams of a page's content, unresolved (7.7.3.3)."""
    resolved = view.resolve(contents)
    if isinstance(resolved, Array):
        view.store.work.spend_looks(len(resolved.items) >> 2)
        return resolved.items
    return [] if resolved is None else [contents]


def _is_in(value: Value, known: set[int]) -> bool:
    return isinstance(value, Reference) and value.number in known
