"""Warns of what a signed file holds ready for a swap after signing (facts: shadow attacks), not yet swapped.

None of this fails: honest writers leave objects behind. After a swap ``changes`` fails the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from docsign.ades.signer import warning
from docsign.pdf.changes.graph import Graph, below
from docsign.pdf.placing import Case, Placed
from docsign.pdf.reading import Dictionary, Stream, Value
from docsign.sentence import say
from docsign.verdict import Finding

SHOWN = frozenset({"Page", "Pages", "Catalog", "XObject", "Font", "FontDescriptor", "Annot"})
"""Types of objects that could be swapped for something that is seen."""


def shadow_warnings(case: Case, graph: Graph, placed: Sequence[Placed]) -> list[Finding]:
    """Return a warning where the first signed revision holds objects ready that nothing uses."""
    revisions = [one.revision for one in placed if one.revision >= 0]
    if not revisions:
        return []
    first = min(revisions)
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
    names = ", ".join(str(number) for number in unused[:5]) + (" …" if len(unused) > 5 else "")
    return [
        warning(
            "unused-objects",
            say(
                "When it was signed, the file held pages, pictures or fonts that nothing used ({numbers}).",
                numbers=names,
            ),
        )
    ]


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
