"""What the tables of honest files and attacks do not hold: old forms, usage rights, what cannot be opened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.pdf.hidden import encrypted_later
from docsign.pdf.judge import judge_pdf
from docsign.pdf.judgement import PdfJudgement
from docsign.pki import Trust
from docsign.verdict import Conclusion, Indication, SubIndication


def judged(pdf: bytes) -> PdfJudgement:
    """Judge without trust."""
    return judge_pdf(pdf, trust=Trust.nothing(), at=datetime.now(UTC))


def codes(judgement: PdfJudgement) -> set[str]:
    """Return the codes of all findings."""
    findings = [finding for one in judgement.signatures for finding in one.findings]
    return {finding.code for finding in (*findings, *judgement.findings)}


@pytest.mark.parametrize(
    ("subfilter", "code"), [("adbe.x509.rsa_sha1", "weak-algorithm"), ("so.unknown.kind1", "subfilter")]
)
def test_a_form_of_the_past_is_named(by_person: bytes, subfilter: str, code: str) -> None:
    """Weak by its own rules: not decided; of no known kind: failed."""
    old = b"/ETSI.CAdES.detached"
    new = b"/" + subfilter.encode()
    judgement = judged(by_person.replace(old, new + b" " * (len(old) - len(new))))
    assert code in codes(judgement)
    assert judgement.signatures[0].level == "PKCS7"
    assert judgement.conclusion.indication is not Indication.TOTAL_PASSED


def test_a_usage_rights_signature_signs_no_document(letter: bytes) -> None:
    """It is told apart, and the document is not signed."""
    import re

    catalog = re.search(rb"/Type ?/Catalog", letter)
    assert catalog is not None
    from docsign.pdf.reading import read_pdf

    pdf = read_pdf(letter)
    root = pdf.view().catalog
    assert root is not None
    number = max(max(revision.changed) for revision in pdf.revisions) + 1
    start = len(letter)
    entry = letter[root.start : root.end][:-2] + b"/Perms<</UR3 %d 0 R>>>>" % number
    first = b"%d 0 obj\n%s\nendobj\n" % (root.home.number, entry)
    second = b"%d 0 obj\n<</Type/Sig/SubFilter/adbe.pkcs7.detached/Contents <3003020105>>>\nendobj\n" % number
    table = b"xref\n%d 1\n%010d 00000 n \n%d 1\n%010d 00000 n \n" % (
        root.home.number,
        start,
        number,
        start + len(first),
    )
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number + 1,
        root.home.number,
        pdf.revisions[-1].sections[0].start,
        start + len(first) + len(second),
    )
    judgement = judged(letter + first + second + table + trailer)
    assert judgement.conclusion == Conclusion.no_signature()
    assert "usage-rights" in codes(judgement)


def test_encryption_that_came_after_the_signature_is_no_question_of_passwords(by_person: bytes) -> None:
    """The signed bytes tell whether there was any."""
    assert encrypted_later(by_person)
    assert not encrypted_later(by_person.replace(b"/Catalog", b"/Encrypt"))


def test_a_file_that_cannot_be_read_and_claims_a_signature_fails(by_person: bytes) -> None:
    """With the reason and its place; the signature's own bytes are judged all the same."""
    broken = by_person[: by_person.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"
    judgement = judged(broken)
    assert judgement.conclusion.sub_indication in (SubIndication.FORMAT_FAILURE, SubIndication.HASH_FAILURE)
    assert judgement.conclusion.indication is Indication.TOTAL_FAILED
    assert judgement.signatures
