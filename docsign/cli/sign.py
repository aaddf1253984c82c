"""``docsign sign``: PDFs signed as a person or as an agency, one or a whole folder with one key."""

from __future__ import annotations

import hashlib
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.batch import Together, run_batch, targets
from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, held_key, json_option, key_options, level_option, trust_option
from docsign.cli.sign_options import Asked, document_options
from docsign.errors import UsageError
from docsign.sentence import Language, say, shown
from docsign.verdict import SignerRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from docsign.pki import SigningKey, Trust
    from docsign.proofs import Level


@click.command(cls=Command)
@click.argument("files", metavar="FILE|DIR…", nargs=-1, required=True, type=PATH)
@key_options
@click.option("--as", "role", type=click.Choice(["person", "agency"]), required=True, help="Who signs.")
@document_options
@click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; makes the signature B-T.")
@level_option("Level of the signature. Default: b-t with a time-stamping service, else b-b.")
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate.")
@click.option("--offline", is_flag=True, help="Do not ask online whether the certificate is revoked.")
@click.option("--detached", is_flag=True, help="Sign any file beside itself: FILE.p7s (CAdES).")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes that sign; default: all cores for a key in a file, one for a token.",
)
@click.option(
    "-o", "--output", type=PATH, metavar="OUT", help="File, or folder for several. Default: beside."
)
@json_option
@language_option
def sign(
    files: tuple[Path, ...],
    key: str,
    passphrase_file: Path | None,
    role: SignerRole,
    asked: Asked,
    tsa: str | None,
    level: Level | None,
    trust: Path | None,
    no_check: bool,
    offline: bool,
    detached: bool,
    jobs: int | None,
    output: Path | None,
    as_json: bool,
    lang: Language,
) -> int:
    """Sign PDFs as a person or as an agency.

    NAME.signed.pdf is written beside each file unless -o says otherwise. A document made by docsign is signed
    in its own field; any other PDF invisibly, or where --place says. --stamp incoming adds a receiving
    agency's note of arrival to a document that came. Of several files those signed already are left: a batch
    that was stopped goes on with the same command. The passphrase comes from a prompt, --passphrase-file or
    DOCSIGN_PASSPHRASE.

    Example: docsign sign letter.pdf --key pkcs12:chu-tich.p12 --as person
    """
    from docsign.pki import Trust
    from docsign.pki.keys import ManyAtOnce

    work = targets(files, output, ".p7s" if detached else ".signed.pdf")
    if detached:
        asked.refuse_with_detached()
    if asked.number is not None and len(work) > 1:
        raise UsageError(say("One number is for one document; {count} files are given.", count=len(work)))
    picture, options = asked.picture(), asked.options()
    trusted = None if trust is None else Trust.from_path(trust)
    held = held_key(key, passphrase_file, lang)
    if trusted is not None and not offline and not no_check:
        trusted = _with_fetched(held, trusted, lang)
    together: Together | None = None
    if detached:
        one = _detached(held, level=level, tsa=tsa, check=not no_check, trust=trusted)
    else:
        from docsign.signing import SigningSession

        session = SigningSession(
            held, role=role, level=level, tsa=tsa, image=picture, check=not no_check, trust=trusted
        )
        one = partial(session.sign, **options)
        if isinstance(held, ManyAtOnce) and held.most_at_once > 1:
            together = Together(most=held.most_at_once, sign=partial(session.sign_all, **options))
    return run_batch(
        work,
        one,
        doing=say("Signing"),
        done_words=lambda done, total: say("Signed {done} of {total} files.", done=done, total=total),
        is_done=_signed_already(held, detached=detached),
        processes=_processes(held, jobs),
        together=together,
        as_json=as_json,
        lang=lang,
    )


def _signed_already(key: SigningKey, *, detached: bool) -> Callable[[bytes, bytes], bool]:
    """Return what tells whether a result is this very file, signed with this very certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = key.certificate.public_bytes(Encoding.DER)
    hash_name = key.scheme.hash_name

    def signed(source: bytes, result: bytes) -> bool:
        if detached:
            return certificate in result and hashlib.new(hash_name, source).digest() in result
        added = result[len(source) :]
        return result.startswith(source) and certificate.hex().encode() in added.lower()

    return signed


def _processes(key: SigningKey, jobs: int | None) -> int:
    """Return how many processes may sign: a token or a remote service has one session."""
    from docsign.cli.workers import usable_cores
    from docsign.pki.keys import HeldKey

    if not isinstance(key, HeldKey) or sys.platform != "linux":
        return 1  # a key is copied with the process alone: it is never written down to be handed on
    return jobs or usable_cores()


def _with_fetched(key: SigningKey, trust: Trust, lang: Language) -> Trust:
    """Return the trust with what can be fetched now about the signer's chain; say what could not be."""
    from dataclasses import replace
    from datetime import UTC

    from docsign.pki.fetch import fetch_validation_data

    fetched = fetch_validation_data(key.certificate, others=key.chain, trust=trust, at=datetime.now(UTC))
    for finding in fetched.findings:
        place = f"{finding.where}: " if finding.where else ""
        click.echo(f"{say('warning').text(lang)}: {shown(place + finding.sentence.text(lang))}", err=True)
    return replace(trust, fetched=trust.fetched.merged(fetched.data))


def _detached(
    key: SigningKey, *, level: Level | None, tsa: str | None, check: bool, trust: Trust | None
) -> Callable[[bytes], bytes]:
    from datetime import UTC

    from docsign.detached import sign_detached
    from docsign.pki import require_fit

    def one(data: bytes) -> bytes:
        now = datetime.now(UTC)
        if check:
            require_fit(key.certificate, at=now, trust=trust, others=key.chain)
        return sign_detached(data, key, at=now, level=level, tsa=tsa, trust=trust)

    return one
