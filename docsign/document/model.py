"""An official document as one value: what it says, and the rules of its form that need no page to be checked.

The same rules hold for Python values and for TOML, because they are checked here, in ``parts`` and in
``form``. How it looks is ``layout``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from docsign.document.blocks import Block
from docsign.document.form import require_form
from docsign.document.kinds import Kind
from docsign.document.number import NOTATION_LIMIT, agency_groups, printed_number, require_notation
from docsign.document.parts import (
    LIST_LIMIT,
    NARROW_WORD,
    Addressee,
    Appendix,
    Markup,
    Signatory,
    clean_addressees,
    clean_appendices,
    clean_issuer,
    clean_list,
    clean_signatory,
    read_body,
    unbroken,
)
from docsign.document.wording import broken_lines, one_line
from docsign.envelope.header import Header, Organization, Priority, Signer
from docsign.errors import DocumentError, SecretDocumentError
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

__all__ = ["LIST_LIMIT", "Addressee", "Appendix", "OfficialDocument", "Signatory", "refuse_secrecy"]

COPIES_LIMIT = 65_535  # QCVN 102:2016: PromulgationAmount
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialDocument:
    """An official document of one of the 29 kinds.

    Texts are kept in NFC with single spaces. In ``issuer.name``, ``issuer.superior`` and ``subject`` a line
    end says where it breaks on the page. ``subject`` stands without ``V/v``. ``body`` is written in
    ``markup``: a line a paragraph (``document.body``) or a part of Markdown; ``structure`` stands for it
    where a program has the blocks. ``co_issuers`` issue a joint document with ``issuer``, ``co_signers`` sign
    beside ``signer``: the first on the left, ``signer`` last and on the right. ``council`` says that
    ``issuer`` is an advisory body which uses the seal of ``issuer.superior`` and has a number series of its
    own. ``type_name`` is printed in place of the kind's name (``Hợp đồng dịch vụ``). ``decided_by`` is who
    decides, or who telegraphs. ``drafter`` and ``copies`` are box 12: ``PL.(300)``.
    ``number`` and ``date`` are given only where they are fixed before signing; else fields wait for them.
    Raises DocumentError naming the place, SecretDocumentError for a secrecy mark anywhere.
    """

    kind: Kind
    issuer: Organization
    notation: str
    place: str
    subject: str
    body: str = ""
    signer: Signatory
    recipients: tuple[str, ...]
    to: tuple[Addressee, ...] = ()
    bases: tuple[str, ...] = ()
    decided_by: str = ""
    urgency: Priority = Priority.NORMAL
    number: str | None = None
    date: datetime.date | None = None
    markup: Markup = "text"
    structure: tuple[Block, ...] = ()
    co_issuers: tuple[Organization, ...] = ()
    co_signers: tuple[Signatory, ...] = ()
    council: bool = False
    type_name: str = ""
    circulation: str = ""
    drafter: str = ""
    copies: int | None = None
    due: datetime.date | None = None
    appendices: tuple[Appendix, ...] = ()
    blocks: tuple[Block, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        for where, text in self._texts():
            refuse_secrecy(text, where)
        body, blocks = read_body(self.body, self.markup, self.structure, form=self.kind.form, where="body")
        self._keep(
            issuer=clean_issuer(self.issuer),
            co_issuers=tuple(
                clean_issuer(issuer, f"co_issuers[{position}]")
                for position, issuer in enumerate(self.co_issuers)
            ),
            notation=one_line(self.notation, "notation", limit=NOTATION_LIMIT),
            place=one_line(self.place, "place", limit=50),
            subject=_clean_subject(self.subject),
            type_name=one_line(
                self.type_name, "type_name", limit=100, needed=False, longest_word=NARROW_WORD
            ),
            body=body,
            blocks=blocks,
            signer=clean_signatory(self.signer),
            co_signers=tuple(
                clean_signatory(signer, f"co_signers[{position}]")
                for position, signer in enumerate(self.co_signers)
            ),
            recipients=clean_list(self.recipients, "recipients", limit=150),
            to=clean_addressees(self.to),
            bases=clean_list(self.bases, "bases", limit=1000),
            decided_by=one_line(self.decided_by, "decided_by", limit=200, needed=False),
            circulation=one_line(self.circulation, "circulation", limit=100, needed=False).upper(),
            drafter=one_line(self.drafter, "drafter", limit=10, needed=False).upper(),
            appendices=clean_appendices(self.appendices),
        )
        if self.number is not None:
            self._keep(number=printed_number(self.number))
        if self.copies is not None and not 0 < self.copies <= COPIES_LIMIT:
            raise DocumentError(
                say("Too many entries: {count}, {limit} at most.", count=self.copies, limit=COPIES_LIMIT),
                where="copies",
            )
        require_notation(self.notation, self.kind, issuers=1 + len(self.co_issuers))
        for where, text in _texts_of_blocks(self):
            refuse_secrecy(text, where)  # a mark that emphasis or a table hid
        require_form(self)

    @staticmethod
    def from_path(path: Path | str) -> OfficialDocument:
        """Read a TOML file; raises FileUnusableError or DocumentError naming file and field."""
        from docsign.document.source import read_path

        return read_path(path)

    @staticmethod
    def from_mapping(values: dict[str, Any]) -> OfficialDocument:
        """Read a table such as TOML or JSON gives; raises DocumentError naming the field."""
        from docsign.document.source import read_mapping

        return read_mapping(values)

    @property
    def printed_type(self) -> str:
        """What stands as the title: the kind's name, or ``type_name``."""
        return self.type_name or self.kind.vietnamese

    @property
    def subject_line(self) -> str:
        """The subject on one line, as it travels and is registered."""
        return self.subject.replace("\n", " ")

    @property
    def issuers(self) -> tuple[Organization, ...]:
        """Everyone who issues the document, the one that numbers it first."""
        return (self.issuer, *self.co_issuers)

    @property
    def signers(self) -> tuple[Signatory, ...]:
        """Everyone who signs, from left to right; ``signer`` is the last, in a contract the first."""
        if self.kind.issuer_signs_first:
            return (self.signer, *self.co_signers)
        return (*self.co_signers, self.signer)

    @property
    def series(self) -> str:
        """Name the body whose number series this document is counted in, as its notation does.

        A council that uses its agency's seal has one of its own (ND 30/2020 PL I II.3.a).
        """
        return agency_groups(self.notation, self.kind)[0]

    def to_pdf(self, created: datetime.datetime | None = None) -> bytes:
        """Return the document as PDF/A-2b with its empty fields; ``created`` (aware) is now unless given.

        The same values and the same ``created`` give the same bytes. Raises DocumentError, UsageError where
        the layout engine is not installed.
        """
        from docsign.document.layout import to_pdf

        return to_pdf(self, created)

    def appendix_files(self, created: datetime.datetime | None = None) -> tuple[bytes, ...]:
        """Return each ``separate`` appendix as PDF/A-2b, with the field of the agency's signature.

        Raises as ``to_pdf`` does.
        """
        from docsign.document.layout import appendix_files

        return appendix_files(self, created)

    def header(
        self,
        *,
        number: str | int | None = None,
        date: datetime.date | None = None,
        to: Sequence[str | Organization] | None = None,
    ) -> Header:
        """Return the header of its envelope; ``to`` (codes or organizations) is the addressees with a code.

        Raises DocumentError where number, date or receivers are missing or contradict the document's own.
        """
        given_number = None if number is None else printed_number(number)
        receivers = self._addressed() if to is None else [self._receiver(entry) for entry in to]
        if not receivers:
            raise DocumentError(say("No receiver has an agency code."), where="to")
        if not self.issuer.code:
            raise DocumentError(say("Nothing is written here."), where="issuer.code")
        return Header(
            sender=unbroken(self.issuer),
            receivers=tuple(receivers),
            number=_agreed(self.number, given_number, "number"),
            notation=self.notation,
            issued=_agreed(self.date, date, "date"),
            subject=self.subject_line,
            content=self.subject_line,
            type_name=self.kind.vietnamese,
            type=self.kind.edxml_type,
            place=self.place,
            signer=Signer(
                competence=", ".join(self.signer.authority),
                position=self.signer.position,
                name=self.signer.name,
            ),
            priority=self.urgency,
            to_places=self.recipients,
            sphere=self.circulation,
            typist=self.drafter,
            copies=self.copies,
            due=self.due,
            appendixes=tuple(appendix.title.replace("\n", " ") for appendix in self.appendices),
        )

    def _keep(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text with its place."""
        for name in (
            "notation", "place", "subject", "decided_by", "body", "type_name", "circulation", "drafter",
        ):  # fmt: skip
            yield name, getattr(self, name)
        yield "number", self.number or ""
        for where, issuer in _placed("issuer", self.issuer, "co_issuers", self.co_issuers):
            yield from (
                (f"{where}.{entry.name}", getattr(issuer, entry.name)) for entry in fields(Organization)
            )
        for where, signer in _placed("signer", self.signer, "co_signers", self.co_signers):
            for name in ("position", "name", "second_position"):
                yield f"{where}.{name}", getattr(signer, name)
            yield from ((f"{where}.authority[{at}]", text) for at, text in enumerate(signer.authority))
        for name, listed in (
            ("recipients", self.recipients),
            ("bases", self.bases),
            ("to", tuple(addressee.name for addressee in self.to)),
        ):
            yield from ((f"{name}[{position}]", text) for position, text in enumerate(listed))
        for position, appendix in enumerate(self.appendices):
            yield f"appendices[{position}].title", appendix.title
            yield f"appendices[{position}].body", appendix.body

    def _addressed(self) -> list[Organization]:
        return [Organization(code=entry.code, name=entry.name) for entry in self.to if entry.code]

    def _receiver(self, entry: str | Organization) -> Organization:
        if isinstance(entry, Organization):
            return entry
        names = {addressee.code: addressee.name for addressee in self.to if addressee.code}
        return Organization(code=entry, name=names.get(entry, ""))


def refuse_secrecy(text: str, where: str) -> None:
    """Raise SecretDocumentError where a secrecy mark stands alone on a line of ``text``."""
    mark = secrecy_mark(text)
    if mark is not None:  # QD 28/2018 Art. 1
        raise SecretDocumentError(
            say("The document is marked {mark}; secret documents are not made or sent this way.", mark=mark),
            where=where,
        )


def _placed(first: str, one: Value, listed: str, others: Sequence[Value]) -> Iterator[tuple[str, Value]]:
    """Yield one value and the others of its list, with their places."""
    yield first, one
    yield from ((f"{listed}[{position}]", other) for position, other in enumerate(others))


def _texts_of_blocks(document: OfficialDocument) -> Iterator[tuple[str, str]]:
    """Yield every text of the body and of the appendices as it will be printed, with its place."""
    parts = [("body", document.blocks)]
    parts += [(f"appendices[{at}].body", entry.blocks) for at, entry in enumerate(document.appendices)]
    for where, blocks in parts:
        for block in blocks:
            yield from ((where, text) for text in (block.lead, block.text) if text)
            if block.table is not None:
                yield from ((where, cell) for row in (block.table.columns, *block.table.rows) for cell in row)


def _clean_subject(subject: str) -> str:
    clean = broken_lines(subject, "subject", limit=500, longest_word=NARROW_WORD)
    return clean.removeprefix("V/v").lstrip() if clean.startswith("V/v ") else clean


def _agreed(fixed: Value | None, given: Value | None, where: str) -> Value:
    """Return the one value of document and caller; raises DocumentError where both or neither speak."""
    if fixed is not None and given is not None and fixed != given:
        raise DocumentError(
            say("The document says {fixed}, the call says {given}.", fixed=fixed, given=given), where=where
        )
    value = fixed if given is None else given
    if value is None:
        raise DocumentError(say("The document has no number or date of its own: give it."), where=where)
    return value
