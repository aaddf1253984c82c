"""``docsign register``: the registers of outgoing and incoming documents, and what a clerk enters there."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsign.cli.help import Group
from docsign.cli.office_desk import OfficeDesk, day_of, in_the_office
from docsign.cli.options import PATH
from docsign.errors import EXIT_OK, ContainerError, UsageError
from docsign.files import write_file
from docsign.sentence import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from docsign.envelope import Header
    from docsign.office.arrivals import Follow
    from docsign.office.desk import Book

_MEDIUM = click.Choice(["electronic", "paper"])


def _book_options(function: Callable[..., int]) -> Callable[..., int]:
    """--search, the bounds of the days, --export."""
    for option in reversed(
        (
            click.option("--search", default="", metavar="WORDS", help="In every field, with tones or not."),
            click.option("--from", "first", metavar="D", help="From this day on. Default: this year."),
            click.option("--to", "last", metavar="D", help="Up to this day."),
            click.option("--export", type=PATH, metavar="FILE", help="Write FILE.xlsx, .csv or .pdf (A4)."),
            click.option(
                "--volume", type=click.IntRange(1, 999), metavar="N", help="With the cover of volume N."
            ),
        )
    ):
        function = option(function)
    return in_the_office(function)


@click.group(cls=Group)
def register() -> None:
    """The registers of outgoing and incoming documents, with the decree's columns."""


@register.command("init")
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--name", required=True, metavar="NAME", help="The agency's name.")
@click.option("--code", default="", metavar="CODE", help="Its agency code.")
@click.option("--person", "people", multiple=True, metavar="ID:NAME:ROLES", help="Somebody of the office.")
@in_the_office
def register_init(desk: OfficeDesk, folder: Path, name: str, code: str, people: tuple[str, ...]) -> int:
    """Make an office: a folder with office.toml, which says who may do what.

    Roles are drafter, unit-head, form-checker, signatory, clerk; a person may have several. The file is plain
    text: kinds that share a series of numbers, councils and further people are added there.

    Example: docsign register init van-thu --name "UBND phường Một" --person "vt:Trần Thị Thử:clerk"
    """
    import tomllib

    from docsign.exchange.bodies import make_folder
    from docsign.office.people import FILE_NAME, Staff

    lines = ["[agency]", f"name = {_quoted(name)}", f"code = {_quoted(code)}"]
    for person in people:
        id_, _, rest = person.partition(":")
        who, _, roles = rest.rpartition(":")
        listed = ", ".join(_quoted(role.strip()) for role in roles.split(","))
        lines += ["", "[[person]]", f"id = {_quoted(id_)}", f"name = {_quoted(who)}", f"roles = [{listed}]"]
    text = "\n".join([*lines, ""])
    Staff.from_mapping(tomllib.loads(text))
    make_folder(folder)
    write_file(folder / FILE_NAME, text.encode(), overwrite=False)
    desk.answer({"file": str(folder / FILE_NAME)}, [str(folder / FILE_NAME)])
    return EXIT_OK


# ---- the registers ---------------------------------------------------------------------------------------


@register.command("outgoing")
@_book_options
def register_outgoing(desk: OfficeDesk, **bounds: Any) -> int:
    """Show or export the register of outgoing documents.

    Example: docsign register outgoing --export so-van-ban-di.xlsx
    """
    return _book(desk, "outgoing", **bounds)


@register.command("incoming")
@_book_options
def register_incoming(desk: OfficeDesk, **bounds: Any) -> int:
    """Show or export the register of incoming documents.

    Example: docsign register incoming --search "sở khoa học" --from 01/11/2026
    """
    return _book(desk, "incoming", **bounds)


@register.command("follow-up")
@_book_options
def register_follow_up(desk: OfficeDesk, **bounds: Any) -> int:
    """Show or export the register that follows incoming documents up, with what is overdue.

    Example: docsign register follow-up --export so-theo-doi.pdf
    """
    return _book(desk, "follow-up", **bounds)


# ---- entering --------------------------------------------------------------------------------------------


