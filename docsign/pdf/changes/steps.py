"""Compares each revision with the one before it, once, whatever the number of signatures.

What compares is loaded with the first step: a file that was signed once and never added to has none.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from docsign.pdf.changes.graph import Graph
from docsign.pdf.changes.marks import Needs, Step
from docsign.pdf.reading import Pdf, Stream
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import ChangeKind

if TYPE_CHECKING:
    from docsign.pdf.changes.pages import PageList


@dataclass(slots=True)
class Steps:
    """The steps of one file, read in order and kept."""

    pdf: Pdf
    graph: Graph
    known: list[Step] = field(default_factory=list)
    pages: dict[int, PageList] = field(default_factory=dict)

    def after(self, revision: int) -> list[Step]:
        """Return what the revisions after this one did."""
        total = len(self.pdf.revisions)
        missing = range(revision + 1, total - len(self.known))
        self.known[:0] = [self._step(number) for number in missing]
        return self.known[len(self.known) - (total - 1 - revision) :]

    def _pages_of(self, revision: int) -> PageList:
        from docsign.pdf.changes.pages import page_lists

        if revision not in self.pages:
            self.pages[revision] = page_lists(self.pdf, revision, None, frozenset())
        return self.pages[revision]

    def _step(self, revision: int) -> Step:
        from docsign.pdf.changes.comparison import Comparison
        from docsign.pdf.changes.document import compare_document
        from docsign.pdf.changes.pages import page_lists

        self.pdf.store.work.spend_looks(20)  # what a step costs that changes next to nothing
        found = Comparison.of(self.graph, revision)
        before = self._pages_of(revision - 1)
        after = self.pages.get(revision)
        if after is None:
            after = self.pages[revision] = page_lists(self.pdf, revision, before, found.changed)
        compare_document(found, before, after)
        left = found.unexplained()
        if left:
            from docsign.pdf.changes.leftovers import harmless

            left = sorted(set(left) - harmless(self.pdf, left, revision))
        pictures = [number for number in left if self._is_new_picture(number, revision)]
        if len(pictures) <= found.left_pictures:
            left = [number for number in left if number not in pictures]
        if left:
            used = self.graph.used(revision - 1) if any(self._is_gone(n, revision) for n in left) else set()
            left = [number for number in left if not (self._is_gone(number, revision) and number not in used)]
        if left:
            names = ", ".join(str(number) for number in left[:5]) + (" …" if len(left) > 5 else "")
            found.mark(
                ChangeKind.UNKNOWN,
                say(
                    "Objects were changed or added that no visible change explains ({numbers}).",
                    numbers=names,
                ),
                Needs.MORE,
            )
        return Step(revision=revision, marks=tuple(found.marks))

    def _is_new_picture(self, number: int, revision: int) -> bool:
        """Say whether an object is a new form that nothing uses (iText, where a field's /AP is indirect)."""
        found = self.pdf.object(number, revision)
        return (
            found is not None
            and self.pdf.object(number, revision - 1) is None
            and isinstance(found.value, Stream)
            and found.value.get("Subtype") == "Form"
            and not self.graph.users([number], revision) - {number}
        )

    def _is_gone(self, number: int, revision: int) -> bool:
        return self.pdf.object(number, revision) is None
