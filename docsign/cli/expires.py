"""``docsign expires``: what of a signed PDF runs out first, and whether it will still verify on a day."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.batch import first_line
from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, trust_option
from docsign.errors import (
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
    EXIT_USAGE,
    DocsignError,
    UsageError,
)
from docsign.files import read_file
from docsign.sentence import Language, say
from docsign.verdict import Conclusion, Indication, SubIndication

if TYPE_CHECKING:
    from docsign.expiry import Expiry

_ORDER = (EXIT_USAGE, EXIT_FAILED, EXIT_INDETERMINATE, EXIT_NO_SIGNATURE, EXIT_OK)
_STATUS = {
    Indication.TOTAL_PASSED: EXIT_OK,
    Indication.TOTAL_FAILED: EXIT_FAILED,
    Indication.INDETERMINATE: EXIT_INDETERMINATE,
    Indication.NO_SIGNATURE: EXIT_NO_SIGNATURE,
}
_VIETNAM = timezone(timedelta(hours=7))


@click.command(cls=Command)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=PATH)
@click.option("--at", "day", metavar="DATE", help="Will it still verify on this day (2040-01-31, or 2040)?")
@trust_option
@click.option(
    "--password-file", type=PATH, metavar="FILE", help="File whose first line opens encrypted PDFs."
)
@json_option
@language_option
def expires(
    files: tuple[Path, ...],
    day: str | None,
    trust: Path | None,
    password_file: Path | None,
    as_json: bool,
    lang: Language,
) -> int:
    """Say what of signed PDFs runs out first, and until when to renew them.

    With --at the question is whether they will still verify on that day with what is inside now. Nothing is
    fetched. The exit status is that of the verdict: 0 valid, 1 not valid, 3 not decided, 4 not signed.

    Example: docsign expires letter.signed.pdf --trust ca --at 2040
    """
    from docsign.expiry import expiry_of
    from docsign.pdf.judge import judge_pdf
    from docsign.pki import Trust

    moment = None if day is None else _end_of(day)
    trusted = Trust.nothing() if trust is None else Trust.from_path(trust)
    password = None if password_file is None else first_line(password_file)
    statuses = {EXIT_OK}
    for file in files:
        try:
            data = read_file(file)
            if moment is not None:
                found = judge_pdf(data, trust=trusted, at=moment, password=password).conclusion
                statuses.add(_STATUS[found.indication])
                _say_then(file, moment, found, as_json, lang)
            else:
                expiry = expiry_of(data, trust=trusted, at=datetime.now(UTC), password=password)
                statuses.add(_STATUS[expiry.conclusion.indication])
                _say_end(file, expiry, as_json, lang)
        except DocsignError as error:
            statuses.add(error.exit_status)
            if str(file) not in error.where:
                error.where = f"{file}: {error.where}" if error.where else str(file)
            click.echo(f"{say('error').text(lang)} [{error.code}]: {error.text(lang)}", err=True)
    return next(status for status in _ORDER if status in statuses)


def _say_then(file: Path, moment: datetime, found: Conclusion, as_json: bool, lang: Language) -> None:
    """Answer --at for one file."""
    if as_json:
        _row(file, {"at": moment.isoformat(), **_words(found)})
        return
    passes = found.indication is Indication.TOTAL_PASSED
    to_ask = found.sub_indication is SubIndication.TRY_LATER
    day = _printed(moment)
    sentence = (
        say("yes, it will verify on {day}", day=day)
        if passes
        else say("yes, if revocation can be asked online on {day}", day=day)
        if to_ask
        else say("no, on {day} it will be {answer}", day=day, answer=_answer(found))
    )
    click.echo(f"{file}: {sentence.text(lang)}")


def _say_end(file: Path, expiry: Expiry, as_json: bool, lang: Language) -> None:
    """Answer for one file what runs out first."""
    first = expiry.first
    if as_json:
        ends = [
            {
                "kind": end.kind,
                "until": end.until.isoformat(),
                "vi": end.what.text("vi"),
                "en": end.what.text("en"),
            }
            for end in expiry.ends
        ]
        renew = None if first is None else first.until.isoformat()
        place = None if first is None else expiry.ends.index(first)
        again = None if expiry.ask_again is None else expiry.ask_again.isoformat()
        answer = {
            "level": expiry.level,
            **_words(expiry.conclusion),
            "renew_by": renew,
            "first": place,
            "ask_again": again,
        }
        _row(file, {**answer, "ends": ends})
        return
    if expiry.conclusion.indication is not Indication.TOTAL_PASSED:
        sentence = say("it does not verify now ({answer})", answer=_answer(expiry.conclusion))
    elif first is None:
        sentence = say("nothing is known to run out")
    else:
        sentence = say("renew by {day}: {what}", day=_printed(first.until), what=first.what)
    click.echo(f"{file}: {sentence.text(lang)}")
    if expiry.ask_again is not None:
        later = say("from {day} on, revocation has to be asked online", day=_printed(expiry.ask_again))
        click.echo(f"{file}: {later.text(lang)}")


def _row(file: Path, values: dict[str, object]) -> None:
    click.echo(json.dumps({"schema": 1, "file": str(file), **values}, ensure_ascii=False))


def _words(found: Conclusion) -> dict[str, object]:
    sub = found.sub_indication
    return {"indication": str(found.indication), "sub_indication": None if sub is None else str(sub)}


def _answer(found: Conclusion) -> str:
    return "/".join(str(word) for word in (found.indication, found.sub_indication) if word)


def _printed(moment: datetime) -> str:
    return moment.astimezone(_VIETNAM).strftime("%d/%m/%Y")


def _end_of(text: str) -> datetime:
    """Return the last second of a day, or of a year, in Vietnam's time."""
    text = text.strip()
    text = f"{text}-12-31" if re.fullmatch(r"\d{4}", text) else text
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text, form).replace(tzinfo=_VIETNAM)
        except ValueError:
            continue
        return day + timedelta(days=1, seconds=-1)
    raise UsageError(
        say("This is not a date: {text}.", text=text), hint=say("Write 2026-11-16 or 16/11/2026.")
    )
