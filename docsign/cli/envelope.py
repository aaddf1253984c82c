"""``docsign seal`` and ``docsign forward``: documents into an envelope, encrypted where it is asked for."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from docsign.cli.help import Command, language_option
from docsign.cli.opening import told_apart
from docsign.cli.options import (
    PATH,
    held_key,
    json_option,
    key_options,
    level_option,
    passphrase_source,
    trust_option,
)
from docsign.errors import (
    EXIT_OK,
    ContainerError,
    DocsignError,
    DocumentError,
    FileUnusableError,
    MalformedError,
    TrustError,
    UsageError,
)
from docsign.files import opening, read_file, writing
from docsign.sentence import Language, Sentence, say

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from docsign.envelope import Header
    from docsign.pki import SigningKey, Trust
    from docsign.proofs import Level

_TOML_LIMIT = 1024 * 1024
_PDF_LIMIT = 256 * 1024 * 1024


@click.command(cls=Command)
@click.argument("files", metavar="[HEADER.toml] FILE…", nargs=-1, required=True, type=PATH)
@key_options
@click.option("-o", "--output", type=PATH, required=True, metavar="X.asice", help="The envelope to write.")
@click.option("--letter", type=PATH, metavar="TOML", help="Take the header from the document's own file.")
@click.option("--number", metavar="N", help="With --letter: the document's number.")
@click.option("--date", "day", metavar="D", help="With --letter: its date (2026-11-16 or 16/11/2026).")
@click.option("--to", metavar="CODE", multiple=True, help="With --letter: a receiver; may be repeated.")
@click.option(
    "--encrypt-to",
    type=PATH,
    metavar="CERT",
    multiple=True,
    help="Encrypt to this certificate (PEM, DER); may be repeated, your own included.",
)
@click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; makes the seal B-T.")
@level_option("Level of the seal. Default: b-t with a time-stamping service, else b-b.")
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate.")
@json_option
@language_option
def seal(
    files: tuple[Path, ...],
    key: str,
    passphrase_file: Path | None,
    output: Path,
    letter: Path | None,
    number: str | None,
    day: str | None,
    to: tuple[str, ...],
    encrypt_to: tuple[Path, ...],
    tsa: str | None,
    level: Level | None,
    trust: Path | None,
    no_check: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Pack signed documents into an envelope (ASiC-E) and seal it as the sending agency.

    The header says who sends what to whom: a TOML file given first, or --letter with number, date and
    receivers. It needs number, notation, date, subject, to = ["H99"], and a table [sender] with code and
    name. The seal covers every file. With --encrypt-to nobody but the holders of these certificates reads
    more of it than sender, receivers, number and day.

    Example: docsign seal header.toml 12-UBND-VP.pdf --key pkcs12:con-dau.p12 -o 12-UBND-VP.asice
    """
    from docsign.pki import Trust

    if letter is not None:
        header, documents = _header_of_letter(letter, number, day, to), files
    else:
        for value, option in ((number, "--number"), (day, "--date"), (to or None, "--to")):
            if value is not None:
                raise UsageError(say("{option} is only for use with --letter.", option=option))
        header, documents = _header_from(files[0]), files[1:]
    if not documents:
        raise UsageError(say("Which documents? None is given."))
    _require_filled(documents)
    _require_apart(output, [*files, *([letter] if letter else [])])
    trusted = None if trust is None else Trust.from_path(trust)
    certificates = [_certificate(path) for path in encrypt_to]
    held = held_key(key, passphrase_file, lang)
    with writing(output) as stream:
        written = _sealed(
            stream,
            header,
            documents,
            held,
            certificates,
            check=not no_check,
            trust=trusted,
            level=level,
            tsa=tsa,
            lang=lang,
        )
    if as_json:
        row = {
            "schema": 1,
            "output": str(output),
            "bytes": output.stat().st_size,
            "document_id": written.document_id,
            "sender": written.sender.code,
            "receivers": [receiver.code for receiver in written.receivers],
            "documents": [reference.name for reference in written.references],
        }
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    click.echo(str(output))
    sentence = say(
        "Sealed: {documents} from {sender} to {receivers}.",
        documents=", ".join(reference.name for reference in written.references),
        sender=written.sender.code,
        receivers=", ".join(receiver.code for receiver in written.receivers),
    )
    click.echo(sentence.text(lang), err=True)


def _sealed(
    stream: BinaryIO,
    header: Header,
    documents: Sequence[Path],
    key: SigningKey,
    certificates: Sequence[Certificate],
    *,
    check: bool,
    trust: Trust | None,
    level: Level | None,
    tsa: str | None,
    lang: Language,
) -> Header:
    """Seal, encrypted where there are certificates; return the header with the documents' names."""

    def remark(name: str, sentence: Sentence) -> None:
        click.echo(f"{say('warning').text(lang)}: {name}: {sentence.text(lang)}", err=True)

    if certificates:
        from docsign.encrypting import seal_encrypted_to

        write = partial(seal_encrypted_to, receivers=certificates)
    else:
        from docsign.sealing import seal_to

        write = partial(seal_to)
    return write(
        stream, header, documents, key, check=check, trust=trust, level=level, tsa=tsa, remark=remark
    )


