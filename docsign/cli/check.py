"""``docsign check``: the rules of form that a document keeps or breaks, each with its clause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option
from docsign.errors import DocumentError
from docsign.files import read_file
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from docsign.document.rules import FormReport

SIZE_LIMIT = 100 * 1024 * 1024
"""The largest PDF that is checked, in bytes."""


@click.command(cls=Command)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=PATH)
@click.option("--all", "every", is_flag=True, help="List the rules that are kept or not applicable too.")
@json_option
@language_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], every: bool, as_json: bool, lang: Language) -> None:
    """Tell which rules of form a document keeps (Decree 30/2020).

    FILE is a PDF of any origin, or the TOML of `docsign new`, whose pages are laid out and checked too. The
    exit status is 1 where a rule is broken; rules known from memory alone never count.

    Example: docsign check cong-van.pdf
    """
    broken = False
    for path in files:
        report = _report(path)
        broken = broken or bool(report.broken)
        if as_json:
            click.echo(json.dumps(report.to_json(), ensure_ascii=False))
        else:
            _show(report, every, lang)
    ctx.exit(1 if broken else 0)


def _report(path: Path) -> FormReport:
    from docsign.document.check_pdf import check_pdf
    from docsign.document.check_values import check_values
    from docsign.document.model import OfficialDocument
    from docsign.document.page_reading import read_pages
    from docsign.document.rules import FormReport, answer

    if path.suffix.lower() != ".toml":
        return check_pdf(read_pages(read_file(path, limit=SIZE_LIMIT)), name=str(path))
    try:
        document = OfficialDocument.from_path(path)
    except DocumentError as error:
        if error.where == str(path):
            raise  # no table at all
        where = error.where.removeprefix(f"{path}: ")
        return FormReport(
            name=str(path), results=(answer("values", False, where=where, found=error.sentence),)
        )
    pages = check_pdf(read_pages(document.to_pdf()), name=str(path))
    return FormReport(name=str(path), results=(*check_values(document), *pages.results))


def _show(report: FormReport, every: bool, lang: Language) -> None:
    from docsign.document.rules import State

    marks = {State.KEPT: "✔", State.BROKEN: "✘", State.ADVICE: "!", State.UNSEEN: "·"}
    kept = sum(result.state is State.KEPT for result in report.results)
    sentence = say(
        "{file}: {kept} rules kept, {broken} broken.", file=report.name, kept=kept, broken=len(report.broken)
    )
    click.echo(f"{marks[State.BROKEN if report.broken else State.KEPT]} {sentence.text(lang)}")
    for result in report.results:
        if every or result.state in (State.BROKEN, State.ADVICE):
            place = f" ({_place(result.where, lang)})" if result.where else ""
            click.echo(f"  {marks[result.state]} {result.text(lang)}{place} [{result.rule.clause}]")


def _place(where: str, lang: Language) -> str:
    page = where.removeprefix("page ")
    return say("page {number}", number=page).text(lang) if where != page else where
