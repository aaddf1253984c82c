"""A Report as text for people: the first line is the answer and what to do, then who, when, what was changed.

Every text that comes from a file is freed of control characters first: a name in a certificate must not drive
the reader's terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import click

from docsign.sentence import Language, Sentence, say
from docsign.verdict import (
    Change,
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
)

VIETNAM = timezone(timedelta(hours=7))
SYMBOLS = {
    Indication.TOTAL_PASSED: "✔",
    Indication.TOTAL_FAILED: "✘",
    Indication.INDETERMINATE: "?",
    Indication.NO_SIGNATURE: "–",
}
_COLOURS = {
    Indication.TOTAL_PASSED: "green",
    Indication.TOTAL_FAILED: "red",
    Indication.INDETERMINATE: "yellow",
    Indication.NO_SIGNATURE: "blue",
}
_LABEL_WIDTH = 36
_BAD = frozenset({Indication.TOTAL_FAILED, Indication.INDETERMINATE})


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
    everything = not report.signatures or report.format is FileFormat.RECEIPT
    shown = [finding for finding in report.findings if everything or finding.severity is not Severity.INFO]
    if shown:
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
    return f"{word}{name} {_advice(report).text(language)} ({standard_words(answer)})"


def standard_words(answer: Conclusion) -> str:
    """Return indication and sub-indication in the words of EN 319 102-1."""
    return "/".join(word for word in (answer.indication, answer.sub_indication) if word)


def answer_word(answer: Conclusion) -> Sentence:
    """Return the answer in a word or two, for a person."""
    return {
        Indication.TOTAL_PASSED: say("VALID"),
        Indication.TOTAL_FAILED: say("NOT VALID"),
        Indication.INDETERMINATE: say("NOT DECIDED"),
        Indication.NO_SIGNATURE: say("NOT SIGNED"),
    }[answer.indication]


def _advice(report: Report) -> Sentence:
    """Say what to do with the file."""
    sub = report.conclusion.sub_indication
    if report.conclusion.indication is Indication.TOTAL_PASSED:
        if any(finding.code == "two-signatures" for finding in report.findings):
            return say(
                "what was signed is intact, but it is not an issued document yet; read the reasons below."
            )
        if any(content.conclusion.indication in _BAD for _, content in report.contents):
            return say(
                "the envelope is intact, but a document inside it is not in order; read the reasons below."
            )
        return say("the file may be used; it is as it was signed.")
    if report.conclusion.indication is Indication.NO_SIGNATURE:
        return say("the file carries no digital signature; do not take it for an original.")
    if sub is SubIndication.HASH_FAILURE:
        return say("the content was changed after signing; do not use it, ask the sender for it again.")
    if report.conclusion.indication is Indication.TOTAL_FAILED:
        return say("do not use the file; ask the sender for it again.")
    return {
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND: say(
            "the signer's authority is not trusted here; name its certificates with --trust and verify again."
        ),
        SubIndication.TRY_LATER: say(
            "revocation data is missing; bring the authority's revocation list up to date and verify again."
        ),
        SubIndication.SIGNED_DATA_NOT_FOUND: say(
            "the signed file is not here; name it with --content and verify again."
        ),
        SubIndication.OUT_OF_BOUNDS_NO_POE: say(
            "the certificate is not valid at this time and nothing proves when it signed; ask the sender."
        ),
        SubIndication.REVOKED_NO_POE: say(
            "the certificate was revoked and nothing proves that it signed before; ask the sender."
        ),
    }.get(
        sub or SubIndication.GENERIC,
        say("what is known is not enough for an answer; read the reasons below, ask the sender."),
    )


def _signature_lines(
    signature: SignatureReport, number: int, language: Language, colour: bool
) -> Iterator[str]:
    """Yield one signature; the first seven labels are the items of TT 15/2025/TT-BKHCN Art. 6.4b."""
    symbol = SYMBOLS[signature.conclusion.indication]
    title = say("Signature {number} ({level})", number=number, level=signature.level).text(language)
    line = f"{symbol} {title}: {answer_word(signature.conclusion).text(language)}"
    yield click.style(line, fg=_COLOURS[signature.conclusion.indication], bold=True) if colour else line
    unknown = say("not known").text(language)
    certificate = signature.certificate
    rows = [
        (say("Issuer of the certificate"), signature.issuer or unknown),
        (say("Signer"), _who(signature, language) or unknown),
        (say("Unit managing the certificate"), (certificate and certificate.managing_unit) or unknown),
        (say("Signing time"), _when(signature, language)),
        (say("Integrity"), _integrity(signature).text(language)),
        (say("Validity at signing time"), _validity(signature).text(language)),
        (
            say("Validity period of the certificate"),
            unknown
            if certificate is None
            else say(
                "{first} to {last}", first=_day(certificate.not_before), last=_day(certificate.not_after)
            ).text(language),
        ),
        (say("Covers"), _coverage(signature).text(language)),
    ]
    yield from (_row(label, value, language) for label, value in rows)
    if signature.changes:
        yield "  " + say("Changed after this signature:").text(language)
        yield from (_change_line(change, language, colour) for change in signature.changes)
    for stamp in signature.timestamps:
        yield from ("  " + line for line in _stamp_lines(stamp, language, colour))
    yield from ("  " + _finding_line(finding, language) for finding in signature.findings)


def _row(label: Sentence, value: str, language: Language) -> str:
    return f"  {label.text(language) + ':':<{_LABEL_WIDTH}} {clean(value)}"


def _who(signature: SignatureReport, language: Language) -> str:
    role = {"person": say("competent person"), "agency": say("agency")}.get(signature.role or "")
    parts = [signature.signer or ""]
    if signature.agency and signature.agency != signature.signer:
        parts.append(signature.agency)
    name = ", ".join(part for part in parts if part)
    return f"{name} ({role.text(language)})" if name and role else name


def _when(signature: SignatureReport, language: Language) -> str:
    proved, claimed = signature.best_signature_time, signature.signing_time
    if proved is not None:
        return say("{time} (proved by a time-stamp)", time=_moment(proved)).text(language)
    if claimed is not None:
        return say("{time} (by the signer's clock)", time=_moment(claimed)).text(language)
    return say("not known").text(language)


def _integrity(signature: SignatureReport) -> Sentence:
    if signature.intact is None:
        return say("could not be checked")
    if not signature.intact:
        return say("broken: not what was signed")
    if signature.conclusion.sub_indication is SubIndication.FORMAT_FAILURE:
        return say("the signed part is intact, but it was changed afterwards in ways that are not allowed")
    return say("intact: as it was signed")


def _validity(signature: SignatureReport) -> Sentence:
    return {
        Indication.TOTAL_PASSED: say("valid"),
        Indication.TOTAL_FAILED: say("not valid"),
    }.get(signature.conclusion.indication, say("could not be decided"))


def _coverage(signature: SignatureReport) -> Sentence:
    return {
        "whole": say("everything in the file"),
        "revision": say("the file as it was at signing; what came later is listed below"),
        "partial": say("a part only"),
    }[signature.coverage]


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
    when = _moment(stamp.time) if stamp.time else "–"
    title = say("Time-stamp {time}, by {issuer}", time=when, issuer=clean(stamp.issuer or "–"))
    yield f"{symbol} {title.text(language)}"
    yield from ("  " + _finding_line(finding, language) for finding in stamp.findings)


def _finding_line(finding: Finding, language: Language) -> str:
    symbol = {Severity.ERROR: "!", Severity.WARNING: "!", Severity.INFO: "·"}[finding.severity]
    place = f"{clean(finding.where)}: " if finding.where else ""
    return f"{symbol} {place}{clean(finding.sentence.text(language))}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%H:%M:%S %d/%m/%Y (+07:00)")


def _day(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y")


def clean(text: str) -> str:
    """Replace control, direction and other invisible characters, so that a text is only what is seen."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in _INVISIBLE else letter
        for letter in text
    )


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
