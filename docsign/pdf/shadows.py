"""Warns of what a signed file holds ready for a swap after signing (facts: shadow attacks), not yet swapped.

None of this fails: honest writers leave objects behind. After a swap ``changes`` fails the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from docsign.ades.problems import warning
from docsign.pdf.changes.graph import Graph, below
from docsign.pdf.overlays import covered_pages
from docsign.pdf.placing import Case, Placed
from docsign.pdf.reading import Dictionary, Stream, Value
from docsign.sentence import say
from docsign.verdict import Finding

SHOWN = frozenset({"Page", "Pages", "Catalog", "XObject", "Font", "FontDescriptor", "Annot"})
"""Types of objects that could be swapped for something that is seen."""


def shadow_warnings(case: Case, graph: Graph, placed: Sequence[Placed]) -> list[Finding]:
    """Return a warning for each kind of thing that the first signed revision holds ready for a swap."""
    revisions = [one.revision for one in placed if one.revision >= 0]
    if not revisions:
        return []
    first = min(revisions)
    return [
        *_unused_objects(case, graph, first),
        *_doubled_fonts(case, graph, first),
        *_overlays(case, first),
    ]


def _overlays(case: Case, first: int) -> list[Finding]:
    pages = covered_pages(case.pdf.view(first))
    if not pages:
        return []
    return [
        warning(
            "overlay",
            say(
                "When it was signed, something covered text on page {pages}: look whether it belongs there.",
                pages=_listed(pages),
            ),
        )
    ]


def _doubled_fonts(case: Case, graph: Graph, first: int) -> list[Finding]:
    """Two fonts of one name with two programs: one could be put in place of the other."""
    view = case.pdf.view(first)
    programs: dict[str, set[tuple[int, int]]] = {}
    for number, revision in graph.fonts:
        held = _value(case, number, first) if revision <= first else None
        for key in ("FontFile", "FontFile2", "FontFile3"):
            program = view.get(held, key)
            if isinstance(program, Stream):
                known = programs.setdefault(str(view.get(held, "FontName")), set())
                known.add((len(program.raw), zlib.crc32(program.raw)))
    doubled = sorted(name for name, known in programs.items() if len(known) > 1)
    if not doubled:
        return []
    return [
        warning(
            "fonts-doubled",
            say(
                "When it was signed, the file held two different fonts of one name ({names}).",
                names=_listed(doubled),
            ),
        )
    ]


def _unused_objects(case: Case, graph: Graph, first: int) -> list[Finding]:
    """Objects that could be shown, and that nothing used."""
    structure: set[int] = set()
    for index in range(first + 1):
        structure |= graph.file_structure(index)
    named = {one.number for index in range(first + 1) for one in below(case.pdf.view(index).trailer)}
    # what any revision used is no preparation
    candidates = case.pdf.store.history.versions.keys() - graph.above.keys() - named - structure
    unused = [number for number in candidates if _could_be_shown(_value(case, number, first))]
    if unused:
        used = graph.used(first)
        unused = sorted(number for number in unused if number not in used)
    if not unused:
        return []
    return [
        warning(
            "unused-objects",
            say(
                "When it was signed, the file held pages, pictures or fonts that nothing used ({numbers}).",
                numbers=_listed(unused),
            ),
        )
    ]


def _listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items[:5]) + (" …" if len(items) > 5 else "")


def _value(case: Case, number: int, revision: int) -> Value:
    found = case.pdf.object(number, revision)
    return None if found is None else found.value


def _could_be_shown(value: Value) -> bool:
    holder = value.dictionary if isinstance(value, Stream) else value
    if not isinstance(holder, Dictionary):
        return False
    kind = holder.get("Type")
    if isinstance(value, Stream):
        return kind not in ("XRef", "ObjStm", "Metadata", "EmbeddedFile")
    return kind in SHOWN or "BaseFont" in holder
