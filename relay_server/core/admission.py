"""Which envelopes a relay lets in: the checks, in their order, over values alone.

1. The sender named in the signed header is the agency whose TLS certificate asks (design: who may do what).
2. The container is sound and every signature passed.
3. One of the passing signatures was made with a certificate the directory binds to the sender, for sealing.
4. No field of the header is a secrecy mark (QD 28/2018 Art. 1).
5. DocumentId and subject are no longer than records and lists can bear: one who writes more would keep his
   receivers from reading what else waits for them, and auditors from reading the log.
6. There are receivers, not too many, and the directory knows each.
7. A message that revokes, updates or replaces comes from whoever sent that document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from docsign.envelope.edxml import LENGTHS
from docsign.envelope.evidence import Reason
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.sentence import Sentence, say
from docsign.verdict import Conclusion, Indication, SubIndication
from relay_server.core.directory import Agency, Use
from relay_server.core.refusals import RefusalError
from relay_server.core.submissions import Submission


def require_own(submission: Submission, agency: Agency) -> None:
    """Check 1: raise RefusalError where the header names another sender."""
    if not agency.is_called(submission.sender):
        raise RefusalError(
            ProblemType.NOT_YOUR_AGENCY,
            say(
                "The envelope's sender is {sender}, but the connection is that of {agency}.",
                sender=submission.sender[:60],
                agency=agency.code,
            ),
            where="header.From",
        )


def require_sound(conclusion: Conclusion, reason: Sentence | None) -> None:
    """Check 2: raise RefusalError unless the judgement is TOTAL-PASSED."""
    if conclusion.indication is Indication.TOTAL_PASSED:
        return
    answer = "/".join(str(word) for word in (conclusion.indication, conclusion.sub_indication) if word)
    raise RefusalError(
        ProblemType.SIGNATURE_NOT_ACCEPTED,
        say("The envelope is not accepted ({answer}): {reason}", answer=answer, reason=reason)
        if reason
        else say("The envelope is not accepted ({answer}).", answer=answer),
        retry=conclusion.sub_indication is SubIndication.TRY_LATER,
    )


def require_bound(signers: Iterable[str], agency: Agency, *, at: datetime) -> None:
    """Check 3: raise RefusalError where no passing signature is the agency's own."""
    if not any(agency.has(signer, Use.SIGN, at=at) for signer in signers):
        raise RefusalError(
            ProblemType.SIGNATURE_NOT_ACCEPTED,
            say(
                "The directory binds none of the sealing certificates to the agency {agency}.",
                agency=agency.code,
            ),
        )


def require_open(submission: Submission) -> None:
    """Check 4: raise RefusalError where a field is a secrecy mark."""
    if submission.secret is not None:
        sentence, where = submission.secret
        raise RefusalError(ProblemType.SECRET_DOCUMENT, sentence, where=where)


def require_short(submission: Submission) -> None:
    """Check 5: raise RefusalError where a text of the header that is kept and shown is too long."""
    for name, text, most in (
        ("DocumentId", submission.document_id, LENGTHS["DocumentId"]),
        ("Subject", submission.subject, wire.MAX_TEXT),
    ):
        if len(text) > most:
            raise RefusalError(
                ProblemType.BAD_ENVELOPE,
                say("too long: {size} characters, {limit} at most", size=len(text), limit=most),
                where=f"header.{name}",
            )


def require_receivers(codes: Iterable[str], known: Mapping[str, Agency], *, most: int) -> tuple[Agency, ...]:
    """Check 6: return the receivers once each, in the header's order; ``known`` is keyed by code."""
    listed = list(codes)
    if not listed:
        raise RefusalError(
            ProblemType.UNKNOWN_RECEIVER, say("The envelope names no receiver."), where="header.To"
        )
    if len(listed) > most:
        raise RefusalError(
            ProblemType.BAD_ENVELOPE,
            say("Too many receivers: {count}, {most} at most.", count=len(listed), most=most),
            where="header.To",
        )
    unknown = [code[:60] for code in listed if code not in known]
    if unknown:
        raise RefusalError(
            ProblemType.UNKNOWN_RECEIVER,
            say("The directory does not know the receiver {codes}.", codes=", ".join(unknown[:20])),
            where="header.To",
        )
    return tuple({known[code].key: known[code] for code in listed}.values())


def duplicate_warnings(*, document_id: bool, number: bool) -> tuple[Reason, ...]:
    """Return what the acceptance says where the same document seems to have been sent before: no more."""
    found = []
    if document_id:
        found.append(
            Reason(code="duplicate-document-id", text="Mã định danh văn bản này đã được gửi trước đó.")
        )
    if number:
        found.append(Reason(code="duplicate-number", text="Số, ký hiệu này đã được gửi trước đó trong năm."))
    return tuple(found)


def require_original_sender(document_id: str, senders: frozenset[str], agency: Agency) -> None:
    """Check 7: raise RefusalError where others alone sent the document; unknown ones may be changed."""
    if senders and not any(agency.is_called(sender) for sender in senders):
        raise RefusalError(
            ProblemType.NOT_YOUR_AGENCY,
            say("The document {document} was sent by another agency.", document=document_id[:120]),
            where="header.Bussiness",
        )
