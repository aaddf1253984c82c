"""``docsign verify``: one answer a file, the exit status their worst."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

import click

from docsign.cli.options import PATH, json_option, language_option, trust_option
from docsign.errors import (
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
    EXIT_OUR_BUG,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    DocsignError,
    UsageError,
)
from docsign.files import file_error, read_file
from docsign.sentence import Language, say

WORST_FIRST = (
    EXIT_OUR_BUG,
    EXIT_USAGE,
    EXIT_TRY_LATER,
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
)
SUFFIXES = frozenset({".pdf", ".asice", ".sce", ".asics", ".p7s", ".p7m"})
"""What is verified of a folder."""

_VIETNAM = timezone(timedelta(hours=7))


@click.command()
@click.argument("files", metavar="FILE|DIR…", nargs=-1, required=True, type=PATH)
@trust_option
@click.option(
    "--at",
    metavar="TIME",
    help="The moment for which the answer holds (2026-11-16T08:00:00+07:00). Default: now.",
)
@click.option("--offline", is_flag=True, help="Fetch nothing: use only what is in the file and in --trust.")
@click.option(
    "--content",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="What a detached signature signs; may be repeated.",
)
@click.option(
    "--password-file", type=PATH, metavar="FILE", help="File whose first line opens an encrypted PDF."
)
@click.option(
    "--policy",
    type=click.Choice(["any", "official"]),
    default="any",
    help="official: the two signatures of an official document are needed. Default: any.",
)
@json_option
@language_option
def verify(
    files: tuple[Path, ...],
    trust: Path | None,
    at: str | None,
    offline: bool,
    content: tuple[Path, ...],
    password_file: Path | None,
    policy: Literal["any", "official"],
    as_json: bool,
    lang: Language,
) -> int:
    """Verify signed files: PDFs, envelopes, detached signatures, receipts.

    Of a folder, what lies directly in it is verified.
    The exit status is the answer: 0 valid, 1 not valid, 3 not decided, 4 not signed; of several, the worst.

    Example: docsign verify cong-van.signed.pdf --trust ca --offline
    """
    from docsign.pki.trust import Trust
    from docsign.verification import verify as verify_file

    moment = _moment(at) if at is not None else None
    trusted = Trust.from_path(trust) if trust is not None else None
    password = None
    if password_file is not None:
        password = (
            read_file(password_file, limit=64 * 1024).decode("utf-8", "replace").split("\n")[0].rstrip("\r")
        )
    statuses = [EXIT_OK]
    first = True
    for path in _listed(files):
        try:
            report = verify_file(
                path,
                trust=trusted,
                at=moment,
                offline=offline,
                content=content,
                password=password,
                policy=policy,
            )
        except DocsignError as error:
            click.echo(f"{say('error').text(lang)} [{error.code}]: {error.text(lang)}", err=True)
            statuses.append(error.exit_status)
            continue
        except Exception as error:  # noqa: BLE001 -- our bug on one file must not hide the answers on the others
            traceback.print_exc()
            bug = say("This is a bug in docsign ({name}); nothing more was done.", name=type(error).__name__)
            click.echo(f"{path}: {bug.text(lang)}", err=True)
            statuses.append(EXIT_OUR_BUG)
            continue
        if as_json:
            from docsign.report.json import to_line

            click.echo(to_line(report))
        else:
            from docsign.report.text import to_text

            click.echo(("" if first else "\n") + to_text(report, lang, colour=sys.stdout.isatty()))
        first = False
        statuses.append(report.conclusion.indication.exit_status)
    return next(status for status in WORST_FIRST if status in statuses)


def _listed(files: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files, and of each folder what can be signed; raises UsageError for an empty folder."""
    for path in files:
        if not path.is_dir():
            yield path
            continue
        try:
            found = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file())
        except OSError as error:
            raise file_error(error, path) from error
        if not found:
            raise UsageError(say("There is nothing to verify in this folder."), where=str(path))
        yield from found


def _moment(text: str) -> datetime:
    """Read --at; without a zone it is Vietnam's time, a day alone is its end."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(say("This is not a time: {text}.", text=text), where="--at") from error
    if len(text) <= 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=_VIETNAM)
