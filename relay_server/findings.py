"""What looking a relay over found: one line a thing, whether it is in order, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from docsign.errors import DocsignError
from docsign.sentence import Sentence, say

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was found of one thing; ``code`` is stable."""

    code: str
    level: Level
    sentence: Sentence
    advice: Sentence | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, in both languages."""
        return {
            "code": self.code,
            "level": self.level,
            "vi": self.sentence.text("vi"),
            "en": self.sentence.text("en"),
            "advice_vi": self.advice.text("vi") if self.advice else None,
            "advice_en": self.advice.text("en") if self.advice else None,
        }


@dataclass(slots=True, kw_only=True)
class Findings:
    """Every line, in the order of the list above."""

    lines: list[Line] = field(default_factory=list)

    @property
    def is_fit(self) -> bool:
        """Whether nothing failed."""
        return all(line.level != "fail" for line in self.lines)

    def ok(self, code: str, sentence: Sentence) -> None:
        """Tell that a thing is in order."""
        self.lines.append(Line(code=code, level="ok", sentence=sentence))

    def warn(self, code: str, sentence: Sentence, advice: Sentence) -> None:
        """Tell what should be seen to soon."""
        self.lines.append(Line(code=code, level="warn", sentence=sentence, advice=advice))

    def fail(self, code: str, sentence: Sentence, advice: Sentence) -> None:
        """Tell what is not in order."""
        self.lines.append(Line(code=code, level="fail", sentence=sentence, advice=advice))

    def refused(self, code: str, error: DocsignError, advice: Sentence) -> None:
        """Tell the library's own error as what is not in order."""
        place = say("{where}: {reason}", where=error.where, reason=error.sentence)
        self.fail(code, place if error.where else error.sentence, advice)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"schema": 1, "fit": self.is_fit, "lines": [line.to_json() for line in self.lines]}
