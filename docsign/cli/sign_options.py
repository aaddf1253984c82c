"""What a signature on a PDF is told at the command line: the options that ``sign`` and ``prepare`` share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from docsign.cli.batch import first_line
from docsign.cli.options import PATH
from docsign.errors import UsageError
from docsign.files import read_file
from docsign.sentence import say
from docsign.values import dataclass

if TYPE_CHECKING:
    from docsign.signing import Options

Function = TypeVar("Function", bound=Callable[..., Any])

_IMAGE_LIMIT = 4 * 1024 * 1024
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--number", metavar="N", help="The document's number, given by the agency."),
    click.option(
        "--date", "day", metavar="D", help="The document's date (2026-11-16 or 16/11/2026), by the agency."
    ),
    click.option("--image", type=PATH, metavar="PNG", help="The signature or seal, PNG with transparency."),
    click.option(
        "--field", metavar="NAME", help="The empty signature field to use, in a PDF that is not ours."
    ),
    click.option(
        "--place",
        metavar="WHERE",
        help="Where to draw, in a PDF that is not ours: page=1,x=120,y=200,w=40,h=20 (millimetres from the "
        "upper left corner), marker:TEXT, above:TEXT, below:TEXT, third:FIELD (over a third of that "
        "signature) or field:NAME.",
    ),
    click.option(
        "--stamp",
        type=click.Choice(["incoming"]),
        help="Draw the note of arrival instead; --number and --date are those of the arrival.",
    ),
    click.option("--transfer", metavar="TEXT", help="Whom it goes to, in the note of arrival."),
    click.option("--file-code", metavar="TEXT", help="The file it is kept in, in the note of arrival."),
    click.option("--reason", metavar="TEXT", help="Why it is signed; kept in the signature."),
    click.option("--location", metavar="TEXT", help="Where it is signed; kept in the signature."),
    click.option(
        "--password-file", type=PATH, metavar="FILE", help="File whose first line opens encrypted PDFs."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options of one call say, as they were written."""

    number: str | None
    day: str | None
    image: Path | None
    field: str | None
    place: str | None
    stamp: str | None
    transfer: str | None
    file_code: str | None
    reason: str | None
    location: str | None
    password_file: Path | None

    def picture(self) -> bytes | None:
        """Read the picture; raises FileUnusableError."""
        return None if self.image is None else read_file(self.image, limit=_IMAGE_LIMIT)

    def options(self) -> Options:
        """Return what the library takes; raises UsageError for what does not go together."""
        from docsign.signing import IncomingNote, Spot

        day = None if self.day is None else day_of(self.day)
        incoming = None
        if self.stamp is not None:
            if self.number is None or day is None:
                raise UsageError(say("The note of arrival needs --number and --date."))
            incoming = IncomingNote(
                number=self.number, day=day, transfer=self.transfer or "", file_code=self.file_code or ""
            )
        elif self.transfer is not None or self.file_code is not None:
            raise UsageError(say("--transfer and --file-code belong to --stamp incoming."))
        return {
            "number": self.number if incoming is None else None,
            "date": day if incoming is None else None,
            "field": self.field,
            "place": None if self.place is None else Spot.of(self.place),
            "incoming": incoming,
            "reason": self.reason,
            "location": self.location,
            "password": None if self.password_file is None else first_line(self.password_file),
        }

    def refuse_with_detached(self) -> None:
        """Raise UsageError for an option that a signature beside a file cannot follow."""
        for name in Asked.__dataclass_fields__:
            if name != "password_file" and getattr(self, name) is not None:
                option = "--date" if name == "day" else f"--{name.replace('_', '-')}"
                raise UsageError(say("{option} has no place in a detached signature.", option=option))


def document_options(function: Function) -> Function:
    """Take --number, --date, --image, --place and their like; handed on together as ``asked``."""

    @wraps(function)
    def gathered(*arguments: Any, **given: Any) -> Any:
        asked = Asked(**{name: given.pop(name) for name in Asked.__dataclass_fields__})
        return function(*arguments, asked=asked, **given)

    made: Any = gathered
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]


def day_of(text: str) -> date:
    """Read a day as people write it; raises UsageError."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    raise UsageError(
        say("This is not a date: {text}.", text=text), hint=say("Write 2026-11-16 or 16/11/2026.")
    )
