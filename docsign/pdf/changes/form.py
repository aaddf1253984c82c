"""What a revision did to the form: fields filled, signed, added, removed, drawn anew.

An appearance changes only with its value. Every key of a field that is not known to belong to filling,
signing or closing it stays as it was.
"""

from __future__ import annotations

from dataclasses import field

from docsign.pdf.changes.appearances import (
    asks_for_appearances,
    leans_on_the_form,
    other_text,
    revealed,
    same_but_for_fonts,
    shows_its_value,
)
from docsign.pdf.changes.boxes import Box, box_of, is_opaque, is_shown, overlap
from docsign.pdf.changes.comparison import Comparison, numbers
from docsign.pdf.changes.filling import LONGEST_VALUE, filling, in_words
from docsign.pdf.changes.marks import Fill, Needs, NewPicture
from docsign.pdf.changes.pages import PageList, Widgets, acts, annots, same_numbers
from docsign.pdf.form import Field, Widget, acro_form, items, walk
from docsign.pdf.reading import Array, Dictionary, Reference, Text, Value, View
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import ChangeKind

READ_ONLY, LOCKED = 1, 128 | 512 | 64
"""Flags that closing a field sets: /Ff ReadOnly (table 227); /F Locked, LockedContents, ReadOnly (167)."""
_FILLED = frozenset({"V", "AP", "AS", "RV", "I", "TI", "M", "Type", "DA", "Q", "BS", "MK", "Border"})
_SIGNED = frozenset(
    {
        "V",
        "AP",
        "AS",
        "M",
        "Type",
        "Subtype",
        "F",
        "Ff",
        "P",
        "DA",
        "MK",
        "BS",
        "Border",
        "Lock",
        "Q",
        "DR",
        "TU",
        "SV",
        "H",
        "C",
    }
)
_ALWAYS = frozenset({"Type", "Subtype", "M", "P", "StructParent", "NM"})
_DRAWN = frozenset({"AP", "AS"})
_NOT_FOR_FILLING = frozenset({"XObject", "ProcSet"})
"""Resources of the form that no text of a field can name (12.7.4.3)."""


