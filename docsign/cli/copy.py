"""``docsign copy``: sao y, sao lục, trích sao of a document, electronically or ready for printing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from docsign.cli.options import PATH, language_option
from docsign.errors import FileUnusableError, UsageError
from docsign.files import read_file, write_file
from docsign.sentence import Language, Sentence, say

PDF_LIMIT = 200 * 1024 * 1024
"""The largest original read, in bytes."""


@click.command()
@click.argument("source", metavar="COPY.toml", type=PATH)
@click.argument("original", metavar="ORIGINAL.pdf", type=PATH)
@click.option("--number", metavar="N", help="The copy's number: one series a year for all copies.")
@click.option("--date", "day", metavar="D", help="The copy's date: 2026-11-16 or 16/11/2026.")
@click.option("-o", "--output", type=PATH, metavar="PDF", help="Where to write. Default: COPY.pdf beside it.")
@language_option
def copy(
    source: Path, original: Path, number: str | None, day: str | None, output: Path | None, lang: Language
) -> None:
    """Make a copy with the value of the original: sao y, sao lục, trích sao.

    COPY.toml says which copy it is (Decree 30/2020 Art. 25), of what (source) into what (target: paper or
    electronic), who makes it and who signs it. An electronic copy waits for the agency's signature in its
    corner; a paper copy is made ready for printing and is signed and sealed by hand.

    Example: docsign copy sao-y.toml scan.pdf -o sao-y.pdf
    """
    from docsign.document.copies import CertifiedCopy

    target = source.with_suffix(".pdf") if output is None else output
    if target.is_dir():
        raise FileUnusableError(say("This is a folder; a file is needed."), where=str(target))
    if target.resolve() == original.resolve():
        raise UsageError(say("The copy would overwrite its original; name another file with -o."))
    made = CertifiedCopy.from_path(source)
    made = replace(made, number=number or made.number, date=_day(day) or made.date)
    pdf = read_file(original, limit=PDF_LIMIT)
    note: Sentence
    if made.target == "electronic":
        result = made.to_electronic(pdf)
        note = say("Next, the agency signs: {command}", command=_next(target))
    else:
        ready = made.to_print(pdf)
        result, note = ready.pdf, ready.note
    write_file(target, result)
    click.echo(str(target))
    click.echo(note.text(lang), err=True)


def _day(text: str | None) -> date | None:
    from docsign.cli.office_desk import day_of

    return day_of(text)


def _next(target: Path) -> str:
    return f"docsign sign {target} --as agency --key pkcs12:KEY.p12"
