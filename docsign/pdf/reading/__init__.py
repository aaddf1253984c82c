"""The one strict reader of PDFs: bytes in; values, revisions and remarks out.

    read_pdf(bytes) ──► Pdf ──► revisions, spans, remarks
                         └────► view(i) ──► catalog, pages, typed access

tokens (``parsing``, ``indirect``, ``packed``) → cross-reference sections (``sections``) → revisions
(``revisions``, ``history``) → every byte (``accounting``) → objects on need (``store``) → a document as of a
revision (``view``, ``pages``).
"""

from docsign.pdf.reading.accounting import Span, SpanKind
from docsign.pdf.reading.budget import Budget, Work
from docsign.pdf.reading.document import Difference, Pdf, read_pdf
from docsign.pdf.reading.filters import Decoded
from docsign.pdf.reading.pages import Page
from docsign.pdf.reading.remarks import Remark
from docsign.pdf.reading.revisions import Revision
from docsign.pdf.reading.sections import Section
from docsign.pdf.reading.values import (
    Array,
    Dictionary,
    Holder,
    IndirectObject,
    Name,
    Reference,
    Stream,
    Text,
    Value,
    children,
    references,
    same_value,
)
from docsign.pdf.reading.view import View, place_of

__all__ = [
    "Array",
    "Budget",
    "Decoded",
    "Dictionary",
    "Difference",
    "Holder",
    "IndirectObject",
    "Name",
    "Page",
    "Pdf",
    "Reference",
    "Remark",
    "Revision",
    "Section",
    "Span",
    "SpanKind",
    "Stream",
    "Text",
    "Value",
    "View",
    "Work",
    "children",
    "place_of",
    "read_pdf",
    "references",
    "same_value",
]
