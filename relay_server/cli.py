"""The command ``docsign-relay``: set a relay up, keep its directory, serve."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from docsign.cli import run
from docsign.cli.options import json_option, language_option, passphrase_source
from docsign.cli.settings import Settings
from docsign.errors import FileUnusableError, UsageError
from docsign.sentence import Language, say
from relay_server import care

PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="docsign", prog_name="docsign-relay")
@click.pass_context
def relay(ctx: click.Context) -> None:
    """Run a relay: it takes envelopes in, keeps them safe, hands them out, and proves what happened.

    Example: docsign-relay serve /srv/relay
    """
    ctx.obj = Settings.load()
    if find_spec("sqlalchemy") is None:
        raise UsageError(
            say("What a relay needs is not installed."), hint=say("pip install 'docsign[relay]' adds it.")
        )


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every ending is an exit status of the documented list."""
    sys.exit(run(relay, arguments))


@relay.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8443, show_default=True, help="Port to listen on; 0: any free one.")
@click.option("--health-port", default=-1, help="Port of /livez and /readyz on loopback; default: none.")
@click.option("--identity", type=PATH, help="PEM with the TLS key, certificate and issuers.")
@click.option("--tls-cert", type=PATH, help="PEM with the TLS certificate and issuers.")
@click.option("--tls-key", type=PATH, help="PEM with the TLS key.")
@click.option(
    "--key", required=True, metavar="URI", help="Key that signs evidence, such as pkcs12:relay.p12."
)
@click.option("--passphrase-file", type=PATH, help="File whose first line is that key's passphrase.")
@click.option("--trust", required=True, type=PATH, help="Authorities of the agencies' certificates.")
@click.option("--name", default="", help="What the records call this relay; default: the certificate's name.")
@language_option
def init(
    folder: Path,
    host: str,
    port: int,
    health_port: int,
    identity: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    key: str,
    passphrase_file: Path | None,
    trust: Path,
    name: str,
    lang: Language,
) -> None:
    """Set up a relay in a folder: its settings, an empty directory, an empty store.

    Example: docsign-relay init /srv/relay --identity relay-tls.pem --key pkcs12:relay.p12 --trust ca
    """
    from relay_server.app import BODIES, DATABASE, tls_context
    from relay_server.settings import RelaySettings
    from relay_server.storage.database import DatabaseLedger
    from relay_server.storage.disk import DiskBodies

    if (identity is None) == (tls_cert is None or tls_key is None):
        raise UsageError(say("Give --identity, or --tls-cert and --tls-key."))
    cert, private = (identity, identity) if identity else (tls_cert, tls_key)
    assert cert is not None
    assert private is not None
    scheme, _, path = key.partition(":")
    settings = RelaySettings(
        tls_cert=str(cert.resolve()),
        tls_key=str(private.resolve()),
        key=f"pkcs12:{Path(path).resolve()}" if scheme == "pkcs12" else key,
        trust=str(trust.resolve()),
        host=host,
        port=port,
        health_port=health_port,
        name=name,
        passphrase_file=str(passphrase_file.resolve()) if passphrase_file else "",
    )
    from docsign.pki.trust import Trust

    tls_context(settings, Trust.from_path(trust))  # what would not serve is said now
    if scheme == "pkcs12" and not Path(path).is_file():
        raise FileUnusableError(say("There is no such file."), where=path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        from docsign.files import file_error

        raise file_error(error, folder) from error
    settings.write(folder)
    DiskBodies.open(folder / BODIES)

    async def create() -> None:
        await (await DatabaseLedger.open(folder / DATABASE)).close()

    asyncio.run(create())
    click.echo(say("The relay is set up in {folder}.", folder=folder).text(lang), err=True)


@relay.group()
def agency() -> None:
    """The directory: which certificates speak for which agency.

    Example: docsign-relay agency list /srv/relay
    """


@agency.command("add")
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--code", required=True, help="The agency's code, such as H99.31.")
@click.option("--name", default="", help="The agency's name; needed the first time.")
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
        click.echo(f"{binding.use.value:<5}{binding.sha256}  {binding.not_after:%Y-%m-%d}")


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
            click.echo(f"    {binding.use.value:<5}{binding.sha256}  {binding.not_after:%Y-%m-%d}")


@relay.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--passphrase-file", type=PATH, help="File whose first line is the evidence key's passphrase.")
@language_option
def serve(folder: Path, passphrase_file: Path | None, lang: Language) -> None:
    """Serve until SIGTERM or Ctrl-C; prints one line with the address when ready.

    Example: docsign-relay serve /srv/relay
    """
    from relay_server.app import serving
    from relay_server.log import log_to_stderr
    from relay_server.settings import RelaySettings

    settings = RelaySettings.read(folder)
    secret = passphrase_file or (Path(settings.passphrase_file) if settings.passphrase_file else None)

    async def until_told() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, told.set)
            except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
                break
        async with serving(folder, settings, passphrase=passphrase_source(secret, lang)) as here:
            health = f"  {here.health_url}" if here.health_url else ""
            click.echo(say("Relay ready: {url}", url=here.url + health).text(lang))
            sys.stdout.flush()
            await told.wait()

    log_to_stderr()
    asyncio.run(until_told())


for command in (care.check, care.backup, care.restore, care.audit):
    relay.add_command(command)
