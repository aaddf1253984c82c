"""Judge a relay's receipt: its signature, over the very record it carries, and that it is the named relay's.

What the receipt is wanted for (this envelope, an acceptance) is the caller's question.
"""

from __future__ import annotations

from datetime import datetime

from docsign.ades.cades import judge_cms
from docsign.envelope.evidence import Receipt
from docsign.errors import WireError
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
    return ReceiptJudgement(
        conclusion=conclude(answers),
        receipt=receipt,
        signatures=(judged.report,),
        findings=tuple(findings),
    )
