"""Check a relay's folder: derive every state from the evidence alone, compare, and say what is wrong.

1. The database is sound by its own check, its write-ahead log is whole, and no row refers to one that is not
   there.
2. The evidence log holds (``log_check``).
3. Of every envelope: the records about it make a history the delivery table allows; the rows state what that
   history and the envelope's own header state; its bytes are there and have its digest.
4. The directory is what the operator decided: ``directory_check``, ``grant_check``.
5. The counters are past what they counted.

Read-only, over one view of the database: a relay may be serving meanwhile.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from docsign.envelope.container import read_container
from docsign.envelope.evidence import Evidence, EvidenceEvent, parse_json
from docsign.envelope.judge import envelope_header
from docsign.errors import (
    DiskFullError,
    DocsignError,
    FileUnusableError,
    MalformedError,
    StorageError,
    WireError,
)
from docsign.files import is_file, opening
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server.app import BODIES, DATABASE
from relay_server.core.deliveries import State
from relay_server.core.replay import UNFETCHED, Replayed, agrees, as_kept, replay, without_lease
from relay_server.core.submissions import Submission
from relay_server.directory_check import check_directory
from relay_server.grant_check import check_grants
from relay_server.log_check import LogCheck
from relay_server.services.collect import HANDED_OVER
from relay_server.services.retain import EXPIRED
from relay_server.settings import RelaySettings
from relay_server.storage.disk import PIECE
from relay_server.storage.raw import RawDatabase, Row
from relay_server.storage.tables import SCHEMA_VERSION, to_micros
from relay_server.storage.wal import is_whole
from relay_server.troubles import LOST, MIGRATE, OWNER, RESEND, RESTORE, UPGRADE, CheckReport

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[0-9a-f]{32}")
_REACH = 20 * 366 * 86400 * 1_000_000
"""How far, in microseconds, a delivery's times may lie from the acceptance: twice the longest there is."""
_OF_THE_ENVELOPE = (
    EvidenceEvent.SUBMISSION_ACCEPTANCE,
    EvidenceEvent.CONTENT_CONSIGNMENT,
    EvidenceEvent.CONTENT_REMOVED,
)
"""Records that are about no single delivery."""


def check(folder: Path, trust: Trust | None = None) -> CheckReport:
    """Check the relay of ``folder``, by the trust of its settings where none is given.

    Raises FileUnusableError, UsageError, TrustError where it is none.
    """
    settings = RelaySettings.read(folder)
    return check_store(folder / DATABASE, folder / BODIES, trust or Trust.from_path(settings.trust))


def check_store(database: Path, bodies: Path, trust: Trust) -> CheckReport:
    """Check a database and its bodies; never raises for what is damaged in them."""
    report = CheckReport()
    try:
        if not is_whole(database):
            report.add("wal", LOST, f"{database}-wal")
        with RawDatabase.open(database) as raw:
            if _is_ours(raw, report):
                _database(raw, report)
                LogCheck(raw, trust, report).run()
                _Envelopes(raw, bodies, report).run()
                check_directory(raw, report)
                check_grants(raw, trust, report)
                _counters(raw, report)
    except DiskFullError:
        raise  # it says nothing of the database
    except StorageError as error:
        report.add("database", error.sentence, error.where)
    return report


def _is_ours(raw: RawDatabase, report: CheckReport) -> bool:
    found = raw.ask("SELECT value FROM meta WHERE name = 'schema'")
    if found == [(SCHEMA_VERSION,)]:
        return True
    version = found[0][0] if found else "?"
    sentence = say(
        "The database has form {found}; this version knows {known}.", found=version, known=SCHEMA_VERSION
    )
    advice = RESTORE
    if isinstance(version, int):
        advice = MIGRATE if version < SCHEMA_VERSION else UPGRADE
    report.add("database-form", sentence, "meta/schema", advice)
    return False


def _database(raw: RawDatabase, report: CheckReport) -> None:
    """Check 1."""
    for (line,) in raw.ask("PRAGMA integrity_check(100)"):
        if line != "ok":
            report.add("database", say("The database is damaged: {reason}.", reason=line), str(raw.path))
    for table, row, parent, _ in raw.ask("PRAGMA foreign_key_check"):
        report.add(
            "dangling",
            say("A row refers to one in {parent} that is not there.", parent=parent),
            f"{table}/{row}",
        )


