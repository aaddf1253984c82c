"""The kinds of official documents (ND 30/2020 Art. 7, PL III): a table, and how to find a row in it.

A further kind is a further row, as long as its pages have one of the two forms known here.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from docsign.errors import DocumentError
from docsign.sentence import say

Form = Literal["letter", "decision"]
"""How the pages are arranged: a letter without a title, or a decision with title, bases and articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind: its names, its abbreviation in notations, its number in edXML, the form of its pages.

    ``key`` is the ASCII name for programs. ``edxml_type`` is the code of QCVN 102 Amendment 1:2022, group B.
    """

    key: str
    vietnamese: str
    english: str
    abbreviation: str
    edxml_type: int
    form: Form


KINDS: tuple[Kind, ...] = (
    Kind(
        key="cong-van",
        vietnamese="Công văn",
        english="official letter",
        abbreviation="",
        edxml_type=18,
        form="letter",
    ),
    Kind(
        key="quyet-dinh",
        vietnamese="Quyết định",
        english="decision",
        abbreviation="QĐ",
        edxml_type=2,
        form="decision",
    ),
)


def kind_named(name: str) -> Kind:
    """Find a kind by its key, Vietnamese or English name, in any case; raises DocumentError for another."""
    wanted = unicodedata.normalize("NFC", name).casefold().strip()
    for kind in KINDS:
        if wanted in (kind.key, kind.vietnamese.casefold(), kind.english):
            return kind
    known = ", ".join(kind.vietnamese for kind in KINDS)
    raise DocumentError(
        say("No such kind of document: {name}. Known are: {known}.", name=name, known=known), where="kind"
    )
