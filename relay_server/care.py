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
    from relay_server.backup import MANIFEST, check_backup
    from relay_server.checking import check as check_folder

    report = check_backup(folder) if (folder / MANIFEST).exists() else check_folder(folder)
    _tell(ctx, report, as_json=as_json, lang=lang)


@click.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.argument("target", type=PATH, metavar="TARGET")
@click.option("--link", is_flag=True, help="Link the envelopes' bytes instead of copying them (same disk).")
@language_option
def backup(folder: Path, target: Path, link: bool, lang: Language) -> None:
    """Copy a relay, serving or not, into a new folder; check it with docsign-relay check TARGET.

    The keys of TLS and evidence are not copied: keep them apart.

    Example: docsign-relay backup /srv/relay /backup/relay-2026-11-16
    """
    from relay_server.backup import backup as make

    done = make(folder, target, link=link)
    said = say(
        "Backed up: {envelopes} envelopes ({bytes} bytes), {records} records.",
        envelopes=done.envelopes,
        bytes=done.bytes,
        records=done.size,
    )
    click.echo(said.text(lang), err=True)


@click.command()
@click.argument("target", type=PATH, metavar="TARGET")
@click.argument("folder", type=PATH, metavar="DIR")
@language_option
@click.pass_context
def restore(ctx: click.Context, target: Path, folder: Path, lang: Language) -> None:
    """Make a relay's folder from a backup, checked first; it begins a new log that names the old one's end.

    What the relay took in after the backup is not in it: senders send it again.

    Example: docsign-relay restore /backup/relay-2026-11-16 /srv/relay
    """
    from relay_server.backup import restore as make

    report, done = make(target, folder)
    if done is None:
        _tell(ctx, report, as_json=False, lang=lang)
        return
    said = say(
        "Restored: {envelopes} envelopes ({bytes} bytes). The next serve begins a new log.",
        envelopes=done.envelopes,
        bytes=done.bytes,
    )
    click.echo(said.text(lang), err=True)


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
