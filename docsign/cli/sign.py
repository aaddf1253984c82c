"""``docsign sign``: PDFs signed as a person or as an agency, one or a whole folder with one key."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.options import (
    PATH,
    held_key,
    json_option,
    key_options,
    language_option,
    trust_option,
)
from docsign.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    DocsignError,
    FileUnusableError,
    TimestampError,
    UsageError,
)
from docsign.files import read_file, write_file
from docsign.sentence import Language, say
from docsign.verdict import SignerRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from docsign.pki import SigningKey, Trust

_IMAGE_LIMIT = 4 * 1024 * 1024
_ORDER = (EXIT_USAGE, EXIT_TRY_LATER, EXIT_FAILED, EXIT_OK)


@click.command()
@click.argument("files", metavar="FILE|DIR…", nargs=-1, required=True, type=PATH)
@key_options
@click.option("--as", "role", type=click.Choice(["person", "agency"]), required=True, help="Who signs.")
@click.option("--number", metavar="N", help="The document's number, given by the agency.")
@click.option(
    "--date", "day", metavar="D", help="The document's date (2026-11-16 or 16/11/2026), by the agency."
)
@click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; makes the signature B-T.")
@click.option("--image", type=PATH, metavar="PNG", help="The signature or seal, PNG with transparency.")
@click.option("--field", metavar="NAME", help="The empty signature field to use, in a PDF that is not ours.")
@click.option("--reason", metavar="TEXT", help="Why it is signed; kept in the signature.")
@click.option("--location", metavar="TEXT", help="Where it is signed; kept in the signature.")
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate.")
@click.option("--detached", is_flag=True, help="Sign any file beside itself: FILE.p7s (CAdES).")
@click.option(
    "--password-file", type=PATH, metavar="FILE", help="File whose first line opens encrypted PDFs."
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
    number: str | None,
    day: str | None,
    tsa: str | None,
    image: Path | None,
    field: str | None,
    reason: str | None,
    location: str | None,
    trust: Path | None,
    no_check: bool,
    detached: bool,
    password_file: Path | None,
    output: Path | None,
    as_json: bool,
    lang: Language,
) -> int:
    """Sign PDFs as a person or as an agency.

    NAME.signed.pdf is written beside each file unless -o says otherwise. A document made by docsign is signed
    in its own field; any other PDF invisibly. The passphrase comes from a prompt, --passphrase-file or
    DOCSIGN_PASSPHRASE.

    Example: docsign sign letter.pdf --key pkcs12:chu-tich.p12 --as person
    """
    from docsign.pki import Trust

    given_day = None if day is None else _date(day)
    work = _targets(files, output, ".p7s" if detached else ".signed.pdf")
    if detached:
        _refuse_with_detached(
            number=number, date=day, image=image, field=field, reason=reason, location=location
        )
    if number is not None and len(work) > 1:
        raise UsageError(say("One number is for one document; {count} files are given.", count=len(work)))
    picture = None if image is None else read_file(image, limit=_IMAGE_LIMIT)
    password = None if password_file is None else _first_line(password_file)
    trusted = None if trust is None else Trust.from_path(trust)
    held = held_key(key, passphrase_file, lang)
    if detached:
        one = _detached(held, tsa=tsa, check=not no_check, trust=trusted)
    else:
        from docsign.signing import SigningSession

        session = SigningSession(held, role=role, tsa=tsa, image=picture, check=not no_check, trust=trusted)

        def one(data: bytes) -> bytes:
            return session.sign(
                data,
                number=number,
                date=given_day,
                field=field,
                reason=reason,
                location=location,
                password=password,
            )

    return _sign_all(work, one, as_json, lang)


def _sign_all(
    work: Sequence[tuple[Path, Path]], one: Callable[[bytes], bytes], as_json: bool, lang: Language
) -> int:
    """Sign each file, say what went wrong with which, and return the exit status of the whole."""
    statuses = {EXIT_OK}
    done = 0
    with _progress(len(work), lang) as advance:
        for source, target in work:
            try:
                signed = one(read_file(source))
                write_file(target, signed)
            except DocsignError as error:
                statuses.add(error.exit_status)
                if str(source) not in error.where:
                    error.where = f"{source}: {error.where}" if error.where else str(source)
                click.echo(f"{say('error').text(lang)} [{error.code}]: {error.text(lang)}", err=True)
                if isinstance(error, TimestampError):
                    break  # the service would keep every other file waiting just as long
            else:
                done += 1
                _answer(source, target, len(signed), as_json)
            advance()
    if len(work) > 1:
        click.echo(say("Signed {done} of {total} files.", done=done, total=len(work)).text(lang), err=True)
    return next(status for status in _ORDER if status in statuses)


def _answer(source: Path, target: Path, size: int, as_json: bool) -> None:
    if as_json:
        row = {"schema": 1, "file": str(source), "output": str(target), "bytes": size}
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        click.echo(str(target))


def _detached(
    key: SigningKey, *, tsa: str | None, check: bool, trust: Trust | None
) -> Callable[[bytes], bytes]:
    from datetime import UTC

    from docsign.detached import sign_detached
    from docsign.pki import require_fit

    def one(data: bytes) -> bytes:
        now = datetime.now(UTC)
        if check:
            require_fit(key.certificate, at=now, trust=trust)
        return sign_detached(data, key, at=now, tsa=tsa)

    return one


def _refuse_with_detached(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(say("{option} has no place in a detached signature.", option=f"--{name}"))


def _targets(files: Sequence[Path], output: Path | None, ending: str) -> list[tuple[Path, Path]]:
    """Return each file to sign with where its result goes; raises UsageError before anything is written."""
    sources: list[Path] = []
    for file in files:
        if file.is_dir():
            inside = [
                path
                for path in sorted(file.iterdir())
                if path.suffix.lower() == ".pdf" and not path.name.lower().endswith(".signed.pdf")
            ]
            if not inside:
                raise FileUnusableError(say("There is no PDF in this folder."), where=str(file))
            sources.extend(inside)
        else:
            sources.append(file)
    if output is not None and len(sources) > 1 and not output.is_dir():
        raise FileUnusableError(
            say("Several files are signed into a folder; this is none."), where=str(output)
        )
    work = []
    taken: set[Path] = set()
    for source in sources:
        name = f"{source.name}{ending}" if ending == ".p7s" else f"{source.stem}{ending}"
        beside = source.with_name(name)
        target = beside if output is None else output / name if output.is_dir() else output
        if target in taken:
            raise UsageError(say("Two of the files would be written to the same place."), where=str(target))
        taken.add(target)
        work.append((source, target))
    return work


def _date(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    raise UsageError(
        say("This is not a date: {text}.", text=text), hint=say("Write 2026-11-16 or 16/11/2026.")
    )


def _first_line(path: Path) -> str:
    return read_file(path, limit=64 * 1024).decode("utf-8", "replace").split("\n")[0].rstrip("\r")


@contextmanager
def _progress(total: int, lang: Language) -> Iterator[Callable[[], None]]:
    """Show how far a batch is, on a terminal alone."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Signing").text(lang), total=total)
        yield lambda: bar.advance(task)
