"""What an official document is: its kinds, its values, its form (Decree 30/2020), its layout to PDF."""

from docsign.document.blocks import Block, Run, Table
from docsign.document.kinds import COPIES, KINDS, CopyKind, Kind, copy_named, kind_named
from docsign.document.model import OfficialDocument
from docsign.document.number import printed_date, printed_number, require_notation
from docsign.document.parts import Addressee, Appendix, Signatory

__all__ = [
    "COPIES",
    "KINDS",
    "Addressee",
    "Appendix",
    "Block",
    "CopyKind",
    "Kind",
    "OfficialDocument",
    "Run",
    "Signatory",
    "Table",
    "copy_named",
    "kind_named",
    "printed_date",
    "printed_number",
    "require_notation",
]
