"""The events that evidence is about: EN 319 522-1's, and ours where it has none. Names and words alone."""

from __future__ import annotations

from enum import StrEnum

from docsign.sentence import Language, Sentence, say

_ETSI = "http://uri.etsi.org/19522/Event/"
_OWN = "urn:docsign:event:"
EVENT_SPACES = (_ETSI, _OWN)


class EvidenceEvent(StrEnum):
    """What happened: first EN 319 522-1's events, then ours for workflow and recall, which it lacks."""

    SUBMISSION_ACCEPTANCE = _ETSI + "SubmissionAcceptance"
    SUBMISSION_REJECTION = _ETSI + "SubmissionRejection"
    RELAY_ACCEPTANCE = _ETSI + "RelayAcceptance"
    RELAY_REJECTION = _ETSI + "RelayRejection"
    RELAY_FAILURE = _ETSI + "RelayFailure"
    CONTENT_CONSIGNMENT = _ETSI + "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = _ETSI + "ContentConsignmentFailure"
    CONTENT_HANDOVER = _ETSI + "ContentHandover"
    CONTENT_HANDOVER_FAILURE = _ETSI + "ContentHandoverFailure"
    CONSIGNMENT_ACCEPTANCE = _ETSI + "ConsignmentAcceptance"
    CONSIGNMENT_REJECTION = _ETSI + "ConsignmentRejection"
    ACCEPTANCE_REJECTION_EXPIRY = _ETSI + "AcceptanceRejectionExpiry"
    RELAY_TO_NON_ERDS = _ETSI + "RelayToNonERDS"
    RELAY_TO_NON_ERDS_FAILURE = _ETSI + "RelayToNonERDSFailure"
    RECEIVED_FROM_NON_ERDS = _ETSI + "ReceivedFromNonERDS"
    ARRIVED = _OWN + "Arrived"
    ASSIGNED = _OWN + "Assigned"
    IN_WORK = _OWN + "InWork"
    DONE = _OWN + "Done"
    RECALL_ASKED = _OWN + "RecallAsked"
    RECALL_AGREED = _OWN + "RecallAgreed"
    RECALL_REFUSED = _OWN + "RecallRefused"
    CHANGE_AGREED = _OWN + "ChangeAgreed"
    CHANGE_REFUSED = _OWN + "ChangeRefused"
    UNFETCHED = _OWN + "Unfetched"
    CONTENT_REMOVED = _OWN + "ContentRemoved"

    @property
    def short(self) -> str:
        """The name without its URI space: ``ContentHandover``."""
        return event_name(self.value)

    @property
    def is_negative(self) -> bool:
        """Whether it says that something was refused or failed: such a record gives a reason."""
        return self in _NEGATIVE

    @property
    def sentence(self) -> Sentence:
        """The event in words."""
        return _LABELS[self]

    def label(self, language: Language = "vi") -> str:
        """Return the event in the reader's words."""
        return self.sentence.text(language)


_LABELS: dict[EvidenceEvent, Sentence] = {
    EvidenceEvent.SUBMISSION_ACCEPTANCE: say("Accepted by the relay"),
    EvidenceEvent.SUBMISSION_REJECTION: say("Refused by the relay"),
    EvidenceEvent.RELAY_ACCEPTANCE: say("Taken over by the next relay"),
    EvidenceEvent.RELAY_REJECTION: say("Refused by the next relay"),
    EvidenceEvent.RELAY_FAILURE: say("The next relay did not answer"),
    EvidenceEvent.CONTENT_CONSIGNMENT_FAILURE: say("Could not be made ready for the receiver"),
    EvidenceEvent.ACCEPTANCE_REJECTION_EXPIRY: say("Neither accepted nor refused in time"),
    EvidenceEvent.RELAY_TO_NON_ERDS: say("Handed to the national axis"),
    EvidenceEvent.RELAY_TO_NON_ERDS_FAILURE: say("The national axis did not take it"),
    EvidenceEvent.RECEIVED_FROM_NON_ERDS: say("Taken from the national axis"),
    EvidenceEvent.CONTENT_CONSIGNMENT: say("Waiting for the receiver"),
    EvidenceEvent.CONTENT_HANDOVER: say("Fetched by the receiver, digest confirmed"),
    EvidenceEvent.CONTENT_HANDOVER_FAILURE: say("Not fetched in time"),
    EvidenceEvent.CONSIGNMENT_ACCEPTANCE: say("03 Accepted"),
    EvidenceEvent.CONSIGNMENT_REJECTION: say("02 Refused"),
    EvidenceEvent.ARRIVED: say("01 Arrived"),
    EvidenceEvent.ASSIGNED: say("04 Assigned"),
    EvidenceEvent.IN_WORK: say("05 In work"),
    EvidenceEvent.DONE: say("06 Done"),
    EvidenceEvent.RECALL_ASKED: say("13 Recall asked"),
    EvidenceEvent.RECALL_AGREED: say("15 Recall agreed"),
    EvidenceEvent.RECALL_REFUSED: say("16 Recall refused"),
    EvidenceEvent.CHANGE_AGREED: say("15 Agreed to the change"),
    EvidenceEvent.CHANGE_REFUSED: say("16 Change refused"),
    EvidenceEvent.UNFETCHED: say("Not fetched for a long time"),
    EvidenceEvent.CONTENT_REMOVED: say("The bytes were removed, their time being over"),
}


_NEGATIVE = frozenset(
    {
        EvidenceEvent.SUBMISSION_REJECTION,
        EvidenceEvent.RELAY_REJECTION,
        EvidenceEvent.RELAY_FAILURE,
        EvidenceEvent.CONTENT_CONSIGNMENT_FAILURE,
        EvidenceEvent.CONTENT_HANDOVER_FAILURE,
        EvidenceEvent.CONSIGNMENT_REJECTION,
        EvidenceEvent.ACCEPTANCE_REJECTION_EXPIRY,
        EvidenceEvent.RELAY_TO_NON_ERDS_FAILURE,
    }
)


def event_name(uri: str) -> str:
    """Return an event's name without its URI space; an unknown one comes back as it is."""
    for space in EVENT_SPACES:
        if uri.startswith(space):
            return uri.removeprefix(space)
    return uri
