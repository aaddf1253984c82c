"""``docsign open``: documents out of an envelope, after its check; encrypted ones with their key."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, passphrase_source, trust_option
from docsign.errors import EXIT_FAILED, DocumentError, MalformedError, PdfError, UsageError
from docsign.files import opening, write_together
from docsign.sentence import Language, say, shown
from docsign.verdict import Conclusion, Indication, conclude

if TYPE_CHECKING:
    from docsign.envelope import Container, ContainerJudgement, Header, Organization

_PDF_LIMIT = 256 * 1024 * 1024


@click.command("open", cls=Command)
@click.argument("file", metavar="X.asice", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="DIR", help="The folder to unpack into.")
@trust_option
@click.option("--decrypt-key", metavar="URI", help="The key to an encrypted envelope: pkcs12:FILE.")
@click.option(
    "--passphrase-file",
    type=PATH,
    metavar="FILE",
    help="File whose first line opens that key; else DOCSIGN_PASSPHRASE, else a prompt.",
)
@click.option("--even-if-failed", is_flag=True, help="Unpack although the envelope's check failed.")
@json_option
@language_option
def open_(
    file: Path,
    output: Path,
    trust: Path | None,
    decrypt_key: str | None,
    passphrase_file: Path | None,
    even_if_failed: bool,
    as_json: bool,
    lang: Language,
) -> int:
    """Check an envelope and unpack its documents and header.edxml.

    Nothing that is there is overwritten. An envelope that failed its check (TOTAL-FAILED) stays closed unless
    --even-if-failed says otherwise. An encrypted one is opened with --decrypt-key, and what is inside is
    checked too. The exit status is the answer of the check, as with verify.

    Example: docsign open 12-UBND-VP.asice -o 12-UBND-VP --trust trust
    """
    from docsign.envelope import envelope_header, judge_container, read_container
    from docsign.envelope.encrypted import is_encrypted
    from docsign.pki import Trust

    trusted = Trust.nothing() if trust is None else Trust.from_path(trust)
    with contextlib.ExitStack() as opened:
        try:
            container = read_container(opened.enter_context(opening(file)))
            header = envelope_header(container)
            judgements = [judge_container(container, trust=trusted, at=datetime.now(UTC))]
            if is_encrypted(header) and not _has_failed(judgements):
                if decrypt_key is None:
                    raise UsageError(say("The envelope is encrypted: give --decrypt-key."), where=str(file))
                container, header = _decrypted(container, header, decrypt_key, passphrase_file, lang, opened)
                judgements.append(judge_container(container, trust=trusted, at=datetime.now(UTC)))
            if _has_failed(judgements) and not even_if_failed:
                _refuse(file, judgements[-1], lang)
                if as_json:
                    click.echo(_row(file, header, judgements[-1].conclusion, ()))
                return EXIT_FAILED
            _refuse_secret(container, header)
            paths = _unpack(container, header, output)
        except (MalformedError, DocumentError) as error:
            told_apart(error, file)
            raise
    conclusion = conclude(one.conclusion for one in judgements)
    _answer(file, header, conclusion, judgements, paths, as_json, lang)
    return conclusion.indication.exit_status


def told_apart(error: MalformedError | DocumentError, file: Path) -> None:
    """Name the file in an error about an envelope; where it is none, say what it is instead."""
    from docsign.formats import tell
    from docsign.verdict import FileFormat

    error.where = f"{file}: {error.where}" if error.where else str(file)
    with opening(file) as stream:
        head = stream.read(4096)
    if error.hint is None and not head.startswith(b"PK"):
        kind = tell(head)
        if not head:
            error.hint = say("The file is empty.")
        elif kind is FileFormat.EDXML:
            error.hint = say("This is an edXML message: docsign edxml import takes it over.")
        elif kind is FileFormat.PDF:
            error.hint = say("This is a PDF: docsign verify judges it, docsign seal packs it.")


def _has_failed(judgements: Sequence[ContainerJudgement]) -> bool:
    return any(one.conclusion.indication is Indication.TOTAL_FAILED for one in judgements)


def _decrypted(
    container: Container,
    header: Header,
    uri: str,
    passphrase_file: Path | None,
    lang: Language,
    opened: contextlib.ExitStack,
) -> tuple[Container, Header]:
    from docsign.encrypting import decrypted
    from docsign.pki.keys import open_decryption_key

    key = open_decryption_key(uri, passphrase_source(passphrase_file, lang))
    return opened.enter_context(decrypted(container, header, key))


def _refuse(file: Path, judgement: ContainerJudgement, lang: Language) -> None:
    from docsign.report.wording import standard_words

    sentence = say(
        "The envelope failed its check ({answer}); it was not unpacked.",
        answer=standard_words(judgement.conclusion),
    )
    click.echo(f"{file}: {sentence.text(lang)}", err=True)
    for finding in judgement.every_finding:
        place = f"{finding.where}: " if finding.where else ""
        click.echo(f"  {shown(place + finding.sentence.text(lang))}", err=True)


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
    conclusion: Conclusion,
    judgements: Sequence[ContainerJudgement],
    paths: Sequence[Path],
    as_json: bool,
    lang: Language,
) -> None:
    if as_json:
        click.echo(_row(file, header, conclusion, paths))
        return
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
    for judgement in judgements:
        for finding in judgement.every_finding:
            click.echo(shown(finding.sentence.text(lang)), err=True)


def _row(file: Path, header: Header, conclusion: Conclusion, paths: Sequence[Path]) -> str:
    """Return the answer for programs; no documents where the envelope stayed closed."""
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
    return json.dumps(row, ensure_ascii=False)


def _party(party: Organization) -> str:
    return f"{party.code} {party.name}".strip()


def _word(conclusion: Conclusion, lang: Language) -> str:
    from docsign.report.wording import answer_word, standard_words

    return f"{answer_word(conclusion).text(lang)} ({standard_words(conclusion)})"
