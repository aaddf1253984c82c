"""Tells what a file is by its content, and hands it to the judge of its kind; the judges are pure."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from docsign import formats
from docsign.errors import CmsError
from docsign.files import READ_LIMIT
from docsign.sentence import say
from docsign.verdict import Conclusion, FileFormat, Finding, Report, Severity, SubIndication
from docsign.verification.question import (
    Answer,
    Question,
    bytes_of,
    conclude_with,
    content_for,
    digester_of,
    name_of,
    not_covered,
    nothing,
    used,
)

Inside = Callable[[BinaryIO, str, Question], Report]
"""What makes the report of a file inside this one."""
_LARGE_HEAD = 1024 * 1024


def judge(stream: BinaryIO, name: str, question: Question, *, inside: Inside) -> Answer:
    """Tell the format by the content (the name helps only where the content says nothing), and judge it."""
    head = stream.read(4096)
    suffix = Path(name).suffix.lower()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if formats.is_container(head, suffix):
        from docsign.verification.contents import judge_container_file

        return judge_container_file(stream, suffix, question, inside)
    if size > _LARGE_HEAD and _is_large_message(stream, suffix, size):
        from docsign.verification.messages import judge_message

        return judge_message(stream, size, question, inside, signature=lambda: None)
    if not size:
        return nothing(FileFormat.OTHER, "empty")
    if size > READ_LIMIT:
        return nothing(FileFormat.OTHER, "too-large", size)
    return _judge_bytes(stream, suffix, name, question, inside)


def _is_large_message(stream: BinaryIO, suffix: str, size: int) -> bool:
    """Tell a message too large to be signed itself: it is judged without being held in memory."""
    head = stream.read(_LARGE_HEAD)
    stream.seek(0)
    if formats.tell(head, suffix) is not FileFormat.EDXML:
        return False
    from docsign.ades.xml import LIMIT

    return size > LIMIT


def _judge_bytes(stream: BinaryIO, suffix: str, name: str, question: Question, inside: Inside) -> Answer:
    data = stream.read()
    data = formats.unarmoured(data)
    match formats.tell(data, suffix):
        case FileFormat.PDF:
            return _judge_pdf(data, question)
        case FileFormat.CADES:
            return _judge_cms(data, name, question, inside)
        case FileFormat.TIMESTAMP:
            return _judge_timestamp(data, name, question)
        case FileFormat.EVIDENCE_RECORD:
            return _judge_record(data, question)
        case FileFormat.RECEIPT:
            return _judge_receipt(data, question)
        case FileFormat.EDXML:
            return _judge_edxml(stream, data, question, inside)
        case FileFormat.XADES:
            return _judge_xml(data, question) or nothing(FileFormat.OTHER, "unknown-format")
        case _:
            return nothing(FileFormat.OTHER, "not-pdf" if suffix == ".pdf" else "unknown-format")


def _judge_pdf(data: bytes, question: Question) -> Answer:
    from docsign.pdf.judge import judge_pdf

    judgement = judge_pdf(
        data,
        trust=question.trust,
        at=question.at,
        password=question.password,
        beside=question.beside,
        proved_time=question.proved_time,
    )
    return Answer(
        format=FileFormat.PDF,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        timestamps=judgement.timestamps,
        findings=judgement.findings,
    )


def _judge_cms(data: bytes, name: str, question: Question, inside: Inside) -> Answer:
    from docsign.ades.cades import judge_signers

    if formats.is_signed_mail(data):
        return _judge_mail(data, question)
    content, remark = content_for(name, question)
    judgements = judge_signers(
        data,
        content=content,
        trust=question.trust,
        at=question.at,
        beside=question.beside,
        proved_time=question.proved_time,
    )
    reports = tuple(judgement.report for judgement in judgements)
    if not reports:  # a CMS of certificates alone is no signature
        return nothing(FileFormat.CADES, "unknown-format")
    from docsign.verification.contents import judge_enclosed

    contents, remarks = judge_enclosed(data, name, question, inside)
    return Answer(
        format=FileFormat.CADES,
        conclusion=conclude_with(remark, (report.conclusion for report in reports)),
        signatures=reports,
        contents=contents,
        findings=(*remark, *remarks),
    )


def _judge_mail(data: bytes, question: Question) -> Answer:
    """Judge a message that carries a signature beside what it signs (RFC 8551 3.5.3)."""
    from docsign.ades.cades import judge_signers
    from docsign.ades.signed_mail import read_signed_mail

    try:
        mail = read_signed_mail(data)
    except CmsError as error:
        broken = Finding(code="mail-form", severity=Severity.ERROR, sentence=error.sentence)
        conclusion = Conclusion.failed(SubIndication.FORMAT_FAILURE)
        return Answer(format=FileFormat.CADES, conclusion=conclusion, findings=(broken,))
    judgements = judge_signers(
        mail.signature,
        content=mail.content,
        trust=question.trust,
        at=question.at,
        beside=question.beside,
        proved_time=question.proved_time,
    )
    sentence = say(
        "The signature of this message covers its text and attachments, not its header: sender, receivers, "
        "date and subject are signed by nobody."
    )
    header = Finding(code="mail-header", severity=Severity.INFO, sentence=sentence)
    findings = (header, *not_covered(name_of(one) for one in question.content))
    reports = tuple(replace(judgement.report, coverage="partial") for judgement in judgements)
    return Answer(
        format=FileFormat.CADES,
        conclusion=conclude_with(findings, (report.conclusion for report in reports)),
        signatures=reports,
        findings=findings,
    )


def _judge_timestamp(data: bytes, name: str, question: Question) -> Answer:
    """Judge a time-stamp token by itself: it proves a time, it signs nothing."""
    from docsign.ades.timestamp_files import judge_timestamp_file

    content, remark = content_for(name, question)
    stamp = judge_timestamp_file(
        data, content=content, trust=question.trust, at=question.at, beside=question.beside
    )
    return Answer(
        format=FileFormat.TIMESTAMP,
        conclusion=Conclusion.no_signature(),
        timestamps=(stamp,),
        findings=remark,
    )


def _judge_record(data: bytes, question: Question) -> Answer:
    """Judge an evidence record by itself, over the files given with it: it proves a time, it signs not."""
    from docsign.ades.evidence_record_judge import judge_evidence_record

    judgement = judge_evidence_record(
        data,
        {name_of(one): digester_of(one) for one in question.content},
        trust=question.trust,
        at=question.at,
        beside=question.beside,
        contents={name_of(one): bytes_of(one) for one in question.content}.get,
    )
    return Answer(
        format=FileFormat.EVIDENCE_RECORD,
        conclusion=Conclusion.no_signature(),
        timestamps=(judgement.report,),
    )


def _judge_receipt(data: bytes, question: Question) -> Answer:
    from docsign.envelope.evidence_judge import judge_receipt

    judgement = judge_receipt(
        data,
        trust=question.trust,
        at=question.at,
        beside=question.beside,
        proved_time=question.proved_time,
    )
    return Answer(
        format=FileFormat.RECEIPT,
        conclusion=judgement.conclusion,
        signatures=judgement.signatures,
        timestamps=judgement.timestamps,
        findings=judgement.findings,
    )


def _judge_edxml(stream: BinaryIO, data: bytes, question: Question, inside: Inside) -> Answer:
    from docsign.verification.messages import judge_message

    def signature() -> Answer | None:
        answer = _judge_xml(data, question)
        return None if answer is None else replace(answer, format=FileFormat.EDXML)

    stream.seek(0)
    return judge_message(stream, len(data), question, inside, signature=signature)


def _judge_xml(data: bytes, question: Question) -> Answer | None:
    """Judge the signatures in an XML document; None where it holds none."""
    if not formats.claims_xml_signature(data):
        return None
    from docsign.ades.xades import XadesJudgement, judge_xades_file
    from docsign.ades.xades_judge import MOST_REFERENCES
    from docsign.ades.xades_references import file_name

    offered = {name_of(one): one for one in question.content}

    def meant(wanted: str) -> str:
        return wanted if wanted in offered else wanted.rpartition("/")[2]

    def resolve(wanted: str) -> bytes | None:
        one = offered.get(meant(wanted))
        return None if one is None else bytes_of(one)

    def judged() -> tuple[XadesJudgement, ...]:
        return judge_xades_file(
            data,
            resolve=resolve,
            trust=question.trust,
            at=question.at,
            name_of_uri=lambda uri: file_name(uri) or _last_part(uri),
            beside=question.beside,
            most_references=max(MOST_REFERENCES, len(offered) + 8),
            unnamed=next(iter(offered)) if len(offered) == 1 else "",
        )

    judgements = judged()
    if not judgements:
        return None
    remarks: tuple[Finding, ...] = ()
    referred = {meant(name) for one in judgements for name in one.referred}
    if (
        len(offered) == len(referred) == 1 and offered.keys() != referred
    ):  # one file, which has another name now
        remarks = (used(question.content[0]),)
        offered = dict.fromkeys(referred, question.content[0])
        judgements = judged()
    reports = tuple(
        replace(one.report, coverage="whole")
        if offered and offered.keys() <= {meant(name) for name in one.covered}
        else one.report
        for one in judgements
    )
    uncovered = not_covered(name for name in offered if name not in referred)
    return Answer(
        format=FileFormat.XADES,
        conclusion=conclude_with(uncovered, (report.conclusion for report in reports)),
        signatures=reports,
        findings=(*remarks, *uncovered),
    )


def _last_part(uri: str) -> str | None:
    """Return the file that an address means, where nothing is fetched: one of that name, given beside it."""
    parts = urlsplit(uri)
    if parts.scheme not in ("file", "http", "https") or parts.query or parts.fragment:
        return None
    try:
        return unquote_to_bytes(parts.path.rpartition("/")[2]).decode("utf-8") or None
    except UnicodeDecodeError:
        return None
