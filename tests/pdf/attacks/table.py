"""The table that the tricks enter themselves into: on which good files, and what must be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial

from docsign.verdict import ChangeKind, Indication, SubIndication
from tests.pdf.honest.index import signed

Forge = Callable[..., bytes]

# The good files, each a stage of an honest one: classic tables and cross-reference streams, ours and others'.
GOOD: dict[str, tuple[str, int]] = {
    "typst": ("typst-pdfa.docsign.docsign-agency", 1),  # table, signed by docsign
    "pdftex": ("pdftex.docsign.openpdf", 1),  # cross-reference stream, form, signed by docsign
    "openpdf": ("openpdf.openpdf-visible.openpdf", 1),  # table, form, visible signature by OpenPDF
    "pdfbox": ("pdfbox.pdfbox.pdfbox-fill.docsign", 1),  # cross-reference stream, form, signed by PDFBox
    "itext": ("itext5.itext.openpdf-fill.itext-visible", 1),  # table, form, comment, signed by iText
    "word": ("word-hybrid.docsign.pyhanko", 1),  # Word's hybrid form, signed by docsign
    "twice": ("libreoffice-form.docsign.pyhanko", 2),  # form, signed by docsign and by pyHanko
    "nested": ("nested-pages.docsign.pyhanko", 1),  # seven pages in a deep tree, signed by docsign
    "letter": ("docsign-letter.letter-person.letter-agency", 2),  # two visible signatures, number and date
    "p1": ("nested-pages.pyhanko-p1.pyhanko-dss.pyhanko-stamp", 1),  # certified, no changes
    "p2": ("openpdf.pyhanko-p2.itext-fill.docsign", 1),  # certified for filling, form
    "p2-openpdf": ("openpdf.openpdf-p2.pypdf-fill.pyhanko", 1),  # the same by OpenPDF
    "p3": ("itext5.itext-p3.itext-note.docsign", 1),  # certified for notes, form, by iText
    "p3-note": ("itext5.itext-p3.itext-note.docsign", 2),  # the same with a note
    "lock-so": ("itext5.pyhanko-lock-so.itext-fill", 1),  # the field So is closed
    "lock-but-so": ("openpdf.pyhanko-lock-but-so.pdfbox-fill.docsign", 1),  # every field but So is closed
    "archived": ("openpdf.pyhanko-t.pyhanko-dss.pyhanko-stamp", 3),  # DSS and a document time-stamp
}
GENERAL = ("typst", "pdftex", "openpdf", "pdfbox")
"""Table and stream, ours and others': what most tricks are played on."""
FORMS = ("pdftex", "openpdf", "pdfbox")
"""Those of them with a text field So."""


@cache
def good(name: str) -> bytes:
    """Return a good signed file."""
    return signed(*GOOD[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What must be answered: empty means any.

    ``refused`` is the kind of a change that must be named as not allowed, ``listed`` of one that is allowed,
    ``page`` where; ``warns`` asks for a finding that is more than a remark.
    """

    indication: Indication
    subs: frozenset[SubIndication] = frozenset()
    refused: ChangeKind | None = None
    listed: ChangeKind | None = None
    page: int | None = None
    warns: bool = False


def failed(refused: ChangeKind | None = None, page: int | None = None) -> Answer:
    """TOTAL-FAILED / FORMAT_FAILURE."""
    subs = frozenset({SubIndication.FORMAT_FAILURE})
    return Answer(indication=Indication.TOTAL_FAILED, subs=subs, refused=refused, page=page)


FAILED = failed()
BROKEN = Answer(indication=Indication.TOTAL_FAILED)
"""TOTAL-FAILED; whether the form or the digest is what fails first is not asked."""
DOUBTFUL = Answer(
    indication=Indication.INDETERMINATE, subs=frozenset({SubIndication.SIG_CONSTRAINTS_FAILURE})
)
PASSED = Answer(indication=Indication.TOTAL_PASSED)
WARNED = Answer(indication=Indication.TOTAL_PASSED, warns=True)


def passed(listed: ChangeKind, page: int | None = None) -> Answer:
    """TOTAL-PASSED, the change listed."""
    return Answer(indication=Indication.TOTAL_PASSED, listed=listed, page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One trick on one file. ``make()`` returns the forged (or legally changed) bytes."""

    name: str
    trick: str
    row: str
    """The row of the table of attack classes."""
    make: Callable[[], bytes]
    answer: Answer


def _forged(forge: Forge, name: str, values: tuple[object, ...]) -> bytes:
    """Play a trick on a good file."""
    return forge(good(name), *values)


@dataclass(slots=True)
class Table:
    """Tricks in the order in which they are written."""

    cases: list[Case] = field(default_factory=list)

    def enter(
        self,
        row: str,
        answer: Answer,
        *,
        on: Iterable[str] = GENERAL,
        variants: dict[str, tuple[object, ...]] | None = None,
    ) -> Callable[[Forge], Forge]:
        """Enter a trick: a function of a good file's bytes and the variant's values."""

        def register(forge: Forge) -> Forge:
            for variant, values in (variants or {"": ()}).items():
                for name in on:
                    trick = f"{forge.__name__}-{variant}" if variant else forge.__name__
                    self.cases.append(
                        Case(
                            name=f"{trick}@{name}",
                            trick=trick,
                            row=row,
                            make=partial(_forged, forge, name, values),
                            answer=answer,
                        )
                    )
            return forge

        return register

    def enter_made(self, row: str, answer: Answer) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
        """Enter a trick that makes its file itself."""

        def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
            name = getattr(make, "__name__", "")
            self.cases.append(Case(name=name, trick=name, row=row, make=make, answer=answer))
            return make

        return register


ATTACKS, LEGAL = Table(), Table()