class _Envelopes:
    """Check 3, envelope by envelope."""

    def __init__(self, raw: RawDatabase, bodies: Path, report: CheckReport) -> None:
        self._raw = raw
        self._bodies = bodies
        self._report = report

    def run(self) -> None:
        """Check every envelope; a body without one is a crash's leftover and no damage."""
        for row in self._raw.rows("envelopes", "ORDER BY sha256"):
            if not isinstance(row, dict):
                self._report.add("row", say("A row of the database is damaged."), str(row))
                continue
            self._report.envelopes += 1
            records = self._records(row)
            played = replay(records)
            for name, sentence in played.impossible:
                self._report.add("history", sentence, f"facts/{name}")
            self._compare_envelope(row, records)
            self._compare_deliveries(row, played)
            self._compare_facts(row, played)
            removed = any(one.event is EvidenceEvent.CONTENT_REMOVED for one in records)
            self._differing(row, {"kept": int(not removed)}, f"envelopes/{row['sha256']}")
            self._body(row, is_removed=removed)

    def _records(self, envelope: Row) -> list[Evidence]:
        records = []
        for row in self._raw.rows("facts", "WHERE sha256 = ? ORDER BY number", envelope["sha256"]):
            if not isinstance(row, dict):
                self._report.add("row", say("A row of the database is damaged."), str(row))
                continue
            where = f"facts/{row['id']}"
            try:
                value = parse_json(row["record"], limit=len(row["record"]), where="evidence")
                evidence = Evidence.from_json(value)
            except WireError as error:
                self._report.add(
                    "record", say("The record cannot be read: {reason}", reason=error.sentence), where
                )
                continue
            if (evidence.id, evidence.sha256) != (row["id"], row["sha256"]):
                self._report.add(
                    "record-place", say("The record is kept under another name than it states."), where
                )
            records.append(evidence)
        return records

    def _compare_envelope(self, row: Row, records: list[Evidence]) -> None:
        where = f"envelopes/{row['sha256']}"
        accepted = next((one for one in records if one.event is EvidenceEvent.SUBMISSION_ACCEPTANCE), None)
        if accepted is None:
            self._report.add(
                "acceptance-missing", say("No record says that this envelope was accepted."), where
            )
            return
        stated = {
            "sender": accepted.sender,
            "document_id": accepted.document_id,
            "accepted_at": to_micros(accepted.submitted_at),
        }
        self._differing(row, stated, where)

    def _differing(self, row: Row, stated: dict[str, object], where: str) -> None:
        for column, value in stated.items():
            if row[column] != value:
                self._report.add(
                    "row-differs",
                    say("The database states another {column} than the evidence does.", column=column),
                    where,
                )

    def _compare_deliveries(self, envelope: Row, played: Replayed) -> None:
        missing = dict(played.deliveries)
        for row in self._raw.rows("deliveries", "WHERE sha256 = ? ORDER BY place", envelope["sha256"]):
            if not isinstance(row, dict):
                self._report.add("row", say("A row of the database is damaged."), str(row))
                continue
            self._report.deliveries += 1
            where = f"deliveries/{row['id']}"
            derived = missing.pop(row["receiver"], None)
            if derived is None:
                self._report.add(
                    "delivery-unknown",
                    say(
                        "No record says that {receiver} receives this envelope.",
                        receiver=row["receiver"][:60],
                    ),
                    where,
                )
            elif not agrees(derived, row["state"], row["reached"]):
                self._report.add(
                    "delivery-state",
                    say(
                        "The delivery stands at {state}; by the evidence it is {derived}.",
                        state=row["state"][:20],
                        derived=derived.state.value,
                    ),
                    where,
                )
            else:
                kept = as_kept(derived, row["state"], row["reached"])
                stated: dict[str, object] = {
                    "sender": derived.sender,
                    "waiting": int(kept.is_waiting),
                    "unfetched": int(kept.is_unfetched),
                }
                if not kept.is_unfetched:  # fetching leaves no evidence, but its time
                    stated["changed_at"] = to_micros(derived.changed_at)
                self._differing(row, stated, where)
                self._forms(row, where, is_leased=kept.reached is State.LEASED, about=envelope["accepted_at"])
        for receiver in missing:
            self._report.add(
                "delivery-missing",
                say("The delivery to {receiver} is gone.", receiver=receiver[:60]),
                f"envelopes/{envelope['sha256']}",
            )

    def _forms(self, row: Row, where: str, *, is_leased: bool, about: int) -> None:
        """Look at what no record states: names, numbers, the lease; times within reach of the acceptance."""
        times = (row["changed_at"], row["expires_at"], row["warn_at"], row["leased_until"])
        lease = (bool(_DIGEST.fullmatch(row["leased_by"])), row["leased_until"] is not None)
        if (
            not _NAME.fullmatch(row["id"])
            or row["number"] < 1
            or any(abs(one - about) > _REACH for one in times if one is not None)
            or row["due_at"] != min(row["expires_at"], row["warn_at"] or row["expires_at"])
            or lease != (is_leased, is_leased)
            or (row["leased_by"] and not is_leased)
        ):
            self._report.add("row", say("A row of the database is damaged."), where)

    def _compare_facts(self, envelope: Row, played: Replayed) -> None:
        names = dict(
            self._raw.ask("SELECT receiver, id FROM deliveries WHERE sha256 = ?", envelope["sha256"])
        )
        for row in self._raw.rows("facts", "WHERE sha256 = ?", envelope["sha256"]):
            if not isinstance(row, dict):
                continue
            try:
                value = parse_json(row["record"], limit=len(row["record"]), where="evidence")
                evidence = Evidence.from_json(value)
            except WireError:
                continue  # told where it was read first
            if evidence.event not in _OF_THE_ENVELOPE and row["id"] not in played.states:
                continue  # impossible, which is told
            where = f"facts/{row['id']}"
            state = without_lease(played.states.get(row["id"], ""))
            self._differing({**row, "state": without_lease(row["state"])}, {"state": state}, where)
            stated: dict[str, object] = {"delivery": "", "cause": None}
            if evidence.event not in _OF_THE_ENVELOPE:
                stated["delivery"] = names.get(evidence.recipients[0], "")
                stated["cause"] = _cause(evidence)
            self._differing(row, stated, where)

    def _body(self, row: Row, *, is_removed: bool) -> None:
        name = row["sha256"]
        if not _DIGEST.fullmatch(name):
            self._report.add("row", say("A row of the database is damaged."), f"envelopes/{name[:64]}")
            return
        path = self._bodies / name[:2] / name
        if is_removed:
            if is_file(path):
                self._report.add(
                    "body-left",
                    say("The bytes were to be removed and are still there."),
                    str(path),
                    say("Delete this file."),
                )
            return
        try:
            with opening(path) as stream:
                digest = hashlib.sha256()
                while piece := stream.read(PIECE):
                    digest.update(piece)
                found, size = digest.hexdigest(), stream.tell()
                if found != name:
                    self._report.add(
                        "body-damaged", say("The envelope's bytes have changed."), str(path), RESEND
                    )
                    return
                self._report.bodies += 1
                self._report.bytes += size
                stream.seek(0)
                self._header(row, size, stream)
        except FileUnusableError as error:
            self._no_body(path, error)
        except (StorageError, OSError) as error:
            reason = error.sentence if isinstance(error, DocsignError) else error
            self._report.add(
                "body-unreadable", say("The bytes cannot be read: {reason}", reason=reason), str(path), RESEND
            )

    def _no_body(self, path: Path, error: FileUnusableError) -> None:
        """Tell bytes that are gone from those that this user may not read."""
        try:
            is_gone = not is_file(path)
        except DocsignError:
            is_gone = False
        if not is_gone:
            unreadable = say("The bytes cannot be read: {reason}", reason=error.sentence)
            self._report.add("body-unreadable", unreadable, str(path), OWNER)
        elif not was_removed(self._raw.path, path.name):
            self._report.add("body-missing", say("The envelope's bytes are gone."), str(path), RESEND)

    def _header(self, row: Row, size: int, stream: BinaryIO) -> None:
        """Compare what the row states with the envelope's own header."""
        where = f"envelopes/{row['sha256']}"
        try:
            header = envelope_header(read_container(stream))
        except MalformedError as error:
            self._report.add("body-no-envelope", error.sentence, where)
            return
        stated: dict[str, object] = {
            "size": size,
            "subject": header.subject,
            "priority": int(header.priority),
            "kind": int(header.business.kind),
            "number_key": Submission.of(header).number_key(row["sender"]),
        }
        self._differing(row, stated, where)


