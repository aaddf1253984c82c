"""``docsign seal`` and ``docsign open``: documents into an envelope, and out of it."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
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
    ContainerError,
    DocsignError,
    DocumentError,
    FileUnusableError,
    PdfError,
    UsageError,
)
from docsign.files import opening, read_file, write_together, writing
from docsign.sentence import Language, say
from docsign.verdict import Conclusion, Indication

if TYPE_CHECKING:
    from docsign.envelope import Container, ContainerJudgement, Header, Organization

_TOML_LIMIT = 1024 * 1024
_PDF_LIMIT = 256 * 1024 * 1024


@click.command()
@click.argument("files", metavar="[HEADER.toml] FILE…", nargs=-1, required=True, type=PATH)
@key_options
@click.option("-o", "--output", type=PATH, required=True, metavar="X.asice", help="The envelope to write.")
@click.option("--letter", type=PATH, metavar="TOML", help="Take the header from the document's own file.")
@click.option("--number", metavar="N", help="With --letter: the document's number.")
@click.option("--date", "day", metavar="D", help="With --letter: its date (2026-11-16 or 16/11/2026).")
@click.option("--to", metavar="CODE", multiple=True, help="With --letter: a receiver; may be repeated.")
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
    trust: Path | None,
    no_check: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Pack signed documents into an envelope (ASiC-E) and seal it as the sending agency.

    The header says who sends what to whom: a TOML file given first, or --letter with number, date and
    receivers. The seal covers every file.

    Example: docsign seal header.toml 12-UBND-VP.pdf --key pkcs12:con-dau.p12 -o 12-UBND-VP.asice
    """
    from docsign.pki import Trust
    from docsign.sealing import seal_to

    if letter is not None:
        header, documents = _header_of_letter(letter, number, day, to), files
    else:
        for value, option in ((number, "--number"), (day, "--date"), (to or None, "--to")):
            if value is not None:
                raise UsageError(say("{option} is only for use with --letter.", option=option))
        header, documents = _header_from(files[0]), files[1:]
    if not documents:
        raise UsageError(say("Which documents? None is given."))
    _require_apart(output, [*files, *([letter] if letter else [])])
    trusted = None if trust is None else Trust.from_path(trust)
    held = held_key(key, passphrase_file, lang)
    with writing(output) as stream:
        written = seal_to(stream, header, documents, held, check=not no_check, trust=trusted)
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


def _require_apart(output: Path, sources: Sequence[Path]) -> None:
    """Refuse to write over a file that goes in."""
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise FileUnusableError(
                say("This file is already there and is not overwritten."), where=str(output)
            )


@click.command("open")
@click.argument("file", metavar="X.asice", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="DIR", help="The folder to unpack into.")
@trust_option
@click.option("--even-if-failed", is_flag=True, help="Unpack although the envelope's check failed.")
@json_option
@language_option
def open_(
    file: Path, output: Path, trust: Path | None, even_if_failed: bool, as_json: bool, lang: Language
) -> int:
    """Check an envelope and unpack its documents and header.edxml.

    Nothing that is there is overwritten. An envelope that failed its check (TOTAL-FAILED) stays closed unless
    --even-if-failed says otherwise. The exit status is the answer of the check, as with verify.

    Example: docsign open 12-UBND-VP.asice -o 12-UBND-VP --trust trust
    """
    from docsign.envelope import envelope_header, judge_container, read_container
    from docsign.pki import Trust

    trusted = Trust.nothing() if trust is None else Trust.from_path(trust)
    with opening(file) as stream:
        try:
            container = read_container(stream)
            judgement = judge_container(container, trust=trusted, at=datetime.now(UTC))
            failed = judgement.conclusion.indication is Indication.TOTAL_FAILED
            if failed and not even_if_failed:
                _refuse(file, judgement, lang)
                return EXIT_FAILED
            header = envelope_header(container)
            _refuse_secret(container, header)
            paths = _unpack(container, header, output)
        except (ContainerError, DocumentError) as error:
            error.where = f"{file}: {error.where}" if error.where else str(file)
            raise
    _answer(file, header, judgement, paths, as_json, lang)
    return judgement.conclusion.indication.exit_status


def _refuse(file: Path, judgement: ContainerJudgement, lang: Language) -> None:
    from docsign.report.wording import standard_words

    sentence = say(
        "The envelope failed its check ({answer}); it was not unpacked.",
        answer=standard_words(judgement.conclusion),
    )
    click.echo(f"{file}: {sentence.text(lang)}", err=True)
    findings = [*judgement.findings, *(one for report in judgement.signatures for one in report.findings)]
    for finding in findings:
        place = f"{finding.where}: " if finding.where else ""
        click.echo(f"  {place}{finding.sentence.text(lang)}", err=True)


def _refuse_secret(container: Container, header: Header) -> None:
    """Look for secrecy marks, in the header and on the first page of each PDF (QD 28/2018 Art. 1)."""
    from docsign.envelope import require_not_secret
    from docsign.pdf.text import refuse_secret

    require_not_secret(header)
    for reference in header.references:
        if reference.name.lower().endswith(".pdf") or reference.content_type == "application/pdf":
            with contextlib.suppress(PdfError):  # a damaged PDF is for verify to judge
                refuse_secret(container.read(reference.entry, _PDF_LIMIT))


def _unpack(container: Container, header: Header, folder: Path) -> list[Path]:
    """Write the documents and the header; nothing that is there is overwritten, nothing half kept."""
    from docsign.envelope.container import DOCUMENTS, HEADER_NAME

    targets = {
        reference.entry: folder / reference.entry.removeprefix(DOCUMENTS) for reference in header.references
    }
    if folder / HEADER_NAME not in targets.values():
        targets[HEADER_NAME] = folder / HEADER_NAME
    return write_together((target, partial(container.open, entry)) for entry, target in targets.items())


def _answer(
    file: Path,
    header: Header,
    judgement: ContainerJudgement,
    paths: Sequence[Path],
    as_json: bool,
    lang: Language,
) -> None:
    conclusion = judgement.conclusion
    if as_json:
        sub = conclusion.sub_indication
        row = {
            "schema": 1,
            "file": str(file),
            "indication": conclusion.indication.value,
            "sub_indication": None if sub is None else sub.value,
            "document_id": header.document_id,
            "subject": header.subject,
            "sender": header.sender.code,
            "receivers": [receiver.code for receiver in header.receivers],
            "documents": [str(path) for path in paths],
        }
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    from docsign.cli.exchange_text import shown

    issued = "" if header.issued is None else header.issued.strftime("%d/%m/%Y")
    lines = (
        (say("Check"), _word(conclusion, lang)),
        (say("Sender"), _party(header.sender)),
        (say("Receivers"), "; ".join(map(_party, header.receivers))),
        (say("Document"), f"{header.code}, {issued}"),
        (say("Subject"), header.subject),
    )
    for label, value in lines:
        click.echo(f"{label.text(lang)}: {shown(value)}")
    for path in paths:
        click.echo(str(path))
    for finding in (
        *judgement.findings,
        *(one for report in judgement.signatures for one in report.findings),
    ):
        click.echo(f"{finding.sentence.text(lang)}", err=True)


def _party(party: Organization) -> str:
    return f"{party.code} {party.name}".strip()


def _word(conclusion: Conclusion, lang: Language) -> str:
    from docsign.report.wording import answer_word, standard_words

    return f"{answer_word(conclusion).text(lang)} ({standard_words(conclusion)})"
