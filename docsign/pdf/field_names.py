"""What the fields of our own documents are called (ND 30/2020 PL I, boxes 3, 4, 7c, 8)."""

from __future__ import annotations

from typing import Final

PERSON_SIGNATURE: Final = "PersonSignature"
AGENCY_SIGNATURE: Final = "AgencySignature"
DOCUMENT_NUMBER: Final = "DocumentNumber"
DOCUMENT_DATE: Final = "DocumentDate"
