"""Follow another relay's log: what it shows now must continue what it showed before, record by record.

1. The relay's word on its log is signed by a relay's certificate of our trust.
2. The log is the one seen before; or its relay was restored from a backup, and says so itself.
3. The checkpoint is signed by the log's key, and not smaller than the one seen before.
4. The new entries (their hashes alone, where the records are not shown to us) lead from what was seen to the
   checkpoint; with ``whole``, all of them from the first.
5. Checkpoints that others were shown lie on the way.
6. Each new record is signed by the relay.

What was seen is kept only where everything is in order; a contradiction is two notes signed by one key.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docsign.ades.cades import judge_cms
from docsign.envelope.evidence import About, Evidence, Receipt, canonical_json, log_entry, parse_json
from docsign.envelope.merkle import Frontier, leaf_hash
from docsign.envelope.signed_note import Checkpoint, NoteKey, open_checkpoint, read_note
from docsign.envelope.tiles import WIDTH, Tile, read_bundle
from docsign.errors import EvidenceError, RelayRefusedError, WireError
from docsign.exchange.wire import ProblemType
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.verdict import Indication
from relay_server.core.following import Continuation, Seen, checkpoint_in, split_hashes

Read = Callable[[str], Awaitable[bytes]]
"""Gives a part of the log by its path below ``/v1/log/``; raises the errors of the relay's client."""


@dataclass(slots=True, kw_only=True)
class AuditReport:
    """What was read and what is wrong; ``seen`` is what to remember, None where anything is wrong."""

    relay: str = ""
    origin: str = ""
    size: int = 0
    new: int = 0
    records_shown: bool = False
    seen: Seen | None = None
    troubles: list[tuple[str, Sentence]] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    checkpoint: bytes = b""

    @property
    def is_in_order(self) -> bool:
        """Whether nothing is wrong."""
        return not self.troubles

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": 1,
            "in_order": self.is_in_order,
            "relay": self.relay,
            "origin": self.origin,
            "size": self.size,
            "new": self.new,
            "records_shown": self.records_shown,
            "troubles": [
                {"code": code, "vi": sentence.text("vi"), "en": sentence.text("en")}
                for code, sentence in self.troubles
            ],
            "notes": [{"vi": note.text("vi"), "en": note.text("en")} for note in self.notes],
        }


class _StopError(Exception):
    """What was found makes looking further senseless."""


async def follow(
    read: Read, *, trust: Trust, seen: Seen | None, others: Sequence[bytes] = (), whole: bool = False
) -> AuditReport:
    """Read what is new of a log; raises the client's errors where it cannot be read at all.

    ``others`` are what other readers were shown: receipts, files of their audits, or checkpoints.
    """
    audit = _Audit(read, trust, AuditReport())
    try:
        await audit.run(seen, others, whole=whole)
    except _StopError:
        pass
    except EvidenceError as error:
        audit.wrong("log-unreadable", error.sentence)
    report = audit.report
    if report.troubles:
        report.seen = None
    return report


