"""The versions of a draft: read from its TOML, described for the register, and told from other files."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import datetime
from typing import Any

from docsign.document import (
    COPIES,
    CopyKind,
    Kind,
    OfficialDocument,
    copy_named,
    kind_named,
    printed_date,
    printed_number,
)
from docsign.document.issuing import StepRefusedError
from docsign.document.outgoing import Outgoing
from docsign.errors import DocumentError
from docsign.office.people import Staff
from docsign.office.ports import OfficeRows
from docsign.pdf.fields import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.writer import SignablePdf
from docsign.sentence import say
from docsign.verdict import Indication, SignerRole
from docsign.verification import verify


def read_source(source: str) -> OfficialDocument:
    """Read a document in TOML; raises DocumentError naming the field."""
    try:
        values = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error)) from error
    return OfficialDocument.from_mapping(values)


def built(source: str, created: datetime) -> tuple[OfficialDocument, bytes]:
    """Return a draft and its PDF; raises DocumentError for one that has its number or date already."""
    document = read_source(source)
    for name in ("number", "date"):
        if getattr(document, name) is not None:
            raise DocumentError(
                say("Number and date are given by the clerk after the signature, not in the draft."),
                where=name,
            )
    if document.co_issuers:
        raise DocumentError(
            say("A joint document goes the way of several agencies; it cannot be issued here alone."),
            where="co_issuers",
        )
    return document, document.to_pdf(created)


def described(document: OfficialDocument, staff: Staff) -> dict[str, Any]:
    """Return what the register knows of a document; raises DocumentError for a council that is not known."""
    name = document.issuer.name.replace("\n", " ")
    body = ""
    if document.council:
        names = {one.casefold(): id_ for id_, one in staff.bodies.items()}
        if name.casefold() not in names:
            raise DocumentError(
                say("{name} is not among the councils and boards of office.toml.", name=name),
                where="issuer.name",
            )
        body = names[name.casefold()]
    return {
        "kind": document.kind.vietnamese,
        "notation": document.notation,
        "subject": document.subject_line,
        "signer": ", ".join(one.name for one in (document.signer, *document.co_signers)),
        "signer_position": document.signer.position,
        "signatures_left": 1 + len(document.co_signers),
        "recipients": (*(one.name for one in document.to), *document.recipients),
        "urgency": document.urgency,
        "body": body,
    }


def any_kind(name: str) -> Kind | CopyKind:
    """Find a kind of document or of copy by any of its names; raises DocumentError."""
    try:
        return copy_named(name)
    except DocumentError:
        return kind_named(name)


def kind_key(outgoing: Outgoing) -> str:
    """Return the key of the kind, by which its series is found."""
    copies = {one.vietnamese: one.key for one in COPIES}
    return copies.get(outgoing.kind) or kind_named(outgoing.kind).key


def kept(rows: OfficeRows, data: bytes) -> str:
    """Keep a file and return its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    rows.keep_file(sha256, data)
    return sha256


def require_signed(outgoing: Outgoing, before: bytes, signed: bytes, role: SignerRole) -> str:
    """Return who signed; raises StepRefusedError unless ``signed`` is ``before`` with that signature more.

    Whom to trust is not asked here: the signature must be sound, and the agency's must bear the number and
    date that were given.
    """
    if not signed.startswith(before) or len(signed) == len(before):
        raise StepRefusedError(say("This file was not made by signing the document as it stands here."))
    field = AGENCY_SIGNATURE if role == "agency" else PERSON_SIGNATURE
    waiting = {name for name, done in SignablePdf(before).signatures.items() if not done}
    report = verify(signed, offline=True)
    found = [
        one
        for one in report.signatures
        if any(name.startswith(field) and name in waiting for name in one.field_names)
    ]
    if report.conclusion.indication is Indication.TOTAL_FAILED or not found or found[-1].intact is not True:
        raise StepRefusedError(say("The file does not bear a sound signature in its place."))
    if role == "agency" and outgoing.number is not None and outgoing.day is not None:
        texts = SignablePdf(signed).texts
        given = (printed_number(outgoing.number), printed_date(outgoing.day))
        if (texts.get(DOCUMENT_NUMBER), texts.get(DOCUMENT_DATE)) != given:
            raise StepRefusedError(
                say("The file does not bear the number {number} and its date.", number=given[0])
            )
    return found[-1].signer or "-"


def signer_field(document: OfficialDocument, pdf: bytes, person: str) -> str | None:
    """Return the empty field in which ``person`` signs: by name where it is a signer's, else the next one.

    None where the document has only the one.
    """
    if not document.co_signers:
        return None
    places = {PERSON_SIGNATURE: document.signer.name} | {
        f"{PERSON_SIGNATURE}{position}": one.name for position, one in enumerate(document.co_signers, 2)
    }
    signed = SignablePdf(pdf).signatures
    waiting = [name for name in places if not signed.get(name, True)]
    if not waiting:
        raise StepRefusedError(say("Everyone has signed."))
    own = [name for name in waiting if places[name].casefold() == person.casefold()]
    return (own or waiting)[0]
