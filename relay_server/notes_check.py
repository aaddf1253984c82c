"""Check what a relay keeps of its log beside records, tiles and checkpoints: names, words, time-stamps.

1. The log's name is that of its key; the log before it is the one the relay's word names.
2. For each certificate there is the relay's word on this log, signed by it.
3. Each time-stamp is over the checkpoint, or the word, it is kept for; the newest is the one that is told.

A time-stamp that is missing is not found here: the next one covers its records too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from docsign.ades.timestamps import judge_timestamp, time_of_token
from docsign.envelope.evidence import About, parse_json
from docsign.envelope.signed_note import NoteKey
from docsign.errors import EvidenceError, WireError
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server.core.logbook import ABOUT, FOLLOWS, ORIGIN, STATE
from relay_server.services.stamp import STAMPED, size_of_stamp, word_stamp_name
from relay_server.storage.raw import RawDatabase
from relay_server.troubles import CheckReport

IsSigned = Callable[[About], bool]


def check_notes(
    raw: RawDatabase, trust: Trust, key: NoteKey, is_signed: IsSigned, report: CheckReport
) -> None:
    """Run the checks; what is wrong goes into the report."""
    _names(raw, key, report)
    words = _words(raw, key, is_signed, report)
    newest = 0
    for row in raw.rows("notes", "ORDER BY name"):
        if not isinstance(row, dict):
            report.add("row", say("A row of the database is damaged."), str(row))
            continue
        name, value = row["name"], bytes(row["value"])
        certificate = name.removeprefix(word_stamp_name(""))
        if (size := size_of_stamp(name)) is not None:
            newest = max(newest, size)
            notes = raw.ask("SELECT note FROM checkpoints WHERE size = ?", size)
            _stamp(value, notes[0][0] if notes else None, name, trust, report)
        elif certificate != name:
            word = words.get(certificate)
            _stamp(value, word.stamped if word else None, name, trust, report)
        elif name not in (ABOUT, ORIGIN, STATE, FOLLOWS, STAMPED) and not name.startswith(f"{ABOUT} "):
            report.add("row", say("A row of the database is damaged."), f"notes/{name[:100]}")
    if raw.note(STAMPED) != (str(newest).encode() if newest else b""):
        report.add("stamped", say("The newest time-stamp of the log is not there."), f"notes/{STAMPED}")


def _names(raw: RawDatabase, key: NoteKey, report: CheckReport) -> None:
    """Check 1."""
    if raw.note(ORIGIN) != key.name.encode():
        report.add("log-origin", say("The log's name is damaged."), f"notes/{ORIGIN}")
    word = _read(raw.note(ABOUT))
    if word is not None and raw.note(FOLLOWS) != word.follows.encode():
        report.add(
            "log-before", say("What is kept of the log before this one is damaged."), f"notes/{FOLLOWS}"
        )


def _words(raw: RawDatabase, key: NoteKey, is_signed: IsSigned, report: CheckReport) -> dict[str, About]:
    """Check 2: return the words that are sound, by certificate."""
    found: dict[str, About] = {}
    current = _read(raw.note(ABOUT))
    needed = set() if current is None else {current.certificate}
    for row in raw.rows("notes", "WHERE name LIKE ? AND name NOT LIKE ?", f"{ABOUT} %", word_stamp_name("%")):
        if not isinstance(row, dict):
            continue  # told by the caller
        certificate = row["name"].removeprefix(f"{ABOUT} ")
        word = _read(row["value"])
        sound = word is not None and word.certificate == certificate and word.log_key == str(key)
        if word is not None and sound and is_signed(word):
            found[certificate] = word
        else:
            report.add(
                "about", say("What the relay says of its log cannot be read."), f"notes/{row['name'][:100]}"
            )
            needed.discard(certificate)
    for certificate in needed - found.keys():
        report.add(
            "about", say("What the relay says of its log cannot be read."), f"notes/{ABOUT} {certificate}"
        )
    return found


def _read(data: bytes) -> About | None:
    try:
        return About.from_json(parse_json(data, limit=len(data), where=ABOUT)) if data else None
    except (WireError, EvidenceError):
        return None


def _stamp(token: bytes, content: object, name: str, trust: Trust, report: CheckReport) -> None:
    """Check 3, of one token; whether the trust believes its service is no question of damage."""
    if isinstance(content, bytes):
        digest = hashlib.sha256(content).digest()
        at = time_of_token(token) or datetime.now(UTC)  # by the algorithms of then
        judged = judge_timestamp(token, lambda _: digest, trust=trust, at=at, id="log", kind="archive")
        if judged.intact is True:
            return
    report.add(
        "stamp", say("A time-stamp of the log does not belong to what it is kept for."), f"notes/{name}"
    )
