"""Which parts a kind of document needs and which it cannot have (ND 30/2020 Art. 8, PL I, PL III)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docsign.envelope.header import Priority
from docsign.errors import DocumentError
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.document.model import OfficialDocument

URGENCIES = (Priority.NORMAL, Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS)
CIRCULATION = ("XEM XONG TRẢ LẠI", "LƯU HÀNH NỘI BỘ")
"""The marks of restricted circulation (ND 30/2020 PL I III.2.c)."""
CO_LIMIT = 8
"""The most further issuers, or further signers, of one document."""
FILED = "Lưu: VT"  # ND 30/2020 PL I, box 9b: the copy that stays with the clerk


def require_form(document: OfficialDocument) -> None:
    """Raise DocumentError unless the parts are there that this kind needs, and none that it has not."""
    if document.urgency not in URGENCIES:
        raise DocumentError(say("A document is marked Khẩn, Thượng khẩn or Hỏa tốc."), where="urgency")
    if document.circulation and document.circulation not in CIRCULATION:
        raise DocumentError(
            say("Circulation is restricted with one of: {marks}.", marks=", ".join(CIRCULATION)),
            where="circulation",
        )
    if not document.recipients or not document.recipients[-1].startswith(FILED):  # ND 30/2020 PL I, box 9b
        raise DocumentError(
            say("The last line of “Nơi nhận” begins with “{start}”.", start=FILED), where="recipients"
        )
    _require_addressees(document)
    _require_bases(document)
    _require_signers(document)
    _require_type_name(document)


def _require_addressees(document: OfficialDocument) -> None:
    kind = document.kind
    if kind.addressees == "needed" and not document.to:
        raise DocumentError(
            say("A letter names its addressees (Kính gửi).")
            if kind.form == "letter"
            else say("This kind of document names its addressees."),
            where="to",
        )
    if kind.addressees == "never" and document.to:
        raise DocumentError(say("This kind of document has no addressees (Kính gửi)."), where="to")


def _require_bases(document: OfficialDocument) -> None:
    kind = document.kind
    without = (
        say("A letter has no legal bases and no enacting line.")
        if kind.form == "letter"
        else say("This kind of document has no such part.")
    )
    if kind.bases == "never" and document.bases:
        raise DocumentError(without, where="bases")
    if kind.form not in ("decision", "telegram") and document.decided_by:
        raise DocumentError(without, where="decided_by")
    if kind.bases == "needed" and not document.bases:
        raise DocumentError(say("A decision names its legal bases (Căn cứ)."), where="bases")


def _require_signers(document: OfficialDocument) -> None:
    for name, listed in (("co_issuers", document.co_issuers), ("co_signers", document.co_signers)):
        if len(listed) > CO_LIMIT:
            raise DocumentError(
                say("Too many entries: {count}, {limit} at most.", count=len(listed), limit=CO_LIMIT),
                where=name,
            )
    if len(document.co_issuers) > len(document.co_signers):
        raise DocumentError(say("Each agency that issues a joint document signs it."), where="co_signers")
    if document.kind.form == "minutes" and not document.co_signers:  # ND 30/2020 PL III, model 1.9
        raise DocumentError(say("Minutes are signed by the chair and the secretary."), where="co_signers")
    if document.council:
        # ND 30/2020 PL I II.2, II.7.c: whose seal the council uses, and what its signer is there
        if not document.issuer.superior:
            raise DocumentError(
                say("A council that uses an agency's seal names that agency above itself."),
                where="issuer.superior",
            )
        if not document.signer.second_position:
            raise DocumentError(
                say("Who signs for a council also names the position held in the agency."),
                where="signer.second_position",
            )


def _require_type_name(document: OfficialDocument) -> None:
    first = (
        document.kind.vietnamese.split()[0] if not document.kind.abbreviation else document.kind.vietnamese
    )
    if document.type_name and not document.type_name.casefold().startswith(first.casefold()):
        raise DocumentError(
            say("The title of this kind of document begins with “{start}”.", start=first), where="type_name"
        )
