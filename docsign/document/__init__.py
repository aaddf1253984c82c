"""What an official document is: its kinds, its values, its form (Decree 30/2020), its layout to PDF."""

from docsign.document.kinds import KINDS, Kind, kind_named
from docsign.document.model import Addressee, OfficialDocument, Signatory
from docsign.document.number import printed_date, printed_number

__all__ = [
    "KINDS",
    "Addressee",
    "Kind",
    "OfficialDocument",
    "Signatory",
    "kind_named",
    "printed_date",
    "printed_number",
]
