"""``docsign verify``: one answer a file, the exit status their worst."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, trust_option
from docsign.errors import (
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
    EXIT_OUR_BUG,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    UsageError,
)
from docsign.files import file_error, read_file
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from docsign.cli.verify_answers import Form

WORST_FIRST = (
    EXIT_OUR_BUG,
    EXIT_USAGE,
    EXIT_TRY_LATER,
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
)
SUFFIXES = frozenset(
    {".pdf", ".asice", ".sce", ".asics", ".scs", ".p7s", ".p7m", ".edxml", ".tst", ".tsr", ".ers"}
)
"""What is verified of a folder; XML and JSON only where they carry a signature."""

_VIETNAM = timezone(timedelta(hours=7))


@click.command(cls=Command)
@click.argument("files", metavar="FILE|DIR…", nargs=-1, required=True, type=PATH)
@trust_option
@click.option(
    "--at",
    metavar="TIME",
    help="The moment for which the answer holds (2026-11-16T08:00:00+07:00). Default: now.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Fetch nothing: use only what is in the file and in --trust. Default: what is missing is fetched.",
)
@click.option(
    "--content",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="What a detached signature signs; may be repeated.",
)
@click.option(
    "--evidence",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="Evidence record over the whole file (RFC 4998, RFC 6283); may be repeated.",
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
@click.option(
    "--report",
    "form",
    type=click.Choice(["html", "xml", "csv"]),
    help="html: one page to read, print or keep. xml: ETSI TS 119 102-2, for programs. csv: one line a file.",
)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Where the answer goes. Default: stdout.")
@click.option("--verbose", is_flag=True, help="Say too how each conclusion was reached.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many files are verified at the same time. Default: as many as there are cores.",
)
@language_option
def verify(
    files: tuple[Path, ...],
    trust: Path | None,
    at: str | None,
    offline: bool,
    content: tuple[Path, ...],
    evidence: tuple[Path, ...],
    password_file: Path | None,
    policy: Literal["any", "official"],
    as_json: bool,
    form: Literal["html", "xml", "csv"] | None,
    output: Path | None,
    verbose: bool,
    jobs: int | None,
    lang: Language,
) -> int:
    """Verify signed files: PDFs, envelopes, signatures, time-stamps, evidence records, receipts.

    Of a folder, what lies directly in it is verified: one line a file, in the order of their names, and their
    number at the end.
    The exit status is the answer: 0 valid, 1 not valid, 3 not decided, 4 not signed; of several, the worst.

    Example: docsign verify cong-van.signed.pdf --trust ca --offline
    """
    if as_json and form is not None:
        raise UsageError(say("--json and --report exclude each other."))
    from docsign.cli.verify_answers import Asked, tell, verifier

    asked = Asked(
        trust=trust,
        at=_moment(at) if at is not None else datetime.now(UTC),
        offline=offline,
        content=content,
        signed=frozenset(path.stem for path in files) if content else frozenset(),
        evidence=evidence,
        password=_first_line(password_file) if password_file is not None else None,
        policy=policy,
        form=_form(files, as_json=as_json, form=form, verbose=verbose),
        language=lang,
        verbose=verbose,
        colour=output is None and sys.stdout.isatty(),
    )
    verifier(asked)  # a trust that cannot be used is said once, before any file
    paths = list(_listed(files))
    if len(paths) == 1 and output is None and asked.form in ("text", "line", "json"):
        told = tell(asked, paths[0])
        for words, to_stderr in ((told.out, False), (told.err, True)):
            if words:
                click.echo(words, err=to_stderr)
        return told.status
    from docsign.cli.verify_many import verify_many

    many = any(path.is_dir() for path in files)
    statuses = verify_many(asked, paths, output=output, jobs=jobs, many=many)
    return next(status for status in WORST_FIRST if status in statuses)


def _form(
    files: tuple[Path, ...], *, as_json: bool, form: Literal["html", "xml", "csv"] | None, verbose: bool
) -> Form:
    if as_json:
        return "json"
    if form is not None:
        return form
    return "line" if not verbose and any(path.is_dir() for path in files) else "text"


def _first_line(file: Path) -> str:
    return read_file(file, limit=64 * 1024).decode("utf-8", "replace").split("\n")[0].rstrip("\r")


def _listed(files: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files, and of each folder what can be signed; raises UsageError for an empty folder."""
    for path in files:
        if not path.is_dir():
            yield path
            continue
        try:
            found = sorted(one for one in path.iterdir() if _is_wanted(one))
        except OSError as error:
            raise file_error(error, path) from error
        if not found:
            raise UsageError(say("There is nothing to verify in this folder."), where=str(path))
        yield from found


def _is_wanted(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return path.is_file()
    if suffix not in (".xml", ".json") or not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(1024 * 1024)
    return b"http://www.w3.org/2000/09/xmldsig#" in head if suffix == ".xml" else b'"evidence"' in head


def _moment(text: str) -> datetime:
    """Read --at; without a zone it is Vietnam's time, a day alone is its end."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(say("This is not a time: {text}.", text=text), where="--at") from error
    if len(text) <= 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=_VIETNAM)
