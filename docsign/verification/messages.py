"""Judges an edXML message: its own signature where it has a true one, and the signed files it carries.

Messages are built anew on their way across the national axis, so that trust rests on the signatures inside
the attachments; those stand under ``contents``, as the files of an envelope do.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from docsign.ades.xml import LIMIT as XML_LIMIT
from docsign.errors import EdxmlError
from docsign.sentence import say
from docsign.verdict import Conclusion, FileFormat, Finding, Report, Severity, SubIndication
from docsign.verification.contents import CONTENT_LIMIT, SIGNED_SUFFIXES, judge_one
from docsign.verification.kinds import Inside
from docsign.verification.question import Answer, Question

if TYPE_CHECKING:
    from docsign.envelope.edxml_message import Attachment, Message


def judge_message(
    stream: BinaryIO, size: int, question: Question, inside: Inside, *, signature: Callable[[], Answer | None]
) -> Answer:
    """Judge a message of ``size`` bytes; ``signature`` judges its XML signatures, None where it has none."""
    from docsign.envelope.conversion import is_signed, said_by
    from docsign.envelope.edxml_message import read_message

    with contextlib.ExitStack() as opened:
        try:
            message = read_message(stream, lambda: opened.enter_context(tempfile.TemporaryFile()))
        except EdxmlError as error:
            finding = Finding(
                code="edxml-form", severity=Severity.ERROR, sentence=error.sentence, where=error.where
            )
            answer = signature() or _unsigned()
            return replace(answer, findings=(*answer.findings, finding))
        contents, findings = _judge_attachments(message, question, inside)
    if size > XML_LIMIT and is_signed(message):
        own = _not_judged(size)
    else:
        own = signature() or replace(_unsigned(), findings=(_remark(contents),))
    about = said_by(message)
    says = () if about is None else (Finding(code="edxml-says", severity=Severity.INFO, sentence=about),)
    said = tuple(one for one in message.findings if one.code != "edxml-signature")
    return replace(own, contents=contents, findings=(*says, *own.findings, *said, *findings))


def _unsigned() -> Answer:
    return Answer(format=FileFormat.EDXML, conclusion=Conclusion.no_signature())


def _not_judged(size: int) -> Answer:
    """Say that a signature over so much XML is not looked at: neither good nor bad."""
    sentence = say(
        "The message is too large for its XML signature to be judged: {size} bytes, {limit} at most.",
        size=size,
        limit=XML_LIMIT,
    )
    return Answer(
        format=FileFormat.EDXML,
        conclusion=Conclusion.indeterminate(SubIndication.GENERIC),
        findings=(Finding(code="too-large", severity=Severity.WARNING, sentence=sentence),),
    )


def _remark(contents: tuple[tuple[str, Report], ...]) -> Finding:
    """Say where the signatures of a message are, if anywhere."""
    if contents:
        sentence = say("The message itself is not signed; the signatures of the files in it stand below.")
    else:
        sentence = say("Neither the message nor a file in it is signed.")
    return Finding(code="edxml-unsigned", severity=Severity.INFO, sentence=sentence)


def _judge_attachments(
    message: Message, question: Question, inside: Inside
) -> tuple[tuple[tuple[str, Report], ...], list[Finding]]:
    """Judge the signed files of a message, one at a time; the sentences about them name them."""
    contents: list[tuple[str, Report]] = []
    findings: list[Finding] = []
    by_name = {one.name: one for one in message.attachments}
    for place, one in enumerate(message.attachments, 1):
        if one.content_type != "application/pdf" and not one.name.lower().endswith(tuple(SIGNED_SUFFIXES)):
            continue
        if one.size > CONTENT_LIMIT:
            sentence = say("This file is too large to be judged here: {size} bytes.", size=one.size)
            where = f"Attachment[{place}]"
            findings.append(
                Finding(code="too-large", severity=Severity.WARNING, sentence=sentence, where=where)
            )
            continue
        inner = question.inner()
        signed = by_name.get(one.name[:-4]) if one.name.lower().endswith(".p7s") else None
        if signed is not None and signed.size <= CONTENT_LIMIT:
            inner = replace(inner, content=((signed.name, _bytes_of(signed)),))
        report, remarks = judge_one(_bytes_of(one), one.name, inner, inside)
        if report is not None:
            contents.append((one.name, report))
        findings += remarks
    return tuple(contents), findings


def _bytes_of(attachment: Attachment) -> bytes:
    attachment.content.seek(0)
    return attachment.content.read()