@dataclass(slots=True)
class FormChange:
    """The form in two revisions; ``widgets`` are the annotations it speaks for."""

    found: Comparison
    before: list[Field] = field(default_factory=list)
    after: list[Field] = field(default_factory=list)
    widgets: Widgets = field(default_factory=Widgets)
    pages: PageList | None = None
    fills: int = 0

    @classmethod
    def of(cls, found: Comparison) -> FormChange:
        """Read the fields with something changed at or below them, in both revisions."""
        old, new = acro_form(found.old), acro_form(found.new)
        before, after = items(found.old, old, "Fields"), items(found.new, new, "Fields")
        known, listed = numbers(before), numbers(after)

        def wanted(value: Value) -> bool:
            return (
                not isinstance(value, Reference)
                or value.number in found.affected
                or value.number not in known
                or value.number not in listed
            )

        change = cls(found)
        change.before = list(walk(found.old, [one for one in before if wanted(one)]))
        change.after = list(walk(found.new, [one for one in after if wanted(one)]))
        for one in (*change.before, *change.after):
            if one.reference is not None:
                found.own.add(one.reference.number)
            for widget in one.widgets:
                if widget.reference is not None:
                    found.own.add(widget.reference.number)
                    change.widgets.known.add(widget.reference.number)
        shown = {
            widget.reference.number
            for one in change.before
            for widget in one.widgets
            if widget.reference is not None and box_of(found.old, widget.dictionary) is not None
        }
        change.widgets.added = change.widgets.known - shown
        return change

    def compare(self, pages: PageList) -> None:
        """Compare every field, then what the form itself says."""
        self.pages = pages
        found = self.found
        was = {one.name: one for one in self.before}
        now = {one.name: one for one in self.after}
        if len(now) != len(self.after) and len(was) == len(self.before):
            found.mark(ChangeKind.STRUCTURE, say("Two form fields have one name."), Needs.MORE)
        for one in (*self.before, *self.after):
            found.explain(one.reference, *(widget.reference for widget in one.widgets))
        for name, one in now.items():
            before = was.get(name)
            if before is None:
                if not one.is_node:
                    self._added(one)
            elif one.is_node or before.is_node:
                self._node(before, one)
            else:
                self._field(before, one)
        for name in [one for one in was if one not in now]:
            found.mark(ChangeKind.STRUCTURE, say("The form field {name} was removed.", name=name), Needs.MORE)

    # --- fields ---------------------------------------------------------------------------------------------

    def _node(self, before: Field, after: Field) -> None:
        """A node above fields may gain kids and lose none; what it hands down stays."""
        found = self.found
        keys = before.dictionary.entries.keys() | after.dictionary.entries.keys()
        for key in sorted(keys - {"Kids"}):
            if not found.same(before.dictionary.get(key), after.dictionary.get(key)):
                found.absorb(before.dictionary.get(key), after.dictionary.get(key))
                self._structure(after.name, key, Needs.MORE)
        found.explain(before.dictionary.get("Kids"), after.dictionary.get("Kids"))

    def _added(self, one: Field) -> None:
        found = self.found
        self._absorb(one)
        page = self._page(one)
        if one.kind(found.new) != "Sig":
            found.mark(
                ChangeKind.STRUCTURE,
                say("The form field {name} was added.", name=one.name),
                Needs.MORE,
                page=page,
            )
        elif one.inherited(found.new, "V") is None:
            if self._picture(one) is not None:
                self._without_signature(one, page)
            found.mark(
                ChangeKind.STRUCTURE,
                say("An empty signature field {name} was added.", name=one.name),
                Needs.FILLING,
                page=page,
                signed=one.name,
                picture=self._picture(one),
            )
        else:
            raw = one.raw("V")
            if isinstance(raw, Reference) and found.old.object(raw.number) and self._picture(one) is not None:
                self._without_signature(one, page)
            self._signed(one, page)
        self._acts(one, page)

    def _without_signature(self, one: Field, page: int | None) -> None:
        """Note a picture in a new field that no new signature answers for."""
        self.found.mark(
            ChangeKind.APPEARANCE,
            say("The new field {name} shows a picture and holds no new signature.", name=one.name),
            Needs.MORE,
            page=page,
        )

    def _field(self, before: Field, after: Field) -> None:
        found = self.found
        old, new = before.inherited(found.old, "V"), after.inherited(found.new, "V")
        kind = after.kind(found.new)
        page = self._page(after)
        if kind != before.kind(found.old):
            self._absorb(after)
            found.mark(
                ChangeKind.STRUCTURE,
                say("The kind of the form field {name} was changed.", name=after.name),
                Needs.MORE,
                page=page,
            )
        elif kind == "Sig":
            self._signature_field(before, after, old, new, page)
        elif not found.same(old, new):
            found.absorb(before.raw("V"), after.raw("V"))
            self.fills += 1
            fill = Fill(name=after.name, before=in_words(found.old, old), after=in_words(found.new, new))
            found.mark(ChangeKind.FORM_FILL, filling(fill), Needs.FILLING, page=page, fill=fill)
            self._keys(before, after, _FILLED, page)
            self._filled_picture(after, in_words(found.new, new), page)
        else:
            found.explain(before.raw("V"), after.raw("V"))
            redrawn = asks_for_appearances(found.old) and shows_its_value(found.new, after)
            self._keys(before, after, _DRAWN if redrawn else frozenset(), page)
            if redrawn and not found.same(before.dictionary.get("AP"), after.dictionary.get("AP")):
                found.mark(
                    ChangeKind.APPEARANCE,
                    say("The field {name} was drawn anew, with the same text.", name=after.name),
                    Needs.FILLING,
                    page=page,
                )

    def _filled_picture(self, after: Field, value: str, page: int | None) -> None:
        """A picture follows its value; one that iText cannot hang into an indirect /AP is left behind."""
        found = self.found
        shown = None if asks_for_appearances(found.new) else other_text(found.new, after)
        if shown is not None:
            found.mark(
                ChangeKind.APPEARANCE,
                say(
                    "The field {name} was filled in with “{value}” and shows “{shown}”.",
                    name=after.name,
                    value=value,
                    shown=shown[:LONGEST_VALUE],
                ),
                Needs.MORE,
                page=page,
            )
        for one in (after.dictionary, *(widget.dictionary for widget in after.widgets)):
            held = one.get("AP")
            if isinstance(held, Reference) and held.number not in found.changed:
                found.left_pictures += 1
                break

    def _signature_field(self, before: Field, after: Field, old: Value, new: Value, page: int | None) -> None:
        found = self.found
        name = after.name
        if old is None and new is not None:
            moved = self._boxes(found.old, before) != self._boxes(found.new, after)
            assert self.pages is not None
            moved = self.widgets.hang(found, self.pages, after.widgets) or moved
            self._keys(before, after, _SIGNED | ({"Rect"} if moved else set()), page)
            self._absorb(after)
            self._signed(after, page, moved=moved)
            self._acts(after, page)
            return
        if new is None and old is not None:
            found.mark(
                ChangeKind.SIGNATURE,
                say("The signature in the field {name} was removed.", name=name),
                Needs.MORE,
                page=page,
            )
            return
        if not found.same(before.raw("V"), after.raw("V")):
            found.absorb(before.raw("V"), after.raw("V"))
            found.mark(
                ChangeKind.SIGNATURE,
                say("The signature in the field {name} was replaced.", name=name),
                Needs.MORE,
                page=page,
            )
        self._keys(before, after, frozenset(), page)

    def _signed(self, one: Field, page: int | None, *, moved: bool = False) -> None:
        found = self.found
        value = one.inherited(found.new, "V")
        picture = self._picture(one)
        is_stamp = isinstance(value, Dictionary) and found.new.get(value, "SubFilter") == "ETSI.RFC3161"
        if is_stamp:
            found.mark(
                ChangeKind.TIMESTAMP,
                say("A document time-stamp was added."),
                Needs.NOTHING,
                signed=one.name,
                picture=picture,
                moved=moved,
            )
            return
        found.mark(
            ChangeKind.SIGNATURE,
            say("A signature was added in the field {name}.", name=one.name),
            Needs.FILLING,
            page=page,
            signed=one.name,
            picture=picture,
            moved=moved,
        )

    def _keys(self, before: Field, after: Field, free: frozenset[str] | set[str], page: int | None) -> None:
        """Compare the keys of a field and of its widgets, those of ``free`` apart."""
        found = self.found
        pairs = [(before.dictionary, after.dictionary)]
        old_kids = [one for one in before.widgets if one.dictionary is not before.dictionary]
        new_kids = [one for one in after.widgets if one.dictionary is not after.dictionary]
        if "Kids" in before.dictionary or "Kids" in after.dictionary:
            found.explain(before.dictionary.get("Kids"), after.dictionary.get("Kids"))
            if [one.reference for one in old_kids] != [one.reference for one in new_kids]:
                self._structure(
                    after.name, "Kids", Needs.NOTHING if "P" in free and not old_kids else Needs.MORE
                )
            else:
                pairs += zip(
                    (one.dictionary for one in old_kids), (one.dictionary for one in new_kids), strict=True
                )
        for was, now in pairs:
            for key in sorted((was.entries.keys() | now.entries.keys()) - {"Kids", "V"}):
                one, other = was.get(key), now.get(key)
                if not found.is_touched(one, other) or found.same(one, other):
                    continue
                found.absorb(one, other)
                if key not in free and not self._means_the_same(key, one, other):
                    self._key(key, one, other, after.name, page)

    def _means_the_same(self, key: str, one: Value, other: Value) -> bool:
        """Say whether a key only says what held without it: no flags, fonts for filling, a rounded box."""
        found = self.found
        if key == "DR":
            return found.extends(one, other)
        if key == "AP":
            return same_but_for_fonts(found, one, other)
        old, new = found.resolved(one, other)
        if isinstance(old, Array) and isinstance(new, Array):
            return key == "Rect" and same_numbers(found, old, new)
        return key in ("F", "Ff") and (old or 0) == (new or 0)

    def _key(self, key: str, one: Value, other: Value, name: str, page: int | None) -> None:
        """Judge one key that differs and belongs neither to filling nor to signing."""
        found = self.found
        one, other = found.resolved(one, other)
        if key in _DRAWN:
            found.mark(
                ChangeKind.APPEARANCE,
                say("The picture of the field {name} was changed, its value was not.", name=name),
                Needs.MORE,
                page=page,
            )
        elif key in ("A", "AA"):
            found.mark(
                ChangeKind.ACTIVE_CONTENT,
                say("The actions of the field {name} were changed.", name=name),
                Needs.MORE,
                page=page,
            )
        elif (key in _ALWAYS and not (key == "Subtype" and one is not None)) or (
            key in ("Ff", "F") and _only_closes(one, other, READ_ONLY if key == "Ff" else LOCKED)
        ):
            self._structure(name, key, Needs.NOTHING)
        else:
            kind = ChangeKind.APPEARANCE if key in ("MK", "Rect", "F", "BS", "Border", "DA") else None
            self._structure(name, key, Needs.MORE, kind=kind)

    def _structure(self, name: str, key: str, needs: Needs, *, kind: ChangeKind | None = None) -> None:
        self.found.mark(
            kind or ChangeKind.STRUCTURE,
            say("The form field {name} was changed ({key}).", name=name, key=key),
            needs,
        )

    # --- where and what -----------------------------------------------------------------------------------

    def _absorb(self, one: Field) -> None:
        """Explain what hangs on a field that is new or newly signed, but for its own place."""
        for holder in (one.dictionary, *(widget.dictionary for widget in one.widgets)):
            self.found.absorb(holder)

    def _acts(self, one: Field, page: int | None) -> None:
        if any(
            acts(self.found.new, holder) for holder in (one.dictionary, *(w.dictionary for w in one.widgets))
        ):
            self.found.mark(
                ChangeKind.ACTIVE_CONTENT,
                say("The actions of the field {name} were changed.", name=one.name),
                Needs.MORE,
                page=page,
            )

    def _boxes(self, view: View, one: Field) -> list[Box | None]:
        return [box_of(view, widget.dictionary) for widget in one.widgets]

    def _page(self, one: Field) -> int | None:
        """Return the page that lists the field's widget, else the one it names."""
        for widget in one.widgets:
            number = self._page_of(widget)
            if number is not None:
                return number
        return None

    def _page_of(self, widget: Widget) -> int | None:
        assert self.pages is not None
        named = self.pages.number_of(widget.dictionary.get("P"))
        if named is not None or widget.reference is None:
            return named
        for user in self.found.graph.users({widget.reference.number}, self.found.new.index):
            page = self.pages.pages.get(user)
            if page is not None and widget.reference in annots(self.found.new, self._now(user)):
                return page.number
        return None

    def _now(self, number: int) -> Value:
        known = self.found.new.object(number)
        return None if known is None else known.value

    def _picture(self, one: Field) -> NewPicture | None:
        """Return where a signature is drawn and what lies under it; None where nothing is shown."""
        assert self.pages is not None
        found = self.found
        for widget in one.widgets:
            box, page = box_of(found.new, widget.dictionary), self._page_of(widget)
            if box is None or not is_shown(found.new, widget.dictionary, self.pages.reach(found.new)):
                continue
            over, on_field = self._under(page, box, widget)
            return NewPicture(
                page=page,
                box=box,
                opaque=is_opaque(found.new, widget.dictionary),
                over=tuple(over),
                on_field=on_field,
            )
        return None

    def _under(self, page: int | None, box: Box, own: Widget) -> tuple[list[str], bool]:
        """Name the annotations of the earlier revision that a box lies over, and whether one is a field."""
        assert self.pages is not None
        found = self.found
        names: list[str] = []
        on_field = False
        for number, one in self.pages.pages.items():
            if one.number != page:
                continue
            known = found.old.object(number)
            for raw in annots(found.old, None if known is None else known.value):
                annotation = found.old.resolve(raw)
                if not isinstance(annotation, Dictionary) or (
                    isinstance(raw, Reference) and raw == own.reference
                ):
                    continue
                other = box_of(found.old, annotation)
                if other is None or not overlap(box, other):
                    continue
                on_field = on_field or annotation.get("Subtype") == "Widget"
                title = found.old.get(annotation, "T")
                names.append(title.text if isinstance(title, Text) else str(annotation.get("Subtype") or "–"))
        return names, on_field


