"""Whether a receipt is the relay's word on the very envelope that was sent.

Pure but for the judging of the signature, which is ``docsign.ades.cades``' work.
"""

from __future__ import annotations

from datetime import datetime

from docsign.envelope.evidence import EvidenceEvent, Receipt
from docsign.errors import RelayIdentityError, WireError
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Indication, Severity


def require_receipt(data: bytes, *, sha256: str, trust: Trust, at: datetime) -> Receipt:
    """Read a receipt and check it: this envelope, an acceptance, signed by a trusted relay.

    Raises WireError for a receipt of another form or about another envelope, RelayIdentityError for one whose
    signature is not TOTAL-PASSED.
    """
    from docsign.ades.cades import judge_cms  # certificate paths: loaded when there is something to judge

    receipt = Receipt.from_json(data)
    if receipt.evidence.sha256 != sha256:
        raise WireError(say("The receipt is about another envelope."), where="receipt.evidence.parts")
    if receipt.evidence.event is not EvidenceEvent.SUBMISSION_ACCEPTANCE:
        raise WireError(say("The receipt is no acceptance."), where="receipt.evidence.event")
    judgement = judge_cms(receipt.signature, content=receipt.signed, trust=trust, at=at, role="relay")
    conclusion = judgement.report.conclusion
    if conclusion.indication is not Indication.TOTAL_PASSED:
        why = _why(judgement.report.findings)
        raise RelayIdentityError(
            say(
                "The receipt is not signed by a relay that is trusted ({indication}): {why}",
                indication="/".join(
                    str(word) for word in (conclusion.indication, conclusion.sub_indication) if word
                ),
                why=why,
            ),
            where="receipt.signature",
        )
    if (
        judgement.certificate is None
        or fingerprint(judgement.certificate) != receipt.evidence.issuer.certificate
    ):
        raise RelayIdentityError(
            say("The receipt is signed with another certificate than it names."), where="receipt.signature"
        )
    return receipt


def _why(findings: tuple[Finding, ...]) -> Sentence:
    for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
        for finding in findings:
            if finding.severity is severity:
                return finding.sentence
    return say("no reason is given.")
