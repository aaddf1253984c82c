"""The rules of form that a finished document is checked against, and the answer to such a check.

A table: what each rule demands, in which clause it stands, and whether we have read that clause or know it
from memory alone. Who checks is ``check_pdf`` and ``check_values``. A rule known from memory never breaks a
document; it can only advise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from docsign.sentence import Sentence, say


class State(StrEnum):
    """What a check found."""

    KEPT = "kept"
    BROKEN = "broken"
    ADVICE = "advice"
    UNSEEN = "unseen"
    """The part that the rule is about was not found, so nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: a name for programs, its clause, what it demands; ``read`` is false for one from memory."""

    name: str
    clause: str
    demand: Sentence
    read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A rule and what was found; ``where`` is a page or a field, ``found`` what stands there instead."""

    rule: Rule
    state: State
    where: str = ""
    found: Sentence | str = ""

    def text(self, language: Any) -> str:
        """Return the sentence for a person."""
        demand = self.rule.demand.text(language)
        if self.state in (State.KEPT, State.UNSEEN) or not self.found:
            return demand
        found = self.found.text(language) if isinstance(self.found, Sentence) else self.found
        return f"{demand} {say('Found: {found}', found=found).text(language)}"


def _rule(name: str, clause: str, demand: Sentence, *, read: bool = True) -> Rule:
    return Rule(name=name, clause=clause, demand=demand, read=read)


