"""The books of a history, checked: what was promised against what is there and what the evidence says.

Nothing of the relay's code is used: answers are read as JSON, the log's tree is computed anew from its
records (RFC 6962), the rules of a delivery are written here a second time, from the standard's side.

1. What was acknowledged is there: receipt, bytes, record, one delivery for each receiver, an upload's offset.
2. The same name gets the same receipt, byte for byte; and one other, once a time-stamp covers its record.
3. No delivery is handed over twice, and none that was confirmed is offered for fetching again.
4. Every change has its record, every record its place in the log; the states shown follow from the records.
5. Every checkpoint that anybody ever saw, stamped or not, is the log's own at that size.
6. Every receipt's proof leads from its record to its checkpoint, its time-stamp is over that checkpoint.
7. What was asked back before it was fetched is never handed out.
8. What nobody fetches ends when its time is over, not before, and the sender is told.
9. Nobody sees what is not his, submits what he may not, is answered without certificate and grant in force.
10. When the faults stop, everybody gets what he waits for.
11. Bytes are removed when their time is over and nobody waits for them, and else never.
12. The relay's own check finds nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from docsign.exchange import wire
from tests.simulation.diary import Diary, Seen
from tests.simulation.network import Answer
from tests.simulation.tree import Tree, climb, leaf_hash, read_checkpoint

SECRET = b"simulated evidence key"
STAMP_SECRET = b"simulated time-stamping key"
DAYS_TO_LIVE = 14
_CODES = {
    "01": "Arrived", "02": "ConsignmentRejection", "03": "ConsignmentAcceptance", "04": "Assigned",
    "05": "InWork", "06": "Done", "13": "RecallAsked", "15": "RecallAgreed", "16": "RecallRefused",
}  # fmt: skip
HANDED = "ContentHandover"
_CHANGES = {"15": "ChangeAgreed", "16": "ChangeRefused"}
_AFTER = {
    "ContentHandover": "handed-over", "Arrived": "arrived", "ConsignmentAcceptance": "accepted",
    "Assigned": "assigned", "InWork": "in-work", "Done": "done", "ConsignmentRejection": "refused",
    "ContentHandoverFailure": "expired",
}  # fmt: skip
_LADDER = ("handed-over", "arrived", "accepted", "assigned", "in-work", "done")
_ENDS = ("refused", "done", "withdrawn", "expired")


@dataclass(slots=True)
class Record:
    """One entry of the log."""

    index: int
    id: str
    event: str
    sha256: str
    time: datetime
    recipients: tuple[str, ...]
    actor: str
    reasons: tuple[str, ...]
    raw: bytes


@dataclass(slots=True, kw_only=True)
class Books:
    """Everything there is to check; filled by the history, over the wire."""

    diary: Diary
    complaints: list[str]
    records: list[Record] = field(default_factory=list)
    calm_traces: dict[str, Any] = field(default_factory=dict)
    traces: dict[str, Any] = field(default_factory=dict)
    receipts: dict[str, Any] = field(default_factory=dict)
    calm_bodies: dict[str, Any] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    stamped: Answer | None = None
    stamp: Answer | None = None
    is_signed: Callable[[bytes, bytes], bool] = lambda signed, signature: (
        signature == hashlib.sha256(SECRET + signed).digest()
    )
    _named: dict[str, list[Record]] = field(default_factory=dict)

    def about(self, name: str) -> list[Record]:
        """Return the records about an envelope, in the log's order."""
        if sum(map(len, self._named.values())) != len(self.records):
            self._named.clear()
            for record in self.records:
                self._named.setdefault(record.sha256, []).append(record)
        return self._named.get(name, [])

    def complain(self, number: int, what: str) -> None:
        """Note a breach of the rule of this number."""
        self.complaints.append(f"{number}. {what}")

    async def read_log(self, auditor: Any) -> None:
        """Read every record of the log, as an auditor may."""
        answer: Answer | None = await auditor.ask("GET", f"{wire.LOG}/checkpoint")
        if answer is None or answer.status != 200:
            return
        size = int(answer.body.split(b"\n")[1])
        for number in range(-(-size // 256)):
            width = min(256, size - number * 256)
            part = "" if width == 256 else f".p/{width}"
            bundle = await auditor.ask("GET", f"{wire.LOG}/tile/entries/{number:03d}{part}")
            assert bundle is not None
            data = bundle.body if bundle.status == 200 else b""
            while data:
                length = int.from_bytes(data[:2], "big")
                self.take(data[2 : 2 + length])
                data = data[2 + length :]
        if len(self.records) != size:
            self.complain(4, f"the log of {size} shows {len(self.records)} records")

    def take(self, raw: bytes) -> None:
        """Read the next entry of the log."""
        signed = raw[len(b'{"evidence":') : raw.rindex(b',"signature":"')]
        document = json.loads(raw)
        record = document["evidence"]
        if not self.is_signed(signed, base64.b64decode(document["signature"])):
            self.complain(4, f"record {record['id']} is not signed")
        name = next(part["digest"] for part in record["parts"] if part["id"] == "envelope")
        self.records.append(
            Record(
                index=len(self.records), id=record["id"], sha256=name, raw=raw,
                event=record["event"].replace("/", ":").rpartition(":")[2],
                time=datetime.fromisoformat(record["time"]), actor=record.get("actor", ""),
                recipients=tuple(record["recipients"]),
                reasons=tuple(reason["code"] for reason in record.get("reasons", ())),
            )
        )  # fmt: skip


def check(books: Books, *, has_ended: bool = True) -> None:
    """Write every breach into the books' complaints; ``has_ended``: every time to live is over."""
    for complaint in books.diary.unfulfilled:
        books.complain(10, complaint)
    _acknowledged(books)
    _receipts(books)
    _handed_over(books)
    _evidence(books)
    _checkpoints(books)
    _recalled(books)
    _removed(books)
    if has_ended:
        _overdue(books)
    _own(books)
    _quiet(books)


def _of(books: Books, name: str, event: str) -> list[Record]:
    return [record for record in books.about(name) if record.event == event]


def _submissions(books: Books) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for seen in books.diary.seen:
        whole = seen.path == wire.ENVELOPES
        if seen.is_told and (whole or (seen.path.startswith(wire.UPLOADS) and _has_receipt(seen))):
            name = hashlib.sha256(seen.body).hexdigest() if whole else seen.about
            if name in books.diary.sent:
                found.setdefault(name, []).append(seen)
            else:
                books.complain(9, f"{seen.agency} submitted {seen.body[:60]!r}")
    return found


def _has_receipt(seen: Seen) -> bool:
    return seen.answer is not None and seen.answer.status == 201 and bool(seen.answer.body)


def _acknowledged(books: Books) -> None:
    for name in _submissions(books):
        plan = books.diary.sent[name]
        body, receipt, trace = books.bodies[name], books.receipts[name], books.traces[name]
        if receipt is None or receipt.status != 200:
            books.complain(1, f"the receipt of {name[:12]} is gone: {receipt and receipt.status}")
        gone = bool(_of(books, name, "ContentRemoved"))
        for answer in (books.calm_bodies.get(name, body), body):
            if gone and answer is not None and answer.status == 404:
                continue
            if answer is None or not answer.is_whole or answer.body != plan["body"]:
                books.complain(1, f"the bytes of {name[:12]} are gone or others")
        if trace is None or trace.status != 200:
            books.complain(1, f"{name[:12]} is not known: {trace and trace.status}")
            continue
        listed = sorted(one["receiver"] for one in json.loads(trace.body)["deliveries"])
        if listed != sorted(plan["receivers"]):
            books.complain(1, f"{name[:12]} goes to {listed}, not to {plan['receivers']}")
    _uploads(books)
    for name in books.diary.sent:
        if len(_of(books, name, "SubmissionAcceptance")) > 1:
            books.complain(1, f"{name[:12]} was accepted twice")
        consigned = Counter(
            one for record in _of(books, name, "ContentConsignment") for one in record.recipients
        )
        if any(count > 1 for count in consigned.values()):
            books.complain(3, f"{name[:12]} was consigned twice: {consigned}")


def _uploads(books: Books) -> None:
    """What was told of an upload's offset stays so, whatever dies."""
    told: dict[str, list[tuple[float, int]]] = {}
    for seen in sorted(books.diary.seen, key=lambda one: one.began):
        if not (seen.path.startswith(f"{wire.UPLOADS}/") and seen.is_told and seen.answer is not None):
            continue
        offset = int(seen.answer.headers.get("upload-offset", -1))
        before = max((known for ended, known in told.get(seen.path, ()) if ended < seen.began), default=0)
        if 0 <= offset < before:
            books.complain(1, f"an upload of {seen.about[:12]} went back from {before} to {offset}")
        told.setdefault(seen.path, []).append((seen.ended, offset))


def _removed(books: Books) -> None:
    retain = books.diary.retain
    for name, plan in books.diary.sent.items():
        accepted, removed = _of(books, name, "SubmissionAcceptance"), _of(books, name, "ContentRemoved")
        body = books.bodies[name]
        if removed and body is not None and body.status == 200:
            books.complain(11, f"{name[:12]} is said to be removed and is handed out")
        if len(removed) > 1:
            books.complain(11, f"{name[:12]} was removed {len(removed)} times")
        for record in removed:
            if retain is None or not accepted or record.time < accepted[0].time + retain:
                books.complain(11, f"{name[:12]} was removed before its time")
            for receiver in plan["receivers"]:
                state = derive(books, name, receiver, before=record.index)
                if state in ("queued", "recall-asked"):
                    books.complain(11, f"{name[:12]} was removed while {receiver} had it {state}")


def _receipts(books: Books) -> None:
    told: dict[str, set[bytes]] = {}
    for name, submissions in _submissions(books).items():
        told.setdefault(name, set()).update(one.answer.body for one in submissions if one.answer)
    for seen in books.diary.seen:
        if seen.path.endswith("/receipt") and seen.is_told and seen.answer is not None:
            told.setdefault(seen.path.split("/")[3], set()).add(seen.answer.body)
    for name, bodies in told.items():
        receipts = [json.loads(body) for body in bodies]
        stamped = sum("stamp" in receipt for receipt in receipts)
        if stamped > 1 or len(receipts) - stamped > 1:
            books.complain(2, f"{name[:12]} has {len(receipts)} receipts, {stamped} of them stamped")
        for receipt in receipts:
            _proof(books, name, receipt)


def _proof(books: Books, name: str, receipt: dict[str, Any]) -> None:
    if "proof" not in receipt:
        books.complain(6, f"the receipt of {name[:12]} has no proof")
        return
    head, _, checkpoint = receipt["proof"].partition("\n\n")
    _, index, *path = head.split("\n")
    place = int(index.removeprefix("index "))
    canonical = json.dumps(receipt["evidence"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = f'{{"evidence":{canonical},"signature":"{receipt["signature"]}"}}'.encode()
    if place >= len(books.records) or books.records[place].raw != entry:
        books.complain(4, f"the receipt of {name[:12]} is not entry {place} of the log")
    if "stamp" in receipt and base64.b64decode(receipt["stamp"]) != _token(checkpoint.encode()):
        books.complain(6, f"the time-stamp of {name[:12]} is not that of its checkpoint")
    size, root = read_checkpoint(checkpoint)
    if climb(leaf_hash(entry), place, size, [base64.b64decode(one) for one in path if one]) != root:
        books.complain(6, f"the proof of {name[:12]} does not hold")


def _token(checkpoint: bytes) -> bytes:
    return hashlib.sha256(STAMP_SECRET + hashlib.sha256(checkpoint).digest()).digest()


def _handed_over(books: Books) -> None:
    for name, plan in books.diary.sent.items():
        for receiver in plan["receivers"]:
            handed = [one for one in _of(books, name, "ContentHandover") if receiver in one.recipients]
            if len(handed) > 1:
                books.complain(3, f"{name[:12]} was handed over to {receiver} {len(handed)} times")
    confirmed: dict[str, tuple[float, str]] = {}
    answers: dict[str, set[str]] = {}
    names: dict[tuple[str, str], set[str]] = {}
    for seen in sorted(books.diary.seen, key=lambda one: one.ended):
        if seen.path.endswith("/handover") and seen.is_told and seen.answer is not None:
            delivery = seen.path.split("/")[3]
            document = json.loads(seen.answer.body)
            confirmed.setdefault(delivery, (seen.ended, seen.agency))
            answers.setdefault(delivery, set()).add(document["recorded_at"])
            name = json.loads(seen.body)["sha256"]
            moment = datetime.fromisoformat(document["recorded_at"])
            if not any(
                one.time == moment and seen.agency in one.recipients
                for one in _of(books, name, "ContentHandover")
            ):
                books.complain(4, f"a confirmed handover of {name[:12]} to {seen.agency} has no record")
    for delivery, moments in answers.items():
        if len(moments) > 1:
            books.complain(3, f"delivery {delivery} was recorded at {sorted(moments)}")
    for seen, item in _items(books):
        names.setdefault((item["sha256"], seen.agency), set()).add(item["delivery"])
        known = confirmed.get(item["delivery"])
        if known and seen.began > known[0] and item["state"] in ("queued", "leased"):
            books.complain(3, f"{item['sha256'][:12]} is offered to {seen.agency} again after its handover")
    for (name, receiver), deliveries in names.items():
        if len(deliveries) > 1:
            books.complain(3, f"{name[:12]} has {len(deliveries)} deliveries to {receiver}")


def _items(books: Books) -> list[tuple[Seen, dict[str, Any]]]:
    return [
        (seen, item)
        for seen in books.diary.seen
        if seen.path.startswith(f"{wire.INBOX}?") and seen.is_told and seen.answer is not None
        for item in json.loads(seen.answer.body)["items"]
    ]


def _evidence(books: Books) -> None:
    identities = Counter(record.id for record in books.records)
    if any(count > 1 for count in identities.values()):
        books.complain(4, "a record stands in the log twice")
    for seen in books.diary.seen:
        if not (seen.path.endswith("/statuses") and seen.is_told and seen.answer is not None):
            continue
        answer = json.loads(seen.answer.body)
        records = _of(books, answer["sha256"], _CODES[answer["code"]])
        if answer["code"] in _CHANGES:  # the answer to a recall, or to a message that changes a document
            records = [*records, *_of(books, answer["sha256"], _CHANGES[answer["code"]])]
        if not any(answer["receiver"] in record.recipients for record in records):
            books.complain(4, f"status {answer['code']} about {answer['sha256'][:12]} has no record")
    for name in books.diary.sent:
        trace = books.traces[name]
        if trace is None or trace.status != 200:
            if books.about(name):
                books.complain(4, f"{name[:12]} has records and no trace")
            continue
        document = json.loads(trace.body)
        shown = Counter(event["event"] for event in document["events"])
        kept: Counter[str] = Counter()
        for record in books.about(name):
            whole = record.event in ("SubmissionAcceptance", "ContentRemoved")
            kept[record.event] += 1 if whole else len(record.recipients)
        if shown != kept:
            books.complain(4, f"{name[:12]}: the trace shows {dict(shown)}, the log has {dict(kept)}")
        for delivery in document["deliveries"]:
            derived = derive(books, name, delivery["receiver"])
            said = "queued" if delivery["state"] == "leased" else delivery["state"]
            if derived != said:
                books.complain(
                    4, f"{name[:12]} is said {said} with {delivery['receiver']}; by the records {derived}"
                )


def derive(books: Books, name: str, receiver: str, *, before: int | None = None) -> str:
    """Return the state that the records of a delivery lead to; complain where one may not follow.

    ``before`` leaves out the records from that place of the log on.
    """
    shown = reached = ""
    for record in books.about(name):
        if receiver not in record.recipients or (before is not None and record.index >= before):
            continue
        event = record.event
        if event in ("SubmissionAcceptance", "ContentConsignment"):
            shown = reached = "queued"
        elif event not in _AFTER and not event.startswith("Recall"):
            continue  # changes nothing
        elif shown == "withdrawn" and event == "ContentHandover":
            continue  # it was under way already: the receiver says so, and the sender sees it
        elif shown in _ENDS and event != "RecallAgreed":
            books.complain(4, f"{event} follows the end {shown} of {name[:12]} with {receiver}")
        elif event == "RecallAsked":
            shown = "withdrawn" if "unfetched" in record.reasons else "recall-asked"
        elif event == "RecallAgreed":
            shown = "withdrawn"
        elif event == "RecallRefused":
            shown = "recall-refused"
        else:
            after = _AFTER[event]
            if after in _LADDER and reached in _LADDER and _LADDER.index(after) < _LADDER.index(reached):
                books.complain(4, f"{name[:12]} with {receiver} went back from {reached} to {after}")
            stays = shown == "recall-asked" and after not in ("refused", "expired")
            if not stays and not (shown == "recall-refused" and after == reached):
                shown = after
            reached = after
    return shown


def _checkpoints(books: Books) -> None:
    tree = Tree([leaf_hash(record.raw) for record in books.records])
    for seen in books.diary.seen:
        if seen.answer is None or not seen.is_told:
            continue
        note = ""
        if seen.path in (f"{wire.LOG}/checkpoint", f"{wire.LOG}/checkpoint.stamped"):
            note = seen.answer.body.decode()
        elif seen.path == wire.ENVELOPES or (seen.path.startswith(wire.UPLOADS) and _has_receipt(seen)):
            note = json.loads(seen.answer.body).get("proof", "").partition("\n\n")[2]
        if not note:
            continue
        size, root = read_checkpoint(note)
        if size > len(books.records):
            books.complain(5, f"a checkpoint of {size} was shown; the log has {len(books.records)}")
        elif tree.root(0, size) != root:
            books.complain(5, f"a checkpoint of {size} was shown that is not this log's")
    stamped, stamp = books.stamped, books.stamp
    if stamped is None or stamp is None or stamped.status != 200 or stamp.status != 200:
        return
    if stamp.body != _token(stamped.body):
        books.complain(5, "the time-stamp is not that of the checkpoint shown with it")


def _recalled(books: Books) -> None:
    fetches = [
        (seen, seen.path.split("/")[3])
        for seen in books.diary.seen
        if seen.method == "GET" and seen.path.count("/") == 3 and seen.path.startswith(wire.ENVELOPES)
    ]
    for seen in books.diary.seen:
        if not (seen.path.endswith("/statuses") and seen.is_told and seen.answer is not None):
            continue
        answer = json.loads(seen.answer.body)
        name, receiver = answer["sha256"], answer["receiver"]
        if answer["code"] != "13":
            continue
        own = [one for one, asked in fetches if asked == name and one.agency == receiver]
        if any(one.began <= seen.ended for one in own):
            continue  # it may have been out already
        if any(one.answer is not None and one.answer.status in (200, 206) for one in own):
            books.complain(7, f"{name[:12]} was asked back unfetched, and handed out to {receiver}")


def _overdue(books: Books) -> None:
    for name, plan in books.diary.sent.items():
        accepted = _of(books, name, "SubmissionAcceptance")
        lives = timedelta(seconds=plan["lives"]) if plan["lives"] else timedelta(days=DAYS_TO_LIVE)
        for receiver in plan["receivers"] if accepted else ():
            state = derive(books, name, receiver)
            if state in ("queued", "leased"):
                books.complain(8, f"{name[:12]} still waits for {receiver} after every time to live")
            for record in _of(books, name, "ContentHandoverFailure"):
                if receiver in record.recipients and record.time < accepted[0].time + lives:
                    books.complain(8, f"{name[:12]} expired for {receiver} before its time")


def _own(books: Books) -> None:
    parties = {name: {plan["sender"], *plan["receivers"]} for name, plan in books.diary.sent.items()}
    for seen in books.diary.seen:
        if seen.answer is None or seen.answer.status >= 300:
            continue
        who = (seen.computer, seen.agency)
        began, ended = books.diary.let_in.get(who, 0), books.diary.taken_out.get(who, seen.began)
        if seen.ended < began or seen.began > ended:
            books.complain(9, f"a certificate that is not good for {seen.agency} was answered: {seen.path}")
        if seen.path.startswith(f"{wire.LOG}/tile/entries/") and seen.agency not in books.diary.auditors:
            books.complain(9, f"{seen.agency} was shown records of the log")
        name = seen.path.split("/")[3] if seen.path.startswith(f"{wire.ENVELOPES}/") else ""
        if name and seen.agency not in parties[name]:
            books.complain(9, f"{seen.agency} was answered about {name[:12]}: {seen.path[-12:]}")
        if (
            name
            and seen.path.endswith("/trace")
            and seen.is_told
            and seen.agency != books.diary.sent[name]["sender"]
        ):
            document = json.loads(seen.answer.body)
            if {one["receiver"] for one in document["deliveries"]} - {seen.agency}:
                books.complain(9, f"{seen.agency} sees other receivers of {name[:12]}")
    for seen, item in _items(books):
        if seen.agency not in books.diary.sent[item["sha256"]]["receivers"]:
            books.complain(9, f"{item['sha256'][:12]} is in the inbox of {seen.agency}")


def _quiet(books: Books) -> None:
    # whose grant ends between the handover and the 01 leaves it so
    lent = {agency for _, agency in books.diary.let_in}
    for name, plan in books.diary.sent.items():
        answer = books.calm_traces[name]
        if answer is None or answer.status != 200:
            books.complain(10, f"{name[:12]} was never taken")
            continue
        for delivery in json.loads(answer.body)["deliveries"]:
            waits = delivery["state"] in ("queued", "leased", "recall-asked", "handed-over")
            if delivery["state"] == "handed-over":
                waits = delivery["receiver"] not in lent
            if delivery["state"] == "recall-refused":  # the document is still to be fetched
                waits = not any(delivery["receiver"] in one.recipients for one in _of(books, name, HANDED))
            if waits and delivery["receiver"] in books.diary.awake:
                books.complain(
                    10,
                    f"{name[:12]} is still {delivery['state']} with {delivery['receiver']} when all is calm",
                )
        assert plan
