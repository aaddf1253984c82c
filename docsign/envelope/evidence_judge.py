"""Judge a relay's receipt: its signature over the record it carries, whose it is, and its place in the log.

What the receipt is wanted for (this envelope, an acceptance) is the caller's question.
"""

from __future__ import annotations

from datetime import datetime

from docsign.ades.cades import judge_cms
from docsign.envelope.evidence import About, Receipt
from docsign.envelope.signed_note import LogProof, NoteKey
from docsign.errors import EvidenceError, WireError
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Severity, SignatureReport, SubIndication, conclude


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptJudgement:
    """The answer on a receipt; ``receipt`` is None where it could not be read."""

    conclusion: Conclusion
    receipt: Receipt | None = None
    signatures: tuple[SignatureReport, ...] = ()
    findings: tuple[Finding, ...] = ()


def judge_receipt(data: bytes, *, trust: Trust, at: datetime) -> ReceiptJudgement:
    """Judge a receipt's bytes by the anchors of the role ``relay``; never raises for what they hold."""
    try:
        receipt = Receipt.from_json(data)
    except WireError as error:
        finding = Finding(
            code=error.code, severity=Severity.ERROR, sentence=error.sentence, where=error.where
        )
        return ReceiptJudgement(
            conclusion=Conclusion.failed(SubIndication.FORMAT_FAILURE), findings=(finding,)
        )
    judged = judge_cms(receipt.signature, content=receipt.signed, trust=trust, at=at, role="relay")
    evidence = receipt.evidence
    says = say(
        "Receipt of {relay} for {document} of {sender} (SHA-256 {sha256}).",
        relay=evidence.issuer.name,
        document=evidence.document_id,
        sender=evidence.sender,
        sha256=evidence.sha256,
    )
    findings = [Finding(code="receipt-says", severity=Severity.INFO, sentence=says)]
    answers = [judged.report.conclusion]
    if judged.certificate is not None and fingerprint(judged.certificate) != evidence.issuer.certificate:
        answers.append(Conclusion.indeterminate(SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
        other = say("The receipt is signed with another certificate than it names.")
        findings.append(Finding(code="another-certificate", severity=Severity.ERROR, sentence=other))
    if receipt.about is not None:
        logged, finding = _judge_proof(receipt, receipt.about, trust=trust, at=at)
        answers.append(logged)
        findings.append(finding)
    return ReceiptJudgement(
        conclusion=conclude(answers),
        receipt=receipt,
        signatures=(judged.report,),
        findings=tuple(findings),
    )


def _judge_proof(receipt: Receipt, about: About, *, trust: Trust, at: datetime) -> tuple[Conclusion, Finding]:
    """Judge that the record stands in the log of the very relay that signed it.

    1. The relay's word on its log is signed by the certificate that signs its evidence.
    2. The checkpoint is signed by the log's key, and the path leads from this record to it.
    """
    judged = judge_cms(about.signature, content=about.signed, trust=trust, at=at, role="relay")
    named = {about.certificate, receipt.evidence.issuer.certificate}
    if judged.certificate is not None:
        named.add(fingerprint(judged.certificate))
    if judged.report.intact is not True or len(named) != 1:
        other = say("Which log the relay keeps is not said by the relay itself.")
        return (
            Conclusion.failed(SubIndication.FORMAT_FAILURE),
            Finding(code="log-unknown", severity=Severity.ERROR, sentence=other),
        )
    try:
        checkpoint = LogProof.from_text(receipt.proof).require(receipt.entry, NoteKey.parse(about.log_key))
    except EvidenceError as error:
        return (
            Conclusion.failed(SubIndication.HASH_FAILURE),
            Finding(code="log-proof", severity=Severity.ERROR, sentence=error.sentence),
        )
    stands = say(
        "The record stands in the log {origin}, among {size} entries.",
        origin=checkpoint.origin,
        size=checkpoint.size,
    )
    return judged.report.conclusion, Finding(code="in-log", severity=Severity.INFO, sentence=stands)