_SHEET = (
    _rule("paper", "ND 30/2020 PL I I.1", say("The paper is A4 (210 × 297 mm).")),
    _rule("orientation", "ND 30/2020 PL I I.2", say("The first page stands upright.")),
    _rule("margin-left", "ND 30/2020 PL I I.3", say("The left margin is 30 to 35 mm.")),
    _rule("margin-right", "ND 30/2020 PL I I.3", say("The right margin is 15 to 20 mm.")),
    _rule("margin-top", "ND 30/2020 PL I I.3", say("The top margin is 20 to 25 mm.")),
    _rule("margin-bottom", "ND 30/2020 PL I I.3", say("The bottom margin is at least 20 mm.")),
    _rule(
        "typeface",
        "ND 30/2020 PL I I.4",
        say("The typeface is Times New Roman, or one of the same measure, in Unicode."),
    ),
    _rule("fonts-embedded", "ISO 19005-2 6.2.11.4", say("Every font is embedded in the file.")),
    _rule("pdf-version", "ND 30/2020 PL I II.I.2", say("The PDF has version 1.4 or later.")),
    _rule(
        "page-numbers",
        "ND 30/2020 PL I I.7",
        say("Pages are numbered from the second, centred in the top margin, 13 to 14 points."),
    ),
    _rule("first-page-number", "ND 30/2020 PL I I.7", say("The first page shows no number.")),
    _rule(
        "secrecy", "QD 28/2018 Art. 1", say("No secrecy mark: secret documents are not sent electronically.")
    ),
)
_HEAD = (
    _rule(
        "country",
        "ND 30/2020 PL I II.1.a",
        say("The country's name stands on the upper right of page 1 in bold capitals, 12 to 13 points."),
    ),
    _rule(
        "motto",
        "ND 30/2020 PL I II.1.b",
        say("“Độc lập - Tự do - Hạnh phúc” stands in the middle below it, bold, 13 to 14 points."),
    ),
    _rule(
        "issuer",
        "ND 30/2020 PL I II.2.b",
        say("The issuer's name stands on the upper left in bold capitals, 12 to 13 points."),
    ),
    _rule(
        "number",
        "ND 30/2020 PL I II.3",
        say("“Số:” with number and notation stands below the issuer, upright, 13 points."),
    ),
    _rule(
        "number-form",
        "ND 30/2020 PL I II.3.c",
        say("The number has Arabic digits, a zero below 10, and a slash before the notation."),
    ),
    _rule(
        "notation",
        "ND 30/2020 PL III I",
        say("The notation begins with the abbreviation of the kind of document."),
    ),
    _rule(
        "date",
        "ND 30/2020 PL I II.4.c",
        say("Place and date stand on the line of the number, in italics, 13 to 14 points."),
    ),
    _rule(
        "date-form",
        "ND 30/2020 PL I II.4.b",
        say("The date is written in full, with a zero before days below 10 and months 1 and 2."),
    ),
    _rule(
        "title",
        "ND 30/2020 PL I II.5.b",
        say("The kind of document stands in the middle in bold capitals, 13 to 14 points."),
    ),
    _rule(
        "subject-of-letter",
        "ND 30/2020 PL I II.5.b",
        say("“V/v” and the subject of a letter stand below the number, upright, 12 to 13 points."),
    ),
    _rule("addressees", "ND 30/2020 PL I II.9.d", say("“Kính gửi:” stands upright, 13 to 14 points.")),
    _rule(
        "urgency", "ND 30/2020 PL I III.2.b", say("The mark of urgency is in bold capitals, 13 to 14 points.")
    ),
    _rule(
        "circulation",
        "ND 30/2020 PL I III.2.c",
        say("The mark of circulation is in bold capitals, 13 to 14 points."),
    ),
    _rule(
        "marks-place",
        "ND 30/2020 PL I IV",
        say("Marks of urgency and circulation stand on the left, below the number."),
        read=False,
    ),
)
_TEXT = (
    _rule("body-size", "ND 30/2020 PL I II.6.e", say("The text has 13 to 14 points.")),
    _rule(
        "bases",
        "ND 30/2020 PL I II.6.a",
        say("Legal bases are in italics; each ends with a semicolon, the last with a full stop."),
    ),
    _rule(
        "articles",
        "ND 30/2020 PL I II.6.đ",
        say("“Điều” and its number are bold, counted from 1 without a gap."),
    ),
    _rule(
        "divisions",
        "ND 30/2020 PL I II.6.đ",
        say("Parts and chapters have Roman numerals, sections Arabic ones; they stand in the middle, bold."),
    ),
)
_FOOT = (
    _rule(
        "authority",
        "ND 30/2020 PL I II.7.đ",
        say("Authority and position of the signer are in bold capitals, 13 to 14 points."),
    ),
    _rule("signer-name", "ND 30/2020 PL I II.7.đ", say("The signer's name is bold, 13 to 14 points.")),
    _rule(
        "signer-titles",
        "ND 30/2020 PL I II.7.c",
        say("No academic or honorary title stands before the signer's name."),
    ),
    _rule(
        "recipients",
        "ND 30/2020 PL I II.9.d",
        say("“Nơi nhận:” stands at the left margin in bold italics, 12 points."),
    ),
    _rule(
        "recipients-list",
        "ND 30/2020 PL I II.9.d",
        say("The recipients have 11 points; each line begins with a dash and ends with a semicolon."),
    ),
    _rule(
        "recipients-filed",
        "ND 30/2020 PL I II.9.d",
        say("The last recipient is “Lưu: VT” with the drafting unit, and ends with a full stop."),
    ),
    _rule(
        "order",
        "ND 30/2020 PL I IV",
        say("The parts stand in their order: country, number, title, text, signer and recipients."),
    ),
)
_VALUES = (
    _rule(
        "values", "ND 30/2020 Art. 8", say("The document has every part that its kind needs, in its form.")
    ),
    _rule("lead-ins", "ND 30/2020 PL III II", say("The text has the lines of the model of its kind.")),
    _rule(
        "closing-mark",
        "ND 30/2020 PL III II",
        say("The text ends with “./.”."),
    ),
    _rule("appendix-named", "ND 30/2020 PL I III.1.a", say("The text points to its appendices.")),
    _rule(
        "edxml-type",
        "QCVN 102:2016",
        say("The national list has a number for this kind of document."),
        read=False,
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in (*_SHEET, *_HEAD, *_TEXT, *_FOOT, *_VALUES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReport:
    """Every rule that was looked at, in the order of the table."""

    name: str
    results: tuple[Checked, ...]

    @property
    def broken(self) -> tuple[Checked, ...]:
        """The rules that the document breaks."""
        return tuple(result for result in self.results if result.state is State.BROKEN)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data: one object per result, sentences in both languages."""
        counts = {state.value: sum(result.state is state for result in self.results) for state in State}
        return {"schema": 1, "file": self.name, **counts, "results": list(self._rows())}

    def _rows(self) -> Iterator[dict[str, Any]]:
        for result in self.results:
            yield {
                "rule": result.rule.name,
                "clause": result.rule.clause,
                "state": result.state.value,
                "where": result.where,
                "vi": result.text("vi"),
                "en": result.text("en"),
            }


def answer(
    name: str,
    kept: bool | None,
    *,
    where: str = "",
    found: Sentence | str = "",
) -> Checked:
    """Return what was found of a rule: kept, broken (advice where it is from memory), or unseen."""
    rule = RULES[name]
    if kept is None:
        return Checked(rule=rule, state=State.UNSEEN, where=where)
    if kept:
        return Checked(rule=rule, state=State.KEPT, where=where)
    state = State.BROKEN if rule.read else State.ADVICE
    return Checked(rule=rule, state=state, where=where, found=found)
