"""Puts each signature of a PDF in its place: its bytes, its revision, its own object.

The first two checks of ``docsign.pdf.judge`` stand here; nothing of the CMS is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docsign.ades.cades import ValidationData
from docsign.ades.signer import Problem, failed
from docsign.errors import PdfError
from docsign.pdf.accounting import revision_ending_at
from docsign.pdf.changes import Step, read_step
from docsign.pdf.objects import is_same, object_in
from docsign.pdf.ranges import WHITE, SignedRange, read_range
from docsign.pdf.revision import damaged
from docsign.pdf.signatures import DOCUMENT_TIMESTAMP, FoundSignature
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import Coverage, SubIndication

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

MOST_REVISIONS = 400


@dataclass(slots=True, kw_only=True)
class Case:
    """One PDF under judgement, with what its signatures share."""

    data: bytes
    reader: PdfFileReader
    trust: Trust
    at: datetime
    beside: ValidationData
    fields: dict[str, Any]
    steps: dict[int, Step | PdfError] = field(default_factory=dict)
    accounted: set[tuple[int, int]] = field(default_factory=set)

    def later_steps(self, revision: int) -> list[Step]:
        """Return what the revisions after ``revision`` did; raises PdfError where one cannot be compared."""
        handler: Any = self.reader
        total = int(handler.xrefs.total_revisions)
        if total > MOST_REVISIONS:
            raise PdfError(say("The PDF has too many revisions (more than {limit}).", limit=MOST_REVISIONS))
        return [self._step(number) for number in range(revision + 1, total)]

    def _step(self, number: int) -> Step:
        known = self.steps.get(number)
        if known is None:
            try:
                known = read_step(self.reader, number)
            except PdfError as error:
                known = error
            except Exception as error:  # noqa: BLE001 -- pyHanko raises anything on odd revisions
                known = damaged(error)
            self.steps[number] = known
        if isinstance(known, PdfError):
            raise known
        return known


@dataclass(slots=True, kw_only=True)
class Placed:
    """A signature with its bytes: what the first two checks found."""

    found: FoundSignature
    number: int = 0
    range: SignedRange | None = None
    revision: int = -1
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a document time-stamp: by its sub-filter, with or without a /Type."""
        return self.found.subfilter == DOCUMENT_TIMESTAMP

    @property
    def coverage(self) -> Coverage:
        """How much of the file it covers."""
        if self.range is None or self.problems:
            return "partial"
        return "whole" if self.range.covers_the_file else "revision"


def place(case: Case, found: FoundSignature) -> Placed:
    """Run checks 1 and 2; what they find stands in ``problems``."""
    placed = Placed(found=found)
    try:
        if not isinstance(found.dictionary, dict):
            raise PdfError(say("The signature field does not hold a signature."))
        placed.range = read_range(found.byte_range, case.data)
        placed.revision = revision_ending_at(case.reader, case.data, placed.range.end)
        _require_ownplace(case, placed.range, found, placed.revision)
    except PdfError as error:
        placed.problems.append(failed(SubIndication.FORMAT_FAILURE, "signature-form", error.sentence))
    except Exception as error:  # noqa: BLE001 -- pyHanko raises anything on odd objects
        placed.problems.append(
            failed(SubIndication.FORMAT_FAILURE, "signature-form", damaged(error).sentence)
        )
    return placed


def _require_ownplace(case: Case, signed: SignedRange, found: FoundSignature, revision: int) -> None:
    """Raise PdfError unless the gap lies in this very dictionary, once, and it is what it was when signed."""
    if found.reference is None:
        raise PdfError(say("The signature is not an object of its own."))
    from pyhanko.pdf_utils import generic

    handler: Any = case.reader
    reference = generic.Reference(*found.reference, case.reader)
    offset = handler.xrefs.get_historical_ref(reference, revision)
    end = case.data.find(b"endobj", signed.gap_end)
    if not isinstance(offset, int) or not 0 <= offset < signed.gap_start or end < 0:
        raise PdfError(say("The signed bytes do not hold this signature's own object."))
    before, after = case.data[offset : signed.gap_start], case.data[signed.gap_end : end]
    if b"endobj" in before or not before.rstrip(WHITE).endswith(b"/Contents"):
        raise PdfError(say("The gap in the signed bytes belongs to another object than the signature."))
    for key in (b"/ByteRange", b"/Contents"):
        if before.count(key) + after.count(key) != 1:
            raise PdfError(say("The signature says {key} twice.", key=key.decode("ascii")))
    then = object_in(handler.get_historical_resolver(revision), reference)
    now = object_in(handler.get_historical_resolver(int(handler.xrefs.total_revisions) - 1), reference)
    if not is_same(then, now):
        raise PdfError(say("The signature's own entries (reason, time, name) were changed after signing."))
