"""``docsign edxml``: messages of the national axis (.edxml) into envelopes and folders, and back."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from docsign.cli.help import Group, language_option
from docsign.cli.opening import told_apart
from docsign.cli.options import PATH, held_key, json_option, optional_key_options, trust_option
from docsign.errors import (
    EXIT_FAILED,
    EXIT_OK,
    ContainerError,
    DocumentError,
    EdxmlError,
    UsageError,
)
from docsign.files import opening, write_together, writing
from docsign.sentence import Language, say, shown
from docsign.verdict import Indication

if TYPE_CHECKING:
    from docsign.envelope.edxml_message import Message, Spool
    from docsign.envelope.header import Header
    from docsign.envelope.judge import ContainerJudgement
    from docsign.verdict import Conclusion, Finding


@click.group(cls=Group)
def edxml() -> None:
    """Messages of the national axis (.edxml): into an envelope or a folder, and back."""


@edxml.command("import")
@click.argument("file", metavar="X.edxml", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="X.asice|DIR", help="Where to write.")
@optional_key_options
@trust_option
@click.option("--no-check", is_flag=True, help="Skip the checks of the sealing certificate.")
@json_option
@language_option
def import_(
    file: Path,
    output: Path,
    key: str | None,
    passphrase_file: Path | None,
    trust: Path | None,
    no_check: bool,
    as_json: bool,
    lang: Language,
) -> int:
    """Take a message over: into an envelope that --key seals, or unpacked into a folder.

    What the files hold is not changed, whatever the message wrapped them in; trust rests on the signatures
    inside them, for the axis builds messages anew on their way.

    Example: docsign edxml import 125-UBND-VX.edxml -o 125-UBND-VX
    """
    from docsign.envelope.conversion import envelope_header_of, form_findings
    from docsign.envelope.edxml_message import read_message
    from docsign.formats import is_container

    is_envelope = output.suffix.lower() in (".asice", ".sce")
    if is_envelope and key is None:
        raise UsageError(say("An envelope is sealed: give --key, or name a folder."))
    with contextlib.ExitStack() as opened:
        spool = _spool(opened)
        try:
            message = read_message(opened.enter_context(opening(file)), spool)
            header, names, renamed = envelope_header_of(message)
        except EdxmlError as error:
            error.where = f"{file}: {error.where}" if error.where else str(file)
            with opening(file) as stream:
                if is_container(stream.read(4)):
                    error.hint = say("This is an envelope: docsign open unpacks it.")
            raise
        _require_not_secret(header, message, file)
        files = [(name, one.content) for name, one in zip(names, message.attachments, strict=True)]
        files += _original(message, file, opened)
        if is_envelope:
            assert key is not None
            paths = [output]
            header = _seal(output, header, files, key, passphrase_file, trust, no_check, lang)
        else:
            paths = _unpack(output, header, files)
    _answer(file, header, paths, [one.sha256 for one in message.attachments], as_json)
    _tell((*message.findings, *renamed, *form_findings(header)), lang)
    return EXIT_OK


@edxml.command("export")
@click.argument("file", metavar="X.asice", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="X.edxml", help="The message to write.")
@trust_option
@click.option("--even-if-failed", is_flag=True, help="Write it although the envelope's check failed.")
@json_option
@language_option
def export(
    file: Path, output: Path, trust: Path | None, even_if_failed: bool, as_json: bool, lang: Language
) -> int:
    """Write an envelope as a message for the national axis; the exit status is the check's.

    The seal of the envelope stays behind: the axis keeps no signature of a message. The signatures inside the
    documents go along unchanged.

    Example: docsign edxml export 125-UBND-VX.asice -o 125-UBND-VX.edxml --trust trust
    """
    from docsign.envelope import envelope_header, judge_container, read_container
    from docsign.envelope.conversion import ORIGINAL_NAME, attachments_of, form_findings
    from docsign.envelope.edxml_message import write_message
    from docsign.envelope.encrypted import is_encrypted
    from docsign.pki import Trust

    trusted = Trust.nothing() if trust is None else Trust.from_path(trust)
    with contextlib.ExitStack() as opened:
        try:
            container = read_container(opened.enter_context(opening(file)))
            judgement = judge_container(container, trust=trusted, at=datetime.now(UTC))
            if judgement.conclusion.indication is Indication.TOTAL_FAILED and not even_if_failed:
                _refuse(file, judgement, lang)
                if as_json:
                    _answer(file, envelope_header(container), [], [], True, answer=judgement.conclusion)
                return EXIT_FAILED
            header = envelope_header(container)
            attachments = tuple(attachments_of(container, header, _spool(opened)))
        except (ContainerError, EdxmlError) as error:
            told_apart(error, file)
            raise
        original = next((one for one in attachments if one.name == ORIGINAL_NAME), None)
        with writing(output, overwrite=False) as stream:
            if original is not None:  # it is signed: its very bytes
                shutil.copyfileobj(original.content, stream)
            else:
                write_message(stream, header, attachments, as_received=True)
    digests = [one.sha256 for one in attachments]
    _answer(file, header, [output], digests, as_json, answer=judgement.conclusion)
    _tell(form_findings(header), lang)
    if judgement.conclusion.indication is not Indication.TOTAL_PASSED:
        _tell_answer(file, judgement, lang)
    if is_encrypted(header):
        sentence = say(
            "The envelope is encrypted, and so is what the message carries: its receiver opens it."
        )
        click.echo(f"{file}: {sentence.text(lang)}", err=True)
    return judgement.conclusion.indication.exit_status


# ---- inside ----------------------------------------------------------------------------------------------


def _spool(opened: contextlib.ExitStack) -> Spool:
    return lambda: opened.enter_context(tempfile.TemporaryFile())


def _original(message: Message, file: Path, opened: contextlib.ExitStack) -> list[tuple[str, BinaryIO]]:
    """Return the message itself where a signature needs its bytes."""
    from docsign.envelope.conversion import ORIGINAL_NAME, is_signed

    return [(ORIGINAL_NAME, opened.enter_context(opening(file)))] if is_signed(message) else []


def _require_not_secret(header: Header, message: Message, file: Path) -> None:
    """Refuse a secret document, by its header and the first page of each PDF (QD 28/2018 Art. 1)."""
    from docsign.envelope import require_not_secret
    from docsign.errors import PdfError
    from docsign.pdf.text import refuse_secret

    try:
        require_not_secret(header)
        for one in message.attachments:
            if one.content_type == "application/pdf":
                with contextlib.suppress(PdfError):  # a damaged PDF is for verify to judge
                    refuse_secret(one.content.read())
                one.content.seek(0)
    except DocumentError as error:
        error.where = f"{file}: {error.where}" if error.where else str(file)
        raise


def _seal(
    output: Path,
    header: Header,
    files: list[tuple[str, BinaryIO]],
    key: str,
    passphrase_file: Path | None,
    trust: Path | None,
    no_check: bool,
    lang: Language,
) -> Header:
    from docsign.pki import Trust
    from docsign.sealing import seal_to

    trusted = None if trust is None else Trust.from_path(trust)
    held = held_key(key, passphrase_file, lang)
    with writing(output, overwrite=False) as stream:
        return seal_to(stream, header, files, held, check=not no_check, trust=trusted, gateway=True)


def _unpack(folder: Path, header: Header, files: list[tuple[str, BinaryIO]]) -> list[Path]:
    """Write the files and the header into a folder."""
    from docsign.envelope import write_header
    from docsign.envelope.container import HEADER_NAME

    files = [*files, (HEADER_NAME, io.BytesIO(write_header(header, as_received=True)))]
    return write_together((folder / name, partial(_itself, content)) for name, content in files)


def _itself(stream: BinaryIO) -> BinaryIO:
    return stream


def _answer(
    file: Path,
    header: Header,
    paths: list[Path],
    digests: list[str],
    as_json: bool,
    *,
    answer: Conclusion | None = None,
) -> None:
    """Say what was written; ``answer`` is that of the envelope's check, where there was one."""
    if not as_json:
        for path in paths:
            click.echo(str(path))
        return
    row = {
        "schema": 1,
        "file": str(file),
        "document_id": header.document_id,
        "sender": header.sender.code,
        "receivers": [receiver.code for receiver in header.receivers],
        "output": [str(path) for path in paths],
        "sha256": digests,
    }
    if answer is not None:
        sub = answer.sub_indication
        row |= {"indication": answer.indication.value, "sub_indication": None if sub is None else sub.value}
    click.echo(json.dumps(row, ensure_ascii=False))


def _tell(findings: tuple[Finding, ...], lang: Language) -> None:
    for finding in findings:
        place = f"{finding.where}: " if finding.where else ""
        click.echo(shown(place + finding.sentence.text(lang)), err=True)


def _tell_answer(file: Path, judgement: ContainerJudgement, lang: Language) -> None:
    """Say that the envelope did not pass its check, and why."""
    from docsign.report.wording import standard_words

    answer = standard_words(judgement.conclusion)
    sentence = say(
        "The message was written, yet the envelope did not pass its check ({answer}).", answer=answer
    )
    click.echo(f"{file}: {sentence.text(lang)}", err=True)
    _tell(judgement.every_finding, lang)


def _refuse(file: Path, judgement: ContainerJudgement, lang: Language) -> None:
    sentence = say("The envelope failed its check; no message was written.")
    click.echo(f"{file}: {sentence.text(lang)}", err=True)
    _tell(judgement.every_finding, lang)
