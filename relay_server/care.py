"""The commands that care for a relay: check, backup, restore, migrate, audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, passphrase_source
from docsign.errors import EXIT_FAILED, EvidenceError
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from relay_server.audit import AuditReport


@click.command(cls=Command)
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--trust", type=PATH, help="Authorities to check by; default: those its settings name.")
@json_option
@language_option
@click.pass_context
def check(ctx: click.Context, folder: Path, trust: Path | None, as_json: bool, lang: Language) -> None:
    """Check a relay's database, bodies and log against its evidence; exit status 1 where anything is wrong.

    Changes nothing; the relay may be serving meanwhile. A backup on another machine needs --trust there.

    Example: docsign-relay check /srv/relay
    """
    from docsign.files import is_file
    from docsign.pki.trust import Trust
    from relay_server.app import MANIFEST
    from relay_server.backup import check_backup
    from relay_server.checking import check as check_folder

    given = Trust.from_path(trust) if trust else None
    report = (check_backup if is_file(folder / MANIFEST) else check_folder)(folder, given)
    _tell(ctx, report, as_json=as_json, lang=lang)


@click.command(cls=Command)
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


@click.command(cls=Command)
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


@click.command(cls=Command)
@click.argument("folder", type=PATH, metavar="DIR")
@language_option
def migrate(folder: Path, lang: Language) -> None:
    """Bring the database of an older version to the form of this one; stop the relay first.

    It is done whole or not at all, and a copy of the database as it was stays beside it. Check the relay
    afterwards: docsign-relay check.

    Example: docsign-relay migrate /srv/relay
    """
    from relay_server.migrating import migrate as bring

    done = bring(folder)
    if done.kept is None:
        said = say("Nothing to do: the database has form {form} already.", form=done.form)
    else:
        said = say(
            "The database was brought from form {found} to {form}. As it was: {kept}",
            found=done.found,
            form=done.form,
            kept=done.kept,
        )
    click.echo(said.text(lang), err=True)


@click.command(cls=Command)
@click.argument("url", metavar="URL")
@click.option("--identity", type=PATH, required=True, help="Our TLS key and certificate, PEM or PKCS#12.")
@click.option("--trust", type=PATH, required=True, help="Authorities of the relay's certificates.")
@click.option("--state", type=PATH, required=True, metavar="FILE", help="Keeps what was seen of the log.")
@click.option(
    "--compare", type=PATH, multiple=True, metavar="FILE",
    help="What others were shown: a receipt, the state of their audit, or a checkpoint.",
)  # fmt: skip
@click.option("--whole", is_flag=True, help="Read the log again from its first record.")
@click.option("--passphrase-file", type=PATH, help="File whose first line is the identity's passphrase.")
@json_option
@language_option
@click.pass_context
def audit(
    ctx: click.Context,
    url: str,
    identity: Path,
    trust: Path,
    state: Path,
    compare: tuple[Path, ...],
    whole: bool,
    passphrase_file: Path | None,
    as_json: bool,
    lang: Language,
) -> None:
    """Follow a relay's log; exit status 1 where it does not continue what was seen of it before.

    Records are read where this identity may read them, else their hashes. Run it from time to time, always
    with the same state.

    Example: docsign-relay audit https://relay.example:8443 --identity auditor.pem --trust ca
    --state relay.audit
    """
    import asyncio

    from docsign.exchange.client import RelayClient
    from docsign.files import read_file, write_file
    from relay_server.audit import CONTRADICTIONS, contradiction, follow
    from relay_server.core.following import SEEN_LIMIT, Seen

    seen = None
    if state.exists():
        seen = Seen.from_bytes(read_file(state, limit=SEEN_LIMIT), where=str(state))
    others = [_shown_to_others(path) for path in compare]
    client = RelayClient(
        url, identity=identity, trust=trust, passphrase=passphrase_source(passphrase_file, lang)
    )

    async def run() -> AuditReport:
        async with client:
            return await follow(client.log_part, trust=client.trust, seen=seen, others=others, whole=whole)

    report = asyncio.run(run())
    if report.seen is not None:
        write_file(state, report.seen.to_bytes(), durable=True)
    elif seen is not None and CONTRADICTIONS & {code for code, _ in report.troubles}:
        write_file(state.with_name(f"{state.name}.fork"), contradiction(seen, report), durable=True)
    _tell_audit(report, as_json=as_json, lang=lang)
    if not report.is_in_order:
        ctx.exit(EXIT_FAILED)


def _shown_to_others(path: Path) -> bytes:
    """Read a file to compare; raises EvidenceError for one without a checkpoint: no word on the log."""
    from docsign.envelope.signed_note import Checkpoint, read_note
    from docsign.files import read_file
    from relay_server.core.following import SEEN_LIMIT, checkpoint_in

    data = read_file(path, limit=SEEN_LIMIT)
    try:
        Checkpoint.read(read_note(checkpoint_in(data)))
    except EvidenceError as error:
        raise EvidenceError(say("There is no checkpoint in this file."), where=str(path)) from error
    return data


def _tell_audit(report: AuditReport, *, as_json: bool, lang: Language) -> None:
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
        return
    for _, sentence in report.troubles:
        click.echo(sentence.text(lang))
    for note in report.notes:
        click.echo(note.text(lang), err=True)
    if report.is_in_order:
        said = say(
            "The log {origin} is in order: {size} records, {new} of them new.",
            origin=report.origin,
            size=report.size,
            new=report.new,
        )
    else:
        said = say("Keep what this audit has written and ask the relay's operator: its log is not in order.")
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
