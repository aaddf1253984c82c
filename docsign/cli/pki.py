"""``docsign pki``: a trial authority for tests and demonstrations, never for real use."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from docsign.cli.help import Group, language_option
from docsign.cli.options import PATH, json_option, passphrase_source
from docsign.errors import FileUnusableError, MalformedError, PassphraseError, UsageError
from docsign.files import read_file, write_file
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from cryptography import x509

    from docsign.pki.authority import Issued, KeyKind, Kind, TrialAuthority

# The words of docsign.pki.authority.KINDS and KEY_KINDS, written again so that --help loads no cryptography.
KINDS = ("person", "agency", "tsa", "tls", "relay", "relay-tls", "encryption")
KEY_KINDS = ("rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519")
REASONS = ("unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation")
PORT = 8318

folder_argument = click.argument("folder", type=PATH, metavar="DIR")


@click.group(cls=Group)
def pki() -> None:
    """A trial authority: certificates, revocation lists, time-stamps. Without legal value.

    Example: docsign pki init ca
    """


@pki.command()
@folder_argument
@click.option(
    "--key-type", type=click.Choice(KEY_KINDS), default="rsa2048", help="Kind of the authority's own keys."
)
@click.option(
    "--trust-folder", type=PATH, metavar="PATH", help="Where certificates and lists go. Default: DIR/trust."
)
@click.option(
    "--url",
    metavar="URL",
    help="Address of docsign pki serve, for the certificates to name: OCSP, lists, issuers.",
)
@click.option("--crl-url", metavar="URL", help="Address of issuing.crl alone, where it is elsewhere.")
@click.option(
    "--agency", metavar="CODE", help="Also issue a person and an agency of this code: DIR/keys/*.p12."
)
@click.option(
    "--passphrase-file",
    type=PATH,
    metavar="FILE",
    help="File whose first line will lock the .p12; else DOCSIGN_PASSPHRASE, else a prompt.",
)
@language_option
def init(
    folder: Path,
    key_type: KeyKind,
    trust_folder: Path | None,
    url: str | None,
    crl_url: str | None,
    agency: str | None,
    passphrase_file: Path | None,
    lang: Language,
) -> None:
    """Make a new trial authority in DIR, with the trust folder that others verify with.

    With --agency a person and an agency to try signing with are issued too; --url makes the certificates name
    the service of docsign pki serve, such as http://127.0.0.1:8318.

    Example: docsign pki init ca
    """
    from docsign.pki.authority import TrialAuthority

    passphrase = None if agency is None else _new_passphrase(passphrase_file, lang)
    made = TrialAuthority.create(
        folder,
        key=key_type,
        trust_folder=trust_folder,
        url=None if url is None else url.rstrip("/"),
        crl_url=crl_url,
    )
    if agency is not None and passphrase is not None:
        _sample(made, agency, passphrase)
    click.echo(
        say("A trial authority was made. It has no legal value; verify with the trust folder:").text(lang),
        err=True,
    )
    click.echo(made.trust_folder)


@pki.command()
@folder_argument
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the certificate is for.")
@click.option("--name", required=True, metavar="NAME", help="Name of the holder.")
@click.option("--organization", metavar="NAME", help="Organization of the holder.")
@click.option("--agency", "agency_code", metavar="CODE", help="Code of the agency, such as H99.31.")
@click.option("--position", metavar="TITLE", help="Position of the holder.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Name or address of a relay-tls server; repeatable.",
)
@click.option(
    "--key-type", type=click.Choice(KEY_KINDS), help="Default: rsa2048; for relay and TLS kinds p256."
)
@click.option("--days", type=click.IntRange(1, 3000), help="Validity in days. Default: two years.")
@click.option("-o", "--output", type=PATH, required=True, metavar="FILE", help=".p12, or .pem for TLS kinds.")
@click.option(
    "--passphrase-file",
    type=PATH,
    metavar="FILE",
    help="File whose first line will lock the .p12; else DOCSIGN_PASSPHRASE, else a prompt.",
)
@json_option
@language_option
def issue(
    folder: Path,
    kind: Kind,
    name: str,
    organization: str | None,
    agency_code: str | None,
    position: str | None,
    hosts: tuple[str, ...],
    key_type: KeyKind | None,
    days: int | None,
    output: Path,
    passphrase_file: Path | None,
    as_json: bool,
    lang: Language,
) -> None:
    """Issue a certificate with its key.

    Beside a .p12 the certificate alone is written as .pem, to give to others.

    Example: docsign pki issue ca --kind person --name "Nguyễn Văn Mẫu" --agency H99.31 -o mau.p12
    """
    from docsign.pki.authority import LOOPBACK, TrialAuthority
    from docsign.pki.certificates import fingerprint

    authority = TrialAuthority.load(folder)
    passphrase = _output_lock(output, kind, passphrase_file, lang)
    issued = authority.issue(
        kind,
        name,
        organization=organization,
        agency=agency_code,
        position=position,
        key=key_type,
        hosts=hosts or LOOPBACK,
        not_after=datetime.now(UTC) + timedelta(days=days) if days else None,
    )
    data = issued.pem() if passphrase is None else issued.pkcs12(passphrase)
    write_file(output, data, private=True, overwrite=False)
    if passphrase is not None:
        write_file(output.with_suffix(".pem"), _public(issued), overwrite=False)
    if as_json:
        click.echo(json.dumps(_row(issued, kind, name, agency_code, output), ensure_ascii=False))
    else:
        click.echo(f"{fingerprint(issued.certificate)}  {output}")


@pki.command()
@folder_argument
@click.argument("file", type=PATH)
@click.option(
    "--reason", type=click.Choice(REASONS), default="unspecified", help="Why. Default: unspecified."
)
@click.option("--passphrase-file", type=PATH, metavar="FILE", help="Passphrase of a .p12 file.")
@language_option
def revoke(folder: Path, file: Path, reason: str, passphrase_file: Path | None, lang: Language) -> None:
    """Revoke the certificate in FILE (.pem, .cer or .p12) and renew the revocation lists.

    Example: docsign pki revoke ca mau.p12 --reason keyCompromise
    """
    from docsign.pki.authority import TrialAuthority
    from docsign.pki.certificates import display_name

    authority = TrialAuthority.load(folder)
    certificate = _certificate_in(file, passphrase_file, lang)
    authority.revoke(certificate, reason=reason)
    sentence = say(
        "The certificate of {holder} is revoked; the revocation lists are renewed.",
        holder=display_name(certificate),
    )
    click.echo(sentence.text(lang), err=True)


@pki.command()
@folder_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@language_option
def serve(folder: Path, port: int, lang: Language) -> None:
    """Serve time-stamps, OCSP and revocation lists on loopback until stopped.

    Addresses: /tsa, /ocsp, /crl/issuing.crl, /crl/root.crl, /ca/issuing.crt, /ca/root.crt.

    Example: docsign pki serve ca --port 8318
    """
    from docsign.pki.authority import TrialAuthority

    authority = TrialAuthority.load(folder)
    try:
        asyncio.run(_serve(authority, port, lang))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UsageError(say("Port {port} is already in use.", port=port)) from error


async def _serve(authority: TrialAuthority, port: int, lang: Language) -> None:
    from docsign.pki.responder import serving

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    authority.ocsp_key()
    async with serving(
        authority.service_key(), authority.trust_folder, authority.answer_status, port=port
    ) as url:
        click.echo(
            say("The trial service is ready, without legal value; Ctrl-C stops it:").text(lang), err=True
        )
        if authority.url not in (None, url):
            click.echo(
                say("The certificates name another address: {url}.", url=authority.url).text(lang), err=True
            )
        click.echo(f"{url}/tsa")
        sys.stdout.flush()
        await stop.wait()


def _output_lock(output: Path, kind: Kind, file: Path | None, lang: Language) -> str | None:
    """Check the output's name before anything is issued; return the passphrase, or None for a PEM file."""
    if output.exists():
        raise FileUnusableError(say("This file is already there and is not overwritten."), where=str(output))
    if not output.absolute().parent.is_dir():
        raise FileUnusableError(say("There is no such folder."), where=str(output.parent))
    suffix = output.suffix.lower()
    if suffix == ".pem" and kind in ("tls", "relay-tls"):
        return None
    if suffix not in (".p12", ".pfx"):
        raise UsageError(say("The name must end in .p12 (or .pem for tls and relay-tls)."), where=str(output))
    alone = output.with_suffix(".pem")
    if alone.exists():
        raise FileUnusableError(say("This file is already there and is not overwritten."), where=str(alone))
    return _new_passphrase(file, lang)


