"""``docsign gallery``: one of each kind of document, to look at and to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH
from docsign.files import write_file
from docsign.sentence import Language, say


@click.command(cls=Command)
@click.argument("folder", metavar="DIR", type=PATH)
@click.option(
    "--dpi", type=click.IntRange(36, 300), default=96, help="Resolution of the pictures. Default: 96."
)
@language_option
def gallery(folder: Path, dpi: int, lang: Language) -> None:
    """Write a sample of every kind of document: TOML, PDF and PNG.

    NAME.toml is what a clerk can begin with, NAME.pdf what `docsign new` makes of it, NAME-1.png its first
    page. The three kinds of copies are there too. Every name in them is invented.

    Example: docsign gallery mau-van-ban
    """
    from docsign.document.gallery import finished, finished_copies, samples
    from docsign.pdf.picture import page_pictures

    folder.mkdir(parents=True, exist_ok=True)
    count = 0

    def write(documents: Iterable[tuple[str, bytes]]) -> None:
        nonlocal count
        for name, pdf in documents:
            write_file(folder / f"{name}.pdf", pdf)
            for number, picture in enumerate(page_pictures(pdf, dpi=dpi), start=1):
                write_file(folder / f"{name}-{number}.png", picture)
            click.echo(str(folder / f"{name}.pdf"))
            count += 1

    for sample in samples():
        write_file(folder / f"{sample.name}.toml", sample.toml.encode())
        write(finished(sample))
    write(finished_copies())
    click.echo(say("{count} documents written to {folder}.", count=count, folder=folder).text(lang), err=True)
