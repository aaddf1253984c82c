"""``docsign keys``: what a token, a remote signing service or a file can sign with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, passphrase_source
from docsign.errors import EXIT_FAILED, EXIT_OK
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from docsign.pki.keys import NamedKey


@click.command(cls=Command)
@click.argument("uri", metavar="URI")
@click.option("--passphrase-file", type=PATH, metavar="FILE", help="File with the passphrase of a .p12.")
@json_option
@language_option
def keys(uri: str, passphrase_file: Path | None, as_json: bool, lang: Language) -> int:
    """List the keys of a token, a remote signing service or a file.

    Each comes with the URI that names it alone, for --key.

    pkcs11: lists every token of a library (?module-path=FILE, or DOCSIGN_PKCS11_MODULE) without asking a PIN;
    csc+https://HOST asks a remote signing service (access token in DOCSIGN_CSC_TOKEN, or ?token-file=FILE).

    Example: docsign keys pkcs12:chu-tich.p12
    """
    from docsign.pki.keys import list_keys

    found = list_keys(uri, passphrase_source(passphrase_file, lang))
    for one in found:
        click.echo(json.dumps(_row(one), ensure_ascii=False) if as_json else _line(one, lang))
    if not found:
        click.echo(say("There is no key with a certificate here.").text(lang), err=True)
    return EXIT_OK if found else EXIT_FAILED


def _line(one: NamedKey, lang: Language) -> str:
    from docsign.pki.certificates import display_name

    until = one.certificate.not_valid_after_utc.date().strftime("%d/%m/%Y")
    holder = display_name(one.certificate)
    return f"{one.uri}\n    {say('{holder}, valid until {date}', holder=holder, date=until).text(lang)}"


def _row(one: NamedKey) -> dict[str, str | int]:
    from docsign.pki.certificates import display_name, fingerprint

    return {
        "schema": 1,
        "uri": one.uri,
        "holder": display_name(one.certificate),
        "not_before": one.certificate.not_valid_before_utc.isoformat(),
        "not_after": one.certificate.not_valid_after_utc.isoformat(),
        "sha256": fingerprint(one.certificate),
    }
