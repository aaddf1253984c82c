"""How the exchange commands speak: states, events, times and sizes as a clerk reads them.

Texts of other agencies come from outside: what a terminal would take for a command is taken out of them.
"""

from __future__ import annotations

from datetime import datetime

from docsign.envelope.evidence import EvidenceEvent
from docsign.envelope.header import VIETNAM_TIME, BusinessKind, Priority
from docsign.envelope.status import StatusCode
from docsign.exchange import wire
from docsign.exchange.entries import Entry, EntryState
from docsign.sentence import Language, Sentence, say, shown

_STATES: dict[str, Sentence] = {
    wire.DeliveryState.QUEUED: say("waiting to be fetched"),
    wire.DeliveryState.LEASED: say("being fetched"),
    wire.DeliveryState.HANDED_OVER: say("handed over"),
    wire.DeliveryState.ARRIVED: say("arrived"),
    wire.DeliveryState.ACCEPTED: say("accepted"),
    wire.DeliveryState.REFUSED: say("refused by the receiver"),
    wire.DeliveryState.ASSIGNED: say("assigned"),
    wire.DeliveryState.IN_WORK: say("in work"),
    wire.DeliveryState.DONE: say("done"),
    wire.DeliveryState.RECALL_ASKED: say("the sender asks to take it back"),
    wire.DeliveryState.WITHDRAWN: say("withdrawn"),
    wire.DeliveryState.RECALL_REFUSED: say("recall refused"),
    wire.DeliveryState.EXPIRED: say("not fetched in time"),
    wire.DeliveryState.RELAYED: say("passed on to another relay"),
}
_CHANGES: dict[int, Sentence] = {
    BusinessKind.REVOKE: say(
        "This notice revokes a document: destroy the document in your system, then answer 15 (done)."
    ),
    BusinessKind.UPDATE: say(
        "This message updates a document sent before: answer 15 (agreed) or 16 (refused)."
    ),
    BusinessKind.REPLACE: say(
        "This message replaces documents sent before: answer 15 (agreed) or 16 (refused)."
    ),
}
_ENTRY_STATES: dict[EntryState, Sentence] = {
    EntryState.WAITING: say("waiting to be sent"),
    EntryState.SENT: say("sent"),
    EntryState.REFUSED: say("refused by the relay"),
}


def when(moment: datetime, lang: Language) -> str:
    """Return a time as it is written in Vietnam, in Vietnamese time; year first in English."""
    local = moment.astimezone(VIETNAM_TIME)
    return local.strftime("%d/%m/%Y %H:%M:%S" if lang == "vi" else "%Y-%m-%d %H:%M:%S +07:00")


def size(count: int, lang: Language) -> str:
    """Return a size in bytes, KB or MB; the decimal sign is the language's."""
    number = float(count)
    for unit in ("byte", "KB", "MB"):
        if number < 1024 or unit == "MB":
            text = f"{number:.0f} {unit}" if unit == "byte" or number >= 100 else f"{number:.1f} {unit}"
            return text.replace(".", ",") if lang == "vi" else text
        number /= 1024
    raise AssertionError("unreachable")


def state(word: str, lang: Language) -> str:
    """Return a delivery's state in the reader's words; an unknown one as it is."""
    known = _STATES.get(word)
    return known.text(lang) if known else shown(word)


def agency(code: str, name: str) -> str:
    """Return name and code of an agency: ``Ủy ban nhân dân xã Mẫu (H99.31)``."""
    return f"{shown(name)} ({shown(code)})" if name.strip() else shown(code)


def document(document_id: str) -> str:
    """Return number and notation out of a DocumentId: ``125/UBND-VX``."""
    return shown(document_id.split(",", 2)[-1])


def priority(number: int) -> str:
    """Return the mark of urgency, empty for an ordinary document; it is Vietnamese in both languages."""
    return Priority(number).vietnamese if 0 < number <= max(Priority) else ""


def item_lines(item: wire.InboxItem, lang: Language) -> list[str]:
    """Return what waits as three lines: who and which, about what, the small print."""
    mark, change = priority(item.priority), what_to_do(item)
    small = [size(item.size, lang), state(item.state, lang), when(item.accepted_at, lang)]
    return [
        f"{item.sha256[:16]}  {document(item.document_id)}  {agency(item.sender, item.sender_name)}"
        + (f"  [{mark}]" if mark else ""),
        f"    {shown(item.subject)}",
        f"    {' · '.join(small)}",
        *([f"    {change.text(lang)}"] if change else []),
    ]


