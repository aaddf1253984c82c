"""One revision appended to a PDF: the bytes before it are spliced, never written anew.

pyHanko's incremental writer carries this; what it would add of its own (a clock in the metadata, random file
identifiers, a raised version) is taken out, so that the same input gives the same bytes. Nothing here knows
what the revision is for.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError as PyhankoPdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from docsign.errors import PdfError
from docsign.sentence import Sentence, say

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_WINDOW = 1024
"""Readers look for %PDF- in the first 1024 bytes (ISO 32000-1 annex H, note 13)."""
END_WINDOW = 4096
"""How far from the end %%EOF may stand before we call the file truncated, in bytes."""


class Revision(IncrementalPdfFileWriter):
    """The objects to append; ``appended()`` answers the whole file with them."""

    # the version of the input stays: every key we write is known to PDF 1.4 or ignored by older readers
    output_version = (1, 3)

    def _update_meta(self) -> None:
        """Leave the document's metadata as it is: it is not ours, and PDF/A wants both forms equal."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        """Keep the first identifier and derive the second from the input (ISO 32000-1 14.4)."""
        prev.stream.seek(0)
        changing = generic.ByteStringObject(hashlib.sha256(prev.stream.read()).digest()[:16])
        try:
            first = prev.trailer["/ID"][0]
            permanent = generic.ByteStringObject(getattr(first, "original_bytes", first))
        except (KeyError, IndexError, TypeError):
            permanent = changing
        return generic.ArrayObject([permanent, changing])

    def appended(self) -> bytes:
        """Return the input followed by this revision."""
        output = BytesIO()
        writer: Any = self
        writer.write(output)
        return output.getvalue()

    def page(self, number: int) -> generic.IndirectObject:
        """Return the page of this number, from 1; its dictionary may then be changed."""
        writer: Any = self
        found: generic.IndirectObject = writer.find_page_for_modification(number - 1)[0]
        return found

    def annotate(self, page: generic.IndirectObject, annotation: generic.IndirectObject) -> None:
        """Append ``annotation`` to the page's list."""
        writer: Any = self
        writer.register_annotation(page, annotation)

    def touch_root(self) -> None:
        """Write the catalogue anew in this revision."""
        self.mark_update(self.root_ref)


def open_revision(pdf: bytes, *, password: str | None = None) -> Revision:
    """Open ``pdf`` for one more revision.

    Raises PdfError for what is not a PDF, is truncated or damaged, or is encrypted and not opened by
    ``password``.
    """
    require_whole(pdf)
    try:
        try:
            revision = Revision(BytesIO(pdf))
        except PyhankoPdfError:
            # hybrid-reference files of Word are refused by the strict reader
            revision = Revision(BytesIO(pdf), strict=False)
        if revision.prev.encrypted:
            _unlock(revision, password)
        # touch what every revision needs, so that damage is found here and not half-way
        revision.root["/Pages"]["/Count"]
    except PdfError:
        raise
    except Exception as error:  # the reader raises many bare exceptions on odd bytes
        raise damaged(error) from error
    return revision


def require_whole(pdf: bytes) -> None:
    """Raise PdfError where the file is not a PDF or its end is missing."""
    if b"%PDF-" not in pdf[:HEADER_WINDOW]:
        raise PdfError(say("This is not a PDF file."))
    if b"%%EOF" not in pdf[-END_WINDOW:]:
        raise PdfError(
            say("The PDF is truncated: its end is missing."),
            hint=say("Fetch or export the file again."),
        )


def damaged(error: Exception) -> PdfError:
    """Translate whatever the reader raised."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return PdfError(say("The PDF is damaged ({reason}).", reason=reason.rstrip(".")))


def _unlock(revision: Revision, password: str | None) -> None:
    sentence: Sentence = (
        say("The PDF is encrypted; its password is needed to sign it.")
        if password is None
        else say("The password does not open this PDF.")
    )
    try:
        writer: Any = revision
        answer = writer.encrypt(password or "")
    except Exception as error:
        raise PdfError(sentence) from error
    if answer.status.name == "FAILED":
        raise PdfError(sentence)


def resolved(container: Any, key: str, default: Any = None) -> Any:
    """Return a dictionary's value with its reference followed, or ``default`` where there is none."""
    return container[key] if key in container else default  # noqa: SIM401 -- get() would not follow it


def widgets(field: Any) -> Iterator[Any]:
    """Yield the widget annotations of a field: itself where merged, else its kids without a name."""
    if "/Rect" in field:
        yield field
    for kid in resolved(field, "/Kids", ()):
        kid = kid.get_object()
        if "/T" not in kid:
            yield kid
