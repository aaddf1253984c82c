"""All tricks and all legal changes: importing the modules fills the tables."""

from __future__ import annotations

from tests.pdf.attacks import (
    aliases,
    cms_forms,
    documents,
    hung_fields,
    incremental,
    indirection,
    later_signatures,
    legal,
    loops,
    prepared,
    rights,
    shown_values,
    universal,
    views,
    wrapping,
    xfa,
)
from tests.pdf.attacks.table import ATTACKS, LEGAL, Case

MODULES = (
    universal, incremental, wrapping, prepared, documents, indirection, later_signatures, aliases, views,
    loops, cms_forms, legal, rights, shown_values, xfa,
    hung_fields,
)  # fmt: skip


def attacks() -> list[Case]:
    """Return every trick on every file it is played on."""
    return ATTACKS.cases


def legal_changes() -> list[Case]:
    """Return every change that must pass."""
    return LEGAL.cases
