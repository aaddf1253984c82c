"""``docsign draft``: an outgoing document from draft to file, a command for each step of the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.help import Group
from docsign.cli.office_desk import OfficeDesk, day_of, in_the_office
from docsign.cli.options import PATH, passphrase_source
from docsign.errors import EXIT_OK, UsageError
from docsign.files import read_file, write_file
from docsign.sentence import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from docsign.document.outgoing import Outgoing
    from docsign.office import Office
    from docsign.pki import SigningKey

_SOURCE_LIMIT = 4 * 1024 * 1024
_IMAGE_LIMIT = 4 * 1024 * 1024
_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in the history.")
_NUMBER = click.argument("number", metavar="ID", type=int)


def _key_options(function: Callable[..., int]) -> Callable[..., int]:
    """--key and its kin, or --signed for a file that was signed elsewhere."""
    for option in reversed(
        (
            click.option("--key", metavar="URI", help="The signing key, such as pkcs12:chu-tich.p12."),
            click.option(
                "--passphrase-file",
                type=PATH,
                metavar="FILE",
                help="File whose first line is the passphrase; else DOCSIGN_PASSPHRASE, else a prompt.",
            ),
            click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; makes it B-T."),
            click.option("--image", type=PATH, metavar="PNG", help="The signature or seal, transparent."),
            click.option("--trust", type=PATH, metavar="PATH", help="Whom to trust, for that check."),
            click.option("--no-check", is_flag=True, help="Skip the checks of the signer's certificate."),
            click.option("--signed", type=PATH, metavar="PDF", help="The file, signed at another desk."),
        )
    ):
        function = option(function)
    return function


@click.group(cls=Group)
def draft() -> None:
    """Outgoing documents from draft to file: submitted, signed, numbered, sealed, issued."""


# ---- coming to be ----------------------------------------------------------------------------------------


@draft.command("new")
@click.argument("source", metavar="FILE.toml", type=PATH)
@click.option("--kept-by", default="", metavar="NAME", help="Who keeps the file copy.")
@click.option("--copies", type=click.IntRange(1, 9999), metavar="N", help="How many copies are made.")
@click.option("--note", default="", metavar="TEXT", help="A remark for the register.")
@click.option("--normative", is_flag=True, help="A normative document: its series is its kind's own.")
@in_the_office
def draft_new(
    desk: OfficeDesk, source: Path, kept_by: str, copies: int | None, note: str, normative: bool
) -> int:
    """Make a draft from a TOML file; its id is the first word of the answer.

    Example: docsign draft new letter.toml --by thu --kept-by "Văn phòng"
    """
    with desk.open() as office:
        made = office.drafts.create(
            _source(source), desk.person(), normative=normative, kept_by=kept_by, copies=copies, note=note
        )
        desk.show_outgoing(office, made)
    return EXIT_OK


@draft.command("revise")
@_NUMBER
@click.argument("source", metavar="FILE.toml", type=PATH)
@in_the_office
def draft_revise(desk: OfficeDesk, number: int, source: Path) -> int:
    """Put a new version in place of a draft, or of what was returned.

    Example: docsign draft revise 7 letter.toml --by thu
    """
    text = _source(source)
    return _step(desk, lambda office: office.drafts.revise(number, text, desk.person()))


@draft.command("submit")
@_NUMBER
@in_the_office
def draft_submit(desk: OfficeDesk, number: int) -> int:
    """Submit a draft for checks and signature.

    Example: docsign draft submit 7 --by thu
    """
    return _taken(desk, number, "submit")


@draft.command("check")
@_NUMBER
@click.argument("what", type=click.Choice(["content", "form"]))
@in_the_office
def draft_check(desk: OfficeDesk, number: int, what: str) -> int:
    """Note that content or form was checked and is in order.

    Example: docsign draft check 7 content --by truong
    """
    return _taken(desk, number, f"check-{what}")


@draft.command("comment")
@_NUMBER
@click.argument("text")
@in_the_office
def draft_comment(desk: OfficeDesk, number: int, text: str) -> int:
    """Comment on a draft; it stays where it is.

    Example: docsign draft comment 7 "Xem lại số liệu ở điểm 2" --by mau
    """
    return _taken(desk, number, "comment", reason=text)


@draft.command("return")
@_NUMBER
@_REASON
@in_the_office
def draft_return(desk: OfficeDesk, number: int, reason: str) -> int:
    """Return what was submitted, to be changed.

    Example: docsign draft return 7 --reason "Bổ sung số liệu" --by mau
    """
    return _taken(desk, number, "return", reason=reason)


@draft.command("abandon")
@_NUMBER
@_REASON
@in_the_office
def draft_abandon(desk: OfficeDesk, number: int, reason: str) -> int:
    """Give up a document that has no number.

    Example: docsign draft abandon 7 --reason "Không phát hành nữa" --by thu
    """
    return _taken(desk, number, "abandon", reason=reason)


# ---- signing, numbering, issuing -------------------------------------------------------------------------


@draft.command("sign")
@_NUMBER
@_key_options
@in_the_office
def draft_sign(desk: OfficeDesk, number: int, **given: Any) -> int:
    """Sign as the competent person, or take the file that was signed elsewhere.

    Example: docsign draft sign 7 --by mau --key pkcs12:chu-tich.p12
    """
    return _signed(desk, number, "sign", **given)


@draft.command("number")
@_NUMBER
@click.option("--date", "day", metavar="D", help="Its date (2026-11-16 or 16/11/2026). Default: today.")
@click.option("--wanted", type=int, metavar="N", help="The number it should get; refused if not its turn.")
@click.option("--give-back", is_flag=True, help="Give the number back; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the number is given back.")
@in_the_office
def draft_number(
    desk: OfficeDesk, number: int, day: str | None, wanted: int | None, give_back: bool, reason: str | None
) -> int:
    """Give a signed document the next number of its series and its date.

    Example: docsign draft number 7 --by vt
    """
    given = day_of(day)
    if give_back:
        return _step(desk, lambda office: office.drafts.free_number(number, desk.person(), reason or ""))
    return _step(desk, lambda office: office.drafts.number(number, desk.person(), day=given, wanted=wanted))


@draft.command("seal")
@_NUMBER
@_key_options
@in_the_office
def draft_seal(desk: OfficeDesk, number: int, **given: Any) -> int:
    """Sign as the agency, with number and date; for paper, note that it was stamped.

    Example: docsign draft seal 7 --by vt --key pkcs12:con-dau.p12
    """
    return _signed(desk, number, "seal", **given)


@draft.command("issue")
@_NUMBER
@click.option("-o", "--output", type=PATH, metavar="PDF", help="Write the issued file there.")
@in_the_office
def draft_issue(desk: OfficeDesk, number: int, output: Path | None) -> int:
    """Issue a sealed document.

    Example: docsign draft issue 7 --by vt -o 07-ubnd-vp.pdf
    """
    status = _taken(desk, number, "issue")
    return _written(desk, number, output) if output is not None else status


@draft.command("envelope")
@_NUMBER
@click.option("--to", multiple=True, metavar="CODE", help="A receiver. Default: the addressees with a code.")
@click.option("--reason", default="", metavar="TEXT", help="Why it is sent, revoked or replaced.")
@click.option("--key", required=True, metavar="URI", help="The agency's key, such as pkcs12:con-dau.p12.")
@click.option("--passphrase-file", type=PATH, metavar="FILE", help="File whose first line is the passphrase.")
@click.option("-o", "--output", type=PATH, required=True, metavar="X.asice", help="Where to write it.")
@in_the_office
def draft_envelope(
    desk: OfficeDesk,
    number: int,
    to: tuple[str, ...],
    reason: str,
    key: str,
    passphrase_file: Path | None,
    output: Path,
) -> int:
    """Pack an issued document, or the notice of its revocation, to be sent.

    Example: docsign draft envelope 7 --key pkcs12:con-dau.p12 --to H99.12 -o 07.asice
    """
    from docsign.sealing import seal

    with desk.open() as office:
        header = office.drafts.header(number, to=to, reason=reason)
        pdf = office.drafts.pdf(number)
        held = _key(desk, key, passphrase_file)
        write_file(output, seal(header, [pdf], held))
    desk.answer({"file": str(output), "document_id": header.document_id}, [str(output)])
    desk.tell(say("To send it: {command}.", command=f"docsign send {output}"))
    return EXIT_OK


@draft.command("store")
@_NUMBER
@click.option("--file", "file_notation", default="", metavar="CODE", help="The file (hồ sơ) it belongs to.")
@in_the_office
def draft_store(desk: OfficeDesk, number: int, file_notation: str) -> int:
    """Store an issued document in its file.

    Example: docsign draft store 7 --by vt --file 05.VP
    """
    return _taken(desk, number, "store", file_notation=file_notation)


@draft.command("revoke")
@_NUMBER
@_REASON
@in_the_office
def draft_revoke(desk: OfficeDesk, number: int, reason: str) -> int:
    """Revoke an issued document; draft envelope then makes the notice.

    Example: docsign draft revoke 7 --reason "Gửi nhầm nơi nhận" --by vt
    """
    return _taken(desk, number, "revoke", reason=reason)


@draft.command("replace")
@_NUMBER
@click.argument("other", metavar="OTHER-ID", type=int)
@in_the_office
def draft_replace(desk: OfficeDesk, number: int, other: int) -> int:
    """Note that an issued document of equal form replaces this one.

    Example: docsign draft replace 7 9 --by vt
    """
    return _superseded(desk, number, "replace", other)


@draft.command("correct")
@_NUMBER
@click.argument("other", metavar="OTHER-ID", type=int)
@in_the_office
def draft_correct(desk: OfficeDesk, number: int, other: int) -> int:
    """Note that an issued official letter corrects the form of this one.

    Example: docsign draft correct 7 9 --by vt
    """
    return _superseded(desk, number, "correct", other)


# ---- looking ---------------------------------------------------------------------------------------------


@draft.command("list")
@click.option("--stage", multiple=True, metavar="STAGE", help="Only those: draft, submitted, signed …")
@click.option("--search", default="", metavar="WORDS", help="Only those with these words, tones or not.")
@in_the_office
def draft_list(desk: OfficeDesk, stage: tuple[str, ...], search: str) -> int:
    """List outgoing documents that are not stored yet; with --stage or --search any.

    Example: docsign draft list --search "báo cáo quý"
    """
    from docsign.document.outgoing import Stage

    known = {one.value: one for one in Stage}
    for name in stage:
        if name not in known:
            raise UsageError(
                say("No such stage: {name}. Known are: {known}.", name=name, known=", ".join(known))
            )
    over = (Stage.STORED, Stage.REVOKED, Stage.REPLACED, Stage.ABANDONED)
    stages = frozenset(known[name] for name in stage) or frozenset(
        one for one in Stage if search or one not in over
    )
    with desk.open() as office:
        found = office.drafts.list(stages=stages, search=search)
        for one in found:
            desk.show_outgoing(office, one)
    if not found:
        desk.tell(say("No such document."))
    return EXIT_OK


@draft.command("show")
@_NUMBER
@click.option("-o", "--output", type=PATH, metavar="PDF", help="Write the file as it stands there.")
@in_the_office
def draft_show(desk: OfficeDesk, number: int, output: Path | None) -> int:
    """Show an outgoing document, its history, and what may be done next.

    Example: docsign draft show 7 -o 07.pdf
    """
    from docsign.cli.exchange_text import when
    from docsign.document.issuing import possible
    from docsign.document.outgoing import Step

    with desk.open() as office:
        outgoing = office.drafts.get(number)
        person = office.staff.person(desk.by) if desk.by else None
        steps = possible(outgoing, person)
        history = office.drafts.history(number)
        row = desk.outgoing_row(office, outgoing)
        lines = desk.outgoing_lines(office, outgoing)
    for record in history:
        name = Step(record.step).sentence.text(desk.lang)
        details = "; ".join(record.details[key] for key in ("reason", "certificate") if key in record.details)
        lines.append(
            f"   {when(record.at, desk.lang)}  {record.name}: {name}{f' ({details})' if details else ''}"
        )
    following = ", ".join(step.value for step in steps) or "-"
    lines.append("   " + say("What may be done: {steps}", steps=following).text(desk.lang))
    row |= {"history": [one.to_json() for one in history], "possible": [step.value for step in steps]}
    desk.answer(row, lines)
    return _written(desk, number, output) if output is not None else EXIT_OK


# ---- inside ----------------------------------------------------------------------------------------------


def _source(path: Path) -> str:
    from docsign.errors import DocumentError

    try:
        return read_file(path, limit=_SOURCE_LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(say("This file is not TOML: {reason}.", reason=error), where=str(path)) from error


def _step(desk: OfficeDesk, take: Callable[[Office], Outgoing]) -> int:
    with desk.open() as office:
        desk.show_outgoing(office, take(office))
    return EXIT_OK


def _taken(desk: OfficeDesk, number: int, step: str, **given: str) -> int:
    from docsign.document.outgoing import Step

    return _step(desk, lambda office: office.drafts.take(number, Step(step), desk.person(), **given))


def _superseded(desk: OfficeDesk, number: int, step: str, other: int) -> int:
    from docsign.document.outgoing import Step

    return _step(desk, lambda office: office.drafts.supersede(number, Step(step), other, desk.person()))


def _signed(
    desk: OfficeDesk,
    number: int,
    step: str,
    *,
    key: str | None,
    passphrase_file: Path | None,
    tsa: str | None,
    image: Path | None,
    trust: Path | None,
    no_check: bool,
    signed: Path | None,
) -> int:
    """Sign or seal with a key, take a signed file, or note the stamp on paper."""
    from docsign.document.outgoing import Step

    by = desk.person()
    if signed is not None:
        data = read_file(signed)
        return _step(desk, lambda office: office.drafts.accept(number, Step(step), by, data))

    def take(office: Office) -> Outgoing:
        from docsign.pki import Trust

        if step == "seal" and office.drafts.get(number).medium == "paper":
            return office.drafts.take(number, Step.SEAL, by)
        if key is None:
            raise UsageError(say("With which key? --key is missing, or --signed for a signed file."))
        use = office.drafts.seal if step == "seal" else office.drafts.sign
        return use(
            number,
            by,
            _key(desk, key, passphrase_file),
            tsa=tsa,
            image=None if image is None else read_file(image, limit=_IMAGE_LIMIT),
            check=not no_check,
            trust=None if trust is None else Trust.from_path(trust),
        )

    return _step(desk, take)


def _key(desk: OfficeDesk, uri: str, passphrase_file: Path | None) -> SigningKey:
    from docsign.pki import open_key

    return open_key(uri, passphrase_source(passphrase_file, desk.lang))


def _written(desk: OfficeDesk, number: int, output: Path) -> int:
    with desk.open() as office:
        write_file(output, office.drafts.pdf(number))
    desk.tell(say("Written: {file}", file=output))
    return EXIT_OK
