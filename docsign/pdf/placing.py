"""Puts each signature of a PDF in its place: its bytes, its revision, its own object.

The first two checks of ``docsign.pdf.judge`` stand here; nothing of the CMS is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from docsign.ades.cades import ValidationData
from docsign.ades.problems import Problem, failed
from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.changes.steps import Steps
from docsign.pdf.form import Field
from docsign.pdf.ranges import Prefixes, SignedRange, read_range
from docsign.pdf.reading import Array, Dictionary, Pdf, Reference, Stream, Text, Value, View
from docsign.pdf.reading.values import same_value
from docsign.pdf.signatures import DOCUMENT_TIMESTAMP, FoundSignature
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass, replace
from docsign.verdict import Coverage, SubIndication


@dataclass(slots=True, kw_only=True)
class Case:
    """One PDF under judgement, with what its signatures share."""

    pdf: Pdf
    view: View
    """the newest revision"""
    trust: Trust
    at: datetime
    beside: ValidationData
    fields: list[Field]
    steps: Steps
    proved_time: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Placed:
    """A signature with its bytes: what the first two checks found. ``subfilter`` has no slash."""

    found: FoundSignature
    subfilter: str = ""
    number: int = 0
    range: SignedRange | None = None
    revision: int = -1
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a document time-stamp: by its sub-filter, with or without a /Type."""
        return self.subfilter == DOCUMENT_TIMESTAMP

    @property
    def coverage(self) -> Coverage:
        """How much of the file it covers."""
        if self.range is None or self.problems:
            return "partial"
        return "whole" if self.range.covers_the_file else "revision"


def place(case: Case, found: FoundSignature) -> Placed:
    """Run checks 1 and 2; what they find stands in ``problems``."""
    placed = Placed(found=found, subfilter=found.name(case.view, "SubFilter"))
    try:
        if found.dictionary is None:
            raise PdfError(say("The signature field does not hold a signature."))
        listed = case.view.get(found.dictionary, "ByteRange")
        members = [case.view.resolve(one) for one in listed.items[:8]] if isinstance(listed, Array) else []
        placed.range = read_range(members, case.pdf.data)
        placed.revision = revision_closed_by(case.pdf, placed.range.end)
        _require_own_place(case, placed.range, found, placed.revision)
    except PdfBudgetError:
        raise
    except PdfError as error:
        placed.problems.append(
            failed(SubIndication.FORMAT_FAILURE, "signature-form", error.sentence, error.where)
        )
    return placed


def share_prefixes(placed: Sequence[Placed]) -> None:
    """Let all ranges of one file be hashed in one pass: each begins where the file does."""
    ranges = [one.range for one in placed if one.range is not None]
    if len(ranges) > 1:
        shared = Prefixes(ranges[0].data, sorted({one.gap_start for one in ranges}))
        for one in placed:
            if one.range is not None:
                one.range = replace(one.range, prefixes=shared)


def revision_closed_by(pdf: Pdf, end: int) -> int:
    """Return the index of the revision that the first ``end`` bytes close.

    Raises PdfError where they do not end as a revision ends, so that something of it is not covered.
    """
    for revision in reversed(pdf.revisions):
        if revision.eof <= end <= revision.end:
            return revision.index
    raise PdfError(say("The signature does not cover the whole of its own revision."))


def _require_own_place(case: Case, signed: SignedRange, found: FoundSignature, revision: int) -> None:
    """Raise PdfError unless the gap is this dictionary's own /Contents, and all is as it was when signed."""
    now = found.dictionary
    assert now is not None
    then = _as_of(case.pdf.view(revision), now, found.reference)
    if then is None or then.home.packed_in is not None or then.home.source is not case.pdf.data:
        raise PdfError(say("The signed bytes do not hold this signature's own object."))
    contents = then.get("Contents")
    if not isinstance(contents, Text) or (contents.start, contents.end) != signed.contents:
        raise PdfError(say("The gap in the signed bytes belongs to another object than the signature."))
    for _, key in then.home.duplicates:
        raise PdfError(say("The signature says {key} twice.", key=key))
    if then is not now and not same_deeply(case.pdf.view(revision), case.view, then, now):
        raise PdfError(say("The signature's own entries (reason, time, name) were changed after signing."))


def _as_of(view: View, now: Dictionary, reference: Reference | None) -> Dictionary | None:
    """Return a signature dictionary as of an earlier revision; without a reference it stands in its field."""
    if reference is not None:
        found = view.resolve(reference)
    else:
        holder = view.object(now.home.number)
        found = view.get(holder.value, "V") if holder and isinstance(holder.value, Dictionary) else None
    return found if isinstance(found, Dictionary) else None


_ASIDE = frozenset({"Data", "Parent", "P"})
"""Keys that lead out of a signature dictionary into the document."""


def same_deeply(old: View, new: View, before: Value, after: Value) -> bool:
    """Compare two values with everything below them, each in its own revision."""
    waiting = [(before, after)]
    seen: set[tuple[Value, Value]] = set()
    while waiting:
        one, other = waiting.pop()
        new.store.work.spend_looks(1)
        if isinstance(one, Reference) and isinstance(other, Reference):
            if (one, other) in seen:
                continue
            seen.add((one, other))
        one, other = old.resolve(one), new.resolve(other)
        if isinstance(one, Dictionary) and isinstance(other, Dictionary):
            if one.entries.keys() != other.entries.keys():
                return False
            for key, value in one.entries.items():
                if key not in _ASIDE:
                    waiting.append((value, other.entries[key]))
                elif not same_value(value, other.entries[key]):
                    return False
        elif isinstance(one, Array) and isinstance(other, Array):
            if len(one) != len(other):
                return False
            waiting += zip(one.items, other.items, strict=True)
        elif isinstance(one, Array | Dictionary | Stream) or not same_value(one, other):
            return False
    return True
