"""Whether a receipt is the relay's word on the very envelope that was sent, and what it is kept with.

Pure but for the judging of the signature, which is ``docsign.envelope.evidence_judge``'s work.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from docsign.envelope.evidence import EvidenceEvent, Receipt
from docsign.errors import RelayIdentityError, WireError
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Indication, Severity

LISTS_LIMIT: Final = 128 * 1024
"""Bytes of revocation lists that are kept in a receipt."""


def require_receipt(data: bytes, *, sha256: str, trust: Trust, at: datetime) -> Receipt:
    """Read a receipt and check it: this envelope, an acceptance, signed by a trusted relay.

    Raises WireError for a receipt of another form or about another envelope, RelayIdentityError for one whose
    signature is not TOTAL-PASSED.
    """
    receipt = _require_about(data, sha256)
    if receipt.evidence.event is not EvidenceEvent.SUBMISSION_ACCEPTANCE:
        raise WireError(say("The receipt is no acceptance."), where="receipt.evidence.event")
    _require_signed(data, trust, at)
    return receipt


def require_record(data: bytes, *, record: str, sha256: str, trust: Trust, at: datetime) -> Receipt:
    """Read the receipt of one record, whatever happened, and check it as ``require_receipt`` does."""
    receipt = _require_about(data, sha256)
    if receipt.evidence.id != record:
        raise WireError(say("The receipt is about another record."), where="receipt.evidence.id")
    _require_signed(data, trust, at)
    return receipt


def _require_about(data: bytes, sha256: str) -> Receipt:
    receipt = Receipt.from_json(data)
    if receipt.evidence.sha256 != sha256:
        raise WireError(say("The receipt is about another envelope."), where="receipt.evidence.parts")
    return receipt


def _require_signed(data: bytes, trust: Trust, at: datetime) -> None:
    """Raise RelayIdentityError unless a trusted relay signed the receipt."""
    from docsign.envelope.evidence_judge import judge_receipt  # certificate paths: loaded on need

    judgement = judge_receipt(data, trust=trust, at=at)
    conclusion = judgement.conclusion
    if "another-certificate" in [finding.code for finding in judgement.findings]:
        raise RelayIdentityError(
            say("The receipt is signed with another certificate than it names."), where="receipt.signature"
        )
    if conclusion.indication is not Indication.TOTAL_PASSED:
        signed = (finding for one in judgement.signatures for finding in one.findings)
        raise RelayIdentityError(
            say(
                "The receipt is not signed by a relay that is trusted ({indication}): {why}",
                indication="/".join(
                    str(word) for word in (conclusion.indication, conclusion.sub_indication) if word
                ),
                why=_why((*signed, *judgement.findings)),
            ),
            where="receipt.signature",
        )


def with_lists(receipt: Receipt, trust: Trust) -> Receipt:
    """Return a time-stamped receipt with the revocation lists of the trust folder that speak of its signers.

    They are what nobody has any more when the certificates have ended; lists that would make the receipt
    larger than ``LISTS_LIMIT`` are left to the archive of the trust folder.
    """
    if not receipt.stamp or receipt.about is None:
        return receipt
    from cryptography import x509

    from docsign.ades.signed_data import read_signed_data
    from docsign.ades.signer import load_certificates
    from docsign.errors import CmsError

    issuers: set[x509.Name] = set()
    for cms in (receipt.signature, receipt.stamp, receipt.about.stamp):
        try:
            issuers |= {one.issuer for one in load_certificates(read_signed_data(cms).certificates)}
        except (CmsError, ValueError):
            continue
    kept: list[bytes] = []
    for crl in trust.crls:
        speaks = x509.load_der_x509_crl(crl).issuer in issuers
        if speaks and sum(map(len, (*kept, crl))) <= LISTS_LIMIT:
            kept.append(crl)
    return replace(receipt, crls=tuple(kept))


def _why(findings: tuple[Finding, ...]) -> Sentence:
    for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
        for finding in findings:
            if finding.severity is severity:
                return finding.sentence
    return say("no reason is given.")
