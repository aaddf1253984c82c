"""Walks the page tree (ISO 32000-2 7.7.3) with an explicit stack: no loop, no recursion, a counted budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from docsign.pdf.reading.budget import exceeded
from docsign.pdf.reading.values import Dictionary, Reference, Value
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Severity

if TYPE_CHECKING:
    from docsign.pdf.reading.view import View

_DRAWN = frozenset({"Contents", "MediaBox"})
INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")  # 7.7.3.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page. ``inherited`` holds the attributes of table 31 that may come from above, unresolved.

    ``holders`` says in which dictionary each of them stands; ``reference`` is None for a page that is no
    indirect object. ``number`` counts from 1.
    """

    number: int
    dictionary: Dictionary = field(repr=False)
    reference: Reference | None
    inherited: dict[str, Value] = field(repr=False)
    holders: dict[str, Dictionary] = field(repr=False)


def read_pages(view: View) -> Iterator[Page]:
    """Yield the pages in order; a node met twice, or that is none, is a remark and is passed over."""
    catalog = view.catalog
    root = view.dictionary(catalog, "Pages")
    if catalog is None or root is None:
        _remark(view, "page-tree", "trailer /Root", catalog)
        return
    limit = view.store.work.budget.pages
    seen: set[int] = set()
    count = visited = 0
    # still to be visited, the next one last: node as it stands, resolved, what it inherits, its parent so too
    waiting: list[tuple[Value, Dictionary, dict[str, Dictionary], Value, Dictionary | None]] = [
        (catalog.get("Pages"), root, {}, None, None)
    ]
    while waiting:
        raw, node, above, raw_parent, parent = waiting.pop()
        visited += 1
        view.store.work.spend_looks(1)
        if visited > limit:
            raise exceeded(say("pages"), limit, "page tree")
        if id(node) in seen:
            view.store.remarks.add(
                "page-loop",
                say("The page tree leads to one node twice."),
                where=node.home.where,
                offset=node.start if node.home.packed_in is None else None,
                revision=node.home.revision,
            )
            continue
        seen.add(id(node))
        entries = node.entries
        if entries.get("Parent") != raw_parent:  # else it leads to the parent, as the parent was read so
            _check_parent(view, node, parent)
        holders = {**above, **{key: node for key in INHERITED if entries.get(key) is not None}}
        kind = entries.get("Type")
        if kind == "Pages" or (kind is None and "Kids" in entries):
            kids = list(view.dictionaries(node, "Kids"))
            waiting += ((item, kid, holders, raw, node) for item, kid in reversed(kids))
        elif kind == "Page" or ("Kids" not in entries and (kind is None or entries.keys() & _DRAWN)):
            if kind not in ("Page", None):
                _remark(view, "page-tree", node.home.where, node, Severity.WARNING)
            count += 1
            yield Page(
                number=count,
                dictionary=node,
                reference=raw if isinstance(raw, Reference) else None,
                inherited={key: holder.get(key) for key, holder in holders.items()},
                holders=holders,
            )
        else:
            _remark(view, "page-tree", node.home.where, node)
    declared = view.integer(root, "Count")
    if declared != count:
        view.store.remarks.add(
            "page-count",
            say("The page tree says {declared} pages and holds {count}.", declared=declared, count=count),
            severity=Severity.WARNING,
            where=f"{root.home.where} /Count",
            offset=root.start if root.home.packed_in is None else None,
            revision=root.home.revision,
        )


def _check_parent(view: View, node: Dictionary, parent: Dictionary | None) -> None:
    """Notice a node whose /Parent is another than the one that lists it: readers may inherit differently."""
    if parent is not None and view.get(node, "Parent") is not parent:
        view.store.remarks.add(
            "page-parent",
            say("A node of the page tree names another parent than the one that lists it."),
            severity=Severity.WARNING,
            where=f"{node.home.where} /Parent",
            offset=node.start if node.home.packed_in is None else None,
            revision=node.home.revision,
        )


def _remark(
    view: View, code: str, where: str, node: Dictionary | None, severity: Severity = Severity.ERROR
) -> None:
    view.store.remarks.add(
        code,
        say("The page tree is missing or malformed."),
        severity=severity,
        where=where,
        offset=node.start if node is not None and node.home.packed_in is None else None,
        revision=view.index,
    )
