"""``docsign grant``: an agency's signed word that another may act for it at a relay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, held_key, key_options
from docsign.errors import UsageError, WireError
from docsign.sentence import Language, say

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_HANOI = timedelta(hours=7)
_SAID = {"grant.grantor": "--agency", "grant.delegate": "CODE", "grant.to": "--until", "grant.from": "--from"}


@click.command(cls=Command)
@click.argument("delegate", metavar="CODE")
@key_options
@click.option(
    "--agency", metavar="CODE", help="The agency that grants. Default: that of the key's certificate."
)
@click.option("--from", "begins", type=_DAY, metavar="DATE", help="The first day. Default: now.")
@click.option("--until", "ends", type=_DAY, metavar="DATE", required=True, help="The last day.")
@click.option(
    "-o", "--output", type=PATH, metavar="FILE", required=True, help="Where to write the grant (JSON)."
)
@language_option
def grant(
    delegate: str,
    key: str,
    passphrase_file: Path | None,
    agency: str | None,
    begins: datetime | None,
    ends: datetime,
    output: Path,
    lang: Language,
) -> None:
    """Let another agency act for ours at a relay, for a time: a signed grant.

    CODE is the agency that may send and receive for ours. Sign with the key that seals envelopes, and give
    the file to the relay's operator, who takes it in with docsign-relay agency delegate. Days are Vietnam's.

    Example: docsign grant H99.32 --key pkcs12:con-dau.p12 --from 2026-12-01 --until 2027-11-30
    -o uy-quyen.json
    """
    import secrets

    from docsign.detached import sign_detached
    from docsign.envelope.evidence import canonical_json
    from docsign.envelope.grants import Grant, SignedGrant
    from docsign.files import write_file
    from docsign.pki.certificates import agency_code

    held = held_key(key, passphrase_file, lang)
    grantor = agency or agency_code(held.certificate)
    if grantor is None:
        raise UsageError(say("Which agency is this? --agency is missing, and our certificate does not say."))
    now = datetime.now(UTC).replace(microsecond=0)
    first = now if begins is None else begins.replace(tzinfo=UTC) - _HANOI
    wanted = Grant(
        id=secrets.token_hex(16),
        grantor=grantor,
        delegate=delegate,
        begins=first,
        ends=ends.replace(tzinfo=UTC) + timedelta(days=1) - _HANOI,
        made_at=now,
    )
    try:
        made = Grant.from_json(wanted.to_json())  # what nobody would take is said now
    except WireError as error:
        raise UsageError(error.sentence, where=_SAID.get(error.where, "")) from error
    signed = canonical_json(made.to_json())
    proof = SignedGrant(grant=made, signature=sign_detached(signed, held, at=now), signed=signed)
    write_file(output, proof.to_bytes(), overwrite=False)
    said = say(
        "{delegate} may act for {grantor} until {end}, once the relay has taken the grant: {file}",
        delegate=made.delegate,
        grantor=made.grantor,
        end=f"{ends:%d/%m/%Y}",
        file=output,
    )
    click.echo(said.text(lang), err=True)
