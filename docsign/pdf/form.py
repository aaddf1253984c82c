"""Walks the form of one revision: fields by their full names, what they inherit, where they are drawn.

Reads only (ISO 32000-2 12.7). Inheritance follows the way down from the form, never a field's /Parent, which
may say anything. No loop, no recursion, a counted number of fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from docsign.errors import PdfBudgetError
from docsign.pdf.reading import Array, Dictionary, Reference, Text, Value, View
from docsign.sentence import say
from docsign.values import dataclass

MOST_FIELDS = 100_000
_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """Where a field is drawn: an annotation (12.5.6.19), merged with its field or below it."""

    reference: Reference | None
    dictionary: Dictionary = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field, or a node above fields (``is_node``). ``above`` are the nodes over it, the nearest first."""

    name: str
    reference: Reference | None
    dictionary: Dictionary = field(repr=False)
    above: tuple[Dictionary, ...] = field(default=(), repr=False)
    widgets: tuple[Widget, ...] = ()
    is_node: bool = False

    def inherited(self, view: View, key: str) -> Value:
        """Return an attribute, its own or the nearest above it (12.7.4.1), resolved."""
        for holder in (self.dictionary, *self.above):
            if holder.get(key) is not None:
                return view.get(holder, key)
        return None

    def raw(self, key: str) -> Value:
        """Return the same unresolved."""
        for holder in (self.dictionary, *self.above):
            if holder.get(key) is not None:
                return holder.get(key)
        return None

    def kind(self, view: View) -> str:
        """Return the field's type: Sig, Tx, Btn, Ch, or nothing."""
        found = self.inherited(view, "FT")
        return str(found) if isinstance(found, str) else ""


def acro_form(view: View) -> Dictionary | None:
    """Return the document's interactive form, where it has one."""
    found = view.get(view.catalog, "AcroForm")
    return found if isinstance(found, Dictionary) else None


def form_fields(view: View) -> list[Field]:
    """Return every field that has no fields below it, in the form's order; see ``walk``."""
    return [one for one in walk(view, items(view, acro_form(view), "Fields")) if not one.is_node]


def loose_fields(view: View, known: Iterable[Field]) -> list[Field]:
    """Return signature fields that stand on a page and that the form does not list.

    Some writers leave them so. ``known`` are the fields of the form.
    """
    listed = {id(one.dictionary) for one in known}
    listed |= {id(widget.dictionary) for one in known for widget in one.widgets}
    found: list[Field] = []
    for page in view.pages:
        for raw in items(view, page.dictionary, "Annots"):
            widget = view.resolve(raw)
            if not isinstance(widget, Dictionary) or id(widget) in listed or view.get(widget, "FT") != "Sig":
                continue
            listed.add(id(widget))
            name = view.get(widget, "T")
            reference = raw if isinstance(raw, Reference) else None
            found.append(
                Field(
                    name=name.text if isinstance(name, Text) else "",
                    reference=reference,
                    dictionary=widget,
                    widgets=(Widget(reference=reference, dictionary=widget),),
                )
            )
    return found


def items(view: View, holder: Dictionary | None, key: str) -> list[Value]:
    """Return the members of an array as they stand; nothing where there is none."""
    found = view.get(holder, key)
    if not isinstance(found, Array):
        return []
    view.store.work.spend_looks(len(found.items) >> 2)
    return found.items


def walk(
    view: View, roots: Iterable[Value], *, wanted: Callable[[Value], bool] = lambda _: True
) -> Iterator[Field]:
    """Yield the fields and nodes below ``roots`` for which ``wanted`` holds, parents first.

    A field that stands in the tree twice is yielded once. Raises PdfBudgetError for too many.
    """
    waiting: list[tuple[Value, str, tuple[Dictionary, ...]]] = [(one, "", ()) for one in roots]
    waiting.reverse()
    seen: set[int] = set()
    while waiting:
        raw, prefix, above = waiting.pop()
        view.store.work.spend_looks(1)
        if not wanted(raw):
            continue
        entry = view.resolve(raw)
        if not isinstance(entry, Dictionary) or id(entry) in seen:
            continue
        seen.add(id(entry))
        if len(seen) > MOST_FIELDS:
            raise PdfBudgetError(
                say("The PDF has too many form fields (more than {limit}).", limit=MOST_FIELDS)
            )
        own = view.get(entry, "T")
        part = own.text if isinstance(own, Text) else ""
        name = f"{prefix}.{part}" if prefix and part else prefix or part
        reference = raw if isinstance(raw, Reference) else None
        below: list[Value] = []
        widgets: list[Widget] = []
        if "Rect" in entry.entries or entry.entries.get("Subtype") == "Widget":
            widgets.append(Widget(reference=reference, dictionary=entry))
        for one in items(view, entry, "Kids") if "Kids" in entry.entries else ():
            kid = view.resolve(one)
            if not isinstance(kid, Dictionary):
                continue
            if "T" in kid.entries:
                below.append(one)
            else:
                own_place = one if isinstance(one, Reference) else None
                widgets.append(Widget(reference=own_place, dictionary=kid))
        yield Field(
            name=name,
            reference=reference,
            dictionary=entry,
            above=above,
            widgets=tuple(widgets),
            is_node=bool(below),
        )
        if len(above) < _DEEPEST:
            waiting += [(kid, name, (entry, *above)) for kid in reversed(below)]
