"""A Report as text for people: first the answer and what to do, then who, when, and what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from docsign.report.wording import (
    SYMBOLS,
    advice,
    answer_word,
    clean,
    place,
    rows,
    shown_findings,
    stamp_title,
    standard_words,
    who,
)
from docsign.sentence import Language, say
from docsign.verdict import (
    Change,
    Conclusion,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    TimestampReport,
)

if TYPE_CHECKING:
    from docsign.report.reasoning import Step

_COLOURS = {
    Indication.TOTAL_PASSED: "green",
    Indication.TOTAL_FAILED: "red",
    Indication.INDETERMINATE: "yellow",
    Indication.NO_SIGNATURE: "blue",
}
_LABEL_WIDTH = 36


def to_text(report: Report, language: Language = "vi", *, colour: bool = False, verbose: bool = False) -> str:
    """Return the report as lines, without a line feed at the end.

    ``colour`` adds ANSI colours, ``verbose`` how each conclusion was reached.
    """
    return "\n".join(_lines(report, language, colour, verbose))


def to_one_line(report: Report, language: Language = "vi", *, colour: bool = False) -> str:
    """Return the answer on one file of many: who signed where it passed, else what to do."""
    if report.conclusion.indication is not Indication.TOTAL_PASSED:
        return headline(report, language, colour=colour)
    signers = "; ".join(who(signature, language) for signature in report.signatures)
    words = f"{_answer(report.conclusion, language, colour)} {clean(report.file)}: {clean(signers)}"
    warned = any(finding.severity is not Severity.INFO for finding in report.findings)
    return f"{words} ({advice(report).text(language).rstrip('.')})" if warned else words


def _lines(report: Report, language: Language, colour: bool, verbose: bool) -> Iterator[str]:
    yield headline(report, language, colour=colour)
    for number, signature in enumerate(report.signatures, 1):
        yield ""
        yield from _signature_lines(signature, number, language, colour)
        if verbose:
            from docsign.report.reasoning import reasoning

            yield from _step_lines(reasoning(signature), language)
    for stamp in report.timestamps:
        yield ""
        yield from _stamp_lines(stamp, language, colour)
        if verbose:
            from docsign.report.reasoning import stamp_reasoning

            yield from _step_lines(stamp_reasoning(stamp), language)
    if shown := shown_findings(report):
        yield ""
        yield from (_finding_line(finding, language) for finding in shown)
    for name, inner in report.contents:
        yield ""
        yield say("Inside the envelope: {name}", name=clean(name)).text(language)
        yield from ("  " + line if line else "" for line in _lines(inner, language, colour, verbose))


def headline(report: Report, language: Language = "vi", *, colour: bool = False) -> str:
    """Return the first line: symbol, answer, file, and what to do."""
    answer = report.conclusion
    word = _answer(answer, language, colour)
    name = f" {clean(report.file)}:" if report.file else ""
    return f"{word}{name} {advice(report).text(language)} ({standard_words(answer)})"


def _answer(answer: Conclusion, language: Language, colour: bool) -> str:
    word = f"{SYMBOLS[answer.indication]} {answer_word(answer).text(language)}"
    return click.style(word, fg=_COLOURS[answer.indication], bold=True) if colour else word


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
    where = f"{place(finding.where, language)}: " if finding.where else ""
    return f"{symbol} {where}{clean(finding.sentence.text(language))}"


def _step_lines(steps: Sequence[Step], language: Language) -> Iterator[str]:
    """Yield how a conclusion was reached: result, constraint, clause."""
    yield f"  {say('How this conclusion was reached').text(language)}:"
    symbols = {"ok": "✔", "not-ok": "✘", "warning": "!", "not-checked": "–"}
    for step in steps:
        codes = "".join(f" [{clean(finding.code)}]" for finding in step.findings)
        yield f"    {symbols[step.result]} {clean(step.constraint.text(language))} ({step.clause}){codes}"
