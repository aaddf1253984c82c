"""Reports as CSV (RFC 4180), one line a file, for a spreadsheet.

A value that a spreadsheet would take for a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import io

from docsign.report.wording import advice, clean, moment
from docsign.sentence import Language
from docsign.verdict import Report, Severity

COLUMNS = (
    "file", "sha256", "format", "indication", "sub_indication", "signers", "agencies", "times", "reasons",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header() -> str:
    """Return the line of the columns' names, without its line end."""
    return _line(list(COLUMNS))


def to_row(report: Report, language: Language = "vi") -> str:
    """Return the line of one file, without its line end; several signatures are joined by ``; ``."""
    findings = [
        *(one for signature in report.signatures for one in signature.findings),
        *report.findings,
    ]
    reasons = [one.sentence.text(language) for one in findings if one.severity is Severity.ERROR]
    times = [signature.best_signature_time or signature.signing_time for signature in report.signatures]
    return _line(
        [
            report.file,
            report.sha256,
            report.format.value,
            report.conclusion.indication.value,
            report.conclusion.sub_indication.value if report.conclusion.sub_indication else "",
            "; ".join(signature.signer or "" for signature in report.signatures),
            "; ".join(signature.agency or "" for signature in report.signatures),
            "; ".join("" if time is None else moment(time) for time in times),
            " ".join(dict.fromkeys(reasons)) or advice(report).text(language),
        ]
    )


def _line(values: list[str]) -> str:
    stream = io.StringIO()
    safe = [clean(value) for value in values]
    csv.writer(stream, lineterminator="").writerow(
        [f"'{value}" if value.startswith(_FORMULA) else value for value in safe]
    )
    return stream.getvalue()
