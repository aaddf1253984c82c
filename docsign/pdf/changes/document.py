"""What a revision did to the catalog and the trailer: everything but pages and form."""

from __future__ import annotations

from docsign.pdf.changes.comparison import Comparison
from docsign.pdf.changes.form import FormChange, compare_form
from docsign.pdf.changes.graph import below
from docsign.pdf.changes.marks import Needs
from docsign.pdf.changes.pages import PageList, compare_pages
from docsign.pdf.reading import Array, Dictionary, Reference, Stream, Value
from docsign.sentence import say
from docsign.verdict import ChangeKind

_FILE = frozenset({"Size", "Prev", "XRefStm", "ID", "Root", "Type", "W", "Index", "Length", "Filter"}) | {
    "DecodeParms",
    "Encrypt",
    "DocChecksum",
    "AuthCode",
}
"""Keys of a trailer that describe the file, not the document."""
_ELSEWHERE = frozenset({"Pages", "AcroForm"})
_ACTIVE = frozenset({"OpenAction", "AA", "JavaScript"})
_WRITERS = frozenset({"Extensions", "Version", "MarkInfo", "PieceInfo", "LastModified", "Legal"})
"""What signing programs note in the catalog: it is drawn by nobody and starts nothing."""
_VIEWING = frozenset({"PageMode", "PageLayout", "ViewerPreferences", "Lang"})
"""How a reader shows its window and reads aloud (7.7.2, 12.2): MuPDF and others set it when they save."""
_BOUNDARIES = ("ViewArea", "ViewClip", "PrintArea", "PrintClip")
"""Preferences that choose which part of a page is shown or printed."""
_STRUCTURE_TREE = frozenset({"StructTreeRoot", "MarkInfo"})
_GROWING = frozenset({"K", "ParentTree", "ParentTreeNextKey", "IDTree", "RoleMap", "ClassMap", "Namespaces"})


def compare_document(found: Comparison, before: PageList, after: PageList) -> None:
    """Compare the whole document of two revisions."""
    _trailer(found)
    old, new = found.old.catalog, found.new.catalog
    found.explain(found.old.raw(found.old.trailer, "Root"), found.new.raw(found.new.trailer, "Root"))
    found.own |= {one.number for one in _roots(found)}
    form = FormChange.of(found)
    found.explain(found.old.raw(old, "Pages"), found.new.raw(new, "Pages"))
    _own_annotations(found, before, after)
    form.compare(after)
    compare_form(found, form.fills)
    compare_pages(found, before, after, form.widgets)
    if old is None or new is None:
        found.mark(ChangeKind.UNKNOWN, say("The document's catalog was removed or added."), Needs.MORE)
        return
    for key in sorted((old.entries.keys() | new.entries.keys()) - _ELSEWHERE):
        if found.is_touched(old.get(key), new.get(key)):
            _entry(found, key, old.get(key), new.get(key))


def _roots(found: Comparison) -> list[Reference]:
    roots = (found.old.raw(found.old.trailer, "Root"), found.new.raw(found.new.trailer, "Root"))
    return [one for one in roots if isinstance(one, Reference)]


def _own_annotations(found: Comparison, before: PageList, after: PageList) -> None:
    """Pages and their annotations are compared on their page and nowhere else."""
    found.own |= before.pages.keys() | after.pages.keys() | before.nodes | after.nodes
    for view, pages in ((found.old, before), (found.new, after)):
        for number in pages.pages.keys() & found.affected:
            known = view.object(number)
            listed = (
                view.get(known.value, "Annots") if known and isinstance(known.value, Dictionary) else None
            )
            if isinstance(listed, Array):
                found.own |= {one.number for one in listed.items if isinstance(one, Reference)}


