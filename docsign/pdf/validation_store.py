"""Reads a PDF's store of validation data, and says what each document time-stamp protects of it.

DSS and VRI (EN 319 142-1 5.4.2). What is found are values; whether any of it proves something is judged in
``docsign.ades.long_term``. What cannot be read is left out: a broken store proves nothing and breaks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docsign.ades import signed_data as sd
from docsign.ades.cades_values import validation_values
from docsign.ades.signer import load_certificates
from docsign.ades.stamped import Stamped, name_of, names_of
from docsign.errors import CmsError, PdfBudgetError, PdfError
from docsign.pdf.placing import Case, Placed
from docsign.pdf.reading import Array, Dictionary, Stream, View
from docsign.pki.validation_data import ValidationData

MOST_VALIDATION_DATA = 400
MOST_ENTRIES = 64
"""The most VRI entries looked at."""


def validation_data(view: View) -> ValidationData:
    """Return what the DSS holds, and what only a VRI entry names (EN 319 142-1 5.4.2.2, 5.4.2.3)."""
    store = view.get(view.catalog, "DSS")
    if not isinstance(store, Dictionary):
        return ValidationData()
    holders = [(store, ("Certs", "OCSPs", "CRLs"))]
    entries = view.get(store, "VRI")
    for key in list(entries.entries)[:MOST_ENTRIES] if isinstance(entries, Dictionary) else ():
        entry = view.get(entries, key)
        if isinstance(entry, Dictionary):
            holders.append((entry, ("Cert", "OCSP", "CRL")))
    found: list[list[bytes]] = [[], [], []]
    for holder, keys in holders:
        for listed, key in zip(found, keys, strict=True):
            listed += _streams(view, holder, key, MOST_VALIDATION_DATA - len(listed))
    return ValidationData.of(certificates=load_certificates(found[0]), ocsps=found[1], crls=found[2])


def _streams(view: View, holder: Dictionary, key: str, most: int) -> Iterator[bytes]:
    listed = view.get(holder, key)
    for item in listed.items[: max(most, 0)] if isinstance(listed, Array) else ():
        stream = view.resolve(item)
        if not isinstance(stream, Stream):
            continue
        try:
            yield view.decoded(stream).data
        except PdfBudgetError:
            raise
        except PdfError:
            continue


def document_stamps(case: Case, stamps: Sequence[Placed], signatures: Sequence[Placed]) -> list[Stamped]:
    """Return the document time-stamps as the judgement in time wants them, in the order given.

    Each covers what its byte range does: the store as it then was, earlier signatures with their tokens and
    certificates, earlier document time-stamps (EN 319 102-1 5.6.2.3).
    """
    if not stamps:
        return []
    held = [(one, held_names(one)) for one in (*stamps, *signatures)]
    listed: list[Stamped] = []
    for count, stamp in enumerate(stamps, 1):
        if stamp.range is None:
            continue
        covers: set[bytes] = set()
        if stamp.revision >= 0 and not stamp.problems:
            covers |= names_of(validation_data(case.pdf.view(stamp.revision)))
        for other, names in held:
            if other is not stamp and is_covered(other, stamp):
                covers |= names
        listed.append(
            Stamped(
                id=f"T{count}",
                token=stamp.range.cms,
                kind="document",
                imprint=stamp.range.digest,
                covers=frozenset(covers),
                zero_padding=True,
            )
        )
    return listed


def is_covered(earlier: Placed, later: Placed) -> bool:
    """Whether ``later`` covers all of the bytes that ``earlier`` does, its own signature value too."""
    return (
        later.range is not None
        and earlier.range is not None
        and not later.problems
        and later.range.gap_start >= earlier.range.end
    )


def held_names(placed: Placed) -> frozenset[bytes]:
    """Return the names of what lies in a signature's /Contents: its value, certificates, lists, tokens."""
    if placed.range is None:
        return frozenset()
    names = {name_of(placed.range.cms)}
    try:
        data = sd.read_signed_data(placed.range.cms, zero_padding=True)
    except CmsError:
        return frozenset(names)
    names |= {name_of(one) for one in data.certificates}
    for signer in data.signers:
        names.add(name_of(signer.signature))
        names |= {name_of(value.raw) for attribute in signer.unsigned for value in attribute.values}
        names |= names_of(validation_values(data, signer))
    return frozenset(names)