@register.command("add-incoming")
@click.argument("envelope", metavar="[X.asice]", type=PATH, required=False)
@click.option("--issuer", default="", metavar="NAME", help="Who issued it.")
@click.option("--issuer-code", default="", metavar="CODE", help="The issuer's agency code.")
@click.option("--number", "code", default="", metavar="N/NOTATION", help="Number and notation: 45/UBND-TH.")
@click.option("--date", "issued", metavar="D", help="Its date.")
@click.option("--kind", default="", metavar="KIND", help="Its kind: Công văn, Quyết định …")
@click.option("--subject", default="", metavar="TEXT", help="Its subject.")
@click.option("--arrived", metavar="D", help="The day it arrived, where that was not now.")
@click.option("--medium", type=_MEDIUM, default="electronic", help="electronic or paper.")
@click.option("--within", type=click.IntRange(1, 400), metavar="N", help="Due in N working days.")
@click.option("--due", metavar="D", help="Due on this day.")
@click.option("--note", default="", metavar="TEXT", help="A remark.")
@click.option("--anyway", is_flag=True, help="Register it although the same document is there.")
@in_the_office
def add_incoming(
    desk: OfficeDesk,
    envelope: Path | None,
    code: str,
    issued: str | None,
    arrived: str | None,
    due: str | None,
    within: int | None,
    anyway: bool,
    **texts: Any,
) -> int:
    """Register an incoming document: from its envelope, or from what is typed.

    The same document again (by identifier, or number, notation and issuer) is warned of and not registered,
    unless --anyway says so. The first word of the answer is the arrival number.

    Example: docsign register add-incoming --issuer "Sở Nội vụ" --number 45/SNV-VP --subject "họp" --by vt
    """
    from datetime import UTC

    from docsign.office import Incoming

    now = datetime.now(UTC)
    given = {name: value for name, value in texts.items() if value}
    if code:
        given["code_number"], _, given["notation"] = code.partition("/")
    given |= {name: day_of(text) for name, text in (("issued", issued), ("due", due)) if text}
    at = now if arrived is None else _moment(day_of(arrived), now)
    if envelope is not None:
        entry = Incoming.from_header(sound_header(envelope), at)
        values = {name: getattr(entry, name) for name in entry.__dataclass_fields__}
        entry = Incoming(**{**values, **given})
    else:
        entry = Incoming(**{"issuer": "", "subject": "", **given, "arrived_at": at})
    with desk.open() as office:
        made = office.arrivals.add(entry, desk.person(), within=within, despite_duplicates=anyway)
        desk.answer(desk.incoming_row(office, made), desk.incoming_lines(office, made))
    return EXIT_OK


@register.command("follow")
@click.argument("number", metavar="NUMBER", type=int)
@click.argument("what", type=click.Choice(["assign", "progress", "reply"]))
@click.option("--year", type=int, metavar="Y", help="The year of the arrival number. Default: this year.")
@click.option("--handler", metavar="NAME", help="The unit or person who deals with it.")
@click.option("--received-by", metavar="NAME", help="Who signed for it.")
@click.option("--within", type=click.IntRange(1, 400), metavar="N", help="Due in N working days.")
@click.option("--due", metavar="D", help="Due on this day.")
@click.option("--progress", metavar="TEXT", help="How far it is; “Hoàn thành …” when it is done.")
@click.option("--reply", metavar="N/NOTATION", help="Number and notation of the reply.")
@click.option("--note", metavar="TEXT", help="A remark.")
@in_the_office
def follow(
    desk: OfficeDesk, number: int, what: Follow, year: int | None, due: str | None, **given: Any
) -> int:
    """Note who deals with an incoming document, how far it is, or what answered it.

    Example: docsign register follow 12 assign --handler "Văn phòng" --within 5 --by mau
    """
    with desk.open() as office:
        year = year or _today().year
        changed = office.arrivals.follow(year, number, what, desk.person(), due=day_of(due), **given)
        desk.answer(desk.incoming_row(office, changed), desk.incoming_lines(office, changed))
    return EXIT_OK