def _trailer(found: Comparison) -> None:
    old, new = found.old.trailer, found.new.trailer
    for key in sorted((old.entries.keys() | new.entries.keys()) - _FILE):
        one, other = old.get(key), new.get(key)
        if not found.is_touched(one, other) or found.same(one, other):
            continue
        found.absorb(other)  # what the old one named and this one does not has lost its use
        if key == "Info":
            found.absorb(one)
            _metadata(found)
        else:
            found.mark(
                ChangeKind.STRUCTURE,
                say("The document's structure was changed ({key}).", key=key),
                Needs.MORE if _leads_to_something(found, other) else Needs.NOTHING,
            )


def _leads_to_something(found: Comparison, value: Value) -> bool:
    """Say whether an entry of the trailer is or names a dictionary or a stream, or keeps it in a list.

    LibreOffice opens the text document in /AdditionalStreams in place of the pages.
    """
    named = [found.new.resolve(one) for one in (value, *below(found.new.resolve(value)))]
    return any(isinstance(one, Dictionary | Stream) for one in named)


def _metadata(found: Comparison) -> None:
    what = say("The document's metadata was changed.")
    if not any(mark.what == what for mark in found.marks):
        found.mark(ChangeKind.METADATA, what, Needs.NOTHING)


def _entry(found: Comparison, key: str, one: Value, other: Value) -> None:
    """Judge one entry of the catalog (7.7.2)."""
    if key == "StructTreeRoot":
        _structure_tree(found, one, other)
        return
    if key == "Names":
        _names(found, one, other)
        return
    if found.same(one, other):
        return
    found.absorb(one, other)
    if key == "DSS":
        found.mark(
            ChangeKind.VALIDATION_DATA,
            say("Validation data (certificates, revocation lists) was added."),
            Needs.NOTHING,
        )
    elif key == "Metadata":
        _metadata(found)
    elif key in _WRITERS or (key == "Type" and one is None):
        found.mark(
            ChangeKind.STRUCTURE, say("The document's structure was changed ({key}).", key=key), Needs.NOTHING
        )
    elif key in _VIEWING:
        found.mark(
            ChangeKind.STRUCTURE,
            say("How the document is first shown was changed ({key}).", key=key),
            Needs.FILLING if _shows_the_same(found, one, other) else Needs.MORE,
        )
    elif key == "Perms":
        _permissions(found, one, other)
    elif key in _ACTIVE:
        found.mark(
            ChangeKind.ACTIVE_CONTENT,
            say("Actions or scripts of the document were changed ({key}).", key=key),
            Needs.MORE,
        )
    elif key == "OCProperties":
        found.mark(ChangeKind.CONTENT, say("Layers of the document were shown or hidden."), Needs.MORE)
    else:
        found.mark(
            ChangeKind.STRUCTURE, say("The document's structure was changed ({key}).", key=key), Needs.MORE
        )


def _shows_the_same(found: Comparison, one: Value, other: Value) -> bool:
    """Say whether preferences leave alone which part of a page is shown."""
    old, new = found.resolved(one, other)
    return all(found.old.get(old, key) == found.new.get(new, key) for key in _BOUNDARIES)


def _permissions(found: Comparison, one: Value, other: Value) -> None:
    """A certifying or usage-rights signature registers itself (12.8.6); none that certifies is taken away.

    A grant of usage rights may go: it ends with the first change that its software did not make.
    """
    old, new = found.resolved(one, other)
    kept = isinstance(new, Dictionary | None) and isinstance(old, Dictionary | None)
    if kept and (
        found.old.raw(old, "DocMDP") is None
        or found.same(found.old.raw(old, "DocMDP"), found.new.raw(new, "DocMDP"))
    ):
        found.mark(
            ChangeKind.STRUCTURE,
            say("The document's structure was changed ({key}).", key="Perms"),
            Needs.FILLING,
        )
    else:
        found.mark(ChangeKind.STRUCTURE, say("The permissions of the document were changed."), Needs.MORE)


