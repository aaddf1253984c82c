"""An official document as one value: what it says, and the rules of its form that need no page to be checked.

The same rules hold for Python values and for TOML, because they are checked here. How it looks is ``layout``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from docsign.document.body import Block, blocks_of_decision, blocks_of_letter
from docsign.document.kinds import Kind
from docsign.document.number import NOTATION_LIMIT, printed_number, require_notation
from docsign.document.wording import lines_of, one_line
from docsign.envelope.header import Header, Organization, Priority, Signer
from docsign.errors import DocumentError, SecretDocumentError
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

BODY_LIMIT = 500_000
"""The longest body, in characters: some two hundred pages."""
LIST_LIMIT = 500
"""The most entries of a list (addressees, legal bases, recipients)."""

# In characters; ND 30/2020 PL VI II, and QCVN 102:2016 where the decree names none.
_ORGANIZATION_LIMITS = {
    "code": 35, "name": 200, "superior": 500, "address": 500, "email": 100, "telephone": 20, "fax": 20,
    "website": 100,
}  # fmt: skip
_PREFIXES = ("TM.", "Q.", "KT.", "TL.", "TUQ.")  # ND 30/2020 PL I, box 7a
_URGENCIES = (Priority.NORMAL, Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS)
Value = TypeVar("Value")

_NARROW = 20  # characters of a word that the narrow columns of the heading hold, in capitals too
_FILED = "Lưu: VT"  # ND 30/2020 PL I, box 9b: the copy that stays with the clerk


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Who the letter is for (Kính gửi); ``code`` is the agency code where it travels electronically."""

    name: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signs: the lines of authority above the position (``TM. …``, ``KT. …``), the position, the name."""

    position: str
    name: str
    authority: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialDocument:
    """A công văn or a quyết định.

    Texts are kept in NFC with single spaces. In ``issuer.name`` and ``issuer.superior`` a line end says where
    the heading breaks. ``subject`` stands without ``V/v``. ``body`` is thin markup (``document.body``).
    ``number`` and ``date`` are given only where they are fixed before signing; else fields wait for them.
    Raises DocumentError naming the place, SecretDocumentError for a secrecy mark anywhere.
    """

    kind: Kind
    issuer: Organization
    notation: str
    place: str
    subject: str
    body: str
    signer: Signatory
    recipients: tuple[str, ...]
    to: tuple[Addressee, ...] = ()
    bases: tuple[str, ...] = ()
    decided_by: str = ""
    urgency: Priority = Priority.NORMAL
    number: str | None = None
    date: datetime.date | None = None

    def __post_init__(self) -> None:
        for where, text in self._texts():
            refuse_secrecy(text, where)
        self._keep(
            issuer=_clean_issuer(self.issuer),
            notation=one_line(self.notation, "notation", limit=NOTATION_LIMIT),
            place=one_line(self.place, "place", limit=50),
            subject=_clean_subject(self.subject),
            body="\n".join(lines_of(self.body, "body", limit=BODY_LIMIT)),
            signer=_clean_signatory(self.signer),
            recipients=_clean_list(self.recipients, "recipients", limit=150),
            to=_clean_addressees(self.to),
            bases=_clean_list(self.bases, "bases", limit=1000),
            decided_by=one_line(self.decided_by, "decided_by", limit=200, needed=False),
        )
        if self.number is not None:
            self._keep(number=printed_number(self.number))
        require_notation(self.notation, self.kind)
        self._require_form()

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
    def blocks(self) -> tuple[Block, ...]:
        """The body as paragraphs and articles."""
        lines = self.body.split("\n") if self.body else []
        return blocks_of_decision(lines) if self.kind.form == "decision" else blocks_of_letter(lines)

    def to_pdf(self, created: datetime.datetime | None = None) -> bytes:
        """Return the document as PDF/A-2b with its empty fields; ``created`` (aware) is now unless given.

        The same values and the same ``created`` give the same bytes. Raises DocumentError, UsageError where
        the layout engine is not installed.
        """
        from docsign.document.layout import to_pdf

        return to_pdf(self, created)

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
            sender=_unbroken(self.issuer),
            receivers=tuple(receivers),
            number=_agreed(self.number, given_number, "number"),
            notation=self.notation,
            issued=_agreed(self.date, date, "date"),
            subject=self.subject,
            content=self.subject,
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
        )

    def _keep(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text with its place."""
        for name in ("notation", "place", "subject", "decided_by", "body"):
            yield name, getattr(self, name)
        yield "number", self.number or ""
        for field in fields(Organization):
            yield f"issuer.{field.name}", getattr(self.issuer, field.name)
        yield from (("signer.position", self.signer.position), ("signer.name", self.signer.name))
        for name, listed in (
            ("signer.authority", self.signer.authority),
            ("recipients", self.recipients),
            ("bases", self.bases),
            ("to", tuple(addressee.name for addressee in self.to)),
        ):
            yield from ((f"{name}[{position}]", text) for position, text in enumerate(listed))

    def _require_form(self) -> None:
        """Raise DocumentError unless the parts are there that this kind needs, and none that it has not."""
        letter = self.kind.form == "letter"
        if self.urgency not in _URGENCIES:
            raise DocumentError(say("A document is marked Khẩn, Thượng khẩn or Hỏa tốc."), where="urgency")
        if not self.recipients or not self.recipients[-1].startswith(_FILED):  # ND 30/2020 PL I, box 9b
            raise DocumentError(
                say("The last line of “Nơi nhận” begins with “{start}”.", start=_FILED), where="recipients"
            )
        if letter and not self.to:
            raise DocumentError(say("A letter names its addressees (Kính gửi)."), where="to")
        if not letter and self.to:
            raise DocumentError(say("This kind of document has no addressees (Kính gửi)."), where="to")
        if letter and (self.bases or self.decided_by):
            name = "bases" if self.bases else "decided_by"
            raise DocumentError(say("A letter has no legal bases and no enacting line."), where=name)
        if not letter and not self.bases:
            raise DocumentError(say("A decision names its legal bases (Căn cứ)."), where="bases")
        if not self.blocks:
            raise DocumentError(say("Nothing is written here."), where="body")

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


