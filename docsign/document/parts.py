"""The parts of a document that are values of their own: addressees, who signs, appendices; each clean.

What is kept is NFC with single spaces (``wording``). Which parts a kind of document needs is for ``form``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from docsign.document.blocks import Block
from docsign.document.body import blocks_of_decision, blocks_of_letter, blocks_of_text, require_articles
from docsign.document.kinds import Form, Kind
from docsign.document.markdown import blocks_of_markdown
from docsign.document.wording import broken_lines, indented_lines, lines_of, one_line
from docsign.envelope.header import Organization
from docsign.errors import DocumentError
from docsign.sentence import say

BODY_LIMIT = 500_000
"""The longest body, in characters: some two hundred pages."""
LIST_LIMIT = 500
"""The most entries of a list (addressees, legal bases, recipients)."""
NARROW_WORD = 20
"""The longest word, in characters, that the narrow columns of the heading hold, in capitals too."""

PREFIXES = ("TM.", "Q.", "KT.", "TL.", "TUQ.")
"""The words of authority (ND 30/2020 PL I II.7.b)."""

Markup = Literal["text", "markdown"]
"""How a body is written: a paragraph a line, or a part of Markdown."""

# In characters; ND 30/2020 PL VI II, and QCVN 102:2016 where the decree names none.
_ORGANIZATION_LIMITS = {
    "code": 35, "name": 200, "superior": 500, "address": 500, "email": 100, "telephone": 20, "fax": 20,
    "website": 100,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Who the letter is for (Kính gửi); ``code`` is the agency code where it travels electronically."""

    name: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signs: the lines of authority above the position (``TM. …``, ``KT. …``), the position, the name.

    ``second_position`` stands above the name, where the signer of a council has one in the agency whose seal
    it uses (ND 30/2020 PL I II.7.c and đ).
    """

    position: str
    name: str
    authority: tuple[str, ...] = ()
    second_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appendix:
    """What goes with a document: an appendix, or a text that it issues (``kind``: Quy chế, Kế hoạch, …).

    ``separate`` makes a file of its own, which the agency signs too (ND 30/2020 PL I III.1.d); ``landscape``
    turns its pages. In ``title`` a line end says where it breaks. The body is written as a document's is;
    ``structure`` is used instead where it is given.
    """

    title: str
    body: str = ""
    markup: Markup = "text"
    structure: tuple[Block, ...] = ()
    kind: Kind | None = None
    separate: bool = False
    landscape: bool = False
    blocks: tuple[Block, ...] = field(init=False, repr=False, compare=False, default=())


def read_body(
    body: str, markup: Markup, structure: tuple[Block, ...], *, form: Form, where: str
) -> tuple[str, tuple[Block, ...]]:
    """Return the body as it is kept, and its blocks; raises DocumentError naming the place of a slip."""
    if structure:
        if body.strip():
            raise DocumentError(say("The body is given twice."), where=where)
        if form == "decision":
            require_articles(structure, where=where)
        return "", structure
    if markup == "markdown":
        clean = indented_lines(body, where, limit=BODY_LIMIT)
        blocks = blocks_of_markdown(clean, where=where)
        if form == "decision":
            require_articles(blocks, where=where)
    else:
        lines = lines_of(body, where, limit=BODY_LIMIT)
        clean = "\n".join(lines)
        if form == "decision":
            blocks = blocks_of_decision(lines, where=where)
        elif form in ("letter", "telegram", "minutes"):
            blocks = blocks_of_letter(lines)
        else:
            blocks = blocks_of_text(lines, where=where)
    if not blocks:
        raise DocumentError(say("Nothing is written here."), where=where)
    return clean, blocks


def clean_issuer(issuer: Organization, where: str = "issuer") -> Organization:
    """Return ``issuer`` clean; in name and superior a line end says where the heading breaks."""
    values: dict[str, str] = {}
    for name, limit in _ORGANIZATION_LIMITS.items():
        text, place = getattr(issuer, name), f"{where}.{name}"
        if name in ("name", "superior"):
            lines = lines_of(text, place, limit=limit)
            one_line(" ".join(lines), place, limit=limit, needed=name == "name", longest_word=NARROW_WORD)
            values[name] = "\n".join(lines)
        else:
            values[name] = one_line(text, place, limit=limit, needed=False)
    return replace(issuer, **values)


def unbroken(issuer: Organization) -> Organization:
    """Return ``issuer`` with its names on one line each, as they travel."""
    return replace(issuer, name=issuer.name.replace("\n", " "), superior=issuer.superior.replace("\n", " "))


def clean_signatory(signer: Signatory, where: str = "signer") -> Signatory:
    """Return ``signer`` clean, authority and position in capitals (ND 30/2020 PL I, box 7a)."""
    authority = tuple(
        one_line(line, f"{where}.authority[{position}]", limit=100).upper()
        for position, line in enumerate(signer.authority)
    )
    for position, line in enumerate(authority):
        if not line.startswith(PREFIXES):
            raise DocumentError(
                say("A line of authority begins with one of {prefixes}.", prefixes=" ".join(PREFIXES)),
                where=f"{where}.authority[{position}]",
            )
    one_line(", ".join(authority), f"{where}.authority", limit=100, needed=False)
    return Signatory(
        position=one_line(signer.position, f"{where}.position", limit=100).upper(),
        name=one_line(signer.name, f"{where}.name", limit=50),
        authority=authority,
        second_position=one_line(signer.second_position, f"{where}.second_position", limit=100, needed=False),
    )


def clean_addressees(to: Sequence[Addressee]) -> tuple[Addressee, ...]:
    """Return the addressees clean, without the dashes and end marks that the layout sets."""
    names = clean_list([addressee.name for addressee in to], "to", limit=200)
    return tuple(
        Addressee(name=name, code=one_line(addressee.code, f"to[{position}].code", limit=35, needed=False))
        for position, (name, addressee) in enumerate(zip(names, to, strict=True))
    )


def clean_appendices(appendices: Sequence[Appendix]) -> tuple[Appendix, ...]:
    """Return the appendices clean and with their blocks."""
    if len(appendices) > LIST_LIMIT:
        raise DocumentError(
            say("Too many entries: {count}, {limit} at most.", count=len(appendices), limit=LIST_LIMIT),
            where="appendices",
        )
    return tuple(
        _clean_appendix(appendix, f"appendices[{position}]") for position, appendix in enumerate(appendices)
    )


def _clean_appendix(appendix: Appendix, where: str) -> Appendix:
    body, blocks = read_body(
        appendix.body, appendix.markup, appendix.structure, form="titled", where=f"{where}.body"
    )
    title = broken_lines(appendix.title, f"{where}.title", limit=500, longest_word=NARROW_WORD)
    clean = replace(appendix, title=title, body=body)
    object.__setattr__(clean, "blocks", blocks)
    return clean


def clean_list(entries: Sequence[str], where: str, *, limit: int) -> tuple[str, ...]:
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
