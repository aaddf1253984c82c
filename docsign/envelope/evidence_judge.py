"""Judge a relay's receipt: its signature over the record it carries, whose it is, and its place in the log.

A time-stamp over the checkpoint proves, through the tree, that record and signature existed at its time: with
it the receipt holds after the relay's certificate has ended. What the receipt is wanted for (this envelope,
an acceptance) is the caller's question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.cades import CmsJudgement, judge_cms
from docsign.ades.stamped import Stamped, name_of, names_of
from docsign.ades.timestamps import judge_timestamp
from docsign.envelope.evidence import About, Evidence, Receipt
from docsign.envelope.header import VIETNAM_TIME
from docsign.envelope.signed_note import Checkpoint, LogProof, NoteKey
from docsign.errors import CmsError, EvidenceError, WireError
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

_NEEDS_TIME = frozenset(
    {
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.NO_POE,
    }
)


_MOST_NAMED = 10
"""How many receivers and reasons are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptJudgement:
    """The answer on a receipt; ``receipt`` is None where it could not be read."""

    conclusion: Conclusion
    receipt: Receipt | None = None
    signatures: tuple[SignatureReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What the receipt is judged by: lists inside it and beside it, and a time that something else proves."""

    trust: Trust
    at: datetime
    beside: ValidationData
    proved_time: datetime | None

    def judge(self, cms: bytes, content: bytes, stamps: Sequence[Stamped]) -> CmsJudgement:
        """Judge a signature of the relay; all that its CMS holds is covered by ``stamps``."""
        covered = _inside(cms) if stamps else frozenset()
        return judge_cms(
            cms,
            content=content,
            trust=self.trust,
            at=self.at,
            role="relay",
            beside=self.beside,
            proved_time=self.proved_time,
            later=[replace(one, covers=covered) for one in stamps],
        )


def judge_receipt(
    data: bytes,
    *,
    trust: Trust,
    at: datetime,
    beside: ValidationData | None = None,
    proved_time: datetime | None = None,
) -> ReceiptJudgement:
    """Judge a receipt's bytes by the anchors of the role ``relay``; never raises for what they hold.

    ``beside`` is what was found with it (revocation lists), ``proved_time`` when something else, such as an
    evidence record over the file, proves that it existed.
    """
    try:
        receipt = Receipt.from_json(data)
    except WireError as error:
        finding = Finding(
            code=error.code, severity=Severity.ERROR, sentence=error.sentence, where=error.where
        )
        return ReceiptJudgement(
            conclusion=Conclusion.failed(SubIndication.FORMAT_FAILURE), findings=(finding,)
        )
    known = (beside or ValidationData()).merged(ValidationData.of(crls=receipt.crls))
    case = _Case(trust=trust, at=at, beside=known, proved_time=proved_time)
    stamp = _stamp_of(receipt)
    judged = case.judge(receipt.signature, receipt.signed, [stamp] if stamp else [])
    evidence = receipt.evidence
    findings = list(_said(evidence))
    answers = [judged.report.conclusion]
    if judged.certificate is not None and fingerprint(judged.certificate) != evidence.issuer.certificate:
        answers.append(Conclusion.indeterminate(SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
        other = say("The receipt is signed with another certificate than it names.")
        findings.append(Finding(code="another-certificate", severity=Severity.ERROR, sentence=other))
    if receipt.about is not None:
        logged, finding = _judge_proof(receipt, receipt.about, case)
        answers.append(logged)
        findings.append(finding)
    conclusion = conclude(answers)
    stamps = () if stamp is None else (_report(stamp, case),)
    return ReceiptJudgement(
        conclusion=conclusion,
        receipt=receipt,
        signatures=(judged.report,),
        timestamps=stamps,
        findings=(*findings, *_advice(receipt, conclusion, stamps)),
    )


def _said(evidence: Evidence) -> Iterator[Finding]:
    """Yield what the record says: of which document, what happened, when, with whom and why."""
    says = say(
        "Receipt of {relay} for {document} of {sender} (SHA-256 {sha256}).",
        relay=evidence.issuer.name,
        document=evidence.document_id,
        sender=evidence.sender,
        sha256=evidence.sha256,
    )
    yield Finding(code="receipt-says", severity=Severity.INFO, sentence=says)
    named = ", ".join(evidence.recipients[:_MOST_NAMED])
    happened = say(
        "The record says: {event}, {time}; receiver: {receivers}.",
        event=evidence.event.sentence,
        time=evidence.time.astimezone(VIETNAM_TIME).strftime("%H:%M:%S %d/%m/%Y (+07:00)"),
        receivers=f"{named}, …" if len(evidence.recipients) > _MOST_NAMED else named,
    )
    yield Finding(code="receipt-event", severity=Severity.INFO, sentence=happened)
    for reason in evidence.reasons[:_MOST_NAMED]:
        why = say("Reason given: {reason}.", reason=(reason.text or reason.code).rstrip("."))
        yield Finding(code="receipt-reason", severity=Severity.INFO, sentence=why)
    if evidence.actor and evidence.actor not in (evidence.sender, *evidence.recipients):
        hand = say("It was done by {agency}, by a grant.", agency=evidence.actor)
        yield Finding(code="receipt-actor", severity=Severity.INFO, sentence=hand)


def _judge_proof(receipt: Receipt, about: About, case: _Case) -> tuple[Conclusion, Finding]:
    """Judge that the record stands in the log of the very relay that signed it.

    1. The relay's word on its log is signed by the certificate that signs its evidence.
    2. The checkpoint is signed by the log's key, and the path leads from this record to it.
    """
    stamps = [_stamped(about.stamp, about.stamped, id="T2")] if about.stamp else []
    judged = case.judge(about.signature, about.signed, stamps)
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
        checkpoint = _checkpoint(receipt, about)
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


def _checkpoint(receipt: Receipt, about: About) -> Checkpoint:
    return LogProof.from_text(receipt.proof).require(receipt.entry, NoteKey.parse(about.log_key))


def _stamp_of(receipt: Receipt) -> Stamped | None:
    """Return the time-stamp over the checkpoint that the record is proved to stand under, None for none."""
    if not receipt.stamp or receipt.about is None:
        return None
    try:
        _checkpoint(receipt, receipt.about)
        note = LogProof.from_text(receipt.proof).checkpoint
    except EvidenceError:
        return None  # the proof is wrong, which fails the receipt
    return _stamped(receipt.stamp, note, id="T1")


def _stamped(token: bytes, content: bytes, *, id: str) -> Stamped:
    return Stamped(
        id=id,
        token=token,
        kind="archive",
        imprint=lambda name: hash_bytes(name, content),
        covers=frozenset(),  # what it protects is known with the signature it is handed to
    )


def _inside(cms: bytes) -> frozenset[bytes]:
    """Return the names of what a CMS holds: its signature values, certificates and lists."""
    try:
        signed = sd.read_signed_data(cms)
    except CmsError:
        return frozenset()
    values = (name_of(signer.signature) for signer in signed.signers)
    return names_of((*signed.certificates, *signed.crls)).union(values)


def _report(stamp: Stamped, case: _Case) -> TimestampReport:
    return judge_timestamp(
        stamp.token,
        stamp.imprint,
        trust=case.trust,
        at=case.at,
        id=stamp.id,
        kind=stamp.kind,
        crls=case.beside.crls,
        ocsps=case.beside.ocsps,
    )


def _advice(
    receipt: Receipt, conclusion: Conclusion, stamps: tuple[TimestampReport, ...]
) -> tuple[Finding, ...]:
    """Say what to do where only time is missing."""
    passed = Indication.TOTAL_PASSED
    untrusted = [one for one in stamps if one.conclusion.indication is not passed]
    if untrusted:
        sentence = say("The time-stamp over the log is not accepted: it proves nothing.")
        return (Finding(code="receipt-stamp", severity=Severity.WARNING, sentence=sentence),)
    if (stamps and receipt.about and receipt.about.stamp) or conclusion.sub_indication not in _NEEDS_TIME:
        return ()
    sentence = say(
        "No time-stamp proves that the receipt is older than the end of the relay's certificate. If the "
        "relay is still there, ask it for the receipt again: docsign trace {name} --receipt FILE",
        name=receipt.evidence.sha256[:16],
    )
    return (Finding(code="receipt-unstamped", severity=Severity.WARNING, sentence=sentence),)
