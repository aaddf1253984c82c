"""What the commands of the office share: which office, who asks, how a document is shown."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsign.cli.help import language_option
from docsign.cli.options import PATH, json_option
from docsign.cli.settings import user_folder
from docsign.errors import UsageError
from docsign.sentence import Language, Sentence, say

if TYPE_CHECKING:
    from docsign.document.outgoing import Outgoing
    from docsign.office import Incoming, Office


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeDesk:
    """What every command of the office is told."""

    folder: Path
    by: str | None
    as_json: bool
    lang: Language

    def open(self) -> Office:
        """Open the office; raises UsageError where the folder is none."""
        from docsign.office import Office
        from docsign.office.people import FILE_NAME

        if not (self.folder / FILE_NAME).is_file():
            raise UsageError(
                say("There is no office in this folder: {file} is missing.", file=FILE_NAME),
                where=str(self.folder),
                hint=say("Make one with: docsign register init"),
            )
        return Office.open(self.folder)

    def person(self) -> str:
        """Return who asks; raises UsageError where nobody said."""
        if self.by is None:
            raise UsageError(
                say("Who does this? --by is missing."), hint=say("Give it here or in docsign.toml.")
            )
        return self.by

    def tell(self, sentence: Sentence) -> None:
        """Say something on stderr."""
        click.echo(sentence.text(self.lang), err=True)

    def answer(self, row: dict[str, Any], lines: Iterable[str]) -> None:
        """Print one result on stdout: a JSON object on a line, or the lines for people."""
        if self.as_json:
            click.echo(json.dumps({"schema": 1, **row}, ensure_ascii=False))
        else:
            for line in lines:
                click.echo(line)

    def show_outgoing(self, office: Office, outgoing: Outgoing) -> None:
        """Print one outgoing document as a line, with the time that runs where it does."""
        self.answer(self.outgoing_row(office, outgoing), self.outgoing_lines(office, outgoing))

    def outgoing_row(self, office: Office, outgoing: Outgoing) -> dict[str, Any]:
        """Return an outgoing document as plain values."""
        deadline = office.drafts.deadline(outgoing)
        return {
            **outgoing.to_json(),
            "code": outgoing.code,
            "identifier": office.identifier(outgoing),
            "deadline": deadline.to_json() if deadline is not None else None,
        }

    def outgoing_lines(self, office: Office, outgoing: Outgoing) -> list[str]:
        """Return an outgoing document as it is read: its id, number, day, name, and where it stands."""
        day = f"{outgoing.day:%d/%m/%Y}" if outgoing.day is not None else "-"
        stage = outgoing.stage.sentence.text(self.lang)
        lines = [f"{outgoing.id}  {outgoing.code}  {day}  {outgoing.kind} {outgoing.subject}  ({stage})"]
        deadline = office.drafts.deadline(outgoing)
        if deadline is not None:
            lines.append("   " + self.due(office, deadline.duty.sentence, deadline.latest, deadline.computed))
        return lines

    def due(self, office: Office, what: Sentence, latest: datetime, computed: bool) -> str:
        """Say by when something is due, whether that is past, and whether the day may still move."""
        from docsign.cli.exchange_text import when

        time = when(latest, self.lang)
        sentence = (
            say("overdue since {time}: {what}", time=time, what=what)
            if office.clock() > latest
            else say("by {time}: {what}", time=time, what=what)
        )
        if computed:
            sentence = say("{text} (days off not decided yet)", text=sentence)
        return sentence.text(self.lang)

    def incoming_row(self, office: Office, incoming: Incoming) -> dict[str, Any]:
        """Return an incoming document as plain values."""
        deadlines = [one.to_json() for one in office.arrivals.deadlines(incoming)]
        return {**incoming.to_json(), "code": incoming.code, "deadlines": deadlines}

    def incoming_lines(self, office: Office, incoming: Incoming) -> list[str]:
        """Return an incoming document as it is read, with what is to be done in time."""
        about = f"{incoming.kind} {incoming.subject}".strip()
        return [
            f"{incoming.number:02d}/{incoming.year}  {incoming.code or '-'}  {incoming.issuer}  {about}",
            *(
                "   " + self.due(office, one.duty.sentence, one.latest, one.computed)
                for one in office.arrivals.deadlines(incoming)
            ),
        ]


def in_the_office(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of the office and hand them over as ``desk``."""

    @functools.wraps(function)
    def call(office: Path | None, by: str | None, as_json: bool, lang: Language, **rest: Any) -> int:
        desk = OfficeDesk(folder=office or user_folder() / "office", by=by, as_json=as_json, lang=lang)
        return function(desk, **rest)

    for option in reversed(
        (
            click.option(
                "--office", type=PATH, metavar="DIR", help="Folder of the office, with office.toml."
            ),
            click.option("--by", metavar="ID", help="Who does this: an id of office.toml."),
            json_option,
            language_option,
        )
    ):
        call = option(call)
    return call


def day_of(text: str | None) -> date | None:
    """Read a day as 2026-11-16 or 16/11/2026; raises UsageError."""
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    raise UsageError(
        say("This is not a date: {text}.", text=text), hint=say("Write 2026-11-16 or 16/11/2026.")
    )