class _Audit:
    def __init__(self, read: Read, trust: Trust, report: AuditReport) -> None:
        self._read = read
        self._trust = trust
        self.report = report
        self._now = datetime.now(UTC)

    def wrong(self, code: str, sentence: Sentence) -> None:
        """Keep what is wrong."""
        self.report.troubles.append((code, sentence))

    def _stop(self, code: str, sentence: Sentence) -> _StopError:
        self.wrong(code, sentence)
        return _StopError()

    async def run(self, seen: Seen | None, others: Sequence[bytes], *, whole: bool) -> None:
        about = await self._about()
        key = NoteKey.parse(about.log_key)
        self.report.origin = key.name
        begin, on_the_way = self._begin(about, key, seen, whole=whole or bool(others))
        note = await self._checkpoint(seen)
        if note is None:
            return
        self.report.checkpoint = note
        goal = open_checkpoint(note, key)
        self.report.size = goal.size
        if begin.size > goal.size or any(one.size > goal.size for one in on_the_way):
            raise self._stop(
                "shrunk",
                say(
                    "The log has become smaller: {before} records before, {now} now.",
                    before=max([begin.size, *(one.size for one in on_the_way)]),
                    now=goal.size,
                ),
            )
        known = [*on_the_way, *self._shown_to_others(others, key, goal)]
        way = Continuation(begin, goal, known)
        await self._grow(
            way, goal, known_before=seen.frontier.size if seen and seen.log_key == str(key) else 0
        )
        if not begin.size and not way.reaches_its_goal:
            raise self._stop(
                "entries", say("The entries that the relay shows are not those of its own checkpoint.")
            )
        if way.contradicted or not way.reaches_its_goal:
            raise self._stop(
                "fork", say("The log was changed: it does not continue what was seen of it before.")
            )
        self.report.seen = Seen(log_key=str(key), frontier=way.frontier, checkpoint=note)

    async def _about(self) -> About:
        """Check 1."""
        data = await self._read("about")
        try:
            about = About.from_json(parse_json(data, limit=len(data), where="about"))
        except WireError as error:
            raise self._stop("about", say("What the relay says of its log cannot be read.")) from error
        self.report.relay = about.relay
        if not self._is_signed(about.signature, about.signed, about.certificate, about.time):
            raise self._stop("about", say("What the relay says of its log is not signed by it."))
        return about

    def _is_signed(self, cms: bytes, content: bytes, certificate: str, time: datetime) -> bool:
        for at in (self._now, time):  # a certificate that has ended by now was good then
            judged = judge_cms(cms, content=content, trust=self._trust, at=at, role="relay")
            if judged.report.intact is not True or judged.certificate is None:
                return False
            if fingerprint(judged.certificate) != certificate:
                return False
            if judged.report.conclusion.indication is Indication.TOTAL_PASSED:
                return True
        return False

    def _begin(
        self, about: About, key: NoteKey, seen: Seen | None, *, whole: bool
    ) -> tuple[Frontier, list[Checkpoint]]:
        """Check 2: return where to begin, and the checkpoints that must lie on the way."""
        if seen is None:
            return Frontier(), []
        if seen.log_key == str(key):
            before = Checkpoint(origin=key.name, size=seen.frontier.size, root=seen.frontier.root)
            return (Frontier() if whole else seen.frontier), [before] if seen.frontier.size else []
        old_key = NoteKey.parse(seen.log_key)
        if not about.follows:
            raise self._stop("another-log", say("The relay shows another log and does not say why."))
        try:
            last = open_checkpoint(about.follows.encode(), old_key)
        except EvidenceError as error:
            raise self._stop(
                "another-log", say("The relay shows another log and does not say why.")
            ) from error
        self.report.notes.append(
            say(
                "The relay was restored from a backup that ends after {size} records; its log is a new one.",
                size=last.size,
            )
        )
        on_the_way = [last]
        if seen.frontier.size > last.size:
            self.wrong(
                "lost",
                say(
                    "{count} records that the log had before are not in the backup the relay was restored "
                    "from. To follow the new log, begin with another state file.",
                    count=seen.frontier.size - last.size,
                ),
            )
        elif seen.frontier.size:
            on_the_way.append(_as_seen(last, seen.frontier))
        return Frontier(), on_the_way

    async def _checkpoint(self, seen: Seen | None) -> bytes | None:
        """Check 3, the beginning: return the note, None for a log without records."""
        try:
            return await self._read("checkpoint")
        except RelayRefusedError as error:
            if error.problem != ProblemType.NOT_FOUND.value:
                raise
        if seen is not None and seen.frontier.size:
            raise self._stop(
                "shrunk",
                say(
                    "The log has become smaller: {before} records before, {now} now.",
                    before=seen.frontier.size,
                    now=0,
                ),
            )
        return None

    def _shown_to_others(self, others: Sequence[bytes], key: NoteKey, goal: Checkpoint) -> list[Checkpoint]:
        """Check 5: return the checkpoints of this log that others were shown."""
        found = []
        for data in others:
            note = checkpoint_in(data)
            if Checkpoint.read(read_note(note)).origin != key.name:
                self.report.notes.append(say("One of the files to compare is of another log."))
                continue
            checkpoint = open_checkpoint(note, key)
            if checkpoint.size > goal.size:
                raise self._stop(
                    "fork",
                    say(
                        "Others were shown {theirs} records of this log, we only {ours}.",
                        theirs=checkpoint.size,
                        ours=goal.size,
                    ),
                )
            found.append(checkpoint)
        return found

    async def _grow(self, way: Continuation, goal: Checkpoint, *, known_before: int) -> None:
        """Check 4 and 6: append the leaves up to the checkpoint, bundle by bundle."""
        shown: bool | None = None
        while way.frontier.size < goal.size:
            at = way.frontier.size
            number = at // WIDTH
            width = min(WIDTH, goal.size - number * WIDTH)
            leaves: list[bytes] | None = None
            if shown is not False:
                leaves = await self._records(Tile(level=None, number=number, width=width), known_before)
                shown = leaves is not None
            if leaves is None:
                tile = Tile(level=0, number=number, width=width)
                leaves = split_hashes(await self._read(f"tile/{tile.path}"), width=width, where=tile.path)
            way.grow(leaves[at - number * WIDTH :])
            self.report.new += max(0, way.frontier.size - max(at, known_before))
        self.report.records_shown = bool(shown)
        if shown is False:
            self.report.notes.append(
                say("The records are not shown to this identity; their hashes were followed.")
            )

    async def _records(self, tile: Tile, known_before: int) -> list[bytes] | None:
        """Return the leaf hashes of a bundle whose new records are signed; None where it is not shown."""
        try:
            data = await self._read(f"tile/{tile.path}")
        except RelayRefusedError as error:
            if error.problem == ProblemType.NOT_FOUND.value:
                return None
            raise
        entries = read_bundle(data, tile.width)
        for index, entry in enumerate(entries, tile.number * WIDTH):
            if index >= known_before:
                self._record(index, entry)
        return [leaf_hash(entry) for entry in entries]

    def _record(self, index: int, entry: bytes) -> None:
        """Check 6."""
        try:
            value = parse_json(entry, limit=len(entry), where="entry")
            if not isinstance(value, dict):
                raise WireError(say("an object is needed here"), where="entry")
            receipt = Receipt.from_json(canonical_json({"schema": 1, **value}))
        except WireError:
            self.wrong("record", say("Record {index} of the log cannot be read.", index=index))
            return
        evidence: Evidence = receipt.evidence
        signed_so = log_entry(receipt.signed, receipt.signature) == entry
        if not signed_so or not self._is_signed(
            receipt.signature, receipt.signed, evidence.issuer.certificate, evidence.time
        ):
            self.wrong("record", say("Record {index} of the log is not signed by the relay.", index=index))


def _as_seen(last: Checkpoint, frontier: Frontier) -> Checkpoint:
    """Return the checkpoint of what was seen, under the origin of the log before."""
    return Checkpoint(origin=last.origin, size=frontier.size, root=frontier.root)


CONTRADICTIONS = frozenset({"fork", "shrunk", "another-log", "lost"})
"""What is proved by the checkpoint seen before beside the one shown now."""


def contradiction(seen: Seen, report: AuditReport) -> bytes:
    """Return the two signed checkpoints that cannot both be true, as JSON."""
    value = {
        "schema": 1,
        "before": seen.checkpoint.decode(),
        "now": report.checkpoint.decode("utf-8", "replace"),
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
