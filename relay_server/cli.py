"""The command ``docsign-relay``: set a relay up, keep its directory, serve."""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from docsign.cli import run
from docsign.cli.help import Group, language_option, version_option
from docsign.cli.options import PATH, passphrase_source
from docsign.cli.settings import Settings
from docsign.errors import FileUnusableError, UsageError
from docsign.files import is_file
from docsign.sentence import Language, say
from relay_server import care, directory_commands, operating


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, cls=Group)
@version_option("docsign-relay")
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
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on."
)
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
@click.option(
    "--name",
    default="",
    metavar="NAME",
    help="What the records call this relay; default: the certificate's name.",
)
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
    is_file_key = scheme.lower() == "pkcs12"
    settings = RelaySettings(
        tls_cert=str(cert.resolve()),
        tls_key=str(private.resolve()),
        key=f"pkcs12:{Path(path).resolve()}" if is_file_key else key,
        trust=str(trust.resolve()),
        host=host,
        port=port,
        health_port=health_port,
        name=name,
        passphrase_file=str(passphrase_file.resolve()) if passphrase_file else "",
    )
    from docsign.pki.keys import KINDS, open_key
    from docsign.pki.trust import Trust

    settings.require_sound(folder)  # what would not serve is said now
    tls_context(settings, Trust.from_path(trust))
    if is_file_key and not is_file(path):
        raise FileUnusableError(say("There is no such file."), where=path)
    if scheme.lower() not in KINDS:
        open_key(key)  # it says which kinds there are
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


@relay.command()
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--passphrase-file", type=PATH, help="File whose first line is the evidence key's passphrase.")
@language_option
def serve(folder: Path, passphrase_file: Path | None, lang: Language) -> None:
    """Serve until SIGTERM or Ctrl-C; prints one line with the address when ready.

    Example: docsign-relay serve /srv/relay
    """
    from docsign.files import allow_many_files
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
    allow_many_files()  # whoever connects and shows no certificate takes one, too, for a while
    asyncio.run(until_told())


for command in (
    directory_commands.agency, care.check, care.backup, care.restore, care.migrate, care.audit,
    operating.doctor, operating.report,
):  # fmt: skip
    relay.add_command(command)
