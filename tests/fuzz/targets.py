"""The targets: one function each, which takes any bytes and asserts what holds for all of them.

A target raises nothing, for good bytes or bad; an assertion or a foreign exception is a finding. To add one,
write a function with ``@target`` and name where its seeds come from: good inputs, made by generators of ours.
They are made in another process, so what they need is imported late (``tests.fuzz.seeds``).
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from docsign.ades.algorithms import hash_bytes
from docsign.ades.ber import definite
from docsign.ades.cades import judge_signers
from docsign.ades.evidence_record import is_evidence_record
from docsign.ades.evidence_record_judge import judge_evidence_record
from docsign.ades.signed_mail import read_signed_mail
from docsign.ades.timestamps import judge_timestamp
from docsign.ades.xades import judge_xades_file
from docsign.envelope import judge_container, read_container
from docsign.errors import CmsError, ContainerError, DocsignError
from docsign.pdf.judge import judge_pdf
from docsign.pdf.judgement import PdfJudgement
from docsign.pdf.reading import Budget, read_pdf
from docsign.pki.trust import Trust
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Indication,
    SignatureReport,
    SubIndication,
    TimestampReport,
)
from docsign.verification import verify
from tests.fuzz import seeds

AT = datetime(2026, 12, 1, tzinfo=UTC)
NOBODY = Trust.nothing()


@dataclass(frozen=True, slots=True)
class Target:
    """What is fuzzed: a function of bytes, and the good inputs it starts from."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


TARGETS: dict[str, Target] = {}