def compare_form(found: Comparison, fills: int) -> None:
    """Compare what the form says of itself (12.7.3); ``fills`` fields were filled in this revision."""
    raw_before, raw_after = (
        found.old.raw(found.old.catalog, "AcroForm"),
        found.new.raw(found.new.catalog, "AcroForm"),
    )
    old, new = acro_form(found.old), acro_form(found.new)
    found.explain(raw_before, raw_after)
    if old is None and new is None:
        return
    keys = (old.entries.keys() if old else set()) | (new.entries.keys() if new else set())
    for key in sorted(keys):
        one, other = found.old.raw(old, key), found.new.raw(new, key)
        if key == "Fields":
            found.explain(one, other)
            continue
        if not found.is_touched(one, other) or found.same(one, other):
            continue
        needs = _form_key(found, key, one, other, fills)
        found.absorb(one, other)
        if key == "XFA" and needs is Needs.MORE:
            kind = ChangeKind.ACTIVE_CONTENT
        elif key == "NeedAppearances" and needs is Needs.MORE:
            kind = ChangeKind.APPEARANCE
        else:
            kind = ChangeKind.STRUCTURE
        if key != "SigFlags":
            found.mark(kind, say("The form was changed ({key}).", key=key), needs)


def _form_key(found: Comparison, key: str, one: Value, other: Value, fills: int) -> Needs:
    old, new = found.resolved(one, other)
    if key == "SigFlags":
        return Needs.NOTHING
    if key == "DR":  # fonts for filling may be added, none may become another
        kept = old is None or found.extends(one, other)
        if not kept and not leans_on_the_form(found.old):  # PDFBox keeps its newest signature's picture here
            kept = found.extends(one, other, but=_NOT_FOR_FILLING)
        return Needs.NOTHING if kept else Needs.MORE
    if key in ("DA", "Q"):  # how a text will look that is yet to be filled in
        return Needs.NOTHING
    if key == "NeedAppearances":
        allowed = new in (None, False) or fills
        return Needs.FILLING if allowed and revealed(found) is None else Needs.MORE
    return Needs.MORE


def _only_closes(one: Value, other: Value, flags: int) -> bool:
    """Say whether a set of flags only gained these."""
    before = one if type(one) is int else 0
    return type(other) is int and before & ~flags == other & ~flags and before & other == before
