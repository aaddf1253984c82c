"""``docsign new``: an official document from a TOML file to PDF/A, ready to be signed."""

from __future__ import annotations

from pathlib import Path

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH
from docsign.errors import FileUnusableError
from docsign.files import write_file
from docsign.sentence import Language, say


@click.command(cls=Command)
@click.argument("source", metavar="FILE.toml", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="PDF", help="Where to write. Default: FILE.pdf beside it.")
@language_option
def new(source: Path, output: Path | None, lang: Language) -> None:
    """Build an official document (PDF/A-2b) from a TOML file.

    The empty fields for both signatures, the number and the date stand in their places (Decree 30/2020).

    Example: docsign new letter.toml -o letter.pdf
    """
    from docsign.document import OfficialDocument

    target = source.with_suffix(".pdf") if output is None else output
    if target.is_dir():
        raise FileUnusableError(say("This is a folder; a file is needed."), where=str(target))
    document = OfficialDocument.from_path(source)
    write_file(target, document.to_pdf())
    click.echo(str(target))
    click.echo(say("Next, the competent person signs: {command}", command=_next(target)).text(lang), err=True)


def _next(target: Path) -> str:
    return f"docsign sign {target} --as person --key pkcs12:KEY.p12"
