"""The books of a history, checked: what was promised against what is there and what the evidence says.

Nothing of the relay's code is used: answers are read as JSON, the log's tree is computed anew from its
records (RFC 6962), the rules of a delivery are written here a second time, from the standard's side.

1. What was acknowledged is there: receipt, bytes, record, one delivery for each receiver.
2. The same name gets the same receipt, byte for byte.
3. No delivery is handed over twice, and none that was confirmed is offered for fetching again.
4. Every change has its record, every record its place in the log; the states shown follow from the records.
5. Every checkpoint that anybody ever saw is the log's own at that size.
6. Every receipt's proof leads from its record to its checkpoint.
7. What was asked back before it was fetched is never handed out.
8. What nobody fetches ends when its time is over, not before, and the sender is told.
9. Nobody sees what is not his.
10. When the faults stop, everybody gets what he waits for.
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

SECRET = b"simulated evidence key"
DAYS_TO_LIVE = 14
_CODES = {
    "01": "Arrived", "02": "ConsignmentRejection", "03": "ConsignmentAcceptance", "04": "Assigned",
    "05": "InWork", "06": "Done", "13": "RecallAsked", "15": "RecallAgreed", "16": "RecallRefused",
}  # fmt: skip
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
    bodies: dict[str, Any] = field(default_factory=dict)
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
    if has_ended:
        _overdue(books)
    _own(books)
    _quiet(books)


def _of(books: Books, name: str, event: str) -> list[Record]:
    return [record for record in books.about(name) if record.event == event]


def _submissions(books: Books) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for seen in books.diary.seen:
        if seen.path == wire.ENVELOPES and seen.is_told:
            found.setdefault(hashlib.sha256(seen.body).hexdigest(), []).append(seen)
    return found


def _acknowledged(books: Books) -> None:
    for name in _submissions(books):
        plan = books.diary.sent[name]
        body, receipt, trace = books.bodies[name], books.receipts[name], books.traces[name]
        if receipt is None or receipt.status != 200:
            books.complain(1, f"the receipt of {name[:12]} is gone: {receipt and receipt.status}")
        if body is None or not body.is_whole or body.body != plan["body"]:
            books.complain(1, f"the bytes of {name[:12]} are gone or others")
        if trace is None or trace.status != 200:
            books.complain(1, f"{name[:12]} is not known: {trace and trace.status}")
            continue
        listed = sorted(one["receiver"] for one in json.loads(trace.body)["deliveries"])
        if listed != sorted(plan["receivers"]):
            books.complain(1, f"{name[:12]} goes to {listed}, not to {plan['receivers']}")
    for name in books.diary.sent:
        if len(_of(books, name, "SubmissionAcceptance")) > 1:
            books.complain(1, f"{name[:12]} was accepted twice")
        consigned = Counter(
            one for record in _of(books, name, "ContentConsignment") for one in record.recipients
        )
        if any(count > 1 for count in consigned.values()):
            books.complain(3, f"{name[:12]} was consigned twice: {consigned}")


def _receipts(books: Books) -> None:
    told: dict[str, set[bytes]] = {}
    for name, submissions in _submissions(books).items():
        told.setdefault(name, set()).update(one.answer.body for one in submissions if one.answer)
    for seen in books.diary.seen:
        if seen.path.endswith("/receipt") and seen.is_told and seen.answer is not None:
            told.setdefault(seen.path.split("/")[3], set()).add(seen.answer.body)
    for name, bodies in told.items():
        if len(bodies) > 1:
            books.complain(2, f"{name[:12]} has {len(bodies)} receipts")
        for body in bodies:
            _proof(books, name, json.loads(body))


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
    size, root = _read_checkpoint(checkpoint)
    if _climb(_leaf(entry), place, size, [base64.b64decode(one) for one in path if one]) != root:
        books.complain(6, f"the proof of {name[:12]} does not hold")


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
            kept[record.event] += 1 if record.event == "SubmissionAcceptance" else len(record.recipients)
        if shown != kept:
            books.complain(4, f"{name[:12]}: the trace shows {dict(shown)}, the log has {dict(kept)}")
        for delivery in document["deliveries"]:
            derived = derive(books, name, delivery["receiver"])
            said = "queued" if delivery["state"] == "leased" else delivery["state"]
            if derived != said:
                books.complain(
                    4, f"{name[:12]} is said {said} with {delivery['receiver']}; by the records {derived}"
                )


def derive(books: Books, name: str, receiver: str) -> str:
    """Return the state that the records of a delivery lead to; complain where one may not follow."""
    shown = reached = ""
    for record in books.about(name):
        if receiver not in record.recipients:
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
    tree = _Tree([_leaf(record.raw) for record in books.records])
    for seen in books.diary.seen:
        if seen.answer is None or not seen.is_told:
            continue
        note = ""
        if seen.path == f"{wire.LOG}/checkpoint":
            note = seen.answer.body.decode()
        elif seen.path == wire.ENVELOPES:
            note = json.loads(seen.answer.body).get("proof", "").partition("\n\n")[2]
        if not note:
            continue
        size, root = _read_checkpoint(note)
        if size > len(books.records):
            books.complain(5, f"a checkpoint of {size} was shown; the log has {len(books.records)}")
        elif tree.root(0, size) != root:
            books.complain(5, f"a checkpoint of {size} was shown that is not this log's")


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
    for name, plan in books.diary.sent.items():
        answer = books.calm_traces[name]
        if answer is None or answer.status != 200:
            books.complain(10, f"{name[:12]} was never taken")
            continue
        for delivery in json.loads(answer.body)["deliveries"]:
            waits = delivery["state"] in ("queued", "leased", "recall-asked", "handed-over")
            if waits and delivery["receiver"] in books.diary.awake:
                books.complain(
                    10,
                    f"{name[:12]} is still {delivery['state']} with {delivery['receiver']} when all is calm",
                )
        assert plan


# ---- the tree, a second time -----------------------------------------------------------------------------


def _leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


class _Tree:
    """The tree over some leaves; what was computed is remembered."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from ``start`` up to and without ``end`` (RFC 6962 2.1)."""
        if end - start <= 1:
            return self._leaves[start] if end > start else hashlib.sha256(b"").digest()
        if (start, end) not in self._known:
            half = start + _split(end - start)
            self._known[start, end] = _node(self.root(start, half), self.root(half, end))
        return self._known[start, end]


def _climb(node: bytes, place: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root over a leaf by the recursion of RFC 6962 2.1.1, None where the path does not fit."""
    if size <= 1:
        return node if not path and size == 1 else None
    if not path:
        return None
    half = _split(size)
    *below, beside = path
    if place < half:
        left = _climb(node, place, half, below)
        return None if left is None else _node(left, beside)
    right = _climb(node, place - half, size - half, below)
    return None if right is None else _node(beside, right)


def _read_checkpoint(note: str) -> tuple[int, bytes]:
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])
