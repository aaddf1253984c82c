"""The commands that keep the directory: who is in it, by which certificates, and for whom else."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Group, language_option
from docsign.cli.options import PATH, json_option
from docsign.errors import UsageError
from docsign.sentence import Language, Sentence, say

if TYPE_CHECKING:
    from relay_server.core.delegation import KeptGrant

VIETNAM = timezone(timedelta(hours=7))


@click.group(cls=Group)
def agency() -> None:
    """The directory: which certificates speak for which agency.

    Example: docsign-relay agency list /srv/relay
    """


@agency.command("add")
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--code", required=True, metavar="CODE", help="The agency's code, such as H99.31.")
@click.option("--name", default="", metavar="NAME", help="The agency's name; needed the first time.")
@click.option("--tls-cert", type=PATH, multiple=True, help="Certificate of its TLS connections (PEM, DER).")
@click.option("--sign-cert", type=PATH, multiple=True, help="Certificate it seals envelopes with (PEM, DER).")
@click.option(
    "--audit-cert", type=PATH, multiple=True, help="TLS certificate that may read the records of the log."
)
@language_option
def add(
    folder: Path,
    code: str,
    name: str,
    tls_cert: tuple[Path, ...],
    sign_cert: tuple[Path, ...],
    audit_cert: tuple[Path, ...],
    lang: Language,
) -> None:
    """Add an agency, or further certificates of one; shows the fingerprints to compare by telephone.

    Example: docsign-relay agency add /srv/relay --code H99.31 --name "UBND xã Mẫu"
    --tls-cert commune-tls.pem --sign-cert commune.pem
    """
    from relay_server.register import register

    found = asyncio.run(register(folder, code, name, tls=tls_cert, sign=sign_cert, audit=audit_cert))
    click.echo(
        say("The directory knows {code} – {name}.", code=found.code, name=found.name).text(lang), err=True
    )
    for binding in found.bindings:
        click.echo(f"{binding.use.value:<5} {binding.sha256}  {binding.not_after:%Y-%m-%d}")


@agency.command("list")
@click.argument("folder", type=PATH, metavar="DIR")
@json_option
def list_(folder: Path, as_json: bool) -> None:
    """List the directory with its certificates.

    Example: docsign-relay agency list /srv/relay
    """
    from relay_server.register import registered

    for one in asyncio.run(registered(folder)):
        if as_json:
            bindings = [
                {"sha256": b.sha256, "use": b.use.value, "not_after": b.not_after.isoformat()}
                for b in one.bindings
            ]
            line = {"code": one.code, "name": one.name, "certificates": bindings}
            click.echo(json.dumps(line, ensure_ascii=False))
            continue
        click.echo(f"{one.code}  {one.name}")
        for binding in one.bindings:
            click.echo(f"    {binding.use.value:<5} {binding.sha256}  {binding.not_after:%Y-%m-%d}")


@agency.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.argument("code", metavar="CODE")
@click.option("--tls", type=PATH, metavar="NEW.pem", help="The new certificate of its TLS connections.")
@click.option("--signing", type=PATH, metavar="NEW.pem", help="The new certificate it seals envelopes with.")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 366),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="For how long the old certificate is good as well.",
)
@click.option(
    "--replaces",
    default="",
    metavar="SHA256",
    help="First digits of the old certificate's fingerprint; needed where there are several.",
)
@click.option(
    "--fingerprint",
    default="",
    metavar="SHA256",
    help="The new fingerprint as the agency told it (16 digits or more); asked for at a terminal.",
)
@language_option
def rotate(
    folder: Path,
    code: str,
    tls: Path | None,
    signing: Path | None,
    overlap: float,
    replaces: str,
    fingerprint: str,
    lang: Language,
) -> None:
    """Change a certificate of an agency without interruption: for a time old and new are both good.

    The new one counts from now on, the old one until the overlap is over; the relay goes on serving. The
    agency says the new fingerprint by another way (telephone), and the command compares.

    Example: docsign-relay agency rotate /srv/relay H99.31 --tls commune-tls-2027.pem --overlap 14
    --fingerprint 3f5a0c9d21e74b68
    """
    from relay_server.core.directory import Use
    from relay_server.register import read_binding, rotate_certificate

    if (tls is None) == (signing is None):
        raise UsageError(say("Give --tls or --signing, one of them."))
    path, use = (tls, Use.TLS) if tls else (signing, Use.SIGN)
    assert path is not None
    if math.isnan(overlap):
        raise UsageError(
            say("{name}: a number from {least} to {most} is needed.", name="--overlap", least=0, most=366)
        )
    new = read_binding(path, use)
    if not fingerprint and sys.stdin.isatty():
        asked = say("Ask the agency {code} for the fingerprint of its new certificate. It says", code=code)
        fingerprint = click.prompt(asked.text(lang), err=True)
    done, ends = asyncio.run(
        rotate_certificate(
            folder, code, new, told=fingerprint, replaces=replaces, overlap=timedelta(days=overlap)
        )
    )
    said = say(
        "The new certificate of {code} is good from now on, the old one until {end}.",
        code=done.code,
        end=f"{ends:%Y-%m-%d %H:%M} UTC",
    )
    click.echo(said.text(lang), err=True)
    for binding in done.bindings:
        click.echo(f"{binding.use.value:<5} {binding.sha256}  {binding.not_after:%Y-%m-%d}")


@agency.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.argument("grant", type=PATH, metavar="GRANT.json", required=False)
@click.option("--end", metavar="ID", help="End the grant of this id (its first digits) at once and for ever.")
@json_option
@language_option
def delegate(folder: Path, grant: Path | None, end: str | None, as_json: bool, lang: Language) -> None:
    """Take in an agency's grant that another may act for it, end one, or list them.

    The grant is the file that docsign grant made, signed by the agency that grants. The relay goes on
    serving; what is ended is refused from the next request on.

    Example: docsign-relay agency delegate /srv/relay uy-quyen.json
    """
    from docsign.envelope.grants import GRANT_LIMIT
    from docsign.files import read_file
    from relay_server.register import delegate as take
    from relay_server.register import end_grant, granted

    if grant is not None and end is not None:
        raise UsageError(say("Give a grant, or --end, not both."))
    if grant is not None:
        found = [asyncio.run(take(folder, read_file(grant, limit=GRANT_LIMIT), where=str(grant)))]
    elif end is not None:
        found = [asyncio.run(end_grant(folder, end))]
    else:
        found = list(asyncio.run(granted(folder)))
    now = datetime.now(UTC)
    for one in found:
        click.echo(_grant_json(one, now) if as_json else _grant_line(one, now).text(lang))


def _grant_line(kept: KeptGrant, now: datetime) -> Sentence:
    grant = kept.grant
    values = {
        "id": grant.id,
        "delegate": grant.delegate,
        "grantor": grant.grantor,
        "begin": f"{grant.begins.astimezone(VIETNAM):%Y-%m-%d %H:%M}",
        "end": f"{grant.ends.astimezone(VIETNAM):%Y-%m-%d %H:%M} +07:00",
    }
    if kept.ended_at is not None:
        moment = f"{kept.ended_at.astimezone(VIETNAM):%Y-%m-%d %H:%M} +07:00"
        return say("{id}  {delegate} for {grantor}: ended on {moment}", **values, moment=moment)
    if grant.ends <= now:
        return say("{id}  {delegate} for {grantor}: over since {end}", **values)
    return say("{id}  {delegate} for {grantor}, from {begin} to {end}", **values)


def _grant_json(kept: KeptGrant, now: datetime) -> str:
    ended = kept.ended_at.isoformat() if kept.ended_at else None
    value = {"grant": kept.grant.to_json(), "ended_at": ended, "in_force": kept.holds_at(now)}
    return json.dumps(value, ensure_ascii=False)
