"""``docsign prepare`` and ``docsign complete``: the key is not here, and signs what is carried to it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, SCHEMES, trust_option
from docsign.cli.sign_options import Asked, document_options
from docsign.errors import FileUnusableError, UsageError
from docsign.files import read_file, write_file
from docsign.sentence import Language, say
from docsign.verdict import SignerRole

if TYPE_CHECKING:
    from docsign.elsewhere import PreparedSignature

_CERTIFICATE_LIMIT = 1024 * 1024
_SIGNATURE_LIMIT = 64 * 1024


@click.command(cls=Command)
@click.argument("file", metavar="FILE", type=PATH)
@click.option(
    "--cert",
    type=PATH,
    metavar="CERT",
    required=True,
    help="The signer's certificate, PEM or DER, issuers after.",
)
@click.option("--as", "role", type=click.Choice(["person", "agency"]), required=True, help="Who signs.")
@click.option(
    "--scheme", type=click.Choice(SCHEMES), help="How the key will sign. Default: by the certificate."
)
@document_options
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate.")
@click.option("--detached", is_flag=True, help="Prepare a signature beside the file: .p7s (CAdES).")
@click.option("--to-be-signed", type=PATH, metavar="BYTES", help="Write the bytes to sign to a file too.")
@click.option(
    "-o", "--output", type=PATH, metavar="JSON", required=True, help="Where to write what was prepared."
)
@language_option
def prepare(
    file: Path,
    cert: Path,
    role: SignerRole,
    scheme: str | None,
    asked: Asked,
    trust: Path | None,
    no_check: bool,
    detached: bool,
    to_be_signed: Path | None,
    output: Path,
    lang: Language,
) -> None:
    """Prepare a signature whose key is elsewhere.

    The JSON file holds the document and no secret. Its "digest" (base64) is what the key signs, as its
    "scheme" says; a tool that digests by itself takes the file of --to-be-signed. Then: docsign complete.

    Example: docsign prepare letter.pdf --cert chu-tich.pem --as person -o letter.json
    """
    from docsign import elsewhere
    from docsign.pki import SignatureScheme, Trust
    from docsign.pki.certificates import load_certificates, order_chain

    found = load_certificates(read_file(cert, limit=_CERTIFICATE_LIMIT))
    if not found:
        raise FileUnusableError(say("There is no certificate in this file."), where=str(cert))
    certificate, chain = found[0], tuple(order_chain(found[0], found[1:]))
    wanted = None if scheme is None else SignatureScheme(scheme)
    trusted = None if trust is None else Trust.from_path(trust)
    data = read_file(file)
    made: PreparedSignature
    if detached:
        asked.refuse_with_detached()
        made = elsewhere.prepare_detached(
            data, certificate, chain, scheme=wanted, check=not no_check, trust=trusted
        )
    else:
        made = elsewhere.prepare(
            data,
            certificate,
            chain,
            role=role,
            scheme=wanted,
            image=asked.picture(),
            check=not no_check,
            trust=trusted,
            **asked.options(),
        )
    if to_be_signed is not None:
        write_file(to_be_signed, made.to_be_signed)
    write_file(output, made.to_json().encode())
    click.echo(str(output))
    note = say(
        "The key signs by {scheme}: {digest}",
        scheme=made.scheme.value,
        digest=base64.b64encode(made.digest).decode(),
    )
    click.echo(note.text(lang), err=True)


@click.command(cls=Command)
@click.argument("prepared", metavar="JSON", type=PATH)
@click.option(
    "--signature",
    type=PATH,
    metavar="FILE",
    required=True,
    help="What the key answered: its bytes, or base64.",
)
@click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; makes the signature B-T.")
@click.option("-o", "--output", type=PATH, metavar="OUT", required=True, help="The signed PDF, or the .p7s.")
@language_option
def complete(prepared: Path, signature: Path, tsa: str | None, output: Path, lang: Language) -> None:  # noqa: ARG001
    """Complete a prepared signature with what the key answered.

    The answer is checked against the certificate first, and the document against what was prepared.

    Example: docsign complete letter.json --signature answer.bin -o letter.signed.pdf
    """
    from docsign import elsewhere
    from docsign.errors import MalformedError, SigningKeyError

    if output.resolve() in (prepared.resolve(), signature.resolve()):
        raise UsageError(say("The result would overwrite its source; name another file with -o."))
    text = read_file(prepared, limit=elsewhere.JSON_LIMIT)
    value = _value(read_file(signature, limit=_SIGNATURE_LIMIT))
    try:
        waiting = elsewhere.PreparedSignature.from_json(text)
    except MalformedError as error:
        error.where = error.where or str(prepared)
        raise
    try:
        made = elsewhere.complete(waiting, value, tsa=tsa)
    except SigningKeyError as error:
        error.where = error.where or str(signature)
        raise
    write_file(output, made)
    click.echo(str(output))


def _value(data: bytes) -> bytes:
    """Read base64 where it is nothing else, line ends apart; else the bytes themselves."""
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return data