def _new_passphrase(file: Path | None, lang: Language) -> str:
    passphrase = passphrase_source(file, lang)()
    if not passphrase:
        raise PassphraseError(say("A key is not written without a passphrase."))
    return passphrase


def _sample(authority: TrialAuthority, agency: str, passphrase: str) -> None:
    """Issue a plainly invented person and agency, ready to sign."""
    unit = f"CƠ QUAN THỬ NGHIỆM {agency}"
    keys = authority.folder / "keys"
    keys.mkdir(exist_ok=True)
    for kind, name, position in (("person", "Nguyễn Văn Mẫu", "Chủ tịch"), ("agency", unit, None)):
        issued = authority.issue(
            cast("Kind", kind), name, organization=unit, agency=agency, position=position
        )
        write_file(keys / f"{kind}.p12", issued.pkcs12(passphrase), private=True, overwrite=False)
        write_file(keys / f"{kind}.pem", _public(issued), overwrite=False)


def _public(issued: Issued) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(one.public_bytes(Encoding.PEM) for one in (issued.certificate, *issued.chain))


def _certificate_in(file: Path, passphrase_file: Path | None, lang: Language) -> x509.Certificate:
    from docsign.pki.certificates import load_certificates
    from docsign.pki.keys import open_key
    from docsign.pki.trust import looks_like_pkcs12

    data = read_file(file, limit=4 * 1024 * 1024)
    if looks_like_pkcs12(data):
        return open_key(f"pkcs12:{file}", passphrase_source(passphrase_file, lang)).certificate
    try:
        certificates = load_certificates(data)
    except MalformedError as error:
        raise MalformedError(error.sentence, where=str(file)) from error
    if not certificates:
        raise UsageError(say("There is no certificate here."), where=str(file))
    return certificates[0]


def _row(issued: Issued, kind: Kind, name: str, agency: str | None, output: Path) -> dict[str, str | None]:
    from docsign.pki.certificates import fingerprint

    return {
        "file": str(output),
        "kind": kind,
        "name": name,
        "agency": agency,
        "serial": f"{issued.certificate.serial_number:x}",
        "sha256": fingerprint(issued.certificate),
    }
