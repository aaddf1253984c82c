"""Whose turn it is: the rules of an official PDF's two signatures, its number and its date.

Pure rules over what the form says; nothing is read or written here. A document is ours where it holds both
signature fields; any other PDF is signed invisibly and has no number or date to give.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docsign.errors import DocumentError, UsageError
from docsign.pdf.fields import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.sentence import say
from docsign.verdict import SignerRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a signature goes: the field (None: a new invisible one), its texts, whether it is drawn.

    ``corner`` is what stands before the time in the corner of a copy or an appendix; None for any other.
    """

    field_name: str | None
    fill: Mapping[str, str]
    visible: bool
    corner: str | None = None


def is_official(signatures: Mapping[str, bool]) -> bool:
    """Say whether these signature fields are those of a document of ours."""
    return PERSON_SIGNATURE in signatures and AGENCY_SIGNATURE in signatures


def place_for(
    *,
    signatures: Mapping[str, bool],
    texts: Mapping[str, str],
    role: SignerRole,
    number: str | None,
    date: str | None,
    field: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Place:
    """Say where this role signs and what it fills.

    The rules, in the order of their checks:

    1. Number and date are the agency's to give (ND 30/2020 Art. 14, 15; QD 28/2018 Art. 8).
    2. They are given once, together, and only where the document has a place for them.
    3. The agency signs after the competent person (ND 30/2020 Art. 5), who does not sign after it.
    4. Each signs once, in the field of its role; of several persons or agencies, each in the next of theirs.

    A copy or an appendix in a file of its own has the agency's field alone, in the corner of its first page.

    ``signatures``, ``texts`` and ``labels`` are those of ``SignablePdf``; number and date are as they will be
    printed.
    Raises UsageError where something was not said, DocumentError where the document does not allow it.
    """
    given = {
        name: value for name, value in ((DOCUMENT_NUMBER, number), (DOCUMENT_DATE, date)) if value is not None
    }
    ours = is_official(signatures)
    if AGENCY_SIGNATURE in signatures and not ours and field in (None, AGENCY_SIGNATURE):
        label = (labels or {}).get(AGENCY_SIGNATURE, "")
        return _in_the_corner(signatures[AGENCY_SIGNATURE], label, role, number, date)
    if role == "person" and given:
        raise UsageError(say("Number and date are given by the agency, not by the person who signs."))
    for name, value in given.items():
        if name not in texts:
            raise UsageError(
                say("The document has no empty place for the number or date “{text}”.", text=value)
            )
        if texts[name]:
            raise DocumentError(
                say("The number or date was already given (“{text}”); it is given once.", text=texts[name])
            )
    persons, agencies = _fields_of(signatures, PERSON_SIGNATURE), _fields_of(signatures, AGENCY_SIGNATURE)
    if not ours or (field is not None and field not in (*persons, *agencies)):
        return Place(field_name=field, fill=given, visible=False)
    own = _own_field(signatures, persons if role == "person" else agencies, field)
    if signatures[own]:
        raise DocumentError(
            say("The competent person has already signed this document.")
            if role == "person"
            else say("The agency has already signed this document.")
        )
    if role == "person" and any(signatures[name] for name in agencies):
        raise DocumentError(say("The agency has signed; the competent person signs before it."))
    if role == "agency" and not all(signatures[name] for name in persons):
        raise DocumentError(
            say("The competent person has not signed yet; the agency signs after that."),
            hint=say("Sign with --as person first."),
        )
    if role == "agency":
        missing = [
            name for name in (DOCUMENT_NUMBER, DOCUMENT_DATE) if texts.get(name) == "" and name not in given
        ]
        if missing:
            raise UsageError(
                say("The document waits for its number and date; the agency gives them when it signs."),
                hint=say("Give --number and --date."),
            )
    return Place(field_name=own, fill=given, visible=True)


def require_further_place(signatures: Mapping[str, bool], role: SignerRole) -> None:
    """Raise DocumentError unless a document may be signed by this role elsewhere than in a field of ours.

    A document of ours is signed in its own fields first; then other agencies may add theirs (ND 30/2020
    Art. 22: the receiver's note), and no person any more.
    """
    if AGENCY_SIGNATURE not in signatures:
        return
    own = _fields_of(signatures, PERSON_SIGNATURE if role == "person" else AGENCY_SIGNATURE)
    if any(not signatures[name] for name in own):
        raise DocumentError(
            say("The document has a place of its own for this signature."), hint=say("Leave --place out.")
        )
    if role == "person":
        raise DocumentError(say("The agency has signed; the competent person signs before it."))


def _in_the_corner(signed: bool, label: str, role: SignerRole, number: str | None, date: str | None) -> Place:
    """Say how a copy or an appendix is signed (ND 30/2020 PL I II.8.b, part II I.3.c)."""
    if role == "person":
        raise DocumentError(say("A copy or an appendix bears the agency's signature alone."))
    if signed:
        raise DocumentError(say("The agency has already signed this document."))
    is_appendix = label.startswith("/")
    surplus = date if date is not None else None if is_appendix else number
    if surplus is not None:
        raise UsageError(
            say("The document has no empty place for the number or date “{text}”.", text=surplus)
        )
    if is_appendix and number is None:
        raise UsageError(say("The appendix bears the number of its document."), hint=say("Give --number."))
    words = f"{number}{label}" if is_appendix else label
    return Place(field_name=AGENCY_SIGNATURE, fill={}, visible=True, corner=words)


def _fields_of(signatures: Mapping[str, bool], stem: str) -> list[str]:
    """Return the fields of one role in their order: PersonSignature, PersonSignature2 and so on."""
    found = (name for name in signatures if re.fullmatch(rf"{stem}\d*", name))
    return sorted(found, key=lambda name: (len(name), name))


def _own_field(signatures: Mapping[str, bool], own: Sequence[str], field: str | None) -> str:
    """Return the named field of this role, else its next empty one, else its last."""
    if field is not None and field not in own:
        raise UsageError(say("The field {name} belongs to the other signer.", name=field))
    waiting = [name for name in own if not signatures[name]]
    return field or (waiting[0] if waiting else own[-1])
