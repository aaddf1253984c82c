"""Statuses: what a receiver answers about a document (01 … 06, 15, 16), and the sender's recall (13).

Values only; ``edxml`` writes and reads them, the relay's delivery table says which may follow which.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum

from docsign.envelope.header import Header, Organization, ResponseFor, Staff, UnknownElement
from docsign.errors import UsageError
from docsign.sentence import Language, Sentence, say
from docsign.values import dataclass
from docsign.verdict import Finding


class StatusCode(StrEnum):
    """The states of QCVN 102:2016; 07–12 and 14 are not defined."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    IN_WORK = "05"
    DONE = "06"
    RECALL = "13"
    RECALL_AGREED = "15"
    RECALL_REFUSED = "16"

    @property
    def vietnamese(self) -> str:
        """The name in the national standard."""
        return _NAMES[self][0]

    @property
    def english(self) -> str:
        """The name this project uses in English."""
        return _NAMES[self][1]

    @property
    def by_sender(self) -> bool:
        """Only a recall goes from the sender to a receiver; all others go back to the sender."""
        return self is StatusCode.RECALL

    @property
    def sentence(self) -> Sentence:
        """Code and name, in the reader's language: the words of the events of these names."""
        return Sentence(self.label("en"))

    def label(self, language: Language = "vi") -> str:
        """Return code and name: ``03 Đã tiếp nhận``."""
        return f"{self.value} {self.vietnamese if language == 'vi' else self.english}"


_NAMES: dict[StatusCode, tuple[str, str]] = {
    StatusCode.ARRIVED: ("Đã đến", "Arrived"),
    StatusCode.REFUSED: ("Từ chối tiếp nhận", "Refused"),
    StatusCode.ACCEPTED: ("Đã tiếp nhận", "Accepted"),
    StatusCode.ASSIGNED: ("Phân công", "Assigned"),
    StatusCode.IN_WORK: ("Đang xử lý", "In work"),
    StatusCode.DONE: ("Hoàn thành", "Done"),
    StatusCode.RECALL: ("Lấy lại", "Recall asked"),
    StatusCode.RECALL_AGREED: ("Đồng ý", "Recall agreed"),
    StatusCode.RECALL_REFUSED: ("Từ chối", "Recall refused"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status; its addressee is ``response_for.organ_id``, there is no To. ``time`` is aware."""

    sender: Organization
    response_for: ResponseFor
    code: StatusCode
    time: datetime
    description: str = ""
    staff: Staff | None = None
    unknown: tuple[UnknownElement, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), compare=False)

    @property
    def addressee(self) -> str:
        """The code of the agency this status is for."""
        return self.response_for.organ_id

    @staticmethod
    def answering(
        header: Header,
        code: StatusCode,
        *,
        sender: Organization,
        time: datetime,
        description: str = "",
        staff: Staff | None = None,
        receiver: str | None = None,
    ) -> Status:
        """Make the status about ``header``'s document.

        It goes to the document's sender, or, for a recall, to ``receiver`` (an agency code, required then).
        An empty description becomes the Vietnamese name of the state. Raises UsageError.
        """
        answered = header.as_answered()
        if receiver is not None:
            answered = replace(answered, organ_id=receiver)
        elif code.by_sender:
            raise UsageError(say("A recall names the receiver it is for."), where="receiver")
        return Status(
            sender=sender,
            response_for=answered,
            code=code,
            time=time,
            description=description or code.vietnamese,
            staff=staff,
        )
