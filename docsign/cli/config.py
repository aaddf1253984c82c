"""``docsign config``: the settings in force and where each comes from."""

from __future__ import annotations

import json

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import json_option
from docsign.cli.settings import NAMES, Settings
from docsign.sentence import Language, say


@click.command(cls=Command)
@language_option
@json_option
@click.pass_obj
def config(settings: Settings, lang: Language, as_json: bool) -> None:
    """Show the settings in force and where each comes from.

    Example: docsign config
    """
    if as_json:
        rows = {
            name: {"value": settings.values.get(name), "from": settings.origins.get(name)} for name in NAMES
        }
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for name in NAMES:
        if name in settings.values:
            click.echo(f"{name} = {settings.values[name]}    ({settings.origins[name]})")
        else:
            click.echo(f"{name}    ({say('not set').text(lang)})")
