"""Check a relay's evidence log as it is kept: records, leaves, tiles, checkpoints, and the relay's own word.

1. The relay's word on its log can be read and is signed by its evidence certificate.
2. The records stand at 0, 1, 2 … without a gap; each is signed by the certificate it names.
3. The tiles are those of the records.
4. Every checkpoint kept is signed by the log's key, and its root is that of the records up to it.
5. The state the log continues from is that of all records.
6. What is kept beside them: ``notes_check``.

A checkpoint that is missing is found where it is the newest or was stamped; the next one proves the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from docsign.ades.cades import judge_cms
from docsign.envelope.evidence import About, Evidence, log_entry, parse_json
from docsign.envelope.merkle import HASH_SIZE, Frontier, leaf_hash
from docsign.envelope.signed_note import Checkpoint, NoteKey, open_checkpoint
from docsign.envelope.tiles import WIDTH
from docsign.errors import EvidenceError, WireError
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import Indication
from relay_server.core.logbook import ABOUT, FOLLOWS, STATE, LogState, write_log_state
from relay_server.notes_check import check_notes
from relay_server.storage.raw import DamagedRowError, RawDatabase, Row
from relay_server.troubles import CheckReport


@dataclass(slots=True)
class _Level:
    """The newest tile of one level, as far as it has come."""

    number: int = 0
    hashes: bytearray = field(default_factory=bytearray)


class LogCheck:
    """One pass over the log of a database."""

    def __init__(self, raw: RawDatabase, trust: Trust, report: CheckReport) -> None:
        self._raw = raw
        self._trust = trust
        self._report = report
        self._levels: list[_Level] = []
        self._key: NoteKey | None = None
        self._now = datetime.now(UTC)
        self._tiles = 0

    def run(self) -> None:
        """Check everything; troubles go into the report. Raises StorageError where reading fails."""
        if self._raw.note(FOLLOWS) and not self._raw.note(ABOUT):
            for row in self._raw.rows("facts"):  # restored and not served yet: the new log begins then
                if isinstance(row, dict):
                    self._record(row)
            return
        self._key = self._about()
        if self._key is not None:
            check_notes(self._raw, self._trust, self._key, self._is_own_word, self._report)
        for (name,) in self._raw.ask("SELECT id FROM facts WHERE leaf IS NULL LIMIT 10"):
            self._report.add("record-unlogged", say("The record does not stand in the log."), f"facts/{name}")
        checkpoints = self._checkpoints()
        due = next(checkpoints, None)
        frontier = Frontier()
        for row in self._raw.rows("facts", "WHERE leaf IS NOT NULL ORDER BY leaf"):
            if not isinstance(row, dict):
                self._damaged(row)
                continue
            if row["leaf"] != frontier.size:
                self._report.add(
                    "log-gap",
                    say("The log has no entry {index}: a record was deleted or moved.", index=frontier.size),
                    f"facts/{row['id']}",
                )
                return  # every hash behind a gap differs
            self._record(row)
            leaf = leaf_hash(log_entry(row["record"], row["signature"]))
            frontier = frontier.grown([leaf])
            self._append(0, leaf)
            while due is not None and due.size <= frontier.size:
                self._compare(due, frontier)
                due = next(checkpoints, None)
        self._end(frontier, due)

    def _about(self) -> NoteKey | None:
        """Check 1: return the log's key."""
        data = self._raw.note(ABOUT)
        if not data and self._raw.ask("SELECT count(*) FROM facts")[0][0] == 0:
            return None  # never served
        try:
            about = About.from_json(parse_json(data, limit=len(data), where=ABOUT))
            key = NoteKey.parse(about.log_key)
        except (WireError, EvidenceError):
            self._report.add("about", say("What the relay says of its log cannot be read."), "notes/about")
            return None
        if not self._is_own_word(about):
            self._report.add(
                "about-signature", say("What the relay says of its log is not signed by it."), "notes/about"
            )
        return key

    def _is_own_word(self, word: About) -> bool:
        return self._is_signed(word.signature, word.signed, word.certificate, word.time)

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

    def _record(self, row: Row) -> None:
        """Check 2, of one record; that it can be read is told where its envelope is checked."""
        self._report.records += 1
        try:
            evidence = Evidence.from_json(
                parse_json(row["record"], limit=len(row["record"]), where="evidence")
            )
        except WireError:
            return
        if not self._is_signed(row["signature"], row["record"], evidence.issuer.certificate, evidence.time):
            self._report.add(
                "record-signature",
                say("The record is not signed by the relay's certificate it names."),
                f"facts/{row['id']}",
            )

    def _append(self, level: int, one: bytes) -> None:
        """Grow the newest tile of a level; a full one is compared and counts one level up."""
        if level == len(self._levels):
            self._levels.append(_Level())
        tile = self._levels[level]
        tile.hashes += one
        if len(tile.hashes) == WIDTH * HASH_SIZE:
            hashes = bytes(tile.hashes)
            self._compare_tile(level, tile)
            self._levels[level] = _Level(number=tile.number + 1)
            leaves = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
            self._append(level + 1, Frontier().grown(leaves).root)

    def _compare_tile(self, level: int, tile: _Level) -> None:
        """Check 3, of one tile."""
        self._tiles += 1
        for row in self._raw.rows("tiles", "WHERE level = ? AND number = ?", level, tile.number):
            if isinstance(row, dict) and row["hashes"] == bytes(tile.hashes):
                return
        self._report.add(
            "tile", say("A tile of the log is not that of its records."), f"tiles/{level}/{tile.number}"
        )

    def _checkpoints(self) -> Iterator[Checkpoint]:
        """Check 4, the signatures: yield the checkpoints by size."""
        for row in self._raw.rows("checkpoints", "ORDER BY size"):
            if not isinstance(row, dict):
                self._damaged(row)
                continue
            self._report.checkpoints += 1
            where = f"checkpoints/{row['size']}"
            try:
                if self._key is None:
                    continue
                checkpoint = open_checkpoint(row["note"], self._key)
            except EvidenceError as error:
                self._report.add("checkpoint-signature", error.sentence, where)
                continue
            if checkpoint.size != row["size"]:
                self._report.add(
                    "checkpoint", say("The checkpoint is kept under another size than it states."), where
                )
                continue
            yield checkpoint

    def _compare(self, checkpoint: Checkpoint, frontier: Frontier) -> None:
        """Check 4, the root."""
        if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root):
            self._report.add(
                "checkpoint-root",
                say("The records are not those that this checkpoint was signed over."),
                f"checkpoints/{checkpoint.size}",
            )

    def _end(self, frontier: Frontier, left: Checkpoint | None) -> None:
        if left is not None:
            self._report.add(
                "log-short",
                say(
                    "A checkpoint states {size} records, but only {count} are there.",
                    size=left.size,
                    count=frontier.size,
                ),
                f"checkpoints/{left.size}",
            )
        for level, tile in enumerate(self._levels):
            if tile.hashes:
                self._compare_tile(level, tile)
        if self._key is None:
            return
        kept = self._raw.ask("SELECT count(*) FROM tiles")[0][0]
        if kept != self._tiles:
            self._report.add(
                "tiles",
                say("The log has {kept} tiles where {count} belong.", kept=kept, count=self._tiles),
                "tiles",
            )
        if frontier.size:
            newest = self._raw.ask("SELECT max(size) FROM checkpoints")[0][0]
            if newest != frontier.size:
                self._report.add(
                    "checkpoint-missing", say("The newest records stand under no checkpoint."), "checkpoints"
                )
            if self._raw.note(STATE) != write_log_state(LogState(frontier=frontier)):
                self._report.add(
                    "log-state", say("The state from which the log goes on is damaged."), f"notes/{STATE}"
                )

    def _damaged(self, row: DamagedRowError) -> None:
        self._report.add("row", say("A row of the database is damaged."), str(row))