@register.command("add-outgoing")
@click.option("--kind", required=True, metavar="KIND", help="Its kind: Công văn, Bản sao y …")
@click.option("--notation", required=True, metavar="NOTATION", help="Its notation, such as UBND-VP.")
@click.option("--subject", required=True, metavar="TEXT", help="Its subject.")
@click.option("--signer", required=True, metavar="NAME", help="Who signed it on paper.")
@click.option("--recipient", "recipients", multiple=True, metavar="NAME", help="Who gets it; several times.")
@click.option("--date", "day", metavar="D", help="Its date. Default: today.")
@click.option("--wanted", type=int, metavar="N", help="The number it bears already.")
@click.option("--body", default="", metavar="ID", help="The council or board that issues it.")
@click.option("--normative", is_flag=True, help="A normative document.")
@click.option("--kept-by", default="", metavar="NAME", help="Who keeps the file copy.")
@click.option("--copies", type=click.IntRange(1, 9999), metavar="N", help="How many copies are made.")
@click.option("--note", default="", metavar="TEXT", help="A remark.")
@in_the_office
def add_outgoing(desk: OfficeDesk, day: str | None, **given: Any) -> int:
    """Number a document that was signed on paper, in the series it shares with electronic ones.

    Example: docsign register add-outgoing --kind "Công văn" --notation UBND-VP --subject "họp" --signer "Mẫu"
    """
    with desk.open() as office:
        made = office.drafts.register_paper(desk.person(), day=day_of(day), **given)
        desk.show_outgoing(office, made)
    return EXIT_OK


@register.command("begin")
@click.argument("series")
@click.argument("first", metavar="N", type=int)
@click.option("--year", type=int, metavar="Y", help="Default: this year.")
@in_the_office
def register_begin(desk: OfficeDesk, series: str, first: int, year: int | None) -> int:
    """Begin a series at N, after the numbers given before this register was used.

    SERIES is the kind (cong-van), the name that kinds share in office.toml, or den for arrival numbers.

    Example: docsign register begin cong-van 413 --by vt
    """
    from docsign.office.series import INCOMING

    year = year or _today().year
    with desk.open() as office:
        if series == INCOMING:
            office.arrivals.begin_series(desk.person(), year, first)
        else:
            office.drafts.begin_series(desk.person(), series, year, first)
    desk.tell(
        say("The series {series} of {year} begins with {first}.", series=series, year=year, first=first)
    )
    return EXIT_OK


@register.command("check")
@in_the_office
def register_check(desk: OfficeDesk) -> int:
    """Check that nothing was changed in the log of every step.

    Example: docsign register check
    """
    with desk.open() as office:
        count = office.check_log()
        with office.store.unit(for_reading=True) as rows:
            digest = rows.last_digest()
    desk.answer({"records": count, "last": digest}, [f"{count}  {digest}"])
    return EXIT_OK


# ---- inside ----------------------------------------------------------------------------------------------


def _book(
    desk: OfficeDesk,
    book: Book,
    *,
    search: str,
    first: str | None,
    last: str | None,
    export: Path | None,
    volume: int | None,
) -> int:
    if volume is not None and export is None:
        raise UsageError(say("Only a register that is printed has a cover: .pdf."), where="--volume")
    with desk.open() as office:
        found = office.register(book, search=search, first=day_of(first), last=day_of(last))
    if export is not None:
        from datetime import UTC

        from docsign.office.export import export as write

        write(found, export, created=datetime.now(UTC), volume=volume)
        desk.tell(say("Written: {file}", file=export))
        return EXIT_OK
    for row in found.rows:
        values = dict(zip((column.key for column in found.columns), row, strict=True))
        desk.answer(values, ["  ".join(text or "-" for text in row)])
    if not found.rows:
        desk.tell(say("No such document."))
    return EXIT_OK


def sound_header(envelope: Path) -> Header:
    """Read the header of an envelope; raises ContainerError for one whose signature or digests fail."""
    from docsign.verdict import Indication
    from docsign.verification import open_envelope

    with open_envelope(envelope) as opened:
        if opened.report.conclusion.indication is Indication.TOTAL_FAILED:
            raise ContainerError(
                say("The envelope is not sound and is not registered; refuse it with status 02."),
                where=str(envelope),
            )
        return opened.header


def _moment(day: date | None, now: datetime) -> datetime:
    """Return noon of a day in Vietnam, or now where that is earlier."""
    from docsign.envelope.header import VIETNAM_TIME

    assert day is not None
    return min(now, datetime(day.year, day.month, day.day, 12, tzinfo=VIETNAM_TIME))


def _today() -> date:
    from docsign.envelope.header import VIETNAM_TIME

    return datetime.now(VIETNAM_TIME).date()


def _quoted(text: str) -> str:
    """Return a text as TOML writes it; JSON's quotes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