def what_to_do(item: wire.InboxItem) -> Sentence | None:
    """Return what a message asks that revokes, updates or replaces, or whose sender takes it back."""
    # QD 28/2018 Art. 9: a withdrawn document is destroyed, and that is told
    if item.state == wire.DeliveryState.RECALL_ASKED:
        return say("The sender takes this document back: answer 15 (given back) or 16 (refused).")
    return _CHANGES.get(item.kind)


def taken_back(state: str, document_id: str, sha256: str) -> Sentence | None:
    """Return what to do with a document that its sender takes back, or has taken back already."""
    values = {"document": document(document_id), "name": sha256[:16]}
    if state == wire.DeliveryState.RECALL_ASKED:
        return say(
            "The sender takes {document} ({name}) back: answer 15 (given back) or 16 (refused).", **values
        )
    if state == wire.DeliveryState.WITHDRAWN:
        return say(
            "The sender has taken {document} ({name}) back: destroy it in your system, "
            "then answer 15 (done).",
            **values,
        )
    return None


def entry_name(entry: Entry, lang: Language) -> str:
    """Return what an entry is: the document's number, or the status about it."""
    name = document(entry.document_id)
    if entry.kind == "envelope":
        return name
    status = StatusCode(entry.code).label(lang)
    return say("status {status} about {document}", status=status, document=name).text(lang)


def entry_lines(entry: Entry, lang: Language) -> list[str]:
    """Return an entry of the outbox as two or three lines, its number first."""
    to = say("to {receivers}", receivers=", ".join(map(shown, entry.receivers))).text(lang)
    small = [_ENTRY_STATES[entry.state].text(lang)]
    if entry.attempts:
        small.append(say("attempts: {count}", count=entry.attempts).text(lang))
    if entry.state is EntryState.WAITING and entry.next_try is not None:
        small.append(say("next try {time}", time=when(entry.next_try, lang)).text(lang))
    if entry.finished_at is not None:
        small.append(when(entry.finished_at, lang))
    lines = [
        f"{entry.id}  {entry.envelope[:16]}  {entry_name(entry, lang)}  {to}",
        f"    {' · '.join(small)}",
    ]
    if entry.last_error is not None:
        lines.append(f"    {shown(entry.last_error.sentence.text(lang))}")
    return lines


def trace_lines(trace: wire.Trace, lang: Language) -> list[str]:
    """Return a trace as a clerk reads it: the document, where it stands with each receiver, what happened."""
    heading = document(trace.document_id) + (f": {shown(trace.subject)}" if trace.subject else "")
    sender = say("Sender: {sender}", sender=shown(trace.sender)).text(lang)
    lines = [heading, f"{say('Envelope: {name}', name=trace.sha256).text(lang)}", sender, ""]
    lines.append(say("Receivers").text(lang))
    for delivery in trace.deliveries:
        since = say("since {time}", time=when(delivery.since, lang)).text(lang)
        place = agency(delivery.receiver, delivery.receiver_name)
        lines.append(f"  {place}: {state(delivery.state, lang)} ({since})")
    lines += ["", say("What happened").text(lang)]
    for event in trace.events:
        who = f"{shown(event.receiver)}: " if event.receiver else ""
        label = event_label(event.event, lang)
        lines.append(f"  {when(event.time, lang)}  {who}{label}")
        reasons = [shown(reason.text or reason.code) for reason in event.reasons]
        known = event_label(event.event, "vi")  # where the sender of a status gave no reason, it is its name
        lines += [f"      {reason}" for reason in reasons if reason not in known]
        if event.actor and event.actor not in (trace.sender, event.receiver):
            hand = say("by the hand of {agency}, by a grant", agency=shown(event.actor))
            lines.append(f"      {hand.text(lang)}")
    return lines


def event_label(event: str, lang: Language) -> str:
    """Return an event in the reader's words, given its URI or its short name; an unknown one as it is."""
    for known in EvidenceEvent:
        if event in (known.value, known.short):
            return known.label(lang)
    return shown(event)
