"""Revisions appended with pyHanko's writer by the hand of a test: what an attacker or another tool adds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader


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


def open_revision(pdf: bytes) -> Revision:
    """Open ``pdf`` for one more revision."""
    return Revision(BytesIO(pdf), strict=False)


def named_fields(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the full name and dictionary of every terminal form field below pyHanko's catalogue ``root``."""
    waiting = [("", entry) for entry in reversed(list(root["/AcroForm"]["/Fields"]))]
    while waiting:
        prefix, entry = waiting.pop()
        field = entry.get_object()
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        listed = field["/Kids"] if "/Kids" in field else ()  # noqa: SIM401 -- get() would not follow it
        kids = [kid for kid in listed if "/T" in kid.get_object()]
        if kids:
            waiting.extend((name, kid) for kid in reversed(kids))
        else:
            yield name, field