def _cause(evidence: Evidence) -> str:
    """Return by what a record is found again when the same is told twice: the causes the services give."""
    status = next((part.digest for part in evidence.parts if part.id == "status"), None)
    if status is not None:
        return status
    if evidence.event is EvidenceEvent.CONTENT_HANDOVER:
        return HANDED_OVER
    return UNFETCHED if evidence.event is EvidenceEvent.UNFETCHED else EXPIRED


def was_removed(database: Path, name: str) -> bool:
    """Look into a view of now: the relay may have removed an envelope's bytes a moment ago."""
    with RawDatabase.open(database) as now:
        return any(
            isinstance(row, dict) and EvidenceEvent.CONTENT_REMOVED.value.encode() in row["record"]
            for row in now.rows("facts", "WHERE sha256 = ?", name)
        )


def _counters(raw: RawDatabase, report: CheckReport) -> None:
    """Check 5: inbox numbers are given once each, below the counter."""
    counter = raw.ask("SELECT value FROM meta WHERE name = 'inbox'")
    highest = raw.ask("SELECT coalesce(max(number), 0) FROM deliveries")[0][0]
    value = counter[0][0] if counter else None
    if not isinstance(value, int) or not isinstance(highest, int) or value < highest:
        report.add("counter", say("The counter of the inbox numbers is behind them."), "meta/inbox")
    for (number,) in raw.ask("SELECT number FROM deliveries GROUP BY number HAVING count(*) > 1 LIMIT 10"):
        report.add(
            "number-twice", say("The inbox number {number} is given twice.", number=number), "deliveries"
        )
