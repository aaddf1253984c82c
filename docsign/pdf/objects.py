"""Walks pyHanko's objects within budgets: pages, what lies below an object, one object in two revisions.

Nothing is judged here; whatever a broken file makes pyHanko raise passes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_PAGES = 5_000
MOST_REACHED = 2_000

Name = tuple[int, int]
"""Number and generation of an object."""


def inherited(entry: Any, key: str) -> Any:
    """Return a field's or page's attribute, its own or a parent's (ISO 32000-2 12.7.4.1), or None."""
    for _ in range(64):
        if key in entry:
            return entry[key]
        if "/Parent" not in entry:
            return None
        entry = entry["/Parent"]
    return None


def pages(root: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (reference, dictionary) of the pages in their order, at most MOST_PAGES."""
    waiting = [raw(root, "/Pages")]
    seen: set[Name] = set()
    while waiting and len(seen) < MOST_PAGES:
        reference = waiting.pop()
        if not hasattr(reference, "idnum") or (reference.idnum, reference.generation) in seen:
            continue
        seen.add((reference.idnum, reference.generation))
        node = reference.get_object()
        if "/Kids" in node:
            waiting.extend(reversed(list(node["/Kids"])[:MOST_PAGES]))
        else:
            yield reference, node


def page_numbers(root: Any) -> dict[Name, int]:
    """Return the number of each page, from 1."""
    return {(ref.idnum, ref.generation): number for number, (ref, _) in enumerate(pages(root), 1)}


def page_of(entry: Any, numbers: dict[Name, int]) -> int | None:
    """Return the page a field's first widget lies on, where it says so."""
    for widget in (entry, *(resolved(kid) for kid in list(value(entry, "/Kids") or ())[:8])):
        page = raw(widget, "/P")
        if hasattr(page, "idnum"):
            return numbers.get((page.idnum, page.generation))
    return None


def content_references(page: Any) -> list[Any]:
    """Return the references of a page's content streams."""
    contents = raw(page, "/Contents")
    if contents is None:
        return []
    content = resolved(contents)
    return [item for item in content if hasattr(item, "idnum")] if isinstance(content, list) else [contents]


def annotation_references(page: Any) -> list[Any]:
    """Return the references of a page's annotations."""
    return [item for item in value(page, "/Annots") or () if hasattr(item, "idnum")]


def reached(start: Any) -> Iterator[Any]:
    """Yield the references below ``start``, at most MOST_REACHED, without going to parents or pages."""
    waiting: list[Any] = [start]
    seen: set[Name] = set()
    while waiting and len(seen) < MOST_REACHED:
        item = waiting.pop()
        if hasattr(item, "idnum"):
            name = (item.idnum, item.generation)
            if name in seen:
                continue
            seen.add(name)
            yield item
            item = item.get_object()
        if isinstance(item, dict):
            waiting.extend(
                raw(item, key) for key in item if key not in ("/Parent", "/P", "/StructParent", "/Page")
            )
        elif isinstance(item, list):
            waiting.extend(item)


def raw(dictionary: Any, key: str) -> Any:
    """Return a value as it stands, a reference unresolved; None where there is none."""
    return dictionary.raw_get(key) if key in dictionary else None


def value(dictionary: Any, key: str) -> Any:
    """Return a value, references resolved; None where there is none or null."""
    found = resolved(raw(dictionary, key))
    return None if type(found).__name__ == "NullObject" else found


def resolved(item: Any) -> Any:
    """Return what a reference points at, or the item itself."""
    return item.get_object() if hasattr(item, "idnum") else item


def object_in(resolver: Any, reference: Any) -> Any:
    """Return the object behind a reference as one revision has it, None where it has none."""
    from pyhanko.pdf_utils import generic

    try:
        return resolver.get_object(generic.Reference(reference.idnum, reference.generation, resolver))
    except Exception:  # noqa: BLE001 -- not there, or not readable: the other revision's is compared with None
        return None


def is_same(one: Any, other: Any) -> bool:
    """Compare two objects: dictionaries, and streams by their bytes too."""
    if hasattr(one, "encoded_data") != hasattr(other, "encoded_data"):
        return False
    if hasattr(one, "encoded_data") and one.encoded_data != other.encoded_data:
        return False
    return bool(one == other)
