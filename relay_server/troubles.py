"""What a check of a relay found wrong: one sentence each, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from docsign.sentence import Sentence, say

MOST: Final = 1000
"""How many troubles are told one by one; the rest are counted."""

LOST = say("Commits in the database's write-ahead log are damaged: what was written last would be lost.")
RESTORE = say(
    "Stop the relay, keep a copy of its folder, and restore the newest sound backup (docsign-relay restore)."
)
RESEND = say(
    "Ask the sender to send the same file again, or copy it from a backup: the relay takes it under its name."
)
MIGRATE = say("Stop the relay and run docsign-relay migrate.")
UPGRADE = say("Install the newer version that wrote this database.")
OWNER = say("Run the check as the user the relay runs as.")
REGISTER = say("Add the agency's certificates again and compare the fingerprints (docsign-relay agency add).")

GRANT = say("Take the agency's grant in again (docsign-relay agency delegate).")
DECIDED = say(
    "Compare the directory with what was decided (docsign-relay agency list, agency delegate), then delete "
    "this line."
)
END = say("End it again (docsign-relay agency delegate --end) and find out who changed the database.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong; ``code`` is stable, ``where`` a table and key, or a file."""

    code: str
    sentence: Sentence
    where: str
    advice: Sentence = RESTORE

    def to_json(self) -> dict[str, str]:
        """Return the JSON form, in both languages."""
        return {
            "code": self.code,
            "where": self.where,
            "vi": self.sentence.text("vi"),
            "en": self.sentence.text("en"),
            "advice_vi": self.advice.text("vi"),
            "advice_en": self.advice.text("en"),
        }


@dataclass(slots=True, kw_only=True)
class CheckReport:
    """What was looked at, and every trouble; sound where there is none. ``bytes`` are those of the bodies."""

    envelopes: int = 0
    deliveries: int = 0
    records: int = 0
    checkpoints: int = 0
    bodies: int = 0
    bytes: int = 0
    count: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.count == 0

    def add(self, code: str, sentence: Sentence, where: str, advice: Sentence = RESTORE) -> None:
        """Tell a trouble."""
        self.count += 1
        if len(self.troubles) < MOST:
            self.troubles.append(Trouble(code=code, sentence=sentence, where=where, advice=advice))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": 1,
            "sound": self.is_sound,
            "envelopes": self.envelopes,
            "deliveries": self.deliveries,
            "records": self.records,
            "checkpoints": self.checkpoints,
            "bodies": self.bodies,
            "bytes": self.bytes,
            "count": self.count,
            "troubles": [trouble.to_json() for trouble in self.troubles],
        }