def target(
    seeds: Callable[[], Iterable[bytes]],
) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    """Enter a target under its function's name."""

    def register(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
        TARGETS[run.__name__] = Target(run, seeds)
        return run

    return register


def defined(conclusion: Conclusion) -> None:
    """Assert that a verdict is one of those there are (EN 319 102-1 5.1.3)."""
    assert isinstance(conclusion.indication, Indication)
    assert conclusion.sub_indication is None or isinstance(conclusion.sub_indication, SubIndication)
    has_reason = conclusion.sub_indication is not None
    assert has_reason is (conclusion.indication in (Indication.TOTAL_FAILED, Indication.INDETERMINATE))


def sound(judgement: PdfJudgement) -> None:
    """Assert what holds for every answer on a PDF, and that nobody who is not trusted passes."""
    defined(judgement.conclusion)
    assert judgement.conclusion.indication is not Indication.TOTAL_PASSED
    assert len({one.id for one in judgement.signatures}) == len(judgement.signatures)
    reports: list[SignatureReport | TimestampReport] = [*judgement.signatures, *judgement.timestamps]
    for one in reports:
        defined(one.conclusion)
        for finding in one.findings:
            assert finding.sentence.text("vi")
            assert finding.sentence.text("en")


@target(seeds.pdfs)
def pdf_reader(data: bytes) -> None:
    """Read any bytes as a PDF, with every object, within the budget that was given."""
    budget = Budget.for_file(len(data))
    try:
        pdf = read_pdf(data, budget=budget)
        pdf.check_objects()
        _ = [len(pdf.view(index).pages) for index in range(min(4, len(pdf.revisions)))]
    except DocsignError:
        return
    assert pdf.store.work.objects <= budget.objects
    assert sum(span.end - span.start for span in pdf.spans) == len(data)


@target(seeds.pdfs)
def pdf_judge(data: bytes) -> None:
    """Judge any bytes as a PDF."""
    sound(judge_pdf(data, trust=NOBODY, at=AT))


_HEADER = re.compile(rb"(?<!\d)(\d{1,3}) 0 obj\b")


@target(seeds.revisions)
def pdf_revision(data: bytes) -> None:
    """Judge a good signed file with any bytes appended as a revision whose table is in order."""
    signed = seeds.signed_form()
    start = len(signed)
    rows = b"".join(
        b"%d 1\n%010d 00000 n \n" % (int(match[1]), start + match.start())
        for match in list(_HEADER.finditer(data))[:40]
    )
    before = int(signed.rsplit(b"startxref\n", 1)[1].split()[0])
    table = b"\nxref\n" + (rows or b"0 0\n") + b"trailer\n<</Size 999/Root 1 0 R/Prev %d>>\n" % before
    tail = b"startxref\n%d\n%%%%EOF\n" % (start + len(data) + 1)
    sound(judge_pdf(signed + data + table + tail, trust=NOBODY, at=AT))


@target(seeds.signatures)
def cms(data: bytes) -> None:
    """Judge any bytes as a CMS signature, of a file and of a PDF."""
    for embedded in (False, True):
        judgements = judge_signers(data, content=b"van ban", trust=NOBODY, at=AT, embedded=embedded)
        for one in judgements:
            defined(one.report.conclusion)
            assert one.report.conclusion.indication is not Indication.TOTAL_PASSED


@target(seeds.signatures)
def timestamp(data: bytes) -> None:
    """Judge any bytes as a time-stamp token."""
    report = judge_timestamp(data, lambda _: bytes(32), trust=NOBODY, at=AT, id="T1", zero_padding=True)
    defined(report.conclusion)
    assert report.conclusion.indication is not Indication.TOTAL_PASSED


@target(seeds.mails)
def signed_mail(data: bytes) -> None:
    """Take any bytes apart as a signed message: refused, or lines that end as mail's do."""
    try:
        found = read_signed_mail(data)
    except CmsError:
        return
    assert b"\n" not in found.content.replace(b"\r\n", b"")


@target(seeds.records)
def evidence_record(data: bytes) -> None:
    """Judge any bytes as an evidence record over one file, in either form."""
    objects = {"van-ban": lambda name: hash_bytes(name, b"van ban")}
    judged = judge_evidence_record(data, objects, trust=NOBODY, at=AT)
    defined(judged.report.conclusion)
    assert judged.report.conclusion.indication is not Indication.TOTAL_PASSED
    assert judged.time is None
    assert set(judged.covered) <= {"van-ban"}
    is_evidence_record(data)


@target(seeds.signatures)
def ber(data: bytes) -> None:
    """Rewrite any bytes as DER: refused, or done once and for all."""
    try:
        made = definite(data)
    except DocsignError:
        return
    assert len(made) <= len(data) + 8 * data.count(b"\x80")
    assert definite(made) == made


@target(seeds.xml_signatures)
def xml_signature(data: bytes) -> None:
    """Judge any bytes as XML signatures over one file."""
    files = {"van-ban.txt": b"van ban"}
    for one in judge_xades_file(data, resolve=files.get, trust=NOBODY, at=AT):
        defined(one.report.conclusion)
        assert one.report.conclusion.indication is not Indication.TOTAL_PASSED
        assert one.covered <= {"van-ban.txt", ""}


@target(seeds.containers)
def container(data: bytes) -> None:
    """Read any bytes as a ZIP archive with every entry, and judge them as a container."""
    try:
        read = read_container(io.BytesIO(data))
    except ContainerError:
        return
    assert sum(entry.packed_size for entry in read.entries) <= len(data)
    for entry in read.entries:
        with contextlib.suppress(ContainerError):
            assert len(read.read(entry.name, 1 << 20)) == entry.size
    judged = judge_container(read, trust=NOBODY, at=AT)
    defined(judged.conclusion)
    assert judged.conclusion.indication is not Indication.TOTAL_PASSED
    assert len({one.id for one in judged.signatures}) == len(judged.signatures)
    assert not judged.sealed_by()


@target(seeds.files)
def any_file(data: bytes) -> None:
    """Verify any bytes: whatever they are taken for, there is an answer."""
    report = verify(data, at=AT)
    assert isinstance(report.format, FileFormat)
    defined(report.conclusion)
    assert report.conclusion.indication is not Indication.TOTAL_PASSED
    report.to_json()
