"""What ``docsign verify`` says of one file: the report in the form that was asked for, or what went wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from docsign.errors import EXIT_OUR_BUG, DocsignError
from docsign.pki.trust import Trust
from docsign.sentence import Language, say
from docsign.values import dataclass
from docsign.verdict import Conclusion, FileFormat, Finding, Indication, Report, Severity, SubIndication
from docsign.verification import Verifier

if TYPE_CHECKING:
    from docsign.cli.workers import Loss

Form = Literal["text", "line", "json", "csv", "html", "xml"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every file of one call, and how the answer shall look.

    ``signed`` are the names that the files of the call are named after: a content of such a name belongs to
    that file, any other to all of them.
    """

    trust: Path | None = None
    at: datetime | None = None
    offline: bool = False
    content: tuple[Path, ...] = ()
    signed: frozenset[str] = frozenset()
    evidence: tuple[Path, ...] = ()
    password: str | None = None
    policy: Literal["any", "official"] = "any"
    form: Form = "text"
    language: Language = "vi"
    verbose: bool = False
    colour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer on one file: exit status, words for stdout and stderr, the report where a page needs it."""

    status: int
    indication: Indication | None = None
    out: str = ""
    err: str = ""
    report: Report | None = None


@lru_cache(maxsize=1)
def verifier(asked: Asked) -> Verifier:
    """Return the verifier of this call; raises DocsignError for a trust that cannot be used."""
    trust = Trust.nothing() if asked.trust is None else Trust.from_path(asked.trust)
    return Verifier(trust=trust, policy=asked.policy, offline=asked.offline)


def tell(asked: Asked, path: Path) -> Told:
    """Verify one file; never raises: an error about one must not hide the answers on the others."""
    try:
        content = [one for one in asked.content if one.name == path.stem or one.name not in asked.signed]
        report = verifier(asked).verify(
            path, at=asked.at, content=content, evidence=asked.evidence, password=asked.password
        )
        return _told(asked, report, report.conclusion.indication.exit_status)
    except DocsignError as error:
        words = f"{say('error').text(asked.language)} [{error.code}]: {error.text(asked.language)}"
        return Told(status=error.exit_status, err=words)
    except Exception as error:  # noqa: BLE001 -- our bug on one file must not hide the answers on the others
        bug = say("This is a bug in docsign ({name}); nothing more was done.", name=type(error).__name__)
        import traceback

        return Told(status=EXIT_OUR_BUG, err=f"{traceback.format_exc()}{path}: {bug.text(asked.language)}")


def tell_lost(asked: Asked, path: Path, why: Loss) -> Told:
    """Answer for a file whose process died or never ended: nothing is known of it, and that is said."""
    sentence = {
        "died": say("The check of this file broke off; nothing is known about it."),
        "stalled": say("The check of this file took too long and was given up; nothing is known about it."),
    }[why]
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1024 * 1024):
                digest.update(piece)
    except OSError:
        pass
    report = Report(
        file=str(path),
        sha256=digest.hexdigest(),
        format=FileFormat.OTHER,
        conclusion=Conclusion.indeterminate(SubIndication.GENERIC),
        findings=(Finding(code="check-given-up", severity=Severity.ERROR, sentence=sentence),),
        at=asked.at,
    )
    return _told(asked, report, EXIT_OUR_BUG)


def _told(asked: Asked, report: Report, status: int) -> Told:
    """Write the report in the form that was asked for; one page for all is written at the end."""
    whole = report if asked.form in ("html", "xml") else None
    return Told(
        status=status,
        indication=report.conclusion.indication,
        out=_written(asked, report),
        report=whole,
    )


def _written(asked: Asked, report: Report) -> str:
    if asked.form == "json":
        from docsign.report.json import to_line

        return to_line(report, verbose=asked.verbose)
    if asked.form == "csv":
        from docsign.report.csv import to_row

        return to_row(report, asked.language)
    if asked.form in ("text", "line"):
        from docsign.report.text import to_one_line, to_text

        if asked.form == "line":
            return to_one_line(report, asked.language, colour=asked.colour)
        return to_text(report, asked.language, colour=asked.colour, verbose=asked.verbose)
    return ""
