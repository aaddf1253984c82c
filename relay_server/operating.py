"""The commands for the operator's every day: doctor, report."""

from __future__ import annotations

import json
from datetime import MAXYEAR, UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option
from docsign.errors import EXIT_FAILED, UsageError
from docsign.sentence import Language, say

VIETNAM: Final = timezone(timedelta(hours=7))
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_LEVELS: Final = {"ok": say("in order"), "warn": say("to be seen to"), "fail": say("NOT IN ORDER")}


@click.command(cls=Command)
@click.argument("folder", type=PATH, metavar="DIR")
@json_option
@language_option
@click.pass_context
def doctor(ctx: click.Context, folder: Path, as_json: bool, lang: Language) -> None:
    """Look over what a relay stands on, one line a thing; exit status 1 where something is not in order.

    Settings, clock, disk, certificates, time-stamp service, permissions, addresses. Changes nothing; the
    relay may be serving meanwhile. What it keeps is looked at by docsign-relay check.

    Example: docsign-relay doctor /srv/relay
    """
    from relay_server.doctor import examine

    found = examine(folder, now=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        for line in found.lines:
            click.echo(f"{_LEVELS[line.level].text(lang)}: {line.sentence.text(lang)}")
            if line.advice is not None:
                click.echo(f"    {line.advice.text(lang)}")
    if not found.is_fit:
        ctx.exit(EXIT_FAILED)


@click.command(cls=Command)
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--from", "begin", type=_DAY, metavar="DATE", help="The first day. Default: of this month.")
@click.option("--until", "end", type=_DAY, metavar="DATE", help="The last day. Default: today.")
@click.option("--agency", metavar="CODE", help="This agency alone.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for a spreadsheet.")
@json_option
@language_option
def report(
    folder: Path,
    begin: datetime | None,
    end: datetime | None,
    agency: str | None,
    as_csv: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Count what a relay took in and handed out, agency by agency, and where it stands now.

    Envelopes count on the day the relay accepted them, days are Vietnam's. Changes nothing; the relay may be
    serving meanwhile.

    Example: docsign-relay report /srv/relay --from 2026-11-01 --until 2026-11-30
    """
    from relay_server.report_text import csv_lines, text_lines
    from relay_server.reporting import count

    if as_csv and as_json:
        raise UsageError(say("Give --csv or --json, not both."))
    now = datetime.now(UTC)
    today = now.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today.replace(day=1) if begin is None else begin.replace(tzinfo=VIETNAM)
    last = today if end is None else end.replace(tzinfo=VIETNAM)
    if last.year == MAXYEAR:  # there is no day after it
        raise UsageError(say("{name}: a day is needed, such as 2026-11-16.", name="--until"))
    if last < first:
        raise UsageError(say("The last day comes before the first."), where="--until")
    made = count(folder, first, last + timedelta(days=1), agency=agency, now=now)
    if as_json:
        click.echo(json.dumps(made.to_json(), ensure_ascii=False))
        return
    for line in csv_lines(made) if as_csv else text_lines(made, lang):
        click.echo(line)