def _clean_issuer(issuer: Organization) -> Organization:
    values: dict[str, str] = {}
    for name, limit in _ORGANIZATION_LIMITS.items():
        text, where = getattr(issuer, name), f"issuer.{name}"
        if name in ("name", "superior"):
            lines = lines_of(text, where, limit=limit)
            one_line(" ".join(lines), where, limit=limit, needed=name == "name", longest_word=_NARROW)
            values[name] = "\n".join(lines)
        else:
            values[name] = one_line(text, where, limit=limit, needed=False)
    return replace(issuer, **values)


def _unbroken(issuer: Organization) -> Organization:
    return replace(issuer, name=issuer.name.replace("\n", " "), superior=issuer.superior.replace("\n", " "))


def _clean_subject(subject: str) -> str:
    clean = one_line(subject, "subject", limit=500, longest_word=_NARROW)
    return clean.removeprefix("V/v").lstrip() if clean.startswith("V/v ") else clean


def _clean_signatory(signer: Signatory) -> Signatory:
    authority = tuple(
        one_line(line, f"signer.authority[{position}]", limit=100).upper()
        for position, line in enumerate(signer.authority)
    )
    for position, line in enumerate(authority):
        if not line.startswith(_PREFIXES):
            raise DocumentError(
                say("A line of authority begins with one of {prefixes}.", prefixes=" ".join(_PREFIXES)),
                where=f"signer.authority[{position}]",
            )
    one_line(", ".join(authority), "signer.authority", limit=100, needed=False)
    return Signatory(
        position=one_line(signer.position, "signer.position", limit=100).upper(),
        name=one_line(signer.name, "signer.name", limit=50),
        authority=authority,
    )


def _clean_addressees(to: Sequence[Addressee]) -> tuple[Addressee, ...]:
    names = _clean_list([addressee.name for addressee in to], "to", limit=200)
    return tuple(
        Addressee(name=name, code=one_line(addressee.code, f"to[{position}].code", limit=35, needed=False))
        for position, (name, addressee) in enumerate(zip(names, to, strict=True))
    )


def _clean_list(entries: Sequence[str], where: str, *, limit: int) -> tuple[str, ...]:
    """Clean the entries of a list whose dashes and end marks the layout sets."""
    if len(entries) > LIST_LIMIT:
        raise DocumentError(
            say("Too many entries: {count}, {limit} at most.", count=len(entries), limit=LIST_LIMIT),
            where=where,
        )
    clean: list[str] = []
    for position, entry in enumerate(entries):
        text = one_line(entry, f"{where}[{position}]", limit=limit)
        text = text.removeprefix("- ").rstrip(";., ").strip()
        clean.append(one_line(text, f"{where}[{position}]", limit=limit))
    return tuple(clean)


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