def _certificate(path: Path) -> Certificate:
    """Read the first certificate of a file; raises TrustError naming it."""
    from docsign.pki.certificates import load_certificates

    try:
        found = load_certificates(read_file(path, limit=_TOML_LIMIT))
    except MalformedError as error:
        raise TrustError(error.sentence, where=str(path)) from error
    if not found:
        raise TrustError(say("There is no certificate here."), where=str(path))
    return found[0]


def _header_from(path: Path) -> Header:
    from docsign.envelope.header_table import header_from_table

    data = read_file(path, limit=_TOML_LIMIT)
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        if path.suffix.lower() != ".toml":
            raise UsageError(
                say("The first file is the header, in TOML; this is none."),
                where=str(path),
                hint=say("Or give --letter."),
            ) from error
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=str(path)) from error
    try:
        return header_from_table(values)
    except DocsignError as error:
        error.where = f"{path}: {error.where}" if error.where else str(path)
        raise


def _header_of_letter(path: Path, number: str | None, day: str | None, to: Sequence[str]) -> Header:
    from docsign.document import OfficialDocument

    return OfficialDocument.from_path(path).header(
        number=number, date=None if day is None else _date(day), to=list(to) or None
    )


def _date(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
    raise UsageError(
        say("This is not a date: {text}.", text=text), hint=say("Write 2026-11-16 or 16/11/2026.")
    )


def _require_filled(documents: Sequence[Path]) -> None:
    """Refuse an empty file: something went wrong where it was saved."""
    for path in documents:
        if path.is_file() and not path.stat().st_size:
            raise FileUnusableError(say("The file is empty."), where=str(path))


def _require_apart(output: Path, sources: Sequence[Path]) -> None:
    """Refuse to write over a file that goes in."""
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise FileUnusableError(
                say("This file is already there and is not overwritten."), where=str(output)
            )


@click.command(cls=Command)
@click.argument("file", metavar="X.asice", type=PATH)
@click.option(
    "--to",
    "receivers",
    metavar="CODE=CERT",
    multiple=True,
    required=True,
    help="A further receiver and the certificate to encrypt to; may be repeated.",
)
@click.option("--decrypt-key", required=True, metavar="URI", help="Your own key to it: pkcs12:FILE.")
@key_options
@click.option("-o", "--output", type=PATH, required=True, metavar="Y.asice", help="The envelope to write.")
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate.")
@json_option
@language_option
def forward(
    file: Path,
    receivers: tuple[str, ...],
    decrypt_key: str,
    key: str,
    passphrase_file: Path | None,
    output: Path,
    trust: Path | None,
    no_check: bool,
    as_json: bool,
    lang: Language,
) -> int:
    """Let further receivers read an encrypted envelope that you sent, without encrypting it again.

    The sealed envelope inside stays as it is; around it comes a new one, to the old receivers and the new.
    Both keys are opened with the same passphrase file, or each is asked for.

    Example: docsign forward a.asice --to H99=b.pem --decrypt-key pkcs12:m.p12 --key pkcs12:d.p12 -o c.asice
    """
    from docsign.encrypting import forward_to
    from docsign.envelope import Organization, envelope_header, is_agency_code, read_container
    from docsign.envelope.encrypted import is_encrypted
    from docsign.pki import Trust
    from docsign.pki.keys import open_decryption_key

    _require_apart(output, [file])
    added = []
    for one in receivers:
        code, equals, path = one.partition("=")
        if not equals or not path:
            raise UsageError(say("A receiver is written CODE=CERT: {text}.", text=one))
        if not is_agency_code(code):
            raise UsageError(say("not an agency code: {code}", code=code[:60]), where=one)
        added.append((Organization(code=code), _certificate(Path(path))))
    trusted = None if trust is None else Trust.from_path(trust)
    with opening(file) as source:
        try:
            container = read_container(source)
            header = envelope_header(container)
            if not is_encrypted(header):
                raise ContainerError(say("The envelope is not encrypted."))
            own = open_decryption_key(decrypt_key, passphrase_source(passphrase_file, lang))
            held = held_key(key, passphrase_file, lang)
            with writing(output) as stream:
                written = forward_to(
                    stream, container, header, own, held, added, check=not no_check, trust=trusted
                )
        except MalformedError as error:
            told_apart(error, file)
            raise
    codes = [receiver.code for receiver in written.receivers]
    if as_json:
        row = {"schema": 1, "file": str(file), "output": str(output), "bytes": output.stat().st_size}
        row |= {"document_id": written.document_id, "sender": written.sender.code, "receivers": codes}
        click.echo(json.dumps(row, ensure_ascii=False))
        return EXIT_OK
    click.echo(str(output))
    receivers_now = ", ".join(codes)
    click.echo(say("Now to: {receivers}.", receivers=receivers_now).text(lang), err=True)
    return EXIT_OK
