"""The commands that care for a relay: check, backup, restore, audit."""

from __future__ import annotations

import json
from pathlib import Path

import click

from docsign.cli.options import json_option, language_option
from docsign.errors import EXIT_FAILED
from docsign.sentence import Language, say

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=PATH, metavar="DIR")
@json_option
@language_option
@click.pass_context
def check(ctx: click.Context, folder: Path, as_json: bool, lang: Language) -> None:
    """Check a relay's database, bodies and log against its evidence; exit status 1 where anything is wrong.

    Changes nothing; the relay may be serving meanwhile.

    Example: docsign-relay check /srv/relay
    """
    from relay_server.checking import check as check_folder

    _tell(ctx, check_folder(folder), as_json=as_json, lang=lang)


def _tell(ctx: click.Context, report: object, *, as_json: bool, lang: Language) -> None:
    from relay_server.troubles import CheckReport

    assert isinstance(report, CheckReport)
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        for trouble in report.troubles:
            click.echo(f"{trouble.where}: {trouble.sentence.text(lang)}")
            click.echo(f"    {trouble.advice.text(lang)}")
        looked = say(
            "Looked at: {envelopes} envelopes, {deliveries} deliveries, {records} records, "
            "{checkpoints} checkpoints, {bodies} bodies ({bytes} bytes).",
            envelopes=report.envelopes,
            deliveries=report.deliveries,
            records=report.records,
            checkpoints=report.checkpoints,
            bodies=report.bodies,
            bytes=report.bytes,
        )
        click.echo(looked.text(lang), err=True)
        found = (
            say("Nothing is wrong.")
            if report.is_sound
            else say("Troubles found: {count}.", count=report.count)
        )
        click.echo(found.text(lang), err=True)
    if not report.is_sound:
        ctx.exit(EXIT_FAILED)
