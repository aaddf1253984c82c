"""``docsign copy``: sao y, sao lục, trích sao of a document, electronically or ready for printing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.office_desk import OfficeDesk, day_of
from docsign.cli.options import PATH
from docsign.cli.settings import user_folder
from docsign.errors import DocsignError, FileUnusableError, UsageError
from docsign.files import read_file, write_file
from docsign.sentence import Language, Sentence, say

if TYPE_CHECKING:
    from docsign.document.copies import CertifiedCopy

PDF_LIMIT = 200 * 1024 * 1024
"""The largest original read, in bytes."""


@click.command(cls=Command)
@click.argument("source", metavar="COPY.toml", type=PATH)
@click.argument("original", metavar="ORIGINAL.pdf", type=PATH)
@click.option("--number", metavar="N", help="The copy's number: one series a year for all copies.")
@click.option("--date", "day", metavar="D", help="The copy's date: 2026-11-16 or 16/11/2026.")
@click.option("--register", "enter", is_flag=True, help="Take the next number of the copies' series.")
@click.option("--subject", default="", metavar="TEXT", help="With --register: what is copied.")
@click.option("--office", type=PATH, metavar="DIR", help="With --register: folder of the office.")
@click.option("--by", metavar="ID", help="With --register: who does this, an id of office.toml.")
@click.option("-o", "--output", type=PATH, metavar="PDF", help="Where to write. Default: COPY.pdf beside it.")
@language_option
def copy(
    source: Path,
    original: Path,
    number: str | None,
    day: str | None,
    enter: bool,
    subject: str,
    office: Path | None,
    by: str | None,
    output: Path | None,
    lang: Language,
) -> None:
    """Make a copy with the value of the original: sao y, sao lục, trích sao.

    COPY.toml says which copy it is (Decree 30/2020 Art. 25), of what (source) into what (target: paper or
    electronic), who makes it and who signs it. An electronic copy waits for the agency's signature in its
    corner; a paper copy is made ready for printing and is signed and sealed by hand. --register gives it the
    next number and enters it among the outgoing documents.

    Example: docsign copy sao-y.toml scan.pdf -o sao-y.pdf
    """
    from docsign.document.copies import CertifiedCopy

    target = source.with_suffix(".pdf") if output is None else output
    if target.is_dir():
        raise FileUnusableError(say("This is a folder; a file is needed."), where=str(target))
    if target.resolve() == original.resolve():
        raise UsageError(say("The copy would overwrite its original; name another file with -o."))
    made = CertifiedCopy.from_path(source)
    made = replace(made, number=number or made.number, date=day_of(day) or made.date)
    pdf = read_file(original, limit=PDF_LIMIT)
    note: Sentence
    line: list[str] = []
    if enter:
        desk = OfficeDesk(folder=office or user_folder() / "office", by=by, as_json=False, lang=lang)
        made, line = _registered(desk, made, pdf, subject or _subject_of(pdf))
    if made.target == "electronic":
        result = made.to_electronic(pdf)
        command = f"docsign sign {target} --as agency"
        if line:  # the office keeps the file and what becomes of it
            command = f"docsign draft seal {line[0].split()[0]} --by {by}"
        note = say("Next, the agency signs: {command}", command=f"{command} --key pkcs12:KEY.p12")
    else:
        ready = made.to_print(pdf)
        result, note = ready.pdf, ready.note
    write_file(target, result)
    for text in (str(target), *line):
        click.echo(text)
    click.echo(note.text(lang), err=True)


def _registered(
    desk: OfficeDesk, made: CertifiedCopy, pdf: bytes, subject: str
) -> tuple[CertifiedCopy, list[str]]:
    """Take a number for the copy once it is sure that it can be made; return it with its line."""
    if not subject:
        raise UsageError(say("What is copied? --subject is missing."))
    file = made.to_electronic(pdf) if made.target == "electronic" else None
    if file is None:
        made.to_print(pdf)
    with desk.open() as office:
        entry = office.drafts.register_paper(
            desk.person(),
            kind=made.kind.vietnamese,
            notation=made.notation,
            subject=subject,
            signer=made.signer.name,
            recipients=made.recipients,
            day=made.date,
            wanted=None if made.number is None else int(made.number),
            copy=file,
        )
        lines = desk.outgoing_lines(office, entry)
    return replace(made, number=str(entry.number), date=entry.day), lines


def _subject_of(pdf: bytes) -> str:
    """Return what a document of ours says of itself; empty for a scan and for any other PDF."""
    from docsign.document.metadata import read_metadata

    try:
        read = read_metadata(pdf)
    except DocsignError:
        return ""
    code = "/".join(part for part in (read.code_number, read.code_notation) if part)
    return " ".join(part for part in (read.type_name, code, read.subject) if part)