def _names(found: Comparison, one: Value, other: Value) -> None:
    """Scripts are kept among the names (7.7.4), attachments and destinations too."""
    old, new = found.resolved(one, other)
    if not isinstance(old, Dictionary | None) or not isinstance(new, Dictionary | None):
        old = new = None
    found.explain(one, other)
    keys = (old.entries.keys() if old else set()) | (new.entries.keys() if new else set())
    for key in sorted(keys):
        before, after = found.old.raw(old, key), found.new.raw(new, key)
        if found.same(before, after):
            continue
        found.absorb(before, after)
        if key == "JavaScript":
            found.mark(
                ChangeKind.ACTIVE_CONTENT,
                say("Actions or scripts of the document were changed ({key}).", key=key),
                Needs.MORE,
            )
        else:
            found.mark(
                ChangeKind.STRUCTURE,
                say("The document's structure was changed ({key}).", key=f"Names/{key}"),
                Needs.MORE,
            )


def _structure_tree(found: Comparison, one: Value, other: Value) -> None:
    """The structure tree (14.7) may gain elements for what was added; none that was there changes."""
    if found.same(one, other):
        return
    grown = one is None or grows(found, one, other)
    found.absorb(one, other)
    found.mark(
        ChangeKind.STRUCTURE,
        say("The structure tree was extended.") if grown else say("The structure tree was changed."),
        Needs.NOTHING if grown else Needs.MORE,
    )


def grows(found: Comparison, before: Value, after: Value) -> bool:
    """Say whether a tree only gained: arrays gain items, elements gain kids, nothing else differs."""
    waiting: list[tuple[Value, Value, str]] = [(before, after, "")]
    seen: set[tuple[Value, Value]] = set()
    while waiting:
        one, other, key = waiting.pop()
        found.new.store.work.spend_looks(1)
        if isinstance(one, Reference) and isinstance(other, Reference):
            if (one == other and not found.is_touched(one, other)) or (one, other) in seen:
                continue
            if one.number in found.own or other.number in found.own:
                if one != other:
                    return False
                continue
            seen.add((one, other))
        old, new = found.resolved(one, other)
        if key == "ParentTreeNextKey":
            if type(old) not in (int, type(None)) or type(new) is not int:
                return False
        elif isinstance(old, Dictionary) and isinstance(new, Dictionary):
            if new.entries.keys() - old.entries.keys() - _GROWING or old.entries.keys() - new.entries.keys():
                return False
            waiting += [(value, new.get(name), name) for name, value in old.entries.items() if name != "P"]
            if old.get("P") != new.get("P"):
                return False
        elif isinstance(new, Array) and key in ("K", "Kids", "Nums", "Names", "Limits", ""):
            items = old.items if isinstance(old, Array) else [one]
            if key == "Limits":
                continue
            pairs = _in_order(found, items, new.items)
            if pairs is None:
                return False
            waiting += [(left, right, "") for left, right in pairs]
        elif not found.same(one, other):
            return False
    return True


def _in_order(found: Comparison, old: list[Value], new: list[Value]) -> list[tuple[Value, Value]] | None:
    """Pair the items that were there with the same ones now, in their order; None where one is gone."""
    pairs: list[tuple[Value, Value]] = []
    place = 0
    for item in old:
        while place < len(new) and not _is_item(found, item, new[place]):
            place += 1
        if place == len(new):
            return None
        pairs.append((item, new[place]))
        place += 1
    return pairs


def _is_item(found: Comparison, one: Value, other: Value) -> bool:
    if isinstance(one, Reference) or isinstance(other, Reference):
        old, new = found.resolved(one, other)  # iText writes the arrays of a page's elements anew
        return one == other or (isinstance(old, Array) and isinstance(new, Array))
    if isinstance(one, Array) and isinstance(other, Array):
        return True
    if isinstance(one, Dictionary) and isinstance(other, Dictionary):
        return found.same(one, other)
    return found.same(one, other)
