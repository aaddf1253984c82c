"""A Report as text for people: first the answer and what to do, then who, when, and what was changed."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docsign.report.wording import (
    SYMBOLS,
    advice,
    answer_word,
    clean,
    rows,
    shown_findings,
    stamp_title,
    standard_words,
)
from docsign.sentence import Language, say
from docsign.verdict import (
    Change,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    TimestampReport,
)

_COLOURS = {
    Indication.TOTAL_PASSED: "green",
    Indication.TOTAL_FAILED: "red",
    Indication.INDETERMINATE: "yellow",
    Indication.NO_SIGNATURE: "blue",
}
_LABEL_WIDTH = 36


def to_text(report: Report, language: Language = "vi", *, colour: bool = False) -> str:
    """Return the report as lines, without a line feed at the end; ``colour`` adds ANSI colours."""
    return "\n".join(_lines(report, language, colour))


def _lines(report: Report, language: Language, colour: bool) -> Iterator[str]:
    yield headline(report, language, colour=colour)
    for number, signature in enumerate(report.signatures, 1):
        yield ""
        yield from _signature_lines(signature, number, language, colour)
    for stamp in report.timestamps:
        yield ""
        yield from _stamp_lines(stamp, language, colour)
    if shown := shown_findings(report):
        yield ""
        yield from (_finding_line(finding, language) for finding in shown)
    for name, inner in report.contents:
        yield ""
        yield say("Inside the envelope: {name}", name=clean(name)).text(language)
        yield from ("  " + line if line else "" for line in _lines(inner, language, colour))


def headline(report: Report, language: Language = "vi", *, colour: bool = False) -> str:
    """Return the first line: symbol, answer, file, and what to do."""
    answer = report.conclusion
    word = f"{SYMBOLS[answer.indication]} {answer_word(answer).text(language)}"
    if colour:
        word = click.style(word, fg=_COLOURS[answer.indication], bold=True)
    name = f" {clean(report.file)}:" if report.file else ""
    return f"{word}{name} {advice(report).text(language)} ({standard_words(answer)})"


def _signature_lines(
    signature: SignatureReport, number: int, language: Language, colour: bool
) -> Iterator[str]:
    """Yield one signature; the first seven labels are the items of TT 15/2025/TT-BKHCN Art. 6.4b."""
    symbol = SYMBOLS[signature.conclusion.indication]
    title = say("Signature {number} ({level})", number=number, level=signature.level).text(language)
    line = f"{symbol} {title}: {answer_word(signature.conclusion).text(language)}"
    yield click.style(line, fg=_COLOURS[signature.conclusion.indication], bold=True) if colour else line
    yield from (f"  {label + ':':<{_LABEL_WIDTH}} {value}" for label, value in rows(signature, language))
    if signature.changes:
        yield "  " + say("Changed after this signature:").text(language)
        yield from (_change_line(change, language, colour) for change in signature.changes)
    for stamp in signature.timestamps:
        yield from ("  " + line for line in _stamp_lines(stamp, language, colour))
    yield from ("  " + _finding_line(finding, language) for finding in signature.findings)


def _change_line(change: Change, language: Language, colour: bool) -> str:
    symbol = "✔" if change.allowed else "✘"
    if colour:
        symbol = click.style(symbol, fg="green" if change.allowed else "red")
    page = "" if change.page is None else " " + say("(page {n})", n=change.page).text(language)
    return f"    {symbol} {clean(change.what.text(language))}{page}"


def _stamp_lines(stamp: TimestampReport, language: Language, colour: bool) -> Iterator[str]:
    symbol = SYMBOLS[stamp.conclusion.indication]
    if colour:
        symbol = click.style(symbol, fg=_COLOURS[stamp.conclusion.indication])
    yield f"{symbol} {stamp_title(stamp, language)}"
    yield from ("  " + _finding_line(finding, language) for finding in stamp.findings)


def _finding_line(finding: Finding, language: Language) -> str:
    symbol = {Severity.ERROR: "!", Severity.WARNING: "!", Severity.INFO: "·"}[finding.severity]
    place = f"{clean(finding.where)}: " if finding.where else ""
    return f"{symbol} {place}{clean(finding.sentence.text(language))}"
